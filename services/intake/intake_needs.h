/* Needs: what the events of a batch may touch, order by order, and so what is to be loaded. */

#ifndef REDRESS_INTAKE_NEEDS_H
#define REDRESS_INTAKE_NEEDS_H

#include "worker/worker.h"

#include "intake.h"

enum need {
    NEED_REFUNDS = 1, /* every refund of the order */
    NEED_PAYMENTS = 2,
    NEED_ALL_LINES = 4,   /* every line, with its claims */
    NEED_FOLLOW_UPS = 8,  /* evidence and earlier follow-ups of its refunds */
    NEED_IF_WAITING = 16, /* both of these, if something waits for the order */
    NEED_CUSTOMER = 32,
    NEED_EARLY = 64 /* movements that came before the order */
};

enum { NAMED_LINES_MAX = 64 /* of one order; above, all its lines are loaded */ };

struct order_needs {
    unsigned mask;
    const char **lines; /* named and wanted, distinct */
    size_t line_count;
    int32_t day;       /* of the first event, for the customer's last year */
    const char *token; /* of an order that is placed in this batch; "" otherwise */
};

/* What an input needs of its order; `kind` of a deadline where `input` is NULL. */
unsigned input_needs(const struct input *input, enum deadline_kind kind);

/* True of what policy or routing said: it may bring back what waits. False of payouts. */
bool outcome_is_judgement(enum outcome outcome);

/* The claims of a refund are needed unless they come to just this: then all of them was paid. -1:
 * whatever they come to, as units go back to them. */
int64_t outcome_whole_claim(const struct outcome_seen *seen);

/* One for each of batch->orders, in the batch's arena; NULL: that is full. */
struct order_needs *batch_needs(struct batch *batch);

#endif
