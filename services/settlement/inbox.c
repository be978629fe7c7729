#include "inbox.h"

#include "clock.h"
#include "failpoint.h"
#include "inbox_internal.h"
#include "log.h"
#include "metrics.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    POLL_MS = 100,      /* for the first record of a batch */
    IDLE_MS = 500,      /* between tries to lead, and to connect */
    CHECK_MS = 1000,    /* between looks for what waits */
    BROKER_MS = 5000,   /* for a question to Kafka */
    DELIVERY_MS = 10000 /* for what was sent */
};

static bool is_stopping(struct inbox *inbox)
{
    pthread_mutex_lock(&inbox->mutex);
    bool stopping = inbox->stopping;
    pthread_mutex_unlock(&inbox->mutex);
    return stopping;
}

static void delivered(void *context, void *token, enum status status, const char *reason)
{
    struct inbox *inbox = context;
    (void)token;
    if (status == STATUS_OK)
        return;
    inbox->delivery_failed = true;
    log_write(LOG_ERROR, "a provider event was not delivered", "reason", reason, NULL);
}

/* Waits until everything that was sent is acknowledged. */
static enum status flush(struct inbox *inbox, struct error *error)
{
    int64_t until_us = clock_monotonic_us() + DELIVERY_MS * 1000;
    while (producer_waiting(inbox->producer) > 0 && clock_monotonic_us() < until_us)
        if (producer_poll(inbox->producer, POLL_MS, error) == STATUS_FATAL)
            return STATUS_RETRY;
    if (producer_waiting(inbox->producer) > 0 || inbox->delivery_failed)
        return error_set(error, STATUS_RETRY, "provider events were not acknowledged");
    return STATUS_OK;
}

/* Starting to read, and stopping. */

static void stop_reading(struct inbox *inbox)
{
    consumer_close(inbox->consumer);
    producer_close(inbox->producer);
    inbox->consumer = NULL;
    inbox->producer = NULL;
}

/* Where each partition is read from: saved progress, else the beginning. */
static enum status assign(struct inbox *inbox, struct error *error)
{
    struct place first[INBOX_PARTITIONS_MAX], end[INBOX_PARTITIONS_MAX];
    size_t count = (size_t)inbox->partitions;
    for (size_t i = 0; i < count; i++)
        first[i] = end[i] = (struct place){TOPIC_PROVIDER_INBOX, (int32_t)i, 0};
    enum status status = consumer_bounds(inbox->consumer, first, end, count, BROKER_MS, error);
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        if (inbox->next[i] < 0)
            inbox->next[i] = first[i].offset;
        if (inbox->next[i] < first[i].offset || inbox->next[i] > end[i].offset)
            return error_set(error, STATUS_FATAL,
                             "the inbox stands at %lld of partition %zu, which is outside the log: "
                             "see inbox_progress",
                             (long long)inbox->next[i], i);
        first[i].offset = inbox->next[i];
    }
    return status == STATUS_OK ? consumer_assign(inbox->consumer, first, count, error) : status;
}

static enum status start_reading(struct inbox *inbox, struct error *error)
{
    int32_t counts[TOPIC_COUNT] = {0};
    inbox->delivery_failed = false;
    enum status status = inbox_load_progress(inbox, error);
    if (status == STATUS_OK)
        status = reader_open(&inbox->worker, &inbox->consumer, error);
    if (status == STATUS_OK)
        status = producer_open(&inbox->worker, "settlement-inbox", inbox->wake_fd, delivered, inbox,
                               &inbox->producer, error);
    if (status == STATUS_OK)
        status = consumer_partitions(inbox->consumer, counts, BROKER_MS, error);
    inbox->partitions = counts[TOPIC_PROVIDER_INBOX];
    inbox->shards = counts[TOPIC_PROVIDER_EVENTS];
    inbox->letters = counts[TOPIC_DEAD_LETTERS];
    if (status == STATUS_OK && (inbox->partitions <= 0 || inbox->shards <= 0 ||
                                inbox->letters <= 0 || inbox->partitions > INBOX_PARTITIONS_MAX))
        status = error_set(error, STATUS_RETRY, "the inbox's topics do not exist");
    if (status == STATUS_OK)
        status = assign(inbox, error);
    if (status != STATUS_OK)
        stop_reading(inbox);
    return status;
}

/* Reading. */

/* What one record says. Room in the arena is ended by bytes, long before it is full; a record that
 * does not fit alone is refused. */
static enum status take_record(struct inbox *inbox, const struct record *record,
                               struct inbox_items *items, struct error *error)
{
    Redress__V1__DeadLetterReason reason =
        REDRESS__V1__DEAD_LETTER_REASON__DEAD_LETTER_REASON_TOO_LARGE;
    const char *rule = "a notification that can be unpacked";
    enum status status = inbox_read(inbox, record, items, &reason, &rule);
    if (status == STATUS_EXHAUSTED && items->count > 0)
        return status;
    if (status != STATUS_OK) {
        metric_add(METRIC_DEAD_LETTERS, 1);
        status = inbox_refuse(inbox, record, reason, rule, error);
    }
    if (status == STATUS_OK)
        inbox->next[record->partition] = record->offset + 1;
    return status;
}

/* Fills `items` from what has arrived; returns how many records that were. */
static enum status take_records(struct inbox *inbox, struct inbox_items *items, size_t *records,
                                struct error *error)
{
    enum status status = STATUS_OK;
    size_t bytes = 0;
    for (*records = 0; *records < INBOX_RECORDS_MAX && bytes < INBOX_BYTES_MAX;) {
        struct record record;
        struct place place;
        enum polled polled =
            consumer_poll(inbox->consumer, *records == 0 ? POLL_MS : 0, &record, &place, error);
        if (polled == POLLED_FATAL || polled == POLLED_NO_OFFSET)
            return STATUS_RETRY;
        if (polled == POLLED_END)
            continue;
        if (polled != POLLED_RECORD)
            break;
        bytes += record.value_size;
        ++*records;
        status = take_record(inbox, &record, items, error);
        record_free(&record);
        if (status != STATUS_OK)
            return status == STATUS_EXHAUSTED ? STATUS_RETRY : status;
    }
    return status;
}

/* What may not wait: there are too many already. */
static bool is_too_much(const struct inbox *inbox, const struct inbox_item *item)
{
    return !item->stored && inbox->waiting >= inbox->settings.waiting_max;
}

/* Publishes what is located, tells what waited too long, and saves the rest. */
static enum status settle(struct inbox *inbox, struct inbox_items *items, struct error *error)
{
    int64_t now_us = clock_wall_us();
    enum status status = inbox_locate(inbox, items, error);
    for (struct inbox_item *item = items->first; status == STATUS_OK && item != NULL;
         item = item->next) {
        bool late = item->stored && !item->expired && now_us > item->expires_us;
        if (item->refused) {
            metric_add(METRIC_DEAD_LETTERS, 1);
            status = inbox_reject(inbox, item, error);
        } else if (item->located) {
            status = inbox_publish(inbox, item, error);
        } else if (late || is_too_much(inbox, item)) {
            metric_add(METRIC_DEAD_LETTERS, 1);
            status = inbox_give_up(inbox, item, error);
            item->expired = true;
            item->located = !late; /* nothing of it is kept */
        }
    }
    if (status == STATUS_OK)
        status = flush(inbox, error);
    failpoint(NOTICED);
    return status == STATUS_OK ? inbox_save(inbox, items, error) : status;
}

static enum status turn(struct inbox *inbox, int64_t *check_us, struct error *error)
{
    struct inbox_items items = {0};
    size_t records = 0;
    arena_reset(inbox->arena);
    enum status status = take_records(inbox, &items, &records, error);
    if (status == STATUS_OK && records > 0)
        status = settle(inbox, &items, error);
    if (status != STATUS_OK || inbox->waiting == 0 || clock_monotonic_us() < *check_us)
        return status;
    *check_us = clock_monotonic_us() + CHECK_MS * 1000;
    items = (struct inbox_items){0};
    arena_reset(inbox->arena);
    status = inbox_load_due(inbox, &items, error);
    return status == STATUS_OK && items.count > 0 ? settle(inbox, &items, error) : status;
}

static void pause_ms(struct inbox *inbox, int timeout_ms)
{
    struct pollfd wake = {.fd = inbox->wake_fd, .events = POLLIN};
    uint64_t count = 0;
    if (poll(&wake, 1, timeout_ms) > 0)
        (void)!read(inbox->wake_fd, &count, sizeof count);
}

/* One step: leads and reads, or tries to. */
static enum status step(struct inbox *inbox, int64_t *check_us, struct error *error)
{
    enum status status = inbox_connect(inbox, error);
    if (status == STATUS_OK && !inbox->leads) {
        stop_reading(inbox);
        status = inbox_lead(inbox, error);
    }
    if (status != STATUS_OK)
        return status;
    if (!inbox->leads) {
        pause_ms(inbox, IDLE_MS);
        return STATUS_OK;
    }
    if (inbox->consumer == NULL)
        status = start_reading(inbox, error);
    return status == STATUS_OK ? turn(inbox, check_us, error) : status;
}

static void *run(void *context)
{
    struct inbox *inbox = context;
    int64_t check_us = 0;
    (void)pthread_setname_np(pthread_self(), "inbox");
    while (!is_stopping(inbox)) {
        struct error error = {0};
        if (step(inbox, &check_us, &error) == STATUS_OK)
            continue;
        /* From the saved progress again, on new connections. */
        log_write(LOG_WARNING, error.text[0] == '\0' ? "the inbox starts again" : error.text, NULL);
        stop_reading(inbox);
        pause_ms(inbox, IDLE_MS);
    }
    return NULL;
}

static void free_all(struct inbox *inbox)
{
    stop_reading(inbox);
    database_close(inbox->database);
    arena_destroy(inbox->arena);
    arena_destroy(inbox->database_arena);
    if (inbox->wake_fd >= 0)
        (void)close(inbox->wake_fd);
    (void)pthread_mutex_destroy(&inbox->mutex);
    free(inbox->facts);
    free(inbox);
}

enum status inbox_open(const struct inbox_settings *settings, struct inbox **inbox,
                       struct error *error)
{
    struct inbox *opened = calloc(1, sizeof *opened);
    if (opened == NULL)
        return error_set(error, STATUS_FATAL, "no memory for the inbox");
    opened->settings = *settings;
    opened->worker = *settings->worker;
    (void)pthread_mutex_init(&opened->mutex, NULL);
    opened->arena = arena_create(INBOX_ARENA_MAX);
    opened->database_arena = arena_create(INBOX_ARENA_MAX);
    opened->facts = calloc(1, sizeof *opened->facts);
    opened->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (opened->arena == NULL || opened->database_arena == NULL || opened->facts == NULL ||
        opened->wake_fd < 0 || pthread_create(&opened->thread, NULL, run, opened) != 0) {
        free_all(opened);
        return error_set(error, STATUS_FATAL, "the inbox's thread could not be started");
    }
    *inbox = opened;
    return STATUS_OK;
}

void inbox_close(struct inbox *inbox)
{
    const uint64_t one = 1;
    if (inbox == NULL)
        return;
    pthread_mutex_lock(&inbox->mutex);
    inbox->stopping = true;
    pthread_mutex_unlock(&inbox->mutex);
    (void)!write(inbox->wake_fd, &one, sizeof one);
    (void)pthread_join(inbox->thread, NULL);
    free_all(inbox);
}
