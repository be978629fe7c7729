/* Random walks (intake_walk.h) over random orders. */

#include "intake_walk.h"

enum { RUNS = 300, STEPS = 120 };

static void walk_once(uint64_t run, bool wild)
{
    struct source source = source_seeded(run);
    struct world *world = world_create();
    struct intake_walk walk = {.world = world, .source = &source, .wild = wild};
    int64_t sale = source_below(&source, 10);
    for (int64_t step = 0; step < STEPS; step++) {
        if (step == sale)
            intake_sell(&walk);
        intake_step(&walk);
    }
    intake_check_answers(&walk);
    world_destroy(world);
}

Test(intake_property, claims_never_overlap_and_never_exceed_what_was_paid, .timeout = 100)
{
    for (uint64_t run = 1; run <= RUNS; run++)
        walk_once(run, false);
}

Test(intake_property, nor_where_amounts_are_extreme_and_goods_move, .timeout = 100)
{
    for (uint64_t run = 1; run <= RUNS; run++)
        walk_once(run, true);
}
