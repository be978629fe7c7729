/* Rows: the distinct facts, refunds and payouts that the events of a batch are about. */

#ifndef REDRESS_ANALYTICS_ROWS_H
#define REDRESS_ANALYTICS_ROWS_H

#include "analytics_codec.h"

#include "worker/worker.h"

/* Finds what was named before: by an owner (compared as a pointer; NULL for none) and a text. */
struct analytics_index {
    const void **owners;
    const char **names;
    uint32_t *buckets; /* position + 1; 0: free */
    size_t bucket_count;
    size_t count;
};

struct analytics_rows {
    struct analytics_index fact_index, refund_index, payout_index;
    struct analytics_fact *facts;
    struct analytics_refund *refunds;
    struct analytics_payout *payouts;
    struct totals totals;
    const struct call *fact_call, *refund_call, *payout_call; /* NULL: there was nothing to load */
};

/* Makes an empty row for each that the events name, and points the events to them. Events that were
 * refused have no body and are passed over. STATUS_EXHAUSTED if the arena is full. */
enum status analytics_rows_collect(struct batch *batch, struct analytics_rows **rows) CHECK_RESULT;

#endif
