/* Shopify's and Magento's adapters: platforms that move the money themselves. */

#include "services/settlement/failure.h"
#include "services/settlement/provider.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define PAYOUT "po_00112233445566778899aabbccddeeff"

static const struct provider_account ACCOUNT = {.url = "https://shop.example", .secret = "k"};

static struct provider_request request;
static struct finding finding;

static struct provider_payout payout(const char *reference)
{
    struct provider_payout made = {
        .payout_id = PAYOUT, .currency = "EUR", .amount_minor = 1050, .form = 1};
    (void)snprintf(made.reference, sizeof made.reference, "%s", reference);
    return made;
}

static void parse(const struct provider *provider, bool look_up, int32_t status, const char *body)
{
    struct provider_payout from = payout("5/1/7");
    memset(&finding, 0xff, sizeof finding);
    (look_up ? provider->parse_look_up : provider->parse_start)(&from, status, body, strlen(body),
                                                                &finding);
}

/* Bound to keys that were used: these bytes never change. */
Test(settlement_platform, shopifys_form_1_is_these_bytes)
{
    struct provider_payout from = payout("450/389/shopify_payments");
    cr_assert(provider_shopify.start(&ACCOUNT, &from, &request, &finding));
    cr_assert_str_eq(request.url, "https://shop.example/admin/api/2026-10/graphql.json");
    cr_assert_str_eq(request.headers[0], "X-Shopify-Access-Token: k");
    static const char variables[] =
        "\"variables\":{\"key\":\"" PAYOUT "\",\"input\":{\"orderId\":\"gid://shopify/Order/450\","
        "\"currency\":\"EUR\",\"note\":\"Redress " PAYOUT "\",\"transactions\":[{\"orderId\":"
        "\"gid://shopify/Order/450\",\"parentId\":\"gid://shopify/OrderTransaction/389\",\"kind\":"
        "\"REFUND\",\"gateway\":\"shopify_payments\",\"amount\":\"10.50\"}]}}}";
    cr_assert_not_null(strstr(request.body, variables), "%s", request.body);
    cr_assert_not_null(strstr(request.body, "@idempotent(key:$key)"));
}

Test(settlement_platform, magentos_form_1_is_these_bytes)
{
    struct provider_payout from = payout("5/1/7");
    cr_assert(provider_magento.start(&ACCOUNT, &from, &request, &finding));
    cr_assert_str_eq(request.url, "https://shop.example/V1/invoice/5/refund");
    cr_assert_str_eq(request.headers[0], "Authorization: Bearer k");
    cr_assert_str_eq(request.body,
                     "{\"items\":[{\"order_item_id\":7,\"qty\":0}],\"isOnline\":true,\"notify\":"
                     "false,\"appendComment\":true,\"comment\":{\"comment\":\"Redress " PAYOUT
                     "\",\"is_visible_on_front\":0},\"arguments\":{\"shipping_amount\":0,"
                     "\"adjustment_positive\":10.50,\"adjustment_negative\":0}}");
}

Test(settlement_platform, references_have_three_parts)
{
    static const char *const bad[] = {"",      "5",       "5/1",      "5/1/",  "/1/7",
                                      "a/1/7", "5/1/7/8", "5/1/7 or", "5/b/g", "-5/1/7"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct provider_payout from = payout(bad[i]);
        cr_assert_not(provider_magento.start(&ACCOUNT, &from, &request, &finding), "%s", bad[i]);
        cr_assert_str_eq(finding.code, "reference_not_understood");
        cr_assert_not(provider_magento.look_up(&ACCOUNT, &from, "", &request));
    }
    struct provider_payout from = payout("5/x/gateway");
    cr_assert_not(provider_shopify.start(&ACCOUNT, &from, &request, &finding));
    from = payout("5/7/gate\"way");
    cr_assert(provider_shopify.start(&ACCOUNT, &from, &request, &finding));
    cr_assert_not_null(strstr(request.body, "\"gateway\":\"gate\\\"way\""));
}

#define REFUND(note, status)                                                                       \
    "{\"id\":\"gid://shopify/Refund/9\",\"note\":\"" note                                          \
    "\",\"createdAt\":\"2026-01-02T03:04:05Z\",\"transactions\":{\"nodes\":[{\"kind\":\"REFUND\"," \
    "\"status\":\"" status "\",\"amountSet\":{\"shopMoney\":{\"amount\":\"10.5\","                 \
    "\"currencyCode\":\"EUR\"}}}]}}"
#define CREATED(refund, errors) \
    "{\"data\":{\"refundCreate\":{\"refund\":" refund ",\"userErrors\":[" errors "]}}}"
#define LISTED(refunds) "{\"data\":{\"order\":{\"refunds\":[" refunds "]}}}"
#define ERROR(code) "{\"errors\":[{\"message\":\"m\",\"extensions\":{\"code\":\"" code "\"}}]}"

Test(settlement_platform, what_shopify_answers)
{
    parse(&provider_shopify, false, 200, CREATED(REFUND("Redress " PAYOUT, "SUCCESS"), ""));
    cr_assert_eq(finding.kind, FINDING_REFUND);
    cr_assert_eq(finding.status, REFUND_STATUS_SUCCEEDED);
    cr_assert_eq(finding.amount_minor, 1050);
    parse(&provider_shopify, false, 200, CREATED(REFUND("Redress " PAYOUT, "FAILURE"), ""));
    cr_assert_eq(finding.status, REFUND_STATUS_FAILED);
    parse(&provider_shopify, false, 200, CREATED(REFUND("Redress " PAYOUT, "PENDING"), ""));
    cr_assert_eq(finding.status, REFUND_STATUS_PENDING);
    static const struct {
        int32_t status;
        const char *body;
        enum call_failure failure;
        const char *code;
    } rows[] = {
        {200, CREATED("null", "{\"field\":[\"x\"],\"message\":\"m\"}"), CALL_FAILURE_REFUSED,
         "shopify_user_error"},
        {200, ERROR("THROTTLED"), CALL_FAILURE_NOT_SENT, "THROTTLED"},
        {200, ERROR("INTERNAL_SERVER_ERROR"), CALL_FAILURE_UNKNOWN, "INTERNAL_SERVER_ERROR"},
        {200, ERROR("BAD_REQUEST"), CALL_FAILURE_REFUSED, "BAD_REQUEST"},
        {200, CREATED(REFUND("of another", "SUCCESS"), ""), CALL_FAILURE_UNKNOWN,
         "answer_of_another_payout"},
        {200, "", CALL_FAILURE_UNKNOWN, "answer_not_understood"},
        {200, "{}", CALL_FAILURE_UNKNOWN, "answer_not_understood"},
        {401, "", CALL_FAILURE_NOT_SENT, "shopify_error"},
        {403, "", CALL_FAILURE_REFUSED, "shopify_error"},
        {404, "", CALL_FAILURE_REFUSED, "shopify_error"},
        {429, "", CALL_FAILURE_NOT_SENT, "shopify_error"},
        {500, "", CALL_FAILURE_UNKNOWN, "shopify_error"},
        {503, "", CALL_FAILURE_UNKNOWN, "shopify_error"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        parse(&provider_shopify, false, rows[i].status, rows[i].body);
        cr_assert_eq(finding.kind, FINDING_CALL_FAILED, "%s", rows[i].body);
        cr_assert_eq(finding.failure, rows[i].failure, "%s", rows[i].body);
        cr_assert_str_eq(finding.code, rows[i].code);
    }
}

Test(settlement_platform, shopifys_refunds_are_found_by_their_note)
{
    parse(&provider_shopify, true, 200,
          LISTED(REFUND("other", "SUCCESS") "," REFUND("Redress " PAYOUT, "SUCCESS")));
    cr_assert_eq(finding.kind, FINDING_REFUND);
    parse(&provider_shopify, true, 200, LISTED(REFUND("other", "SUCCESS")));
    cr_assert_eq(finding.kind, FINDING_NOT_FOUND);
    static const char *const nothing[] = {"", "{}", "{\"data\":{\"order\":null}}",
                                          ERROR("THROTTLED")};
    for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++) {
        parse(&provider_shopify, true, 200, nothing[i]);
        cr_assert_eq(finding.kind, FINDING_NOTHING, "%s", nothing[i]);
    }
    parse(&provider_shopify, true, 500, LISTED(""));
    cr_assert_eq(finding.kind, FINDING_NOTHING);
}

Test(settlement_platform, what_magento_answers)
{
    static const struct {
        int32_t status;
        const char *body;
        enum call_failure failure;
    } rows[] = {
        {400, "{\"message\":\"m\"}", CALL_FAILURE_UNKNOWN},
        {401, "", CALL_FAILURE_NOT_SENT},
        {403, "", CALL_FAILURE_NOT_SENT},
        {404, "", CALL_FAILURE_REFUSED},
        {500, "", CALL_FAILURE_UNKNOWN},
        {503, "", CALL_FAILURE_NOT_SENT},
        {200, "", CALL_FAILURE_UNKNOWN},
        {200, "0", CALL_FAILURE_UNKNOWN},
        {200, "{}", CALL_FAILURE_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        parse(&provider_magento, false, rows[i].status, rows[i].body);
        cr_assert_eq(finding.kind, FINDING_CALL_FAILED);
        cr_assert_eq(finding.failure, rows[i].failure, "%d", (int)rows[i].status);
    }
    static const char *const ids[] = {"3", "\"3\""};
    for (size_t i = 0; i < 2; i++) {
        parse(&provider_magento, false, 200, ids[i]);
        cr_assert_eq(finding.kind, FINDING_REFUND);
        cr_assert_str_eq(finding.provider_refund_id, "3");
        cr_assert_eq(finding.amount_minor, 1050);
    }
}

Test(settlement_platform, magentos_credit_memos_are_found_by_their_comment)
{
    static const char memo[] =
        "{\"items\":[{\"entity_id\":2,\"state\":2},{\"entity_id\":3,\"state\":"
        "2,\"comments\":[{\"comment\":\"Redress " PAYOUT "\"}]}]}";
    parse(&provider_magento, true, 200, memo);
    cr_assert_eq(finding.kind, FINDING_REFUND);
    cr_assert_eq(finding.status, REFUND_STATUS_SUCCEEDED);
    cr_assert_str_eq(finding.provider_refund_id, "3");
    parse(&provider_magento, true, 200, "{\"items\":[]}");
    cr_assert_eq(finding.kind, FINDING_NOT_FOUND);
    parse(&provider_magento, true, 200, "{}");
    cr_assert_eq(finding.kind, FINDING_NOTHING);
    parse(&provider_magento, true, 401, "{\"items\":[]}");
    cr_assert_eq(finding.kind, FINDING_NOTHING);
}
