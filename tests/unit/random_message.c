#include "random_message.h"

#include "common/message_internal.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

enum { LIST_MAX = 3, TEXT_CHARACTERS_MAX = 12, BYTES_MAX = 40 };

/* xorshift64*, https://doi.org/10.18637/jss.v008.i14 */
uint64_t random_next(struct random *random)
{
    random->state ^= random->state >> 12;
    random->state ^= random->state << 25;
    random->state ^= random->state >> 27;
    return random->state * UINT64_C(2685821657736338717);
}

uint64_t random_below(struct random *random, uint64_t bound)
{
    return (random_next(random) >> 11) % bound;
}

static uint64_t random_number(struct random *random)
{
    static const uint64_t edges[] = {0,          1,         127,
                                     128,        INT32_MAX, (uint64_t)INT32_MAX + 1,
                                     UINT32_MAX, INT64_MAX, (uint64_t)INT64_MAX + 1,
                                     UINT64_MAX};
    if (random_below(random, 2) == 0)
        return edges[random_below(random, sizeof edges / sizeof *edges)];
    return random_next(random) >> random_below(random, 64);
}

static char *random_text(struct random *random, struct arena *arena)
{
    static const char *const characters[] = {"a",    "Z", "0", " ", "\"", "\\",         "\n",
                                             "\x7f", "é", "ß", "€", "日", "\U0001F600", "/"};
    uint64_t count = random_below(random, TEXT_CHARACTERS_MAX + 1);
    char *text = arena_zalloc(arena, TEXT_CHARACTERS_MAX * 4 + 1);
    assert(text != NULL);
    while (count-- > 0)
        (void)strcat(text,
                     characters[random_below(random, sizeof characters / sizeof *characters)]);
    return text;
}

static ProtobufCBinaryData random_bytes(struct random *random, struct arena *arena)
{
    ProtobufCBinaryData bytes = {.len = random_below(random, BYTES_MAX + 1)};
    bytes.data = arena_alloc(arena, BYTES_MAX);
    assert(bytes.data != NULL);
    for (size_t i = 0; i < bytes.len; i++)
        bytes.data[i] = (uint8_t)random_next(random);
    return bytes;
}

static Google__Protobuf__Timestamp *random_time(struct random *random, struct arena *arena)
{
    const int64_t first = INT64_C(-62135596800);
    const int64_t last = INT64_C(253402300799);
    static const int32_t units[] = {1000000000, 1000000, 1000, 1};
    Google__Protobuf__Timestamp *time = message_timestamp(arena, 0);
    assert(time != NULL);
    time->seconds = first + (int64_t)random_below(random, (uint64_t)(last - first + 1));
    int32_t unit = units[random_below(random, 4)];
    time->nanos = (int32_t)random_below(random, (uint64_t)(1000000000 / unit)) * unit;
    return time;
}

static void fill_value(struct random *random, const ProtobufCFieldDescriptor *field, void *value,
                       struct arena *arena)
{
    uint64_t number = random_number(random);
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        *(char **)value = random_text(random, arena);
    } else if (field->type == PROTOBUF_C_TYPE_BYTES) {
        *(ProtobufCBinaryData *)value = random_bytes(random, arena);
    } else if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        *(ProtobufCMessage **)value = random_message(random, field->descriptor, arena);
    } else if (field->type == PROTOBUF_C_TYPE_ENUM) {
        const ProtobufCEnumDescriptor *names = field->descriptor;
        *(int *)value = names->values[random_below(random, names->n_values)].value;
    } else if (field->type == PROTOBUF_C_TYPE_BOOL) {
        *(protobuf_c_boolean *)value = (int)(number & 1);
    } else {
        memcpy(value, &number, message_value_size(field->type));
    }
}

static void fill_list(struct random *random, const ProtobufCMessageDescriptor *parent,
                      const ProtobufCFieldDescriptor *field, ProtobufCMessage *message,
                      struct arena *arena)
{
    uint64_t most = message_field_is_map(parent, field) ? 1 : LIST_MAX;
    size_t count = random_below(random, most + 1);
    size_t size = message_value_size(field->type);
    char *values = arena_array(arena, LIST_MAX, size);
    assert(values != NULL);
    for (size_t i = 0; i < count; i++)
        fill_value(random, field, values + i * size, arena);
    *(size_t *)message_quantifier(message, field) = count;
    *(void **)message_member(message, field) = values;
}

static void fill_field(struct random *random, const ProtobufCMessageDescriptor *parent,
                       const ProtobufCFieldDescriptor *field, ProtobufCMessage *message,
                       struct arena *arena)
{
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        fill_list(random, parent, field, message, arena);
        return;
    }
    if (random_below(random, 4) == 0)
        return;
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
        uint32_t *which = message_quantifier(message, field);
        if (*which != 0)
            return;
        *which = field->id;
    }
    fill_value(random, field, message_member(message, field), arena);
}

ProtobufCMessage *random_message(struct random *random,
                                 const ProtobufCMessageDescriptor *descriptor, struct arena *arena)
{
    if (descriptor == &google__protobuf__timestamp__descriptor)
        return &random_time(random, arena)->base;
    ProtobufCMessage *message = arena_alloc(arena, descriptor->sizeof_message);
    assert(message != NULL);
    protobuf_c_message_init(descriptor, message);
    /* From a random field on, so that each member of a oneof is tried first at some time. */
    uint64_t first = random_below(random, descriptor->n_fields);
    for (unsigned i = 0; i < descriptor->n_fields; i++)
        fill_field(random, descriptor, &descriptor->fields[(first + i) % descriptor->n_fields],
                   message, arena);
    return message;
}
