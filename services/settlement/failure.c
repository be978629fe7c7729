#include "failure.h"

#include <stddef.h>
#include <string.h>

/* Stripe's failure_reason of a refund (https://docs.stripe.com/api/refunds/object and
 * https://docs.stripe.com/refunds#failed-refunds), its error codes
 * (https://docs.stripe.com/error-codes), PayPal's issues of a refund
 * (https://developer.paypal.com/docs/api/payments/v2/#errors, components captures.refund-400 and
 * -422 of its API description), reasons of Adyen's webhooks in small letters, and the codes of our
 * own adapters. */
#define FAILURE_ROWS(X)                              \
    X(lost_or_stolen_card, DIVERT)                   \
    X(expired_or_canceled_card, DIVERT)              \
    X(account_closed, DIVERT)                        \
    X(charge_for_pending_refund_disputed, FINAL)     \
    X(declined, FINAL)                               \
    X(merchant_request, FINAL)                       \
    X(insufficient_funds, BLOCK)                     \
    X(balance_insufficient, BLOCK)                   \
    X(charge_already_refunded, BLOCK)                \
    X(charge_disputed, BLOCK)                        \
    X(idempotency_error, BLOCK)                      \
    X(amount_not_representable, BLOCK)               \
    X(reference_not_understood, BLOCK)               \
    X(REFUND_TIME_LIMIT_EXCEEDED, DIVERT)            \
    X(REFUND_NOT_ALLOWED, DIVERT)                    \
    X(PARTIAL_REFUND_NOT_ALLOWED, DIVERT)            \
    X(PAYER_ACCOUNT_LOCKED_OR_CLOSED, DIVERT)        \
    X(CAPTURE_FULLY_REFUNDED, BLOCK)                 \
    X(REFUND_AMOUNT_EXCEEDED, BLOCK)                 \
    X(MAX_NUMBER_OF_REFUNDS_EXCEEDED, BLOCK)         \
    X(REFUND_AMOUNT_TOO_LOW, BLOCK)                  \
    X(REFUND_FAILED_INSUFFICIENT_FUNDS, BLOCK)       \
    X(REFUND_NOT_PERMITTED_DUE_TO_CHARGEBACK, BLOCK) \
    X(REFUND_IS_RESTRICTED, BLOCK)                   \
    X(TRANSACTION_DISPUTED, BLOCK)                   \
    X(PENDING_CAPTURE, BLOCK)                        \
    X(DUPLICATE_INVOICE_ID, BLOCK)                   \
    X(PAYEE_ACCOUNT_LOCKED_OR_CLOSED, BLOCK)         \
    X(PAYEE_ACCOUNT_RESTRICTED, BLOCK)               \
    X(PLATFORM_FEE_EXCEEDED, BLOCK)                  \
    X(PLATFORM_FEE_NOT_ENABLED, BLOCK)               \
    X(CURRENCY_MISMATCH, BLOCK)                      \
    X(REFUND_CAPTURE_CURRENCY_MISMATCH, BLOCK)       \
    X(INVALID_CURRENCY_CODE, BLOCK)                  \
    X(CANNOT_BE_NEGATIVE, BLOCK)                     \
    X(CANNOT_BE_ZERO_OR_NEGATIVE, BLOCK)             \
    X(DECIMAL_PRECISION, BLOCK)                      \
    X(DECIMALS_NOT_SUPPORTED, BLOCK)                 \
    X(MISSING_REQUIRED_PARAMETER, BLOCK)             \
    X(INVALID_PARAMETER_SYNTAX, BLOCK)               \
    X(INVALID_STRING_LENGTH, BLOCK)                  \
    X(INVALID_REQUEST, BLOCK)                        \
    X(NOT_AUTHORIZED, BLOCK)                         \
    X(PERMISSION_DENIED, BLOCK)                      \
    X(INVALID_RESOURCE_ID, BLOCK)                    \
    X(RESOURCE_NOT_FOUND, BLOCK)                     \
    X(shopify_error, BLOCK)                          \
    X(shopify_user_error, BLOCK)                     \
    X(magento_error, BLOCK)                          \
    X(insufficient_balance_on_payment, FINAL)

/* Adyen says by webhook what becomes of a refund; what it refuses at once is wrong with the
 * request. */
#define ADYEN_PREFIX "adyen_"

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
    return strncmp(code, ADYEN_PREFIX, strlen(ADYEN_PREFIX)) == 0 ? FAILURE_BLOCK : FAILURE_FINAL;
}
