#include "record_json.h"

#include "clock.h"
#include "message.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char base64_prefix[] = "base64:";

/* `prefix` and the bytes in base64. A new reference; NULL: no memory. */
static json_t *base64_json(const char *prefix, const void *bytes, size_t size)
{
    size_t before = strlen(prefix);
    char *text = malloc(before + (size + 2) / 3 * 4 + 1);
    if (text == NULL)
        return NULL;
    memcpy(text, prefix, before + 1);
    (void)EVP_EncodeBlock((unsigned char *)text + before, bytes, (int)size);
    json_t *json = json_string(text);
    free(text);
    return json;
}

static json_t *text_json(const void *bytes, size_t size)
{
    json_t *json = bytes == NULL ? json_null() : json_stringn(bytes, size);
    return json == NULL ? base64_json(base64_prefix, bytes, size) : json;
}

json_t *record_value_json(const struct record *record, enum topic topic, struct arena *arena)
{
    ProtobufCMessage *message;
    struct error error;
    if (record->value == NULL)
        return json_null();
    arena_reset(arena);
    if (topic < TOPIC_COUNT &&
        message_unpack(topic_info(topic)->message, record->value, record->value_size, arena,
                       &message, &error) == STATUS_OK)
        return message_to_json(message);
    return json_pack("{s:o}", "base64", base64_json("", record->value, record->value_size));
}

static enum status take_header(void *context, const char *name, const void *value, size_t size)
{
    json_object_set_new(context, name, text_json(value == NULL ? "" : value, size));
    return STATUS_OK;
}

json_t *record_headers_json(const struct record *record)
{
    json_t *headers = json_object();
    if (record_headers(record, take_header, headers) != STATUS_OK)
        json_object_clear(headers);
    return headers;
}

json_t *record_digest_json(const struct record *record)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    char text[2 * EVP_MAX_MD_SIZE + 1];
    unsigned size = 0;
    if (record->value == NULL ||
        EVP_Digest(record->value, record->value_size, digest, &size, EVP_sha256(), NULL) != 1)
        return json_null();
    for (unsigned i = 0; i < size; i++)
        (void)snprintf(text + 2 * (size_t)i, 3, "%02x", digest[i]);
    return json_string(text);
}

json_t *record_to_json(const struct record *record, enum topic topic, struct arena *arena)
{
    char time[CLOCK_TEXT_MAX];
    return json_pack("{s:s, s:i, s:I, s:s, s:o, s:o, s:o}", "topic",
                     topic_info(record->topic)->name, "partition", (int)record->partition, "offset",
                     (json_int_t)record->offset, "timestamp",
                     clock_format(record->timestamp_ms * 1000, time), "key",
                     text_json(record->key, record->key_size), "headers",
                     record_headers_json(record), "event", record_value_json(record, topic, arena));
}
