/* The world of payouts: settlement's real decisions (services/settlement: the pure core, the
 * adapters' bytes, the breaker) over rows that are kept here, the sender's rules, and a provider
 * that is as bad as its documents allow. One thread plays all of it along a seed (sim_run.h).
 *
 * Two shards of two orders each, read from four topics by two instances. An instance decides a
 * batch over a copy of the saved rows, saves what was marked if nobody else has the shard, hands
 * over to its sender, which asks once more for the epoch and the stops, and calls: each a step of
 * its own, and death, a freeze or another owner may come between any two.
 *
 *     pay_world.c     steps and faults
 *     pay_rows.c      the database: rows, deadlines, the fence
 *     pay_instance.c  batches: taken, decided, saved, handed over
 *     pay_sender.c    jobs and calls
 *     pay_provider.c  what the provider does; pay_answer.c what it says
 *     pay_people.c    customers, approvers, the warehouse, forgers
 *     pay_audit.c     the promises, by books of its own */

#ifndef REDRESS_PAY_H
#define REDRESS_PAY_H

#include "services/settlement/breaker.h"
#include "services/settlement/provider.h"
#include "services/settlement/settlement.h"
#include "sim_run.h"

#include <stdbool.h>
#include <stdint.h>

#define PAY_SECOND_US INT64_C(1000000)
/* What was not begun, or has not arrived, this long after it could have never does. It is less
 * than the margin that a key's life is trusted less (provider_facts.h). */
#define PAY_STRAGGLER_US (20 * 60 * PAY_SECOND_US)
#define PAY_SKEW_US (10 * 60 * PAY_SECOND_US) /* of the database's clock, at most */

enum {
    PAY_SHARDS = 2,
    PAY_ORDERS = 4,
    PAY_PAYMENTS = 2, /* of an order */
    PAY_REFUNDS = 6,  /* of an order */
    PAY_INSTANCES = 2,
    PAY_CAPTURED = 1000, /* of each payment */
    PAY_LOG_MAX = 2048,
    PAY_DUES_MAX = 512,
    PAY_BATCH_MAX = 4,
    PAY_JOBS_MAX = 8,
    PAY_CALLS_MAX = 8,
    PAY_ARRIVALS_MAX = 64,
    PAY_EFFECTS_MAX = 512,
    PAY_KEYS_MAX = 512,
    PAY_WORDS_MAX = 512,
    PAY_DISPUTES_MAX = 64
};

enum pay_topic { PAY_CAPTURES, PAY_ROUTED, PAY_GOODS, PAY_PROVIDER_EVENTS, PAY_TOPICS };

enum pay_event_kind {
    PAY_CAPTURE,
    PAY_APPROVAL,
    PAY_CANCEL,
    PAY_DECLINE,
    PAY_GOODS_NOTICE,
    PAY_EVIDENCE,
    PAY_DUE
};

struct pay_event {
    enum pay_event_kind kind;
    int order;
    const void *body;  /* the struct of settlement.h */
    enum due_kind due; /* PAY_DUE */
    const char *subject;
};

struct pay_log {
    const struct pay_event *events[PAY_LOG_MAX];
    size_t count;
};

struct pay_due {
    int order;
    enum due_kind kind;
    const char *subject;
    int64_t due_us;
};

/* A shard as the database has it. */
struct pay_shard {
    int64_t epoch, seq, clock_us;
    size_t next[PAY_TOPICS];
    struct pay_due dues[PAY_DUES_MAX];
    size_t due_count;
};

/* What one event of a batch led to. */
struct pay_outcome {
    const struct pay_event *event;
    struct effects effects;
};

struct pay_batch {
    bool open, saved;
    int shard;
    int64_t epoch, seq, now_us;
    size_t next[PAY_TOPICS];
    struct order_rows *rows[PAY_ORDERS]; /* NULL: not touched */
    struct pay_outcome outcomes[PAY_BATCH_MAX];
    size_t count;
};

struct pay_job {
    enum task_kind kind;
    int shard, order, provider;
    int64_t epoch, asked_us, queued_us;
    const char *payment_id;
    struct provider_payout payout;
};

enum pay_call_state { CALL_FREE, CALL_ADMITTED, CALL_SENT, CALL_ANSWERED, CALL_LOST };

struct pay_call {
    enum pay_call_state state;
    int64_t number; /* of all calls: an answer finds only its own */
    int64_t began_us;
    struct pay_job job;
    int http_status;
    const char *body;
};

struct pay_instance {
    bool alive;
    int64_t frozen_until_us;
    struct {
        bool owned;
        int64_t epoch, seq;
    } shards[PAY_SHARDS]; /* as it believes */
    struct pay_batch batch;
    struct pay_job jobs[PAY_JOBS_MAX];
    size_t job_count;
    struct pay_call calls[PAY_CALLS_MAX];
    struct breaker breakers[PROVIDERS];
};

/* A request on its way to the provider. */
struct pay_arrival {
    int instance;
    int64_t number, sent_us, held_until_us;
    int provider;
    bool post;
    int order, payment;
    int64_t amount_minor;
    const char *key, *payout_id;
};

/* A refund at the provider. */
struct pay_effect {
    int order, payment, provider;
    const char *id;
    const char *payout_id; /* "": made by hand */
    int64_t amount_minor;
    enum refund_status status;
    int64_t visible_us; /* a look-up finds it from here on */
    const char *code;
};

struct pay_key {
    const char *key;
    int provider, http_status;
    int64_t since_us;
    const char *body;
};

struct pay_dispute {
    int order, payment;
    const char *id;
    int64_t amount_minor;
    enum dispute_state state;
};

/* A webhook that is under way. */
struct pay_word {
    int order;
    int64_t held_until_us;
    const struct evidence *evidence;
};

struct pay_refund {
    const char *refund_id;
    int64_t claimed_minor, version; /* 0: not asked for yet */
    const struct pay_event *last;   /* said by routing */
};

struct pay {
    struct arena *arena; /* everything of one run */
    bool calm;
    int64_t skew_us; /* of the database's clock */
    int owner[PAY_SHARDS];
    struct pay_shard shards[PAY_SHARDS];
    struct order_rows rows[PAY_ORDERS]; /* as saved */
    struct pay_log logs[PAY_SHARDS][PAY_TOPICS];
    struct pay_instance instances[PAY_INSTANCES];
    const struct rules_stop *stop; /* about one refund; NULL: none */
    int64_t calls, names;          /* so far */

    struct pay_refund refunds[PAY_ORDERS][PAY_REFUNDS];
    bool captured[PAY_ORDERS][PAY_PAYMENTS]; /* and told */
    int providers[PAY_ORDERS][PAY_PAYMENTS];

    struct pay_arrival arrivals[PAY_ARRIVALS_MAX];
    size_t arrival_count;
    struct pay_effect effects[PAY_EFFECTS_MAX];
    size_t effect_count;
    struct pay_key keys[PAY_KEYS_MAX];
    size_t key_count;
    struct pay_dispute disputes[PAY_DISPUTES_MAX];
    size_t dispute_count;
    struct pay_word words[PAY_WORDS_MAX];
    size_t word_count;
};

extern struct pay pay;
extern const struct settlement_limits pay_limits;

/* pay_world.c */
int pay_shard_of(int order);
const char *pay_order_id(int order);
const char *pay_payment_id(int order, int payment);
const char *pay_reference(int order, int payment);
int pay_last_digit(const char *id);       /* ids end with the number of the payment or refund */
const char *pay_name(const char *prefix); /* of nothing else in this run */
void pay_append(enum pay_topic topic, const struct pay_event *event);
const struct pay_event *pay_event(enum pay_event_kind kind, int order, const void *body,
                                  size_t size);
int64_t pay_database_us(void);

/* pay_rows.c */
struct order_rows *pay_load(int order);
bool pay_save(const struct pay_batch *batch); /* false: the shard has another owner by now */
void pay_claim(int shard, int instance);
const struct pay_due *pay_due_now(int shard, int64_t now_us, size_t nth); /* NULL: no more */

/* pay_instance.c */
bool pay_instance_step(int number);

/* pay_sender.c */
size_t pay_sender_room(const struct pay_instance *instance, int provider);
void pay_sender_push(struct pay_instance *instance, const struct pay_batch *batch);
bool pay_sender_step(int number);
void pay_answer_call(const struct pay_arrival *arrival, int http_status, const char *body);

/* pay_provider.c */
bool pay_provider_step(void);
void pay_provider_arrives(const struct pay_arrival *arrival);
int64_t pay_provider_left(int order, int payment); /* to be refunded, as the provider has it */
bool pay_effect_alive(const struct pay_effect *effect);
struct pay_effect *pay_effect_add(const struct pay_effect *effect);
void pay_effect_move(struct pay_effect *effect, enum refund_status status, const char *code);
void pay_dispute_move(struct pay_dispute *dispute, enum dispute_state state);

/* pay_answer.c */
const char *pay_say_refund(const struct pay_effect *effect);
const char *pay_say_error(int provider, const char *code);
const char *pay_say_list(int order, int payment);

/* pay_people.c */
void pay_people_step(void);
bool pay_forge(void);         /* false: there was nothing to lie about */
void pay_tell_captures(void); /* all that were not told */

/* pay_audit.c */
void pay_audit_begin(void);
void pay_audit_event(const struct pay_outcome *outcome, int64_t now_us); /* saved, in order */
void pay_audit_saved(const struct pay_batch *batch);
void pay_audit_effect(const struct pay_effect *effect); /* the provider made a refund */
bool pay_audit_quiet(void); /* nothing is left but what waits for people */
void pay_audit_rest(void);
int64_t pay_audit_fallback(int order, int refund);     /* what only another method can pay */
const char *pay_audit_payout(int order, uint64_t nth); /* a payout that was sent; NULL: none */

#endif
