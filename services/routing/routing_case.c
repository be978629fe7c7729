/* Opening a case and changing what it is about. */

#include "routing_internal.h"

#include "money.h"

#include <stdio.h>
#include <string.h>

bool case_is_open(const struct routing_case *subject)
{
    return subject != NULL && (subject->status == CASE_OPEN || subject->status == CASE_WAITING);
}

void case_touch(struct routing_case *subject, int64_t now_us)
{
    subject->version++;
    subject->updated_us = now_us;
    subject->changed = true;
}

enum status case_hash(struct routing_case *subject, struct arena *arena)
{
    const char **ids = arena_array(arena, subject->coverage_count + 1, sizeof *ids);
    if (ids == NULL)
        return STATUS_EXHAUSTED;
    for (size_t i = 0; i < subject->coverage_count; i++)
        ids[i] = subject->coverage[i].payment_id;
    approval_subject_hash(subject->minor, subject->currency, ids, subject->coverage_count,
                          subject->method, subject->subject_hash);
    return STATUS_OK;
}

static void say_why(struct routing_case *subject, const char *words)
{
    if (subject->why_count < ROUTING_WHY_MAX)
        subject->why[subject->why_count++] = words;
}

void case_free(struct turn *turn, struct routing_case *subject)
{
    if (subject->taken_by[0] == '\0')
        return;
    subject->taken_by = "";
    subject->taken_until_us = 0;
    subject->changed = true;
    answer_clear(turn->step->answer, DEADLINE_TAKEN);
}

/* What the model looks at: of an assessment its facts, of a failed payout those of the refund. */
static struct route_facts facts_of(const struct turn *turn)
{
    const struct assessed *known =
        turn->assessed != NULL ? turn->assessed : turn->step->refund->assessed;
    struct route_facts facts = {.market = "", .refunds_last_year = -1};
    if (known != NULL)
        facts = known->facts;
    facts.minor = turn->assessed != NULL ? turn->assessed->minor : turn->payout->minor;
    facts.currency = turn->assessed != NULL ? turn->assessed->currency : turn->payout->currency;
    facts.appeal = turn->assessed != NULL && turn->assessed->appeal;
    facts.failed_payout = turn->payout != NULL;
    return facts;
}

/* A refund that was approved once stays about the payouts that failed (take_assessed). */
static void facts_of_case(const struct turn *turn, struct route_facts *facts)
{
    const struct routing_case *latest = turn->step->refund->latest;
    if (latest == NULL || !latest->fallback)
        return;
    facts->failed_payout = true;
    if (turn->assessed != NULL) {
        facts->minor = latest->minor;
        facts->currency = latest->currency;
    } else if (case_is_open(latest)) {
        facts->minor += latest->minor;
    }
}

enum status turn_route(struct turn *turn, bool person)
{
    struct routing_step *step = turn->step;
    const struct router *router = step->rules.router;
    turn->route = NULL;
    if (router == NULL)
        return STATUS_OK;
    struct route *route = arena_zalloc(step->arena, sizeof *route);
    if (route == NULL)
        return STATUS_EXHAUSTED;
    struct route_facts facts = facts_of(turn);
    facts_of_case(turn, &facts);
    facts.person_required = person;
    struct error error = {""};
    enum status status = router->ask(router, &facts, step->arena, route, &error);
    if (status == STATUS_INVALID) {
        step->answer->unanswered = arena_strdup(step->arena, error.text);
        return step->answer->unanswered == NULL ? STATUS_EXHAUSTED : STATUS_OK;
    }
    if (person)
        route_for_people(route);
    turn->route = route;
    return status;
}

struct explanation {
    struct turn *turn;
    struct routing_case *subject;
    const char **codes;
    size_t count, room;
};

static void explain_by(struct explanation *explanation, const char *code, const char *words)
{
    if (explanation->count < explanation->room)
        explanation->codes[explanation->count++] = code;
    say_why(explanation->subject, words);
}

static void explain_policy(struct explanation *explanation)
{
    const struct assessed *assessed = explanation->turn->assessed;
    struct routing_case *subject = explanation->subject;
    for (size_t i = 0; assessed != NULL && i < assessed->reason_count; i++) {
        explanation->codes[explanation->count++] = assessed->reasons[i];
        if (subject->why_count < ROUTING_WHY_MAX / 2)
            say_why(subject, arena_printf(explanation->turn->step->arena, "outside the policy: %s",
                                          assessed->reasons[i]));
    }
}

static void explain_model(struct explanation *explanation)
{
    struct arena *arena = explanation->turn->step->arena;
    const struct route *route = explanation->turn->route;
    struct money amount;
    char text[MONEY_TEXT_MAX];
    if (route == NULL) {
        explain_by(explanation, "NO_MODEL", "there is no valid authority model");
        return;
    }
    if (explanation->turn->step->answer->limited.limit != AUTO_LIMIT_NONE)
        explain_by(explanation, "AUTOMATIC_LIMIT", limit_words(explanation->turn));
    bool named = money_make(explanation->subject->minor, explanation->subject->currency, &amount) ==
                 STATUS_OK;
    for (size_t i = 0; i < route->reason_count; i++)
        explain_by(explanation, route->reasons[i],
                   arena_printf(arena, "by the authority model, for %s: %s",
                                named ? money_format(amount, text) : "this amount",
                                route->reasons[i]));
}

/* Why a person must look, in words; the codes go into the answer, after those of policy. */
static enum status explain(struct turn *turn, struct routing_case *subject)
{
    struct arena *arena = turn->step->arena;
    struct explanation explanation = {.turn = turn, .subject = subject};
    explanation.room = (turn->assessed == NULL ? 0 : turn->assessed->reason_count) +
                       ROUTING_WHY_MAX + ROUTE_REASONS_MAX;
    explanation.codes = arena_array(arena, explanation.room, sizeof *explanation.codes);
    if (explanation.codes == NULL)
        return STATUS_EXHAUSTED;
    subject->why_count = 0;
    explain_policy(&explanation);
    if (subject->appeal)
        explain_by(&explanation, "APPEAL", "appeal against a decision");
    if (subject->fallback)
        explain_by(&explanation, "FALLBACK",
                   "the provider could not pay back to the original payment");
    explain_model(&explanation);
    if (!coverage_suffices(subject->coverage, subject->coverage_count, subject->minor))
        explain_by(&explanation, "NOT_COVERED", "the captured payments do not cover the amount");
    if (subject->why_count == 0)
        explain_by(&explanation, "PERSON", "a person must look");
    turn->step->answer->reasons = explanation.codes;
    turn->step->answer->reason_count = explanation.count;
    return arena_exhausted(arena) ? STATUS_EXHAUSTED : STATUS_OK;
}

/* Queue, level and approvers by the model; never below `floor_level`. Without a model, which only
 * a failed payout can come to, it is for the finance controller. */
static enum status assign(struct turn *turn, struct routing_case *subject, int32_t floor_level,
                          bool above)
{
    const struct route *route = turn->route;
    subject->queue = route == NULL ? "refunds" : route->queue;
    subject->level = route == NULL ? ROUTE_LEVEL_MAX : route->level;
    subject->approvers = route == NULL ? 1 : route->approvers;
    subject->deadline_us = route == NULL || route->deadline_us == 0
                               ? turn->step->terms->case_deadline_us
                               : route->deadline_us;
    if (subject->level < floor_level)
        subject->level = floor_level;
    if (above && subject->level < ROUTE_LEVEL_MAX)
        subject->level++;
    turn->step->answer->route = route;
    return explain(turn, subject);
}

static void set_due(struct turn *turn, struct routing_case *subject)
{
    const struct routing_step *step = turn->step;
    subject->due_us = calendar_add(step->rules.calendar, step->now_us, subject->deadline_us);
    answer_due(step->answer, DEADLINE_CASE, subject->due_us);
}

/* What is not known, for people to see. */
static void take_missing(struct routing_case *subject, const struct assessed *assessed)
{
    subject->missing_count = assessed == NULL ? 0 : assessed->missing_count;
    for (size_t i = 0; i < subject->missing_count; i++)
        subject->missing[i] = assessed->missing[i];
}

/* Those that the case came with stay, so that everybody decides it by the same. */
static void take_precedents(struct routing_case *subject, const struct routing_found *found)
{
    if (!subject->exception || subject->precedent_count > 0)
        return;
    subject->precedents = found->precedents;
    subject->precedent_count = found->precedent_count;
    subject->precedents_new = found->precedent_count > 0;
}

/* What an assessment asks for. A refund that was approved once is never approved again as a whole:
 * later cases stay about the payouts that failed, so that nothing is paid twice. */
static void take_assessed(struct turn *turn, struct routing_case *subject,
                          const struct routing_case *previous)
{
    bool approved_before = previous != NULL && previous->fallback;
    subject->appeal = turn->assessed->appeal || subject->appeal;
    subject->fallback = approved_before;
    subject->exception = !approved_before && turn->assessed->status != ASSESSED_COMPLIANT;
    subject->minor = approved_before ? previous->minor : turn->assessed->minor;
    subject->currency = approved_before ? previous->currency : turn->assessed->currency;
    subject->method = approved_before ? previous->method : turn->assessed->method;
    subject->coverage = approved_before ? previous->coverage : turn->assessed->payments;
    subject->coverage_count =
        approved_before ? previous->coverage_count : turn->assessed->payment_count;
    take_missing(subject, turn->assessed);
    take_precedents(subject, &turn->step->found);
}

/* What a failed payout leaves to be paid, beside what the open case has already. Finance can always
 * pay by hand; the approver may choose another method. The sum fits: ROUTING_FAILED_PAYOUTS_MAX
 * amounts of at most ROUTING_MINOR_MAX. */
static enum status take_payout(struct turn *turn, struct routing_case *subject)
{
    size_t before = subject->coverage_count;
    struct coverage *all = arena_array(turn->step->arena, before + 1, sizeof *all);
    if (all == NULL)
        return STATUS_EXHAUSTED;
    size_t at = before;
    for (size_t i = 0; i < before; i++) {
        all[i] = subject->coverage[i];
        if (strcmp(all[i].payment_id, turn->payout->payment_id) == 0)
            at = i;
    }
    all[at].payment_id = turn->payout->payment_id;
    all[at].minor += turn->payout->minor;
    subject->minor += turn->payout->minor;
    subject->currency = turn->payout->currency;
    subject->method = METHOD_MANUAL;
    subject->coverage = all;
    subject->coverage_count = at == before ? before + 1 : before;
    subject->fallback = true;
    subject->exception = false;
    return STATUS_OK;
}

/* The case now stands for what the turn brings, and waits for people. */
static enum status put(struct turn *turn, struct routing_case *subject,
                       const struct routing_case *previous, int32_t floor_level, bool above)
{
    struct routing_step *step = turn->step;
    enum status status = STATUS_OK;
    if (turn->assessed != NULL)
        take_assessed(turn, subject, previous);
    else
        status = take_payout(turn, subject);
    if (status == STATUS_OK)
        status = assign(turn, subject, floor_level, above);
    if (status == STATUS_OK)
        status = case_hash(subject, step->arena);
    case_touch(subject, step->now_us);
    subject->renewed_version = subject->version;
    subject->status = CASE_OPEN;
    case_free(turn, subject);
    set_due(turn, subject);
    step->answer->status = ROUTED_PENDING_APPROVAL;
    step->answer->about = subject;
    return status;
}

enum status case_open(struct turn *turn, bool above)
{
    struct routing_step *step = turn->step;
    struct routing_refund *refund = step->refund;
    struct routing_case *subject = arena_zalloc(step->arena, sizeof *subject);
    if (subject == NULL)
        return STATUS_EXHAUSTED;
    subject->ordinal = refund->case_count + 1;
    identity_case(step->order->merchant_id, refund->refund_id, subject->ordinal, subject->case_id);
    subject->opened_us = step->now_us;
    subject->appeal = above;
    subject->taken_by = "";
    const struct routing_case *previous = refund->latest;
    subject->older = refund->latest;
    refund->case_count = subject->ordinal;
    refund->latest = subject;
    return put(turn, subject, previous, above && previous != NULL ? previous->level : 0, above);
}

enum status case_renew(struct turn *turn)
{
    struct routing_case *subject = turn->step->refund->latest;
    if (!case_is_open(subject))
        return case_open(turn, turn->assessed->appeal);
    return put(turn, subject, subject, subject->level, false);
}

enum status case_extend(struct turn *turn)
{
    struct routing_case *subject = turn->step->refund->latest;
    if (!case_is_open(subject))
        return case_open(turn, false);
    return put(turn, subject, subject, subject->level, false);
}
