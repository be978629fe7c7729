/* Rules listing: what the workers have judged of refunds.rules.v1. */

#ifndef REDRESSCTL_RULES_LISTING_H
#define REDRESSCTL_RULES_LISTING_H

#include "session.h"
#include "status.h"

#include <stdbool.h>

/* Prints the accepted rule sets of the workers that check them, and with `all` those that were
 * refused; with `models` only policy and authority models. */
enum status rules_list(const struct session *session, bool models, bool all, bool json,
                       struct error *error) CHECK_RESULT;

#endif
