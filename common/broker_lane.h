/* Lane: the records of one partition on their way out, so that few requests carry many of them.
 *
 * An idempotent librdkafka has one request of a partition under way, and while further records of
 * it are due, its thread turns without pause. So what comes while a request is under way is held
 * here, and handed over at once when its last acknowledgement arrives: a lone record leaves without
 * delay, and the busier a partition is, the fuller its requests.
 *
 * Where the processor is slow or busy, a batch takes longer to hand over than a lane stays open. So
 * the sender may say which records belong together, a burst: all of a burst go while its lane is
 * open, and of those that waited LANE_TOGETHER go at once. */

#ifndef REDRESS_BROKER_LANE_H
#define REDRESS_BROKER_LANE_H

#include "broker_internal.h"

/* Records that come this long after the first of a request still go with it. */
enum { LANE_OPEN_US = 300, LANE_TOGETHER = 1000 };

/* A record that waits. It owns its bytes and headers. */
struct held {
    struct held *next;
    rd_kafka_headers_t *headers;
    void *token;
    void *key; /* within this allocation */
    size_t key_size;
    void *value; /* malloc; NULL for none */
    size_t value_size;
};

struct lane {
    struct held *first, *last;
    size_t in_flight;      /* handed over and not acknowledged */
    int64_t open_until_us; /* monotonic: later ones are held until in_flight is 0 */
    uint64_t burst;        /* but those of this burst; 0: none */
};

/* True if the next record, of this burst or of none (0), is to be handed over now. */
bool lane_open(struct lane *lane, uint64_t burst, int64_t now_us);

/* Copies the record to the end of the lane, and takes the headers over if there is memory. */
bool lane_hold(struct lane *lane, const void *key, size_t key_size, const void *value,
               size_t value_size, rd_kafka_headers_t *headers, void *token);

/* The first record leaves the lane; the caller frees it. NULL: there is none. */
struct held *lane_take(struct lane *lane);
void lane_put_back(struct lane *lane, struct held *held);

/* With the value and the headers where it still has them. */
void held_free(struct held *held);

#endif
