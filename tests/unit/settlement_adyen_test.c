/* Adyen's adapter: what is written, and what every kind of answer means. */

#include "services/settlement/failure.h"
#include "services/settlement/provider.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static const struct provider_account ACCOUNT = {
    .url = "https://adyen.example", .secret = "key-1", .id = "ShopECOM"};

static struct provider_request request;
static struct finding finding;

static struct provider_payout payout(void)
{
    return (struct provider_payout){.payout_id = "po_00112233445566778899aabbccddeeff",
                                    .refund_id = "rf_ffeeddccbbaa99887766554433221100",
                                    .reference = "993617894903480A",
                                    .currency = "EUR",
                                    .amount_minor = 2500,
                                    .reason = 1,
                                    .form = 1};
}

static bool start(const struct provider_payout *from)
{
    memset(&request, 0, sizeof request);
    return provider_adyen.start(&ACCOUNT, from, &request, &finding);
}

/* The body of form 1 is bound to keys that were used: these bytes never change. */
Test(settlement_adyen, form_1_is_these_bytes)
{
    struct provider_payout from = payout();
    cr_assert(start(&from));
    cr_assert(request.post);
    cr_assert_str_eq(request.url, "https://adyen.example/v71/payments/993617894903480A/refunds");
    cr_assert_str_eq(request.body,
                     "{\"merchantAccount\":\"ShopECOM\",\"amount\":{\"value\":2500,\"currency\":"
                     "\"EUR\"},\"merchantRefundReason\":\"CUSTOMER REQUEST\",\"reference\":"
                     "\"po_00112233445566778899aabbccddeeff\"}");
    cr_assert_str_eq(request.headers[0], "X-API-Key: key-1");
    cr_assert_str_eq(request.headers[1], "Idempotency-Key: po_00112233445566778899aabbccddeeff");
    cr_assert_str_eq(request.headers[2], "Content-Type: application/json");
    cr_assert_str_eq(request.headers[3], "");
}

Test(settlement_adyen, accounts_and_reasons)
{
    struct provider_payout from = payout();
    (void)strcpy(from.account, "Shop\"DE\r\nX");
    from.reason = 11;
    cr_assert(start(&from));
    cr_assert_not_null(strstr(request.body, "\"merchantAccount\":\"Shop\\\"DE\\r\\nX\""));
    cr_assert_not_null(strstr(request.body, "\"merchantRefundReason\":\"DUPLICATE\""));
    from.reason = 12;
    cr_assert(start(&from));
    cr_assert_not_null(strstr(request.body, "\"merchantRefundReason\":\"FRAUD\""));
}

/* https://docs.adyen.com/development-resources/currency-codes */
Test(settlement_adyen, amounts_are_in_adyens_units)
{
    static const struct {
        const char *currency;
        int64_t minor;
        const char *amount;
    } rows[] = {
        {"EUR", 1, "\"value\":1,"},       {"JPY", 500, "\"value\":500,"},
        {"KWD", 1234, "\"value\":1234,"}, {"ISK", 5, "\"value\":500,"},
        {"CLP", 7, "\"value\":700,"},     {"CVE", 500, "\"value\":5,"},
        {"IDR", 100, "\"value\":1,"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct provider_payout from = payout();
        (void)strcpy(from.currency, rows[i].currency);
        from.amount_minor = rows[i].minor;
        cr_assert(start(&from));
        cr_assert_not_null(strstr(request.body, rows[i].amount), "%s", request.body);
    }
}

Test(settlement_adyen, what_cannot_be_sent_is_refused_with_a_reason)
{
    static const struct {
        const char *reference, *currency;
        int64_t minor;
        const char *code;
    } rows[] = {
        {"", "EUR", 510, "reference_not_understood"},
        {"../x", "EUR", 510, "reference_not_understood"},
        {"a/b", "EUR", 510, "reference_not_understood"},
        {"9936", "IDR", 150, "amount_not_representable"},
        {"9936", "XYZ", 100, "amount_not_representable"},
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
    const struct provider_account nobody = {
        .url = "https://adyen.example", .secret = "k", .id = ""};
    struct provider_payout from = payout();
    cr_assert_not(provider_adyen.start(&nobody, &from, &request, &finding));
    from.form = 2;
    cr_assert_not(start(&from));
}

Test(settlement_adyen, nobody_can_be_asked)
{
    struct provider_payout from = payout();
    cr_assert_not(provider_adyen.look_up(&ACCOUNT, &from, "", &request));
}

static void answer(int32_t http_status, const char *body)
{
    struct provider_payout from = payout();
    memset(&finding, 0xff, sizeof finding);
    provider_adyen.parse_start(&from, http_status, body, strlen(body), &finding);
}

#define RECEIVED(reference, payment, status)                               \
    "{\"merchantAccount\":\"ShopECOM\",\"paymentPspReference\":\"" payment \
    "\",\"reference\":\"" reference                                        \
    "\",\"pspReference\":\"993617894906488A\",\"status\":\"" status        \
    "\",\"amount\":{\"currency\":\"EUR\",\"value\":2500}}"

Test(settlement_adyen, received_is_pending)
{
    answer(201, RECEIVED("po_00112233445566778899aabbccddeeff", "993617894903480A", "received"));
    cr_assert_eq(finding.kind, FINDING_REFUND);
    cr_assert_eq(finding.status, REFUND_STATUS_PENDING);
    cr_assert_eq(finding.amount_minor, 2500);
    cr_assert_str_eq(finding.currency, "EUR");
    cr_assert_str_eq(finding.provider_refund_id, "993617894906488A");
}

Test(settlement_adyen, answers_that_are_not_understood_leave_it_unknown)
{
    static const char *const bodies[] = {
        "",
        "[]",
        "null",
        "{",
        "{\"status\":\"received\"}",
        RECEIVED("po_00112233445566778899aabbccddeeff", "993617894903480A", "done"),
        RECEIVED("po_other", "993617894903480A", "received"),
        RECEIVED("po_00112233445566778899aabbccddeeff", "other", "received"),
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        answer(201, bodies[i]);
        cr_assert_eq(finding.kind, FINDING_CALL_FAILED, "%s", bodies[i]);
        cr_assert_eq(finding.failure, CALL_FAILURE_UNKNOWN);
    }
}

/* The examples of the API description, and what the documentation says of the others. */
Test(settlement_adyen, every_status_and_error_has_a_meaning)
{
    static const struct {
        int32_t status;
        const char *error;
        enum call_failure failure;
    } rows[] = {
        {400, "702", CALL_FAILURE_REFUSED},    {401, "000", CALL_FAILURE_NOT_SENT},
        {403, "901", CALL_FAILURE_REFUSED},    {404, "", CALL_FAILURE_REFUSED},
        {422, "14_030", CALL_FAILURE_REFUSED}, {422, "167", CALL_FAILURE_REFUSED},
        {422, "704", CALL_FAILURE_UNKNOWN},    {429, "", CALL_FAILURE_NOT_SENT},
        {500, "905", CALL_FAILURE_UNKNOWN},    {502, "", CALL_FAILURE_UNKNOWN},
        {503, "", CALL_FAILURE_UNKNOWN},       {504, "", CALL_FAILURE_UNKNOWN},
        {302, "", CALL_FAILURE_UNKNOWN},       {100, "", CALL_FAILURE_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char body[256];
        (void)snprintf(body, sizeof body,
                       "{\"status\":%d,\"errorCode\":\"%s\",\"message\":\"m\",\"errorType\":"
                       "\"validation\",\"pspReference\":\"8816118280275544\"}",
                       (int)rows[i].status, rows[i].error);
        answer(rows[i].status, body);
        cr_assert_eq(finding.kind, FINDING_CALL_FAILED);
        cr_assert_eq(finding.failure, rows[i].failure, "%d %s", (int)rows[i].status, rows[i].error);
        cr_assert_eq(finding.http_status, rows[i].status);
        cr_assert_eq(strncmp(finding.code, "adyen_", 6), 0);
        cr_assert_eq(failure_class(finding.code), FAILURE_BLOCK);
    }
}
