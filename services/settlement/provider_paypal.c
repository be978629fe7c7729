/* PayPal: refunds of captures, Payments API v2.
 *
 *     https://developer.paypal.com/docs/api/payments/v2/#captures_refund    the call that pays
 *     https://developer.paypal.com/docs/api/payments/v2/#refunds_get        the call that asks
 *     https://developer.paypal.com/api/rest/authentication/                 access tokens
 *     https://developer.paypal.com/api/rest/requests/        PayPal-Request-Id,
 * PayPal-Auth-Assertion https://developer.paypal.com/reference/guidelines/idempotency/        the
 * latest status of the first request is given again; of two at once the second may fail
 *     https://developer.paypal.com/api/rest/responses/       400, 403, 404, 422 refused; 401 not
 * let in; 409 the same request is still running; 429 too many; 5xx unknown
 *     https://developer.paypal.com/reference/currency-codes/ HUF, JPY and TWD have no decimals
 *
 * A payment's reference is the id of its capture; the account is the merchant's payer id where the
 * platform acts for a merchant. An empty body would be a refund of everything: the amount is always
 * sent. A refund can be asked about once its id is known. */

#include "provider_paypal.h"
#include "money.h"
#include "request.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { REFERENCE_MAX = 64, PAIR_MAX = 512, BASE64_MAX = 1024 };

static int decimals_of(const char *currency)
{
    static const char *const without[] = {"HUF", "JPY", "TWD"};
    for (size_t i = 0; i < sizeof without / sizeof *without; i++)
        if (strcmp(without[i], currency) == 0)
            return 0;
    return currency_exponent(currency);
}

/* "12.30" as PayPal takes it; false if it cannot be. */
static bool write_value(struct writer *writer, int64_t minor, const char *currency)
{
    int decimals = decimals_of(currency), exponent = currency_exponent(currency);
    for (; exponent > decimals; exponent--) {
        if (minor % 10 != 0)
            return false;
        minor /= 10;
    }
    write_decimal(writer, minor, decimals > 0 ? decimals : 0);
    return exponent >= 0 && decimals <= 2;
}

bool paypal_money(const json_t *money, char currency[4], int64_t *minor)
{
    answer_copy(currency, 4, answer_text(money, "currency_code"));
    return answer_decimal(answer_text(money, "value"), currency, minor);
}

static bool is_reference(const char *text)
{
    size_t size = strlen(text);
    return size > 0 && size <= REFERENCE_MAX &&
           strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-") == size;
}

/* Access tokens. */

static void write_base64(struct writer *writer, const char *text, int variant)
{
    char encoded[BASE64_MAX];
    size_t size = strlen(text);
    if (sodium_base64_encoded_len(size, variant) > sizeof encoded) {
        writer->ok = false;
        return;
    }
    write_text(writer, sodium_bin2base64(encoded, sizeof encoded, (const unsigned char *)text, size,
                                         variant));
}

static void paypal_authorize(const struct provider_account *account,
                             struct provider_request *request)
{
    char pair[PAIR_MAX], encoded[BASE64_MAX];
    struct writer url = writer_over(request->url, sizeof request->url);
    struct writer body = writer_over(request->body, sizeof request->body);
    struct writer basic = writer_over(encoded, sizeof encoded);
    (void)snprintf(pair, sizeof pair, "%.240s:%.240s", account->id == NULL ? "" : account->id,
                   account->secret);
    write_base64(&basic, pair, sodium_base64_VARIANT_ORIGINAL);
    write_text(&url, account->url);
    write_text(&url, "/v1/oauth2/token");
    write_text(&body, "grant_type=client_credentials");
    request_start(request, true);
    request_header(request, "Authorization", "Basic ", encoded);
    sodium_memzero(pair, sizeof pair);
    sodium_memzero(encoded, sizeof encoded);
}

static bool paypal_parse_authorize(int32_t http_status, const char *body, size_t size,
                                   struct provider_token *token)
{
    json_t *answer = http_status == 200 ? answer_json(body, size) : NULL;
    const char *text = answer_text(answer, "access_token");
    int64_t life_s = (int64_t)json_integer_value(json_object_get(answer, "expires_in"));
    bool good = text[0] != '\0' && strlen(text) < sizeof token->text && life_s > 0;
    if (good) {
        (void)snprintf(token->text, sizeof token->text, "%s", text);
        token->life_us = (life_s < 86400 ? life_s : 86400) * 1000000;
    }
    json_decref(answer);
    return good;
}

/* Requests. */

/* Who we act for: an unsigned JSON Web Token, as documented for platforms. */
static void write_assertion(struct provider_request *request, const char *client, const char *payer)
{
    char claims[PAIR_MAX], token[BASE64_MAX];
    struct writer json = writer_over(claims, sizeof claims);
    struct writer jwt = writer_over(token, sizeof token);
    write_text(&json, "{\"iss\":");
    write_json(&json, client);
    write_text(&json, ",\"payer_id\":");
    write_json(&json, payer);
    write_text(&json, "}");
    write_base64(&jwt, "{\"alg\":\"none\"}", sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    write_text(&jwt, ".");
    write_base64(&jwt, claims, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    write_text(&jwt, ".");
    request_header(request, "PayPal-Auth-Assertion", "", jwt.ok && json.ok ? token : "");
}

static void write_headers(const struct provider_account *account,
                          const struct provider_payout *payout, struct provider_request *request,
                          bool post)
{
    request_start(request, post);
    request_header(request, "Authorization", "Bearer ",
                   account->token == NULL ? "" : account->token);
    if (post) {
        request_header(request, "PayPal-Request-Id", "", payout->payout_id);
        request_header(request, "Content-Type", "", "application/json");
        request_header(request, "Prefer", "", "return=representation");
    }
    if (payout->account[0] != '\0')
        write_assertion(request, account->id == NULL ? "" : account->id, payout->account);
}

/* Form 1. Nothing here may change for payouts of this form. */
static bool write_body_1(struct writer *body, const struct provider_payout *payout)
{
    write_text(body, "{\"amount\":{\"value\":\"");
    bool good = write_value(body, payout->amount_minor, payout->currency);
    write_text(body, "\",\"currency_code\":");
    write_json(body, payout->currency);
    write_text(body, "},\"custom_id\":");
    write_json(body, payout->payout_id);
    write_text(body, "}");
    return good;
}

static bool paypal_start(const struct provider_account *account,
                         const struct provider_payout *payout, struct provider_request *request,
                         struct finding *finding)
{
    if (!is_reference(payout->reference))
        return finding_refuse(finding, "reference_not_understood",
                              "the payment's reference is not the id of a capture");
    struct writer url = writer_over(request->url, sizeof request->url);
    struct writer body = writer_over(request->body, sizeof request->body);
    write_text(&url, account->url);
    write_text(&url, "/v2/payments/captures/");
    write_escaped(&url, payout->reference);
    write_text(&url, "/refund");
    if (!write_body_1(&body, payout))
        return finding_refuse(finding, "amount_not_representable",
                              "PayPal cannot refund this amount of this currency");
    write_headers(account, payout, request, true);
    if (url.ok && body.ok && payout->form == FORM_VERSION)
        return true;
    return finding_refuse(finding, "reference_not_understood", "the request is too long");
}

static bool paypal_look_up(const struct provider_account *account,
                           const struct provider_payout *payout, const char *cursor,
                           struct provider_request *request)
{
    if (!is_reference(payout->provider_refund_id) || cursor[0] != '\0')
        return false;
    struct writer url = writer_over(request->url, sizeof request->url);
    write_text(&url, account->url);
    write_text(&url, "/v2/payments/refunds/");
    write_escaped(&url, payout->provider_refund_id);
    write_headers(account, payout, request, false);
    return url.ok;
}

/* Answers. */

static enum refund_status status_of(const char *word)
{
    static const struct {
        const char *word;
        enum refund_status status;
    } rows[] = {
        {"PENDING", REFUND_STATUS_PENDING},
        {"COMPLETED", REFUND_STATUS_SUCCEEDED},
        {"FAILED", REFUND_STATUS_FAILED},
        {"CANCELLED", REFUND_STATUS_CANCELLED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].word, word) == 0)
            return rows[i].status;
    return REFUND_STATUS_NONE;
}

bool paypal_read_refund(const json_t *object, int32_t http_status, struct finding *finding)
{
    const json_t *amount = json_object_get(object, "amount");
    const char *id = answer_text(object, "id");
    *finding = (struct finding){.kind = FINDING_REFUND, .http_status = http_status};
    finding->status = status_of(answer_text(object, "status"));
    finding->created_us = answer_time(object, "create_time");
    answer_copy(finding->provider_refund_id, sizeof finding->provider_refund_id, id);
    if (finding->status == REFUND_STATUS_FAILED || finding->status == REFUND_STATUS_CANCELLED)
        answer_copy(finding->code, sizeof finding->code,
                    answer_text(json_object_get(object, "status_details"), "reason"));
    return is_reference(id) && finding->status != REFUND_STATUS_NONE &&
           (amount == NULL || paypal_money(amount, finding->currency, &finding->amount_minor));
}

/* A minimal answer leaves the amount out: then it is what was asked for. */
static bool read_ours(const json_t *answer, const struct provider_payout *payout,
                      int32_t http_status, struct finding *finding)
{
    if (!paypal_read_refund(answer, http_status, finding))
        return false;
    if (finding->currency[0] == '\0') {
        answer_copy(finding->currency, sizeof finding->currency, payout->currency);
        finding->amount_minor = payout->amount_minor;
    }
    return true;
}

static bool is_of_another(const json_t *answer, const struct provider_payout *payout)
{
    const char *custom = answer_text(answer, "custom_id");
    return custom[0] != '\0' && strcmp(custom, payout->payout_id) != 0;
}

static enum call_failure failure_of(int32_t http_status)
{
    switch (http_status) {
    case 400:
    case 403:
    case 404:
    case 405:
    case 406:
    case 415:
    case 422:
        return CALL_FAILURE_REFUSED;
    case 401:
    case 429:
        return CALL_FAILURE_NOT_SENT;
    default:
        return CALL_FAILURE_UNKNOWN;
    }
}

/* The issue of the first detail says it best, the error's name is always there. */
static void read_error(const json_t *answer, int32_t http_status, struct finding *finding)
{
    const json_t *details = json_object_get(answer, "details");
    const char *code = answer_text(json_array_get(details, 0), "issue");
    if (code[0] == '\0')
        code = answer_text(answer, "name");
    if (code[0] == '\0')
        code = answer_text(answer, "error");
    finding_fail(finding, failure_of(http_status), http_status, code,
                 answer_text(answer, "message"));
}

static void paypal_parse_start(const struct provider_payout *payout, int32_t http_status,
                               const char *body, size_t size, struct finding *finding)
{
    json_t *answer = answer_json(body, size);
    if (http_status != 200 && http_status != 201)
        read_error(answer, http_status, finding);
    else if (!read_ours(answer, payout, http_status, finding))
        finding_fail(finding, CALL_FAILURE_UNKNOWN, http_status, "answer_not_understood", "");
    else if (is_of_another(answer, payout))
        finding_fail(finding, CALL_FAILURE_UNKNOWN, http_status, "answer_of_another_payout", "");
    json_decref(answer);
}

static void paypal_parse_look_up(const struct provider_payout *payout, int32_t http_status,
                                 const char *body, size_t size, struct finding *finding)
{
    json_t *answer = http_status == 200 ? answer_json(body, size) : NULL;
    if (answer == NULL || !read_ours(answer, payout, http_status, finding) ||
        is_of_another(answer, payout) ||
        strcmp(finding->provider_refund_id, payout->provider_refund_id) != 0)
        *finding = (struct finding){.kind = FINDING_NOTHING, .http_status = http_status};
    json_decref(answer);
}

const struct provider provider_paypal = {
    .name = PROVIDER_PAYPAL,
    .authorize = paypal_authorize,
    .parse_authorize = paypal_parse_authorize,
    .start = paypal_start,
    .look_up = paypal_look_up,
    .parse_start = paypal_parse_start,
    .parse_look_up = paypal_parse_look_up,
};
