/* Adyen, Checkout API v71: refunds of captured payments.
 *
 *     https://docs.adyen.com/api-explorer/Checkout/71/post/payments/{paymentPspReference}/refunds
 *         201 with status `received`, always; the result comes by webhook (webhook_adyen.c)
 *     https://docs.adyen.com/development-resources/api-idempotency
 *         keys of at most 64 characters; the first answer is given again; while the first request
 * is worked on: 422, error 704 https://docs.adyen.com/development-resources/error-codes errorCode,
 * errorType https://docs.adyen.com/online-payments/refund an amount above what is left: accepted,
 * and refused by webhook
 *
 * Stricter than documented, so that careless clients are found: a key and a reference are demanded,
 * and a key that comes again with another body is refused. */

#include "dialect.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { ADYEN_KEY_MAX = 64, REFERENCE_MAX = 80 };

/* Twelve digits, so that no sum of all refunds overflows. */
#define AMOUNT_MAX INT64_C(999999999999)

/* The error types of https://docs.adyen.com/development-resources/error-codes */
static void refuse(struct answer *answer, unsigned status, const char *code, const char *type,
                   const char *message)
{
    struct out *body = &answer->body;
    answer->status = status;
    out_clear(body);
    out_printf(body, "{\"status\":%u,\"errorCode\":\"%s\",\"message\":", status, code);
    out_string(body, message);
    out_printf(body, ",\"errorType\":\"%s\"}", type);
}

/* The wording of these is not documented. */
static void trouble(struct answer *answer, unsigned status)
{
    if (status == 429)
        refuse(answer, 429, "000", "security", "HTTP Status Response - Too Many Requests");
    else
        refuse(answer, status, "000", "internal", "HTTP Status Response - Internal Error");
}

/* X-API-Key, or Basic: https://docs.adyen.com/development-resources/api-authentication */
static enum status authenticate(struct sandbox *sandbox, const struct request *request,
                                struct answer *answer)
{
    const char *key = request->adyen_key;
    bool basic = request->authorization != NULL &&
                 strncasecmp(request->authorization, "Basic ", 6) == 0 &&
                 request->authorization[6] != '\0';
    bool let_in = key != NULL ? *key != '\0' && (*sandbox->options.adyen_key == '\0' ||
                                                 strcmp(key, sandbox->options.adyen_key) == 0)
                              : basic;
    if (let_in)
        return STATUS_OK;
    refuse(answer, 401, "000", "security", "HTTP Status Response - Unauthorized");
    return STATUS_INVALID;
}

static enum status read_body(struct request *request, struct answer *answer)
{
    bool is_json = request->content_type != NULL &&
                   strncasecmp(request->content_type, "application/json", 16) == 0;
    if (!is_json)
        refuse(answer, 415, "000", "validation", "HTTP Status Response - Unsupported Media Type");
    else if (request->body_too_large || !request_read_json(request))
        refuse(answer, 400, "702", "validation", "The request is not a JSON object");
    else
        return STATUS_OK;
    return STATUS_INVALID;
}

/* "EUR" to "eur", as the store keeps it. */
static bool lower_currency(const char *text, char code[4])
{
    bool good = text != NULL && strlen(text) == 3;
    for (int i = 0; i < 4; i++) {
        good = good && (i == 3 || isupper((unsigned char)text[i]));
        code[i] = good ? (char)tolower((unsigned char)text[i]) : '\0';
    }
    return good;
}

static bool only_known(const json_t *json)
{
    static const char *const known[] = {"amount",
                                        "applicationInfo",
                                        "capturePspReference",
                                        "enhancedSchemeData",
                                        "lineItems",
                                        "merchantAccount",
                                        "merchantRefundReason",
                                        "reference",
                                        "splits",
                                        "store"};
    size_t found = 0;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        found += json_object_get(json, known[i]) != NULL;
    return found == json_object_size(json);
}

static bool reason_is_known(const json_t *json)
{
    static const char *const known[] = {"FRAUD", "CUSTOMER REQUEST", "RETURN", "DUPLICATE",
                                        "OTHER"};
    const json_t *reason = json_object_get(json, "merchantRefundReason");
    if (reason == NULL || json_is_null(reason))
        return true;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (json_is_string(reason) && strcmp(json_string_value(reason), known[i]) == 0)
            return true;
    return false;
}

/* What the description of the API demands, in the order in which it is looked at. */
static enum status read_plain(const struct sandbox *sandbox, const struct request *request,
                              struct plain_refund *plain, struct answer *answer)
{
    const json_t *json = request->json;
    const json_t *amount = json_object_get(json, "amount");
    const json_t *value = json_object_get(amount, "value");
    const char *account = json_text(json, "merchantAccount");
    const char *reference = json_text(json, "reference");
    const char *wanted = sandbox->options.adyen_merchant;
    *plain = (struct plain_refund){
        .payment = request->id, .dialect = DIALECT_ADYEN, .status = REFUND_PENDING};
    if (!only_known(json))
        refuse(answer, 422, "702", "validation", "Structure of PaymentRefundRequest is invalid");
    else if (account == NULL || (*wanted != '\0' && strcmp(account, wanted) != 0))
        refuse(answer, 403, "901", "security", "Invalid Merchant Account");
    else if (!json_is_object(amount) || !json_is_integer(value))
        refuse(answer, 422, "100", "validation", "No amount specified");
    else if (!lower_currency(json_text(amount, "currency"), plain->currency))
        refuse(answer, 422, "138", "validation", "Unsupported currency specified");
    else if (json_integer_value(value) < 1 || json_integer_value(value) > AMOUNT_MAX)
        refuse(answer, 422, "137", "validation", "Invalid amount specified");
    else if (reference == NULL || *reference == '\0' || strlen(reference) > REFERENCE_MAX)
        refuse(answer, 422, "130", "validation", "Reference Missing");
    else if (!reason_is_known(json))
        refuse(answer, 422, "702", "validation", "Invalid merchantRefundReason");
    else if (request->key == NULL || *request->key == '\0')
        refuse(answer, 422, "702", "validation", "The sandbox demands an Idempotency-Key");
    else {
        plain->amount = json_integer_value(value);
        return STATUS_OK;
    }
    return STATUS_INVALID;
}

static const char *pack(struct sandbox *sandbox, const struct request *request)
{
    static const char *const kept[] = {"merchantAccount", "reference", "merchantRefundReason"};
    struct store *store = &sandbox->store;
    metadata_pack_begin(store);
    metadata_pack(store, sandbox->options.payout_key, json_text(request->json, "reference"));
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        if (json_text(request->json, kept[i]) != NULL)
            metadata_pack(store, kept[i], json_text(request->json, kept[i]));
    return metadata_pack_end(store);
}

/* As it was answered first, as nothing of it changes. */
static void write_received(struct out *out, const struct store *store, uint32_t number)
{
    const struct refund *refund = &store->refunds[number];
    const struct payment *payment = &store->payments[refund->payment];
    const char *reason = metadata_get(refund->metadata, "merchantRefundReason");
    char id[STORE_ID_ROOM];
    char code[4];
    out_raw(out, "{\"merchantAccount\":");
    out_string(out, metadata_get(refund->metadata, "merchantAccount"));
    out_raw(out, ",\"paymentPspReference\":");
    out_string(out, payment->id);
    out_raw(out, ",\"reference\":");
    out_string(out, metadata_get(refund->metadata, "reference"));
    out_raw(out, ",\"pspReference\":");
    out_string(out, refund_id(store, number, id));
    out_raw(out, ",\"status\":\"received\",\"amount\":{\"currency\":");
    out_string(out, currency_upper(store, payment, code));
    out_raw(out, ",\"value\":");
    out_int(out, refund->amount);
    out_raw(out, "}");
    if (reason != NULL) {
        out_raw(out, ",\"merchantRefundReason\":");
        out_string(out, reason);
    }
    out_raw(out, "}");
}

void adyen_refund(struct sandbox *sandbox, const struct request *request, const struct key_use *use,
                  struct answer *answer)
{
    struct plain_refund plain;
    if (read_plain(sandbox, request, &plain, answer) != STATUS_OK)
        return;
    uint32_t payment = plain_payment(sandbox, &plain);
    if (payment == STORE_NONE) {
        refuse(answer, 422, "167", "validation",
               "Original pspReference required for this operation");
        return;
    }
    if (strcmp(payment_currency(&sandbox->store, &sandbox->store.payments[payment]),
               plain.currency) != 0) {
        refuse(answer, 422, "138", "validation", "The currency is not that of the payment");
        return;
    }
    const struct payment *row = &sandbox->store.payments[payment];
    plain.refuse = row->disputed > 0 || plain.amount > payment_left(row);
    const char *metadata = pack(sandbox, request);
    answer->begun = true;
    if (metadata != NULL)
        answer->made = plain_refund_add(sandbox, &plain, payment, metadata, use);
    if (answer->made == STORE_NONE) {
        trouble(answer, 500);
        return;
    }
    answer->status = 201;
    write_received(&answer->body, &sandbox->store, answer->made);
}

static void replay(struct sandbox *sandbox, uint32_t slot, const struct key_use *use,
                   struct answer *answer)
{
    const struct key_record *record = &sandbox->keys.records[slot];
    if (record->in_use) {
        refuse(answer, 422, "704", "validation", "request already processed or in progress");
    } else if (record->fingerprint != use->fingerprint) {
        refuse(answer, 422, "702", "validation", "The sandbox: another request had this key");
    } else {
        answer->status = 201;
        answer->replayed = true;
        write_received(&answer->body, &sandbox->store, record->refund);
    }
}

const struct dialect_rules dialect_adyen = {
    .trouble = trouble,
    .authenticate = authenticate,
    .read_body = read_body,
    .replay = replay,
    .key_max = ADYEN_KEY_MAX,
};
