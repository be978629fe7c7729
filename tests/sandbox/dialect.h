/* Dialect: how one provider speaks, where the sandbox's refunds and payments are the same for all.
 *
 *     Stripe   https://docs.stripe.com/api                                    (api.c, refund_*.c)
 *     Adyen    https://docs.adyen.com/api-explorer/Checkout/71                (adyen.c)
 *     PayPal   https://developer.paypal.com/docs/api/payments/v2              (paypal.c) */

#ifndef SANDBOX_DIALECT_H
#define SANDBOX_DIALECT_H

#include "api.h"

struct dialect_rules {
    /* Makes the answer to 429, 500 or 503, which faults give. */
    void (*trouble)(struct answer *answer, unsigned status);
    /* Whether the request may; sets the answer if not. */
    enum status (*authenticate)(struct sandbox *sandbox, const struct request *request,
                                struct answer *answer);
    /* Reads the request's body into form or json; sets the answer if it cannot. */
    enum status (*read_body)(struct request *request, struct answer *answer);
    /* Answers a key that was used before; `slot` has its record. NULL: as Stripe does. */
    void (*replay)(struct sandbox *sandbox, uint32_t slot, const struct key_use *use,
                   struct answer *answer);
    size_t key_max;    /* characters of an idempotency key */
    bool keeps_errors; /* an answer that is no success is saved under its key, too */
};

const struct dialect_rules *dialect_rules(enum dialect dialect);

extern const struct dialect_rules dialect_stripe, dialect_adyen, dialect_paypal;

/* Reads a JSON object into `request->json`. False if it is none: malformed, or not UTF-8. */
bool request_read_json(struct request *request);

/* A member of an object as text; NULL if it is not there or no text. */
const char *json_text(const json_t *object, const char *name);

/* What a refund in these dialects must be; kept as metadata under the names of their members. */
struct plain_refund {
    const char *payment; /* id */
    enum dialect dialect;
    int64_t amount; /* minor units, > 0 */
    char currency[4];
    enum refund_status status;
    bool refuse; /* it is accepted, and fails */
};

/* The payment, made known if payments are open; STORE_NONE: there is none, or the store is full. */
uint32_t plain_payment(struct sandbox *sandbox, const struct plain_refund *plain);

/* Adds the refund with the metadata packed before (metadata_pack_*), its log line and its faults.
 * STORE_NONE if the store is full. */
uint32_t plain_refund_add(struct sandbox *sandbox, const struct plain_refund *plain,
                          uint32_t payment, const char *metadata, const struct key_use *use);

#endif
