/* Timers: what happens later, in order of time: held answers, webhooks under way, and refunds and
 * disputes that change by themselves. A binary heap; equal times come in the order in which they
 * were added. */

#ifndef SANDBOX_TIMERS_H
#define SANDBOX_TIMERS_H

#include "common/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct timer {
    int64_t at_us;
    uint64_t order;
    void *held;      /* an answer to send now, or */
    char *line;      /* a webhook to deliver now (malloc), or, both being NULL, */
    bool dispute;    /* a dispute ends, or else a refund changes: */
    uint32_t refund; /* number of it */
    uint8_t status;  /* enum refund_status, or enum dispute_status, that it gets */
};

/* All zero is empty. */
struct timers {
    struct timer *heap;
    size_t count, room;
    uint64_t added;
};

/* STATUS_EXHAUSTED without memory. */
enum status timers_add(struct timers *timers, struct timer timer) CHECK_RESULT;

/* Takes the first that is due at `now_us`; false if none is. */
bool timers_take(struct timers *timers, int64_t now_us, struct timer *timer);

/* When the next is due; INT64_MAX for never. */
int64_t timers_next_us(const struct timers *timers);

void timers_free(struct timers *timers);

#endif
