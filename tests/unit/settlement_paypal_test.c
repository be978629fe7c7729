/* PayPal's adapter: what is written, and what every kind of answer means. */

#include "services/settlement/failure.h"
#include "services/settlement/provider.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static const struct provider_account ACCOUNT = {
    .url = "https://paypal.example", .secret = "s3cret", .id = "client-1", .token = "A21AA"};

static struct provider_request request;
static struct finding finding;

static struct provider_payout payout(void)
{
    return (struct provider_payout){.payout_id = "po_00112233445566778899aabbccddeeff",
                                    .refund_id = "rf_ffeeddccbbaa99887766554433221100",
                                    .reference = "2GG279541U471931P",
                                    .provider_refund_id = "1JU08902781691411",
                                    .currency = "USD",
                                    .amount_minor = 1099,
                                    .reason = 1,
                                    .form = 1};
}

static bool start(const struct provider_payout *from)
{
    memset(&request, 0, sizeof request);
    return provider_paypal.start(&ACCOUNT, from, &request, &finding);
}

/* The body of form 1 is bound to keys that were used: these bytes never change. */
Test(settlement_paypal, form_1_is_these_bytes)
{
    struct provider_payout from = payout();
    cr_assert(start(&from));
    cr_assert(request.post);
    cr_assert_str_eq(request.url,
                     "https://paypal.example/v2/payments/captures/2GG279541U471931P/refund");
    cr_assert_str_eq(request.body,
                     "{\"amount\":{\"value\":\"10.99\",\"currency_code\":\"USD\"},\"custom_id\":"
                     "\"po_00112233445566778899aabbccddeeff\"}");
    cr_assert_str_eq(request.headers[0], "Authorization: Bearer A21AA");
    cr_assert_str_eq(request.headers[1], "PayPal-Request-Id: po_00112233445566778899aabbccddeeff");
    cr_assert_str_eq(request.headers[2], "Content-Type: application/json");
    cr_assert_str_eq(request.headers[3], "Prefer: return=representation");
    cr_assert_str_eq(request.headers[4], "");
}

Test(settlement_paypal, a_token_is_asked_for_with_the_credentials)
{
    struct provider_token token = {0};
    static const char answer[] = "{\"scope\":\"x\",\"access_token\":\"A21AAnew\",\"token_type\":"
                                 "\"Bearer\",\"app_id\":\"APP\",\"expires_in\":31668}";
    provider_paypal.authorize(&ACCOUNT, &request);
    cr_assert(request.post);
    cr_assert_str_eq(request.url, "https://paypal.example/v1/oauth2/token");
    cr_assert_str_eq(request.body, "grant_type=client_credentials");
    cr_assert_str_eq(request.headers[0], "Authorization: Basic Y2xpZW50LTE6czNjcmV0");
    cr_assert(provider_paypal.parse_authorize(200, answer, sizeof answer - 1, &token));
    cr_assert_str_eq(token.text, "A21AAnew");
    cr_assert_eq(token.life_us, INT64_C(31668000000));
    cr_assert_not(provider_paypal.parse_authorize(401, answer, sizeof answer - 1, &token));
    static const char *const bad[] = {"",
                                      "{}",
                                      "[]",
                                      "{\"access_token\":7,\"expires_in\":9}",
                                      "{\"access_token\":\"a\"}",
                                      "{\"access_token\":\"a\",\"expires_in\":-9}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_assert_not(provider_paypal.parse_authorize(200, bad[i], strlen(bad[i]), &token));
}

/* https://developer.paypal.com/reference/currency-codes/ */
Test(settlement_paypal, amounts_have_the_decimals_of_their_currency)
{
    static const struct {
        const char *currency;
        int64_t minor;
        const char *value; /* NULL: not representable */
    } rows[] = {
        {"USD", 5, "\"0.05\""},  {"EUR", 100000, "\"1000.00\""},
        {"JPY", 500, "\"500\""}, {"HUF", 12300, "\"123\""},
        {"TWD", 100, "\"1\""},   {"HUF", 12350, NULL},
        {"TWD", 1, NULL},        {"KWD", 1234, NULL},
        {"XYZ", 100, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct provider_payout from = payout();
        (void)strcpy(from.currency, rows[i].currency);
        from.amount_minor = rows[i].minor;
        cr_assert_eq(start(&from), rows[i].value != NULL, "%s", rows[i].currency);
        if (rows[i].value != NULL)
            cr_assert_not_null(strstr(request.body, rows[i].value), "%s", request.body);
        else
            cr_assert_str_eq(finding.code, "amount_not_representable");
    }
}

Test(settlement_paypal, references_that_are_no_ids_are_refused)
{
    static const char *const references[] = {"", "../orders", "a/b", "a?b", "a b"};
    for (size_t i = 0; i < sizeof references / sizeof *references; i++) {
        struct provider_payout from = payout();
        (void)strcpy(from.reference, references[i]);
        cr_assert_not(start(&from));
        cr_assert_str_eq(finding.code, "reference_not_understood");
        (void)strcpy(from.provider_refund_id, references[i]);
        cr_assert_not(provider_paypal.look_up(&ACCOUNT, &from, "", &request));
    }
}

/* {"alg":"none"} . {"iss":"client-1","payer_id":"M\r\nX"} . nothing */
Test(settlement_paypal, a_merchant_is_acted_for_by_an_assertion)
{
    struct provider_payout from = payout();
    (void)strcpy(from.account, "M\r\nX");
    cr_assert(start(&from));
    cr_assert_str_eq(request.headers[4], "PayPal-Auth-Assertion: eyJhbGciOiJub25lIn0."
                                         "eyJpc3MiOiJjbGllbnQtMSIsInBheWVyX2lkIjoiTVxyXG5YIn0.");
}

Test(settlement_paypal, a_refund_is_asked_about_by_its_id)
{
    struct provider_payout from = payout();
    cr_assert(provider_paypal.look_up(&ACCOUNT, &from, "", &request));
    cr_assert_not(request.post);
    cr_assert_str_eq(request.url, "https://paypal.example/v2/payments/refunds/1JU08902781691411");
    cr_assert_str_eq(request.headers[1], "");
}

#define REFUND(status, more)                                                   \
    "{\"id\":\"1JU08902781691411\",\"status\":\"" status "\",\"create_time\":" \
    "\"2026-01-02T03:04:05Z\"" more "}"
#define AMOUNT ",\"amount\":{\"currency_code\":\"USD\",\"value\":\"10.99\"}"
#define OURS ",\"custom_id\":\"po_00112233445566778899aabbccddeeff\""

static void answer(int32_t http_status, const char *body)
{
    struct provider_payout from = payout();
    memset(&finding, 0xff, sizeof finding);
    provider_paypal.parse_start(&from, http_status, body, strlen(body), &finding);
}

Test(settlement_paypal, every_status_of_a_refund)
{
    static const struct {
        const char *body;
        enum refund_status status;
    } rows[] = {
        {REFUND("COMPLETED", AMOUNT OURS), REFUND_STATUS_SUCCEEDED},
        {REFUND("PENDING", AMOUNT OURS ",\"status_details\":{\"reason\":\"ECHECK\"}"),
         REFUND_STATUS_PENDING},
        {REFUND("FAILED", AMOUNT OURS), REFUND_STATUS_FAILED},
        {REFUND("CANCELLED", AMOUNT OURS), REFUND_STATUS_CANCELLED},
        {REFUND("COMPLETED", ""), REFUND_STATUS_SUCCEEDED}, /* return=minimal */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        answer(i % 2 == 0 ? 201 : 200, rows[i].body);
        cr_assert_eq(finding.kind, FINDING_REFUND, "%s", rows[i].body);
        cr_assert_eq(finding.status, rows[i].status);
        cr_assert_eq(finding.amount_minor, 1099);
        cr_assert_str_eq(finding.currency, "USD");
        cr_assert_str_eq(finding.provider_refund_id, "1JU08902781691411");
        cr_assert_eq(finding.created_us, INT64_C(1767323045000000));
    }
}

Test(settlement_paypal, answers_that_are_not_understood_leave_it_unknown)
{
    static const char *const bodies[] = {
        "",
        "[]",
        "{",
        "{}",
        REFUND("DONE", AMOUNT OURS),
        REFUND("COMPLETED", ",\"custom_id\":\"po_other\"" AMOUNT),
        REFUND("COMPLETED", ",\"amount\":{\"currency_code\":\"USD\",\"value\":10.99}"),
        REFUND("COMPLETED", ",\"amount\":{\"currency_code\":\"USD\",\"value\":\"10.999\"}"),
        REFUND("COMPLETED", ",\"amount\":{\"currency_code\":\"USD\",\"value\":\"-1\"}"),
        REFUND("COMPLETED", ",\"amount\":{\"currency_code\":\"usd\",\"value\":\"1\"}"),
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        answer(201, bodies[i]);
        cr_assert_eq(finding.kind, FINDING_CALL_FAILED, "%s", bodies[i]);
        cr_assert_eq(finding.failure, CALL_FAILURE_UNKNOWN);
    }
}

/* Every issue of captures.refund-400 and -422 in PayPal's API description, and its named errors. */
Test(settlement_paypal, every_error_has_a_meaning)
{
    static const struct {
        int32_t status;
        const char *name, *issue;
        enum call_failure failure;
        enum failure_class class;
    } rows[] = {
#define REFUSED(status, name, issue, class) \
    {status, name, issue, CALL_FAILURE_REFUSED, FAILURE_##class}
#define U "UNPROCESSABLE_ENTITY"
        REFUSED(422, U, "CANNOT_BE_ZERO_OR_NEGATIVE", BLOCK),
        REFUSED(422, U, "DECIMAL_PRECISION", BLOCK),
        REFUSED(422, U, "DECIMALS_NOT_SUPPORTED", BLOCK),
        REFUSED(422, U, "INVALID_CURRENCY_CODE", BLOCK),
        REFUSED(422, U, "CURRENCY_MISMATCH", BLOCK),
        REFUSED(422, U, "CANNOT_BE_NEGATIVE", BLOCK),
        REFUSED(422, U, "CAPTURE_FULLY_REFUNDED", BLOCK),
        REFUSED(422, U, "REFUND_CAPTURE_CURRENCY_MISMATCH", BLOCK),
        REFUSED(422, U, "REFUND_NOT_ALLOWED", DIVERT),
        REFUSED(422, U, "REFUND_TIME_LIMIT_EXCEEDED", DIVERT),
        REFUSED(422, U, "REFUND_AMOUNT_EXCEEDED", BLOCK),
        REFUSED(422, U, "REFUND_AMOUNT_TOO_LOW", BLOCK),
        REFUSED(422, U, "REFUND_FAILED_INSUFFICIENT_FUNDS", BLOCK),
        REFUSED(422, U, "PARTIAL_REFUND_NOT_ALLOWED", DIVERT),
        REFUSED(422, U, "MAX_NUMBER_OF_REFUNDS_EXCEEDED", BLOCK),
        REFUSED(422, U, "PENDING_CAPTURE", BLOCK),
        REFUSED(422, U, "DUPLICATE_INVOICE_ID", BLOCK),
        REFUSED(422, U, "PAYEE_ACCOUNT_LOCKED_OR_CLOSED", BLOCK),
        REFUSED(422, U, "PAYER_ACCOUNT_LOCKED_OR_CLOSED", DIVERT),
        REFUSED(422, U, "PAYEE_ACCOUNT_RESTRICTED", BLOCK),
        REFUSED(422, U, "REFUND_NOT_PERMITTED_DUE_TO_CHARGEBACK", BLOCK),
        REFUSED(422, U, "TRANSACTION_DISPUTED", BLOCK),
        REFUSED(422, U, "PLATFORM_FEE_EXCEEDED", BLOCK),
        REFUSED(422, U, "REFUND_IS_RESTRICTED", BLOCK),
        REFUSED(422, U, "PLATFORM_FEE_NOT_ENABLED", BLOCK),
        REFUSED(422, U, "SOMETHING_NEW", FINAL),
        REFUSED(400, "INVALID_REQUEST", "MISSING_REQUIRED_PARAMETER", BLOCK),
        REFUSED(400, "INVALID_REQUEST", "INVALID_PARAMETER_SYNTAX", BLOCK),
        REFUSED(400, "INVALID_REQUEST", "INVALID_STRING_LENGTH", BLOCK),
        REFUSED(400, "INVALID_REQUEST", "", BLOCK),
        REFUSED(403, "NOT_AUTHORIZED", "PERMISSION_DENIED", BLOCK),
        REFUSED(404, "RESOURCE_NOT_FOUND", "INVALID_RESOURCE_ID", BLOCK),
        {401, "AUTHENTICATION_FAILURE", "", CALL_FAILURE_NOT_SENT, FAILURE_FINAL},
        {409, "RESOURCE_CONFLICT", "", CALL_FAILURE_UNKNOWN, FAILURE_FINAL},
        {429, "RATE_LIMIT_REACHED", "", CALL_FAILURE_NOT_SENT, FAILURE_FINAL},
        {500, "INTERNAL_SERVER_ERROR", "", CALL_FAILURE_UNKNOWN, FAILURE_FINAL},
        {503, "SERVICE_UNAVAILABLE", "", CALL_FAILURE_UNKNOWN, FAILURE_FINAL},
        {504, "", "", CALL_FAILURE_UNKNOWN, FAILURE_FINAL},
        {204, "", "", CALL_FAILURE_UNKNOWN, FAILURE_FINAL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char body[512];
        (void)snprintf(body, sizeof body,
                       "{\"name\":\"%s\",\"message\":\"m\",\"debug_id\":\"90957fca61718\","
                       "\"details\":[{\"issue\":\"%s\",\"description\":\"d\"}]}",
                       rows[i].name, rows[i].issue);
        answer(rows[i].status, body);
        cr_assert_eq(finding.kind, FINDING_CALL_FAILED);
        cr_assert_eq(finding.failure, rows[i].failure, "%s", body);
        cr_assert_str_eq(finding.code, rows[i].issue[0] == '\0' ? rows[i].name : rows[i].issue);
        if (rows[i].failure == CALL_FAILURE_REFUSED)
            cr_assert_eq(failure_class(finding.code), rows[i].class, "%s", body);
    }
}

static void look_up(int32_t http_status, const char *body)
{
    struct provider_payout from = payout();
    memset(&finding, 0xff, sizeof finding);
    provider_paypal.parse_look_up(&from, http_status, body, strlen(body), &finding);
}

Test(settlement_paypal, look_ups_find_ours_or_nothing)
{
    look_up(200, REFUND("FAILED", AMOUNT OURS));
    cr_assert_eq(finding.kind, FINDING_REFUND);
    cr_assert_eq(finding.status, REFUND_STATUS_FAILED);
    static const char *const nothing[] = {
        "",
        "{}",
        REFUND("COMPLETED", ",\"custom_id\":\"po_other\"" AMOUNT),
        "{\"id\":\"OTHER\",\"status\":\"COMPLETED\"" AMOUNT "}",
    };
    for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++) {
        look_up(200, nothing[i]);
        cr_assert_eq(finding.kind, FINDING_NOTHING, "%s", nothing[i]);
    }
    look_up(404, REFUND("COMPLETED", AMOUNT OURS));
    cr_assert_eq(finding.kind, FINDING_NOTHING);
}
