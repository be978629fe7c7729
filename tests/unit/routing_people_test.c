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

TestSuite(routing_people, .init = set_up, .fini = tear_down);

/* The decision is refused for that reason, and nothing but its record changes. */
static void expect_refused(const struct decision *decision, enum refusal_reason reason)
{
    struct routing_case before =
        fx.refund.latest == NULL ? (struct routing_case){0} : *fx.refund.latest;
    enum decision_state state = fx.refund.state;
    int64_t version = fx.refund.version;
    cr_assert_eq(fixture_decide(&fx, decision), STATUS_OK);
    cr_expect_eq(fx.answer.refusal, reason, "%s instead of %s",
                 refusal_reason_name(fx.answer.refusal), refusal_reason_name(reason));
    cr_expect_eq(fx.answer.status, ROUTED_NOTHING);
    cr_expect_eq(fx.answer.deadlines[DEADLINE_CASE], DEADLINE_KEEP);
    cr_expect_eq(fx.refund.state, state);
    cr_expect_eq(fx.refund.version, version);
    if (fx.refund.latest != NULL)
        cr_expect_arr_eq(&before, fx.refund.latest, sizeof before);
    cr_expect_eq(fixture_decide(&fx, decision), STATUS_DUPLICATE, "it is remembered");
}

Test(routing_people, one_approval_is_enough_at_level_1)
{
    fixture_open(&fx, 90000);
    fixture_say(&fx, "mia", VERDICT_APPROVE);
    cr_expect_eq(fx.answer.status, ROUTED_APPROVED);
    cr_expect_not(fx.answer.automatic);
    cr_expect_eq(fx.answer.level, AUTHORITY_LEVEL_1);
    cr_expect_eq(fx.answer.case_version, 2);
    cr_expect_eq(fx.answer.about->version, 2);
    cr_expect_eq(fx.answer.about->status, CASE_APPROVED);
    cr_expect_eq(fx.answer.approver_count, 1);
    cr_expect_str_eq(fx.answer.approvers[0], "mia");
    cr_expect_eq(fx.answer.deadlines[DEADLINE_CASE], DEADLINE_CLEAR);
    cr_expect_eq(fx.answer.shares[0].minor, 90000);
    cr_expect_not_null(fx.answer.assessed);
}

Test(routing_people, two_different_people_above_level_2)
{
    fixture_open(&fx, 1000001);
    fixture_say(&fx, "mia", VERDICT_APPROVE);
    cr_expect_eq(fx.answer.status, ROUTED_PENDING_APPROVAL);
    cr_expect_eq(fx.answer.about->version, 2);
    cr_expect_eq(fx.answer.deadlines[DEADLINE_CASE], DEADLINE_KEEP);
    struct decision again = fixture_decision(&fx, "mia", VERDICT_APPROVE);
    expect_refused(&again, REFUSAL_ALREADY_DECIDED);
    fixture_say(&fx, "noah", VERDICT_APPROVE);
    cr_expect_eq(fx.answer.status, ROUTED_APPROVED);
    cr_expect_eq(fx.answer.approver_count, 2);
}

Test(routing_people, one_decline_ends_it)
{
    fixture_open(&fx, 1000001);
    fixture_say(&fx, "mia", VERDICT_APPROVE);
    fixture_say(&fx, "noah", VERDICT_DECLINE);
    cr_expect_eq(fx.answer.status, ROUTED_DECLINED);
    cr_expect_eq(fx.answer.tell, TELL_DECLINED);
    cr_expect_eq(fx.refund.state, STATE_DECLINED);
}

Test(routing_people, an_approver_may_not_turn_round_but_may_ask)
{
    fixture_open(&fx, 1000001);
    fixture_say(&fx, "mia", VERDICT_APPROVE);
    struct decision decline = fixture_decision(&fx, "mia", VERDICT_DECLINE);
    expect_refused(&decline, REFUSAL_ALREADY_DECIDED);
    fixture_say(&fx, "mia", VERDICT_ASK);
    cr_expect_eq(fx.answer.status, ROUTED_NEEDS_INFO);
}

Test(routing_people, every_refusal)
{
    fixture_open(&fx, 90000);
    struct decision decision = fixture_decision(&fx, "mia", VERDICT_APPROVE);
    decision.case_id = "c_00000000000000000000000000000000";
    expect_refused(&decision, REFUSAL_UNKNOWN_CASE);
    decision = fixture_decision(&fx, "agent-4", VERDICT_APPROVE);
    expect_refused(&decision, REFUSAL_OWN_REQUEST);
    decision = fixture_decision(&fx, "mia", VERDICT_APPROVE);
    decision.case_version = 2;
    expect_refused(&decision, REFUSAL_STALE_VERSION);
    decision = fixture_decision(&fx, "mia", VERDICT_APPROVE);
    decision.subject_hash = "0000000000000000000000000000000000000000000000000000000000000000";
    expect_refused(&decision, REFUSAL_STALE_SUBJECT);
    decision = fixture_decision(&fx, "mia", VERDICT_APPROVE);
    decision.role = PERSON_QUALITY;
    expect_refused(&decision, REFUSAL_ROLE);

    decision = fixture_decision(&fx, "mia", VERDICT_APPROVE);
    decision.subject_hash = "";
    expect_refused(&decision, REFUSAL_STALE_SUBJECT);
    fixture_say(&fx, "mia", VERDICT_APPROVE);
    decision = fixture_decision(&fx, "noah", VERDICT_DECLINE);
    expect_refused(&decision, REFUSAL_CASE_NOT_OPEN);
}

Test(routing_people, a_refund_that_nobody_knows)
{
    struct decision decision = fixture_decision(&fx, "mia", VERDICT_APPROVE);
    struct routing_step step = {.terms = &fx.terms,
                                .rules = fx.rules,
                                .order = &fx.order,
                                .refund = NULL,
                                .now_us = fx.now_us,
                                .arena = fx.arena,
                                .answer = &fx.answer};
    cr_assert_eq(routing_decided(&step, &decision), STATUS_OK);
    cr_expect_eq(fx.answer.refusal, REFUSAL_UNKNOWN_CASE);
}

Test(routing_people, no_decision_but_on_an_open_case)
{
    for (int state = 0; state < STATE_COUNT; state++) {
        tear_down();
        set_up();
        fixture_reach(&fx, (enum decision_state)state);
        for (int verdict = VERDICT_APPROVE; verdict <= VERDICT_ASK && state != STATE_OPEN;
             verdict++) {
            struct decision decision = fixture_decision(&fx, "noah", (enum verdict)verdict);
            expect_refused(&decision,
                           state == STATE_NEW ? REFUSAL_UNKNOWN_CASE : REFUSAL_CASE_NOT_OPEN);
        }
    }
}

Test(routing_people, an_older_case_of_the_refund_is_closed)
{
    fixture_reach(&fx, STATE_DECLINED);
    const char *older = arena_strdup(fx.arena, fx.refund.latest->case_id);
    struct assessed appeal = fixture_assessed(&fx, 90000);
    appeal.appeal = true;
    cr_assert_eq(fixture_assess(&fx, &appeal), STATUS_OK);
    struct decision decision = fixture_decision(&fx, "noah", VERDICT_APPROVE);
    decision.case_id = older;
    expect_refused(&decision, REFUSAL_CASE_NOT_OPEN);
}

Test(routing_people, who_appealed_has_no_part_in_it)
{
    fixture_reach(&fx, STATE_DECLINED);
    struct assessed appeal = fixture_assessed(&fx, 90000);
    appeal.appeal = true;
    appeal.appealed_by = "vera";
    cr_assert_eq(fixture_assess(&fx, &appeal), STATUS_OK);
    struct decision decision = fixture_decision(&fx, "vera", VERDICT_APPROVE);
    expect_refused(&decision, REFUSAL_OWN_REQUEST);

    struct assessed answered = fixture_assessed(&fx, 90000);
    cr_assert_eq(fixture_assess(&fx, &answered), STATUS_OK);
    cr_expect(fx.refund.latest->appeal);
    decision = fixture_decision(&fx, "vera", VERDICT_DECLINE);
    expect_refused(&decision, REFUSAL_OWN_REQUEST);
}

Test(routing_people, who_answered_has_no_part_in_it)
{
    fixture_reach(&fx, STATE_OPEN);
    struct assessed answered = fixture_assessed(&fx, 90000);
    answered.answered_by = "mia.b\x1f"
                           "vera\x1f"
                           "no";
    cr_assert_eq(fixture_assess(&fx, &answered), STATUS_OK);
    struct decision decision = fixture_decision(&fx, "vera", VERDICT_APPROVE);
    expect_refused(&decision, REFUSAL_OWN_REQUEST);
    decision = fixture_decision(&fx, "mia", VERDICT_APPROVE);
    cr_assert_eq(fixture_decide(&fx, &decision), STATUS_OK);
    cr_expect_eq(fx.answer.refusal, REFUSAL_NONE, "a part of somebody's name is somebody else");
}

/* The roster in which mia is as `change` makes her; without it she is not in it. */
static void change_mia(void (*change)(struct roster_person *))
{
    static struct roster_person people[8];
    static struct roster roster;
    size_t count = 0;
    for (size_t i = 0; i < fixture_roster.person_count; i++) {
        bool mia = strcmp(fixture_roster.people[i].id, "mia") == 0;
        if (mia && change == NULL)
            continue;
        people[count] = fixture_roster.people[i];
        if (mia)
            change(&people[count]);
        count++;
    }
    roster = fixture_roster;
    roster.people = people;
    roster.person_count = count;
    fx.rules.roster = &roster;
}

static void lose_role(struct roster_person *person)
{
    person->roles &= ~ROLE_BIT(APPROVER);
}

static void lose_limit(struct roster_person *person)
{
    person->per_refund = (struct roster_limits){0};
}

static const struct kept_decision *last_decision(void)
{
    const struct kept_decision *kept = fx.refund.decisions;
    while (kept->next != NULL)
        kept = kept->next;
    return kept;
}

Test(routing_people, who_lost_their_authority_approves_no_more)
{
    static void (*const changes[])(struct roster_person *) = {NULL, lose_role, lose_limit};
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        tear_down();
        set_up();
        fixture_open(&fx, 2000000);
        cr_assert_eq(fx.refund.latest->approvers, 2);
        fixture_say(&fx, "mia", VERDICT_APPROVE);
        change_mia(changes[i]);
        fixture_say(&fx, "noah", VERDICT_APPROVE);
        cr_expect_eq(fx.answer.status, ROUTED_PENDING_APPROVAL, "change %zu", i);
        cr_expect_str_eq(last_decision()->counting, "noah", "change %zu", i);
        fixture_say(&fx, "vera", VERDICT_APPROVE);
        cr_expect_eq(fx.answer.status, ROUTED_APPROVED, "change %zu", i);
        cr_expect_str_eq(last_decision()->counting, "noah\x1fvera", "change %zu", i);
        cr_assert_eq(fx.answer.approver_count, 2);
        cr_expect_str_eq(fx.answer.approvers[0], "noah");
        cr_expect_str_eq(fx.answer.approvers[1], "vera");
    }
}

Test(routing_people, only_finance_approves_at_level_3)
{
    fixture_open(&fx, 90000);
    cr_assert_eq(fixture_due(&fx, DEADLINE_CASE), STATUS_OK);
    cr_assert_eq(fixture_due(&fx, DEADLINE_CASE), STATUS_OK);
    struct decision decision = fixture_decision(&fx, "mia", VERDICT_APPROVE);
    expect_refused(&decision, REFUSAL_ABOVE_AUTHORITY);
    decision = fixture_decision(&fx, "vera", VERDICT_APPROVE);
    decision.role = PERSON_FINANCE;
    cr_assert_eq(fixture_decide(&fx, &decision), STATUS_OK);
    cr_expect_eq(fx.answer.status, ROUTED_APPROVED);
    cr_expect_eq(fx.answer.level, AUTHORITY_FINANCE_CONTROLLER);
}

Test(routing_people, advice_is_seen_and_given_once)
{
    fixture_open(&fx, 90000);
    struct decision decision = fixture_decision(&fx, "rob", VERDICT_RECOMMEND);
    decision.role = PERSON_POLICY_REVIEWER;
    cr_assert_eq(fixture_decide(&fx, &decision), STATUS_OK);
    cr_expect_eq(fx.answer.status, ROUTED_PENDING_APPROVAL);
    cr_expect_eq(fx.answer.about->version, 2, "who decides must have seen it");
    decision = fixture_decision(&fx, "rob", VERDICT_RECOMMEND);
    decision.role = PERSON_POLICY_REVIEWER;
    expect_refused(&decision, REFUSAL_ALREADY_DECIDED);
    fixture_say(&fx, "mia", VERDICT_APPROVE);
    cr_expect_eq(fx.answer.approver_count, 1, "advice is no approval");
}

Test(routing_people, a_reduction_voids_other_approvals_and_changes_the_subject)
{
    fixture_open(&fx, 2000000);
    fixture_say(&fx, "mia", VERDICT_APPROVE);
    char before[APPROVAL_SUBJECT_HASH_SIZE];
    memcpy(before, fx.refund.latest->subject_hash, sizeof before);
    struct decision reduced = fixture_decision(&fx, "noah", VERDICT_APPROVE_REDUCED);
    reduced.has_amount = true;
    reduced.minor = 1500000;
    reduced.currency = "GBP";
    cr_assert_eq(fixture_decide(&fx, &reduced), STATUS_OK);
    cr_expect_eq(fx.answer.refusal, REFUSAL_NONE);
    cr_expect_eq(fx.answer.status, ROUTED_PENDING_APPROVAL);
    cr_expect_eq(fx.answer.about->minor, 1500000);
    cr_expect_str_neq(fx.answer.about->subject_hash, before);
    fixture_say(&fx, "mia", VERDICT_APPROVE);
    cr_expect_eq(fx.answer.status, ROUTED_APPROVED);
    cr_expect_eq(fx.answer.minor, 1500000);
    cr_expect_eq(fx.answer.shares[0].minor, 1500000);
    cr_expect_str_eq(fx.answer.approvers[0], "noah");
    cr_expect_str_eq(fx.answer.approvers[1], "mia");
}

Test(routing_people, what_is_no_reduction_is_refused)
{
    static const struct {
        bool has_amount;
        int64_t minor;
        const char *currency;
        int32_t method;
        bool allowed;
    } cases[] = {
        {true, 89999, "GBP", 0, true},
        {true, 1, "GBP", METHOD_ORIGINAL, true},
        {true, 90000, "GBP", 0, false},
        {true, 90001, "GBP", 0, false},
        {true, 0, "GBP", 0, false},
        {true, -1, "GBP", 0, false},
        {true, 1, "EUR", 0, false},
        {false, 0, "", METHOD_ORIGINAL, false},
        {false, 0, "", METHOD_STORE_CREDIT, false},
        {true, 1, "GBP", METHOD_BANK_TRANSFER, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tear_down();
        set_up();
        fixture_open(&fx, 90000);
        struct decision decision = fixture_decision(&fx, "mia", VERDICT_APPROVE_REDUCED);
        decision.has_amount = cases[i].has_amount;
        decision.minor = cases[i].minor;
        decision.currency = cases[i].currency;
        decision.method = cases[i].method;
        if (!cases[i].allowed) {
            expect_refused(&decision, REFUSAL_REDUCTION);
            continue;
        }
        cr_assert_eq(fixture_decide(&fx, &decision), STATUS_OK);
        cr_expect_eq(fx.answer.status, ROUTED_APPROVED, "case %zu", i);
        cr_expect_eq(fx.answer.minor, cases[i].minor);
    }
}

Test(routing_people, another_method_for_a_payout_that_failed)
{
    fixture_open(&fx, 25000);
    struct failed_payout payout = {
        .version = 3, .fallback = true, .payment_id = "pay_1", .minor = 25000, .currency = "GBP"};
    cr_assert_eq(fixture_pay(&fx, &payout), STATUS_OK);
    struct decision back = fixture_decision(&fx, "mia", VERDICT_APPROVE_REDUCED);
    back.method = METHOD_ORIGINAL;
    expect_refused(&back, REFUSAL_REDUCTION);
    struct decision credit = fixture_decision(&fx, "mia", VERDICT_APPROVE_REDUCED);
    credit.method = METHOD_STORE_CREDIT;
    cr_assert_eq(fixture_decide(&fx, &credit), STATUS_OK);
    cr_expect_eq(fx.answer.status, ROUTED_APPROVED);
    cr_expect_eq(fx.answer.method, METHOD_STORE_CREDIT);
}

/* By FINANCE: where a bank transfer of the open case goes. */
static struct decision verified(const char *who, const char *payee)
{
    struct decision decision = fixture_decision(&fx, who, VERDICT_VERIFY_PAYEE);
    decision.role = PERSON_FINANCE;
    decision.payee = payee;
    return decision;
}

static struct decision transferred(const char *who)
{
    struct decision decision = fixture_decision(&fx, who, VERDICT_APPROVE);
    decision.role = PERSON_FINANCE;
    return decision;
}

static void taken(struct decision decision)
{
    cr_assert_eq(fixture_decide(&fx, &decision), STATUS_OK);
    cr_assert_eq(fx.answer.refusal, REFUSAL_NONE, "%s", refusal_reason_name(fx.answer.refusal));
}

static void refused(struct decision decision, enum refusal_reason reason)
{
    expect_refused(&decision, reason);
}

static void open_transfer(int64_t minor)
{
    static const int32_t methods[] = {METHOD_BANK_TRANSFER, METHOD_ORIGINAL};
    struct assessed assessed = fixture_assessed(&fx, minor);
    assessed.methods = methods;
    assessed.method_count = 2;
    assessed.method = METHOD_BANK_TRANSFER;
    cr_assert_eq(fixture_assess(&fx, &assessed), STATUS_OK);
    cr_assert_eq(fx.answer.status, ROUTED_PENDING_APPROVAL);
}

Test(routing_people, money_that_goes_another_way_is_for_people)
{
    static const int32_t ways[] = {METHOD_BANK_TRANSFER, METHOD_MANUAL};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        tear_down();
        set_up();
        struct assessed assessed = fixture_assessed(&fx, 100);
        assessed.method = ways[i];
        cr_assert_eq(fixture_assess(&fx, &assessed), STATUS_OK);
        cr_expect_eq(fx.answer.status, ROUTED_PENDING_APPROVAL, "method %d", ways[i]);
    }
}

Test(routing_people, a_bank_transfer_needs_finance_and_an_account_that_another_has_verified)
{
    open_transfer(100);
    refused(fixture_decision(&fx, "mia", VERDICT_APPROVE), REFUSAL_FINANCE_ONLY);
    refused(transferred("mia"), REFUSAL_PAYEE);
    struct decision approver = verified("vera", "account-7");
    approver.role = PERSON_APPROVER;
    refused(approver, REFUSAL_ROLE);
    refused(verified("agent-4", "account-7"), REFUSAL_OWN_REQUEST);
    taken(verified("vera", "account-7"));
    cr_expect_eq(fx.answer.status, ROUTED_PENDING_APPROVAL);
    cr_expect_eq(fx.answer.about->version, 2, "who approves must have seen it");
    refused(transferred("vera"), REFUSAL_ALREADY_DECIDED);
    refused(fixture_decision(&fx, "mia", VERDICT_APPROVE), REFUSAL_FINANCE_ONLY);
    taken(verified("vera", "account-8"));
    taken(transferred("mia"));
    cr_assert_eq(fx.answer.status, ROUTED_APPROVED);
    cr_assert_not_null(fx.answer.payee);
    cr_expect_str_eq(fx.answer.payee->payee, "account-8", "the last one");
    cr_expect_str_eq(fx.answer.payee->actor_id, "vera");
}

Test(routing_people, another_account_voids_approvals)
{
    open_transfer(2000000);
    taken(verified("vera", "account-7"));
    taken(transferred("mia"));
    cr_assert_eq(fx.answer.status, ROUTED_PENDING_APPROVAL);
    refused(verified("mia", "account-of-mia"), REFUSAL_ALREADY_DECIDED);
    taken(verified("vera", "account-8"));
    taken(transferred("noah"));
    cr_expect_eq(fx.answer.status, ROUTED_PENDING_APPROVAL, "that of mia was for account-7");
    taken(transferred("mia"));
    cr_assert_eq(fx.answer.status, ROUTED_APPROVED);
    cr_expect_eq(fx.answer.approver_count, 2);
    cr_expect_str_eq(fx.answer.payee->payee, "account-8");
}

Test(routing_people, a_transfer_instead_of_a_payout_that_failed)
{
    fixture_open(&fx, 25000);
    struct failed_payout payout = {
        .version = 3, .fallback = true, .payment_id = "pay_1", .minor = 25000, .currency = "GBP"};
    cr_assert_eq(fixture_pay(&fx, &payout), STATUS_OK);
    struct decision transfer = fixture_decision(&fx, "mia", VERDICT_APPROVE_REDUCED);
    transfer.method = METHOD_BANK_TRANSFER;
    refused(transfer, REFUSAL_FINANCE_ONLY);
    taken(verified("vera", "account-7"));
    transfer = fixture_decision(&fx, "mia", VERDICT_APPROVE_REDUCED);
    transfer.method = METHOD_BANK_TRANSFER;
    transfer.role = PERSON_FINANCE;
    taken(transfer);
    cr_assert_eq(fx.answer.status, ROUTED_APPROVED);
    cr_expect_str_eq(fx.answer.payee->payee, "account-7");
}

Test(routing_people, an_account_is_named_where_money_goes_there_only)
{
    fixture_open(&fx, 90000);
    taken(verified("vera", "account-7"));
    fixture_say(&fx, "mia", VERDICT_APPROVE);
    cr_assert_eq(fx.answer.status, ROUTED_APPROVED);
    cr_expect_null(fx.answer.payee);
}

Test(routing_people, nothing_is_approved_that_is_not_covered)
{
    static const struct coverage little[] = {{"pay_1", 60000}};
    struct assessed assessed = fixture_assessed(&fx, 90000);
    assessed.payments = little;
    cr_assert_eq(fixture_assess(&fx, &assessed), STATUS_OK);
    struct decision whole = fixture_decision(&fx, "mia", VERDICT_APPROVE);
    expect_refused(&whole, REFUSAL_NOT_COVERED);
    struct decision less = fixture_decision(&fx, "mia", VERDICT_APPROVE_REDUCED);
    less.has_amount = true;
    less.minor = 60001;
    less.currency = "GBP";
    expect_refused(&less, REFUSAL_NOT_COVERED);
    less = fixture_decision(&fx, "mia", VERDICT_APPROVE_REDUCED);
    less.has_amount = true;
    less.minor = 60000;
    less.currency = "GBP";
    cr_assert_eq(fixture_decide(&fx, &less), STATUS_OK);
    cr_expect_eq(fx.answer.status, ROUTED_APPROVED);
}

Test(routing_people, decisions_are_bounded)
{
    fixture_open(&fx, 90000);
    for (int i = 0; i < ROUTING_DECISIONS_MAX; i++) {
        fixture_say(&fx, "mia", VERDICT_ASK);
        fixture_open(&fx, 90000);
    }
    struct decision decision = fixture_decision(&fx, "mia", VERDICT_APPROVE);
    expect_refused(&decision, REFUSAL_TOO_MANY);
    size_t kept = 0;
    for (int i = 0; i < 2 * ROUTING_REFUSALS_MAX; i++) {
        decision = fixture_decision(&fx, "mia", VERDICT_APPROVE);
        cr_assert_eq(fixture_decide(&fx, &decision), STATUS_OK);
        cr_expect_eq(fx.answer.refusal, REFUSAL_TOO_MANY);
    }
    for (struct kept_decision *d = fx.refund.decisions; d != NULL; d = d->next)
        kept++;
    cr_expect_eq(kept, ROUTING_DECISIONS_MAX + ROUTING_REFUSALS_MAX);
}
