/* Stage: routing as the worker loop runs it. */

#ifndef REDRESS_ROUTING_STAGE_H
#define REDRESS_ROUTING_STAGE_H

#include "routing.h"
#include "worker/worker.h"

enum { ROUTING_SCRATCH_MAX = 16 * 1024 * 1024 };

struct rules; /* common/rules/rules.h */

/* Context of the stage: configuration, and what start makes of it. */
struct routing_context {
    const char *rules_keys;
    const char *keys_text;
    int64_t case_deadline_ms, answer_deadline_ms, approval_life_ms, decision_life_ms, take_life_ms,
        model_retry_ms;

    struct rules *rules;
    struct approval_keys *keys;
    struct arena *scratch;       /* for one event at a time */
    struct arena *route_scratch; /* for one question to a model */
    struct routing_terms terms;

    /* Sticky: there are limits of automatic approvals, and some for each product; loads then ask
     * for what they count. */
    bool limits_matter, products_matter;
    int64_t counts_tidied_hour; /* in which old counts were removed last */
};

enum status routing_start(void *context, const struct config_worker *config, struct error *error);
enum status routing_decide(struct batch *batch, struct event *event) CHECK_RESULT;
void routing_stop(void *context);

#endif
