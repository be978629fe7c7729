/* Stripe: refunds of payment intents and charges.
 *
 *     https://docs.stripe.com/api/refunds/create        the call that pays
 *     https://docs.stripe.com/api/refunds/list          the call that asks
 *     https://docs.stripe.com/api/idempotent_requests   keys live 24 hours; the first answer is
 *                                                       stored from the moment execution begins,
 *                                                       and replayed, 500 included
 *     https://docs.stripe.com/api/errors                400, 402, 404 refused; 401 and 403 before
 *                                                       execution; 409 another request with this
 *                                                       key is running; 429 before execution
 *     https://docs.stripe.com/currencies                amounts */

#include "provider_stripe.h"
#include "money.h"
#include "request.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define API_VERSION                                                              \
    "2026-08-26.dahlia" /* the description that the requests are checked against \
                         */

enum { PAGE_SIZE = 100 };

/* Amounts. Stripe counts in the units of ISO 4217 except for these. Three-decimal amounts must end
 * in 0. UGX is on both of Stripe's lists, with contradicting units, so it is left to people. */
#define UNIT_ROWS(X) \
    X("ISK", 100, 1) \
    X("MGA", 1, 100) \
    X("UGX", 0, 1)

struct units {
    int64_t multiply, divide; /* ours to Stripe's; 0: not representable */
};

static struct units units_of(const char *currency)
{
    static const struct {
        const char *currency;
        struct units units;
    } rows[] = {
#define X(currency, multiply, divide) {currency, {multiply, divide}},
        UNIT_ROWS(X)
#undef X
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].currency, currency) == 0)
            return rows[i].units;
    return (struct units){1, 1};
}

static bool amount_to_stripe(int64_t minor, const char *currency, int64_t *amount)
{
    struct units units = units_of(currency);
    if (units.multiply == 0 || minor % units.divide != 0 ||
        minor > INT64_MAX / (units.multiply > 0 ? units.multiply : 1))
        return false;
    *amount = minor / units.divide * units.multiply;
    return currency_exponent(currency) <= 2 || minor % 10 == 0;
}

bool stripe_amount(int64_t amount, const char *currency, int64_t *minor)
{
    struct units units = units_of(currency);
    if (units.multiply == 0 || amount < 0 || amount % units.multiply != 0 || amount > AMOUNT_MAX)
        return false;
    *minor = amount / units.multiply * units.divide;
    return currency_exponent(currency) >= 0;
}

/* Requests. */

/* The parameter that names the payment; NULL if the reference is none that Stripe gives.
 * https://docs.stripe.com/api/refunds/create: pi_ is a payment intent, ch_ and py_ are charges. */
static const char *payment_parameter(const char *reference)
{
    if (strncmp(reference, "pi_", 3) == 0)
        return "payment_intent";
    if (strncmp(reference, "ch_", 3) == 0 || strncmp(reference, "py_", 3) == 0)
        return "charge";
    return NULL;
}

/* https://docs.stripe.com/api/refunds/create#create_refund-reason knows three reasons. */
static const char *reason_word(int32_t reason)
{
    enum { DUPLICATE_CHARGE = 11, FRAUD = 12 };
    return reason == DUPLICATE_CHARGE ? "duplicate"
           : reason == FRAUD          ? "fraudulent"
                                      : "requested_by_customer";
}

static void write_headers(const struct provider_account *account,
                          const struct provider_payout *payout, struct provider_request *request,
                          bool post)
{
    request_start(request, post);
    request_header(request, "Authorization", "Bearer ", account->secret);
    request_header(request, "Stripe-Version", "", API_VERSION);
    if (post)
        request_header(request, "Idempotency-Key", "", payout->payout_id);
    if (payout->account[0] != '\0') /* https://docs.stripe.com/connect/authentication */
        request_header(request, "Stripe-Account", "", payout->account);
}

/* Form 1. Nothing here may change for payouts of this form. */
static void write_body_1(struct writer *body, const char *parameter, int64_t amount,
                         const struct provider_payout *payout)
{
    char number[24], currency[4] = "";
    (void)snprintf(number, sizeof number, "%" PRId64, amount);
    for (size_t i = 0; i < 3 && payout->currency[i] != '\0'; i++)
        currency[i] = (char)(payout->currency[i] - 'A' + 'a');
    write_pair(body, parameter, payout->reference);
    write_pair(body, "&amount", number);
    write_pair(body, "&reason", reason_word(payout->reason));
    write_pair(body, "&metadata%5Bpayout_id%5D", payout->payout_id);
    write_pair(body, "&metadata%5Brefund_id%5D", payout->refund_id);
    write_pair(body, "&metadata%5Bcurrency%5D", currency);
}

static bool stripe_start(const struct provider_account *account,
                         const struct provider_payout *payout, struct provider_request *request,
                         struct finding *finding)
{
    const char *parameter = payment_parameter(payout->reference);
    int64_t amount = 0;
    if (parameter == NULL)
        return finding_refuse(finding, "reference_not_understood",
                              "the payment's reference is neither a payment intent nor a charge");
    if (!amount_to_stripe(payout->amount_minor, payout->currency, &amount))
        return finding_refuse(finding, "amount_not_representable",
                              "Stripe cannot refund this amount of this currency");
    struct writer url = writer_over(request->url, sizeof request->url);
    struct writer body = writer_over(request->body, sizeof request->body);
    write_text(&url, account->url);
    write_text(&url, "/v1/refunds");
    write_body_1(&body, parameter, amount, payout);
    write_headers(account, payout, request, true);
    if (url.ok && body.ok && payout->form == FORM_VERSION)
        return true;
    return finding_refuse(finding, "reference_not_understood", "the request is too long");
}

static bool stripe_look_up(const struct provider_account *account,
                           const struct provider_payout *payout, const char *cursor,
                           struct provider_request *request)
{
    const char *parameter = payment_parameter(payout->reference);
    if (parameter == NULL)
        return false;
    char limit[16];
    (void)snprintf(limit, sizeof limit, "%d", (int)PAGE_SIZE);
    struct writer url = writer_over(request->url, sizeof request->url);
    write_text(&url, account->url);
    write_text(&url, "/v1/refunds?");
    write_pair(&url, parameter, payout->reference);
    write_pair(&url, "&limit", limit);
    if (cursor[0] != '\0')
        write_pair(&url, "&starting_after", cursor);
    write_headers(account, payout, request, false);
    return url.ok;
}

/* Answers. */

/* https://docs.stripe.com/api/refunds/object#refund_object-status */
static enum refund_status status_of(const char *word)
{
    static const struct {
        const char *word;
        enum refund_status status;
    } rows[] = {
        {"pending", REFUND_STATUS_PENDING},     {"requires_action", REFUND_STATUS_REQUIRES_ACTION},
        {"succeeded", REFUND_STATUS_SUCCEEDED}, {"failed", REFUND_STATUS_FAILED},
        {"canceled", REFUND_STATUS_CANCELLED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].word, word) == 0)
            return rows[i].status;
    return REFUND_STATUS_NONE;
}

void stripe_currency(const char *from, char to[4])
{
    size_t i = 0;
    for (; i < 3 && from[i] >= 'a' && from[i] <= 'z'; i++)
        to[i] = (char)(from[i] - 'a' + 'A');
    to[i] = '\0';
}

bool stripe_read_refund(const json_t *object, int32_t http_status, struct finding *finding)
{
    const json_t *amount = json_object_get(object, "amount");
    int64_t created = (int64_t)json_integer_value(json_object_get(object, "created"));
    const char *id = answer_text(object, "id");
    *finding = (struct finding){.kind = FINDING_REFUND, .http_status = http_status};
    finding->status = status_of(answer_text(object, "status"));
    stripe_currency(answer_text(object, "currency"), finding->currency);
    (void)snprintf(finding->provider_refund_id, sizeof finding->provider_refund_id, "%s", id);
    (void)snprintf(finding->code, sizeof finding->code, "%s",
                   answer_text(object, "failure_reason"));
    if (created > 0 && created < INT64_MAX / 1000000)
        finding->created_us = created * 1000000;
    return strcmp(answer_text(object, "object"), "refund") == 0 && json_is_integer(amount) &&
           id[0] != '\0' && strlen(id) <= 128 && finding->status != REFUND_STATUS_NONE &&
           stripe_amount((int64_t)json_integer_value(amount), finding->currency,
                         &finding->amount_minor);
}

static bool is_of(const json_t *refund, const struct provider_payout *payout)
{
    const json_t *metadata = json_object_get(refund, "metadata");
    return strcmp(answer_text(metadata, "payout_id"), payout->payout_id) == 0;
}

/* An error object, or whatever stands in its place. */
static void read_error(const json_t *answer, int32_t http_status, enum call_failure failure,
                       struct finding *finding)
{
    const json_t *error = json_object_get(answer, "error");
    const char *type = answer_text(error, "type"), *code = answer_text(error, "code");
    if (strcmp(type, "idempotency_error") == 0 || code[0] == '\0')
        code = type;
    finding_fail(finding, failure, http_status, code, "");
    /* Stripe's message may quote what was sent; ids only, so it is kept, cut. */
    answer_copy(finding->message, sizeof finding->message, answer_text(error, "message"));
}

static enum call_failure failure_of(int32_t http_status)
{
    switch (http_status) {
    case 400:
    case 402:
    case 404:
    case 405:
    case 413:
    case 415:
        return CALL_FAILURE_REFUSED;
    case 401:
    case 403:
    case 429:
        return CALL_FAILURE_NOT_SENT;
    default:
        return CALL_FAILURE_UNKNOWN;
    }
}

static void stripe_parse_start(const struct provider_payout *payout, int32_t http_status,
                               const char *body, size_t size, struct finding *finding)
{
    json_t *answer = answer_json(body, size);
    if (http_status != 200)
        read_error(answer, http_status, failure_of(http_status), finding);
    else if (!stripe_read_refund(answer, http_status, finding))
        finding_fail(finding, CALL_FAILURE_UNKNOWN, http_status, "answer_not_understood", "");
    else if (answer_text(json_object_get(answer, "metadata"), "payout_id")[0] != '\0' &&
             !is_of(answer, payout))
        finding_fail(finding, CALL_FAILURE_UNKNOWN, http_status, "answer_of_another_payout", "");
    json_decref(answer);
}

static void read_page(const struct provider_payout *payout, const json_t *answer,
                      int32_t http_status, struct finding *finding)
{
    const json_t *data = json_object_get(answer, "data");
    size_t count = json_array_size(data);
    *finding = (struct finding){.kind = FINDING_NOTHING, .http_status = http_status};
    if (!json_is_array(data) || !json_is_boolean(json_object_get(answer, "has_more")))
        return;
    for (size_t i = 0; i < count; i++) {
        const json_t *refund = json_array_get(data, i);
        if (!is_of(refund, payout))
            continue;
        if (!stripe_read_refund(refund, http_status, finding))
            *finding = (struct finding){.kind = FINDING_NOTHING, .http_status = http_status};
        return;
    }
    bool more = json_is_true(json_object_get(answer, "has_more"));
    const char *last = count == 0 ? "" : answer_text(json_array_get(data, count - 1), "id");
    if (more && last[0] == '\0')
        return;
    finding->kind = more ? FINDING_MORE : FINDING_NOT_FOUND;
    (void)snprintf(finding->cursor, sizeof finding->cursor, "%s", more ? last : "");
}

static void stripe_parse_look_up(const struct provider_payout *payout, int32_t http_status,
                                 const char *body, size_t size, struct finding *finding)
{
    *finding = (struct finding){.kind = FINDING_NOTHING, .http_status = http_status};
    if (http_status != 200)
        return;
    json_t *answer = answer_json(body, size);
    read_page(payout, answer, http_status, finding);
    json_decref(answer);
}

const struct provider provider_stripe = {
    .name = PROVIDER_STRIPE,
    .start = stripe_start,
    .look_up = stripe_look_up,
    .parse_start = stripe_parse_start,
    .parse_look_up = stripe_parse_look_up,
};
