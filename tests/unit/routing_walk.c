#include "routing_walk.h"

#include "clock.h"

#include <criterion/criterion.h>
#include <string.h>

static int64_t pick(struct routing_walk *walk, int64_t limit)
{
    return source_below(walk->source, limit);
}

static const char *const people[] = {"mia", "noah", "vera", "agent-4"};

static enum status assess_something(struct routing_walk *walk)
{
    static const int64_t amounts[] = {1, 25000, 25001, 250001, 1000001, 200000000};
    static const char *const currencies[] = {"GBP", "GBP", "GBP", "CHF"};
    int64_t minor = amounts[pick(walk, 6)];
    if (walk->wild && pick(walk, 2) == 0)
        minor = source_amount(walk->source, ROUTING_MINOR_MAX);
    struct assessed assessed = fixture_assessed(&walk->fx, minor);
    assessed.status = (enum assessed_status)(1 + pick(walk, 5));
    assessed.currency = currencies[pick(walk, 4)];
    assessed.appeal = pick(walk, 4) == 0;
    assessed.payment_count = (size_t)(1 + pick(walk, 2));
    assessed.version += pick(walk, 12) == 0 ? pick(walk, 3) - 1 : 0;
    walk->fx.rules.router = pick(walk, 8) == 0 ? NULL : &walk->fx.router;
    enum status status = fixture_assess(&walk->fx, &assessed);
    if (status == STATUS_OK)
        walk->last_assessed = assessed.status;
    return status;
}

static void decide_wildly(struct routing_walk *walk, struct decision *decision)
{
    static const char *const payees[] = {"", "account-7"};
    if (decision->has_amount && pick(walk, 2) == 0)
        decision->minor = source_amount(walk->source, ROUTING_MINOR_MAX);
    decision->method = (int32_t)pick(walk, METHOD_MANUAL + 1);
    decision->payee = payees[pick(walk, 2)];
    decision->note = pick(walk, 2) == 0 ? "" : "a note";
    decision->recommended = (enum verdict)pick(walk, VERDICT_DECLINE + 1);
    decision->answer_by_us = pick(walk, 4) == 0 ? walk->fx.now_us + pick(walk, INT64_MAX / 4) : 0;
    decision->occurred_us += pick(walk, 8) == 0 ? pick(walk, 7200) * CLOCK_SECOND_US : 0;
    if (pick(walk, 8) == 0)
        decision->on_behalf_of = people[pick(walk, 4)];
    if (pick(walk, 16) == 0)
        decision->subject_hash = "";
    if (pick(walk, 16) == 0)
        decision->signature_size = 0;
}

static enum status decide_something(struct routing_walk *walk)
{
    struct decision decision =
        fixture_decision(&walk->fx, people[pick(walk, 4)],
                         pick(walk, 2) == 0 ? VERDICT_APPROVE
                                            : (enum verdict)(1 + pick(walk, VERDICT_VERIFY_PAYEE)));
    decision.role = decision.verdict == VERDICT_RECOMMEND
                        ? PERSON_POLICY_REVIEWER
                        : (enum person_role)(PERSON_POLICY_REVIEWER + pick(walk, 3));
    decision.case_version -= pick(walk, 6) == 0 ? 1 : 0;
    if (decision.verdict == VERDICT_APPROVE_REDUCED) {
        decision.has_amount = true;
        decision.minor = walk->fx.refund.latest == NULL ? 1 : walk->fx.refund.latest->minor / 2;
        decision.currency = "GBP";
    }
    if (walk->wild)
        decide_wildly(walk, &decision);
    return fixture_decide(&walk->fx, &decision);
}

static enum status pay_something(struct routing_walk *walk)
{
    struct failed_payout payout = {
        .version = ++walk->payouts,
        .fallback = pick(walk, 2) == 0,
        .payment_id = fixture_payments[pick(walk, 2)].payment_id,
        .minor = walk->wild ? source_amount(walk->source, ROUTING_MINOR_MAX) : 1 + pick(walk, 5000),
        .currency = "GBP"};
    return fixture_pay(&walk->fx, &payout);
}

/* Only a deadline that is set can come due, and then it is gone. */
static enum status let_something_be_due(struct routing_walk *walk)
{
    int64_t first = pick(walk, DEADLINE_KINDS);
    walk->fx.rules.router = pick(walk, 8) == 0 ? NULL : &walk->fx.router;
    for (int i = 0; i < DEADLINE_KINDS; i++) {
        int kind = (int)(first + i) % DEADLINE_KINDS;
        if (!walk->deadlines[kind])
            continue;
        walk->deadlines[kind] = false;
        return fixture_due(&walk->fx, (enum deadline_kind)kind);
    }
    return STATUS_DUPLICATE;
}

static void apply_deadlines(struct routing_walk *walk)
{
    const struct routing_answer *answer = &walk->fx.answer;
    for (int kind = 0; kind < DEADLINE_KINDS; kind++) {
        if (answer->deadlines[kind] != DEADLINE_KEEP)
            walk->deadlines[kind] = answer->deadlines[kind] == DEADLINE_SET;
        if (answer->deadlines[kind] == DEADLINE_SET)
            cr_assert_gt(answer->due_us[kind], walk->fx.now_us);
    }
}

/* Nothing waits without a deadline, and no deadline is left behind. */
static void check_deadlines(const struct routing_walk *walk)
{
    const struct routing_refund *refund = &walk->fx.refund;
    cr_assert_eq(walk->deadlines[DEADLINE_CASE], refund->state == STATE_OPEN);
    cr_assert_eq(walk->deadlines[DEADLINE_ANSWER], refund->state == STATE_WAITING);
    cr_assert_eq(walk->deadlines[DEADLINE_MODEL], refund->state == STATE_HELD);
    cr_assert_eq(walk->deadlines[DEADLINE_TAKEN],
                 refund->latest != NULL && refund->latest->taken_by[0] != '\0');
    cr_assert_eq(refund->held_us != 0, refund->state == STATE_HELD);
}

static void check_case(const struct routing_walk *walk)
{
    const struct routing_case *latest = walk->fx.refund.latest;
    cr_assert_eq(walk->fx.refund.case_count > 0, latest != NULL);
    if (latest == NULL)
        return;
    cr_assert_eq(latest->ordinal, walk->fx.refund.case_count);
    if (walk->fx.refund.state != STATE_HELD) /* a case that is held stays as it was */
        cr_assert_eq(latest->status == CASE_OPEN, walk->fx.refund.state == STATE_OPEN);
    cr_assert(latest->level >= 1 && latest->level <= ROUTE_LEVEL_MAX);
    cr_assert(latest->approvers == 1 || latest->approvers == 2);
    cr_assert_leq(latest->renewed_version, latest->version);
    cr_assert_gt(latest->why_count, 0);
    cr_assert_eq(strlen(latest->subject_hash), 64);
}

/* A policy reviewer who is none of the approvers. */
static bool case_reviewed_by_another(const struct routing_refund *refund)
{
    for (const struct kept_decision *kept = refund->decisions; kept != NULL; kept = kept->next) {
        if (kept->verdict != VERDICT_RECOMMEND || kept->refusal != REFUSAL_NONE ||
            kept->ordinal != refund->case_count)
            continue;
        bool approved = false;
        for (const struct kept_decision *other = refund->decisions; other != NULL;
             other = other->next)
            approved =
                approved || (other->ordinal == kept->ordinal && other->refusal == REFUSAL_NONE &&
                             other->verdict <= VERDICT_APPROVE_REDUCED &&
                             other->result_version > refund->latest->renewed_version &&
                             strcmp(other->actor_id, kept->actor_id) == 0);
        if (!approved)
            return true;
    }
    return false;
}

/* Enough different people who may, and money that adds up. */
static void check_approval(struct routing_walk *walk, const struct routing_refund *before)
{
    const struct routing_answer *answer = &walk->fx.answer;
    int64_t sum = 0;
    for (size_t i = 0; i < answer->share_count; i++)
        sum += answer->shares[i].minor;
    cr_assert_eq(sum, answer->minor);
    cr_assert_eq(walk->fx.refund.state, STATE_APPROVED);
    if (!answer->automatic && walk->fx.refund.latest->exception)
        cr_assert(case_reviewed_by_another(&walk->fx.refund), "an exception without a review");
    bool fallback = !answer->automatic && walk->fx.refund.latest->fallback;
    if (!fallback)
        cr_assert_eq(++walk->whole_approvals, 1, "approved as a whole twice");
    if (answer->automatic) {
        cr_assert_eq(walk->last_assessed, ASSESSED_COMPLIANT, "an exception without a person");
        cr_assert_eq(before->case_count, 0);
        cr_assert_eq(answer->approver_count, 0);
        return;
    }
    cr_assert_eq((int32_t)answer->approver_count, walk->fx.refund.latest->approvers);
    for (size_t i = 0; i < answer->approver_count; i++) {
        cr_assert_str_neq(answer->approvers[i], walk->fx.refund.requester, "own request");
        for (size_t j = 0; j < i; j++)
            cr_assert_str_neq(answer->approvers[i], answer->approvers[j], "one person twice");
    }
}

static void check(struct routing_walk *walk, const struct routing_refund *before,
                  enum status status)
{
    const struct routing_refund *refund = &walk->fx.refund;
    const struct routing_answer *answer = &walk->fx.answer;
    cr_assert(status == STATUS_OK || status == STATUS_DUPLICATE || status == STATUS_GAP);
    if (status != STATUS_OK)
        cr_assert_arr_eq(before, refund, sizeof *refund);
    cr_assert_eq(refund->version, before->version + (answer->status != ROUTED_NOTHING));
    if (answer->refusal != REFUSAL_NONE)
        cr_assert_eq(answer->status, ROUTED_NOTHING);
    if (answer->status == ROUTED_APPROVED)
        check_approval(walk, before);
    if (answer->status == ROUTED_PENDING_APPROVAL || answer->status == ROUTED_ESCALATED)
        cr_assert_eq(refund->state, STATE_OPEN);
    check_case(walk);
}

void routing_walk_step(struct routing_walk *walk)
{
    struct routing_refund before = walk->fx.refund;
    enum status status = STATUS_OK;
    walk->fx.answer = (struct routing_answer){0};
    switch (pick(walk, 6)) {
    case 0:
    case 1:
        status = assess_something(walk);
        break;
    case 2:
    case 3:
        status = decide_something(walk);
        break;
    case 4:
        status = pay_something(walk);
        break;
    default:
        status = let_something_be_due(walk);
        break;
    }
    apply_deadlines(walk);
    check(walk, &before, status);
    check_deadlines(walk);
}
