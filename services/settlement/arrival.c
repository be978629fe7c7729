#include "arrival.h"

#include "clock.h"

#include <stddef.h>

/* X(number in redress.v1.PaymentMethod, fewest, most, source)
 *
 * Cards: https://support.stripe.com/questions/customer-refund-processing-time (5-10 business days).
 * Debits: https://docs.stripe.com/payments/ach-direct-debit and .../sepa-debit let a refund take as
 * long as the debit, which is up to 5 business days to the bank and booked within 10.
 * Transfers: Directive (EU) 2015/2366, article 83, next business day; cross-border up to 4 more.
 * Wallets pass the refund on to the card or account behind them: as cards.
 * Pay later: https://www.klarna.com/ch/en/business/merchant-support, "When will a customer receive
 * the refund?" (2-5 business days). */
#define ARRIVAL_ROWS(X)       \
    X(1, 5, 10, CARD)         \
    X(2, 5, 10, BANK_DEBIT)   \
    X(3, 1, 5, BANK_TRANSFER) \
    X(4, 5, 10, WALLET)       \
    X(5, 2, 5, PAY_LATER)     \
    X(6, 0, 0, STORE_CREDIT)  \
    X(7, 0, 0, CASH)

struct arrival arrival_of(int method)
{
    static const struct {
        int method;
        struct arrival arrival;
    } rows[] = {
#define X(number, fewest, most, name) {number, {fewest, most}},
        ARRIVAL_ROWS(X)
#undef X
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].method == method)
            return rows[i].arrival;
    return (struct arrival){5, 10};
}

int64_t arrival_day(int method, int64_t time_us)
{
    return clock_add_business_days(time_us, arrival_of(method).most_days) / CLOCK_DAY_US;
}
