/* Shopify's events: refunds/create and disputes/create, disputes/update
 * (https://shopify.dev/docs/api/webhooks); a body that is wrapped as REST answers are is read too.
 *
 * A refund has one fact per transaction of money. Its note names our payout. A payment is
 * ORDER/TRANSACTION/GATEWAY (provider_shopify.c), and known here by its beginning. */

#include "money.h"
#include "request.h"
#include "webhook_read.h"
#include "webhook_signature.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int64_t number(const json_t *object, const char *name)
{
    return (int64_t)json_integer_value(json_object_get(object, name));
}

static void set_reference(struct webhook_fact *fact, int64_t order, int64_t transaction)
{
    fact->prefix = true;
    if (transaction > 0)
        (void)snprintf(fact->references[0], sizeof fact->references[0], "%" PRId64 "/%" PRId64 "/",
                       order, transaction);
    else
        (void)snprintf(fact->references[0], sizeof fact->references[0], "%" PRId64 "/", order);
}

/* "Redress po_..." */
static void set_payout(struct webhook_fact *fact, const char *note)
{
    const char *at = strstr(note, "po_");
    char id[36] = "";
    if (at != NULL)
        (void)snprintf(id, sizeof id, "%.35s", at);
    if (webhook_is_payout(id))
        answer_copy(fact->payout_id, sizeof fact->payout_id, id);
}

static bool read_money(const json_t *object, struct webhook_fact *fact)
{
    answer_copy(fact->currency, sizeof fact->currency, answer_text(object, "currency"));
    return answer_decimal(answer_text(object, "amount"), fact->currency, &fact->amount_minor);
}

static const struct webhook_word STATUSES[] = {
    {"success", REFUND_STATUS_SUCCEEDED},
    {"pending", REFUND_STATUS_PENDING},
    {"failure", REFUND_STATUS_FAILED},
    {"error", REFUND_STATUS_FAILED},
    {NULL, 0},
};

static bool read_transaction(const json_t *refund, const json_t *transaction,
                             struct webhook_facts *facts)
{
    char id[WEBHOOK_EVENT_ID_MAX];
    struct webhook_fact *fact = webhook_fact_add(facts);
    const char *status = answer_text(transaction, "status");
    if (fact == NULL || !read_money(transaction, fact))
        return false;
    fact->status = (enum refund_status)webhook_meaning(STATUSES, status, REFUND_STATUS_NONE);
    fact->created_us = answer_time(refund, "created_at");
    fact->occurred_us = answer_time(transaction, "created_at");
    set_reference(fact, number(refund, "order_id"), number(transaction, "parent_id"));
    set_payout(fact, answer_text(refund, "note"));
    (void)snprintf(fact->provider_refund_id, sizeof fact->provider_refund_id,
                   "gid://shopify/Refund/%" PRId64, number(refund, "id"));
    (void)snprintf(id, sizeof id, "%" PRId64 "/%" PRId64 "/%.20s", number(refund, "id"),
                   number(transaction, "id"), status);
    webhook_name(fact, "shopify", id);
    return fact->status != REFUND_STATUS_NONE && number(refund, "id") > 0 &&
           number(refund, "order_id") > 0;
}

static enum webhook_result read_refund(const json_t *refund, struct webhook_facts *facts)
{
    const json_t *transactions = json_object_get(refund, "transactions");
    for (size_t i = 0; i < json_array_size(transactions); i++) {
        const json_t *transaction = json_array_get(transactions, i);
        if (strcmp(answer_text(transaction, "kind"), "refund") == 0 &&
            !read_transaction(refund, transaction, facts))
            return WEBHOOK_UNREADABLE;
    }
    return facts->count > 0 ? WEBHOOK_READ : WEBHOOK_IGNORED;
}

/* https://shopify.dev/docs/api/admin-rest/latest/resources/dispute */
static const struct webhook_word DISPUTES[] = {
    {"needs_response", DISPUTE_OPEN},
    {"under_review", DISPUTE_OPEN},
    {"charge_refunded", DISPUTE_WON},
    {"accepted", DISPUTE_LOST},
    {"won", DISPUTE_WON},
    {"lost", DISPUTE_LOST},
    {NULL, 0},
};

static enum webhook_result read_dispute(const json_t *dispute, struct webhook_facts *facts)
{
    char id[WEBHOOK_EVENT_ID_MAX];
    const char *status = answer_text(dispute, "status");
    struct webhook_fact *fact = webhook_fact_add(facts);
    bool inquiry = strcmp(answer_text(dispute, "type"), "inquiry") == 0;
    fact->dispute = true;
    fact->state = (enum dispute_state)webhook_meaning(DISPUTES, status, DISPUTE_NONE);
    if (fact->state == DISPUTE_NONE || !read_money(dispute, fact) || number(dispute, "id") <= 0)
        return WEBHOOK_UNREADABLE;
    if (number(dispute, "order_id") <= 0) {
        facts->count--; /* of no order */
        return WEBHOOK_IGNORED;
    }
    if (inquiry && fact->state == DISPUTE_OPEN)
        fact->state = DISPUTE_INQUIRY;
    fact->occurred_us = answer_time(dispute, "initiated_at");
    set_reference(fact, number(dispute, "order_id"), 0);
    answer_copy(fact->code, sizeof fact->code, answer_text(dispute, "reason"));
    (void)snprintf(fact->dispute_id, sizeof fact->dispute_id, "%" PRId64, number(dispute, "id"));
    (void)snprintf(id, sizeof id, "dispute/%" PRId64 "/%.20s", number(dispute, "id"), status);
    webhook_name(fact, "shopify", id);
    return WEBHOOK_READ;
}

enum webhook_result webhook_read_shopify(const struct webhook *webhook,
                                         const struct webhook_keys *keys, const json_t *body,
                                         struct webhook_facts *facts)
{
    const json_t *refund = json_object_get(body, "refund");
    const json_t *dispute = json_object_get(body, "dispute");
    if (json_is_object(json_object_get(body, "transactions")) ||
        json_is_array(json_object_get(body, "transactions")))
        refund = body;
    if (json_object_get(body, "network_reason_code") != NULL)
        dispute = body;
    enum webhook_result result = json_is_object(refund)    ? read_refund(refund, facts)
                                 : json_is_object(dispute) ? read_dispute(dispute, facts)
                                                           : WEBHOOK_IGNORED;
    bool verified = signature_base64(webhook_header(webhook, "x-shopify-hmac-sha256"),
                                     webhook->body, webhook->size, keys->shopify);
    for (size_t i = 0; i < facts->count; i++)
        facts->items[i].verified = verified;
    return result;
}
