#include "clock.h"
#include "routing_fixture.h"

#include <criterion/criterion.h>
#include <string.h>

static struct fixture fx;

static void set_up(void)
{
    fixture_start(&fx);
}

static void tear_down(void)
{
    fixture_stop(&fx);
}

TestSuite(routing_flow, .init = set_up, .fini = tear_down);

static bool has_reason(const char *reason)
{
    for (size_t i = 0; i < fx.answer.reason_count; i++)
        if (strcmp(fx.answer.reasons[i], reason) == 0)
            return true;
    return false;
}

Test(routing_flow, a_small_compliant_refund_is_approved_at_once)
{
    fixture_open(&fx, 25000);
    cr_expect_eq(fx.answer.status, ROUTED_APPROVED);
    cr_expect(fx.answer.automatic);
    cr_expect_eq(fx.answer.level, AUTHORITY_AUTO);
    cr_expect_eq(fx.answer.minor, 25000);
    cr_expect_str_eq(fx.answer.currency, "GBP");
    cr_expect_eq(fx.answer.method, METHOD_ORIGINAL);
    cr_expect_eq(fx.answer.case_version, 0);
    cr_expect_eq(fx.answer.approver_count, 0);
    cr_expect_eq(fx.answer.share_count, 1);
    cr_expect_str_eq(fx.answer.shares[0].payment_id, "pay_1");
    cr_expect_eq(fx.answer.shares[0].minor, 25000);
    cr_expect_eq(fx.answer.expires_us, fx.now_us + 7 * CLOCK_DAY_US);
    cr_expect_null(fx.answer.about);
    cr_expect_eq(fx.answer.deadlines[DEADLINE_CASE], DEADLINE_KEEP);
    cr_expect_eq(fx.answer.deadlines[DEADLINE_ANSWER], DEADLINE_KEEP);
    cr_expect_eq(fx.refund.state, STATE_APPROVED);
    cr_expect_eq(fx.refund.version, 1);
    cr_expect_null(fx.order.payments, "one payment needs no count");
    cr_expect(fx.refund.keep_body, "a payout that fails asks for it later");
}

Test(routing_flow, levels_at_their_limits)
{
    static const struct {
        int64_t minor;
        enum assessed_status status;
        const char *currency;
        enum authority_level level;
        int32_t case_level, approvers;
        const char *reason, *why;
    } cases[] = {
        {25001, ASSESSED_COMPLIANT, "GBP", AUTHORITY_LEVEL_1, 1, 1, "AMOUNT",
         "by the authority model, for 250.01 GBP: AMOUNT"},
        {250000, ASSESSED_COMPLIANT, "GBP", AUTHORITY_LEVEL_1, 1, 1, "AMOUNT",
         "by the authority model, for 2500.00 GBP: AMOUNT"},
        {250001, ASSESSED_COMPLIANT, "GBP", AUTHORITY_LEVEL_2, 2, 1, "AMOUNT",
         "by the authority model, for 2500.01 GBP: AMOUNT"},
        {1000000, ASSESSED_COMPLIANT, "GBP", AUTHORITY_LEVEL_2, 2, 1, "AMOUNT",
         "by the authority model, for 10000.00 GBP: AMOUNT"},
        {1000001, ASSESSED_COMPLIANT, "GBP", AUTHORITY_LEVEL_2_TWO_APPROVERS, 2, 2, "AMOUNT",
         "by the authority model, for 10000.01 GBP: AMOUNT"},
        {1, ASSESSED_EXCEPTION, "GBP", AUTHORITY_LEVEL_1, 1, 1, "RETURN_WINDOW",
         "outside the policy: RETURN_WINDOW"},
        {1, ASSESSED_COMPLIANT, "CHF", AUTHORITY_FINANCE_CONTROLLER, 3, 1, "NO_LIMITS",
         "by the authority model, for 0.01 CHF: NO_LIMITS"},
    };
    static const char *const window[] = {"RETURN_WINDOW"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tear_down();
        set_up();
        struct assessed assessed = fixture_assessed(&fx, cases[i].minor);
        assessed.status = cases[i].status;
        assessed.currency = cases[i].currency;
        assessed.reasons = window;
        assessed.reason_count = cases[i].status == ASSESSED_EXCEPTION;
        cr_assert_eq(fixture_assess(&fx, &assessed), STATUS_OK);
        const struct routing_case *about = fx.answer.about;
        cr_assert_not_null(about);
        cr_expect_eq(fx.answer.status, ROUTED_PENDING_APPROVAL);
        cr_expect_not(fx.answer.automatic);
        cr_expect_eq(fx.answer.level, cases[i].level, "case %zu", i);
        cr_expect_eq(about->level, cases[i].case_level);
        cr_expect_eq(about->approvers, cases[i].approvers);
        cr_expect_eq(about->version, 1);
        cr_expect_eq(about->status, CASE_OPEN);
        cr_expect_str_eq(about->queue, "refunds-gb");
        cr_expect_eq(about->due_us, fx.now_us + CLOCK_DAY_US);
        cr_expect_eq(fx.answer.deadlines[DEADLINE_CASE], DEADLINE_SET);
        cr_expect_eq(fx.answer.due_us[DEADLINE_CASE], about->due_us);
        cr_expect(has_reason(cases[i].reason), "case %zu", i);
        cr_expect_eq(about->why_count, 1);
        cr_expect_str_eq(about->why[0], cases[i].why);
        cr_expect_eq(fx.refund.state, STATE_OPEN);
        char id[IDENTITY_MAX];
        cr_expect_str_eq(about->case_id, identity_case("shop", fx.refund.refund_id, 1, id));
    }
}

Test(routing_flow, an_amount_that_no_payment_covers_is_never_automatic)
{
    static const struct coverage little[] = {{"pay_1", 999}};
    struct assessed assessed = fixture_assessed(&fx, 1000);
    assessed.payments = little;
    cr_assert_eq(fixture_assess(&fx, &assessed), STATUS_OK);
    cr_expect_eq(fx.answer.status, ROUTED_PENDING_APPROVAL);
    cr_expect(has_reason("NOT_COVERED"));
}

Test(routing_flow, markets_and_queues)
{
    static const struct {
        const char *market, *queue;
    } cases[] = {{"DE", "refunds-de"},
                 {"", "refunds"},
                 {"north america", "refunds"},
                 {"\xc3\xa9", "refunds"},
                 {"a-market-name-of-more-than-32-bytes", "refunds"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tear_down();
        set_up();
        struct assessed assessed = fixture_assessed(&fx, 90000);
        assessed.facts.market = cases[i].market;
        cr_assert_eq(fixture_assess(&fx, &assessed), STATUS_OK);
        cr_expect_str_eq(fx.answer.about->queue, cases[i].queue);
    }
}

Test(routing_flow, versions_out_of_turn_change_nothing)
{
    fixture_open(&fx, 90000);
    struct routing_refund before = fx.refund;
    struct assessed assessed = fixture_assessed(&fx, 90000);
    assessed.version = 1;
    cr_expect_eq(fixture_assess(&fx, &assessed), STATUS_DUPLICATE);
    assessed.version = 3;
    cr_expect_eq(fixture_assess(&fx, &assessed), STATUS_GAP);
    cr_expect_arr_eq(&before, &fx.refund, sizeof before);
    cr_expect_eq(fx.answer.status, ROUTED_NOTHING);
}

Test(routing_flow, what_policy_declines_ends_there)
{
    struct assessed assessed = fixture_assessed(&fx, 100);
    assessed.status = ASSESSED_DECLINED;
    cr_assert_eq(fixture_assess(&fx, &assessed), STATUS_OK);
    cr_expect_eq(fx.answer.status, ROUTED_NOTHING);
    cr_expect_eq(fx.refund.version, 0);
    cr_expect_eq(fx.refund.state, STATE_DECLINED);
    cr_expect_eq(fx.refund.case_count, 0);
}

Test(routing_flow, policy_asks_and_nobody_answers)
{
    struct assessed assessed = fixture_assessed(&fx, 100);
    assessed.status = ASSESSED_NEEDS_INFO;
    cr_assert_eq(fixture_assess(&fx, &assessed), STATUS_OK);
    cr_expect_eq(fx.answer.status, ROUTED_NOTHING);
    cr_expect_eq(fx.answer.deadlines[DEADLINE_ANSWER], DEADLINE_SET);
    cr_expect_eq(fx.answer.due_us[DEADLINE_ANSWER], fx.now_us + 14 * CLOCK_DAY_US);
    cr_expect(fx.refund.keep_body, "what expires is published with its assessment");
    cr_assert_eq(fixture_due(&fx, DEADLINE_ANSWER), STATUS_OK);
    cr_expect_eq(fx.answer.status, ROUTED_EXPIRED);
    cr_expect_eq(fx.answer.tell, TELL_EXPIRED);
    cr_expect(fx.answer.may_appeal);
    cr_expect_not_null(fx.answer.assessed);
    cr_expect_eq(fx.answer.deadlines[DEADLINE_ANSWER], DEADLINE_KEEP, "the row is gone already");
    cr_expect_eq(fx.refund.state, STATE_EXPIRED);
}

Test(routing_flow, an_answer_to_policy_is_routed_anew)
{
    struct assessed assessed = fixture_assessed(&fx, 100);
    assessed.status = ASSESSED_NEEDS_INFO;
    cr_assert_eq(fixture_assess(&fx, &assessed), STATUS_OK);
    fixture_open(&fx, 100);
    cr_expect_eq(fx.answer.status, ROUTED_APPROVED);
    cr_expect(fx.answer.automatic);
    cr_expect_eq(fx.answer.deadlines[DEADLINE_ANSWER], DEADLINE_CLEAR);
}

Test(routing_flow, an_answer_to_a_person_comes_back_to_people)
{
    fixture_open(&fx, 90000);
    fixture_say(&fx, "mia", VERDICT_ASK);
    cr_expect_eq(fx.answer.status, ROUTED_NEEDS_INFO);
    cr_expect_eq(fx.answer.tell, TELL_MORE_INFORMATION);
    cr_expect_eq(fx.answer.until_us, fx.now_us + 14 * CLOCK_DAY_US);
    cr_expect_eq(fx.answer.deadlines[DEADLINE_CASE], DEADLINE_CLEAR);
    cr_expect_eq(fx.answer.deadlines[DEADLINE_ANSWER], DEADLINE_SET);
    cr_expect_eq(fx.answer.about->status, CASE_WAITING);
    cr_expect_eq(fx.answer.about->version, 2);
    fixture_open(&fx, 100);
    cr_expect_eq(fx.answer.status, ROUTED_PENDING_APPROVAL, "small now, but a person asked");
    cr_expect_eq(fx.answer.deadlines[DEADLINE_ANSWER], DEADLINE_CLEAR);
    cr_expect_eq(fx.answer.deadlines[DEADLINE_CASE], DEADLINE_SET);
    cr_expect_eq(fx.answer.about->version, 3);
    cr_expect_eq(fx.answer.about->ordinal, 1, "the same case");
    cr_expect_eq(fx.answer.about->minor, 100);
    cr_expect_eq(fx.answer.about->status, CASE_OPEN);
    fixture_say(&fx, "mia", VERDICT_APPROVE);
    cr_expect_eq(fx.answer.status, ROUTED_APPROVED);
    cr_expect_eq(fx.answer.minor, 100);
}

Test(routing_flow, new_facts_void_what_was_approved_before)
{
    fixture_open(&fx, 2000000);
    fixture_say(&fx, "mia", VERDICT_APPROVE);
    cr_expect_eq(fx.answer.status, ROUTED_PENDING_APPROVAL);
    fixture_open(&fx, 2000001);
    fixture_say(&fx, "noah", VERDICT_APPROVE);
    cr_expect_eq(fx.answer.status, ROUTED_PENDING_APPROVAL, "mia approved other facts");
    fixture_say(&fx, "mia", VERDICT_APPROVE);
    cr_expect_eq(fx.answer.status, ROUTED_APPROVED);
    cr_expect_eq(fx.answer.approver_count, 2);
    cr_expect_str_eq(fx.answer.approvers[0], "noah");
    cr_expect_str_eq(fx.answer.approvers[1], "mia");
}

Test(routing_flow, a_case_escalates_up_to_the_controller_and_never_into_approval)
{
    fixture_open(&fx, 90000);
    static const enum authority_level levels[] = {AUTHORITY_LEVEL_2, AUTHORITY_FINANCE_CONTROLLER};
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(fixture_due(&fx, DEADLINE_CASE), STATUS_OK);
        cr_expect_eq(fx.answer.status, ROUTED_ESCALATED);
        cr_expect_eq(fx.answer.level, levels[i]);
        cr_expect_eq(fx.answer.about->version, 2 + i);
        cr_expect_eq(fx.answer.due_us[DEADLINE_CASE], fx.now_us + CLOCK_DAY_US);
        cr_expect_null(fx.answer.waiting_for);
    }
    int64_t overdue_us = fx.refund.latest->due_us;
    for (int day = 0; day < 5; day++) {
        cr_assert_eq(fixture_due(&fx, DEADLINE_CASE), STATUS_OK);
        cr_expect_eq(fx.answer.status, ROUTED_NOTHING);
        cr_expect_not_null(fx.answer.waiting_for);
        cr_expect_eq(fx.answer.waiting_since_us, fx.refund.latest->opened_us);
        cr_expect_eq(fx.answer.deadlines[DEADLINE_CASE], DEADLINE_SET);
        cr_expect_eq(fx.answer.due_us[DEADLINE_CASE], fx.now_us + CLOCK_DAY_US);
        cr_expect_eq(fx.refund.latest->due_us, overdue_us, "it stays overdue");
        cr_expect_eq(fx.refund.state, STATE_OPEN);
    }
}

Test(routing_flow, two_approvers_stay_two_after_escalation)
{
    fixture_open(&fx, 2000000);
    fixture_say(&fx, "mia", VERDICT_APPROVE);
    cr_assert_eq(fixture_due(&fx, DEADLINE_CASE), STATUS_OK);
    cr_expect_eq(fx.answer.about->level, 3);
    cr_expect_eq(fx.answer.about->approvers, 2);
    struct decision decision = fixture_decision(&fx, "vera", VERDICT_APPROVE);
    decision.role = PERSON_FINANCE;
    cr_assert_eq(fixture_decide(&fx, &decision), STATUS_OK);
    cr_expect_eq(fx.answer.status, ROUTED_APPROVED);
    cr_expect_eq(fx.answer.approver_count, 2);
}

Test(routing_flow, a_cancellation_is_always_passed_on)
{
    for (int state = 0; state < STATE_COUNT; state++) {
        tear_down();
        set_up();
        fixture_reach(&fx, (enum decision_state)state);
        struct assessed assessed = fixture_assessed(&fx, 90000);
        assessed.status = ASSESSED_CANCEL_REQUESTED;
        int64_t version = fx.refund.version;
        cr_assert_eq(fixture_assess(&fx, &assessed), STATUS_OK);
        cr_expect_eq(fx.answer.status, ROUTED_CANCEL_REQUESTED);
        cr_expect_eq(fx.refund.version, version + 1);
        cr_expect_eq(fx.refund.state, STATE_CANCELLED);
        cr_expect_eq(fx.answer.about != NULL,
                     state == STATE_OPEN || state == STATE_WAITING || state == STATE_HELD);
        if (fx.answer.about != NULL)
            cr_expect_eq(fx.answer.about->status, CASE_CANCELLED);
        cr_expect_eq(fx.answer.deadlines[DEADLINE_CASE] == DEADLINE_CLEAR, state == STATE_OPEN);
        cr_expect_eq(fx.answer.deadlines[DEADLINE_ANSWER] == DEADLINE_CLEAR,
                     state == STATE_WAITING);
        cr_expect_eq(fx.answer.deadlines[DEADLINE_MODEL] == DEADLINE_CLEAR, state == STATE_HELD);
    }
}

Test(routing_flow, an_appeal_goes_one_level_up_to_other_people_once)
{
    fixture_open(&fx, 90000);
    fixture_say(&fx, "mia", VERDICT_DECLINE);
    cr_expect_eq(fx.answer.status, ROUTED_DECLINED);
    cr_expect(fx.answer.may_appeal);
    cr_expect_eq(fx.answer.about->status, CASE_DECLINED);
    cr_expect_eq(fx.answer.deadlines[DEADLINE_CASE], DEADLINE_CLEAR);

    struct assessed appeal = fixture_assessed(&fx, 90000);
    appeal.appeal = true;
    cr_assert_eq(fixture_assess(&fx, &appeal), STATUS_OK);
    cr_expect_eq(fx.answer.status, ROUTED_PENDING_APPROVAL);
    cr_expect_eq(fx.answer.about->ordinal, 2);
    cr_expect_eq(fx.answer.about->level, 2);
    cr_expect_eq(fx.answer.about->version, 1);
    cr_expect(has_reason("APPEAL"));
    struct decision again = fixture_decision(&fx, "mia", VERDICT_APPROVE);
    cr_assert_eq(fixture_decide(&fx, &again), STATUS_OK);
    cr_expect_eq(fx.answer.refusal, REFUSAL_ALREADY_DECIDED);
    fixture_say(&fx, "noah", VERDICT_DECLINE);
    cr_expect_eq(fx.answer.status, ROUTED_DECLINED);
    cr_expect_not(fx.answer.may_appeal);

    appeal = fixture_assessed(&fx, 90000);
    appeal.appeal = true;
    cr_assert_eq(fixture_assess(&fx, &appeal), STATUS_OK);
    cr_expect_eq(fx.answer.status, ROUTED_DECLINED, "the second appeal is answered at once");
    cr_expect_null(fx.answer.about);
    cr_expect_eq(fx.refund.case_count, 2);
}

Test(routing_flow, an_appeal_against_policy_goes_to_people_whatever_policy_says)
{
    static const enum assessed_status statuses[] = {ASSESSED_COMPLIANT, ASSESSED_EXCEPTION,
                                                    ASSESSED_DECLINED, ASSESSED_NEEDS_INFO};
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        tear_down();
        set_up();
        struct assessed assessed = fixture_assessed(&fx, 510);
        assessed.status = ASSESSED_DECLINED;
        cr_assert_eq(fixture_assess(&fx, &assessed), STATUS_OK);
        assessed = fixture_assessed(&fx, 510);
        assessed.status = statuses[i];
        assessed.appeal = true;
        cr_assert_eq(fixture_assess(&fx, &assessed), STATUS_OK);
        cr_expect_eq(fx.answer.status, ROUTED_PENDING_APPROVAL);
        cr_expect_eq(fx.answer.about->level, 2, "one above level 1");
    }
}

Test(routing_flow, an_appeal_above_the_controller_stays_with_the_controller)
{
    fixture_open(&fx, 90000);
    cr_assert_eq(fixture_due(&fx, DEADLINE_CASE), STATUS_OK);
    cr_assert_eq(fixture_due(&fx, DEADLINE_CASE), STATUS_OK);
    struct decision decline = fixture_decision(&fx, "mia", VERDICT_DECLINE);
    decline.role = PERSON_FINANCE;
    cr_assert_eq(fixture_decide(&fx, &decline), STATUS_OK);
    cr_assert_eq(fx.answer.status, ROUTED_DECLINED);
    struct assessed appeal = fixture_assessed(&fx, 90000);
    appeal.appeal = true;
    cr_assert_eq(fixture_assess(&fx, &appeal), STATUS_OK);
    cr_expect_eq(fx.answer.about->level, 3);
}

static struct failed_payout failed(int64_t version, const char *payment, int64_t minor)
{
    return (struct failed_payout){.version = version,
                                  .fallback = true,
                                  .payment_id = payment,
                                  .minor = minor,
                                  .currency = "GBP"};
}

Test(routing_flow, a_payout_that_failed_for_good_opens_a_case)
{
    fixture_open(&fx, 25000);
    struct failed_payout payout = failed(3, "pay_1", 25000);
    cr_assert_eq(fixture_pay(&fx, &payout), STATUS_OK);
    cr_expect_eq(fx.answer.status, ROUTED_PENDING_APPROVAL);
    cr_expect_eq(fx.answer.about->level, 1, "never automatic");
    cr_expect_eq(fx.answer.about->method, METHOD_MANUAL);
    cr_expect_eq(fx.answer.about->minor, 25000);
    cr_expect(has_reason("FALLBACK"));
    cr_expect_eq(fx.refund.payout_seen, 3);
    cr_expect_eq(fixture_pay(&fx, &payout), STATUS_DUPLICATE);

    struct failed_payout second = failed(5, "pay_2", 600);
    cr_assert_eq(fixture_pay(&fx, &second), STATUS_OK);
    struct failed_payout third = failed(6, "pay_2", 100);
    cr_assert_eq(fixture_pay(&fx, &third), STATUS_OK);
    cr_expect_eq(fx.answer.about->ordinal, 1);
    cr_expect_eq(fx.answer.about->version, 3);
    cr_expect_eq(fx.answer.about->minor, 25700);
    fixture_say(&fx, "mia", VERDICT_APPROVE);
    cr_expect_eq(fx.answer.status, ROUTED_APPROVED);
    cr_expect_eq(fx.answer.method, METHOD_MANUAL);
    cr_expect_eq(fx.answer.share_count, 2);
    cr_expect_str_eq(fx.answer.shares[0].payment_id, "pay_1");
    cr_expect_eq(fx.answer.shares[0].minor, 25000);
    cr_expect_eq(fx.answer.shares[1].minor, 700);
    cr_expect_null(fx.order.payments, "it was counted with the first approval");
}

Test(routing_flow, an_appeal_after_a_failed_payout_is_about_what_failed_only)
{
    struct assessed assessed = fixture_assessed(&fx, 25000);
    assessed.payment_count = 2;
    cr_assert_eq(fixture_assess(&fx, &assessed), STATUS_OK);
    struct failed_payout payout = failed(3, "pay_2", 700);
    cr_assert_eq(fixture_pay(&fx, &payout), STATUS_OK);
    fixture_say(&fx, "mia", VERDICT_DECLINE);
    cr_expect_not(fx.answer.may_appeal, "intake takes none of it");
    assessed = fixture_assessed(&fx, 25000);
    assessed.appeal = true;
    cr_assert_eq(fixture_assess(&fx, &assessed), STATUS_OK);
    cr_expect_eq(fx.answer.about->minor, 700, "the rest was paid");
    fixture_say(&fx, "noah", VERDICT_APPROVE);
    cr_expect_eq(fx.answer.minor, 700);
    cr_expect_eq(fx.answer.share_count, 1);
    cr_expect_str_eq(fx.answer.shares[0].payment_id, "pay_2");
}

Test(routing_flow, a_cancelled_refund_gets_no_other_method)
{
    fixture_reach(&fx, STATE_CANCELLED);
    struct failed_payout payout = failed(3, "pay_1", 25000);
    cr_assert_eq(fixture_pay(&fx, &payout), STATUS_OK);
    cr_expect_eq(fx.answer.status, ROUTED_NOTHING);
    cr_expect_not_null(fx.answer.waiting_for);
    cr_expect_eq(fx.refund.state, STATE_CANCELLED);
}

Test(routing_flow, no_refund_has_cases_without_end)
{
    fixture_open(&fx, 25000);
    for (int i = 1; i <= ROUTING_CASES_MAX; i++) {
        struct failed_payout payout = failed(i, "pay_1", 25000);
        cr_assert_eq(fixture_pay(&fx, &payout), STATUS_OK);
        cr_assert_eq(fx.refund.case_count, i);
        fixture_say(&fx, "mia", VERDICT_APPROVE);
    }
    struct failed_payout payout = failed(ROUTING_CASES_MAX + 1, "pay_1", 25000);
    cr_assert_eq(fixture_pay(&fx, &payout), STATUS_OK);
    cr_expect_eq(fx.answer.status, ROUTED_NOTHING);
    cr_expect_not_null(fx.answer.waiting_for);
    cr_expect_eq(fx.refund.state, STATE_APPROVED);
}

Test(routing_flow, a_case_has_payouts_up_to_a_bound_and_of_one_currency)
{
    fixture_open(&fx, 25000);
    for (int i = 1; i <= ROUTING_FAILED_PAYOUTS_MAX; i++) {
        struct failed_payout payout = failed(i, arena_printf(fx.arena, "pay_%d", i), 1);
        cr_assert_eq(fixture_pay(&fx, &payout), STATUS_OK);
    }
    cr_assert_eq(fx.refund.latest->minor, ROUTING_FAILED_PAYOUTS_MAX);
    struct failed_payout payout = failed(ROUTING_FAILED_PAYOUTS_MAX + 1, "pay_1", 1);
    cr_assert_eq(fixture_pay(&fx, &payout), STATUS_OK);
    cr_expect_not_null(fx.answer.waiting_for);
    cr_expect_eq(fx.refund.latest->minor, ROUTING_FAILED_PAYOUTS_MAX);
    tear_down();
    set_up();
    fixture_open(&fx, 25000);
    payout = failed(1, "pay_1", 1);
    cr_assert_eq(fixture_pay(&fx, &payout), STATUS_OK);
    payout = failed(2, "pay_1", 1);
    payout.currency = "EUR";
    cr_assert_eq(fixture_pay(&fx, &payout), STATUS_OK);
    cr_expect_not_null(fx.answer.waiting_for);
    cr_expect_eq(fx.refund.latest->minor, 1);
}

/* Deadlines that come after the state has moved on have no effect. */
Test(routing_flow, late_deadlines_are_ignored)
{
    for (int state = 0; state < STATE_COUNT; state++) {
        tear_down();
        set_up();
        fixture_reach(&fx, (enum decision_state)state);
        int64_t version = fx.refund.version;
        if (state != STATE_OPEN)
            cr_assert_eq(fixture_due(&fx, DEADLINE_CASE), STATUS_OK);
        if (state != STATE_WAITING)
            cr_assert_eq(fixture_due(&fx, DEADLINE_ANSWER), STATUS_OK);
        cr_expect_eq(fx.refund.state, state);
        cr_expect_eq(fx.refund.version, version);
    }
}
