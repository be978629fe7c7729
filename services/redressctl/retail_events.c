#include "retail_events.h"

#include "message.h"
#include "redress/v1/control.pb-c.h"
#include "redress/v1/order.pb-c.h"
#include "redress/v1/request.pb-c.h"
#include "wire.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

enum {
    TITLE_MAX = 512, /* bytes, by the contract */
    MARKET_MAX = 32
};

/* Files that are not UTF-8 are Latin-1: every byte is a character. Cut at a whole character. */
static char *people_text(struct arena *arena, const char *text, size_t most)
{
    size_t size = strlen(text), used = 0;
    bool valid = wire_text_valid(text, size);
    char *result = arena_alloc(arena, most + 1);
    if (result == NULL)
        return NULL;
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)text[i];
        size_t width = valid ? (byte < 0x80   ? 1
                                : byte < 0xe0 ? 2
                                : byte < 0xf0 ? 3
                                              : 4)
                             : (byte < 0x80 ? 1 : 2);
        if (used + width > most)
            break;
        if (valid) {
            memcpy(result + used, text + i, width);
            i += width - 1;
        } else if (width == 1) {
            result[used] = (char)byte;
        } else {
            result[used] = (char)(0xc0 | byte >> 6);
            result[used + 1] = (char)(0x80 | (byte & 0x3f));
        }
        used += width;
    }
    result[used] = '\0';
    return result;
}

static enum status send_order_event(const struct retail_order *order,
                                    Redress__V1__OrderEvent *event, struct sink *sink,
                                    struct error *error)
{
    event->merchant_id = sink_text(RETAIL_MERCHANT);
    event->order_id = sink_text(order->invoice);
    event->occurred_at = message_timestamp(sink->arena, order->time_us);
    if (arena_exhausted(sink->arena))
        return error_set(error, STATUS_EXHAUSTED, "order %s does not fit into memory",
                         order->invoice);
    return sink->take(sink->context, TOPIC_ORDERS, &event->base, error);
}

static Redress__V1__OrderLine *line_message(struct arena *arena, const struct retail_line *line)
{
    Redress__V1__OrderLine *message = arena_alloc(arena, sizeof *message);
    if (message == NULL)
        return NULL;
    redress__v1__order_line__init(message);
    message->line_id = arena_printf(arena, "%" PRId32, line->position);
    message->sku = sink_text(line->stock);
    message->title = people_text(arena, line->description, TITLE_MAX);
    message->category = sink_text(retail_category(line->stock));
    message->units = line->units;
    message->gross_minor = line->total_minor;
    return message;
}

static enum status send_placed(const struct retail_book *book, const struct retail_order *order,
                               struct sink *sink, struct error *error)
{
    Redress__V1__OrderEvent event = REDRESS__V1__ORDER_EVENT__INIT;
    Redress__V1__OrderPlaced placed = REDRESS__V1__ORDER_PLACED__INIT;
    Redress__V1__Customer customer = REDRESS__V1__CUSTOMER__INIT;
    customer.token = sink_text(order->customer);
    customer.market = people_text(sink->arena, order->country, MARKET_MAX);
    placed.customer = &customer;
    placed.currency = sink_text(RETAIL_CURRENCY);
    placed.channel = REDRESS__V1__CHANNEL__CHANNEL_WEB;
    placed.lines = arena_array(sink->arena, (size_t)order->line_count, sizeof *placed.lines);
    for (int32_t at = order->first_line; at != RETAIL_NONE && placed.lines != NULL;
         at = book->lines[at].next)
        placed.lines[placed.n_lines++] = line_message(sink->arena, &book->lines[at]);
    event.event_case = REDRESS__V1__ORDER_EVENT__EVENT_PLACED;
    event.placed = &placed;
    return send_order_event(order, &event, sink, error);
}

static enum status send_captured(const struct retail_order *order, struct sink *sink,
                                 struct error *error)
{
    Redress__V1__OrderEvent event = REDRESS__V1__ORDER_EVENT__INIT;
    Redress__V1__PaymentCaptured captured = REDRESS__V1__PAYMENT_CAPTURED__INIT;
    Redress__V1__Money amount = REDRESS__V1__MONEY__INIT;
    amount.minor = order->total_minor;
    amount.currency = sink_text(RETAIL_CURRENCY);
    captured.payment_id = arena_printf(sink->arena, "pay_%s", order->invoice);
    captured.provider = REDRESS__V1__PROVIDER__PROVIDER_STRIPE;
    captured.provider_reference = arena_printf(sink->arena, "pi_retail%s", order->invoice);
    captured.method = REDRESS__V1__PAYMENT_METHOD__PAYMENT_METHOD_CARD;
    captured.amount = &amount;
    event.event_case = REDRESS__V1__ORDER_EVENT__EVENT_CAPTURED;
    event.captured = &captured;
    return send_order_event(order, &event, sink, error);
}

static Redress__V1__LineUnits *units_message(struct arena *arena, const struct retail_line *line)
{
    Redress__V1__LineUnits *message = arena_alloc(arena, sizeof *message);
    if (message == NULL)
        return NULL;
    redress__v1__line_units__init(message);
    message->line_id = arena_printf(arena, "%" PRId32, line->position);
    message->units = line->units;
    return message;
}

static enum status send_delivered(const struct retail_book *book, const struct retail_order *order,
                                  struct sink *sink, struct error *error)
{
    Redress__V1__OrderEvent event = REDRESS__V1__ORDER_EVENT__INIT;
    Redress__V1__OrderDelivered delivered = REDRESS__V1__ORDER_DELIVERED__INIT;
    delivered.lines = arena_array(sink->arena, (size_t)order->line_count, sizeof *delivered.lines);
    for (int32_t at = order->first_line; at != RETAIL_NONE && delivered.lines != NULL;
         at = book->lines[at].next)
        delivered.lines[delivered.n_lines++] = units_message(sink->arena, &book->lines[at]);
    event.event_case = REDRESS__V1__ORDER_EVENT__EVENT_DELIVERED;
    event.delivered = &delivered;
    return send_order_event(order, &event, sink, error);
}

enum status retail_send_orders(const struct retail_book *book, struct sink *sink,
                               struct error *error)
{
    for (size_t i = 0; i < book->order_count; i++) {
        const struct retail_order *order = &book->orders[i];
        arena_reset(sink->arena);
        enum status status = send_placed(book, order, sink, error);
        if (status == STATUS_OK)
            status = send_delivered(book, order, sink, error);
        if (status == STATUS_OK)
            status = send_captured(order, sink, error);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

/* Names the purchase, or line 1 of an order that never comes. */
static void name_purchase(const struct retail_book *book, const struct retail_request *request,
                          struct arena *arena, Redress__V1__RefundRequest *message,
                          Redress__V1__RequestedLine *line)
{
    if (request->line == RETAIL_NONE) {
        message->order_id = arena_printf(arena, "UNKNOWN-%s",
                                         *request->customer == '\0' ? "GUEST" : request->customer);
        line->line_id = sink_text("1");
        return;
    }
    const struct retail_line *bought = &book->lines[request->line];
    message->order_id = sink_text(book->orders[bought->order].invoice);
    line->line_id = arena_printf(arena, "%" PRId32, bought->position);
}

static enum status send_request(const struct retail_book *book,
                                const struct retail_request *request, struct sink *sink,
                                struct error *error)
{
    Redress__V1__RefundRequest message = REDRESS__V1__REFUND_REQUEST__INIT;
    Redress__V1__RequestedLine line = REDRESS__V1__REQUESTED_LINE__INIT;
    Redress__V1__RequestedLine *lines[] = {&line};
    Redress__V1__Actor requester = REDRESS__V1__ACTOR__INIT;
    arena_reset(sink->arena);
    name_purchase(book, request, sink->arena, &message, &line);
    line.units = request->units;
    requester.id = sink_text(RETAIL_MERCHANT);
    requester.role = REDRESS__V1__ROLE__ROLE_SYSTEM;
    message.merchant_id = sink_text(RETAIL_MERCHANT);
    message.request_id =
        arena_printf(sink->arena, "%s:%" PRId32, request->invoice, request->position);
    message.external_reference = message.request_id;
    message.occurred_at = message_timestamp(sink->arena, request->time_us);
    message.trigger = REDRESS__V1__TRIGGER__TRIGGER_CUSTOMER_REQUEST;
    message.reason = REDRESS__V1__REASON_CODE__REASON_CODE_OTHER;
    message.lines = lines;
    message.n_lines = 1;
    message.requester = &requester;
    message.customer_token = sink_text(request->customer);
    if (arena_exhausted(sink->arena))
        return error_set(error, STATUS_EXHAUSTED, "no memory");
    return sink->take(sink->context, TOPIC_REQUESTS, &message.base, error);
}

enum status retail_send_requests(const struct retail_book *book, struct sink *sink,
                                 struct error *error)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < book->request_count && status == STATUS_OK; i++)
        status = send_request(book, &book->requests[i], sink, error);
    return status;
}

enum status retail_send_summary(const struct retail_book *book, int64_t now_us, struct sink *sink,
                                struct error *error)
{
    Redress__V1__ControlEvent event = REDRESS__V1__CONTROL_EVENT__INIT;
    Redress__V1__ImportSummary summary = REDRESS__V1__IMPORT_SUMMARY__INIT;
    Redress__V1__ImportSummary__SkippedEntry entries[RETAIL_SKIP_COUNT];
    Redress__V1__ImportSummary__SkippedEntry *skipped[RETAIL_SKIP_COUNT];
    arena_reset(sink->arena);
    for (enum retail_skip skip = 0; skip < RETAIL_SKIP_COUNT; skip++) {
        if (book->skipped[skip] == 0)
            continue;
        redress__v1__import_summary__skipped_entry__init(&entries[skip]);
        entries[skip].key = sink_text(retail_skip_name(skip));
        entries[skip].value = book->skipped[skip];
        skipped[summary.n_skipped++] = &entries[skip];
    }
    summary.name = sink_text(RETAIL_MERCHANT);
    summary.orders = (int64_t)book->order_count;
    summary.order_lines = (int64_t)book->line_count;
    summary.requests = (int64_t)book->request_count;
    summary.skipped = skipped;
    event.source = sink_text("redressctl");
    event.subject = sink_text("import:" RETAIL_MERCHANT);
    event.merchant_id = sink_text(RETAIL_MERCHANT);
    event.occurred_at = message_timestamp(sink->arena, now_us);
    event.event_case = REDRESS__V1__CONTROL_EVENT__EVENT_IMPORT_SUMMARY;
    event.import_summary = &summary;
    return sink->take(sink->context, TOPIC_CONTROL, &event.base, error);
}
