/* Adyen's standard webhooks:
 *
 *     https://docs.adyen.com/development-resources/webhooks/webhook-types
 *     https://docs.adyen.com/online-payments/refund#refund-webhook
 *     https://docs.adyen.com/risk-management/disputes-api/dispute-notifications
 *
 * pspReference is the refund's or the dispute's, originalReference the payment's,
 * merchantAccountCode (which is signed, too) says whose they are; merchantReference
 * of a refund is what was sent as its reference: our payout id. Adyen tells the same event again
 * until it is taken, and in any order: pspReference, eventCode and success name it. A chargeback
 * that was reversed can come back as a second one, which is a dispute of its own here. */

#include "provider_adyen.h"
#include "request.h"
#include "webhook_read.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum event_kind { EVENT_OTHER, EVENT_REFUND, EVENT_REFUND_ENDED, EVENT_DISPUTE };

/* X(eventCode, kind, state of the dispute, of a second dispute) */
#define EVENT_ROWS(X)                                   \
    X(REFUND, REFUND, NONE, false)                      \
    X(CANCEL_OR_REFUND, REFUND, NONE, false)            \
    X(REFUND_FAILED, REFUND_ENDED, NONE, false)         \
    X(REFUNDED_REVERSED, REFUND_ENDED, NONE, false)     \
    X(REQUEST_FOR_INFORMATION, DISPUTE, INQUIRY, false) \
    X(NOTIFICATION_OF_CHARGEBACK, DISPUTE, OPEN, false) \
    X(CHARGEBACK, DISPUTE, OPEN, false)                 \
    X(CHARGEBACK_REVERSED, DISPUTE, WON, false)         \
    X(SECOND_CHARGEBACK, DISPUTE, LOST, true)           \
    X(PREARBITRATION_LOST, DISPUTE, LOST, true)         \
    X(PREARBITRATION_WON, DISPUTE, WON, true)           \
    X(ISSUER_RESPONSE_TIMEFRAME_EXPIRED, DISPUTE, WON, false)

struct event_row {
    const char *code;
    enum event_kind kind;
    enum dispute_state state;
    bool second;
};

static const struct event_row *row_of(const char *code)
{
    static const struct event_row rows[] = {
#define X(code, kind, state, second) {#code, EVENT_##kind, DISPUTE_##state, second},
        EVENT_ROWS(X)
#undef X
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].code, code) == 0)
            return &rows[i];
    return NULL;
}

/* "Insufficient balance on payment" to insufficient_balance_on_payment, as failure.c lists it. */
static void set_code(struct webhook_fact *fact, const char *reason)
{
    answer_copy(fact->code, sizeof fact->code, reason);
    for (char *at = fact->code; *at != '\0'; at++)
        *at = isalnum((unsigned char)*at) ? (char)tolower((unsigned char)*at)
              : (unsigned char)*at < 0x80 ? '_'
                                          : *at;
}

static bool is_true(const json_t *value)
{
    const char *text = json_string_value(value);
    return json_is_true(value) || (text != NULL && strcmp(text, "true") == 0);
}

/* A number, or digits as text. */
static bool read_amount(const json_t *item, struct webhook_fact *fact)
{
    const json_t *amount = json_object_get(item, "amount");
    const json_t *value = json_object_get(amount, "value");
    int64_t number = (int64_t)json_integer_value(value);
    if (json_is_string(value)) {
        const char *text = json_string_value(value);
        if (text[0] == '\0' || strlen(text) > 15 || strspn(text, "0123456789") != strlen(text))
            return false;
        (void)sscanf(text, "%15" SCNd64, &number);
    } else if (!json_is_integer(value)) {
        return false;
    }
    answer_copy(fact->currency, sizeof fact->currency, answer_text(amount, "currency"));
    return adyen_amount(number, fact->currency, &fact->amount_minor);
}

static void set_refund(const json_t *item, const struct event_row *row, bool success,
                       struct webhook_fact *fact)
{
    const char *reference = answer_text(item, "merchantReference");
    bool failed = row->kind == EVENT_REFUND_ENDED || !success;
    fact->status = failed ? REFUND_STATUS_FAILED : REFUND_STATUS_SUCCEEDED;
    if (failed)
        set_code(fact, answer_text(item, "reason"));
    if (webhook_is_payout(reference))
        answer_copy(fact->payout_id, sizeof fact->payout_id, reference);
    answer_copy(fact->provider_refund_id, sizeof fact->provider_refund_id,
                answer_text(item, "pspReference"));
}

static void set_dispute(const json_t *item, const struct event_row *row, struct webhook_fact *fact)
{
    char id[PROVIDER_ID_MAX];
    (void)snprintf(id, sizeof id, "%.100s%s", answer_text(item, "pspReference"),
                   row->second ? "/2" : "");
    fact->dispute = true;
    fact->state = row->state;
    answer_copy(fact->dispute_id, sizeof fact->dispute_id, id);
    set_code(fact, answer_text(item, "reason"));
}

/* A cancellation of what was not captured yet gives no money back. */
static bool is_refund(const json_t *item, const char *code)
{
    const json_t *more = json_object_get(item, "additionalData");
    return strcmp(code, "CANCEL_OR_REFUND") != 0 ||
           strcmp(answer_text(more, "modification.action"), "refund") == 0;
}

static enum webhook_result read_item(const json_t *item, const struct webhook_keys *keys,
                                     struct webhook_facts *facts)
{
    char id[WEBHOOK_EVENT_ID_MAX];
    struct key_account account = {"", 0};
    const char *code = answer_text(item, "eventCode"), *psp = answer_text(item, "pspReference");
    bool success = is_true(json_object_get(item, "success"));
    const struct event_row *row = row_of(code);
    if (code[0] == '\0' || psp[0] == '\0' || strlen(psp) > 100)
        return WEBHOOK_UNREADABLE;
    if (row == NULL || !is_refund(item, code) || (row->kind != EVENT_REFUND && !success))
        return WEBHOOK_IGNORED;
    struct webhook_fact *fact = webhook_fact_add(facts);
    if (fact == NULL || !read_amount(item, fact))
        return WEBHOOK_UNREADABLE;
    if (row->kind == EVENT_DISPUTE)
        set_dispute(item, row, fact);
    else
        set_refund(item, row, success, fact);
    (void)snprintf(id, sizeof id, "%s/%s/%s", psp, code, success ? "true" : "false");
    webhook_name(fact, "adyen", id);
    answer_copy(fact->references[0], sizeof fact->references[0],
                answer_text(item, "originalReference"));
    fact->occurred_us = answer_time(item, "eventDate");
    bool holds = signature_adyen(item, keys->adyen, &account);
    fact->verified =
        webhook_take_account(fact, answer_text(item, "merchantAccountCode"), account) && holds;
    return WEBHOOK_READ;
}

enum webhook_result webhook_read_adyen(const struct webhook *webhook,
                                       const struct webhook_keys *keys, const json_t *body,
                                       struct webhook_facts *facts)
{
    const json_t *items = json_object_get(body, "notificationItems");
    enum webhook_result result = WEBHOOK_IGNORED;
    (void)webhook;
    if (!json_is_array(items))
        return WEBHOOK_UNREADABLE;
    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *item = json_object_get(json_array_get(items, i), "NotificationRequestItem");
        enum webhook_result one = read_item(item, keys, facts);
        if (one == WEBHOOK_UNREADABLE)
            return one;
        if (one == WEBHOOK_READ)
            result = one;
    }
    return result;
}
