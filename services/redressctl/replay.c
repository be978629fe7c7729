#include "replay.h"

#include "clock.h"

#include <stdlib.h>
#include <string.h>

enum {
    REPLAY_TIMEOUT_MS = 30000, /* of a question to the broker, and without any record */
    REPLAY_POLL_MS = 100
};

/* The partitions that are read, from and to where. */
struct span {
    struct place *first;
    struct place *end;
    size_t count;
    size_t left; /* partitions that have not reached their end */
};

static void span_free(struct span *span)
{
    free(span->first);
    free(span->end);
}

static enum status span_add(struct span *span, enum topic topic, const char *key,
                            int32_t partitions, struct error *error)
{
    if (partitions == 0)
        return error_set(error, STATUS_NOT_FOUND,
                         "topic %s does not exist: run redressctl topics create",
                         topic_info(topic)->name);
    int32_t from = key == NULL ? 0 : topic_partition(key, strlen(key), partitions);
    int32_t until = key == NULL ? partitions : from + 1;
    for (int32_t i = from; i < until; i++)
        span->first[span->count++] = (struct place){.topic = topic, .partition = i};
    return STATUS_OK;
}

static enum status span_find(struct consumer *reader, const struct replay *replay,
                             struct span *span, struct error *error)
{
    int32_t partitions[TOPIC_COUNT] = {0};
    size_t room = 0;
    enum status status = consumer_partitions(reader, partitions, REPLAY_TIMEOUT_MS, error);
    for (size_t i = 0; i < replay->topic_count; i++)
        room += (size_t)partitions[replay->topics[i]];
    span->first = calloc(room + 1, sizeof *span->first);
    span->end = calloc(room + 1, sizeof *span->end);
    if (span->first == NULL || span->end == NULL)
        return error_set(error, STATUS_EXHAUSTED, "no memory");
    for (size_t i = 0; i < replay->topic_count && status == STATUS_OK; i++)
        status =
            span_add(span, replay->topics[i], replay->key, partitions[replay->topics[i]], error);
    if (status != STATUS_OK)
        return status;
    memcpy(span->end, span->first, span->count * sizeof *span->end);
    status = consumer_bounds(reader, span->first, span->end, span->count, REPLAY_TIMEOUT_MS, error);
    for (size_t i = 0; i < span->count; i++)
        span->left += span->first[i].offset < span->end[i].offset;
    return status;
}

/* Everything below `offset` was seen. */
static void span_advance(struct span *span, enum topic topic, int32_t partition, int64_t offset)
{
    for (size_t i = 0; i < span->count; i++) {
        struct place *at = &span->first[i], *end = &span->end[i];
        if (at->topic != topic || at->partition != partition)
            continue;
        if (at->offset < end->offset && offset >= end->offset)
            span->left--;
        at->offset = offset > at->offset ? offset : at->offset;
        return;
    }
}

static bool wanted(const struct replay *replay, const struct record *record)
{
    return replay->key == NULL || (record->key != NULL && record->key_size == strlen(replay->key) &&
                                   memcmp(record->key, replay->key, record->key_size) == 0);
}

static enum status take_record(const struct replay *replay, struct span *span,
                               struct record *record, record_taker *take, void *context,
                               struct error *error)
{
    enum status status = wanted(replay, record) ? take(context, record, error) : STATUS_OK;
    span_advance(span, record->topic, record->partition, record->offset + 1);
    record_free(record);
    return status;
}

static enum status read_span(struct consumer *reader, const struct replay *replay,
                             struct span *span, record_taker *take, void *context,
                             struct error *error)
{
    int64_t heard_us = clock_monotonic_us();
    while (replay->follow || span->left > 0) {
        struct record record;
        struct place place;
        enum status status = STATUS_OK;
        switch (consumer_poll(reader, REPLAY_POLL_MS, &record, &place, error)) {
        case POLLED_RECORD:
            status = take_record(replay, span, &record, take, context, error);
            heard_us = clock_monotonic_us();
            break;
        case POLLED_END:
            span_advance(span, place.topic, place.partition, place.offset);
            break;
        case POLLED_NO_OFFSET:
            return error_set(error, STATUS_NOT_FOUND,
                             "records of %s went away while they were read: try again",
                             topic_info(place.topic)->name);
        case POLLED_FATAL:
            return STATUS_FATAL;
        case POLLED_NOTHING:
        case POLLED_ASSIGNED:
        case POLLED_REVOKED:
        case POLLED_ERROR:
            break;
        }
        if (status != STATUS_OK)
            return status == STATUS_NOT_FOUND ? STATUS_OK : status;
        if (!replay->follow && clock_monotonic_us() - heard_us > REPLAY_TIMEOUT_MS * INT64_C(1000))
            return error_set(error, STATUS_RETRY, "Kafka has sent nothing for %d s",
                             REPLAY_TIMEOUT_MS / 1000);
    }
    return STATUS_OK;
}

enum status replay_run(const struct session *session, const struct replay *replay,
                       record_taker *take, void *context, struct error *error)
{
    struct consumer *reader;
    struct span span = {0};
    enum status status = reader_open(&session->config, &reader, error);
    if (status != STATUS_OK)
        return status;
    status = span_find(reader, replay, &span, error);
    if (status == STATUS_OK)
        status = consumer_assign(reader, span.first, span.count, error);
    if (status == STATUS_OK)
        status = read_span(reader, replay, &span, take, context, error);
    consumer_close(reader);
    span_free(&span);
    return status;
}
