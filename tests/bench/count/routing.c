#include "count.h"
#include "tests/unit/routing_walk.h"

int64_t count_routing(void)
{
    enum { RUNS = 30, STEPS = 40 };
    for (uint64_t run = 1; run <= RUNS; run++) {
        struct source source = source_seeded(run);
        struct routing_walk walk = {.source = &source};
        fixture_start(&walk.fx);
        for (int step = 0; step < STEPS; step++)
            routing_walk_step(&walk);
        fixture_stop(&walk.fx);
    }
    return RUNS * STEPS;
}
