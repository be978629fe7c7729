/* What the files around the pure core share of a batch. */

#ifndef SETTLEMENT_BATCH_H
#define SETTLEMENT_BATCH_H

#include "approval.h"
#include "ledger_chain.h"
#include "rules/rules.h"
#include "settlement.h"
#include "worker/worker.h"

struct certificates;
struct inbox;
struct sender;

enum { SCRATCH_MAX = 16 * 1024 * 1024 };

/* The service, one per process: struct stage's context. */
struct settlement {
    struct settlement_limits limits;
    const struct approval_keys *keys;
    struct arena *scratch; /* SCRATCH_MAX; what one event is unpacked into */
    struct sender *sender; /* NULL: nothing is sent */
    struct inbox *inbox;
    struct certificates *certificates; /* that the inbox checks with */
    bool (*has_adapter)(int provider);
    int64_t ledger_every_us; /* until a new head of a shard's ledger is published */
    struct rules *rules;     /* the stops */
    int64_t stops_revision;  /* what the last saved batch knew of them */
};

/* The body of an event from refunds.routed.v1: one of them is set. The bodies of the others are
 * struct capture, struct goods_notice and struct evidence. */
struct routed {
    const struct approval_event *approval;
    const struct cancel_event *cancel;
    const struct decline_event *decline;
};

/* What one event led to, kept for save and for the sender. */
struct outcome {
    const struct event *event;
    struct effects effects;
    struct outcome *next;
};

/* The chain of a shard's ledger (common/ledger_chain.h). */
struct ledger_head {
    bool exists; /* a row of it was loaded */
    bool changed;
    int64_t entries;
    char head[LEDGER_HEAD_MAX];
    int64_t told_entries; /* when it was last published */
    bool due;             /* its publication is */
};

/* batch->rows */
struct settlement_rows {
    struct call *payments, *refunds, *payouts;
    struct call *foreign_refunds, *disputes, *goods_lines; /* NULL: no event needs them */
    struct call *seen_evidence, *seen_goods;
    struct call *ledger_heads;
    struct call *captured; /* orders that have the payments of captures; NULL: no capture */
    struct reference **references;
    size_t reference_buckets;
    struct ledger_head *heads;  /* by shard, WORKER_SHARDS_MAX */
    struct order_rows *orders;  /* by batch->orders */
    size_t capacity[PROVIDERS]; /* what the sender takes; a fact of the batch */
    struct outcome *outcomes, *last_outcome;
};

/* settlement_codec.c, settlement_decide.c */
enum status settlement_decode(struct batch *batch, struct event *event);
enum status settlement_decide(struct batch *batch, struct event *event);
bool settlement_wants_routed(const struct envelope *envelope);

/* The ce_id of the event; "" of a deadline. */
const char *settlement_cause(const struct event *event);

/* settlement_ledger.c: the chain. `keep` extends it by what an event booked. */
struct call *settlement_ledger_load(struct batch *batch, struct unit *unit);
enum status settlement_ledger_loaded(struct batch *batch, struct settlement_rows *rows);
enum status settlement_ledger_keep(struct batch *batch, struct event *event,
                                   struct effects *effects);
enum status settlement_ledger_due(struct batch *batch, struct event *event);
void settlement_ledger_save(struct batch *batch, struct unit *unit);

/* settlement_reference.c: which order has a payment of a provider. `holder`: another order than the
 * event's that has what it captures, NULL if there is none; `take`: the event's order has it. */
struct call *settlement_references_load(struct batch *batch, struct unit *unit);
enum status settlement_references_loaded(struct batch *batch, struct settlement_rows *rows);
const char *settlement_reference_holder(const struct settlement_rows *rows,
                                        const struct event *event);
void settlement_reference_take(const struct settlement_rows *rows, const struct event *event);

/* settlement_publish.c: carries out what the core decided for the event. */
enum status settlement_emit(struct batch *batch, struct event *event,
                            const struct effects *effects);
enum status settlement_emit_head(struct batch *batch, struct event *event,
                                 const struct ledger_head *head);

/* settlement_load.c, settlement_save.c */
enum status settlement_load(struct batch *batch, struct unit *unit);
enum status settlement_loaded(struct batch *batch);
enum status settlement_save(struct batch *batch, struct unit *unit);
void settlement_claimed(void *context, struct unit *unit, int32_t shard);

/* settlement_hand_over.c */
void settlement_committed(struct batch *batch);

#endif
