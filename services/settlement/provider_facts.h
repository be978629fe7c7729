/* Provider facts: what each provider documents about keys, look-ups and rates, in one table. The
 * core decides by it how the truth is learned after an answer was lost. Pure.
 *
 * Sources, as read in November 2026:
 *   Stripe   https://docs.stripe.com/api/idempotent_requests: keys can be pruned after 24 hours;
 * the first answer is stored once execution began and replayed, 500 included.
 *            https://docs.stripe.com/rate-limits: 100 operations a second in live mode.
 *   Adyen    https://docs.adyen.com/development-resources/api-idempotency: keys of at most 64
 *            characters, valid for at least 7 days (an older edition of the page says 31), kept per
 *            company account; the first answer is returned again. No request shows a refund. No
 *            number is given for the rate: ours.
 *   PayPal   https://developer.paypal.com/docs/api/payments/v2/ (captures.refund): the server
 * stores keys for 45 days and returns the latest status of the first request. A refund can be read
 * by its id, refunds of a capture cannot be listed.
 *            https://developer.paypal.com/reference/guidelines/rate-limiting/ gives no number:
 * ours. Shopify  https://shopify.dev/docs/api/usage/implementing-idempotency: @idempotent(key:) is
 *            required from 2026-04 on. How long keys live we take as 24 hours at most. Refunds are
 *            listed on the order. https://shopify.dev/docs/api/usage/limits: 100 points a second,
 * 10 for a mutation. Magento  No keys at all (AdobeDocs/commerce-webapi, admin-schema 2.4.9):
 * nothing is ever sent twice. Credit memos are listed with their comments. The rate is ours.
 *
 * A key is trusted for its life less PROVIDER_KEY_MARGIN_US. */

#ifndef SETTLEMENT_PROVIDER_FACTS_H
#define SETTLEMENT_PROVIDER_FACTS_H

#include <stdbool.h>
#include <stdint.h>

#define PROVIDER_HOUR_US INT64_C(3600000000)
#define PROVIDER_KEY_MARGIN_US PROVIDER_HOUR_US

/* Who moves the money. */
enum executor {
    EXECUTOR_NOBODY,    /* no such provider */
    EXECUTOR_CALL,      /* a request to a provider */
    EXECUTOR_OURSELVES, /* our own books: recording it is doing it */
    EXECUTOR_PERSON     /* finance, by hand, who reports it (inbox.h) */
};

/* What a look-up can find. */
enum look_up_reach {
    LOOK_UP_NEVER,
    LOOK_UP_KNOWN, /* a refund whose id at the provider is known */
    LOOK_UP_ANY    /* a refund by our payout id, so also after a lost answer */
};

/* X(provider, name, executor, reach of look-ups, key life in hours, stores 500, calls per second)
 */
#define PROVIDER_FACT_ROWS(X)                                      \
    X(STRIPE, "stripe", CALL, ANY, 24, true, 100)                  \
    X(ADYEN, "adyen", CALL, NEVER, 7 * 24, false, 50)              \
    X(PAYPAL, "paypal", CALL, KNOWN, 45 * 24, false, 50)           \
    X(STORE_CREDIT, "store credit", OURSELVES, NEVER, 0, false, 0) \
    X(MANUAL, "manual", PERSON, NEVER, 0, false, 0)                \
    X(SHOPIFY, "shopify", CALL, ANY, 24, false, 10)                \
    X(MAGENTO, "magento", CALL, ANY, 0, false, 5)

struct provider_facts {
    const char *name;
    enum executor executor;
    enum look_up_reach reach;
    int64_t key_life_us; /* as documented; 0: there are no keys, nothing is sent twice */
    bool stores_500;     /* an answer of 500 is replayed to the same key */
    int64_t rate;        /* calls per second and account, by default */
};

/* Never NULL: EXECUTOR_NOBODY for what is no provider. */
const struct provider_facts *provider_facts(int provider);

/* How long after the first attempt the same key and bytes may be sent again, the margin taken off;
 * `most_us` > 0 shortens it. */
int64_t provider_key_life_us(int provider, int64_t most_us);

#endif
