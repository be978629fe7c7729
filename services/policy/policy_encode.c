/* What policy says: the structs of policy.h -> refunds.assessed.v1 and refunds.control.v1. */

#include "policy_codec.h"

#include "message.h"
#include "message_carry.h"

#include <string.h>

const char *policy_status(const struct assessment *assessment)
{
    return assessment == NULL ? "CANCEL_REQUESTED" : outcome_name(assessment->outcome);
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

/* One line is named, several are counted; the order as a whole is neither. */
static bool encode_lines(struct arena *arena, const struct facts *facts, const struct rule_hit *hit,
                         Redress__V1__RuleHit *into)
{
    if (hit->line_count == 1) {
        into->line_id = (char *)facts->lines[hit->lines[0]].line_id;
        return true;
    }
    into->lines = arena_array(arena, hit->line_count, sizeof *into->lines);
    for (size_t i = 0; i < hit->line_count && into->lines != NULL; i++)
        into->lines[i] = (int32_t)hit->lines[i];
    into->n_lines = hit->line_count;
    return into->lines != NULL;
}

static bool encode_rules(struct arena *arena, const struct facts *facts,
                         const struct assessment *assessment, Redress__V1__RefundAssessed *message)
{
    Redress__V1__RuleHit *hits = arena_array(arena, assessment->hit_count + 1, sizeof *hits);
    message->rules = arena_array(arena, assessment->hit_count + 1, sizeof *message->rules);
    if (hits == NULL || message->rules == NULL)
        return false;
    for (size_t i = 0; i < assessment->hit_count; i++) {
        const struct rule_hit *hit = &assessment->hits[i];
        redress__v1__rule_hit__init(&hits[i]);
        hits[i].decision = (char *)hit->decision;
        hits[i].rule = (char *)hit->rule;
        hits[i].hit = true;
        message->rules[i] = &hits[i];
        if (!encode_lines(arena, facts, hit, &hits[i]))
            return false;
    }
    message->n_rules = assessment->hit_count;
    return true;
}

static bool encode_model(struct arena *arena, const struct rules_set *set,
                         Redress__V1__RefundAssessed *message)
{
    message->model = arena_alloc(arena, sizeof *message->model);
    if (message->model == NULL)
        return false;
    redress__v1__model_reference__init(message->model);
    message->model->id = (char *)set->id;
    message->model->version = set->version;
    message->model->sha256 = (char *)set->sha256;
    return true;
}

static bool encode_methods(struct arena *arena, const struct assessment *assessment,
                           Redress__V1__RefundAssessed *message)
{
    static const Redress__V1__RefundMethod numbers[] = {
#define X(name) [REFUND_METHOD_##name] = REDRESS__V1__REFUND_METHOD__REFUND_METHOD_##name,
        REFUND_METHOD_ROWS(X)
#undef X
    };
    message->methods = arena_array(arena, REFUND_METHOD_COUNT, sizeof *message->methods);
    for (size_t i = 0; i < assessment->method_count && message->methods != NULL; i++)
        message->methods[i] = numbers[assessment->methods[i]];
    message->n_methods = assessment->method_count;
    return message->methods != NULL;
}

static bool encode_money(struct arena *arena, const struct facts *facts,
                         const struct assessment *assessment, Redress__V1__RefundAssessed *message)
{
    message->refundable = arena_alloc(arena, sizeof *message->refundable);
    if (message->refundable == NULL)
        return false;
    redress__v1__money__init(message->refundable);
    message->refundable->minor = assessment->refundable_minor;
    message->refundable->currency = (char *)facts->currency;
    message->restocking_fee_minor = assessment->fee_minor;
    message->goods_required = assessment->goods_required;
    message->goods_condition = (char *)assessment->goods_condition;
    return encode_methods(arena, assessment, message);
}

static bool encode_notice(struct arena *arena, const struct assessment *assessment,
                          Redress__V1__RefundAssessed *message)
{
    struct policy_notice notice;
    if (!policy_notice(assessment, message->appeal, &notice))
        return true;
    message->notice = arena_alloc(arena, sizeof *message->notice);
    if (message->notice == NULL)
        return false;
    redress__v1__notice__init(message->notice);
    message->notice->template_ = (char *)notice.template;
    message->notice->reason = (char *)notice.reason;
    if (notice.appeal != NULL)
        message->notice->appeal = (char *)notice.appeal;
    message->notice->needed = (char **)(uintptr_t)notice.needed;
    message->notice->n_needed = notice.needed_count;
    return true;
}

/* Request, facts, claim, who appealed and who answered have the same numbers in both messages. */
static bool carry_on(struct arena *arena, const struct event *event,
                     Redress__V1__RefundAssessed *message)
{
    static const uint32_t fields[] = {8, 9, 10, 22, 23};
    enum { COUNT = sizeof fields / sizeof *fields };
    const struct policy_input *input = event->body;
    size_t room = COUNT + input->answered_count;
    ProtobufCMessageUnknownField *carried = arena_array(arena, room, sizeof *carried);
    if (carried == NULL)
        return false;
    message->base.n_unknown_fields =
        message_carry(event->value, event->value_size, fields, COUNT, carried, room);
    message->base.unknown_fields = carried;
    return true;
}

static bool encode_assessment(struct arena *arena, const struct policy_input *input,
                              const struct assessment *assessment,
                              Redress__V1__RefundAssessed *message)
{
    message->reasons = (char **)(uintptr_t)assessment->reasons;
    message->n_reasons = assessment->reason_count;
    return encode_model(arena, input->set, message) &&
           encode_money(arena, &input->facts, assessment, message) &&
           encode_rules(arena, &input->facts, assessment, message) &&
           encode_notice(arena, assessment, message);
}

Redress__V1__RefundAssessed *policy_encode(struct arena *arena, const struct event *event,
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
        done = done && encode_assessment(arena, input, assessment, message);
    return done && !arena_exhausted(arena) ? message : NULL;
}

Redress__V1__ControlEvent *policy_encode_stalled(struct arena *arena, const struct event *event,
                                                 const char *refund_id, const char *reason,
                                                 int64_t since_us)
{
    Redress__V1__ControlEvent *control = arena_alloc(arena, sizeof *control);
    Redress__V1__Stalled *stalled = arena_alloc(arena, sizeof *stalled);
    if (control == NULL || stalled == NULL)
        return NULL;
    redress__v1__control_event__init(control);
    redress__v1__stalled__init(stalled);
    control->source = (char *)"policy";
    control->subject = arena_printf(arena, "refund:%s", refund_id);
    control->merchant_id = (char *)event->merchant_id;
    control->occurred_at = message_timestamp(arena, event->now_us);
    control->event_case = REDRESS__V1__CONTROL_EVENT__EVENT_STALLED;
    control->stalled = stalled;
    stalled->order_id = (char *)event->order_id;
    stalled->refund_id = (char *)refund_id;
    stalled->waiting_for = (char *)reason;
    stalled->since = message_timestamp(arena, since_us);
    return arena_exhausted(arena) ? NULL : control;
}
