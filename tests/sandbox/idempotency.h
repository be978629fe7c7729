/* Idempotency: what was answered to each Idempotency-Key, as Stripe documents it
 * (https://docs.stripe.com/api/idempotent_requests, https://docs.stripe.com/error-low-level).
 *
 * A record is made when an endpoint begins to execute; it holds the status and body of the answer,
 * errors included, and a fingerprint of the parameters. It is in use until the answer is sent, and
 * dropped when it is older than the life of keys, or when as many newer ones have come as there is
 * room for. The body of a refund's creation is not kept but made again from the refund, until that
 * changes. */

#ifndef SANDBOX_IDEMPOTENCY_H
#define SANDBOX_IDEMPOTENCY_H

#include "common/status.h"
#include "lookup.h"

#include <stdbool.h>
#include <stdint.h>

enum { IDEMPOTENCY_KEY_MAX = 255 /* characters, by the documentation */ };

#define KEY_NONE UINT32_MAX

/* X(name, path) the endpoints that take keys; %s is the refund */
#define ENDPOINT_ROWS(X)        \
    X(CREATE, "/v1/refunds")    \
    X(UPDATE, "/v1/refunds/%s") \
    X(CANCEL, "/v1/refunds/%s/cancel")

enum endpoint {
#define X(name, path) ENDPOINT_##name,
    ENDPOINT_ROWS(X)
#undef X
        ENDPOINTS
};

/* A key as a request brings it. */
struct key_use {
    const char *key;      /* NULL: none */
    uint64_t fingerprint; /* of endpoint and parameters */
    uint64_t request;     /* number of the request */
    uint32_t refund;      /* that the endpoint's path names, or STORE_NONE */
    enum endpoint endpoint;
    uint8_t dialect; /* whose keys they are */
};

struct key_record {
    unsigned char hash[16]; /* of the key, and whose it is */
    uint64_t fingerprint;
    uint64_t request; /* that was answered first */
    int64_t at_us;
    char *body;      /* owned; NULL: the creation of `refund` */
    uint32_t refund; /* made by this key, or named by the path, or STORE_NONE */
    uint16_t status; /* of HTTP; 0: the record is free */
    uint8_t endpoint;
    bool in_use; /* the first answer is not sent yet */
};

struct keys {
    struct key_record *records; /* a ring */
    uint32_t room, oldest, count;
    int64_t life_us;
    struct lookup lookup;
};

enum status keys_open(struct keys *keys, uint32_t room, int64_t life_us,
                      struct error *error) CHECK_RESULT;
void keys_close(struct keys *keys);

/* Slot of the record, or KEY_NONE. Drops what is too old at `now_us`. */
uint32_t keys_find(struct keys *keys, uint8_t dialect, const char *key, int64_t now_us);

/* Makes the record of a key, or overwrites it. `body` is taken over (malloc) and may be NULL.
 * KEY_NONE without memory; `body` is freed then. */
uint32_t keys_save(struct keys *keys, const struct key_use *use, int64_t at_us, uint16_t status,
                   char *body, uint32_t refund);

/* As if it had been pruned. */
void keys_forget(struct keys *keys, uint32_t slot);

#endif
