/* Verdicts: what routing makes of decisions, for whoever said them.
 *
 * A decision that counts, and one that is refused though it is genuine, stands in a view of
 * routing. One that is not genuine (no roster, not in it, no signature that holds) is told on
 * refunds.control.v1 only, so that is read from before the first decision on. */

#ifndef REDRESSCTL_VERDICTS_H
#define REDRESSCTL_VERDICTS_H

#include "session.h"
#include "status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    VERDICTS_MAX = 1000, /* that are waited for at once */
    VERDICT_ID_MAX = 129,
    VERDICT_REASON_MAX = 64
};

enum verdict_outcome { VERDICT_AWAITED, VERDICT_TAKEN, VERDICT_REFUSED };

struct verdicts;

/* A decision that was published, and what became of it. */
struct awaited_verdict {
    char refund_id[VERDICT_ID_MAX], case_id[VERDICT_ID_MAX], decision_id[VERDICT_ID_MAX];
    enum verdict_outcome outcome;
    char reason[VERDICT_REASON_MAX]; /* of a refusal, such as ABOVE_LIMIT */
    char status[VERDICT_REASON_MAX]; /* of the case since it was taken, such as OPEN */
};

/* Before the first decision is published. `routing` outlives it; the caller closes it. */
enum status verdicts_open(const struct session *session, struct database *routing,
                          struct verdicts **verdicts, struct error *error) CHECK_RESULT;

/* Not if it is full: VERDICTS_MAX are waited for. */
void verdicts_expect(struct verdicts *verdicts, const char *refund_id, const char *case_id,
                     const char *decision_id);
bool verdicts_full(const struct verdicts *verdicts);

/* Waits until all have their verdict, for up to `wait_s`; some may be left without one. */
enum status verdicts_await(struct verdicts *verdicts, int64_t wait_s,
                           struct error *error) CHECK_RESULT;

/* What was expected since the last verdicts_forget, in that order. */
const struct awaited_verdict *verdicts_all(const struct verdicts *verdicts, size_t *count);
void verdicts_forget(struct verdicts *verdicts);

/* What a reason of routing's means, in words; "" for one that is not known. */
const char *refusal_words(const char *reason);

/* NULL is allowed. */
void verdicts_close(struct verdicts *verdicts);

#endif
