/* Webhook: what a provider tells of its effects by itself, signed as it signs.
 *
 * Each is one line of the outbox, in the order in which they are delivered: late, twice or in
 * another order than they happened where faults say so. A test fetches them (GET /sandbox/webhooks)
 * and hands them on; nothing is sent. Without --webhooks none are made. A webhook that was still to
 * come when the sandbox ended is lost, as at a provider that gives up. */

#ifndef SANDBOX_WEBHOOK_H
#define SANDBOX_WEBHOOK_H

#include "common/status.h"
#include "effects.h"
#include "out.h"
#include "store.h"

#include <stdbool.h>
#include <stdint.h>

enum { WEBHOOK_HEADERS_MAX = 6, WEBHOOK_HEADER_MAX = 1024 };

struct sandbox;

struct outbox {
    int fd;       /* -1: no webhooks */
    int64_t size; /* bytes */
    uint64_t made, delivered, lost;
    bool broken; /* a line could not be written */
};

/* A webhook that is being written. Headers are names in lower case and values. */
struct webhook {
    struct out body;
    char headers[WEBHOOK_HEADERS_MAX][2][WEBHOOK_HEADER_MAX];
    size_t header_count;
    const char *account; /* merchant account; "" */
};

/* Opens the file; "" makes no webhooks, "memory" keeps them in memory. */
enum status outbox_open(struct outbox *outbox, const char *path, struct error *error) CHECK_RESULT;
void outbox_close(struct outbox *outbox);

/* Says that a refund or a dispute changed; `effect` is its line of the log. */
void webhook_of_refund(struct sandbox *sandbox, enum effect effect, uint32_t refund);
void webhook_of_dispute(struct sandbox *sandbox, uint32_t dispute);

/* A held line is due; frees it. */
void webhook_deliver(struct sandbox *sandbox, char *line);

void webhook_header(struct webhook *webhook, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* One for each dialect: writes body and headers. False: nothing is told of this. `number` makes ids
 * that no other webhook has. */
typedef bool webhook_refund_function(const struct sandbox *sandbox, enum effect effect,
                                     uint32_t refund, uint64_t number, struct webhook *webhook);
typedef bool webhook_dispute_function(const struct sandbox *sandbox, uint32_t dispute,
                                      uint64_t number, struct webhook *webhook);

webhook_refund_function stripe_webhook_refund, adyen_webhook_refund, paypal_webhook_refund;
webhook_dispute_function stripe_webhook_dispute, adyen_webhook_dispute, paypal_webhook_dispute;

#endif
