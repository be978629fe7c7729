/* What the files of the sender share. */

#ifndef SETTLEMENT_SENDER_INTERNAL_H
#define SETTLEMENT_SENDER_INTERNAL_H

#include "breaker.h"
#include "broker.h"
#include "database.h"
#include "exchange.h"
#include "sender.h"

#include <pthread.h>

enum { GROUP_MAX = 256 /* calls that one reading of the epochs covers */ };

/* What the sender keeps of one provider. */
struct lane {
    int provider;
    const struct provider *adapter;  /* NULL: not used */
    struct provider_account account; /* with the token, once there is one */
    int64_t rate;

    /* Under the sender's mutex. */
    struct job *queue; /* ring of SENDER_QUEUE_MAX */
    size_t first, count;
    struct breaker breaker;

    /* The thread's own. */
    size_t in_flight;
    int64_t resume_us; /* monotonic: nothing starts before */
    struct provider_token token;
    int64_t token_until_us; /* monotonic; 0: there is none */
    bool token_asked;
    size_t planned; /* of the group: its jobs in it, and how many of them may start */
    size_t granted;
};

/* A job with a request in flight, or a request for an access token. */
struct call_in_flight {
    struct job job;
    struct lane *lane;
    bool authorizes;
    int pages; /* of a look-up */
    struct call_in_flight *next_free;
};

struct sender {
    struct sender_settings settings;
    struct config_worker worker;
    pthread_t thread;
    pthread_mutex_t mutex;
    bool stopping; /* under the mutex */
    struct lane lanes[PROVIDERS];

    /* The thread's own. */
    struct exchange *exchange;
    struct producer *producer;
    struct database *database;
    struct arena *arena, *database_arena;
    struct call_in_flight *calls, *free;
    struct job *group;
    size_t group_count;
    struct provider_request *request;
    int wake_fd;
    int64_t connect_us; /* monotonic: not before */
};

/* sender_calls.c: making calls and saying what became of them. */
enum status sender_open_producer(struct sender *sender, struct error *error);
void sender_poll_producer(struct sender *sender);
void sender_report_failed(struct sender *sender, const struct job *job, enum call_failure failure,
                          const char *code, const char *message);
void sender_begin(struct sender *sender, struct lane *lane, const struct job *job);
void sender_finish(struct sender *sender, const struct exchange_answer *answer);

/* True if calls of the lane can be made as far as credentials go; else asks for a token. */
bool sender_authorized(struct sender *sender, struct lane *lane);
void sender_end_call(struct sender *sender, struct call_in_flight *call);

/* sender_store.c: says in `refusals` why jobs of the group are not to be done (NULL: they are):
 * their shard has another owner by now, they were decided too long ago, or a stop covers them; and
 * sets how many calls each lane may start. False: PostgreSQL is away. */
bool sender_admit(struct sender *sender, const char **refusals);

/* Milliseconds of a slot of the rate limit. */
int64_t sender_slot_ms(int64_t rate);

#endif
