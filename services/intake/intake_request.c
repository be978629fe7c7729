/* Requests: from asking to a claim, a rejection, or waiting for the order. */

#include "intake_claim.h"
#include "intake_decide.h"

#include <string.h>

struct refund *refund_create(const struct intake *intake, struct order *order,
                             const char *refund_id, const char *customer_token, int64_t now_us)
{
    struct refund *refund = arena_zalloc(intake->arena, sizeof *refund);
    if (refund == NULL)
        return NULL;
    order_ensure(intake, order, now_us);
    refund->refund_key = intake->port->key(intake->port->self, order);
    refund->refund_id = refund_id;
    refund->customer_token = customer_token;
    refund->asking.requester_id = refund->asking.external_reference = "";
    refund->received_at_us = now_us;
    refund->is_new = true;
    order_add_refund(order, refund);
    return refund;
}

enum status refund_note(const struct intake *intake, struct refund *refund, const char *source,
                        const char *text)
{
    if (text[0] == '\0')
        return STATUS_OK;
    struct note *note = arena_alloc(intake->arena, sizeof *note);
    if (note == NULL)
        return STATUS_EXHAUSTED;
    *note = (struct note){.source = source, .text = text, .next = refund->notes};
    refund->notes = note;
    return STATUS_OK;
}

void refund_add_evidence(struct refund *refund, struct evidence *evidence)
{
    struct evidence **end = &refund->evidence;
    while (*end != NULL)
        end = &(*end)->next;
    *end = evidence;
}

static enum status add_lines(const struct intake *intake, const struct request *request,
                             struct refund *refund)
{
    for (size_t i = 0; i < request->line_count; i++) {
        struct claim *claim = arena_zalloc(intake->arena, sizeof *claim);
        if (claim == NULL)
            return STATUS_EXHAUSTED;
        claim->line_id = request->lines[i].line_id;
        claim->asked_no = (int32_t)i + 1;
        claim->asked_units = request->lines[i].units;
        claim->is_new = true;
        claim_link(claim, refund, NULL);
    }
    return STATUS_OK;
}

/* The same reference and content under another request id. One that was rejected does not count:
 * nothing but a new request can follow it. */
static const struct refund *first_of_duplicate(const struct order *order,
                                               const struct refund *refund)
{
    const struct asking *asking = &refund->asking;
    if (asking->external_reference[0] == '\0')
        return NULL;
    for (const struct refund *other = order->refunds; other != NULL; other = other->next)
        if (other != refund && other->status != REFUND_REJECTED &&
            other->asking.fingerprint == asking->fingerprint &&
            strcmp(other->asking.external_reference, asking->external_reference) == 0)
            return other;
    return NULL;
}

static enum status reject(const struct intake *intake, struct order *order, struct refund *refund,
                          const struct rejection *rejection, int64_t now_us)
{
    return refund_reject(intake, order, refund, rejection, refund->asking.occurred_at_us, NULL,
                         now_us);
}

static enum status reject_plainly(const struct intake *intake, struct order *order,
                                  struct refund *refund, enum rejection_reason reason,
                                  const char *refund_id, int64_t now_us)
{
    struct rejection rejection = {.reason = reason, .line_id = "", .refund_id = refund_id};
    return reject(intake, order, refund, &rejection, now_us);
}

static enum status count_refund(const struct intake *intake, struct order *order,
                                const struct refund *refund)
{
    struct customer_addition addition = {.token = order->customer_token,
                                         .day_of_us = refund->asking.occurred_at_us,
                                         .currency = order->currency,
                                         .refunds = 1};
    if (order->customer != NULL) {
        order->customer->refunds++;
        order->customer->refunds_last_year++;
    }
    if (order->customer_token[0] == '\0')
        return STATUS_OK;
    return intake->port->add(intake->port->self, order, &addition);
}

/* The order is usable: the request becomes a claim, or is rejected. */
static enum status settle(const struct intake *intake, struct order *order, struct refund *refund,
                          int64_t now_us)
{
    struct take take;
    struct rejection rejection;
    enum status status = claim_admit(intake->arena, order, refund, &take, &rejection);
    if (status != STATUS_OK)
        return status;
    if (rejection.reason != REJECTION_NONE)
        return reject(intake, order, refund, &rejection, now_us);
    status = claim_commit(intake->arena, order, refund, &take);
    if (status != STATUS_OK)
        return status;
    status = refund_open(intake, order, refund, refund->asking.occurred_at_us, NULL, now_us);
    if (status == STATUS_OVERFLOW)
        return reject_plainly(intake, order, refund, REJECTION_TOO_LARGE, "", now_us);
    return status != STATUS_OK ? status : count_refund(intake, order, refund);
}

enum status intake_settle(const struct intake *intake, struct order *order, int64_t now_us)
{
    enum status status = STATUS_OK;
    if (!order_usable(order))
        return STATUS_OK;
    for (struct refund *refund = order->refunds; refund != NULL && status == STATUS_OK;
         refund = refund->next) {
        if (refund->status != REFUND_PARKED)
            continue;
        status = settle(intake, order, refund, now_us);
        if (status == STATUS_OK)
            status = intake_follow_ups_settle(intake, order, refund, now_us);
    }
    return status;
}

static enum status take_in(const struct intake *intake, struct order *order,
                           const struct input *input, struct refund **result)
{
    const struct request *request = &input->request;
    struct refund *refund = *result;
    if (refund == NULL)
        refund = refund_create(intake, order, request->refund_id, request->customer_token,
                               input->now_us);
    else
        refund->asked_now = refund->changed = true;
    if (refund == NULL)
        return STATUS_EXHAUSTED;
    *result = refund;
    refund->asking = request->asking;
    refund->customer_token = request->customer_token;
    refund_add_evidence(refund, request->evidence);
    enum status status = add_lines(intake, request, refund);
    return status != STATUS_OK ? status : refund_note(intake, refund, "request", request->note);
}

enum status intake_asked(const struct intake *intake, struct order *order,
                         const struct input *input)
{
    const struct request *request = &input->request;
    const struct intake_port *port = intake->port;
    struct refund *refund = order_refund_find(order, request->refund_id);
    if (refund != NULL && refund->asking.trigger != 0)
        return STATUS_DUPLICATE;
    if (request->elsewhere)
        return port->refuse(port->self, REFUSE_CONFLICT, "request_id", request->asking.request_id,
                            "unique per merchant; it was used for another order");
    enum status status = take_in(intake, order, input, &refund);
    if (status != STATUS_OK)
        return status;
    const struct refund *first = first_of_duplicate(order, refund);
    if (first != NULL)
        return reject_plainly(intake, order, refund, REJECTION_DUPLICATE_REQUEST, first->refund_id,
                              input->now_us);
    if (order_usable(order))
        return settle(intake, order, refund, input->now_us);
    return refund_move(intake, order, refund, REFUND_PARKED, input->now_us);
}

enum status intake_park_due(const struct intake *intake, struct order *order, struct refund *refund,
                            int64_t now_us)
{
    if (refund->status != REFUND_PARKED)
        return STATUS_OK;
    enum status status = reject_plainly(intake, order, refund,
                                        order->placed ? REJECTION_PAYMENT_NOT_CAPTURED
                                                      : REJECTION_ORIGINAL_TRANSACTION_NOT_FOUND,
                                        "", now_us);
    return status != STATUS_OK ? status : intake_follow_ups_settle(intake, order, refund, now_us);
}
