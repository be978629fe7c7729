/* Store: SQL <-> the structs of policy.h. */

#ifndef REDRESS_POLICY_STORE_H
#define REDRESS_POLICY_STORE_H

#include "policy.h"
#include "worker/worker.h"

/* An assessment to be kept. */
struct policy_record {
    const struct policy_refund *refund;
    int64_t version;
    int64_t validated_version;
    const struct assessment *assessment; /* NULL: a cancellation passed on */
    const struct policy *policy;
    int64_t decided_us;
    struct policy_record *next;
};

/* What a batch works on: order->rows is the list of its refunds, batch->rows is this. */
struct policy_rows {
    struct call *refunds; /* of load */
    struct policy_record *first, **last;
};

/* Loads the refunds that the batch's events name. */
enum status policy_load(struct batch *batch, struct unit *unit) CHECK_RESULT;
enum status policy_loaded(struct batch *batch) CHECK_RESULT;
enum status policy_save(struct batch *batch, struct unit *unit) CHECK_RESULT;

/* Writes the policy in use down, once per hash, with the claim of a shard. */
void policy_store_model(struct unit *unit, const struct policy *policy, const char *text);

/* The refund of the event's order, made if there is none yet; NULL: the arena is full. */
struct policy_refund *policy_refund_of(struct batch *batch, const struct event *event,
                                       const char *refund_id);

#endif
