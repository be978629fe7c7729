/* From what the core decided to events: refunds.payouts.v1, refunds.control.v1, deadlines. */

#include "arrival.h"
#include "clock.h"
#include "identity.h"
#include "message.h"
#include "metrics.h"
#include "redress/v1/control.pb-c.h"
#include "redress/v1/payout.pb-c.h"
#include "settlement_batch.h"

#include <inttypes.h>
#include <string.h>

static const char *const NOTICE_TEMPLATES[] = {
#define X(name, template, reason) template,
    NOTICE_ROWS(X)
#undef X
};
static const char *const NOTICE_REASONS[] = {
#define X(name, template, reason) reason,
    NOTICE_ROWS(X)
#undef X
};

enum { CONTROL_ID_MAX = 128 };

static Redress__V1__CreditNoteLine **credit_note_of(struct arena *arena,
                                                    const struct publication *publication)
{
    size_t count = publication->note_count;
    Redress__V1__CreditNoteLine *lines = arena_array(arena, count + 1, sizeof *lines);
    Redress__V1__CreditNoteLine **list = arena_array(arena, count + 1, sizeof *list);
    if (lines == NULL || list == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        const struct credit_line *from = &publication->note[i];
        redress__v1__credit_note_line__init(&lines[i]);
        lines[i].line_id = (char *)from->line_id;
        lines[i].units = from->units;
        lines[i].net_minor = from->net_minor;
        lines[i].tax_minor = from->tax_minor;
        lines[i].tax_rate_ppm = from->tax_rate_ppm;
        list[i] = &lines[i];
    }
    return list;
}

static Redress__V1__ReleasedUnits **released_of(struct arena *arena,
                                                const struct publication *publication)
{
    size_t count = publication->released_count;
    Redress__V1__ReleasedUnits *lines = arena_array(arena, count + 1, sizeof *lines);
    Redress__V1__ReleasedUnits **list = arena_array(arena, count + 1, sizeof *list);
    if (lines == NULL || list == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        redress__v1__released_units__init(&lines[i]);
        lines[i].line_id = (char *)publication->released[i].line_id;
        lines[i].units = publication->released[i].units;
        list[i] = &lines[i];
    }
    return list;
}

/* The parts of a payout event that are messages themselves. */
struct parts {
    Redress__V1__Money amount;
    Redress__V1__ProviderResult result;
    Redress__V1__Notice notice;
    int32_t days[2];
    char day[CLOCK_TEXT_MAX];
    char version[24];
};

static void add_payout(Redress__V1__RefundPayout *event, struct parts *parts,
                       const struct publication *publication)
{
    redress__v1__money__init(&parts->amount);
    redress__v1__provider_result__init(&parts->result);
    event->payout_id = (char *)publication->payout->payout_id;
    event->payment_id = (char *)publication->payout->payment_id;
    event->provider_name = (Redress__V1__Provider)publication->payout->provider;
    if (publication->payment != NULL)
        event->method = (Redress__V1__PaymentMethod)publication->payment->method;
    parts->amount.minor = publication->amount_minor;
    parts->amount.currency = (char *)publication->currency;
    event->amount = &parts->amount;
    if (publication->provider_refund_id[0] == '\0' && publication->code[0] == '\0' &&
        publication->http_status == 0)
        return;
    parts->result.refund_id = (char *)publication->provider_refund_id;
    parts->result.code = (char *)publication->code;
    parts->result.http_status = publication->http_status;
    event->provider = &parts->result;
}

static void add_notice(Redress__V1__RefundPayout *event, struct parts *parts,
                       const struct publication *publication)
{
    if (publication->expected_day != 0)
        event->expected_by =
            clock_format_date(publication->expected_day * CLOCK_DAY_US, parts->day);
    if (publication->notice == NOTICE_NONE)
        return;
    Redress__V1__Notice *notice = &parts->notice;
    redress__v1__notice__init(notice);
    event->notice = notice;
    notice->template_ = (char *)NOTICE_TEMPLATES[publication->notice];
    notice->reason = (char *)NOTICE_REASONS[publication->notice];
    if (publication->notice != NOTICE_SENT)
        return;
    struct arrival arrival =
        arrival_of(payout_method(publication->payout), publication->refund->market);
    parts->days[0] = arrival.fewest_days;
    parts->days[1] = arrival.most_days;
    notice->method = (Redress__V1__PaymentMethod)payout_method(publication->payout);
    notice->business_days = parts->days;
    notice->n_business_days = 2;
    notice->expected_by = event->expected_by;
}

static enum status emit_publication(struct batch *batch, struct event *event,
                                    const struct publication *publication)
{
    Redress__V1__RefundPayout message;
    struct parts parts;
    redress__v1__refund_payout__init(&message);
    message.merchant_id = (char *)event->order->merchant_id;
    message.refund_id = (char *)publication->refund->refund_id;
    message.version = publication->version;
    message.status = (Redress__V1__PayoutStatus)publication->status;
    message.order_id = (char *)event->order->order_id;
    message.occurred_at = message_timestamp(batch->arena, publication->occurred_us);
    message.decided_at = message_timestamp(batch->arena, event->now_us);
    message.reason = (char *)publication->reason;
    message.payouts_total = publication->total;
    message.payouts_ended = publication->ended;
    message.goods = (Redress__V1__GoodsStatus)goods_state_number(publication->goods);
    if (publication->payout != NULL)
        add_payout(&message, &parts, publication);
    add_notice(&message, &parts, publication);
    message.n_credit_note = publication->note_count;
    message.credit_note = credit_note_of(batch->arena, publication);
    message.n_released = publication->released_count;
    message.released = released_of(batch->arena, publication);
    if (arena_exhausted(batch->arena))
        return STATUS_EXHAUSTED;
    return batch_output(
        batch, event,
        &(struct output){.topic = TOPIC_PAYOUTS,
                         .key = event->order->order_id,
                         .refund_id = publication->refund->refund_id,
                         .version = publication->version,
                         .status = message_enum_name(&redress__v1__payout_status__descriptor,
                                                     publication->status),
                         .message = &message.base});
}

/* A ce_id that follows from what the alarm is about and when it was raised. */
static const char *alarm_id(struct arena *arena, const struct event *event, const char *kind,
                            const char *subject)
{
    char hash[IDENTITY_SHA256_HEX];
    const char *about = arena_printf(arena, "%s\n%s\n%s\n%" PRId64, event->order->merchant_id,
                                     event->order->order_id, subject, event->now_us);
    if (about == NULL)
        return NULL;
    (void)identity_sha256(about, strlen(about), hash);
    return arena_printf(arena, "settlement/%s/%.32s", kind, hash);
}

static enum status emit_control(struct batch *batch, struct event *event, const char *kind,
                                const char *subject, Redress__V1__ControlEvent *message)
{
    message->source = "settlement";
    message->subject = (char *)subject;
    message->occurred_at = message_timestamp(batch->arena, event->now_us);
    message->merchant_id = (char *)event->order->merchant_id;
    const char *id = subject == NULL ? NULL : alarm_id(batch->arena, event, kind, subject);
    if (id == NULL)
        return STATUS_EXHAUSTED;
    return batch_output(
        batch, event,
        &(struct output){
            .topic = TOPIC_CONTROL, .key = subject, .ce_id = id, .message = &message->base});
}

static enum status emit_over(struct batch *batch, struct event *event, const struct alarm *alarm)
{
    Redress__V1__ControlEvent message;
    Redress__V1__PaymentOver over;
    Redress__V1__Money excess;
    redress__v1__control_event__init(&message);
    redress__v1__payment_over__init(&over);
    redress__v1__money__init(&excess);
    excess.minor = alarm->excess_minor;
    excess.currency = (char *)alarm->payment->currency;
    over.order_id = (char *)event->order->order_id;
    over.payment_id = (char *)alarm->payment->payment_id;
    over.excess = &excess;
    message.event_case = REDRESS__V1__CONTROL_EVENT__EVENT_PAYMENT_OVER;
    message.payment_over = &over;
    return emit_control(batch, event, "over",
                        arena_printf(batch->arena, "payment:%s", alarm->payment->payment_id),
                        &message);
}

static enum status emit_stalled(struct batch *batch, struct event *event, const struct alarm *alarm)
{
    Redress__V1__ControlEvent message;
    Redress__V1__Stalled stalled;
    redress__v1__control_event__init(&message);
    redress__v1__stalled__init(&stalled);
    stalled.order_id = (char *)event->order->order_id;
    stalled.refund_id = (char *)alarm->payout->refund->refund_id;
    stalled.waiting_for = (char *)alarm->waiting_for;
    stalled.since = message_timestamp(batch->arena, alarm->since_us);
    message.event_case = REDRESS__V1__CONTROL_EVENT__EVENT_STALLED;
    message.stalled = &stalled;
    metric_add(METRIC_STALLED, 1);
    return emit_control(batch, event, "stalled",
                        arena_printf(batch->arena, "payout:%s", alarm->payout->payout_id),
                        &message);
}

static enum status emit_approval_refused(struct batch *batch, struct event *event,
                                         const struct alarm *alarm)
{
    Redress__V1__ControlEvent message;
    Redress__V1__ApprovalRefused refused;
    redress__v1__control_event__init(&message);
    redress__v1__approval_refused__init(&refused);
    refused.order_id = (char *)event->order->order_id;
    refused.refund_id = (char *)alarm->approval->refund_id;
    refused.version = alarm->approval->version;
    refused.key_id = (char *)alarm->approval->key_id;
    refused.reason = (char *)alarm->approval->refusal;
    message.event_case = REDRESS__V1__CONTROL_EVENT__EVENT_APPROVAL_REFUSED;
    message.approval_refused = &refused;
    return emit_control(batch, event, "approval-refused",
                        arena_printf(batch->arena, "refund:%s", alarm->approval->refund_id),
                        &message);
}

enum status settlement_emit_head(struct batch *batch, struct event *event,
                                 const struct ledger_head *head)
{
    Redress__V1__ControlEvent message;
    Redress__V1__LedgerHead told;
    uint8_t hash[(LEDGER_HEAD_MAX - 1) / 2];
    redress__v1__control_event__init(&message);
    redress__v1__ledger_head__init(&told);
    ledger_head_bytes(head->head, hash);
    told.shard = event->shard;
    told.entries = head->entries;
    told.hash = (ProtobufCBinaryData){.len = sizeof hash, .data = hash};
    message.source = (char *)"settlement";
    message.subject = arena_printf(batch->arena, "ledger:settlement/%d", event->shard);
    message.occurred_at = message_timestamp(batch->arena, event->now_us);
    message.event_case = REDRESS__V1__CONTROL_EVENT__EVENT_LEDGER_HEAD;
    message.ledger_head = &told;
    const char *id =
        arena_printf(batch->arena, "settlement/ledger/%d/%" PRId64, event->shard, head->entries);
    if (message.subject == NULL || id == NULL)
        return STATUS_EXHAUSTED;
    return batch_output(
        batch, event,
        &(struct output){
            .topic = TOPIC_CONTROL, .key = message.subject, .ce_id = id, .message = &message.base});
}

static enum status emit_alarm(struct batch *batch, struct event *event, const struct alarm *alarm)
{
    switch (alarm->kind) {
    case ALARM_OVER:
        return emit_over(batch, event, alarm);
    case ALARM_STALLED:
        return emit_stalled(batch, event, alarm);
    case ALARM_APPROVAL_REFUSED:
        break;
    }
    return emit_approval_refused(batch, event, alarm);
}

static enum status emit_due(struct batch *batch, const struct event *event,
                            const struct due_change *change)
{
    if (change->set)
        return batch_deadline(batch, event, change->subject, (int32_t)change->kind, change->due_us);
    return batch_deadline_clear(batch, event, change->subject, (int32_t)change->kind);
}

enum status settlement_emit(struct batch *batch, struct event *event, const struct effects *effects)
{
    enum status status = STATUS_OK;
    for (const struct publication *p = effects->publications.first; p != NULL; p = p->next)
        if (status == STATUS_OK)
            status = emit_publication(batch, event, p);
    for (const struct alarm *a = effects->alarms.first; a != NULL; a = a->next)
        if (status == STATUS_OK)
            status = emit_alarm(batch, event, a);
    for (const struct due_change *d = effects->due_changes.first; d != NULL; d = d->next)
        if (status == STATUS_OK)
            status = emit_due(batch, event, d);
    return status;
}
