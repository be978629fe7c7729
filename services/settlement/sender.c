#include "sender.h"

#include "clock.h"
#include "database.h"
#include "exchange.h"
#include "log.h"
#include "metrics.h"
#include "sender_event.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    GROUP_MAX = 256, /* calls that one reading of the epochs covers */
    WAIT_MS = 1000,  /* at most between two turns */
    BURST_MS = 100,  /* of the rate limit */
    RECONNECT_MS = 250,
    STOP_MS = 1500, /* for calls in flight, at the end */
    FLUSH_MS = 400, /* for what is not acknowledged, at the end */
    ARENA_MAX = 256 * 1024
};

/* A job with a request in flight. */
struct call_in_flight {
    struct job job;
    int pages; /* of a look-up */
    struct call_in_flight *next_free;
};

struct sender {
    struct sender_settings settings;
    struct config_worker worker;
    pthread_t thread;
    pthread_mutex_t mutex; /* guards the queue, stopping and working */
    struct job *queue;     /* ring of SENDER_QUEUE_MAX */
    size_t first, count;
    bool stopping;

    /* The thread's own. */
    struct exchange *exchange;
    struct producer *producer;
    struct database *database;
    struct arena *arena, *database_arena;
    struct call_in_flight *calls, *free;
    struct job *group;
    struct provider_request *request;
    int wake_fd;
    int64_t allowance_us; /* of the rate limit: time that was not used */
    int64_t allowed_us;   /* monotonic: when it was counted last */
    int64_t connect_us;   /* monotonic: not before */
};

static const struct statement EPOCHS = {
    "sender_epochs",
    "SELECT shard, epoch FROM shard WHERE shard = ANY($1::integer[])",
};

/* Publishing. */

/* A record that failed is not sent again: the look-up that is due tells the same. */
static void delivered(void *context, void *token, enum status status, const char *reason)
{
    (void)context;
    (void)token;
    if (status != STATUS_OK)
        log_write(LOG_ERROR, "a provider event was not delivered", "reason", reason, NULL);
}

static enum status open_producer(struct sender *sender, struct error *error)
{
    return producer_open(&sender->worker, "settlement-sender", sender->wake_fd, delivered, sender,
                         &sender->producer, error);
}

/* A producer that cannot go on is replaced; what it had not delivered is looked up when due. */
static void renew_producer(struct sender *sender, const struct error *why)
{
    struct error error = {0};
    log_write(LOG_ERROR, why->text, NULL);
    producer_close(sender->producer);
    sender->producer = NULL;
    if (open_producer(sender, &error) != STATUS_OK)
        log_write(LOG_ERROR, error.text, NULL);
}

static void report(struct sender *sender, const struct job *job, const struct finding *finding)
{
    struct error error = {0};
    if (sender->producer == NULL && open_producer(sender, &error) != STATUS_OK)
        return;
    if (sender_event_send(sender->producer, sender->settings.keys, job, finding, sender->arena,
                          &error) == STATUS_FATAL)
        renew_producer(sender, &error);
}

static void report_failed(struct sender *sender, const struct job *job, enum call_failure failure,
                          const char *code, const char *message)
{
    struct finding finding = {.kind = FINDING_CALL_FAILED, .failure = failure};
    if (job->kind == TASK_LOOK_UP)
        return; /* nothing was learned; it is due again */
    (void)strncpy(finding.code, code, sizeof finding.code - 1);
    (void)strncpy(finding.message, message, sizeof finding.message - 1);
    report(sender, job, &finding);
}

/* Calls. */

static void end_call(struct sender *sender, struct call_in_flight *call)
{
    call->next_free = sender->free;
    sender->free = call;
}

/* Begins the call, or the next page of a look-up. */
static void begin_call(struct sender *sender, struct call_in_flight *call, const char *cursor)
{
    const struct job *job = &call->job;
    const struct provider *provider = provider_find(job->provider);
    const struct provider_account *account = &sender->settings.accounts[job->provider];
    struct finding finding = {.kind = FINDING_NOTHING};
    bool written = provider != NULL &&
                   (job->kind == TASK_SEND
                        ? provider->start(account, &job->payout, sender->request, &finding)
                        : provider->look_up(account, &job->payout, cursor, sender->request));
    if (written && exchange_start(sender->exchange, sender->request, call)) {
        metric_add(METRIC_PROVIDER_CALLS, 1);
        return;
    }
    if (written)
        report_failed(sender, job, CALL_FAILURE_NOT_SENT, "no_memory", "");
    else
        report(sender, job, &finding);
    end_call(sender, call);
}

static void finish_call(struct sender *sender, const struct exchange_answer *answer)
{
    struct call_in_flight *call = answer->token;
    const struct job *job = &call->job;
    const struct provider *provider = provider_find(job->provider);
    struct finding finding = {.kind = FINDING_NOTHING};
    if (answer->outcome != EXCHANGE_ANSWERED) {
        metric_add(METRIC_PROVIDER_FAILURES, 1);
        bool sent = answer->outcome == EXCHANGE_LOST;
        report_failed(sender, job, sent ? CALL_FAILURE_UNKNOWN : CALL_FAILURE_NOT_SENT,
                      sent ? "no_answer" : "not_connected", answer->reason);
    } else if (job->kind == TASK_SEND) {
        provider->parse_start(&job->payout, answer->http_status, answer->body, answer->size,
                              &finding);
        report(sender, job, &finding);
    } else {
        provider->parse_look_up(&job->payout, answer->http_status, answer->body, answer->size,
                                &finding);
        if (finding.kind == FINDING_MORE && ++call->pages < LOOK_UP_PAGES_MAX) {
            begin_call(sender, call, finding.cursor);
            return;
        }
        report(sender, job, &finding);
    }
    end_call(sender, call);
}

/* The epochs of the shards. */

static bool connect(struct sender *sender)
{
    const struct config_worker *config = &sender->worker;
    const char *name = sender->settings.name;
    const struct database_settings settings = {
        .host = config->database_host,
        .port = config->database_port,
        .name = *config->database_name == '\0' ? name : config->database_name,
        .user = *config->database_user == '\0' ? name : config->database_user,
        .password = config->database_password,
        .tls = config->database_tls,
        .ca_file = config->database_ca_file,
        .timeout_ms = config->database_timeout_ms,
        .program = "settlement sender",
    };
    struct error error = {0};
    if (sender->database != NULL)
        return true;
    if (clock_monotonic_us() < sender->connect_us)
        return false;
    sender->connect_us = clock_monotonic_us() + RECONNECT_MS * 1000;
    if (database_open(&settings, &sender->database, &error) == STATUS_OK)
        return true;
    log_write(LOG_WARNING, error.text, NULL);
    return false;
}

/* Marks in `stale` the jobs whose shard has another owner by now. False: PostgreSQL is away. */
static bool check_epochs(struct sender *sender, size_t count, bool *stale)
{
    struct error error = {0};
    if (!connect(sender))
        return false;
    arena_reset(sender->database_arena);
    struct unit *unit = database_begin(sender->database, sender->database_arena);
    struct column *shards = column_create(unit, COLUMN_INT4);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || sender->group[i].shard != sender->group[i - 1].shard)
            column_int4(shards, sender->group[i].shard);
    struct call *call = unit_call(unit, &EPOCHS);
    call_column(call, shards);
    database_send(unit);
    enum status status = database_wait(unit, &error);
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        stale[i] = true;
        for (size_t row = 0; row < rows_count(call); row++)
            if (rows_int4(call, row, 0) == sender->group[i].shard)
                stale[i] = rows_int8(call, row, 1) != sender->group[i].epoch;
    }
    database_end(unit);
    if (status == STATUS_OK)
        return true;
    log_write(LOG_WARNING, error.text, NULL);
    database_close(sender->database);
    sender->database = NULL;
    return false;
}

/* The queue. */

/* Calls that the rate limit allows now. */
static size_t allowed(struct sender *sender)
{
    int64_t rate = sender->settings.rate, now_us = clock_monotonic_us();
    if (rate == 0)
        return GROUP_MAX;
    int64_t burst_us = BURST_MS * 1000 > 1000000 / rate ? BURST_MS * 1000 : 1000000 / rate;
    sender->allowance_us += now_us - sender->allowed_us;
    sender->allowed_us = now_us;
    if (sender->allowance_us > burst_us)
        sender->allowance_us = burst_us;
    return (size_t)(sender->allowance_us * rate / 1000000);
}

static void use_allowance(struct sender *sender, size_t count)
{
    if (sender->settings.rate > 0)
        sender->allowance_us -= (int64_t)count * 1000000 / sender->settings.rate;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Copies up to `most` jobs to the group without taking them. */
static size_t peek(struct sender *sender, size_t most)
{
    pthread_mutex_lock(&sender->mutex);
    size_t count = least(least(sender->count, most), GROUP_MAX);
    for (size_t i = 0; i < count; i++)
        sender->group[i] = sender->queue[(sender->first + i) % SENDER_QUEUE_MAX];
    pthread_mutex_unlock(&sender->mutex);
    return count;
}

static void drop(struct sender *sender, size_t count)
{
    pthread_mutex_lock(&sender->mutex);
    sender->first = (sender->first + count) % SENDER_QUEUE_MAX;
    sender->count -= count;
    pthread_mutex_unlock(&sender->mutex);
}

static bool is_late(const struct sender *sender, const struct job *job)
{
    return clock_monotonic_us() - job->queued_us > sender->settings.send_window_ms * 1000;
}

/* Jobs whose window has passed are reported even when nothing can be called. */
static void drop_late(struct sender *sender)
{
    while (peek(sender, 1) == 1 && is_late(sender, &sender->group[0])) {
        drop(sender, 1);
        report_failed(sender, &sender->group[0], CALL_FAILURE_NOT_SENT, "window_passed", "");
    }
}

static void start_calls(struct sender *sender)
{
    bool stale[GROUP_MAX] = {false};
    drop_late(sender);
    size_t count = peek(sender, least(exchange_room(sender->exchange), allowed(sender)));
    if (count == 0 || !check_epochs(sender, count, stale))
        return;
    drop(sender, count);
    use_allowance(sender, count);
    for (size_t i = 0; i < count; i++) {
        if (stale[i] || is_late(sender, &sender->group[i])) {
            report_failed(sender, &sender->group[i], CALL_FAILURE_NOT_SENT,
                          stale[i] ? "shard_moved" : "window_passed", "");
            continue;
        }
        struct call_in_flight *call = sender->free;
        sender->free = call->next_free;
        call->job = sender->group[i];
        call->pages = 0;
        begin_call(sender, call, "");
    }
}

/* What will not be called any more, so that the next owner need not wait to find that out. */
static void give_up_queue(struct sender *sender)
{
    while (peek(sender, 1) == 1) {
        drop(sender, 1);
        report_failed(sender, &sender->group[0], CALL_FAILURE_NOT_SENT, "stopping", "");
    }
}

/* Until something can be done that nothing wakes us for: the rate limit, a connection. */
static int wait_ms(struct sender *sender)
{
    pthread_mutex_lock(&sender->mutex);
    bool waiting = sender->count > 0;
    pthread_mutex_unlock(&sender->mutex);
    if (!waiting || exchange_room(sender->exchange) == 0)
        return WAIT_MS;
    if (sender->database == NULL)
        return RECONNECT_MS;
    size_t rate = (size_t)sender->settings.rate;
    return rate == 0 ? 0 : (int)least(1000 / rate + 1, 100);
}

static void poll_producer(struct sender *sender)
{
    struct error error = {0};
    if (sender->producer != NULL && producer_poll(sender->producer, 0, &error) == STATUS_FATAL)
        renew_producer(sender, &error);
}

static void turn(struct sender *sender, int timeout_ms)
{
    struct exchange_answer answer;
    exchange_wait(sender->exchange, timeout_ms);
    while (exchange_next(sender->exchange, &answer))
        finish_call(sender, &answer);
    poll_producer(sender);
}

static bool is_stopping(struct sender *sender)
{
    pthread_mutex_lock(&sender->mutex);
    bool stopping = sender->stopping;
    pthread_mutex_unlock(&sender->mutex);
    return stopping;
}

static void *run(void *context)
{
    struct sender *sender = context;
    (void)pthread_setname_np(pthread_self(), "sender");
    while (!is_stopping(sender)) {
        start_calls(sender);
        turn(sender, wait_ms(sender));
    }
    give_up_queue(sender);
    int64_t until_us = clock_monotonic_us() + STOP_MS * 1000;
    while (exchange_active(sender->exchange) > 0 && clock_monotonic_us() < until_us)
        turn(sender, 50);
    until_us = clock_monotonic_us() + FLUSH_MS * 1000;
    struct error error = {0};
    while (sender->producer != NULL && producer_waiting(sender->producer) > 0 &&
           clock_monotonic_us() < until_us &&
           producer_poll(sender->producer, 20, &error) != STATUS_FATAL)
        continue;
    return NULL;
}

/* Opening and closing. */

static void free_all(struct sender *sender)
{
    exchange_close(sender->exchange);
    producer_close(sender->producer);
    database_close(sender->database);
    arena_destroy(sender->arena);
    arena_destroy(sender->database_arena);
    if (sender->wake_fd >= 0)
        (void)close(sender->wake_fd);
    (void)pthread_mutex_destroy(&sender->mutex);
    free(sender->queue);
    free(sender->calls);
    free(sender->group);
    free(sender->request);
    free(sender);
}

static enum status allocate(struct sender *sender, struct error *error)
{
    size_t in_flight = (size_t)sender->settings.in_flight;
    sender->queue = calloc(SENDER_QUEUE_MAX, sizeof *sender->queue);
    sender->calls = calloc(in_flight, sizeof *sender->calls);
    sender->group = calloc(GROUP_MAX, sizeof *sender->group);
    sender->request = calloc(1, sizeof *sender->request);
    sender->arena = arena_create(ARENA_MAX);
    sender->database_arena = arena_create(ARENA_MAX);
    sender->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (sender->queue == NULL || sender->calls == NULL || sender->group == NULL ||
        sender->request == NULL || sender->arena == NULL || sender->database_arena == NULL ||
        sender->wake_fd < 0)
        return error_set(error, STATUS_FATAL, "no memory for the sender");
    for (size_t i = 0; i < in_flight; i++)
        end_call(sender, &sender->calls[i]);
    const struct exchange_settings exchange = {
        .in_flight = in_flight,
        .connect_timeout_ms = sender->settings.connect_timeout_ms,
        .total_timeout_ms = sender->settings.call_timeout_ms,
        .ca_file = sender->settings.ca_file,
    };
    return exchange_open(&exchange, &sender->exchange, error);
}

enum status sender_open(const struct sender_settings *settings, struct sender **sender,
                        struct error *error)
{
    static const enum topic topics[] = {TOPIC_PROVIDER_EVENTS};
    struct sender *opened = calloc(1, sizeof *opened);
    if (opened == NULL)
        return error_set(error, STATUS_FATAL, "no memory for the sender");
    opened->settings = *settings;
    opened->worker = *settings->worker;
    opened->wake_fd = -1;
    opened->allowed_us = clock_monotonic_us();
    (void)pthread_mutex_init(&opened->mutex, NULL);
    enum status status = allocate(opened, error);
    if (status == STATUS_OK)
        status = open_producer(opened, error);
    if (status == STATUS_OK &&
        producer_warm(opened->producer, topics, 1, WAIT_MS, error) == STATUS_FATAL)
        status = STATUS_FATAL;
    if (status == STATUS_OK && pthread_create(&opened->thread, NULL, run, opened) != 0)
        status = error_set(error, STATUS_FATAL, "the sender's thread could not be started");
    if (status != STATUS_OK) {
        free_all(opened);
        return status;
    }
    *sender = opened;
    return STATUS_OK;
}

size_t sender_capacity(struct sender *sender)
{
    pthread_mutex_lock(&sender->mutex);
    size_t waiting = sender->count;
    pthread_mutex_unlock(&sender->mutex);
    size_t most = SENDER_QUEUE_MAX;
    if (sender->settings.rate > 0) /* what can be started within half the window */
        most = least(most,
                     (size_t)(sender->settings.rate * sender->settings.send_window_ms / 2000 + 1));
    return most > waiting ? most - waiting : 0;
}

size_t sender_push(struct sender *sender, const struct job *jobs, size_t count)
{
    int64_t now_us = clock_monotonic_us();
    pthread_mutex_lock(&sender->mutex);
    size_t taken = least(count, SENDER_QUEUE_MAX - sender->count);
    for (size_t i = 0; i < taken; i++) {
        struct job *job = &sender->queue[(sender->first + sender->count++) % SENDER_QUEUE_MAX];
        *job = jobs[i];
        job->queued_us = now_us;
    }
    pthread_mutex_unlock(&sender->mutex);
    exchange_wake(sender->exchange);
    return taken;
}

void sender_close(struct sender *sender)
{
    if (sender == NULL)
        return;
    pthread_mutex_lock(&sender->mutex);
    sender->stopping = true;
    pthread_mutex_unlock(&sender->mutex);
    exchange_wake(sender->exchange);
    (void)pthread_join(sender->thread, NULL);
    free_all(sender);
}
