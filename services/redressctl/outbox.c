#include "outbox.h"

#include "arena.h"
#include "clock.h"
#include "envelope.h"
#include "event.h"
#include "message.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    OUTBOX_ARENA_MAX = 8 * 1024 * 1024, /* one packed message */
    /* Records are handed over in bursts: the producer does not wait for company, so records that
     * come one by one would go in batches of a few each. */
    OUTBOX_BURST_RECORDS = 2000,
    OUTBOX_BURST_BYTES = 2 * 1024 * 1024,
    OUTBOX_BURST_ARENA_MAX = 64 * 1024 * 1024,
    OUTBOX_POLL_MS = 100,
    OUTBOX_STUCK_MS = 60000, /* no acknowledgement for this long: the broker is down */
    OUTBOX_METADATA_MS = 30000,
    OUTBOX_PATH_MAX = 4096,
    OUTBOX_FILE_BUFFER = 1 << 20
};

/* A record that waits for the burst; everything is in the burst's arena. */
struct pending {
    struct place place;
    const void *key;
    size_t key_size;
    const void *value;
    size_t value_size;
    struct header *headers;
    size_t header_count;
};

struct outbox {
    struct producer *producer; /* NULL: writes to files */
    struct pending pending[OUTBOX_BURST_RECORDS];
    size_t pending_count;
    struct arena *burst;
    int wake_fd;
    int32_t partitions[TOPIC_COUNT];
    const char *folder;
    FILE *files[TOPIC_COUNT];
    struct arena *arena;
    int64_t sent[TOPIC_COUNT];
    int64_t sent_in_all;
    int64_t delivered;
    struct error failure; /* of the first record that could not be delivered */
};

static void delivered(void *context, void *token, enum status status, const char *reason)
{
    struct outbox *outbox = context;
    (void)token;
    if (status == STATUS_OK)
        outbox->delivered++;
    else if (outbox->failure.text[0] == '\0')
        (void)error_set(&outbox->failure, STATUS_FATAL, "Kafka did not take a record: %s", reason);
}

static enum status create(struct outbox **outbox, struct error *error)
{
    struct outbox *made = calloc(1, sizeof *made);
    if (made == NULL)
        return error_set(error, STATUS_EXHAUSTED, "no memory");
    made->wake_fd = -1;
    made->arena = arena_create(OUTBOX_ARENA_MAX);
    made->burst = arena_create(OUTBOX_BURST_ARENA_MAX);
    if (made->arena == NULL || made->burst == NULL) {
        outbox_close(made);
        return error_set(error, STATUS_EXHAUSTED, "no memory");
    }
    *outbox = made;
    return STATUS_OK;
}

static enum status learn_partitions(const struct session *session, struct outbox *outbox,
                                    struct error *error)
{
    struct consumer *reader;
    enum status status = reader_open(&session->config, &reader, error);
    if (status != STATUS_OK)
        return status;
    status = consumer_partitions(reader, outbox->partitions, OUTBOX_METADATA_MS, error);
    consumer_close(reader);
    return status;
}

enum status outbox_open(const struct session *session, struct outbox **outbox, struct error *error)
{
    struct outbox *made;
    enum status status = create(&made, error);
    if (status != STATUS_OK)
        return status;
    status = learn_partitions(session, made, error);
    made->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (status == STATUS_OK)
        status = producer_open(&session->config, "redressctl", made->wake_fd, delivered, made,
                               &made->producer, error);
    if (status != STATUS_OK) {
        outbox_close(made);
        return status;
    }
    *outbox = made;
    return STATUS_OK;
}

enum status outbox_open_folder(const char *folder, struct outbox **outbox, struct error *error)
{
    if (mkdir(folder, 0777) != 0 && errno != EEXIST)
        return error_set(error, STATUS_INVALID, "making the folder %s: %s", folder,
                         strerror(errno));
    enum status status = create(outbox, error);
    if (status == STATUS_OK)
        (*outbox)->folder = folder;
    return status;
}

static FILE *file_of(struct outbox *outbox, enum topic topic, struct error *error)
{
    char path[OUTBOX_PATH_MAX];
    if (outbox->files[topic] != NULL)
        return outbox->files[topic];
    (void)snprintf(path, sizeof path, "%s/%s.jsonl", outbox->folder, topic_info(topic)->name);
    FILE *file = fopen(path, "w");
    if (file == NULL)
        (void)error_set(error, STATUS_INVALID, "writing %s: %s", path, strerror(errno));
    else
        (void)setvbuf(file, NULL, _IOFBF, OUTBOX_FILE_BUFFER);
    outbox->files[topic] = file;
    return file;
}

static enum status write_line(struct outbox *outbox, enum topic topic,
                              const ProtobufCMessage *message, struct error *error)
{
    FILE *file = file_of(outbox, topic, error);
    if (file == NULL)
        return STATUS_INVALID;
    json_t *json = message_to_json(message);
    int failed = json == NULL || json_dumpf(json, file, JSON_COMPACT) != 0 || fputc('\n', file) < 0;
    json_decref(json);
    return failed ? error_set(error, STATUS_EXHAUSTED, "writing an event of %s: %s",
                              topic_info(topic)->name, strerror(errno))
                  : STATUS_OK;
}

static enum status poll_once(struct outbox *outbox, int timeout_ms, struct error *error)
{
    enum status status = producer_poll(outbox->producer, timeout_ms, error);
    if (status != STATUS_OK)
        return status;
    if (outbox->failure.text[0] != '\0')
        return error_set(error, STATUS_FATAL, "%s", outbox->failure.text);
    return STATUS_OK;
}

/* Polls until the queue has room, or is empty; gives up when acknowledgements stop coming. */
static enum status poll_below(struct outbox *outbox, size_t waiting, struct error *error)
{
    int64_t seen = outbox->delivered, since_us = clock_monotonic_us();
    while (producer_waiting(outbox->producer) > waiting) {
        enum status status = poll_once(outbox, OUTBOX_POLL_MS, error);
        if (status != STATUS_OK)
            return status;
        if (outbox->delivered != seen) {
            seen = outbox->delivered;
            since_us = clock_monotonic_us();
        }
        if (clock_monotonic_us() - since_us > OUTBOX_STUCK_MS * INT64_C(1000))
            return error_set(error, STATUS_RETRY, "Kafka has acknowledged nothing for %d s",
                             OUTBOX_STUCK_MS / 1000);
    }
    return STATUS_OK;
}

static enum status hand_over(struct outbox *outbox, const struct pending *record,
                             struct error *error)
{
    for (;;) {
        enum status status =
            producer_send(outbox->producer, &record->place, record->key, record->key_size,
                          record->value, record->value_size, record->headers,
                          record->header_count, NULL, error);
        if (status == STATUS_EXHAUSTED)
            status = poll_below(outbox, producer_waiting(outbox->producer) / 2, error);
        else if (status == STATUS_OK)
            return STATUS_OK;
        if (status != STATUS_OK)
            return status;
    }
}

static enum status hand_over_all(struct outbox *outbox, struct error *error)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < outbox->pending_count && status == STATUS_OK; i++)
        status = hand_over(outbox, &outbox->pending[i], error);
    outbox->pending_count = 0;
    arena_reset(outbox->burst);
    return status == STATUS_OK ? poll_once(outbox, 0, error) : status;
}

static void *copy(struct arena *arena, const void *bytes, size_t size)
{
    return bytes == NULL ? NULL : arena_memdup(arena, bytes, size);
}

/* Copies the record into the burst. */
static enum status keep_pending(struct outbox *outbox, const struct pending *record,
                                struct error *error)
{
    struct arena *arena = outbox->burst;
    struct pending *kept = &outbox->pending[outbox->pending_count];
    *kept = *record;
    kept->key = copy(arena, record->key, record->key_size);
    kept->value = copy(arena, record->value, record->value_size);
    kept->headers = arena_array(arena, record->header_count + 1, sizeof *kept->headers);
    for (size_t i = 0; i < record->header_count && kept->headers != NULL; i++)
        kept->headers[i] = (struct header){
            .name = arena_strdup(arena, record->headers[i].name),
            .value = copy(arena, record->headers[i].value, record->headers[i].size),
            .size = record->headers[i].size,
        };
    if (arena_exhausted(arena))
        return error_set(error, STATUS_EXHAUSTED, "no memory");
    outbox->pending_count++;
    return STATUS_OK;
}

enum status outbox_send_raw(struct outbox *outbox, enum topic topic, int32_t partition,
                            const void *key, size_t key_size, const void *value,
                            size_t value_size, const struct header *headers, size_t header_count,
                            struct error *error)
{
    const char *name = topic_info(topic)->name;
    int32_t partitions = outbox->partitions[topic];
    if (partitions == 0)
        return error_set(error, STATUS_NOT_FOUND,
                         "topic %s does not exist: run redressctl topics create", name);
    struct pending record = {
        .place = {.topic = topic,
                  .partition = partition >= 0 ? partition
                               : key == NULL  ? 0
                                              : topic_partition(key, key_size, partitions)},
        .key = key,
        .key_size = key_size,
        .value = value,
        .value_size = value_size,
        .headers = (struct header *)(uintptr_t)headers,
        .header_count = header_count,
    };
    if (record.place.partition >= partitions)
        return error_set(error, STATUS_INVALID, "topic %s has %d partitions, there is no %d", name,
                         (int)partitions, (int)record.place.partition);
    enum status status = keep_pending(outbox, &record, error);
    if (status != STATUS_OK)
        return status;
    outbox->sent[topic]++;
    outbox->sent_in_all++;
    if (outbox->pending_count == OUTBOX_BURST_RECORDS ||
        arena_used(outbox->burst) >= OUTBOX_BURST_BYTES)
        return hand_over_all(outbox, error);
    return STATUS_OK;
}

/* Headers while they are put together; all point to texts of the caller's. */
struct header_list {
    struct header items[BROKER_HEADERS_MAX];
    size_t count;
};

static void add_bytes(struct header_list *list, const char *name, const void *value, size_t size)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].name, name) == 0)
            return;
    if (list->count < BROKER_HEADERS_MAX)
        list->items[list->count++] = (struct header){name, value, size};
}

static void add(struct header_list *list, const char *name, const char *value)
{
    add_bytes(list, name, value, strlen(value));
}

static const char *header_text(const struct header_list *list, const char *name,
                               char text[ENVELOPE_VALUE_MAX])
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].name, name) == 0) {
            (void)snprintf(text, ENVELOPE_VALUE_MAX, "%.*s", (int)list->items[i].size,
                           (const char *)list->items[i].value);
            return text;
        }
    return "";
}

struct packed {
    uint8_t *bytes;
    size_t size;
    char key[EVENT_KEY_MAX];
};

static enum status pack(struct outbox *outbox, enum topic topic, const ProtobufCMessage *message,
                        struct packed *packed, struct error *error)
{
    enum status status = event_key(topic, message, packed->key, error);
    if (status != STATUS_OK)
        return status;
    arena_reset(outbox->arena);
    status = message_pack(message, outbox->arena, &packed->bytes, &packed->size);
    if (status != STATUS_OK || packed->size > topic_info(topic)->bytes_max)
        return error_set(error, STATUS_INVALID, "the event of %s has more than %zu bytes",
                         packed->key, topic_info(topic)->bytes_max);
    return STATUS_OK;
}

enum status outbox_send_with(struct outbox *outbox, enum topic topic,
                             const ProtobufCMessage *message, const struct header *extra,
                             size_t extra_count, struct error *error)
{
    struct packed packed;
    char id[EVENT_ID_MAX], given_id[ENVELOPE_VALUE_MAX], time[CLOCK_TEXT_MAX];
    char trace[TRACEPARENT_SIZE];
    struct header_list headers = {.count = 0};
    int64_t time_us;
    enum status status = pack(outbox, topic, message, &packed, error);
    if (status != STATUS_OK)
        return status;
    if (outbox->producer == NULL) {
        outbox->sent[topic]++;
        outbox->sent_in_all++;
        return write_line(outbox, topic, message, error);
    }
    for (size_t i = 0; i < extra_count; i++)
        add_bytes(&headers, extra[i].name, extra[i].value, extra[i].size);
    add(&headers, "ce_specversion", "1.0");
    add(&headers, "ce_id", event_id(topic, packed.bytes, packed.size, id));
    add(&headers, "ce_source", "redressctl");
    add(&headers, "ce_type", topic_info(topic)->ce_type);
    if (event_time(message, &time_us))
        add(&headers, "ce_time", clock_format(time_us, time));
    add(&headers, "content-type", "application/protobuf");
    add(&headers, "traceparent",
        envelope_trace(NULL, header_text(&headers, "ce_id", given_id), trace));
    return outbox_send_raw(outbox, topic, -1, packed.key, strlen(packed.key), packed.bytes,
                           packed.size, headers.items, headers.count, error);
}

enum status outbox_send(struct outbox *outbox, enum topic topic, const ProtobufCMessage *message,
                        struct error *error)
{
    return outbox_send_with(outbox, topic, message, NULL, 0, error);
}

enum status outbox_flush(struct outbox *outbox, struct error *error)
{
    if (outbox->producer != NULL) {
        enum status status = hand_over_all(outbox, error);
        return status == STATUS_OK ? poll_below(outbox, 0, error) : status;
    }
    for (size_t i = 0; i < TOPIC_COUNT; i++)
        if (outbox->files[i] != NULL && fflush(outbox->files[i]) != 0)
            return error_set(error, STATUS_EXHAUSTED, "writing to %s: %s", outbox->folder,
                             strerror(errno));
    return STATUS_OK;
}

int64_t outbox_sent(const struct outbox *outbox, enum topic topic)
{
    return outbox->sent[topic];
}

int64_t outbox_sent_in_all(const struct outbox *outbox)
{
    return outbox->sent_in_all;
}

void outbox_close(struct outbox *outbox)
{
    if (outbox == NULL)
        return;
    if (outbox->producer != NULL)
        producer_close(outbox->producer);
    if (outbox->wake_fd >= 0)
        (void)close(outbox->wake_fd);
    for (size_t i = 0; i < TOPIC_COUNT; i++)
        if (outbox->files[i] != NULL)
            (void)fclose(outbox->files[i]);
    arena_destroy(outbox->arena);
    arena_destroy(outbox->burst);
    free(outbox);
}
