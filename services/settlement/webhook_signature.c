#include "webhook_signature.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAC = crypto_auth_hmacsha256_BYTES, KEY_MAX = 512, ADYEN_TEXT_MAX = 2048 };

static void mac_of(const void *key, size_t key_size, const char *prefix, const void *bytes,
                   size_t size, unsigned char mac[MAC])
{
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, key, key_size);
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)prefix, strlen(prefix));
    crypto_auth_hmacsha256_update(&state, bytes, size);
    crypto_auth_hmacsha256_final(&state, mac);
    sodium_memzero(&state, sizeof state);
}

static bool from_hex(const char *text, size_t length, unsigned char *bytes, size_t room,
                     size_t *size)
{
    const char *end = NULL;
    return sodium_hex2bin(bytes, room, text, length, NULL, size, &end) == 0 && end == text + length;
}

static bool from_base64(const char *text, unsigned char *bytes, size_t room, size_t *size)
{
    const char *end = NULL;
    size_t length = strlen(text);
    return sodium_base642bin(bytes, room, text, length, NULL, size, &end,
                             sodium_base64_VARIANT_ORIGINAL) == 0 &&
           end == text + length;
}

/* Calls `try` for each of a comma-separated list until it is true. */
struct attempt {
    const void *bytes;
    size_t size;
    const char *prefix;
    const unsigned char *mac;
};

static bool try_text(const struct attempt *attempt, const char *key, size_t length)
{
    unsigned char mac[MAC];
    if (length == 0)
        return false;
    mac_of(key, length, attempt->prefix, attempt->bytes, attempt->size, mac);
    return sodium_memcmp(mac, attempt->mac, MAC) == 0;
}

static bool try_hex(const struct attempt *attempt, const char *key, size_t length)
{
    unsigned char bytes[KEY_MAX], mac[MAC];
    size_t size = 0;
    if (length == 0 || !from_hex(key, length, bytes, sizeof bytes, &size) || size == 0)
        return false;
    mac_of(bytes, size, attempt->prefix, attempt->bytes, attempt->size, mac);
    sodium_memzero(bytes, sizeof bytes);
    return sodium_memcmp(mac, attempt->mac, MAC) == 0;
}

static bool any_key(const char *keys, bool (*try)(const struct attempt *, const char *, size_t),
                    const struct attempt *attempt, struct key_account *account)
{
    for (const char *at = keys; *at != '\0';) {
        size_t length = strcspn(at, ","), bound = strcspn(at, ":,");
        const char *key = bound < length ? at + bound + 1 : at;
        if (try(attempt, key, (size_t)(at + length - key))) {
            *account = (struct key_account){at, bound < length ? bound : 0};
            return true;
        }
        at += length + (at[length] == ',');
    }
    return false;
}

/* The first t of the header, as digits; false if it is none. */
static bool read_time(const char *header, char text[24], int64_t *seconds)
{
    if (strncmp(header, "t=", 2) != 0)
        return false;
    size_t length = strspn(header + 2, "0123456789");
    if (length == 0 || length > 15 || header[2 + length] != ',')
        return false;
    memcpy(text, header + 2, length);
    text[length] = '\0';
    *seconds = strtoll(text, NULL, 10);
    return true;
}

bool signature_stripe(const char *header, const void *body, size_t size, const char *secrets,
                      int64_t now_us, int64_t tolerance_s, struct key_account *account)
{
    char prefix[32], text[24];
    int64_t seconds = 0;
    if (!read_time(header, text, &seconds) || now_us / 1000000 - seconds > tolerance_s ||
        seconds - now_us / 1000000 > tolerance_s)
        return false;
    (void)snprintf(prefix, sizeof prefix, "%s.", text);
    for (const char *at = header; *at != '\0';) {
        size_t length = strcspn(at, ","), got = 0;
        unsigned char mac[MAC];
        const struct attempt attempt = {body, size, prefix, mac};
        if (strncmp(at, "v1=", 3) == 0 && from_hex(at + 3, length - 3, mac, sizeof mac, &got) &&
            got == MAC && any_key(secrets, try_text, &attempt, account))
            return true;
        at += length + (at[length] == ',');
    }
    return false;
}

/* Texts of the item in the order in which they are signed. */
static void add(char *text, size_t room, size_t *at, const json_t *value, bool last)
{
    char number[24] = "";
    const char *part = json_string_value(value);
    if (json_is_integer(value)) {
        (void)snprintf(number, sizeof number, "%" PRId64, (int64_t)json_integer_value(value));
        part = number;
    }
    if (part == NULL)
        part = json_is_true(value) ? "true" : json_is_false(value) ? "false" : "";
    size_t size = strlen(part);
    if (*at + size + 2 > room) {
        *at = room; /* too long: nothing is signed by this */
        return;
    }
    memcpy(text + *at, part, size);
    *at += size;
    if (!last)
        text[(*at)++] = ':';
}

bool signature_adyen(const json_t *item, const char *keys, struct key_account *account)
{
    static const char *const names[] = {"pspReference", "originalReference", "merchantAccountCode",
                                        "merchantReference"};
    char text[ADYEN_TEXT_MAX];
    unsigned char mac[MAC];
    size_t size = 0, got = 0;
    const json_t *amount = json_object_get(item, "amount");
    const char *signature = json_string_value(
        json_object_get(json_object_get(item, "additionalData"), "hmacSignature"));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        add(text, sizeof text, &size, json_object_get(item, names[i]), false);
    add(text, sizeof text, &size, json_object_get(amount, "value"), false);
    add(text, sizeof text, &size, json_object_get(amount, "currency"), false);
    add(text, sizeof text, &size, json_object_get(item, "eventCode"), false);
    add(text, sizeof text, &size, json_object_get(item, "success"), true);
    if (size >= sizeof text || signature == NULL ||
        !from_base64(signature, mac, sizeof mac, &got) || got != MAC)
        return false;
    const struct attempt attempt = {text, size, "", mac};
    return any_key(keys, try_hex, &attempt, account);
}

static bool base64_holds(const char *signature, const void *bytes, size_t size, const char *key,
                         bool (*try)(const struct attempt *, const char *, size_t))
{
    unsigned char mac[MAC];
    size_t got = 0;
    const struct attempt attempt = {bytes, size, "", mac};
    return from_base64(signature, mac, sizeof mac, &got) && got == MAC &&
           try(&attempt, key, strlen(key));
}

bool signature_base64(const char *signature, const void *bytes, size_t size, const char *key)
{
    return base64_holds(signature, bytes, size, key, try_text);
}

bool signature_base64_hex(const char *signature, const void *bytes, size_t size,
                          const char *key_hex)
{
    return base64_holds(signature, bytes, size, key_hex, try_hex);
}

static bool find_person(const char *person, const char *keys,
                        unsigned char key[crypto_sign_PUBLICKEYBYTES])
{
    size_t length = strlen(person), size = 0;
    for (const char *at = keys; *at != '\0';) {
        size_t entry = strcspn(at, ",");
        if (length > 0 && entry > length && strncmp(at, person, length) == 0 && at[length] == ':' &&
            from_hex(at + length + 1, entry - length - 1, key, crypto_sign_PUBLICKEYBYTES, &size) &&
            size == crypto_sign_PUBLICKEYBYTES)
            return true;
        at += entry + (at[entry] == ',');
    }
    return false;
}

bool signature_person(const char *signature, const char *person, const void *bytes, size_t size,
                      const char *keys)
{
    static const char domain[] = "redress.manual.v1\n";
    unsigned char mark[crypto_sign_BYTES], key[crypto_sign_PUBLICKEYBYTES];
    size_t got = 0;
    if (!find_person(person, keys, key) || !from_base64(signature, mark, sizeof mark, &got) ||
        got != crypto_sign_BYTES)
        return false;
    unsigned char *whole = malloc(sizeof domain + size);
    if (whole == NULL)
        return false;
    memcpy(whole, domain, sizeof domain - 1);
    memcpy(whole + sizeof domain - 1, bytes, size);
    bool holds = crypto_sign_verify_detached(mark, whole, sizeof domain - 1 + size, key) == 0;
    free(whole);
    return holds;
}

/* CRC-32 of IEEE 802.3, as in zlib. */
static uint32_t crc32_of(const void *bytes, size_t size)
{
    uint32_t crc = 0xffffffffu;
    for (size_t i = 0; i < size; i++) {
        crc ^= ((const unsigned char *)bytes)[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

bool signature_paypal_text(const char *id, const char *time, const char *webhook_id,
                           const void *body, size_t size, char *text, size_t room)
{
    int length =
        snprintf(text, room, "%s|%s|%s|%" PRIu32, id, time, webhook_id, crc32_of(body, size));
    return length > 0 && (size_t)length < room && id[0] != '\0' && time[0] != '\0' &&
           webhook_id[0] != '\0';
}
