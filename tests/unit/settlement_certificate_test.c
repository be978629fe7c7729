/* PayPal's signatures, by certificates made here: an authority, and what it vouches for. */

#include "services/settlement/webhook.h"
#include "services/settlement/webhook_signature.h"

#include <criterion/criterion.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { KEY_BITS = 1024 /* quick to make; enough to be checked with */ };

#define PAYPAL_NAME "messageverificationcerts.paypal.com"

static const char body[] = "{\"id\":\"WH-1\",\"event_type\":\"PAYMENT.CAPTURE.REFUNDED\","
                           "\"create_time\":\"2026-01-02T03:04:05Z\",\"resource\":{\"id\":\"1JU0\","
                           "\"status\":\"COMPLETED\",\"amount\":{\"currency_code\":\"USD\","
                           "\"value\":\"10.99\"}}}";

struct signer {
    EVP_PKEY *key;
    X509 *certificate;
};

static struct signer authority, paypal, stranger;
static char authority_file[64] = "/tmp/redress-authority-XXXXXX";
static struct certificates *certificates;
static struct webhook_facts facts;

/* Vouched for by `by`, or by itself if that is NULL; ended after `seconds` from now. */
static struct signer make(const char *name, const struct signer *by, long seconds)
{
    struct signer made = {EVP_RSA_gen(KEY_BITS), X509_new()};
    X509_NAME *subject = X509_get_subject_name(made.certificate);
    (void)X509_set_version(made.certificate, 2);
    (void)ASN1_INTEGER_set(X509_get_serialNumber(made.certificate), 1 + (long)strlen(name));
    (void)X509_gmtime_adj(X509_getm_notBefore(made.certificate), -7200);
    (void)X509_gmtime_adj(X509_getm_notAfter(made.certificate), seconds);
    (void)X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1,
                                     -1, 0);
    (void)X509_set_issuer_name(made.certificate,
                               by == NULL ? subject : X509_get_subject_name(by->certificate));
    (void)X509_set_pubkey(made.certificate, made.key);
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, by == NULL ? made.certificate : by->certificate, made.certificate,
                   NULL, NULL, 0);
    X509_EXTENSION *basic = X509V3_EXT_conf_nid(NULL, &context, NID_basic_constraints,
                                                by == NULL ? "critical,CA:TRUE" : "CA:FALSE");
    (void)X509_add_ext(made.certificate, basic, -1);
    X509_EXTENSION_free(basic);
    cr_assert_gt(X509_sign(made.certificate, by == NULL ? made.key : by->key, EVP_sha256()), 0);
    return made;
}

static void end(struct signer *signer)
{
    EVP_PKEY_free(signer->key);
    X509_free(signer->certificate);
}

static void setup(void)
{
    struct error error = {0};
    cr_assert_geq(sodium_init(), 0);
    authority = make("Authority", NULL, 7200);
    stranger = make("Stranger", NULL, 7200);
    paypal = make(PAYPAL_NAME, &authority, 3600);
    int fd = mkstemp(authority_file);
    FILE *file = fdopen(fd, "w");
    (void)PEM_write_X509(file, authority.certificate);
    (void)fclose(file);
    cr_assert_eq(certificates_open(authority_file, "", &certificates, &error), STATUS_OK, "%s",
                 error.text);
}

static void teardown(void)
{
    (void)unlink(authority_file);
    certificates_close(certificates);
    end(&authority);
    end(&stranger);
    end(&paypal);
}

TestSuite(settlement_certificate, .init = setup, .fini = teardown);

static void sign(const struct signer *signer, const char *text, char *base64, size_t room)
{
    unsigned char bytes[512];
    size_t size = sizeof bytes;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    cr_assert_eq(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, signer->key), 1);
    cr_assert_eq(EVP_DigestSign(context, bytes, &size, (const unsigned char *)text, strlen(text)),
                 1);
    EVP_MD_CTX_free(context);
    (void)sodium_bin2base64(base64, room, bytes, size, sodium_base64_VARIANT_ORIGINAL);
}

static void pem_of(const struct signer *signer, char *text, size_t room)
{
    BIO *bio = BIO_new(BIO_s_mem());
    (void)PEM_write_bio_X509(bio, signer->certificate);
    int size = BIO_read(bio, text, (int)room - 1);
    cr_assert_gt(size, 0);
    text[size] = '\0';
    BIO_free(bio);
}

/* A webhook signed by `signer`, which carries its certificate; `webhook_id` is ours. */
static bool verified(const struct signer *signer, const char *webhook_id, const char *payload,
                     int64_t at_s)
{
    char text[512], signature[1024], pem[8192];
    cr_assert(signature_paypal_text("t-1", "2026-01-02T03:04:05Z", "WEBHOOK", body, sizeof body - 1,
                                    text, sizeof text));
    sign(signer, text, signature, sizeof signature);
    pem_of(signer, pem, sizeof pem);
    const struct webhook_header headers[] = {
        {"paypal-transmission-id", "t-1"},
        {"paypal-transmission-time", "2026-01-02T03:04:05Z"},
        {"paypal-transmission-sig", signature},
        {"paypal-auth-algo", "SHA256withRSA"},
        {"paypal-cert-pem", pem},
    };
    const struct webhook webhook = {.provider = PROVIDER_PAYPAL,
                                    .received_us = at_s * 1000000,
                                    .headers = headers,
                                    .header_count = sizeof headers / sizeof *headers,
                                    .body = payload,
                                    .size = strlen(payload)};
    const struct webhook_keys keys = {.stripe = "",
                                      .adyen = "",
                                      .shopify = "",
                                      .finance = "",
                                      .paypal_id = webhook_id,
                                      .certificates = certificates};
    cr_assert_eq(webhook_read(&webhook, &keys, &facts), WEBHOOK_READ);
    return facts.items[0].verified;
}

Test(settlement_certificate, paypals_word_is_verified)
{
    int64_t now_s = (int64_t)time(NULL);
    cr_assert(verified(&paypal, "WEBHOOK", body, now_s));
    cr_assert_str_eq(facts.items[0].event_id, "paypal/WH-1");
}

Test(settlement_certificate, anybody_elses_is_not)
{
    int64_t now_s = (int64_t)time(NULL);
    char changed[sizeof body];
    struct signer other_name =
        make("messageverificationcerts.paypal.com.evil.example", &authority, 3600);
    struct signer untrusted = make(PAYPAL_NAME, &stranger, 3600);
    struct signer own = make(PAYPAL_NAME, NULL, 3600);
    memcpy(changed, body, sizeof body);
    *strstr(changed, "10.99") = '9';
    cr_assert_not(verified(&other_name, "WEBHOOK", body, now_s));
    cr_assert_not(verified(&untrusted, "WEBHOOK", body, now_s));
    cr_assert_not(verified(&own, "WEBHOOK", body, now_s));
    cr_assert_not(verified(&paypal, "ANOTHER", body, now_s));
    cr_assert_not(verified(&paypal, "", body, now_s));
    cr_assert_not(verified(&paypal, "WEBHOOK", changed, now_s));
    cr_assert_not(verified(&paypal, "WEBHOOK", body, now_s + 5400)); /* ended by then */
    end(&other_name);
    end(&untrusted);
    end(&own);
}

Test(settlement_certificate, what_is_no_certificate_or_signature_holds_nothing)
{
    static const char *const texts[] = {"", "x", "-----BEGIN CERTIFICATE-----\nAAAA\n",
                                        "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        cr_assert_not(signature_certified("AAAA", "t", texts[i], 1, certificates));
        cr_assert_not(signature_certified(texts[i], "t", "", 1, certificates));
    }
    cr_assert_not(signature_certified("AAAA", "t", "", 1, NULL));
}
