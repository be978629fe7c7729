/* Seals: what settlement says to itself on a topic that everybody can write to. */

#include "message.h"
#include "services/settlement/seal.h"

#include <criterion/criterion.h>
#include <string.h>

#define COUNTING "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define ONES "1111111111111111111111111111111111111111111111111111111111111111"

static struct arena *arena;

static void setup(void)
{
    arena = arena_create((size_t)256 * 1024);
}

static void teardown(void)
{
    arena_destroy(arena);
}

TestSuite(settlement_seal, .init = setup, .fini = teardown);

static struct approval_keys *keys_of(const char *text)
{
    struct approval_keys *keys = NULL;
    struct error error = {""};
    cr_assert_eq(approval_keys_read(text, &keys, &error), STATUS_OK, "%s", error.text);
    return keys;
}

/* "The provider gave up on po_1", sealed with the first key. */
static uint8_t *sealed(const struct approval_keys *keys, size_t *size)
{
    Redress__V1__ProviderEvent event = REDRESS__V1__PROVIDER_EVENT__INIT;
    Redress__V1__ProviderRefundNotFound missing = REDRESS__V1__PROVIDER_REFUND_NOT_FOUND__INIT;
    uint8_t *bytes = NULL;
    missing.payout_id = (char *)"po_1";
    event.merchant_id = (char *)"shop";
    event.order_id = (char *)"o-1";
    event.event_id = (char *)"po_1/look-up/1";
    event.verified = true;
    event.event_case = REDRESS__V1__PROVIDER_EVENT__EVENT_NOT_FOUND;
    event.not_found = &missing;
    cr_assert_eq(seal_event(keys, &event, arena), STATUS_OK);
    cr_assert_eq(message_pack(&event.base, arena, &bytes, size), STATUS_OK);
    return bytes;
}

Test(settlement_seal, holds_and_covers_every_byte)
{
    struct approval_keys *keys = keys_of("k1:" COUNTING);
    size_t size = 0;
    uint8_t *bytes = sealed(keys, &size);
    cr_assert(seal_holds(keys, bytes, size));
    for (size_t i = 0; i < size; i++) {
        bytes[i] ^= 1;
        cr_assert_not(seal_holds(keys, bytes, size), "byte %zu", i);
        bytes[i] ^= 1;
    }
    for (size_t shorter = 0; shorter < size; shorter++)
        cr_assert_not(seal_holds(keys, bytes, shorter));
    approval_keys_destroy(keys);
}

/* Protobuf lets a later field win: nothing may be put behind the seal, or in front of it. */
Test(settlement_seal, nothing_can_be_added)
{
    struct approval_keys *keys = keys_of("k1:" COUNTING);
    size_t size = 0;
    const uint8_t *bytes = sealed(keys, &size);
    uint8_t *more = arena_alloc(arena, size + 4);
    memcpy(more, bytes, size);
    memcpy(more + size, "\x0a\x02no", 4);
    cr_expect_not(seal_holds(keys, more, size + 4));
    memcpy(more, "\x0a\x02no", 4);
    memcpy(more + 4, bytes, size);
    cr_expect_not(seal_holds(keys, more, size + 4));
    approval_keys_destroy(keys);
}

Test(settlement_seal, keys_change_with_an_overlap)
{
    struct approval_keys *old = keys_of("k1:" COUNTING);
    struct approval_keys *both = keys_of("k2:" ONES ",k1:" COUNTING);
    struct approval_keys *new = keys_of("k2:" ONES);
    size_t size = 0;
    const uint8_t *bytes = sealed(old, &size);
    cr_expect(seal_holds(both, bytes, size));
    cr_expect_not(seal_holds(new, bytes, size));
    bytes = sealed(both, &size);
    cr_expect(seal_holds(new, bytes, size));
    approval_keys_destroy(old);
    approval_keys_destroy(both);
    approval_keys_destroy(new);
}

/* A seal for one purpose is none for another, however the two parts are cut. */
Test(settlement_seal, the_domain_counts)
{
    struct approval_keys *keys = keys_of("k1:" COUNTING);
    uint8_t mac[APPROVAL_MAC_SIZE];
    approval_seal(keys, "ab", "c", 1, mac);
    cr_expect(approval_seal_holds(keys, "ab", "c", 1, mac));
    cr_expect_not(approval_seal_holds(keys, "a", "bc", 2, mac));
    cr_expect_not(approval_seal_holds(keys, "abc", "", 0, mac));
    approval_keys_destroy(keys);
}
