/* Made shop: the orders and refund requests of a shop that does not exist, with the awkward cases
 * of one that does. Pure: the nth order follows from seed and n alone, so a shop of any size needs
 * no memory, and two programs with the same seed make the same shop. */

#ifndef REDRESSCTL_MADE_SHOP_H
#define REDRESSCTL_MADE_SHOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MADE_LINES_MAX = 5,
    MADE_PAYMENTS_MAX = 2,
    MADE_DELIVERIES_MAX = 2,
    MADE_REQUESTS_MAX = 3,
    MADE_UNITS_MAX = 12 /* of a line */
};

/* What the requests of an order are like; one case per order.
 * X(name, weight, independent, help): `weight` is how many of MADE_WEIGHTS orders; a case is
 * independent if no outcome hangs on when the claim of another request is released. */
#define MADE_CASE_ROWS(X)                                                                      \
    X(NONE, 600, true, "nobody asks for anything")                                             \
    X(SOME_UNITS, 4940, true, "some units of one line, in time")                               \
    X(WHOLE_LINE, 800, true, "every unit of one line")                                         \
    X(SEVERAL_LINES, 400, true, "units of each line")                                          \
    X(WHOLE_ORDER, 300, true, "the whole order")                                               \
    X(SHIPPING_TOO, 200, true, "units of one line, and shipping")                              \
    X(GOODWILL, 300, true, "an amount over the whole order")                                   \
    X(PRICE_ADJUSTMENT, 200, true, "an amount on one line, no units")                          \
    X(TWO_PARTS, 400, true, "some units of a line, then the rest of it")                       \
    X(SAME_UNITS_AGAIN, 200, false, "every unit of a line, then one of them again")            \
    X(SAME_REQUEST_AGAIN, 200, true, "the same request twice")                                 \
    X(SAME_REFERENCE, 100, true, "the same reference and content under another request id")    \
    X(REFERENCE_REUSED, 60, true, "the same reference for something else")                     \
    X(TOO_MANY_UNITS, 150, true, "more units than were bought")                                \
    X(UNKNOWN_LINE, 100, true, "a line that is not on the order")                              \
    X(UNKNOWN_ORDER, 100, true, "an order that never existed")                                 \
    X(BEFORE_ORDER, 200, true, "the request comes before the order does")                      \
    X(NEVER_CAPTURED, 60, true, "the order was never paid")                                    \
    X(TOO_MUCH_MONEY, 60, true, "an amount above what was paid")                               \
    X(OTHER_CURRENCY, 40, true, "an amount in a currency that is not the order's")             \
    X(LATE, 250, true, "after 30 days, within 90")                                             \
    X(TOO_LATE, 100, true, "after 90 days")                                                    \
    X(EXCLUDED, 80, true, "a line that is not goods")                                          \
    X(NOT_DELIVERED, 50, true, "units that were not delivered yet")                            \
    X(NOT_RECEIVED, 50, true, "units that never arrived, and says so")                         \
    X(ANSWERED, 20, false, "units that were not delivered yet, and an answer to the question") \
    X(APPEALED, 20, false, "after 90 days, and an appeal against the decline")                 \
    X(CANCELLED, 20, false, "taken back by the requester")

enum made_case {
#define X(name, weight, independent, help) MADE_##name,
    MADE_CASE_ROWS(X)
#undef X
        MADE_CASE_COUNT
};

enum { MADE_WEIGHTS = 10000 };

const char *made_case_name(enum made_case made);

/* ALL: by the weights. INDEPENDENT: only the independent cases. SIMPLE: each order has one request
 * for some units, in time, in GBP and small enough for automatic approval. */
enum made_mix { MADE_MIX_ALL, MADE_MIX_INDEPENDENT, MADE_MIX_SIMPLE };

struct made_shop {
    uint64_t seed;
    enum made_mix mix;
    const char *merchant_id;
};

struct made_line {
    const char *category;
    int sku; /* number of the product */
    bool final_sale;
    int64_t units;
    int64_t gross_minor, discount_minor, tax_minor;
};

struct made_payment {
    int64_t minor;
    int64_t captured_us;
};

/* Units of every line, or of all but the last and of the last. */
struct made_delivery {
    int64_t delivered_us;
    size_t first_line, line_count;
};

enum made_kind { MADE_ASK, MADE_ANSWER, MADE_APPEAL, MADE_CANCELLATION };

struct made_request {
    enum made_kind kind;
    int number;       /* of the request id; several records may share it */
    int reference;    /* of the external reference; 0 for none */
    bool other_order; /* of one that never existed */
    bool whole_order;
    bool shipping;
    size_t first_line, line_count; /* lines asked for; line_count 0: none */
    bool unknown_line;
    int64_t units[MADE_LINES_MAX]; /* per line asked for */
    int64_t amount_minor;          /* 0: none */
    const char *currency;          /* of the amount */
    int reason;                    /* ReasonCode */
    int trigger;                   /* Trigger */
    int64_t occurred_us;
};

struct made_order {
    enum made_case what;
    const char *currency;
    const char *market;
    int32_t tax_rate_ppm;
    int channel;  /* Channel */
    int customer; /* number, or -1 for a guest */
    int64_t placed_us;
    struct made_line lines[MADE_LINES_MAX];
    size_t line_count;
    int64_t shipping_minor, shipping_tax_minor;
    struct made_payment payments[MADE_PAYMENTS_MAX];
    size_t payment_count;
    struct made_delivery deliveries[MADE_DELIVERIES_MAX];
    size_t delivery_count;
    struct made_request requests[MADE_REQUESTS_MAX];
    size_t request_count;
};

/* The order with number `n`, from 0. */
void made_order(const struct made_shop *shop, int64_t n, struct made_order *order);

/* What the customer paid for everything. */
int64_t made_total(const struct made_order *order);

#endif
