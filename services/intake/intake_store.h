/* Store: SQL <-> the structs of intake.h. Every statement of intake stands in
 * intake_load.c and intake_save_*.c.
 *
 * Loaded is only what the batch's events can need: the lines that they name, or all lines of an
 * order where a request is about the whole of it, is followed up, or may be settled. */

#ifndef REDRESS_INTAKE_STORE_H
#define REDRESS_INTAKE_STORE_H

#include "worker/worker.h"

#include "intake.h"

/* Beside the orders' rows, what a batch has in common. */
struct intake_batch {
    struct customer_counts *counts; /* additions, newest first */
    size_t count_total;
    struct loading *loading; /* calls of the load */
};

/* An addition to one row of customer_day. */
struct customer_counts {
    const char *merchant_id;
    const char *token;
    const char *currency;
    int32_t day; /* since 1970-01-01 */
    int64_t orders;
    int64_t refunds;
    int64_t refunded_minor;
    struct customer_counts *next;
};

enum status intake_load(struct batch *batch, struct unit *unit);
/* Hangs a struct order on every batch order. */
enum status intake_loaded(struct batch *batch);
enum status intake_save(struct batch *batch, struct unit *unit);

#endif
