/* Stage: the functions that the worker loop calls. */

#ifndef REDRESS_ANALYTICS_STAGE_H
#define REDRESS_ANALYTICS_STAGE_H

#include "worker/worker.h"

#define ANALYTICS_CONFIG_ROWS(X)                                                        \
    X(payout_late_ms, "REDRESS_PAYOUT_LATE", DURATION, 1000, 31536000000, "3d",         \
      "how long after its reservation a payout may be unpaid before it counts as late") \
    X(confirm_ms, "REDRESS_RECONCILIATION_CONFIRM", DURATION, 10, 86400000, "10s",      \
      "how long money that nobody expects waits for an explanation before it is reported")

/* The context of the batches. */
struct analytics_settings {
#define X(field, variable, type, min, max, fallback, help) CONFIG_FIELD_##type field;
    ANALYTICS_CONFIG_ROWS(X)
#undef X
};

enum status analytics_stage_decode(struct batch *batch, struct event *event);
enum status analytics_stage_load(struct batch *batch, struct unit *unit);
enum status analytics_stage_loaded(struct batch *batch);
enum status analytics_stage_decide(struct batch *batch, struct event *event);
enum status analytics_stage_save(struct batch *batch, struct unit *unit);

#endif
