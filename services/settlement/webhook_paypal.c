/* PayPal's events: https://developer.paypal.com/api/rest/webhooks/event-names/.
 *
 * PAYMENT.CAPTURE.REFUNDED and PAYMENT.REFUND.* carry a refund, PAYMENT.CAPTURE.REVERSED what
 * PayPal took back; CUSTOMER.DISPUTE.* carries a dispute
 * (https://developer.paypal.com/api/customer-disputes/v1/). The capture of a refund is named by its
 * link "up"; custom_id of a refund of ours is the payout id. `payer` of a refund is the merchant
 * who pays it, and a dispute names the seller. */

#include "provider_paypal.h"
#include "request.h"
#include "webhook_read.h"
#include "webhook_signature.h"

#include <string.h>

/* The last part of the link "up": .../v2/payments/captures/ID */
static void set_capture(struct webhook_fact *fact, const json_t *resource)
{
    const json_t *links = json_object_get(resource, "links");
    for (size_t i = 0; i < json_array_size(links); i++) {
        const json_t *link = json_array_get(links, i);
        const char *href = answer_text(link, "href"), *id = strrchr(href, '/');
        if (strcmp(answer_text(link, "rel"), "up") == 0 && id != NULL &&
            strstr(href, "/captures/") != NULL)
            answer_copy(fact->references[0], sizeof fact->references[0], id + 1);
    }
}

static bool read_refund(const json_t *resource, struct webhook_fact *fact)
{
    struct finding finding;
    const char *custom = answer_text(resource, "custom_id");
    if (!paypal_read_refund(resource, 200, &finding) || finding.currency[0] == '\0')
        return false;
    webhook_take_refund(fact, &finding, custom);
    set_capture(fact, resource);
    answer_copy(fact->account, sizeof fact->account,
                answer_text(json_object_get(resource, "payer"), "merchant_id"));
    return true;
}

/* dispute_life_cycle_stage while it lasts, dispute_outcome.outcome_code at its end. PayPal itself
 * pays for RESOLVED_WITH_PAYOUT; ACCEPTED is the claim, by the merchant. */
static const struct webhook_word OUTCOMES[] = {
    {"RESOLVED_BUYER_FAVOUR", DISPUTE_LOST},
    {"ACCEPTED", DISPUTE_LOST},
    {"LOST", DISPUTE_LOST},
    {"RESOLVED_SELLER_FAVOUR", DISPUTE_WON},
    {"RESOLVED_WITH_PAYOUT", DISPUTE_WON},
    {"CANCELED_BY_BUYER", DISPUTE_WON},
    {"DENIED", DISPUTE_WON},
    {"WON", DISPUTE_WON},
    {NULL, 0},
};

static enum dispute_state state_of(const json_t *resource)
{
    const char *outcome = answer_text(json_object_get(resource, "dispute_outcome"), "outcome_code");
    bool inquiry = strcmp(answer_text(resource, "dispute_life_cycle_stage"), "INQUIRY") == 0;
    if (strcmp(answer_text(resource, "status"), "RESOLVED") == 0)
        return (enum dispute_state)webhook_meaning(OUTCOMES, outcome, DISPUTE_OPEN);
    return inquiry ? DISPUTE_INQUIRY : DISPUTE_OPEN;
}

static bool read_dispute(const json_t *resource, struct webhook_fact *fact)
{
    const json_t *transaction =
        json_array_get(json_object_get(resource, "disputed_transactions"), 0);
    const json_t *back =
        json_object_get(json_object_get(resource, "dispute_outcome"), "amount_refunded");
    fact->dispute = true;
    fact->state = state_of(resource);
    answer_copy(fact->dispute_id, sizeof fact->dispute_id, answer_text(resource, "dispute_id"));
    answer_copy(fact->code, sizeof fact->code, answer_text(resource, "reason"));
    answer_copy(fact->references[0], sizeof fact->references[0],
                answer_text(transaction, "seller_transaction_id"));
    answer_copy(fact->account, sizeof fact->account,
                answer_text(json_object_get(transaction, "seller"), "merchant_id"));
    const json_t *amount = fact->state == DISPUTE_LOST && json_is_object(back)
                               ? back
                               : json_object_get(resource, "dispute_amount");
    return fact->dispute_id[0] != '\0' && answer_text(resource, "status")[0] != '\0' &&
           fact->references[0][0] != '\0' &&
           paypal_money(amount, fact->currency, &fact->amount_minor);
}

static bool is_verified(const struct webhook *webhook, const struct webhook_keys *keys)
{
    char text[1024];
    return signature_paypal_text(webhook_header(webhook, "paypal-transmission-id"),
                                 webhook_header(webhook, "paypal-transmission-time"),
                                 keys->paypal_id, webhook->body, webhook->size, text,
                                 sizeof text) &&
           strcmp(webhook_header(webhook, "paypal-auth-algo"), "SHA256withRSA") == 0 &&
           signature_certified(webhook_header(webhook, "paypal-transmission-sig"), text,
                               webhook_header(webhook, "paypal-cert-pem"), webhook->received_us,
                               keys->certificates);
}

enum webhook_result webhook_read_paypal(const struct webhook *webhook,
                                        const struct webhook_keys *keys, const json_t *body,
                                        struct webhook_facts *facts)
{
    const char *id = answer_text(body, "id"), *type = answer_text(body, "event_type");
    const json_t *resource = json_object_get(body, "resource");
    if (id[0] == '\0' || type[0] == '\0' || !json_is_object(resource))
        return WEBHOOK_UNREADABLE;
    bool dispute = strncmp(type, "CUSTOMER.DISPUTE.", 17) == 0;
    bool refund = strncmp(type, "PAYMENT.REFUND.", 15) == 0 ||
                  strcmp(type, "PAYMENT.CAPTURE.REFUNDED") == 0 ||
                  strcmp(type, "PAYMENT.CAPTURE.REVERSED") == 0;
    if (!dispute && !refund)
        return WEBHOOK_IGNORED;
    struct webhook_fact *fact = webhook_fact_add(facts);
    if (dispute ? !read_dispute(resource, fact) : !read_refund(resource, fact))
        return WEBHOOK_UNREADABLE;
    webhook_name(fact, "paypal", id);
    fact->occurred_us = answer_time(body, "create_time");
    fact->verified = is_verified(webhook, keys);
    return WEBHOOK_READ;
}
