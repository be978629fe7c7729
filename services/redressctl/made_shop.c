#include "made_shop.h"

#include "clock.h"
#include "redress/v1/types.pb-c.h"

#include <string.h>

#define MADE_FIRST_US INT64_C(1735689600000000) /* 2025-01-01T00:00:00Z */

enum {
    MADE_INTERVAL_S = 41,          /* between two orders */
    MADE_YEAR_S = 300 * 24 * 3600, /* after which the days begin anew */
    MADE_CUSTOMERS = 20000,
    MADE_PRODUCTS = 400,
    MADE_WINDOW_DAYS = 30,
    MADE_LATE_DAYS = 90,
    MADE_SIMPLE_PENCE = 1900 /* a unit at most, so that 12 stay below 250.00 */
};

static const char *const case_names[MADE_CASE_COUNT] = {
#define X(name, weight, independent, help) #name,
    MADE_CASE_ROWS(X)
#undef X
};

const char *made_case_name(enum made_case made)
{
    return case_names[made];
}

/* X(currency, market, of 100 orders, minor units that are worth a penny * 100, prices are multiples
 *   of so many minor units, tax rate). Card schemes know no more than two decimals of a dinar. */
#define CURRENCY_ROWS(X)               \
    X("GBP", "GB", 55, 100, 1, 200000) \
    X("EUR", "DE", 22, 115, 1, 190000) \
    X("USD", "US", 15, 125, 1, 0)      \
    X("JPY", "JP", 5, 190, 1, 100000)  \
    X("KWD", "KW", 3, 380, 10, 0)

struct made_currency {
    const char *code;
    const char *market;
    int weight;
    int64_t per_penny;
    int64_t step;
    int32_t tax_rate_ppm;
};

static const struct made_currency currencies[] = {
#define X(code, market, weight, per_penny, step, rate) \
    {code, market, weight, per_penny, step, rate},
    CURRENCY_ROWS(X)
#undef X
};

/* Splitmix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014. */
struct dice {
    uint64_t state;
};

static uint64_t roll(struct dice *dice)
{
    uint64_t z = dice->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* least..most */
static int64_t between(struct dice *dice, int64_t least, int64_t most)
{
    return least + (int64_t)(roll(dice) % (uint64_t)(most - least + 1));
}

static bool chance(struct dice *dice, int percent)
{
    return between(dice, 1, 100) <= percent;
}

static enum made_case pick_case(const struct made_shop *shop, struct dice *dice)
{
    static const struct {
        int weight;
        bool independent;
    } cases[MADE_CASE_COUNT] = {
#define X(name, weight, independent, help) {weight, independent},
        MADE_CASE_ROWS(X)
#undef X
    };
    int64_t at = between(dice, 0, MADE_WEIGHTS - 1);
    if (shop->mix == MADE_MIX_SIMPLE)
        return MADE_SOME_UNITS;
    for (size_t i = 0; i < MADE_CASE_COUNT; i++) {
        if (at < cases[i].weight)
            return cases[i].independent || shop->mix == MADE_MIX_ALL ? (enum made_case)i
                                                                     : MADE_SOME_UNITS;
        at -= cases[i].weight;
    }
    return MADE_SOME_UNITS;
}

static const struct made_currency *pick_currency(const struct made_shop *shop, struct dice *dice)
{
    int64_t at = between(dice, 0, 99);
    if (shop->mix == MADE_MIX_SIMPLE)
        return &currencies[0];
    for (size_t i = 0; i < sizeof currencies / sizeof *currencies; i++) {
        if (at < currencies[i].weight)
            return &currencies[i];
        at -= currencies[i].weight;
    }
    return &currencies[0];
}

/* Mostly small things, a few dear ones, so that every level of authority has work. */
static int64_t pick_pence(const struct made_shop *shop, struct dice *dice)
{
    int64_t at = between(dice, 1, 1000);
    if (shop->mix == MADE_MIX_SIMPLE)
        return between(dice, 99, MADE_SIMPLE_PENCE);
    if (at <= 900)
        return between(dice, 99, 6000);
    if (at <= 980)
        return between(dice, 6000, 40000);
    if (at <= 997)
        return between(dice, 40000, 300000);
    return between(dice, 300000, 2000000);
}

/* Tax inside an amount that includes it, half up. */
static int64_t tax_inside(int64_t minor, int64_t rate_ppm)
{
    int64_t whole = 1000000 + rate_ppm;
    return (2 * minor * rate_ppm + whole) / (2 * whole);
}

/* What so many pence are in the currency. */
static int64_t price(const struct made_currency *currency, int64_t pence)
{
    return pence * currency->per_penny / 100 / currency->step * currency->step;
}

static void make_line(const struct made_shop *shop, const struct made_currency *currency,
                      struct dice *dice, struct made_line *line)
{
    int64_t unit_minor = price(currency, pick_pence(shop, dice));
    int64_t off_percent = chance(dice, 20) ? between(dice, 5, 50) : 0;
    line->category = "goods";
    line->sku = (int)between(dice, 1, MADE_PRODUCTS);
    line->final_sale = chance(dice, 3);
    line->units = between(dice, 1, chance(dice, 70) ? 3 : MADE_UNITS_MAX);
    line->gross_minor = unit_minor * line->units;
    /* Units of a line may be worth unequal amounts, but for steps, where each must be whole. */
    line->discount_minor = currency->step == 1 ? line->gross_minor * off_percent / 100
                                               : unit_minor * off_percent / 100 / currency->step *
                                                     currency->step * line->units;
    line->tax_minor = tax_inside(line->gross_minor - line->discount_minor, currency->tax_rate_ppm);
}

static void make_lines(const struct made_shop *shop, const struct made_currency *currency,
                       struct dice *dice, struct made_order *order)
{
    order->line_count = (size_t)between(dice, 1, MADE_LINES_MAX);
    for (size_t i = 0; i < order->line_count; i++)
        make_line(shop, currency, dice, &order->lines[i]);
    /* A line that is asked for twice needs two units, and a second line must exist to ask for. */
    if (order->what == MADE_TWO_PARTS && order->lines[0].units < 2) {
        order->lines[0].gross_minor *= 2;
        order->lines[0].discount_minor *= 2;
        order->lines[0].units = 2;
        order->lines[0].tax_minor = tax_inside(
            order->lines[0].gross_minor - order->lines[0].discount_minor, currency->tax_rate_ppm);
    }
    if (order->what == MADE_REFERENCE_REUSED && order->line_count < 2)
        make_line(shop, currency, dice, &order->lines[order->line_count++]);
    if (order->what == MADE_EXCLUDED)
        order->lines[0].category = "non_goods";
}

int64_t made_total(const struct made_order *order)
{
    int64_t total = order->shipping_minor;
    for (size_t i = 0; i < order->line_count; i++)
        total += order->lines[i].gross_minor - order->lines[i].discount_minor;
    return total;
}

static void make_payments(const struct made_shop *shop, const struct made_currency *currency,
                          struct dice *dice, struct made_order *order)
{
    int64_t total = made_total(order);
    int64_t later_us = between(dice, 1, 600) * CLOCK_SECOND_US;
    int64_t steps = total / currency->step;
    bool two = chance(dice, 10) && shop->mix != MADE_MIX_SIMPLE && steps >= 2;
    int64_t first = two ? between(dice, 1, steps - 1) * currency->step : total;
    if (order->what == MADE_NEVER_CAPTURED)
        return;
    order->payments[0] = (struct made_payment){first, order->placed_us + later_us};
    order->payments[1] = (struct made_payment){total - first, order->placed_us + 2 * later_us};
    order->payment_count = two ? 2 : 1;
}

static void make_deliveries(struct dice *dice, struct made_order *order)
{
    int64_t first_us = order->placed_us + between(dice, 1, 4) * CLOCK_DAY_US +
                       between(dice, 0, 24 * 3600 - 1) * CLOCK_SECOND_US;
    bool two = chance(dice, 10) && order->line_count > 1;
    size_t first_lines = two ? order->line_count - 1 : order->line_count;
    if (order->what == MADE_NOT_DELIVERED || order->what == MADE_NOT_RECEIVED ||
        order->what == MADE_ANSWERED)
        return;
    order->deliveries[0] = (struct made_delivery){first_us, 0, first_lines};
    order->deliveries[1] = (struct made_delivery){first_us + CLOCK_DAY_US, first_lines, 1};
    order->delivery_count = two ? 2 : 1;
}

/* Counted from the last delivery, and from the first as well by enough to be sure. */
static int64_t request_time(struct dice *dice, const struct made_order *order)
{
    int64_t seconds = between(dice, 0, (MADE_WINDOW_DAYS - 3) * 24 * 3600);
    int64_t from_us = order->delivery_count == 0
                          ? order->placed_us + CLOCK_DAY_US
                          : order->deliveries[order->delivery_count - 1].delivered_us;
    int64_t days = 0;
    if (order->what == MADE_LATE)
        days = MADE_WINDOW_DAYS + 1;
    if (order->what == MADE_TOO_LATE || order->what == MADE_APPEALED)
        days = MADE_LATE_DAYS + 1;
    return from_us + days * CLOCK_DAY_US + seconds * CLOCK_SECOND_US;
}

static int pick_reason(struct dice *dice)
{
    static const int reasons[] = {
        REDRESS__V1__REASON_CODE__REASON_CODE_DAMAGED,
        REDRESS__V1__REASON_CODE__REASON_CODE_DEFECTIVE,
        REDRESS__V1__REASON_CODE__REASON_CODE_WRONG_ITEM,
        REDRESS__V1__REASON_CODE__REASON_CODE_NOT_AS_DESCRIBED,
        REDRESS__V1__REASON_CODE__REASON_CODE_CHANGED_MIND,
        REDRESS__V1__REASON_CODE__REASON_CODE_OTHER,
    };
    return reasons[between(dice, 0, sizeof reasons / sizeof *reasons - 1)];
}

static struct made_request *add_request(struct made_order *order)
{
    struct made_request *request = &order->requests[order->request_count++];
    if (order->request_count > 1) {
        *request = order->requests[order->request_count - 2];
        request->number++;
        request->occurred_us += CLOCK_HOUR_US;
    }
    return request;
}

/* The first request, before the case changes it: some units of the first line. */
static struct made_request *first_request(struct dice *dice, struct made_order *order)
{
    struct made_request *request = add_request(order);
    *request = (struct made_request){
        .number = 1,
        .reference = 1,
        .line_count = 1,
        .units = {between(dice, 1, order->lines[0].units)},
        .currency = order->currency,
        .reason = pick_reason(dice),
        .trigger = REDRESS__V1__TRIGGER__TRIGGER_CUSTOMER_REQUEST,
        .occurred_us = request_time(dice, order),
    };
    return request;
}

static void ask_amount(struct made_request *request, int64_t minor, int reason)
{
    request->amount_minor = minor;
    request->line_count = 0;
    request->reason = reason;
}

/* At least 1, so that there is something to ask for. */
static int64_t part_of(int64_t minor, int64_t percent)
{
    return minor * percent / 100 > 0 ? minor * percent / 100 : 1;
}

/* Cases that need one request. */
static void shape_request(const struct made_order *order, struct dice *dice,
                          struct made_request *request)
{
    const struct made_line *line = &order->lines[0];
    int64_t percent = between(dice, 1, 20);
    if (order->what == MADE_WHOLE_LINE || order->what == MADE_SAME_UNITS_AGAIN)
        request->units[0] = line->units;
    else if (order->what == MADE_SHIPPING_TOO)
        request->shipping = true;
    else if (order->what == MADE_TWO_PARTS)
        request->units[0] = between(dice, 1, line->units - 1);
    else if (order->what == MADE_TOO_MANY_UNITS)
        request->units[0] = line->units + percent;
    else if (order->what == MADE_UNKNOWN_LINE)
        request->unknown_line = true;
    else if (order->what == MADE_UNKNOWN_ORDER)
        request->other_order = true;
    else if (order->what == MADE_NOT_RECEIVED)
        request->reason = REDRESS__V1__REASON_CODE__REASON_CODE_NOT_RECEIVED;
    else if (order->what == MADE_GOODWILL)
        ask_amount(request, part_of(made_total(order), percent),
                   REDRESS__V1__REASON_CODE__REASON_CODE_GOODWILL);
    else if (order->what == MADE_TOO_MUCH_MONEY)
        ask_amount(request, made_total(order) + percent,
                   REDRESS__V1__REASON_CODE__REASON_CODE_DUPLICATE_CHARGE);
    else if (order->what == MADE_OTHER_CURRENCY) {
        ask_amount(request, percent, REDRESS__V1__REASON_CODE__REASON_CODE_GOODWILL);
        request->currency = "CHF";
    } else if (order->what == MADE_WHOLE_ORDER) {
        request->whole_order = true;
        request->line_count = 0;
    } else if (order->what == MADE_SEVERAL_LINES) {
        request->line_count = order->line_count;
        for (size_t i = 0; i < order->line_count; i++)
            request->units[i] = between(dice, 1, order->lines[i].units);
    } else if (order->what == MADE_PRICE_ADJUSTMENT) {
        request->amount_minor = part_of(line->gross_minor - line->discount_minor, percent);
        request->units[0] = 0;
        request->reason = REDRESS__V1__REASON_CODE__REASON_CODE_PRICE_ADJUSTMENT;
    }
}

static void follow_up(struct made_order *order, enum made_kind kind)
{
    struct made_request *request = add_request(order);
    request->kind = kind;
    request->number--;
}

/* Cases that need a second record. */
static void add_second(struct made_order *order)
{
    if (order->what == MADE_TWO_PARTS) {
        struct made_request *rest = add_request(order);
        rest->units[0] = order->lines[0].units - rest->units[0];
        rest->reference = 2;
    } else if (order->what == MADE_SAME_UNITS_AGAIN) {
        struct made_request *again = add_request(order);
        again->units[0] = 1;
        again->reference = 2;
    } else if (order->what == MADE_SAME_REQUEST_AGAIN) {
        struct made_request *again = add_request(order);
        *again = order->requests[0];
    } else if (order->what == MADE_SAME_REFERENCE) {
        (void)add_request(order);
    } else if (order->what == MADE_REFERENCE_REUSED) {
        struct made_request *other = add_request(order);
        other->first_line = 1;
        other->units[0] = 1;
    } else if (order->what == MADE_ANSWERED) {
        follow_up(order, MADE_ANSWER);
    } else if (order->what == MADE_APPEALED) {
        follow_up(order, MADE_APPEAL);
    } else if (order->what == MADE_CANCELLED) {
        follow_up(order, MADE_CANCELLATION);
    }
}

static int pick_channel(struct dice *dice)
{
    static const int channels[] = {
        REDRESS__V1__CHANNEL__CHANNEL_WEB,         REDRESS__V1__CHANNEL__CHANNEL_APP,
        REDRESS__V1__CHANNEL__CHANNEL_MARKETPLACE, REDRESS__V1__CHANNEL__CHANNEL_PHONE,
        REDRESS__V1__CHANNEL__CHANNEL_STORE,
    };
    return channels[between(dice, 0, sizeof channels / sizeof *channels - 1)];
}

void made_order(const struct made_shop *shop, int64_t n, struct made_order *order)
{
    struct dice dice = {.state = shop->seed};
    dice.state = roll(&dice) ^ (uint64_t)n * UINT64_C(0x9e3779b97f4a7c15);
    memset(order, 0, sizeof *order);
    order->what = pick_case(shop, &dice);
    const struct made_currency *currency = pick_currency(shop, &dice);
    order->currency = currency->code;
    order->market = currency->market;
    order->tax_rate_ppm = currency->tax_rate_ppm;
    order->channel = pick_channel(&dice);
    order->customer = chance(&dice, 8) ? -1 : (int)between(&dice, 1, MADE_CUSTOMERS);
    order->placed_us = MADE_FIRST_US + n * MADE_INTERVAL_S % MADE_YEAR_S * CLOCK_SECOND_US;
    make_lines(shop, currency, &dice, order);
    order->shipping_minor =
        order->what == MADE_SHIPPING_TOO || chance(&dice, 60) ? price(currency, 495) : 0;
    order->shipping_tax_minor = tax_inside(order->shipping_minor, currency->tax_rate_ppm);
    make_payments(shop, currency, &dice, order);
    make_deliveries(&dice, order);
    if (order->what == MADE_NONE)
        return;
    shape_request(order, &dice, first_request(&dice, order));
    add_second(order);
}
