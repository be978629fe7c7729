/* Automatic limit: how much may be approved without people before everything goes to people. Pure.
 *
 * A merchant publishes limits (redress.v1.AuthorityLimits) on count and amount, per hour and per
 * day, of all its automatic approvals and of those of one product. What is counted is one meter per
 * merchant, and one per product of it. Hours and days are those of UTC by the database's clock: it
 * is about how fast refunds are decided here, whenever they were asked for.
 *
 * Each shard counts in rows of its own; a load sums them. So shards that decide at the same instant
 * do not see each other's latest batch: a limit may be overshot by one batch per shard.
 *
 * The approval that would exceed a limit trips it: that refund and every later one of the merchant
 * (or with that product) goes to people, until somebody with the role lifts the trip. Then counting
 * begins anew: counts belong to the number of the trip before. A meter that was lifted in a batch
 * does not trip again in it. */

#ifndef REDRESS_ROUTING_AUTO_LIMIT_H
#define REDRESS_ROUTING_AUTO_LIMIT_H

#include "arena.h"
#include "status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    AUTO_CURRENCIES_MAX = 64, /* that limits name */
    AUTO_METER_BUCKETS = 512,
    AUTO_PRODUCTS_MAX = 64, /* of one refund that are counted: its first ones */
    AUTO_HOURS_PER_DAY = 24
};

/* X(name, the word in LimitTripped, of one product) */
#define AUTO_LIMIT_ROWS(X)                                        \
    X(COUNT_HOUR, "automatic_per_hour", false)                    \
    X(COUNT_DAY, "automatic_per_day", false)                      \
    X(AMOUNT_HOUR, "amount_per_hour", false)                      \
    X(AMOUNT_DAY, "amount_per_day", false)                        \
    X(PRODUCT_COUNT_HOUR, "automatic_per_hour_and_product", true) \
    X(PRODUCT_COUNT_DAY, "automatic_per_day_and_product", true)   \
    X(PRODUCT_AMOUNT_HOUR, "amount_per_hour_and_product", true)   \
    X(PRODUCT_AMOUNT_DAY, "amount_per_day_and_product", true)

enum auto_limit {
    AUTO_LIMIT_NONE,
#define X(name, word, product) AUTO_##name,
    AUTO_LIMIT_ROWS(X)
#undef X
        AUTO_LIMITS
};

/* "automatic_per_hour"; "" for AUTO_LIMIT_NONE. */
const char *auto_limit_word(enum auto_limit limit);
enum auto_limit auto_limit_find(const char *word); /* AUTO_LIMIT_NONE if there is none */

struct auto_amount {
    char currency[4];
    int64_t minor;
};

/* Of one kind, per hour and per day; a count of 0 and a currency that is not listed: no limit. */
struct auto_scope {
    int64_t per_hour, per_day;
    struct auto_amount amounts_per_hour[AUTO_CURRENCIES_MAX];
    struct auto_amount amounts_per_day[AUTO_CURRENCIES_MAX];
    size_t hour_count, day_count;
};

/* What a merchant published. */
struct auto_limits {
    struct auto_scope merchant, product;
};

/* True if there is any limit of that kind. */
bool auto_scope_limits(const struct auto_scope *scope);

/* What was approved automatically in one hour, in one currency. */
struct auto_sum {
    const char *currency;
    int64_t hour; /* since 1970-01-01T00:00Z */
    int64_t count, minor;
    struct auto_sum *next;
};

/* By this batch, in one shard. */
struct auto_added {
    const char *currency;
    int64_t trip; /* the latest by then */
    int64_t hour;
    int32_t shard;
    int64_t count, minor;
    struct auto_added *next;
};

struct auto_meter {
    const char *merchant_id;
    const char *product;       /* "": the whole merchant */
    int64_t trip;              /* number of its latest trip; 0: it never tripped */
    enum auto_limit tripped;   /* by which limit, and not lifted; AUTO_LIMIT_NONE: it has not */
    enum auto_limit new_limit; /* by which this batch trips it */
    int64_t new_trip;          /* number of a trip in this batch, to be saved; 0: none */
    int64_t tripped_us;
    int64_t lifted; /* number of the trip that this batch lifts; 0: none; and by whom */
    const char *lifted_by, *lifted_decision;
    int64_t lifted_us;
    struct auto_sum *sums;
    struct auto_added *added;
    struct auto_meter *next_in_bucket, *next;
};

struct auto_meters {
    struct arena *arena;
    struct auto_meter *buckets[AUTO_METER_BUCKETS];
    struct auto_meter *first, *last;
};

/* A product of a refund and how much of it that is. */
struct auto_product {
    const char *product;
    int64_t minor;
};

/* What is about to be approved without people. */
struct auto_wish {
    const char *merchant_id;
    const char *currency;
    int64_t minor;
    const struct auto_product *products; /* distinct */
    size_t product_count;
    int32_t shard;
    int64_t now_us; /* of the database */
};

/* What becomes of it. */
struct auto_answer {
    enum auto_limit limit;          /* AUTO_LIMIT_NONE: approve it, it is counted */
    const struct auto_meter *meter; /* that has tripped */
    bool trips;                     /* now, by this one: to be told once */
    int64_t count, minor;           /* that it would have been, the amount in the wish's currency */
    const char *currency;
};

/* Empty. */
void auto_meters_start(struct auto_meters *meters, struct arena *arena);

/* What rows say: a meter with its latest trip, whether that holds, and sums. STATUS_EXHAUSTED: the
 * arena is full. Texts must live as long as the meters. */
enum status auto_meter_loaded(struct auto_meters *meters, const char *merchant_id,
                              const char *product, int64_t trip,
                              enum auto_limit tripped) CHECK_RESULT;
enum status auto_sum_loaded(struct auto_meters *meters, const char *merchant_id,
                            const char *product, const struct auto_sum *sum) CHECK_RESULT;

/* Counts the wish, or says why people must look: a limit that has tripped, or trips by this. Limits
 * NULL: there are none, but what has tripped holds. */
enum status auto_ask(struct auto_meters *meters, const struct auto_limits *limits,
                     const struct auto_wish *wish, struct auto_answer *answer) CHECK_RESULT;

/* Who lifts, by which decision. The texts must live as long as the meters. */
struct auto_lifting {
    const char *person_id, *decision_id;
    int64_t now_us;
};

/* Lifts every trip of the merchant that holds; returns how many. */
size_t auto_lift(struct auto_meters *meters, const char *merchant_id,
                 const struct auto_lifting *lifting);

/* True if a product of any merchant has tripped, so that products have to be looked at. */
bool auto_products_tripped(const struct auto_meters *meters);

/* Hours since 1970-01-01T00:00Z. */
int64_t auto_hour(int64_t time_us);

#endif
