#include "count.h"
#include "tests/unit/intake_walk.h"

int64_t count_intake(void)
{
    enum { RUNS = 30, STEPS = 60 };
    for (uint64_t run = 1; run <= RUNS; run++) {
        struct source source = source_seeded(run);
        struct world *world = world_create();
        struct intake_walk walk = {.world = world, .source = &source};
        intake_sell(&walk);
        for (int step = 0; step < STEPS; step++)
            intake_step(&walk);
        world_destroy(world);
    }
    return RUNS * (STEPS + 1);
}
