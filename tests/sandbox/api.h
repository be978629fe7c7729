/* Api: requests and answers of the sandbox, free of HTTP. */

#ifndef SANDBOX_API_H
#define SANDBOX_API_H

#include "form.h"
#include "idempotency.h"
#include "out.h"
#include "sandbox.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* Texts live as long as the request. */
struct request {
    const char *method;
    const char *path;          /* decoded, without the query */
    const char *id;            /* the part of the path that the route's * stands for */
    const char *authorization; /* headers; NULL: none */
    const char *content_type;
    const char *key;        /* Idempotency-Key; of PayPal: PayPal-Request-Id */
    const char *paypal_key; /* PayPal-Request-Id */
    const char *adyen_key;  /* X-API-Key */
    char *body;             /* NUL-terminated; parsed in place */
    bool body_has_nul;
    bool body_too_large;
    struct form form; /* the query's parameters; handlers find the body's here as well */
    json_t *json;     /* the body, where a dialect speaks JSON; owned by api_handle */
    uint64_t number;
};

/* ANSWER_EMPTY to begin with. */
struct answer {
    unsigned status; /* of HTTP */
    struct out body; /* JSON; owned */
    bool begun;      /* an endpoint began to execute: the answer is saved under the key */
    bool lost;       /* the connection ends instead */
    bool replayed;
    bool log_follows; /* the body is the effect log, or the outbox, from byte `log_from` */
    bool outbox_follows;
    bool is_pem;
    uint8_t dialect;
    int64_t log_from;
    int64_t hold_us;   /* wait so long before it is sent */
    uint64_t original; /* number of the request that was answered first; 0: none */
    uint32_t key_slot; /* in use until the answer is sent; KEY_NONE */
    uint32_t made;     /* refund that the endpoint made, or STORE_NONE */
};

#define ANSWER_EMPTY ((struct answer){.status = 200, .key_slot = KEY_NONE, .made = STORE_NONE})

/* The error types of https://docs.stripe.com/api/errors */
#define ERROR_INVALID "invalid_request_error"
#define ERROR_IDEMPOTENCY "idempotency_error"
#define ERROR_API "api_error"

/* Makes the answer {"error":{...}}. `code` and `param` may be NULL. */
void answer_error(struct answer *answer, unsigned status, const char *type, const char *code,
                  const char *param, const char *format, ...) __attribute__((format(printf, 6, 7)));

/* Answers one request: routes, faults, authentication, idempotency, endpoint. Every effect is in
 * the log when it returns. */
void api_handle(struct sandbox *sandbox, struct request *request, struct answer *answer);

/* Lets go of the answer's key and memory. */
void api_sent(struct sandbox *sandbox, struct answer *answer);

/* Does what is due for refunds, disputes and webhooks. Held answers that are due go to `resume`. */
void api_timers(struct sandbox *sandbox, void (*resume)(void *held));

/* An endpoint. It sets `answer->begun` before its first effect. `use` describes the request for
 * the log. */
typedef void endpoint_function(struct sandbox *sandbox, const struct request *request,
                               const struct key_use *use, struct answer *answer);

endpoint_function refunds_create, refunds_retrieve, refunds_update, refunds_cancel, refunds_list;
endpoint_function payments_intent, payments_charge;
endpoint_function admin_live, admin_payment, admin_refund, admin_status, admin_dispute,
    admin_faults, admin_forget, admin_summary, admin_effects, admin_webhooks, admin_dispute_end,
    admin_certificate;
endpoint_function adyen_refund, paypal_token, paypal_refund, paypal_retrieve, paypal_certificate;

/* Writes the refund object; `as_created`: as its creation was answered, which holds only while the
 * refund is unchanged. */
void refund_write(struct out *out, const struct store *store, uint32_t refund, bool as_created);

/* Keeps the answer to the creation of a refund that is about to change. */
void refund_keep_answer(struct sandbox *sandbox, uint32_t refund);

/* Changes a refund's status, with its line in the log and its webhook. The change must be allowed.
 * `later`: what will become of it by itself; NULL: nothing. */
void refund_change(struct sandbox *sandbox, uint32_t refund, enum refund_status status,
                   enum refund_failure failure, const struct key_use *use,
                   const struct timer *later);

/* Adds a refund, with its line in the log, its webhook and the faults of a creation. `refuse`: it
 * is accepted, and fails. STORE_NONE if the store is full. */
uint32_t refund_add(struct sandbox *sandbox, struct refund *refund, const struct key_use *use,
                    bool refuse);

/* The line in the log and the webhook of a refund that was made or has changed. */
void refund_happened(struct sandbox *sandbox, enum effect effect, uint32_t refund,
                     const struct key_use *use, const struct timer *later);

/* The same of disputes. `won_ms` >= 0: it will be won by itself that much later. False if the store
 * is full. */
bool dispute_open(struct sandbox *sandbox, uint32_t payment, int64_t amount, int64_t won_ms);
void dispute_end(struct sandbox *sandbox, uint32_t dispute, enum dispute_status status);

/* PayPal's refund object, and an amount as its decimal text; `currency` in upper case. */
void paypal_write_refund(struct out *out, const struct store *store, uint32_t refund);
void paypal_write_value(struct out *out, int64_t minor, const char *currency);

/* Checks the parameters of a refund's creation and makes it; `origin` by hand needs no key. */
void refund_make(struct sandbox *sandbox, const struct request *request, const struct key_use *use,
                 enum refund_origin origin, struct answer *answer);

/* Minor units of `text`: STATUS_INVALID sets the error answer as Stripe words it. */
enum status read_amount(const char *text, const char *param, int64_t *amount,
                        struct answer *answer) CHECK_RESULT;
/* Three letters, made lower case. */
enum status read_currency(const char *text, char code[4], struct answer *answer) CHECK_RESULT;
/* Refuses parameters that are not `allowed` (see form_unknown). */
enum status read_known(const struct request *request, const char *const *allowed,
                       struct answer *answer) CHECK_RESULT;
/* Checks metadata[...] by Stripe's limits, and how many pairs it would leave with `old`. */
enum status read_metadata(const struct request *request, const char *old,
                          struct answer *answer) CHECK_RESULT;
/* The packed metadata of `old` and the request's, which wins; NULL if the store is full. */
const char *merge_metadata(struct store *store, const struct request *request, const char *old);

#endif
