/* Every request that our adapters write, judged by the vendors' own descriptions of their APIs:
 * Prism and a GraphQL server, at the addresses in ADYEN_JUDGE, PAYPAL_JUDGE, MAGENTO_JUDGE,
 * SHOPIFY_JUDGE. tests/conformance/providers_check_test.sh starts them; without them these tests
 * are skipped.
 *
 * A request fails on any 4xx, on any violation of the request that Prism names in the header
 * sl-violations, and on any error of GraphQL, which comes with 200. */

#include "services/settlement/provider.h"

#include <criterion/criterion.h>
#include <curl/curl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_ROOM = 262144, VIOLATIONS_ROOM = 65536 };

static struct provider_request request;
static struct finding finding;
static char answer[ANSWER_ROOM], violations[VIOLATIONS_ROOM];
static size_t answer_size;

static size_t take(char *bytes, size_t one, size_t count, void *context)
{
    size_t size = one * count, room = sizeof answer - 1 - answer_size;
    (void)context;
    size = size < room ? size : room;
    memcpy(answer + answer_size, bytes, size);
    answer_size += size;
    answer[answer_size] = '\0';
    return one * count;
}

static size_t take_header(char *bytes, size_t one, size_t count, void *context)
{
    static const char name[] = "sl-violations:";
    size_t size = one * count;
    (void)context;
    if (size > sizeof name && strncasecmp(bytes, name, sizeof name - 1) == 0)
        (void)snprintf(violations, sizeof violations, "%.*s", (int)(size - sizeof name),
                       bytes + sizeof name);
    return size;
}

/* Sends what an adapter wrote. */
static long call(void)
{
    long status = 0;
    struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
    CURL *easy = curl_easy_init();
    answer_size = 0;
    answer[0] = violations[0] = '\0';
    for (size_t i = 0; i < REQUEST_HEADERS && request.headers[i][0] != '\0'; i++)
        headers = curl_slist_append(headers, request.headers[i]);
    (void)curl_easy_setopt(easy, CURLOPT_URL, request.url);
    (void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    (void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 20000L);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take);
    (void)curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    if (request.post)
        (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body);
    CURLcode code = curl_easy_perform(easy);
    cr_assert_eq(code, CURLE_OK, "%s: %s", request.url, curl_easy_strerror(code));
    (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(headers);
    curl_easy_cleanup(easy);
    return status;
}

/* Whether Prism found something in the request. */
static bool is_violated(void)
{
    json_t *list = json_loads(violations, 0, NULL);
    bool violated = false;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *location = json_object_get(json_array_get(list, i), "location");
        const char *first = json_string_value(json_array_get(location, 0));
        violated = violated || (first != NULL && strcmp(first, "request") == 0);
    }
    json_decref(list);
    return violated;
}

static void accepted(long wanted)
{
    long status = call();
    cr_assert_eq(status, wanted, "%ld: %s %s\n%s", status, request.url, request.body, answer);
    cr_assert_not(is_violated(), "%s\n%s", request.body, violations);
}

static const char *judge(const char *variable)
{
    const char *url = getenv(variable);
    if (url == NULL)
        cr_skip_test("%s is not set", variable);
    return url;
}

static struct provider_payout payout(const char *reference, const char *currency, int64_t minor)
{
    struct provider_payout made = {.payout_id = "po_00112233445566778899aabbccddeeff",
                                   .refund_id = "rf_ffeeddccbbaa99887766554433221100",
                                   .amount_minor = minor,
                                   .form = 1};
    (void)snprintf(made.reference, sizeof made.reference, "%s", reference);
    (void)snprintf(made.currency, sizeof made.currency, "%s", currency);
    return made;
}

Test(settlement_conformance, adyen)
{
    static const int32_t reasons[] = {1, 11, 12};
    static const char *const currencies[] = {"EUR", "JPY", "KWD", "ISK"};
    const struct provider_account account = {
        .url = judge("ADYEN_JUDGE"), .secret = "k", .id = "ShopECOM"};
    for (size_t i = 0; i < 3; i++)
        for (size_t j = 0; j < 4; j++) {
            struct provider_payout from = payout("8836183819713023", currencies[j], 1000);
            from.reason = reasons[i];
            if (j == 1)
                (void)strcpy(from.account, "Another_Merchant");
            cr_assert(provider_adyen.start(&account, &from, &request, &finding));
            accepted(201);
        }
    /* The judge does judge. */
    char *value = strstr(request.body, "\"value\":");
    memcpy(value, "\"valve\":", 8);
    cr_assert_eq(call(), 422);
    cr_assert(is_violated());
}

Test(settlement_conformance, paypal)
{
    static const char *const currencies[] = {"USD", "EUR", "JPY", "HUF"};
    const struct provider_account account = {
        .url = judge("PAYPAL_JUDGE"), .secret = "s", .id = "client", .token = "t"};
    for (size_t j = 0; j < 4; j++) {
        struct provider_payout from = payout("2GG279541U471931P", currencies[j], 1100);
        if (j == 1)
            (void)strcpy(from.account, "PAYERID7");
        cr_assert(provider_paypal.start(&account, &from, &request, &finding));
        accepted(201);
        (void)strcpy(from.provider_refund_id, "1JU08902781691411");
        cr_assert(provider_paypal.look_up(&account, &from, "", &request));
        accepted(200);
    }
    struct provider_payout from = payout("2GG279541U471931P", "USD", 1100);
    const struct provider_account stranger = {.url = account.url, .secret = "s"};
    cr_assert(provider_paypal.start(&account, &from, &request, &finding));
    memcpy(strstr(request.body, "\"value\":"), "\"valve\":", 8);
    cr_assert_eq(call(), 422);
    request.headers[0][0] = '\0'; /* the first header ends the list: no credentials */
    cr_assert_eq(call(), 401);
    (void)stranger;
}

Test(settlement_conformance, magento)
{
    char url[256];
    (void)snprintf(url, sizeof url, "%s/rest/default", judge("MAGENTO_JUDGE"));
    const struct provider_account account = {.url = url, .secret = "t"};
    struct provider_payout from = payout("5/1/7", "EUR", 1250);
    cr_assert(provider_magento.start(&account, &from, &request, &finding));
    accepted(200);
    provider_magento.parse_start(&from, 200, answer, answer_size, &finding);
    cr_assert_eq(finding.kind, FINDING_REFUND);
    cr_assert_str_eq(finding.provider_refund_id, "3");
    cr_assert(provider_magento.look_up(&account, &from, "", &request));
    accepted(200);
    provider_magento.parse_look_up(&from, 200, answer, answer_size, &finding);
    cr_assert_eq(finding.kind, FINDING_NOT_FOUND); /* its sample has no comments */
    cr_assert(provider_magento.start(&account, &from, &request, &finding));
    memcpy(strstr(request.body, "\"qty\":0"), "\"qtx\":0", 7);
    cr_assert_eq(call(), 422);
}

Test(settlement_conformance, shopify)
{
    const struct provider_account account = {.url = judge("SHOPIFY_JUDGE"), .secret = "shpat_x"};
    static const char *const currencies[] = {"EUR", "JPY", "KWD"};
    for (size_t j = 0; j < 3; j++) {
        struct provider_payout from = payout("1/3/shopify_payments", currencies[j], 1000);
        (void)snprintf(from.payout_id, sizeof from.payout_id,
                       "po_00112233445566778899aabbccddee%02zu", j);
        cr_assert(provider_shopify.start(&account, &from, &request, &finding));
        accepted(200);
        cr_assert_null(strstr(answer, "\"errors\""), "%s", answer);
        if (j == 0) {
            provider_shopify.parse_start(&from, 200, answer, answer_size, &finding);
            cr_assert_eq(finding.kind, FINDING_REFUND, "%s", answer);
            cr_assert_eq(finding.amount_minor, 1000);
            cr_assert_eq(finding.status, REFUND_STATUS_SUCCEEDED);
        }
        cr_assert(provider_shopify.look_up(&account, &from, "", &request));
        accepted(200);
        cr_assert_null(strstr(answer, "\"errors\""), "%s", answer);
    }
    struct provider_payout from = payout("1/3/shopify_payments", "EUR", 1000);
    cr_assert(provider_shopify.start(&account, &from, &request, &finding));
    memcpy(strstr(request.body, "\"gateway\":"), "\"gatewax\":", 10);
    cr_assert_eq(call(), 200);
    cr_assert_not_null(strstr(answer, "\"errors\""));
}
