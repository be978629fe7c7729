#include "person_day.h"

#include <assert.h>
#include <string.h>

static uint32_t hash_text(uint32_t hash, const char *text)
{
    for (; *text != '\0'; text++)
        hash = (hash ^ (uint8_t)*text) * 16777619u; /* FNV-1a */
    return hash;
}

static size_t bucket_of(const struct person_day_key *key)
{
    return (hash_text(2166136261u, key->person_id) + (uint32_t)key->day) % PERSON_DAY_BUCKETS;
}

static bool same(const struct person_day_key *left, const struct person_day_key *right)
{
    return left->day == right->day && strcmp(left->person_id, right->person_id) == 0 &&
           strcmp(left->currency, right->currency) == 0 &&
           strcmp(left->merchant_id, right->merchant_id) == 0;
}

void person_days_start(struct person_days *days, struct arena *arena)
{
    *days = (struct person_days){.arena = arena};
}

static struct person_day *find(const struct person_days *days, const struct person_day_key *key)
{
    struct person_day *day = days->buckets[bucket_of(key)];
    while (day != NULL && !same(&day->key, key))
        day = day->next_in_bucket;
    return day;
}

/* The one of that key, a new one with nothing used if there was none. NULL: the arena is full. */
static struct person_day *find_or_add(struct person_days *days, const struct person_day_key *key)
{
    struct person_day *day = find(days, key);
    if (day != NULL)
        return day;
    day = arena_zalloc(days->arena, sizeof *day);
    if (day == NULL)
        return NULL;
    day->key = *key;
    struct person_day **bucket = &days->buckets[bucket_of(key)];
    day->next_in_bucket = *bucket;
    *bucket = day;
    if (days->last == NULL)
        days->first = day;
    else
        days->last->next = day;
    days->last = day;
    return day;
}

enum status person_days_loaded(struct person_days *days, const struct person_day_key *key,
                               int64_t used_minor)
{
    struct person_day *day = find_or_add(days, key);
    if (day == NULL)
        return STATUS_EXHAUSTED;
    day->used_minor = used_minor;
    return STATUS_OK;
}

bool person_day_fits(const struct person_days *days, const struct person_day_key *key,
                     int64_t minor, int64_t limit_minor, struct person_day_seen *seen)
{
    const struct person_day *day = find(days, key);
    int64_t used = day == NULL ? 0 : day->used_minor, sum;
    *seen = (struct person_day_seen){
        .looked = true, .day = key->day, .used_minor = used, .limit_minor = limit_minor};
    return !__builtin_add_overflow(used, minor, &sum) && sum <= limit_minor;
}

enum status person_day_add(struct person_days *days, const struct person_day_key *key,
                           int64_t minor, int64_t limit_minor)
{
    struct person_day *day = find_or_add(days, key);
    if (day == NULL)
        return STATUS_EXHAUSTED;
    assert(minor >= 0 && minor <= limit_minor - day->used_minor);
    day->used_minor += minor;
    day->added_minor += minor;
    day->limit_minor = limit_minor;
    return STATUS_OK;
}
