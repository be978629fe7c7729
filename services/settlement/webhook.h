/* Webhook: what a provider tells unasked, read into facts. Pure: bytes in, facts out; the body is
 * anybody's and may be anything.
 *
 * A fact is verified if the provider's signature over it holds; else it is what somebody says, and
 * only sets off a look-up. What a person of finance reports about money paid by hand is a webhook
 * too (MANUAL): signed with the person's key, and worth nothing without.
 *
 *     Stripe    https://docs.stripe.com/webhooks#verify-manually      Stripe-Signature
 *     Adyen
 * https://docs.adyen.com/development-resources/webhooks/secure-webhooks/verify-hmac-signatures
 *     PayPal    https://developer.paypal.com/api/rest/webhooks/rest/  PAYPAL-TRANSMISSION-SIG
 *     Shopify   https://shopify.dev/docs/apps/build/webhooks/subscribe/https  X-Shopify-Hmac-SHA256
 *     Magento   tells nothing by itself */

#ifndef SETTLEMENT_WEBHOOK_H
#define SETTLEMENT_WEBHOOK_H

#include "provider.h"
#include "settlement.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    WEBHOOK_FACTS_MAX = 16,     /* of one webhook; what is behind them is refused */
    WEBHOOK_REFERENCES = 2,     /* by which a payment may be known */
    WEBHOOK_EVENT_ID_MAX = 257, /* bytes, NUL included */
    WEBHOOK_TOLERANCE_S = 300   /* between a signature's time and the arrival (Stripe's default) */
};

struct webhook_header {
    const char *name; /* lower-case */
    const char *value;
};

/* A webhook as it arrived. Everything is the caller's. */
struct webhook {
    int provider;
    int64_t received_us;
    const struct webhook_header *headers;
    size_t header_count;
    const char *body;
    size_t size;
};

struct certificates;

/* What signatures are checked with. Texts "" where there is none: then nothing is verified. A key
 * as "account:key" signs for that account alone. */
struct webhook_keys {
    const char *stripe;    /* [account:]endpoint secrets, comma-separated */
    const char *adyen;     /* [account:]HMAC keys in hex, comma-separated */
    const char *shopify;   /* the app's secret */
    const char *paypal_id; /* of the webhook */
    const char *finance;   /* person:64 hex of an Ed25519 public key, comma-separated */
    const struct certificates *certificates; /* NULL: PayPal's are not checked */
};

/* One thing that a webhook says. Texts "" where it does not say. */
struct webhook_fact {
    bool verified;
    bool dispute;                        /* else a refund */
    bool prefix;                         /* the references are the beginnings of a payment's */
    bool names;                          /* no more than that the references are one payment's */
    char event_id[WEBHOOK_EVENT_ID_MAX]; /* the same again is a duplicate */
    int64_t occurred_us;                 /* 0: not said */
    char references[WEBHOOK_REFERENCES][PROVIDER_TEXT_MAX];
    char account[PROVIDER_ID_MAX]; /* at the provider, that says it; "": not said */
    int64_t amount_minor;
    char currency[4];
    char code[PROVIDER_ID_MAX]; /* of a failure, or the reason of a dispute */

    /* A refund. */
    char payout_id[PROVIDER_ID_MAX]; /* ours; "" if made elsewhere */
    char provider_refund_id[PROVIDER_TEXT_MAX];
    enum refund_status status;
    int64_t created_us;

    /* A dispute. */
    char dispute_id[PROVIDER_ID_MAX];
    enum dispute_state state;

    /* MANUAL: the person names the payment. */
    char merchant_id[PROVIDER_ID_MAX], order_id[PROVIDER_ID_MAX], payment_id[PROVIDER_ID_MAX];
};

enum webhook_result {
    WEBHOOK_READ,      /* there are facts */
    WEBHOOK_IGNORED,   /* about something else */
    WEBHOOK_UNSIGNED,  /* MANUAL: no signature that holds */
    WEBHOOK_UNREADABLE /* not what the provider documents */
};

struct webhook_facts {
    struct webhook_fact items[WEBHOOK_FACTS_MAX];
    size_t count;
};

/* Reads and verifies. `facts` is filled in where the result is WEBHOOK_READ. */
enum webhook_result webhook_read(const struct webhook *webhook, const struct webhook_keys *keys,
                                 struct webhook_facts *facts);

/* Whether an account's word counts for a payment. UNKNOWN: one of the two is not named. */
enum webhook_standing { WEBHOOK_SAME_ACCOUNT, WEBHOOK_UNKNOWN_ACCOUNT, WEBHOOK_OTHER_ACCOUNT };
enum webhook_standing webhook_standing(int provider, const char *account, const char *of_payment);

/* Value of a header; "" if there is none. */
const char *webhook_header(const struct webhook *webhook, const char *name);

/* The next fact to fill in, zeroed; NULL if there is no room. */
struct webhook_fact *webhook_fact_add(struct webhook_facts *facts);

/* Sets the event's id: "<provider>/<id>". */
void webhook_name(struct webhook_fact *fact, const char *provider, const char *id);

/* po_ and 32 hex characters. */
bool webhook_is_payout(const char *text);

/* What a provider says of a refund; `payout_id` may be anything, and counts only where it is one.
 */
void webhook_take_refund(struct webhook_fact *fact, const struct finding *finding,
                         const char *payout_id);

#endif
