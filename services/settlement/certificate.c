/* PayPal's certificates. The only file that knows OpenSSL's X.509.
 *
 * https://developer.paypal.com/api/rest/webhooks/rest/: the certificate that paypal-cert-url names
 * is PayPal's, and signs with RSA and SHA-256. Whoever receives the webhook gets it and passes it
 * on in the header paypal-cert-pem; that it is PayPal's is checked here: an authority vouches for
 * the chain, and the name is one of PayPal's. */

#include "webhook_signature.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHAIN_MAX = 8, SIGNATURE_MAX = 1024, PEM_MAX = 64 * 1024 };

struct certificates {
    X509_STORE *authorities;
    char *own; /* PEM, "" for none */
};

static char *read_file(const char *path)
{
    char *text = calloc(1, PEM_MAX + 1);
    FILE *file = *path == '\0' || text == NULL ? NULL : fopen(path, "re");
    if (*path == '\0' || text == NULL)
        return text;
    if (file == NULL) {
        free(text);
        return NULL;
    }
    text[fread(text, 1, PEM_MAX, file)] = '\0';
    (void)fclose(file);
    return text;
}

enum status certificates_open(const char *authorities, const char *own,
                              struct certificates **certificates, struct error *error)
{
    struct certificates *opened = calloc(1, sizeof *opened);
    if (opened == NULL)
        return error_set(error, STATUS_FATAL, "no memory for certificates");
    opened->authorities = X509_STORE_new();
    opened->own = read_file(own);
    bool good = opened->authorities != NULL && opened->own != NULL &&
                (*authorities == '\0'
                     ? X509_STORE_set_default_paths(opened->authorities) == 1
                     : X509_STORE_load_locations(opened->authorities, authorities, NULL) == 1);
    if (!good) {
        certificates_close(opened);
        return error_set(error, STATUS_INVALID,
                         "the certificates of webhooks could not be read: %s or %s", authorities,
                         own);
    }
    *certificates = opened;
    return STATUS_OK;
}

void certificates_close(struct certificates *certificates)
{
    if (certificates == NULL)
        return;
    X509_STORE_free(certificates->authorities);
    free(certificates->own);
    free(certificates);
}

/* The certificate to check with, and those that lead from it to an authority. */
static X509 *read_chain(const char *pem, STACK_OF(X509) * others)
{
    size_t size = strlen(pem);
    BIO *bio = size == 0 || size > PEM_MAX ? NULL : BIO_new_mem_buf(pem, (int)size);
    X509 *first = bio == NULL ? NULL : PEM_read_bio_X509(bio, NULL, NULL, NULL);
    for (int i = 0; first != NULL && i < CHAIN_MAX; i++) {
        X509 *next = PEM_read_bio_X509(bio, NULL, NULL, NULL);
        if (next == NULL)
            break;
        if (sk_X509_push(others, next) == 0)
            X509_free(next);
    }
    BIO_free(bio);
    return first;
}

static bool is_trusted(X509 *certificate, STACK_OF(X509) * others, int64_t now_us,
                       const struct certificates *certificates)
{
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    bool good = context != NULL &&
                X509_STORE_CTX_init(context, certificates->authorities, certificate, others) == 1;
    if (good) {
        X509_STORE_CTX_set_time(context, 0, (time_t)(now_us / 1000000));
        good = X509_verify_cert(context) == 1;
    }
    X509_STORE_CTX_free(context);
    return good;
}

/* messageverificationcerts.paypal.com and its like: a name below paypal.com. */
static bool is_paypals(X509 *certificate)
{
    return X509_check_host(certificate, "messageverificationcerts.paypal.com", 0, 0, NULL) == 1 ||
           X509_check_host(certificate, "messageverificationcerts.sandbox.paypal.com", 0, 0,
                           NULL) == 1;
}

static bool has_signed(X509 *certificate, const char *text, const unsigned char *signature,
                       size_t size)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY *key = X509_get0_pubkey(certificate);
    bool good =
        context != NULL && key != NULL && EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA &&
        EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
        EVP_DigestVerify(context, signature, size, (const unsigned char *)text, strlen(text)) == 1;
    EVP_MD_CTX_free(context);
    return good;
}

bool signature_certified(const char *signature, const char *text, const char *pem, int64_t now_us,
                         const struct certificates *certificates)
{
    unsigned char bytes[SIGNATURE_MAX];
    size_t size = 0;
    if (certificates == NULL ||
        sodium_base642bin(bytes, sizeof bytes, signature, strlen(signature), "\r\n ", &size, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0)
        return false;
    STACK_OF(X509) *others = sk_X509_new_null();
    X509 *certificate =
        others == NULL ? NULL : read_chain(*pem == '\0' ? certificates->own : pem, others);
    bool good = certificate != NULL && is_paypals(certificate) &&
                is_trusted(certificate, others, now_us, certificates) &&
                has_signed(certificate, text, bytes, size);
    X509_free(certificate);
    sk_X509_pop_free(others, X509_free);
    return good;
}
