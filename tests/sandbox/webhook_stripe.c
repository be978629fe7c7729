/* Stripe's events: https://docs.stripe.com/api/events/types, signed as
 * https://docs.stripe.com/webhooks#verify-manually says: HMAC-SHA-256 over "<t>.<body>". */

#include "api.h"
#include "webhook.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

static void begin(const struct sandbox *sandbox, uint64_t number, struct webhook *webhook)
{
    out_printf(&webhook->body,
               "{\"id\":\"evt_%016" PRIx64 "%06" PRIu64 "\",\"object\":\"event\",\"api_version\":"
               "\"2026-08-26.dahlia\",\"created\":%" PRId64 ",\"data\":{\"object\":",
               sandbox->store.salt, number, sandbox->now_us / 1000000);
}

static void end(const struct sandbox *sandbox, const char *type, struct webhook *webhook)
{
    unsigned char hash[crypto_auth_hmacsha256_BYTES];
    char hex[2 * sizeof hash + 1];
    char head[32];
    const char *secret = sandbox->options.stripe_webhook_secret;
    struct out *body = &webhook->body;
    crypto_auth_hmacsha256_state state;
    out_printf(body,
               "},\"livemode\":false,\"pending_webhooks\":1,\"request\":{\"id\":null,"
               "\"idempotency_key\":null},\"type\":\"%s\"}",
               type);
    (void)snprintf(head, sizeof head, "%" PRId64 ".", sandbox->now_us / 1000000);
    crypto_auth_hmacsha256_init(&state, (const unsigned char *)secret, strlen(secret));
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)head, strlen(head));
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)body->bytes, body->size);
    crypto_auth_hmacsha256_final(&state, hash);
    (void)sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    head[strlen(head) - 1] = '\0';
    webhook_header(webhook, "stripe-signature", "t=%s,v1=%s", head, hex);
    webhook_header(webhook, "content-type", "application/json; charset=utf-8");
}

bool stripe_webhook_refund(const struct sandbox *sandbox, enum effect effect, uint32_t refund,
                           uint64_t number, struct webhook *webhook)
{
    const char *type = effect == EFFECT_REFUND_CREATED  ? "refund.created"
                       : effect == EFFECT_REFUND_FAILED ? "refund.failed"
                                                        : "refund.updated";
    begin(sandbox, number, webhook);
    refund_write(&webhook->body, &sandbox->store, refund, false);
    end(sandbox, type, webhook);
    return true;
}

/* https://docs.stripe.com/api/disputes/object */
bool stripe_webhook_dispute(const struct sandbox *sandbox, uint32_t dispute, uint64_t number,
                            struct webhook *webhook)
{
    static const char *const statuses[] = {
        [DISPUTE_OPEN] = "needs_response", [DISPUTE_WON] = "won", [DISPUTE_LOST] = "lost"};
    const struct store *store = &sandbox->store;
    const struct dispute *row = &store->disputes[dispute];
    const struct payment *payment = &store->payments[row->payment];
    const char *type =
        row->status == DISPUTE_OPEN ? "charge.dispute.created" : "charge.dispute.closed";
    struct out *body = &webhook->body;
    char id[STORE_ID_ROOM];
    begin(sandbox, number, webhook);
    out_raw(body, "{\"id\":");
    out_string(body, dispute_id(store, dispute, id));
    out_printf(body, ",\"object\":\"dispute\",\"amount\":%" PRId64 ",\"charge\":", row->amount);
    out_string(body, payment_charge(store, row->payment, id));
    out_printf(body, ",\"created\":%" PRId64 ",\"currency\":", sandbox->now_us / 1000000);
    out_string(body, payment_currency(store, payment));
    out_raw(body, ",\"is_charge_refundable\":false,\"livemode\":false,\"metadata\":{},"
                  "\"payment_intent\":");
    out_string(body, payment_intent(payment));
    out_printf(body, ",\"reason\":\"general\",\"status\":\"%s\"}", statuses[row->status]);
    end(sandbox, type, webhook);
    return true;
}
