/* The made shop: properties that hold for every order of every seed. */

#include "services/redressctl/made_events.h"
#include "services/redressctl/made_shop.h"

#include "clock.h"
#include "message.h"
#include "redress/v1/request.pb-c.h"

#include <criterion/criterion.h>
#include <string.h>

enum { ORDERS = 20000, SEEDS = 3 };

static void expect_sound_lines(const struct made_order *order, int64_t n)
{
    cr_assert(order->line_count >= 1 && order->line_count <= MADE_LINES_MAX);
    for (size_t i = 0; i < order->line_count; i++) {
        const struct made_line *line = &order->lines[i];
        int64_t paid = line->gross_minor - line->discount_minor;
        cr_assert(line->units >= 1 && line->units <= MADE_UNITS_MAX, "order %lld", (long long)n);
        cr_assert(line->gross_minor > 0 && line->discount_minor >= 0 && paid > 0);
        cr_assert(line->tax_minor >= 0 && line->tax_minor <= paid);
    }
}

static void expect_paid_in_full(const struct made_order *order, int64_t n)
{
    int64_t captured = 0;
    for (size_t i = 0; i < order->payment_count; i++) {
        cr_assert_gt(order->payments[i].minor, 0);
        cr_assert_gt(order->payments[i].captured_us, order->placed_us);
        captured += order->payments[i].minor;
    }
    cr_assert_eq(captured, order->what == MADE_NEVER_CAPTURED ? 0 : made_total(order), "order %lld",
                 (long long)n);
}

static void expect_delivered_once(const struct made_order *order, int64_t n)
{
    size_t delivered = 0;
    for (size_t i = 0; i < order->delivery_count; i++) {
        cr_assert_eq(order->deliveries[i].first_line, delivered);
        delivered += order->deliveries[i].line_count;
    }
    cr_assert_eq(delivered, order->delivery_count == 0 ? 0 : order->line_count, "order %lld",
                 (long long)n);
}

Test(made_shop, every_order_is_sound)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        const struct made_shop shop = {.seed = seed, .mix = MADE_MIX_ALL, .merchant_id = "m"};
        for (int64_t n = 0; n < ORDERS; n++) {
            struct made_order order;
            made_order(&shop, n, &order);
            expect_sound_lines(&order, n);
            expect_paid_in_full(&order, n);
            expect_delivered_once(&order, n);
            cr_assert_eq(order.request_count == 0, order.what == MADE_NONE);
        }
    }
}

Test(made_shop, dinars_have_no_third_decimal)
{
    const struct made_shop shop = {.seed = 1, .mix = MADE_MIX_ALL, .merchant_id = "m"};
    int dinars = 0;
    for (int64_t n = 0; n < ORDERS; n++) {
        struct made_order order;
        made_order(&shop, n, &order);
        if (strcmp(order.currency, "KWD") != 0)
            continue;
        dinars++;
        cr_assert_eq(order.shipping_minor % 10, 0);
        for (size_t i = 0; i < order.line_count; i++) {
            const struct made_line *line = &order.lines[i];
            cr_assert_eq((line->gross_minor - line->discount_minor) % (10 * line->units), 0);
        }
        for (size_t i = 0; i < order.payment_count; i++)
            cr_assert_eq(order.payments[i].minor % 10, 0);
    }
    cr_expect_gt(dinars, ORDERS / 100);
}

Test(made_shop, the_same_seed_gives_the_same_orders)
{
    const struct made_shop shop = {.seed = 7, .mix = MADE_MIX_ALL, .merchant_id = "m"};
    const struct made_shop other = {.seed = 8, .mix = MADE_MIX_ALL, .merchant_id = "m"};
    int differ = 0;
    for (int64_t n = 0; n < 100; n++) {
        struct made_order first, second, third;
        made_order(&shop, n, &first);
        made_order(&shop, n, &second);
        made_order(&other, n, &third);
        cr_expect_eq(memcmp(&first, &second, sizeof first), 0);
        differ += memcmp(&first, &third, sizeof first) != 0;
    }
    cr_expect_eq(differ, 100);
}

/* Days from the last delivery to the first request. */
static int64_t days_waited(const struct made_order *order)
{
    int64_t delivered_us = order->deliveries[order->delivery_count - 1].delivered_us;
    return (order->requests[0].occurred_us - delivered_us) / CLOCK_DAY_US;
}

static void expect_case(const struct made_order *order)
{
    const struct made_request *request = &order->requests[0];
    const struct made_line *line = &order->lines[0];
    int64_t asked = request->units[0];
    if (order->what == MADE_TOO_MANY_UNITS)
        cr_assert_gt(asked, line->units);
    if (order->what == MADE_SOME_UNITS || order->what == MADE_BEFORE_ORDER)
        cr_assert(asked >= 1 && asked <= line->units);
    if (order->what == MADE_TWO_PARTS)
        cr_assert_eq(asked + order->requests[1].units[0], line->units);
    if (order->what == MADE_TOO_MUCH_MONEY)
        cr_assert_gt(request->amount_minor, made_total(order));
    if (order->what == MADE_GOODWILL)
        cr_assert(request->amount_minor > 0 && request->amount_minor < made_total(order));
    if (order->what == MADE_OTHER_CURRENCY)
        cr_assert_str_neq(request->currency, order->currency);
    if (order->what == MADE_LATE)
        cr_assert(days_waited(order) >= 31 && days_waited(order) < 89);
    if (order->what == MADE_TOO_LATE || order->what == MADE_APPEALED)
        cr_assert_gt(days_waited(order), 90);
    if (order->what == MADE_EXCLUDED)
        cr_assert_str_eq(line->category, "non_goods");
    if (order->what == MADE_NOT_DELIVERED || order->what == MADE_ANSWERED)
        cr_assert_eq(order->delivery_count, 0);
    if (order->what == MADE_SAME_REQUEST_AGAIN)
        cr_assert_eq(memcmp(&order->requests[0], &order->requests[1], sizeof *request), 0);
    if (order->what == MADE_SAME_REFERENCE)
        cr_assert(order->requests[0].reference == order->requests[1].reference &&
                  order->requests[0].number != order->requests[1].number);
}

Test(made_shop, each_case_is_what_it_says_and_comes_about_as_often)
{
    static const int weights[] = {
#define X(name, weight, independent, help) weight,
        MADE_CASE_ROWS(X)
#undef X
    };
    const struct made_shop shop = {.seed = 1, .mix = MADE_MIX_ALL, .merchant_id = "m"};
    int seen[MADE_CASE_COUNT] = {0}, sum = 0;
    for (int64_t n = 0; n < ORDERS; n++) {
        struct made_order order;
        made_order(&shop, n, &order);
        expect_case(&order);
        seen[order.what]++;
    }
    for (size_t i = 0; i < MADE_CASE_COUNT; i++) {
        int expected = weights[i] * (ORDERS / MADE_WEIGHTS);
        sum += weights[i];
        cr_expect(seen[i] > expected / 2 && seen[i] < expected * 2, "%s: %d times, expected %d",
                  made_case_name((enum made_case)i), seen[i], expected);
    }
    cr_expect_eq(sum, MADE_WEIGHTS);
}

Test(made_shop, independent_has_only_independent_cases)
{
    static const bool independent[] = {
#define X(name, weight, is_independent, help) is_independent,
        MADE_CASE_ROWS(X)
#undef X
    };
    const struct made_shop shop = {.seed = 1, .mix = MADE_MIX_INDEPENDENT, .merchant_id = "m"};
    for (int64_t n = 0; n < ORDERS; n++) {
        struct made_order order;
        made_order(&shop, n, &order);
        cr_assert(independent[order.what], "%s", made_case_name(order.what));
    }
}

Test(made_shop, simple_is_approved_without_people)
{
    const struct made_shop shop = {.seed = 1, .mix = MADE_MIX_SIMPLE, .merchant_id = "m"};
    for (int64_t n = 0; n < ORDERS; n++) {
        struct made_order order;
        made_order(&shop, n, &order);
        cr_assert_eq(order.what, MADE_SOME_UNITS);
        cr_assert_str_eq(order.currency, "GBP");
        cr_assert_eq(order.payment_count, 1);
        cr_assert_eq(order.request_count, 1);
        cr_assert_leq(order.lines[0].gross_minor, 25000);
        cr_assert_leq(days_waited(&order), 29);
    }
}

struct counted {
    int orders, requests;
};

static enum status count_event(void *context, enum topic topic, const ProtobufCMessage *message,
                               struct error *error)
{
    struct counted *counted = context;
    (void)error;
    cr_assert_eq(topic_info(topic)->message, message->descriptor);
    counted->orders += topic == TOPIC_ORDERS;
    counted->requests += topic == TOPIC_REQUESTS;
    return STATUS_OK;
}

Test(made_events, send_every_part_once)
{
    const struct made_shop shop = {.seed = 3, .mix = MADE_MIX_ALL, .merchant_id = "m"};
    struct counted counted = {0};
    struct sink sink = {count_event, &counted, arena_create(1 << 20)};
    struct error error;
    int orders = 0, requests = 0;
    for (int64_t n = 0; n < 2000; n++) {
        struct made_order order;
        made_order(&shop, n, &order);
        cr_assert_eq(made_send_order(&shop, n, &order, &sink, &error), STATUS_OK);
        cr_assert_eq(made_send_requests(&shop, n, &order, false, &sink, &error), STATUS_OK);
        cr_assert_eq(made_send_requests(&shop, n, &order, true, &sink, &error), STATUS_OK);
        orders += 1 + (int)order.payment_count + (int)order.delivery_count;
        requests += (int)order.request_count;
    }
    cr_expect_eq(counted.orders, orders);
    cr_expect_eq(counted.requests, requests);
    arena_destroy(sink.arena);
}
