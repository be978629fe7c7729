/* Fresh approvals of what failed; the rest of a payout's life is in settlement_payout_test.c. */

#include "settlement_world.h"

#include <criterion/criterion.h>

#define SECOND_US INT64_C(1000000)

static struct world world;

static void setup(void)
{
    world_start_captured(&world);
}

static void teardown(void)
{
    world_end(&world);
}

TestSuite(settlement_again, .init = setup, .fini = teardown);

Test(settlement_again, a_closed_card_asks_for_another_method_and_takes_one)
{
    struct payout *payout = world_submitted(&world);
    struct evidence failed = world_evidence(&world, payout, EVIDENCE_REFUND, SOURCE_WEBHOOK);
    failed.status = REFUND_STATUS_FAILED;
    failed.code = "expired_or_canceled_card";
    cr_assert_eq(world_tell(&world, &failed), STATUS_OK);
    cr_assert_eq(payout->state, PAYOUT_FALLBACK_PENDING);
    cr_assert_eq(world_publication(&world, 0)->notice, NOTICE_DIVERTED);
    cr_assert_eq(world_publication(&world, 0)->ended, 0);
    cr_assert_eq(payout->payment->in_flight_minor, 0);
    const struct share share = {"pay_1", 510};
    struct approval_event fresh = world_approval(&world, "rf_1", 2, &share, 1);
    fresh.method = METHOD_BANK_TRANSFER;
    fresh.payee = "account-7";
    cr_assert_eq(world_apply_approval(&world, &fresh), STATUS_OK);
    cr_assert_eq(payout->state, PAYOUT_FAILED);
    cr_assert_eq(world_payout(&world, 1)->state, PAYOUT_RESERVED);
    cr_assert_str_neq(world_payout(&world, 1)->payout_id, payout->payout_id);
    /* The old one never counts as ended before the new one counts. */
    cr_assert_eq(world_publication(&world, 1)->status, 6);
    cr_assert_eq(world_publication(&world, 1)->total, 2);
    cr_assert_eq(world_publication(&world, 1)->ended, 1);
    /* Nor is it paid before the provider, asked once more, holds to it. */
    cr_assert_str_eq(world_publication(&world, 0)->reason, "CONFIRMING");
    cr_assert_eq(world_task(&world, 0)->kind, TASK_LOOK_UP);
    cr_assert_eq(world_task(&world, 0)->payout, payout);
    cr_assert_eq(world_refund(&world, payout, REFUND_STATUS_FAILED, SOURCE_LOOK_UP), STATUS_OK);
    cr_assert_eq(world_payout(&world, 1)->state, PAYOUT_MANUAL);
}

Test(settlement_again, what_failed_can_be_approved_again)
{
    struct payout *payout = world_submitted(&world);
    cr_assert_eq(world_call_failed(&world, payout, CALL_FAILURE_REFUSED, "declined", 402),
                 STATUS_OK);
    cr_assert_eq(world_approve_one(&world, "rf_1", 2, "pay_1", 510), STATUS_OK);
    cr_assert_eq(world_payout(&world, 1)->state, PAYOUT_RESERVED);
    cr_assert_eq(world_payout(&world, 1)->ordinal, 2);
    world_confirm_absent(&world, payout);
    cr_assert_eq(world_payout(&world, 1)->state, PAYOUT_SUBMITTED);
    cr_assert_str_eq(world_payout(&world, 1)->reason, "");
}

/* As long as nothing is heard, it is asked for again, ever more rarely; too early to be believed
 * is nothing heard. */
Test(settlement_again, what_failed_is_paid_again_once_it_is_confirmed)
{
    struct payout *payout = world_submitted(&world);
    cr_assert_eq(world_call_failed(&world, payout, CALL_FAILURE_REFUSED, "declined", 402),
                 STATUS_OK);
    cr_assert_eq(world_approve_one(&world, "rf_1", 2, "pay_1", 510), STATUS_OK);
    struct payout *fresh = world_payout(&world, 1);
    cr_assert_eq(world_not_found(&world, payout), STATUS_OK);
    cr_assert_eq(fresh->state, PAYOUT_RESERVED, "the call may still be on its way");
    for (int i = 0; i < 5; i++) {
        world_pass(&world, 60 * SECOND_US);
        cr_assert_eq(world_due(&world, DUE_SUBMIT, fresh->payout_id), STATUS_OK);
        cr_assert_eq(fresh->state, PAYOUT_RESERVED);
        cr_assert_eq(world_task(&world, 0)->kind, TASK_LOOK_UP);
        cr_assert_eq(world_task(&world, 0)->payout, payout);
        cr_assert_eq(world_publications(&world), (size_t)0, "it is told once");
        cr_assert_leq(world.effects.due_changes.last->due_us, world.now_us + 60 * SECOND_US);
    }
    cr_assert_eq(world_not_found(&world, payout), STATUS_OK);
    cr_assert_eq(fresh->state, PAYOUT_SUBMITTED);
}

/* What was heard before the fresh approval does not count: it may have come to life since. */
Test(settlement_again, what_was_confirmed_before_is_confirmed_again)
{
    struct payout *payout = world_submitted(&world);
    cr_assert_eq(world_call_failed(&world, payout, CALL_FAILURE_REFUSED, "declined", 402),
                 STATUS_OK);
    world_confirm_absent(&world, payout);
    world_pass(&world, SECOND_US);
    cr_assert_eq(world_approve_one(&world, "rf_1", 2, "pay_1", 510), STATUS_OK);
    cr_assert_eq(world_payout(&world, 1)->state, PAYOUT_RESERVED);
    cr_assert_eq(world_refund(&world, payout, REFUND_STATUS_FAILED, SOURCE_LOOK_UP), STATUS_OK);
    cr_assert_eq(world_payout(&world, 1)->state, PAYOUT_SUBMITTED);
}

/* A webhook said that it lives, and the look-up was under way when it was approved anew. */
Test(settlement_again, what_comes_back_to_life_is_not_paid_again)
{
    struct payout *payout = world_submitted(&world);
    cr_assert_eq(world_call_failed(&world, payout, CALL_FAILURE_REFUSED, "account_closed", 402),
                 STATUS_OK);
    cr_assert_eq(world_refund(&world, payout, REFUND_STATUS_SUCCEEDED, SOURCE_WEBHOOK), STATUS_OK);
    cr_assert_eq(payout->state, PAYOUT_FALLBACK_PENDING);
    cr_assert_eq(world_task(&world, 0)->kind, TASK_LOOK_UP);
    const struct share share = {"pay_1", 510};
    struct approval_event approval = world_approval(&world, "rf_1", 2, &share, 1);
    approval.method = METHOD_STORE_CREDIT;
    cr_assert_eq(world_apply_approval(&world, &approval), STATUS_OK);
    struct payout *fresh = world_payout(&world, 1);
    cr_assert_eq(fresh->state, PAYOUT_RESERVED);
    cr_assert_eq(world_refund(&world, payout, REFUND_STATUS_SUCCEEDED, SOURCE_LOOK_UP), STATUS_OK);
    cr_assert_eq(payout->state, PAYOUT_MANUAL);
    cr_assert_eq(fresh->state, PAYOUT_REFUSED);
    cr_assert_str_eq(fresh->reason, "ALREADY_PAID");
    cr_assert_eq(world_publication(&world, 1)->notice, NOTICE_NONE);
    cr_assert_eq(payout->payment->in_flight_minor, 510);
    cr_assert_eq(payout->payment->over, false);
}

/* Nobody can be asked about what was never sent. */
Test(settlement_again, what_was_never_sent_needs_no_confirmation)
{
    cr_assert_eq(world_approve_one(&world, "rf_1", 1, "pay_1", 510), STATUS_OK);
    struct payout *payout = world_payout(&world, 0);
    cr_assert_eq(world_call_failed(&world, payout, CALL_FAILURE_NOT_SENT, "", 0), STATUS_OK);
    cr_assert_eq(payout->first_submitted_us, 0);
    world_force(&world, payout, PAYOUT_FAILED);
    cr_assert_eq(world_approve_one(&world, "rf_1", 2, "pay_1", 510), STATUS_OK);
    cr_assert_eq(world_payout(&world, 1)->state, PAYOUT_SUBMITTED);
}

/* What came back to life meanwhile is paid, whatever of the refund is still free beside it. */
Test(settlement_again, what_reappeared_is_not_paid_another_way)
{
    cr_assert_eq(world_capture(&world, "pay_2", 1000, "GBP"), STATUS_OK);
    const struct share shares[] = {{"pay_1", 510}, {"pay_2", 300}};
    cr_assert_eq(world_approve(&world, "rf_1", 1, shares, 2), STATUS_OK);
    struct payout *first = world_payout(&world, 0), *second = world_payout(&world, 1);
    cr_assert_eq(world_call_failed(&world, first, CALL_FAILURE_REFUSED, "declined", 402),
                 STATUS_OK);
    cr_assert_eq(first->state, PAYOUT_FAILED);
    cr_assert_eq(world_call_failed(&world, second, CALL_FAILURE_REFUSED, "account_closed", 402),
                 STATUS_OK);
    cr_assert_eq(second->state, PAYOUT_FALLBACK_PENDING);
    world_pass(&world, world.limits.last_look_us);
    cr_assert_eq(world_refund(&world, second, REFUND_STATUS_SUCCEEDED, SOURCE_LOOK_UP), STATUS_OK);
    cr_assert_eq(second->state, PAYOUT_MANUAL);
    struct approval_event fresh = world_approval(&world, "rf_1", 2, &shares[1], 1);
    fresh.lines = first->refund->lines;
    fresh.line_count = first->refund->line_count;
    cr_assert_eq(world_apply_approval(&world, &fresh), STATUS_OK);
    cr_expect_null(world_payout(&world, 2));
    cr_assert_str_eq(world_publication(&world, 0)->reason, "ALREADY_PAID");
    cr_expect_eq(second->payment->in_flight_minor, 300);
}

/* The rest of the claim is free: it was never approved. */
Test(settlement_again, what_was_reduced_and_reappeared_is_not_paid_another_way)
{
    const struct share share = {"pay_1", 400};
    static const struct note_line LINES[] = {{"1", 2, 1000, 0, 0}};
    struct approval_event reduced = world_approval(&world, "rf_1", 1, &share, 1);
    reduced.lines = LINES;
    cr_assert_eq(world_apply_approval(&world, &reduced), STATUS_OK);
    struct payout *payout = world_payout(&world, 0);
    cr_assert_eq(world_call_failed(&world, payout, CALL_FAILURE_REFUSED, "account_closed", 402),
                 STATUS_OK);
    world_pass(&world, world.limits.last_look_us);
    cr_assert_eq(world_refund(&world, payout, REFUND_STATUS_SUCCEEDED, SOURCE_LOOK_UP), STATUS_OK);
    cr_assert_eq(payout->state, PAYOUT_MANUAL);
    struct approval_event fresh = world_approval(&world, "rf_1", 2, &share, 1);
    fresh.lines = LINES;
    cr_assert_eq(world_apply_approval(&world, &fresh), STATUS_OK);
    cr_expect_null(world_payout(&world, 1));
    cr_assert_str_eq(world_publication(&world, 0)->reason, "ALREADY_PAID");
}

Test(settlement_again, when_no_other_way_is_approved_it_has_failed)
{
    struct payout *payout = world_submitted(&world);
    cr_assert_eq(world_decline(&world, "rf_1", 2), STATUS_DUPLICATE); /* nothing to decline */
    cr_assert_eq(payout->state, PAYOUT_SUBMITTED);
    cr_assert_eq(world_call_failed(&world, payout, CALL_FAILURE_REFUSED, "account_closed", 402),
                 STATUS_OK);
    cr_assert_eq(payout->state, PAYOUT_FALLBACK_PENDING);
    cr_assert_eq(world_decline(&world, "rf_1", 1), STATUS_DUPLICATE); /* older than the approval */
    cr_assert_eq(world_decline(&world, "rf_2", 9), STATUS_DUPLICATE);
    cr_assert_eq(world_decline(&world, "rf_1", 3), STATUS_OK);
    cr_assert_eq(payout->state, PAYOUT_FAILED);
    cr_assert_eq(world_publication(&world, 0)->notice, NOTICE_DECLINED);
    cr_assert_eq(world_publication(&world, 0)->ended, 1);
    cr_assert_eq(world_decline(&world, "rf_1", 4), STATUS_DUPLICATE);
    /* After an appeal it may be paid all the same. */
    cr_assert_eq(world_approve_one(&world, "rf_1", 5, "pay_1", 510), STATUS_OK);
    world_confirm_absent(&world, payout);
    cr_assert_eq(world_payout(&world, 1)->state, PAYOUT_SUBMITTED);
}

/* Card after card is closed: another method is asked for twice, then the refund has failed. */
Test(settlement_again, asking_for_another_method_does_not_go_round)
{
    for (int64_t version = 1; version <= 3; version++) {
        cr_assert_eq(world_approve_one(&world, "rf_1", version, "pay_1", 510), STATUS_OK);
        struct payout *payout = world_payout(&world, (size_t)version - 1);
        struct evidence failed = world_evidence(&world, payout, EVIDENCE_REFUND, SOURCE_WEBHOOK);
        failed.status = REFUND_STATUS_FAILED;
        failed.provider_refund_id = arena_printf(world.arena, "re_%d", (int)version);
        failed.code = "expired_or_canceled_card";
        cr_assert_eq(world_tell(&world, &failed), STATUS_OK);
        cr_assert_eq(payout->state, version < 3 ? PAYOUT_FALLBACK_PENDING : PAYOUT_FAILED);
    }
    cr_assert_eq(world_publication(&world, 0)->ended, 3);
}
