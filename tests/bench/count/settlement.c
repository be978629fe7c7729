#include "count.h"
#include "tests/unit/settlement_walk.h"

int64_t count_settlement(void)
{
    enum { RUNS = 20, STEPS = 60 };
    static struct world world;
    for (uint64_t run = 1; run <= RUNS; run++) {
        struct source source = source_seeded(run);
        struct settlement_walk walk = {.world = &world, .source = &source};
        world_start(&world);
        for (int step = 0; step < STEPS; step++)
            settlement_step(&walk);
        world_end(&world);
    }
    return RUNS * STEPS;
}
