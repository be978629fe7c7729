/* Stage: intake as the worker loop sees it. Wiring between the loop, the codec, the store and the
 * pure part. */

#ifndef REDRESS_INTAKE_STAGE_H
#define REDRESS_INTAKE_STAGE_H

#include "worker/worker.h"

#include "intake.h"

/* X(field, VARIABLE, TYPE, min, max, default, help) */
#define INTAKE_CONFIG_ROWS(X)                                                                      \
    X(park_ms, "REDRESS_PARK_DEADLINE", DURATION, 1000, 2592000000, "15m",                         \
      "how long a request waits for its order to be placed and captured")                          \
    X(stall_ms, "REDRESS_STALL_DEADLINE", DURATION, 60000, 31536000000, "7d",                      \
      "how long a refund may be open before an alarm; then daily")

struct intake_config {
#define X(field, variable, type, min, max, fallback, help) CONFIG_FIELD_##type field;
    INTAKE_CONFIG_ROWS(X)
#undef X
};

enum status intake_decode_event(struct batch *batch, struct event *event);
/* batch->context is a struct intake_config. */
enum status intake_decide_event(struct batch *batch, struct event *event);

bool intake_wanted_assessed(const struct envelope *envelope);
bool intake_wanted_routed(const struct envelope *envelope);
bool intake_wanted_payout(const struct envelope *envelope);

#endif
