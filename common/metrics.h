/* Metrics and health: counters and gauges that any thread may touch, served over HTTP
 * (libmicrohttpd): /metrics in Prometheus' text format, /livez, /readyz.
 *
 * live: the loop has turned within the last 30 s. ready: the worker says so, and why not if not. */

#ifndef REDRESS_METRICS_H
#define REDRESS_METRICS_H

#include "status.h"

#include <stdbool.h>
#include <stdint.h>

/* X(id, name, type, help): the one table; names get the prefix redress_ and the label worker. */
#define METRIC_ROWS(X)                                                                             \
    X(EVENTS, "events_total", counter, "events taken from Kafka")                                  \
    X(EVENTS_SKIPPED, "events_skipped_total", counter, "events skipped by their header")           \
    X(EVENTS_DUPLICATE, "events_duplicate_total", counter, "events that were applied before")      \
    X(DEAD_LETTERS, "dead_letters_total", counter, "events that can never be applied")             \
    X(OUTPUTS, "outputs_total", counter, "events published")                                       \
    X(OUTPUTS_AGAIN, "outputs_again_total", counter, "events published again after a claim")       \
    X(BATCHES, "batches_total", counter, "batches saved")                                          \
    X(BATCHES_LOST, "batches_lost_total", counter, "batches refused since another owns the shard") \
    X(BATCHES_AGAIN, "batches_again_total", counter,                                               \
      "batches decided again, as shared rows changed")                                             \
    X(DEADLINES, "deadlines_total", counter, "deadlines decided")                                  \
    X(CLAIMS, "claims_total", counter, "times a shard was claimed")                                \
    X(RETRIES, "retries_total", counter, "times a component was down")                             \
    X(LOAD_MICROSECONDS, "load_microseconds_total", counter, "time waited for loads")              \
    X(DECIDE_MICROSECONDS, "decide_microseconds_total", counter, "time in decide")                 \
    X(SAVE_MICROSECONDS, "save_microseconds_total", counter, "time waited for saves")              \
    X(SHARDS, "shards", gauge, "shards owned")                                                     \
    X(SHARDS_BLOCKED, "shards_blocked", gauge, "shards that wait for an operator")                 \
    X(UNPUBLISHED, "unpublished_batches", gauge, "batches saved and not yet acknowledged")         \
    X(LAG, "lag_events", gauge, "events known to wait in Kafka")                                   \
    X(PROVIDER_CALLS, "provider_calls_total", counter, "calls made to payment providers")          \
    X(PROVIDER_FAILURES, "provider_failures_total", counter, "calls without an answer")            \
    X(BREAKERS_OPEN, "provider_breakers_open", gauge, "providers that do not answer")              \
    X(DUPLICATE_REQUESTS, "duplicate_requests_total", counter, "requests asked again")             \
    X(STALLED, "stalled_refunds_total", counter, "refunds found overdue")                          \
    X(RULES_REFUSED, "rules_refused_total", counter, "rule sets refused")                          \
    X(RULES_REVISION, "rules_revision", gauge, "rule sets accepted, that decisions know")

enum metric {
#define X(id, name, type, help) METRIC_##id,
    METRIC_ROWS(X)
#undef X
        METRIC_COUNT
};

void metric_add(enum metric metric, int64_t amount);
void metric_set(enum metric metric, int64_t value);
int64_t metric_read(enum metric metric);

/* Called once per turn of the loop. */
void health_alive(void);

/* `reason` is kept (cut to 255 bytes); ignored if ready. */
void health_ready(bool ready, const char *reason);

/* Serves on `address` (host:port, port 0: a free one) in a thread of its own; the port is also
 * written to `port_file` unless that is empty. One server per process. */
enum status metrics_serve(const char *worker, const char *address, const char *port_file,
                          struct error *error) CHECK_RESULT;
void metrics_stop(void);

#endif
