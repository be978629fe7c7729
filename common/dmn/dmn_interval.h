/* Sets of segments as intervals, both ends included (see dmn_index.h). */

#ifndef REDRESS_DMN_DMN_INTERVAL_H
#define REDRESS_DMN_DMN_INTERVAL_H

#include <stddef.h>
#include <stdint.h>

struct dmn_interval {
    uint32_t first;
    uint32_t last;
};

/* Sorts them and merges those that overlap or touch, in place; how many are left. */
size_t dmn_intervals_unite(struct dmn_interval *intervals, size_t count);

/* What united intervals leave out of 0 to `last`, into `out`, which has room for one more than
 * `count`; how many there are. */
size_t dmn_intervals_complement(const struct dmn_interval *intervals, size_t count, uint32_t last,
                                struct dmn_interval *out);

#endif
