/* What Stripe's adapter and Stripe's webhooks read alike. */

#ifndef SETTLEMENT_PROVIDER_STRIPE_H
#define SETTLEMENT_PROVIDER_STRIPE_H

#include "provider.h"

#include <jansson.h>

/* "gbp" to "GBP"; "" if it is none. */
void stripe_currency(const char *from, char to[4]);

/* Stripe's units to ours; false if they cannot be. */
bool stripe_amount(int64_t amount, const char *currency, int64_t *minor);

/* A refund object. False if it is none that can be understood. */
bool stripe_read_refund(const json_t *object, int32_t http_status, struct finding *finding);

#endif
