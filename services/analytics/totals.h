/* Totals: what a batch adds to the running totals.
 *
 * A total is a table of cells: a key of texts and numbers, and sums. Cells are only ever added to
 * (an event that moves a refund from one cell to another takes away here and adds there), so that
 * batches of different shards and instances never overwrite each other. Equal keys of a batch
 * become one cell; a cell whose sums cancel out is not saved. */

#ifndef REDRESS_ANALYTICS_TOTALS_H
#define REDRESS_ANALYTICS_TOTALS_H

#include "arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(name, texts, numbers, sums): the key's texts, then its numbers, then the sums, in the order of
 * the table's columns in the migration. */
#define ANALYTICS_TOTAL_ROWS(X)                                                                    \
    X(ORDERS, 2, 2, 3)    /* merchant, currency; day, channel; orders, lines, minor sold */        \
    X(CAPTURES, 2, 2, 2)  /* merchant, currency; day, method; captures, minor */                   \
    X(REQUESTS, 1, 1, 1)  /* merchant; day; requests */                                            \
    X(OUTCOMES, 3, 4, 3)  /* merchant, currency, detail; day, reason, outcome, channel; refunds,   \
                             minor claimed, minor paid */                                          \
    X(ROUTES, 2, 2, 2)    /* merchant, currency; outcome, authority; refunds, minor claimed */     \
    X(PAYOUTS, 2, 3, 2)   /* merchant, currency; provider, status, state; payouts, minor */        \
    X(SOLD, 3, 0, 2)      /* merchant, sku, currency; units, minor */                              \
    X(RETURNED, 3, 1, 2)  /* merchant, sku, currency; reason; units, minor */                      \
    X(RULES, 4, 1, 3)     /* merchant, model, decision, rule; outcome; hits, approved, declined */ \
    X(APPROVERS, 3, 0, 3) /* merchant, approver, currency; approved, declined, minor approved */   \
    X(JUDGEMENTS, 4, 1, 2) /* merchant, approver, decision, rule; outcome; approved, declined */

enum total {
#define X(name, texts, numbers, sums) TOTAL_##name,
    ANALYTICS_TOTAL_ROWS(X)
#undef X
        TOTALS
};

enum { TOTAL_TEXTS_MAX = 4, TOTAL_NUMBERS_MAX = 4, TOTAL_SUMS_MAX = 3 };

struct total_shape {
    size_t texts, numbers, sums;
};

extern const struct total_shape analytics_total_shapes[TOTALS];

/* Unused places are NULL and 0. */
struct total_cell {
    enum total total;
    const char *texts[TOTAL_TEXTS_MAX];
    int32_t numbers[TOTAL_NUMBERS_MAX];
    int64_t sums[TOTAL_SUMS_MAX];
};

struct totals {
    struct arena *arena;
    struct total_cell *cells;
    size_t count, capacity;
    uint32_t *buckets; /* index + 1 into cells; 0: free */
    size_t bucket_count;
    bool exhausted; /* the arena is full, or a sum does not fit: these are not to be saved */
};

/* Empty; its cells will live in `arena`. */
void analytics_totals_start(struct totals *totals, struct arena *arena);

/* Adds `sign` times the sums of `cell`, whose texts must live as long as the totals. Any trouble
 * sticks to totals->exhausted: the batch is then to be done again with fewer events. */
void analytics_totals_add(struct totals *totals, const struct total_cell *cell, int sign);

/* The cells of one total that change anything, by ascending key (so that writers never wait for
 * each other in a circle); `*count` is set. NULL if there are none or the arena is full
 * (totals->exhausted). */
const struct total_cell **analytics_totals_sorted(struct totals *totals, enum total total,
                                                  size_t *count);

#endif
