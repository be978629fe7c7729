/* What the files around the pure core share of a batch. */

#ifndef SETTLEMENT_BATCH_H
#define SETTLEMENT_BATCH_H

#include "approval.h"
#include "settlement.h"
#include "worker/worker.h"

struct sender;

enum { SCRATCH_MAX = 16 * 1024 * 1024 };

/* The service, one per process: struct stage's context. */
struct settlement {
    struct settlement_limits limits;
    const struct approval_keys *keys;
    struct arena *scratch; /* SCRATCH_MAX; what one event is unpacked into */
    struct sender *sender; /* NULL: nothing is sent */
    bool (*has_adapter)(int provider);
};

/* The body of an event from refunds.routed.v1: one of the two is set. The bodies of the others are
 * struct capture, struct goods_notice and struct evidence. */
struct routed {
    const struct approval_event *approval;
    const struct cancel_event *cancel;
};

/* What one event led to, kept for save and for the sender. */
struct outcome {
    const struct event *event;
    struct effects effects;
    struct outcome *next;
};

/* batch->rows */
struct settlement_rows {
    struct call *payments, *refunds, *payouts;
    struct call *foreign_refunds, *disputes, *goods_lines; /* NULL: no event needs them */
    struct call *seen_evidence, *seen_goods;
    struct order_rows *orders;  /* by batch->orders */
    size_t capacity[PROVIDERS]; /* what the sender takes; a fact of the batch */
    struct outcome *outcomes, *last_outcome;
};

/* settlement_codec.c, settlement_decide.c */
enum status settlement_decode(struct batch *batch, struct event *event);
enum status settlement_decide(struct batch *batch, struct event *event);
bool settlement_wants_routed(const struct envelope *envelope);

/* settlement_publish.c: carries out what the core decided for the event. */
enum status settlement_emit(struct batch *batch, struct event *event,
                            const struct effects *effects);

/* settlement_load.c, settlement_save.c */
enum status settlement_load(struct batch *batch, struct unit *unit);
enum status settlement_loaded(struct batch *batch);
enum status settlement_save(struct batch *batch, struct unit *unit);
void settlement_claimed(void *context, struct unit *unit, int32_t shard);

/* settlement_hand_over.c */
void settlement_committed(struct batch *batch);

#endif
