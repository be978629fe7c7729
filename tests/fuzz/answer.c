/* What providers answer: the first byte chooses the adapter, the second the call that is answered
 * (choice.h), the third the HTTP status; the others are the body. */

#include "choice.h"
#include "fuzz.h"
#include "services/settlement/provider.h"

#include <criterion/criterion.h>

enum { CALLS = 3 };

static const struct provider_payout payout = {
    .payout_id = "po_00000000000000000000000000000001",
    .refund_id = "rf_00000000000000000000000000000002",
    .reference = "1/2/3",
    .account = "",
    .provider_refund_id = "re_1",
    .currency = "GBP",
    .amount_minor = 1530,
    .reason = 1,
    .form = FORM_VERSION,
};

static bool ended(const char *text, size_t room)
{
    return memchr(text, '\0', room) != NULL;
}

#define ENDED(field) ended(field, sizeof(field))

static void check(const struct finding *finding)
{
    cr_assert(finding->kind <= FINDING_NOTHING);
    cr_assert(ENDED(finding->currency) && ENDED(finding->provider_refund_id) &&
              ENDED(finding->code) && ENDED(finding->message) && ENDED(finding->cursor));
    if (finding->kind == FINDING_REFUND) {
        cr_assert(finding->status > REFUND_STATUS_NONE && finding->status < REFUND_STATUSES);
        cr_assert(finding->amount_minor >= 0 && finding->amount_minor <= AMOUNT_MAX);
    }
    if (finding->kind == FINDING_CALL_FAILED)
        cr_assert(finding->failure > CALL_FAILURE_NONE && finding->failure < CALL_FAILURES);
}

/* The next page's request is made of what the answer says. */
static void look_on(const struct provider *provider, const struct finding *finding)
{
    static struct provider_request request;
    static const struct provider_account account = {
        .url = "https://api.example", .secret = "secret", .id = "account", .token = "token"};
    request = (struct provider_request){0};
    if (!provider->look_up(&account, &payout, finding->cursor, &request))
        return;
    cr_assert(ENDED(request.url) && ENDED(request.body));
    for (size_t i = 0; i < REQUEST_HEADERS; i++)
        cr_assert(ENDED(request.headers[i]) && strpbrk(request.headers[i], "\r\n") == NULL);
    cr_assert_null(strpbrk(request.url, "\r\n "));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const struct provider *const adapters[] = {
        &provider_stripe, &provider_adyen, &provider_paypal, &provider_shopify, &provider_magento};
    static const int32_t statuses[] = {200, 201, 202, 204, 400, 401, 402, 403,
                                       404, 409, 422, 429, 500, 502, 503, 302};
    static struct finding finding;
    struct provider_token token = {{0}, 0};
    if (size < 3)
        return 0;
    const struct provider *provider = adapters[choice(bytes[0], 5)];
    int32_t status = statuses[choice(bytes[2], 16)];
    const char *body = (const char *)bytes + 3;
    finding = (struct finding){.kind = FINDING_NOTHING};
    switch (choice(bytes[1], CALLS)) {
    case 0:
        provider->parse_start(&payout, status, body, size - 3, &finding);
        break;
    case 1:
        provider->parse_look_up(&payout, status, body, size - 3, &finding);
        break;
    default:
        if (provider->parse_authorize != NULL &&
            provider->parse_authorize(status, body, size - 3, &token))
            cr_assert(ENDED(token.text) && token.text[0] != '\0' &&
                      strpbrk(token.text, "\r\n") == NULL);
        return 0;
    }
    check(&finding);
    if (finding.kind == FINDING_MORE)
        look_on(provider, &finding);
    return 0;
}
