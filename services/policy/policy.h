/* Policy: do the rules of the shop allow it?
 *
 * In:  refunds.validated.v1 (every version: a gap must be seen).
 * Row: per refund the last version seen there, and the last version of our own.
 * Out: refunds.assessed.v1 for VALIDATED (the assessment) and CANCEL_REQUESTED (passed on).
 *      REJECTED and NEEDS_INFO end at intake: their version is noted, nothing is published. */

#ifndef REDRESS_POLICY_H
#define REDRESS_POLICY_H

#include "assess.h"
#include "status.h"

#include <stdbool.h>
#include <stdint.h>

/* One refund. A row that was never saved has seen 0 and version 0. */
struct policy_refund {
    const char *refund_id;
    int64_t key;     /* of the row; assessments hang on it */
    int64_t seen;    /* last version of refunds.validated.v1 */
    int64_t version; /* last version of refunds.assessed.v1 */
    bool stored, changed;
    struct policy_refund *next; /* of the same order */
};

/* X(name): as in redress.v1.ValidationStatus. */
#define VALIDATED_ROWS(X) \
    X(VALIDATED)          \
    X(REJECTED)           \
    X(NEEDS_INFO)         \
    X(CANCEL_REQUESTED)

enum validated_status {
#define X(name) VALIDATED_STATUS_##name,
    VALIDATED_ROWS(X)
#undef X
};

enum policy_step {
    POLICY_STEP_NONE,   /* noted, nothing to say */
    POLICY_STEP_ASSESS, /* judge and publish */
    POLICY_STEP_PASS_ON /* publish CANCEL_REQUESTED */
};

/* Takes one version of a refund into its row and says what follows; where something is published,
 * refund->version is its version. STATUS_DUPLICATE and STATUS_GAP leave the row untouched. */
enum status policy_take(struct policy_refund *refund, int64_t version, enum validated_status status,
                        enum policy_step *step) CHECK_RESULT;

/* What the customer is told. Texts that do not apply are NULL. */
struct policy_notice {
    const char *template;
    const char *reason;
    const char *appeal;
    const char *needed;
};

/* Fills `notice` in `arena`; `tell` is false if the outcome does not concern the customer. An
 * appeal that the rules decline goes on to people, so it says nothing yet. STATUS_EXHAUSTED if the
 * arena is full. */
enum status policy_notice(const struct assessment *assessment, const struct policy *policy,
                          bool appeal, struct arena *arena, struct policy_notice *notice,
                          bool *tell) CHECK_RESULT;

#endif
