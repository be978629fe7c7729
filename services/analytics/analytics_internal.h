/* What the files of the pure core share. */

#ifndef REDRESS_ANALYTICS_INTERNAL_H
#define REDRESS_ANALYTICS_INTERNAL_H

#include "analytics.h"

/* STATUS_EXHAUSTED if the step ran out of room. */
enum status analytics_done(const struct analytics_step *step) CHECK_RESULT;

/* Next in turn: STATUS_OK; else STATUS_DUPLICATE or STATUS_GAP. */
enum status analytics_version(const struct analytics_refund *refund, enum numbered topic,
                              int64_t version) CHECK_RESULT;

#endif
