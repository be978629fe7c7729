#include "broker_lane.h"

#include <stdlib.h>
#include <string.h>

bool lane_open(struct lane *lane, uint64_t burst, int64_t now_us)
{
    if (lane->first != NULL)
        return false;
    if (lane->in_flight == 0) {
        lane->open_until_us = now_us + LANE_OPEN_US;
        lane->burst = burst;
    }
    return now_us < lane->open_until_us || (burst != 0 && burst == lane->burst);
}

bool lane_hold(struct lane *lane, const void *key, size_t key_size, const void *value,
               size_t value_size, rd_kafka_headers_t *headers, void *token)
{
    struct held *held = malloc(sizeof *held + key_size);
    void *copy = value == NULL ? NULL : malloc(value_size == 0 ? 1 : value_size);
    if (held == NULL || (copy == NULL && value != NULL)) {
        free(held);
        free(copy);
        return false;
    }
    *held = (struct held){.headers = headers,
                          .token = token,
                          .key = key == NULL ? NULL : held + 1,
                          .key_size = key_size,
                          .value = copy,
                          .value_size = value_size};
    if (key_size > 0)
        memcpy(held->key, key, key_size);
    if (value_size > 0)
        memcpy(copy, value, value_size);
    if (lane->first == NULL)
        lane->first = held;
    else
        lane->last->next = held;
    lane->last = held;
    return true;
}

struct held *lane_take(struct lane *lane)
{
    struct held *held = lane->first;
    if (held != NULL)
        lane->first = held->next;
    return held;
}

void lane_put_back(struct lane *lane, struct held *held)
{
    if (lane->first == NULL)
        lane->last = held;
    held->next = lane->first;
    lane->first = held;
}

void held_free(struct held *held)
{
    if (held->headers != NULL)
        rd_kafka_headers_destroy(held->headers);
    free(held->value);
    free(held);
}
