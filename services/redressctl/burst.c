#include "burst.h"

#include "arena.h"
#include "clock.h"

#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    BURST_ARENA_MAX = 64 * 1024 * 1024,
    BURST_POLL_MS = 100,
    BURST_STUCK_MS = 60000 /* no acknowledgement for this long: the broker is down */
};

/* A record; everything is in the arena. */
struct pending {
    struct place place;
    const void *key;
    size_t key_size;
    const void *value;
    size_t value_size;
    struct header *headers;
    size_t header_count;
};

struct burst {
    struct producer *producer;
    int wake_fd;
    struct arena *arena;
    struct pending pending[BURST_RECORDS];
    size_t count;
    int64_t delivered;
    struct error failure; /* of the first record that could not be delivered */
};

static void delivered(void *context, void *token, enum status status, const char *reason)
{
    struct burst *burst = context;
    (void)token;
    if (status == STATUS_OK)
        burst->delivered++;
    else if (burst->failure.text[0] == '\0')
        (void)error_set(&burst->failure, STATUS_FATAL, "Kafka did not take a record: %s", reason);
}

enum status burst_open(const struct session *session, struct burst **burst, struct error *error)
{
    struct burst *made = calloc(1, sizeof *made);
    if (made == NULL)
        return error_set(error, STATUS_EXHAUSTED, "no memory");
    made->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    made->arena = arena_create(BURST_ARENA_MAX);
    enum status status = made->arena == NULL
                             ? error_set(error, STATUS_EXHAUSTED, "no memory")
                             : producer_open(&session->config, "redressctl", made->wake_fd,
                                             delivered, made, &made->producer, error);
    if (status != STATUS_OK) {
        burst_close(made);
        return status;
    }
    *burst = made;
    return STATUS_OK;
}

static enum status poll_once(struct burst *burst, int timeout_ms, struct error *error)
{
    enum status status = producer_poll(burst->producer, timeout_ms, error);
    if (status != STATUS_OK)
        return status;
    if (burst->failure.text[0] != '\0')
        return error_set(error, STATUS_FATAL, "%s", burst->failure.text);
    return STATUS_OK;
}

/* Polls until the queue has room, or is empty; gives up when acknowledgements stop coming. */
static enum status poll_below(struct burst *burst, size_t waiting, struct error *error)
{
    int64_t seen = burst->delivered, since_us = clock_monotonic_us();
    while (producer_waiting(burst->producer) > waiting) {
        enum status status = poll_once(burst, BURST_POLL_MS, error);
        if (status != STATUS_OK)
            return status;
        if (burst->delivered != seen) {
            seen = burst->delivered;
            since_us = clock_monotonic_us();
        }
        if (clock_monotonic_us() - since_us > BURST_STUCK_MS * INT64_C(1000))
            return error_set(error, STATUS_RETRY, "Kafka has acknowledged nothing for %d s",
                             BURST_STUCK_MS / 1000);
    }
    return STATUS_OK;
}

static enum status hand_over(struct burst *burst, const struct pending *record, struct error *error)
{
    for (;;) {
        enum status status = producer_send(burst->producer, &record->place, record->key,
                                           record->key_size, record->value, record->value_size,
                                           record->headers, record->header_count, NULL, error);
        if (status == STATUS_EXHAUSTED)
            status = poll_below(burst, producer_waiting(burst->producer) / 2, error);
        else if (status == STATUS_OK)
            return STATUS_OK;
        if (status != STATUS_OK)
            return status;
    }
}

static enum status hand_over_all(struct burst *burst, struct error *error)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < burst->count && status == STATUS_OK; i++)
        status = hand_over(burst, &burst->pending[i], error);
    burst->count = 0;
    arena_reset(burst->arena);
    return status == STATUS_OK ? poll_once(burst, 0, error) : status;
}

static void *copy(struct arena *arena, const void *bytes, size_t size)
{
    return bytes == NULL ? NULL : arena_memdup(arena, bytes, size);
}

static struct header *copy_headers(struct arena *arena, const struct header *headers, size_t count)
{
    struct header *copies = arena_array(arena, count + 1, sizeof *copies);
    for (size_t i = 0; i < count && copies != NULL; i++)
        copies[i] = (struct header){
            .name = arena_strdup(arena, headers[i].name),
            .value = copy(arena, headers[i].value, headers[i].size),
            .size = headers[i].size,
        };
    return copies;
}

enum status burst_add(struct burst *burst, const struct place *place, const void *key,
                      size_t key_size, const void *value, size_t value_size,
                      const struct header *headers, size_t header_count, struct error *error)
{
    burst->pending[burst->count] = (struct pending){
        .place = *place,
        .key = copy(burst->arena, key, key_size),
        .key_size = key_size,
        .value = copy(burst->arena, value, value_size),
        .value_size = value_size,
        .headers = copy_headers(burst->arena, headers, header_count),
        .header_count = header_count,
    };
    if (arena_exhausted(burst->arena))
        return error_set(error, STATUS_EXHAUSTED, "no memory");
    burst->count++;
    if (burst->count == BURST_RECORDS || arena_used(burst->arena) >= BURST_BYTES)
        return hand_over_all(burst, error);
    return STATUS_OK;
}

enum status burst_flush(struct burst *burst, struct error *error)
{
    enum status status = hand_over_all(burst, error);
    return status == STATUS_OK ? poll_below(burst, 0, error) : status;
}

void burst_close(struct burst *burst)
{
    if (burst == NULL)
        return;
    if (burst->producer != NULL)
        producer_close(burst->producer);
    if (burst->wake_fd >= 0)
        (void)close(burst->wake_fd);
    arena_destroy(burst->arena);
    free(burst);
}
