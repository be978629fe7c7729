#include "approval.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(APPROVAL_MAC_SIZE == crypto_auth_hmacsha512256_BYTES, "size of the MAC");

enum { KEY_HEX = crypto_auth_hmacsha512256_KEYBYTES * 2 };

struct approval_key {
    char id[APPROVAL_KEY_ID_MAX];
    crypto_auth_hmacsha512256_state state; /* the key is absorbed: signing starts from a copy */
};

struct approval_keys {
    size_t count;
    struct approval_key items[APPROVAL_KEYS_MAX];
};

static bool key_id_valid(const char *id, size_t size)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    return size >= 1 && size < APPROVAL_KEY_ID_MAX && strspn(id, allowed) >= size;
}

/* One "<id>:<64 hex>" of `size` bytes. */
static enum status key_read(const char *text, size_t size, struct approval_keys *keys,
                            struct error *error)
{
    const char *colon = memchr(text, ':', size);
    size_t place = keys->count + 1;
    if (place > APPROVAL_KEYS_MAX)
        return error_set(error, STATUS_INVALID, "approval keys: at most %d", APPROVAL_KEYS_MAX);
    if (colon == NULL || !key_id_valid(text, (size_t)(colon - text)))
        return error_set(error, STATUS_INVALID,
                         "approval key %zu: an id of 1 to %d letters, digits, - or _, then a colon",
                         place, APPROVAL_KEY_ID_MAX - 1);
    unsigned char secret[crypto_auth_hmacsha512256_KEYBYTES];
    size_t hex_size = size - (size_t)(colon - text) - 1;
    size_t secret_size = 0;
    if (hex_size != KEY_HEX ||
        sodium_hex2bin(secret, sizeof secret, colon + 1, hex_size, NULL, &secret_size, NULL) != 0 ||
        secret_size != sizeof secret)
        return error_set(error, STATUS_INVALID, "approval key %zu: %d hex characters after the id",
                         place, KEY_HEX);
    struct approval_key *key = &keys->items[keys->count];
    memcpy(key->id, text, (size_t)(colon - text));
    for (size_t i = 0; i < keys->count; i++)
        if (strcmp(keys->items[i].id, key->id) == 0)
            return error_set(error, STATUS_INVALID, "approval key %zu: the id %s stands twice",
                             place, key->id);
    crypto_auth_hmacsha512256_init(&key->state, secret, sizeof secret);
    sodium_memzero(secret, sizeof secret);
    keys->count = place;
    return STATUS_OK;
}

enum status approval_keys_read(const char *text, struct approval_keys **keys, struct error *error)
{
    if (sodium_init() < 0)
        return error_set(error, STATUS_FATAL, "libsodium does not start");
    struct approval_keys *read = calloc(1, sizeof *read);
    if (read == NULL)
        return error_set(error, STATUS_EXHAUSTED, "no memory for the approval keys");
    enum status status = STATUS_OK;
    const char *rest = text;
    do {
        size_t size = strcspn(rest, ",");
        status = key_read(rest, size, read, error);
        rest += size;
    } while (status == STATUS_OK && *rest++ == ',');
    if (status != STATUS_OK) {
        approval_keys_destroy(read);
        return status;
    }
    *keys = read;
    return STATUS_OK;
}

void approval_keys_destroy(struct approval_keys *keys)
{
    if (keys == NULL)
        return;
    sodium_memzero(keys, sizeof *keys);
    free(keys);
}

/* The layout is fed to a hash or to a MAC: `take` is the one or the other. */
struct layout {
    void (*take)(void *state, const void *bytes, size_t size);
    void *state;
};

static void layout_integer(struct layout *layout, int64_t value)
{
    unsigned char bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char)((uint64_t)value >> (56 - 8 * i));
    layout->take(layout->state, bytes, sizeof bytes);
}

static void layout_bytes(struct layout *layout, const void *bytes, size_t size)
{
    assert(size <= INT32_MAX);
    unsigned char length[4];
    for (int i = 0; i < 4; i++)
        length[i] = (unsigned char)(size >> (24 - 8 * i));
    layout->take(layout->state, length, sizeof length);
    if (size > 0)
        layout->take(layout->state, bytes, size);
}

static void layout_text(struct layout *layout, const char *text)
{
    layout_bytes(layout, text, text == NULL ? 0 : strlen(text));
}

static void layout_model(struct layout *layout, const struct approval_model *model)
{
    layout_integer(layout, model->present ? 1 : 0);
    layout_text(layout, model->present ? model->id : NULL);
    layout_integer(layout, model->present ? model->version : 0);
    layout_text(layout, model->present ? model->sha256 : NULL);
}

static void layout_approval(struct layout *layout, const struct approval *approval)
{
    layout_text(layout, "redress.approval.v1");
    layout_text(layout, approval->merchant_id);
    layout_text(layout, approval->order_id);
    layout_text(layout, approval->refund_id);
    layout_integer(layout, approval->version);
    layout_integer(layout, approval->case_version);
    layout_integer(layout, (int64_t)approval->share_count);
    for (size_t i = 0; i < approval->share_count; i++) {
        layout_text(layout, approval->shares[i].payment_id);
        layout_integer(layout, approval->shares[i].minor);
    }
    layout_text(layout, approval->currency);
    layout_integer(layout, approval->method);
    layout_integer(layout, approval->goods_required ? 1 : 0);
    layout_integer(layout, (int64_t)approval->approver_count);
    for (size_t i = 0; i < approval->approver_count; i++)
        layout_text(layout, approval->approvers[i]);
    layout_model(layout, &approval->policy);
    layout_model(layout, &approval->authority);
    layout_integer(layout, approval->expires_at_us);
    if (approval->payee == NULL || approval->payee[0] == '\0')
        return;
    layout_text(layout, approval->payee);
    layout_text(layout, approval->payee_verified_by);
    layout_integer(layout, approval->payee_verified_at_us);
}

static void take_mac(void *state, const void *bytes, size_t size)
{
    crypto_auth_hmacsha512256_update(state, bytes, size);
}

static void take_hash(void *state, const void *bytes, size_t size)
{
    crypto_hash_sha256_update(state, bytes, size);
}

static void approval_mac(const struct approval_key *key, const struct approval *approval,
                         uint8_t mac[APPROVAL_MAC_SIZE])
{
    crypto_auth_hmacsha512256_state state = key->state;
    struct layout layout = {.take = take_mac, .state = &state};
    layout_approval(&layout, approval);
    crypto_auth_hmacsha512256_final(&state, mac);
    sodium_memzero(&state, sizeof state);
}

const char *approval_sign(const struct approval_keys *keys, const struct approval *approval,
                          uint8_t mac[APPROVAL_MAC_SIZE])
{
    assert(keys->count > 0);
    approval_mac(&keys->items[0], approval, mac);
    return keys->items[0].id;
}

enum status approval_verify(const struct approval_keys *keys, const char *key_id,
                            const struct approval *approval, const uint8_t *mac, size_t mac_size)
{
    for (size_t i = 0; i < keys->count; i++) {
        if (strcmp(keys->items[i].id, key_id) != 0)
            continue;
        uint8_t expected[APPROVAL_MAC_SIZE];
        approval_mac(&keys->items[i], approval, expected);
        bool same = mac_size == sizeof expected && sodium_memcmp(mac, expected, mac_size) == 0;
        return same ? STATUS_OK : STATUS_INVALID;
    }
    return STATUS_NOT_FOUND;
}

static void seal_mac(const struct approval_key *key, const char *domain, const void *bytes,
                     size_t size, uint8_t mac[APPROVAL_MAC_SIZE])
{
    crypto_auth_hmacsha512256_state state = key->state;
    struct layout layout = {.take = take_mac, .state = &state};
    layout_text(&layout, domain);
    layout_bytes(&layout, bytes, size);
    crypto_auth_hmacsha512256_final(&state, mac);
    sodium_memzero(&state, sizeof state);
}

void approval_seal(const struct approval_keys *keys, const char *domain, const void *bytes,
                   size_t size, uint8_t mac[APPROVAL_MAC_SIZE])
{
    assert(keys->count > 0);
    seal_mac(&keys->items[0], domain, bytes, size, mac);
}

bool approval_seal_holds(const struct approval_keys *keys, const char *domain, const void *bytes,
                         size_t size, const uint8_t mac[APPROVAL_MAC_SIZE])
{
    bool holds = false;
    for (size_t i = 0; i < keys->count; i++) {
        uint8_t expected[APPROVAL_MAC_SIZE];
        seal_mac(&keys->items[i], domain, bytes, size, expected);
        holds = holds || sodium_memcmp(mac, expected, sizeof expected) == 0;
    }
    return holds;
}

char *approval_subject_hash(int64_t minor, const char *currency, const char *const *payment_ids,
                            size_t payment_count, int32_t method,
                            char hex[APPROVAL_SUBJECT_HASH_SIZE])
{
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    struct layout layout = {.take = take_hash, .state = &state};
    layout_text(&layout, "redress.subject.v1");
    layout_integer(&layout, minor);
    layout_text(&layout, currency);
    layout_integer(&layout, (int64_t)payment_count);
    for (size_t i = 0; i < payment_count; i++)
        layout_text(&layout, payment_ids[i]);
    layout_integer(&layout, method);
    unsigned char hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_final(&state, hash);
    return sodium_bin2hex(hex, APPROVAL_SUBJECT_HASH_SIZE, hash, sizeof hash);
}
