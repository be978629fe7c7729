/* Sender: a thread beside the loop that calls payment providers.
 *
 * It takes jobs from bounded queues, one per provider, has many requests in flight, and publishes
 * what it learns as ProviderEvent to refunds.provider-events.v1; it changes no row of an order.
 * Right before a group of calls it reads the epochs of their shards on a connection of its own, and
 * leaves the jobs alone whose shard somebody else has claimed since: that narrows the window of a
 * frozen instance, which the idempotency key closes. In the same round trip it leaves alone what a
 * stop covers that was published since it was decided, and takes its share of the rate limit, which
 * instances share per provider.
 *
 * A job that is left alone, or did not start within the window, is reported as not sent, so that a
 * look-up which counts (settlement.h, look_up_counts) always comes after the last byte of a call.
 * What is lost on the way to Kafka is learned by the look-up that is due for every call.
 *
 * A provider that does not answer delays its own refunds only: its queue, its requests in flight
 * and its breaker (breaker.h) are its own. */

#ifndef SETTLEMENT_SENDER_H
#define SETTLEMENT_SENDER_H

#include "approval.h"
#include "config.h"
#include "envelope.h"
#include "provider.h"
#include "settlement.h"
#include "status.h"

#include <stddef.h>
#include <stdint.h>

struct sender;

enum {
    SENDER_QUEUE_MAX = 2048, /* jobs of one provider that wait */
    SENDER_ID_MAX = 129      /* bytes of an id, NUL included */
};

struct sender_settings {
    const struct config_worker *worker;
    const char *name;                 /* of the worker: database and role by default */
    const struct approval_keys *keys; /* seal what is learned; outlive the sender */
    int64_t in_flight;                /* calls to one provider at once */
    int64_t rates[PROVIDERS];         /* calls per second of all instances, 0: no limit */
    int64_t connect_timeout_ms, call_timeout_ms, send_window_ms;
    const char *ca_file;
    struct provider_account accounts[PROVIDERS];
};

/* What is to be called. Everything is copied. */
struct job {
    enum task_kind kind;
    int32_t shard;
    int64_t epoch;
    int64_t asked_us; /* the attempt, or when the look-up was asked for; by the database's clock */
    int32_t provider;
    char merchant_id[SENDER_ID_MAX];
    char order_id[SENDER_ID_MAX];
    char payment_id[SENDER_ID_MAX];
    char customer[SENDER_ID_MAX]; /* token, which a stop may name */
    char traceparent[TRACEPARENT_SIZE];
    struct provider_payout payout;
    int64_t queued_us; /* monotonic; set by sender_push */
};

/* Starts the thread. The caller owns the sender. */
enum status sender_open(const struct sender_settings *settings, struct sender **sender,
                        struct error *error) CHECK_RESULT;

/* How many jobs of each provider it takes now. */
void sender_capacity(struct sender *sender, size_t capacity[PROVIDERS]);

/* Adds the jobs as far as there is room; returns how many. */
size_t sender_push(struct sender *sender, const struct job *jobs, size_t count);

/* Waits up to 1.5 s for the calls in flight, then ends the thread and frees everything. */
void sender_close(struct sender *sender);

#endif
