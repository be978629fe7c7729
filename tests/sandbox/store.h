/* Store: the payments and refunds of the sandbox, and the rules on changing them.
 *
 * Records are numbered from 0 in order of creation and stay where they are. The memory for all of
 * them is reserved at the start and used as it fills; texts are appended and never freed. Not
 * thread-safe: the sandbox has one thread. */

#ifndef SANDBOX_STORE_H
#define SANDBOX_STORE_H

#include "common/status.h"
#include "lookup.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    STORE_ID_MAX = 255,          /* bytes of an id given from outside */
    STORE_ID_ROOM = 40,          /* bytes of an id made here, NUL included */
    STORE_CURRENCIES_MAX = 250,  /* different currencies seen */
    STORE_METADATA_PAIRS = 50,   /* https://docs.stripe.com/metadata */
    STORE_METADATA_KEY = 40,     /* characters */
    STORE_METADATA_VALUE = 500,  /* characters */
    STORE_TEXT_PER_REFUND = 1024 /* bytes of text reserved for each refund, on average */
};

#define STORE_NONE UINT32_MAX     /* no record */
#define STORE_UNLIMITED INT64_MAX /* captured amount of a payment that nobody registered */

/* X(name, text) https://docs.stripe.com/api/refunds/object status */
#define REFUND_STATUS_ROWS(X)             \
    X(PENDING, "pending")                 \
    X(REQUIRES_ACTION, "requires_action") \
    X(SUCCEEDED, "succeeded")             \
    X(FAILED, "failed")                   \
    X(CANCELED, "canceled")

enum refund_status {
#define X(name, text) REFUND_##name,
    REFUND_STATUS_ROWS(X)
#undef X
        REFUND_STATUSES
};

/* X(name, text) https://docs.stripe.com/api/refunds/create reason */
#define REFUND_REASON_ROWS(X)   \
    X(DUPLICATE, "duplicate")   \
    X(FRAUDULENT, "fraudulent") \
    X(REQUESTED_BY_CUSTOMER, "requested_by_customer")

enum refund_reason {
    REFUND_REASON_NULL,
#define X(name, text) REFUND_REASON_##name,
    REFUND_REASON_ROWS(X)
#undef X
        REFUND_REASONS
};

/* X(name, text) https://docs.stripe.com/api/refunds/object failure_reason */
#define REFUND_FAILURE_ROWS(X)                                                  \
    X(LOST_OR_STOLEN_CARD, "lost_or_stolen_card")                               \
    X(EXPIRED_OR_CANCELED_CARD, "expired_or_canceled_card")                     \
    X(CHARGE_FOR_PENDING_REFUND_DISPUTED, "charge_for_pending_refund_disputed") \
    X(INSUFFICIENT_FUNDS, "insufficient_funds")                                 \
    X(DECLINED, "declined")                                                     \
    X(MERCHANT_REQUEST, "merchant_request")                                     \
    X(UNKNOWN, "unknown")

enum refund_failure {
    REFUND_FAILURE_NULL,
#define X(name, text) REFUND_FAILURE_##name,
    REFUND_FAILURE_ROWS(X)
#undef X
        REFUND_FAILURES
};

/* Where a refund came from: the API, or a person in the provider's dashboard. */
enum refund_origin { REFUND_BY_API, REFUND_BY_HAND };

/* X(name, text) whose customers the payment's refunds are asked for (dialect.h) */
#define DIALECT_ROWS(X) \
    X(STRIPE, "stripe") \
    X(ADYEN, "adyen")   \
    X(PAYPAL, "paypal")

enum dialect {
#define X(name, text) DIALECT_##name,
    DIALECT_ROWS(X)
#undef X
        DIALECTS
};

/* How a dispute stands: open and lost ones are taken from the payment. */
enum dispute_status { DISPUTE_OPEN, DISPUTE_WON, DISPUTE_LOST };

struct dispute {
    int64_t amount;
    uint32_t payment; /* number */
    uint8_t status;   /* enum dispute_status */
};

struct payment {
    const char *id;     /* pi_..., or ch_... of a charge without an intent; the others' as given */
    const char *charge; /* as registered; NULL: made from the number */
    int64_t captured;   /* minor units, or STORE_UNLIMITED */
    int64_t refunded;   /* minor units of its refunds that are neither failed nor canceled */
    int64_t disputed;   /* minor units charged back */
    uint32_t newest;    /* its newest refund, or STORE_NONE */
    uint8_t currency;   /* store_currency */
    uint8_t dialect;    /* enum dialect */
};

struct refund {
    int64_t amount; /* minor units, > 0 */
    int64_t created_us;
    const char *metadata;   /* pairs: key NUL value NUL ... NUL */
    uint32_t payment;       /* number */
    uint32_t older;         /* the payment's refund before this one, or STORE_NONE */
    uint32_t key;           /* slot of the idempotency key that made it, or STORE_NONE */
    uint8_t status;         /* enum refund_status */
    uint8_t created_status; /* what the answer to its creation said */
    uint8_t reason;         /* enum refund_reason */
    uint8_t failure;        /* enum refund_failure */
    uint8_t origin;         /* enum refund_origin */
    bool had_succeeded;     /* before it failed */
};

/* Sums of one currency. Minor units. */
struct currency_sum {
    char code[4]; /* lower case, as the API has it */
    uint64_t refunds;
    int64_t amount; /* of all refunds */
    uint64_t undone;
    int64_t undone_amount; /* of those failed or canceled */
};

struct store {
    struct payment *payments;
    struct refund *refunds;
    struct payout *payouts;
    struct dispute *disputes;
    char *text;
    size_t text_size, text_room;
    size_t text_mark; /* where the metadata being packed begins */
    bool text_full;
    uint32_t payment_count, refund_count, payout_count, dispute_count;
    uint32_t limit; /* of each kind of record */
    uint64_t salt;  /* makes the ids of one log differ from those of another */
    struct lookup payment_ids, payout_ids;
    struct currency_sum currencies[STORE_CURRENCIES_MAX];
    uint32_t currency_count;
    uint64_t by_status[REFUND_STATUSES];
    uint64_t without_payout;
    const char *payout_key; /* the name in metadata that names a payout */
};

/* How often a payout id was seen in the metadata of new refunds. */
struct payout {
    unsigned char hash[16];
    uint32_t first; /* refund */
    uint32_t count;
};

/* Room for `limit` records of each kind. `payout_key` must outlive the store. */
enum status store_open(struct store *store, uint32_t limit, const char *payout_key,
                       struct error *error) CHECK_RESULT;
void store_close(struct store *store);

const char *refund_status_text(enum refund_status status);
const char *dispute_status_text(uint8_t status);
/* The number of that name, or -1. */
int dispute_status_find(const char *text);
const char *refund_reason_text(uint8_t reason);   /* NULL: none */
const char *refund_failure_text(uint8_t failure); /* NULL: none */
/* The number of that name, or -1. */
int refund_status_find(const char *text);
int refund_reason_find(const char *text);
int refund_failure_find(const char *text);

/* Ids, into `id` of STORE_ID_ROOM bytes; each returns `id`. */
char *refund_id(const struct store *store, uint32_t refund, char *id);
char *dispute_id(const struct store *store, uint32_t dispute, char *id);
char *charge_id(const struct store *store, uint32_t payment, char *id);
char *transaction_id(const struct store *store, uint32_t refund, bool failure, char *id);

/* The charge's id as given or as made; `id` has STORE_ID_ROOM bytes and may not be used. */
const char *payment_charge(const struct store *store, uint32_t payment, char *id);
/* "pi_...", or NULL if the payment has no intent, or is not Stripe's. */
const char *payment_intent(const struct payment *payment);
const char *payment_currency(const struct store *store, const struct payment *payment);
/* The same in upper case, into `code`, which is returned. */
const char *currency_upper(const struct store *store, const struct payment *payment, char code[4]);
const char *dialect_text(uint8_t dialect);
/* The number of that name, or -1. */
int dialect_find(const char *text);
/* Minor units that can still be refunded; STORE_UNLIMITED. */
int64_t payment_left(const struct payment *payment);

/* By payment intent or charge id; by refund id; by dispute id. STORE_NONE if there is none. */
uint32_t store_payment_find(const struct store *store, const char *id);
uint32_t store_refund_find(const struct store *store, const char *id);
uint32_t store_dispute_find(const struct store *store, const char *id);

/* A new payment. `charge` may be NULL. `currency` is lower case of three letters.
 * STORE_NONE if the store is full. */
uint32_t store_payment_add(struct store *store, enum dialect dialect, const char *id,
                           const char *charge, int64_t captured, const char *currency);

/* Metadata, in its packed form. `metadata_pack_*` write behind the last text; nothing else may be
 * added to the store before metadata_pack_end, which returns NULL if the store is full. */
const char *metadata_get(const char *metadata, const char *key);
bool metadata_next(const char **metadata, const char **key, const char **value);
void metadata_pack_begin(struct store *store);
void metadata_pack(struct store *store, const char *key, const char *value);
const char *metadata_pack_end(struct store *store);

/* Adds a refund; its status counts. `refund->payment` is set, `older` is filled in.
 * STORE_NONE if the store is full. */
uint32_t store_refund_add(struct store *store, const struct refund *refund);

/* Whether a refund may go from one status to another. */
bool refund_may_become(enum refund_status from, enum refund_status to);

/* Adds an open dispute of `amount`. STORE_NONE if the store is full. */
uint32_t store_dispute_add(struct store *store, uint32_t payment, int64_t amount);
/* Ends an open dispute: won or lost. */
void store_dispute_end(struct store *store, uint32_t dispute, enum dispute_status status);

/* The only place that changes a status; it must be allowed. */
void store_refund_become(struct store *store, uint32_t refund, enum refund_status status,
                         enum refund_failure failure);

#endif
