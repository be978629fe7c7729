/* Trial: an authority model is asked about made refunds before anybody relies on it: of little and
 * of much money, in several currencies, compliant, exceptions, appeals and failed payouts. */

#ifndef REDRESS_AUTHORITY_TRIAL_H
#define REDRESS_AUTHORITY_TRIAL_H

#include "dmn/dmn.h"
#include "status.h"

#include <stddef.h>

struct authority_trial {
    size_t count;
    size_t unanswered;  /* refunds that would wait */
    struct error first; /* the first of them, and why */
};

/* STATUS_INVALID: no refund gets an answer; `error` has the reason. STATUS_EXHAUSTED: no memory. */
enum status authority_try(const struct dmn_models *models, struct authority_trial *trial,
                          struct error *error) CHECK_RESULT;

#endif
