/* The goods gate: waiting, partial receipts, what is not accepted, what never comes. */

#include "settlement_world.h"

#include <criterion/criterion.h>
#include <string.h>

static struct world world;

static void setup(void)
{
    world_start(&world);
    cr_assert_eq(world_capture(&world, "pay_1", 2000, "GBP"), STATUS_OK);
    cr_assert_eq(world_capture(&world, "pay_2", 2000, "GBP"), STATUS_OK);
}

static void teardown(void)
{
    world_end(&world);
}

TestSuite(settlement_goods, .init = setup, .fini = teardown);

/* Line "1": 3 units worth 1000 with 100 tax. Line "2": 1 unit worth 500. Shipping 250. */
static struct approval_event approval(int64_t version, const struct share *shares, size_t count)
{
    static const struct note_line lines[] = {
        {"1", 3, 1000, 100, 111111}, {"2", 1, 500, 0, 0}, {"", 0, 250, 0, 0}};
    struct approval_event event = world_approval(&world, "rf_1", version, shares, count);
    event.goods_required = true;
    event.lines = lines;
    event.line_count = 3;
    return event;
}

static struct payout *waiting(void)
{
    const struct share share = {"pay_1", 1750};
    struct approval_event event = approval(1, &share, 1);
    cr_assert_eq(world_apply_approval(&world, &event), STATUS_OK);
    struct payout *payout = world_payout(&world, 0);
    cr_assert_eq(payout->state, PAYOUT_AWAITING_GOODS);
    return payout;
}

static void inspect(const char *event_id, const char *line_id, int64_t units, int64_t accepted)
{
    cr_assert_eq(
        world_goods(&world, event_id, "rf_1", GOODS_KIND_INSPECTED, line_id, units, accepted),
        STATUS_OK);
}

Test(settlement_goods, the_payout_waits_and_says_so)
{
    const struct payout *payout = waiting();
    cr_assert_eq(world_publication(&world, 0)->status, 11);
    cr_assert_eq(world_publication(&world, 0)->goods, GOODS_AWAITING);
    cr_assert_eq(payout->payment->in_flight_minor, 0);
    cr_assert_null(world_task(&world, 0));
    const struct due_change *due = world.effects.due_changes.first;
    cr_assert_eq(due->kind, DUE_GOODS);
    cr_assert_str_eq(due->subject, "rf_1");
}

Test(settlement_goods, everything_accepted_pays_everything)
{
    struct payout *payout = waiting();
    cr_assert_eq(world_goods(&world, "g1", "rf_1", GOODS_KIND_SHIPPED, NULL, 0, 0), STATUS_OK);
    cr_assert_eq(world_publication(&world, 0)->goods, GOODS_IN_TRANSIT);
    cr_assert_eq(world_goods(&world, "g2", "rf_1", GOODS_KIND_RECEIVED, "1", 3, 0), STATUS_OK);
    cr_assert_eq(world_publication(&world, 0)->goods, GOODS_PARTIALLY_RECEIVED);
    cr_assert_eq(world_goods(&world, "g2", "rf_1", GOODS_KIND_RECEIVED, "1", 3, 0),
                 STATUS_DUPLICATE);
    cr_assert_eq(world_goods(&world, "g3", "rf_1", GOODS_KIND_RECEIVED, "2", 1, 0), STATUS_OK);
    cr_assert_eq(world_publication(&world, 0)->goods, GOODS_RECEIVED);
    inspect("g4", "1", 3, 3);
    cr_assert_eq(payout->state, PAYOUT_AWAITING_GOODS);
    inspect("g5", "2", 1, 1);
    cr_assert_eq(payout->state, PAYOUT_SUBMITTED);
    cr_assert_eq(payout->amount_minor, 1750);
    cr_assert_eq(world_publication(&world, 0)->released_count, (size_t)0);
    cr_assert_eq(world_goods(&world, "g6", "rf_1", GOODS_KIND_INSPECTED, "2", 1, 1),
                 STATUS_UNPROCESSABLE);
}

Test(settlement_goods, what_is_not_accepted_is_not_paid_and_returns_to_the_claim)
{
    struct payout *payout = waiting();
    inspect("g1", "1", 3, 2);
    inspect("g2", "2", 1, 0);
    /* Two of three units of line 1 are worth 667 (the first has the odd penny), and shipping. */
    cr_assert_eq(payout->state, PAYOUT_SUBMITTED);
    cr_assert_eq(payout->amount_minor, 667 + 250);
    const struct publication *told = world_publication(&world, 1);
    cr_assert_eq(told->status, 1);
    cr_assert_eq(told->amount_minor, 917);
    cr_assert_eq(told->released_count, (size_t)0);
    told = world_publication(&world, 0);
    cr_assert_eq(told->status, 11);
    cr_assert_eq(told->notice, NOTICE_REDUCED);
    cr_assert_eq(told->released_count, (size_t)2);
    cr_assert_str_eq(told->released[0].line_id, "1");
    cr_assert_eq(told->released[0].units, 1);
    cr_assert_eq(told->released[1].units, 1);
    cr_assert_eq(world_refund(&world, payout, REFUND_STATUS_SUCCEEDED, SOURCE_ANSWER), STATUS_OK);
    told = world_publication(&world, 0);
    cr_assert_eq(told->note_count, (size_t)2);
    cr_assert_eq(told->note[0].units, 2);
    cr_assert_eq(told->note[0].tax_minor, 67);
    cr_assert_eq(told->note[0].net_minor, 600);
    cr_assert_str_eq(told->note[1].line_id, "");
}

Test(settlement_goods, what_was_wrong_with_them_is_the_reason)
{
    static const struct {
        int first, second;
        const char *reason;
    } CASES[] = {{0, 0, "GOODS_NOT_ACCEPTED"},
                 {CONDITION_DAMAGED, 0, "GOODS_DAMAGED"},
                 {CONDITION_DAMAGED, CONDITION_WRONG_ITEM, "GOODS_WRONG_ITEM"},
                 {CONDITION_WRONG_ITEM, CONDITION_DAMAGED, "GOODS_WRONG_ITEM"}};
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        teardown();
        setup();
        const struct payout *payout = waiting();
        world.condition = CASES[i].first;
        inspect("g1", "1", 1, 0);
        world.condition = CASES[i].second;
        inspect("g2", "1", 1, 0);
        world.condition = CONDITION_WRONG_ITEM; /* of what was accepted: nothing is wrong with it */
        inspect("g3", "1", 1, 1);
        world.condition = 0;
        inspect("g4", "2", 1, 1);
        cr_expect_eq(payout->amount_minor, 334 + 500 + 250);
        cr_expect_str_eq(world_publication(&world, 0)->reason, CASES[i].reason);
        cr_expect_eq(world_publication(&world, 0)->notice, NOTICE_REDUCED);
    }
}

Test(settlement_goods, a_fee_is_kept_in_proportion)
{
    const struct share share = {"pay_1", 875}; /* half of what the lines are worth */
    struct approval_event event = approval(1, &share, 1);
    cr_assert_eq(world_apply_approval(&world, &event), STATUS_OK);
    inspect("g1", "1", 3, 0);
    inspect("g2", "2", 1, 1);
    cr_assert_eq(world_payout(&world, 0)->amount_minor, 375); /* half of 500 and 250 */
}

Test(settlement_goods, nothing_accepted_ends_without_money)
{
    struct payout *payout = waiting();
    inspect("g1", "1", 3, 0);
    inspect("g2", "2", 1, 0);
    cr_assert_eq(payout->state, PAYOUT_CANCELLED);
    cr_assert_str_eq(payout->reason, "GOODS_NOT_ACCEPTED");
    cr_assert_eq(world_publication(&world, 0)->notice, NOTICE_GOODS);
    cr_assert_eq(world_publication(&world, 0)->released_count, (size_t)2);
    cr_assert_eq(world_publication(&world, 0)->ended, 1);
}

Test(settlement_goods, shares_are_cut_from_the_end)
{
    const struct share shares[] = {{"pay_1", 1000}, {"pay_2", 750}};
    struct approval_event event = approval(1, shares, 2);
    cr_assert_eq(world_apply_approval(&world, &event), STATUS_OK);
    inspect("g1", "1", 3, 3);
    inspect("g2", "2", 1, 0);
    cr_assert_eq(world_payout(&world, 0)->amount_minor, 1000);
    cr_assert_eq(world_payout(&world, 1)->amount_minor, 250);
    cr_assert_eq(world_payout(&world, 1)->state, PAYOUT_SUBMITTED);
}

Test(settlement_goods, a_share_of_which_nothing_is_left_is_cancelled)
{
    const struct share shares[] = {{"pay_1", 1000}, {"pay_2", 750}};
    struct approval_event event = approval(1, shares, 2);
    cr_assert_eq(world_apply_approval(&world, &event), STATUS_OK);
    inspect("g1", "1", 3, 1);
    inspect("g2", "2", 1, 0);
    cr_assert_eq(world_payout(&world, 0)->amount_minor, 334 + 250);
    cr_assert_eq(world_payout(&world, 1)->state, PAYOUT_CANCELLED);
    cr_assert_eq(
        world_refund(&world, world_payout(&world, 0), REFUND_STATUS_SUCCEEDED, SOURCE_ANSWER),
        STATUS_OK);
    cr_assert_eq(world_publication(&world, 0)->ended, 2);
}

Test(settlement_goods, goods_that_come_before_the_approval_are_counted)
{
    inspect("g1", "1", 3, 3);
    inspect("g2", "2", 1, 1);
    const struct share share = {"pay_1", 1750};
    struct approval_event event = approval(1, &share, 1);
    cr_assert_eq(world_apply_approval(&world, &event), STATUS_OK);
    cr_assert_eq(world_payout(&world, 0)->state, PAYOUT_SUBMITTED);
    cr_assert_eq(world_payout(&world, 0)->refund->goods, GOODS_INSPECTED);
}

Test(settlement_goods, lost_goods_go_to_people_who_approve_anew_or_decline)
{
    struct payout *payout = waiting();
    cr_assert_eq(world_goods(&world, "g1", "rf_1", GOODS_KIND_LOST, NULL, 0, 0), STATUS_OK);
    cr_assert_eq(payout->state, PAYOUT_FALLBACK_PENDING);
    cr_assert_str_eq(payout->reason, "GOODS_LOST");
    cr_assert_eq(world_publication(&world, 0)->notice, NOTICE_LOST);
    cr_assert_str_eq(world_publication(&world, 0)->code, "");
    cr_assert_eq(payout->payment->in_flight_minor, 0);
    /* They know that the goods will not come: an approval now pays without them. */
    const struct share share = {"pay_1", 1750};
    struct approval_event fresh = approval(2, &share, 1);
    cr_assert_eq(world_apply_approval(&world, &fresh), STATUS_OK);
    cr_assert_eq(payout->state, PAYOUT_FAILED);
    cr_assert_eq(world_payout(&world, 1)->state, PAYOUT_SUBMITTED);
    cr_assert_eq(world_payout(&world, 1)->amount_minor, 1750);
}

static bool all_adapters(int provider)
{
    (void)provider;
    return true;
}

/* The gate was open, and the card is closed: what is approved anew is what was left to pay. */
Test(settlement_goods, what_was_cut_is_not_cut_again_by_a_fresh_approval)
{
    struct payout *payout = waiting();
    inspect("g1", "1", 3, 2);
    inspect("g2", "2", 1, 0);
    cr_assert_eq(world_call_failed(&world, payout, CALL_FAILURE_REFUSED, "account_closed", 402),
                 STATUS_OK);
    cr_assert_eq(payout->state, PAYOUT_FALLBACK_PENDING);
    const struct share share = {"pay_1", 917};
    struct approval_event fresh = approval(2, &share, 1);
    fresh.method = METHOD_STORE_CREDIT;
    world.has_adapter = all_adapters;
    cr_assert_eq(world_apply_approval(&world, &fresh), STATUS_OK);
    struct payout *other = world_payout(&world, 1);
    world_confirm_absent(&world, payout);
    cr_assert_eq(other->state, PAYOUT_SUCCEEDED);
    cr_assert_eq(other->amount_minor, 917);
    const struct publication *told = world_publication(&world, 0);
    cr_assert_eq(told->released_count, (size_t)0, "they are in the claim already");
    cr_assert_eq(told->note_count, (size_t)2);
    cr_assert_eq(told->note[0].units, 2);
}

Test(settlement_goods, what_came_in_time_is_not_waited_for_again)
{
    struct payout *payout = waiting();
    inspect("g1", "1", 3, 2);
    world_pass(&world, world.limits.goods_wait_us);
    cr_assert_eq(world_due(&world, DUE_GOODS, "rf_1"), STATUS_OK);
    cr_assert_eq(payout->refund->goods, GOODS_EXPIRED);
    cr_assert_eq(world_call_failed(&world, payout, CALL_FAILURE_REFUSED, "account_closed", 402),
                 STATUS_OK);
    int64_t left_minor = payout->amount_minor;
    const struct share share = {"pay_1", left_minor};
    struct approval_event fresh = approval(2, &share, 1);
    cr_assert_eq(world_apply_approval(&world, &fresh), STATUS_OK);
    world_confirm_absent(&world, payout);
    cr_assert_eq(world_payout(&world, 1)->state, PAYOUT_SUBMITTED);
    cr_assert_eq(world_payout(&world, 1)->amount_minor, left_minor);
}

/* What returns to the claim is told even while the payout waits for its capture. */
Test(settlement_goods, a_reduction_is_told_before_the_capture_is_known)
{
    const struct share share = {"pay_9", 1750};
    struct approval_event event = approval(1, &share, 1);
    cr_assert_eq(world_apply_approval(&world, &event), STATUS_OK);
    inspect("g1", "1", 3, 2);
    inspect("g2", "2", 1, 1);
    cr_assert_eq(world_payout(&world, 0)->state, PAYOUT_AWAITING_CAPTURE);
    cr_assert_eq(world_publications(&world), (size_t)1);
    cr_assert_eq(world_publication(&world, 0)->released_count, (size_t)1);
}

Test(settlement_goods, goods_that_never_come_end_it)
{
    struct payout *payout = waiting();
    world_pass(&world, world.limits.goods_wait_us);
    cr_assert_eq(world_due(&world, DUE_GOODS, "rf_1"), STATUS_OK);
    cr_assert_eq(payout->state, PAYOUT_CANCELLED);
    cr_assert_str_eq(payout->reason, "GOODS_EXPIRED");
    cr_assert_eq(payout->refund->goods, GOODS_EXPIRED);
}

Test(settlement_goods, what_was_accepted_until_then_is_paid)
{
    struct payout *payout = waiting();
    inspect("g1", "1", 2, 2);
    cr_assert_eq(world_due(&world, DUE_GOODS, "rf_1"), STATUS_OK);
    cr_assert_eq(payout->state, PAYOUT_SUBMITTED);
    cr_assert_eq(payout->amount_minor, 667 + 250);
}

Test(settlement_goods, a_cancellation_while_waiting_ends_it)
{
    struct payout *payout = waiting();
    cr_assert_eq(world_cancel(&world, "rf_1", 2), STATUS_OK);
    cr_assert_eq(payout->state, PAYOUT_CANCELLED);
    cr_assert_eq(world_due(&world, DUE_GOODS, "rf_1"), STATUS_OK);
    cr_assert_eq(payout->state, PAYOUT_CANCELLED);
}

Test(settlement_goods, goods_without_a_request_are_not_ours)
{
    cr_assert_eq(world_goods(&world, "g1", "", GOODS_KIND_RECEIVED, "1", 1, 0), STATUS_OK);
    cr_assert_null(world.rows.refunds);
}
