#include "policy_codec.h"

#include "assessment/facts.h"
#include "message.h"
#include "policy_stage.h"

#include <string.h>

#define REASON(name) REDRESS__V1__DEAD_LETTER_REASON__DEAD_LETTER_REASON_##name

typedef Redress__V1__RefundValidated Validated;

/* What is wrong with an event. */
struct fault {
    Redress__V1__DeadLetterReason reason;
    const char *field, *value, *rule;
};

static enum status fault_set(struct fault *fault, Redress__V1__DeadLetterReason reason,
                             const char *field, const char *value, const char *rule)
{
    *fault = (struct fault){.reason = reason, .field = field, .value = value, .rule = rule};
    return STATUS_UNPROCESSABLE;
}

/* What must be there at all; the topic is our own, so that bounds are intake's to check. */
static enum status check_head(const Validated *message, struct fault *fault)
{
    const struct {
        const char *field, *value;
    } texts[] = {{"merchant_id", message->merchant_id},
                 {"order_id", message->order_id},
                 {"refund_id", message->refund_id}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i].value[0] == '\0')
            return fault_set(fault, REASON(FIELD_MISSING), texts[i].field, "", "not empty");
    if (message->version < 1)
        return fault_set(fault, REASON(FIELD_OUT_OF_RANGE), "version", NULL, "1 or more");
    return STATUS_OK;
}

static enum status read_status(const Validated *message, enum validated_status *status,
                               struct fault *fault)
{
    switch ((int)message->status) {
#define X(name)                                                    \
    case REDRESS__V1__VALIDATION_STATUS__VALIDATION_STATUS_##name: \
        *status = VALIDATED_STATUS_##name;                         \
        return STATUS_OK;
        VALIDATED_ROWS(X)
#undef X
    default:
        return fault_set(fault, REASON(UNKNOWN_ENUM), "status", NULL, "a known status");
    }
}

/* Facts of a request that is to be judged. */
static enum status read_facts(struct batch *batch, const Validated *message, struct facts *facts,
                              struct fault *fault)
{
    static const Redress__V1__DeadLetterReason reasons[] = {
        [FACT_MISSING] = REASON(FIELD_MISSING),
        [FACT_OUT_OF_RANGE] = REASON(FIELD_OUT_OF_RANGE),
        [FACT_CURRENCY] = REASON(UNKNOWN_CURRENCY)};
    struct fact_fault why;
    enum status status = facts_build(message, batch->arena, facts, &why);
    return status == STATUS_INVALID ? fault_set(fault, reasons[why.kind], why.field, NULL, why.rule)
                                    : status;
}

/* Unpacked in the scratch arena: only what decide reads is kept. */
static enum status unpack(struct batch *batch, const struct event *event, const Validated **message,
                          struct fault *fault)
{
    const struct policy_context *own = batch->context;
    struct error error = {""};
    ProtobufCMessage *unpacked = NULL;
    arena_reset(own->scratch);
    enum status status = message_unpack(&redress__v1__refund_validated__descriptor, event->value,
                                        event->value_size, own->scratch, &unpacked, &error);
    *message = (const Validated *)unpacked;
    return status == STATUS_UNPROCESSABLE ? fault_set(fault, REASON(MALFORMED), "", NULL,
                                                      arena_strdup(batch->arena, error.text))
                                          : status;
}

static enum status keep(struct batch *batch, struct event *event, const Validated *message,
                        struct policy_input *input, struct fault *fault)
{
    event->merchant_id = arena_strdup(batch->arena, message->merchant_id);
    event->order_id = arena_strdup(batch->arena, message->order_id);
    event->body = input;
    input->refund_id = arena_strdup(batch->arena, message->refund_id);
    input->version = message->version;
    input->appeal = message->appeal;
    input->answered_count = message->n_answered_by;
    if (message_time(message->occurred_at, &input->occurred_us) != STATUS_OK)
        return fault_set(fault, REASON(FIELD_OUT_OF_RANGE), "occurred_at", NULL,
                         "years 0001 to 9999");
    return STATUS_OK;
}

static enum status decode(struct batch *batch, struct event *event, struct fault *fault)
{
    const Validated *message = NULL;
    struct policy_input *input = arena_zalloc(batch->arena, sizeof *input);
    if (input == NULL)
        return STATUS_EXHAUSTED;
    enum status status = unpack(batch, event, &message, fault);
    if (status == STATUS_OK)
        status = check_head(message, fault);
    if (status == STATUS_OK)
        status = read_status(message, &input->status, fault);
    if (status == STATUS_OK && input->status == VALIDATED_STATUS_VALIDATED)
        status = read_facts(batch, message, &input->facts, fault);
    if (status == STATUS_OK)
        status = keep(batch, event, message, input, fault);
    return status == STATUS_OK && arena_exhausted(batch->arena) ? STATUS_EXHAUSTED : status;
}

enum status policy_decode(struct batch *batch, struct event *event)
{
    struct fault fault;
    enum status status = decode(batch, event, &fault);
    return status == STATUS_UNPROCESSABLE
               ? batch_refuse(batch, event, fault.reason, fault.field, fault.value, fault.rule)
               : status;
}

enum status policy_decode_kept(struct batch *batch, struct event *event, struct error *error)
{
    struct fault fault;
    enum status status = decode(batch, event, &fault);
    return status == STATUS_UNPROCESSABLE
               ? error_set(error, STATUS_INVALID, "%s: %s", fault.field, fault.rule)
               : status;
}
