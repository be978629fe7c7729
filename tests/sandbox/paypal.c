/* PayPal: access tokens, and refunds of captures in Payments v2.
 *
 *     https://developer.paypal.com/api/rest/authentication/     POST /v1/oauth2/token
 *     https://developer.paypal.com/docs/api/payments/v2/#captures_refund
 *         201 with the refund; errors with name, message, debug_id and details[].issue; 409 while a
 *         request with the same PayPal-Request-Id runs; the server stores keys for 45 days
 *     https://developer.paypal.com/reference/guidelines/idempotency/
 *         a key that comes again gets the latest status of what the first made
 *     https://developer.paypal.com/reference/currency-codes/    HUF, JPY and TWD have no decimals
 *
 * Stricter than documented, so that careless clients are found: a PayPal-Request-Id and an amount
 * are demanded, and a key that comes again with another body is refused. */

#include "dialect.h"

#include "common/money.h"

#include <ctype.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    PAYPAL_KEY_MAX = 108,
    CUSTOM_MAX = 127,
    NOTE_MAX = 255,
    PAIR_MAX = 1024,
    TOKEN_HEX = 40,
    TOKEN_LIFE_S = 32400
};

#define AMOUNT_MAX INT64_C(999999999999)

/* X(status, name, message) as the description of the API has them */
#define ERROR_ROWS(X)                                                                            \
    X(400, "INVALID_REQUEST",                                                                    \
      "Request is not well-formed, syntactically incorrect, or violates schema.")                \
    X(401, "AUTHENTICATION_FAILURE",                                                             \
      "Authentication failed due to missing authorization header, or invalid authentication "    \
      "credentials.")                                                                            \
    X(404, "RESOURCE_NOT_FOUND", "The specified resource does not exist.")                       \
    X(409, "RESOURCE_CONFLICT",                                                                  \
      "The server has detected a conflict while processing this request.")                       \
    X(415, "UNSUPPORTED_MEDIA_TYPE",                                                             \
      "The server does not support the request payload's media type.")                           \
    X(422, "UNPROCESSABLE_ENTITY",                                                               \
      "The requested action could not be performed, semantically incorrect, or failed business " \
      "validation.")                                                                             \
    X(429, "RATE_LIMIT_REACHED", "Too many requests. Blocked due to rate limiting.")             \
    X(500, "INTERNAL_SERVER_ERROR", "An internal server error has occurred.")                    \
    X(503, "SERVICE_UNAVAILABLE", "Service Unavailable.")

/* `issue` may be NULL. */
static void refuse(struct answer *answer, unsigned status, const char *issue,
                   const char *description)
{
    static const struct {
        unsigned status;
        const char *name, *message;
    } rows[] = {
#define X(status, name, message) {status, name, message},
        ERROR_ROWS(X)
#undef X
    };
    size_t row = 0;
    while (rows[row].status != status)
        row++;
    struct out *body = &answer->body;
    answer->status = status;
    out_clear(body);
    out_printf(body, "{\"name\":\"%s\",\"message\":\"%s\",\"debug_id\":\"90957fca61718\"",
               rows[row].name, rows[row].message);
    if (issue != NULL) {
        out_printf(body, ",\"details\":[{\"issue\":\"%s\",\"description\":", issue);
        out_string(body, description);
        out_raw(body, "}]");
    }
    out_raw(body, "}");
}

static void trouble(struct answer *answer, unsigned status)
{
    refuse(answer, status, NULL, NULL);
}

/* Tokens. */

/* A token is a hash of the log's salt, so that those of one log hold for its restarts. */
static const char *token_of(const struct sandbox *sandbox, char token[TOKEN_HEX + 8])
{
    unsigned char hash[TOKEN_HEX / 2];
    char hex[TOKEN_HEX + 1];
    crypto_generichash(hash, sizeof hash, (const unsigned char *)&sandbox->store.salt,
                       sizeof sandbox->store.salt, (const unsigned char *)"paypal token 16+", 16);
    (void)sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    (void)snprintf(token, TOKEN_HEX + 8, "A21AA%s", hex);
    return token;
}

static bool client_is_known(const struct sandbox *sandbox, const char *authorization)
{
    char pair[PAIR_MAX];
    size_t size;
    if (authorization == NULL || strncasecmp(authorization, "Basic ", 6) != 0 ||
        sodium_base642bin((unsigned char *)pair, sizeof pair - 1, authorization + 6,
                          strlen(authorization + 6), NULL, &size, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0)
        return false;
    pair[size] = '\0';
    const char *colon = strchr(pair, ':');
    const char *wanted = sandbox->options.paypal_client;
    return colon != NULL && colon != pair && colon[1] != '\0' &&
           (*wanted == '\0' || strcmp(wanted, pair) == 0);
}

void paypal_token(struct sandbox *sandbox, const struct request *request, const struct key_use *use,
                  struct answer *answer)
{
    char token[TOKEN_HEX + 8];
    const char *grant = form_get(&request->form, "grant_type");
    (void)use;
    if (!client_is_known(sandbox, request->authorization)) {
        answer->status = 401;
        out_raw(&answer->body, "{\"error\":\"invalid_client\",\"error_description\":\"Client "
                               "Authentication failed\"}");
    } else if (grant == NULL || strcmp(grant, "client_credentials") != 0) {
        answer->status = 400;
        out_raw(&answer->body, "{\"error\":\"unsupported_grant_type\",\"error_description\":"
                               "\"Grant Type is NULL or unsupported\"}");
    } else {
        out_printf(&answer->body,
                   "{\"scope\":\"https://uri.paypal.com/services/payments/refund\","
                   "\"access_token\":\"%s\",\"token_type\":\"Bearer\",\"app_id\":\"APP-"
                   "80W284485P519543T\","
                   "\"expires_in\":%d,\"nonce\":\"sandbox\"}",
                   token_of(sandbox, token), TOKEN_LIFE_S);
    }
}

static bool is_token_request(const struct request *request)
{
    return strncmp(request->path, "/v1/", 4) == 0;
}

static enum status authenticate(struct sandbox *sandbox, const struct request *request,
                                struct answer *answer)
{
    char token[TOKEN_HEX + 8];
    if (is_token_request(request))
        return STATUS_OK; /* judged by the endpoint */
    if (!faults_strike(&sandbox->faults, FAULT_TOKEN_EXPIRED) && request->authorization != NULL &&
        strncasecmp(request->authorization, "Bearer ", 7) == 0 &&
        strcmp(request->authorization + 7, token_of(sandbox, token)) == 0)
        return STATUS_OK;
    answer->status = 401;
    out_raw(&answer->body,
            "{\"error\":\"invalid_token\",\"error_description\":\"Token signature verification "
            "failed\"}");
    return STATUS_INVALID;
}

static enum status read_body(struct request *request, struct answer *answer)
{
    bool is_json = request->content_type != NULL &&
                   strncasecmp(request->content_type, "application/json", 16) == 0;
    if (strcmp(request->method, "GET") == 0)
        return STATUS_OK;
    if (is_token_request(request)) {
        if (request->body != NULL && form_parse(&request->form, request->body) == NULL)
            return STATUS_OK;
        refuse(answer, 400, NULL, NULL);
    } else if (!is_json) {
        refuse(answer, 415, NULL, NULL);
    } else if (request->body_too_large || !request_read_json(request)) {
        refuse(answer, 400, "MALFORMED_REQUEST_JSON", "The request JSON is not well formed.");
    } else {
        return STATUS_OK;
    }
    return STATUS_INVALID;
}

/* Amounts: decimal text there, minor units of ISO 4217 here. */

static int decimals_of(const char *currency)
{
    static const char *const whole[] = {"HUF", "JPY", "TWD"};
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
        if (strcmp(whole[i], currency) == 0)
            return 0;
    return currency_exponent(currency);
}

/* What is wrong as an issue, or NULL. */
static const char *read_value(const char *text, const char *currency, int64_t *minor)
{
    int decimals = decimals_of(currency);
    int64_t number = 0;
    const char *digit = text;
    for (; isdigit((unsigned char)*digit) && number <= AMOUNT_MAX; digit++)
        number = number * 10 + (*digit - '0');
    if (digit == text)
        return *text == '-' ? "CANNOT_BE_ZERO_OR_NEGATIVE" : "INVALID_PARAMETER_SYNTAX";
    int seen = 0;
    if (*digit == '.')
        for (digit++; isdigit((unsigned char)*digit) && number <= AMOUNT_MAX; digit++, seen++)
            number = number * 10 + (*digit - '0');
    if (*digit != '\0' || number > AMOUNT_MAX)
        return "INVALID_PARAMETER_SYNTAX";
    if (seen > decimals)
        return decimals == 0 ? "DECIMALS_NOT_SUPPORTED" : "DECIMAL_PRECISION";
    for (int exponent = currency_exponent(currency); seen < exponent; seen++)
        number *= 10;
    *minor = number;
    return number == 0 ? "CANNOT_BE_ZERO_OR_NEGATIVE" : NULL;
}

void paypal_write_value(struct out *out, int64_t minor, const char *currency)
{
    int64_t unit = 1;
    int decimals = decimals_of(currency);
    for (int i = currency_exponent(currency); i > decimals; i--)
        minor /= 10;
    for (int i = 0; i < decimals; i++)
        unit *= 10;
    if (decimals == 0)
        out_printf(out, "\"%" PRId64 "\"", minor);
    else
        out_printf(out, "\"%" PRId64 ".%0*" PRId64 "\"", minor / unit, decimals, minor % unit);
}

/* Refunds. */

static const char *paypal_status(enum refund_status status)
{
    static const char *const texts[REFUND_STATUSES] = {
        [REFUND_PENDING] = "PENDING",     [REFUND_REQUIRES_ACTION] = "PENDING",
        [REFUND_SUCCEEDED] = "COMPLETED", [REFUND_FAILED] = "FAILED",
        [REFUND_CANCELED] = "CANCELLED",
    };
    return texts[status];
}

static void put_kept(struct out *out, const struct refund *refund, const char *name)
{
    const char *value = metadata_get(refund->metadata, name);
    if (value == NULL)
        return;
    out_printf(out, ",\"%s\":", name);
    out_string(out, value);
}

static void put_link(struct out *out, const char *comma, const char *kind, const char *id,
                     const char *rel)
{
    out_printf(out,
               "%s{\"href\":\"https://api-m.sandbox.paypal.com/v2/payments/%s/%s\",\"rel\":\"%s\","
               "\"method\":\"GET\"}",
               comma, kind, id, rel);
}

void paypal_write_refund(struct out *out, const struct store *store, uint32_t number)
{
    const struct refund *refund = &store->refunds[number];
    const struct payment *payment = &store->payments[refund->payment];
    char id[STORE_ID_ROOM];
    char code[4];
    char when[32];
    time_t seconds = (time_t)(refund->created_us / 1000000);
    struct tm utc;
    (void)strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &utc));
    out_raw(out, "{\"id\":");
    out_string(out, refund_id(store, number, id));
    out_raw(out, ",\"amount\":{\"currency_code\":");
    out_string(out, currency_upper(store, payment, code));
    out_raw(out, ",\"value\":");
    paypal_write_value(out, refund->amount, code);
    out_printf(out, "},\"status\":\"%s\"", paypal_status(refund->status));
    if (refund->status == REFUND_PENDING)
        out_raw(out, ",\"status_details\":{\"reason\":\"ECHECK\"}");
    put_kept(out, refund, "custom_id");
    put_kept(out, refund, "invoice_id");
    put_kept(out, refund, "note_to_payer");
    out_printf(out, ",\"create_time\":\"%s\",\"update_time\":\"%s\",\"links\":[", when, when);
    put_link(out, "", "refunds", id, "self");
    put_link(out, ",", "captures", payment->id, "up");
    out_raw(out, "]}");
}

static bool fits(const json_t *json, const char *name, size_t most)
{
    const json_t *member = json_object_get(json, name);
    size_t size = json_string_length(member);
    return member == NULL || (json_is_string(member) && size >= 1 && size <= most);
}

static bool only_known(const json_t *json)
{
    static const char *const known[] = {"amount", "custom_id", "invoice_id", "note_to_payer",
                                        "payment_instruction"};
    size_t found = 0;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        found += json_object_get(json, known[i]) != NULL;
    return found == json_object_size(json);
}

static enum status read_plain(const struct request *request, struct plain_refund *plain,
                              struct answer *answer)
{
    const json_t *json = request->json;
    const json_t *amount = json_object_get(json, "amount");
    const char *code = json_text(amount, "currency_code");
    const char *value = json_text(amount, "value");
    *plain = (struct plain_refund){
        .payment = request->id, .dialect = DIALECT_PAYPAL, .status = REFUND_SUCCEEDED};
    if (!only_known(json) || !fits(json, "custom_id", CUSTOM_MAX) ||
        !fits(json, "invoice_id", CUSTOM_MAX) || !fits(json, "note_to_payer", NOTE_MAX)) {
        refuse(answer, 400, "INVALID_PARAMETER_VALUE", "A member is unknown, too long or no text.");
        return STATUS_INVALID;
    }
    if (code == NULL || value == NULL || request->key == NULL || *request->key == '\0') {
        refuse(answer, 400, "MISSING_REQUIRED_PARAMETER",
               "The sandbox demands an amount and a PayPal-Request-Id.");
        return STATUS_INVALID;
    }
    if (strlen(code) != 3 || currency_exponent(code) < 0) {
        refuse(answer, 422, "INVALID_CURRENCY_CODE", "Currency code is invalid.");
        return STATUS_INVALID;
    }
    const char *issue = read_value(value, code, &plain->amount);
    if (issue != NULL) {
        refuse(answer, strncmp(issue, "INVALID", 7) == 0 ? 400 : 422, issue, value);
        return STATUS_INVALID;
    }
    for (int i = 0; i < 4; i++)
        plain->currency[i] = (char)tolower((unsigned char)code[i]);
    return STATUS_OK;
}

/* What the capture must allow; the words are those of the API's description. */
static enum status admit(const struct store *store, const struct payment *payment,
                         const struct plain_refund *plain, struct answer *answer)
{
    int64_t left = payment_left(payment);
    if (strcmp(payment_currency(store, payment), plain->currency) != 0)
        refuse(answer, 422, "REFUND_CAPTURE_CURRENCY_MISMATCH",
               "Refund must be in the same currency as the capture");
    else if (payment->disputed > 0)
        refuse(answer, 422, "REFUND_NOT_PERMITTED_DUE_TO_CHARGEBACK",
               "Refunds are not allowed on this capture due to a chargeback on the card or bank. "
               "Please contact the payee to resolve the chargeback.");
    else if (left <= 0)
        refuse(answer, 422, "CAPTURE_FULLY_REFUNDED",
               "The capture has already been fully refunded");
    else if (plain->amount > left)
        refuse(answer, 422, "REFUND_AMOUNT_EXCEEDED",
               "The refund amount must be less than or equal to the capture amount that has not "
               "yet been refunded.");
    else
        return STATUS_OK;
    return STATUS_INVALID;
}

static const char *pack(struct sandbox *sandbox, const struct request *request)
{
    static const char *const kept[] = {"custom_id", "invoice_id", "note_to_payer"};
    struct store *store = &sandbox->store;
    const char *payout = json_text(request->json, "custom_id");
    if (payout == NULL)
        payout = json_text(request->json, "invoice_id");
    metadata_pack_begin(store);
    metadata_pack(store, sandbox->options.payout_key, payout == NULL ? request->key : payout);
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        if (json_text(request->json, kept[i]) != NULL)
            metadata_pack(store, kept[i], json_text(request->json, kept[i]));
    return metadata_pack_end(store);
}

void paypal_refund(struct sandbox *sandbox, const struct request *request,
                   const struct key_use *use, struct answer *answer)
{
    struct plain_refund plain;
    if (read_plain(request, &plain, answer) != STATUS_OK)
        return;
    uint32_t payment = plain_payment(sandbox, &plain);
    if (payment == STORE_NONE) {
        refuse(answer, 404, "INVALID_RESOURCE_ID",
               "Specified resource ID does not exist. Please check the resource ID and try again.");
        return;
    }
    if (admit(&sandbox->store, &sandbox->store.payments[payment], &plain, answer) != STATUS_OK)
        return;
    const char *metadata = pack(sandbox, request);
    answer->begun = true;
    if (metadata != NULL)
        answer->made = plain_refund_add(sandbox, &plain, payment, metadata, use);
    if (answer->made == STORE_NONE) {
        trouble(answer, 500);
        return;
    }
    answer->status = 201;
    paypal_write_refund(&answer->body, &sandbox->store, answer->made);
}

/* https://developer.paypal.com/docs/api/payments/v2/#refunds_get */
void paypal_retrieve(struct sandbox *sandbox, const struct request *request,
                     const struct key_use *use, struct answer *answer)
{
    const struct store *store = &sandbox->store;
    uint32_t number = store_refund_find(store, request->id);
    (void)use;
    if (number == STORE_NONE ||
        store->payments[store->refunds[number].payment].dialect != DIALECT_PAYPAL)
        refuse(answer, 404, "INVALID_RESOURCE_ID",
               "Specified resource ID does not exist. Please check the resource ID and try again.");
    else
        paypal_write_refund(&answer->body, store, number);
}

static void replay(struct sandbox *sandbox, uint32_t slot, const struct key_use *use,
                   struct answer *answer)
{
    const struct key_record *record = &sandbox->keys.records[slot];
    if (record->in_use) {
        refuse(answer, 409, "PREVIOUS_REQUEST_IN_PROGRESS",
               "A previous request on this resource is currently in progress. Please wait for "
               "sometime and try again. It is best to space out the initial and the subsequent "
               "request(s) to avoid receiving this error.");
    } else if (record->fingerprint != use->fingerprint) {
        refuse(answer, 422, "PAYPAL_REQUEST_ID_PREVIOUSLY_USED",
               "The sandbox: another request had this PayPal-Request-Id.");
    } else {
        answer->replayed = true;
        paypal_write_refund(&answer->body, &sandbox->store, record->refund);
    }
}

const struct dialect_rules dialect_paypal = {
    .trouble = trouble,
    .authenticate = authenticate,
    .read_body = read_body,
    .replay = replay,
    .key_max = PAYPAL_KEY_MAX,
};
