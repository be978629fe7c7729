/* Payloads and signature vectors that the providers publish, in $REDRESS_FIXTURES or
 * ../shared/fixtures; skipped where these are not there. */

#include "services/settlement/webhook.h"
#include "services/settlement/webhook_signature.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char folder[512];
static struct webhook_facts facts;
static char text[1024 * 1024];

static void setup(void)
{
    const char *given = getenv("REDRESS_FIXTURES");
    (void)snprintf(folder, sizeof folder, "%s", given == NULL ? "../shared/fixtures" : given);
    (void)snprintf(text, sizeof text, "%s/PROVENANCE.txt", folder);
    FILE *file = fopen(text, "r");
    if (file == NULL)
        cr_skip_test("the fixtures are not here");
    (void)fclose(file);
}

TestSuite(settlement_fixtures, .init = setup);

/* The file's bytes in `text`; returns how many. */
static size_t load(const char *name)
{
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file, "%s", path);
    size_t size = fread(text, 1, sizeof text - 1, file);
    text[size] = '\0';
    (void)fclose(file);
    return size;
}

static json_t *load_json(const char *name)
{
    size_t size = load(name);
    json_t *json = json_loadb(text, size, 0, NULL);
    cr_assert_not_null(json, "%s", name);
    return json;
}

static enum webhook_result read_file(int provider, const char *name,
                                     const struct webhook_keys *keys)
{
    static const struct webhook_keys none = {
        .stripe = "", .adyen = "", .shopify = "", .paypal_id = "", .finance = ""};
    const struct webhook webhook = {.provider = provider,
                                    .received_us = INT64_C(1700000000000000),
                                    .body = text,
                                    .size = load(name)};
    return webhook_read(&webhook, keys == NULL ? &none : keys, &facts);
}

Test(settlement_fixtures, adyens_notifications)
{
    static const struct {
        const char *name;
        enum webhook_result result;
        bool dispute;
        int state; /* of the refund or the dispute */
        int64_t minor;
        const char *id, *reference, *code;
    } rows[] = {
        {"adyen/refund-true.json", WEBHOOK_READ, false, REFUND_STATUS_SUCCEEDED, 1500,
         "PSP_REFERENCE", "ORIGINAL_PSP", ""},
        {"adyen/refund-false.json", WEBHOOK_READ, false, REFUND_STATUS_FAILED, 1500,
         "PSP_REFERENCE", "ORIGINAL_PSP", "insufficient_balance_on_payment"},
        {"adyen/chargeback.json", WEBHOOK_READ, true, DISPUTE_OPEN, 1000, "9915555555555555",
         "9913333333333333", "other_fraud_card_absent_environment"},
        {"adyen/capture-true.json", WEBHOOK_IGNORED, false, 0, 0, "", "", ""},
        {"adyen/authorisation-true.json", WEBHOOK_IGNORED, false, 0, 0, "", "", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct webhook_fact *fact = &facts.items[0];
        cr_assert_eq(read_file(PROVIDER_ADYEN, rows[i].name, NULL), rows[i].result, "%s",
                     rows[i].name);
        if (rows[i].result != WEBHOOK_READ)
            continue;
        cr_assert_eq(fact->dispute, rows[i].dispute);
        cr_assert_eq(rows[i].dispute ? (int)fact->state : (int)fact->status, rows[i].state);
        cr_assert_eq(fact->amount_minor, rows[i].minor);
        cr_assert_str_eq(fact->currency, "EUR");
        cr_assert_str_eq(rows[i].dispute ? fact->dispute_id : fact->provider_refund_id, rows[i].id);
        cr_assert_str_eq(fact->references[0], rows[i].reference);
        cr_assert_str_eq(fact->code, rows[i].code);
        cr_assert_str_eq(fact->payout_id, ""); /* not of ours */
    }
}

/* A resource as the event that would carry it. */
static enum webhook_result read_resource(const char *name, const char *type)
{
    json_t *event = json_pack("{s:s,s:s,s:s,s:i,s:{s:o}}", "id", "evt_1", "object", "event", "type",
                              type, "created", 1700000000, "data", "object", load_json(name));
    char *body = json_dumps(event, JSON_COMPACT);
    static const struct webhook_keys none = {
        .stripe = "", .adyen = "", .shopify = "", .paypal_id = "", .finance = ""};
    const struct webhook webhook = {
        .provider = PROVIDER_STRIPE, .body = body, .size = strlen(body)};
    enum webhook_result result = webhook_read(&webhook, &none, &facts);
    json_decref(event);
    free(body);
    return result;
}

Test(settlement_fixtures, stripes_objects)
{
    const struct webhook_fact *fact = &facts.items[0];
    cr_assert_eq(read_resource("stripe/refund.json", "refund.updated"), WEBHOOK_READ);
    cr_assert_eq(fact->status, REFUND_STATUS_SUCCEEDED);
    cr_assert_eq(fact->amount_minor, 100);
    cr_assert_str_eq(fact->currency, "USD");
    cr_assert_str_eq(fact->provider_refund_id, "re_1Pgc72B7WZ01zgkWqPvrRrPE");
    cr_assert_str_eq(fact->references[1], "ch_1PgafuB7WZ01zgkWXYmPNZs8");
    cr_assert_eq(read_resource("stripe/dispute.json", "charge.dispute.created"), WEBHOOK_READ);
    cr_assert_eq(fact->state, DISPUTE_INQUIRY); /* warning_needs_response */
    cr_assert_eq(fact->amount_minor, 1000);
    cr_assert_str_eq(fact->dispute_id, "dp_1Pgc71B7WZ01zgkWMevJiAUx");
    cr_assert_eq(read_resource("stripe/charge.json", "charge.refunded"), WEBHOOK_IGNORED);
    cr_assert_eq(read_file(PROVIDER_STRIPE, "stripe/event.json", NULL), WEBHOOK_IGNORED);
    cr_assert_eq(read_file(PROVIDER_STRIPE, "stripe/event_test_signature.json", NULL),
                 WEBHOOK_IGNORED);
}

Test(settlement_fixtures, paypals_and_shopifys)
{
    const struct webhook_fact *fact = &facts.items[0];
    cr_assert_eq(read_file(PROVIDER_PAYPAL, "paypal/event_body_WH-0G2756385H040842W.json", NULL),
                 WEBHOOK_IGNORED); /* a sale */
    cr_assert_eq(read_file(PROVIDER_SHOPIFY, "shopify/refund.json", NULL), WEBHOOK_READ);
    cr_assert_eq(facts.count, (size_t)1);
    cr_assert_eq(fact->status, REFUND_STATUS_SUCCEEDED);
    cr_assert_eq(fact->amount_minor, 20900);
    cr_assert_str_eq(fact->currency, "USD");
    cr_assert_str_eq(fact->references[0], "450789469/");
    cr_assert_str_eq(fact->provider_refund_id, "gid://shopify/Refund/509562969");
    cr_assert_str_eq(fact->payout_id, ""); /* made in the shop */
    cr_assert_eq(read_file(PROVIDER_SHOPIFY, "shopify/dispute.json", NULL),
                 WEBHOOK_IGNORED); /* of no order */
    cr_assert_eq(read_file(PROVIDER_SHOPIFY, "shopify/order.json", NULL), WEBHOOK_IGNORED);
    cr_assert_eq(read_file(PROVIDER_SHOPIFY, "shopify/transactions.json", NULL),
                 WEBHOOK_UNREADABLE);
}

/* Signature vectors. */

static struct key_account account;

static const char *member(const json_t *object, const char *name)
{
    const char *value = json_string_value(json_object_get(object, name));
    return value == NULL ? "" : value;
}

Test(settlement_fixtures, stripes_signatures)
{
    json_t *vectors = load_json("stripe/signature_vectors.json");
    const json_t *accept = json_object_get(vectors, "accept_now");
    const json_t *reject = json_object_get(vectors, "reject_now");
    const json_t *malformed = json_object_get(vectors, "malformed_headers_must_reject");
    const char *header = member(vectors, "header"), *secret = member(vectors, "secret");
    int64_t tolerance_s = (int64_t)json_integer_value(json_object_get(vectors, "tolerance_s"));
    size_t size = load("stripe/event_test_signature.json");
    cr_assert_gt(json_array_size(accept), (size_t)0);
    for (size_t i = 0; i < json_array_size(accept); i++) {
        int64_t now_us = (int64_t)json_integer_value(json_array_get(accept, i)) * 1000000;
        cr_assert(signature_stripe(header, text, size, secret, now_us, tolerance_s, &account));
        cr_assert_not(
            signature_stripe(header, text, size, "another", now_us, tolerance_s, &account));
        cr_assert_not(signature_stripe(header, text, size, "", now_us, tolerance_s, &account));
        cr_assert_not(
            signature_stripe(header, text, size - 1, secret, now_us, tolerance_s, &account));
        char several[128];
        (void)snprintf(several, sizeof several, "old,%s", secret);
        cr_assert(signature_stripe(header, text, size, several, now_us, tolerance_s, &account));
        for (size_t j = 0; j < json_array_size(malformed); j++)
            cr_assert_not(signature_stripe(json_string_value(json_array_get(malformed, j)), text,
                                           size, secret, now_us, tolerance_s, &account));
    }
    for (size_t i = 0; i < json_array_size(reject); i++)
        cr_assert_not(
            signature_stripe(header, text, size, secret,
                             (int64_t)json_integer_value(json_array_get(reject, i)) * 1000000,
                             tolerance_s, &account));
    json_decref(vectors);
}

Test(settlement_fixtures, adyens_signatures)
{
    json_t *vectors = load_json("adyen/signature_vectors.json");
    cr_assert_gt(json_array_size(vectors), (size_t)4);
    for (size_t i = 0; i < json_array_size(vectors); i++) {
        const json_t *vector = json_array_get(vectors, i);
        const char *key = member(vector, "hmac_key_hex"), *raw = member(vector, "raw_body");
        if (raw[0] != '\0') {
            cr_assert(signature_base64_hex(member(vector, "expected"), raw, strlen(raw), key));
            cr_assert_not(
                signature_base64_hex(member(vector, "expected"), raw, strlen(raw) - 1, key));
            continue;
        }
        json_t *item = json_deep_copy(json_object_get(vector, "notification"));
        (void)json_object_set_new(item, "additionalData",
                                  json_pack("{s:s}", "hmacSignature", member(vector, "expected")));
        cr_assert(signature_adyen(item, key, &account), "%s", member(vector, "name"));
        cr_assert_not(signature_adyen(item, "", &account));
        cr_assert_not(signature_adyen(item, "00", &account));
        (void)json_object_set_new(item, "success", json_string("false"));
        cr_assert_not(signature_adyen(item, key, &account));
        json_decref(item);
    }
    json_decref(vectors);
}

Test(settlement_fixtures, what_paypal_signs)
{
    char signed_text[512];
    json_t *vectors = load_json("paypal/signature_vectors.json");
    char name[256];
    (void)snprintf(name, sizeof name, "paypal/%s", member(vectors, "body_file"));
    size_t size = load(name);
    cr_assert(signature_paypal_text(member(vectors, "transmission_id"),
                                    member(vectors, "timestamp"), member(vectors, "webhook_id"),
                                    text, size, signed_text, sizeof signed_text));
    cr_assert_str_eq(signed_text, member(vectors, "expected_signed_string"));
    json_decref(vectors);
}
