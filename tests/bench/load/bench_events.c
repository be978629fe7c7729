#include "bench_events.h"

#include "clock.h"
#include "message.h"
#include "redress/v1/order.pb-c.h"
#include "redress/v1/request.pb-c.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    PLACED_DAYS = 10, /* before now */
    DELIVERED_DAYS = 5,
    LINE_UNITS = 2,
    LINE_MINOR = 2400,
    LINE_TAX_MINOR = 400,
    TAX_RATE_PPM = 200000,
    KEY_DIGITS = 12
};

static const char key_prefix[] = "bench-";

static char *text(const char *constant)
{
    return (char *)(uintptr_t)constant; /* protobuf-c's fields are not const */
}

static enum status finish(const ProtobufCMessage *message, enum topic topic, char *key,
                          const struct bench_shop *shop, struct arena *arena,
                          struct bench_event *event)
{
    uint8_t *bytes;
    enum status status = message_pack(message, arena, &bytes, &event->value_size);
    if (status != STATUS_OK)
        return status;
    event->topic = topic;
    event->key = key;
    event->partition = topic_partition(key, strlen(key), shop->partitions);
    event->value = bytes;
    return arena_exhausted(arena) ? STATUS_EXHAUSTED : STATUS_OK;
}

static enum status finish_order(Redress__V1__OrderEvent *order, int64_t n, int days_ago,
                                const struct bench_shop *shop, struct arena *arena,
                                struct bench_event *event)
{
    (void)snprintf(event->id, sizeof event->id, "bench/o%" PRId64 "/%d", n, (int)order->event_case);
    order->merchant_id = text("bench");
    order->order_id = arena_printf(arena, "%s%" PRId64, key_prefix, n);
    order->occurred_at = message_timestamp(arena, shop->now_us - days_ago * CLOCK_DAY_US);
    return finish(&order->base, TOPIC_ORDERS, order->order_id, shop, arena, event);
}

static enum status placed(const struct bench_shop *shop, int64_t n, struct arena *arena,
                          struct bench_event *event)
{
    Redress__V1__OrderEvent order = REDRESS__V1__ORDER_EVENT__INIT;
    Redress__V1__OrderPlaced message = REDRESS__V1__ORDER_PLACED__INIT;
    Redress__V1__Customer customer = REDRESS__V1__CUSTOMER__INIT;
    Redress__V1__OrderLine line = REDRESS__V1__ORDER_LINE__INIT;
    Redress__V1__OrderLine *lines[] = {&line};
    customer.token = arena_printf(arena, "cust-%" PRId64, n);
    customer.market = text("GB");
    line.line_id = text("1");
    line.sku = arena_printf(arena, "SKU-%04d", (int)(n % 1000));
    line.title = text("A product of the bench shop");
    line.category = text("goods");
    line.units = LINE_UNITS;
    line.gross_minor = LINE_MINOR;
    line.tax_minor = LINE_TAX_MINOR;
    line.tax_rate_ppm = TAX_RATE_PPM;
    message.customer = &customer;
    message.currency = text("GBP");
    message.channel = REDRESS__V1__CHANNEL__CHANNEL_WEB;
    message.lines = lines;
    message.n_lines = 1;
    order.event_case = REDRESS__V1__ORDER_EVENT__EVENT_PLACED;
    order.placed = &message;
    return finish_order(&order, n, PLACED_DAYS, shop, arena, event);
}

static enum status captured(const struct bench_shop *shop, int64_t n, struct arena *arena,
                            struct bench_event *event)
{
    Redress__V1__OrderEvent order = REDRESS__V1__ORDER_EVENT__INIT;
    Redress__V1__PaymentCaptured message = REDRESS__V1__PAYMENT_CAPTURED__INIT;
    Redress__V1__Money amount = REDRESS__V1__MONEY__INIT;
    amount.minor = LINE_MINOR;
    amount.currency = text("GBP");
    message.payment_id = arena_printf(arena, "pay-%" PRId64, n);
    message.provider = REDRESS__V1__PROVIDER__PROVIDER_STRIPE;
    message.provider_reference = arena_printf(arena, "pi_bench%" PRId64, n);
    message.method = REDRESS__V1__PAYMENT_METHOD__PAYMENT_METHOD_CARD;
    message.amount = &amount;
    order.event_case = REDRESS__V1__ORDER_EVENT__EVENT_CAPTURED;
    order.captured = &message;
    return finish_order(&order, n, PLACED_DAYS, shop, arena, event);
}

static enum status delivered(const struct bench_shop *shop, int64_t n, struct arena *arena,
                             struct bench_event *event)
{
    Redress__V1__OrderEvent order = REDRESS__V1__ORDER_EVENT__INIT;
    Redress__V1__OrderDelivered message = REDRESS__V1__ORDER_DELIVERED__INIT;
    Redress__V1__LineUnits units = REDRESS__V1__LINE_UNITS__INIT;
    Redress__V1__LineUnits *list[] = {&units};
    units.line_id = text("1");
    units.units = LINE_UNITS;
    message.delivery_id = text("1");
    message.lines = list;
    message.n_lines = 1;
    order.event_case = REDRESS__V1__ORDER_EVENT__EVENT_DELIVERED;
    order.delivered = &message;
    return finish_order(&order, n, DELIVERED_DAYS, shop, arena, event);
}

enum status bench_order(const struct bench_shop *shop, int64_t n, struct arena *arena,
                        struct bench_event *events)
{
    enum status status = placed(shop, n, arena, &events[0]);
    if (status == STATUS_OK)
        status = captured(shop, n, arena, &events[1]);
    if (status == STATUS_OK)
        status = delivered(shop, n, arena, &events[2]);
    return status;
}

/* n * stride mod orders visits each order once, as the stride is prime. */
static int64_t order_of(const struct bench_shop *shop, int64_t n)
{
    return n * REQUEST_STRIDE % shop->orders;
}

enum status bench_request(const struct bench_shop *shop, int64_t n, struct arena *arena,
                          struct bench_event *event)
{
    Redress__V1__RefundRequest request = REDRESS__V1__REFUND_REQUEST__INIT;
    Redress__V1__RequestedLine line = REDRESS__V1__REQUESTED_LINE__INIT;
    Redress__V1__RequestedLine *lines[] = {&line};
    Redress__V1__Actor requester = REDRESS__V1__ACTOR__INIT;
    (void)snprintf(event->id, sizeof event->id, "bench/r%" PRId64, n);
    line.line_id = text("1");
    line.units = 1;
    requester.id = text("bench-desk");
    requester.role = REDRESS__V1__ROLE__ROLE_SERVICE_AGENT;
    request.merchant_id = text("bench");
    request.order_id = arena_printf(arena, "%s%" PRId64, key_prefix, order_of(shop, n));
    request.request_id = arena_printf(arena, "r-%" PRId64, n);
    request.external_reference = arena_printf(arena, "desk:%" PRId64, n);
    request.occurred_at = message_timestamp(arena, shop->now_us);
    request.trigger = REDRESS__V1__TRIGGER__TRIGGER_CUSTOMER_REQUEST;
    request.reason = REDRESS__V1__REASON_CODE__REASON_CODE_CHANGED_MIND;
    request.lines = lines;
    request.n_lines = 1;
    request.requester = &requester;
    return finish(&request.base, TOPIC_REQUESTS, request.order_id, shop, arena, event);
}

/* a^-1 mod m for a and m without a common divisor (extended Euclid). */
static int64_t inverse(int64_t a, int64_t m)
{
    int64_t r = m, next_r = a % m, t = 0, next_t = 1;
    while (next_r != 0) {
        int64_t quotient = r / next_r, kept = t - quotient * next_t;
        t = next_t;
        next_t = kept;
        kept = r - quotient * next_r;
        r = next_r;
        next_r = kept;
    }
    return t < 0 ? t + m : t;
}

int64_t bench_request_of(const struct bench_shop *shop, const void *key, size_t size)
{
    static int64_t orders, back; /* of the last shop asked for */
    size_t prefix = sizeof key_prefix - 1;
    const char *digits = key;
    int64_t n = 0;
    if (key == NULL || size <= prefix || size > prefix + KEY_DIGITS ||
        memcmp(key, key_prefix, prefix) != 0)
        return -1;
    for (size_t i = prefix; i < size; i++) {
        if (digits[i] < '0' || digits[i] > '9')
            return -1;
        n = n * 10 + (digits[i] - '0');
    }
    if (n >= shop->orders)
        return -1;
    if (orders != shop->orders) {
        orders = shop->orders;
        back = inverse(REQUEST_STRIDE, orders);
    }
    return n * back % orders;
}
