/* Identity: names that follow from what they name, so that doing something twice gives the same
 * name twice.
 *
 * Ids are a prefix and 32 hex characters: the first 16 bytes of SHA-256 over a domain word and the
 * parts, each preceded by its length as 8 bytes big-endian (no two lists of parts collide). */

#ifndef REDRESS_IDENTITY_H
#define REDRESS_IDENTITY_H

#include "arena.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    IDENTITY_MAX = 40,         /* bytes of an id at most, NUL included */
    IDENTITY_SHA256_HEX = 65,  /* bytes of a hex SHA-256, NUL included */
    IDENTITY_EVENT_MAX = 96,   /* bytes of a ce_id at most, NUL included */
    IDENTITY_CUSTOMER_MAX = 72 /* bytes of a customer's name, NUL included */
};

/* rf_<32 hex> of a refund; c_<32 hex> of its `ordinal`th case (from 1);
 * po_<32 hex> of its `ordinal`th payout (from 1). `id` has IDENTITY_MAX bytes; returns `id`. */
char *identity_refund(const char *merchant_id, const char *request_id, char *id);
char *identity_case(const char *merchant_id, const char *refund_id, int64_t ordinal, char *id);
char *identity_payout(const char *merchant_id, const char *refund_id, int64_t ordinal, char *id);

/* ce_id of an output event: "<stage>/<refund_id>/<version>". `id` has IDENTITY_EVENT_MAX bytes. */
char *identity_event(const char *stage, const char *refund_id, int64_t version, char *id);

/* What a customer is called where their token shall not stand: "sha256:" and the hex SHA-256 over
 * the domain word "customer", merchant (empty for that of every merchant) and token, each preceded
 * by its length as above. Whoever has a token finds it again by this; nobody reads the token from
 * it, but a token that can be guessed is guessed. `name` has IDENTITY_CUSTOMER_MAX bytes; returns
 * `name`. */
char *identity_customer(const char *merchant_id, const char *token, char *name);

/* Whether it is such a name, and not a token. */
bool identity_is_hashed(const char *name);

/* Whether `name` is that of a merchant's customer: their token, or the above, of the merchant or of
 * every merchant. */
bool identity_is_customer(const char *name, const char *merchant_id, const char *token);

/* Lower-case hex SHA-256 of `bytes`; `hex` has IDENTITY_SHA256_HEX bytes. Returns `hex`. */
char *identity_sha256(const void *bytes, size_t size, char *hex);

/* First 8 bytes of SHA-256, as a number: what a record is remembered by. */
int64_t identity_fingerprint(const void *bytes, size_t size);

#endif
