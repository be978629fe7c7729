/* Follow-ups: answers to questions, appeals, cancellations. */

#include "intake_claim.h"
#include "intake_decide.h"

#include <string.h>

enum fate { FATE_REFUSE, FATE_WAIT, FATE_APPLY };

/* What a follow-up comes to in each state; what is not listed is refused. */
static const enum fate FATES[][REFUND_FAILED + 1] = {
    [FOLLOW_UP_ANSWER] = {[REFUND_PARKED] = FATE_WAIT,
                          [REFUND_OPEN] = FATE_WAIT,
                          [REFUND_NEEDS_INFO] = FATE_APPLY,
                          [REFUND_EXPIRED] = FATE_APPLY},
    [FOLLOW_UP_APPEAL] = {[REFUND_PARKED] = FATE_WAIT,
                          [REFUND_OPEN] = FATE_WAIT,
                          [REFUND_NEEDS_INFO] = FATE_WAIT,
                          [REFUND_DECLINED] = FATE_APPLY},
    [FOLLOW_UP_CANCELLATION] =
        {[REFUND_PARKED] = FATE_WAIT, [REFUND_OPEN] = FATE_APPLY, [REFUND_NEEDS_INFO] = FATE_APPLY},
};

static const char *const SOURCES[] = {
    [FOLLOW_UP_ANSWER] = "answer",
    [FOLLOW_UP_APPEAL] = "appeal",
    [FOLLOW_UP_CANCELLATION] = "cancellation",
};

/* NULL for what is none. */
static const struct follow_up_known *appeal_of(const struct follow_up_known *follow_up)
{
    return follow_up->kind == FOLLOW_UP_APPEAL ? follow_up : NULL;
}

static enum status refuse(const struct intake *intake, struct order *order, struct refund *refund,
                          const struct follow_up_known *follow_up, enum rejection_reason reason,
                          int64_t now_us)
{
    return follow_up_reject(intake, order, refund, reason, follow_up->occurred_at_us,
                            appeal_of(follow_up), now_us);
}

static void drop_new_evidence(struct refund *refund)
{
    struct evidence **at = &refund->evidence;
    while (*at != NULL) {
        if ((*at)->is_new)
            *at = (*at)->next;
        else
            at = &(*at)->next;
    }
}

/* The refund goes through assessment again. If that would be too large, its claim is `held` as it
 * was before. */
static enum status open_again(const struct intake *intake, struct order *order,
                              struct refund *refund, const struct follow_up_known *follow_up,
                              bool held, int64_t now_us)
{
    enum status status =
        refund_open(intake, order, refund, follow_up->occurred_at_us, appeal_of(follow_up), now_us);
    if (status != STATUS_OVERFLOW)
        return status;
    refund->holds = held;
    drop_new_evidence(refund);
    return refuse(intake, order, refund, follow_up, REJECTION_TOO_LARGE, now_us);
}

/* The released claim is taken again, whole or not at all. */
static enum status retake(const struct intake *intake, struct order *order, struct refund *refund,
                          const struct follow_up_known *follow_up, int64_t now_us)
{
    struct take take;
    struct rejection rejection;
    enum status status = claim_readmit(intake->arena, order, refund, &take, &rejection);
    if (status != STATUS_OK)
        return status;
    if (rejection.reason != REJECTION_NONE)
        return refund_reject(intake, order, refund, &rejection, follow_up->occurred_at_us,
                             appeal_of(follow_up), now_us);
    status = claim_commit(intake->arena, order, refund, &take);
    return status != STATUS_OK ? status
                               : open_again(intake, order, refund, follow_up, false, now_us);
}

static enum status apply(const struct intake *intake, struct order *order, struct refund *refund,
                         const struct follow_up_known *follow_up, int64_t now_us)
{
    if (follow_up->kind == FOLLOW_UP_CANCELLATION)
        return refund_cancel(intake, order, refund, follow_up->occurred_at_us, now_us);
    if (follow_up->kind == FOLLOW_UP_APPEAL) {
        if (refund->appealed)
            return refuse(intake, order, refund, follow_up, REJECTION_NOT_APPEALABLE, now_us);
        refund->appealed = true;
    }
    if (refund->holds)
        return open_again(intake, order, refund, follow_up, true, now_us);
    return retake(intake, order, refund, follow_up, now_us);
}

static enum rejection_reason no_occasion(const struct refund *refund,
                                         const struct follow_up_known *follow_up)
{
    bool asked = refund->asking.trigger != 0;
    return asked && follow_up->kind == FOLLOW_UP_CANCELLATION ? REJECTION_CANCEL_TOO_LATE
                                                              : REJECTION_NOT_APPEALABLE;
}

static enum status finish(const struct intake *intake, struct order *order, struct refund *refund,
                          struct follow_up_known *follow_up, enum fate fate, int64_t now_us)
{
    follow_up->state = FOLLOW_UP_DONE;
    follow_up->changed = true;
    if (fate == FATE_APPLY)
        return apply(intake, order, refund, follow_up, now_us);
    return refuse(intake, order, refund, follow_up, no_occasion(refund, follow_up), now_us);
}

static enum status finish_waiting(const struct intake *intake, struct order *order,
                                  struct refund *refund, bool wait, int64_t now_us)
{
    const struct intake_port *port = intake->port;
    bool waits = false, ended = false;
    for (struct follow_up_known *known = refund->follow_ups; known != NULL; known = known->next) {
        if (known->state != FOLLOW_UP_WAITING)
            continue;
        enum fate fate = FATES[known->kind][refund->status];
        if (fate == FATE_WAIT && wait) {
            waits = true;
            continue;
        }
        order->waiting--;
        order->changed = ended = true;
        enum status status = finish(intake, order, refund, known, fate, now_us);
        if (status != STATUS_OK)
            return status;
    }
    if (ended && !waits)
        return port->deadline_clear(port->self, refund, DEADLINE_FOLLOW_UP);
    return STATUS_OK;
}

enum status intake_follow_ups_settle(const struct intake *intake, struct order *order,
                                     struct refund *refund, int64_t now_us)
{
    return finish_waiting(intake, order, refund, true, now_us);
}

enum status intake_follow_up_due(const struct intake *intake, struct order *order,
                                 struct refund *refund, int64_t now_us)
{
    return finish_waiting(intake, order, refund, false, now_us);
}

static enum status wait_for_state(const struct intake *intake, struct order *order,
                                  struct refund *refund, struct follow_up_known *follow_up,
                                  int64_t now_us)
{
    const struct intake_port *port = intake->port;
    follow_up->state = FOLLOW_UP_WAITING;
    order->waiting++;
    order->changed = true;
    return port->deadline(port->self, refund, DEADLINE_FOLLOW_UP, now_us + intake->terms.park_us);
}

/* A row for a refund that nobody asked for: only the refusal stands in it, until a request comes.
 */
static struct refund *create_unknown(const struct intake *intake, struct order *order,
                                     const struct input *input)
{
    const struct follow_up *follow_up = &input->follow_up;
    struct refund *refund = refund_create(intake, order, follow_up->refund_id,
                                          follow_up->customer_token, input->now_us);
    if (refund == NULL)
        return NULL;
    refund->asking.request_id = follow_up->request_id;
    refund->asking.occurred_at_us = input->occurred_at_us;
    refund->status = REFUND_REJECTED;
    refund->rejection = REJECTION_NOT_APPEALABLE;
    refund->updated_at_us = input->now_us;
    return refund;
}

static bool is_known(const struct refund *refund, const struct follow_up *wanted, size_t *count)
{
    const struct follow_up_known *at;
    for (at = refund->follow_ups, *count = 0; at != NULL; at = at->next, ++*count)
        if (at->kind == wanted->kind && strcmp(at->follow_up_id, wanted->id) == 0)
            return true;
    return wanted->kind == FOLLOW_UP_CANCELLATION && refund->cancel_asked;
}

static enum status remember(const struct intake *intake, struct refund *refund,
                            const struct input *input, struct follow_up_known **result)
{
    const struct follow_up *follow_up = &input->follow_up;
    struct follow_up_known *row = arena_zalloc(intake->arena, sizeof *row);
    if (row == NULL)
        return STATUS_EXHAUSTED;
    *row = (struct follow_up_known){.kind = follow_up->kind,
                                    .follow_up_id = follow_up->id,
                                    .actor_id = follow_up->actor_id,
                                    .actor_role = follow_up->actor_role,
                                    .occurred_at_us = input->occurred_at_us,
                                    .is_new = true};
    struct follow_up_known **end = &refund->follow_ups;
    while (*end != NULL)
        end = &(*end)->next;
    *end = *result = row;
    refund->changed = true;
    return refund_note(intake, refund, SOURCES[follow_up->kind], follow_up->note);
}

enum status intake_followed_up(const struct intake *intake, struct order *order,
                               const struct input *input)
{
    const struct follow_up *follow_up = &input->follow_up;
    const struct intake_port *port = intake->port;
    struct refund *refund = order_refund_find(order, follow_up->refund_id);
    if (refund == NULL && follow_up->elsewhere)
        return port->refuse(port->self, REFUSE_CONFLICT, "order_id", order->order_id,
                            "the order of the request; it was made for another one");
    if (refund == NULL)
        refund = create_unknown(intake, order, input);
    if (refund == NULL)
        return STATUS_EXHAUSTED;
    size_t count;
    if (is_known(refund, follow_up, &count))
        return STATUS_DUPLICATE;
    if (count >= INTAKE_FOLLOW_UPS_MAX)
        return port->refuse(port->self, REFUSE_OUT_OF_RANGE, "request_id", follow_up->request_id,
                            "at most 50 follow-ups to one request");
    struct follow_up_known *row;
    enum status status = remember(intake, refund, input, &row);
    if (status != STATUS_OK)
        return status;
    enum fate fate = FATES[follow_up->kind][refund->status];
    if (fate != FATE_REFUSE)
        refund_add_evidence(refund, follow_up->evidence);
    if (fate == FATE_WAIT)
        return wait_for_state(intake, order, refund, row, input->now_us);
    return finish(intake, order, refund, row, fate, input->now_us);
}
