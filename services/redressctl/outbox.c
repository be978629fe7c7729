#include "outbox.h"

#include "arena.h"
#include "burst.h"
#include "clock.h"
#include "envelope.h"
#include "event.h"
#include "message.h"
#include "signature.h"
#include "stage_seal.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    OUTBOX_ARENA_MAX = 8 * 1024 * 1024, /* one packed message */
    OUTBOX_METADATA_MS = 30000,
    OUTBOX_PATH_MAX = 4096,
    OUTBOX_FILE_BUFFER = 1 << 20
};

struct outbox {
    struct burst *burst;              /* NULL: writes to files */
    struct approval_keys *stage_keys; /* NULL: nothing is sealed */
    struct signature_secret console;  /* its id empty: no goods are signed */
    int32_t partitions[TOPIC_COUNT];
    const char *folder;
    FILE *files[TOPIC_COUNT];
    struct arena *arena;
    int64_t sent[TOPIC_COUNT];
    int64_t sent_in_all;
};

static enum status create(struct outbox **outbox, struct error *error)
{
    struct outbox *made = calloc(1, sizeof *made);
    if (made == NULL)
        return error_set(error, STATUS_EXHAUSTED, "no memory");
    made->arena = arena_create(OUTBOX_ARENA_MAX);
    if (made->arena == NULL) {
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
    if (status == STATUS_OK)
        status = burst_open(session, &made->burst, error);
    if (status == STATUS_OK && session->config.stage_keys[0] != '\0')
        status = approval_keys_read(session->config.stage_keys, &made->stage_keys, error);
    if (status == STATUS_OK && session->console_key[0] != '\0')
        status = signature_secret_read(session->console_key, &made->console, error);
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

enum status outbox_send_raw(struct outbox *outbox, enum topic topic, int32_t partition,
                            const void *key, size_t key_size, const void *value, size_t value_size,
                            const struct header *headers, size_t header_count, struct error *error)
{
    const char *name = topic_info(topic)->name;
    int32_t partitions = outbox->partitions[topic];
    if (partitions == 0)
        return error_set(error, STATUS_NOT_FOUND,
                         "topic %s does not exist: run redressctl topics create", name);
    struct place place = {
        .topic = topic,
        .partition = partition >= 0 ? partition
                     : key == NULL  ? 0
                                    : topic_partition(key, key_size, partitions),
    };
    if (place.partition >= partitions)
        return error_set(error, STATUS_INVALID, "topic %s has %d partitions, there is no %d", name,
                         (int)partitions, (int)place.partition);
    enum status status = burst_add(outbox->burst, &place, key, key_size, value, value_size, headers,
                                   header_count, error);
    if (status != STATUS_OK)
        return status;
    outbox->sent[topic]++;
    outbox->sent_in_all++;
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

/* What a topic asks of its writers beside the content, as far as there are keys for it. */
static void vouch(struct outbox *outbox, enum topic topic, const struct packed *packed,
                  struct header_list *headers, char text[SIGNATURE_TEXT])
{
    char given_id[ENVELOPE_VALUE_MAX];
    const char *id = header_text(headers, "ce_id", given_id);
    if (topic_info(topic)->internal && outbox->stage_keys != NULL)
        add(headers, "redress_seal",
            stage_seal(outbox->stage_keys, topic, id, packed->bytes, packed->size, text));
    if (topic == TOPIC_GOODS && outbox->console.id[0] != '\0' &&
        signature_sign_record(&outbox->console, id, packed->bytes, packed->size, outbox->arena,
                              text) != NULL)
        add(headers, "redress_signature", text);
}

enum status outbox_send_with(struct outbox *outbox, enum topic topic,
                             const ProtobufCMessage *message, const struct header *extra,
                             size_t extra_count, struct error *error)
{
    struct packed packed;
    char id[EVENT_ID_MAX], given_id[ENVELOPE_VALUE_MAX], time[CLOCK_TEXT_MAX];
    char trace[TRACEPARENT_SIZE], vouched[SIGNATURE_TEXT];
    struct header_list headers = {.count = 0};
    int64_t time_us;
    enum status status = pack(outbox, topic, message, &packed, error);
    if (status != STATUS_OK)
        return status;
    if (outbox->burst == NULL) {
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
    vouch(outbox, topic, &packed, &headers, vouched);
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
    if (outbox->burst != NULL)
        return burst_flush(outbox->burst, error);
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
    burst_close(outbox->burst);
    approval_keys_destroy(outbox->stage_keys);
    signature_secret_wipe(&outbox->console);
    for (size_t i = 0; i < TOPIC_COUNT; i++)
        if (outbox->files[i] != NULL)
            (void)fclose(outbox->files[i]);
    arena_destroy(outbox->arena);
    free(outbox);
}
