/* Payouts: follows refunds.payouts.v1 and notes when each request was reserved and paid. */

#ifndef REDRESS_BENCH_PAYOUTS_H
#define REDRESS_BENCH_PAYOUTS_H

#include "bench_events.h"
#include "config.h"

#include <stdint.h>

/* What is noted of a request, and under which ce_status. */
#define PAYOUT_MARK_ROWS(X) \
    X(RESERVED)             \
    X(SUCCEEDED)

enum payout_mark {
#define X(name) MARK_##name,
    PAYOUT_MARK_ROWS(X)
#undef X
        PAYOUT_MARK_COUNT
};

const char *payout_mark_name(enum payout_mark mark);

struct payouts {
    const struct bench_shop *shop;
    struct consumer *reader;
    int64_t first, count;              /* requests first .. first + count - 1 */
    int64_t *at_us[PAYOUT_MARK_COUNT]; /* by request - first; monotonic; 0: not yet */
    int64_t marked[PAYOUT_MARK_COUNT]; /* how many are not 0 */
    int64_t other;                     /* events of any other status */
    int64_t heard_us;                  /* of the last event; monotonic */
};

/* Reads from the present end of the topic. */
enum status payouts_open(const struct config_worker *config, const struct bench_shop *shop,
                         int64_t first, int64_t count, struct payouts *payouts,
                         struct error *error) CHECK_RESULT;

/* Takes what is there; waits up to timeout_ms if nothing is. */
enum status payouts_take(struct payouts *payouts, int timeout_ms, struct error *error) CHECK_RESULT;
void payouts_close(struct payouts *payouts);

#endif
