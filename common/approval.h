/* Approval: the MAC that makes permission to pay genuine. Routing signs, settlement verifies.
 *
 * HMAC-SHA-512-256 (libsodium's crypto_auth_hmacsha512256) over a fixed layout. A text is its
 * length in bytes as 4 bytes big-endian and then its bytes; an integer is 8 bytes big-endian, two's
 * complement. In this order, with nothing between:
 *
 *     text     "redress.approval.v1"
 *     text     merchant id
 *     text     order id
 *     text     refund id
 *     integer  version of the routed event
 *     integer  case version, 0 where no person decided
 *     integer  number of shares; then per share: text payment id, integer minor units
 *     text     currency
 *     integer  method, as its number in redress.v1.RefundMethod
 *     integer  1 if goods must come back first, else 0
 *     integer  number of approvers; then per approver: text id
 *     integer  1 if a policy model is named, else 0; then text id, integer version, text sha256 (of
 *              a model that is not named: empty, 0, empty)
 *     integer  the same for the authority model
 *     integer  expiry in microseconds since 1970 (UTC)
 *     only where a payee is named: text reference, text who verified it, integer when (as above)
 *
 * Keys come as text, "k1:<64 hex>" or several with commas between: the first signs, all verify, so
 * that keys can be rotated with an overlap. */

#ifndef REDRESS_APPROVAL_H
#define REDRESS_APPROVAL_H

#include "status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    APPROVAL_MAC_SIZE = 32,
    APPROVAL_KEYS_MAX = 8,
    APPROVAL_KEY_ID_MAX = 33,        /* bytes of a key id, NUL included: letters, digits, - and _ */
    APPROVAL_SUBJECT_HASH_SIZE = 65, /* hex SHA-256, NUL included */
    APPROVAL_KEYS_TEXT_MAX = APPROVAL_KEYS_MAX * (APPROVAL_KEY_ID_MAX + 66)
};

struct approval_keys;

struct approval_share {
    const char *payment_id;
    int64_t minor;
};

/* A version of a policy or authority model. Texts NULL are read as empty. */
struct approval_model {
    bool present;
    const char *id;
    int64_t version;
    const char *sha256; /* lower-case hex */
};

/* What is approved. Everything is the caller's; texts NULL are read as empty. */
struct approval {
    const char *merchant_id;
    const char *order_id;
    const char *refund_id;
    int64_t version;                     /* of the routed event that carries it */
    int64_t case_version;                /* 0 if automatic */
    const struct approval_share *shares; /* in the order in which they stand in the event */
    size_t share_count;
    const char *currency;
    int32_t method; /* redress.v1.RefundMethod */
    bool goods_required;
    const char *const *approvers;
    size_t approver_count;
    struct approval_model policy;    /* RefundRouted.assessed.model */
    struct approval_model authority; /* RefundRouted.model */
    int64_t expires_at_us;
    const char *payee; /* reference of another account; "" or NULL: there is none */
    const char *payee_verified_by;
    int64_t payee_verified_at_us;
};

/* Reads keys. STATUS_INVALID names what is wrong, never the key. The caller owns `keys`. */
enum status approval_keys_read(const char *text, struct approval_keys **keys,
                               struct error *error) CHECK_RESULT;

/* Wipes and frees. NULL is allowed. */
void approval_keys_destroy(struct approval_keys *keys);

/* Signs with the first key. Returns its id, which lives as long as `keys`. */
const char *approval_sign(const struct approval_keys *keys, const struct approval *approval,
                          uint8_t mac[APPROVAL_MAC_SIZE]);

/* STATUS_OK if the MAC was made with the key `key_id` over exactly this approval; STATUS_NOT_FOUND
 * if there is no such key; STATUS_INVALID if it does not hold. Expiry is for the caller to check.
 */
enum status approval_verify(const struct approval_keys *keys, const char *key_id,
                            const struct approval *approval, const uint8_t *mac,
                            size_t mac_size) CHECK_RESULT;

/* Seals: the MAC of bytes of our own on a topic that others may write to. `domain`
 * ("redress.evidence.v1") keeps a seal for one purpose from being one for another: the MAC is over
 * the domain as a text and then the bytes as a text. Signs with the first key. */
void approval_seal(const struct approval_keys *keys, const char *domain, const void *bytes,
                   size_t size, uint8_t mac[APPROVAL_MAC_SIZE]);

/* True if one of the keys made the MAC over exactly these bytes. */
bool approval_seal_holds(const struct approval_keys *keys, const char *domain, const void *bytes,
                         size_t size, const uint8_t mac[APPROVAL_MAC_SIZE]);

/* What a person decides about, in one word: lower-case hex SHA-256 over text "redress.subject.v1",
 * integer minor units, text currency, integer number of payments and a text id for each in the
 * order of capture, integer method. Texts and integers as above. Returns `hex`. */
char *approval_subject_hash(int64_t minor, const char *currency, const char *const *payment_ids,
                            size_t payment_count, int32_t method,
                            char hex[APPROVAL_SUBJECT_HASH_SIZE]);

#endif
