/* What PayPal's adapter and PayPal's webhooks read alike. */

#ifndef SETTLEMENT_PROVIDER_PAYPAL_H
#define SETTLEMENT_PROVIDER_PAYPAL_H

#include "provider.h"

#include <jansson.h>

/* {"currency_code": "USD", "value": "10.99"}; false if it is none. */
bool paypal_money(const json_t *money, char currency[4], int64_t *minor);

/* A refund object. False if it is none that can be understood; without an amount, it has 0 and "".
 */
bool paypal_read_refund(const json_t *object, int32_t http_status, struct finding *finding);

#endif
