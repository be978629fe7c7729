/* Worker: the loop that every service is, around the functions of its stage.
 *
 *     decode  the record's bytes -> the stage's own struct                   (pure)
 *     load    one round trip: the rows that this batch of events touches     (I/O)
 *     decide  event by event, in order, over those rows: rows and outputs    (pure)
 *     save    one transaction: rows, progress and outputs                    (I/O)
 *
 * The loop gives: shards owned as a whole, exactly-once effect on the rows, outputs published in
 * order per shard and published again byte for byte after a crash, deadlines decided only after
 * catching up, dead letters, bounded memory. common/worker/README.md tells how.
 *
 * Everything hangs on orders: the loop collects the distinct (merchant, order) pairs of a batch;
 * load fetches what belongs to them, and `decide` finds its rows at event->order->rows. */

#ifndef REDRESS_WORKER_H
#define REDRESS_WORKER_H

#include "arena.h"
#include "config.h"
#include "database.h"
#include "envelope.h"
#include "migrations.h"
#include "redress/v1/dead_letter.pb-c.h"
#include "status.h"
#include "topics.h"

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    WORKER_INPUTS_MAX = 12,
    WORKER_SHARDS_MAX = 256,
    BATCH_BYTES_MAX = 512 * 1024,       /* record values in one batch, unless it is one record */
    BATCH_ARENA_MAX = 12 * 1024 * 1024, /* everything that a batch needs while it is worked on */
    BATCH_ARENA_AIM = 4 * 1024 * 1024,  /* batches of many events are made smaller from here on */
    BATCH_OUTPUT_MAX = 4 * 1024 * 1024, /* outputs of one shard in one batch, as stored */
    BATCH_DEADLINES_MAX = 500,          /* due deadlines decided in one batch */
    WORKER_UNPUBLISHED_MAX = 4          /* saved and unacknowledged batches of one shard */
};

enum event_kind { EVENT_MESSAGE, EVENT_DEADLINE };

/* One order that the batch touches. */
struct batch_order {
    const char *merchant_id;
    const char *order_id;
    int32_t shard;
    void *rows; /* the stage's, set in loaded; NULL before */
};

struct batch;

/* Something to decide. */
struct event {
    enum event_kind kind;
    enum topic topic; /* of a message */
    int32_t shard;
    const char *merchant_id;   /* set by decode; by the loop for deadlines */
    const char *order_id;      /* likewise; the loop checks it against the key */
    struct batch_order *order; /* set by the loop before load */

    /* EVENT_MESSAGE */
    struct envelope envelope;
    const void *value;
    size_t value_size;
    void *body; /* the stage's, set by decode; in the batch's arena */

    /* EVENT_DEADLINE: the row is gone unless decide sets it again */
    int32_t deadline_kind;
    const char *subject;
    int64_t due_us;

    int64_t now_us; /* the database's clock, never going back per shard; set before loaded */
    int64_t epoch;  /* of the shard */
};

struct batch {
    struct arena *arena; /* everything of the batch lives here */
    void *context;       /* the stage's, from struct stage */
    void *rows;          /* the stage's, for the calls of its load */
    struct event *events;
    size_t event_count;
    struct batch_order *orders;
    size_t order_count;
    const int32_t *shards; /* every shard that this instance owns */
    size_t shard_count;
    struct batch_private *private;
};

struct stage_input {
    enum topic topic;
    /* Decides by the headers alone whether the event matters; NULL: every event does. */
    bool (*wanted)(const struct envelope *envelope);
};

/* Every function returns STATUS_OK, or:
 *   STATUS_EXHAUSTED      a bound of the batch was reached: done again with fewer events
 *   STATUS_UNPROCESSABLE  from decode and decide, by batch_refuse: a dead letter, or for our own
 *                         topics the shard waits and alarms (what is not ours there, see
 *                         stage_seal.h, never reaches decode)
 *   STATUS_DUPLICATE      from decide: applied before; counted, nothing else happens
 *   STATUS_GAP            from decide: an earlier version is missing; the shard waits and alarms
 *   STATUS_AGAIN          from loaded: the load did not ask for all that is needed
 *   STATUS_FATAL          the process stops
 * A save may add to rows that several shards share, under a condition (redress_require_room, see
 * README.md): refused, the batch is loaded and decided again.
 * decide must leave the rows untouched when it returns anything but STATUS_OK or
 * STATUS_EXHAUSTED: the batch is saved without that event. */
struct stage {
    const char *name; /* "intake": consumer group, ce_source, database and role by default */
    const struct stage_input *inputs;
    size_t input_count;
    bool patient; /* no other stage waits for it: it reads half a second late, in larger batches */
    const struct migration_list *migrations;
    const struct migration_list *shared; /* of a part of common that it uses; NULL: none */
    enum status (*decode)(struct batch *batch, struct event *event);
    enum status (*load)(struct batch *batch, struct unit *unit);
    enum status (*loaded)(struct batch *batch);
    enum status (*decide)(struct batch *batch, struct event *event);
    enum status (*save)(struct batch *batch, struct unit *unit);
    /* Beside the loop; each may be NULL. */
    enum status (*start)(void *context, const struct config_worker *config, struct error *error);
    void (*claimed)(void *context, struct unit *unit, int32_t shard); /* adds calls to the claim */
    void (*committed)(struct batch *batch); /* the transaction is durable */
    void (*stop)(void *context);
    void *context;
};

/* An event to publish. */
struct output {
    enum topic topic;
    const char *key;       /* order_id for the sharded topics */
    const char *ce_id;     /* NULL: identity_event(stage name, refund_id, version) */
    const char *refund_id; /* NULL where there is none */
    int64_t version;
    const char *status; /* short name for ce_status; NULL where there is none */
    const ProtobufCMessage *message;
};

/* Packs and keeps the output; it is published after the batch is saved. `event` is the one that it
 * answers (causation, trace, shard). The message may be changed afterwards. STATUS_EXHAUSTED as
 * above; STATUS_FATAL if it is larger than its topic allows. */
enum status batch_output(struct batch *batch, const struct event *event,
                         const struct output *output) CHECK_RESULT;

/* Says why an event can never be applied; returns STATUS_UNPROCESSABLE.
 *     return batch_refuse(batch, event, REDRESS__V1__DEAD_LETTER_REASON__..., "lines[2].units",
 *                         "-1", "1 to 1,000,000,000"); */
enum status batch_refuse(struct batch *batch, struct event *event,
                         Redress__V1__DeadLetterReason reason, const char *field, const char *value,
                         const char *rule);

/* Unpacks the event's value (message_unpack) and refuses it if it is malformed. */
enum status batch_unpack(struct batch *batch, struct event *event,
                         ProtobufCMessage **message) CHECK_RESULT;

/* Sets (or moves) and clears the deadline (order of the event, subject, kind). */
enum status batch_deadline(struct batch *batch, const struct event *event, const char *subject,
                           int32_t kind, int64_t due_us) CHECK_RESULT;
enum status batch_deadline_clear(struct batch *batch, const struct event *event,
                                 const char *subject, int32_t kind) CHECK_RESULT;

/* A number that is unique in this worker's database: (shard << 40) + a counter that is saved with
 * the shard's progress. For surrogate keys. */
int64_t batch_key(struct batch *batch, int32_t shard);

/* The stage's keys of the batch as two columns, in the order of batch->orders:
 *     ... FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS k(merchant_id, order_id, n) ... */
void batch_order_columns(struct batch *batch, struct unit *unit, struct column **merchants,
                         struct column **orders);

/* The whole program: reads configuration (the common rows and `own`), answers --help and --check,
 * starts metrics, checks database and topics, runs until SIGTERM or SIGINT. The exit code of main:
 * 0 after an orderly stop, 1 FATAL, 2 configuration. `summary` is one line for --help. */
int worker_main(int argc, char **argv, const struct stage *stage, const char *summary,
                const struct config_table *own);

#endif
