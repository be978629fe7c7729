#include "intake_world.h"

#include "services/intake/intake_claim.h"

Test(intake_claim, tax_share_is_half_up_and_the_last_claim_takes_the_rest)
{
    static const struct {
        int64_t tax, paid, tax_left, left, minor, share;
    } CASES[] = {
        {255, 1530, 255, 1530, 510, 85},   /* the worked example: 2 of 6 units */
        {230, 1377, 230, 1377, 1377, 230}, /* everything */
        {5, 10, 5, 10, 1, 1},              /* 0.5 is rounded up */
        {5, 10, 0, 5, 1, 0},               /* nothing left of it */
        {9, 20, 9, 9, 1, 1},               /* what stays must hold the tax that stays */
        {9, 20, 1, 1, 1, 1},               /* never more tax than money */
        {0, 0, 0, 0, 0, 0},                /* a gift */
        {10, 100, 3, 20, 20, 3},           /* the last claim takes all that is left */
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++)
        cr_expect_eq(tax_share(CASES[i].tax, CASES[i].paid, CASES[i].tax_left, CASES[i].left,
                               CASES[i].minor),
                     CASES[i].share, "case %zu", i);
}

Test(intake_claim, lowest_free_units_come_first)
{
    struct world *world = world_create();
    world_sell(world);
    cr_assert_eq(world_ask(world, "a", "1", 2), STATUS_OK);
    cr_assert_eq(world_ask(world, "b", "1", 1), STATUS_OK);
    cr_assert_eq(world_decide(world, world_outcome(OUTCOME_ASSESSED_DECLINED, "a", 1)), STATUS_OK);
    cr_assert_eq(world_ask(world, "c", "1", 4), STATUS_OK);
    const struct claim *claim = world_refund(world, "c")->claims;
    cr_assert_eq(claim->range_count, 2);
    cr_expect_eq(claim->units[0].first, 0);
    cr_expect_eq(claim->units[0].count, 2);
    cr_expect_eq(claim->units[1].first, 3);
    cr_expect_eq(claim->units[1].count, 2);
    /* 1531 over 6: the first unit is worth 256, the others 255. */
    cr_expect_eq(claim->minor, 256 + 3 * 255);
    world_destroy(world);
}

Test(intake_claim, a_line_of_many_units_costs_no_more)
{
    struct world *world = world_create();
    struct order_line line = world_line("1", 74215, 7718360, 0);
    cr_assert_eq(world_place(world, &line, 1, 0), STATUS_OK);
    cr_assert_eq(world_capture(world, "pay", 7718360, "GBP"), STATUS_OK);
    cr_assert_eq(world_ask(world, "a", "1", 74215), STATUS_OK);
    cr_expect_eq(world_last(world)->claim_minor, 7718360);
    cr_expect_eq(world_refund(world, "a")->claims->range_count, 1);
    world_destroy(world);
}

Test(intake_claim, parts_of_a_line_add_up_to_it)
{
    struct world *world = world_create();
    int64_t minor = 0, tax = 0;
    static const char *const IDS[] = {"a", "b", "c", "d", "e", "f"};
    world_sell(world);
    for (size_t i = 0; i < 6; i++) {
        cr_assert_eq(world_ask(world, IDS[i], "1", 1), STATUS_OK);
        minor += world_refund(world, IDS[i])->claims->minor;
        tax += world_refund(world, IDS[i])->claims->tax_minor;
    }
    cr_expect_eq(minor, 1531);
    cr_expect_eq(tax, 255);
    world_destroy(world);
}

Test(intake_claim, overlapping_claims_are_joined)
{
    /* Outside facts can pay a claim twice over; the room that is left must not turn negative. */
    struct world *world = world_create();
    world_sell(world);
    cr_assert_eq(world_ask(world, "a", "1", 4), STATUS_OK);
    struct input failed = world_outcome(OUTCOME_PAYOUTS_FAILED, "a", 1);
    failed.outcome.payouts_total = failed.outcome.payouts_ended = 1;
    cr_assert_eq(world_decide(world, failed), STATUS_OK);
    cr_assert_eq(world_ask(world, "b", "1", 5), STATUS_OK);
    cr_assert_eq(world_paid(world, "a", 2, 1021), STATUS_OK);
    struct line_room room;
    cr_assert_eq(line_room(world->arena, order_line_find(&world->order, "1"), &room), STATUS_OK);
    cr_expect_eq(room.units_free, 1);
    cr_expect_eq(room.held_count, 1);
    cr_expect_eq(room.minor_left, 0);
    world_destroy(world);
}
