#include "settlement_config.h"

struct settlement_limits settlement_limits_of(const struct settlement_config *config)
{
    return (struct settlement_limits){
        .send_window_us = config->send_window_ms * 1000,
        .call_timeout_us = config->call_timeout_ms * 1000,
        .provider_delay_us = config->provider_delay_ms * 1000,
        .key_life_us = config->key_life_ms * 1000,
        .capture_wait_us = config->capture_wait_ms * 1000,
        .goods_wait_us = config->goods_wait_ms * 1000,
        .poll_first_us = config->poll_first_ms * 1000,
        .last_look_us = config->last_look_ms * 1000,
        .alarm_every_us = config->alarm_every_ms * 1000,
        .attempts_max = config->attempts_max,
        .fallbacks_max = config->fallbacks_max,
        .sends_nothing = config->in_flight == 0,
    };
}

struct sender_settings settlement_sender_settings(const struct settlement_config *config,
                                                  const struct config_worker *worker)
{
    struct sender_settings settings = {
        .worker = worker,
        .name = "settlement",
        .in_flight = config->in_flight,
        .connect_timeout_ms = config->connect_timeout_ms,
        .call_timeout_ms = config->call_timeout_ms,
        .send_window_ms = config->send_window_ms,
        .ca_file = config->provider_ca_file,
    };
#define ACCOUNT(provider, name, id_)                                    \
    settings.rates[PROVIDER_##provider] = config->name##_rate;          \
    settings.accounts[PROVIDER_##provider] = (struct provider_account){ \
        .url = config->name##_url, .secret = config->name##_key, .id = (id_)}
    ACCOUNT(STRIPE, stripe, NULL);
    ACCOUNT(ADYEN, adyen, config->adyen_merchant);
    ACCOUNT(PAYPAL, paypal, config->paypal_client);
    ACCOUNT(SHOPIFY, shopify, NULL);
    ACCOUNT(MAGENTO, magento, NULL);
#undef ACCOUNT
    return settings;
}

struct inbox_settings settlement_inbox_settings(const struct settlement_config *config,
                                                const struct config_worker *worker)
{
    return (struct inbox_settings){
        .worker = worker,
        .name = "settlement",
        .webhook = {.stripe = config->stripe_webhook_secret,
                    .adyen = config->adyen_webhook_key,
                    .shopify = config->shopify_webhook_secret,
                    .paypal_id = config->paypal_webhook_id,
                    .finance = config->finance_keys},
        .adyen_account = config->adyen_merchant,
        .wait_ms = config->inbox_wait_ms,
        .waiting_max = config->inbox_waiting_max,
    };
}
