/* Breaker: keeps calls away from a provider that does not answer, so that they wait where they cost
 * nothing, and finds out with one call at a time whether it answers again. Pure: told the time.
 *
 * Closed: calls go. After BREAKER_FAILURES_MAX failures in a row it opens, for BREAKER_FIRST_US and
 * then twice as long each time up to BREAKER_MOST_US. After that one call may try; an answer closes
 * it. */

#ifndef SETTLEMENT_BREAKER_H
#define SETTLEMENT_BREAKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BREAKER_FIRST_US INT64_C(500000)
#define BREAKER_MOST_US INT64_C(30000000)

enum { BREAKER_FAILURES_MAX = 5 };

/* All zero: closed. */
struct breaker {
    int failures; /* in a row, while closed */
    bool open;
    bool trying;      /* the one call is under way */
    int64_t until_us; /* while open: no call before */
    int64_t wait_us;  /* how long it was opened for last */
};

/* How many calls may be started now: any number (SIZE_MAX), one, or none. */
size_t breaker_room(const struct breaker *breaker, int64_t now_us);

/* A call was started. */
void breaker_started(struct breaker *breaker);

/* A call failed in a way that says something about the provider. True if that opened it. */
bool breaker_failed(struct breaker *breaker, int64_t now_us);

/* The provider answered. True if that closed it. */
bool breaker_answered(struct breaker *breaker);

#endif
