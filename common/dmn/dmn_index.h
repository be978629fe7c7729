/* An index of a table's constant tests, by which the rules that hit are found without trying each.
 *
 * For every indexed column the boundaries of all its tests are sorted once; the interval in which
 * an input lies names the set of rules that pass there. The hits are the intersection of those
 * sets, and of what the other columns say when they are tried on what is left. */

#ifndef REDRESS_DMN_DMN_INDEX_H
#define REDRESS_DMN_DMN_INDEX_H

#include "dmn_table.h"

struct dmn_index;

/* NULL where an index does not pay or memory ends. */
const struct dmn_index *dmn_index_build(const struct dmn_table *table, struct arena *arena);

/* The rules that hit, rising, into `hits` (room for all rules); with `first_only` at most one.
 * false: the run stopped. */
bool dmn_index_hits(const struct dmn_index *index, struct feel_run *run,
                    const struct feel_frame *frame, const struct feel_value *inputs,
                    bool first_only, uint32_t *hits, size_t *count);

#endif
