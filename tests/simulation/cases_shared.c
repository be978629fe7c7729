/* The database: what shards share. Days are added to under their limit, and trips and their lifting
 * by whoever comes first; else the batch is refused, and decided again. */

#include "cases.h"

#include "calendar.h"

#include <string.h>

enum { DAYS_MAX = 1024, COUNTS_MAX = 2048, TRIPS_MAX = 256, HOURS_LOOKED_AT = 25 };

struct count {
    const char *product, *currency;
    int64_t trip, hour, count, minor;
    int32_t shard;
};

struct trip {
    const char *product;
    int64_t number;
    enum auto_limit limit;
    bool lifted;
};

static struct {
    struct person_day days[DAYS_MAX];
    size_t day_count;
    struct count counts[COUNTS_MAX];
    size_t count_count;
    struct trip trips[TRIPS_MAX];
    size_t trip_count;
} saved;

void cases_shared_begin(void)
{
    saved.day_count = saved.count_count = saved.trip_count = 0;
}

/* Loading. */

static void load_days(struct person_days *days, const struct decision *decision)
{
    const char *holder =
        decision->on_behalf_of[0] == '\0' ? decision->actor_id : decision->on_behalf_of;
    int32_t day = calendar_day(NULL, decision->occurred_us);
    for (size_t i = 0; i < saved.day_count; i++) {
        const struct person_day *row = &saved.days[i];
        if (row->key.day < day - PERSON_DAYS_AROUND || row->key.day > day + PERSON_DAYS_AROUND ||
            strcmp(row->key.person_id, holder) != 0)
            continue;
        if (person_days_loaded(days, &row->key, row->used_minor) != STATUS_OK)
            sim_violate("simulation: a run needs more memory");
    }
}

static int64_t latest_trip(const char *product)
{
    int64_t latest = 0;
    for (size_t i = 0; i < saved.trip_count; i++)
        if (strcmp(saved.trips[i].product, product) == 0 && saved.trips[i].number > latest)
            latest = saved.trips[i].number;
    return latest;
}

static void load_meter(struct auto_meters *meters, const char *product, int64_t hour)
{
    int64_t trip = latest_trip(product);
    enum status status = auto_meter_loaded(meters, "shop", product, trip, AUTO_LIMIT_NONE);
    for (size_t i = 0; i < saved.count_count && status == STATUS_OK; i++) {
        const struct count *row = &saved.counts[i];
        if (strcmp(row->product, product) != 0 || row->trip != trip ||
            row->hour <= hour - HOURS_LOOKED_AT)
            continue;
        const struct auto_sum sum = {
            .currency = row->currency, .hour = row->hour, .count = row->count, .minor = row->minor};
        status = auto_sum_loaded(meters, "shop", product, &sum);
    }
    if (status != STATUS_OK)
        sim_violate("simulation: a run needs more memory");
}

static void load_trips(struct auto_meters *meters)
{
    for (size_t i = 0; i < saved.trip_count; i++) {
        const struct trip *trip = &saved.trips[i];
        if (!trip->lifted && auto_meter_loaded(meters, "shop", trip->product, trip->number,
                                               trip->limit) != STATUS_OK)
            sim_violate("simulation: a run needs more memory");
    }
}

static bool known(const struct auto_meters *meters, const char *product)
{
    for (const struct auto_meter *meter = meters->first; meter != NULL; meter = meter->next)
        if (strcmp(meter->product, product) == 0)
            return true;
    return false;
}

struct routing_shared *cases_shared_load(const struct desk_batch *batch)
{
    struct routing_shared *shared = arena_alloc(desk.arena, sizeof *shared);
    int64_t hour = auto_hour(batch->now_us);
    person_days_start(&shared->days, desk.arena);
    auto_meters_start(&shared->meters, desk.arena);
    load_meter(&shared->meters, "", hour);
    for (size_t i = 0; i < batch->count; i++) {
        const struct cases_input *input = batch->events[i]->body;
        if (input != NULL && input->kind == CASES_DECISIONS)
            load_days(&shared->days, &input->decision);
        if (input != NULL && input->kind == CASES_ASSESSED &&
            !known(&shared->meters, input->product.product))
            load_meter(&shared->meters, input->product.product, hour);
    }
    load_trips(&shared->meters);
    return shared;
}

/* Saving. */

static struct person_day *find_day(const struct person_day_key *key)
{
    for (size_t i = 0; i < saved.day_count; i++) {
        struct person_day *row = &saved.days[i];
        if (row->key.day == key->day && strcmp(row->key.person_id, key->person_id) == 0 &&
            strcmp(row->key.currency, key->currency) == 0)
            return row;
    }
    return NULL;
}

static struct trip *find_trip(const char *product, int64_t number)
{
    for (size_t i = 0; i < saved.trip_count; i++)
        if (saved.trips[i].number == number && strcmp(saved.trips[i].product, product) == 0)
            return &saved.trips[i];
    return NULL;
}

static bool has_room(const struct routing_shared *shared)
{
    for (const struct person_day *day = shared->days.first; day != NULL; day = day->next) {
        const struct person_day *row = find_day(&day->key);
        if (day->added_minor > day->limit_minor - (row == NULL ? 0 : row->used_minor) &&
            day->added_minor != 0)
            return false;
    }
    for (const struct auto_meter *meter = shared->meters.first; meter != NULL;
         meter = meter->next) {
        const struct trip *lifted =
            meter->lifted == 0 ? NULL : find_trip(meter->product, meter->lifted);
        if (meter->new_trip != 0 && find_trip(meter->product, meter->new_trip) != NULL)
            return false;
        if (meter->lifted != 0 && meter->lifted != meter->new_trip &&
            (lifted == NULL || lifted->lifted))
            return false;
    }
    return true;
}

static void add_day(const struct person_day *day)
{
    struct person_day *row = find_day(&day->key);
    if (row == NULL) {
        if (saved.day_count == DAYS_MAX) {
            sim_violate("simulation: too many days");
            return;
        }
        row = &saved.days[saved.day_count++];
        *row = (struct person_day){.key = day->key};
    }
    row->used_minor += day->added_minor;
}

static void add_count(const char *product, const struct auto_added *added)
{
    if (saved.count_count == COUNTS_MAX) {
        sim_violate("simulation: too many counts");
        return;
    }
    saved.counts[saved.count_count++] = (struct count){.product = product,
                                                       .currency = added->currency,
                                                       .trip = added->trip,
                                                       .hour = added->hour,
                                                       .count = added->count,
                                                       .minor = added->minor,
                                                       .shard = added->shard};
}

static void save_meter(const struct auto_meter *meter)
{
    for (const struct auto_added *added = meter->added; added != NULL; added = added->next)
        add_count(meter->product, added);
    if (meter->new_trip != 0 && saved.trip_count < TRIPS_MAX)
        saved.trips[saved.trip_count++] = (struct trip){
            .product = meter->product, .number = meter->new_trip, .limit = meter->new_limit};
    struct trip *lifted = meter->lifted == 0 ? NULL : find_trip(meter->product, meter->lifted);
    if (lifted != NULL)
        lifted->lifted = true;
}

bool cases_shared_save(const struct routing_shared *shared)
{
    if (!has_room(shared))
        return false;
    for (const struct person_day *day = shared->days.first; day != NULL; day = day->next)
        if (day->added_minor != 0)
            add_day(day);
    for (const struct auto_meter *m = shared->meters.first; m != NULL; m = m->next)
        save_meter(m);
    return true;
}
