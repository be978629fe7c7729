/* Adyen's standard webhooks: https://docs.adyen.com/development-resources/webhooks/webhook-types,
 * with an HMAC-SHA-256 over eight members of each item
 * (https://docs.adyen.com/development-resources/webhooks/secure-webhooks/verify-hmac-signatures):
 * pspReference:originalReference:merchantAccountCode:merchantReference:value:currency:eventCode:success
 *
 *     REFUND              the result of a refund: success true or false, with a reason
 *     REFUND_FAILED       it had succeeded, and the money came back
 *     CHARGEBACK, CHARGEBACK_REVERSED, SECOND_CHARGEBACK    a dispute: taken, won, lost for good */

#include "api.h"
#include "webhook.h"

#include <inttypes.h>
#include <sodium.h>
#include <string.h>
#include <time.h>

struct item {
    const char *psp, *original, *account, *reference, *event, *reason;
    char currency[4];
    int64_t value;
    bool success;
};

static void sign(const struct sandbox *sandbox, const struct item *item, char *text, size_t size)
{
    unsigned char key[64];
    unsigned char hash[crypto_auth_hmacsha256_BYTES];
    size_t key_size = 0;
    struct out data = {0};
    crypto_auth_hmacsha256_state state;
    (void)sodium_hex2bin(key, sizeof key, sandbox->options.adyen_hmac_key,
                         strlen(sandbox->options.adyen_hmac_key), NULL, &key_size, NULL);
    out_printf(&data, "%s:%s:%s:%s:%" PRId64 ":%s:%s:%s", item->psp, item->original, item->account,
               item->reference, item->value, item->currency, item->event,
               item->success ? "true" : "false");
    crypto_auth_hmacsha256_init(&state, key, key_size);
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)data.bytes, data.size);
    crypto_auth_hmacsha256_final(&state, hash);
    (void)sodium_bin2base64(text, size, hash, sizeof hash, sodium_base64_VARIANT_ORIGINAL);
    out_free(&data);
}

static void put(struct out *out, const char *name, const char *value)
{
    out_printf(out, ",\"%s\":", name);
    out_string(out, value);
}

static void write_item(const struct sandbox *sandbox, const struct item *item,
                       struct webhook *webhook)
{
    struct out *body = &webhook->body;
    char signature[sodium_base64_ENCODED_LEN(crypto_auth_hmacsha256_BYTES,
                                             sodium_base64_VARIANT_ORIGINAL)];
    char when[32];
    time_t seconds = (time_t)(sandbox->now_us / 1000000);
    struct tm utc;
    (void)strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%S+00:00", gmtime_r(&seconds, &utc));
    sign(sandbox, item, signature, sizeof signature);
    out_raw(body, "{\"live\":\"false\",\"notificationItems\":[{\"NotificationRequestItem\":{"
                  "\"additionalData\":{\"hmacSignature\":");
    out_string(body, signature);
    out_raw(body, "},\"amount\":{\"currency\":");
    out_string(body, item->currency);
    out_printf(body, ",\"value\":%" PRId64 "}", item->value);
    put(body, "eventCode", item->event);
    put(body, "eventDate", when);
    put(body, "merchantAccountCode", item->account);
    put(body, "merchantReference", item->reference);
    put(body, "originalReference", item->original);
    put(body, "paymentMethod", "visa");
    put(body, "pspReference", item->psp);
    put(body, "reason", item->reason);
    put(body, "success", item->success ? "true" : "false");
    out_raw(body, "}}]}");
    webhook_header(webhook, "content-type", "application/json; charset=utf-8");
    webhook->account = item->account;
}

/* The account that the payment's refunds named, or the sandbox's. */
static const char *account_of(const struct sandbox *sandbox, const struct payment *payment)
{
    for (uint32_t at = payment->newest; at != STORE_NONE; at = sandbox->store.refunds[at].older) {
        const char *account = metadata_get(sandbox->store.refunds[at].metadata, "merchantAccount");
        if (account != NULL)
            return account;
    }
    return *sandbox->options.adyen_merchant == '\0' ? "SandboxMerchant"
                                                    : sandbox->options.adyen_merchant;
}

bool adyen_webhook_refund(const struct sandbox *sandbox, enum effect effect, uint32_t number,
                          uint64_t made, struct webhook *webhook)
{
    const struct store *store = &sandbox->store;
    const struct refund *refund = &store->refunds[number];
    const struct payment *payment = &store->payments[refund->payment];
    const char *reference = metadata_get(refund->metadata, "reference");
    char id[STORE_ID_ROOM];
    bool failed = refund->status == REFUND_FAILED;
    (void)effect, (void)made;
    if (refund->status != REFUND_SUCCEEDED && !failed)
        return false;
    struct item item = {
        .psp = refund_id(store, number, id),
        .original = payment->id,
        .account = account_of(sandbox, payment),
        .reference = reference == NULL ? "" : reference,
        .event = failed && refund->had_succeeded ? "REFUND_FAILED" : "REFUND",
        .reason = failed ? "Insufficient balance on payment" : "",
        .value = refund->amount,
        .success = !failed || refund->had_succeeded,
    };
    (void)currency_upper(store, payment, item.currency);
    write_item(sandbox, &item, webhook);
    return true;
}

bool adyen_webhook_dispute(const struct sandbox *sandbox, uint32_t number, uint64_t made,
                           struct webhook *webhook)
{
    static const char *const events[] = {[DISPUTE_OPEN] = "CHARGEBACK",
                                         [DISPUTE_WON] = "CHARGEBACK_REVERSED",
                                         [DISPUTE_LOST] = "SECOND_CHARGEBACK"};
    const struct store *store = &sandbox->store;
    const struct dispute *dispute = &store->disputes[number];
    const struct payment *payment = &store->payments[dispute->payment];
    char id[STORE_ID_ROOM];
    (void)made;
    struct item item = {
        .psp = dispute_id(store, number, id),
        .original = payment->id,
        .account = account_of(sandbox, payment),
        .reference = "",
        .event = events[dispute->status],
        .reason = "Other Fraud-Card Absent Environment",
        .value = dispute->amount,
        .success = true,
    };
    (void)currency_upper(store, payment, item.currency);
    write_item(sandbox, &item, webhook);
    return true;
}
