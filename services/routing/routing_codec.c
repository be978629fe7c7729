#include "routing_codec.h"

#include "message.h"
#include "money.h"
#include "redress/v1/decision.pb-c.h"
#include "redress/v1/payout.pb-c.h"
#include "routing_stage.h"
#include "signature.h"

#include <string.h>

#define MALFORMED REDRESS__V1__DEAD_LETTER_REASON__DEAD_LETTER_REASON_MALFORMED
#define FIELD_MISSING REDRESS__V1__DEAD_LETTER_REASON__DEAD_LETTER_REASON_FIELD_MISSING
#define OUT_OF_RANGE REDRESS__V1__DEAD_LETTER_REASON__DEAD_LETTER_REASON_FIELD_OUT_OF_RANGE
#define UNKNOWN_ENUM REDRESS__V1__DEAD_LETTER_REASON__DEAD_LETTER_REASON_UNKNOWN_ENUM
#define UNKNOWN_CURRENCY REDRESS__V1__DEAD_LETTER_REASON__DEAD_LETTER_REASON_UNKNOWN_CURRENCY

enum { ID_MAX = 128, KEY_ID_MAX = 128, SUBJECT_HASH_CHARACTERS = 64 };

_Static_assert((int)METHOD_MANUAL == (int)REDRESS__V1__REFUND_METHOD__REFUND_METHOD_MANUAL,
               "numbers of the methods");
#define X(name, number) _Static_assert(number == (int)REDRESS__V1__ROLE__ROLE_##name, #name);
PERSON_ROLE_ROWS(X)
#undef X
#define X(name, number, roles, nature) \
    _Static_assert(number == (int)REDRESS__V1__VERDICT__VERDICT_##name, #name);
VERDICT_ROWS(X)
#undef X
#define X(name, number) \
    _Static_assert(number == (int)REDRESS__V1__ASSESSMENT_STATUS__ASSESSMENT_STATUS_##name, #name);
ASSESSED_ROWS(X)
#undef X

/* 1 to ID_MAX bytes without control characters. */
static enum status check_id(struct batch *batch, struct event *event, const char *field,
                            const char *text)
{
    size_t size = strlen(text);
    if (size == 0)
        return batch_refuse(batch, event, FIELD_MISSING, field, "", "1 to 128 bytes");
    bool plain = size <= ID_MAX;
    for (size_t i = 0; i < size && plain; i++)
        plain = (unsigned char)text[i] >= 0x20 && text[i] != 0x7f;
    return plain ? STATUS_OK
                 : batch_refuse(batch, event, OUT_OF_RANGE, field, text,
                                "1 to 128 bytes without control characters");
}

struct id_field {
    const char *field, *value;
};

static enum status check_ids(struct batch *batch, struct event *event,
                             const struct id_field *fields, size_t count)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = check_id(batch, event, fields[i].field, fields[i].value);
    return status;
}

static enum status check_time(struct batch *batch, struct event *event,
                              const Google__Protobuf__Timestamp *timestamp, int64_t *time_us)
{
    if (timestamp == NULL)
        return batch_refuse(batch, event, FIELD_MISSING, "occurred_at", "", "present");
    return message_time(timestamp, time_us) == STATUS_OK
               ? STATUS_OK
               : batch_refuse(batch, event, OUT_OF_RANGE, "occurred_at", NULL,
                              "years 0001 to 9999");
}

/* Assessments. */

static enum status check_assessed(struct batch *batch, struct event *event,
                                  const Redress__V1__RefundAssessed *message)
{
    if (message->version < 1)
        return batch_refuse(batch, event, OUT_OF_RANGE, "version", NULL, "1 or more");
    if (!message_enum_known(&redress__v1__assessment_status__descriptor, (int)message->status))
        return batch_refuse(batch, event, UNKNOWN_ENUM, "status", NULL, "a known status");
    if (message->status == REDRESS__V1__ASSESSMENT_STATUS__ASSESSMENT_STATUS_CANCEL_REQUESTED)
        return STATUS_OK;
    if (message->claim == NULL || message->facts == NULL || message->request == NULL)
        return batch_refuse(batch, event, FIELD_MISSING, "claim, facts or request", "", "present");
    const Redress__V1__Money *refundable = message->refundable;
    if (currency_exponent(message->claim->currency) < 0 ||
        (refundable != NULL && strcmp(refundable->currency, message->claim->currency) != 0))
        return batch_refuse(batch, event, UNKNOWN_CURRENCY, "claim.currency",
                            message->claim->currency, "ISO 4217, the same in refundable");
    if (message->claim->minor < 0 || (refundable != NULL && refundable->minor < 0))
        return batch_refuse(batch, event, OUT_OF_RANGE, "claim.minor", NULL, "not negative");
    return STATUS_OK;
}

static enum status decode_assessed(struct batch *batch, struct event *event,
                                   const Redress__V1__RefundAssessed *message,
                                   struct routing_input *input)
{
    const struct id_field ids[] = {{"merchant_id", message->merchant_id},
                                   {"order_id", message->order_id},
                                   {"refund_id", message->refund_id}};
    enum status status = check_ids(batch, event, ids, sizeof ids / sizeof *ids);
    if (status == STATUS_OK)
        status = check_assessed(batch, event, message);
    if (status == STATUS_OK)
        status = check_time(batch, event, message->occurred_at, &input->occurred_us);
    if (status != STATUS_OK)
        return status;
    input->kind = INPUT_ASSESSED;
    if (!routing_read_assessed(batch->arena, message, &input->assessed))
        return STATUS_EXHAUSTED;
    input->assessed.body = event->value;
    input->assessed.body_size = event->value_size;
    return STATUS_OK;
}

/* Decisions. */

static size_t characters(const char *text)
{
    size_t count = 0;
    for (; *text != '\0'; text++)
        count += ((unsigned char)*text & 0xc0) != 0x80;
    return count;
}

static bool subject_hash_valid(const char *hash)
{
    return hash[0] == '\0' || (strlen(hash) == SUBJECT_HASH_CHARACTERS &&
                               strspn(hash, "0123456789abcdef") == SUBJECT_HASH_CHARACTERS);
}

static enum status check_reduction(struct batch *batch, struct event *event,
                                   const Redress__V1__Decision *message)
{
    if (message->method != 0 &&
        !message_enum_known(&redress__v1__refund_method__descriptor, (int)message->method))
        return batch_refuse(batch, event, UNKNOWN_ENUM, "method", NULL, "a known method");
    if (message->amount != NULL && currency_exponent(message->amount->currency) < 0)
        return batch_refuse(batch, event, UNKNOWN_CURRENCY, "amount.currency",
                            message->amount->currency, "ISO 4217");
    if (message->amount != NULL && message->amount->minor <= 0)
        return batch_refuse(batch, event, OUT_OF_RANGE, "amount.minor", NULL, "more than 0");
    bool reduces = message->amount != NULL || message->method != 0;
    bool reduced = message->verdict == REDRESS__V1__VERDICT__VERDICT_APPROVE_REDUCED;
    if (reduced && !reduces)
        return batch_refuse(batch, event, FIELD_MISSING, "amount", "",
                            "an amount or a method with APPROVE_REDUCED");
    if (reduces && !reduced)
        return batch_refuse(batch, event, OUT_OF_RANGE,
                            message->amount != NULL ? "amount" : "method", NULL,
                            "absent but for APPROVE_REDUCED");
    return STATUS_OK;
}

static enum status check_payee(struct batch *batch, struct event *event,
                               const Redress__V1__Decision *message)
{
    if (message->verdict == REDRESS__V1__VERDICT__VERDICT_VERIFY_PAYEE)
        return check_id(batch, event, "payee", message->payee);
    return message->payee[0] == '\0' ? STATUS_OK
                                     : batch_refuse(batch, event, OUT_OF_RANGE, "payee",
                                                    message->payee, "empty but for VERIFY_PAYEE");
}

/* An approver acts on advice: what was reviewed and says neither would pass for it. */
static enum status check_advice(struct batch *batch, struct event *event,
                                const Redress__V1__Decision *message)
{
    bool none = message->recommended == REDRESS__V1__VERDICT__VERDICT_UNSPECIFIED;
    if (none && message->verdict == REDRESS__V1__VERDICT__VERDICT_RECOMMEND)
        return batch_refuse(batch, event, FIELD_MISSING, "recommended", "",
                            "APPROVE or DECLINE with RECOMMEND");
    if (!none && message->recommended != REDRESS__V1__VERDICT__VERDICT_APPROVE &&
        message->recommended != REDRESS__V1__VERDICT__VERDICT_DECLINE)
        return batch_refuse(batch, event, OUT_OF_RANGE, "recommended", NULL, "APPROVE or DECLINE");
    return STATUS_OK;
}

static enum status check_decision(struct batch *batch, struct event *event,
                                  const Redress__V1__Decision *message)
{
    if (message->case_version < 1)
        return batch_refuse(batch, event, OUT_OF_RANGE, "case_version", NULL, "1 or more");
    if (!subject_hash_valid(message->subject_hash))
        return batch_refuse(batch, event, OUT_OF_RANGE, "subject_hash", message->subject_hash,
                            "empty or 64 lower-case hex characters");
    if (!message_enum_known(&redress__v1__role__descriptor, (int)message->actor->role))
        return batch_refuse(batch, event, UNKNOWN_ENUM, "actor.role", NULL, "a known role");
    if (!message_enum_known(&redress__v1__verdict__descriptor, (int)message->verdict))
        return batch_refuse(batch, event, UNKNOWN_ENUM, "verdict", NULL, "a known verdict");
    enum status advice = check_advice(batch, event, message);
    if (advice != STATUS_OK)
        return advice;
    if (message->on_behalf_of[0] != '\0') {
        enum status status = check_id(batch, event, "on_behalf_of", message->on_behalf_of);
        if (status != STATUS_OK)
            return status;
    }
    enum status payee = check_payee(batch, event, message);
    if (payee != STATUS_OK)
        return payee;
    if (characters(message->note) > ROUTING_NOTE_CHARACTERS_MAX)
        return batch_refuse(batch, event, OUT_OF_RANGE, "note", NULL, "at most 2,000 characters");
    if (strlen(message->key_id) > KEY_ID_MAX)
        return batch_refuse(batch, event, OUT_OF_RANGE, "key_id", NULL, "at most 128 bytes");
    if (message->signature.len != 0 && message->signature.len != SIGNATURE_SIZE)
        return batch_refuse(batch, event, OUT_OF_RANGE, "signature", NULL, "0 or 64 bytes");
    return check_reduction(batch, event, message);
}

/* What the signature is over, and the signature. */
static enum status read_signature(struct batch *batch, struct event *event,
                                  const Redress__V1__Decision *message, struct decision *decision)
{
    enum status status = signature_layout_decision(message, batch->arena, &decision->signed_bytes,
                                                   &decision->signed_size);
    if (status == STATUS_INVALID)
        return batch_refuse(batch, event, OUT_OF_RANGE, "answer_by", NULL, "years 0001 to 9999");
    decision->key_id = arena_strdup(batch->arena, message->key_id);
    decision->signature_size = message->signature.len;
    decision->signature =
        arena_memdup(batch->arena, message->signature.data, message->signature.len);
    return status;
}

static enum status decode_decision(struct batch *batch, struct event *event,
                                   const Redress__V1__Decision *message,
                                   struct routing_input *input)
{
    if (message->actor == NULL)
        return batch_refuse(batch, event, FIELD_MISSING, "actor", "", "present");
    const struct id_field ids[] = {
        {"merchant_id", message->merchant_id}, {"order_id", message->order_id},
        {"refund_id", message->refund_id},     {"case_id", message->case_id},
        {"decision_id", message->decision_id}, {"actor.id", message->actor->id}};
    enum status status = check_ids(batch, event, ids, sizeof ids / sizeof *ids);
    if (status == STATUS_OK)
        status = check_decision(batch, event, message);
    if (status == STATUS_OK)
        status = check_time(batch, event, message->occurred_at, &input->occurred_us);
    if (status != STATUS_OK)
        return status;
    struct arena *arena = batch->arena;
    input->kind = INPUT_DECISION;
    input->decision = (struct decision){
        .decision_id = arena_strdup(arena, message->decision_id),
        .case_id = arena_strdup(arena, message->case_id),
        .case_version = message->case_version,
        .subject_hash = arena_strdup(arena, message->subject_hash),
        .actor_id = arena_strdup(arena, message->actor->id),
        .on_behalf_of = arena_strdup(arena, message->on_behalf_of),
        .role = (enum person_role)message->actor->role,
        .verdict = (enum verdict)message->verdict,
        .has_amount = message->amount != NULL,
        .minor = message->amount == NULL ? 0 : message->amount->minor,
        .currency = message->amount == NULL ? "" : arena_strdup(arena, message->amount->currency),
        .method = (int32_t)message->method,
        .note = arena_strdup(arena, message->note),
        .recommended = (enum verdict)message->recommended,
        .payee = arena_strdup(arena, message->payee),
        .occurred_us = input->occurred_us};
    status = read_signature(batch, event, message, &input->decision);
    if (status == STATUS_OK && message->answer_by != NULL &&
        message_time(message->answer_by, &input->decision.answer_by_us) != STATUS_OK)
        return batch_refuse(batch, event, OUT_OF_RANGE, "answer_by", NULL, "years 0001 to 9999");
    return status;
}

/* Payouts. */

static bool payout_matters(Redress__V1__PayoutStatus status)
{
    return status == REDRESS__V1__PAYOUT_STATUS__PAYOUT_STATUS_FALLBACK_PENDING ||
           status == REDRESS__V1__PAYOUT_STATUS__PAYOUT_STATUS_FAILED ||
           status == REDRESS__V1__PAYOUT_STATUS__PAYOUT_STATUS_CANCELLED ||
           status == REDRESS__V1__PAYOUT_STATUS__PAYOUT_STATUS_REFUSED;
}

bool routing_wants_payout(const struct envelope *envelope)
{
    static const char *const wanted[] = {"FALLBACK_PENDING", "FAILED", "CANCELLED", "REFUSED"};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        if (strcmp(envelope->status, wanted[i]) == 0)
            return true;
    return false;
}

static enum status decode_payout(struct batch *batch, struct event *event,
                                 const Redress__V1__RefundPayout *message,
                                 struct routing_input *input)
{
    const struct id_field ids[] = {{"merchant_id", message->merchant_id},
                                   {"order_id", message->order_id},
                                   {"refund_id", message->refund_id}};
    enum status status = check_ids(batch, event, ids, sizeof ids / sizeof *ids);
    if (status == STATUS_OK && message->version < 1)
        status = batch_refuse(batch, event, OUT_OF_RANGE, "version", NULL, "1 or more");
    if (status == STATUS_OK)
        status = check_time(batch, event, message->occurred_at, &input->occurred_us);
    if (status != STATUS_OK || !payout_matters(message->status))
        return status;
    bool fallback = message->status == REDRESS__V1__PAYOUT_STATUS__PAYOUT_STATUS_FALLBACK_PENDING;
    int64_t minor = message->amount == NULL ? 0 : message->amount->minor;
    if (minor < 0 || minor > ROUTING_MINOR_MAX || (fallback && minor == 0))
        return batch_refuse(batch, event, OUT_OF_RANGE, "amount.minor", NULL,
                            "0 to 10^15, and not 0 where another method is wanted");
    if (fallback && currency_exponent(message->amount->currency) < 0)
        return batch_refuse(batch, event, UNKNOWN_CURRENCY, "amount.currency",
                            message->amount->currency, "ISO 4217");
    if (fallback && message->payment_id[0] == '\0')
        return batch_refuse(batch, event, FIELD_MISSING, "payment_id", "", "present");
    input->kind = INPUT_PAYOUT;
    input->payout = (struct failed_payout){
        .version = message->version,
        .fallback = fallback,
        .payment_id = arena_strdup(batch->arena, message->payment_id),
        .minor = minor,
        .currency =
            message->amount == NULL ? "" : arena_strdup(batch->arena, message->amount->currency)};
    return STATUS_OK;
}

/* Unpacked in the scratch arena: only what decide reads is kept. */
static enum status unpack(struct batch *batch, struct event *event, ProtobufCMessage **message)
{
    const struct routing_context *own = batch->context;
    struct error error = {""};
    arena_reset(own->scratch);
    enum status status = message_unpack(topic_info(event->topic)->message, event->value,
                                        event->value_size, own->scratch, message, &error);
    return status == STATUS_UNPROCESSABLE
               ? batch_refuse(batch, event, MALFORMED, "", NULL, error.text)
               : status;
}

static void name(struct batch *batch, struct event *event, struct routing_input *input,
                 const char *merchant_id, const char *order_id, const char *refund_id)
{
    event->merchant_id = arena_strdup(batch->arena, merchant_id);
    event->order_id = arena_strdup(batch->arena, order_id);
    input->refund_id = arena_strdup(batch->arena, refund_id);
}

static enum status decode_message(struct batch *batch, struct event *event,
                                  const ProtobufCMessage *message, struct routing_input *input)
{
    if (event->topic == TOPIC_ASSESSED) {
        const Redress__V1__RefundAssessed *assessed = (const Redress__V1__RefundAssessed *)message;
        name(batch, event, input, assessed->merchant_id, assessed->order_id, assessed->refund_id);
        return decode_assessed(batch, event, assessed, input);
    }
    if (event->topic == TOPIC_DECISIONS) {
        const Redress__V1__Decision *decision = (const Redress__V1__Decision *)message;
        name(batch, event, input, decision->merchant_id, decision->order_id, decision->refund_id);
        return decode_decision(batch, event, decision, input);
    }
    const Redress__V1__RefundPayout *payout = (const Redress__V1__RefundPayout *)message;
    name(batch, event, input, payout->merchant_id, payout->order_id, payout->refund_id);
    return decode_payout(batch, event, payout, input);
}

enum status routing_decode(struct batch *batch, struct event *event)
{
    ProtobufCMessage *message = NULL;
    struct routing_input *input = arena_zalloc(batch->arena, sizeof *input);
    if (input == NULL)
        return STATUS_EXHAUSTED;
    event->body = input;
    enum status status = unpack(batch, event, &message);
    if (status == STATUS_OK)
        status = decode_message(batch, event, message, input);
    return status == STATUS_OK && arena_exhausted(batch->arena) ? STATUS_EXHAUSTED : status;
}
