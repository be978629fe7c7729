/* Simulation: the real worker loop (common/worker) in a world where Kafka, PostgreSQL, the network
 * and time are played by one thread along a seed. Nothing happens by chance: a seed and a step give
 * what happens there, so a run can be repeated, and shortened step by step while it still fails.
 *
 * The world holds three instances of one worker, three shards, two inputs and one output. Each
 * instance runs as a coroutine that gives control back wherever it would wait: for the database,
 * for Kafka, for time. In each step the world either lets an instance go on, lets PostgreSQL carry
 * out a transaction that was sent to it, lets Kafka append a record that was sent to it, publishes
 * a request or an answer, or lets something fail.
 *
 *     sim_world.c     steps, faults
 *     sim_instance.c  instances
 *     sim_database.c  database.h
 *     sim_statements.c  the loop's statements by name
 *     sim_broker.c    broker.h: logs, the group, the producer
 *     sim_stage.c     the worker: counts requests, answers and rung deadlines of orders
 *     sim_check.c     the promises, checked after each transaction and each appended record */

#ifndef REDRESS_SIM_H
#define REDRESS_SIM_H

#include "sim_run.h"
#include "worker/worker_internal.h"

#include <stdbool.h>
#include <stdint.h>
#include <ucontext.h>

enum {
    SIM_SHARDS = 3,
    SIM_INSTANCES = 3,
    SIM_ORDERS = 6,
    SIM_INPUTS = 2,        /* 0: requests, 1: answers (refunds.decisions.v1) */
    SIM_REQUESTS_MAX = 60, /* of one order: a bit each */
    SIM_VERSIONS_MAX = 4 * SIM_REQUESTS_MAX,
    SIM_RECORDS_MAX = 1024, /* of one partition */
    SIM_QUEUE_MAX = 1024,   /* records that a producer has under way */
    SIM_UNITS_MAX = 64,     /* transactions on their way to PostgreSQL, of one connection */
    SIM_STACK = 256 * 1024,
    SIM_MEMORY = 96 * 1024 * 1024
};

struct sim_bytes {
    const void *data;
    size_t size;
};

struct sim_header {
    const char *name;
    struct sim_bytes value;
};

/* A record in a log, or on its way to one. */
struct sim_record {
    enum topic topic;
    int32_t partition;
    struct sim_bytes key, value;
    const struct sim_header *headers;
    size_t header_count;
    int64_t at_us;
    bool poison;  /* can never be applied: a dead letter */
    bool skipped; /* says by its header that nobody wants it */
};

struct sim_log {
    struct sim_record records[SIM_RECORDS_MAX];
    size_t count;
};

/* One order as PostgreSQL has it. A request is a bit. */
struct sim_tally {
    int64_t requests, answers, rings, version;
    uint64_t answered, rung;
};

struct sim_deadline {
    int order, request;
    int64_t due_us;
};

struct sim_slot {
    int64_t seq;
    struct sim_bytes bytes;
};

struct sim_shard {
    bool exists;
    int64_t epoch, seq, published, next_key, clock_us;
    int owner; /* connection; -1: none */
    bool blocked;
    struct input_row {
        bool exists;
        int64_t next, time, hash;
    } inputs[SIM_INPUTS];
    struct sim_slot slots[WORKER_UNPUBLISHED_MAX];
};

enum sim_connection_state { CONNECTION_FREE, CONNECTION_OPEN, CONNECTION_BROKEN };

/* A connection to PostgreSQL. It outlives its instance: what was sent may still happen. */
struct sim_connection {
    enum sim_connection_state state;
    struct unit *units[SIM_UNITS_MAX]; /* sent and not carried out, oldest first */
    size_t unit_count;
};

struct sim_report {
    void *token;
    bool good;
};

/* What one producer sent, in order. It outlives its instance: what was sent may still arrive. */
struct sim_wire {
    struct sim_record *records[SIM_QUEUE_MAX];
    void *tokens[SIM_QUEUE_MAX];
    size_t first, count;
    int instance; /* -1: its sender is gone */
    bool failed;  /* a record failed for good: the producer takes no more */
};

enum sim_wait { WAIT_NOTHING, WAIT_UNIT, WAIT_TIME };

struct sim_instance {
    int number;
    bool alive, started, over;
    enum status result;
    ucontext_t context;
    char *stack;
    struct worker worker;
    enum sim_wait wait;
    const struct unit *unit;
    int64_t until_us;
    int64_t frozen_until; /* step */
    int64_t start_at;     /* step; when it is dead */
    bool stop_wanted;
    int budget; /* records that it may fetch in this turn */

    int connection;
    struct sim_wire *wire;
    struct sim_report reports[SIM_QUEUE_MAX];
    size_t report_first, report_count;

    bool expelled, revoke_due, assign_due, has_assignment;
    struct place given[SIM_SHARDS * SIM_INPUTS], next_given[SIM_SHARDS * SIM_INPUTS];
    size_t given_count, next_given_count;
    bool reading[SIM_INPUTS][SIM_SHARDS];
    int64_t position[SIM_INPUTS][SIM_SHARDS], end_told[SIM_INPUTS][SIM_SHARDS];
};

enum { SIM_CONNECTIONS = 256, SIM_WIRES = 256 };

/* What became of one request, outside the worker's own books. */
struct sim_request {
    bool published, applied, answered, rung;
    int64_t answer_published_us, due_us;
};

struct sim {
    bool calm; /* no more faults: the world comes to rest */
    struct sim_instance instances[SIM_INSTANCES];
    struct sim_instance *current;
    ucontext_t scheduler;
    struct sim_connection connections[SIM_CONNECTIONS];
    size_t connection_count;
    struct sim_wire *wires[SIM_WIRES];
    size_t wire_count;
    int64_t database_down_until; /* step */
    int no_room;                 /* saves that find no room in rows that shards share */
    bool asked_too_little;       /* the next load */

    int64_t committed[SIM_INPUTS][SIM_SHARDS];
    int owner[SIM_SHARDS]; /* by the group; -1: none */

    struct sim_shard shards[SIM_SHARDS];
    struct sim_tally tallies[SIM_ORDERS];
    struct sim_deadline deadlines[SIM_ORDERS * SIM_REQUESTS_MAX];
    size_t deadline_count;

    struct sim_request requests[SIM_ORDERS][SIM_REQUESTS_MAX];
    int request_count[SIM_ORDERS];
    int64_t seen[SIM_ORDERS];                              /* last version in the log */
    uint64_t hashes[SIM_ORDERS][SIM_VERSIONS_MAX + 1];     /* of each version's bytes */
    bool letters[SIM_INPUTS][SIM_SHARDS][SIM_RECORDS_MAX]; /* dead letters in the log */
    int64_t transactions, appended, repeated;

    char *memory; /* everything of one run; forgotten with it */
    size_t used;

    /* Last, as only what was written is forgotten. */
    struct sim_log inputs[SIM_INPUTS][SIM_SHARDS];
};

extern struct sim sim;

/* sim_world.c */
void *sim_alloc(size_t size); /* zeroed; lives until the run ends */
const char *sim_text(const char *text);

/* sim_instance.c */
bool sim_prepare_instances(void);
bool sim_can_go_on(const struct sim_instance *instance);
void sim_go_on(struct sim_instance *instance);
void sim_start_instance(struct sim_instance *instance);
/* The process is gone. What it had sent may still arrive, or not. */
void sim_end_instance(struct sim_instance *instance, bool sent_arrives);
void sim_yield(enum sim_wait wait, const struct unit *unit, int64_t until_us);

/* sim_database.c */
int sim_connect(void);
void sim_disconnect(int connection);
void sim_carry_out(struct sim_connection *connection);

/* sim_broker.c */
void sim_append(struct sim_wire *wire);
void sim_rebalance(bool torn);
struct sim_wire *sim_wire_open(int instance);

/* sim_stage.c */
extern const struct stage sim_stage;
extern const char *const sim_order_ids[SIM_ORDERS];
int32_t sim_shard_of(int order);
int sim_order(const char *order_id, size_t size);
void sim_publish(void);
void sim_stage_read(struct call *call);
void sim_stage_write(struct call *call);

/* sim_check.c */
void sim_check_transaction(int32_t shard);
void sim_check_output(const struct sim_record *record);
void sim_check_slot(int32_t shard, const struct sim_slot *slot, const char *why);
void sim_check_rest(void);

/* Parameters and results of a call, for the statements that the stage owns. */
size_t sim_count(const struct call *call, int parameter);
int64_t sim_int(const struct call *call, int parameter, size_t row);
const char *sim_string(const struct call *call, int parameter, size_t row);
const void *sim_blob(const struct call *call, int parameter, size_t row);
void sim_row(struct call *call);
void sim_cell(struct call *call, int64_t value, const char *text, const void *bytes, size_t size);

#endif
