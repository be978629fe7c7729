/* Shared by the files of the loop; services see worker.h only. */

#ifndef REDRESS_WORKER_INTERNAL_H
#define REDRESS_WORKER_INTERNAL_H

#include "broker.h"
#include "ring.h"
#include "signature.h"
#include "stage_seal.h"
#include "worker.h"

enum {
    WORKER_WAIT_MS = 5000, /* for Kafka's answers outside the flow of events */
    BACKOFF_FIRST_MS = 50,
    BACKOFF_MAX_MS = 5000,
    BLOCKED_AGAIN_MS = 15000, /* a blocked shard is looked at again */
    LOST_AGAIN_MS = 1000,     /* a lost shard that Kafka still says is ours, plus jitter */
    COMMIT_EVERY_MS = 1000,   /* offsets to Kafka, for lag monitoring */
    TIDY_AFTER_MS = 200,      /* idle: published_seq and skipped offsets are saved */
    LAG_EVERY_MS = 5000,
    AGAIN_MAX = 1000, /* refusals of shared rows in a row; then decide is at fault */
    CLOSE_S = 2       /* closing connections after a stop takes no longer */
};

/* How far one input of one shard has been read. */
struct input {
    int64_t next;      /* first offset not applied and saved (or skipped) */
    int64_t taken;     /* first offset not taken into memory */
    int64_t end;       /* everything below was handed out by Kafka (partition end seen) */
    int64_t last_time; /* of the record at next - 1; -1: unknown */
    int64_t last_hash;
    const struct record *saving; /* last one of the batch being saved; NULL: none */
    int64_t saving_hash;
    bool verify;      /* the next record must be the one at next - 1, as remembered */
    bool dirty;       /* next is ahead of what PostgreSQL knows */
    bool uncommitted; /* next is ahead of what Kafka was told */
};

/* A saved batch of one shard whose outputs Kafka has not acknowledged yet. The producer's tokens
 * point to it, so it outlives the shard's ownership. */
struct flight {
    struct shard *shard; /* NULL once the shard was given up or claimed again */
    int64_t seq;
    size_t left;
    bool sending; /* more records of it will be sent */
};

enum shard_state { SHARD_ABSENT, SHARD_OWNED, SHARD_LOST, SHARD_BLOCKED };

struct shard {
    int32_t number;
    enum shard_state state;
    bool assigned; /* by Kafka, whole */
    int64_t epoch, batch_seq, next_key;
    int64_t published_saved; /* published_seq as PostgreSQL knows it */
    int64_t clock_us;
    struct input inputs[WORKER_INPUTS_MAX];
    struct flight *flights[WORKER_UNPUBLISHED_MAX]; /* oldest first */
    size_t flight_count;
    int64_t again_us;     /* LOST or BLOCKED: when it is claimed again, monotonic */
    int64_t goal_time_us; /* 0, or the database time for which goals were taken */
    int64_t due_until_us; /* 0, or the goal time that due rows are being read for */
    int64_t goals[WORKER_INPUTS_MAX];
};

/* What a batch does to one shard. */
struct shard_work {
    struct ring_buffer outputs;
    int64_t next_key;
    int64_t published; /* published_seq as it is saved with this batch */
    bool touched;
    const char *why; /* the shard is blocked at stop_at; NULL: it is not */
    size_t stop_at;  /* first record that is not applied */
};

struct deadline_change {
    const struct batch_order *order;
    const char *subject;
    int32_t kind;
    bool set;
    int64_t due_us;
    uint32_t next; /* in its bucket, 0: none, else index + 1 */
};

struct batch_private {
    struct worker *worker;
    struct shard_work *shards; /* by shard number */
    struct deadline_change *changes;
    size_t change_count, change_capacity;
    uint32_t *change_buckets;
    size_t bucket_count;
    size_t outputs;
    size_t outputs_kept; /* shards with outputs */
};

/* One batch on its way. */
struct work {
    struct batch batch;
    struct batch_private private;
    struct arena *arena;
    struct record *records;
    size_t record_count;
    struct refusal *refusals; /* by event */
    struct unit *load, *save;
    struct call *clock;
    int64_t sent_us;
    size_t deadline_count; /* events that are deadlines */
};

/* Why an event goes to the dead letters. */
struct refusal {
    Redress__V1__DeadLetterReason reason; /* 0: it does not */
    const char *field, *value, *rule;
    const struct record *record; /* of the event; NULL for a deadline */
};

struct worker {
    const struct stage *stage;
    struct config_worker config;
    struct signature_keys goods_keys;
    struct approval_keys *stage_keys; /* NULL: none, and it reads nothing of ours */
    struct database_settings database_settings;
    struct database *database;
    struct consumer *consumer;
    struct producer *producer;
    struct error error; /* of the last failure */
    char instance[96];
    int wake_fd, signal_fd;
    bool stopping;
    bool rebalance_revoke, rebalance_assign;
    bool fatal_delivery;
    bool torn;    /* the last assignment held a shard in part, and was not taken */
    bool drained; /* the last poll found nothing */
    int32_t shard_count;
    int32_t partitions[TOPIC_COUNT];
    struct shard *shards; /* shard_count */
    int32_t owned[WORKER_SHARDS_MAX];
    size_t owned_count;
    struct work works[2];
    struct work *saving;
    struct record *pending; /* taken, and put back */
    size_t pending_count;
    bool records_only; /* the next batch takes no deadlines, as with them it did not fit */
    bool refusing;     /* the record at `too_large` does not fit a batch: a dead letter */
    struct place too_large;
    int again_count; /* saves refused in a row by rows that shards share */
    size_t limit;    /* events of the next batch; adapts when a bound was hit */
    struct arena *scratch, *ring_scratch;
    unsigned backoff_ms;
    int64_t scan_us, commit_us, lag_us, active_us; /* monotonic: last time */
    unsigned random;
};

/* read.c */
enum status work_form(struct worker *worker, struct work *work);
bool worker_is_too_large(const struct worker *worker, const struct record *record);

/* batch.c */
enum status work_group(struct work *work);
enum status work_decide(struct worker *worker, struct work *work);
void work_clear(struct work *work);
struct shard_work *batch_shard(struct batch *batch, int32_t shard);
enum status batch_start(struct worker *worker, struct work *work);

/* dead_letter.c */
enum status dead_letter_write(struct batch *batch, const struct event *event,
                              const struct refusal *refusal);

/* save.c */
int64_t record_hash(const struct record *record);
void work_skip(struct worker *worker, struct work *work);
enum status work_send_save(struct worker *worker, struct work *work);
enum status work_finish_save(struct worker *worker, struct work *work);
void work_send_load(struct worker *worker, struct work *work);
enum status work_finish_load(struct worker *worker, struct work *work);

/* publish.c */
void publish_delivered(void *context, void *token, enum status status, const char *reason);
enum status publish_bytes(struct worker *worker, struct shard *shard, int64_t seq,
                          const uint8_t *bytes, size_t size, size_t count);
int64_t shard_published(const struct shard *shard);
void shard_forget_flights(struct shard *shard);
bool worker_may_save(const struct worker *worker);
enum status worker_settle(struct worker *worker, int timeout_ms);
size_t worker_unpublished(const struct worker *worker);

/* shard.c */
enum status worker_claim(struct worker *worker);
void worker_drop_shards(struct worker *worker);
void worker_release(struct worker *worker);
enum status worker_reassign(struct worker *worker);
enum status worker_take_assignment(struct worker *worker);
enum status worker_find_lost(struct worker *worker);
void shard_block(struct worker *worker, struct shard *shard, const char *why);
int worker_input(const struct worker *worker, enum topic topic);

/* places.c */
enum status places_check(struct worker *worker, struct shard *const *shards, size_t count);
enum status places_begin(struct worker *worker, struct shard *const *shards, size_t count);
enum status worker_offset_missing(struct worker *worker, const struct place *place);

/* take.c */
enum status worker_take(struct worker *worker, struct work *work);
void worker_discard(struct worker *worker);

/* deadline.c */
enum status deadline_scan(struct worker *worker);
enum status deadline_take(struct worker *worker, struct work *work);

/* loop.c */
enum status worker_loop(struct worker *worker);
enum status worker_connect(struct worker *worker);
int64_t worker_now_us(void);

#endif
