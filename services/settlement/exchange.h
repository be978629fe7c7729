/* Exchange: many HTTP requests at once on one thread. The only file that knows libcurl.
 *
 * Connections are kept alive and shared. An answer is whole or it is none; redirects are not
 * followed; no request is repeated by itself. */

#ifndef SETTLEMENT_EXCHANGE_H
#define SETTLEMENT_EXCHANGE_H

#include "provider.h"
#include "status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct exchange;

struct exchange_settings {
    size_t in_flight; /* most requests at once */
    int64_t connect_timeout_ms;
    int64_t total_timeout_ms; /* of one request, connecting included */
    const char *ca_file;      /* "" for the system's */
};

enum exchange_outcome {
    EXCHANGE_ANSWERED, /* `http_status` and `body` are the provider's */
    EXCHANGE_NOT_SENT, /* no byte of the request left */
    EXCHANGE_LOST      /* it may have arrived */
};

struct exchange_answer {
    void *token;
    enum exchange_outcome outcome;
    int32_t http_status;
    const char *body; /* until the next call of exchange_next or exchange_start */
    size_t size;
    int64_t retry_after_s; /* what the header Retry-After asks for; 0: nothing */
    const char *reason;    /* of NOT_SENT and LOST, in words */
};

enum status exchange_open(const struct exchange_settings *settings, struct exchange **exchange,
                          struct error *error) CHECK_RESULT;

/* Drops what is under way. */
void exchange_close(struct exchange *exchange);

/* How many more requests can be started. */
size_t exchange_room(const struct exchange *exchange);
size_t exchange_active(const struct exchange *exchange);

/* Copies the request. False if there is no room or no memory: nothing was sent. */
bool exchange_start(struct exchange *exchange, const struct provider_request *request, void *token);

/* Works until something happened, exchange_wake was called, or the time is over. */
void exchange_wait(struct exchange *exchange, int timeout_ms);

/* Takes one request that has ended; false if there is none. */
bool exchange_next(struct exchange *exchange, struct exchange_answer *answer);

/* Ends exchange_wait early. The only function that another thread may call. */
void exchange_wake(struct exchange *exchange);

#endif
