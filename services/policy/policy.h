/* Policy: do the rules of the shop allow it?
 *
 * In:  refunds.validated.v1 (every version: a gap must be seen).
 * Row: per refund the last version seen there, the last version of our own, and what waits.
 * Out: refunds.assessed.v1 for VALIDATED (the assessment) and CANCEL_REQUESTED (passed on).
 *      REJECTED and NEEDS_INFO end at intake: their version is noted, nothing is published.
 *
 * The rules are a model (assessment/assessment.h): the version that was in force when the refund
 * was asked for, or when the order was placed, as the model says. Where none is, or where the model
 * gives no valid assessment, the event waits, and what comes later for the refund waits behind it.
 * It is tried again until a model judges it; nothing is ever decided by default. */

#ifndef REDRESS_POLICY_H
#define REDRESS_POLICY_H

#include "assessment/assessment.h"
#include "status.h"

#include <stdbool.h>
#include <stdint.h>

/* One refund. A row that was never saved has seen 0 and version 0. */
struct policy_refund {
    const char *refund_id;
    int64_t key;     /* of the row; assessments hang on it */
    int64_t seen;    /* last version of refunds.validated.v1 */
    int64_t version; /* last version of refunds.assessed.v1 */
    int64_t waiting; /* events that wait to be judged */
    bool stored, changed;
    struct policy_kept *kept;   /* those, in their order, where the batch is about them */
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

/* What follows from an event of that status. */
enum policy_step policy_step(enum validated_status status);

/* Takes one version of a refund into its row. STATUS_DUPLICATE and STATUS_GAP leave it untouched.
 */
enum status policy_take(struct policy_refund *refund, int64_t version) CHECK_RESULT;

/* When to try again what waits since `since_us`: after a quarter of the time that it waits already,
 * within a second and a minute. */
int64_t policy_retry_at(int64_t since_us, int64_t now_us);

/* Whether what waits since `since_us` is to be told again, after it was tried last at `last_us`:
 * once a day. */
bool policy_tell_again(int64_t since_us, int64_t last_us, int64_t now_us);

/* What the customer is told. Texts that do not apply are NULL. */
struct policy_notice {
    const char *template;
    const char *reason;
    const char *appeal;
    const char *const *needed;
    size_t needed_count;
};

/* False if the outcome does not concern the customer. An appeal that the rules decline goes on to
 * people, so it says nothing yet. */
bool policy_notice(const struct assessment *assessment, bool appeal, struct policy_notice *notice);

#endif
