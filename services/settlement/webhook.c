#include "webhook.h"

#include "request.h"
#include "webhook_read.h"

#include <stdio.h>
#include <string.h>

const char *webhook_header(const struct webhook *webhook, const char *name)
{
    for (size_t i = 0; i < webhook->header_count; i++)
        if (strcmp(webhook->headers[i].name, name) == 0)
            return webhook->headers[i].value;
    return "";
}

struct webhook_fact *webhook_fact_add(struct webhook_facts *facts)
{
    if (facts->count == WEBHOOK_FACTS_MAX)
        return NULL;
    struct webhook_fact *fact = &facts->items[facts->count++];
    memset(fact, 0, sizeof *fact);
    return fact;
}

void webhook_name(struct webhook_fact *fact, const char *provider, const char *id)
{
    char text[WEBHOOK_EVENT_ID_MAX + 64];
    (void)snprintf(text, sizeof text, "%s/%.*s", provider, (int)WEBHOOK_EVENT_ID_MAX, id);
    answer_copy(fact->event_id, sizeof fact->event_id - sizeof "/unverified", text);
}

/* Stripe names accounts of a platform only, and Adyen each. PayPal names the merchant now and then,
 * and signs for one webhook of one application; the others have one shop. */
enum webhook_standing webhook_standing(int provider, const char *account, const char *of_payment)
{
    if (strcmp(account, of_payment) == 0)
        return WEBHOOK_SAME_ACCOUNT;
    if (account[0] != '\0' && of_payment[0] != '\0')
        return WEBHOOK_OTHER_ACCOUNT;
    return provider == PROVIDER_STRIPE || provider == PROVIDER_ADYEN ? WEBHOOK_UNKNOWN_ACCOUNT
                                                                     : WEBHOOK_SAME_ACCOUNT;
}

bool webhook_is_payout(const char *text)
{
    return strncmp(text, "po_", 3) == 0 && strlen(text) == 35 &&
           strspn(text + 3, "0123456789abcdef") == 32;
}

bool webhook_take_account(struct webhook_fact *fact, const char *named, struct key_account bound)
{
    answer_copy(fact->account, sizeof fact->account, named);
    if (bound.size == 0 || bound.size >= sizeof fact->account)
        return bound.size == 0;
    if (named[0] == '\0')
        (void)snprintf(fact->account, sizeof fact->account, "%.*s", (int)bound.size, bound.text);
    return strlen(fact->account) == bound.size &&
           strncmp(fact->account, bound.text, bound.size) == 0;
}

void webhook_take_refund(struct webhook_fact *fact, const struct finding *finding,
                         const char *payout_id)
{
    if (webhook_is_payout(payout_id))
        answer_copy(fact->payout_id, sizeof fact->payout_id, payout_id);
    answer_copy(fact->provider_refund_id, sizeof fact->provider_refund_id,
                finding->provider_refund_id);
    answer_copy(fact->currency, sizeof fact->currency, finding->currency);
    answer_copy(fact->code, sizeof fact->code, finding->code);
    fact->amount_minor = finding->amount_minor;
    fact->status = finding->status;
    fact->created_us = finding->created_us;
}

/* Somebody who cannot sign must not be able to say first, and so for good, what a provider says
 * under the same id. */
static void mark_unverified(struct webhook_facts *facts)
{
    for (size_t i = 0; i < facts->count; i++)
        if (!facts->items[i].verified)
            (void)strcat(facts->items[i].event_id, "/unverified");
}

enum webhook_result webhook_read(const struct webhook *webhook, const struct webhook_keys *keys,
                                 struct webhook_facts *facts)
{
    static webhook_reader *const readers[PROVIDERS] = {
        [PROVIDER_STRIPE] = webhook_read_stripe,   [PROVIDER_ADYEN] = webhook_read_adyen,
        [PROVIDER_PAYPAL] = webhook_read_paypal,   [PROVIDER_MANUAL] = webhook_read_manual,
        [PROVIDER_SHOPIFY] = webhook_read_shopify,
    };
    facts->count = 0;
    if (webhook->provider <= PROVIDER_NONE || webhook->provider >= PROVIDERS ||
        readers[webhook->provider] == NULL)
        return WEBHOOK_UNREADABLE;
    json_t *body = answer_json(webhook->body, webhook->size);
    enum webhook_result result = json_is_object(body)
                                     ? readers[webhook->provider](webhook, keys, body, facts)
                                     : WEBHOOK_UNREADABLE;
    json_decref(body);
    if (result == WEBHOOK_READ)
        mark_unverified(facts);
    return result;
}
