/* What a person of finance reports about money that was paid by hand.
 *
 *     {"event_id": "...", "merchant_id": "...", "order_id": "...", "payment_id": "...",
 *      "payout_id": "po_...", "reference": "the bank's or provider's reference",
 *      "status": "SUCCEEDED" or "FAILED", "amount": {"value": "12.30", "currency": "EUR"},
 *      "occurred_at": "2026-01-02T03:04:05Z", "reason": "..."}
 *
 * The header redress-person names the person, redress-signature is the Ed25519 signature in base64
 * over "redress.manual.v1", a newline and exactly these bytes. Nobody can be asked, so that without
 * a signature that holds nothing is read. */

#include "request.h"
#include "webhook_read.h"
#include "webhook_signature.h"

#include <string.h>

static bool take(char *to, size_t size, const json_t *body, const char *name)
{
    const char *text = answer_text(body, name);
    answer_copy(to, size, text);
    return text[0] != '\0' && strlen(text) < size;
}

static const struct webhook_word STATUSES[] = {
    {"SUCCEEDED", REFUND_STATUS_SUCCEEDED},
    {"FAILED", REFUND_STATUS_FAILED},
    {NULL, 0},
};

enum webhook_result webhook_read_manual(const struct webhook *webhook,
                                        const struct webhook_keys *keys, const json_t *body,
                                        struct webhook_facts *facts)
{
    char id[PROVIDER_ID_MAX];
    const json_t *amount = json_object_get(body, "amount");
    if (!signature_person(webhook_header(webhook, "redress-signature"),
                          webhook_header(webhook, "redress-person"), webhook->body, webhook->size,
                          keys->finance))
        return WEBHOOK_UNSIGNED;
    struct webhook_fact *fact = webhook_fact_add(facts);
    fact->verified = true;
    fact->status = (enum refund_status)webhook_meaning(STATUSES, answer_text(body, "status"),
                                                       REFUND_STATUS_NONE);
    fact->occurred_us = fact->created_us = answer_time(body, "occurred_at");
    answer_copy(fact->code, sizeof fact->code, answer_text(body, "reason"));
    answer_copy(fact->currency, sizeof fact->currency, answer_text(amount, "currency"));
    bool good = take(id, sizeof id, body, "event_id") &&
                take(fact->merchant_id, sizeof fact->merchant_id, body, "merchant_id") &&
                take(fact->order_id, sizeof fact->order_id, body, "order_id") &&
                take(fact->payment_id, sizeof fact->payment_id, body, "payment_id") &&
                take(fact->payout_id, sizeof fact->payout_id, body, "payout_id") &&
                take(fact->provider_refund_id, PROVIDER_ID_MAX, body, "reference") &&
                answer_decimal(answer_text(amount, "value"), fact->currency, &fact->amount_minor);
    webhook_name(fact, "manual", id);
    return good && fact->status != REFUND_STATUS_NONE ? WEBHOOK_READ : WEBHOOK_UNREADABLE;
}
