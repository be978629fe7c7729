/* Verdict: what is said on refunds.control.v1 about a rule set, as the bytes of a whole record
 * (ring.h), so that it can be said again byte for byte. */

#ifndef REDRESS_RULES_VERDICT_H
#define REDRESS_RULES_VERDICT_H

#include "arena.h"
#include "envelope.h"
#include "status.h"
#include "store.h"

/* Fills in row->verdict, in `arena`. `worker` is who says it, `partitions` those of the topic;
 * `cause` holds the headers of the rule set. */
enum status verdict_make(struct store_row *row, const char *worker, int32_t partitions,
                         const struct envelope *cause, struct arena *arena) CHECK_RESULT;

#endif
