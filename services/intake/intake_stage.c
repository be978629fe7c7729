#include "intake_stage.h"

#include "intake_codec.h"
#include "intake_store.h"

#include "clock.h"
#include "message.h"
#include "redress/v1/control.pb-c.h"

#include <inttypes.h>
#include <string.h>

bool intake_wanted_assessed(const struct envelope *envelope)
{
    return intake_wants_assessed(envelope->status);
}

bool intake_wanted_routed(const struct envelope *envelope)
{
    return intake_wants_routed(envelope->status);
}

bool intake_wanted_payout(const struct envelope *envelope)
{
    return intake_wants_payout(envelope->status);
}

enum status intake_stage_start(void *context, const struct config_worker *config,
                               struct error *error)
{
    struct intake_stage *stage = context;
    (void)config;
    stage->scratch = arena_create(INTAKE_SCRATCH_MAX);
    return stage->scratch != NULL ? STATUS_OK
                                  : error_set(error, STATUS_FATAL, "no memory to build answers in");
}

void intake_stage_stop(void *context)
{
    struct intake_stage *stage = context;
    arena_destroy(stage->scratch);
}

/* Whose order the event is about: the same two fields in every message that intake reads. */
#define DECODE(type, function)                  \
    do {                                        \
        const type *of = (const type *)message; \
        event->merchant_id = of->merchant_id;   \
        event->order_id = of->order_id;         \
        status = function(&decoder, of, input); \
    } while (0)

enum status intake_decode_event(struct batch *batch, struct event *event)
{
    struct decoder decoder = {.arena = batch->arena};
    ProtobufCMessage *message;
    enum status status = batch_unpack(batch, event, &message);
    if (status != STATUS_OK)
        return status;
    struct input *input = arena_zalloc(batch->arena, sizeof *input);
    if (input == NULL)
        return STATUS_EXHAUSTED;
    event->body = input;
    if (event->topic == TOPIC_ORDERS)
        DECODE(Redress__V1__OrderEvent, intake_decode_order);
    else if (event->topic == TOPIC_REQUESTS)
        DECODE(Redress__V1__RefundRequest, intake_decode_request);
    else if (event->topic == TOPIC_GOODS)
        DECODE(Redress__V1__GoodsEvent, intake_decode_goods);
    else if (event->topic == TOPIC_ASSESSED)
        DECODE(Redress__V1__RefundAssessed, intake_decode_assessed);
    else if (event->topic == TOPIC_ROUTED)
        DECODE(Redress__V1__RefundRouted, intake_decode_routed);
    else
        DECODE(Redress__V1__RefundPayout, intake_decode_payout);
    if (status == STATUS_UNPROCESSABLE)
        return batch_refuse(batch, event, decoder.fault.reason, decoder.fault.path,
                            decoder.fault.value, decoder.fault.rule);
    return status;
}

/* The port: what intake does goes to the batch of the event. */
struct stage_port {
    struct batch *batch;
    struct event *event;
};

static enum status publish(void *self, const struct answer *answer)
{
    const struct stage_port *port = self;
    struct intake_stage *stage = port->batch->context;
    Redress__V1__RefundValidated *message;
    arena_reset(stage->scratch);
    if (intake_encode(stage->scratch, answer, &message) != STATUS_OK)
        return STATUS_OVERFLOW; /* what does not even fit there is too large to publish */
    if (redress__v1__refund_validated__get_packed_size(message) > INTAKE_VALIDATED_MAX)
        return STATUS_OVERFLOW;
    const struct output output = {.topic = TOPIC_VALIDATED,
                                  .key = answer->order->order_id,
                                  .refund_id = answer->refund->refund_id,
                                  .version = answer->version,
                                  .status = intake_answer_status(answer->status),
                                  .message = &message->base};
    return batch_output(port->batch, port->event, &output);
}

static enum status set_deadline(void *self, const struct refund *refund, enum deadline_kind kind,
                                int64_t due_us)
{
    const struct stage_port *port = self;
    return batch_deadline(port->batch, port->event, refund->refund_id, (int32_t)kind, due_us);
}

static enum status clear_deadline(void *self, const struct refund *refund, enum deadline_kind kind)
{
    const struct stage_port *port = self;
    return batch_deadline_clear(port->batch, port->event, refund->refund_id, (int32_t)kind);
}

static enum status say_stalled(void *self, const struct order *order, const struct refund *refund,
                               int64_t now_us)
{
    const struct stage_port *port = self;
    struct arena *arena = port->batch->arena;
    Redress__V1__ControlEvent control = REDRESS__V1__CONTROL_EVENT__INIT;
    Redress__V1__Stalled stalled = REDRESS__V1__STALLED__INIT;
    bool asked = refund->status == REFUND_NEEDS_INFO;
    static char source[] = "intake", answer[] = "an answer", end[] = "a decision or a payout";
    control.source = source;
    control.subject = arena_printf(arena, "refund:%s", refund->refund_id);
    control.occurred_at = message_timestamp(arena, now_us);
    control.merchant_id = arena_strdup(arena, order->merchant_id);
    control.event_case = REDRESS__V1__CONTROL_EVENT__EVENT_STALLED;
    control.stalled = &stalled;
    stalled.order_id = arena_strdup(arena, order->order_id);
    stalled.refund_id = arena_strdup(arena, refund->refund_id);
    stalled.waiting_for = asked ? answer : end;
    stalled.since = message_timestamp(arena, refund->updated_at_us);
    const char *ce_id =
        arena_printf(arena, "intake/stalled/%s/%" PRId64, refund->refund_id, port->event->due_us);
    if (arena_exhausted(arena))
        return STATUS_EXHAUSTED;
    const struct output output = {.topic = TOPIC_CONTROL,
                                  .key = control.subject,
                                  .ce_id = ce_id,
                                  .refund_id = refund->refund_id,
                                  .status = "STALLED",
                                  .message = &control.base};
    return batch_output(port->batch, port->event, &output);
}

static enum status add_to_customer(void *self, const struct order *order,
                                   const struct customer_addition *addition)
{
    const struct stage_port *port = self;
    struct intake_batch *rows = port->batch->rows;
    struct customer_counts *counts = arena_alloc(port->batch->arena, sizeof *counts);
    if (counts == NULL)
        return STATUS_EXHAUSTED;
    *counts = (struct customer_counts){.merchant_id = order->merchant_id,
                                       .token = addition->token,
                                       .currency = addition->currency,
                                       .day = (int32_t)(addition->day_of_us / CLOCK_DAY_US),
                                       .orders = addition->orders,
                                       .refunds = addition->refunds,
                                       .refunded_minor = addition->refunded_minor,
                                       .next = rows->counts};
    rows->counts = counts;
    rows->count_total++;
    return STATUS_OK;
}

static enum status refuse(void *self, enum refusal refusal, const char *field, const char *value,
                          const char *rule)
{
    static const Redress__V1__DeadLetterReason REASONS[] = {
        [REFUSE_CONFLICT] = REDRESS__V1__DEAD_LETTER_REASON__DEAD_LETTER_REASON_CONFLICT,
        [REFUSE_OUT_OF_RANGE] =
            REDRESS__V1__DEAD_LETTER_REASON__DEAD_LETTER_REASON_FIELD_OUT_OF_RANGE,
        [REFUSE_UNKNOWN_REFERENCE] =
            REDRESS__V1__DEAD_LETTER_REASON__DEAD_LETTER_REASON_UNKNOWN_REFERENCE,
    };
    const struct stage_port *port = self;
    return batch_refuse(port->batch, port->event, REASONS[refusal], field, value, rule);
}

static int64_t next_key(void *self, const struct order *order)
{
    const struct stage_port *port = self;
    return batch_key(port->batch, order->shard);
}

enum status intake_decide_event(struct batch *batch, struct event *event)
{
    const struct intake_stage *stage = batch->context;
    struct stage_port self = {batch, event};
    const struct intake_port port = {.self = &self,
                                     .publish = publish,
                                     .deadline = set_deadline,
                                     .deadline_clear = clear_deadline,
                                     .stalled = say_stalled,
                                     .add = add_to_customer,
                                     .refuse = refuse,
                                     .key = next_key};
    const struct intake intake = {
        .terms = {stage->config.park_ms * 1000, stage->config.stall_ms * 1000},
        .port = &port,
        .arena = batch->arena};
    struct input due = {.kind = INPUT_DUE,
                        .due = {(enum deadline_kind)event->deadline_kind, event->subject}};
    struct input *input = event->kind == EVENT_DEADLINE ? &due : event->body;
    input->now_us = event->now_us;
    return intake_decide(&intake, event->order->rows, input);
}
