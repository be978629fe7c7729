#include "message_internal.h"

#include "clock.h"
#include "wire.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_MAX_BYTES = 256, SHOWN_MAX = 64 };

/* Where the reader is: a chain from the innermost value outwards. */
struct place {
    const struct place *outer;
    const char *name; /* NULL for an element of a list */
    size_t index;
};

struct reader {
    struct arena *arena;
    struct error *error;
};

static void append_path(const struct place *place, char *path)
{
    if (place == NULL)
        return;
    append_path(place->outer, path);
    size_t size = strlen(path);
    if (place->name == NULL)
        (void)snprintf(path + size, PATH_MAX_BYTES - size, "[%zu]", place->index);
    else
        (void)snprintf(path + size, PATH_MAX_BYTES - size, "%s%s", size == 0 ? "" : ".",
                       place->name);
}

static enum status refuse(const struct reader *reader, const struct place *place, const char *rule)
{
    char path[PATH_MAX_BYTES] = "";
    append_path(place, path);
    return error_set(reader->error, STATUS_INVALID, "%s: %s", path[0] == '\0' ? "(message)" : path,
                     rule);
}

static enum status no_room(const struct reader *reader)
{
    return error_set(reader->error, STATUS_EXHAUSTED, "the arena is full");
}

static enum status read_message(const struct reader *reader, const struct place *place,
                                const ProtobufCMessageDescriptor *descriptor, const json_t *json,
                                ProtobufCMessage **message);

/* The whole text as a number of 64 bits, signed or not; -0 is none, nor is +1, " 1", 1.0 or 1e3. */
static bool parse_number(const char *text, bool is_unsigned, int64_t *number)
{
    const char *digits = text + (*text == '-' && !is_unsigned);
    if (!isdigit((unsigned char)*digits))
        return false;
    char *end;
    errno = 0;
    *number = is_unsigned ? (int64_t)strtoull(text, &end, 10) : strtoll(text, &end, 10);
    return errno == 0 && *end == '\0';
}

static bool whole_number(const json_t *json, bool is_unsigned, int64_t *number)
{
    if (json_is_string(json))
        return strlen(json_string_value(json)) == json_string_length(json) &&
               parse_number(json_string_value(json), is_unsigned, number);
    if (!json_is_integer(json))
        return false;
    *number = json_integer_value(json);
    return !is_unsigned || *number >= 0;
}

/* Whole numbers of 64 bits, and the narrower ones between `min` and `max`. */
static enum status read_integer(const struct reader *reader, const struct place *place,
                                const json_t *json, ProtobufCType type, void *value)
{
    int64_t number;
    bool is_unsigned = type == PROTOBUF_C_TYPE_UINT64 || type == PROTOBUF_C_TYPE_FIXED64 ||
                       type == PROTOBUF_C_TYPE_UINT32 || type == PROTOBUF_C_TYPE_FIXED32;
    if (!whole_number(json, is_unsigned, &number))
        return refuse(reader, place,
                      is_unsigned ? "must be a whole number of at most 64 bits, not "
                                    "negative"
                                  : "must be a whole number of at most 64 bits");
    if (message_value_size(type) == sizeof number) {
        memcpy(value, &number, sizeof number);
        return STATUS_OK;
    }
    if (is_unsigned ? (uint64_t)number > UINT32_MAX : number < INT32_MIN || number > INT32_MAX)
        return refuse(reader, place, "must fit into 32 bits");
    uint32_t narrow = (uint32_t)number;
    memcpy(value, &narrow, sizeof narrow);
    return STATUS_OK;
}

static enum status read_bool(const struct reader *reader, const struct place *place,
                             const json_t *json, void *value)
{
    if (!json_is_boolean(json))
        return refuse(reader, place, "must be true or false");
    *(protobuf_c_boolean *)value = json_is_true(json);
    return STATUS_OK;
}

static enum status read_enum(const struct reader *reader, const struct place *place,
                             const ProtobufCEnumDescriptor *descriptor, const json_t *json,
                             void *value)
{
    if (json_is_integer(json))
        return read_integer(reader, place, json, PROTOBUF_C_TYPE_INT32, value);
    for (unsigned i = 0; json_is_string(json) && i < descriptor->n_values; i++) {
        const ProtobufCEnumValue *candidate = &descriptor->values[i];
        const char *name = json_string_value(json);
        if (strcmp(name, candidate->name) != 0 &&
            strcmp(name, message_enum_name(descriptor, candidate->value)) != 0)
            continue;
        *(int *)value = candidate->value;
        return STATUS_OK;
    }
    char rule[SHOWN_MAX * 2];
    (void)snprintf(rule, sizeof rule, "must be the name of a %.*s", SHOWN_MAX,
                   descriptor->short_name);
    return refuse(reader, place, rule);
}

static enum status read_text(const struct reader *reader, const struct place *place,
                             const json_t *json, char **value)
{
    if (!json_is_string(json))
        return refuse(reader, place, "must be a text");
    if (!wire_text_valid(json_string_value(json), json_string_length(json)))
        return refuse(reader, place, "a text must be UTF-8 without NUL");
    *value = arena_strndup(reader->arena, json_string_value(json), json_string_length(json));
    return *value == NULL ? no_room(reader) : STATUS_OK;
}

/* 0 to 63, or -1. Both alphabets of RFC 4648 are read. */
static int base64_digit(char letter)
{
    if (letter >= 'A' && letter <= 'Z')
        return letter - 'A';
    if (letter >= 'a' && letter <= 'z')
        return letter - 'a' + 26;
    if (letter >= '0' && letter <= '9')
        return letter - '0' + 52;
    if (letter == '+' || letter == '-')
        return 62;
    return letter == '/' || letter == '_' ? 63 : -1;
}

static bool decode_base64(const char *text, size_t size, ProtobufCBinaryData *bytes)
{
    uint32_t bits = 0;
    unsigned bit_count = 0;
    for (size_t i = 0; i < size; i++) {
        int digit = base64_digit(text[i]);
        if (digit < 0)
            return false;
        bits = bits << 6 | (uint32_t)digit;
        bit_count += 6;
        if (bit_count < 8)
            continue;
        bit_count -= 8;
        bytes->data[bytes->len++] = (uint8_t)(bits >> bit_count);
        bits &= (1u << bit_count) - 1;
    }
    return bits == 0 && bit_count < 6;
}

static enum status read_bytes(const struct reader *reader, const struct place *place,
                              const json_t *json, ProtobufCBinaryData *bytes)
{
    if (!json_is_string(json))
        return refuse(reader, place, "must be base64");
    const char *text = json_string_value(json);
    size_t size = json_string_length(json);
    if (size > 0 && size % 4 == 0 && text[size - 1] == '=')
        size -= text[size - 2] == '=' ? 2 : 1;
    bytes->len = 0;
    bytes->data = arena_alloc(reader->arena, size / 4 * 3 + 3);
    if (bytes->data == NULL)
        return no_room(reader);
    return decode_base64(text, size, bytes) ? STATUS_OK : refuse(reader, place, "must be base64");
}

/* Nanoseconds that clock_parse cuts off: digits 7 to 9 of the fraction. */
static int32_t read_last_digits(const char *text)
{
    const char *point = strchr(text, '.');
    int32_t nanos = 0;
    int32_t worth = 100;
    for (size_t i = 1; point != NULL && isdigit((unsigned char)point[i]); i++) {
        if (i <= 6)
            continue;
        nanos += worth * (point[i] - '0');
        worth /= 10;
    }
    return nanos;
}

static enum status read_timestamp(const struct reader *reader, const struct place *place,
                                  const json_t *json, ProtobufCMessage **message)
{
    int64_t time_us;
    const char *text = json_string_value(json);
    if (text == NULL || strlen(text) != json_string_length(json) ||
        clock_parse(text, &time_us) != STATUS_OK)
        return refuse(reader, place, "must be a time as 2010-12-01T08:26:00Z");
    Google__Protobuf__Timestamp *timestamp = message_timestamp(reader->arena, time_us);
    if (timestamp == NULL)
        return no_room(reader);
    timestamp->nanos += read_last_digits(text);
    *message = &timestamp->base;
    return STATUS_OK;
}

static enum status read_value(const struct reader *reader, const struct place *place,
                              const ProtobufCFieldDescriptor *field, const json_t *json,
                              void *value)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return read_integer(reader, place, json, field->type, value);
    case PROTOBUF_C_TYPE_BOOL:
        return read_bool(reader, place, json, value);
    case PROTOBUF_C_TYPE_ENUM:
        return read_enum(reader, place, field->descriptor, json, value);
    case PROTOBUF_C_TYPE_STRING:
        return read_text(reader, place, json, value);
    case PROTOBUF_C_TYPE_BYTES:
        return read_bytes(reader, place, json, value);
    case PROTOBUF_C_TYPE_MESSAGE:
        return read_message(reader, place, field->descriptor, json, value);
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
        break; /* the contract has none */
    }
    return refuse(reader, place, "floating point is not allowed");
}

static enum status read_list(const struct reader *reader, const struct place *place,
                             const ProtobufCFieldDescriptor *field, const json_t *json,
                             size_t *count, void **values)
{
    if (!json_is_array(json))
        return refuse(reader, place, "must be a list");
    size_t size = message_value_size(field->type);
    char *list = arena_array(reader->arena, json_array_size(json), size);
    if (list == NULL)
        return no_room(reader);
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < json_array_size(json); i++) {
        struct place element = {.outer = place, .index = i};
        status = read_value(reader, &element, field, json_array_get(json, i), list + i * size);
    }
    *count = json_array_size(json);
    *values = list;
    return status;
}

static ProtobufCMessage *create(const struct reader *reader,
                                const ProtobufCMessageDescriptor *descriptor)
{
    ProtobufCMessage *message = arena_alloc(reader->arena, descriptor->sizeof_message);
    if (message != NULL)
        protobuf_c_message_init(descriptor, message);
    return message;
}

static enum status read_entry(const struct reader *reader, const struct place *place,
                              const ProtobufCMessageDescriptor *descriptor, const char *key,
                              const json_t *value, ProtobufCMessage **entry)
{
    *entry = create(reader, descriptor);
    json_t *key_json = descriptor->fields[0].type != PROTOBUF_C_TYPE_BOOL ? json_string(key)
                       : strcmp(key, "true") == 0                         ? json_true()
                       : strcmp(key, "false") == 0                        ? json_false()
                                                                          : json_null();
    if (*entry == NULL || key_json == NULL) {
        json_decref(key_json);
        return no_room(reader);
    }
    const ProtobufCFieldDescriptor *fields = descriptor->fields;
    enum status status =
        read_value(reader, place, &fields[0], key_json, message_member(*entry, &fields[0]));
    json_decref(key_json);
    if (status == STATUS_OK)
        status = read_value(reader, place, &fields[1], value, message_member(*entry, &fields[1]));
    return status;
}

static enum status read_map(const struct reader *reader, const struct place *place,
                            const ProtobufCFieldDescriptor *field, const json_t *json,
                            size_t *count, void **values)
{
    if (!json_is_object(json))
        return refuse(reader, place, "must be an object");
    size_t size = json_object_size(json);
    ProtobufCMessage **entries = arena_array(reader->arena, size, sizeof *entries);
    if (entries == NULL)
        return no_room(reader);
    size_t i = 0;
    enum status status = STATUS_OK;
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)json, key, value)
    {
        struct place element = {.outer = place, .name = key};
        if (status == STATUS_OK)
            status = read_entry(reader, &element, field->descriptor, key, value, &entries[i++]);
    }
    *count = size;
    *values = entries;
    return status;
}

static enum status read_field(const struct reader *reader, const struct place *place,
                              ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                              const json_t *json)
{
    void *member = message_member(message, field);
    void *quantifier = message_quantifier(message, field);
    if (json_is_null(json))
        return STATUS_OK;
    if (message_field_is_map(message->descriptor, field))
        return read_map(reader, place, field, json, quantifier, member);
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return read_list(reader, place, field, json, quantifier, member);
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
        if (*(uint32_t *)quantifier != 0)
            return refuse(reader, place, "another member of the same oneof is set");
        *(uint32_t *)quantifier = field->id;
    }
    return read_value(reader, place, field, json, member);
}

static const ProtobufCFieldDescriptor *find_field(const ProtobufCMessageDescriptor *descriptor,
                                                  const char *key)
{
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        char name[MESSAGE_JSON_NAME_MAX];
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        if (strcmp(key, field->name) == 0 || strcmp(key, message_json_name(field, name)) == 0)
            return field;
    }
    return NULL;
}

/* The same field under both of its names. JSON itself is read with duplicate keys refused. */
static bool stands_twice(const json_t *json, const ProtobufCFieldDescriptor *field)
{
    char name[MESSAGE_JSON_NAME_MAX];
    return strcmp(field->name, message_json_name(field, name)) != 0 &&
           json_object_get(json, field->name) != NULL && json_object_get(json, name) != NULL;
}

static enum status read_message(const struct reader *reader, const struct place *place,
                                const ProtobufCMessageDescriptor *descriptor, const json_t *json,
                                ProtobufCMessage **message)
{
    if (descriptor == &google__protobuf__timestamp__descriptor)
        return read_timestamp(reader, place, json, message);
    if (!json_is_object(json))
        return refuse(reader, place, "must be an object");
    *message = create(reader, descriptor);
    if (*message == NULL)
        return no_room(reader);
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)json, key, value)
    {
        struct place inner = {.outer = place, .name = key};
        const ProtobufCFieldDescriptor *field = find_field(descriptor, key);
        if (field == NULL)
            return refuse(reader, &inner, "there is no such field");
        if (stands_twice(json, field))
            return refuse(reader, &inner, "the field is given twice");
        enum status status = read_field(reader, &inner, *message, field, value);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

enum status message_from_json(const ProtobufCMessageDescriptor *descriptor, const json_t *json,
                              struct arena *arena, ProtobufCMessage **message, struct error *error)
{
    struct reader reader = {.arena = arena, .error = error};
    return read_message(&reader, NULL, descriptor, json, message);
}

enum status message_from_json_text(const ProtobufCMessageDescriptor *descriptor, const char *text,
                                   size_t size, struct arena *arena, ProtobufCMessage **message,
                                   struct error *error)
{
    json_error_t problem;
    json_t *json = json_loadb(text, size, JSON_REJECT_DUPLICATES, &problem);
    if (json == NULL)
        return error_set(error, STATUS_INVALID, "line %d, column %d: %s", problem.line,
                         problem.column, problem.text);
    enum status status = message_from_json(descriptor, json, arena, message, error);
    json_decref(json);
    return status;
}
