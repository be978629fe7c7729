/* Random walks (routing_walk.h) over everything that can happen to one refund. */

#include "routing_walk.h"

#include <criterion/criterion.h>

enum { WALKS = 4000, STEPS = 40 };

Test(routing_property, random_walks)
{
    int approved = 0, escalated = 0;
    for (int round = 0; round < WALKS; round++) {
        struct source source = source_seeded((uint64_t)round);
        struct routing_walk walk = {.source = &source, .wild = round % 2 == 1};
        fixture_start(&walk.fx);
        for (int i = 0; i < STEPS; i++)
            routing_walk_step(&walk);
        approved += walk.whole_approvals;
        escalated += walk.fx.refund.latest != NULL && walk.fx.refund.latest->level == 3;
        fixture_stop(&walk.fx);
    }
    cr_assert_gt(approved, WALKS / 20, "the walks reach approvals");
    cr_assert_gt(escalated, WALKS / 20, "and escalations");
}
