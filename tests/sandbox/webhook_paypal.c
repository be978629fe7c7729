/* PayPal's webhooks: https://developer.paypal.com/api/rest/webhooks/event-names/, signed as
 * https://developer.paypal.com/api/rest/webhooks/rest/ says: RSA-SHA-256 over
 * "<transmission id>|<time>|<webhook id>|<CRC-32 of the body>". */

#include "api.h"
#include "certificate.h"
#include "webhook.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

/* As zlib's crc32. */
static uint32_t crc32_of(const char *bytes, size_t size)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < size; i++) {
        crc ^= (unsigned char)bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (UINT32_C(0xedb88320) & (0U - (crc & 1)));
    }
    return ~crc;
}

static void write_time(const struct sandbox *sandbox, char *text, size_t size)
{
    time_t seconds = (time_t)(sandbox->now_us / 1000000);
    struct tm utc;
    (void)strftime(text, size, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &utc));
}

static void begin(const struct sandbox *sandbox, const char *type, const char *resource_type,
                  uint64_t number, struct webhook *webhook)
{
    char when[32];
    write_time(sandbox, when, sizeof when);
    out_printf(&webhook->body,
               "{\"id\":\"WH-%016" PRIX64 "-%08" PRIu64 "\",\"event_version\":\"1.0\","
               "\"create_time\":\"%s\",\"resource_type\":\"%s\",\"resource_version\":\"2.0\","
               "\"event_type\":\"%s\",\"summary\":\"%s\",\"resource\":",
               sandbox->store.salt, number, when, resource_type, type, type);
}

static void end(const struct sandbox *sandbox, uint64_t number, struct webhook *webhook)
{
    char when[32];
    char id[64];
    char data[256];
    char signature[CERTIFICATE_SIGNATURE_MAX];
    struct out *body = &webhook->body;
    out_raw(body, ",\"links\":[]}");
    write_time(sandbox, when, sizeof when);
    (void)snprintf(id, sizeof id, "%08x-%04x-11f1-8000-%012" PRIx64,
                   (unsigned)(sandbox->store.salt & 0xffffffff),
                   (unsigned)(sandbox->store.salt >> 48 & 0xffff), number);
    (void)snprintf(data, sizeof data, "%s|%s|%.100s|%" PRIu32, id, when,
                   sandbox->options.paypal_webhook_id, crc32_of(body->bytes, body->size));
    webhook_header(webhook, "paypal-transmission-id", "%s", id);
    webhook_header(webhook, "paypal-transmission-time", "%s", when);
    webhook_header(webhook, "paypal-transmission-sig", "%s", certificate_sign(data, signature));
    webhook_header(webhook, "paypal-auth-algo", "SHA256withRSA");
    webhook_header(webhook, "paypal-cert-url",
                   "https://api.sandbox.paypal.com/v1/notifications/certs/%s", certificate_id());
    webhook_header(webhook, "content-type", "application/json");
}

bool paypal_webhook_refund(const struct sandbox *sandbox, enum effect effect, uint32_t refund,
                           uint64_t number, struct webhook *webhook)
{
    static const char *const types[REFUND_STATUSES] = {
        [REFUND_PENDING] = "PAYMENT.REFUND.PENDING",
        [REFUND_REQUIRES_ACTION] = "PAYMENT.REFUND.PENDING",
        [REFUND_SUCCEEDED] = "PAYMENT.CAPTURE.REFUNDED",
        [REFUND_FAILED] = "PAYMENT.REFUND.FAILED",
        [REFUND_CANCELED] = "PAYMENT.REFUND.FAILED",
    };
    (void)effect;
    begin(sandbox, types[sandbox->store.refunds[refund].status], "refund", number, webhook);
    paypal_write_refund(&webhook->body, &sandbox->store, refund);
    end(sandbox, number, webhook);
    return true;
}

/* https://developer.paypal.com/docs/api/customer-disputes/v1/ */
bool paypal_webhook_dispute(const struct sandbox *sandbox, uint32_t dispute, uint64_t number,
                            struct webhook *webhook)
{
    const struct store *store = &sandbox->store;
    const struct dispute *row = &store->disputes[dispute];
    const struct payment *payment = &store->payments[row->payment];
    bool open = row->status == DISPUTE_OPEN;
    struct out *body = &webhook->body;
    char id[STORE_ID_ROOM];
    char code[4];
    begin(sandbox, open ? "CUSTOMER.DISPUTE.CREATED" : "CUSTOMER.DISPUTE.RESOLVED", "dispute",
          number, webhook);
    out_raw(body, "{\"dispute_id\":");
    out_string(body, dispute_id(store, dispute, id));
    out_raw(body, ",\"disputed_transactions\":[{\"seller_transaction_id\":");
    out_string(body, payment->id);
    out_raw(body, "}],\"reason\":\"UNAUTHORISED\",\"dispute_amount\":{\"currency_code\":");
    out_string(body, currency_upper(store, payment, code));
    out_raw(body, ",\"value\":");
    paypal_write_value(body, row->amount, code);
    out_printf(body, "},\"dispute_life_cycle_stage\":\"CHARGEBACK\",\"status\":\"%s\"",
               open ? "OPEN" : "RESOLVED");
    if (!open)
        out_printf(body, ",\"dispute_outcome\":{\"outcome_code\":\"%s\"}",
                   row->status == DISPUTE_WON ? "RESOLVED_SELLER_FAVOUR" : "RESOLVED_BUYER_FAVOUR");
    out_raw(body, "}");
    end(sandbox, number, webhook);
    return true;
}
