#include "intake_world.h"

static struct world *sold_and_asked(void)
{
    struct world *world = world_create();
    world_sell(world);
    cr_assert_eq(world_ask(world, "a", "1", 6), STATUS_OK);
    return world;
}

static void decline(struct world *world, int64_t version)
{
    cr_assert_eq(world_decide(world, world_outcome(OUTCOME_ROUTED_DECLINED, "a", version)),
                 STATUS_OK);
}

Test(intake_follow_up, an_appeal_takes_the_claim_again_once)
{
    struct world *world = sold_and_asked();
    decline(world, 1);
    cr_assert_eq(world_follow_up(world, FOLLOW_UP_APPEAL, "a", "x"), STATUS_OK);
    cr_expect_eq(world_last(world)->status, ANSWER_VALIDATED);
    cr_expect(world_last(world)->appeal);
    cr_expect_str_eq(world_last(world)->appealed_by, "desk");
    cr_expect_not(world_last(world)->first);
    cr_expect_eq(world_last(world)->version, 2);
    cr_expect_eq(world_last(world)->claim_minor, 1531);
    cr_expect_eq(world_follow_up(world, FOLLOW_UP_APPEAL, "a", "x"), STATUS_DUPLICATE);
    decline(world, 2);
    cr_assert_eq(world_follow_up(world, FOLLOW_UP_APPEAL, "a", "y"), STATUS_OK);
    world_expect_rejected(world, NOT_APPEALABLE);
    cr_expect_eq(world_last(world)->version, 3);
    cr_expect_eq(world_refund(world, "a")->status, REFUND_DECLINED);
    world_destroy(world);
}

Test(intake_follow_up, an_appeal_comes_too_late_when_the_units_are_taken)
{
    struct world *world = sold_and_asked();
    decline(world, 1);
    cr_assert_eq(world_ask(world, "b", "1", 1), STATUS_OK);
    cr_assert_eq(world_follow_up(world, FOLLOW_UP_APPEAL, "a", "x"), STATUS_OK);
    world_expect_rejected(world, CLAIM_TAKEN);
    cr_expect_str_eq(world_last(world)->rejection.refund_id, "b");
    cr_expect_eq(world_last(world)->rejection.left, 5);
    cr_expect_eq(world_refund(world, "a")->status, REFUND_REJECTED);
    world_destroy(world);
}

Test(intake_follow_up, an_appeal_takes_other_units_where_enough_are_left)
{
    struct world *world = world_create();
    world_sell(world);
    cr_assert_eq(world_ask(world, "a", "1", 1), STATUS_OK);
    cr_expect_eq(world_last(world)->claim_minor, 256);
    decline(world, 1);
    cr_assert_eq(world_ask(world, "b", "1", 1), STATUS_OK);
    cr_assert_eq(world_follow_up(world, FOLLOW_UP_APPEAL, "a", "x"), STATUS_OK);
    cr_expect_eq(world_last(world)->status, ANSWER_VALIDATED);
    cr_expect_eq(world_last(world)->claim_minor, 255, "the second unit is worth one penny less");
    cr_expect_eq(world_refund(world, "a")->claims->units[0].first, 1);
    world_destroy(world);
}

Test(intake_follow_up, money_that_was_taken_is_taken)
{
    struct world *world = world_create();
    world_sell(world);
    cr_assert_eq(world_decide(world, world_request_amount("a", 2908, "GBP")), STATUS_OK);
    decline(world, 1);
    cr_assert_eq(world_decide(world, world_request_amount("b", 1, "GBP")), STATUS_OK);
    cr_assert_eq(world_follow_up(world, FOLLOW_UP_APPEAL, "a", "x"), STATUS_OK);
    world_expect_rejected(world, CLAIM_TAKEN);
    world_destroy(world);
}

Test(intake_follow_up, an_answer_opens_the_assessment_again)
{
    struct world *world = sold_and_asked();
    cr_assert_eq(world_decide(world, world_outcome(OUTCOME_ASSESSED_NEEDS_INFO, "a", 1)),
                 STATUS_OK);
    struct evidence photo = {.uri = "evidence://1", .sha256 = "", .media_type = "", .is_new = true};
    struct input input = {.kind = INPUT_FOLLOWED_UP,
                          .follow_up = {.kind = FOLLOW_UP_ANSWER,
                                        .refund_id = "a",
                                        .request_id = "a",
                                        .id = "x",
                                        .note = "as you asked",
                                        .customer_token = "",
                                        .evidence = &photo}};
    cr_assert_eq(world_decide(world, input), STATUS_OK);
    cr_expect_eq(world_last(world)->status, ANSWER_VALIDATED);
    cr_expect_eq(world_last(world)->version, 2);
    cr_expect_not(world_last(world)->appeal);
    cr_expect_eq(world_refund(world, "a")->evidence, &photo);
    cr_expect_str_eq(world_refund(world, "a")->notes->text, "as you asked");
    cr_expect_eq(world_refund(world, "a")->status, REFUND_OPEN);
    cr_expect_eq(world_decide(world, input), STATUS_DUPLICATE);
    world_destroy(world);
}

Test(intake_follow_up, an_answer_after_the_deadline_takes_the_claim_again)
{
    struct world *world = sold_and_asked();
    cr_assert_eq(world_decide(world, world_outcome(OUTCOME_ROUTED_EXPIRED, "a", 1)), STATUS_OK);
    cr_assert_eq(world_follow_up(world, FOLLOW_UP_ANSWER, "a", "x"), STATUS_OK);
    cr_expect_eq(world_last(world)->status, ANSWER_VALIDATED);
    cr_expect(world_refund(world, "a")->holds);
    world_destroy(world);
}

Test(intake_follow_up, one_that_overtakes_its_occasion_waits_for_it)
{
    struct world *world = sold_and_asked();
    size_t answers = world->answer_count;
    cr_assert_eq(world_follow_up(world, FOLLOW_UP_APPEAL, "a", "x"), STATUS_OK);
    cr_expect_eq(world->answer_count, answers);
    cr_expect_eq(world->order.waiting, 1);
    cr_expect_neq(world_due(world, world_refund(world, "a"), DEADLINE_FOLLOW_UP), 0);
    decline(world, 1);
    cr_assert_eq(world->answer_count, answers + 1);
    cr_expect(world_last(world)->appeal);
    cr_expect_eq(world_refund(world, "a")->status, REFUND_OPEN);
    cr_expect_eq(world->order.waiting, 0);
    cr_expect_eq(world_due(world, world_refund(world, "a"), DEADLINE_FOLLOW_UP), 0);
    world_destroy(world);
}

Test(intake_follow_up, one_without_an_occasion_is_refused_in_the_end)
{
    struct world *world = sold_and_asked();
    cr_assert_eq(world_follow_up(world, FOLLOW_UP_ANSWER, "a", "x"), STATUS_OK);
    cr_assert_eq(world_pass_due(world, "a", DEADLINE_FOLLOW_UP), STATUS_OK);
    world_expect_rejected(world, NOT_APPEALABLE);
    cr_expect_eq(world_refund(world, "a")->status, REFUND_OPEN);
    cr_expect(world_refund(world, "a")->holds);
    cr_expect_eq(world->order.waiting, 0);
    world_destroy(world);
}

Test(intake_follow_up, states_that_allow_none)
{
    static const enum outcome ENDS[] = {OUTCOME_PAYOUTS_SUCCEEDED, OUTCOME_PAYOUTS_FAILED,
                                        OUTCOME_PAYOUTS_CANCELLED};
    static const enum follow_up_kind KINDS[] = {FOLLOW_UP_ANSWER, FOLLOW_UP_APPEAL,
                                                FOLLOW_UP_CANCELLATION};
    for (size_t i = 0; i < 9; i++) {
        struct world *world = sold_and_asked();
        struct input input = world_outcome(ENDS[i % 3], "a", 1);
        input.outcome.payouts_total = input.outcome.payouts_ended = 1;
        input.outcome.minor = 1531;
        cr_assert_eq(world_decide(world, input), STATUS_OK);
        enum refund_status before = world_refund(world, "a")->status;
        cr_assert_eq(world_follow_up(world, KINDS[i / 3], "a", "x"), STATUS_OK);
        if (KINDS[i / 3] == FOLLOW_UP_CANCELLATION)
            world_expect_rejected(world, CANCEL_TOO_LATE);
        else
            world_expect_rejected(world, NOT_APPEALABLE);
        cr_expect_eq(world_refund(world, "a")->status, before);
        world_destroy(world);
    }
}

Test(intake_follow_up, the_cancellation_of_a_request_that_nobody_made)
{
    struct world *world = world_create();
    world_sell(world);
    cr_assert_eq(world_follow_up(world, FOLLOW_UP_CANCELLATION, "a", "x"), STATUS_OK);
    world_expect_rejected(world, NOT_APPEALABLE);
    world_destroy(world);
}

Test(intake_follow_up, to_a_request_that_nobody_made)
{
    struct world *world = world_create();
    world_sell(world);
    cr_assert_eq(world_follow_up(world, FOLLOW_UP_APPEAL, "a", "x"), STATUS_OK);
    world_expect_rejected(world, NOT_APPEALABLE);
    cr_expect_eq(world_last(world)->version, 1);
    /* The request may still come: it goes on from there. */
    cr_assert_eq(world_ask(world, "a", "1", 1), STATUS_OK);
    cr_expect_eq(world_last(world)->status, ANSWER_VALIDATED);
    cr_expect_eq(world_last(world)->version, 2);
    cr_expect_eq(world_ask(world, "a", "1", 1), STATUS_DUPLICATE);
    world_destroy(world);
}

Test(intake_follow_up, a_cancellation_travels_on_and_settlement_decides)
{
    struct world *world = sold_and_asked();
    cr_assert_eq(world_follow_up(world, FOLLOW_UP_CANCELLATION, "a", "x"), STATUS_OK);
    cr_expect_eq(world_last(world)->status, ANSWER_CANCEL_REQUESTED);
    cr_expect_eq(world_last(world)->version, 2);
    cr_expect(world_refund(world, "a")->holds);
    cr_expect_eq(world_follow_up(world, FOLLOW_UP_CANCELLATION, "a", "y"), STATUS_DUPLICATE);
    struct input input = world_outcome(OUTCOME_PAYOUTS_CANCELLED, "a", 1);
    cr_assert_eq(world_decide(world, input), STATUS_OK);
    cr_expect_eq(world_refund(world, "a")->status, REFUND_CANCELLED);
    cr_expect_not(world_refund(world, "a")->holds);
    world_destroy(world);
}

Test(intake_follow_up, the_cancellation_of_a_parked_request_follows_its_claim)
{
    struct world *world = world_create();
    cr_assert_eq(world_ask(world, "a", "1", 1), STATUS_OK);
    cr_assert_eq(world_follow_up(world, FOLLOW_UP_CANCELLATION, "a", "x"), STATUS_OK);
    cr_expect_eq(world->answer_count, 0);
    cr_expect_eq(world->order.waiting, 2);
    world_sell(world);
    cr_assert_eq(world->answer_count, 2);
    cr_expect_eq(world->answers[0].status, ANSWER_VALIDATED);
    cr_expect_eq(world->answers[1].status, ANSWER_CANCEL_REQUESTED);
    cr_expect_eq(world->answers[1].version, 2);
    cr_expect_eq(world->order.waiting, 0);
    cr_expect_eq(world_due(world, world_refund(world, "a"), DEADLINE_FOLLOW_UP), 0);
    world_destroy(world);
}

Test(intake_follow_up, the_cancellation_of_a_request_that_is_rejected_is_too)
{
    struct world *world = world_create();
    cr_assert_eq(world_ask(world, "a", "1", 1), STATUS_OK);
    cr_assert_eq(world_follow_up(world, FOLLOW_UP_CANCELLATION, "a", "x"), STATUS_OK);
    cr_assert_eq(world_pass_due(world, "a", DEADLINE_PARK), STATUS_OK);
    cr_assert_eq(world->answer_count, 2);
    cr_expect_eq(world->answers[0].rejection.reason, REJECTION_ORIGINAL_TRANSACTION_NOT_FOUND);
    cr_expect_eq(world->answers[1].rejection.reason, REJECTION_CANCEL_TOO_LATE);
    cr_expect_eq(world->order.waiting, 0);
    world_destroy(world);
}

Test(intake_follow_up, there_is_a_limit_to_them)
{
    struct world *world = sold_and_asked();
    char ids[INTAKE_FOLLOW_UPS_MAX + 1][16];
    for (int i = 0; i <= INTAKE_FOLLOW_UPS_MAX; i++) {
        snprintf(ids[i], sizeof ids[i], "x%d", i);
        cr_expect_eq(world_follow_up(world, FOLLOW_UP_ANSWER, "a", ids[i]),
                     i < INTAKE_FOLLOW_UPS_MAX ? STATUS_OK : STATUS_UNPROCESSABLE);
    }
    world_destroy(world);
}
