#include "ring.h"

#include <endian.h>
#include <string.h>

static const uint32_t no_key = UINT32_MAX;

void ring_start(struct ring_buffer *buffer, struct arena *arena, size_t limit)
{
    *buffer = (struct ring_buffer){.arena = arena, .limit = limit};
}

static bool reserve(struct ring_buffer *buffer, size_t need)
{
    if (need > buffer->limit || buffer->size > buffer->limit - need)
        return false;
    uint8_t *bytes = arena_grow(buffer->arena, buffer->bytes, buffer->size, &buffer->capacity,
                                buffer->size + need);
    if (bytes == NULL)
        return false;
    buffer->bytes = bytes;
    return true;
}

static void put(struct ring_buffer *buffer, const void *bytes, size_t size)
{
    if (size > 0)
        memcpy(buffer->bytes + buffer->size, bytes, size);
    buffer->size += size;
}

static void put_u8(struct ring_buffer *buffer, size_t value)
{
    uint8_t byte = (uint8_t)value;
    put(buffer, &byte, 1);
}

static void put_u16(struct ring_buffer *buffer, size_t value)
{
    uint16_t wire = htobe16((uint16_t)value);
    put(buffer, &wire, sizeof wire);
}

static void put_u32(struct ring_buffer *buffer, uint32_t value)
{
    uint32_t wire = htobe32(value);
    put(buffer, &wire, sizeof wire);
}

static size_t size_of(const struct ring_record *record, const char *topic)
{
    size_t size = 1 + strlen(topic) + 4 + 4 + record->key_size + 4 + record->value_size + 1;
    for (size_t i = 0; i < record->header_count; i++)
        size += 1 + strlen(record->headers[i].name) + 2 + record->headers[i].size;
    return size;
}

static bool headers_fit(const struct ring_record *record)
{
    if (record->header_count > RING_HEADERS_MAX)
        return false;
    for (size_t i = 0; i < record->header_count; i++)
        if (strlen(record->headers[i].name) > UINT8_MAX || record->headers[i].size > UINT16_MAX)
            return false;
    return true;
}

enum status ring_append(struct ring_buffer *buffer, const struct ring_record *record)
{
    const char *topic = topic_info(record->topic)->name;
    if (!headers_fit(record) || !reserve(buffer, size_of(record, topic)))
        return STATUS_EXHAUSTED;
    put_u8(buffer, strlen(topic));
    put(buffer, topic, strlen(topic));
    put_u32(buffer, (uint32_t)record->partition);
    put_u32(buffer, record->key == NULL ? no_key : (uint32_t)record->key_size);
    if (record->key != NULL)
        put(buffer, record->key, record->key_size);
    put_u32(buffer, (uint32_t)record->value_size);
    put(buffer, record->value, record->value_size);
    put_u8(buffer, record->header_count);
    for (size_t i = 0; i < record->header_count; i++) {
        put_u8(buffer, strlen(record->headers[i].name));
        put(buffer, record->headers[i].name, strlen(record->headers[i].name));
        put_u16(buffer, record->headers[i].size);
        put(buffer, record->headers[i].value, record->headers[i].size);
    }
    buffer->count++;
    return STATUS_OK;
}

/* Reading: `left` bytes at `at`; a read past the end marks it bad and gives zeroes. */
struct reader {
    const uint8_t *at;
    size_t left;
    bool bad;
};

static const uint8_t *get(struct reader *reader, size_t size)
{
    if (reader->bad || size > reader->left) {
        reader->bad = true;
        return NULL;
    }
    const uint8_t *bytes = reader->at;
    reader->at += size;
    reader->left -= size;
    return bytes;
}

static size_t get_number(struct reader *reader, size_t size)
{
    const uint8_t *bytes = get(reader, size);
    size_t value = 0;
    for (size_t i = 0; bytes != NULL && i < size; i++)
        value = value << 8 | bytes[i];
    return value;
}

static enum topic get_topic(struct reader *reader)
{
    char name[UINT8_MAX + 1] = "";
    size_t size = get_number(reader, 1);
    const uint8_t *bytes = get(reader, size);
    if (bytes != NULL)
        memcpy(name, bytes, size);
    enum topic topic = topic_find(name);
    if (topic == TOPIC_COUNT)
        reader->bad = true;
    return topic;
}

static void get_headers(struct reader *reader, struct arena *arena, struct ring_record *record)
{
    record->header_count = get_number(reader, 1);
    if (record->header_count > RING_HEADERS_MAX)
        reader->bad = true;
    for (size_t i = 0; !reader->bad && i < record->header_count; i++) {
        struct header *header = &record->headers[i];
        size_t name_size = get_number(reader, 1);
        header->name = arena_strndup(arena, (const char *)get(reader, name_size), name_size);
        header->size = get_number(reader, 2);
        header->value = get(reader, header->size);
        if (header->name == NULL)
            reader->bad = true;
    }
}

bool ring_next(const uint8_t *bytes, size_t size, size_t *at, struct arena *arena,
               struct ring_record *record, enum status *status)
{
    *status = STATUS_OK;
    if (*at >= size)
        return false;
    struct reader reader = {.at = bytes + *at, .left = size - *at};
    record->topic = get_topic(&reader);
    record->partition = (int32_t)(uint32_t)get_number(&reader, 4);
    size_t key_size = get_number(&reader, 4);
    record->key_size = key_size == no_key ? 0 : key_size;
    record->key = key_size == no_key ? NULL : get(&reader, key_size);
    record->value_size = get_number(&reader, 4);
    record->value = get(&reader, record->value_size);
    get_headers(&reader, arena, record);
    if (reader.bad) {
        *status = STATUS_INVALID;
        return false;
    }
    *at = size - reader.left;
    return true;
}
