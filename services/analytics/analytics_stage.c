#include "analytics_stage.h"

#include "analytics_store.h"

enum { DEADLINE_PAYOUT = 1 /* subject: payout id; what is due follows from the payout's state */ };

static enum status decode_message(struct analytics_decoder *decoder, const struct event *event,
                                  const ProtobufCMessage *message, struct analytics_event *body)
{
    const void *typed = message;
    if (event->topic == TOPIC_ORDERS)
        return analytics_decode_order(decoder, typed, body);
    if (event->topic == TOPIC_VALIDATED)
        return analytics_decode_validated(decoder, typed, body);
    if (event->topic == TOPIC_ASSESSED)
        return analytics_decode_assessed(decoder, typed, body);
    if (event->topic == TOPIC_ROUTED)
        return analytics_decode_routed(decoder, typed, body);
    if (event->topic == TOPIC_PAYOUTS)
        return analytics_decode_payout(decoder, typed, body);
    if (event->topic == TOPIC_PROVIDER_EVENTS)
        return analytics_decode_report(decoder, event->envelope.id, typed, body);
    return STATUS_FATAL;
}

enum status analytics_stage_decode(struct batch *batch, struct event *event)
{
    struct analytics_decoder decoder = {.arena = batch->arena};
    struct analytics_event *body = arena_zalloc(batch->arena, sizeof *body);
    ProtobufCMessage *message;
    if (body == NULL)
        return STATUS_EXHAUSTED;
    enum status status = batch_unpack(batch, event, &message);
    if (status != STATUS_OK)
        return status;
    status = decode_message(&decoder, event, message, body);
    if (status == STATUS_UNPROCESSABLE)
        return batch_refuse(batch, event, decoder.fault.reason, decoder.fault.path,
                            decoder.fault.value, decoder.fault.rule);
    event->merchant_id = body->merchant_id;
    event->order_id = body->order_id;
    event->body = body;
    return status;
}

enum status analytics_stage_load(struct batch *batch, struct unit *unit)
{
    struct analytics_rows *rows;
    enum status status = analytics_rows_collect(batch, &rows);
    if (status != STATUS_OK)
        return status;
    batch->rows = rows;
    analytics_load(rows, unit);
    return STATUS_OK;
}

enum status analytics_stage_loaded(struct batch *batch)
{
    analytics_loaded(batch->rows);
    return STATUS_OK;
}

static enum status take(struct analytics_step *step, struct analytics_event *body)
{
    switch (body->kind) {
    case ANALYTICS_EVENT_NOTHING:
        return STATUS_OK;
    case ANALYTICS_EVENT_PLACED:
        return analytics_take_placed(step, body->fact_row, &body->placed);
    case ANALYTICS_EVENT_CAPTURED:
        return analytics_take_captured(step, body->fact_row, &body->captured);
    case ANALYTICS_EVENT_VALIDATED:
        return analytics_take_validated(step, body->refund, &body->validated);
    case ANALYTICS_EVENT_ASSESSED:
        return analytics_take_assessed(step, body->refund, &body->assessed);
    case ANALYTICS_EVENT_ROUTED:
        return analytics_take_routed(step, body->refund, &body->routed);
    case ANALYTICS_EVENT_SETTLED:
        return analytics_take_settled(step, body->refund, body->payout, &body->settled);
    case ANALYTICS_EVENT_REPORT:
        return analytics_take_report(step, body->payout, &body->report);
    case ANALYTICS_EVENT_DUE:
        return analytics_take_due(step, body->payout);
    }
    return STATUS_FATAL;
}

static enum status set_deadline(struct batch *batch, const struct event *event,
                                const struct analytics_answer *answer, const char *payout_id)
{
    switch (answer->due) {
    case DUE_SET:
        return batch_deadline(batch, event, payout_id, DEADLINE_PAYOUT, answer->due_us);
    case DUE_CLEARED:
        return batch_deadline_clear(batch, event, payout_id, DEADLINE_PAYOUT);
    case DUE_KEPT:
        break;
    }
    return STATUS_OK;
}

static enum status tell(struct batch *batch, const struct event *event,
                        const struct analytics_event *body, const struct analytics_insight *insight)
{
    Redress__V1__Insight *message;
    char ce_id[IDENTITY_EVENT_MAX];
    const char *refund_id = body->payout->refund_id;
    enum status status = analytics_encode(batch->arena, body, insight, event->now_us, &message);
    if (status != STATUS_OK)
        return status;
    return batch_output(batch, event,
                        &(struct output){.topic = TOPIC_INSIGHTS,
                                         .key = insight->subject,
                                         .ce_id = identity_event("analytics", message->insight_id,
                                                                 insight->version, ce_id),
                                         .refund_id = refund_id[0] == '\0' ? NULL : refund_id,
                                         .version = insight->version,
                                         .message = &message->base});
}

enum status analytics_stage_decide(struct batch *batch, struct event *event)
{
    const struct analytics_settings *settings = batch->context;
    struct analytics_rows *rows = batch->rows;
    struct analytics_event *body = event->body;
    const struct analytics_limits limits = {.late_us = settings->payout_late_ms * 1000,
                                            .confirm_us = settings->confirm_ms * 1000};
    struct analytics_answer answer = {0};
    struct analytics_step step = {.arena = batch->arena,
                                  .totals = &rows->totals,
                                  .limits = &limits,
                                  .now_us = event->now_us,
                                  .answer = &answer};
    enum status status = take(&step, body);
    if (status == STATUS_OK && body->payout != NULL)
        status = set_deadline(batch, event, &answer, body->payout->id);
    if (status == STATUS_OK && answer.tell)
        status = tell(batch, event, body, &answer.insight);
    return status;
}

enum status analytics_stage_save(struct batch *batch, struct unit *unit)
{
    struct analytics_rows *rows = batch->rows;
    analytics_save_rows(rows, unit);
    analytics_save_totals(&rows->totals, unit);
    return rows->totals.exhausted || arena_exhausted(batch->arena) ? STATUS_EXHAUSTED : STATUS_OK;
}
