/* Signature: whether a webhook was signed by who it claims to be from. Constant time where secrets
 * are compared. */

#ifndef SETTLEMENT_WEBHOOK_SIGNATURE_H
#define SETTLEMENT_WEBHOOK_SIGNATURE_H

#include "status.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The account that a key is bound to, as it stands in the list; size 0: to none. */
struct key_account {
    const char *text;
    size_t size;
};

/* Stripe-Signature "t=SECONDS,v1=HEX[,v1=HEX]": HMAC-SHA256 over "t.body" with one of the secrets
 * ("[account:]secret", comma-separated), and t within `tolerance_s` of `now_us`. `account` is that
 * of the secret that holds. */
bool signature_stripe(const char *header, const void *body, size_t size, const char *secrets,
                      int64_t now_us, int64_t tolerance_s, struct key_account *account);

/* A NotificationRequestItem: additionalData.hmacSignature is the base64 HMAC-SHA256 over
 * pspReference, originalReference, merchantAccountCode, merchantReference, value, currency,
 * eventCode and success with colons between, with one of the keys ("[account:]hex",
 * comma-separated). `account` is that of the key that holds. */
bool signature_adyen(const json_t *item, const char *keys, struct key_account *account);

/* base64 of HMAC-SHA256 over the bytes, with a key given as text, or as hex. */
bool signature_base64(const char *signature, const void *bytes, size_t size, const char *key);
bool signature_base64_hex(const char *signature, const void *bytes, size_t size,
                          const char *key_hex);

/* Ed25519 in base64 over "redress.manual.v1", a newline and the bytes, by the key of `person` among
 * "person:64 hex[,...]". */
bool signature_person(const char *signature, const char *person, const void *bytes, size_t size,
                      const char *keys);

/* "transmission id|time|webhook id|CRC-32 of the body": what PayPal signs. `text` has `room` bytes;
 * false if it does not fit. */
bool signature_paypal_text(const char *id, const char *time, const char *webhook_id,
                           const void *body, size_t size, char *text, size_t room);

/* Authorities and a certificate that PayPal's signatures may be checked with. */
struct certificates;

/* `authorities`: PEM file, "" for the system's. `own`: PEM file of a certificate chain to use where
 * a webhook carries none, "" for none. The caller owns `certificates`. */
enum status certificates_open(const char *authorities, const char *own,
                              struct certificates **certificates, struct error *error) CHECK_RESULT;
void certificates_close(struct certificates *certificates);

/* RSA-SHA256 in base64 over the text, by a certificate of PayPal's: the first of the chain in `pem`
 * ("" for the own one), which an authority vouches for, at `now_us`. */
bool signature_certified(const char *signature, const char *text, const char *pem, int64_t now_us,
                         const struct certificates *certificates);

#endif
