/* Codec: refunds.validated.v1 -> the structs of policy.h, and those -> refunds.assessed.v1. */

#ifndef REDRESS_POLICY_CODEC_H
#define REDRESS_POLICY_CODEC_H

#include "policy.h"
#include "rules/rules_view.h"

#include "redress/v1/assessed.pb-c.h"
#include "redress/v1/control.pb-c.h"
#include "redress/v1/validated.pb-c.h"
#include "worker/worker.h"

/* An event, in the batch's arena; the bytes that came live as long. */
struct policy_input {
    const char *refund_id;
    int64_t version;
    enum validated_status status;
    bool appeal;
    size_t answered_count; /* of those who have answered a question */
    int64_t occurred_us;
    struct facts facts;          /* of VALIDATED only */
    const struct rules_set *set; /* the policy for it; NULL: there is none */
};

/* Fills event->body, merchant_id and order_id. */
enum status policy_decode(struct batch *batch, struct event *event) CHECK_RESULT;

/* The same for an event that was accepted before and has waited. INVALID: it cannot be read any
 * more; `error` says why. */
enum status policy_decode_kept(struct batch *batch, struct event *event,
                               struct error *error) CHECK_RESULT;

/* What policy says about the event at event->now_us; `assessment` NULL: the cancellation is passed
 * on. `version` is that of the new event. Request, facts, claim, who appealed and who answered go
 * on as the bytes that came. NULL: the arena is full. */
Redress__V1__RefundAssessed *policy_encode(struct arena *arena, const struct event *event,
                                           const struct assessment *assessment, int64_t version);

/* What operators are told about a refund that waits. NULL: the arena is full. */
Redress__V1__ControlEvent *policy_encode_stalled(struct arena *arena, const struct event *event,
                                                 const char *refund_id, const char *reason,
                                                 int64_t since_us);

/* "COMPLIANT", for ce_status; `assessment` as above. */
const char *policy_status(const struct assessment *assessment);

#endif
