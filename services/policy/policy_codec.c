#include "policy_codec.h"

#include "message.h"
#include "message_carry.h"
#include "money.h"
#include "policy_stage.h"

#include <string.h>

#define MALFORMED REDRESS__V1__DEAD_LETTER_REASON__DEAD_LETTER_REASON_MALFORMED
#define FIELD_MISSING REDRESS__V1__DEAD_LETTER_REASON__DEAD_LETTER_REASON_FIELD_MISSING
#define OUT_OF_RANGE REDRESS__V1__DEAD_LETTER_REASON__DEAD_LETTER_REASON_FIELD_OUT_OF_RANGE
#define UNKNOWN_ENUM REDRESS__V1__DEAD_LETTER_REASON__DEAD_LETTER_REASON_UNKNOWN_ENUM
#define UNKNOWN_CURRENCY REDRESS__V1__DEAD_LETTER_REASON__DEAD_LETTER_REASON_UNKNOWN_CURRENCY

typedef Redress__V1__RefundValidated Validated;

/* What must be there at all; the topic is our own, so that bounds are intake's to check. */
static enum status check_head(struct batch *batch, struct event *event, const Validated *message)
{
    const struct {
        const char *field, *value;
    } texts[] = {{"merchant_id", message->merchant_id},
                 {"order_id", message->order_id},
                 {"refund_id", message->refund_id}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i].value[0] == '\0')
            return batch_refuse(batch, event, FIELD_MISSING, texts[i].field, "", "not empty");
    if (message->version < 1)
        return batch_refuse(batch, event, OUT_OF_RANGE, "version", NULL, "1 or more");
    return STATUS_OK;
}

static enum status read_status(struct batch *batch, struct event *event, const Validated *message,
                               enum validated_status *status)
{
    switch ((int)message->status) {
#define X(name)                                                    \
    case REDRESS__V1__VALIDATION_STATUS__VALIDATION_STATUS_##name: \
        *status = VALIDATED_STATUS_##name;                         \
        return STATUS_OK;
        VALIDATED_ROWS(X)
#undef X
    default:
        return batch_refuse(batch, event, UNKNOWN_ENUM, "status", NULL, "a known status");
    }
}

static enum status read_lines(struct batch *batch, struct event *event,
                              const Redress__V1__Facts *message, struct facts *facts)
{
    struct line_facts *lines = arena_array(batch->arena, message->n_lines, sizeof *lines);
    if (message->n_lines > 0 && lines == NULL)
        return STATUS_EXHAUSTED;
    for (size_t i = 0; i < message->n_lines; i++) {
        const Redress__V1__LineFacts *line = message->lines[i];
        lines[i] = (struct line_facts){.line_id = arena_strdup(batch->arena, line->line_id),
                                       .category = arena_strdup(batch->arena, line->category),
                                       .delivered = line->delivered_at != NULL};
        if (message_time(line->delivered_at, &lines[i].delivered_us) != STATUS_OK)
            return batch_refuse(batch, event, OUT_OF_RANGE, "facts.lines.delivered_at", NULL,
                                "years 0001 to 9999");
    }
    facts->lines = lines;
    facts->line_count = message->n_lines;
    return STATUS_OK;
}

static bool without_window(const Redress__V1__RefundRequest *request)
{
    return request->trigger == REDRESS__V1__TRIGGER__TRIGGER_SERVICE_FAILURE ||
           request->reason == REDRESS__V1__REASON_CODE__REASON_CODE_SERVICE_FAILURE ||
           request->reason == REDRESS__V1__REASON_CODE__REASON_CODE_NOT_RECEIVED;
}

/* Facts of a request that is to be judged. */
static enum status read_facts(struct batch *batch, struct event *event, const Validated *message,
                              struct facts *facts)
{
    if (message->request == NULL || message->request->occurred_at == NULL)
        return batch_refuse(batch, event, FIELD_MISSING, "request.occurred_at", "", "present");
    if (message->facts == NULL)
        return batch_refuse(batch, event, FIELD_MISSING, "facts", "", "present");
    if (message->claim == NULL || currency_exponent(message->claim->currency) < 0)
        return batch_refuse(batch, event, UNKNOWN_CURRENCY, "claim.currency", NULL, "ISO 4217");
    *facts = (struct facts){.no_window = without_window(message->request),
                            .delivered = message->facts->delivered_at != NULL};
    if (message_time(message->request->occurred_at, &facts->requested_us) != STATUS_OK ||
        message_time(message->facts->delivered_at, &facts->delivered_us) != STATUS_OK)
        return batch_refuse(batch, event, OUT_OF_RANGE, "occurred_at or delivered_at", NULL,
                            "years 0001 to 9999");
    return read_lines(batch, event, message->facts, facts);
}

/* Unpacked in the scratch arena: only what decide reads is kept. */
static enum status unpack(struct batch *batch, struct event *event, const Validated **message)
{
    const struct policy_context *own = batch->context;
    struct error error = {""};
    ProtobufCMessage *unpacked = NULL;
    arena_reset(own->scratch);
    enum status status = message_unpack(&redress__v1__refund_validated__descriptor, event->value,
                                        event->value_size, own->scratch, &unpacked, &error);
    *message = (const Validated *)unpacked;
    return status == STATUS_UNPROCESSABLE
               ? batch_refuse(batch, event, MALFORMED, "", NULL, error.text)
               : status;
}

static enum status keep(struct batch *batch, struct event *event, const Validated *message,
                        struct policy_input *input)
{
    event->merchant_id = arena_strdup(batch->arena, message->merchant_id);
    event->order_id = arena_strdup(batch->arena, message->order_id);
    event->body = input;
    input->refund_id = arena_strdup(batch->arena, message->refund_id);
    input->version = message->version;
    input->appeal = message->appeal;
    if (message->claim != NULL) {
        input->claim_minor = message->claim->minor;
        input->currency = arena_strdup(batch->arena, message->claim->currency);
    }
    if (message_time(message->occurred_at, &input->occurred_us) != STATUS_OK)
        return batch_refuse(batch, event, OUT_OF_RANGE, "occurred_at", NULL, "years 0001 to 9999");
    return STATUS_OK;
}

enum status policy_decode(struct batch *batch, struct event *event)
{
    const Validated *message = NULL;
    struct policy_input *input = arena_zalloc(batch->arena, sizeof *input);
    if (input == NULL)
        return STATUS_EXHAUSTED;
    enum status status = unpack(batch, event, &message);
    if (status == STATUS_OK)
        status = check_head(batch, event, message);
    if (status == STATUS_OK)
        status = read_status(batch, event, message, &input->status);
    if (status == STATUS_OK && input->status == VALIDATED_STATUS_VALIDATED)
        status = read_facts(batch, event, message, &input->facts);
    if (status == STATUS_OK)
        status = keep(batch, event, message, input);
    return status == STATUS_OK && arena_exhausted(batch->arena) ? STATUS_EXHAUSTED : status;
}

const char *policy_status(const struct assessment *assessment)
{
    return assessment == NULL ? "CANCEL_REQUESTED" : policy_outcome_name(assessment->outcome);
}

static Redress__V1__AssessmentStatus status_number(const struct assessment *assessment)
{
    static const Redress__V1__AssessmentStatus numbers[] = {
#define X(name) [OUTCOME_##name] = REDRESS__V1__ASSESSMENT_STATUS__ASSESSMENT_STATUS_##name,
        OUTCOME_ROWS(X)
#undef X
    };
    return assessment == NULL ? REDRESS__V1__ASSESSMENT_STATUS__ASSESSMENT_STATUS_CANCEL_REQUESTED
                              : numbers[assessment->outcome];
}

static bool encode_rules(struct arena *arena, const struct assessment *assessment,
                         Redress__V1__RefundAssessed *message)
{
    Redress__V1__RuleHit *hits = arena_array(arena, assessment->hit_count, sizeof *hits);
    message->rules = arena_array(arena, assessment->hit_count, sizeof *message->rules);
    if (hits == NULL || message->rules == NULL)
        return false;
    for (size_t i = 0; i < assessment->hit_count; i++) {
        const struct rule_info *rule = policy_rule_info(assessment->hits[i].rule);
        redress__v1__rule_hit__init(&hits[i]);
        hits[i].decision = (char *)rule->decision;
        hits[i].rule = (char *)rule->id;
        hits[i].hit = true;
        hits[i].line_id = (char *)assessment->hits[i].line_id;
        message->rules[i] = &hits[i];
    }
    message->n_rules = assessment->hit_count;
    return true;
}

static bool encode_reasons(struct arena *arena, const struct assessment *assessment,
                           Redress__V1__RefundAssessed *message)
{
    message->reasons = arena_array(arena, assessment->reason_count + 1, sizeof *message->reasons);
    if (message->reasons == NULL)
        return false;
    for (size_t i = 0; i < assessment->reason_count; i++)
        message->reasons[i] = (char *)policy_reason_name(assessment->reasons[i]);
    message->n_reasons = assessment->reason_count;
    return true;
}

static bool encode_model(struct arena *arena, const struct policy *policy,
                         Redress__V1__RefundAssessed *message)
{
    message->model = arena_alloc(arena, sizeof *message->model);
    if (message->model == NULL)
        return false;
    redress__v1__model_reference__init(message->model);
    message->model->id = (char *)policy->model_id;
    message->model->version = policy->model_version;
    message->model->sha256 = (char *)policy->model_sha256;
    return true;
}

/* Nothing of what was claimed is refundable once it is declined. */
static bool encode_money(struct arena *arena, const struct policy_input *input,
                         const struct assessment *assessment, Redress__V1__RefundAssessed *message)
{
    static Redress__V1__RefundMethod original[] = {
        REDRESS__V1__REFUND_METHOD__REFUND_METHOD_ORIGINAL};
    message->refundable = arena_alloc(arena, sizeof *message->refundable);
    if (message->refundable == NULL)
        return false;
    redress__v1__money__init(message->refundable);
    message->refundable->minor = assessment->outcome == OUTCOME_DECLINED ? 0 : input->claim_minor;
    message->refundable->currency = (char *)input->currency;
    message->methods = original;
    message->n_methods = 1;
    return true;
}

static bool encode_notice(struct arena *arena, const struct policy *policy,
                          const struct assessment *assessment, Redress__V1__RefundAssessed *message)
{
    struct policy_notice notice;
    bool tell = false;
    if (policy_notice(assessment, policy, message->appeal, arena, &notice, &tell) != STATUS_OK)
        return false;
    if (!tell)
        return true;
    message->notice = arena_alloc(arena, sizeof *message->notice);
    char **needed = arena_array(arena, 1, sizeof *needed);
    if (message->notice == NULL || needed == NULL)
        return false;
    redress__v1__notice__init(message->notice);
    message->notice->template_ = (char *)notice.template;
    message->notice->reason = (char *)notice.reason;
    if (notice.appeal != NULL)
        message->notice->appeal = (char *)notice.appeal;
    if (notice.needed != NULL) {
        needed[0] = (char *)notice.needed;
        message->notice->needed = needed;
        message->notice->n_needed = 1;
    }
    return true;
}

/* Request, facts and claim have the same numbers in both messages. */
static bool carry_on(struct arena *arena, const struct event *event,
                     Redress__V1__RefundAssessed *message)
{
    static const uint32_t fields[] = {8, 9, 10};
    enum { COUNT = sizeof fields / sizeof *fields };
    ProtobufCMessageUnknownField *carried = arena_array(arena, COUNT, sizeof *carried);
    if (carried == NULL)
        return false;
    message->base.n_unknown_fields =
        message_carry(event->value, event->value_size, fields, COUNT, carried);
    message->base.unknown_fields = carried;
    return true;
}

Redress__V1__RefundAssessed *policy_encode(struct arena *arena, const struct event *event,
                                           const struct policy *policy,
                                           const struct assessment *assessment, int64_t version)
{
    const struct policy_input *input = event->body;
    Redress__V1__RefundAssessed *message = arena_alloc(arena, sizeof *message);
    if (message == NULL)
        return NULL;
    redress__v1__refund_assessed__init(message);
    message->merchant_id = (char *)event->merchant_id;
    message->refund_id = (char *)input->refund_id;
    message->order_id = (char *)event->order_id;
    message->version = version;
    message->status = status_number(assessment);
    message->occurred_at = message_timestamp(arena, input->occurred_us);
    message->decided_at = message_timestamp(arena, event->now_us);
    message->appeal = input->appeal;
    message->validated_version = input->version;
    bool done = carry_on(arena, event, message);
    if (assessment != NULL)
        done = done && encode_model(arena, policy, message) &&
               encode_money(arena, input, assessment, message) &&
               encode_rules(arena, assessment, message) &&
               encode_reasons(arena, assessment, message) &&
               encode_notice(arena, policy, assessment, message);
    return done && !arena_exhausted(arena) ? message : NULL;
}
