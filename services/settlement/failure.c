#include "failure.h"

#include <stddef.h>
#include <string.h>

/* Stripe's failure_reason of a refund (https://docs.stripe.com/api/refunds/object and
 * https://docs.stripe.com/refunds#failed-refunds), its error codes
 * (https://docs.stripe.com/error-codes), and the codes of our own adapters. */
#define FAILURE_ROWS(X)                          \
    X(lost_or_stolen_card, DIVERT)               \
    X(expired_or_canceled_card, DIVERT)          \
    X(account_closed, DIVERT)                    \
    X(charge_for_pending_refund_disputed, FINAL) \
    X(declined, FINAL)                           \
    X(merchant_request, FINAL)                   \
    X(insufficient_funds, BLOCK)                 \
    X(balance_insufficient, BLOCK)               \
    X(charge_already_refunded, BLOCK)            \
    X(charge_disputed, BLOCK)                    \
    X(idempotency_error, BLOCK)                  \
    X(amount_not_representable, BLOCK)           \
    X(reference_not_understood, BLOCK)

enum failure_class failure_class(const char *code)
{
    static const struct {
        const char *code;
        enum failure_class class;
    } rows[] = {
#define X(code, class) {#code, FAILURE_##class},
        FAILURE_ROWS(X)
#undef X
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].code, code) == 0)
            return rows[i].class;
    return FAILURE_FINAL;
}
