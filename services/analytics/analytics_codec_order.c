/* orders.events.v1 and refunds.provider-events.v1 -> events: what comes from outside. */

#include "analytics_fields.h"

#include "message.h"

#include <stdlib.h>
#include <string.h>

enum {
    LINES_MAX = 10000,     /* of an order */
    UNITS_MAX = 1000000000 /* of a line */
};

#define REASON(name) REDRESS__V1__DEAD_LETTER_REASON__DEAD_LETTER_REASON_##name
#define LINE(name) AT_ITEM("placed.lines", i, name)

static enum status decode_line(struct analytics_decoder *decoder,
                               const Redress__V1__OrderLine *message, size_t i,
                               struct analytics_placed *placed, struct analytics_line *line)
{
    enum status status = analytics_check_id(decoder, LINE("line_id"), message->line_id);
    if (status == STATUS_OK)
        status = analytics_check_id(decoder, LINE("sku"), message->sku);
    if (status == STATUS_OK)
        status = analytics_check_range(decoder, LINE("units"), message->units, 1, UNITS_MAX);
    if (status == STATUS_OK)
        status =
            analytics_check_range(decoder, LINE("gross_minor"), message->gross_minor, 0, INT64_MAX);
    if (status == STATUS_OK)
        status = analytics_check_range(decoder, LINE("discount_minor"), message->discount_minor, 0,
                                       message->gross_minor);
    if (status != STATUS_OK)
        return status;
    *line = (struct analytics_line){.sku = message->sku,
                                    .units = message->units,
                                    .minor = message->gross_minor - message->discount_minor};
    if (__builtin_add_overflow(placed->minor, line->minor, &placed->minor))
        return analytics_refuse(decoder, REASON(FIELD_OUT_OF_RANGE), LINE("gross_minor"),
                                message->line_id, "the whole order stays below 2^63");
    return STATUS_OK;
}

static int compare_texts(const void *left, const void *right)
{
    const char *const *a = left, *const *b = right;
    return strcmp(*a, *b);
}

static enum status check_distinct(struct analytics_decoder *decoder,
                                  const Redress__V1__OrderPlaced *message)
{
    const char **ids = arena_array(decoder->arena, message->n_lines, sizeof *ids);
    if (ids == NULL)
        return STATUS_EXHAUSTED;
    for (size_t i = 0; i < message->n_lines; i++)
        ids[i] = message->lines[i]->line_id;
    qsort(ids, message->n_lines, sizeof *ids, compare_texts);
    for (size_t i = 1; i < message->n_lines; i++)
        if (strcmp(ids[i - 1], ids[i]) == 0)
            return analytics_refuse(decoder, REASON(FIELD_OUT_OF_RANGE), AT("placed.lines"), ids[i],
                                    "distinct line ids");
    return STATUS_OK;
}

static enum status decode_lines(struct analytics_decoder *decoder,
                                const Redress__V1__OrderPlaced *message,
                                struct analytics_placed *placed)
{
    enum status status =
        analytics_check_range(decoder, AT("placed.lines"), (int64_t)message->n_lines, 1, LINES_MAX);
    if (status != STATUS_OK)
        return status;
    struct analytics_line *lines = arena_array(decoder->arena, message->n_lines, sizeof *lines);
    if (lines == NULL)
        return STATUS_EXHAUSTED;
    placed->lines = lines;
    placed->line_count = message->n_lines;
    for (size_t i = 0; i < message->n_lines && status == STATUS_OK; i++)
        status = decode_line(decoder, message->lines[i], i, placed, &lines[i]);
    return status == STATUS_OK ? check_distinct(decoder, message) : status;
}

static enum status decode_placed(struct analytics_decoder *decoder,
                                 const Redress__V1__OrderEvent *message,
                                 struct analytics_event *event)
{
    const Redress__V1__OrderPlaced *order = message->placed;
    struct analytics_placed *placed = &event->placed;
    event->kind = ANALYTICS_EVENT_PLACED;
    event->fact = "";
    *placed = (struct analytics_placed){.channel = (int32_t)order->channel,
                                        .currency = order->currency,
                                        .minor = order->shipping_minor};
    enum status status =
        analytics_check_day(decoder, AT("occurred_at"), message->occurred_at, &placed->day);
    if (status == STATUS_OK)
        status = analytics_check_currency(decoder, AT("placed.currency"), order->currency);
    if (status == STATUS_OK)
        status = analytics_check_range(decoder, AT("placed.shipping_minor"), order->shipping_minor,
                                       0, INT64_MAX);
    return status == STATUS_OK ? decode_lines(decoder, order, placed) : status;
}

static enum status decode_captured(struct analytics_decoder *decoder,
                                   const Redress__V1__OrderEvent *message,
                                   struct analytics_event *event)
{
    const Redress__V1__PaymentCaptured *payment = message->captured;
    struct analytics_captured *captured = &event->captured;
    event->kind = ANALYTICS_EVENT_CAPTURED;
    event->fact = payment->payment_id;
    *captured = (struct analytics_captured){.method = (int32_t)payment->method};
    enum status status =
        analytics_check_day(decoder, AT("occurred_at"), message->occurred_at, &captured->day);
    if (status == STATUS_OK)
        status = analytics_check_id(decoder, AT("captured.payment_id"), payment->payment_id);
    if (status == STATUS_OK)
        status = analytics_check_amount(decoder, AT("captured.amount"), payment->amount, 1);
    if (status != STATUS_OK)
        return status;
    captured->minor = payment->amount->minor;
    captured->currency = payment->amount->currency;
    return STATUS_OK;
}

enum status analytics_decode_order(struct analytics_decoder *decoder,
                                   const Redress__V1__OrderEvent *message,
                                   struct analytics_event *event)
{
    enum status status = analytics_check_id(decoder, AT("merchant_id"), message->merchant_id);
    if (status == STATUS_OK)
        status = analytics_check_id(decoder, AT("order_id"), message->order_id);
    event->merchant_id = message->merchant_id;
    event->order_id = message->order_id;
    if (status != STATUS_OK)
        return status;
    if (message->event_case == REDRESS__V1__ORDER_EVENT__EVENT_PLACED)
        return decode_placed(decoder, message, event);
    if (message->event_case == REDRESS__V1__ORDER_EVENT__EVENT_CAPTURED)
        return decode_captured(decoder, message, event);
    event->kind = ANALYTICS_EVENT_NOTHING;
    return STATUS_OK;
}

static enum status decode_refund(struct analytics_decoder *decoder,
                                 const Redress__V1__ProviderEvent *message,
                                 struct analytics_event *event)
{
    const Redress__V1__ProviderRefund *refund = message->refund;
    struct analytics_report *report = &event->report;
    enum status status = analytics_check_enum(
        decoder, AT("provider"), &redress__v1__provider__descriptor, (int)message->provider);
    if (status == STATUS_OK)
        status = analytics_check_enum(decoder, AT("refund.status"),
                                      &redress__v1__provider_refund_status__descriptor,
                                      (int)refund->status);
    if (status == STATUS_OK)
        status = analytics_check_id(decoder, AT("refund.provider_refund_id"),
                                    refund->provider_refund_id);
    if (status == STATUS_OK && refund->payout_id[0] != '\0')
        status = analytics_check_id(decoder, AT("refund.payout_id"), refund->payout_id);
    if (status != STATUS_OK)
        return status;
    report->refund_id = refund->refund_id;
    report->provider_refund_id = refund->provider_refund_id;
    report->provider = (int32_t)message->provider;
    report->paid =
        refund->status == REDRESS__V1__PROVIDER_REFUND_STATUS__PROVIDER_REFUND_STATUS_SUCCEEDED;
    report->failed =
        refund->status == REDRESS__V1__PROVIDER_REFUND_STATUS__PROVIDER_REFUND_STATUS_FAILED ||
        refund->status == REDRESS__V1__PROVIDER_REFUND_STATUS__PROVIDER_REFUND_STATUS_CANCELLED;
    event->payout_id = refund->payout_id;
    if (refund->payout_id[0] == '\0')
        event->payout_id = arena_printf(
            decoder->arena, "%s:%s",
            message_enum_name(&redress__v1__provider__descriptor, (int)message->provider),
            refund->provider_refund_id);
    if (event->payout_id == NULL)
        return STATUS_EXHAUSTED;
    if (!report->paid)
        return STATUS_OK;
    status = analytics_check_amount(decoder, AT("refund.amount"), refund->amount, 1);
    if (status != STATUS_OK)
        return status;
    report->minor = refund->amount->minor;
    report->currency = refund->amount->currency;
    return STATUS_OK;
}

enum status analytics_decode_report(struct analytics_decoder *decoder, const char *ce_id,
                                    const Redress__V1__ProviderEvent *message,
                                    struct analytics_event *event)
{
    enum status status = analytics_check_id(decoder, AT("merchant_id"), message->merchant_id);
    if (status == STATUS_OK)
        status = analytics_check_id(decoder, AT("order_id"), message->order_id);
    event->merchant_id = message->merchant_id;
    event->order_id = message->order_id;
    event->kind = ANALYTICS_EVENT_NOTHING;
    if (status != STATUS_OK || message->event_case != REDRESS__V1__PROVIDER_EVENT__EVENT_REFUND)
        return status;
    event->kind = ANALYTICS_EVENT_REPORT;
    event->report = (struct analytics_report){.ce_id = ce_id, .currency = ""};
    return decode_refund(decoder, message, event);
}
