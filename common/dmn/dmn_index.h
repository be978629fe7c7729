/* An index of a table's constant tests, by which the rules that hit are found without trying each.
 *
 * For every indexed column the boundaries of all its tests are sorted once; the interval in which
 * an input lies names the set of rules that pass there. The hits are the intersection of those
 * sets, and of what the other columns say when they are tried on what is left. */

#ifndef REDRESS_DMN_DMN_INDEX_H
#define REDRESS_DMN_DMN_INDEX_H

#include "dmn_interval.h"
#include "dmn_table.h"

/* With `points` sorted boundaries there are 2 * points + 1 segments: 2i + 1 is the i-th boundary
 * itself, the even ones lie between. */

/* How one rule stands in one column. */
struct dmn_cell_index {
    uint32_t start; /* into the column's intervals */
    uint32_t count;
    bool any;     /* passes whatever the input is */
    bool residue; /* not indexed: has to be tried */
};

struct dmn_column_index {
    enum feel_kind kind; /* of its boundaries; NULL: nothing is indexed */
    struct feel_value *points;
    int64_t *keys; /* of the points, where all of them are dates or whole numbers; or NULL */
    size_t point_count;
    struct dmn_interval *intervals;
    struct dmn_cell_index *cells; /* one per rule */
    const uint32_t **segments; /* rules that pass by an interval, rising; NULL: too many in all */
    uint32_t *segment_counts;
    uint32_t *open; /* rules that are any or residue, rising */
    size_t open_count;
    /* Sets of rules, one bit each, of a table of at most DMN_INDEX_SET_RULES. */
    uint64_t
        *passing; /* by segment: those that pass there, are any, or residue; NULL: more rules */
    uint64_t any;
    uint64_t residue;
};

enum { DMN_INDEX_SET_RULES = 64 };

struct dmn_index {
    const struct dmn_table *table;
    struct dmn_column_index *columns;
};

/* NULL where an index does not pay or memory ends. */
const struct dmn_index *dmn_index_build(const struct dmn_table *table, struct arena *arena);

/* The same for analysis: of any table, with the boundaries of allowed values, and without the rules
 * of each segment. NULL when memory ends. */
const struct dmn_index *dmn_index_map(const struct dmn_table *table, struct arena *arena);

/* Boundaries of one kind among each other: below 0, 0 or above 0. */
int dmn_index_order(const struct feel_value *left, const struct feel_value *right);

/* An integer that orders dates, or whole numbers, the same; false: the value has none. */
bool dmn_index_key(const struct feel_value *value, int64_t *key);

/* The segment in which a value of the column's kind lies. */
uint32_t dmn_index_segment(const struct dmn_column_index *column, const struct feel_value *value);

/* The rules that hit, rising, into `hits` (room for all rules); with `first_only` at most one.
 * false: the run stopped. */
bool dmn_index_hits(const struct dmn_index *index, struct feel_run *run,
                    const struct feel_frame *frame, const struct feel_value *inputs,
                    bool first_only, uint32_t *hits, size_t *count);

#endif
