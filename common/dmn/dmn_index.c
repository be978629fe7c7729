#include "dmn_index.h"

struct dmn_index {
    size_t unused;
};

const struct dmn_index *dmn_index_build(const struct dmn_table *table, struct arena *arena)
{
    (void)table, (void)arena;
    return NULL;
}

bool dmn_index_hits(const struct dmn_index *index, struct feel_run *run,
                    const struct feel_frame *frame, const struct feel_value *inputs,
                    bool first_only, uint32_t *hits, size_t *count)
{
    (void)index, (void)run, (void)frame, (void)inputs, (void)first_only, (void)hits;
    *count = 0;
    return true;
}
