/* What can be set from outside. */

#ifndef SETTLEMENT_CONFIG_H
#define SETTLEMENT_CONFIG_H

#include "config.h"
#include "inbox.h"
#include "rules/rules.h"
#include "sender.h"

/* X(field, VARIABLE, TYPE, min, max, default, help) */
#define SETTLEMENT_CONFIG_ROWS(X)                                                                 \
    X(approval_keys, "REDRESS_APPROVAL_KEYS", SECRET, 1, 1024, NULL,                              \
      "keys that approvals are signed with, id:64 hex characters, comma-separated")               \
    X(stripe_key, "REDRESS_STRIPE_KEY", SECRET, 0, 240, "",                                       \
      "Stripe's secret key; empty: Stripe's payments go to people, and so with the others")       \
    X(stripe_url, "REDRESS_STRIPE_URL", TEXT, 8, 512, "https://api.stripe.com",                   \
      "where Stripe's API is, without a slash at its end")                                        \
    X(stripe_rate, "REDRESS_STRIPE_RATE", NUMBER, 0, 100000, "100",                               \
      "most calls per second of all instances; 0: no limit")                                      \
    X(adyen_key, "REDRESS_ADYEN_KEY", SECRET, 0, 512, "", "Adyen's API key")                      \
    X(adyen_merchant, "REDRESS_ADYEN_MERCHANT", TEXT, 0, 128, "",                                 \
      "Adyen's merchant account of payments that name none")                                      \
    X(adyen_url, "REDRESS_ADYEN_URL", TEXT, 8, 512, "https://checkout-test.adyen.com",            \
      "where Adyen's Checkout API is, /checkout included where it is live")                       \
    X(adyen_rate, "REDRESS_ADYEN_RATE", NUMBER, 0, 100000, "50",                                  \
      "most calls per second of all instances; 0: no limit")                                      \
    X(paypal_client, "REDRESS_PAYPAL_CLIENT", TEXT, 0, 240, "", "PayPal's client id")             \
    X(paypal_key, "REDRESS_PAYPAL_KEY", SECRET, 0, 240, "", "PayPal's client secret")             \
    X(paypal_url, "REDRESS_PAYPAL_URL", TEXT, 8, 512, "https://api-m.paypal.com",                 \
      "where PayPal's API is")                                                                    \
    X(paypal_rate, "REDRESS_PAYPAL_RATE", NUMBER, 0, 100000, "50",                                \
      "most calls per second of all instances; 0: no limit")                                      \
    X(shopify_key, "REDRESS_SHOPIFY_KEY", SECRET, 0, 240, "", "Shopify's Admin API access token") \
    X(shopify_url, "REDRESS_SHOPIFY_URL", TEXT, 8, 512, "https://shop.myshopify.com",             \
      "the shop, without a path")                                                                 \
    X(shopify_rate, "REDRESS_SHOPIFY_RATE", NUMBER, 0, 100000, "10",                              \
      "most calls per second of all instances; 0: no limit")                                      \
    X(magento_key, "REDRESS_MAGENTO_KEY", SECRET, 0, 1000, "", "Magento's access token")          \
    X(magento_url, "REDRESS_MAGENTO_URL", TEXT, 8, 512, "https://localhost/rest/default",         \
      "where Magento's REST API is, with its store")                                              \
    X(magento_rate, "REDRESS_MAGENTO_RATE", NUMBER, 0, 100000, "5",                               \
      "most calls per second of all instances; 0: no limit")                                      \
    X(stripe_webhook_secret, "REDRESS_STRIPE_WEBHOOK_SECRET", SECRET, 0, 1024, "",                \
      "secrets of Stripe's webhook endpoints, [account:]secret, comma-separated; without one "    \
      "nothing is verified, and one with an account vouches for its payments only")               \
    X(adyen_webhook_key, "REDRESS_ADYEN_WEBHOOK_KEY", SECRET, 0, 1024, "",                        \
      "HMAC keys of Adyen's webhooks, [merchant account:]hex, comma-separated; one with an "      \
      "account vouches for its payments only")                                                    \
    X(shopify_webhook_secret, "REDRESS_SHOPIFY_WEBHOOK_SECRET", SECRET, 0, 512, "",               \
      "client secret of the app that Shopify's webhooks are signed with")                         \
    X(paypal_webhook_id, "REDRESS_PAYPAL_WEBHOOK_ID", TEXT, 0, 128, "",                           \
      "id of PayPal's webhook, which is part of what is signed")                                  \
    X(paypal_certificate_file, "REDRESS_PAYPAL_CERTIFICATE_FILE", TEXT, 0, 1024, "",              \
      "PEM file of PayPal's certificate chain, for webhooks that arrive without one")             \
    X(finance_keys, "REDRESS_FINANCE_KEYS", TEXT, 0, 4096, "",                                    \
      "person:64 hex of an Ed25519 public key, comma-separated: who may report what was paid by " \
      "hand")                                                                                     \
    X(inbox_wait_ms, "REDRESS_INBOX_DEADLINE", DURATION, 100, 31536000000, "30d",                 \
      "how long what a provider says of an unknown payment waits for its capture")                \
    X(inbox_waiting_max, "REDRESS_INBOX_WAITING_MAX", NUMBER, 0, 10000000, "100000",              \
      "how many of these may wait; more go to the dead letters")                                  \
    X(in_flight, "REDRESS_PROVIDER_IN_FLIGHT", NUMBER, 0, 2000, "256",                            \
      "most calls to one provider at once; 0: nothing is sent, payouts stay reserved")            \
    X(connect_timeout_ms, "REDRESS_PROVIDER_CONNECT_TIMEOUT", DURATION, 10, 60000, "2s",          \
      "how long connecting to a provider may take")                                               \
    X(call_timeout_ms, "REDRESS_PROVIDER_TIMEOUT", DURATION, 50, 120000, "20s",                   \
      "how long a call to a provider may take in all")                                            \
    X(provider_delay_ms, "REDRESS_PROVIDER_DELAY", DURATION, 0, 3600000, "10s",                   \
      "how long after a call a look-up may not see what it did")                                  \
    X(send_window_ms, "REDRESS_SEND_WINDOW", DURATION, 100, 600000, "10s",                        \
      "a call starts this long after it was decided, or not at all")                              \
    X(provider_ca_file, "REDRESS_PROVIDER_CA_FILE", TEXT, 0, 1024, "",                            \
      "PEM file of the authorities of providers; empty: the system's")                            \
    X(key_life_ms, "REDRESS_KEY_LIFE", DURATION, 0, 3888000000, "0s",                             \
      "how long an idempotency key is trusted at most; 0: an hour less than its provider "        \
      "documents")                                                                                \
    X(attempts_max, "REDRESS_ATTEMPTS_MAX", NUMBER, 1, 1000, "10",                                \
      "most calls for one payout that may have arrived, before a person must look")               \
    X(poll_first_ms, "REDRESS_POLL_FIRST", DURATION, 100, 86400000, "1m",                         \
      "how long a refund is pending before the provider is asked about it")                       \
    X(last_look_ms, "REDRESS_LAST_LOOK", DURATION, 100, 2592000000, "1d",                         \
      "how long after a refund that was sent came to nothing the provider is asked once more")    \
    X(capture_wait_ms, "REDRESS_CAPTURE_DEADLINE", DURATION, 100, 2592000000, "1h",               \
      "how long an approval waits for the capture of its payment before the first alarm")         \
    X(goods_wait_ms, "REDRESS_GOODS_DEADLINE", DURATION, 100, 31536000000, "30d",                 \
      "how long an approval waits for goods")                                                     \
    X(ledger_every_ms, "REDRESS_LEDGER_EVERY", DURATION, 100, 86400000, "1m",                     \
      "how long after a movement the head of a shard's ledger is published, at most")             \
    X(fallbacks_max, "REDRESS_FALLBACKS_MAX", NUMBER, 0, 100, "3",                                \
      "how often a refund may ask for another method before it has failed")                       \
    X(alarm_every_ms, "REDRESS_ALARM_EVERY", DURATION, 100, 2592000000, "1d",                     \
      "how often what waits for a person is told again")                                          \
    RULES_CONFIG_ROWS(X)

struct settlement_config {
#define X(field, variable, type, min, max, fallback, help) CONFIG_FIELD_##type field;
    SETTLEMENT_CONFIG_ROWS(X)
#undef X
};

struct settlement_limits settlement_limits_of(const struct settlement_config *config);
struct inbox_settings settlement_inbox_settings(const struct settlement_config *config,
                                                const struct config_worker *worker);
struct sender_settings settlement_sender_settings(const struct settlement_config *config,
                                                  const struct config_worker *worker);

#endif
