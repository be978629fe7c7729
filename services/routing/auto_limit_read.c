#include "auto_limit_read.h"

#include "message.h"
#include "money.h"
#include "redress/v1/assessed.pb-c.h"

#include <string.h>

static enum status read_count(const char *field, int64_t value, int64_t *count, struct error *error)
{
    if (value < 0)
        return error_set(error, STATUS_INVALID, "%s: not negative", field);
    *count = value;
    return STATUS_OK;
}

static enum status read_amounts(const char *field, Redress__V1__Money *const *messages,
                                size_t message_count, struct auto_amount *amounts, size_t *count,
                                struct error *error)
{
    if (message_count > AUTO_CURRENCIES_MAX)
        return error_set(error, STATUS_INVALID, "%s: at most %d", field, AUTO_CURRENCIES_MAX);
    for (size_t i = 0; i < message_count; i++) {
        const Redress__V1__Money *money = messages[i];
        if (currency_exponent(money->currency) < 0)
            return error_set(error, STATUS_INVALID, "%s: there is no currency '%.16s'", field,
                             money->currency);
        if (money->minor < 0)
            return error_set(error, STATUS_INVALID, "%s: not negative", field);
        for (size_t known = 0; known < i; known++)
            if (strcmp(amounts[known].currency, money->currency) == 0)
                return error_set(error, STATUS_INVALID, "%s: %s stands twice", field,
                                 money->currency);
        memcpy(amounts[i].currency, money->currency, sizeof amounts[i].currency);
        amounts[i].minor = money->minor;
    }
    *count = message_count;
    return STATUS_OK;
}

/* X(field of the message, scope) for counts; then for amounts. */
#define COUNT_ROWS(X)                                   \
    X(automatic_per_hour, merchant.per_hour)            \
    X(automatic_per_day, merchant.per_day)              \
    X(automatic_per_hour_and_product, product.per_hour) \
    X(automatic_per_day_and_product, product.per_day)
#define AMOUNT_ROWS(X)                                                           \
    X(amount_per_hour, merchant.amounts_per_hour, merchant.hour_count)           \
    X(amount_per_day, merchant.amounts_per_day, merchant.day_count)              \
    X(amount_per_hour_and_product, product.amounts_per_hour, product.hour_count) \
    X(amount_per_day_and_product, product.amounts_per_day, product.day_count)

enum status auto_limits_read(const Redress__V1__AuthorityLimits *message,
                             struct auto_limits *limits, struct error *error)
{
    enum status status = STATUS_OK;
    *limits = (struct auto_limits){0};
#define X(field, place)      \
    if (status == STATUS_OK) \
        status = read_count(#field, message->field, &limits->place, error);
    COUNT_ROWS(X)
#undef X
#define X(field, place, count)                                                           \
    if (status == STATUS_OK)                                                             \
        status = read_amounts(#field, message->field, message->n_##field, limits->place, \
                              &limits->count, error);
    AMOUNT_ROWS(X)
#undef X
    return status;
}

static struct auto_product *product_of(struct auto_product *products, size_t count, const char *sku)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(products[i].product, sku) == 0)
            return &products[i];
    return NULL;
}

enum status auto_products_read(struct arena *arena, struct arena *scratch, const void *body,
                               size_t size, const struct auto_product **products, size_t *count)
{
    ProtobufCMessage *message = NULL;
    struct auto_product *found = arena_array(arena, AUTO_PRODUCTS_MAX, sizeof *found);
    arena_reset(scratch);
    *count = 0;
    *products = found;
    if (found == NULL || message_unpack(&redress__v1__refund_assessed__descriptor, body, size,
                                        scratch, &message, NULL) != STATUS_OK)
        return found == NULL || arena_exhausted(scratch) ? STATUS_EXHAUSTED : STATUS_OK;
    const Redress__V1__Facts *facts = ((const Redress__V1__RefundAssessed *)message)->facts;
    for (size_t i = 0; facts != NULL && i < facts->n_lines; i++) {
        struct auto_product *product = product_of(found, *count, facts->lines[i]->sku);
        if (product == NULL && *count == AUTO_PRODUCTS_MAX)
            continue;
        if (product == NULL) {
            product = &found[(*count)++];
            *product = (struct auto_product){arena_strdup(arena, facts->lines[i]->sku), 0};
            if (product->product == NULL)
                return STATUS_EXHAUSTED;
        }
        if (__builtin_add_overflow(product->minor, facts->lines[i]->refundable_minor,
                                   &product->minor))
            product->minor = INT64_MAX;
    }
    return STATUS_OK;
}
