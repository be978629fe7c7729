/* Adyen: refunds of captured payments, Checkout API v71.
 *
 *     https://docs.adyen.com/api-explorer/Checkout/71/post/payments/{paymentPspReference}/refunds
 *         the call that pays; the answer is always `received`, the result comes by webhook
 *     https://docs.adyen.com/development-resources/api-idempotency
 *         the first answer is given again; 422 with error 704: the first is being worked on
 *     https://docs.adyen.com/development-resources/response-handling
 *         400, 403, 404, 422 refused; 401 not let in; 429 too many; 5xx unknown
 *     https://docs.adyen.com/development-resources/currency-codes     amounts
 *
 * There is no call that asks. A payment's reference is its pspReference; the account is the
 * merchant account, REDRESS_ADYEN_MERCHANT where the payment names none. */

#include "provider_adyen.h"
#include "money.h"
#include "request.h"

#include <stdio.h>
#include <string.h>

enum { KEY_MAX = 64, REFERENCE_MAX = 64 };

/* Decimals that differ from ISO 4217. X(currency, ours to Adyen's: multiply, divide) */
#define UNIT_ROWS(X) \
    X("CLP", 100, 1) \
    X("ISK", 100, 1) \
    X("CVE", 1, 100) \
    X("IDR", 1, 100)

static void units_of(const char *currency, int64_t *multiply, int64_t *divide)
{
    static const struct {
        const char *currency;
        int64_t multiply, divide;
    } rows[] = {
#define X(currency, multiply, divide) {currency, multiply, divide},
        UNIT_ROWS(X)
#undef X
    };
    *multiply = *divide = 1;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].currency, currency) == 0) {
            *multiply = rows[i].multiply;
            *divide = rows[i].divide;
        }
}

static bool amount_to_adyen(int64_t minor, const char *currency, int64_t *value)
{
    int64_t multiply, divide;
    units_of(currency, &multiply, &divide);
    if (currency_exponent(currency) < 0 || minor % divide != 0 || minor > AMOUNT_MAX)
        return false;
    *value = minor / divide * multiply;
    return true;
}

bool adyen_amount(int64_t value, const char *currency, int64_t *minor)
{
    int64_t multiply, divide;
    units_of(currency, &multiply, &divide);
    if (currency_exponent(currency) < 0 || value < 0 || value > AMOUNT_MAX || value % multiply != 0)
        return false;
    *minor = value / multiply * divide;
    return *minor <= AMOUNT_MAX;
}

static bool is_reference(const char *text)
{
    size_t size = strlen(text);
    return size > 0 && size <= REFERENCE_MAX &&
           strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") == size;
}

static const char *reason_word(int32_t reason)
{
    enum { DUPLICATE_CHARGE = 11, FRAUD = 12 };
    return reason == DUPLICATE_CHARGE ? "DUPLICATE"
           : reason == FRAUD          ? "FRAUD"
                                      : "CUSTOMER REQUEST";
}

/* Form 1. Nothing here may change for payouts of this form. */
static void write_body_1(struct writer *body, const char *merchant, int64_t value,
                         const struct provider_payout *payout)
{
    write_text(body, "{\"merchantAccount\":");
    write_json(body, merchant);
    write_text(body, ",\"amount\":{\"value\":");
    write_number(body, value);
    write_text(body, ",\"currency\":");
    write_json(body, payout->currency);
    write_text(body, "},\"merchantRefundReason\":");
    write_json(body, reason_word(payout->reason));
    write_text(body, ",\"reference\":");
    write_json(body, payout->payout_id);
    write_text(body, "}");
}

static bool adyen_start(const struct provider_account *account,
                        const struct provider_payout *payout, struct provider_request *request,
                        struct finding *finding)
{
    int64_t value = 0;
    const char *merchant =
        payout->account[0] != '\0' || account->id == NULL ? payout->account : account->id;
    if (!is_reference(payout->reference) || merchant[0] == '\0')
        return finding_refuse(finding, "reference_not_understood",
                              "the payment has no pspReference or no merchant account");
    if (!amount_to_adyen(payout->amount_minor, payout->currency, &value))
        return finding_refuse(finding, "amount_not_representable",
                              "Adyen cannot refund this amount of this currency");
    struct writer url = writer_over(request->url, sizeof request->url);
    struct writer body = writer_over(request->body, sizeof request->body);
    write_text(&url, account->url);
    write_text(&url, "/v71/payments/");
    write_escaped(&url, payout->reference);
    write_text(&url, "/refunds");
    write_body_1(&body, merchant, value, payout);
    request_start(request, true);
    request_header(request, "X-API-Key", "", account->secret);
    request_header(request, "Idempotency-Key", "", payout->payout_id);
    request_header(request, "Content-Type", "", "application/json");
    if (url.ok && body.ok && payout->form == FORM_VERSION && strlen(payout->payout_id) <= KEY_MAX)
        return true;
    return finding_refuse(finding, "reference_not_understood", "the request is too long");
}

static bool adyen_look_up(const struct provider_account *account,
                          const struct provider_payout *payout, const char *cursor,
                          struct provider_request *request)
{
    (void)account;
    (void)payout;
    (void)cursor;
    (void)request;
    return false;
}

/* `received`: nothing is decided yet. */
static bool read_received(const json_t *answer, const struct provider_payout *payout,
                          int32_t http_status, struct finding *finding)
{
    const char *id = answer_text(answer, "pspReference");
    const json_t *amount = json_object_get(answer, "amount");
    const json_t *value = json_object_get(amount, "value");
    *finding = (struct finding){
        .kind = FINDING_REFUND, .status = REFUND_STATUS_PENDING, .http_status = http_status};
    answer_copy(finding->provider_refund_id, sizeof finding->provider_refund_id, id);
    answer_copy(finding->currency, sizeof finding->currency, answer_text(amount, "currency"));
    return strcmp(answer_text(answer, "status"), "received") == 0 && is_reference(id) &&
           strcmp(answer_text(answer, "paymentPspReference"), payout->reference) == 0 &&
           json_is_integer(value) &&
           adyen_amount((int64_t)json_integer_value(value), finding->currency,
                        &finding->amount_minor);
}

static enum call_failure failure_of(int32_t http_status, const char *error)
{
    switch (http_status) {
    case 422:
        return strcmp(error, "704") == 0 ? CALL_FAILURE_UNKNOWN : CALL_FAILURE_REFUSED;
    case 400:
    case 403:
    case 404:
    case 405:
    case 413:
    case 415:
        return CALL_FAILURE_REFUSED;
    case 401:
    case 429:
        return CALL_FAILURE_NOT_SENT;
    default:
        return CALL_FAILURE_UNKNOWN;
    }
}

/* The code is "adyen_" and Adyen's number: what is refused here is refused as a request, never as a
 * refund, so that people must look (failure.c). */
static void read_error(const json_t *answer, int32_t http_status, struct finding *finding)
{
    char code[64];
    const char *error = answer_text(answer, "errorCode");
    (void)snprintf(code, sizeof code, "adyen_%.40s", error[0] == '\0' ? "unknown" : error);
    finding_fail(finding, failure_of(http_status, error), http_status, code,
                 answer_text(answer, "message"));
}

static void adyen_parse_start(const struct provider_payout *payout, int32_t http_status,
                              const char *body, size_t size, struct finding *finding)
{
    json_t *answer = answer_json(body, size);
    if (http_status != 200 && http_status != 201)
        read_error(answer, http_status, finding);
    else if (!read_received(answer, payout, http_status, finding))
        finding_fail(finding, CALL_FAILURE_UNKNOWN, http_status, "answer_not_understood", "");
    else if (strcmp(answer_text(answer, "reference"), payout->payout_id) != 0)
        finding_fail(finding, CALL_FAILURE_UNKNOWN, http_status, "answer_of_another_payout", "");
    json_decref(answer);
}

static void adyen_parse_look_up(const struct provider_payout *payout, int32_t http_status,
                                const char *body, size_t size, struct finding *finding)
{
    (void)payout;
    (void)body;
    (void)size;
    *finding = (struct finding){.kind = FINDING_NOTHING, .http_status = http_status};
}

const struct provider provider_adyen = {
    .name = PROVIDER_ADYEN,
    .start = adyen_start,
    .look_up = adyen_look_up,
    .parse_start = adyen_parse_start,
    .parse_look_up = adyen_parse_look_up,
};
