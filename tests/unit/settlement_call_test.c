/* Every way that the call of a payout can go, but for the good one. */

#include "settlement_world.h"

#include <criterion/criterion.h>

#define SECOND_US INT64_C(1000000)
#define HORIZON_US (40 * SECOND_US)

static struct world world;

static void setup(void)
{
    world_start_captured(&world);
}

static void teardown(void)
{
    world_end(&world);
}

TestSuite(settlement_call, .init = setup, .fini = teardown);

Test(settlement_call, what_was_not_sent_is_tried_again_later_with_a_fresh_key_life)
{
    struct payout *payout = world_submitted(&world);
    cr_assert_eq(world_call_failed(&world, payout, CALL_FAILURE_NOT_SENT, "rate_limit", 429),
                 STATUS_OK);
    cr_assert_eq(payout->state, PAYOUT_RESERVED);
    cr_assert_eq(world_publications(&world), (size_t)0);
    cr_assert_eq(payout->due, DUE_SUBMIT);
    cr_assert_eq(payout->attempts, 0);
    cr_assert_eq(payout->first_submitted_us, 0);
    cr_assert_eq(payout->payment->in_flight_minor, 510);
    int64_t before_us = payout->submitted_us;
    cr_assert_eq(world_due(&world, DUE_SUBMIT, payout->payout_id), STATUS_OK);
    cr_assert_eq(payout->state, PAYOUT_SUBMITTED);
    cr_assert_gt(payout->submitted_us, before_us); /* even in the same instant */
}

Test(settlement_call, an_answer_to_an_attempt_that_was_given_up_changes_nothing)
{
    struct payout *payout = world_submitted(&world);
    struct evidence old = world_evidence(&world, payout, EVIDENCE_CALL_FAILED, SOURCE_ANSWER);
    cr_assert_eq(world_call_failed(&world, payout, CALL_FAILURE_NOT_SENT, "", 0), STATUS_OK);
    cr_assert_eq(world_due(&world, DUE_SUBMIT, payout->payout_id), STATUS_OK);
    old.event_id = "late";
    old.failure = CALL_FAILURE_REFUSED;
    cr_assert_eq(world_tell(&world, &old), STATUS_OK);
    cr_assert_eq(payout->state, PAYOUT_SUBMITTED);
}

Test(settlement_call, a_refused_call_frees_the_money)
{
    struct payout *payout = world_submitted(&world);
    cr_assert_eq(world_call_failed(&world, payout, CALL_FAILURE_REFUSED, "resource_missing", 404),
                 STATUS_OK);
    cr_assert_eq(payout->state, PAYOUT_FAILED);
    cr_assert_eq(payout->payment->in_flight_minor, 0);
    cr_assert_eq(world_publication(&world, 0)->status, 6);
    cr_assert_eq(world_publication(&world, 0)->http_status, 404);
    cr_assert_str_eq(world_publication(&world, 0)->code, "resource_missing");
    cr_assert_eq(world_publication(&world, 0)->notice, NOTICE_FAILED);
    cr_assert_eq(world_publication(&world, 0)->ended, 1);
}

Test(settlement_call, what_came_to_nothing_is_asked_for_once_more)
{
    struct payout *payout = world_submitted(&world);
    cr_assert_eq(world_call_failed(&world, payout, CALL_FAILURE_REFUSED, "resource_missing", 404),
                 STATUS_OK);
    cr_assert_eq(payout->due, DUE_POLL);
    cr_assert_eq(world_approve_one(&world, "rf_2", 1, "pay_1", 3402), STATUS_OK);
    world_pass(&world, world.limits.last_look_us);
    cr_assert_eq(world_due(&world, DUE_POLL, payout->payout_id), STATUS_OK);
    cr_assert_not_null(world_task(&world, 0));
    cr_expect_eq(world_task(&world, 0)->kind, TASK_LOOK_UP);
    cr_expect_null(world_alarm(&world, 0), "nobody waits for it");
    cr_expect_eq(payout->due, DUE_NOTHING, "once");

    /* The provider did it after all: it counts, and the payment is over. */
    cr_assert_eq(world_refund(&world, payout, REFUND_STATUS_SUCCEEDED, SOURCE_LOOK_UP), STATUS_OK);
    cr_expect_eq(payout->state, PAYOUT_MANUAL);
    cr_expect_str_eq(payout->reason, "REAPPEARED");
    cr_expect(payout->payment->over);
    cr_assert_not_null(world_alarm(&world, 0));
    cr_expect_eq(world_alarm(&world, 0)->kind, ALARM_OVER);
    cr_expect_eq(world_alarm(&world, 0)->excess_minor, 510);
}

Test(settlement_call, a_refusal_that_people_must_see_keeps_the_money)
{
    struct payout *payout = world_submitted(&world);
    cr_assert_eq(
        world_call_failed(&world, payout, CALL_FAILURE_REFUSED, "charge_already_refunded", 400),
        STATUS_OK);
    cr_assert_eq(payout->state, PAYOUT_MANUAL);
    cr_assert_eq(payout->payment->in_flight_minor, 510);
}

Test(settlement_call, a_lost_answer_is_looked_up_before_anything_else)
{
    struct payout *payout = world_submitted(&world);
    cr_assert_eq(world_call_failed(&world, payout, CALL_FAILURE_UNKNOWN, "", 0), STATUS_OK);
    cr_assert_eq(payout->state, PAYOUT_UNKNOWN);
    cr_assert_eq(world_publication(&world, 0)->status, 8);
    cr_assert_str_eq(payout->reason, "NO_ANSWER");
    /* Too early: it is asked, and not finding it means nothing. */
    world_pass(&world, SECOND_US);
    cr_assert_eq(world_due(&world, DUE_LOOK_UP, payout->payout_id), STATUS_OK);
    cr_assert_eq(world_task(&world, 0)->kind, TASK_LOOK_UP);
    cr_assert_eq(world.effects.due_changes.first->due_us, payout->submitted_us + HORIZON_US);
    cr_assert_eq(world_not_found(&world, payout), STATUS_OK);
    cr_assert_eq(payout->state, PAYOUT_UNKNOWN);
    cr_assert_null(world_task(&world, 0));
    /* Late enough: sent again, with the same key, as another attempt. */
    world_pass(&world, HORIZON_US);
    cr_assert_eq(world_due(&world, DUE_LOOK_UP, payout->payout_id), STATUS_OK);
    int64_t first_us = payout->first_submitted_us;
    cr_assert_eq(world_not_found(&world, payout), STATUS_OK);
    cr_assert_eq(payout->state, PAYOUT_SUBMITTED);
    cr_assert_eq(world_task(&world, 0)->kind, TASK_SEND);
    cr_assert_eq(payout->attempts, 2);
    cr_assert_eq(payout->first_submitted_us, first_us);
    cr_assert_eq(payout->submitted_us, world.now_us);
}

Test(settlement_call, nothing_is_sent_while_the_first_may_still_leave)
{
    struct payout *payout = world_submitted(&world);
    world_pass(&world, HORIZON_US - SECOND_US);
    cr_assert_eq(world_not_found(&world, payout), STATUS_OK);
    cr_expect_eq(payout->attempts, 1);
    cr_expect_null(world_task(&world, 0));
}

Test(settlement_call, a_look_up_of_another_epoch_or_unverified_proves_nothing)
{
    struct payout *payout = world_submitted(&world);
    world_pass(&world, 2 * HORIZON_US);
    struct evidence absent = world_evidence(&world, payout, EVIDENCE_NOT_FOUND, SOURCE_LOOK_UP);
    absent.epoch = world.epoch - 1;
    cr_assert_eq(world_tell(&world, &absent), STATUS_OK);
    cr_assert_eq(payout->attempts, 1);
    absent.event_id = "unverified";
    absent.epoch = world.epoch;
    absent.verified = false;
    cr_assert_eq(world_tell(&world, &absent), STATUS_OK);
    cr_assert_eq(payout->attempts, 1);
    absent.event_id = "webhook";
    absent.verified = true;
    absent.source = SOURCE_WEBHOOK;
    cr_assert_eq(world_tell(&world, &absent), STATUS_OK);
    cr_assert_eq(payout->attempts, 1);
}

Test(settlement_call, a_stored_error_is_never_sent_again)
{
    struct payout *payout = world_submitted(&world);
    cr_assert_eq(world_call_failed(&world, payout, CALL_FAILURE_UNKNOWN, "api_error", 500),
                 STATUS_OK);
    cr_assert(payout->answer_stored);
    world_pass(&world, HORIZON_US);
    cr_assert_eq(world_not_found(&world, payout), STATUS_OK);
    cr_assert_eq(payout->state, PAYOUT_MANUAL);
    cr_assert_str_eq(payout->reason, "NOT_FOUND");
    cr_assert_null(world_task(&world, 0));
    cr_assert_eq(payout->payment->in_flight_minor, 510);
}

Test(settlement_call, a_gateways_error_is_not_stored)
{
    struct payout *payout = world_submitted(&world);
    cr_assert_eq(world_call_failed(&world, payout, CALL_FAILURE_UNKNOWN, "", 503), STATUS_OK);
    cr_assert_eq(payout->state, PAYOUT_UNKNOWN);
    world_pass(&world, HORIZON_US);
    cr_assert_eq(world_not_found(&world, payout), STATUS_OK);
    cr_assert_eq(payout->state, PAYOUT_SUBMITTED);
}

Test(settlement_call, after_the_life_of_its_key_it_goes_to_people)
{
    struct payout *payout = world_submitted(&world);
    world_pass(&world, world.limits.key_life_us);
    cr_assert_eq(world_not_found(&world, payout), STATUS_OK);
    cr_assert_eq(payout->state, PAYOUT_MANUAL);
}

Test(settlement_call, what_is_never_learned_goes_to_people)
{
    struct payout *payout = world_submitted(&world);
    for (int i = 0; i < 100 && payout->state == PAYOUT_SUBMITTED; i++) {
        const struct due_change *due = world.effects.due_changes.last;
        cr_assert_eq(due->kind, DUE_LOOK_UP);
        cr_assert_gt(due->due_us, world.now_us);
        world.now_us = due->due_us;
        cr_assert_eq(world_due(&world, DUE_LOOK_UP, payout->payout_id), STATUS_OK);
    }
    cr_assert_eq(payout->state, PAYOUT_MANUAL);
    cr_assert_str_eq(payout->reason, "UNRESOLVED");
    cr_assert_geq(world.now_us, payout->first_submitted_us + world.limits.key_life_us);
    world_pass(&world, world.limits.alarm_every_us);
    cr_assert_eq(world_due(&world, DUE_POLL, payout->payout_id), STATUS_OK);
    cr_assert_eq(world_alarm(&world, 0)->kind, ALARM_STALLED);
    cr_assert_eq(world_task(&world, 0)->kind, TASK_LOOK_UP);
    cr_assert_eq(world_refund(&world, payout, REFUND_STATUS_SUCCEEDED, SOURCE_LOOK_UP), STATUS_OK);
    cr_assert_eq(payout->state, PAYOUT_SUCCEEDED);
}

Test(settlement_call, attempts_are_bounded)
{
    struct payout *payout = world_submitted(&world);
    for (int i = 0; i < 2; i++) {
        world_pass(&world, HORIZON_US);
        cr_assert_eq(world_not_found(&world, payout), STATUS_OK);
        cr_assert_eq(payout->state, PAYOUT_SUBMITTED);
    }
    cr_assert_eq(payout->attempts, 3);
    world_pass(&world, HORIZON_US);
    cr_assert_eq(world_not_found(&world, payout), STATUS_OK);
    cr_assert_eq(payout->state, PAYOUT_MANUAL);
}

Test(settlement_call, without_room_a_second_attempt_waits_for_the_next_look_up)
{
    struct payout *payout = world_submitted(&world);
    world.capacity[PROVIDER_STRIPE] = 0;
    world_pass(&world, HORIZON_US);
    cr_assert_eq(world_not_found(&world, payout), STATUS_OK);
    cr_assert_eq(payout->state, PAYOUT_SUBMITTED);
    cr_assert_eq(payout->attempts, 1);
    cr_assert_eq(world_due(&world, DUE_LOOK_UP, payout->payout_id), STATUS_OK);
    cr_assert_null(world_task(&world, 0));
    cr_assert_eq(world.effects.due_changes.last->due_us, world.now_us + SECOND_US);
}
