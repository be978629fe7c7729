/* Codec: refunds.validated.v1 -> the structs of policy.h, and those -> refunds.assessed.v1. */

#ifndef REDRESS_POLICY_CODEC_H
#define REDRESS_POLICY_CODEC_H

#include "policy.h"

#include "redress/v1/assessed.pb-c.h"
#include "redress/v1/validated.pb-c.h"
#include "worker/worker.h"

/* An event, in the batch's arena. */
struct policy_input {
    const char *refund_id;
    int64_t version;
    enum validated_status status;
    struct facts facts; /* of VALIDATED only */
    const Redress__V1__RefundValidated *message;
};

/* Fills event->body, merchant_id and order_id. */
enum status policy_decode(struct batch *batch, struct event *event) CHECK_RESULT;

/* What policy says about `input` at `now_us`; `assessment` NULL: the cancellation is passed on.
 * `version` is that of the new event. NULL: the arena is full. */
Redress__V1__RefundAssessed *policy_encode(struct arena *arena, const struct policy_input *input,
                                           const struct policy *policy,
                                           const struct assessment *assessment, int64_t version,
                                           int64_t now_us);

/* "COMPLIANT", for ce_status; `assessment` as above. */
const char *policy_status(const struct assessment *assessment);

#endif
