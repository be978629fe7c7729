/* Certificate: the key pair that PayPal's webhooks are signed with, made when it is first used and
 * kept while the process lives. One for the process. */

#ifndef SANDBOX_CERTIFICATE_H
#define SANDBOX_CERTIFICATE_H

#include <stddef.h>

enum { CERTIFICATE_SIGNATURE_MAX = 512 };

/* "CERT-<hex>", as in the address under which the certificate is found; "" without a key. */
const char *certificate_id(void);

/* The certificate as PEM; "" without a key. */
const char *certificate_pem(void);

/* RSA-SHA-256 over `text`, in base64. Returns `signature`, "" on failure. */
const char *certificate_sign(const char *text, char signature[CERTIFICATE_SIGNATURE_MAX]);

#endif
