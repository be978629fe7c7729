#include "certificate.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { KEY_BITS = 2048, PEM_MAX = 4096, ID_MAX = 64, LIFE_S = 365 * 86400 };

static EVP_PKEY *key;
static char pem[PEM_MAX], id[ID_MAX];

static bool write_pem(X509 *certificate)
{
    BIO *memory = BIO_new(BIO_s_mem());
    bool good = memory != NULL && PEM_write_bio_X509(memory, certificate) == 1;
    int size = good ? BIO_read(memory, pem, sizeof pem - 1) : -1;
    BIO_free(memory);
    pem[size > 0 ? size : 0] = '\0';
    return size > 0;
}

static bool name_it(X509 *certificate)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (X509_digest(certificate, EVP_sha256(), digest, &size) != 1)
        return false;
    (void)snprintf(id, sizeof id, "CERT-");
    for (unsigned i = 0; i < 12; i++)
        (void)snprintf(id + strlen(id), sizeof id - strlen(id), "%02x", digest[i]);
    return true;
}

static bool make_certificate(void)
{
    X509 *certificate = X509_new();
    X509_NAME *name = certificate == NULL ? NULL : X509_get_subject_name(certificate);
    bool good =
        name != NULL &&
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                   (const unsigned char *)"messageverificationcerts.paypal.com", -1,
                                   -1, 0) == 1 &&
        X509_set_issuer_name(certificate, name) == 1 &&
        ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) == 1 &&
        X509_gmtime_adj(X509_getm_notBefore(certificate), 0) != NULL &&
        X509_gmtime_adj(X509_getm_notAfter(certificate), LIFE_S) != NULL &&
        X509_set_pubkey(certificate, key) == 1 && X509_sign(certificate, key, EVP_sha256()) > 0;
    good = good && write_pem(certificate) && name_it(certificate);
    X509_free(certificate);
    return good;
}

static bool ready(void)
{
    if (key != NULL)
        return *pem != '\0';
    key = EVP_RSA_gen(KEY_BITS);
    return key != NULL && make_certificate();
}

const char *certificate_id(void)
{
    return ready() ? id : "";
}

const char *certificate_pem(void)
{
    return ready() ? pem : "";
}

const char *certificate_sign(const char *text, char signature[CERTIFICATE_SIGNATURE_MAX])
{
    unsigned char bytes[KEY_BITS / 8];
    size_t size = sizeof bytes;
    EVP_MD_CTX *context = ready() ? EVP_MD_CTX_new() : NULL;
    *signature = '\0';
    if (context != NULL && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
        EVP_DigestSign(context, bytes, &size, (const unsigned char *)text, strlen(text)) == 1)
        (void)EVP_EncodeBlock((unsigned char *)signature, bytes, (int)size);
    EVP_MD_CTX_free(context);
    return signature;
}
