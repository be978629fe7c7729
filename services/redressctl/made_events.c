#include "made_events.h"

#include "message.h"
#include "redress/v1/order.pb-c.h"
#include "redress/v1/request.pb-c.h"

#include <inttypes.h>

static char *order_id(const struct made_shop *shop, int64_t n, struct arena *arena)
{
    return arena_printf(arena, "made-%" PRIu64 "-%" PRId64, shop->seed, n + 1);
}

static char *line_id(size_t line, struct arena *arena)
{
    return arena_printf(arena, "%zu", line + 1);
}

static char *customer_token(const struct made_order *order, struct arena *arena)
{
    return order->customer < 0 ? sink_text("") : arena_printf(arena, "cust-%d", order->customer);
}

static enum status send_event(const struct made_shop *shop, int64_t n,
                              Redress__V1__OrderEvent *event, int64_t occurred_us,
                              struct sink *sink, struct error *error)
{
    event->merchant_id = sink_text(shop->merchant_id);
    event->order_id = order_id(shop, n, sink->arena);
    event->occurred_at = message_timestamp(sink->arena, occurred_us);
    if (arena_exhausted(sink->arena))
        return error_set(error, STATUS_EXHAUSTED, "no memory");
    return sink->take(sink->context, TOPIC_ORDERS, &event->base, error);
}

static void fill_line(const struct made_order *order, size_t i, struct arena *arena,
                      Redress__V1__OrderLine *message)
{
    static char final_sale[] = "final_sale";
    static char *tags[] = {final_sale};
    const struct made_line *line = &order->lines[i];
    redress__v1__order_line__init(message);
    message->line_id = line_id(i, arena);
    message->sku = arena_printf(arena, "SKU-%04d", line->sku);
    message->title = arena_printf(arena, "Product %d", line->sku);
    message->category = sink_text(line->category);
    message->tags = tags;
    message->n_tags = line->final_sale;
    message->units = line->units;
    message->gross_minor = line->gross_minor;
    message->discount_minor = line->discount_minor;
    message->tax_minor = line->tax_minor;
    message->tax_rate_ppm = order->tax_rate_ppm;
}

static enum status send_placed(const struct made_shop *shop, int64_t n,
                               const struct made_order *order, struct sink *sink,
                               struct error *error)
{
    Redress__V1__OrderEvent event = REDRESS__V1__ORDER_EVENT__INIT;
    Redress__V1__OrderPlaced placed = REDRESS__V1__ORDER_PLACED__INIT;
    Redress__V1__Customer customer = REDRESS__V1__CUSTOMER__INIT;
    Redress__V1__OrderLine lines[MADE_LINES_MAX];
    Redress__V1__OrderLine *line_list[MADE_LINES_MAX];
    for (size_t i = 0; i < order->line_count; i++) {
        fill_line(order, i, sink->arena, &lines[i]);
        line_list[i] = &lines[i];
    }
    customer.token = customer_token(order, sink->arena);
    customer.market = sink_text(order->market);
    placed.customer = &customer;
    placed.currency = sink_text(order->currency);
    placed.channel = (Redress__V1__Channel)order->channel;
    placed.lines = line_list;
    placed.n_lines = order->line_count;
    placed.shipping_minor = order->shipping_minor;
    placed.shipping_tax_minor = order->shipping_tax_minor;
    placed.shipping_tax_rate_ppm = order->shipping_minor == 0 ? 0 : order->tax_rate_ppm;
    event.event_case = REDRESS__V1__ORDER_EVENT__EVENT_PLACED;
    event.placed = &placed;
    return send_event(shop, n, &event, order->placed_us, sink, error);
}

static enum status send_captured(const struct made_shop *shop, int64_t n,
                                 const struct made_order *order, size_t i, struct sink *sink,
                                 struct error *error)
{
    Redress__V1__OrderEvent event = REDRESS__V1__ORDER_EVENT__INIT;
    Redress__V1__PaymentCaptured captured = REDRESS__V1__PAYMENT_CAPTURED__INIT;
    Redress__V1__Money amount = REDRESS__V1__MONEY__INIT;
    amount.minor = order->payments[i].minor;
    amount.currency = sink_text(order->currency);
    captured.payment_id =
        arena_printf(sink->arena, "pay_%" PRIu64 "_%" PRId64 "_%zu", shop->seed, n + 1, i + 1);
    captured.provider = REDRESS__V1__PROVIDER__PROVIDER_STRIPE;
    captured.provider_reference =
        arena_printf(sink->arena, "pi_made%" PRIu64 "x%" PRId64 "x%zu", shop->seed, n + 1, i + 1);
    captured.method = i == 0 ? REDRESS__V1__PAYMENT_METHOD__PAYMENT_METHOD_CARD
                             : REDRESS__V1__PAYMENT_METHOD__PAYMENT_METHOD_WALLET;
    captured.amount = &amount;
    event.event_case = REDRESS__V1__ORDER_EVENT__EVENT_CAPTURED;
    event.captured = &captured;
    return send_event(shop, n, &event, order->payments[i].captured_us, sink, error);
}

static enum status send_delivered(const struct made_shop *shop, int64_t n,
                                  const struct made_order *order, size_t i, struct sink *sink,
                                  struct error *error)
{
    const struct made_delivery *delivery = &order->deliveries[i];
    Redress__V1__OrderEvent event = REDRESS__V1__ORDER_EVENT__INIT;
    Redress__V1__OrderDelivered delivered = REDRESS__V1__ORDER_DELIVERED__INIT;
    Redress__V1__LineUnits units[MADE_LINES_MAX];
    Redress__V1__LineUnits *list[MADE_LINES_MAX];
    for (size_t l = 0; l < delivery->line_count; l++) {
        redress__v1__line_units__init(&units[l]);
        units[l].line_id = line_id(delivery->first_line + l, sink->arena);
        units[l].units = order->lines[delivery->first_line + l].units;
        list[l] = &units[l];
    }
    delivered.delivery_id = arena_printf(sink->arena, "%zu", i + 1);
    delivered.lines = list;
    delivered.n_lines = delivery->line_count;
    event.event_case = REDRESS__V1__ORDER_EVENT__EVENT_DELIVERED;
    event.delivered = &delivered;
    return send_event(shop, n, &event, delivery->delivered_us, sink, error);
}

enum status made_send_order(const struct made_shop *shop, int64_t n, const struct made_order *order,
                            struct sink *sink, struct error *error)
{
    enum status status = STATUS_OK;
    arena_reset(sink->arena);
    for (size_t i = 0; i < order->payment_count && status == STATUS_OK; i++)
        status = send_captured(shop, n, order, i, sink, error);
    for (size_t i = 0; i < order->delivery_count && status == STATUS_OK; i++)
        status = send_delivered(shop, n, order, i, sink, error);
    if (status == STATUS_OK)
        status = send_placed(shop, n, order, sink, error);
    return status;
}

/* The parts of a request message, which point to each other. */
struct request_parts {
    Redress__V1__RefundRequest message;
    Redress__V1__Actor requester;
    Redress__V1__Money amount;
    Redress__V1__RequestedLine lines[MADE_LINES_MAX];
    Redress__V1__RequestedLine *line_list[MADE_LINES_MAX];
    Redress__V1__RequestAnswer answer;
    Redress__V1__RequestAppeal appeal;
    Redress__V1__RequestCancellation cancellation;
};

static void fill_ask(const struct made_order *order, const struct made_request *request,
                     struct arena *arena, struct request_parts *parts)
{
    Redress__V1__RefundRequest *message = &parts->message;
    message->trigger = (Redress__V1__Trigger)request->trigger;
    message->reason = (Redress__V1__ReasonCode)request->reason;
    message->whole_order = request->whole_order;
    message->shipping = request->shipping;
    message->note = sink_text("asked in the made shop");
    message->customer_token = customer_token(order, arena);
    for (size_t i = 0; i < request->line_count; i++) {
        redress__v1__requested_line__init(&parts->lines[i]);
        parts->lines[i].line_id =
            line_id(request->unknown_line ? MADE_LINES_MAX : request->first_line + i, arena);
        parts->lines[i].units = request->units[i];
        parts->line_list[i] = &parts->lines[i];
    }
    message->lines = parts->line_list;
    message->n_lines = request->line_count;
    if (request->amount_minor != 0) {
        redress__v1__money__init(&parts->amount);
        parts->amount.minor = request->amount_minor;
        parts->amount.currency = sink_text(request->currency);
        message->amount = &parts->amount;
    }
}

static void fill_follow_up(const struct made_request *request, struct request_parts *parts)
{
    Redress__V1__RefundRequest *message = &parts->message;
    if (request->kind == MADE_ANSWER) {
        redress__v1__request_answer__init(&parts->answer);
        parts->answer.answer_id = sink_text("answer-1");
        message->answer = &parts->answer;
    } else if (request->kind == MADE_APPEAL) {
        redress__v1__request_appeal__init(&parts->appeal);
        parts->appeal.appeal_id = sink_text("appeal-1");
        message->appeal = &parts->appeal;
    } else {
        redress__v1__request_cancellation__init(&parts->cancellation);
        parts->cancellation.cancellation_id = sink_text("cancellation-1");
        message->cancellation = &parts->cancellation;
    }
}

static enum status send_request(const struct made_shop *shop, int64_t n,
                                const struct made_order *order, const struct made_request *request,
                                struct sink *sink, struct error *error)
{
    struct request_parts parts;
    Redress__V1__RefundRequest *message = &parts.message;
    struct arena *arena = sink->arena;
    redress__v1__refund_request__init(message);
    redress__v1__actor__init(&parts.requester);
    parts.requester.id = sink_text("made-shop-desk");
    parts.requester.role = REDRESS__V1__ROLE__ROLE_SERVICE_AGENT;
    message->requester = &parts.requester;
    message->merchant_id = sink_text(shop->merchant_id);
    message->order_id = request->other_order
                            ? arena_printf(arena, "%s-never", order_id(shop, n, arena))
                            : order_id(shop, n, arena);
    message->request_id =
        arena_printf(arena, "made-%" PRIu64 "-%" PRId64 "-r%d", shop->seed, n + 1, request->number);
    message->occurred_at = message_timestamp(arena, request->occurred_us);
    if (request->kind == MADE_ASK) {
        message->external_reference = arena_printf(arena, "desk:%" PRIu64 "-%" PRId64 "-%d",
                                                   shop->seed, n + 1, request->reference);
        fill_ask(order, request, arena, &parts);
    } else {
        fill_follow_up(request, &parts);
    }
    if (arena_exhausted(arena))
        return error_set(error, STATUS_EXHAUSTED, "no memory");
    return sink->take(sink->context, TOPIC_REQUESTS, &message->base, error);
}

enum status made_send_requests(const struct made_shop *shop, int64_t n,
                               const struct made_order *order, bool follow_ups, struct sink *sink,
                               struct error *error)
{
    enum status status = STATUS_OK;
    arena_reset(sink->arena);
    for (size_t i = 0; i < order->request_count && status == STATUS_OK; i++)
        if ((order->requests[i].kind != MADE_ASK) == follow_ups)
            status = send_request(shop, n, order, &order->requests[i], sink, error);
    return status;
}
