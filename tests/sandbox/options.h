/* Options: the command line and the environment. A flag wins over its variable. */

#ifndef SANDBOX_OPTIONS_H
#define SANDBOX_OPTIONS_H

#include "common/status.h"

#include <stdbool.h>
#include <stdint.h>

/* X(field, flag, variable, kind, default, least, most, help); TEXT or COUNT */
#define OPTION_ROWS(X)                                                                            \
    X(listen, "--listen", "SANDBOX_ADDRESS", TEXT, "127.0.0.1:0", 0, 0,                           \
      "address:port; port 0 takes a free one")                                                    \
    X(port_file, "--port-file", "SANDBOX_PORT_FILE", TEXT, "", 0, 0,                              \
      "file that gets the port as soon as the sandbox listens")                                   \
    X(log, "--log", "SANDBOX_LOG", TEXT, "", 0, 0,                                                \
      "file of effects; read at the start, then appended to; none: kept in memory only")          \
    X(key_file, "--key-file", "SANDBOX_KEY_FILE", TEXT, "", 0, 0,                                 \
      "file with the only API key that is let in; none: any sk_test_... or rk_test_...")          \
    X(payments, "--payments", "SANDBOX_PAYMENTS", TEXT, "open", 0, 0,                             \
      "open: an unknown pi_... or ch_... is a payment without limit; registered: it is an error") \
    X(currency, "--currency", "SANDBOX_CURRENCY", TEXT, "usd", 0, 0,                              \
      "currency of payments that nobody registered and whose refund names none")                  \
    X(outcome, "--outcome", "SANDBOX_OUTCOME", TEXT, "succeeded", 0, 0,                           \
      "first status of a refund: succeeded, pending or requires_action")                          \
    X(webhooks, "--webhooks", "SANDBOX_WEBHOOKS", TEXT, "", 0, 0,                                 \
      "file of the webhooks to be delivered, or memory; none: no webhooks are made")              \
    X(stripe_webhook_secret, "--stripe-webhook-secret", "SANDBOX_STRIPE_WEBHOOK_SECRET", TEXT,    \
      "whsec_sandbox", 0, 0, "what Stripe's webhooks are signed with")                            \
    X(adyen_key, "--adyen-key", "SANDBOX_ADYEN_KEY", TEXT, "", 0, 0,                              \
      "the only X-API-Key that is let in; none: any")                                             \
    X(adyen_merchant, "--adyen-merchant", "SANDBOX_ADYEN_MERCHANT", TEXT, "", 0, 0,               \
      "the only merchant account that there is; none: any")                                       \
    X(adyen_hmac_key, "--adyen-hmac-key", "SANDBOX_ADYEN_HMAC_KEY", TEXT,                         \
      "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056", 0, 0,                   \
      "hexadecimal key that Adyen's webhooks are signed with")                                    \
    X(paypal_client, "--paypal-client", "SANDBOX_PAYPAL_CLIENT", TEXT, "", 0, 0,                  \
      "the only id:secret that gets an access token; none: any")                                  \
    X(paypal_webhook_id, "--paypal-webhook-id", "SANDBOX_PAYPAL_WEBHOOK_ID", TEXT,                \
      "4JH86294D6297924G", 0, 0, "the webhook's id, which PayPal signs with each")                \
    X(payout_key, "--payout-key", "SANDBOX_PAYOUT_KEY", TEXT, "payout_id", 0, 0,                  \
      "name in a refund's metadata that names the payout; /sandbox/summary counts by it")         \
    X(faults, "--faults", "SANDBOX_FAULTS", TEXT, "", 0, 0,                                       \
      "what goes wrong how often, as in lost-after=0.05,http500-before=0.02 (see below)")         \
    X(seed, "--seed", "SANDBOX_SEED", COUNT, "1", 0, INT64_MAX, "seed of the faults")             \
    X(delay_ms, "--delay-ms", "SANDBOX_DELAY_MS", COUNT, "0", 0, 600000,                          \
      "how much later every answer of the API is sent; effects happen at once")                   \
    X(key_life_s, "--key-life-s", "SANDBOX_KEY_LIFE_S", COUNT, "86400", 0, 31536000,              \
      "age at which an idempotency key is pruned")                                                \
    X(max_refunds, "--max-refunds", "SANDBOX_MAX_REFUNDS", COUNT, "5000000", 1, 100000000,        \
      "most refunds, and most payments")                                                          \
    X(max_connections, "--max-connections", "SANDBOX_MAX_CONNECTIONS", COUNT, "4096", 1, 60000,   \
      "most connections at a time")

#define OPTION_TYPE_TEXT const char *
#define OPTION_TYPE_COUNT int64_t

struct options {
#define X(field, flag, variable, kind, value, least, most, help) OPTION_TYPE_##kind field;
    OPTION_ROWS(X)
#undef X
    bool help;
};

/* Texts point into `argv` and the environment. STATUS_INVALID names what is wrong. */
enum status options_read(struct options *options, int argc, char **argv,
                         struct error *error) CHECK_RESULT;

/* Prints flags, variables, defaults and faults to stdout. */
void options_help(void);

#endif
