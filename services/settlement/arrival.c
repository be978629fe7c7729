#include "arrival.h"

#include "clock.h"

#include <stddef.h>
#include <string.h>

enum { CARD = 1, BANK_DEBIT, BANK_TRANSFER, WALLET, PAY_LATER, STORE_CREDIT, CASH };

/* X(method as in redress.v1.PaymentMethod, markets, fewest business days, most). The first row that
 * fits holds; "" fits everywhere.
 *
 * Cards: https://support.stripe.com/questions/customer-refund-processing-time (5-10 business days).
 * Debits: https://docs.stripe.com/payments/ach-direct-debit and .../sepa-debit let a refund take as
 * long as the debit, which is up to 5 business days to the bank and booked within 10.
 * Transfers within the European Economic Area: Directive (EU) 2015/2366, article 83, the end of the
 * next business day; the United Kingdom's Payment Services Regulations 2017, regulation 86, say the
 * same. Elsewhere and across borders up to 4 more.
 * Wallets pass the refund on to the card or account behind them: as cards. In the Nordic countries:
 * https://developer.vippsmobilepay.com/docs/knowledge-base/refund/ (usually 2-3, up to 10).
 * India: https://razorpay.com/docs/payments/refunds/normal/ (net banking 2-10, wallets 0-3);
 * Malaysia and Singapore: https://razorpay.com/docs/sg/payments/refunds/normal/ (7-10). Pay later:
 * https://www.klarna.com/ch/en/business/merchant-support, "When will a customer receive the
 * refund?" (2-5 business days). */
#define ARRIVAL_ROWS(X)                                                                         \
    X(CARD, "MY SG", 7, 10)                                                                     \
    X(CARD, "", 5, 10)                                                                          \
    X(BANK_DEBIT, "MY SG", 7, 10)                                                               \
    X(BANK_DEBIT, "", 5, 10)                                                                    \
    X(BANK_TRANSFER,                                                                            \
      "AT BE BG CY CZ DE DK EE ES FI FR GB GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE " \
      "SI SK",                                                                                  \
      1, 1)                                                                                     \
    X(BANK_TRANSFER, "IN", 2, 10)                                                               \
    X(BANK_TRANSFER, "", 1, 5)                                                                  \
    X(WALLET, "DK FI NO SE", 2, 10)                                                             \
    X(WALLET, "IN", 0, 3)                                                                       \
    X(WALLET, "", 5, 10)                                                                        \
    X(PAY_LATER, "", 2, 5)                                                                      \
    X(STORE_CREDIT, "", 0, 0)                                                                   \
    X(CASH, "", 0, 0)

/* `markets` are codes of two letters with a space between. */
static int fits(const char *markets, const char *market)
{
    if (markets[0] == '\0')
        return 1;
    return strlen(market) == 2 && strstr(markets, market) != NULL;
}

struct arrival arrival_of(int method, const char *market)
{
    static const struct {
        int method;
        const char *markets;
        struct arrival arrival;
    } rows[] = {
#define X(method, markets, fewest, most) {method, markets, {fewest, most}},
        ARRIVAL_ROWS(X)
#undef X
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].method == method && fits(rows[i].markets, market))
            return rows[i].arrival;
    return (struct arrival){5, 10};
}

int64_t arrival_day(int method, const char *market, int64_t time_us)
{
    return clock_add_business_days(time_us, arrival_of(method, market).most_days) / CLOCK_DAY_US;
}
