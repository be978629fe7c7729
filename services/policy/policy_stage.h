/* Stage: policy as the worker loop runs it. */

#ifndef REDRESS_POLICY_STAGE_H
#define REDRESS_POLICY_STAGE_H

#include "policy_store.h"

enum { POLICY_SCRATCH_MAX = 16 * 1024 * 1024 };

/* Context of the stage. */
struct policy_context {
    struct policy policy;                  /* first: save reads it as the context */
    const char *text;                      /* of the policy, for its row */
    struct arena *arena;                   /* of the text */
    struct arena *scratch;                 /* for one event at a time */
    int64_t standard_days, exception_days; /* configuration */
};

enum status policy_start(void *context, const struct config_worker *config, struct error *error);
enum status policy_decide(struct batch *batch, struct event *event) CHECK_RESULT;
void policy_claimed(void *context, struct unit *unit, int32_t shard);
void policy_stop(void *context);

#endif
