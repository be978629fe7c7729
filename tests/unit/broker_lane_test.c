/* Lanes: what leaves at once, what is held, and in which order. */

#include "broker_lane.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static void hold(struct lane *lane, const char *key, const char *value)
{
    cr_assert(lane_hold(lane, key, key == NULL ? 0 : strlen(key), value,
                        value == NULL ? 0 : strlen(value), rd_kafka_headers_new(0), NULL));
}

static void expect(struct lane *lane, const char *key, const char *value)
{
    struct held *held = lane_take(lane);
    cr_assert_not_null(held);
    cr_assert_eq(held->key_size, key == NULL ? 0 : strlen(key));
    cr_assert_eq(held->key == NULL, key == NULL);
    cr_assert_eq(held->value == NULL, value == NULL);
    if (key != NULL)
        cr_assert_arr_eq(held->key, key, strlen(key));
    if (value != NULL)
        cr_assert_arr_eq(held->value, value, strlen(value));
    held_free(held);
}

Test(broker_lane, a_free_lane_is_open_for_a_while)
{
    struct lane lane = {.first = NULL};
    cr_assert(lane_open(&lane, 1000));
    lane.in_flight = 1;
    cr_assert(lane_open(&lane, 1000 + LANE_OPEN_US - 1));
    cr_assert_not(lane_open(&lane, 1000 + LANE_OPEN_US));
    lane.in_flight = 0;
    cr_assert(lane_open(&lane, 5000));
    lane.in_flight = 1;
    cr_assert_not(lane_open(&lane, 5000 + LANE_OPEN_US));
}

Test(broker_lane, nothing_overtakes_what_is_held)
{
    struct lane lane = {.first = NULL};
    hold(&lane, "k", "v");
    cr_assert_not(lane_open(&lane, 1000), "also when nothing is in flight");
    expect(&lane, "k", "v");
    cr_assert(lane_open(&lane, 1000));
}

Test(broker_lane, first_in_first_out)
{
    struct lane lane = {.first = NULL};
    char key[16];
    for (int i = 0; i < 99; i++) {
        (void)snprintf(key, sizeof key, "%d", i);
        hold(&lane, key, "v");
        if (i % 3 == 2) {
            (void)snprintf(key, sizeof key, "%d", i / 3);
            expect(&lane, key, "v");
        }
    }
    for (int i = 33; i < 99; i++) {
        (void)snprintf(key, sizeof key, "%d", i);
        expect(&lane, key, "v");
    }
    cr_assert_null(lane_take(&lane));
}

Test(broker_lane, what_is_put_back_comes_first)
{
    struct lane lane = {.first = NULL};
    hold(&lane, "a", "1");
    lane_put_back(&lane, lane_take(&lane));
    hold(&lane, "b", "2");
    lane_put_back(&lane, lane_take(&lane));
    hold(&lane, "c", "3");
    expect(&lane, "a", "1");
    expect(&lane, "b", "2");
    expect(&lane, "c", "3");
    cr_assert_null(lane_take(&lane));
}

Test(broker_lane, key_and_value_may_be_absent_or_empty)
{
    struct lane lane = {.first = NULL};
    hold(&lane, NULL, "v");
    hold(&lane, "k", NULL);
    hold(&lane, "k", "");
    expect(&lane, NULL, "v");
    expect(&lane, "k", NULL);
    expect(&lane, "k", "");
}
