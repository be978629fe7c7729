#include "reader.h"

#include "broker.h"
#include "clock.h"
#include "identity.h"
#include "judge.h"
#include "log.h"
#include "metrics.h"
#include "verdict.h"
#include "worker/ring.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum {
    POLL_MS = 100,        /* at most between two looks at `stopping` */
    KAFKA_MS = 5000,      /* for Kafka's answers to questions */
    DELIVER_MS = 10000,   /* for the acknowledgement of verdicts */
    SWEEP_MS = 1000,      /* how often verdicts that are not published are looked for */
    OTHERS_AGE_MS = 5000, /* of another instance's verdict before we publish it */
    PRODUCER_IDLE_MS = 10000,
    BACKOFF_FIRST_MS = 100,
    BACKOFF_MAX_MS = 5000,
    ARENA_MAX = CHECK_UNPACKED_MAX + 8 * 1024 * 1024
};

struct reader {
    struct reader_settings settings;
    pthread_t thread;
    pthread_mutex_t mutex; /* guards the three below */
    pthread_cond_t changed;
    bool stopping, caught_up, failed;

    /* The thread's own. */
    struct consumer *consumer;
    struct producer *producer;
    struct arena *arena;
    int wake_fd;
    struct store_place place; /* after what was looked at */
    bool placed;              /* the consumer reads from there */
    bool verify;              /* the next record must be the one at place.next - 1 */
    bool unsaved;             /* place is ahead of the database */
    int32_t partitions;       /* of refunds.control.v1 */
    int backoff_ms;
    int64_t sweep_us, produced_us; /* monotonic: last time */
    size_t undelivered;
    bool delivery_failed;
};

static bool is_stopping(struct reader *reader)
{
    (void)pthread_mutex_lock(&reader->mutex);
    bool stopping = reader->stopping;
    (void)pthread_mutex_unlock(&reader->mutex);
    return stopping;
}

static void tell(struct reader *reader, bool *what)
{
    (void)pthread_mutex_lock(&reader->mutex);
    *what = true;
    (void)pthread_cond_broadcast(&reader->changed);
    (void)pthread_mutex_unlock(&reader->mutex);
}

/* Waits on the condition until told to stop, at most `timeout_ms`. */
static void pause_for(struct reader *reader, int timeout_ms)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += timeout_ms / 1000;
    until.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    (void)pthread_mutex_lock(&reader->mutex);
    while (!reader->stopping &&
           pthread_cond_timedwait(&reader->changed, &reader->mutex, &until) == 0)
        ;
    (void)pthread_mutex_unlock(&reader->mutex);
}

static void back_off(struct reader *reader, const struct error *why)
{
    log_write(LOG_WARNING, why->text, "part", "rules", NULL);
    reader->backoff_ms = reader->backoff_ms == 0 ? BACKOFF_FIRST_MS : reader->backoff_ms * 2;
    if (reader->backoff_ms > BACKOFF_MAX_MS)
        reader->backoff_ms = BACKOFF_MAX_MS;
    pause_for(reader, reader->backoff_ms);
}

/* Publishing. */

static void delivered(void *context, void *token, enum status status, const char *reason)
{
    (void)token;
    struct reader *reader = context;
    reader->undelivered--;
    if (status == STATUS_OK)
        return;
    reader->delivery_failed = true;
    if (!is_stopping(reader))
        log_write(LOG_WARNING, "a verdict was not delivered", "reason", reason, NULL);
}

static void drop_producer(struct reader *reader)
{
    producer_close(reader->producer);
    reader->producer = NULL;
    reader->undelivered = 0;
}

static enum status send_one(struct reader *reader, const struct store_untold *untold,
                            struct error *error)
{
    struct ring_record record;
    size_t at = 0;
    enum status status = STATUS_OK;
    if (!ring_next(untold->verdict, untold->size, &at, reader->arena, &record, &status))
        return error_set(error, STATUS_INVALID, "the verdict on offset %" PRId64 " cannot be read",
                         untold->offset);
    const struct place place = {.topic = record.topic, .partition = record.partition};
    status = producer_send(reader->producer, &place, record.key, record.key_size, record.value,
                           record.value_size, record.headers, record.header_count, NULL, error);
    if (status == STATUS_OK)
        reader->undelivered++;
    return status;
}

static enum status await_delivery(struct reader *reader, struct error *error)
{
    int64_t until_us = clock_monotonic_us() + (int64_t)DELIVER_MS * 1000;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && reader->undelivered > 0 && !is_stopping(reader) &&
           clock_monotonic_us() < until_us)
        status = producer_poll(reader->producer, POLL_MS, error);
    if (status == STATUS_OK && (reader->undelivered > 0 || reader->delivery_failed))
        status = error_set(error, STATUS_RETRY, "verdicts were not acknowledged in time");
    return status;
}

static enum status publish(struct reader *reader, const struct store_untold *untold, size_t count,
                           struct error *error)
{
    enum status status = STATUS_OK;
    reader->delivery_failed = false;
    if (reader->producer == NULL)
        status = producer_open(reader->settings.worker, reader->settings.name, reader->wake_fd,
                               delivered, reader, &reader->producer, error);
    for (size_t i = 0; status == STATUS_OK && i < count; i++)
        status = send_one(reader, &untold[i], error);
    if (status == STATUS_OK)
        status = await_delivery(reader, error);
    reader->produced_us = clock_monotonic_us();
    if (status != STATUS_OK) {
        drop_producer(reader);
        return STATUS_RETRY;
    }
    return store_told(reader->settings.store, untold, count, reader->arena, error);
}

/* What a crash left unpublished, ours or another instance's, is published here. */
static enum status sweep(struct reader *reader, struct error *error)
{
    struct store_untold untold[STORE_UNTOLD_MAX];
    size_t count = STORE_UNTOLD_MAX;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && count == STORE_UNTOLD_MAX && !is_stopping(reader)) {
        arena_reset(reader->arena);
        status = store_untold(reader->settings.store, OTHERS_AGE_MS, reader->arena, untold, &count,
                              error);
        if (status == STATUS_OK && count > 0)
            status = publish(reader, untold, count, error);
    }
    return status;
}

static enum status sweep_if_due(struct reader *reader, struct error *error)
{
    int64_t now_us = clock_monotonic_us();
    if (reader->producer != NULL && now_us - reader->produced_us > PRODUCER_IDLE_MS * 1000)
        drop_producer(reader);
    if (now_us - reader->sweep_us < SWEEP_MS * 1000)
        return STATUS_OK;
    reader->sweep_us = now_us;
    return sweep(reader, error);
}

/* Judging. */

static int64_t hash_of(const struct record *record)
{
    int64_t key = record->key == NULL ? 0 : identity_fingerprint(record->key, record->key_size);
    int64_t value =
        record->value == NULL ? 0 : identity_fingerprint(record->value, record->value_size);
    return (int64_t)((uint64_t)key * 31 + (uint64_t)value);
}

static void note_verdict(const struct store_row *row, int64_t revision)
{
    if (row->reason != NULL) {
        metric_add(METRIC_RULES_REFUSED, 1);
        log_write(LOG_WARNING, "a rule set was refused", "kind", rules_kind_name(row->kind), "id",
                  row->id, "reason", row->reason, NULL);
        return;
    }
    log_format(LOG_INFO, "rule set accepted: %s %s/%" PRId64 ", revision %" PRId64,
               rules_kind_name(row->kind), row->id, row->version, revision);
}

/* Hands what was made to the loop, or drops it. */
static void settle_made(struct reader *reader, struct judged *judged, int64_t revision)
{
    if (judged->made.made == NULL)
        return;
    if (revision > 0)
        (void)cache_bring(reader->settings.cache, revision, judged->made.made, judged->made.bytes,
                          judged->handler->release, false);
    else
        judged->handler->release(judged->made.made);
    judged->made = (struct rules_made){0};
}

static enum status record_verdict(struct reader *reader, struct judged *judged, struct error *error)
{
    struct store_row *row = &judged->row;
    int64_t revision = -1;
    enum status status =
        verdict_make(row, reader->settings.name, reader->partitions, &judged->cause, reader->arena);
    if (status != STATUS_OK)
        status = error_set(error, STATUS_FATAL, "no memory for a verdict");
    if (status == STATUS_OK)
        status = store_write(reader->settings.store, row, reader->arena, &revision, error);
    settle_made(reader, judged, status == STATUS_OK ? revision : -1);
    if (status != STATUS_OK || revision < 0)
        return status;
    reader->unsaved = false;
    note_verdict(row, revision);
    const struct store_untold untold = {row->offset, row->verdict, row->verdict_size};
    struct error unpublished = {0};
    if (publish(reader, &untold, 1, &unpublished) != STATUS_OK) /* the sweep does it again */
        log_write(LOG_WARNING, unpublished.text, "part", "rules", NULL);
    return STATUS_OK;
}

static enum status judge_record(struct reader *reader, const struct record *record,
                                struct error *error)
{
    struct judged judged;
    arena_reset(reader->arena);
    enum status status = judge(&reader->settings, record, reader->arena, &judged, error);
    if (status == STATUS_OK && judged.wanted) {
        judged.row.place = (struct store_place){.next = record->offset + 1,
                                                .last_time = record->timestamp_ms,
                                                .last_hash = hash_of(record)};
        status = record_verdict(reader, &judged, error);
    }
    return status;
}

/* The first record after a start must be the last one that was looked at before it, unless it was
 * compacted away. */
static enum status check_log(struct reader *reader, const struct record *record,
                             struct error *error)
{
    bool expected = reader->verify && record->offset == reader->place.next - 1;
    reader->verify = false;
    if (expected && (record->timestamp_ms != reader->place.last_time ||
                     hash_of(record) != reader->place.last_hash))
        return error_set(error, STATUS_FATAL,
                         "%s: the record at offset %" PRId64 " is not the one that was judged: "
                         "this is another log than before",
                         topic_info(TOPIC_RULES)->name, record->offset);
    return STATUS_OK;
}

/* A record is judged until there is a verdict, however long the database is away. */
static enum status take_record(struct reader *reader, const struct record *record,
                               struct error *error)
{
    enum status status = check_log(reader, record, error);
    if (status != STATUS_OK || record->offset < reader->place.next)
        return status;
    reader->unsaved = true;
    for (;;) {
        status = judge_record(reader, record, error);
        if (status == STATUS_OK || status == STATUS_FATAL || is_stopping(reader))
            break;
        back_off(reader, error);
    }
    if (status != STATUS_OK)
        return status;
    reader->backoff_ms = 0;
    reader->place = (struct store_place){.next = record->offset + 1,
                                         .last_time = record->timestamp_ms,
                                         .last_hash = hash_of(record)};
    return STATUS_OK;
}

/* Reading. */

static enum status count_partitions(struct reader *reader, struct error *error)
{
    int32_t counts[TOPIC_COUNT];
    enum status status = consumer_partitions(reader->consumer, counts, KAFKA_MS, error);
    if (status != STATUS_OK)
        return status;
    if (counts[TOPIC_RULES] != 1 || counts[TOPIC_CONTROL] < 1)
        return error_set(error, STATUS_RETRY, "%s: one partition is wanted, %d there are",
                         topic_info(TOPIC_RULES)->name, counts[TOPIC_RULES]);
    reader->partitions = counts[TOPIC_CONTROL];
    return STATUS_OK;
}

/* Begins where the database says. */
static enum status start_reading(struct reader *reader, struct error *error)
{
    struct place first = {.topic = TOPIC_RULES}, end = first;
    enum status status = store_start(reader->settings.store, &reader->place, error);
    if (status == STATUS_OK)
        status = count_partitions(reader, error);
    if (status == STATUS_OK)
        status = consumer_bounds(reader->consumer, &first, &end, 1, KAFKA_MS, error);
    if (status != STATUS_OK)
        return status;
    struct store_place *place = &reader->place;
    if (place->next < 0)
        *place = (struct store_place){.next = first.offset, .last_time = -1};
    if (place->next < first.offset || place->next > end.offset)
        return error_set(error, STATUS_FATAL,
                         "%s: offset %" PRId64 " is wanted, the log holds %" PRId64 " to %" PRId64
                         ": this is another log than before",
                         topic_info(TOPIC_RULES)->name, place->next, first.offset, end.offset);
    reader->verify = place->next > first.offset && place->last_time >= 0;
    const struct place from = {.topic = TOPIC_RULES,
                               .offset = place->next - (reader->verify ? 1 : 0)};
    status = consumer_assign(reader->consumer, &from, 1, error);
    reader->placed = status == STATUS_OK;
    return status;
}

static enum status reach_end(struct reader *reader, const struct place *place, struct error *error)
{
    enum status status = STATUS_OK;
    if (place->offset > reader->place.next) {
        reader->place.next = place->offset;
        reader->place.last_time = -1;
        reader->unsaved = true;
    }
    arena_reset(reader->arena);
    if (reader->unsaved)
        status = store_move(reader->settings.store, &reader->place, reader->arena, error);
    if (status == STATUS_OK) {
        reader->unsaved = false;
        tell(reader, &reader->caught_up);
    }
    return status;
}

static enum status poll_once(struct reader *reader, struct error *error)
{
    struct record record;
    struct place place;
    enum polled polled = consumer_poll(reader->consumer, POLL_MS, &record, &place, error);
    enum status status = STATUS_OK;
    if (polled == POLLED_RECORD) {
        status = take_record(reader, &record, error);
        record_free(&record);
    } else if (polled == POLLED_END) {
        status = reach_end(reader, &place, error);
    } else if (polled == POLLED_NO_OFFSET) {
        reader->placed = false;
    } else if (polled == POLLED_ERROR) {
        status = STATUS_RETRY;
    } else if (polled == POLLED_FATAL) {
        status = STATUS_FATAL;
    }
    return status;
}

static enum status turn(struct reader *reader, struct error *error)
{
    enum status status = STATUS_OK;
    if (!reader->placed)
        status = start_reading(reader, error);
    if (status == STATUS_OK)
        status = poll_once(reader, error);
    if (status == STATUS_OK)
        status = sweep_if_due(reader, error);
    return status;
}

static void *run(void *context)
{
    struct reader *reader = context;
    while (!is_stopping(reader)) {
        struct error error = {0};
        enum status status = turn(reader, &error);
        if (status == STATUS_FATAL) {
            log_write(LOG_ERROR, error.text, "part", "rules", NULL);
            tell(reader, &reader->failed);
            break;
        }
        if (status != STATUS_OK)
            back_off(reader, &error);
        else
            reader->backoff_ms = 0;
    }
    drop_producer(reader);
    return NULL;
}

/* From outside. */

static void destroy(struct reader *reader)
{
    consumer_close(reader->consumer);
    arena_destroy(reader->arena);
    if (reader->wake_fd >= 0)
        (void)close(reader->wake_fd);
    (void)pthread_cond_destroy(&reader->changed);
    (void)pthread_mutex_destroy(&reader->mutex);
    free(reader);
}

enum status reader_start(const struct reader_settings *settings, struct reader **reader,
                         struct error *error)
{
    struct reader *made = calloc(1, sizeof *made);
    if (made == NULL)
        return error_set(error, STATUS_FATAL, "no memory for the reader of rules");
    made->settings = *settings;
    (void)pthread_mutex_init(&made->mutex, NULL);
    (void)pthread_cond_init(&made->changed, NULL);
    made->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    made->arena = arena_create(ARENA_MAX);
    enum status status = STATUS_OK;
    if (made->wake_fd < 0 || made->arena == NULL)
        status = error_set(error, STATUS_FATAL, "no memory for the reader of rules");
    if (status == STATUS_OK)
        status = reader_open(settings->worker, &made->consumer, error);
    if (status == STATUS_OK && pthread_create(&made->thread, NULL, run, made) != 0)
        status = error_set(error, STATUS_FATAL, "no thread for the reader of rules");
    if (status == STATUS_OK)
        *reader = made;
    else
        destroy(made);
    return status;
}

bool reader_await(struct reader *reader, int timeout_ms)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += timeout_ms / 1000;
    (void)pthread_mutex_lock(&reader->mutex);
    while (!reader->caught_up && !reader->failed &&
           pthread_cond_timedwait(&reader->changed, &reader->mutex, &until) == 0)
        ;
    bool caught_up = reader->caught_up;
    (void)pthread_mutex_unlock(&reader->mutex);
    return caught_up;
}

bool reader_failed(struct reader *reader)
{
    (void)pthread_mutex_lock(&reader->mutex);
    bool failed = reader->failed;
    (void)pthread_mutex_unlock(&reader->mutex);
    return failed;
}

void reader_stop(struct reader *reader)
{
    if (reader == NULL)
        return;
    tell(reader, &reader->stopping);
    (void)pthread_join(reader->thread, NULL);
    destroy(reader);
}
