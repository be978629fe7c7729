/* Webhooks: what each provider's payloads say, and that broken ones say nothing and break nothing.
 */

#include "services/settlement/webhook.h"

#include <criterion/criterion.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAYOUT "po_00112233445566778899aabbccddeeff"
#define NOW_US INT64_C(1767323045000000)

static struct webhook_facts facts;
static const struct webhook_keys NO_KEYS = {
    .stripe = "", .adyen = "", .shopify = "", .paypal_id = "", .finance = ""};

static enum webhook_result read_bytes(int provider, const char *body, size_t size)
{
    const struct webhook webhook = {
        .provider = provider, .received_us = NOW_US, .body = body, .size = size};
    return webhook_read(&webhook, &NO_KEYS, &facts);
}

static enum webhook_result read_text(int provider, const char *body)
{
    return read_bytes(provider, body, strlen(body));
}

#define STRIPE(type, object)                                                         \
    "{\"id\":\"evt_1\",\"object\":\"event\",\"created\":1767323045,\"type\":\"" type \
    "\",\"data\":{\"object\":" object "}}"
#define STRIPE_REFUND(status, more)                                                          \
    "{\"id\":\"re_1\",\"object\":\"refund\",\"amount\":510,\"charge\":\"ch_1\",\"created\":" \
    "1767323000,\"currency\":\"gbp\",\"payment_intent\":\"pi_1\",\"status\":\"" status       \
    "\",\"metadata\":{\"payout_id\":\"" PAYOUT "\"}" more "}"
#define STRIPE_DISPUTE(status)                                                                  \
    "{\"id\":\"dp_1\",\"object\":\"dispute\",\"amount\":1000,\"charge\":\"ch_1\",\"currency\":" \
    "\"usd\",\"payment_intent\":null,\"reason\":\"general\",\"status\":\"" status "\"}"
#define ADYEN(code, success, more)                                                             \
    "{\"live\":\"false\",\"notificationItems\":[{\"NotificationRequestItem\":{"                \
    "\"amount\":{\"currency\":\"EUR\",\"value\":1500},\"eventCode\":\"" code                   \
    "\",\"eventDate\":\"2026-01-02T04:04:05+01:00\",\"merchantAccountCode\":\"Shop\","         \
    "\"merchantReference\":\"" PAYOUT "\",\"originalReference\":\"PSP1\",\"pspReference\":"    \
    "\"PSP2\",\"reason\":\"Insufficient balance on payment\",\"success\":\"" success "\"" more \
    "}}]}"
#define PAYPAL(type, resource)                                                         \
    "{\"id\":\"WH-1\",\"create_time\":\"2026-01-02T03:04:05Z\",\"event_type\":\"" type \
    "\",\"resource\":" resource "}"
#define PAYPAL_REFUND(status)                                                                     \
    "{\"id\":\"1JU0\",\"status\":\"" status "\",\"custom_id\":\"" PAYOUT                          \
    "\",\"amount\":{\"currency_code\":\"USD\",\"value\":\"10.99\"},\"links\":[{\"rel\":\"self\"," \
    "\"href\":\"https://api.paypal.com/v2/payments/refunds/1JU0\"},{\"rel\":\"up\",\"href\":"     \
    "\"https://api.paypal.com/v2/payments/captures/2GG2\"}]}"
#define PAYPAL_DISPUTE(status, stage, outcome)                                                  \
    "{\"dispute_id\":\"PP-D-1\",\"reason\":\"MERCHANDISE_OR_SERVICE_NOT_RECEIVED\",\"status\":" \
    "\"" status "\",\"dispute_life_cycle_stage\":\"" stage                                      \
    "\",\"dispute_amount\":{\"currency_code\":\"USD\",\"value\":\"5.00\"},"                     \
    "\"disputed_transactions\":[{\"seller_transaction_id\":\"2GG2\"}]" outcome "}"
#define OUTCOME(code) ",\"dispute_outcome\":{\"outcome_code\":\"" code "\"}"
#define SHOPIFY_REFUND(status)                                                                    \
    "{\"id\":509562969,\"order_id\":450789469,\"created_at\":\"2026-01-02T03:04:05Z\",\"note\":"  \
    "\"Redress " PAYOUT "\",\"transactions\":[{\"id\":7,\"kind\":\"refund\",\"status\":\"" status \
    "\",\"amount\":\"209.00\",\"currency\":\"USD\",\"parent_id\":3,\"created_at\":"               \
    "\"2026-01-02T03:04:05Z\"}]}"
#define SHOPIFY_DISPUTE(type, status)                                          \
    "{\"id\":11,\"order_id\":450789469,\"type\":\"" type                       \
    "\",\"amount\":\"100.00\",\"currency\":\"USD\",\"reason\":\"fraudulent\"," \
    "\"network_reason_code\":\"4827\",\"status\":\"" status "\"}"

Test(settlement_webhook, refunds)
{
    static const struct {
        int provider;
        const char *body;
        enum refund_status status;
        int64_t minor;
        const char *currency, *reference, *refund_id, *code;
    } rows[] = {
        {PROVIDER_STRIPE, STRIPE("refund.created", STRIPE_REFUND("pending", "")),
         REFUND_STATUS_PENDING, 510, "GBP", "pi_1", "re_1", ""},
        {PROVIDER_STRIPE, STRIPE("refund.updated", STRIPE_REFUND("succeeded", "")),
         REFUND_STATUS_SUCCEEDED, 510, "GBP", "pi_1", "re_1", ""},
        {PROVIDER_STRIPE,
         STRIPE("refund.failed",
                STRIPE_REFUND("failed", ",\"failure_reason\":\"expired_or_canceled_card\"")),
         REFUND_STATUS_FAILED, 510, "GBP", "pi_1", "re_1", "expired_or_canceled_card"},
        {PROVIDER_STRIPE, STRIPE("charge.refund.updated", STRIPE_REFUND("canceled", "")),
         REFUND_STATUS_CANCELLED, 510, "GBP", "pi_1", "re_1", ""},
        {PROVIDER_ADYEN, ADYEN("REFUND", "true", ""), REFUND_STATUS_SUCCEEDED, 1500, "EUR", "PSP1",
         "PSP2", ""},
        {PROVIDER_ADYEN, ADYEN("REFUND", "false", ""), REFUND_STATUS_FAILED, 1500, "EUR", "PSP1",
         "PSP2", "insufficient_balance_on_payment"},
        {PROVIDER_ADYEN, ADYEN("REFUND_FAILED", "true", ""), REFUND_STATUS_FAILED, 1500, "EUR",
         "PSP1", "PSP2", "insufficient_balance_on_payment"},
        {PROVIDER_ADYEN, ADYEN("REFUNDED_REVERSED", "true", ""), REFUND_STATUS_FAILED, 1500, "EUR",
         "PSP1", "PSP2", "insufficient_balance_on_payment"},
        {PROVIDER_ADYEN,
         ADYEN("CANCEL_OR_REFUND", "true",
               ",\"additionalData\":{\"modification.action\":\"refund\"}"),
         REFUND_STATUS_SUCCEEDED, 1500, "EUR", "PSP1", "PSP2", ""},
        {PROVIDER_PAYPAL, PAYPAL("PAYMENT.CAPTURE.REFUNDED", PAYPAL_REFUND("COMPLETED")),
         REFUND_STATUS_SUCCEEDED, 1099, "USD", "2GG2", "1JU0", ""},
        {PROVIDER_PAYPAL, PAYPAL("PAYMENT.REFUND.PENDING", PAYPAL_REFUND("PENDING")),
         REFUND_STATUS_PENDING, 1099, "USD", "2GG2", "1JU0", ""},
        {PROVIDER_PAYPAL, PAYPAL("PAYMENT.REFUND.FAILED", PAYPAL_REFUND("FAILED")),
         REFUND_STATUS_FAILED, 1099, "USD", "2GG2", "1JU0", ""},
        {PROVIDER_PAYPAL, PAYPAL("PAYMENT.CAPTURE.REVERSED", PAYPAL_REFUND("COMPLETED")),
         REFUND_STATUS_SUCCEEDED, 1099, "USD", "2GG2", "1JU0", ""},
        {PROVIDER_SHOPIFY, SHOPIFY_REFUND("success"), REFUND_STATUS_SUCCEEDED, 20900, "USD",
         "450789469/3/", "gid://shopify/Refund/509562969", ""},
        {PROVIDER_SHOPIFY, SHOPIFY_REFUND("failure"), REFUND_STATUS_FAILED, 20900, "USD",
         "450789469/3/", "gid://shopify/Refund/509562969", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cr_assert_eq(read_text(rows[i].provider, rows[i].body), WEBHOOK_READ, "%s", rows[i].body);
        cr_assert_eq(facts.count, (size_t)1);
        const struct webhook_fact *fact = &facts.items[0];
        cr_assert_not(fact->dispute);
        cr_assert_not(fact->verified);
        cr_assert_eq(fact->status, rows[i].status, "%s", rows[i].body);
        cr_assert_eq(fact->amount_minor, rows[i].minor);
        cr_assert_str_eq(fact->currency, rows[i].currency);
        cr_assert_str_eq(fact->references[0], rows[i].reference);
        cr_assert_str_eq(fact->provider_refund_id, rows[i].refund_id);
        cr_assert_str_eq(fact->payout_id, PAYOUT);
        cr_assert_str_eq(fact->code, rows[i].code);
        cr_assert_eq(fact->occurred_us, NOW_US);
        cr_assert_not_null(strstr(fact->event_id, "/unverified"));
    }
}

Test(settlement_webhook, disputes)
{
    static const struct {
        int provider;
        const char *body;
        enum dispute_state state;
        const char *id, *reference;
    } rows[] = {
#define S(status, state) \
    {PROVIDER_STRIPE, STRIPE("charge.dispute.updated", STRIPE_DISPUTE(status)), state, "dp_1", ""}
        S("warning_needs_response", DISPUTE_INQUIRY),
        S("warning_under_review", DISPUTE_INQUIRY),
        S("warning_closed", DISPUTE_WON),
        S("needs_response", DISPUTE_OPEN),
        S("under_review", DISPUTE_OPEN),
        S("won", DISPUTE_WON),
        S("lost", DISPUTE_LOST),
        S("prevented", DISPUTE_WON),
#define A(code, state, id) {PROVIDER_ADYEN, ADYEN(code, "true", ""), state, id, "PSP1"}
        A("REQUEST_FOR_INFORMATION", DISPUTE_INQUIRY, "PSP2"),
        A("NOTIFICATION_OF_CHARGEBACK", DISPUTE_OPEN, "PSP2"),
        A("CHARGEBACK", DISPUTE_OPEN, "PSP2"),
        A("CHARGEBACK_REVERSED", DISPUTE_WON, "PSP2"),
        A("SECOND_CHARGEBACK", DISPUTE_LOST, "PSP2/2"),
        A("PREARBITRATION_LOST", DISPUTE_LOST, "PSP2/2"),
        A("PREARBITRATION_WON", DISPUTE_WON, "PSP2/2"),
        A("ISSUER_RESPONSE_TIMEFRAME_EXPIRED", DISPUTE_WON, "PSP2"),
#define P(status, stage, outcome, state)                                                          \
    {PROVIDER_PAYPAL, PAYPAL("CUSTOMER.DISPUTE.UPDATED", PAYPAL_DISPUTE(status, stage, outcome)), \
     state, "PP-D-1", "2GG2"}
        P("OPEN", "INQUIRY", "", DISPUTE_INQUIRY),
        P("UNDER_REVIEW", "CHARGEBACK", "", DISPUTE_OPEN),
        P("WAITING_FOR_SELLER_RESPONSE", "PRE_ARBITRATION", "", DISPUTE_OPEN),
        P("RESOLVED", "CHARGEBACK", OUTCOME("RESOLVED_BUYER_FAVOUR"), DISPUTE_LOST),
        P("RESOLVED", "INQUIRY", OUTCOME("ACCEPTED"), DISPUTE_LOST),
        P("RESOLVED", "CHARGEBACK", OUTCOME("RESOLVED_SELLER_FAVOUR"), DISPUTE_WON),
        P("RESOLVED", "CHARGEBACK", OUTCOME("RESOLVED_WITH_PAYOUT"), DISPUTE_WON),
        P("RESOLVED", "INQUIRY", OUTCOME("CANCELED_BY_BUYER"), DISPUTE_WON),
        P("RESOLVED", "CHARGEBACK", OUTCOME("DENIED"), DISPUTE_WON),
        P("RESOLVED", "CHARGEBACK", OUTCOME("SOMETHING_NEW"), DISPUTE_OPEN),
#define H(type, status, state) \
    {PROVIDER_SHOPIFY, SHOPIFY_DISPUTE(type, status), state, "11", "450789469/"}
        H("inquiry", "needs_response", DISPUTE_INQUIRY),
        H("chargeback", "under_review", DISPUTE_OPEN),
        H("chargeback", "charge_refunded", DISPUTE_WON),
        H("chargeback", "accepted", DISPUTE_LOST),
        H("chargeback", "won", DISPUTE_WON),
        H("chargeback", "lost", DISPUTE_LOST),
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cr_assert_eq(read_text(rows[i].provider, rows[i].body), WEBHOOK_READ, "%s", rows[i].body);
        const struct webhook_fact *fact = &facts.items[0];
        cr_assert(fact->dispute);
        cr_assert_eq(fact->state, rows[i].state, "%s", rows[i].body);
        cr_assert_str_eq(fact->dispute_id, rows[i].id);
        cr_assert_str_eq(fact->references[0], rows[i].reference);
        if (rows[i].provider == PROVIDER_STRIPE)
            cr_assert_str_eq(fact->references[1], "ch_1");
    }
}

Test(settlement_webhook, what_is_about_something_else_is_passed_over)
{
    static const struct {
        int provider;
        const char *body;
    } rows[] = {
        {PROVIDER_STRIPE, STRIPE("customer.created", "{\"id\":\"cus_1\",\"object\":\"customer\"}")},
        {PROVIDER_STRIPE, STRIPE("charge.refunded", "{\"id\":\"ch_1\",\"object\":\"charge\"}")},
        {PROVIDER_ADYEN, ADYEN("CAPTURE", "true", "")},
        {PROVIDER_ADYEN, ADYEN("CANCEL_OR_REFUND", "true", "")},
        {PROVIDER_ADYEN, ADYEN("REFUND_FAILED", "false", "")},
        {PROVIDER_ADYEN, "{\"notificationItems\":[]}"},
        {PROVIDER_PAYPAL, PAYPAL("PAYMENT.CAPTURE.COMPLETED", "{}")},
        {PROVIDER_SHOPIFY, "{\"id\":1,\"transactions\":[{\"kind\":\"sale\"}]}"},
        {PROVIDER_SHOPIFY, "{}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_assert_eq(read_text(rows[i].provider, rows[i].body), WEBHOOK_IGNORED, "%s",
                     rows[i].body);
}

Test(settlement_webhook, what_no_provider_documents_is_unreadable)
{
    static const struct {
        int provider;
        const char *body;
    } rows[] = {
        {PROVIDER_STRIPE, "{}"},
        {PROVIDER_STRIPE, STRIPE("refund.updated", STRIPE_REFUND("odd", ""))},
        {PROVIDER_STRIPE, STRIPE("charge.dispute.created", STRIPE_DISPUTE("odd"))},
        {PROVIDER_STRIPE, "[]"},
        {PROVIDER_ADYEN, "{}"},
        {PROVIDER_ADYEN, "{\"notificationItems\":[7]}"},
        {PROVIDER_ADYEN, ADYEN("REFUND", "true", ",\"amount\":{\"currency\":\"XXY\",\"value\":1}")},
        {PROVIDER_ADYEN,
         ADYEN("REFUND", "true", ",\"amount\":{\"currency\":\"EUR\",\"value\":-1}")},
        {PROVIDER_PAYPAL, "{\"id\":\"WH-1\"}"},
        {PROVIDER_PAYPAL, PAYPAL("PAYMENT.CAPTURE.REFUNDED", "{\"id\":\"1\"}")},
        {PROVIDER_PAYPAL, PAYPAL("CUSTOMER.DISPUTE.CREATED", "{\"dispute_id\":\"1\"}")},
        {PROVIDER_SHOPIFY, SHOPIFY_REFUND("odd")},
        {PROVIDER_MAGENTO, "{}"},
        {PROVIDER_NONE, "{}"},
        {99, "{}"},
        {-1, "{}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_assert_eq(read_text(rows[i].provider, rows[i].body), WEBHOOK_UNREADABLE, "%s",
                     rows[i].body);
}

/* One provider's report of a batch, with more items than are read. */
Test(settlement_webhook, the_number_of_facts_is_bounded)
{
    static char body[16384];
    size_t at = (size_t)snprintf(body, sizeof body, "{\"notificationItems\":[");
    for (int i = 0; i <= WEBHOOK_FACTS_MAX; i++)
        at += (size_t)snprintf(body + at, sizeof body - at,
                               "%s{\"NotificationRequestItem\":{\"amount\":{\"currency\":\"EUR\","
                               "\"value\":1},\"eventCode\":\"REFUND\",\"pspReference\":\"P%d\","
                               "\"success\":\"true\"}}",
                               i == 0 ? "" : ",", i);
    (void)snprintf(body + at, sizeof body - at, "]}");
    cr_assert_eq(read_text(PROVIDER_ADYEN, body), WEBHOOK_UNREADABLE);
}

/* A charge and a payment intent tell both names of a payment, and nothing else. */
Test(settlement_webhook, both_names_of_a_payment_are_learned)
{
    static const char *const bodies[] = {
        STRIPE("charge.succeeded",
               "{\"id\":\"ch_1\",\"object\":\"charge\",\"payment_intent\":\"pi_1\"}"),
        STRIPE("payment_intent.succeeded",
               "{\"id\":\"pi_1\",\"object\":\"payment_intent\",\"latest_charge\":\"ch_1\"}"),
        STRIPE("refund.created", STRIPE_REFUND("pending", "")),
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        cr_assert_eq(read_text(PROVIDER_STRIPE, bodies[i]), WEBHOOK_READ, "%s", bodies[i]);
        cr_assert_eq(facts.count, (size_t)1);
        cr_expect_eq(facts.items[0].names, i < 2);
        cr_expect_str_eq(facts.items[0].references[0], "pi_1");
        cr_expect_str_eq(facts.items[0].references[1], "ch_1");
        cr_expect_not(facts.items[0].verified);
    }
    cr_expect_eq(read_text(PROVIDER_STRIPE, STRIPE("payment_intent.created",
                                                   "{\"id\":\"pi_1\",\"object\":"
                                                   "\"payment_intent\",\"latest_charge\":null}")),
                 WEBHOOK_IGNORED);
}

static const struct webhook_fact *signed_by(const char *secret, const char *keys, const char *body)
{
    static const char at[] = "1767323045";
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    char header[128], hex[65];
    crypto_auth_hmacsha256_state state;
    cr_assert_geq(sodium_init(), 0);
    crypto_auth_hmacsha256_init(&state, (const unsigned char *)secret, strlen(secret));
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)at, strlen(at));
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)".", 1);
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)body, strlen(body));
    crypto_auth_hmacsha256_final(&state, mac);
    (void)sodium_bin2hex(hex, sizeof hex, mac, sizeof mac);
    (void)snprintf(header, sizeof header, "t=%s,v1=%s", at, hex);
    const struct webhook_header headers[] = {{"stripe-signature", header}};
    struct webhook_keys with = NO_KEYS;
    with.stripe = keys;
    const struct webhook webhook = {.provider = PROVIDER_STRIPE,
                                    .received_us = NOW_US,
                                    .headers = headers,
                                    .header_count = 1,
                                    .body = body,
                                    .size = strlen(body)};
    cr_assert_eq(webhook_read(&webhook, &with, &facts), WEBHOOK_READ);
    return &facts.items[0];
}

/* A secret that is bound to an account signs for it alone, whatever the body says. */
Test(settlement_webhook, a_key_vouches_for_its_account_only)
{
#define OWN STRIPE("refund.created", STRIPE_REFUND("failed", ""))
#define OF_B "{\"account\":\"acct_B\"," OWN_REST
#define OWN_REST                                                                  \
    "\"id\":\"evt_1\",\"object\":\"event\",\"type\":\"refund.failed\",\"data\":{" \
    "\"object\":" STRIPE_REFUND("failed", "") "}}"
    static const char keys[] = "acct_A:secret_a,secret_p,acct_C:secret_c";
    static const struct {
        const char *secret, *body, *account;
        bool verified;
    } rows[] = {
        {"secret_a", OWN, "acct_A", true},   {"secret_c", OWN, "acct_C", true},
        {"secret_p", OWN, "", true},         {"secret_p", OF_B, "acct_B", true},
        {"secret_a", OF_B, "acct_B", false}, {"secret_x", OF_B, "acct_B", false},
        {"acct_A:secret_a", OWN, "", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct webhook_fact *fact = signed_by(rows[i].secret, keys, rows[i].body);
        cr_expect_eq(fact->verified, rows[i].verified, "row %zu", i);
        cr_expect_str_eq(fact->account, rows[i].account, "row %zu", i);
    }
}

Test(settlement_webhook, whose_word_counts_for_a_payment)
{
    static const struct {
        int provider;
        const char *account, *of_payment;
        enum webhook_standing standing;
    } rows[] = {
        {PROVIDER_STRIPE, "", "", WEBHOOK_SAME_ACCOUNT},
        {PROVIDER_STRIPE, "acct_A", "acct_A", WEBHOOK_SAME_ACCOUNT},
        {PROVIDER_STRIPE, "acct_A", "acct_B", WEBHOOK_OTHER_ACCOUNT},
        {PROVIDER_STRIPE, "", "acct_B", WEBHOOK_UNKNOWN_ACCOUNT},
        {PROVIDER_STRIPE, "acct_A", "", WEBHOOK_UNKNOWN_ACCOUNT},
        {PROVIDER_ADYEN, "ShopA", "ShopB", WEBHOOK_OTHER_ACCOUNT},
        {PROVIDER_ADYEN, "ShopA", "", WEBHOOK_UNKNOWN_ACCOUNT},
        {PROVIDER_PAYPAL, "", "M1", WEBHOOK_SAME_ACCOUNT},
        {PROVIDER_PAYPAL, "M1", "", WEBHOOK_SAME_ACCOUNT},
        {PROVIDER_PAYPAL, "M1", "M2", WEBHOOK_OTHER_ACCOUNT},
        {PROVIDER_SHOPIFY, "", "shop", WEBHOOK_SAME_ACCOUNT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_eq(webhook_standing(rows[i].provider, rows[i].account, rows[i].of_payment),
                     rows[i].standing, "row %zu", i);
}

Test(settlement_webhook, accounts_that_payloads_name)
{
    static const struct {
        int provider;
        const char *body, *account;
    } rows[] = {
        {PROVIDER_ADYEN, ADYEN("REFUND", "true", ""), "Shop"},
        {PROVIDER_PAYPAL,
         PAYPAL("PAYMENT.CAPTURE.REFUNDED",
                "{\"id\":\"1JU0\",\"status\":\"COMPLETED\",\"payer\":{\"merchant_id\":\"M1\"},"
                "\"amount\":{\"currency_code\":\"USD\",\"value\":\"10.99\"}}"),
         "M1"},
        {PROVIDER_PAYPAL,
         PAYPAL("CUSTOMER.DISPUTE.CREATED",
                "{\"dispute_id\":\"D\",\"status\":\"OPEN\",\"dispute_amount\":{"
                "\"currency_code\":\"USD\",\"value\":\"5.00\"},\"disputed_transactions\":[{"
                "\"seller_transaction_id\":\"2GG2\",\"seller\":{\"merchant_id\":\"M2\"}}]}"),
         "M2"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cr_assert_eq(read_text(rows[i].provider, rows[i].body), WEBHOOK_READ, "%s", rows[i].body);
        cr_expect_str_eq(facts.items[0].account, rows[i].account);
    }
}

/* Bytes of anybody's: cut short at every place, and changed at every place, under the sanitizers.
 */
Test(settlement_webhook, broken_payloads_break_nothing)
{
    static const struct {
        int provider;
        const char *body;
    } rows[] = {
        {PROVIDER_STRIPE, STRIPE("refund.updated", STRIPE_REFUND("failed", ""))},
        {PROVIDER_STRIPE, STRIPE("charge.dispute.created", STRIPE_DISPUTE("lost"))},
        {PROVIDER_ADYEN, ADYEN("REFUND", "false", ",\"additionalData\":{\"hmacSignature\":\"A\"}")},
        {PROVIDER_ADYEN, ADYEN("SECOND_CHARGEBACK", "true", "")},
        {PROVIDER_PAYPAL, PAYPAL("PAYMENT.CAPTURE.REFUNDED", PAYPAL_REFUND("COMPLETED"))},
        {PROVIDER_PAYPAL, PAYPAL("CUSTOMER.DISPUTE.RESOLVED",
                                 PAYPAL_DISPUTE("RESOLVED", "CHARGEBACK", OUTCOME("ACCEPTED")))},
        {PROVIDER_SHOPIFY, SHOPIFY_REFUND("success")},
        {PROVIDER_SHOPIFY, SHOPIFY_DISPUTE("inquiry", "won")},
    };
    static const char changes[] = {'"', '{', '[', '\\', '0', '-', '\0', '\xff', '}', ','};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t size = strlen(rows[i].body);
        for (size_t cut = 0; cut < size; cut++) {
            char *bytes = malloc(size); /* exactly as long: reading behind it is seen */
            memcpy(bytes, rows[i].body, cut);
            char *exact = realloc(bytes, cut == 0 ? 1 : cut);
            cr_assert_neq(read_bytes(rows[i].provider, exact, cut), WEBHOOK_READ);
            free(exact);
            for (size_t change = 0; change < sizeof changes; change++) {
                char *changed = malloc(size);
                memcpy(changed, rows[i].body, size);
                changed[cut] = changes[change];
                (void)read_bytes(rows[i].provider, changed, size);
                cr_assert_leq(facts.count, (size_t)WEBHOOK_FACTS_MAX);
                free(changed);
            }
        }
    }
}

/* What finance reports: signed by the person, or worth nothing. */
static enum webhook_result report(const char *body, const char *person, bool forge)
{
    static const char domain[] = "redress.manual.v1\n";
    unsigned char key[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES];
    unsigned char seed[crypto_sign_SEEDBYTES] = {7}, mark[crypto_sign_BYTES], whole[2048];
    char hex[65], keys[256], signature[128];
    cr_assert_geq(sodium_init(), 0);
    (void)crypto_sign_seed_keypair(key, secret, seed);
    (void)sodium_bin2hex(hex, sizeof hex, key, sizeof key);
    (void)snprintf(keys, sizeof keys, "bob:%064d,ann:%s", 0, hex);
    memcpy(whole, domain, sizeof domain - 1);
    memcpy(whole + sizeof domain - 1, body, strlen(body));
    (void)crypto_sign_detached(mark, NULL, whole, sizeof domain - 1 + strlen(body), secret);
    mark[5] ^= forge;
    (void)sodium_bin2base64(signature, sizeof signature, mark, sizeof mark,
                            sodium_base64_VARIANT_ORIGINAL);
    const struct webhook_header headers[] = {{"redress-person", person},
                                             {"redress-signature", signature}};
    struct webhook_keys with = NO_KEYS;
    with.finance = keys;
    const struct webhook webhook = {.provider = PROVIDER_MANUAL,
                                    .received_us = NOW_US,
                                    .headers = headers,
                                    .header_count = 2,
                                    .body = body,
                                    .size = strlen(body)};
    return webhook_read(&webhook, &with, &facts);
}

#define MANUAL(more)                                                                        \
    "{\"event_id\":\"e1\",\"merchant_id\":\"shop\",\"order_id\":\"536365\",\"payment_id\":" \
    "\"pay_1\",\"payout_id\":\"" PAYOUT                                                     \
    "\",\"reference\":\"BANK-77\",\"amount\":{\"value\":\"5.10\",\"currency\":\"GBP\"},"    \
    "\"occurred_at\":\"2026-01-02T03:04:05Z\"" more "}"

Test(settlement_webhook, money_paid_by_hand_is_reported_under_a_signature)
{
    cr_assert_eq(report(MANUAL(",\"status\":\"SUCCEEDED\""), "ann", false), WEBHOOK_READ);
    const struct webhook_fact *fact = &facts.items[0];
    cr_assert(fact->verified);
    cr_assert_eq(fact->status, REFUND_STATUS_SUCCEEDED);
    cr_assert_eq(fact->amount_minor, 510);
    cr_assert_str_eq(fact->event_id, "manual/e1");
    cr_assert_str_eq(fact->merchant_id, "shop");
    cr_assert_str_eq(fact->order_id, "536365");
    cr_assert_str_eq(fact->payment_id, "pay_1");
    cr_assert_str_eq(fact->payout_id, PAYOUT);
    cr_assert_str_eq(fact->provider_refund_id, "BANK-77");
    cr_assert_eq(report(MANUAL(",\"status\":\"SUCCEEDED\""), "ann", true), WEBHOOK_UNSIGNED);
    cr_assert_eq(report(MANUAL(",\"status\":\"SUCCEEDED\""), "bob", false), WEBHOOK_UNSIGNED);
    cr_assert_eq(report(MANUAL(",\"status\":\"SUCCEEDED\""), "eve", false), WEBHOOK_UNSIGNED);
    cr_assert_eq(report(MANUAL(",\"status\":\"SUCCEEDED\""), "", false), WEBHOOK_UNSIGNED);
    cr_assert_eq(report(MANUAL(",\"status\":\"PENDING\""), "ann", false), WEBHOOK_UNREADABLE);
    cr_assert_eq(report("{\"status\":\"FAILED\"}", "ann", false), WEBHOOK_UNREADABLE);
    cr_assert_eq(read_text(PROVIDER_MANUAL, MANUAL("")), WEBHOOK_UNSIGNED);
}
