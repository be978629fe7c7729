/* Stage: routing as the worker loop runs it. */

#ifndef REDRESS_ROUTING_STAGE_H
#define REDRESS_ROUTING_STAGE_H

#include "routing.h"
#include "worker/worker.h"

enum { ROUTING_SCRATCH_MAX = 16 * 1024 * 1024 };

/* Context of the stage: configuration, and what start makes of it. */
struct routing_context {
    const char *limits_text;
    const char *keys_text;
    int64_t case_deadline_ms, answer_deadline_ms, approval_life_ms;

    struct authority authority;
    struct approval_keys *keys;
    struct arena *scratch; /* for one event at a time */
    struct routing_terms terms;
};

enum status routing_start(void *context, const struct config_worker *config, struct error *error);
enum status routing_decide(struct batch *batch, struct event *event) CHECK_RESULT;
void routing_stop(void *context);

#endif
