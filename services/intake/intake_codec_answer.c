/* Answers -> refunds.validated.v1. */

#include "intake_claim.h"
#include "intake_codec.h"

#include "clock.h"
#include "message.h"

#include <string.h>

_Static_assert((int)ANSWER_VALIDATED ==
                   (int)REDRESS__V1__VALIDATION_STATUS__VALIDATION_STATUS_VALIDATED,
               "codes are those of the contract");
_Static_assert((int)ANSWER_REJECTED ==
                   (int)REDRESS__V1__VALIDATION_STATUS__VALIDATION_STATUS_REJECTED,
               "codes are those of the contract");
_Static_assert((int)ANSWER_CANCEL_REQUESTED ==
                   (int)REDRESS__V1__VALIDATION_STATUS__VALIDATION_STATUS_CANCEL_REQUESTED,
               "codes are those of the contract");
#define X(name, code, words)                                                        \
    _Static_assert((int)REJECTION_##name ==                                         \
                       (int)REDRESS__V1__REJECTION_REASON__REJECTION_REASON_##name, \
                   "codes are those of the contract");
REJECTION_ROWS(X)
#undef X

/* protobuf-c's fields are not const, though packing only reads them. */
static char *text(const char *constant)
{
    return (char *)(uintptr_t)constant;
}

static Redress__V1__Money *money(struct arena *arena, int64_t minor, const char *currency)
{
    Redress__V1__Money *message = arena_alloc(arena, sizeof *message);
    if (message == NULL)
        return NULL;
    redress__v1__money__init(message);
    message->minor = minor;
    message->currency = text(currency);
    return message;
}

static Google__Protobuf__Timestamp *timestamp(struct arena *arena, int64_t time_us)
{
    return time_us == 0 ? NULL : message_timestamp(arena, time_us);
}

static void encode_lines_asked(struct arena *arena, const struct refund *refund,
                               Redress__V1__RefundRequest *message)
{
    size_t count = 0;
    for (const struct claim *claim = refund->claims; claim != NULL; claim = claim->next_of_refund)
        count += claim->asked_no > 0;
    message->lines = arena_array(arena, count, sizeof *message->lines);
    Redress__V1__RequestedLine *lines = arena_array(arena, count, sizeof *lines);
    if (message->lines == NULL || lines == NULL)
        return;
    for (const struct claim *claim = refund->claims; claim != NULL; claim = claim->next_of_refund) {
        if (claim->asked_no == 0)
            continue;
        Redress__V1__RequestedLine *line = &lines[message->n_lines];
        redress__v1__requested_line__init(line);
        line->line_id = text(claim->line_id);
        line->units = claim->asked_units;
        message->lines[message->n_lines++] = line;
    }
}

static void encode_evidence(struct arena *arena, const struct refund *refund,
                            Redress__V1__RefundRequest *message)
{
    size_t count = 0;
    for (const struct evidence *file = refund->evidence; file != NULL; file = file->next)
        count++;
    if (count == 0)
        return;
    message->evidence = arena_array(arena, count, sizeof *message->evidence);
    Redress__V1__Evidence *files = arena_array(arena, count, sizeof *files);
    if (message->evidence == NULL || files == NULL)
        return;
    for (const struct evidence *file = refund->evidence; file != NULL; file = file->next) {
        Redress__V1__Evidence *into = &files[message->n_evidence];
        redress__v1__evidence__init(into);
        into->uri = text(file->uri);
        into->sha256 = text(file->sha256);
        into->media_type = text(file->media_type);
        into->bytes = file->bytes;
        message->evidence[message->n_evidence++] = into;
    }
}

static Redress__V1__Actor *encode_actor(struct arena *arena, const char *id, int32_t role)
{
    if (id[0] == '\0')
        return NULL;
    Redress__V1__Actor *actor = arena_alloc(arena, sizeof *actor);
    if (actor == NULL)
        return NULL;
    redress__v1__actor__init(actor);
    actor->id = text(id);
    actor->role = (Redress__V1__Role)role;
    return actor;
}

/* Whether the author of `until` gave an answer before that one. */
static bool answered_before(const struct follow_up_known *first,
                            const struct follow_up_known *until)
{
    for (const struct follow_up_known *known = first; known != until; known = known->next)
        if (known->kind == FOLLOW_UP_ANSWER && strcmp(known->actor_id, until->actor_id) == 0)
            return true;
    return false;
}

/* Everybody who answered so far, as one of a later round says nothing of those before. */
static void encode_answered_by(struct arena *arena, const struct refund *refund,
                               Redress__V1__RefundValidated *message)
{
    size_t count = 0;
    for (const struct follow_up_known *known = refund->follow_ups; known != NULL;
         known = known->next)
        count += known->kind == FOLLOW_UP_ANSWER;
    if (count == 0)
        return;
    message->answered_by = arena_array(arena, count, sizeof *message->answered_by);
    if (message->answered_by == NULL)
        return;
    for (const struct follow_up_known *known = refund->follow_ups; known != NULL;
         known = known->next) {
        if (known->kind != FOLLOW_UP_ANSWER || answered_before(refund->follow_ups, known))
            continue;
        Redress__V1__Actor *actor = encode_actor(arena, known->actor_id, known->actor_role);
        if (actor != NULL)
            message->answered_by[message->n_answered_by++] = actor;
    }
}

static Redress__V1__RefundRequest *encode_request(struct arena *arena, const struct answer *answer)
{
    const struct asking *asking = &answer->refund->asking;
    Redress__V1__RefundRequest *message = arena_alloc(arena, sizeof *message);
    if (message == NULL)
        return NULL;
    redress__v1__refund_request__init(message);
    message->merchant_id = text(answer->order->merchant_id);
    message->order_id = text(answer->order->order_id);
    message->request_id = text(asking->request_id);
    message->occurred_at = timestamp(arena, asking->occurred_at_us);
    message->trigger = (Redress__V1__Trigger)asking->trigger;
    message->reason = (Redress__V1__ReasonCode)asking->reason;
    if (asking->has_amount)
        message->amount = money(arena, asking->amount_minor, asking->amount_currency);
    message->whole_order = asking->whole_order;
    message->shipping = asking->shipping;
    message->wished_method = (Redress__V1__RefundMethod)asking->wished_method;
    message->requester = encode_actor(arena, asking->requester_id, asking->requester_role);
    message->external_reference = text(asking->external_reference);
    if (!answer->sparse) {
        encode_lines_asked(arena, answer->refund, message);
        encode_evidence(arena, answer->refund, message);
    }
    return message;
}

static void encode_line_facts(struct arena *arena, const struct claim *claim,
                              Redress__V1__LineFacts *facts)
{
    const struct order_line *line = claim->line;
    redress__v1__line_facts__init(facts);
    facts->line_id = text(line->line_id);
    facts->sku = text(line->sku);
    facts->category = text(line->category);
    facts->tags = (char **)(uintptr_t)line->tags;
    facts->n_tags = line->tag_count;
    facts->units = units_count(claim->units, claim->range_count);
    facts->refundable_minor = claim->minor;
    facts->tax_minor = claim->tax_minor;
    facts->units_bought = line->units;
    facts->units_claimed_before = line_units_held_by_others(line, claim->refund);
    facts->delivered_at = timestamp(arena, line->delivered_at_us);
    facts->shipped_at = timestamp(arena, line->shipped_at_us);
    facts->tax_rate_ppm = line->tax_rate_ppm;
    facts->paid_minor = order_line_paid(line);
}

/* Of shipping alone, all lines of the order. */
static int64_t order_delivered_at(const struct order *order)
{
    int64_t latest_us = 0;
    for (size_t i = 0; i < order->lines_loaded; i++) {
        if (order->lines[i].delivered_at_us == 0)
            return 0;
        if (latest_us < order->lines[i].delivered_at_us)
            latest_us = order->lines[i].delivered_at_us;
    }
    return order->lines_loaded == (size_t)order->line_count ? latest_us : 0;
}

/* Delivered are all the lines asked for once each of them is, with the last one; otherwise 0. */
static int64_t delivered_at(const struct order *order, const struct refund *refund)
{
    int64_t latest_us = 0;
    if (refund->claims == NULL)
        return order_delivered_at(order);
    for (const struct claim *claim = refund->claims; claim != NULL; claim = claim->next_of_refund) {
        if (claim->line == NULL || claim->line->delivered_at_us == 0)
            return 0;
        if (latest_us < claim->line->delivered_at_us)
            latest_us = claim->line->delivered_at_us;
    }
    return latest_us;
}

static void encode_claims(struct arena *arena, const struct order *order,
                          const struct refund *refund, Redress__V1__Facts *facts)
{
    size_t count = 0;
    for (const struct claim *claim = refund->claims; claim != NULL; claim = claim->next_of_refund)
        count += claim->line != NULL;
    facts->lines = arena_array(arena, count, sizeof *facts->lines);
    Redress__V1__LineFacts *lines = arena_array(arena, count, sizeof *lines);
    if (facts->lines == NULL || lines == NULL)
        return;
    for (const struct claim *claim = refund->claims; claim != NULL; claim = claim->next_of_refund) {
        if (claim->line == NULL)
            continue;
        encode_line_facts(arena, claim, &lines[facts->n_lines]);
        facts->lines[facts->n_lines] = &lines[facts->n_lines];
        facts->n_lines++;
    }
    int64_t delivered_us = delivered_at(order, refund);
    int64_t since_us = refund->asking.occurred_at_us - delivered_us;
    facts->delivered_at = timestamp(arena, delivered_us);
    if (delivered_us != 0 && since_us > 0)
        facts->days_since_delivery = (int32_t)(since_us / CLOCK_DAY_US);
}

static void encode_shipping(struct arena *arena, const struct order *order,
                            const struct refund *refund, Redress__V1__Facts *facts)
{
    if (refund->shipping_minor == 0)
        return;
    facts->shipping = arena_alloc(arena, sizeof *facts->shipping);
    if (facts->shipping == NULL)
        return;
    redress__v1__shipping_facts__init(facts->shipping);
    facts->shipping->refundable_minor = refund->shipping_minor;
    facts->shipping->tax_minor = refund->shipping_tax_minor;
    facts->shipping->tax_rate_ppm = order->shipping_tax_rate_ppm;
}

static void encode_payments(struct arena *arena, const struct order *order,
                            Redress__V1__Facts *facts)
{
    size_t count = 0;
    for (const struct payment *payment = order->payments; payment != NULL; payment = payment->next)
        count++;
    facts->payments = arena_array(arena, count, sizeof *facts->payments);
    Redress__V1__PaymentFacts *payments = arena_array(arena, count, sizeof *payments);
    if (facts->payments == NULL || payments == NULL)
        return;
    for (const struct payment *payment = order->payments; payment != NULL;
         payment = payment->next) {
        if (strcmp(payment->currency, order->currency) != 0)
            continue;
        Redress__V1__PaymentFacts *into = &payments[facts->n_payments];
        redress__v1__payment_facts__init(into);
        into->payment_id = text(payment->payment_id);
        into->provider = (Redress__V1__Provider)payment->provider;
        into->provider_reference = text(payment->provider_reference);
        into->provider_account = text(payment->provider_account);
        into->method = (Redress__V1__PaymentMethod)payment->method;
        into->captured = money(arena, payment->minor, payment->currency);
        into->captured_at = timestamp(arena, payment->captured_at_us);
        facts->payments[facts->n_payments++] = into;
    }
}

/* Of other refunds: this one is counted from its first answer on. */
static int64_t others(int64_t refunds, const struct answer *answer)
{
    return !answer->first && refunds > 0 ? refunds - 1 : refunds;
}

static void encode_customer(struct arena *arena, const struct answer *answer,
                            Redress__V1__Facts *facts)
{
    const struct order *order = answer->order;
    const struct customer *customer = order->customer;
    if (customer == NULL || order->customer_token[0] == '\0')
        return;
    facts->customer = arena_alloc(arena, sizeof *facts->customer);
    if (facts->customer == NULL)
        return;
    redress__v1__customer_facts__init(facts->customer);
    facts->customer->token = text(order->customer_token);
    facts->customer->orders = customer->orders;
    facts->customer->refunds = others(customer->refunds, answer);
    facts->customer->refunded_minor = customer->refunded_minor;
    facts->customer->refunds_last_year = others(customer->refunds_last_year, answer);
}

static Redress__V1__Facts *encode_facts(struct arena *arena, const struct answer *answer)
{
    const struct order *order = answer->order;
    Redress__V1__Facts *facts = arena_alloc(arena, sizeof *facts);
    if (facts == NULL)
        return NULL;
    redress__v1__facts__init(facts);
    facts->placed_at = timestamp(arena, order->placed_at_us);
    facts->currency = text(order->currency);
    facts->channel = (Redress__V1__Channel)order->channel;
    facts->market = text(order->market);
    facts->order_total = money(arena, order->total_minor, order->currency);
    if (answer->status != ANSWER_VALIDATED)
        return facts;
    encode_claims(arena, order, answer->refund, facts);
    encode_shipping(arena, order, answer->refund, facts);
    encode_payments(arena, order, facts);
    encode_customer(arena, answer, facts);
    return facts;
}

static Redress__V1__Rejection *encode_rejection(struct arena *arena,
                                                const struct rejection *rejection)
{
    Redress__V1__Rejection *message = arena_alloc(arena, sizeof *message);
    if (message == NULL)
        return NULL;
    redress__v1__rejection__init(message);
    message->reason = (Redress__V1__RejectionReason)rejection->reason;
    message->line_id = text(rejection->line_id);
    message->asked = rejection->asked;
    message->left = rejection->left;
    message->refund_id = text(rejection->refund_id);
    return message;
}

/* The customer is told that the request came, and why it cannot be followed. */
static Redress__V1__Notice *encode_notice(struct arena *arena, const struct answer *answer)
{
    bool received = answer->status == ANSWER_VALIDATED && answer->first;
    if (!received && answer->status != ANSWER_REJECTED)
        return NULL;
    Redress__V1__Notice *notice = arena_alloc(arena, sizeof *notice);
    if (notice == NULL)
        return NULL;
    redress__v1__notice__init(notice);
    notice->template_ = text(received ? "refund_received" : "refund_declined");
    notice->reason = text(intake_rejection_words(answer->rejection.reason));
    return notice;
}

enum status intake_encode(struct arena *arena, const struct answer *answer,
                          Redress__V1__RefundValidated **result)
{
    const struct refund *refund = answer->refund;
    Redress__V1__RefundValidated *message = arena_alloc(arena, sizeof *message);
    if (message == NULL)
        return STATUS_EXHAUSTED;
    redress__v1__refund_validated__init(message);
    message->merchant_id = text(answer->order->merchant_id);
    message->refund_id = text(refund->refund_id);
    message->version = answer->version;
    message->status = (Redress__V1__ValidationStatus)answer->status;
    message->order_id = text(answer->order->order_id);
    message->occurred_at = timestamp(arena, answer->occurred_at_us);
    message->decided_at = timestamp(arena, answer->now_us);
    message->request = encode_request(arena, answer);
    if (answer->order->placed)
        message->facts = encode_facts(arena, answer);
    if (answer->status != ANSWER_REJECTED && refund->currency[0] != '\0')
        message->claim = money(arena, refund->claim_minor, refund->currency);
    if (answer->status == ANSWER_REJECTED)
        message->rejection = encode_rejection(arena, &answer->rejection);
    message->appeal = answer->appeal != NULL;
    if (answer->appeal != NULL)
        message->appealed_by =
            encode_actor(arena, answer->appeal->actor_id, answer->appeal->actor_role);
    if (answer->status != ANSWER_REJECTED)
        encode_answered_by(arena, refund, message);
    message->notice = encode_notice(arena, answer);
    *result = message;
    return arena_exhausted(arena) ? STATUS_EXHAUSTED : STATUS_OK;
}

const char *intake_answer_status(enum answer_status status)
{
    return message_enum_name(&redress__v1__validation_status__descriptor, (int)status);
}
