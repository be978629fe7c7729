#include "approval.h"

#include <criterion/criterion.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

static const char KEY_COUNTING[] =
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
static const char KEY_ONES[] = "1111111111111111111111111111111111111111111111111111111111111111";
static const char MODEL_HASH[] = "abababababababababababababababababababababababababababababababab";

static const struct approval_share SHARES[] = {{"pay_1", 300}, {"pay_2", 210}};
static const char *const APPROVERS[] = {"mia", "noah"};

static struct approval sample(void)
{
    return (struct approval){.merchant_id = "shop",
                             .order_id = "536365",
                             .refund_id = "rf_1",
                             .version = 2,
                             .case_version = 3,
                             .shares = SHARES,
                             .share_count = 2,
                             .currency = "GBP",
                             .method = 1,
                             .goods_required = true,
                             .approvers = APPROVERS,
                             .approver_count = 2,
                             .policy = {true, "built-in", 1, MODEL_HASH},
                             .expires_at_us = INT64_C(1291888800000000)};
}

/* Keys "<first>:<its secret>[,<second>:<its secret>]"; `second` may be NULL. */
static struct approval_keys *keys_of(const char *first, const char *secret, const char *second,
                                     const char *second_secret)
{
    char text[APPROVAL_KEYS_TEXT_MAX];
    int used = snprintf(text, sizeof text, "%s:%s", first, secret);
    if (second != NULL)
        snprintf(text + used, sizeof text - (size_t)used, ",%s:%s", second, second_secret);
    struct approval_keys *keys = NULL;
    struct error error = {""};
    cr_assert_eq(approval_keys_read(text, &keys, &error), STATUS_OK, "%s", error.text);
    return keys;
}

/* Made with Python's hmac and hashlib from the layout in approval.h. */
Test(approval, mac_is_that_of_the_documented_layout)
{
    struct approval_keys *keys = keys_of("k1", KEY_COUNTING, "k2", KEY_ONES);
    struct approval approval = sample();
    uint8_t mac[APPROVAL_MAC_SIZE];
    char hex[2 * APPROVAL_MAC_SIZE + 1];
    cr_assert_str_eq(approval_sign(keys, &approval, mac), "k1");
    sodium_bin2hex(hex, sizeof hex, mac, sizeof mac);
    cr_assert_str_eq(hex, "36fd78f2d765dc255373ea68bebc1fee7b86e132bc32ccc45563156755323449");
    cr_assert_eq(approval_verify(keys, "k1", &approval, mac, sizeof mac), STATUS_OK);
    approval_keys_destroy(keys);
}

Test(approval, subject_hash_is_that_of_the_documented_layout)
{
    const char *payments[] = {"pay_1", "pay_2"};
    char hex[APPROVAL_SUBJECT_HASH_SIZE];
    cr_assert_str_eq(approval_subject_hash(510, "GBP", payments, 2, 1, hex),
                     "13682a25654902b8f19e62b1218f0e60cfb0d2d8834527c15e1bf021ba8f4444");
    char other[APPROVAL_SUBJECT_HASH_SIZE];
    cr_assert_str_neq(approval_subject_hash(511, "GBP", payments, 2, 1, other), hex);
    cr_assert_str_neq(approval_subject_hash(510, "EUR", payments, 2, 1, other), hex);
    cr_assert_str_neq(approval_subject_hash(510, "GBP", payments, 1, 1, other), hex);
    cr_assert_str_neq(approval_subject_hash(510, "GBP", payments, 2, 2, other), hex);
}

Test(approval, rotation_keeps_old_approvals_valid)
{
    struct approval_keys *old = keys_of("k1", KEY_ONES, NULL, NULL);
    struct approval_keys *both = keys_of("k2", KEY_COUNTING, "k1", KEY_ONES);
    struct approval_keys *new = keys_of("k2", KEY_COUNTING, NULL, NULL);
    struct approval approval = sample();
    uint8_t mac[APPROVAL_MAC_SIZE];
    const char *id = approval_sign(old, &approval, mac);
    cr_assert_eq(approval_verify(both, id, &approval, mac, sizeof mac), STATUS_OK);
    cr_assert_eq(approval_verify(new, id, &approval, mac, sizeof mac), STATUS_NOT_FOUND);
    cr_assert_eq(approval_verify(both, "k2", &approval, mac, sizeof mac), STATUS_INVALID);
    cr_assert_str_eq(approval_sign(both, &approval, mac), "k2");
    cr_assert_eq(approval_verify(new, "k2", &approval, mac, sizeof mac), STATUS_OK);
    approval_keys_destroy(old);
    approval_keys_destroy(both);
    approval_keys_destroy(new);
}

/* Each of these differs from the sample in one thing. */
Test(approval, every_field_is_covered)
{
    static const struct approval_share more[] = {{"pay_1", 301}, {"pay_2", 210}};
    static const struct approval_share swapped[] = {{"pay_2", 210}, {"pay_1", 300}};
    static const char *const one[] = {"mianoah"};
    struct approval variants[19];
    size_t n = 0;
#define VARIANT(change)               \
    do {                              \
        struct approval a = sample(); \
        change;                       \
        variants[n++] = a;            \
    } while (0)
    VARIANT(a.merchant_id = "shoq");
    VARIANT(a.order_id = "536366");
    VARIANT(a.refund_id = "rf_2");
    VARIANT((a.merchant_id = "shop5", a.order_id = "36365"));
    VARIANT(a.version = 3);
    VARIANT(a.case_version = 0);
    VARIANT(a.shares = more);
    VARIANT(a.shares = swapped);
    VARIANT(a.share_count = 1);
    VARIANT(a.currency = "EUR");
    VARIANT(a.method = 2);
    VARIANT(a.goods_required = false);
    VARIANT((a.approvers = one, a.approver_count = 1));
    VARIANT(a.approver_count = 0);
    VARIANT(a.policy.present = false);
    VARIANT(a.policy.version = 2);
    VARIANT(a.policy.sha256 = NULL);
    VARIANT((a.authority = a.policy, a.policy.present = false));
    VARIANT(a.expires_at_us++);
#undef VARIANT
    cr_assert_eq(n, sizeof variants / sizeof *variants);

    struct approval_keys *keys = keys_of("k1", KEY_ONES, NULL, NULL);
    struct approval approval = sample();
    uint8_t mac[APPROVAL_MAC_SIZE];
    const char *id = approval_sign(keys, &approval, mac);
    for (size_t i = 0; i < n; i++)
        cr_expect_eq(approval_verify(keys, id, &variants[i], mac, sizeof mac), STATUS_INVALID,
                     "variant %zu", i);
    approval_keys_destroy(keys);
}

Test(approval, a_changed_or_cut_mac_does_not_hold)
{
    struct approval_keys *keys = keys_of("k1", KEY_ONES, NULL, NULL);
    struct approval approval = sample();
    uint8_t mac[APPROVAL_MAC_SIZE];
    const char *id = approval_sign(keys, &approval, mac);
    cr_expect_eq(approval_verify(keys, id, &approval, mac, sizeof mac - 1), STATUS_INVALID);
    cr_expect_eq(approval_verify(keys, id, &approval, NULL, 0), STATUS_INVALID);
    for (size_t bit = 0; bit < 8 * sizeof mac; bit++) {
        mac[bit / 8] ^= (uint8_t)(1u << bit % 8);
        cr_expect_eq(approval_verify(keys, id, &approval, mac, sizeof mac), STATUS_INVALID);
        mac[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    cr_expect_eq(approval_verify(keys, id, &approval, mac, sizeof mac), STATUS_OK);
    approval_keys_destroy(keys);
}

Test(approval, broken_keys_are_refused_without_showing_them)
{
    static const char *const broken[] = {
        "",
        "k1",
        "k1:",
        "k1:11",
        ":1111111111111111111111111111111111111111111111111111111111111111",
        "k 1:1111111111111111111111111111111111111111111111111111111111111111",
        "k1:111111111111111111111111111111111111111111111111111111111111111z",
        "k1:11111111111111111111111111111111111111111111111111111111111111112",
        "k1:1111111111111111111111111111111111111111111111111111111111111111,",
        "k1:1111111111111111111111111111111111111111111111111111111111111111,"
        "k1:2222222222222222222222222222222222222222222222222222222222222222",
        "a-key-id-of-thirty-three-letters-:"
        "1111111111111111111111111111111111111111111111111111111111111111",
    };
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        struct approval_keys *keys = NULL;
        struct error error = {""};
        cr_expect_eq(approval_keys_read(broken[i], &keys, &error), STATUS_INVALID, "%s", broken[i]);
        cr_expect_null(keys);
        cr_expect_null(strstr(error.text, "1111"), "%s", error.text);
        cr_expect_neq(error.text[0], '\0');
    }
}

Test(approval, at_most_eight_keys)
{
    char text[APPROVAL_KEYS_TEXT_MAX + 128] = "";
    size_t used = 0;
    for (int i = 0; i < APPROVAL_KEYS_MAX + 1; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%sk%d:%s", i > 0 ? "," : "", i,
                                 KEY_ONES);
    struct approval_keys *keys = NULL;
    cr_assert_eq(approval_keys_read(text, &keys, NULL), STATUS_INVALID);
    *strrchr(text, ',') = '\0';
    cr_assert_eq(approval_keys_read(text, &keys, NULL), STATUS_OK);
    approval_keys_destroy(keys);
}
