/* What Adyen's adapter and Adyen's webhooks read alike. */

#ifndef SETTLEMENT_PROVIDER_ADYEN_H
#define SETTLEMENT_PROVIDER_ADYEN_H

#include "provider.h"

/* Adyen's minor units to ours; false if they cannot be. */
bool adyen_amount(int64_t value, const char *currency, int64_t *minor);

#endif
