/* One pass over the bytes: checks and builds at once. Each rule of wire_scan holds here too; when
 * one is broken wire_scan goes over the bytes again to say which and where. protobuf-c's own
 * unpacking is not used: it needs a scan before it, takes twice the time, and merges what stands
 * twice. */

#include "message_internal.h"
#include "wire_read.h"

#include <string.h>

enum { LIST_ROOM_FIRST = 4 /* elements; doubled whenever it is full */ };

struct unpacking {
    struct arena *arena;
    size_t fields_left;
};

static bool unpack_message(struct unpacking *unpacking,
                           const ProtobufCMessageDescriptor *descriptor, struct wire_range range,
                           unsigned depth, ProtobufCMessage **message);

static int32_t zigzag(uint32_t number)
{
    return (int32_t)(number >> 1 ^ (0u - (number & 1)));
}

static int64_t zigzag_64(uint64_t number)
{
    return (int64_t)(number >> 1 ^ (UINT64_C(0) - (number & 1)));
}

static bool put_text(struct unpacking *unpacking, struct wire_range bytes, void *value)
{
    if (!wire_text_valid(bytes.at, wire_size(bytes)))
        return false;
    char *text = arena_strndup(unpacking->arena, (const char *)bytes.at, wire_size(bytes));
    *(char **)value = text;
    return text != NULL;
}

static bool put_bytes(struct unpacking *unpacking, struct wire_range bytes, void *value)
{
    ProtobufCBinaryData *data = value;
    data->len = wire_size(bytes);
    data->data = arena_memdup(unpacking->arena, bytes.at, data->len);
    return data->data != NULL;
}

/* Numbers wider than the field are cut to it, as protobuf says. */
static bool put_value(struct unpacking *unpacking, const ProtobufCFieldDescriptor *field,
                      uint64_t number, struct wire_range bytes, unsigned depth, void *value)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        return put_text(unpacking, bytes, value);
    case PROTOBUF_C_TYPE_MESSAGE:
        return unpack_message(unpacking, field->descriptor, bytes, depth + 1, value);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64:
        *(uint64_t *)value = number;
        return true;
    case PROTOBUF_C_TYPE_ENUM:
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_UINT32:
        *(uint32_t *)value = (uint32_t)number;
        return true;
    case PROTOBUF_C_TYPE_BOOL:
        *(protobuf_c_boolean *)value = number != 0;
        return true;
    case PROTOBUF_C_TYPE_BYTES:
        return put_bytes(unpacking, bytes, value);
    case PROTOBUF_C_TYPE_SINT32:
        *(int32_t *)value = zigzag((uint32_t)number);
        return true;
    case PROTOBUF_C_TYPE_SINT64:
        *(int64_t *)value = zigzag_64(number);
        return true;
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        memcpy(value, bytes.at, wire_size(bytes)); /* hosts are little-endian, as the wire is */
        return true;
    }
    return false;
}

/* Room for one more element; a list is full when it has 4, 8, 16 ... elements. */
static void *append(struct unpacking *unpacking, size_t *count, void **list, size_t size)
{
    size_t have = *count;
    bool full = have == 0 || (have >= LIST_ROOM_FIRST && (have & (have - 1)) == 0);
    if (full) {
        size_t room = have == 0 ? LIST_ROOM_FIRST : have * 2;
        char *larger = arena_alloc(unpacking->arena, room * size);
        if (larger == NULL)
            return NULL;
        if (have > 0)
            memcpy(larger, *list, have * size);
        *list = larger;
    }
    *count = have + 1;
    return (char *)*list + have * size;
}

static bool put_element(struct unpacking *unpacking, const ProtobufCFieldDescriptor *field,
                        uint64_t number, struct wire_range bytes, unsigned depth,
                        ProtobufCMessage *message)
{
    size_t size = message_value_size(field->type);
    void *element =
        append(unpacking, message_quantifier(message, field), message_member(message, field), size);
    return element != NULL && put_value(unpacking, field, number, bytes, depth, element);
}

static bool put_packed(struct unpacking *unpacking, const ProtobufCFieldDescriptor *field,
                       struct wire_range range, ProtobufCMessage *message)
{
    unsigned wire_type = wire_type_of(field->type);
    while (range.at < range.end) {
        uint64_t number = 0;
        struct wire_range bytes = {0};
        if (unpacking->fields_left-- == 0 || !wire_take_value(&range, wire_type, &number, &bytes) ||
            !put_element(unpacking, field, number, bytes, 0, message))
            return false;
    }
    return true;
}

/* The last member of a oneof that comes is the one that is set. */
static void choose_member(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    uint32_t *which = message_quantifier(message, field);
    if (*which != field->id)
        memset(message_member(message, field), 0, message_value_size(field->type));
    *which = field->id;
}

static bool put_field(struct unpacking *unpacking, const ProtobufCFieldDescriptor *field,
                      unsigned wire_type, uint64_t number, struct wire_range bytes, unsigned depth,
                      ProtobufCMessage *message)
{
    if (wire_is_packed(field, wire_type))
        return put_packed(unpacking, field, bytes, message);
    if (wire_type != wire_type_of(field->type))
        return false;
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return put_element(unpacking, field, number, bytes, depth, message);
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0)
        choose_member(message, field);
    return put_value(unpacking, field, number, bytes, depth, message_member(message, field));
}

/* Kept as it came, so that packing writes it again. */
static bool put_unknown(struct unpacking *unpacking, uint32_t number, unsigned wire_type,
                        struct wire_range bytes, ProtobufCMessage *message)
{
    size_t count = message->n_unknown_fields;
    void *list = message->unknown_fields;
    ProtobufCMessageUnknownField *field =
        append(unpacking, &count, &list, sizeof *message->unknown_fields);
    if (field == NULL)
        return false;
    message->n_unknown_fields = (unsigned)count;
    message->unknown_fields = list;
    field->tag = number;
    field->wire_type = (ProtobufCWireType)wire_type;
    field->len = wire_size(bytes);
    field->data = arena_memdup(unpacking->arena, bytes.at, field->len);
    return field->data != NULL;
}

static bool unpack_fields(struct unpacking *unpacking, struct wire_range range, unsigned depth,
                          ProtobufCMessage *message)
{
    const ProtobufCMessageDescriptor *descriptor = message->descriptor;
    unsigned cursor = 0;
    uint64_t seen = 0;
    while (range.at < range.end) {
        uint32_t id;
        unsigned wire_type;
        uint64_t number = 0;
        struct wire_range bytes = {0};
        if (unpacking->fields_left-- == 0 || !wire_take_tag(&range, &id, &wire_type))
            return false;
        struct wire_range whole = {.at = range.at};
        if (!wire_take_value(&range, wire_type, &number, &bytes))
            return false;
        whole.end = range.at;
        const ProtobufCFieldDescriptor *field = wire_find_field(descriptor, id, &cursor);
        bool good = field == NULL
                        ? put_unknown(unpacking, id, wire_type, whole, message)
                        : !wire_stands_twice(descriptor, field, &seen) &&
                              put_field(unpacking, field, wire_type, number, bytes, depth, message);
        if (!good)
            return false;
    }
    return true;
}

static bool unpack_message(struct unpacking *unpacking,
                           const ProtobufCMessageDescriptor *descriptor, struct wire_range range,
                           unsigned depth, ProtobufCMessage **message)
{
    if (depth > WIRE_DEPTH_MAX)
        return false;
    ProtobufCMessage *made = arena_alloc(unpacking->arena, descriptor->sizeof_message);
    if (made == NULL)
        return false;
    descriptor->message_init(made);
    *message = made;
    return unpack_fields(unpacking, range, depth, made);
}

enum status message_unpack(const ProtobufCMessageDescriptor *descriptor, const void *bytes,
                           size_t size, struct arena *arena, ProtobufCMessage **message,
                           struct error *error)
{
    struct unpacking unpacking = {.arena = arena, .fields_left = WIRE_FIELDS_MAX};
    struct wire_range range = {.at = bytes, .end = (const uint8_t *)bytes + size};
    ProtobufCMessage *made = NULL;
    if (unpack_message(&unpacking, descriptor, range, 1, &made)) {
        *message = made;
        return STATUS_OK;
    }
    enum status status = wire_scan(descriptor, bytes, size, error);
    if (status != STATUS_OK)
        return status;
    return error_set(error, STATUS_EXHAUSTED, "%s of %zu bytes: the arena is full",
                     descriptor->name, size);
}
