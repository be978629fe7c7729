/* Keys as text, and signatures over bytes. */

#include "signature.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

_Static_assert(SIGNATURE_SIZE == crypto_sign_BYTES, "size of a signature");
_Static_assert(SIGNATURE_PUBLIC_SIZE == crypto_sign_PUBLICKEYBYTES, "size of a public key");
_Static_assert(SIGNATURE_SEED_SIZE == crypto_sign_SEEDBYTES, "size of a seed");

enum { KEY_HEX = 64 };

static const char id_characters[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

static bool id_valid(const char *id, size_t size)
{
    return size >= 1 && size < SIGNATURE_KEY_ID_MAX && strspn(id, id_characters) >= size;
}

/* "<id>:<64 hex>" at the start of `size` bytes; `*used` is what it takes. */
static bool read_pair(const char *text, size_t size, char *id, uint8_t value[32], size_t *used)
{
    const char *colon = memchr(text, ':', size);
    size_t id_size = colon == NULL ? 0 : (size_t)(colon - text), count = 0;
    if (colon == NULL || !id_valid(text, id_size) || size < id_size + 1 + KEY_HEX ||
        sodium_hex2bin(value, 32, colon + 1, KEY_HEX, NULL, &count, NULL) != 0 || count != 32)
        return false;
    memcpy(id, text, id_size);
    id[id_size] = '\0';
    *used = id_size + 1 + KEY_HEX;
    return true;
}

static enum status read_public(const char *text, size_t size, struct signature_keys *keys,
                               struct error *error)
{
    size_t place = keys->count + 1, used = 0;
    if (place > SIGNATURE_KEYS_MAX)
        return error_set(error, STATUS_INVALID, "public keys: at most %d", SIGNATURE_KEYS_MAX);
    struct signature_public *key = &keys->items[keys->count];
    *key = (struct signature_public){0};
    if (!read_pair(text, size, key->id, key->key, &used))
        return error_set(error, STATUS_INVALID,
                         "public key %zu: an id of 1 to %d letters, digits, - or _, a colon and %d "
                         "hex characters",
                         place, SIGNATURE_KEY_ID_MAX - 1, KEY_HEX);
    if (size > used &&
        (text[used] != ':' || size - used - 1 == 0 || size - used > SIGNATURE_SCOPE_MAX))
        return error_set(error, STATUS_INVALID,
                         "public key %s: behind the key stands at most a colon and what it may "
                         "sign, words with + between",
                         key->id);
    if (size > used)
        memcpy(key->scope, text + used + 1, size - used - 1);
    for (size_t i = 0; i < keys->count; i++)
        if (strcmp(keys->items[i].id, key->id) == 0 ||
            memcmp(keys->items[i].key, key->key, sizeof key->key) == 0)
            return error_set(error, STATUS_INVALID, "public key %s: the id or the key stands twice",
                             key->id);
    keys->count = place;
    return STATUS_OK;
}

enum status signature_keys_read(const char *text, struct signature_keys *keys, struct error *error)
{
    *keys = (struct signature_keys){0};
    if (sodium_init() < 0)
        return error_set(error, STATUS_FATAL, "libsodium does not start");
    enum status status = STATUS_OK;
    for (const char *rest = text; status == STATUS_OK && *rest != '\0';) {
        size_t size = strcspn(rest, ",\n");
        if (size > 0)
            status = read_public(rest, size, keys, error);
        rest += size + (rest[size] == '\0' ? 0 : 1);
    }
    return status;
}

/* Is `word` one of the words of the scope? */
static bool scope_holds(const char *scope, const char *word)
{
    size_t size = strlen(word);
    for (const char *rest = scope; *rest != '\0';) {
        size_t part = strcspn(rest, "+");
        if (part == size && memcmp(rest, word, size) == 0)
            return true;
        rest += part + (rest[part] == '\0' ? 0 : 1);
    }
    return *scope == '\0';
}

const struct signature_public *signature_key_find(const struct signature_keys *keys, const char *id,
                                                  const char *what)
{
    for (size_t i = 0; i < keys->count; i++)
        if (strcmp(keys->items[i].id, id) == 0)
            return scope_holds(keys->items[i].scope, what) ? &keys->items[i] : NULL;
    return NULL;
}

static void derive(struct signature_secret *secret, uint8_t full[crypto_sign_SECRETKEYBYTES])
{
    (void)crypto_sign_seed_keypair(secret->key, full, secret->seed);
}

enum status signature_secret_read(const char *text, struct signature_secret *secret,
                                  struct error *error)
{
    size_t size = strcspn(text, "\r\n"), used = 0;
    *secret = (struct signature_secret){0};
    if (sodium_init() < 0)
        return error_set(error, STATUS_FATAL, "libsodium does not start");
    if (!read_pair(text, size, secret->id, secret->seed, &used) || used != size ||
        strspn(text + size, "\r\n") != strlen(text + size)) {
        signature_secret_wipe(secret);
        return error_set(error, STATUS_INVALID,
                         "a secret key is its id, a colon and %d hex characters: see redressctl "
                         "keys generate",
                         KEY_HEX);
    }
    uint8_t full[crypto_sign_SECRETKEYBYTES];
    derive(secret, full);
    sodium_memzero(full, sizeof full);
    return STATUS_OK;
}

enum status signature_secret_make(const char *id, struct signature_secret *secret,
                                  struct error *error)
{
    *secret = (struct signature_secret){0};
    if (sodium_init() < 0)
        return error_set(error, STATUS_FATAL, "libsodium does not start");
    if (!id_valid(id, strlen(id)))
        return error_set(error, STATUS_INVALID, "key id %.60s: 1 to %d letters, digits, - or _", id,
                         SIGNATURE_KEY_ID_MAX - 1);
    memcpy(secret->id, id, strlen(id));
    randombytes_buf(secret->seed, sizeof secret->seed);
    uint8_t full[crypto_sign_SECRETKEYBYTES];
    derive(secret, full);
    sodium_memzero(full, sizeof full);
    return STATUS_OK;
}

void signature_secret_wipe(struct signature_secret *secret)
{
    sodium_memzero(secret, sizeof *secret);
}

static char *pair_text(const char *id, const uint8_t value[32], char *text)
{
    char hex[KEY_HEX + 1];
    sodium_bin2hex(hex, sizeof hex, value, 32);
    (void)snprintf(text, SIGNATURE_TEXT_MAX, "%s:%s", id, hex);
    sodium_memzero(hex, sizeof hex);
    return text;
}

char *signature_secret_text(const struct signature_secret *secret, char *text)
{
    return pair_text(secret->id, secret->seed, text);
}

char *signature_public_text(const struct signature_secret *secret, char *text)
{
    return pair_text(secret->id, secret->key, text);
}

void signature_make(const struct signature_secret *secret, const void *bytes, size_t size,
                    uint8_t signature[SIGNATURE_SIZE])
{
    uint8_t full[crypto_sign_SECRETKEYBYTES];
    struct signature_secret copy = *secret;
    derive(&copy, full);
    (void)crypto_sign_detached(signature, NULL, bytes, size, full);
    sodium_memzero(full, sizeof full);
    sodium_memzero(&copy, sizeof copy);
}

bool signature_holds(const uint8_t key[SIGNATURE_PUBLIC_SIZE], const void *bytes, size_t size,
                     const void *signature, size_t signature_size)
{
    return signature_size == SIGNATURE_SIZE && sodium_init() >= 0 &&
           crypto_sign_verify_detached(signature, bytes, size, key) == 0;
}
