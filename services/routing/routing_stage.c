#include "routing_stage.h"

#include "identity.h"
#include "log.h"
#include "routing_codec.h"
#include "routing_rules.h"
#include "routing_store.h"

#include <string.h>

enum { MICROSECONDS_PER_MS = 1000 };

enum status routing_start(void *context, const struct config_worker *config, struct error *error)
{
    struct routing_context *own = context;
    enum status status = approval_keys_read(own->keys_text, &own->keys, error);
    if (status != STATUS_OK)
        return status;
    own->scratch = arena_create(ROUTING_SCRATCH_MAX);
    if (own->scratch == NULL)
        return error_set(error, STATUS_FATAL, "no memory to start with");
    own->terms =
        (struct routing_terms){.case_deadline_us = own->case_deadline_ms * MICROSECONDS_PER_MS,
                               .answer_deadline_us = own->answer_deadline_ms * MICROSECONDS_PER_MS,
                               .approval_life_us = own->approval_life_ms * MICROSECONDS_PER_MS,
                               .decision_life_us = own->decision_life_ms * MICROSECONDS_PER_MS,
                               .take_life_us = own->take_life_ms * MICROSECONDS_PER_MS,
                               .model_retry_us = own->model_retry_ms * MICROSECONDS_PER_MS};
    return routing_rules_open(own, config, error);
}

void routing_stop(void *context)
{
    struct routing_context *own = context;
    rules_close(own->rules);
    own->rules = NULL;
    arena_destroy(own->route_scratch);
    own->route_scratch = NULL;
    approval_keys_destroy(own->keys);
    own->keys = NULL;
    arena_destroy(own->scratch);
    own->scratch = NULL;
}

static const char *refund_id_of(const struct event *event)
{
    return event->kind == EVENT_DEADLINE ? event->subject
                                         : ((const struct routing_input *)event->body)->refund_id;
}

static enum status step_decide(struct routing_step *step, const struct event *event)
{
    if (event->kind == EVENT_DEADLINE)
        return routing_due(step, (enum deadline_kind)event->deadline_kind);
    const struct routing_input *input = event->body;
    switch (input->kind) {
    case INPUT_ASSESSED:
        return routing_assessed(step, &input->assessed);
    case INPUT_DECISION:
        return routing_decided(step, &input->decision);
    case INPUT_PAYOUT:
        return routing_payout(step, &input->payout);
    case INPUT_NOTHING:
        break;
    }
    return STATUS_OK;
}

/* A name for a control event that is the same when it is said again. */
static const char *control_id(struct arena *arena, const char *what, const char *refund_id,
                              const char *detail)
{
    const char *parts = arena_printf(arena, "%s\x1f%s\x1f%s", what, refund_id, detail);
    char *hex = arena_alloc(arena, IDENTITY_SHA256_HEX);
    if (parts == NULL || hex == NULL)
        return NULL;
    return arena_printf(arena, "routing/%s/%s", what, identity_sha256(parts, strlen(parts), hex));
}

static enum status publish_control(struct batch *batch, const struct event *event,
                                   const Redress__V1__ControlEvent *message, const char *ce_id)
{
    if (message == NULL || ce_id == NULL)
        return STATUS_EXHAUSTED;
    struct output output = {.topic = TOPIC_CONTROL,
                            .key = message->subject,
                            .ce_id = ce_id,
                            .refund_id = refund_id_of(event),
                            .message = &message->base};
    return batch_output(batch, event, &output);
}

static enum status publish_refusal(struct batch *batch, const struct event *event,
                                   const struct routing_setting *setting,
                                   const struct routing_answer *answer)
{
    const struct routing_input *input = event->body;
    const struct decision *decision = &input->decision;
    return publish_control(
        batch, event, routing_encode_refused(setting, input->refund_id, decision, answer->refusal),
        control_id(setting->arena, "refused", input->refund_id,
                   arena_printf(setting->arena, "%s\x1f%s\x1f%s", event->merchant_id,
                                decision->decision_id, refusal_reason_name(answer->refusal))));
}

static enum status publish_stalled(struct batch *batch, const struct event *event,
                                   const struct routing_setting *setting,
                                   const struct routing_answer *answer)
{
    const char *refund_id = refund_id_of(event);
    return publish_control(batch, event, routing_encode_stalled(setting, refund_id, answer),
                           control_id(batch->arena, "stalled", refund_id,
                                      arena_printf(batch->arena, "%s\x1f%lld", event->merchant_id,
                                                   (long long)event->now_us)));
}

/* Once per trip: the save is refused if another shard has tripped it too. */
static enum status publish_tripped(struct batch *batch, const struct event *event,
                                   const struct routing_setting *setting,
                                   const struct routing_answer *answer)
{
    const struct auto_meter *meter = answer->limited.meter;
    return publish_control(batch, event, routing_encode_tripped(setting, answer),
                           control_id(setting->arena, "tripped", meter->product,
                                      arena_printf(setting->arena, "%s\x1f%lld", event->merchant_id,
                                                   (long long)meter->trip)));
}

static enum status publish_lifted(struct batch *batch, const struct event *event,
                                  const struct routing_setting *setting,
                                  const struct routing_answer *answer)
{
    const struct routing_input *input = event->body;
    return publish_control(
        batch, event, routing_encode_lifted(setting, &input->decision, answer->lifted),
        control_id(setting->arena, "lifted", input->refund_id, input->decision.decision_id));
}

static enum status publish_routed(struct batch *batch, const struct event *event,
                                  const struct routing_setting *setting,
                                  const struct routing_answer *answer)
{
    const Redress__V1__RefundRouted *message = routing_encode(setting, answer);
    if (message == NULL)
        return STATUS_EXHAUSTED;
    struct output output = {.topic = TOPIC_ROUTED,
                            .key = event->order_id,
                            .refund_id = setting->refund->refund_id,
                            .version = setting->refund->version,
                            .status = routed_status_name(answer->status),
                            .message = &message->base};
    return batch_output(batch, event, &output);
}

static enum status set_deadline(struct batch *batch, const struct event *event,
                                enum deadline_kind kind, enum due_change change, int64_t due_us)
{
    switch (change) {
    case DEADLINE_SET:
        return batch_deadline(batch, event, refund_id_of(event), kind, due_us);
    case DEADLINE_CLEAR:
        return batch_deadline_clear(batch, event, refund_id_of(event), kind);
    case DEADLINE_KEEP:
        break;
    }
    return STATUS_OK;
}

static enum status carry_out(struct batch *batch, const struct event *event,
                             const struct routing_step *step)
{
    const struct routing_context *own = batch->context;
    const struct routing_answer *answer = step->answer;
    arena_reset(own->scratch);
    struct routing_setting setting = {
        .arena = own->scratch,
        .router = step->rules.router,
        .keys = own->keys,
        .order = step->order,
        .refund = step->refund,
        .occurred_us = event->kind == EVENT_DEADLINE
                           ? event->due_us
                           : ((const struct routing_input *)event->body)->occurred_us,
        .now_us = event->now_us};
    enum status status = STATUS_OK;
    if (answer->status != ROUTED_NOTHING)
        status = publish_routed(batch, event, &setting, answer);
    if (status == STATUS_OK && answer->refusal != REFUSAL_NONE)
        status = publish_refusal(batch, event, &setting, answer);
    if (status == STATUS_OK && answer->waiting_for != NULL)
        status = publish_stalled(batch, event, &setting, answer);
    if (status == STATUS_OK && answer->limited.trips)
        status = publish_tripped(batch, event, &setting, answer);
    if (status == STATUS_OK && answer->lifted > 0)
        status = publish_lifted(batch, event, &setting, answer);
    for (int kind = DEADLINE_CASE; kind < DEADLINE_KINDS && status == STATUS_OK; kind++)
        status = set_deadline(batch, event, (enum deadline_kind)kind, answer->deadlines[kind],
                              answer->due_us[kind]);
    return status;
}

/* Only an assessment makes a refund known. */
static bool makes_refund(const struct event *event)
{
    return event->kind == EVENT_MESSAGE &&
           ((const struct routing_input *)event->body)->kind == INPUT_ASSESSED;
}

enum status routing_decide(struct batch *batch, struct event *event)
{
    const struct routing_context *own = batch->context;
    struct routing_answer answer = {0};
    const struct routing_input *input = event->body;
    struct routing_step step = {.terms = &own->terms,
                                .rules = input->rules,
                                .order = event->order->rows,
                                .refund =
                                    routing_refund_find(event->order->rows, refund_id_of(event)),
                                .now_us = event->now_us,
                                .shard = event->shard,
                                .shared = &((struct routing_rows *)batch->rows)->shared.shared,
                                .found = input->found,
                                .arena = batch->arena,
                                .answer = &answer};
    if (step.refund == NULL && makes_refund(event)) {
        step.refund = routing_refund_add(batch, event, refund_id_of(event));
        if (step.refund == NULL)
            return STATUS_EXHAUSTED;
    }
    enum status status = step_decide(&step, event);
    return status == STATUS_OK ? carry_out(batch, event, &step) : status;
}
