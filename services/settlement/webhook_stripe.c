/* Stripe's events: https://docs.stripe.com/api/events/types.
 *
 * refund.created, refund.updated, refund.failed and charge.refund.updated carry a refund;
 * charge.dispute.* carries a dispute. A refund of ours has its payout id in the metadata. Other
 * events carry a charge or a payment intent, which tell both names of the payment. `account` is
 * that of a platform, where it is about one: https://docs.stripe.com/connect/webhooks */

#include "provider_stripe.h"
#include "request.h"
#include "webhook_read.h"

#include <string.h>

int webhook_meaning(const struct webhook_word *words, const char *word, int otherwise)
{
    for (; words->word != NULL; words++)
        if (strcmp(words->word, word) == 0)
            return words->meaning;
    return otherwise;
}

static void name_payment(struct webhook_fact *fact, const char *intent, const char *charge)
{
    answer_copy(fact->references[0], sizeof fact->references[0], intent);
    answer_copy(fact->references[1], sizeof fact->references[1], charge);
}

/* https://docs.stripe.com/api/charges/object and /payment_intents/object. False: it has one name.
 */
static bool read_names(const char *kind, const json_t *object, struct webhook_fact *fact)
{
    const char *id = answer_text(object, "id");
    fact->names = true;
    if (strcmp(kind, "charge") == 0)
        name_payment(fact, answer_text(object, "payment_intent"), id);
    else if (strcmp(kind, "payment_intent") == 0)
        name_payment(fact, id, answer_text(object, "latest_charge"));
    return fact->references[0][0] != '\0' && fact->references[1][0] != '\0';
}

static bool read_refund(const json_t *object, struct webhook_fact *fact)
{
    struct finding finding;
    const char *payout_id = answer_text(json_object_get(object, "metadata"), "payout_id");
    if (!stripe_read_refund(object, 200, &finding))
        return false;
    webhook_take_refund(fact, &finding, payout_id);
    return true;
}

/* https://docs.stripe.com/api/disputes/object#dispute_object-status. `prevented`: the money went
 * back as a refund, which is told by itself. */
static const struct webhook_word STATUSES[] = {
    {"warning_needs_response", DISPUTE_INQUIRY},
    {"warning_under_review", DISPUTE_INQUIRY},
    {"warning_closed", DISPUTE_WON},
    {"needs_response", DISPUTE_OPEN},
    {"under_review", DISPUTE_OPEN},
    {"won", DISPUTE_WON},
    {"lost", DISPUTE_LOST},
    {"prevented", DISPUTE_WON},
    {NULL, 0},
};

static bool read_dispute(const json_t *object, struct webhook_fact *fact)
{
    const json_t *amount = json_object_get(object, "amount");
    fact->dispute = true;
    fact->state =
        (enum dispute_state)webhook_meaning(STATUSES, answer_text(object, "status"), DISPUTE_NONE);
    answer_copy(fact->dispute_id, sizeof fact->dispute_id, answer_text(object, "id"));
    answer_copy(fact->code, sizeof fact->code, answer_text(object, "reason"));
    stripe_currency(answer_text(object, "currency"), fact->currency);
    return fact->state != DISPUTE_NONE && fact->dispute_id[0] != '\0' && json_is_integer(amount) &&
           stripe_amount((int64_t)json_integer_value(amount), fact->currency, &fact->amount_minor);
}

/* What the object says, and of which payment. Captures are reported under either of its names. */
static enum webhook_result read_object(const json_t *object, struct webhook_fact *fact)
{
    const char *kind = answer_text(object, "object");
    bool refund = strcmp(kind, "refund") == 0, dispute = strcmp(kind, "dispute") == 0;
    if (!refund && !dispute)
        return read_names(kind, object, fact) ? WEBHOOK_READ : WEBHOOK_IGNORED;
    if (refund ? !read_refund(object, fact) : !read_dispute(object, fact))
        return WEBHOOK_UNREADABLE;
    name_payment(fact, answer_text(object, "payment_intent"), answer_text(object, "charge"));
    return WEBHOOK_READ;
}

static bool is_signed(const struct webhook *webhook, const struct webhook_keys *keys,
                      struct key_account *account)
{
    return signature_stripe(webhook_header(webhook, "stripe-signature"), webhook->body,
                            webhook->size, keys->stripe, webhook->received_us, WEBHOOK_TOLERANCE_S,
                            account);
}

enum webhook_result webhook_read_stripe(const struct webhook *webhook,
                                        const struct webhook_keys *keys, const json_t *body,
                                        struct webhook_facts *facts)
{
    const json_t *object = json_object_get(json_object_get(body, "data"), "object");
    const char *id = answer_text(body, "id"), *type = answer_text(body, "type");
    struct key_account account = {"", 0};
    int64_t created = (int64_t)json_integer_value(json_object_get(body, "created"));
    if (strcmp(answer_text(body, "object"), "event") != 0 || id[0] == '\0' || type[0] == '\0')
        return WEBHOOK_UNREADABLE;
    struct webhook_fact *fact = webhook_fact_add(facts);
    enum webhook_result result = read_object(object, fact);
    if (result != WEBHOOK_READ)
        return result;
    webhook_name(fact, "stripe", id);
    if (created > 0 && created < INT64_MAX / 1000000)
        fact->occurred_us = created * 1000000;
    bool holds = is_signed(webhook, keys, &account);
    fact->verified = webhook_take_account(fact, answer_text(body, "account"), account) && holds;
    return WEBHOOK_READ;
}
