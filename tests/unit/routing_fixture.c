#include "routing_fixture.h"

#include "clock.h"

#include <criterion/criterion.h>
#include <string.h>

const struct coverage fixture_payments[2] = {{"pay_1", 100000000}, {"pay_2", 50000}};

void fixture_start(struct fixture *fixture)
{
    *fixture = (struct fixture){
        .arena = arena_create(4 * 1024 * 1024),
        .order = {.merchant_id = "shop", .order_id = "536365"},
        .refund = {.refund_id = "rf_00000000000000000000000000000001", .requester = ""},
        .now_us = 1000 * CLOCK_DAY_US};
    cr_assert_not_null(fixture->arena);
    cr_assert_eq(authority_read("GBP=25000/250000/1000000", &fixture->authority, NULL), STATUS_OK);
    fixture->terms = (struct routing_terms){.authority = &fixture->authority,
                                            .case_deadline_us = CLOCK_DAY_US,
                                            .answer_deadline_us = 14 * CLOCK_DAY_US,
                                            .approval_life_us = 7 * CLOCK_DAY_US};
}

void fixture_stop(struct fixture *fixture)
{
    arena_destroy(fixture->arena);
}

struct assessed fixture_assessed(const struct fixture *fixture, int64_t minor)
{
    static const int32_t methods[] = {METHOD_ORIGINAL};
    return (struct assessed){.version = fixture->refund.assessed_seen + 1,
                             .status = ASSESSED_COMPLIANT,
                             .minor = minor,
                             .currency = "GBP",
                             .method = METHOD_ORIGINAL,
                             .methods = methods,
                             .method_count = 1,
                             .payments = fixture_payments,
                             .payment_count = 1,
                             .requester = "agent-4",
                             .market = "GB"};
}

struct decision fixture_decision(struct fixture *fixture, const char *who, enum verdict verdict)
{
    const struct routing_case *latest = fixture->refund.latest;
    return (struct decision){
        .decision_id = arena_printf(fixture->arena, "d-%d", ++fixture->decisions),
        .case_id = latest == NULL ? "c_none" : latest->case_id,
        .case_version = latest == NULL ? 1 : latest->version,
        .subject_hash = latest == NULL ? "" : arena_strdup(fixture->arena, latest->subject_hash),
        .actor_id = who,
        .role = PERSON_APPROVER,
        .verdict = verdict,
        .currency = "",
        .note = "",
        .occurred_us = fixture->now_us};
}

static struct routing_step step_of(struct fixture *fixture)
{
    fixture->now_us += CLOCK_SECOND_US;
    fixture->answer = (struct routing_answer){0};
    return (struct routing_step){.terms = &fixture->terms,
                                 .order = &fixture->order,
                                 .refund = &fixture->refund,
                                 .now_us = fixture->now_us,
                                 .arena = fixture->arena,
                                 .answer = &fixture->answer};
}

enum status fixture_assess(struct fixture *fixture, const struct assessed *assessed)
{
    struct routing_step step = step_of(fixture);
    return routing_assessed(&step, arena_memdup(fixture->arena, assessed, sizeof *assessed));
}

enum status fixture_decide(struct fixture *fixture, const struct decision *decision)
{
    struct routing_step step = step_of(fixture);
    return routing_decided(&step, arena_memdup(fixture->arena, decision, sizeof *decision));
}

enum status fixture_pay(struct fixture *fixture, const struct failed_payout *payout)
{
    struct routing_step step = step_of(fixture);
    return routing_payout(&step, payout);
}

enum status fixture_due(struct fixture *fixture, enum deadline_kind kind)
{
    struct routing_step step = step_of(fixture);
    return routing_due(&step, kind);
}

void fixture_open(struct fixture *fixture, int64_t minor)
{
    struct assessed assessed = fixture_assessed(fixture, minor);
    cr_assert_eq(fixture_assess(fixture, &assessed), STATUS_OK);
}

void fixture_say(struct fixture *fixture, const char *who, enum verdict verdict)
{
    struct decision decision = fixture_decision(fixture, who, verdict);
    cr_assert_eq(fixture_decide(fixture, &decision), STATUS_OK);
    cr_assert_eq(fixture->answer.refusal, REFUSAL_NONE, "%s",
                 refusal_reason_name(fixture->answer.refusal));
}

void fixture_reach(struct fixture *fixture, enum decision_state state)
{
    struct assessed assessed = fixture_assessed(fixture, 90000);
    if (state == STATE_NEW)
        return;
    cr_assert_eq(fixture_assess(fixture, &assessed), STATUS_OK);
    if (state == STATE_APPROVED)
        fixture_say(fixture, "mia", VERDICT_APPROVE);
    if (state == STATE_DECLINED)
        fixture_say(fixture, "mia", VERDICT_DECLINE);
    if (state == STATE_WAITING || state == STATE_EXPIRED)
        fixture_say(fixture, "mia", VERDICT_ASK);
    if (state == STATE_EXPIRED)
        cr_assert_eq(fixture_due(fixture, DEADLINE_ANSWER), STATUS_OK);
    if (state == STATE_CANCELLED) {
        assessed.version++;
        assessed.status = ASSESSED_CANCEL_REQUESTED;
        cr_assert_eq(fixture_assess(fixture, &assessed), STATUS_OK);
    }
    cr_assert_eq(fixture->refund.state, state);
}
