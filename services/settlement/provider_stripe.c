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

#include "money.h"
#include "provider.h"

#include <inttypes.h>
#include <jansson.h>
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

static bool amount_from_stripe(int64_t amount, const char *currency, int64_t *minor)
{
    struct units units = units_of(currency);
    if (units.multiply == 0 || amount < 0 || amount % units.multiply != 0 || amount > AMOUNT_MAX)
        return false;
    *minor = amount / units.multiply * units.divide;
    return currency_exponent(currency) >= 0;
}

/* Requests. */

/* Text in a buffer; `ok` is false once something did not fit. */
struct writer {
    char *at, *end;
    bool ok;
};

static struct writer writer_over(char *buffer, size_t size)
{
    *buffer = '\0';
    return (struct writer){buffer, buffer + size, true};
}

static void write_text(struct writer *writer, const char *text)
{
    size_t size = strlen(text);
    writer->ok = writer->ok && size < (size_t)(writer->end - writer->at);
    if (!writer->ok)
        return;
    memcpy(writer->at, text, size + 1);
    writer->at += size;
}

/* application/x-www-form-urlencoded, with %20 for a space. */
static void write_escaped(struct writer *writer, const char *text)
{
    for (; *text != '\0'; text++) {
        char escaped[4] = {*text, '\0'};
        bool plain = (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') ||
                     (*text >= '0' && *text <= '9') || strchr("-._~", *text) != NULL;
        if (!plain)
            (void)snprintf(escaped, sizeof escaped, "%%%02X", (unsigned)(unsigned char)*text);
        write_text(writer, escaped);
    }
}

static void write_pair(struct writer *writer, const char *name, const char *value)
{
    write_text(writer, name);
    write_text(writer, "=");
    write_escaped(writer, value);
}

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

static void write_header(struct provider_request *request, size_t *count, const char *name,
                         const char *value)
{
    (void)snprintf(request->headers[(*count)++], REQUEST_HEADER_MAX, "%s: %.480s", name, value);
}

static void write_headers(const struct provider_account *account,
                          const struct provider_payout *payout, struct provider_request *request)
{
    size_t count = 0;
    char bearer[REQUEST_HEADER_MAX / 2];
    memset(request->headers, 0, sizeof request->headers);
    (void)snprintf(bearer, sizeof bearer, "Bearer %.240s", account->secret);
    write_header(request, &count, "Authorization", bearer);
    write_header(request, &count, "Stripe-Version", API_VERSION);
    if (request->post)
        write_header(request, &count, "Idempotency-Key", payout->payout_id);
    if (payout->account[0] != '\0') /* https://docs.stripe.com/connect/authentication */
        write_header(request, &count, "Stripe-Account", payout->account);
}

static void fail(struct finding *finding, enum call_failure failure, int32_t http_status,
                 const char *code, const char *message)
{
    *finding = (struct finding){
        .kind = FINDING_CALL_FAILED, .failure = failure, .http_status = http_status};
    (void)snprintf(finding->code, sizeof finding->code, "%s", code);
    (void)snprintf(finding->message, sizeof finding->message, "%s", message);
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
    if (parameter == NULL) {
        fail(finding, CALL_FAILURE_REFUSED, 0, "reference_not_understood",
             "the payment's reference is neither a payment intent nor a charge");
        return false;
    }
    if (!amount_to_stripe(payout->amount_minor, payout->currency, &amount)) {
        fail(finding, CALL_FAILURE_REFUSED, 0, "amount_not_representable",
             "Stripe cannot refund this amount of this currency");
        return false;
    }
    struct writer url = writer_over(request->url, sizeof request->url);
    struct writer body = writer_over(request->body, sizeof request->body);
    write_text(&url, account->url);
    write_text(&url, "/v1/refunds");
    write_body_1(&body, parameter, amount, payout);
    request->post = true;
    write_headers(account, payout, request);
    if (url.ok && body.ok && payout->form == FORM_VERSION)
        return true;
    fail(finding, CALL_FAILURE_REFUSED, 0, "reference_not_understood", "the request is too long");
    return false;
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
    request->post = false;
    request->body[0] = '\0';
    write_headers(account, payout, request);
    return url.ok;
}

/* Answers. */

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? "" : text;
}

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

static void upper_case(const char *from, char to[4])
{
    size_t i = 0;
    for (; i < 3 && from[i] >= 'a' && from[i] <= 'z'; i++)
        to[i] = (char)(from[i] - 'a' + 'A');
    to[i] = '\0';
}

/* False if the object is no refund that can be understood. */
static bool read_refund(const json_t *object, int32_t http_status, struct finding *finding)
{
    const json_t *amount = json_object_get(object, "amount");
    int64_t created = (int64_t)json_integer_value(json_object_get(object, "created"));
    const char *id = text_of(object, "id");
    *finding = (struct finding){.kind = FINDING_REFUND, .http_status = http_status};
    finding->status = status_of(text_of(object, "status"));
    upper_case(text_of(object, "currency"), finding->currency);
    (void)snprintf(finding->provider_refund_id, sizeof finding->provider_refund_id, "%s", id);
    (void)snprintf(finding->code, sizeof finding->code, "%s", text_of(object, "failure_reason"));
    if (created > 0 && created < INT64_MAX / 1000000)
        finding->created_us = created * 1000000;
    return strcmp(text_of(object, "object"), "refund") == 0 && json_is_integer(amount) &&
           id[0] != '\0' && strlen(id) <= 128 && finding->status != REFUND_STATUS_NONE &&
           amount_from_stripe((int64_t)json_integer_value(amount), finding->currency,
                              &finding->amount_minor);
}

static bool is_of(const json_t *refund, const struct provider_payout *payout)
{
    const json_t *metadata = json_object_get(refund, "metadata");
    return strcmp(text_of(metadata, "payout_id"), payout->payout_id) == 0;
}

/* An error object, or whatever stands in its place. */
static void read_error(const json_t *answer, int32_t http_status, enum call_failure failure,
                       struct finding *finding)
{
    const json_t *error = json_object_get(answer, "error");
    const char *type = text_of(error, "type"), *code = text_of(error, "code");
    if (strcmp(type, "idempotency_error") == 0 || code[0] == '\0')
        code = type;
    fail(finding, failure, http_status, code, "");
    /* Stripe's message may quote what was sent; ids only, so it is kept, cut. */
    (void)snprintf(finding->message, sizeof finding->message, "%s", text_of(error, "message"));
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
    json_t *answer = json_loadb(body, size, 0, NULL);
    if (http_status != 200)
        read_error(answer, http_status, failure_of(http_status), finding);
    else if (!read_refund(answer, http_status, finding))
        fail(finding, CALL_FAILURE_UNKNOWN, http_status, "answer_not_understood", "");
    else if (text_of(json_object_get(answer, "metadata"), "payout_id")[0] != '\0' &&
             !is_of(answer, payout))
        fail(finding, CALL_FAILURE_UNKNOWN, http_status, "answer_of_another_payout", "");
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
        if (!read_refund(refund, http_status, finding))
            *finding = (struct finding){.kind = FINDING_NOTHING, .http_status = http_status};
        return;
    }
    bool more = json_is_true(json_object_get(answer, "has_more"));
    const char *last = count == 0 ? "" : text_of(json_array_get(data, count - 1), "id");
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
    json_t *answer = json_loadb(body, size, 0, NULL);
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
