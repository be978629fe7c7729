#include "dialect.h"

#include <string.h>

static const struct dialect_rules *const rules[] = {
    [DIALECT_STRIPE] = &dialect_stripe,
    [DIALECT_ADYEN] = &dialect_adyen,
    [DIALECT_PAYPAL] = &dialect_paypal,
};

const struct dialect_rules *dialect_rules(enum dialect dialect)
{
    return rules[dialect];
}

bool request_read_json(struct request *request)
{
    if (request->body == NULL || request->body_has_nul)
        return false;
    request->json = json_loads(request->body, JSON_REJECT_DUPLICATES, NULL);
    return json_is_object(request->json);
}

const char *json_text(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

uint32_t plain_payment(struct sandbox *sandbox, const struct plain_refund *plain)
{
    struct store *store = &sandbox->store;
    uint32_t found = store_payment_find(store, plain->payment);
    if (found != STORE_NONE)
        return store->payments[found].dialect == plain->dialect ? found : STORE_NONE;
    if (strcmp(sandbox->options.payments, "open") != 0 || strlen(plain->payment) > STORE_ID_MAX)
        return STORE_NONE;
    return store_payment_add(store, plain->dialect, plain->payment, NULL, STORE_UNLIMITED,
                             plain->currency);
}

uint32_t plain_refund_add(struct sandbox *sandbox, const struct plain_refund *plain,
                          uint32_t payment, const char *metadata, const struct key_use *use)
{
    struct refund refund = {.amount = plain->amount,
                            .created_us = sandbox->now_us,
                            .metadata = metadata,
                            .payment = payment,
                            .key = KEY_NONE,
                            .status = (uint8_t)plain->status,
                            .created_status = (uint8_t)plain->status,
                            .origin = REFUND_BY_API};
    return refund_add(sandbox, &refund, use, plain->refuse);
}
