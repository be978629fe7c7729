/* Stage: intake as the worker loop sees it. Wiring between the loop, the codec, the store and the
 * pure part. */

#ifndef REDRESS_INTAKE_STAGE_H
#define REDRESS_INTAKE_STAGE_H

#include "worker/worker.h"

#include "intake.h"

/* X(field, VARIABLE, TYPE, min, max, default, help) */
#define INTAKE_CONFIG_ROWS(X)                                                 \
    X(park_ms, "REDRESS_PARK_DEADLINE", DURATION, 1000, 2592000000, "15m",    \
      "how long a request waits for its order to be placed and captured")     \
    X(stall_ms, "REDRESS_STALL_DEADLINE", DURATION, 60000, 31536000000, "7d", \
      "how long a refund may be open before an alarm; then daily")

struct intake_config {
#define X(field, variable, type, min, max, fallback, help) CONFIG_FIELD_##type field;
    INTAKE_CONFIG_ROWS(X)
#undef X
};

enum { INTAKE_SCRATCH_MAX = 8 * 1024 * 1024 /* bytes to build one answer in */ };

/* The context of the stage: batch->context. */
struct intake_stage {
    struct intake_config config;
    struct arena *scratch; /* an answer while it is built; emptied for each */
};

enum status intake_stage_start(void *context, const struct config_worker *config,
                               struct error *error);
void intake_stage_stop(void *context);
enum status intake_decode_event(struct batch *batch, struct event *event);
enum status intake_decide_event(struct batch *batch, struct event *event);

bool intake_wanted_assessed(const struct envelope *envelope);
bool intake_wanted_routed(const struct envelope *envelope);
bool intake_wanted_payout(const struct envelope *envelope);

#endif
