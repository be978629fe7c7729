/* A payout from approval to its end; calls that go wrong are in settlement_call_test.c,
 * fresh approvals in settlement_again_test.c. */

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

TestSuite(settlement_payout, .init = setup, .fini = teardown);

Test(settlement_payout, approval_reserves_tells_and_hands_over)
{
    const struct payout *payout = world_submitted(&world);
    const struct publication *told = world_publication(&world, 0);
    cr_assert_eq(world_publications(&world), (size_t)1);
    cr_assert_eq(told->status, 1);
    cr_assert_eq(told->version, 1);
    cr_assert_eq(told->amount_minor, 510);
    cr_assert_eq(told->total, 1);
    cr_assert_eq(told->ended, 0);
    cr_assert_eq(payout->payment->in_flight_minor, 510);
    cr_assert_eq(world_task(&world, 0)->kind, TASK_SEND);
    cr_assert_eq(world_task(&world, 0)->payout, payout);
    cr_assert_eq(world_task(&world, 0)->asked_us, payout->submitted_us);
    cr_assert_null(world_task(&world, 1));
    cr_assert_eq(payout->due, DUE_LOOK_UP);
    cr_assert_eq(world.effects.due_changes.last->due_us, world.now_us + HORIZON_US);
    cr_assert_eq(world.capacity[PROVIDER_STRIPE], (size_t)999);
}

Test(settlement_payout, success_settles_and_tells_the_customer)
{
    struct payout *payout = world_submitted(&world);
    cr_assert_eq(world_refund(&world, payout, REFUND_STATUS_SUCCEEDED, SOURCE_ANSWER), STATUS_OK);
    const struct publication *told = world_publication(&world, 0);
    cr_assert_eq(payout->state, PAYOUT_SUCCEEDED);
    cr_assert_eq(payout->payment->in_flight_minor, 0);
    cr_assert_eq(payout->payment->refunded_minor, 510);
    cr_assert_eq(told->status, 5);
    cr_assert_eq(told->version, 2);
    cr_assert_eq(told->notice, NOTICE_SENT);
    cr_assert_eq(told->ended, 1);
    cr_assert_str_eq(told->provider_refund_id, "re_1");
    cr_assert_eq(told->note_count, (size_t)1);
    cr_assert_eq(told->note[0].tax_minor, 85);
    cr_assert_eq(told->note[0].net_minor, 425);
    cr_assert_eq(told->note[0].units, 2);
    /* Thursday 2010-12-09 and 10 business days: 2010-12-23, day 14966 since 1970. */
    cr_assert_eq(told->expected_day, 14966);
    cr_assert_eq(payout->due, DUE_NOTHING);
}

Test(settlement_payout, the_same_evidence_twice_is_a_duplicate)
{
    struct payout *payout = world_submitted(&world);
    struct evidence evidence = world_evidence(&world, payout, EVIDENCE_REFUND, SOURCE_ANSWER);
    evidence.status = REFUND_STATUS_SUCCEEDED;
    cr_assert_eq(world_tell(&world, &evidence), STATUS_OK);
    cr_assert_eq(world_tell(&world, &evidence), STATUS_DUPLICATE);
    evidence.event_id = "another";
    cr_assert_eq(world_tell(&world, &evidence), STATUS_OK);
    cr_assert_eq(world_publications(&world), (size_t)0);
    cr_assert_eq(payout->payment->refunded_minor, 510);
}

Test(settlement_payout, an_approval_is_used_once)
{
    (void)world_submitted(&world);
    cr_assert_eq(world_approve_one(&world, "rf_1", 1, "pay_1", 510), STATUS_DUPLICATE);
    cr_assert_null(world_payout(&world, 1));
    /* A newer one for the same claim, while the first is under way or paid, would pay twice. */
    cr_assert_eq(world_approve_one(&world, "rf_1", 2, "pay_1", 510), STATUS_OK);
    cr_assert_null(world_payout(&world, 1));
    cr_assert_eq(world_publication(&world, 0)->status, 13);
    cr_assert_str_eq(world_publication(&world, 0)->reason, "ALREADY_PAID");
    cr_assert_eq(world_publication(&world, 0)->total, 1);
    cr_assert_eq(world_publication(&world, 0)->ended, 0);
}

Test(settlement_payout, an_approval_that_does_not_hold_pays_nothing)
{
    const struct share share = {"pay_1", 510};
    struct approval_event good = world_approval(&world, "rf_1", 1, &share, 1), bad = good;
    bad.expires_us = world.now_us - 1;
    cr_assert_eq(world_apply_approval(&world, &bad), STATUS_OK);
    cr_assert_str_eq(world_publication(&world, 0)->reason, "APPROVAL_EXPIRED");
    cr_assert_null(world_publication(&world, 0)->payout);
    bad = good;
    bad.version = 2;
    bad.amount_minor = 511; /* more than its shares */
    cr_assert_eq(world_apply_approval(&world, &bad), STATUS_OK);
    cr_assert_str_eq(world_publication(&world, 0)->reason, "APPROVAL_INVALID");
    cr_assert_eq(world_publication(&world, 0)->version, 2);
    bad = good;
    bad.version = 3;
    bad.method = METHOD_BANK_TRANSFER; /* another account, and nobody chose it */
    bad.by_people = false;
    cr_assert_eq(world_apply_approval(&world, &bad), STATUS_OK);
    cr_assert_str_eq(world_publication(&world, 0)->reason, "PERSON_REQUIRED");
    bad.version = 4;
    bad.by_people = true; /* but nobody has verified whose account it is */
    cr_assert_eq(world_apply_approval(&world, &bad), STATUS_OK);
    cr_assert_str_eq(world_publication(&world, 0)->reason, "PAYEE_NOT_VERIFIED");
    cr_assert_null(world_payout(&world, 0));
}

/* Whoever can write to the topic must not be able to end a claim, or to make the true approval look
 * like one that was seen before. */
Test(settlement_payout, a_forged_approval_leaves_no_trace_but_an_alarm)
{
    const struct share share = {"pay_1", 510};
    struct approval_event forged = world_approval(&world, "rf_1", INT64_MAX, &share, 1);
    forged.genuine = false;
    cr_assert_eq(world_apply_approval(&world, &forged), STATUS_OK);
    cr_assert_eq(world_publications(&world), (size_t)0);
    cr_assert_null(world.rows.refunds);
    cr_assert_eq(world_alarm(&world, 0)->kind, ALARM_APPROVAL_REFUSED);
    cr_assert_eq(world_alarm(&world, 0)->approval, &forged);
    cr_assert_eq(world_approve_one(&world, "rf_1", 1, "pay_1", 510), STATUS_OK);
    cr_assert_eq(world_payout(&world, 0)->state, PAYOUT_SUBMITTED);
}

Test(settlement_payout, shares_of_one_payment_twice_are_refused)
{
    const struct share shares[] = {{"pay_1", 100}, {"pay_1", 100}};
    cr_assert_eq(world_approve(&world, "rf_1", 1, shares, 2), STATUS_OK);
    cr_assert_str_eq(world_publication(&world, 0)->reason, "APPROVAL_INVALID");
    const struct share negative[] = {{"pay_1", 200}, {"pay_2", -100}};
    cr_assert_eq(world_approve(&world, "rf_1", 2, negative, 2), STATUS_OK);
    cr_assert_str_eq(world_publication(&world, 0)->reason, "APPROVAL_INVALID");
    cr_assert_null(world_payout(&world, 0));
}

Test(settlement_payout, without_room_it_waits_for_the_sender)
{
    world.capacity[PROVIDER_STRIPE] = 0;
    cr_assert_eq(world_approve_one(&world, "rf_1", 1, "pay_1", 510), STATUS_OK);
    struct payout *payout = world_payout(&world, 0);
    cr_assert_eq(payout->state, PAYOUT_RESERVED);
    cr_assert_eq(payout->due, DUE_SUBMIT);
    cr_assert_null(world_task(&world, 0));
    world_pass(&world, SECOND_US);
    cr_assert_eq(world_due(&world, DUE_SUBMIT, payout->payout_id), STATUS_OK);
    cr_assert_eq(payout->state, PAYOUT_RESERVED);
    cr_assert_eq(payout->due, DUE_SUBMIT);
    world.capacity[PROVIDER_STRIPE] = 1;
    cr_assert_eq(world_due(&world, DUE_SUBMIT, payout->payout_id), STATUS_OK);
    cr_assert_eq(payout->state, PAYOUT_SUBMITTED);
    cr_assert_eq(payout->first_submitted_us, world.now_us);
    cr_assert_eq(world.capacity[PROVIDER_STRIPE], (size_t)0);
}

Test(settlement_payout, an_approval_before_its_capture_waits_for_it)
{
    cr_assert_eq(world_approve_one(&world, "rf_1", 1, "pay_2", 100), STATUS_OK);
    struct payout *payout = world_payout(&world, 0);
    cr_assert_eq(payout->state, PAYOUT_AWAITING_CAPTURE);
    cr_assert_eq(world_publications(&world), (size_t)0);
    cr_assert_eq(payout->due, DUE_CAPTURE);
    world_pass(&world, 3600 * SECOND_US);
    cr_assert_eq(world_due(&world, DUE_CAPTURE, payout->payout_id), STATUS_OK);
    cr_assert_str_eq(world_alarm(&world, 0)->waiting_for, "CAPTURE");
    cr_assert_eq(payout->due, DUE_CAPTURE);
    cr_assert_eq(world_capture(&world, "pay_2", 100, "GBP"), STATUS_OK);
    cr_assert_eq(payout->state, PAYOUT_SUBMITTED);
    cr_assert_eq(world_publication(&world, 0)->version, 1);
    cr_assert_eq(payout->due, DUE_LOOK_UP);
}

Test(settlement_payout, a_provider_without_an_adapter_goes_to_people)
{
    cr_assert_eq(world_capture_by(&world, "pay_2", 900, "GBP", PROVIDER_PAYPAL), STATUS_OK);
    cr_assert_eq(world_approve_one(&world, "rf_1", 1, "pay_2", 100), STATUS_OK);
    struct payout *payout = world_payout(&world, 0);
    cr_assert_eq(payout->state, PAYOUT_MANUAL);
    cr_assert_eq(world_publications(&world), (size_t)1);
    cr_assert_eq(world_publication(&world, 0)->status, 9);
    cr_assert_str_eq(payout->reason, "NO_ADAPTER");
    cr_assert_eq(payout->payment->in_flight_minor, 100);
    /* A person pays and says so. */
    cr_assert_eq(world_refund(&world, payout, REFUND_STATUS_SUCCEEDED, SOURCE_WEBHOOK), STATUS_OK);
    cr_assert_eq(payout->state, PAYOUT_SUCCEEDED);
}

Test(settlement_payout, another_method_than_the_original_goes_to_people)
{
    const struct share share = {"pay_1", 510};
    struct approval_event approval = world_approval(&world, "rf_1", 1, &share, 1);
    approval.method = METHOD_BANK_TRANSFER;
    approval.payee = "account-7";
    cr_assert_eq(world_apply_approval(&world, &approval), STATUS_OK);
    cr_assert_eq(world_payout(&world, 0)->state, PAYOUT_MANUAL);
    cr_assert_eq(world_payout(&world, 0)->provider, PROVIDER_MANUAL);
}

/* Cancellation. */

Test(settlement_payout, before_it_is_sent_it_can_be_cancelled)
{
    world.capacity[PROVIDER_STRIPE] = 0;
    cr_assert_eq(world_approve_one(&world, "rf_1", 1, "pay_1", 510), STATUS_OK);
    struct payout *payout = world_payout(&world, 0);
    cr_assert_eq(world_cancel(&world, "rf_1", 2), STATUS_OK);
    cr_assert_eq(payout->state, PAYOUT_CANCELLED);
    cr_assert_eq(payout->payment->in_flight_minor, 0);
    cr_assert_eq(world_publication(&world, 0)->status, 7);
    cr_assert_eq(world_publication(&world, 0)->notice, NOTICE_CANCELLED);
    cr_assert_eq(payout->due, DUE_NOTHING);
    cr_assert_eq(world_cancel(&world, "rf_1", 2), STATUS_DUPLICATE);
    /* What was due for it finds nothing to do. */
    world.capacity[PROVIDER_STRIPE] = 1;
    cr_assert_eq(world_due(&world, DUE_SUBMIT, payout->payout_id), STATUS_OK);
    cr_assert_eq(payout->state, PAYOUT_CANCELLED);
}

Test(settlement_payout, after_it_is_sent_it_is_too_late)
{
    struct payout *payout = world_submitted(&world);
    cr_assert_eq(world_cancel(&world, "rf_1", 2), STATUS_OK);
    cr_assert_eq(payout->state, PAYOUT_SUBMITTED);
    cr_assert_eq(world_publication(&world, 0)->status, 12);
    cr_assert_eq(world_publication(&world, 0)->payout, payout);
    cr_assert_not(world_payout(&world, 0)->refund->cancelled);
}

Test(settlement_payout, an_approval_after_a_cancellation_is_void)
{
    cr_assert_eq(world_cancel(&world, "rf_1", 1), STATUS_OK);
    cr_assert_eq(world_publication(&world, 0)->status, 7);
    cr_assert_null(world_publication(&world, 0)->payout);
    cr_assert_eq(world_publication(&world, 0)->total, 0);
    cr_assert_eq(world_approve_one(&world, "rf_1", 2, "pay_1", 510), STATUS_OK);
    cr_assert_null(world_payout(&world, 0));
    cr_assert_eq(world_publications(&world), (size_t)0);
}

Test(settlement_payout, a_refund_over_two_payments_cancels_what_it_can)
{
    cr_assert_eq(world_capture(&world, "pay_2", 1000, "GBP"), STATUS_OK);
    const struct share shares[] = {{"pay_1", 300}, {"pay_2", 210}};
    world.capacity[PROVIDER_STRIPE] = 1;
    cr_assert_eq(world_approve(&world, "rf_1", 1, shares, 2), STATUS_OK);
    cr_assert_eq(world_payout(&world, 0)->state, PAYOUT_SUBMITTED);
    cr_assert_eq(world_payout(&world, 1)->state, PAYOUT_RESERVED);
    cr_assert_eq(world_publication(&world, 1)->version, 2);
    cr_assert_eq(world_publication(&world, 1)->total, 2);
    cr_assert_eq(world_cancel(&world, "rf_1", 2), STATUS_OK);
    cr_assert_eq(world_publications(&world), (size_t)2);
    cr_assert_eq(world_publication(&world, 0)->status, 7);
    cr_assert_eq(world_publication(&world, 0)->ended, 1);
    cr_assert_eq(world_publication(&world, 1)->status, 12);
    cr_assert_eq(
        world_refund(&world, world_payout(&world, 0), REFUND_STATUS_SUCCEEDED, SOURCE_ANSWER),
        STATUS_OK);
    /* The cancelled share is on no credit note. */
    cr_assert_eq(world_publication(&world, 0)->note[0].net_minor +
                     world_publication(&world, 0)->note[0].tax_minor,
                 300);
    cr_assert_eq(world_publication(&world, 0)->ended, 2);
}

/* Stops. */

static const struct rules_stop STOP = {.id = "fire", .version = 1, .refund_id = "rf_1"};

Test(settlement_payout, what_is_stopped_waits_and_names_the_stop)
{
    world.stop = &STOP;
    cr_assert_eq(world_approve_one(&world, "rf_1", 1, "pay_1", 510), STATUS_OK);
    struct payout *payout = world_payout(&world, 0);
    cr_assert_eq(payout->state, PAYOUT_RESERVED);
    cr_assert_str_eq(payout->reason, "STOPPED:fire");
    cr_assert_eq(world_publications(&world), (size_t)2);
    cr_assert_str_eq(world_publication(&world, 1)->reason, "STOPPED:fire");
    cr_assert_eq(world_publication(&world, 1)->status, 1);
    cr_assert_null(world_task(&world, 0));
    /* It is told once, and looked at again. */
    for (int i = 0; i < 5; i++) {
        const struct due_change *due = world.effects.due_changes.last;
        cr_assert_eq(due->kind, DUE_SUBMIT);
        cr_assert_leq(due->due_us, world.now_us + 60 * SECOND_US);
        world.now_us = due->due_us;
        cr_assert_eq(world_due(&world, DUE_SUBMIT, payout->payout_id), STATUS_OK);
        cr_assert_eq(world_publications(&world), (size_t)0);
        cr_assert_null(world_task(&world, 0));
    }
    /* Others go on; what waits can be cancelled. */
    cr_assert_eq(world_approve_one(&world, "rf_2", 1, "pay_1", 100), STATUS_OK);
    cr_assert_eq(world_payout(&world, 1)->state, PAYOUT_SUBMITTED);
    world.stop = NULL;
    cr_assert_eq(world_due(&world, DUE_SUBMIT, payout->payout_id), STATUS_OK);
    cr_assert_eq(payout->state, PAYOUT_SUBMITTED);
    cr_assert_str_eq(payout->reason, "");
}

/* What was sent before the stop is found out, and not sent again. */
Test(settlement_payout, a_stop_holds_a_second_attempt)
{
    struct payout *payout = world_submitted(&world);
    cr_assert_eq(world_call_failed(&world, payout, CALL_FAILURE_UNKNOWN, "", 0), STATUS_OK);
    cr_assert_eq(payout->state, PAYOUT_UNKNOWN);
    world.stop = &STOP;
    world_pass(&world, HORIZON_US);
    cr_assert_eq(world_due(&world, DUE_LOOK_UP, payout->payout_id), STATUS_OK);
    cr_assert_eq(world_task(&world, 0)->kind, TASK_LOOK_UP);
    cr_assert_eq(world_not_found(&world, payout), STATUS_OK);
    cr_assert_eq(payout->state, PAYOUT_UNKNOWN);
    cr_assert_null(world_task(&world, 0));
    cr_assert_eq(payout->attempts, 1);
    world.stop = NULL;
    cr_assert_eq(world_not_found(&world, payout), STATUS_OK);
    cr_assert_eq(payout->state, PAYOUT_SUBMITTED);
    cr_assert_eq(payout->attempts, 2);
}

/* Finance pays by hand only what is not stopped. */
Test(settlement_payout, a_stop_holds_what_people_would_pay)
{
    const struct share share = {"pay_1", 510};
    struct approval_event by_hand = world_approval(&world, "rf_1", 1, &share, 1);
    by_hand.method = METHOD_MANUAL;
    world.stop = &STOP;
    cr_assert_eq(world_apply_approval(&world, &by_hand), STATUS_OK);
    struct payout *payout = world_payout(&world, 0);
    cr_assert_eq(payout->state, PAYOUT_RESERVED);
    world.stop = NULL;
    cr_assert_eq(world_due(&world, DUE_SUBMIT, payout->payout_id), STATUS_OK);
    cr_assert_eq(payout->state, PAYOUT_MANUAL);
    /* Paid by hand: from the merchant's bank account, not from the provider's balance. */
    cr_assert_eq(world_refund(&world, payout, REFUND_STATUS_SUCCEEDED, SOURCE_ANSWER), STATUS_OK);
    cr_assert_eq(payout->state, PAYOUT_SUCCEEDED);
    cr_assert_eq(world.balances[ACCOUNT_BANK], -510);
    cr_assert_eq(world.balances[ACCOUNT_CLEARING], 0);
    cr_assert_eq(world_refund(&world, payout, REFUND_STATUS_FAILED, SOURCE_WEBHOOK), STATUS_OK);
    cr_assert_eq(world.balances[ACCOUNT_BANK], 0);
}
