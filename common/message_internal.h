/* What the readers and writers of bytes and of JSON share: steps along a descriptor, inline as some
 * of them are hot. Not for use outside common/message*.c and the tests of it.
 *
 * The contract is proto3 without `optional`: no field has a has_ member. */

#ifndef REDRESS_MESSAGE_INTERNAL_H
#define REDRESS_MESSAGE_INTERNAL_H

#include "message.h"

enum { MESSAGE_JSON_NAME_MAX = 128 /* bytes of a lowerCamelCase name at most, NUL included */ };

/* protobuf-c has no maps: a map field is a list of entry messages, named after the field. */
bool message_field_is_map(const ProtobufCMessageDescriptor *parent,
                          const ProtobufCFieldDescriptor *field);

/* The field's name in JSON: line_id is lineId. Returns `name`. */
char *message_json_name(const ProtobufCFieldDescriptor *field, char *name);

/* Bytes of one value of that type in a struct or a list. */
static inline size_t message_value_size(ProtobufCType type)
{
    static const uint8_t sizes[] = {
        [PROTOBUF_C_TYPE_INT32] = sizeof(int32_t),
        [PROTOBUF_C_TYPE_SINT32] = sizeof(int32_t),
        [PROTOBUF_C_TYPE_SFIXED32] = sizeof(int32_t),
        [PROTOBUF_C_TYPE_INT64] = sizeof(int64_t),
        [PROTOBUF_C_TYPE_SINT64] = sizeof(int64_t),
        [PROTOBUF_C_TYPE_SFIXED64] = sizeof(int64_t),
        [PROTOBUF_C_TYPE_UINT32] = sizeof(uint32_t),
        [PROTOBUF_C_TYPE_FIXED32] = sizeof(uint32_t),
        [PROTOBUF_C_TYPE_UINT64] = sizeof(uint64_t),
        [PROTOBUF_C_TYPE_FIXED64] = sizeof(uint64_t),
        [PROTOBUF_C_TYPE_FLOAT] = 4,
        [PROTOBUF_C_TYPE_DOUBLE] = 8,
        [PROTOBUF_C_TYPE_BOOL] = sizeof(protobuf_c_boolean),
        [PROTOBUF_C_TYPE_ENUM] = sizeof(int),
        [PROTOBUF_C_TYPE_STRING] = sizeof(char *),
        [PROTOBUF_C_TYPE_BYTES] = sizeof(ProtobufCBinaryData),
        [PROTOBUF_C_TYPE_MESSAGE] = sizeof(ProtobufCMessage *),
    };
    return sizes[type];
}

/* The member itself, and what says how many or which: its n_ or case member. */
static inline void *message_member(const ProtobufCMessage *message,
                                   const ProtobufCFieldDescriptor *field)
{
    return (char *)(uintptr_t)message + field->offset;
}

static inline void *message_quantifier(const ProtobufCMessage *message,
                                       const ProtobufCFieldDescriptor *field)
{
    return (char *)(uintptr_t)message + field->quantifier_offset;
}

/* Zero, empty or absent, other than as a member of a oneof. */
static inline bool message_is_default(const ProtobufCFieldDescriptor *field, const void *value)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_MESSAGE:
        return *(const ProtobufCMessage *const *)value == NULL;
    case PROTOBUF_C_TYPE_STRING:
        return *(const char *const *)value == NULL || **(const char *const *)value == '\0';
    case PROTOBUF_C_TYPE_BYTES:
        return ((const ProtobufCBinaryData *)value)->len == 0;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return *(const uint64_t *)value == 0;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_BOOL:
    case PROTOBUF_C_TYPE_ENUM:
        break;
    }
    return *(const uint32_t *)value == 0;
}

/* What neither bytes nor JSON say: an empty list, a oneof member that is not the one, a default. */
static inline bool message_is_left_out(const ProtobufCMessage *message,
                                       const ProtobufCFieldDescriptor *field)
{
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return *(const size_t *)message_quantifier(message, field) == 0;
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0)
        return *(const uint32_t *)message_quantifier(message, field) != field->id;
    return message_is_default(field, message_member(message, field));
}

#endif
