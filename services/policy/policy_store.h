/* Store: SQL <-> the structs of policy.h. */

#ifndef REDRESS_POLICY_STORE_H
#define REDRESS_POLICY_STORE_H

#include "columns.h"
#include "policy.h"
#include "rules/rules_view.h"
#include "worker/worker.h"

/* An assessment to be kept. */
struct policy_record {
    const struct policy_refund *refund;
    int64_t version;
    int64_t validated_version;
    const struct assessment *assessment; /* NULL: a cancellation passed on */
    const struct rules_set *set;         /* that judged; NULL likewise */
    int64_t model;                       /* its fingerprint; 0 likewise */
    int64_t decided_us;
    struct policy_record *next;
};

/* An event that waits. */
struct policy_kept {
    struct policy_refund *refund;
    int64_t validated_version;
    int64_t since_us;
    const char *reason;
    struct event
        event; /* as it came; its body is a struct policy_input, NULL if it is unreadable */
    struct policy_kept *next;
};

/* What a batch works on: order->rows is the list of its refunds, batch->rows is this. */
struct policy_rows {
    struct call *refunds, *waiting; /* of load */
    struct policy_record *first, **last;
    struct policy_kept *added, **added_last; /* to wait from now on */
    struct policy_kept *done, **done_last;   /* that wait no longer */
};

/* Loads the refunds that the batch's events name, what of it waits and is due, and the rules. */
enum status policy_load(struct batch *batch, struct unit *unit) CHECK_RESULT;
enum status policy_loaded(struct batch *batch) CHECK_RESULT;
enum status policy_save(struct batch *batch, struct unit *unit) CHECK_RESULT;

/* The refund of the event's order, made if there is none yet; NULL: the arena is full. */
struct policy_refund *policy_refund_of(struct batch *batch, const struct event *event,
                                       const char *refund_id);

/* Puts the row that names a refund in a load: number of the order in the batch, merchant, order,
 * refund. */
void policy_put_refund(struct columns *columns, const struct batch *batch,
                       const struct event *event, const char *refund_id);

/* By what a model is known in table model; never 0. */
int64_t policy_fingerprint(const struct rules_set *set);

/* What waits (policy_waiting.c): parts of the functions above. */
void policy_waiting_load(struct batch *batch, struct unit *unit);
enum status policy_waiting_loaded(struct batch *batch) CHECK_RESULT;
void policy_waiting_save(struct batch *batch, struct unit *unit);

#endif
