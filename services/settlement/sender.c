#include "sender.h"

#include "clock.h"
#include "failpoint.h"
#include "provider_facts.h"
#include "sender_internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    WAIT_MS = 1000, /* at most between two turns */
    RECONNECT_MS = 250,
    STOP_MS = 1500, /* for calls in flight, at the end */
    FLUSH_MS = 400, /* for what is not acknowledged, at the end */
    ARENA_MAX = 256 * 1024
};

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The queues. */

/* Copies up to `most` jobs of the lane to the end of the group, without taking them. */
static size_t peek(struct sender *sender, struct lane *lane, size_t most)
{
    pthread_mutex_lock(&sender->mutex);
    size_t count = least(least(lane->count, most), GROUP_MAX - sender->group_count);
    for (size_t i = 0; i < count; i++)
        sender->group[sender->group_count++] = lane->queue[(lane->first + i) % SENDER_QUEUE_MAX];
    pthread_mutex_unlock(&sender->mutex);
    return count;
}

static void drop(struct sender *sender, struct lane *lane, size_t count)
{
    pthread_mutex_lock(&sender->mutex);
    lane->first = (lane->first + count) % SENDER_QUEUE_MAX;
    lane->count -= count;
    pthread_mutex_unlock(&sender->mutex);
}

static bool take_one(struct sender *sender, struct lane *lane)
{
    sender->group_count = 0;
    if (peek(sender, lane, 1) == 0)
        return false;
    drop(sender, lane, 1);
    return true;
}

static bool is_late(const struct sender *sender, const struct job *job)
{
    return clock_monotonic_us() - job->queued_us > sender->settings.send_window_ms * 1000;
}

static size_t breaker_of(struct sender *sender, struct lane *lane)
{
    pthread_mutex_lock(&sender->mutex);
    size_t room = breaker_room(&lane->breaker, clock_monotonic_us());
    bool trying = lane->breaker.trying;
    pthread_mutex_unlock(&sender->mutex);
    return trying ? 0 : room;
}

static bool is_shut(struct sender *sender, struct lane *lane)
{
    pthread_mutex_lock(&sender->mutex);
    bool shut = lane->breaker.open && !lane->breaker.trying &&
                breaker_room(&lane->breaker, clock_monotonic_us()) == 0;
    pthread_mutex_unlock(&sender->mutex);
    return shut;
}

/* Jobs whose window has passed are reported even when nothing can be called, and so is everything
 * that waits for a provider that does not answer. */
static void drop_hopeless(struct sender *sender, struct lane *lane)
{
    bool shut = is_shut(sender, lane);
    for (;;) {
        sender->group_count = 0;
        if (peek(sender, lane, 1) == 0 || (!shut && !is_late(sender, &sender->group[0])))
            return;
        drop(sender, lane, 1);
        sender_report_failed(sender, &sender->group[0], CALL_FAILURE_NOT_SENT,
                             shut ? "provider_down" : "window_passed", "");
    }
}

static bool has_jobs(struct sender *sender, const struct lane *lane)
{
    pthread_mutex_lock(&sender->mutex);
    bool has = lane->count > 0;
    pthread_mutex_unlock(&sender->mutex);
    return has;
}

/* How many calls of the lane could start now. */
static size_t room_of(struct sender *sender, struct lane *lane)
{
    if (lane->adapter == NULL || !has_jobs(sender, lane))
        return 0;
    drop_hopeless(sender, lane);
    size_t in_flight = (size_t)sender->settings.in_flight;
    size_t room = least(in_flight - least(in_flight, lane->in_flight), breaker_of(sender, lane));
    if (clock_monotonic_us() < lane->resume_us || room == 0 ||
        exchange_room(sender->exchange) == 0 || !sender_authorized(sender, lane))
        return 0;
    return room;
}

/* Starting calls. */

/* Fills the group, a fair part for each lane. */
static void plan(struct sender *sender)
{
    size_t rooms[PROVIDERS] = {0}, lanes = 0;
    for (int i = 0; i < PROVIDERS; i++) {
        rooms[i] = room_of(sender, &sender->lanes[i]);
        lanes += rooms[i] > 0;
    }
    sender->group_count = 0;
    for (int i = 0; i < PROVIDERS; i++) {
        struct lane *lane = &sender->lanes[i];
        size_t part = rooms[i] == 0 ? 0 : least(rooms[i], GROUP_MAX / lanes);
        lane->planned =
            peek(sender, lane, least(part, exchange_room(sender->exchange) / (lanes + !lanes)));
    }
}

static void start_lane(struct sender *sender, struct lane *lane, const struct job *jobs,
                       const char *const *refusals)
{
    size_t count = least(lane->planned, lane->granted);
    drop(sender, lane, count);
    for (size_t i = 0; i < count; i++) {
        if (refusals[i] != NULL || is_late(sender, &jobs[i]))
            sender_report_failed(sender, &jobs[i], CALL_FAILURE_NOT_SENT,
                                 refusals[i] != NULL ? refusals[i] : "window_passed", "");
        else
            sender_begin(sender, lane, &jobs[i]);
    }
    if (count < lane->planned) { /* until the slot of the rate limit is over */
        int64_t slot_us = sender_slot_ms(lane->rate) * 1000, now_us = clock_wall_us();
        lane->resume_us = clock_monotonic_us() + slot_us - now_us % slot_us;
    }
}

static void start_calls(struct sender *sender)
{
    const char *refusals[GROUP_MAX] = {NULL};
    plan(sender);
    if (sender->group_count == 0 || !sender_admit(sender, refusals))
        return;
    failpoint(ADMITTED);
    for (size_t i = 0, at = 0; i < PROVIDERS; i++) {
        struct lane *lane = &sender->lanes[i];
        if (lane->planned > 0)
            start_lane(sender, lane, &sender->group[at], &refusals[at]);
        at += lane->planned;
    }
}

/* What will not be called any more, so that the next owner need not wait to find that out. */
static void give_up_queues(struct sender *sender)
{
    for (int i = 0; i < PROVIDERS; i++)
        while (sender->lanes[i].adapter != NULL && take_one(sender, &sender->lanes[i]))
            sender_report_failed(sender, &sender->group[0], CALL_FAILURE_NOT_SENT, "stopping", "");
}

/* Until the lane can do something that nothing wakes us for: the rate limit, a connection. */
static int lane_wait_ms(struct sender *sender, struct lane *lane)
{
    int64_t left_us = lane->resume_us - clock_monotonic_us();
    if (lane->adapter == NULL || !has_jobs(sender, lane) || lane->token_asked ||
        lane->in_flight >= (size_t)sender->settings.in_flight ||
        exchange_room(sender->exchange) == 0)
        return WAIT_MS;
    if (left_us > 0)
        return (int)least((size_t)left_us / 1000 + 1, WAIT_MS);
    if (sender->database == NULL)
        return RECONNECT_MS;
    return breaker_of(sender, lane) == 0 ? WAIT_MS : 0;
}

static int wait_ms(struct sender *sender)
{
    size_t wait = WAIT_MS;
    for (int i = 0; i < PROVIDERS; i++)
        wait = least(wait, (size_t)lane_wait_ms(sender, &sender->lanes[i]));
    return (int)wait;
}

static void turn(struct sender *sender, int timeout_ms)
{
    struct exchange_answer answer;
    exchange_wait(sender->exchange, timeout_ms);
    while (exchange_next(sender->exchange, &answer))
        sender_finish(sender, &answer);
    sender_poll_producer(sender);
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
    give_up_queues(sender);
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
    for (int i = 0; i < PROVIDERS; i++)
        free(sender->lanes[i].queue);
    free(sender->calls);
    free(sender->group);
    free(sender->request);
    free(sender);
}

/* Queues and calls that are not used cost no memory: they are not touched. */
static bool open_lanes(struct sender *sender, size_t *lanes)
{
    *lanes = 0;
    for (int i = 0; i < PROVIDERS; i++) {
        struct lane *lane = &sender->lanes[i];
        *lane = (struct lane){.provider = i,
                              .account = sender->settings.accounts[i],
                              .rate = sender->settings.rates[i]};
        if (lane->account.secret == NULL || lane->account.secret[0] == '\0')
            continue;
        lane->adapter = provider_find(i);
        lane->queue = calloc(SENDER_QUEUE_MAX, sizeof *lane->queue);
        if (lane->queue == NULL)
            return false;
        ++*lanes;
    }
    return true;
}

static enum status allocate(struct sender *sender, struct error *error)
{
    size_t lanes = 0;
    bool good = open_lanes(sender, &lanes);
    size_t in_flight = (size_t)sender->settings.in_flight * (lanes > 0 ? lanes : 1);
    sender->calls = calloc(in_flight, sizeof *sender->calls);
    sender->group = calloc(GROUP_MAX, sizeof *sender->group);
    sender->request = calloc(1, sizeof *sender->request);
    sender->arena = arena_create(ARENA_MAX);
    sender->database_arena = arena_create(ARENA_MAX);
    sender->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (!good || sender->calls == NULL || sender->group == NULL || sender->request == NULL ||
        sender->arena == NULL || sender->database_arena == NULL || sender->wake_fd < 0)
        return error_set(error, STATUS_FATAL, "no memory for the sender");
    for (size_t i = in_flight; i > 0; i--)
        sender_end_call(sender, &sender->calls[i - 1]);
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
    (void)pthread_mutex_init(&opened->mutex, NULL);
    enum status status = allocate(opened, error);
    if (status == STATUS_OK)
        status = sender_open_producer(opened, error);
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

/* What could be started within half the window, by the rate limit and by the breaker. */
static size_t lane_capacity(const struct sender *sender, const struct lane *lane)
{
    size_t most = SENDER_QUEUE_MAX;
    if (lane->adapter == NULL)
        return 0;
    if (lane->rate > 0)
        most = least(most, (size_t)(lane->rate * sender->settings.send_window_ms / 2000 + 1));
    most = least(most, breaker_room(&lane->breaker, clock_monotonic_us()));
    return most > lane->count ? most - lane->count : 0;
}

void sender_capacity(struct sender *sender, size_t capacity[PROVIDERS])
{
    pthread_mutex_lock(&sender->mutex);
    for (int i = 0; i < PROVIDERS; i++)
        capacity[i] = lane_capacity(sender, &sender->lanes[i]);
    pthread_mutex_unlock(&sender->mutex);
}

size_t sender_push(struct sender *sender, const struct job *jobs, size_t count)
{
    int64_t now_us = clock_monotonic_us();
    size_t taken = 0;
    pthread_mutex_lock(&sender->mutex);
    for (size_t i = 0; i < count; i++) {
        struct lane *lane = &sender->lanes[jobs[i].provider];
        if (lane->adapter == NULL || lane->count == SENDER_QUEUE_MAX)
            continue;
        struct job *job = &lane->queue[(lane->first + lane->count++) % SENDER_QUEUE_MAX];
        *job = jobs[i];
        job->queued_us = now_us;
        taken++;
    }
    pthread_mutex_unlock(&sender->mutex);
    if (taken > 0)
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
