#include "dmn_interval.h"

#include <stdlib.h>

static int by_first(const void *left, const void *right)
{
    const struct dmn_interval *a = left, *b = right;
    return (a->first > b->first) - (a->first < b->first);
}

size_t dmn_intervals_unite(struct dmn_interval *intervals, size_t count)
{
    size_t kept = 0;
    qsort(intervals, count, sizeof *intervals, by_first);
    for (size_t i = 0; i < count; i++) {
        if (kept > 0 && intervals[i].first <= intervals[kept - 1].last + 1) {
            if (intervals[i].last > intervals[kept - 1].last)
                intervals[kept - 1].last = intervals[i].last;
        } else {
            intervals[kept++] = intervals[i];
        }
    }
    return kept;
}

size_t dmn_intervals_complement(const struct dmn_interval *intervals, size_t count, uint32_t last,
                                struct dmn_interval *out)
{
    size_t kept = 0;
    uint32_t next = 0;
    for (size_t i = 0; i < count; i++) {
        if (intervals[i].first > next)
            out[kept++] = (struct dmn_interval){next, intervals[i].first - 1};
        next = intervals[i].last + 1;
    }
    if (next <= last)
        out[kept++] = (struct dmn_interval){next, last};
    return kept;
}
