#include "policy_codec.h"

#include "message.h"
#include "money.h"

#include <string.h>

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
        lines[i] = (struct line_facts){.line_id = line->line_id,
                                       .category = line->category,
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

enum status policy_decode(struct batch *batch, struct event *event)
{
    ProtobufCMessage *unpacked = NULL;
    enum status status = batch_unpack(batch, event, &unpacked);
    if (status != STATUS_OK)
        return status;
    const Validated *message = (const Validated *)unpacked;
    struct policy_input *input = arena_zalloc(batch->arena, sizeof *input);
    if (input == NULL)
        return STATUS_EXHAUSTED;
    input->message = message;
    input->refund_id = message->refund_id;
    input->version = message->version;
    status = check_head(batch, event, message);
    if (status == STATUS_OK)
        status = read_status(batch, event, message, &input->status);
    if (status == STATUS_OK && input->status == VALIDATED_STATUS_VALIDATED)
        status = read_facts(batch, event, message, &input->facts);
    event->merchant_id = message->merchant_id;
    event->order_id = message->order_id;
    event->body = input;
    return status;
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
static bool encode_money(struct arena *arena, const struct assessment *assessment,
                         Redress__V1__RefundAssessed *message)
{
    static Redress__V1__RefundMethod original[] = {
        REDRESS__V1__REFUND_METHOD__REFUND_METHOD_ORIGINAL};
    message->refundable = arena_alloc(arena, sizeof *message->refundable);
    if (message->refundable == NULL)
        return false;
    redress__v1__money__init(message->refundable);
    message->refundable->minor =
        assessment->outcome == OUTCOME_DECLINED ? 0 : message->claim->minor;
    message->refundable->currency = message->claim->currency;
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

Redress__V1__RefundAssessed *policy_encode(struct arena *arena, const struct policy_input *input,
                                           const struct policy *policy,
                                           const struct assessment *assessment, int64_t version,
                                           int64_t now_us)
{
    Redress__V1__RefundAssessed *message = arena_alloc(arena, sizeof *message);
    if (message == NULL)
        return NULL;
    redress__v1__refund_assessed__init(message);
    message->merchant_id = input->message->merchant_id;
    message->refund_id = input->message->refund_id;
    message->order_id = input->message->order_id;
    message->version = version;
    message->status = status_number(assessment);
    message->occurred_at = input->message->occurred_at;
    message->decided_at = message_timestamp(arena, now_us);
    message->request = input->message->request;
    message->facts = input->message->facts;
    message->claim = input->message->claim;
    message->appeal = input->message->appeal;
    message->validated_version = input->version;
    if (message->decided_at == NULL)
        return NULL;
    if (assessment == NULL)
        return message;
    bool done = encode_model(arena, policy, message) && encode_money(arena, assessment, message) &&
                encode_rules(arena, assessment, message) &&
                encode_reasons(arena, assessment, message) &&
                encode_notice(arena, policy, assessment, message);
    return done ? message : NULL;
}
