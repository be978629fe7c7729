/* A desk: one worker's decide functions over rows that are saved, in a world that fails. What the
 * worlds of claims and of cases have in common: two shards of two orders each, two instances, a
 * log per shard and topic, deadlines, the fence, publication, and faults. One thread plays all of
 * it along a seed (sim_run.h).
 *
 * An instance takes a batch (in order within a topic, in any order across topics; what is due only
 * where all is read), decides it over copies of the saved rows, saves what was marked if the
 * shard's epoch and batch number are what it believes, and publishes: each a step of its own, and
 * death, a freeze or another owner may come between any two. Whoever takes a shard over publishes
 * again what may not have been.
 *
 *     desk.c        batches: taken, decided, saved, published
 *     desk_world.c  steps, faults, and coming to rest */

#ifndef REDRESS_DESK_H
#define REDRESS_DESK_H

#include "arena.h"
#include "sim_run.h"
#include "status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DESK_SECOND_US INT64_C(1000000)
#define DESK_HOUR_US (3600 * DESK_SECOND_US)
#define DESK_DAY_US (24 * DESK_HOUR_US)

enum {
    DESK_SHARDS = 2,
    DESK_ORDERS = 4,
    DESK_REFUNDS = 8, /* of an order */
    DESK_TOPICS_MAX = 6,
    DESK_KINDS_MAX = 5, /* of deadlines, numbered from 1 */
    DESK_INSTANCES = 2,
    DESK_LOG_MAX = 2048,
    DESK_RECORDS_MAX = 6, /* of a batch */
    DESK_EVENTS_MAX = 2 * DESK_RECORDS_MAX,
    DESK_CHANGES_MAX = 128,
    DESK_DUE = -1 /* in place of the topic: a deadline */
};

struct desk_event {
    int topic, order;
    const void *body;
    int refund, kind; /* of a deadline */
    int64_t due_us;
};

/* What is said about a refund. `bytes` stands for the message: the same bytes, the same number. */
struct desk_output {
    int order, refund;
    int64_t version; /* 0: none, as of an alarm */
    int64_t seq;     /* of the batch */
    uint64_t bytes;
    const void *body;
    struct desk_output *next; /* of the same shard, as saved */
};

struct desk_change {
    int order, refund, kind;
    int64_t due_us; /* 0: cleared */
};

struct desk_batch {
    bool open;
    int shard;
    int64_t epoch, seq, now_us, next_key;
    size_t next[DESK_TOPICS_MAX];
    void *rows[DESK_ORDERS]; /* NULL: not touched */
    void *shared;
    const struct desk_event *events[DESK_EVENTS_MAX];
    enum status statuses[DESK_EVENTS_MAX];
    bool gone[DESK_EVENTS_MAX]; /* deadlines that the batch itself has set anew or cleared */
    size_t count;
    struct desk_output *first, **last;
    struct desk_change changes[DESK_CHANGES_MAX];
    size_t change_count;
};

/* A shard as the database has it. */
struct desk_shard {
    int64_t epoch, seq, clock_us, next_key;
    size_t next[DESK_TOPICS_MAX];
    struct desk_output *first, **last;
    struct desk_output **published; /* up to here, as far as the database knows */
};

struct desk_log {
    const struct desk_event *events[DESK_LOG_MAX];
    size_t count;
    int64_t late_until_us; /* nobody can read it before */
};

struct desk_instance {
    bool alive;
    int64_t frozen_until_us;
    struct {
        bool owned;
        int64_t epoch, seq;
        struct desk_output **at; /* to be published next */
    } shards[DESK_SHARDS];       /* as it believes */
    struct desk_batch batch;
};

/* What is decided, and what is played around it. */
struct desk_work {
    int topics;
    void (*load)(struct desk_batch *batch);
    enum status (*decide)(struct desk_batch *batch, const struct desk_event *event);
    /* False: decide again; what shards share has changed, and nothing was saved. */
    bool (*save)(const struct desk_batch *batch);
    void (*saved)(int order);                       /* checks what must be true of its rows */
    void (*said)(const struct desk_output *output); /* published, for the first time */
    bool (*act)(void);                              /* outside; false: there is nothing to do */
    bool (*quiet)(void);                            /* only what never ends is left */
    void (*rest)(void);                             /* checks what must be true at rest */
};

struct desk {
    const struct desk_work *work;
    struct arena *arena; /* everything of one run */
    bool calm;
    int64_t skew_us; /* of the database's clock */
    int64_t batches, refused, names;
    int owner[DESK_SHARDS];
    struct desk_shard shards[DESK_SHARDS];
    int64_t due_us[DESK_ORDERS][DESK_REFUNDS][DESK_KINDS_MAX]; /* saved; 0: none */
    int64_t saved_version[DESK_ORDERS][DESK_REFUNDS];
    int64_t said_version[DESK_ORDERS][DESK_REFUNDS];
    struct desk_log logs[DESK_SHARDS][DESK_TOPICS_MAX];
    struct desk_instance instances[DESK_INSTANCES];
};

extern struct desk desk;

/* Names and places. Ids end with the number of the refund. */
int desk_shard_of(int order);
const char *desk_order_id(int order);
const char *desk_refund_id(int order, int refund);
int desk_last_digit(const char *id);
const char *desk_name(const char *prefix); /* of nothing else in this run */
uint64_t desk_bytes(uint64_t bytes, const void *more, size_t size); /* those with more behind */

/* Publishes to a topic that the desk reads. */
void desk_append(int topic, int order, const void *body, size_t size);

/* For decide. */
void desk_say(struct desk_batch *batch, const struct desk_output *output);
void desk_due(struct desk_batch *batch, int order, int refund, int kind, int64_t due_us);

/* desk.c */
int64_t desk_database_us(void);
void desk_claim(int shard, int instance);
bool desk_instance_step(int number);
bool desk_again(int number); /* decides again what is decided and not saved; false: nothing is */

/* desk_world.c: for struct sim_world */
bool desk_prepare(void);
void desk_begin(const struct desk_work *work);
void desk_step(void);
void desk_rest(int64_t steps);
void desk_add(void);
void desk_report(void);

#endif
