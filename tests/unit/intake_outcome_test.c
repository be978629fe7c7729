#include "intake_world.h"

/* Outcome, what becomes of the refund, and whether its units are free again. */
static const struct {
    enum outcome outcome;
    enum refund_status becomes;
    bool released;
} OUTCOMES[] = {
    {OUTCOME_ASSESSED_DECLINED, REFUND_DECLINED, true},
    {OUTCOME_ASSESSED_NEEDS_INFO, REFUND_NEEDS_INFO, false},
    {OUTCOME_ROUTED_DECLINED, REFUND_DECLINED, true},
    {OUTCOME_ROUTED_NEEDS_INFO, REFUND_NEEDS_INFO, false},
    {OUTCOME_ROUTED_EXPIRED, REFUND_EXPIRED, true},
    {OUTCOME_PAYOUTS_AWAITING_GOODS, REFUND_OPEN, false},
    {OUTCOME_PAYOUTS_FALLBACK_PENDING, REFUND_OPEN, false},
    {OUTCOME_PAYOUTS_SUCCEEDED, REFUND_PAID, false},
    {OUTCOME_PAYOUTS_FAILED, REFUND_FAILED, true},
    {OUTCOME_PAYOUTS_CANCELLED, REFUND_CANCELLED, true},
    {OUTCOME_PAYOUTS_REFUSED, REFUND_FAILED, true},
};

Test(intake_outcome, the_release_table)
{
    cr_assert_eq(sizeof OUTCOMES / sizeof *OUTCOMES, OUTCOME_COUNT);
    for (size_t i = 0; i < OUTCOME_COUNT; i++) {
        struct world *world = world_create();
        world_sell(world);
        cr_assert_eq(world_ask(world, "a", "1", 6), STATUS_OK);
        struct input input = world_outcome(OUTCOMES[i].outcome, "a", 1);
        input.outcome.payouts_total = 1;
        input.outcome.payouts_ended = OUTCOMES[i].becomes != REFUND_OPEN;
        input.outcome.minor = 1531;
        cr_assert_eq(world_decide(world, input), STATUS_OK);
        cr_expect_eq(world_refund(world, "a")->status, OUTCOMES[i].becomes, "outcome %zu", i);
        bool open = OUTCOMES[i].becomes == REFUND_NEEDS_INFO || OUTCOMES[i].becomes == REFUND_OPEN;
        cr_expect_eq(world_due(world, world_refund(world, "a"), DEADLINE_STALL) != 0, open);
        cr_expect_eq(world_decide(world, input), STATUS_DUPLICATE);
        cr_assert_eq(world_ask(world, "b", "1", 6), STATUS_OK);
        cr_expect_eq(world_last(world)->status,
                     OUTCOMES[i].released ? ANSWER_VALIDATED : ANSWER_REJECTED, "outcome %zu", i);
        world_destroy(world);
    }
}

/* A word that comes again behind a newer one says nothing new, whatever it says. */
Test(intake_outcome, an_older_version_is_a_duplicate)
{
    struct world *world = world_create();
    world_sell(world);
    cr_assert_eq(world_ask(world, "a", "1", 6), STATUS_OK);
    cr_assert_eq(world_paid(world, "a", 2, 1531), STATUS_OK);
    struct input input = world_outcome(OUTCOME_PAYOUTS_FAILED, "a", 1);
    input.outcome.payouts_total = 1;
    input.outcome.payouts_ended = 1;
    input.outcome.minor = 1531;
    cr_expect_eq(world_decide(world, input), STATUS_DUPLICATE);
    cr_expect_eq(world_refund(world, "a")->status, REFUND_PAID);
    world_destroy(world);
}

Test(intake_outcome, a_refund_that_is_unknown_is_refused)
{
    struct world *world = world_create();
    world_sell(world);
    cr_expect_eq(world_paid(world, "nobody", 1, 5), STATUS_UNPROCESSABLE);
    cr_expect_eq(world->refused, REFUSE_UNKNOWN_REFERENCE);
    world_destroy(world);
}

Test(intake_outcome, a_failed_part_keeps_the_claim_until_all_have_ended)
{
    struct world *world = world_create();
    world_sell(world);
    cr_assert_eq(world_ask(world, "a", "1", 6), STATUS_OK);
    struct input input = world_outcome(OUTCOME_PAYOUTS_FAILED, "a", 3);
    input.outcome.payouts_total = 2;
    input.outcome.payouts_ended = 1;
    input.outcome.payout_id = "po_1";
    input.outcome.minor = 1000;
    cr_assert_eq(world_decide(world, input), STATUS_OK);
    cr_expect_eq(world_refund(world, "a")->status, REFUND_OPEN);
    cr_expect(world_refund(world, "a")->holds);
    input.outcome.version = 4;
    input.outcome.outcome = OUTCOME_PAYOUTS_SUCCEEDED;
    input.outcome.payout_id = "po_2";
    input.outcome.minor = 531;
    input.outcome.payouts_ended = 2;
    cr_assert_eq(world_decide(world, input), STATUS_OK);
    cr_expect_eq(world_refund(world, "a")->status, REFUND_PAID);
    /* What was not paid can be claimed again, as money. */
    cr_expect_eq(world_refund(world, "a")->claim_minor, 531);
    cr_assert_eq(world_decide(world, world_request_amount("b", 1000 + 1377, "GBP")), STATUS_OK);
    cr_expect_eq(world_last(world)->status, ANSWER_VALIDATED);
    world_destroy(world);
}

Test(intake_outcome, money_that_comes_back_weeks_later_frees_the_claim)
{
    struct world *world = world_create();
    world_sell(world);
    cr_assert_eq(world_ask(world, "a", "1", 6), STATUS_OK);
    cr_assert_eq(world_paid(world, "a", 2, 1531), STATUS_OK);
    cr_expect_eq(world->customer_refunded_minor, 1531);
    struct input input = world_outcome(OUTCOME_PAYOUTS_FAILED, "a", 3);
    input.outcome.payouts_total = input.outcome.payouts_ended = 1;
    input.outcome.minor = 1531;
    cr_assert_eq(world_decide(world, input), STATUS_OK);
    cr_expect_eq(world->customer_refunded_minor, 0);
    cr_expect_eq(world_refund(world, "a")->status, REFUND_FAILED);
    cr_assert_eq(world_ask(world, "b", "1", 6), STATUS_OK);
    cr_expect_eq(world_last(world)->claim_minor, 1531);
    world_destroy(world);
}

static enum status payout_says(struct world *world, enum outcome outcome, int64_t version,
                               const char *payout_id, int32_t total, int32_t ended)
{
    struct input input = world_outcome(outcome, "a", version);
    input.outcome.payouts_total = total;
    input.outcome.payouts_ended = ended;
    input.outcome.payout_id = payout_id;
    input.outcome.minor = 1531;
    return world_decide(world, input);
}

/* Paid, sent back as the account is closed, and then paid another way, or not at all: what counts
 * as paid is what the customer has. */
Test(intake_outcome, money_that_is_paid_another_way_counts_once)
{
    for (int paid = 0; paid < 2; paid++) {
        struct world *world = world_create();
        world_sell(world);
        cr_assert_eq(world_ask(world, "a", "1", 6), STATUS_OK);
        cr_assert_eq(payout_says(world, OUTCOME_PAYOUTS_SUCCEEDED, 1, "po_1", 1, 1), STATUS_OK);
        cr_expect_eq(world->customer_refunded_minor, 1531);
        cr_assert_eq(payout_says(world, OUTCOME_PAYOUTS_FALLBACK_PENDING, 2, "po_1", 1, 0),
                     STATUS_OK);
        cr_expect_eq(world->customer_refunded_minor, 0);
        cr_expect_eq(world_refund(world, "a")->status, REFUND_OPEN);
        cr_expect_neq(world_due(world, world_refund(world, "a"), DEADLINE_STALL), 0);
        cr_assert_eq(payout_says(world, paid ? OUTCOME_PAYOUTS_SUCCEEDED : OUTCOME_PAYOUTS_FAILED,
                                 3, "po_2", 2, 1),
                     STATUS_OK);
        cr_assert_eq(payout_says(world, OUTCOME_PAYOUTS_FAILED, 4, "po_1", 2, 2), STATUS_OK);
        cr_expect_eq(world->customer_refunded_minor, paid ? 1531 : 0);
        cr_expect_eq(world_refund(world, "a")->status, paid ? REFUND_PAID : REFUND_FAILED);
        cr_assert_eq(world_ask(world, "b", "1", 6), STATUS_OK);
        cr_expect_eq(world_last(world)->status, paid ? ANSWER_REJECTED : ANSWER_VALIDATED);
        world_destroy(world);
    }
}

/* Settlement is behind: people have declined another method, and the payout has not ended yet. */
Test(intake_outcome, an_appeal_cannot_come_between_a_decline_and_the_end_of_its_payout)
{
    struct world *world = world_create();
    world_sell(world);
    cr_assert_eq(world_ask(world, "a", "1", 6), STATUS_OK);
    cr_assert_eq(payout_says(world, OUTCOME_PAYOUTS_FALLBACK_PENDING, 1, "po_1", 1, 0), STATUS_OK);
    cr_assert_eq(world_decide(world, world_outcome(OUTCOME_ROUTED_DECLINED, "a", 3)), STATUS_OK);
    cr_expect_eq(world_refund(world, "a")->status, REFUND_OPEN);
    cr_assert_eq(world_follow_up(world, FOLLOW_UP_APPEAL, "a", "appeal-1"), STATUS_OK);
    cr_assert_eq(world_ask(world, "b", "1", 6), STATUS_OK);
    cr_expect_eq(world_last(world)->status, ANSWER_REJECTED, "its units are claimed");
    cr_assert_eq(payout_says(world, OUTCOME_PAYOUTS_FAILED, 2, "po_1", 1, 1), STATUS_OK);
    cr_expect_eq(world_refund(world, "a")->status, REFUND_FAILED);
    cr_expect(!world_refund(world, "a")->appealed);
    cr_assert_eq(world_ask(world, "c", "1", 6), STATUS_OK);
    cr_expect_eq(world_last(world)->status, ANSWER_VALIDATED, "and free again");
    world_destroy(world);
}

/* The same, read before anything that settlement said. */
Test(intake_outcome, declining_what_could_not_be_paid_frees_nothing_by_itself)
{
    struct world *world = world_create();
    world_sell(world);
    cr_assert_eq(world_ask(world, "a", "1", 6), STATUS_OK);
    struct input declined = world_outcome(OUTCOME_ROUTED_DECLINED, "a", 3);
    declined.outcome.failed_payout = true;
    cr_assert_eq(world_decide(world, declined), STATUS_OK);
    cr_expect_eq(world_refund(world, "a")->status, REFUND_OPEN);
    cr_assert_eq(world_ask(world, "b", "1", 6), STATUS_OK);
    cr_expect_eq(world_last(world)->status, ANSWER_REJECTED, "its units are claimed");
    cr_assert_eq(payout_says(world, OUTCOME_PAYOUTS_FALLBACK_PENDING, 1, "po_1", 1, 0), STATUS_OK);
    cr_assert_eq(payout_says(world, OUTCOME_PAYOUTS_FAILED, 2, "po_1", 1, 1), STATUS_OK);
    cr_expect_eq(world_refund(world, "a")->status, REFUND_FAILED);
    world_destroy(world);
}

Test(intake_outcome, units_that_were_not_accepted_return_to_the_claim)
{
    struct world *world = world_create();
    world_sell(world);
    cr_assert_eq(world_ask(world, "a", "1", 6), STATUS_OK);
    struct line_units returned = {"1", 4};
    struct input input = world_outcome(OUTCOME_PAYOUTS_AWAITING_GOODS, "a", 2);
    input.outcome.payouts_total = 1;
    input.outcome.returned = &returned;
    input.outcome.returned_count = 1;
    cr_assert_eq(world_decide(world, input), STATUS_OK);
    cr_expect_eq(world_refund(world, "a")->status, REFUND_OPEN);
    cr_assert_eq(world_paid(world, "a", 3, 511), STATUS_OK);
    cr_expect_eq(world_refund(world, "a")->status, REFUND_PAID);
    cr_assert_eq(world_ask(world, "b", "1", 4), STATUS_OK);
    cr_expect_eq(world_last(world)->claim_minor, 1020);
    world_destroy(world);
}

/* One of two payments was paid back; people decline another way for the other. */
Test(intake_outcome, declining_the_rest_does_not_free_what_was_paid)
{
    struct world *world = world_create();
    world_sell(world);
    cr_assert_eq(world_ask(world, "a", "1", 6), STATUS_OK);
    struct input input = world_outcome(OUTCOME_PAYOUTS_SUCCEEDED, "a", 3);
    input.outcome.payouts_total = 2;
    input.outcome.payouts_ended = 1;
    input.outcome.payout_id = "po_1";
    input.outcome.minor = 1000;
    cr_assert_eq(world_decide(world, input), STATUS_OK);
    cr_assert_eq(world_decide(world, world_outcome(OUTCOME_ROUTED_DECLINED, "a", 2)), STATUS_OK);
    cr_expect_eq(world_refund(world, "a")->status, REFUND_OPEN);
    cr_assert_eq(world_ask(world, "b", "1", 6), STATUS_OK);
    cr_expect_eq(world_last(world)->status, ANSWER_REJECTED);
    input = world_outcome(OUTCOME_PAYOUTS_FAILED, "a", 5);
    input.outcome.payouts_total = input.outcome.payouts_ended = 2;
    input.outcome.payout_id = "po_2";
    input.outcome.minor = 531;
    cr_assert_eq(world_decide(world, input), STATUS_OK);
    cr_expect_eq(world_refund(world, "a")->status, REFUND_PAID);
    world_destroy(world);
}

Test(intake_outcome, an_answer_to_an_earlier_round_changes_nothing)
{
    struct world *world = world_create();
    world_sell(world);
    cr_assert_eq(world_ask(world, "a", "1", 6), STATUS_OK);
    cr_assert_eq(world_decide(world, world_outcome(OUTCOME_ASSESSED_NEEDS_INFO, "a", 1)),
                 STATUS_OK);
    cr_assert_eq(world_follow_up(world, FOLLOW_UP_ANSWER, "a", "answer-1"), STATUS_OK);
    cr_expect_eq(world_last(world)->version, 2);
    struct input expired = world_outcome(OUTCOME_ROUTED_EXPIRED, "a", 1);
    expired.outcome.round = 1;
    cr_assert_eq(world_decide(world, expired), STATUS_OK);
    cr_expect_eq(world_refund(world, "a")->status, REFUND_OPEN);
    cr_expect(world_refund(world, "a")->holds);
    world_destroy(world);
}

Test(intake_outcome, policys_decline_of_an_appeal_is_not_the_last_word)
{
    struct world *world = world_create();
    world_sell(world);
    cr_assert_eq(world_ask(world, "a", "1", 6), STATUS_OK);
    cr_assert_eq(world_decide(world, world_outcome(OUTCOME_ASSESSED_DECLINED, "a", 1)), STATUS_OK);
    cr_assert_eq(world_follow_up(world, FOLLOW_UP_APPEAL, "a", "x"), STATUS_OK);
    struct input again = world_outcome(OUTCOME_ASSESSED_DECLINED, "a", 2);
    again.outcome.round = 2;
    again.outcome.appeal = true;
    cr_assert_eq(world_decide(world, again), STATUS_OK);
    cr_expect_eq(world_refund(world, "a")->status, REFUND_OPEN);
    cr_expect(world_refund(world, "a")->holds);
    cr_assert_eq(world_decide(world, world_outcome(OUTCOME_ROUTED_DECLINED, "a", 1)), STATUS_OK);
    cr_expect_eq(world_refund(world, "a")->status, REFUND_DECLINED);
    world_destroy(world);
}

Test(intake_outcome, an_open_refund_is_an_alarm_every_day)
{
    struct world *world = world_create();
    world_sell(world);
    cr_assert_eq(world_ask(world, "a", "1", 6), STATUS_OK);
    cr_assert_eq(world_pass_due(world, "a", DEADLINE_STALL), STATUS_OK);
    cr_expect_eq(world->stalled_count, 1);
    cr_expect_eq(world_due(world, world_refund(world, "a"), DEADLINE_STALL),
                 world->now_us + INT64_C(86400000000));
    cr_assert_eq(world_paid(world, "a", 1, 1531), STATUS_OK);
    cr_assert_eq(world_pass_due(world, "a", DEADLINE_STALL), STATUS_OK);
    cr_expect_eq(world->stalled_count, 1);
    world_destroy(world);
}
