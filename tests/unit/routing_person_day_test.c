/* A person's day: what fits under the limit, whoever adds and in how many parts. */

#include "services/routing/person_day.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static const struct person_day_key mia = {"shop", "mia", "GBP", 14579};

static struct arena *arena;
static struct person_days days;

static void begin(void)
{
    arena = arena_create(1 << 20);
    person_days_start(&days, arena);
}

static void end(void)
{
    arena_destroy(arena);
}

TestSuite(routing_person_day, .init = begin, .fini = end);

static bool try_add(const struct person_day_key *key, int64_t minor, int64_t limit)
{
    struct person_day_seen seen;
    if (!person_day_fits(&days, key, minor, limit, &seen))
        return false;
    cr_assert(person_day_add(&days, key, minor, limit) == STATUS_OK);
    return true;
}

Test(routing_person_day, adds_up_to_the_limit_and_not_above)
{
    static const struct {
        int64_t loaded, minor, limit;
        bool fits;
    } rows[] = {
        {0, 0, 0, true},          {0, 1, 0, false},           {0, 100, 100, true},
        {0, 101, 100, false},     {99, 1, 100, true},         {99, 2, 100, false},
        {100, 1, 100, false},     {150, 0, 100, false},       {INT64_MAX, 1, INT64_MAX, false},
        {INT64_MAX, 0, 5, false}, {1, INT64_MAX, 100, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct person_day_key key = mia;
        key.day += (int32_t)i;
        struct person_day_seen seen;
        cr_assert(person_days_loaded(&days, &key, rows[i].loaded) == STATUS_OK);
        cr_expect(person_day_fits(&days, &key, rows[i].minor, rows[i].limit, &seen) == rows[i].fits,
                  "row %zu", i);
        cr_expect(seen.looked && seen.day == key.day && seen.used_minor == rows[i].loaded &&
                      seen.limit_minor == rows[i].limit,
                  "row %zu", i);
    }
}

Test(routing_person_day, a_limit_is_not_split_by_many_small_amounts)
{
    srand(7);
    for (int turn = 0; turn < 200; turn++) {
        struct person_day_key key = mia;
        key.day = turn;
        int64_t limit = 1 + rand() % 10000, taken = 0;
        for (int i = 0; i < 300; i++) {
            int64_t minor = 1 + rand() % 200;
            bool fits = try_add(&key, minor, limit);
            cr_assert(fits == (taken + minor <= limit));
            taken += fits ? minor : 0;
        }
        cr_assert(taken <= limit && days.last->added_minor == taken);
        cr_assert(days.last->limit_minor == limit);
    }
}

Test(routing_person_day, days_people_currencies_and_merchants_are_apart)
{
    struct person_day_key keys[] = {mia, mia, mia, mia, mia};
    keys[1].person_id = "tom";
    keys[2].currency = "EUR";
    keys[3].merchant_id = "other";
    keys[4].day++;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        cr_expect(try_add(&keys[i], 100, 100), "key %zu", i);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        cr_expect(!try_add(&keys[i], 1, 100), "key %zu", i);
}

Test(routing_person_day, only_what_was_added_is_saved)
{
    struct person_day_key tom = mia;
    tom.person_id = "tom";
    cr_assert(person_days_loaded(&days, &mia, 40) == STATUS_OK);
    cr_assert(try_add(&tom, 5, 10));
    cr_assert(try_add(&tom, 5, 10));
    cr_expect(days.first->added_minor == 0 && days.first->used_minor == 40);
    cr_expect(days.last->added_minor == 10 && days.last->next == NULL);
}

Test(routing_person_day, a_full_arena_is_told)
{
    struct arena *small = arena_create(ARENA_FIRST_BLOCK);
    struct person_days full;
    person_days_start(&full, small);
    enum status status = STATUS_OK;
    struct person_day_key key = mia;
    for (int i = 0; status == STATUS_OK && i < 1000000; i++) {
        key.day = i;
        status = person_day_add(&full, &key, 1, 1);
    }
    cr_expect(status == STATUS_EXHAUSTED);
    arena_destroy(small);
}
