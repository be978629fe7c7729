/* Packs from the last byte to the first, straight into the arena: the length of a nested message is
 * known when its bytes are written, so there is no second pass to find it. The bytes are those that
 * protobuf-c writes: fields in the order of their numbers, then unknown fields. */

#include "message_internal.h"
#include "wire_read.h"

#include <string.h>

/* Bytes are put in front of `at` as long as there is room from `begin` on. */
struct packing {
    uint8_t *begin, *at;
    bool full;
};

static void pack_message(struct packing *packing, const ProtobufCMessage *message);

static void put_bytes(struct packing *packing, const void *bytes, size_t size)
{
    if (size > (size_t)(packing->at - packing->begin)) {
        packing->full = true;
        return;
    }
    packing->at -= size;
    if (size > 0)
        memcpy(packing->at, bytes, size);
}

static void put_long_number(struct packing *packing, uint64_t number)
{
    uint8_t bytes[WIRE_NUMBER_MAX];
    size_t size = 0;
    for (; number >= 0x80; number >>= 7)
        bytes[size++] = (uint8_t)(number | 0x80);
    bytes[size++] = (uint8_t)number;
    put_bytes(packing, bytes, size);
}

/* Most tags, lengths and numbers are one byte. */
static inline void put_number(struct packing *packing, uint64_t number)
{
    if (number < 0x80 && packing->at > packing->begin)
        *--packing->at = (uint8_t)number;
    else
        put_long_number(packing, number);
}

static void put_tag(struct packing *packing, uint32_t number, unsigned wire_type)
{
    put_number(packing, (uint64_t)number << 3 | wire_type);
}

static void put_text(struct packing *packing, const char *text)
{
    size_t size = text == NULL ? 0 : strlen(text);
    put_bytes(packing, text, size);
    put_number(packing, size);
}

static void put_nested(struct packing *packing, const ProtobufCMessage *message)
{
    uint8_t *end = packing->at;
    if (message != NULL)
        pack_message(packing, message);
    put_number(packing, (uint64_t)(end - packing->at));
}

static uint64_t zigzag(int64_t number)
{
    return (uint64_t)number << 1 ^ (number < 0 ? UINT64_MAX : 0);
}

/* A value without its tag. */
static void put_value(struct packing *packing, ProtobufCType type, const void *value)
{
    const ProtobufCBinaryData *data = value;
    switch (type) {
    case PROTOBUF_C_TYPE_STRING:
        put_text(packing, *(const char *const *)value);
        return;
    case PROTOBUF_C_TYPE_MESSAGE:
        put_nested(packing, *(const ProtobufCMessage *const *)value);
        return;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64:
        put_number(packing, *(const uint64_t *)value);
        return;
    case PROTOBUF_C_TYPE_ENUM:
    case PROTOBUF_C_TYPE_INT32:
        put_number(packing, (uint64_t)(int64_t) * (const int32_t *)value);
        return;
    case PROTOBUF_C_TYPE_UINT32:
        put_number(packing, *(const uint32_t *)value);
        return;
    case PROTOBUF_C_TYPE_BOOL:
        put_number(packing, *(const protobuf_c_boolean *)value != 0);
        return;
    case PROTOBUF_C_TYPE_BYTES:
        put_bytes(packing, data->data, data->len);
        put_number(packing, data->len);
        return;
    case PROTOBUF_C_TYPE_SINT32:
        put_number(packing, (uint32_t)zigzag(*(const int32_t *)value));
        return;
    case PROTOBUF_C_TYPE_SINT64:
        put_number(packing, zigzag(*(const int64_t *)value));
        return;
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        put_bytes(packing, value, message_value_size(type));
        return;
    }
}

static void pack_packed(struct packing *packing, const ProtobufCFieldDescriptor *field,
                        const char *values, size_t count)
{
    size_t size = message_value_size(field->type);
    uint8_t *end = packing->at;
    for (size_t i = count; i-- > 0;)
        put_value(packing, field->type, values + i * size);
    put_number(packing, (uint64_t)(end - packing->at));
    put_tag(packing, field->id, PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED);
}

static void pack_list(struct packing *packing, const ProtobufCFieldDescriptor *field,
                      const char *values, size_t count)
{
    size_t size = message_value_size(field->type);
    for (size_t i = count; i-- > 0;) {
        put_value(packing, field->type, values + i * size);
        put_tag(packing, field->id, wire_type_of(field->type));
    }
}

static void pack_field(struct packing *packing, const ProtobufCMessage *message,
                       const ProtobufCFieldDescriptor *field)
{
    if (message_is_left_out(message, field))
        return;
    const void *member = message_member(message, field);
    if (field->label != PROTOBUF_C_LABEL_REPEATED) {
        put_value(packing, field->type, member);
        put_tag(packing, field->id, wire_type_of(field->type));
        return;
    }
    const char *values = *(const char *const *)member;
    size_t count = *(const size_t *)message_quantifier(message, field);
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_PACKED) != 0)
        pack_packed(packing, field, values, count);
    else
        pack_list(packing, field, values, count);
}

static void pack_message(struct packing *packing, const ProtobufCMessage *message)
{
    const ProtobufCMessageDescriptor *descriptor = message->descriptor;
    for (unsigned i = message->n_unknown_fields; i-- > 0;) {
        const ProtobufCMessageUnknownField *unknown = &message->unknown_fields[i];
        put_bytes(packing, unknown->data, unknown->len);
        put_tag(packing, unknown->tag, unknown->wire_type);
    }
    for (unsigned i = descriptor->n_fields; i-- > 0 && !packing->full;)
        pack_field(packing, message, &descriptor->fields[i]);
}

/* What does not fit into the rest of the arena's block is measured first and gets a block. */
static enum status pack_measured(const ProtobufCMessage *message, struct arena *arena,
                                 uint8_t **bytes, size_t *size)
{
    size_t need = protobuf_c_message_get_packed_size(message);
    uint8_t *room = arena_alloc(arena, need);
    if (room == NULL)
        return STATUS_EXHAUSTED;
    *size = protobuf_c_message_pack(message, room);
    *bytes = room;
    return STATUS_OK;
}

enum status message_pack(const ProtobufCMessage *message, struct arena *arena, uint8_t **bytes,
                         size_t *size)
{
    size_t room_size;
    uint8_t *room = arena_room(arena, &room_size);
    struct packing packing = {.begin = room, .at = room + room_size};
    pack_message(&packing, message);
    if (packing.full)
        return pack_measured(message, arena, bytes, size);
    *size = (size_t)(room + room_size - packing.at);
    memmove(room, packing.at, *size);
    *bytes = arena_alloc(arena, *size);
    return *bytes == NULL ? STATUS_EXHAUSTED : STATUS_OK;
}
