/* What Stripe's adapter sends, judged by Stripe's own description of its API: stripe-mock, at the
 * address in STRIPE_MOCK_URL. tests/conformance/stripe_check_test.sh starts it; without it these
 * tests are skipped. */

#include "clock.h"
#include "services/settlement/exchange.h"
#include "services/settlement/provider.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEADLINE_MS = 10000 };

static struct provider_account account = {.secret = "sk_test_123"};
static struct exchange *exchange;
static struct provider_request request;
static struct finding finding;

static void setup(void)
{
    account.url = getenv("STRIPE_MOCK_URL");
    if (account.url == NULL)
        cr_skip_test("STRIPE_MOCK_URL is not set");
    const struct exchange_settings settings = {
        .in_flight = 4, .connect_timeout_ms = 2000, .total_timeout_ms = DEADLINE_MS, .ca_file = ""};
    struct error error = {0};
    cr_assert_eq(exchange_open(&settings, &exchange, &error), STATUS_OK, "%s", error.text);
}

static void teardown(void)
{
    exchange_close(exchange);
}

TestSuite(settlement_stripe_mock, .init = setup, .fini = teardown);

static struct provider_payout payout(const char *reference)
{
    struct provider_payout made = {.payout_id = "po_00112233445566778899aabbccddeeff",
                                   .refund_id = "rf_ffeeddccbbaa99887766554433221100",
                                   .currency = "USD",
                                   .amount_minor = 510,
                                   .reason = 1,
                                   .form = 1};
    (void)snprintf(made.reference, sizeof made.reference, "%s", reference);
    return made;
}

static struct exchange_answer call(void)
{
    struct exchange_answer answer = {0};
    int64_t until_us = clock_monotonic_us() + DEADLINE_MS * INT64_C(1000);
    cr_assert(exchange_start(exchange, &request, &request));
    while (!exchange_next(exchange, &answer)) {
        cr_assert_lt(clock_monotonic_us(), until_us);
        exchange_wait(exchange, 100);
    }
    cr_assert_eq(answer.outcome, EXCHANGE_ANSWERED, "%s", answer.reason);
    return answer;
}

Test(settlement_stripe_mock, refunds_of_every_kind_are_accepted)
{
    static const char *const references[] = {"pi_1", "ch_1", "py_1"};
    static const int32_t reasons[] = {1, 11, 12};
    for (size_t i = 0; i < sizeof references / sizeof *references; i++)
        for (size_t j = 0; j < sizeof reasons / sizeof *reasons; j++) {
            struct provider_payout from = payout(references[i]);
            from.reason = reasons[j];
            cr_assert(provider_stripe.start(&account, &from, &request, &finding));
            struct exchange_answer answer = call();
            cr_assert_eq(answer.http_status, 200, "%.*s", (int)answer.size, answer.body);
            provider_stripe.parse_start(&from, answer.http_status, answer.body, answer.size,
                                        &finding);
            cr_assert_eq(finding.kind, FINDING_REFUND);
            cr_assert_eq(finding.amount_minor, 510);
            cr_assert_eq(finding.status, REFUND_STATUS_SUCCEEDED);
        }
}

Test(settlement_stripe_mock, a_connected_account_is_accepted)
{
    struct provider_payout from = payout("pi_1");
    (void)snprintf(from.account, sizeof from.account, "acct_1");
    cr_assert(provider_stripe.start(&account, &from, &request, &finding));
    cr_assert_eq(call().http_status, 200);
}

Test(settlement_stripe_mock, look_ups_are_accepted)
{
    static const char *const references[] = {"pi_1", "ch_1"};
    static const char *const cursors[] = {"", "re_1"};
    for (size_t i = 0; i < 2; i++)
        for (size_t j = 0; j < 2; j++) {
            struct provider_payout from = payout(references[i]);
            cr_assert(provider_stripe.look_up(&account, &from, cursors[j], &request));
            struct exchange_answer answer = call();
            cr_assert_eq(answer.http_status, 200, "%.*s", (int)answer.size, answer.body);
            provider_stripe.parse_look_up(&from, answer.http_status, answer.body, answer.size,
                                          &finding);
            cr_assert_eq(finding.kind, FINDING_NOT_FOUND); /* its sample has no metadata */
        }
}

/* The judge does judge: what is wrong is refused, and the refusal is understood. */
Test(settlement_stripe_mock, wrong_requests_are_refused)
{
    struct provider_payout from = payout("pi_1");
    cr_assert(provider_stripe.start(&account, &from, &request, &finding));
    (void)strcat(request.body, "&unheard_of=1");
    struct exchange_answer answer = call();
    cr_assert_eq(answer.http_status, 400);
    provider_stripe.parse_start(&from, answer.http_status, answer.body, answer.size, &finding);
    cr_assert_eq(finding.failure, CALL_FAILURE_REFUSED);
    cr_assert_str_eq(finding.code, "invalid_request_error");
    const struct provider_account stranger = {.url = account.url, .secret = "nobody"};
    cr_assert(provider_stripe.start(&stranger, &from, &request, &finding));
    answer = call();
    cr_assert_eq(answer.http_status, 401);
    provider_stripe.parse_start(&from, answer.http_status, answer.body, answer.size, &finding);
    cr_assert_eq(finding.failure, CALL_FAILURE_NOT_SENT);
}
