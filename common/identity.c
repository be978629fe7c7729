#include "identity.h"

#include <assert.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { DIGEST_SIZE = 32, ID_DIGEST_SIZE = 16 };

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t context_key;
static EVP_MD *sha256;

static void free_context(void *context)
{
    EVP_MD_CTX_free(context);
}

/* Fetched once: looking an algorithm up costs more than hashing an id. */
static void prepare(void)
{
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    int failed = pthread_key_create(&context_key, free_context);
    assert(sha256 != NULL && failed == 0);
    (void)failed;
}

/* This thread's context, ready for a new digest. Without memory for it nothing can be named. */
static EVP_MD_CTX *digest_begin(void)
{
    (void)pthread_once(&once, prepare);
    EVP_MD_CTX *context = pthread_getspecific(context_key);
    if (context == NULL) {
        context = EVP_MD_CTX_new();
        assert(context != NULL);
        (void)pthread_setspecific(context_key, context);
    }
    int done = EVP_DigestInit_ex2(context, sha256, NULL);
    assert(done == 1);
    (void)done;
    return context;
}

static void digest_bytes(EVP_MD_CTX *context, const void *bytes, size_t size)
{
    int done = EVP_DigestUpdate(context, bytes, size);
    assert(done == 1);
    (void)done;
}

static void digest_end(EVP_MD_CTX *context, unsigned char *digest)
{
    int done = EVP_DigestFinal_ex(context, digest, NULL);
    assert(done == 1);
    (void)done;
}

static void store_big_endian(uint64_t value, unsigned char *bytes)
{
    for (int i = 7; i >= 0; i--) {
        bytes[i] = (unsigned char)value;
        value >>= 8;
    }
}

static void digest_part(EVP_MD_CTX *context, const void *bytes, size_t size)
{
    unsigned char length[8];
    store_big_endian(size, length);
    digest_bytes(context, length, sizeof length);
    digest_bytes(context, bytes, size);
}

static void digest_text(EVP_MD_CTX *context, const char *text)
{
    digest_part(context, text, strlen(text));
}

static char *put_hex(const unsigned char *bytes, size_t size, char *hex)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        hex[2 * i] = digits[bytes[i] >> 4];
        hex[2 * i + 1] = digits[bytes[i] & 15];
    }
    hex[2 * size] = '\0';
    return hex;
}

static char *finish_id(EVP_MD_CTX *context, const char *prefix, char *id)
{
    unsigned char digest[DIGEST_SIZE];
    digest_end(context, digest);
    size_t size = strlen(prefix);
    memcpy(id, prefix, size);
    (void)put_hex(digest, ID_DIGEST_SIZE, id + size);
    return id;
}

char *identity_refund(const char *merchant_id, const char *request_id, char *id)
{
    EVP_MD_CTX *context = digest_begin();
    digest_text(context, "refund");
    digest_text(context, merchant_id);
    digest_text(context, request_id);
    return finish_id(context, "rf_", id);
}

static char *ordinal_id(const char *domain, const char *prefix, const char *merchant_id,
                        const char *refund_id, int64_t ordinal, char *id)
{
    unsigned char number[8];
    store_big_endian((uint64_t)ordinal, number);
    EVP_MD_CTX *context = digest_begin();
    digest_text(context, domain);
    digest_text(context, merchant_id);
    digest_text(context, refund_id);
    digest_part(context, number, sizeof number);
    return finish_id(context, prefix, id);
}

char *identity_case(const char *merchant_id, const char *refund_id, int64_t ordinal, char *id)
{
    return ordinal_id("case", "c_", merchant_id, refund_id, ordinal, id);
}

char *identity_payout(const char *merchant_id, const char *refund_id, int64_t ordinal, char *id)
{
    return ordinal_id("payout", "po_", merchant_id, refund_id, ordinal, id);
}

#define CUSTOMER_PREFIX "sha256:"

char *identity_customer(const char *merchant_id, const char *token, char *name)
{
    unsigned char digest[DIGEST_SIZE];
    EVP_MD_CTX *context = digest_begin();
    digest_text(context, "customer");
    digest_text(context, merchant_id);
    digest_text(context, token);
    digest_end(context, digest);
    memcpy(name, CUSTOMER_PREFIX, sizeof CUSTOMER_PREFIX);
    (void)put_hex(digest, sizeof digest, name + sizeof CUSTOMER_PREFIX - 1);
    return name;
}

bool identity_is_hashed(const char *name)
{
    return strncmp(name, CUSTOMER_PREFIX, sizeof CUSTOMER_PREFIX - 1) == 0 &&
           strlen(name) == IDENTITY_CUSTOMER_MAX - 1;
}

bool identity_is_customer(const char *name, const char *merchant_id, const char *token)
{
    char hashed[IDENTITY_CUSTOMER_MAX];
    if (strcmp(name, token) == 0)
        return true;
    return identity_is_hashed(name) &&
           (strcmp(name, identity_customer(merchant_id, token, hashed)) == 0 ||
            strcmp(name, identity_customer("", token, hashed)) == 0);
}

char *identity_event(const char *stage, const char *refund_id, int64_t version, char *id)
{
    (void)snprintf(id, IDENTITY_EVENT_MAX, "%s/%s/%" PRId64, stage, refund_id, version);
    return id;
}

static void hash(const void *bytes, size_t size, unsigned char *digest)
{
    EVP_MD_CTX *context = digest_begin();
    digest_bytes(context, bytes, size);
    digest_end(context, digest);
}

char *identity_sha256(const void *bytes, size_t size, char *hex)
{
    unsigned char digest[DIGEST_SIZE];
    hash(bytes, size, digest);
    return put_hex(digest, sizeof digest, hex);
}

int64_t identity_fingerprint(const void *bytes, size_t size)
{
    unsigned char digest[DIGEST_SIZE];
    hash(bytes, size, digest);
    uint64_t number = 0;
    for (int i = 0; i < 8; i++)
        number = number << 8 | digest[i];
    return (int64_t)number;
}
