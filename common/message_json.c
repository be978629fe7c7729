#include "message_internal.h"

#include "clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_TEXT_MAX = 24, KEY_TEXT_MAX = 24 };

static char upper(char letter)
{
    return letter >= 'a' && letter <= 'z' ? (char)(letter - 'a' + 'A') : letter;
}

/* Writes `name` in camel case; returns its size. Longer names are cut. */
static size_t camel_case(const char *name, bool first_upper, char *camel)
{
    size_t size = 0;
    bool raise = first_upper;
    for (; *name != '\0' && size < MESSAGE_JSON_NAME_MAX - 1; name++) {
        if (*name != '_')
            camel[size++] = raise ? upper(*name) : *name;
        raise = *name == '_';
    }
    camel[size] = '\0';
    return size;
}

char *message_json_name(const ProtobufCFieldDescriptor *field, char *name)
{
    (void)camel_case(field->name, false, name);
    return name;
}

bool message_field_is_map(const ProtobufCMessageDescriptor *parent,
                          const ProtobufCFieldDescriptor *field)
{
    if (field->label != PROTOBUF_C_LABEL_REPEATED || field->type != PROTOBUF_C_TYPE_MESSAGE)
        return false;
    const ProtobufCMessageDescriptor *entry = field->descriptor;
    size_t parent_size = strlen(parent->name);
    if (entry->n_fields != 2 || strncmp(entry->name, parent->name, parent_size) != 0 ||
        entry->name[parent_size] != '.' || strcmp(entry->fields[0].name, "key") != 0 ||
        strcmp(entry->fields[1].name, "value") != 0)
        return false;
    char camel[MESSAGE_JSON_NAME_MAX];
    const char *own = entry->name + parent_size + 1;
    size_t size = camel_case(field->name, true, camel);
    return strncmp(own, camel, size) == 0 && strcmp(own + size, "Entry") == 0;
}

static json_t *write_message(const ProtobufCMessage *message);

static json_t *write_number_text(const char *format, ...) __attribute__((format(printf, 1, 2)));

static json_t *write_number_text(const char *format, ...)
{
    char text[NUMBER_TEXT_MAX];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return json_string(text);
}

static json_t *write_text(const char *text)
{
    return json_string(text == NULL ? "" : text);
}

/* https://www.rfc-editor.org/rfc/rfc4648, section 4 */
static json_t *write_bytes(const ProtobufCBinaryData *bytes)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t size = (bytes->len + 2) / 3 * 4;
    char *text = malloc(size + 1);
    if (text == NULL)
        return NULL;
    char *at = text;
    for (size_t i = 0; i < bytes->len; i += 3) {
        size_t have = bytes->len - i;
        uint32_t group = (uint32_t)bytes->data[i] << 16;
        group |= have > 1 ? (uint32_t)bytes->data[i + 1] << 8 : 0;
        group |= have > 2 ? bytes->data[i + 2] : 0;
        *at++ = letters[group >> 18];
        *at++ = letters[group >> 12 & 63];
        *at++ = have > 1 ? letters[group >> 6 & 63] : '=';
        *at++ = have > 2 ? letters[group & 63] : '=';
    }
    json_t *json = json_stringn(text, size);
    free(text);
    return json;
}

/* One that no RFC 3339 text can say is shown as the plain message that it is. */
static json_t *write_timestamp(const Google__Protobuf__Timestamp *timestamp)
{
    int64_t time_us;
    if (message_time(timestamp, &time_us) != STATUS_OK)
        return json_pack("{s:o, s:i}", "seconds", write_number_text("%" PRId64, timestamp->seconds),
                         "nanos", timestamp->nanos);
    char text[CLOCK_TEXT_MAX];
    (void)clock_format(time_us, text);
    if (timestamp->nanos % 1000 != 0)
        (void)sprintf(text + strlen("2010-12-01T08:26:00"), ".%09dZ", timestamp->nanos);
    return json_string(text);
}

static json_t *write_enum(const ProtobufCEnumDescriptor *descriptor, int number)
{
    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(descriptor, number);
    return value == NULL ? json_integer(number) : json_string(value->name);
}

static json_t *write_value(const ProtobufCFieldDescriptor *field, const void *value)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        return json_integer(*(const int32_t *)value);
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        return json_integer(*(const uint32_t *)value);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        return write_number_text("%" PRId64, *(const int64_t *)value);
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return write_number_text("%" PRIu64, *(const uint64_t *)value);
    case PROTOBUF_C_TYPE_BOOL:
        return json_boolean(*(const protobuf_c_boolean *)value);
    case PROTOBUF_C_TYPE_ENUM:
        return write_enum(field->descriptor, *(const int *)value);
    case PROTOBUF_C_TYPE_STRING:
        return write_text(*(const char *const *)value);
    case PROTOBUF_C_TYPE_BYTES:
        return write_bytes(value);
    case PROTOBUF_C_TYPE_MESSAGE:
        return write_message(*(const ProtobufCMessage *const *)value);
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
        break; /* the contract has none */
    }
    return json_null();
}

/* Keys of a JSON object are texts, whatever the type of the map's key is. */
static const char *key_text(const json_t *key, char *text)
{
    if (json_is_string(key))
        return json_string_value(key);
    if (json_is_boolean(key))
        return json_is_true(key) ? "true" : "false";
    (void)snprintf(text, KEY_TEXT_MAX, "%" JSON_INTEGER_FORMAT, json_integer_value(key));
    return text;
}

static json_t *write_map(ProtobufCMessage *const *entries, size_t count)
{
    json_t *object = json_object();
    bool good = object != NULL;
    for (size_t i = 0; good && i < count; i++) {
        const ProtobufCFieldDescriptor *fields = entries[i]->descriptor->fields;
        char text[KEY_TEXT_MAX];
        json_t *key = write_value(&fields[0], message_member(entries[i], &fields[0]));
        json_t *value = write_value(&fields[1], message_member(entries[i], &fields[1]));
        good = key != NULL && json_object_set_new(object, key_text(key, text), value) == 0;
        json_decref(key);
    }
    if (good)
        return object;
    json_decref(object);
    return NULL;
}

static json_t *write_list(const ProtobufCFieldDescriptor *field, const char *values, size_t count)
{
    json_t *array = json_array();
    size_t size = message_value_size(field->type);
    for (size_t i = 0; array != NULL && i < count; i++) {
        if (json_array_append_new(array, write_value(field, values + i * size)) == 0)
            continue;
        json_decref(array);
        return NULL;
    }
    return array;
}

static json_t *write_field(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    const void *member = message_member(message, field);
    if (field->label != PROTOBUF_C_LABEL_REPEATED)
        return write_value(field, member);
    size_t count = *(const size_t *)message_quantifier(message, field);
    const void *values = *(const void *const *)member;
    return message_field_is_map(message->descriptor, field) ? write_map(values, count)
                                                            : write_list(field, values, count);
}

static json_t *write_message(const ProtobufCMessage *message)
{
    const ProtobufCMessageDescriptor *descriptor = message->descriptor;
    if (descriptor == &google__protobuf__timestamp__descriptor)
        return write_timestamp((const Google__Protobuf__Timestamp *)message);
    json_t *object = json_object();
    for (unsigned i = 0; object != NULL && i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        char name[MESSAGE_JSON_NAME_MAX];
        if (message_is_left_out(message, field))
            continue;
        if (json_object_set_new(object, message_json_name(field, name),
                                write_field(message, field)) == 0)
            continue;
        json_decref(object);
        return NULL;
    }
    return object;
}

json_t *message_to_json(const ProtobufCMessage *message)
{
    return write_message(message);
}
