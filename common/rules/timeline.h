/* Timeline: the accepted versions of models, rosters, limits and calendars, and which is in force
 * when. In memory, bounded, pure. */

#ifndef REDRESS_RULES_TIMELINE_H
#define REDRESS_RULES_TIMELINE_H

#include "rules_view.h"
#include "status.h"

#include <stddef.h>

struct timeline;

/* Holds at most `limit` versions. NULL: no memory. */
struct timeline *timeline_create(size_t limit);
void timeline_destroy(struct timeline *timeline);

/* Adds a copy. STATUS_EXHAUSTED beyond the limit or without memory. */
enum status timeline_add(struct timeline *timeline, const struct rules_set *set) CHECK_RESULT;

/* The one in force for the merchant at `at_us`: of its own versions or else of those of merchant
 * "", the latest valid_from that is not after it, and of those the highest revision. NULL: none. It
 * lives as long as the timeline, and the caller may set `made`, and `fault` to memory that the
 * timeline will free. */
struct rules_set *timeline_find(const struct timeline *timeline, const char *merchant_id,
                                enum rules_kind kind, int64_t at_us);

/* The model for a refund: see rules_model. */
struct rules_set *timeline_model(const struct timeline *timeline, const char *merchant_id,
                                 enum rules_kind kind, int64_t purchased_us, int64_t requested_us);

#endif
