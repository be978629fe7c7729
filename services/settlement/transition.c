#include "transition.h"

#include "arrival.h"
#include "provider_facts.h"

#include <stddef.h>
#include <string.h>

/* Before the id of the stop, in the reason of what it holds. */
#define STOPPED "STOPPED:"

enum {
    SUBMIT_LEAST_US = 500000,     /* until a payout that found no room is offered again */
    SUBMIT_OFF_US = 60 * 1000000, /* the same where there is no sender */
    SUBMIT_MOST_US = 600 * 1000000,
    HELD_LEAST_US = 1000000, /* until a payout that is held is looked at again */
    HELD_MOST_US = 60 * 1000000,
    NOT_SENT_MOST_US = 300 * 1000000, /* until what was not sent is tried again, at most */
    CAPACITY_AGAIN_US = 1000000       /* until a look-up that found no room is tried again */
};

/* Deadlines and the sender. */

static void change_due(struct settling *settling, const char *subject, enum due_kind kind, bool set,
                       int64_t due_us)
{
    struct due_change *change = EFFECT_ADD(settling, due_changes, struct due_change);
    if (change != NULL) {
        change->subject = subject;
        change->kind = kind;
        change->set = set;
        change->due_us = due_us;
    }
}

void payout_due(struct settling *settling, struct payout *payout, enum due_kind kind,
                int64_t due_us)
{
    if (payout->due != DUE_NOTHING && payout->due != kind)
        change_due(settling, payout->payout_id, payout->due, false, 0);
    if (kind != DUE_NOTHING)
        change_due(settling, payout->payout_id, kind, true, due_us);
    payout->due = kind;
}

static int64_t call_horizon_us(const struct settlement_limits *limits)
{
    return limits->send_window_us + limits->call_timeout_us + limits->provider_delay_us;
}

bool look_up_counts(const struct payout *payout, const struct settlement_limits *limits,
                    int64_t asked_us)
{
    return asked_us >= payout->submitted_us + call_horizon_us(limits);
}

/* Jobs of its provider that the sender still takes. */
static size_t *capacity_of(const struct settling *settling, const struct payout *payout)
{
    bool known = payout->provider >= 0 && payout->provider < PROVIDERS;
    return &settling->capacity[known ? payout->provider : PROVIDER_NONE];
}

static bool add_task(struct settling *settling, struct payout *payout, enum task_kind kind,
                     int64_t asked_us)
{
    if (*capacity_of(settling, payout) == 0)
        return false;
    struct task *task = EFFECT_ADD(settling, tasks, struct task);
    if (task == NULL)
        return false;
    task->kind = kind;
    task->payout = payout;
    task->asked_us = asked_us;
    --*capacity_of(settling, payout);
    return true;
}

static bool can_be_asked(const struct payout *payout)
{
    enum look_up_reach reach = provider_facts(payout->provider)->reach;
    return reach == LOOK_UP_ANY ||
           (reach == LOOK_UP_KNOWN && payout->provider_refund_id[0] != '\0');
}

bool payout_can_be_asked(const struct settling *settling, const struct payout *payout)
{
    return payout->payment != NULL && settling->has_adapter(payout->provider) &&
           can_be_asked(payout);
}

bool payout_look_up(struct settling *settling, struct payout *payout)
{
    if (!payout_can_be_asked(settling, payout))
        return true;
    /* Its answer is named by the time: of two at once the second could not be told from the first.
     */
    if (payout->looked_up_us == settling->now_us)
        return true;
    if (!add_task(settling, payout, TASK_LOOK_UP, settling->now_us))
        return false;
    payout->looked_up_us = settling->now_us;
    return true;
}

/* Each attempt has a time of its own, by which its answer is known. */
static void hand_over(struct settling *settling, struct payout *payout)
{
    int64_t at_us = settling->now_us;
    if (at_us <= payout->submitted_us)
        at_us = payout->submitted_us + 1;
    if (!add_task(settling, payout, TASK_SEND, at_us))
        return;
    payout->submitted_us = at_us;
    if (payout->first_submitted_us == 0)
        payout->first_submitted_us = at_us;
    payout->attempts++;
    row_touch(&payout->mark);
    payout_due(settling, payout, DUE_LOOK_UP, at_us + call_horizon_us(settling->limits));
}

/* The provider is down or wants less: the longer it lasts, the rarer it is tried. */
static void try_later(struct settling *settling, struct payout *payout)
{
    int64_t now_us = settling->now_us;
    payout_due(settling, payout, DUE_SUBMIT,
               now_us +
                   clamp_us((now_us - payout->reserved_us) / 4, SUBMIT_LEAST_US, NOT_SENT_MOST_US));
}

/* Our own books: recording it is doing it. */
static void execute_ourselves(struct settling *settling, struct payout *payout)
{
    payout->provider_refund_id = payout->payout_id;
    (void)payout_apply(settling, payout, PAYOUT_EVENT_SUCCEEDED, "");
}

const struct rules_stop *payout_stop(const struct settling *settling, const struct payout *payout)
{
    if (settling->stopped == NULL)
        return NULL;
    return settling->stopped(settling->rules, settling->merchant_id, payout->provider,
                             payout->refund->customer, payout->refund->refund_id);
}

/* Waits, and says what for. */
static void hold(struct settling *settling, struct payout *payout, const char *reason)
{
    int64_t now_us = settling->now_us;
    payout_due(settling, payout, DUE_SUBMIT,
               now_us + clamp_us((now_us - payout->reserved_us) / 4, HELD_LEAST_US, HELD_MOST_US));
    if (reason == NULL || strcmp(payout->reason, reason) == 0)
        return;
    payout->reason = reason;
    publication_add(settling, payout->refund, payout, payout_state_number(payout->state), reason,
                    NOTICE_NONE);
}

/* What it was held for is over, whatever it waits for now. */
static void forget_hold(struct payout *payout)
{
    if (strncmp(payout->reason, STOPPED, strlen(STOPPED)) != 0 &&
        strcmp(payout->reason, REASON_CONFIRMING) != 0)
        return;
    payout->reason = "";
    row_touch(&payout->mark);
}

void payout_try_send(struct settling *settling, struct payout *payout)
{
    int64_t now_us = settling->now_us;
    const struct rules_stop *stop = payout_stop(settling, payout);
    struct payout *unconfirmed = payout_unconfirmed(settling, payout);
    if (stop == NULL && unconfirmed == NULL)
        forget_hold(payout);
    if (paid_before(settling, payout->refund, payout->payment_id, payout->routed_version,
                    payout->amount_minor)) {
        (void)payout_apply(settling, payout, PAYOUT_EVENT_OVERTAKEN, "ALREADY_PAID");
    } else if (stop != NULL) {
        hold(settling, payout, arena_printf(settling->arena, STOPPED "%s", stop->id));
    } else if (unconfirmed != NULL) {
        hold(settling, payout, REASON_CONFIRMING);
        (void)payout_look_up(settling, unconfirmed); /* without room, when it is offered again */
    } else if (!settling->has_adapter(payout->provider)) {
        (void)payout_apply(settling, payout, PAYOUT_EVENT_NO_ADAPTER, "NO_ADAPTER");
    } else if (payout->payment->over) {
        (void)payout_apply(settling, payout, PAYOUT_EVENT_CAP_EXCEEDED, "CAP_EXCEEDED");
    } else if (provider_facts(payout->provider)->executor == EXECUTOR_OURSELVES) {
        execute_ourselves(settling, payout);
    } else if (*capacity_of(settling, payout) > 0) {
        (void)payout_apply(settling, payout, PAYOUT_EVENT_SEND, "");
    } else {
        /* The older, the rarer: what waits together is offered about twice as fast as it came. */
        int64_t least_us = settling->limits->sends_nothing ? SUBMIT_OFF_US : SUBMIT_LEAST_US;
        int64_t wait_us = clamp_us((now_us - payout->reserved_us) / 2, least_us, SUBMIT_MOST_US);
        payout_due(settling, payout, DUE_SUBMIT, now_us + wait_us);
    }
}

void payout_proceed(struct settling *settling, struct payout *payout)
{
    struct payment *payment = payout->payment;
    if (payment == NULL) {
        (void)payout_apply(settling, payout, PAYOUT_EVENT_CAPTURE_MISSING, "");
        payout_due(settling, payout, DUE_CAPTURE,
                   settling->now_us + settling->limits->capture_wait_us);
        return;
    }
    if (payout->provider == PROVIDER_NONE)
        payout->provider = payment->provider;
    if (strcmp(payment->currency, payout->currency) != 0)
        (void)payout_apply(settling, payout, PAYOUT_EVENT_CAP_EXCEEDED, "CURRENCY_MISMATCH");
    else if (payment->over ||
             !payment_admits(settling->rows, payment, payout->amount_minor, payout->currency))
        (void)payout_apply(settling, payout, PAYOUT_EVENT_CAP_EXCEEDED, "CAP_EXCEEDED");
    else
        (void)payout_apply(settling, payout, PAYOUT_EVENT_CAPTURED, "");
}

/* Applying the table. */

/* The money is free, but what was sent may still come to something, and its webhook be lost: the
 * provider is asked once more. */
static void look_once_more(struct settling *settling, struct payout *payout)
{
    bool sent = payout->first_submitted_us != 0 && can_be_asked(payout);
    payout_due(settling, payout, sent ? DUE_POLL : DUE_NOTHING,
               settling->now_us + settling->limits->last_look_us);
}

/* What a payout in a state waits for, when it enters that state. */
static void enter_due(struct settling *settling, struct payout *payout)
{
    const struct settlement_limits *limits = settling->limits;
    int64_t now_us = settling->now_us;
    switch (payout->state) {
    case PAYOUT_PENDING:
    case PAYOUT_REQUIRES_ACTION:
        payout_due(settling, payout, DUE_POLL, now_us + limits->poll_first_us);
        break;
    case PAYOUT_MANUAL:
    case PAYOUT_FALLBACK_PENDING:
        payout_due(settling, payout, DUE_POLL, now_us + limits->alarm_every_us);
        break;
    case PAYOUT_UNKNOWN:
    case PAYOUT_SUBMITTED:
    case PAYOUT_RESERVED:
    case PAYOUT_AWAITING_CAPTURE:
        break; /* set where it is known for when */
    case PAYOUT_FAILED:
    case PAYOUT_CANCELLED:
        look_once_more(settling, payout);
        break;
    case PAYOUT_AWAITING_GOODS:
    case PAYOUT_SUCCEEDED:
    case PAYOUT_REFUSED:
    case PAYOUT_STATES:
        payout_due(settling, payout, DUE_NOTHING, 0);
    }
}

static enum notice notice_of(const struct payout *payout, enum payout_event event)
{
    if (payout->state == PAYOUT_SUCCEEDED)
        return NOTICE_SENT;
    if (payout->state == PAYOUT_FAILED && event != PAYOUT_EVENT_SUPERSEDED)
        return event == PAYOUT_EVENT_DECLINED ? NOTICE_DECLINED : NOTICE_FAILED;
    if (payout->state == PAYOUT_FALLBACK_PENDING)
        return event == PAYOUT_EVENT_GOODS_LOST ? NOTICE_LOST : NOTICE_DIVERTED;
    if (payout->state == PAYOUT_REFUSED)
        return event == PAYOUT_EVENT_OVERTAKEN ? NOTICE_NONE : NOTICE_CAP;
    if (payout->state == PAYOUT_CANCELLED)
        return event == PAYOUT_EVENT_GOODS_DECLINED ? NOTICE_GOODS : NOTICE_CANCELLED;
    return NOTICE_NONE;
}

/* SUBMITTED is our own affair, and so is a way back from it to RESERVED. A payout that no adapter
 * can execute goes on to MANUAL at once. */
static bool is_published(const struct settling *settling, const struct payout *payout,
                         enum payout_state before)
{
    if (payout->state == PAYOUT_RESERVED)
        return before != PAYOUT_SUBMITTED && settling->has_adapter(payout->provider);
    return payout->state != PAYOUT_SUBMITTED && payout->state != PAYOUT_AWAITING_CAPTURE;
}

static void move(struct settling *settling, struct payout *payout, enum payout_event event,
                 enum payout_state next, const char *reason)
{
    enum payout_state before = payout->state;
    payout_move_bucket(settling, payout, payout_bucket(next));
    payout->state = next;
    payout->reason = reason;
    payout->updated_us = settling->now_us;
    payout->cause = settling->cause;
    row_touch(&payout->mark);
    if (next == PAYOUT_RESERVED && before != PAYOUT_SUBMITTED)
        payout->reserved_us = settling->now_us;
    payout->expected_day =
        next == PAYOUT_SUCCEEDED
            ? arrival_day(payout_method(payout), payout->refund->market, settling->now_us)
            : 0;
    enter_due(settling, payout);
    if (is_published(settling, payout, before))
        publication_add(settling, payout->refund, payout, payout_state_number(next), reason,
                        notice_of(payout, event));
}

enum payout_verdict payout_apply(struct settling *settling, struct payout *payout,
                                 enum payout_event event, const char *reason)
{
    struct payout_step step = payout_step(payout->state, event);
    if (step.send && (*capacity_of(settling, payout) == 0 || payout_stop(settling, payout) != NULL))
        return PAYOUT_STAY; /* what is due for it comes again */
    if (step.verdict == PAYOUT_MOVE)
        move(settling, payout, event, step.next, reason);
    if (step.send)
        hand_over(settling, payout);
    if (step.look_up && !payout_look_up(settling, payout))
        payout_due(settling, payout, payout->due == DUE_NOTHING ? DUE_POLL : payout->due,
                   settling->now_us + CAPACITY_AGAIN_US);
    if (step.verdict == PAYOUT_MOVE && payout->state == PAYOUT_RESERVED) {
        if (event == PAYOUT_EVENT_CALL_NOT_SENT)
            try_later(settling, payout);
        else
            payout_try_send(settling, payout);
    }
    return step.verdict;
}
