/* Codec: refunds.validated.v1 -> the structs of policy.h, and those -> refunds.assessed.v1. */

#ifndef REDRESS_POLICY_CODEC_H
#define REDRESS_POLICY_CODEC_H

#include "policy.h"

#include "redress/v1/assessed.pb-c.h"
#include "redress/v1/validated.pb-c.h"
#include "worker/worker.h"

/* An event, in the batch's arena; the bytes that came live as long. */
struct policy_input {
    const char *refund_id;
    int64_t version;
    enum validated_status status;
    bool appeal;
    int64_t occurred_us;
    int64_t claim_minor; /* of VALIDATED only, with what follows */
    const char *currency;
    struct facts facts;
};

/* Fills event->body, merchant_id and order_id. */
enum status policy_decode(struct batch *batch, struct event *event) CHECK_RESULT;

/* What policy says about the event at event->now_us; `assessment` NULL: the cancellation is passed
 * on. `version` is that of the new event. Request, facts and claim go on as the bytes that came.
 * NULL: the arena is full. */
Redress__V1__RefundAssessed *policy_encode(struct arena *arena, const struct event *event,
                                           const struct policy *policy,
                                           const struct assessment *assessment, int64_t version);

/* "COMPLIANT", for ce_status; `assessment` as above. */
const char *policy_status(const struct assessment *assessment);

#endif
