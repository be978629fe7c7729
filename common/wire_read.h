/* Wire reading: the steps that wire_scan and message_unpack share, inline as both are hot.
 * Not for use outside common/wire.c and common/message_*.c. */

#ifndef REDRESS_WIRE_READ_H
#define REDRESS_WIRE_READ_H

#include "wire.h"

#include <stdint.h>

enum {
    WIRE_NUMBER_MAX = 10,   /* bytes of a 64-bit number */
    WIRE_SHORT_MAX = 5,     /* bytes of a tag or a length */
    WIRE_SINGULARS_MAX = 64 /* fields of a message whose repetition is noticed */
};

/* Bytes that are still to be read. */
struct wire_range {
    const uint8_t *at, *end;
};

static inline size_t wire_size(struct wire_range range)
{
    return (size_t)(range.end - range.at);
}

/* A number of at most `most` bytes and 64 bits. False if it is longer or cut short. */
static inline bool wire_take_number(struct wire_range *range, size_t most, uint64_t *value)
{
    if (range->at < range->end && *range->at < 0x80) {
        *value = *range->at++;
        return true;
    }
    uint64_t result = 0;
    for (size_t i = 0; i < most && range->at < range->end; i++) {
        uint8_t byte = *range->at++;
        result |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte < 0x80) {
            *value = result;
            return i < WIRE_NUMBER_MAX - 1 || byte <= 1;
        }
    }
    return false;
}

static inline bool wire_take_bytes(struct wire_range *range, uint64_t size,
                                   struct wire_range *bytes)
{
    if (size > (uint64_t)(range->end - range->at))
        return false;
    bytes->at = range->at;
    bytes->end = range->at += size;
    return true;
}

static inline bool wire_take_tag(struct wire_range *range, uint32_t *number, unsigned *wire_type)
{
    uint64_t tag;
    if (!wire_take_number(range, WIRE_SHORT_MAX, &tag) || tag >> 3 == 0 || tag >> 3 > WIRE_TAG_MAX)
        return false;
    *number = (uint32_t)(tag >> 3);
    *wire_type = (unsigned)(tag & 7);
    return true;
}

/* The payload of a field: `number` for a varint, `bytes` for the others. */
static inline bool wire_take_value(struct wire_range *range, unsigned wire_type, uint64_t *number,
                                   struct wire_range *bytes)
{
    switch (wire_type) {
    case PROTOBUF_C_WIRE_TYPE_VARINT:
        return wire_take_number(range, WIRE_NUMBER_MAX, number);
    case PROTOBUF_C_WIRE_TYPE_64BIT:
        return wire_take_bytes(range, 8, bytes);
    case PROTOBUF_C_WIRE_TYPE_32BIT:
        return wire_take_bytes(range, 4, bytes);
    case PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED:
        return wire_take_number(range, WIRE_SHORT_MAX, number) &&
               wire_take_bytes(range, *number, bytes);
    default:
        return false;
    }
}

static inline unsigned wire_type_of(ProtobufCType type)
{
    static const uint8_t wire_types[] = {
        [PROTOBUF_C_TYPE_SFIXED32] = PROTOBUF_C_WIRE_TYPE_32BIT,
        [PROTOBUF_C_TYPE_FIXED32] = PROTOBUF_C_WIRE_TYPE_32BIT,
        [PROTOBUF_C_TYPE_FLOAT] = PROTOBUF_C_WIRE_TYPE_32BIT,
        [PROTOBUF_C_TYPE_SFIXED64] = PROTOBUF_C_WIRE_TYPE_64BIT,
        [PROTOBUF_C_TYPE_FIXED64] = PROTOBUF_C_WIRE_TYPE_64BIT,
        [PROTOBUF_C_TYPE_DOUBLE] = PROTOBUF_C_WIRE_TYPE_64BIT,
        [PROTOBUF_C_TYPE_STRING] = PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED,
        [PROTOBUF_C_TYPE_BYTES] = PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED,
        [PROTOBUF_C_TYPE_MESSAGE] = PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED,
    };
    return wire_types[type];
}

/* A list of numbers may come as one packed field. */
static inline bool wire_is_packed(const ProtobufCFieldDescriptor *field, unsigned wire_type)
{
    return field->label == PROTOBUF_C_LABEL_REPEATED &&
           wire_type == PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED &&
           wire_type_of(field->type) != PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED;
}

/* Fields mostly come in the order of their numbers, so the next ones are tried first. `cursor`
 * begins at 0. NULL if there is no such field. */
static inline const ProtobufCFieldDescriptor *
wire_find_field(const ProtobufCMessageDescriptor *descriptor, uint32_t number, unsigned *cursor)
{
    for (unsigned i = *cursor; i < *cursor + 3 && i < descriptor->n_fields; i++) {
        if (descriptor->fields[i].id == number) {
            *cursor = i;
            return &descriptor->fields[i];
        }
    }
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field(descriptor, number);
    if (field != NULL)
        *cursor = (unsigned)(field - descriptor->fields);
    return field;
}

/* A single sub-message that comes twice would have to be merged: no serialiser writes that, and
 * merging lists again and again costs more memory than any bound on the bytes suggests. `seen`
 * begins at 0. */
static inline bool wire_stands_twice(const ProtobufCMessageDescriptor *descriptor,
                                     const ProtobufCFieldDescriptor *field, uint64_t *seen)
{
    size_t index = (size_t)(field - descriptor->fields);
    if (field->type != PROTOBUF_C_TYPE_MESSAGE || field->label == PROTOBUF_C_LABEL_REPEATED ||
        index >= WIRE_SINGULARS_MAX)
        return false;
    uint64_t bit = UINT64_C(1) << index;
    bool again = (*seen & bit) != 0;
    *seen |= bit;
    return again;
}

#endif
