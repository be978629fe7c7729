/* Refund verdicts: what routing made of the decisions in the life of a refund.
 *
 * What it took, and what it refused though it was genuine, stands in a view of routing; the rest is
 * told on refunds.control.v1 only, which is read to its end if something is left. */

#ifndef REDRESSCTL_REFUND_VERDICT_H
#define REDRESSCTL_REFUND_VERDICT_H

#include "arena.h"
#include "refund_step.h"
#include "session.h"
#include "status.h"

#include <stddef.h>

/* Says it in each step that is a decision. Texts live in `words`; `event` holds one event at a
 * time. */
enum status refund_verdicts_read(const struct session *session, const char *refund_id,
                                 struct refund_step *steps, size_t count, struct arena *words,
                                 struct arena *event, struct error *error) CHECK_RESULT;

#endif
