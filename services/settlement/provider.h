/* Provider: what an adapter to a payment provider must do. An adapter is pure: it writes requests
 * and reads answers; the sender does the calls (sender.h). Adapters stand in provider.c's table.
 *
 * A payout's request must be the same bytes whenever it is sent, as its idempotency key is bound to
 * them: an adapter keeps the layout of every `form` it ever wrote.
 *
 * One executor per payment: where a shop platform moves the money itself (Shopify, Magento), the
 * platform is the provider of the payment, and nobody else refunds it. Then reference names the
 * payment as the adapter's file says. */

#ifndef SETTLEMENT_PROVIDER_H
#define SETTLEMENT_PROVIDER_H

#include "identity.h"
#include "settlement.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PROVIDER_TEXT_MAX = 257, /* bytes of a reference, NUL included */
    PROVIDER_ID_MAX = 129,   /* bytes of an id, NUL included */
    REQUEST_URL_MAX = 2048,
    REQUEST_BODY_MAX = 2048,
    REQUEST_HEADER_MAX = 1152, /* bytes of one header */
    REQUEST_HEADERS = 6,
    TOKEN_MAX = 1024,         /* bytes of an access token, NUL included */
    ANSWER_MAX = 1024 * 1024, /* bytes of an answer that are read */
    LOOK_UP_PAGES_MAX = 20    /* pages of one look-up */
};

/* Where a provider is and who we are there. Texts live as long as the process. */
struct provider_account {
    const char *url;    /* without a slash at its end */
    const char *secret; /* never printed; "": this provider is not used */
    const char *id;     /* Adyen: the merchant account; PayPal: the client id; else NULL */
    const char *token;  /* what `authorize` got; NULL where the secret itself is shown */
};

/* An access token, and how long it may be shown. Never printed. */
struct provider_token {
    char text[TOKEN_MAX];
    int64_t life_us;
};

/* A payout as an adapter needs it. */
struct provider_payout {
    char payout_id[IDENTITY_MAX];
    char refund_id[PROVIDER_ID_MAX];
    char reference[PROVIDER_TEXT_MAX]; /* the provider's id of the payment */
    char account[PROVIDER_ID_MAX];     /* the merchant's account at the provider, "" for ours */
    char provider_refund_id[PROVIDER_TEXT_MAX]; /* "" while unknown */
    char currency[4];
    int64_t amount_minor;
    int32_t reason; /* redress.v1.ReasonCode */
    int32_t form;
};

struct provider_request {
    bool post; /* else GET */
    char url[REQUEST_URL_MAX];
    char body[REQUEST_BODY_MAX];
    char headers[REQUEST_HEADERS][REQUEST_HEADER_MAX]; /* "" ends the list */
};

/* X(kind, what it means) */
#define FINDING_ROWS(X)                                                \
    X(REFUND, "the provider knows the refund")                         \
    X(CALL_FAILED, "the call did not end in a refund that we know of") \
    X(NOT_FOUND, "a whole look-up found no refund of the payout")      \
    X(MORE, "the look-up goes on behind the cursor")                   \
    X(NOTHING, "nothing was learned")

enum finding_kind {
#define X(kind, text) FINDING_##kind,
    FINDING_ROWS(X)
#undef X
};

/* What an answer says. */
struct finding {
    enum finding_kind kind;
    enum refund_status status; /* REFUND */
    enum call_failure failure; /* CALL_FAILED */
    int64_t amount_minor;      /* REFUND */
    int64_t created_us;        /* REFUND */
    int32_t http_status;
    char currency[4];
    char provider_refund_id[PROVIDER_TEXT_MAX];
    char code[129];
    char message[513];
    char cursor[PROVIDER_TEXT_MAX]; /* MORE */
};

struct provider {
    enum provider_name name;
    /* Both NULL where the secret itself is shown. Else: writes the call that asks for an access
     * token, and reads its answer; false if there is none in it. */
    void (*authorize)(const struct provider_account *account, struct provider_request *request);
    bool (*parse_authorize)(int32_t http_status, const char *body, size_t size,
                            struct provider_token *token);
    /* Writes the call that pays. False: it cannot be made; `finding` says why (CALL_FAILED,
     * REFUSED): nothing was sent and nothing will be. */
    bool (*start)(const struct provider_account *account, const struct provider_payout *payout,
                  struct provider_request *request, struct finding *finding);
    /* Writes the call that asks; `cursor` "" for the first page. False: it cannot be asked. */
    bool (*look_up)(const struct provider_account *account, const struct provider_payout *payout,
                    const char *cursor, struct provider_request *request);
    /* Reads an answer that came whole. */
    void (*parse_start)(const struct provider_payout *payout, int32_t http_status, const char *body,
                        size_t size, struct finding *finding);
    void (*parse_look_up)(const struct provider_payout *payout, int32_t http_status,
                          const char *body, size_t size, struct finding *finding);
};

/* NULL: there is no adapter; a person must pay. */
const struct provider *provider_find(int name);

/* Says which providers are used: those with a secret, and our own books. Before the first call of
 * provider_exists, once. */
void provider_enable(const struct provider_account accounts[PROVIDERS]);

/* True if payouts of this provider need no person. */
bool provider_exists(int name);

extern const struct provider provider_stripe, provider_adyen, provider_paypal, provider_shopify,
    provider_magento;

#endif
