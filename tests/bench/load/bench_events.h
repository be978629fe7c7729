/* Bench events: the records of a shop whose orders are all alike: one line, one capture, one
 * delivery in time, so that a request for it is paid automatically. The nth order and the nth
 * request follow from n alone. */

#ifndef REDRESS_BENCH_EVENTS_H
#define REDRESS_BENCH_EVENTS_H

#include "arena.h"
#include "status.h"
#include "topics.h"

#include <stddef.h>
#include <stdint.h>

enum {
    ORDER_EVENTS = 3,         /* placed, captured, delivered */
    EVENT_ID_BYTES = 48,      /* of a ce_id at most, NUL included */
    REQUEST_STRIDE = 1000003, /* prime: neighbouring requests ask for orders far apart */
    PARTITIONS_SUPPORTED = 64
};

/* Everything but the headers that are alike; bytes live in the arena that they were made in. */
struct bench_event {
    enum topic topic;
    int32_t partition;
    const char *key; /* the order */
    const void *value;
    size_t value_size;
    char id[EVENT_ID_BYTES];
};

/* All orders happen a few days before `now_us`; requests at `now_us`. */
struct bench_shop {
    int64_t orders; /* at most 1,000,000,000, not a multiple of REQUEST_STRIDE */
    int32_t partitions;
    int64_t now_us;
};

/* The ORDER_EVENTS records of order `n`, 0 <= n < orders. */
enum status bench_order(const struct bench_shop *shop, int64_t n, struct arena *arena,
                        struct bench_event *events) CHECK_RESULT;

/* Request `n`, 0 <= n < orders: each order is asked for once. */
enum status bench_request(const struct bench_shop *shop, int64_t n, struct arena *arena,
                          struct bench_event *event) CHECK_RESULT;

/* The request of the order with this key; -1 if it is not one of these orders. */
int64_t bench_request_of(const struct bench_shop *shop, const void *key, size_t size);

#endif
