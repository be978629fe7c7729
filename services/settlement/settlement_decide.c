/* Between the loop and the core: hands the core one event, and keeps what it led to. */

#include "redress/v1/dead_letter.pb-c.h"
#include "settlement_batch.h"

static enum status refuse(struct batch *batch, struct event *event,
                          const struct objection *objection)
{
    static const Redress__V1__DeadLetterReason reasons[] = {
        [OBJECTION_TRANSITION] =
            REDRESS__V1__DEAD_LETTER_REASON__DEAD_LETTER_REASON_ILLEGAL_TRANSITION,
        [OBJECTION_REFERENCE] =
            REDRESS__V1__DEAD_LETTER_REASON__DEAD_LETTER_REASON_UNKNOWN_REFERENCE,
        [OBJECTION_RANGE] = REDRESS__V1__DEAD_LETTER_REASON__DEAD_LETTER_REASON_FIELD_OUT_OF_RANGE,
        [OBJECTION_TAKEN] = REDRESS__V1__DEAD_LETTER_REASON__DEAD_LETTER_REASON_PAYMENT_TAKEN,
        [OBJECTION_CONFLICT] = REDRESS__V1__DEAD_LETTER_REASON__DEAD_LETTER_REASON_CONFLICT,
    };
    return batch_refuse(batch, event, reasons[objection->kind], objection->field, objection->value,
                        objection->rule);
}

static enum status captured(struct settling *settling, const struct settlement_rows *rows,
                            const struct event *event)
{
    struct capture capture = *(const struct capture *)event->body;
    capture.held_by = settlement_reference_holder(rows, event);
    settling->occurred_us = capture.occurred_us;
    enum status status = settle_capture(settling, &capture);
    if (status == STATUS_OK)
        settlement_reference_take(rows, event);
    return status;
}

static enum status settle(struct settling *settling, const struct settlement_rows *rows,
                          const struct event *event)
{
    if (event->kind == EVENT_DEADLINE)
        return settle_due(settling, (enum due_kind)event->deadline_kind, event->subject);
    if (event->topic == TOPIC_ORDERS)
        return captured(settling, rows, event);
    if (event->topic == TOPIC_GOODS) {
        settling->occurred_us = ((const struct goods_notice *)event->body)->occurred_us;
        return settle_goods(settling, event->body);
    }
    if (event->topic == TOPIC_PROVIDER_EVENTS) {
        settling->occurred_us = ((const struct evidence *)event->body)->occurred_us;
        return settle_evidence(settling, event->body);
    }
    const struct routed *routed = event->body;
    if (routed->cancel != NULL) {
        settling->occurred_us = routed->cancel->occurred_us;
        return settle_cancel(settling, routed->cancel);
    }
    if (routed->decline != NULL)
        return settle_decline(settling, routed->decline);
    settling->occurred_us = routed->approval->occurred_us;
    return settle_approval(settling, routed->approval);
}

static enum status keep(struct batch *batch, struct event *event, const struct effects *effects)
{
    struct settlement_rows *rows = batch->rows;
    if (effects->transfers.first == NULL && effects->evidence.first == NULL &&
        effects->tasks.first == NULL)
        return STATUS_OK;
    struct outcome *outcome = arena_alloc(batch->arena, sizeof *outcome);
    if (outcome == NULL)
        return STATUS_EXHAUSTED;
    *outcome = (struct outcome){.event = event, .effects = *effects};
    if (rows->last_outcome == NULL)
        rows->outcomes = outcome;
    else
        rows->last_outcome->next = outcome;
    rows->last_outcome = outcome;
    return settlement_ledger_keep(batch, event, &outcome->effects);
}

static const struct rules_stop *stopped(const void *rules, const char *merchant_id,
                                        int32_t provider, const char *customer_token,
                                        const char *refund_id)
{
    return rules_stopped(rules, merchant_id, provider, customer_token, refund_id);
}

enum status settlement_decide(struct batch *batch, struct event *event)
{
    const struct settlement *settlement = batch->context;
    struct settlement_rows *rows = batch->rows;
    struct effects effects = {0};
    struct settling settling = {
        .arena = batch->arena,
        .merchant_id = event->order->merchant_id,
        .order_id = event->order->order_id,
        .rows = event->order->rows,
        .limits = &settlement->limits,
        .has_adapter = settlement->has_adapter,
        .stopped = stopped,
        .rules = settlement->rules,
        .capacity = rows->capacity,
        .now_us = event->now_us,
        .epoch = event->epoch,
        .cause = event->envelope.id == NULL ? "" : event->envelope.id,
        .occurred_us = event->now_us,
        .effects = &effects,
    };
    if (event->kind == EVENT_DEADLINE && event->deadline_kind == DUE_LEDGER)
        return settlement_ledger_due(batch, event);
    enum status status = settle(&settling, rows, event);
    if (status == STATUS_UNPROCESSABLE)
        return refuse(batch, event, &settling.objection);
    if (status != STATUS_OK)
        return status;
    status = settlement_emit(batch, event, &effects);
    return status == STATUS_OK ? keep(batch, event, &effects) : status;
}
