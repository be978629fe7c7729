/* Stage: policy as the worker loop runs it. */

#ifndef REDRESS_POLICY_STAGE_H
#define REDRESS_POLICY_STAGE_H

#include "config.h"
#include "policy_store.h"
#include "rules/rules.h"

enum {
    POLICY_SCRATCH_MAX = 16 * 1024 * 1024, /* one event, unpacked or to be packed */
    POLICY_MODELS_KNOWN = 64               /* models that are known to be in table model */
};

/* Context of the stage. */
struct policy_context {
#define X(field, variable, type, min, max, fallback, help) CONFIG_FIELD_##type field;
    RULES_CONFIG_ROWS(X)
#undef X
    struct rules *rules;
    struct arena *scratch;               /* for one event at a time */
    struct arena *evaluation;            /* for one line at a time */
    int64_t models[POLICY_MODELS_KNOWN]; /* fingerprints */
    size_t model_count;                  /* ever known; older ones are written over */
};

enum status policy_start(void *context, const struct config_worker *config, struct error *error);
enum status policy_decide(struct batch *batch, struct event *event) CHECK_RESULT;
/* Whether a model is known to be in table model. */
bool policy_model_known(const struct policy_context *own, int64_t model);
void policy_committed(struct batch *batch);
void policy_stop(void *context);

#endif
