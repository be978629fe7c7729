/* What shards share, where it bears on a refund: limits of a person's day and of automatic
 * approvals, and precedents. */

#include "routing_fixture.h"

#include "clock.h"
#include "services/routing/routing_internal.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

enum { PEOPLE = 6 };

static struct fixture fixture;
static struct routing_shared shared;
static struct auto_limits limits;
static struct roster roster;
static struct roster_person people[PEOPLE];
static const struct roster_limit per_day[] = {{"GBP", 100000}};

static void begin(void)
{
    fixture_start(&fixture);
    person_days_start(&shared.days, fixture.arena);
    auto_meters_start(&shared.meters, fixture.arena);
    fixture.shared = &shared;
    limits = (struct auto_limits){0};
    fixture.rules.limits = &limits;
    cr_assert(fixture_roster.person_count == PEOPLE);
    memcpy(people, fixture_roster.people, sizeof people);
    for (size_t i = 0; i < PEOPLE; i++)
        people[i].per_day = (struct roster_limits){per_day, 1};
    roster = fixture_roster;
    roster.people = people;
    fixture.rules.roster = &roster;
}

static void end(void)
{
    fixture_stop(&fixture);
}

TestSuite(routing_shared, .init = begin, .fini = end);

/* Another refund of the same order; what is shared stays. */
static void next_refund(int64_t minor)
{
    static char ids[64][IDENTITY_MAX];
    static size_t count;
    char *id = ids[count++ % 64];
    (void)snprintf(id, IDENTITY_MAX, "rf_%032zu", count);
    fixture.refund = (struct routing_refund){
        .refund_id = id, .requester = "", .appealed_by = "", .answered_by = ""};
    fixture_open(&fixture, minor);
}

static enum refusal_reason say(const char *who, enum verdict verdict)
{
    struct decision decision = fixture_decision(&fixture, who, verdict);
    cr_assert(fixture_decide(&fixture, &decision) == STATUS_OK);
    return fixture.answer.refusal;
}

Test(routing_shared, small_cases_cannot_split_the_limit_of_a_day)
{
    for (int i = 0; i < 3; i++) {
        next_refund(30000);
        cr_assert(say("mia", VERDICT_APPROVE) == REFUSAL_NONE);
    }
    next_refund(30000);
    cr_expect(say("mia", VERDICT_APPROVE) == REFUSAL_DAY_LIMIT);
    cr_expect(fixture.refund.state == STATE_OPEN, "the case is as it was");
    const struct kept_decision *kept = fixture.refund.decisions;
    cr_expect(kept->day.looked && kept->day.used_minor == 90000 &&
                  kept->day.limit_minor == 100000 && kept->day.day == 1000,
              "what it saw is kept");
    cr_expect(say("noah", VERDICT_APPROVE) == REFUSAL_NONE, "another person has another day");
}

Test(routing_shared, one_roster_of_several_merchants_has_one_limit_of_a_day)
{
    next_refund(90000);
    cr_assert(say("mia", VERDICT_APPROVE) == REFUSAL_NONE);
    fixture.order.merchant_id = "another-shop";
    next_refund(30000);
    cr_expect(say("mia", VERDICT_APPROVE) == REFUSAL_DAY_LIMIT, "it is the same mia");
    fixture.rules.roster_of = "another-shop";
    cr_expect(say("mia", VERDICT_APPROVE) == REFUSAL_NONE, "in a roster of its own it is another");
}

Test(routing_shared, a_smaller_amount_may_still_fit)
{
    next_refund(90000);
    cr_assert(say("mia", VERDICT_APPROVE) == REFUSAL_NONE);
    next_refund(30000);
    cr_expect(say("mia", VERDICT_APPROVE) == REFUSAL_DAY_LIMIT);
    struct decision less = fixture_decision(&fixture, "mia", VERDICT_APPROVE_REDUCED);
    less.has_amount = true;
    less.minor = 10000;
    less.currency = "GBP";
    cr_assert(fixture_decide(&fixture, &less) == STATUS_OK);
    cr_expect(fixture.answer.refusal == REFUSAL_NONE);
    cr_expect(shared.days.first->used_minor == 100000);
}

Test(routing_shared, declining_and_asking_use_nothing_up)
{
    next_refund(90000);
    cr_assert(say("mia", VERDICT_DECLINE) == REFUSAL_NONE);
    next_refund(90000);
    cr_assert(say("mia", VERDICT_ASK) == REFUSAL_NONE);
    cr_expect(shared.days.first == NULL);
}

Test(routing_shared, each_of_two_approvers_uses_their_own_day)
{
    static const struct roster_limit much[] = {{"GBP", 5000000}};
    for (size_t i = 0; i < PEOPLE; i++)
        people[i].per_day.items = much;
    next_refund(1500000);
    cr_assert(fixture.refund.latest->approvers == 2);
    cr_assert(say("mia", VERDICT_APPROVE) == REFUSAL_NONE);
    cr_assert(say("noah", VERDICT_APPROVE) == REFUSAL_NONE);
    cr_expect(shared.days.first->used_minor == 1500000 && shared.days.last->used_minor == 1500000);
    cr_expect_str_eq(shared.days.last->key.person_id, "noah");
}

Test(routing_shared, a_delegate_uses_the_day_of_who_delegated)
{
    static const struct roster_delegate delegates[] = {{"noah", {0, INT64_MAX}}};
    for (size_t i = 0; i < PEOPLE; i++)
        if (strcmp(people[i].id, "mia") == 0) {
            people[i].delegates = delegates;
            people[i].delegate_count = 1;
        }
    next_refund(90000);
    cr_assert(say("mia", VERDICT_APPROVE) == REFUSAL_NONE);
    next_refund(30000);
    struct decision decision = fixture_decision(&fixture, "noah", VERDICT_APPROVE);
    decision.on_behalf_of = "mia";
    cr_assert(fixture_decide(&fixture, &decision) == STATUS_OK);
    cr_expect(fixture.answer.refusal == REFUSAL_DAY_LIMIT);
    cr_expect(say("noah", VERDICT_APPROVE) == REFUSAL_NONE);
}

Test(routing_shared, a_limit_that_trips_sends_everything_to_people)
{
    limits.merchant.per_hour = 2;
    for (int i = 0; i < 2; i++) {
        next_refund(500);
        cr_assert(fixture.answer.status == ROUTED_APPROVED && fixture.answer.automatic);
    }
    next_refund(500);
    cr_expect(fixture.answer.status == ROUTED_PENDING_APPROVAL && fixture.answer.limited.trips);
    const struct routing_case *subject = fixture.refund.latest;
    cr_expect(subject->approvers >= 1 && subject->level >= 1);
    cr_expect_str_eq(subject->why[0],
                     "automatic approvals are stopped: limit automatic_per_hour reached");
    cr_expect_str_eq(fixture.answer.reasons[0], "AUTOMATIC_LIMIT");
    next_refund(500);
    cr_expect(fixture.answer.status == ROUTED_PENDING_APPROVAL && !fixture.answer.limited.trips,
              "told once");
}

Test(routing_shared, finance_lifts_it)
{
    limits.merchant.per_day = 1;
    next_refund(500);
    next_refund(500);
    cr_assert(fixture.answer.limited.trips);
    cr_expect(say("mia", VERDICT_LIFT) == REFUSAL_ROLE, "not as an approver");
    struct decision lift = fixture_decision(&fixture, "mia", VERDICT_LIFT);
    lift.role = PERSON_FINANCE;
    cr_assert(fixture_decide(&fixture, &lift) == STATUS_OK);
    cr_expect(fixture.answer.refusal == REFUSAL_NONE && fixture.answer.lifted == 1);
    cr_expect(fixture.refund.state == STATE_OPEN, "the case itself stays to be decided");
    next_refund(500);
    cr_expect(fixture.answer.status == ROUTED_APPROVED && fixture.answer.automatic);
}

Test(routing_shared, what_is_for_people_anyway_is_not_counted)
{
    limits.merchant.per_day = 1;
    next_refund(90000);
    cr_expect(fixture.answer.status == ROUTED_PENDING_APPROVAL);
    next_refund(500);
    cr_expect(fixture.answer.status == ROUTED_APPROVED);
}

static void open_exception(void)
{
    static const char *const reasons[] = {"RETURN_WINDOW"};
    fixture.refund = (struct routing_refund){
        .refund_id = "rf_exception", .requester = "", .appealed_by = "", .answered_by = ""};
    struct assessed assessed = fixture_assessed(&fixture, 12345);
    assessed.status = ASSESSED_EXCEPTION;
    assessed.reasons = reasons;
    assessed.reason_count = 1;
    assessed.facts.reason = "DAMAGED";
    assessed.facts.refunds_last_year = 2;
    cr_assert(fixture_assess(&fixture, &assessed) == STATUS_OK);
}

Test(routing_shared, an_exception_carries_precedents_and_becomes_one)
{
    static const struct precedent found[] = {
        {.case_id = "c_1", .verdict = VERDICT_APPROVE, .currency = "GBP"},
        {.case_id = "c_2", .verdict = VERDICT_DECLINE, .currency = "GBP"}};
    fixture.found = (struct routing_found){.precedents = found, .precedent_count = 2};
    open_exception();
    struct routing_case *subject = fixture.refund.latest;
    cr_assert(subject->precedent_count == 2 && subject->precedents_new);
    cr_expect_str_eq(subject->precedents[0].case_id, "c_1");
    cr_assert(say("rob", VERDICT_RECOMMEND) == REFUSAL_NONE);
    cr_expect(subject->as_precedent == 0, "advice decides nothing");
    cr_assert(say("mia", VERDICT_DECLINE) == REFUSAL_NONE);
    cr_expect(subject->as_precedent == VERDICT_DECLINE);
    cr_expect_str_eq(subject->decided_by, "mia");
    struct fingerprint print = precedent_fingerprint(fixture.refund.assessed);
    cr_expect_str_eq(print.rule, "RETURN_WINDOW");
    cr_expect_str_eq(print.reason, "DAMAGED");
    cr_expect(print.band == 9 && print.history == HISTORY_FEW);
}

Test(routing_shared, what_is_compliant_is_no_precedent)
{
    static const struct precedent found[] = {{.case_id = "c_1", .currency = "GBP"}};
    fixture.found = (struct routing_found){.precedents = found, .precedent_count = 1};
    next_refund(90000);
    cr_assert(say("mia", VERDICT_APPROVE) == REFUSAL_NONE);
    cr_expect(fixture.refund.latest->as_precedent == 0);
    cr_expect(fixture.refund.latest->precedent_count == 0);
}
