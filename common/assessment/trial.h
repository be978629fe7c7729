/* Trial: a policy is tried on made requests before anybody relies on it. What loads may still loop
 * for ever, or give nothing that is an assessment; better to hear of it from the publisher than
 * from refunds that wait. */

#ifndef REDRESS_TRIAL_H
#define REDRESS_TRIAL_H

#include "assessment.h"

struct trial {
    size_t count;
    size_t invalid;     /* requests that would wait */
    struct error first; /* the first of them, and why */
};

/* Judges made requests of every reason: delivered lately, long ago or not, by line and as a whole.
 * INVALID: there is no decision `Assessment`, a bound of evaluation was reached, or no request was
 * judged at all; `error` says which. EXHAUSTED: no memory. */
enum status assessment_try(const struct dmn_models *models, struct trial *trial,
                           struct error *error) CHECK_RESULT;

#endif
