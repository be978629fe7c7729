/* Topics: the one table of what Redress reads and writes. proto/README.md explains it. */

#ifndef REDRESS_TOPICS_H
#define REDRESS_TOPICS_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stdint.h>

/* How a topic's records are spread.
 * SHARDED: key order_id, the common partition count, co-partitioned.
 * FREE:    another key, a count of its own. */
enum topic_kind { TOPIC_KIND_SHARDED, TOPIC_KIND_FREE };

/* X(id, topic, protobuf-c prefix of the message or none, ce_type, kind, partitions if FREE,
 *   most bytes of a value, retention in days (0 = for ever), compacted, internal (ours to write))
 */
#define TOPIC_ROWS(X)                                                                              \
    X(ORDERS, "orders.events.v1", order_event, "redress.v1.OrderEvent", SHARDED, 0, 1048576, 0,    \
      false, false)                                                                                \
    X(REQUESTS, "refunds.requests.v1", refund_request, "redress.v1.RefundRequest", SHARDED, 0,     \
      65536, 30, false, false)                                                                     \
    X(VALIDATED, "refunds.validated.v1", refund_validated, "redress.v1.RefundValidated", SHARDED,  \
      0, 262144, 0, false, true)                                                                   \
    X(ASSESSED, "refunds.assessed.v1", refund_assessed, "redress.v1.RefundAssessed", SHARDED, 0,   \
      262144, 0, false, true)                                                                      \
    X(DECISIONS, "refunds.decisions.v1", decision, "redress.v1.Decision", SHARDED, 0, 65536, 0,    \
      false, false)                                                                                \
    X(ROUTED, "refunds.routed.v1", refund_routed, "redress.v1.RefundRouted", SHARDED, 0, 262144,   \
      0, false, true)                                                                              \
    X(GOODS, "refunds.goods.v1", goods_event, "redress.v1.GoodsEvent", SHARDED, 0, 65536, 0,       \
      false, false)                                                                                \
    X(PROVIDER_EVENTS, "refunds.provider-events.v1", provider_event, "redress.v1.ProviderEvent",   \
      SHARDED, 0, 65536, 0, false, false)                                                          \
    X(PAYOUTS, "refunds.payouts.v1", refund_payout, "redress.v1.RefundPayout", SHARDED, 0, 262144, \
      0, false, true)                                                                              \
    X(PROVIDER_INBOX, "refunds.provider-inbox.v1", provider_notification,                          \
      "redress.v1.ProviderNotification", FREE, 6, 65536, 30, false, false)                         \
    X(STATEMENTS, "finance.statements.v1", statement, "redress.v1.Statement", FREE, 1, 1048576, 0, \
      false, false)                                                                                \
    X(RULES, "refunds.rules.v1", rule_set, "redress.v1.RuleSet", FREE, 1, 1572864, 0, true, false) \
    X(INSIGHTS, "refunds.insights.v1", insight, "redress.v1.Insight", FREE, 6, 65536, 0, false,    \
      true)                                                                                        \
    X(CONTROL, "refunds.control.v1", control_event, "redress.v1.ControlEvent", FREE, 1, 65536, 0,  \
      false, true)                                                                                 \
    X(DEAD_LETTERS, "refunds.dead-letters.v1", dead_letter_headers,                                \
      "redress.v1.DeadLetterHeaders", FREE, 1, 262144, 0, false, true)

enum topic {
#define X(id, name, message, type, kind, partitions, bytes, days, compacted, internal) TOPIC_##id,
    TOPIC_ROWS(X)
#undef X
        TOPIC_COUNT
};

struct topic_info {
    const char *name;
    size_t name_size;
    const ProtobufCMessageDescriptor *message; /* of the value; for dead letters, of the headers */
    const char *ce_type;
    enum topic_kind kind;
    int32_t partitions;     /* if FREE */
    size_t bytes_max;       /* of a value */
    int32_t retention_days; /* 0: for ever */
    bool compacted;
    bool internal; /* written by our own workers only */
};

enum {
    TOPIC_RECORD_OVERHEAD = 16384 /* bytes of key and headers beside the value, at most */
};

const struct topic_info *topic_info(enum topic topic);

/* TOPIC_COUNT if there is no such topic. */
enum topic topic_find(const char *name);

/* Kafka's default partitioner for keyed records: (murmur2(key) & 0x7fffffff) mod partitions. */
int32_t topic_partition(const void *key, size_t size, int32_t partitions);
uint32_t topic_murmur2(const void *key, size_t size);

#endif
