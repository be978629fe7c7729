/* Decisions that are genuine or not, whose authority they use, who works on a case, what an
 * exception needs, and what waits for an authority model. */

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

TestSuite(routing_decision, .init = set_up, .fini = tear_down);

static void expect(struct decision decision, enum refusal_reason reason)
{
    int64_t version = fx.refund.version;
    cr_assert_eq(fixture_decide(&fx, &decision), STATUS_OK);
    cr_expect_eq(fx.answer.refusal, reason, "%s instead of %s",
                 refusal_reason_name(fx.answer.refusal), refusal_reason_name(reason));
    if (reason != REFUSAL_NONE)
        cr_expect_eq(fx.refund.version, version);
}

static struct decision said(const char *who, enum verdict verdict)
{
    return fixture_decision(&fx, who, verdict);
}

static struct decision said_by_role(const char *who, enum verdict verdict, enum person_role role)
{
    struct decision decision = said(who, verdict);
    decision.role = role;
    return decision;
}

Test(routing_decision, what_is_not_genuine_is_refused_and_not_remembered)
{
    fixture_open(&fx, 90000);
    struct decision forged = said("mia", VERDICT_APPROVE);
    const uint8_t *good = forged.signature;
    uint8_t *bad = arena_memdup(fx.arena, good, forged.signature_size);
    bad[5] ^= 1;
    forged.signature = bad;
    expect(forged, REFUSAL_SIGNATURE);
    forged.signature_size = 0;
    expect(forged, REFUSAL_SIGNATURE);
    forged.signature = good;
    forged.signature_size = 64;
    forged.key_id = "mia-1";
    expect(forged, REFUSAL_SIGNATURE);
    forged.key_id = "";
    expect(forged, REFUSAL_SIGNATURE);
    forged.key_id = "desk-1";
    forged.actor_id = "mallory";
    expect(forged, REFUSAL_UNKNOWN_PERSON);
    forged.actor_id = "mia";
    forged.on_behalf_of = "mallory";
    expect(forged, REFUSAL_UNKNOWN_PERSON);
    cr_expect_null(fx.refund.decisions, "nobody keeps a real one out by using its id first");
    forged.on_behalf_of = "";
    expect(forged, REFUSAL_NONE);
    cr_expect_eq(fx.answer.status, ROUTED_APPROVED);
}

Test(routing_decision, a_replay_is_a_duplicate)
{
    fixture_open(&fx, 1000001);
    struct decision once = said("mia", VERDICT_APPROVE);
    expect(once, REFUSAL_NONE);
    cr_expect_eq(fixture_decide(&fx, &once), STATUS_DUPLICATE);
    cr_expect_eq(fx.answer.status, ROUTED_NOTHING);
}

Test(routing_decision, without_a_roster_nobody_decides)
{
    fixture_open(&fx, 90000);
    fx.rules.roster = NULL;
    expect(said("mia", VERDICT_APPROVE), REFUSAL_NO_ROSTER);
}

Test(routing_decision, said_too_early_or_too_late)
{
    fixture_open(&fx, 90000);
    struct decision decision = said("mia", VERDICT_APPROVE);
    int64_t updated_us = fx.refund.latest->updated_us;
    decision.occurred_us = updated_us - ROUTING_CLOCK_SKEW_US - 1;
    expect(decision, REFUSAL_TIME);
    decision = said("mia", VERDICT_APPROVE);
    decision.occurred_us = fx.now_us + ROUTING_CLOCK_SKEW_US + 10 * CLOCK_SECOND_US;
    expect(decision, REFUSAL_TIME);
    decision = said("mia", VERDICT_APPROVE);
    decision.occurred_us = updated_us - ROUTING_CLOCK_SKEW_US;
    expect(decision, REFUSAL_NONE);
}

/* Else the limit of each day since the case is as it is could be used up on one. */
Test(routing_decision, said_on_a_day_that_is_over)
{
    fixture_open(&fx, 90000);
    fx.now_us += CLOCK_DAY_US;
    struct decision decision = said("mia", VERDICT_APPROVE);
    decision.occurred_us = fx.now_us - fx.terms.decision_life_us - 10 * CLOCK_SECOND_US;
    expect(decision, REFUSAL_TIME);
    decision = said("mia", VERDICT_APPROVE);
    decision.occurred_us = fx.now_us - fx.terms.decision_life_us + 10 * CLOCK_SECOND_US;
    expect(decision, REFUSAL_NONE);
}

/* Genuine, and refused: what another says under the same id counts all the same. */
Test(routing_decision, nobody_uses_up_the_id_of_another)
{
    fixture_open(&fx, 90000);
    struct decision before = said("agent-4", VERDICT_APPROVE),
                    decision = said("mia", VERDICT_APPROVE);
    before.decision_id = decision.decision_id;
    expect(before, REFUSAL_OWN_REQUEST);
    expect(decision, REFUSAL_NONE);
    cr_expect_eq(fx.answer.status, ROUTED_APPROVED);
}

/* Delegates. */

static const char *const british[] = {"refunds-gb"};
static const struct roster_limit little[] = {{"GBP", 100000}};
static struct roster_delegate delegates[2];
static struct roster_period away;
static struct roster_person people[4];

/* bea has level 1 and up to 1,000.00; dan and agent-4 may act for her for the next hour; cy has
 * level 2. */
static struct roster small_roster(void)
{
    static struct roster_application desk;
    desk = fixture_roster.applications[0];
    struct roster_period hour = {fx.now_us - CLOCK_HOUR_US, fx.now_us + CLOCK_HOUR_US};
    delegates[0] = (struct roster_delegate){"dan", hour};
    delegates[1] = (struct roster_delegate){"agent-4", hour};
    struct roster_person one = {.key = {.key_id = ""},
                                .roles = ROLE_BIT(APPROVER),
                                .queues = british,
                                .queue_count = 1,
                                .level = 1,
                                .per_refund = {little, 1},
                                .per_day = {little, 1},
                                .time_zone = ""};
    for (int i = 0; i < 4; i++)
        people[i] = one;
    people[0].id = "agent-4";
    people[0].roles = ROLE_BIT(SERVICE_AGENT);
    people[1].id = "bea";
    people[1].delegates = delegates;
    people[1].delegate_count = 2;
    people[2].id = "cy";
    people[2].level = 2;
    people[3].id = "dan";
    people[3].roles = ROLE_BIT(SERVICE_AGENT);
    return (struct roster){
        .people = people, .person_count = 4, .applications = &desk, .application_count = 1};
}

static struct decision acting(const char *who, const char *holder)
{
    struct decision decision = said(who, VERDICT_APPROVE);
    decision.on_behalf_of = holder;
    return decision;
}

Test(routing_decision, a_delegate_decides_by_the_delegators_authority)
{
    struct roster roster = small_roster();
    fx.rules.roster = &roster;
    fixture_open(&fx, 100000);
    expect(said("dan", VERDICT_APPROVE), REFUSAL_ROLE);
    expect(acting("dan", "cy"), REFUSAL_DELEGATE);
    expect(acting("dan", "bea"), REFUSAL_NONE);
    cr_expect_eq(fx.answer.status, ROUTED_APPROVED);
    cr_expect_str_eq(fx.refund.decisions->next->next->on_behalf_of, "bea");
}

Test(routing_decision, nobody_approves_their_own_request_through_a_delegate)
{
    struct roster roster = small_roster();
    fx.rules.roster = &roster;
    fixture_open(&fx, 100000);
    expect(acting("agent-4", "bea"), REFUSAL_OWN_REQUEST); /* the requester acts for another */
    people[0].roles = ROLE_BIT(APPROVER);
    people[0].delegates = delegates;
    people[0].delegate_count = 1;
    expect(acting("dan", "agent-4"), REFUSAL_OWN_REQUEST); /* another acts for the requester */
}

Test(routing_decision, a_delegate_and_the_delegator_are_one)
{
    struct roster roster = small_roster();
    people[1].level = 2;
    static const struct roster_limit much[] = {{"GBP", INT64_C(1000000000)}};
    people[1].per_refund = (struct roster_limits){much, 1};
    people[3].roles = ROLE_BIT(APPROVER);
    people[3].level = 2;
    people[3].per_refund = (struct roster_limits){much, 1};
    fx.rules.roster = &roster;
    fixture_open(&fx, 1000001);
    expect(acting("dan", "bea"), REFUSAL_NONE);
    cr_expect_eq(fx.answer.status, ROUTED_PENDING_APPROVAL);
    expect(said("bea", VERDICT_APPROVE), REFUSAL_ALREADY_DECIDED);
    expect(said("dan", VERDICT_APPROVE), REFUSAL_ALREADY_DECIDED);
}

Test(routing_decision, dates_and_absences)
{
    struct roster roster = small_roster();
    fx.rules.roster = &roster;
    fixture_open(&fx, 100000);
    delegates[0].during.until_us = fx.now_us;
    expect(acting("dan", "bea"), REFUSAL_DELEGATE);
    away = (struct roster_period){fx.now_us - 1, fx.now_us + CLOCK_HOUR_US};
    people[1].absences = &away;
    people[1].absence_count = 1;
    expect(said("bea", VERDICT_APPROVE), REFUSAL_ABSENT);
    delegates[0].during.until_us = fx.now_us + CLOCK_HOUR_US;
    expect(acting("dan", "bea"), REFUSAL_NONE);
}

Test(routing_decision, limits_queues_and_levels)
{
    struct roster roster = small_roster();
    fx.rules.roster = &roster;
    fixture_open(&fx, 100001);
    expect(said("bea", VERDICT_APPROVE), REFUSAL_ABOVE_LIMIT);
    struct decision less = said("bea", VERDICT_APPROVE_REDUCED);
    less.has_amount = true;
    less.minor = 100000;
    less.currency = "GBP";
    fx.refund.latest->level = 2;
    expect(less, REFUSAL_ABOVE_AUTHORITY);
    fx.refund.latest->level = 1;
    fx.refund.latest->queue = "refunds-de";
    expect(said("bea", VERDICT_APPROVE), REFUSAL_QUEUE);
    fx.refund.latest->queue = "refunds-gb";
    less.decision_id = "again";
    expect(less, REFUSAL_NONE);
    cr_expect_eq(fx.answer.status, ROUTED_APPROVED);
}

/* Exceptions. */

static void open_exception(int64_t minor)
{
    struct assessed assessed = fixture_assessed(&fx, minor);
    assessed.status = ASSESSED_EXCEPTION;
    assessed.facts.outcome = "EXCEPTION";
    cr_assert_eq(fixture_assess(&fx, &assessed), STATUS_OK);
}

Test(routing_decision, an_exception_needs_a_reviewer_and_another_person)
{
    open_exception(100);
    cr_expect(fx.answer.about->exception);
    cr_expect_eq(fx.answer.level, AUTHORITY_LEVEL_1, "never automatic");
    expect(said("mia", VERDICT_APPROVE), REFUSAL_NOT_REVIEWED);
    struct decision advice = said("noah", VERDICT_RECOMMEND);
    advice.recommended = VERDICT_APPROVE;
    expect(advice, REFUSAL_NONE);
    cr_expect_eq(fx.answer.status, ROUTED_PENDING_APPROVAL);
    expect(said("noah", VERDICT_APPROVE), REFUSAL_ALREADY_DECIDED);
    expect(said("noah", VERDICT_DECLINE), REFUSAL_ALREADY_DECIDED);
    expect(said("mia", VERDICT_APPROVE), REFUSAL_NONE);
    cr_expect_eq(fx.answer.status, ROUTED_APPROVED);
    cr_expect_eq(fx.answer.approver_count, 1);
}

Test(routing_decision, new_facts_need_a_new_review)
{
    open_exception(100);
    fixture_say(&fx, "rob", VERDICT_RECOMMEND);
    open_exception(200);
    expect(said("mia", VERDICT_APPROVE), REFUSAL_NOT_REVIEWED);
    fixture_say(&fx, "rob", VERDICT_RECOMMEND);
    expect(said("mia", VERDICT_APPROVE), REFUSAL_NONE);
}

Test(routing_decision, an_appeal_is_reviewed_by_somebody_else)
{
    open_exception(100);
    fixture_say(&fx, "rob", VERDICT_RECOMMEND);
    fixture_say(&fx, "mia", VERDICT_DECLINE);
    struct assessed appeal = fixture_assessed(&fx, 100);
    appeal.status = ASSESSED_EXCEPTION;
    appeal.appeal = true;
    cr_assert_eq(fixture_assess(&fx, &appeal), STATUS_OK);
    cr_expect_eq(fx.answer.about->level, 2);
    expect(said("rob", VERDICT_RECOMMEND), REFUSAL_ALREADY_DECIDED);
    fixture_say(&fx, "rita", VERDICT_RECOMMEND);
    expect(said("mia", VERDICT_APPROVE), REFUSAL_ALREADY_DECIDED);
    expect(said("noah", VERDICT_APPROVE), REFUSAL_NONE);
    cr_expect_eq(fx.answer.status, ROUTED_APPROVED);
}

/* Working on a case. */

Test(routing_decision, one_person_works_on_a_case)
{
    fixture_open(&fx, 90000);
    expect(said("mia", VERDICT_GIVE_BACK), REFUSAL_TAKEN);
    expect(said("mia", VERDICT_TAKE), REFUSAL_NONE);
    cr_expect_eq(fx.answer.status, ROUTED_PENDING_APPROVAL);
    cr_expect_eq(fx.answer.about->version, 2);
    cr_expect_str_eq(fx.refund.latest->taken_by, "mia");
    cr_expect_eq(fx.answer.deadlines[DEADLINE_TAKEN], DEADLINE_SET);
    expect(said("noah", VERDICT_APPROVE), REFUSAL_TAKEN);
    expect(said("noah", VERDICT_TAKE), REFUSAL_TAKEN);
    expect(said("noah", VERDICT_GIVE_BACK), REFUSAL_TAKEN);
    expect(said("noah", VERDICT_COMMENT), REFUSAL_NONE);
    cr_expect_eq(fx.answer.status, ROUTED_NOTHING);
    cr_expect_eq(fx.refund.latest->version, 2, "a comment makes nobody's view stale");
    expect(said("mia", VERDICT_GIVE_BACK), REFUSAL_NONE);
    cr_expect_str_eq(fx.refund.latest->taken_by, "");
    cr_expect_eq(fx.answer.deadlines[DEADLINE_TAKEN], DEADLINE_CLEAR);
    expect(said("noah", VERDICT_APPROVE), REFUSAL_NONE);
    cr_expect_eq(fx.answer.status, ROUTED_APPROVED);
}

Test(routing_decision, who_took_it_decides_or_loses_it)
{
    fixture_open(&fx, 90000);
    fixture_say(&fx, "mia", VERDICT_TAKE);
    cr_assert_eq(fixture_due(&fx, DEADLINE_TAKEN), STATUS_OK);
    cr_expect_str_eq(fx.refund.latest->taken_by, "");
    cr_expect_eq(fx.answer.status, ROUTED_PENDING_APPROVAL);
    fixture_say(&fx, "noah", VERDICT_TAKE);
    fixture_say(&fx, "noah", VERDICT_APPROVE);
    cr_expect_eq(fx.answer.deadlines[DEADLINE_TAKEN], DEADLINE_CLEAR);
    cr_assert_eq(fixture_due(&fx, DEADLINE_TAKEN), STATUS_OK);
    cr_expect_eq(fx.answer.status, ROUTED_NOTHING, "an old deadline does nothing");
    cr_expect_not_null(fx.answer.ignored);
}

Test(routing_decision, notes_are_bounded_and_leave_room_for_decisions)
{
    fixture_open(&fx, 90000);
    for (int i = 0; i < ROUTING_NOTES_MAX; i++)
        fixture_say(&fx, "mia", VERDICT_COMMENT);
    expect(said("mia", VERDICT_COMMENT), REFUSAL_TOO_MANY);
    expect(said("mia", VERDICT_APPROVE), REFUSAL_NONE);
}

Test(routing_decision, a_question_with_a_deadline_of_its_own)
{
    fixture_open(&fx, 90000);
    struct decision ask = said("mia", VERDICT_ASK);
    ask.answer_by_us = fx.now_us;
    expect(ask, REFUSAL_TIME);
    ask = said("mia", VERDICT_ASK);
    ask.answer_by_us = fx.now_us + 3 * CLOCK_DAY_US;
    expect(ask, REFUSAL_NONE);
    cr_expect_eq(fx.answer.due_us[DEADLINE_ANSWER], ask.answer_by_us);
    cr_expect_eq(fx.answer.until_us, ask.answer_by_us);
}

Test(routing_decision, finance_lifts_the_automatic_limit)
{
    fixture_open(&fx, 90000);
    expect(said_by_role("mia", VERDICT_LIFT, PERSON_APPROVER), REFUSAL_ROLE);
    expect(said_by_role("mia", VERDICT_LIFT, PERSON_FINANCE), REFUSAL_NONE);
    cr_expect_eq(fx.refund.state, STATE_OPEN);
}

/* Working time. */

Test(routing_decision, deadlines_count_working_time)
{
    /* 1972-09-27, the time of the fixture, is a Wednesday. */
    static const struct calendar office = {
        .time_zone = "", .hours = {{3, 9 * 60, 17 * 60}, {4, 9 * 60, 17 * 60}}, .hour_count = 2};
    fx.rules.calendar = &office;
    fixture_open(&fx, 90000);
    int64_t wednesday_us = 1000 * CLOCK_DAY_US;
    int64_t expected_us = wednesday_us + 7 * CLOCK_DAY_US + 17 * CLOCK_HOUR_US;
    cr_expect_eq(fx.answer.due_us[DEADLINE_CASE], expected_us, "24 h are three such days");
    cr_assert_eq(fixture_due(&fx, DEADLINE_CASE), STATUS_OK);
    cr_expect_eq(fx.answer.status, ROUTED_ESCALATED);
    cr_expect_eq(fx.refund.latest->level, 2);
    cr_expect_eq(fx.answer.due_us[DEADLINE_CASE], expected_us);
}

/* No valid model. */

Test(routing_decision, without_a_model_a_refund_waits_and_alarms)
{
    fx.rules.router = NULL;
    fixture_open(&fx, 100);
    cr_expect_eq(fx.refund.state, STATE_HELD);
    cr_expect_eq(fx.answer.status, ROUTED_NOTHING);
    cr_expect_str_eq(fx.answer.waiting_for, "a valid authority model");
    cr_expect_eq(fx.answer.deadlines[DEADLINE_MODEL], DEADLINE_SET);
    cr_expect(fx.refund.keep_body, "it is routed later by what came now");
    cr_assert_eq(fixture_due(&fx, DEADLINE_MODEL), STATUS_OK);
    cr_expect_eq(fx.refund.state, STATE_HELD);
    cr_expect_null(fx.answer.waiting_for, "once a day is enough");
    fx.now_us = fx.refund.held_us + CLOCK_DAY_US;
    cr_assert_eq(fixture_due(&fx, DEADLINE_MODEL), STATUS_OK);
    cr_expect_not_null(fx.answer.waiting_for);
    fx.rules.router = &fx.router;
    cr_assert_eq(fixture_due(&fx, DEADLINE_MODEL), STATUS_OK);
    cr_expect_eq(fx.answer.status, ROUTED_APPROVED);
    cr_expect(fx.answer.automatic);
    cr_expect_eq(fx.refund.held_us, 0);
}

static enum status no_answer(const struct router *router, const struct route_facts *facts,
                             struct arena *arena, struct route *route, struct error *error)
{
    (void)router;
    (void)facts;
    (void)arena;
    (void)route;
    return error_set(error, STATUS_INVALID, "Route.level: a whole number from 1");
}

Test(routing_decision, a_model_without_an_answer_is_none)
{
    fx.router.ask = no_answer;
    fixture_open(&fx, 100);
    cr_expect_eq(fx.refund.state, STATE_HELD);
    cr_expect_not_null(strstr(fx.answer.unanswered, "Route.level"));
}

static enum status always_automatic(const struct router *router, const struct route_facts *facts,
                                    struct arena *arena, struct route *route, struct error *error)
{
    (void)router;
    (void)facts;
    (void)arena;
    (void)error;
    *route = (struct route){.automatic = true, .queue = ""};
    return STATUS_OK;
}

/* Whatever a model says. */
Test(routing_decision, what_is_never_automatic)
{
    static const struct coverage nothing[] = {{"pay_1", 1}};
    fx.router.ask = always_automatic;
    open_exception(100);
    cr_expect_eq(fx.answer.status, ROUTED_PENDING_APPROVAL, "an exception");
    cr_expect_eq(fx.answer.about->level, 1);
    tear_down();
    set_up();
    fx.router.ask = always_automatic;
    struct assessed uncovered = fixture_assessed(&fx, 100);
    uncovered.payments = nothing;
    cr_assert_eq(fixture_assess(&fx, &uncovered), STATUS_OK);
    cr_expect_eq(fx.answer.status, ROUTED_PENDING_APPROVAL, "what is not covered");
    tear_down();
    set_up();
    fx.router.ask = always_automatic;
    struct assessed appeal = fixture_assessed(&fx, 100);
    appeal.appeal = true;
    cr_assert_eq(fixture_assess(&fx, &appeal), STATUS_OK);
    cr_expect_eq(fx.answer.status, ROUTED_PENDING_APPROVAL, "an appeal");
    cr_expect_eq(fx.answer.about->level, 2);
}

Test(routing_decision, what_was_declined_stays_with_people_even_after_waiting)
{
    struct assessed declined = fixture_assessed(&fx, 100);
    declined.status = ASSESSED_DECLINED;
    cr_assert_eq(fixture_assess(&fx, &declined), STATUS_OK);
    fx.rules.router = NULL;
    fixture_open(&fx, 100);
    cr_expect_eq(fx.refund.state, STATE_HELD);
    fx.rules.router = &fx.router;
    cr_assert_eq(fixture_due(&fx, DEADLINE_MODEL), STATUS_OK);
    cr_expect_eq(fx.answer.status, ROUTED_PENDING_APPROVAL);
}
