#include "auto_limit.h"

#include "clock.h"

#include <string.h>

static const struct {
    const char *word;
    bool product;
} limits_known[AUTO_LIMITS] = {[AUTO_LIMIT_NONE] = {"", false},
#define X(name, word, product) [AUTO_##name] = {word, product},
                               AUTO_LIMIT_ROWS(X)
#undef X
};

const char *auto_limit_word(enum auto_limit limit)
{
    return limit < AUTO_LIMITS ? limits_known[limit].word : "";
}

enum auto_limit auto_limit_find(const char *word)
{
    for (int limit = AUTO_LIMIT_NONE + 1; limit < AUTO_LIMITS; limit++)
        if (strcmp(limits_known[limit].word, word) == 0)
            return (enum auto_limit)limit;
    return AUTO_LIMIT_NONE;
}

bool auto_scope_limits(const struct auto_scope *scope)
{
    return scope->per_hour > 0 || scope->per_day > 0 || scope->hour_count > 0 ||
           scope->day_count > 0;
}

int64_t auto_hour(int64_t time_us)
{
    return time_us / CLOCK_HOUR_US - (time_us % CLOCK_HOUR_US < 0 ? 1 : 0);
}

static size_t bucket_of(const char *merchant_id, const char *product)
{
    uint32_t hash = 2166136261u;
    for (; *product != '\0'; product++)
        hash = (hash ^ (uint8_t)*product) * 16777619u; /* FNV-1a */
    for (; *merchant_id != '\0'; merchant_id++)
        hash = (hash ^ (uint8_t)*merchant_id) * 16777619u;
    return hash % AUTO_METER_BUCKETS;
}

void auto_meters_start(struct auto_meters *meters, struct arena *arena)
{
    *meters = (struct auto_meters){.arena = arena};
}

static struct auto_meter *find(const struct auto_meters *meters, const char *merchant_id,
                               const char *product)
{
    struct auto_meter *meter = meters->buckets[bucket_of(merchant_id, product)];
    while (meter != NULL &&
           (strcmp(meter->product, product) != 0 || strcmp(meter->merchant_id, merchant_id) != 0))
        meter = meter->next_in_bucket;
    return meter;
}

/* The meter; a new one if there was none. NULL: the arena is full. */
static struct auto_meter *meter_of(struct auto_meters *meters, const char *merchant_id,
                                   const char *product)
{
    struct auto_meter *meter = find(meters, merchant_id, product);
    if (meter != NULL)
        return meter;
    meter = arena_zalloc(meters->arena, sizeof *meter);
    if (meter == NULL)
        return NULL;
    struct auto_meter **bucket = &meters->buckets[bucket_of(merchant_id, product)];
    meter->merchant_id = merchant_id;
    meter->product = product;
    meter->next_in_bucket = *bucket;
    *bucket = meter;
    if (meters->last == NULL)
        meters->first = meter;
    else
        meters->last->next = meter;
    meters->last = meter;
    return meter;
}

enum status auto_meter_loaded(struct auto_meters *meters, const char *merchant_id,
                              const char *product, int64_t trip, enum auto_limit tripped)
{
    struct auto_meter *meter = meter_of(meters, merchant_id, product);
    if (meter == NULL)
        return STATUS_EXHAUSTED;
    meter->trip = trip;
    meter->tripped = tripped;
    return STATUS_OK;
}

static enum status sum_add(struct auto_meters *meters, struct auto_meter *meter,
                           const struct auto_sum *more)
{
    struct auto_sum *sum = meter->sums;
    while (sum != NULL && (sum->hour != more->hour || strcmp(sum->currency, more->currency) != 0))
        sum = sum->next;
    if (sum == NULL) {
        sum = arena_alloc(meters->arena, sizeof *sum);
        if (sum == NULL)
            return STATUS_EXHAUSTED;
        *sum =
            (struct auto_sum){.currency = more->currency, .hour = more->hour, .next = meter->sums};
        meter->sums = sum;
    }
    sum->count += more->count;
    if (__builtin_add_overflow(sum->minor, more->minor, &sum->minor))
        sum->minor = INT64_MAX;
    return STATUS_OK;
}

enum status auto_sum_loaded(struct auto_meters *meters, const char *merchant_id,
                            const char *product, const struct auto_sum *sum)
{
    struct auto_meter *meter = meter_of(meters, merchant_id, product);
    return meter == NULL ? STATUS_EXHAUSTED : sum_add(meters, meter, sum);
}

/* Of one hour and one day, with the wish. */
struct totals {
    int64_t hour_count, day_count;
    int64_t hour_minor, day_minor; /* of the wish's currency */
};

static int64_t plus(int64_t left, int64_t right)
{
    int64_t sum;
    return __builtin_add_overflow(left, right, &sum) ? INT64_MAX : sum;
}

/* What was counted in this hour and since midnight, and the wish. */
static struct totals totals_with(const struct auto_meter *meter, const struct auto_wish *wish,
                                 int64_t minor)
{
    int64_t hour = auto_hour(wish->now_us);
    int64_t day_from =
        hour - ((hour % AUTO_HOURS_PER_DAY) + AUTO_HOURS_PER_DAY) % AUTO_HOURS_PER_DAY;
    struct totals totals = {1, 1, minor, minor};
    for (const struct auto_sum *sum = meter->sums; sum != NULL; sum = sum->next) {
        if (sum->hour < day_from || sum->hour > hour)
            continue;
        bool counts = strcmp(sum->currency, wish->currency) == 0;
        totals.day_count += sum->count;
        totals.day_minor = plus(totals.day_minor, counts ? sum->minor : 0);
        if (sum->hour != hour)
            continue;
        totals.hour_count += sum->count;
        totals.hour_minor = plus(totals.hour_minor, counts ? sum->minor : 0);
    }
    return totals;
}

static bool exceeds(const struct auto_amount *amounts, size_t count, const char *currency,
                    int64_t minor)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(amounts[i].currency, currency) == 0)
            return minor > amounts[i].minor;
    return false;
}

/* The first limit that one more would exceed. */
static enum auto_limit exceeded(const struct auto_scope *scope, bool product,
                                const struct totals *totals, const char *currency)
{
    if (scope->per_hour > 0 && totals->hour_count > scope->per_hour)
        return product ? AUTO_PRODUCT_COUNT_HOUR : AUTO_COUNT_HOUR;
    if (scope->per_day > 0 && totals->day_count > scope->per_day)
        return product ? AUTO_PRODUCT_COUNT_DAY : AUTO_COUNT_DAY;
    if (exceeds(scope->amounts_per_hour, scope->hour_count, currency, totals->hour_minor))
        return product ? AUTO_PRODUCT_AMOUNT_HOUR : AUTO_AMOUNT_HOUR;
    if (exceeds(scope->amounts_per_day, scope->day_count, currency, totals->day_minor))
        return product ? AUTO_PRODUCT_AMOUNT_DAY : AUTO_AMOUNT_DAY;
    return AUTO_LIMIT_NONE;
}

static bool by_hour(enum auto_limit limit)
{
    return limit == AUTO_COUNT_HOUR || limit == AUTO_AMOUNT_HOUR ||
           limit == AUTO_PRODUCT_COUNT_HOUR || limit == AUTO_PRODUCT_AMOUNT_HOUR;
}

static void trip(struct auto_meter *meter, enum auto_limit limit, const struct totals *totals,
                 const struct auto_wish *wish, struct auto_answer *answer)
{
    meter->tripped = limit;
    meter->new_limit = limit;
    meter->new_trip = ++meter->trip;
    meter->tripped_us = wish->now_us;
    answer->trips = true;
    answer->currency = wish->currency;
    answer->count = by_hour(limit) ? totals->hour_count : totals->day_count;
    answer->minor = by_hour(limit) ? totals->hour_minor : totals->day_minor;
}

/* Whether that meter lets the wish through; nothing is counted yet. `scope` NULL: without limits.
 */
static enum status look(struct auto_meters *meters, const struct auto_scope *scope,
                        const char *product, int64_t minor, const struct auto_wish *wish,
                        struct auto_answer *answer)
{
    struct auto_meter *meter = scope == NULL ? find(meters, wish->merchant_id, product)
                                             : meter_of(meters, wish->merchant_id, product);
    if (meter == NULL)
        return scope == NULL ? STATUS_OK : STATUS_EXHAUSTED;
    enum auto_limit limit = meter->tripped;
    if (limit == AUTO_LIMIT_NONE && scope != NULL && meter->lifted == 0) {
        struct totals totals = totals_with(meter, wish, minor);
        limit = exceeded(scope, product[0] != '\0', &totals, wish->currency);
        if (limit != AUTO_LIMIT_NONE)
            trip(meter, limit, &totals, wish, answer);
    }
    answer->limit = limit;
    answer->meter = limit == AUTO_LIMIT_NONE ? NULL : meter;
    return STATUS_OK;
}

static enum status count(struct auto_meters *meters, const char *product, int64_t minor,
                         const struct auto_wish *wish)
{
    struct auto_meter *meter = meter_of(meters, wish->merchant_id, product);
    struct auto_sum sum = {
        .currency = wish->currency, .hour = auto_hour(wish->now_us), .count = 1, .minor = minor};
    if (meter == NULL || sum_add(meters, meter, &sum) != STATUS_OK)
        return STATUS_EXHAUSTED;
    struct auto_added *added = meter->added;
    while (added != NULL &&
           (added->hour != sum.hour || added->trip != meter->trip || added->shard != wish->shard ||
            strcmp(added->currency, sum.currency) != 0))
        added = added->next;
    if (added == NULL) {
        added = arena_alloc(meters->arena, sizeof *added);
        if (added == NULL)
            return STATUS_EXHAUSTED;
        *added = (struct auto_added){.currency = sum.currency,
                                     .trip = meter->trip,
                                     .hour = sum.hour,
                                     .shard = wish->shard,
                                     .next = meter->added};
        meter->added = added;
    }
    added->count++;
    added->minor = plus(added->minor, minor);
    return STATUS_OK;
}

enum status auto_ask(struct auto_meters *meters, const struct auto_limits *limits,
                     const struct auto_wish *wish, struct auto_answer *answer)
{
    *answer = (struct auto_answer){0};
    const struct auto_scope *merchant =
        limits != NULL && auto_scope_limits(&limits->merchant) ? &limits->merchant : NULL;
    const struct auto_scope *product =
        limits != NULL && auto_scope_limits(&limits->product) ? &limits->product : NULL;
    enum status status = look(meters, merchant, "", wish->minor, wish, answer);
    for (size_t i = 0;
         status == STATUS_OK && answer->limit == AUTO_LIMIT_NONE && i < wish->product_count; i++)
        status =
            look(meters, product, wish->products[i].product, wish->products[i].minor, wish, answer);
    if (status != STATUS_OK || answer->limit != AUTO_LIMIT_NONE)
        return status;
    if (merchant != NULL)
        status = count(meters, "", wish->minor, wish);
    for (size_t i = 0; status == STATUS_OK && product != NULL && i < wish->product_count; i++)
        status = count(meters, wish->products[i].product, wish->products[i].minor, wish);
    return status;
}

bool auto_products_tripped(const struct auto_meters *meters)
{
    const struct auto_meter *meter = meters->first;
    while (meter != NULL && (meter->product[0] == '\0' || meter->tripped == AUTO_LIMIT_NONE))
        meter = meter->next;
    return meter != NULL;
}

size_t auto_lift(struct auto_meters *meters, const char *merchant_id,
                 const struct auto_lifting *lifting)
{
    size_t lifted = 0;
    for (struct auto_meter *meter = meters->first; meter != NULL; meter = meter->next) {
        if (meter->tripped == AUTO_LIMIT_NONE || strcmp(meter->merchant_id, merchant_id) != 0)
            continue;
        meter->tripped = AUTO_LIMIT_NONE;
        meter->lifted = meter->trip;
        meter->lifted_by = lifting->person_id;
        meter->lifted_decision = lifting->decision_id;
        meter->lifted_us = lifting->now_us;
        meter->sums = NULL;
        lifted++;
    }
    return lifted;
}
