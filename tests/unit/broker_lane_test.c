/* The order and the copies of records that wait for an earlier request of their partition. */

#include "broker_lane.h"

#include <criterion/criterion.h>
#include <string.h>

static void hold(struct lane *lane, const char *text)
{
    cr_assert(lane_hold(lane, text, strlen(text), text, strlen(text), NULL, lane));
}

static void take(struct lane *lane, const char *text)
{
    struct held *held = lane_take(lane);
    cr_assert_not_null(held, "%s waits", text);
    cr_expect_eq(held->key_size, strlen(text));
    cr_expect_eq(memcmp(held->key, text, held->key_size), 0, "the key is %s", text);
    cr_expect_eq(memcmp(held->value, text, held->value_size), 0, "the value is %s", text);
    cr_expect_eq(held->token, lane);
    held_free(held);
}

Test(broker_lane, what_is_held_leaves_in_its_order_whatever_became_of_the_bytes)
{
    struct lane lane = {0};
    char text[2] = "a";
    for (; text[0] < 'f'; text[0]++)
        hold(&lane, text);
    take(&lane, "a");
    take(&lane, "b");
    hold(&lane, "x");
    for (const char *next = "cdex"; *next != '\0'; next++)
        take(&lane, (const char[]){*next, '\0'});
    cr_assert_null(lane_take(&lane));
}

Test(broker_lane, what_found_no_room_is_the_first_again)
{
    struct lane lane = {0};
    hold(&lane, "a");
    struct held *only = lane_take(&lane);
    lane_put_back(&lane, only);
    hold(&lane, "b");
    struct held *first = lane_take(&lane);
    lane_put_back(&lane, first);
    take(&lane, "a");
    take(&lane, "b");
    cr_assert_null(lane_take(&lane));
}

Test(broker_lane, nothing_overtakes_what_is_held)
{
    struct lane lane = {0};
    cr_expect(lane_open(&lane, 0, 1000), "the first of a request");
    lane.in_flight = 1;
    cr_expect(lane_open(&lane, 0, 1000 + LANE_OPEN_US - 1), "goes with it");
    cr_expect_not(lane_open(&lane, 0, 1000 + LANE_OPEN_US), "comes too late for it");
    hold(&lane, "a");
    lane.in_flight = 0;
    cr_expect_not(lane_open(&lane, 0, 5000), "one waits already");
    take(&lane, "a");
    cr_expect(lane_open(&lane, 0, 5000));
}

Test(broker_lane, a_burst_goes_together)
{
    struct lane lane = {0};
    cr_expect(lane_open(&lane, 7, 1000));
    lane.in_flight = 1;
    cr_expect(lane_open(&lane, 7, 1000 + 10 * LANE_OPEN_US), "however long it takes");
    cr_expect_not(lane_open(&lane, 8, 1000 + 10 * LANE_OPEN_US), "the next burst is held");
    hold(&lane, "a");
    cr_expect_not(lane_open(&lane, 7, 1000), "nothing overtakes");
    take(&lane, "a");
}
