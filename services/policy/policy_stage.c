#include "policy_stage.h"

#include "policy_codec.h"

#include "assessment/facts.h"
#include "assessment/trial.h"

#include <inttypes.h>

static const char NO_POLICY[] = "a policy that is valid for it";

/* At publication: what loads may still loop for ever, or judge nothing. */
static enum status try_model(const void *context, const Redress__V1__RuleSet *set,
                             const struct rules_made *made, struct error *error)
{
    struct trial trial;
    (void)context;
    (void)set;
    enum status status = assessment_try(made->made, &trial, error);
    return status == STATUS_OK ? STATUS_OK : STATUS_INVALID;
}

/* A model that knows what its facts are like. */
static enum status make_model(const void *context, const Redress__V1__RuleSet *set,
                              struct rules_made *made, struct error *error)
{
    enum status status = rules_make_model(context, set, made, error);
    if (status == STATUS_OK && facts_expect(made->made) != STATUS_OK) {
        rules_release_model(made->made);
        status = error_set(error, STATUS_EXHAUSTED, "no memory for a model's facts");
    }
    return status;
}

static const struct rules_handler handlers[] = {
    {.kind = RULES_POLICY, .make = make_model, .check = try_model, .release = rules_release_model}};

enum status policy_start(void *context, const struct config_worker *config, struct error *error)
{
    struct policy_context *own = context;
    const struct rules_settings settings = {.worker = config,
                                            .name = "policy",
                                            .keys = own->rules_keys,
                                            .handlers = handlers,
                                            .handler_count = sizeof handlers / sizeof *handlers,
                                            .unknown = true};
    own->scratch = arena_create(POLICY_SCRATCH_MAX);
    own->evaluation = arena_create(ASSESSMENT_ARENA_MAX);
    if (own->scratch == NULL || own->evaluation == NULL)
        return error_set(error, STATUS_FATAL, "no memory to start with");
    return rules_open(&settings, &own->rules, error);
}

void policy_stop(void *context)
{
    struct policy_context *own = context;
    rules_close(own->rules);
    arena_destroy(own->scratch);
    arena_destroy(own->evaluation);
    own->rules = NULL;
    own->scratch = own->evaluation = NULL;
}

bool policy_model_known(const struct policy_context *own, int64_t model)
{
    size_t count = own->model_count < POLICY_MODELS_KNOWN ? own->model_count : POLICY_MODELS_KNOWN;
    for (size_t i = 0; i < count; i++)
        if (own->models[i] == model)
            return true;
    return false;
}

/* The models of the batch are in their table now. */
void policy_committed(struct batch *batch)
{
    struct policy_context *own = batch->context;
    const struct policy_rows *rows = batch->rows;
    for (const struct policy_record *record = rows->first; record != NULL; record = record->next)
        if (record->set != NULL && !policy_model_known(own, record->model))
            own->models[own->model_count++ % POLICY_MODELS_KNOWN] = record->model;
}

static enum status record(struct batch *batch, const struct event *event,
                          const struct policy_refund *refund, const struct assessment *assessment)
{
    const struct policy_input *input = event->body;
    struct policy_rows *rows = batch->rows;
    struct policy_record *made = arena_alloc(batch->arena, sizeof *made);
    if (made == NULL)
        return STATUS_EXHAUSTED;
    *made = (struct policy_record){.refund = refund,
                                   .version = refund->version,
                                   .validated_version = input->version,
                                   .assessment = assessment,
                                   .set = assessment == NULL ? NULL : input->set,
                                   .model = assessment == NULL ? 0 : policy_fingerprint(input->set),
                                   .decided_us = event->now_us};
    *rows->last = made;
    rows->last = &made->next;
    return STATUS_OK;
}

/* The next version of the refund. `assessment` NULL: the cancellation is passed on. */
static enum status publish(struct batch *batch, const struct event *event,
                           struct policy_refund *refund, const struct assessment *assessment)
{
    const struct policy_context *own = batch->context;
    arena_reset(own->scratch);
    const Redress__V1__RefundAssessed *message =
        policy_encode(own->scratch, event, assessment, refund->version + 1);
    if (message == NULL)
        return STATUS_EXHAUSTED;
    struct output output = {.topic = TOPIC_ASSESSED,
                            .key = event->order_id,
                            .refund_id = refund->refund_id,
                            .version = refund->version + 1,
                            .status = policy_status(assessment),
                            .message = &message->base};
    enum status status = batch_output(batch, event, &output);
    if (status != STATUS_OK)
        return status;
    refund->version++;
    refund->changed = true;
    return record(batch, event, refund, assessment);
}

/* Judges or passes on. NOT_FOUND: it has to wait, for `reason`. */
static enum status answer(struct batch *batch, const struct event *event,
                          struct policy_refund *refund, const char **reason)
{
    const struct policy_context *own = batch->context;
    const struct policy_input *input = event->body;
    struct error error = {""};
    *reason = NO_POLICY;
    if (policy_step(input->status) == POLICY_STEP_PASS_ON)
        return publish(batch, event, refund, NULL);
    if (input->set == NULL)
        return STATUS_NOT_FOUND;
    if (input->set->made == NULL) {
        *reason = arena_printf(batch->arena, "a policy that can be read: %s", input->set->fault);
        return *reason == NULL ? STATUS_EXHAUSTED : STATUS_NOT_FOUND;
    }
    struct assessment *assessment = arena_alloc(batch->arena, sizeof *assessment);
    if (assessment == NULL)
        return STATUS_EXHAUSTED;
    enum status status =
        assess(input->set->made, &input->facts, own->evaluation, batch->arena, assessment, &error);
    if (status != STATUS_INVALID)
        return status == STATUS_OK ? publish(batch, event, refund, assessment) : status;
    *reason = arena_printf(batch->arena, "a policy that judges it: %s %" PRId64 " does not. %s",
                           input->set->id, input->set->version, error.text);
    return *reason == NULL ? STATUS_EXHAUSTED : STATUS_NOT_FOUND;
}

/* Tells the operators, each time under an id of its own. */
static enum status tell(struct batch *batch, const struct event *event,
                        const struct policy_kept *kept, const char *reason)
{
    const struct policy_context *own = batch->context;
    const char *refund_id = kept->refund->refund_id;
    arena_reset(own->scratch);
    const Redress__V1__ControlEvent *control =
        policy_encode_stalled(own->scratch, event, refund_id, reason, kept->since_us);
    const char *ce_id = arena_printf(batch->arena, "policy/stalled/%s/%" PRId64 "/%" PRId64,
                                     refund_id, kept->validated_version, event->now_us);
    if (control == NULL || ce_id == NULL)
        return STATUS_EXHAUSTED;
    const struct output output = {.topic = TOPIC_CONTROL,
                                  .key = control->subject,
                                  .ce_id = ce_id,
                                  .refund_id = refund_id,
                                  .status = "STALLED",
                                  .message = &control->base};
    return batch_output(batch, event, &output);
}

/* Keeps the event until it can be answered. What waits behind another one says nothing. */
static enum status hold(struct batch *batch, const struct event *event,
                        struct policy_refund *refund, const char *reason)
{
    const struct policy_input *input = event->body;
    struct policy_rows *rows = batch->rows;
    struct policy_kept *kept = arena_zalloc(batch->arena, sizeof *kept);
    if (kept == NULL)
        return STATUS_EXHAUSTED;
    *kept = (struct policy_kept){.refund = refund,
                                 .validated_version = input->version,
                                 .since_us = event->now_us,
                                 .reason = reason,
                                 .event = *event};
    *rows->added_last = kept;
    rows->added_last = &kept->next;
    refund->changed = true;
    if (refund->waiting++ > 0)
        return STATUS_OK;
    enum status status = tell(batch, event, kept, reason);
    return status != STATUS_OK ? status
                               : batch_deadline(batch, event, refund->refund_id, 0,
                                                policy_retry_at(event->now_us, event->now_us));
}

static enum status decide_message(struct batch *batch, struct event *event)
{
    const struct policy_input *input = event->body;
    const char *reason = "what waits before it";
    struct policy_refund *refund = policy_refund_of(batch, event, input->refund_id);
    if (refund == NULL)
        return STATUS_EXHAUSTED;
    enum status status = policy_take(refund, input->version);
    if (status != STATUS_OK || policy_step(input->status) == POLICY_STEP_NONE)
        return status;
    if (refund->waiting == 0)
        status = answer(batch, event, refund, &reason);
    else
        status = STATUS_NOT_FOUND;
    return status == STATUS_NOT_FOUND ? hold(batch, event, refund, reason) : status;
}

static void let_go(struct policy_rows *rows, struct policy_kept *kept)
{
    struct policy_refund *refund = kept->refund;
    refund->kept = kept->next;
    kept->next = NULL;
    refund->waiting--;
    refund->changed = true;
    *rows->done_last = kept;
    rows->done_last = &kept->next;
}

/* Answers what waits, in its order, as far as that goes. */
static enum status decide_due(struct batch *batch, const struct event *event)
{
    struct policy_refund *refund = policy_refund_of(batch, event, event->subject);
    if (refund == NULL)
        return STATUS_EXHAUSTED;
    int64_t since_us = event->now_us;
    while (refund->kept != NULL) {
        struct policy_kept *kept = refund->kept;
        const char *reason = kept->reason;
        kept->event.now_us = event->now_us;
        kept->event.epoch = event->epoch;
        enum status status = kept->event.body == NULL
                                 ? STATUS_NOT_FOUND
                                 : answer(batch, &kept->event, refund, &reason);
        if (status == STATUS_NOT_FOUND) {
            since_us = kept->since_us;
            status = policy_tell_again(since_us, event->due_us, event->now_us)
                         ? tell(batch, &kept->event, kept, reason)
                         : STATUS_OK;
            if (status == STATUS_OK)
                break;
        }
        if (status != STATUS_OK)
            return status;
        let_go(batch->rows, kept);
    }
    return refund->waiting == 0 ? STATUS_OK
                                : batch_deadline(batch, event, refund->refund_id, 0,
                                                 policy_retry_at(since_us, event->now_us));
}

enum status policy_decide(struct batch *batch, struct event *event)
{
    return event->kind == EVENT_MESSAGE ? decide_message(batch, event) : decide_due(batch, event);
}
