/* The limit of automatic approvals: when it trips, what it counts, how it is lifted. */

#include "services/routing/auto_limit.h"

#include "clock.h"

#include <criterion/criterion.h>
#include <string.h>

static struct arena *arena;
static struct auto_meters meters;
static struct auto_limits limits;

#define NOON (INT64_C(14579) * CLOCK_DAY_US + 12 * CLOCK_HOUR_US)

static const struct auto_lifting ann = {"ann", "d-1", NOON};

static void begin(void)
{
    arena = arena_create(4 << 20);
    auto_meters_start(&meters, arena);
    limits = (struct auto_limits){0};
}

static void end(void)
{
    arena_destroy(arena);
}

TestSuite(routing_auto_limit, .init = begin, .fini = end);

static struct auto_answer ask_at(int64_t now_us, const char *currency, int64_t minor,
                                 const char *product)
{
    struct auto_product products[] = {{product == NULL ? "" : product, minor}};
    struct auto_wish wish = {.merchant_id = "shop",
                             .currency = currency,
                             .minor = minor,
                             .products = products,
                             .product_count = product == NULL ? 0 : 1,
                             .shard = 3,
                             .now_us = now_us};
    struct auto_answer answer;
    cr_assert(auto_ask(&meters, &limits, &wish, &answer) == STATUS_OK);
    return answer;
}

static struct auto_answer ask(int64_t minor)
{
    return ask_at(NOON, "GBP", minor, NULL);
}

Test(routing_auto_limit, without_limits_nothing_is_counted)
{
    for (int i = 0; i < 1000; i++)
        cr_assert(ask(1000000).limit == AUTO_LIMIT_NONE);
    cr_expect(meters.first == NULL);
}

Test(routing_auto_limit, each_limit_trips_by_the_one_that_exceeds_it)
{
    static const struct {
        int64_t per_hour, per_day, hour_minor, day_minor;
        int fits; /* refunds of 100 */
        enum auto_limit limit;
        int64_t count, minor;
    } rows[] = {
        {3, 0, 0, 0, 3, AUTO_COUNT_HOUR, 4, 400},    {0, 2, 0, 0, 2, AUTO_COUNT_DAY, 3, 300},
        {0, 0, 450, 0, 4, AUTO_AMOUNT_HOUR, 5, 500}, {0, 0, 0, 100, 1, AUTO_AMOUNT_DAY, 2, 200},
        {5, 4, 300, 0, 3, AUTO_AMOUNT_HOUR, 4, 400}, {1, 1, 1, 1, 0, AUTO_AMOUNT_HOUR, 1, 100},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        auto_meters_start(&meters, arena);
        limits =
            (struct auto_limits){.merchant = {.per_hour = rows[i].per_hour,
                                              .per_day = rows[i].per_day,
                                              .amounts_per_hour = {{"GBP", rows[i].hour_minor}},
                                              .amounts_per_day = {{"GBP", rows[i].day_minor}},
                                              .hour_count = rows[i].hour_minor > 0 ? 1 : 0,
                                              .day_count = rows[i].day_minor > 0 ? 1 : 0}};
        for (int n = 0; n < rows[i].fits; n++)
            cr_assert(ask(100).limit == AUTO_LIMIT_NONE, "row %zu", i);
        struct auto_answer answer = ask(100);
        cr_expect(answer.limit == rows[i].limit && answer.trips, "row %zu: %s", i,
                  auto_limit_word(answer.limit));
        cr_expect(answer.count == rows[i].count && answer.minor == rows[i].minor, "row %zu", i);
        cr_expect(meters.first->new_trip == 1 && meters.first->tripped_us == NOON);
        answer = ask(1);
        cr_expect(answer.limit == rows[i].limit && !answer.trips, "row %zu: told once", i);
    }
}

Test(routing_auto_limit, hours_and_days_end)
{
    limits.merchant = (struct auto_scope){.per_hour = 2, .per_day = 3};
    cr_assert(ask(1).limit == AUTO_LIMIT_NONE);
    cr_assert(ask(1).limit == AUTO_LIMIT_NONE);
    cr_assert(ask_at(NOON + CLOCK_HOUR_US, "GBP", 1, NULL).limit == AUTO_LIMIT_NONE);
    cr_assert(ask_at(NOON + 12 * CLOCK_HOUR_US, "GBP", 1, NULL).limit == AUTO_LIMIT_NONE);
    cr_assert(ask_at(NOON + 2 * CLOCK_HOUR_US, "GBP", 1, NULL).limit == AUTO_COUNT_DAY);
}

Test(routing_auto_limit, currencies_share_counts_but_not_amounts)
{
    limits.merchant =
        (struct auto_scope){.per_hour = 3, .amounts_per_hour = {{"GBP", 100}}, .hour_count = 1};
    cr_expect(ask_at(NOON, "EUR", 99999, NULL).limit == AUTO_LIMIT_NONE);
    cr_expect(ask_at(NOON, "GBP", 100, NULL).limit == AUTO_LIMIT_NONE);
    cr_expect(ask_at(NOON, "EUR", 1, NULL).limit == AUTO_LIMIT_NONE);
    cr_expect(ask_at(NOON, "EUR", 1, NULL).limit == AUTO_COUNT_HOUR);
}

Test(routing_auto_limit, a_product_trips_alone)
{
    limits.product = (struct auto_scope){.per_hour = 1};
    cr_expect(ask_at(NOON, "GBP", 1, "mug").limit == AUTO_LIMIT_NONE);
    struct auto_answer answer = ask_at(NOON, "GBP", 1, "mug");
    cr_expect(answer.limit == AUTO_PRODUCT_COUNT_HOUR && answer.trips);
    cr_expect_str_eq(answer.meter->product, "mug");
    cr_expect(ask_at(NOON, "GBP", 1, "cup").limit == AUTO_LIMIT_NONE);
    cr_expect(ask_at(NOON, "GBP", 1, NULL).limit == AUTO_LIMIT_NONE);
}

Test(routing_auto_limit, what_does_not_pass_is_counted_nowhere)
{
    limits = (struct auto_limits){.merchant = {.per_hour = 100}, .product = {.per_hour = 1}};
    cr_assert(ask_at(NOON, "GBP", 1, "mug").limit == AUTO_LIMIT_NONE);
    cr_assert(ask_at(NOON, "GBP", 1, "mug").limit != AUTO_LIMIT_NONE);
    cr_expect(meters.first->sums->count == 1 && meters.first->added->count == 1);
}

Test(routing_auto_limit, rows_of_all_shards_count)
{
    limits.merchant = (struct auto_scope){.per_day = 10};
    const struct auto_sum morning = {.currency = "EUR", .hour = auto_hour(NOON) - 9, .count = 6};
    const struct auto_sum yesterday = {
        .currency = "EUR", .hour = auto_hour(NOON) - 13, .count = 50};
    cr_assert(auto_meter_loaded(&meters, "shop", "", 4, AUTO_LIMIT_NONE) == STATUS_OK);
    cr_assert(auto_sum_loaded(&meters, "shop", "", &morning) == STATUS_OK);
    cr_assert(auto_sum_loaded(&meters, "shop", "", &morning) == STATUS_OK, "another shard's");
    cr_assert(auto_sum_loaded(&meters, "shop", "", &yesterday) == STATUS_OK);
    struct auto_answer answer = ask(1);
    cr_expect(answer.limit == AUTO_COUNT_DAY && meters.first->new_trip == 5);
}

Test(routing_auto_limit, a_trip_holds_without_limits_until_it_is_lifted)
{
    cr_assert(auto_meter_loaded(&meters, "shop", "", 1, AUTO_AMOUNT_DAY) == STATUS_OK);
    cr_assert(auto_meter_loaded(&meters, "shop", "mug", 2, AUTO_PRODUCT_COUNT_DAY) == STATUS_OK);
    cr_assert(auto_meter_loaded(&meters, "other", "", 1, AUTO_AMOUNT_DAY) == STATUS_OK);
    cr_expect(ask(1).limit == AUTO_AMOUNT_DAY);
    cr_expect(auto_lift(&meters, "shop", &ann) == 2);
    cr_expect(auto_lift(&meters, "shop", &ann) == 0);
    cr_expect(ask_at(NOON, "GBP", 1, "mug").limit == AUTO_LIMIT_NONE);
    cr_expect_str_eq(meters.first->lifted_by, "ann");
    cr_expect(meters.first->lifted == 1 && meters.last->tripped == AUTO_AMOUNT_DAY);
}

Test(routing_auto_limit, after_a_lift_counting_begins_anew)
{
    limits.merchant = (struct auto_scope){.per_hour = 2};
    cr_assert(ask(1).limit == AUTO_LIMIT_NONE);
    cr_assert(ask(1).limit == AUTO_LIMIT_NONE);
    cr_assert(ask(1).trips);
    cr_assert(auto_lift(&meters, "shop", &ann) == 1);
    for (int i = 0; i < 5; i++)
        cr_expect(ask(1).limit == AUTO_LIMIT_NONE, "at most one batch more, then it trips again");
    const struct auto_meter *meter = meters.first;
    cr_expect(meter->new_trip == 1 && meter->lifted == 1);
    cr_expect(meter->added->trip == 1 && meter->added->count == 5);
    cr_expect(meter->added->next->trip == 0 && meter->added->next->count == 2);
}

Test(routing_auto_limit, words_are_found_again)
{
    for (int limit = AUTO_LIMIT_NONE; limit < AUTO_LIMITS; limit++)
        cr_expect(auto_limit_find(auto_limit_word((enum auto_limit)limit)) ==
                  (enum auto_limit)limit);
    cr_expect(auto_limit_find("nonsense") == AUTO_LIMIT_NONE);
    cr_expect(auto_hour(-1) == -1 && auto_hour(0) == 0 && auto_hour(CLOCK_HOUR_US) == 1);
}
