/* Effects: the append-only log of everything that happened, one JSON object per line.
 *
 * A line is written, whole, before the answer that reports it is sent; what is not in the log did
 * not happen. It is not synced to disk: it survives the end of the process, not of the machine.
 * A last line that was cut off is removed at the start. README.md lists the fields. */

#ifndef SANDBOX_EFFECTS_H
#define SANDBOX_EFFECTS_H

#include "common/status.h"
#include "idempotency.h"
#include "out.h"
#include "store.h"
#include "timers.h"

#include <stdbool.h>
#include <stdint.h>

/* X(name, text) */
#define EFFECT_ROWS(X)                          \
    X(LOG_STARTED, "log.started")               \
    X(PAYMENT_REGISTERED, "payment.registered") \
    X(REFUND_CREATED, "refund.created")         \
    X(REFUND_UPDATED, "refund.updated")         \
    X(REFUND_FAILED, "refund.failed")           \
    X(REFUND_CANCELED, "refund.canceled")       \
    X(DISPUTE_CREATED, "dispute.created")       \
    X(DISPUTE_CLOSED, "dispute.closed")         \
    X(ANSWER_SAVED, "answer.saved")

enum effect {
#define X(name, text) EFFECT_##name,
    EFFECT_ROWS(X)
#undef X
        EFFECTS
};

struct effects {
    int fd;
    int64_t size; /* bytes */
    uint64_t count[EFFECTS];
    struct out line;
    bool broken; /* a line could not be written; the sandbox must stop without answering */
};

/* Opens or makes the file; "" keeps the log in memory. */
enum status effects_open(struct effects *effects, const char *path,
                         struct error *error) CHECK_RESULT;
void effects_close(struct effects *effects);

const char *effect_name(enum effect effect);
/* EFFECTS if there is none of that name. */
enum effect effect_find(const char *name);

/* One line each. `use` may be NULL or without a key; `later` may be NULL. */
void effects_started(struct effects *effects, int64_t at_us, uint64_t salt);
void effects_payment(struct effects *effects, int64_t at_us, const struct store *store,
                     uint32_t payment);
void effects_refund(struct effects *effects, enum effect effect, int64_t at_us,
                    const struct store *store, uint32_t refund, const struct key_use *use,
                    const struct timer *later);
void effects_dispute(struct effects *effects, int64_t at_us, const struct store *store,
                     uint32_t dispute, const struct timer *later);
void effects_answer(struct effects *effects, int64_t at_us, const struct store *store,
                    const struct key_use *use, unsigned status, const char *body);

#endif
