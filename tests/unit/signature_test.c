#include "signature.h"

#include "identity.h"
#include "message.h"

#include <criterion/criterion.h>
#include <sodium.h>
#include <string.h>

enum { ARENA = 1024 * 1024 };

/* RFC 8032, section 7.1, test 2. */
static const char SEED[] = "test2:4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";
static const char PUBLIC[] =
    "test2:3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
static const char SIGNATURE[] = "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                                "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";

#define HEAD                                                                              \
    "{\"merchantId\": \"sample-shop\", \"id\": \"first-rules\", \"version\": \"3\","      \
    "\"publishedAt\": \"2023-11-14T22:13:20Z\", \"validFrom\": \"2023-11-14T23:13:20Z\"," \
    "\"author\": {\"id\": \"mia\", \"role\": \"SERVICE_AGENT\"},"

struct layout_case {
    const char *json;
    const char *sha256; /* made with Python from the layouts of proto/README.md */
};

static const struct layout_case RULES[] = {
    {HEAD "\"model\": {\"purpose\": \"POLICY\", \"judgedBy\": \"REQUEST\", \"files\":"
          "[{\"name\": \"a.dmn\", \"content\": \"PHg+\"}], \"sha256\":"
          "\"c6a2e5fe2ee546d10f0afc859940f22e5d81093fa39cef6592d9af8ba09b0857\"}}",
     "caacf55a43b5c1e8da1f472429ae0609e0e73e29b99b9a15e8fb2d5914b053cb"},
    {HEAD "\"roster\": {\"people\": [{\"id\": \"tom\", \"publicKey\":"
          "\"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\", \"roles\": [\"SERVICE_AGENT\","
          "\"APPROVER\"], \"queues\": [\"refunds-*\"], \"level\": 2,"
          "\"limitPerRefund\": [{\"minor\": \"10000\", \"currency\": \"GBP\"}],"
          "\"limitPerDay\": [{\"minor\": \"50000\", \"currency\": \"GBP\"}],"
          "\"delegates\": [{\"personId\": \"lea\", \"from\": \"2023-11-14T22:13:20Z\","
          "\"until\": \"2023-11-15T22:13:20Z\"}], \"absences\":"
          "[{\"from\": \"2023-11-14T22:13:20Z\", \"until\": \"2023-11-15T22:13:20Z\"}],"
          "\"keyId\": \"tom-1\", \"timeZone\": \"Europe/London\"}], \"applications\":"
          "[{\"id\": \"console\", \"keyId\": \"console-1\", \"publicKey\":"
          "\"AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=\", \"people\": [\"tom\"]}]}}",
     "3c512dd06bd91efce0d8948b239b4f26a22b368b08b2cc8c22607d52e4db893b"},
    {HEAD "\"limits\": {\"automaticPerHour\": \"100\", \"automaticPerDay\": \"1000\","
          "\"amountPerHour\": [{\"minor\": \"50000\", \"currency\": \"EUR\"}]}}",
     "971df33875c844e69e0b6b9f1d1e1c5f313a294261e2121c6410fd23fa0ad68a"},
    {HEAD "\"stop\": {\"stopped\": true, \"merchantId\": \"sample-shop\","
          "\"provider\": \"STRIPE\", \"refundId\": \"rf_1\", \"reason\": \"why\"}}",
     "058ca20eb3a025bbb71c5db683d2ccf370a5755bb98d3ad5bb885a71baed7ae0"},
    {HEAD "\"calendar\": {\"timeZone\": \"Europe/London\", \"hours\": [{\"weekday\": 1,"
          "\"fromMinute\": 540, \"untilMinute\": 1020}], \"holidays\": [\"2026-12-25\"]}}",
     "af5e77385b5c4dbe8a7bc10561eeb08f19210aa9a1c3137ca32aea143bda1140"},
};

static void *from_json(const ProtobufCMessageDescriptor *descriptor, const char *json,
                       struct arena *arena)
{
    ProtobufCMessage *message;
    struct error error = {0};
    cr_assert_eq(message_from_json_text(descriptor, json, strlen(json), arena, &message, &error),
                 STATUS_OK, "%s", error.text);
    return message;
}

static void expect_hash(const uint8_t *bytes, size_t size, const char *sha256)
{
    char hex[IDENTITY_SHA256_HEX];
    cr_expect_str_eq(identity_sha256(bytes, size, hex), sha256);
}

Test(signature, layouts_of_rules_are_those_of_the_contract)
{
    struct arena *arena = arena_create(ARENA);
    for (size_t i = 0; i < sizeof RULES / sizeof *RULES; i++) {
        const Redress__V1__RuleSet *set =
            from_json(&redress__v1__rule_set__descriptor, RULES[i].json, arena);
        const uint8_t *bytes;
        size_t size;
        cr_assert_eq(signature_layout_rules(set, arena, &bytes, &size), STATUS_OK);
        expect_hash(bytes, size, RULES[i].sha256);
    }
    arena_destroy(arena);
}

static const char DECISION[] =
    "{\"merchantId\": \"sample-shop\", \"orderId\": \"o1\", \"refundId\": \"rf_1\", \"caseId\":"
    "\"c_1\", \"caseVersion\": \"2\", \"subjectHash\":"
    "\"abababababababababababababababababababababababababababababababab\", \"actor\":"
    "{\"id\": \"mia\", \"role\": \"SERVICE_AGENT\"}, \"verdict\": \"APPROVE\", \"amount\":"
    "{\"minor\": \"1200\", \"currency\": \"GBP\"}, \"method\": 1, \"note\": \"fine\","
    "\"occurredAt\": \"2023-11-14T22:13:20Z\", \"keyId\": \"k1\", \"decisionId\": \"d1\","
    "\"onBehalfOf\": \"tom\"}";

Test(signature, layout_of_a_decision_is_that_of_the_contract)
{
    struct arena *arena = arena_create(ARENA);
    const Redress__V1__Decision *decision =
        from_json(&redress__v1__decision__descriptor, DECISION, arena);
    const uint8_t *bytes;
    size_t size;
    cr_assert_eq(signature_layout_decision(decision, arena, &bytes, &size), STATUS_OK);
    expect_hash(bytes, size, "65a28dc2f60910f5c213c299d5672a001f640a936fd1b281ba7fb26c1686e74b");
    arena_destroy(arena);
}

Test(signature, signs_as_the_standard_does)
{
    struct signature_secret secret;
    char text[SIGNATURE_TEXT_MAX], hex[2 * SIGNATURE_SIZE + 1];
    uint8_t signature[SIGNATURE_SIZE];
    cr_assert_eq(signature_secret_read(SEED, &secret, NULL), STATUS_OK);
    cr_expect_str_eq(signature_public_text(&secret, text), PUBLIC);
    cr_expect_str_eq(signature_secret_text(&secret, text), SEED);
    signature_make(&secret, "\x72", 1, signature);
    sodium_bin2hex(hex, sizeof hex, signature, sizeof signature);
    cr_expect_str_eq(hex, SIGNATURE);
    cr_expect(signature_holds(secret.key, "\x72", 1, signature, sizeof signature));
    cr_expect_not(signature_holds(secret.key, "\x73", 1, signature, sizeof signature));
    cr_expect_not(signature_holds(secret.key, "\x72", 1, signature, sizeof signature - 1));
    cr_expect_not(signature_holds(secret.key, "\x72", 1, NULL, 0));
}

Test(signature, whatever_changes_in_what_is_signed_breaks_the_signature)
{
    struct arena *arena = arena_create(ARENA);
    struct signature_secret secret;
    cr_assert_eq(signature_secret_make("mia-1", &secret, NULL), STATUS_OK);
    Redress__V1__Decision *decision =
        from_json(&redress__v1__decision__descriptor, DECISION, arena);
    cr_assert_eq(signature_sign_decision(decision, &secret, arena), STATUS_OK);
    cr_expect_str_eq(decision->key_id, "mia-1");
    const uint8_t *bytes;
    size_t size;
    cr_assert_eq(signature_layout_decision(decision, arena, &bytes, &size), STATUS_OK);
    cr_expect(signature_holds(secret.key, bytes, size, decision->signature.data,
                              decision->signature.len));
    decision->on_behalf_of = "lea";
    cr_assert_eq(signature_layout_decision(decision, arena, &bytes, &size), STATUS_OK);
    cr_expect_not(signature_holds(secret.key, bytes, size, decision->signature.data,
                                  decision->signature.len));
    decision->on_behalf_of = (char *)protobuf_c_empty_string;
    decision->payee = (char *)(uintptr_t) "account-of-a-thief";
    cr_assert_eq(signature_layout_decision(decision, arena, &bytes, &size), STATUS_OK);
    cr_expect_not(signature_holds(secret.key, bytes, size, decision->signature.data,
                                  decision->signature.len));
    arena_destroy(arena);
}

Test(signature, of_a_record_holds_for_its_id_and_bytes)
{
    struct arena *arena = arena_create(ARENA);
    struct signature_secret warehouse, other;
    struct signature_keys keys = {.count = 2};
    char text[SIGNATURE_TEXT];
    cr_assert_eq(signature_secret_make("warehouse", &warehouse, NULL), STATUS_OK);
    cr_assert_eq(signature_secret_make("other", &other, NULL), STATUS_OK);
    memcpy(keys.items[1].key, warehouse.key, sizeof warehouse.key);
    cr_assert_not_null(signature_sign_record(&warehouse, "e1", "goods", 5, arena, text));
    cr_expect(signature_record_holds(&keys, "e1", "goods", 5, text, arena));
    cr_expect_not(signature_record_holds(&keys, "e2", "goods", 5, text, arena), "another id");
    cr_expect_not(signature_record_holds(&keys, "e1", "goods", 4, text, arena), "other bytes");
    cr_expect_not(signature_record_holds(&keys, NULL, "goods", 5, text, arena));
    cr_expect_not(signature_record_holds(&keys, "e1", "goods", 5, NULL, arena));
    cr_expect_not(signature_record_holds(&keys, "e1", "goods", 5, text + 2, arena), "cut");
    cr_assert_not_null(signature_sign_record(&other, "e1", "goods", 5, arena, text));
    cr_expect_not(signature_record_holds(&keys, "e1", "goods", 5, text, arena), "another key");
    keys.count = 0;
    cr_expect_not(signature_record_holds(&keys, "e1", "goods", 5, text, arena), "no keys");
    arena_destroy(arena);
}

Test(signature, a_rule_set_takes_two_signatures)
{
    struct arena *arena = arena_create(ARENA);
    struct signature_secret one, two;
    cr_assert_eq(signature_secret_make("one", &one, NULL), STATUS_OK);
    cr_assert_eq(signature_secret_make("two", &two, NULL), STATUS_OK);
    Redress__V1__RuleSet *set = from_json(&redress__v1__rule_set__descriptor, RULES[2].json, arena);
    cr_assert_eq(signature_sign_rules(set, &one, arena), STATUS_OK);
    cr_assert_eq(signature_sign_rules(set, &two, arena), STATUS_OK);
    cr_expect_eq(signature_sign_rules(set, &two, arena), STATUS_EXHAUSTED);
    cr_assert_eq(set->n_signatures, 2);
    cr_expect_str_eq(set->signatures[0]->key_id, "one");
    cr_expect_str_eq(set->signatures[1]->key_id, "two");
    arena_destroy(arena);
}

Test(signature, keys_are_read_with_their_scope)
{
    struct signature_keys keys;
    char text[3 * SIGNATURE_TEXT_MAX];
    cr_assert_eq(signature_keys_read("", &keys, NULL), STATUS_OK);
    cr_expect_eq(keys.count, 0);
    snprintf(text, sizeof text, "%s,b:%064d:stop+policy\n", PUBLIC, 1);
    cr_assert_eq(signature_keys_read(text, &keys, NULL), STATUS_OK);
    cr_assert_eq(keys.count, 2);
    cr_expect_not_null(signature_key_find(&keys, "test2", "roster"));
    cr_expect_not_null(signature_key_find(&keys, "b", "stop"));
    cr_expect_not_null(signature_key_find(&keys, "b", "policy"));
    cr_expect_null(signature_key_find(&keys, "b", "polic"));
    cr_expect_null(signature_key_find(&keys, "b", "roster"));
    cr_expect_null(signature_key_find(&keys, "c", "stop"));
}

Test(signature, wrong_keys_are_refused)
{
    static const char *const wrong[] = {
        "x",
        "x:12",
        ":3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "a b:3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "a:3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660g",
        "a:3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c:",
        "a:3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660cc",
        "a:3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c,"
        "b:3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct signature_keys keys;
        struct error error = {0};
        cr_expect_eq(signature_keys_read(wrong[i], &keys, &error), STATUS_INVALID, "%s", wrong[i]);
        cr_expect_neq(*error.text, '\0');
    }
    struct signature_secret secret;
    cr_expect_eq(signature_secret_read("mia", &secret, NULL), STATUS_INVALID);
    cr_expect_eq(signature_secret_make("m i a", &secret, NULL), STATUS_INVALID);
}
