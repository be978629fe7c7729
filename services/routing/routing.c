#include "routing.h"

#include "clock.h"
#include "routing_internal.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#define NAMES(function, type, rows, prefix)                   \
    const char *function(type value)                          \
    {                                                         \
        static const char *const names[] = {rows(prefix)};    \
        assert((size_t)value < sizeof names / sizeof *names); \
        return names[value] == NULL ? "" : names[value];      \
    }

#define ROUTED_NAME(name, number) [ROUTED_##name] = #name,
#define CASE_NAME(name, number) [CASE_##name] = #name,
NAMES(routed_status_name, enum routed_status, ROUTED_ROWS, ROUTED_NAME)
NAMES(case_status_name, enum case_status, CASE_STATUS_ROWS, CASE_NAME)

/* The actions of the machine. Each works on the row before the state changes. */

static void reasons_of_policy(struct turn *turn)
{
    const struct assessed *assessed =
        turn->assessed != NULL ? turn->assessed : turn->step->refund->assessed;
    if (assessed == NULL)
        return;
    turn->step->answer->reasons = assessed->reasons;
    turn->step->answer->reason_count = assessed->reason_count;
}

void answer_due(struct routing_answer *answer, enum deadline_kind kind, int64_t due_us)
{
    answer->deadlines[kind] = DEADLINE_SET;
    answer->due_us[kind] = due_us;
}

void answer_clear(struct routing_answer *answer, enum deadline_kind kind)
{
    answer->deadlines[kind] = DEADLINE_CLEAR;
}

/* Gives the latest case another status if it is still open; it is then part of the answer. */
static void end_case(struct turn *turn, enum case_status status)
{
    struct routing_case *subject = turn->step->refund->latest;
    if (!case_is_open(subject))
        return;
    case_touch(subject, turn->step->now_us);
    case_free(turn, subject);
    subject->status = status;
    turn->step->answer->about = subject;
}

/* Once, and not what was approved and could not be paid: settlement ends that. */
static bool may_appeal(const struct routing_refund *refund)
{
    return !refund->appealed && (refund->latest == NULL || !refund->latest->fallback);
}

static enum status act_nothing(struct turn *turn)
{
    (void)turn;
    return STATUS_OK;
}

/* Without a case, by what was assessed; with one, by what the case stands for now. */
static enum status act_approve(struct turn *turn)
{
    struct routing_step *step = turn->step;
    struct routing_answer *answer = step->answer;
    struct routing_case *subject = step->refund->latest;
    answer->status = ROUTED_APPROVED;
    answer->tell = TELL_APPROVED;
    answer->expires_us = step->now_us + step->terms->approval_life_us;
    reasons_of_policy(turn);
    if (turn->decision == NULL) {
        assert(turn->assessed != NULL && subject == NULL && turn->route != NULL);
        answer->automatic = true;
        answer->level = AUTHORITY_AUTO;
        answer->route = turn->route;
        answer->minor = turn->assessed->minor;
        answer->currency = turn->assessed->currency;
        answer->method = turn->assessed->method;
        return split_approve(step, turn->assessed->payments, turn->assessed->payment_count,
                             turn->assessed->minor, false);
    }
    end_case(turn, CASE_APPROVED);
    precedent_note(subject, turn->decision);
    answer->minor = subject->minor;
    answer->currency = subject->currency;
    answer->method = subject->method;
    answer->case_version = subject->version;
    if (subject->method == METHOD_BANK_TRANSFER)
        answer->payee = payee_standing(step->refund);
    enum status status = approvers_list(step);
    if (status != STATUS_OK)
        return status;
    return split_approve(step, subject->coverage, subject->coverage_count, subject->minor,
                         subject->fallback);
}

static enum status act_open(struct turn *turn)
{
    return case_open(turn, false);
}

static enum status act_open_above(struct turn *turn)
{
    return case_open(turn, true);
}

static enum status act_count(struct turn *turn)
{
    case_touch(turn->step->refund->latest, turn->step->now_us);
    case_free(turn, turn->step->refund->latest);
    turn->step->answer->status = ROUTED_PENDING_APPROVAL;
    turn->step->answer->about = turn->step->refund->latest;
    reasons_of_policy(turn);
    return STATUS_OK;
}

/* Policy declines what has no case without a word from here: its own event says it. */
static enum status act_decline(struct turn *turn)
{
    struct routing_answer *answer = turn->step->answer;
    end_case(turn, CASE_DECLINED);
    if (answer->about != NULL)
        precedent_note(turn->step->refund->latest, turn->decision);
    reasons_of_policy(turn);
    if (turn->decision == NULL && answer->about == NULL && !turn->assessed->appeal)
        return STATUS_OK;
    answer->status = ROUTED_DECLINED;
    answer->tell = TELL_DECLINED;
    answer->may_appeal = may_appeal(turn->step->refund);
    return STATUS_OK;
}

/* Until what the person said, or the usual time. */
static int64_t wait_for_answer(struct turn *turn)
{
    struct routing_step *step = turn->step;
    int64_t due_us = turn->decision == NULL || turn->decision->answer_by_us == 0
                         ? step->now_us + step->terms->answer_deadline_us
                         : turn->decision->answer_by_us;
    answer_due(step->answer, DEADLINE_ANSWER, due_us);
    return due_us;
}

static enum status act_ask(struct turn *turn)
{
    struct routing_answer *answer = turn->step->answer;
    int64_t due_us = wait_for_answer(turn);
    end_case(turn, CASE_WAITING);
    turn->step->refund->latest->due_us = due_us;
    answer->status = ROUTED_NEEDS_INFO;
    answer->tell = TELL_MORE_INFORMATION;
    answer->until_us = due_us;
    reasons_of_policy(turn);
    return STATUS_OK;
}

/* Policy's own event asks the question; only the deadline is ours. A case keeps waiting. */
static enum status act_await(struct turn *turn)
{
    if (case_is_open(turn->step->refund->latest))
        return act_ask(turn);
    (void)wait_for_answer(turn);
    return STATUS_OK;
}

/* NULL: the arena is full. */
static const char *model_wanted(const struct routing_step *step)
{
    const struct router *router = step->rules.router;
    if (router == NULL || step->answer->unanswered == NULL)
        return "a valid authority model";
    return arena_printf(step->arena, "an authority model that answers: %s %" PRId64 " does not. %s",
                        router->model_id, router->model_version, step->answer->unanswered);
}

/* Once it is held and then once a day operators are told; what waits is its last assessment. */
static enum status act_hold(struct turn *turn)
{
    struct routing_step *step = turn->step;
    struct routing_refund *refund = step->refund;
    bool first = refund->held_us == 0;
    if (first)
        refund->held_us = step->now_us;
    int64_t waited_us = step->now_us - refund->held_us;
    bool another_day =
        waited_us / CLOCK_DAY_US != (waited_us - step->terms->model_retry_us) / CLOCK_DAY_US;
    if (first || (another_day && waited_us >= CLOCK_DAY_US)) {
        step->answer->waiting_for = model_wanted(step);
        step->answer->waiting_since_us = refund->held_us;
        if (step->answer->waiting_for == NULL)
            return STATUS_EXHAUSTED;
    }
    if (case_is_open(refund->latest))
        case_free(turn, refund->latest);
    answer_due(step->answer, DEADLINE_MODEL, step->now_us + step->terms->model_retry_us);
    return STATUS_OK;
}

static enum status act_take(struct turn *turn)
{
    struct routing_step *step = turn->step;
    struct routing_case *subject = step->refund->latest;
    case_touch(subject, step->now_us);
    subject->taken_by = turn->decision->actor_id;
    subject->taken_until_us = step->now_us + step->terms->take_life_us;
    answer_due(step->answer, DEADLINE_TAKEN, subject->taken_until_us);
    step->answer->status = ROUTED_PENDING_APPROVAL;
    step->answer->about = subject;
    return STATUS_OK;
}

static enum status act_free(struct turn *turn)
{
    struct routing_case *subject = turn->step->refund->latest;
    if (subject->taken_by[0] == '\0')
        return STATUS_OK;
    case_touch(subject, turn->step->now_us);
    case_free(turn, subject);
    turn->step->answer->status = ROUTED_PENDING_APPROVAL;
    turn->step->answer->about = subject;
    return STATUS_OK;
}

static enum status act_escalate(struct turn *turn)
{
    struct routing_step *step = turn->step;
    struct routing_case *subject = step->refund->latest;
    if (subject->level >= ROUTE_LEVEL_MAX) {
        answer_due(step->answer, DEADLINE_CASE, step->now_us + CLOCK_DAY_US);
        step->answer->waiting_for = "a decision by the finance controller";
        step->answer->waiting_since_us = subject->opened_us;
        step->answer->about = subject;
        return STATUS_OK;
    }
    subject->level++;
    subject->due_us = calendar_add(step->rules.calendar, step->now_us, subject->deadline_us);
    case_touch(subject, step->now_us);
    case_free(turn, subject);
    answer_due(step->answer, DEADLINE_CASE, subject->due_us);
    step->answer->status = ROUTED_ESCALATED;
    step->answer->about = subject;
    reasons_of_policy(turn);
    return STATUS_OK;
}

static enum status act_expire(struct turn *turn)
{
    end_case(turn, CASE_EXPIRED);
    turn->step->answer->status = ROUTED_EXPIRED;
    turn->step->answer->tell = TELL_EXPIRED;
    turn->step->answer->may_appeal = may_appeal(turn->step->refund);
    reasons_of_policy(turn);
    return STATUS_OK;
}

static enum status act_pass_on(struct turn *turn)
{
    end_case(turn, CASE_CANCELLED);
    turn->step->answer->status = ROUTED_CANCEL_REQUESTED;
    return STATUS_OK;
}

static enum status act_alarm(struct turn *turn)
{
    turn->step->answer->waiting_for = "another method for a payout that failed";
    turn->step->answer->waiting_since_us = turn->step->now_us;
    return STATUS_OK;
}

static enum status (*const actions[])(struct turn *) = {
    [ACTION_IGNORE] = act_nothing,
    [ACTION_NOTE] = act_nothing,
    [ACTION_APPROVE] = act_approve,
    [ACTION_OPEN_CASE] = act_open,
    [ACTION_OPEN_ABOVE] = act_open_above,
    [ACTION_RENEW] = case_renew,
    [ACTION_EXTEND] = case_extend,
    [ACTION_COUNT] = act_count,
    [ACTION_DECLINE] = act_decline,
    [ACTION_ASK] = act_ask,
    [ACTION_AWAIT] = act_await,
    [ACTION_ESCALATE] = act_escalate,
    [ACTION_EXPIRE] = act_expire,
    [ACTION_PASS_ON] = act_pass_on,
    [ACTION_HOLD] = act_hold,
    [ACTION_TAKE] = act_take,
    [ACTION_FREE] = act_free,
    [ACTION_ALARM] = act_alarm,
};

/* The deadline of the state that is left goes; the action has set that of the new one. */
static void clear_deadlines(struct turn *turn, enum decision_state before,
                            enum decision_state after, enum decision_event event)
{
    struct routing_answer *answer = turn->step->answer;
    if (before == STATE_OPEN && after != STATE_OPEN && event != HAPPENED_CASE_DUE)
        answer_clear(answer, DEADLINE_CASE);
    if (before == STATE_WAITING && after != STATE_WAITING && event != HAPPENED_ANSWER_DUE)
        answer_clear(answer, DEADLINE_ANSWER);
    if (before == STATE_HELD && after != STATE_HELD)
        answer_clear(answer, DEADLINE_MODEL);
}

enum status turn_happen(struct turn *turn, enum decision_event event)
{
    struct routing_step *step = turn->step;
    struct routing_refund *refund = step->refund;
    struct decision_transition transition = decision_step(refund->state, event);
    enum status status = actions[transition.action](turn);
    if (status != STATUS_OK)
        return status;
    struct routing_answer *answer = step->answer;
    if (answer->about != NULL && answer->level == 0)
        answer->level = authority_of_case(answer->about->level, answer->about->approvers);
    answer->assessed = turn->assessed != NULL ? turn->assessed : refund->assessed;
    if (transition.action == ACTION_IGNORE)
        answer->ignored = decision_refusal(event);
    clear_deadlines(turn, refund->state, transition.next, event);
    refund->state = transition.next;
    refund->held_us = refund->state == STATE_HELD ? refund->held_us : 0;
    refund->declined = refund->declined || refund->state == STATE_DECLINED;
    refund->version += answer->status != ROUTED_NOTHING ? 1 : 0;
    refund->changed = refund->changed || transition.action != ACTION_IGNORE;
    return STATUS_OK;
}

/* Money that does not go back the way it came. */
static bool leaves_the_payment(int32_t method)
{
    return method == METHOD_BANK_TRANSFER || method == METHOD_MANUAL;
}

/* The same for whoever asks: what a person has had, was declined, is not covered or goes another
 * way is for people. */
static bool needs_person(const struct routing_refund *refund, const struct assessed *assessed)
{
    return assessed->status != ASSESSED_COMPLIANT || assessed->appeal || refund->case_count > 0 ||
           refund->declined || leaves_the_payment(assessed->method) ||
           !coverage_suffices(assessed->payments, assessed->payment_count, assessed->minor);
}

/* Nothing but the machine's table tells what an assessment leads to; this only names it. */
static enum status assessed_event(struct turn *turn, enum decision_event *event)
{
    const struct routing_refund *refund = turn->step->refund;
    const struct assessed *assessed = turn->assessed;
    if (assessed->status == ASSESSED_CANCEL_REQUESTED)
        *event = HAPPENED_CANCEL;
    else if (assessed->appeal && refund->appealed && refund->state == STATE_DECLINED)
        *event = HAPPENED_APPEAL_AGAIN;
    else if (!assessed->appeal && assessed->status == ASSESSED_DECLINED)
        *event = HAPPENED_POLICY_DECLINES;
    else if (!assessed->appeal && assessed->status == ASSESSED_NEEDS_INFO)
        *event = HAPPENED_POLICY_ASKS;
    else {
        bool person = needs_person(refund, assessed);
        enum status status = turn_route(turn, person);
        bool automatic = !person && turn->route != NULL && turn->route->automatic;
        if (status == STATUS_OK && automatic)
            status = limit_automatic(turn, &automatic);
        if (status != STATUS_OK)
            return status;
        *event = turn->route == NULL ? HAPPENED_UNROUTABLE
                 : assessed->appeal  ? HAPPENED_APPEAL
                 : automatic         ? HAPPENED_AUTOMATIC
                                     : HAPPENED_PERSON;
    }
    return STATUS_OK;
}

static bool opens_case(enum decision_action action)
{
    return action == ACTION_OPEN_CASE || action == ACTION_OPEN_ABOVE || action == ACTION_RENEW ||
           action == ACTION_EXTEND;
}

/* No refund gets more than ROUTING_CASES_MAX cases: then only operators are told. */
static bool out_of_cases(const struct routing_refund *refund, enum decision_event event)
{
    return opens_case(decision_step(refund->state, event).action) &&
           !case_is_open(refund->latest) && refund->case_count >= ROUTING_CASES_MAX;
}

enum status routing_assessed(struct routing_step *step, const struct assessed *assessed)
{
    struct routing_refund *refund = step->refund;
    if (assessed->version <= refund->assessed_seen)
        return STATUS_DUPLICATE;
    if (assessed->version > refund->assessed_seen + 1)
        return STATUS_GAP;
    enum decision_event event;
    struct turn turn = {.step = step, .assessed = assessed};
    enum status status = assessed_event(&turn, &event);
    if (status == STATUS_OK)
        status = out_of_cases(refund, event) ? act_alarm(&turn) : turn_happen(&turn, event);
    if (status != STATUS_OK)
        return status;
    refund->assessed_seen = assessed->version;
    refund->requester = assessed->requester;
    refund->appealed = refund->appealed || assessed->appeal;
    if (assessed->appeal)
        refund->appealed_by = assessed->appealed_by;
    refund->answered_by = assessed->answered_by;
    refund->changed = true;
    if (assessed->status != ASSESSED_CANCEL_REQUESTED && refund->state != STATE_DECLINED) {
        refund->assessed = assessed;
        refund->keep_body = true;
    }
    return STATUS_OK;
}

/* A payout that failed after the case it would join is full, or that is of another currency. */
static bool cannot_extend(const struct routing_refund *refund, const struct failed_payout *payout)
{
    const struct routing_case *subject = refund->latest;
    return case_is_open(subject) && (subject->coverage_count >= ROUTING_FAILED_PAYOUTS_MAX ||
                                     strcmp(subject->currency, payout->currency) != 0);
}

enum status routing_payout(struct routing_step *step, const struct failed_payout *payout)
{
    struct routing_refund *refund = step->refund;
    struct turn turn = {.step = step, .payout = payout};
    if (refund == NULL)
        return payout->fallback ? act_alarm(&turn) : STATUS_OK;
    if (payout->version <= refund->payout_seen)
        return STATUS_DUPLICATE;
    enum status status = STATUS_OK;
    if (!payout->fallback)
        split_release(step->order, payout->payment_id, payout->minor);
    else if (out_of_cases(refund, HAPPENED_FALLBACK) || cannot_extend(refund, payout))
        status = act_alarm(&turn);
    else {
        status = turn_route(&turn, true);
        if (status == STATUS_OK)
            status = turn_happen(&turn, HAPPENED_FALLBACK);
    }
    if (status != STATUS_OK)
        return status;
    refund->payout_seen = payout->version;
    refund->changed = true;
    return STATUS_OK;
}

/* What was held is looked at again, as if it had come now. */
static enum status look_again(struct routing_step *step)
{
    struct routing_refund *refund = step->refund;
    struct turn turn = {.step = step, .assessed = refund->assessed};
    if (refund->state != STATE_HELD || refund->assessed == NULL)
        return STATUS_OK;
    enum decision_event event;
    enum status status = assessed_event(&turn, &event);
    if (status != STATUS_OK)
        return status;
    return out_of_cases(refund, event) ? act_alarm(&turn) : turn_happen(&turn, event);
}

enum status routing_due(struct routing_step *step, enum deadline_kind kind)
{
    struct turn turn = {.step = step};
    if (step->refund == NULL)
        return STATUS_OK;
    switch (kind) {
    case DEADLINE_CASE:
        return turn_happen(&turn, HAPPENED_CASE_DUE);
    case DEADLINE_ANSWER:
        return turn_happen(&turn, HAPPENED_ANSWER_DUE);
    case DEADLINE_TAKEN:
        return turn_happen(&turn, HAPPENED_TAKEN_DUE);
    case DEADLINE_MODEL:
        break;
    }
    return look_again(step);
}
