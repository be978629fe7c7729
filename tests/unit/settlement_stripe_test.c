/* Stripe's adapter: what is written, and what every kind of answer means. */

#include "services/settlement/provider.h"

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct provider_account ACCOUNT = {.url = "https://api.example",
                                                .secret = "sk_test_1"};

static struct provider_payout payout(void)
{
    return (struct provider_payout){.payout_id = "po_00112233445566778899aabbccddeeff",
                                    .refund_id = "rf_ffeeddccbbaa99887766554433221100",
                                    .reference = "pi_3N",
                                    .currency = "GBP",
                                    .amount_minor = 510,
                                    .reason = 1,
                                    .form = 1};
}

static struct provider_request request;
static struct finding finding;

static bool start(const struct provider_payout *from)
{
    memset(&request, 0, sizeof request);
    return provider_stripe.start(&ACCOUNT, from, &request, &finding);
}

/* The body of form 1 is bound to keys that were used: these bytes never change. */
Test(settlement_stripe, form_1_is_these_bytes)
{
    struct provider_payout from = payout();
    cr_assert(start(&from));
    cr_assert(request.post);
    cr_assert_str_eq(request.url, "https://api.example/v1/refunds");
    cr_assert_str_eq(request.body, "payment_intent=pi_3N&amount=510&reason=requested_by_customer"
                                   "&metadata%5Bpayout_id%5D=po_00112233445566778899aabbccddeeff"
                                   "&metadata%5Brefund_id%5D=rf_ffeeddccbbaa99887766554433221100"
                                   "&metadata%5Bcurrency%5D=gbp");
    cr_assert_str_eq(request.headers[0], "Authorization: Bearer sk_test_1");
    cr_assert_str_eq(request.headers[2], "Idempotency-Key: po_00112233445566778899aabbccddeeff");
    cr_assert_str_eq(request.headers[3], "");
}

Test(settlement_stripe, charges_reasons_and_accounts)
{
    struct provider_payout from = payout();
    (void)strcpy(from.reference, "ch_1");
    (void)strcpy(from.account, "acct_7");
    from.reason = 11;
    cr_assert(start(&from));
    cr_assert_eq(strncmp(request.body, "charge=ch_1&amount=510&reason=duplicate&", 40), 0);
    cr_assert_str_eq(request.headers[3], "Stripe-Account: acct_7");
    (void)strcpy(from.reference, "py_1");
    from.reason = 12;
    cr_assert(start(&from));
    cr_assert_eq(strncmp(request.body, "charge=py_1&amount=510&reason=fraudulent&", 41), 0);
}

Test(settlement_stripe, what_cannot_be_sent_is_refused_with_a_reason)
{
    static const struct {
        const char *reference, *currency;
        int64_t minor;
        const char *code;
    } rows[] = {
        {"2GG279541U471931P", "GBP", 510, "reference_not_understood"},
        {"", "GBP", 510, "reference_not_understood"},
        {"pi_1", "KWD", 1234, "amount_not_representable"},
        {"pi_1", "UGX", 100, "amount_not_representable"},
        {"pi_1", "MGA", 150, "amount_not_representable"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct provider_payout from = payout();
        (void)strcpy(from.reference, rows[i].reference);
        (void)strcpy(from.currency, rows[i].currency);
        from.amount_minor = rows[i].minor;
        cr_assert_not(start(&from));
        cr_assert_eq(finding.kind, FINDING_CALL_FAILED);
        cr_assert_eq(finding.failure, CALL_FAILURE_REFUSED);
        cr_assert_str_eq(finding.code, rows[i].code);
    }
}

/* https://docs.stripe.com/currencies */
Test(settlement_stripe, amounts_are_in_stripes_units)
{
    static const struct {
        const char *currency;
        int64_t minor;
        const char *amount;
    } rows[] = {
        {"JPY", 500, "&amount=500&"}, {"KWD", 5120, "&amount=5120&"}, {"ISK", 5, "&amount=500&"},
        {"MGA", 500, "&amount=5&"},   {"EUR", 1, "&amount=1&"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct provider_payout from = payout();
        (void)strcpy(from.currency, rows[i].currency);
        from.amount_minor = rows[i].minor;
        cr_assert(start(&from));
        cr_assert_not_null(strstr(request.body, rows[i].amount), "%s", request.body);
    }
}

Test(settlement_stripe, hostile_text_is_escaped)
{
    struct provider_payout from = payout();
    (void)strcpy(from.reference, "pi_1&amount=9 \xc3\xa9");
    cr_assert(start(&from));
    cr_assert_eq(strncmp(request.body, "payment_intent=pi_1%26amount%3D9%20%C3%A9&", 42), 0);
}

Test(settlement_stripe, look_ups_ask_by_payment_and_page)
{
    struct provider_payout from = payout();
    cr_assert(provider_stripe.look_up(&ACCOUNT, &from, "", &request));
    cr_assert_not(request.post);
    cr_assert_str_eq(request.url, "https://api.example/v1/refunds?payment_intent=pi_3N&limit=100");
    cr_assert(provider_stripe.look_up(&ACCOUNT, &from, "re_9", &request));
    cr_assert_str_eq(
        request.url,
        "https://api.example/v1/refunds?payment_intent=pi_3N&limit=100&starting_after=re_9");
    (void)strcpy(from.reference, "x_1");
    cr_assert_not(provider_stripe.look_up(&ACCOUNT, &from, "", &request));
}

/* A refund object as Stripe's API shows it, with what differs put in. */
static const char *object(const char *status, const char *currency, const char *amount,
                          const char *payout_id)
{
    static char text[1024];
    (void)snprintf(text, sizeof text,
                   "{\"id\":\"re_1\",\"object\":\"refund\",\"amount\":%s,\"balance_transaction\":"
                   "\"txn_1\",\"charge\":\"ch_1\",\"created\":1291888800,\"currency\":\"%s\","
                   "\"failure_reason\":%s,\"metadata\":{\"payout_id\":\"%s\"},"
                   "\"payment_intent\":\"pi_3N\",\"reason\":null,\"receipt_number\":null,"
                   "\"status\":\"%s\"}",
                   amount, currency,
                   strcmp(status, "failed") == 0 ? "\"expired_or_canceled_card\"" : "null",
                   payout_id, status);
    return text;
}

static void answer(int32_t http_status, const char *body)
{
    struct provider_payout from = payout();
    memset(&finding, 0x55, sizeof finding);
    provider_stripe.parse_start(&from, http_status, body, strlen(body), &finding);
}

Test(settlement_stripe, refunds_of_every_status)
{
    static const struct {
        const char *word;
        enum refund_status status;
    } rows[] = {
        {"pending", REFUND_STATUS_PENDING},     {"requires_action", REFUND_STATUS_REQUIRES_ACTION},
        {"succeeded", REFUND_STATUS_SUCCEEDED}, {"failed", REFUND_STATUS_FAILED},
        {"canceled", REFUND_STATUS_CANCELLED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        answer(200, object(rows[i].word, "gbp", "510", payout().payout_id));
        cr_assert_eq(finding.kind, FINDING_REFUND);
        cr_assert_eq(finding.status, rows[i].status);
        cr_assert_eq(finding.amount_minor, 510);
        cr_assert_str_eq(finding.currency, "GBP");
        cr_assert_str_eq(finding.provider_refund_id, "re_1");
        cr_assert_eq(finding.created_us, INT64_C(1291888800000000));
        cr_assert_str_eq(finding.code,
                         rows[i].status == REFUND_STATUS_FAILED ? "expired_or_canceled_card" : "");
    }
}

Test(settlement_stripe, amounts_come_back_in_our_units)
{
    answer(200, object("succeeded", "isk", "500", ""));
    cr_assert_eq(finding.amount_minor, 5);
    answer(200, object("succeeded", "mga", "5", ""));
    cr_assert_eq(finding.amount_minor, 500);
    answer(200, object("succeeded", "isk", "550", "")); /* half a krona */
    cr_assert_eq(finding.kind, FINDING_CALL_FAILED);
    cr_assert_eq(finding.failure, CALL_FAILURE_UNKNOWN);
}

Test(settlement_stripe, answers_that_are_not_understood_are_unknown)
{
    static const char *const bodies[] = {"",
                                         "{",
                                         "[]",
                                         "null",
                                         "{\"object\":\"charge\"}",
                                         "{\"object\":\"refund\",\"id\":\"\"}",
                                         "\xff\xfe"};
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        answer(200, bodies[i]);
        cr_assert_eq(finding.kind, FINDING_CALL_FAILED);
        cr_assert_eq(finding.failure, CALL_FAILURE_UNKNOWN);
        cr_assert_str_eq(finding.code, "answer_not_understood");
    }
    answer(200, object("unheard_of", "gbp", "510", ""));
    cr_assert_eq(finding.failure, CALL_FAILURE_UNKNOWN);
    answer(200, object("succeeded", "gbp", "\"510\"", ""));
    cr_assert_eq(finding.failure, CALL_FAILURE_UNKNOWN);
    answer(200, object("succeeded", "gbp", "-1", ""));
    cr_assert_eq(finding.failure, CALL_FAILURE_UNKNOWN);
    answer(200, object("succeeded", "xxy", "1", ""));
    cr_assert_eq(finding.failure, CALL_FAILURE_UNKNOWN);
    answer(200, object("succeeded", "gbp", "510", "po_other"));
    cr_assert_str_eq(finding.code, "answer_of_another_payout");
}

Test(settlement_stripe, errors_say_whether_anything_was_done)
{
    static const struct {
        int32_t http_status;
        const char *body;
        enum call_failure failure;
        const char *code;
    } rows[] = {
        {400,
         "{\"error\":{\"type\":\"invalid_request_error\",\"code\":\"charge_already_refunded\","
         "\"message\":\"Charge ch_1 has already been refunded.\"}}",
         CALL_FAILURE_REFUSED, "charge_already_refunded"},
        {400,
         "{\"error\":{\"type\":\"idempotency_error\",\"message\":\"Keys for idempotent requests "
         "can only be used with the same parameters\"}}",
         CALL_FAILURE_REFUSED, "idempotency_error"},
        {400, "{\"error\":{\"type\":\"invalid_request_error\",\"param\":\"amount\"}}",
         CALL_FAILURE_REFUSED, "invalid_request_error"},
        {401, "{\"error\":{\"type\":\"invalid_request_error\"}}", CALL_FAILURE_NOT_SENT,
         "invalid_request_error"},
        {402, "{\"error\":{\"type\":\"card_error\",\"code\":\"declined\"}}", CALL_FAILURE_REFUSED,
         "declined"},
        {403, "{}", CALL_FAILURE_NOT_SENT, ""},
        {404, "{\"error\":{\"code\":\"resource_missing\"}}", CALL_FAILURE_REFUSED,
         "resource_missing"},
        {409, "{\"error\":{\"type\":\"idempotency_error\",\"code\":\"idempotency_key_in_use\"}}",
         CALL_FAILURE_UNKNOWN, "idempotency_error"},
        {429, "{\"error\":{\"code\":\"rate_limit\"}}", CALL_FAILURE_NOT_SENT, "rate_limit"},
        {500, "{\"error\":{\"type\":\"api_error\"}}", CALL_FAILURE_UNKNOWN, "api_error"},
        {503, "<html>", CALL_FAILURE_UNKNOWN, ""},
        {302, "", CALL_FAILURE_UNKNOWN, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        answer(rows[i].http_status, rows[i].body);
        cr_assert_eq(finding.kind, FINDING_CALL_FAILED);
        cr_expect_eq(finding.failure, rows[i].failure, "%d", rows[i].http_status);
        cr_expect_str_eq(finding.code, rows[i].code);
        cr_expect_eq(finding.http_status, rows[i].http_status);
    }
}

static void page(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void page(const char *format, ...)
{
    char body[4096];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(body, sizeof body, format, args);
    va_end(args);
    struct provider_payout from = payout();
    provider_stripe.parse_look_up(&from, 200, body, strlen(body), &finding);
}

Test(settlement_stripe, look_ups_find_by_metadata_only)
{
    page("{\"object\":\"list\",\"data\":[%s],\"has_more\":false}",
         object("succeeded", "gbp", "510", "po_other"));
    cr_assert_eq(finding.kind, FINDING_NOT_FOUND);
    page("{\"object\":\"list\",\"data\":[%s],\"has_more\":true}",
         object("succeeded", "gbp", "510", "po_other"));
    cr_assert_eq(finding.kind, FINDING_MORE);
    cr_assert_str_eq(finding.cursor, "re_1");
    page("{\"object\":\"list\",\"data\":[{\"id\":\"re_0\"},%s],\"has_more\":true}",
         object("pending", "gbp", "510", payout().payout_id));
    cr_assert_eq(finding.kind, FINDING_REFUND);
    cr_assert_eq(finding.status, REFUND_STATUS_PENDING);
    page("{\"object\":\"list\",\"data\":[],\"has_more\":false}");
    cr_assert_eq(finding.kind, FINDING_NOT_FOUND);
}

/* What is no whole answer is never taken for an absence. */
Test(settlement_stripe, look_ups_that_are_not_understood_teach_nothing)
{
    static const char *const bodies[] = {"",
                                         "{}",
                                         "{\"data\":{},\"has_more\":false}",
                                         "{\"data\":[]}",
                                         "{\"data\":[],\"has_more\":true}",
                                         "{\"data\":[7],\"has_more\":true}"};
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        page("%s", bodies[i]);
        cr_assert_eq(finding.kind, FINDING_NOTHING, "%s", bodies[i]);
    }
    page("{\"data\":[%s],\"has_more\":false}", object("odd", "gbp", "510", payout().payout_id));
    cr_assert_eq(finding.kind, FINDING_NOTHING);
    struct provider_payout from = payout();
    static const int32_t statuses[] = {400, 401, 404, 429, 500, 503};
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        provider_stripe.parse_look_up(&from, statuses[i], "{\"data\":[],\"has_more\":false}", 28,
                                      &finding);
        cr_assert_eq(finding.kind, FINDING_NOTHING);
    }
}
