#include "policy_stage.h"

#include "policy_codec.h"

enum status policy_start(void *context, const struct config_worker *config, struct error *error)
{
    (void)config;
    struct policy_context *own = context;
    enum status status = policy_make(own->standard_days, own->exception_days, &own->policy, error);
    if (status != STATUS_OK)
        return status;
    own->arena = arena_create(ARENA_FIRST_BLOCK);
    own->scratch = arena_create(POLICY_SCRATCH_MAX);
    own->text = own->arena == NULL ? NULL : policy_text(&own->policy, own->arena);
    return own->text != NULL && own->scratch != NULL
               ? STATUS_OK
               : error_set(error, STATUS_FATAL, "no memory to start with");
}

void policy_stop(void *context)
{
    struct policy_context *own = context;
    arena_destroy(own->arena);
    arena_destroy(own->scratch);
    own->arena = own->scratch = NULL;
    own->text = NULL;
}

void policy_claimed(void *context, struct unit *unit, int32_t shard)
{
    (void)shard;
    const struct policy_context *own = context;
    policy_store_model(unit, &own->policy, own->text);
}

static enum status keep(struct batch *batch, const struct event *event,
                        const struct policy_refund *refund, const struct assessment *assessment)
{
    const struct policy_input *input = event->body;
    const struct policy_context *own = batch->context;
    struct policy_rows *rows = batch->rows;
    struct policy_record *record = arena_alloc(batch->arena, sizeof *record);
    if (record == NULL)
        return STATUS_EXHAUSTED;
    *record = (struct policy_record){.refund = refund,
                                     .version = refund->version,
                                     .validated_version = input->version,
                                     .assessment = assessment,
                                     .policy = &own->policy,
                                     .decided_us = event->now_us};
    *rows->last = record;
    rows->last = &record->next;
    return STATUS_OK;
}

/* `assessment` NULL: the cancellation is passed on. */
static enum status publish(struct batch *batch, const struct event *event,
                           const struct policy_refund *refund, const struct assessment *assessment)
{
    const struct policy_context *own = batch->context;
    arena_reset(own->scratch);
    const Redress__V1__RefundAssessed *message =
        policy_encode(own->scratch, event, &own->policy, assessment, refund->version);
    if (message == NULL)
        return STATUS_EXHAUSTED;
    struct output output = {.topic = TOPIC_ASSESSED,
                            .key = event->order_id,
                            .refund_id = refund->refund_id,
                            .version = refund->version,
                            .status = policy_status(assessment),
                            .message = &message->base};
    enum status status = batch_output(batch, event, &output);
    return status == STATUS_OK ? keep(batch, event, refund, assessment) : status;
}

enum status policy_decide(struct batch *batch, struct event *event)
{
    const struct policy_context *own = batch->context;
    const struct policy_input *input = event->body;
    if (event->kind != EVENT_MESSAGE)
        return STATUS_OK;
    struct policy_refund *refund = policy_refund_of(batch, event, input->refund_id);
    if (refund == NULL)
        return STATUS_EXHAUSTED;
    enum policy_step step = POLICY_STEP_NONE;
    enum status status = policy_take(refund, input->version, input->status, &step);
    if (status != STATUS_OK || step == POLICY_STEP_NONE)
        return status;
    if (step == POLICY_STEP_PASS_ON)
        return publish(batch, event, refund, NULL);
    struct assessment *assessment = arena_alloc(batch->arena, sizeof *assessment);
    if (assessment == NULL)
        return STATUS_EXHAUSTED;
    status = assess(&input->facts, &own->policy, batch->arena, assessment);
    return status == STATUS_OK ? publish(batch, event, refund, assessment) : status;
}
