/* Random walks (settlement_walk.h) over random orders. */

#include "settlement_walk.h"

#include <criterion/criterion.h>

enum { ROUNDS = 400, STEPS = 120 };

static struct world world;

static void note_states(bool *reached)
{
    for (const struct payout *p = world.rows.payouts; p != NULL; p = p->next)
        reached[p->state] = true;
}

Test(settlement_property, the_books_hold_whatever_happens, .timeout = 300)
{
    bool reached[PAYOUT_STATES] = {false};
    for (int round = 0; round < ROUNDS; round++) {
        struct source source = source_seeded((uint64_t)round);
        struct settlement_walk walk = {.world = &world, .source = &source, .wild = round % 2 == 1};
        world_start(&world);
        for (int i = 0; i < STEPS; i++) {
            settlement_step(&walk);
            note_states(reached);
        }
        world_end(&world);
    }
    for (int state = 0; state < PAYOUT_STATES; state++)
        cr_assert(reached[state], "%s was never reached",
                  payout_state_name((enum payout_state)state));
}

/* The order in which approvals and captures come does not change what is paid. */
Test(settlement_property, captures_and_approvals_commute)
{
    for (int round = 0; round < 200; round++) {
        int64_t paid[2] = {0, 0};
        for (int order = 0; order < 2; order++) {
            struct source source = source_seeded((uint64_t)round);
            world_start(&world);
            int64_t minor = source_below(&source, 900) + 1, other = source_below(&source, 900) + 1;
            if (order == 0)
                cr_assert_eq(world_capture(&world, "pay_1", 1000, "GBP"), STATUS_OK);
            cr_assert_eq(world_approve_one(&world, "rf_1", 1, "pay_1", minor), STATUS_OK);
            cr_assert_eq(world_approve_one(&world, "rf_2", 1, "pay_1", other), STATUS_OK);
            if (order == 1)
                cr_assert_eq(world_capture(&world, "pay_1", 1000, "GBP"), STATUS_OK);
            paid[order] = world.rows.payments->in_flight_minor;
            cr_assert_leq(paid[order], 1000);
            world_end(&world);
        }
        cr_assert_eq(paid[0], paid[1]);
    }
}
