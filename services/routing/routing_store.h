/* Store: SQL <-> the structs of routing.h. order->rows is a struct routing_order. */

#ifndef REDRESS_ROUTING_STORE_H
#define REDRESS_ROUTING_STORE_H

#include "routing.h"
#include "shared_store.h"
#include "worker/worker.h"

/* Calls of the load; NULL where nothing had to be asked. */
struct routing_rows {
    struct call *refunds, *decisions, *payments;
    struct shared_rows shared;
};

enum status routing_load(struct batch *batch, struct unit *unit) CHECK_RESULT;
enum status routing_loaded(struct batch *batch) CHECK_RESULT;
enum status routing_save(struct batch *batch, struct unit *unit) CHECK_RESULT;

/* The refund of the event's order; NULL if there is none. */
struct routing_refund *routing_refund_find(const struct routing_order *order,
                                           const char *refund_id);

/* A new one, with a key of the event's shard; NULL: the arena is full. */
struct routing_refund *routing_refund_add(struct batch *batch, const struct event *event,
                                          const char *refund_id);

#endif
