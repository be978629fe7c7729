/* Codec: protobuf <-> the structs of analytics.h. Fields from outside are checked against the
 * bounds that stand in proto/redress/v1. */

#ifndef REDRESS_ANALYTICS_CODEC_H
#define REDRESS_ANALYTICS_CODEC_H

#include "analytics.h"

#include "redress/v1/assessed.pb-c.h"
#include "redress/v1/dead_letter.pb-c.h"
#include "redress/v1/insight.pb-c.h"
#include "redress/v1/order.pb-c.h"
#include "redress/v1/payout.pb-c.h"
#include "redress/v1/provider.pb-c.h"
#include "redress/v1/routed.pb-c.h"
#include "redress/v1/validated.pb-c.h"

enum analytics_kind {
    ANALYTICS_EVENT_NOTHING, /* of no interest here */
    ANALYTICS_EVENT_PLACED,
    ANALYTICS_EVENT_CAPTURED,
    ANALYTICS_EVENT_VALIDATED,
    ANALYTICS_EVENT_ASSESSED,
    ANALYTICS_EVENT_ROUTED,
    ANALYTICS_EVENT_SETTLED,
    ANALYTICS_EVENT_REPORT,
    ANALYTICS_EVENT_DUE
};

/* An event with the rows that it is about: those of the three that its kind needs. */
struct analytics_event {
    enum analytics_kind kind;
    const char *merchant_id, *order_id;
    const char *fact;      /* PLACED, CAPTURED */
    const char *refund_id; /* VALIDATED to SETTLED */
    const char *payout_id; /* SETTLED, REPORT, DUE; "" for none */
    union {
        struct analytics_placed placed;
        struct analytics_captured captured;
        struct analytics_validated validated;
        struct analytics_assessed assessed;
        struct analytics_routed routed;
        struct analytics_settled settled;
        struct analytics_report report;
    };
    struct analytics_fact *fact_row;
    struct analytics_refund *refund;
    struct analytics_payout *payout; /* NULL also where payout_id is "" */
};

/* What is wrong with an event; texts live in the arena. */
struct analytics_fault {
    Redress__V1__DeadLetterReason reason;
    const char *path;
    const char *value;
    const char *rule;
};

struct analytics_decoder {
    struct arena *arena;
    struct analytics_fault fault;
};

/* Each fills `event`, whose texts point into the message. STATUS_UNPROCESSABLE with a fault,
 * STATUS_EXHAUSTED if the arena is full. */
enum status analytics_decode_order(struct analytics_decoder *decoder,
                                   const Redress__V1__OrderEvent *message,
                                   struct analytics_event *event) CHECK_RESULT;
enum status analytics_decode_validated(struct analytics_decoder *decoder,
                                       const Redress__V1__RefundValidated *message,
                                       struct analytics_event *event) CHECK_RESULT;
enum status analytics_decode_assessed(struct analytics_decoder *decoder,
                                      const Redress__V1__RefundAssessed *message,
                                      struct analytics_event *event) CHECK_RESULT;
enum status analytics_decode_routed(struct analytics_decoder *decoder,
                                    const Redress__V1__RefundRouted *message,
                                    struct analytics_event *event) CHECK_RESULT;
enum status analytics_decode_payout(struct analytics_decoder *decoder,
                                    const Redress__V1__RefundPayout *message,
                                    struct analytics_event *event) CHECK_RESULT;
/* `ce_id` is that of the event. */
enum status analytics_decode_report(struct analytics_decoder *decoder, const char *ce_id,
                                    const Redress__V1__ProviderEvent *message,
                                    struct analytics_event *event) CHECK_RESULT;

/* The message that says it, in the arena. STATUS_EXHAUSTED if that is full. */
enum status analytics_encode(struct arena *arena, const struct analytics_event *event,
                             const struct analytics_insight *insight, int64_t now_us,
                             Redress__V1__Insight **message) CHECK_RESULT;

#endif
