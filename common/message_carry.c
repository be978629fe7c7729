#include "message_carry.h"

#include "wire_read.h"

#include <string.h>

static bool is_listed(uint32_t number, const uint32_t *fields, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (fields[i] == number)
            return true;
    return false;
}

unsigned message_carry(const void *bytes, size_t size, const uint32_t *fields, size_t count,
                       ProtobufCMessageUnknownField *carried, size_t room)
{
    struct wire_range range = {bytes, (const uint8_t *)bytes + size};
    unsigned found = 0;
    while (range.at < range.end && found < room) {
        uint32_t number;
        unsigned wire_type;
        uint64_t value;
        struct wire_range payload;
        if (!wire_take_tag(&range, &number, &wire_type))
            break;
        const uint8_t *start = range.at;
        if (!wire_take_value(&range, wire_type, &value, &payload))
            break;
        if (wire_type == PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED && is_listed(number, fields, count))
            carried[found++] = (ProtobufCMessageUnknownField){.tag = number,
                                                              .wire_type = wire_type,
                                                              .len = (size_t)(range.at - start),
                                                              .data = (uint8_t *)start};
    }
    return found;
}

bool message_embed(struct arena *arena, uint32_t number, const void *bytes, size_t size,
                   ProtobufCMessageUnknownField *embedded)
{
    uint8_t *data = arena_alloc(arena, size + WIRE_NUMBER_MAX);
    if (data == NULL)
        return false;
    size_t used = 0;
    uint64_t left = size;
    for (; left >= 0x80; left >>= 7)
        data[used++] = (uint8_t)(left | 0x80);
    data[used++] = (uint8_t)left;
    if (size > 0)
        memcpy(data + used, bytes, size);
    *embedded = (ProtobufCMessageUnknownField){.tag = number,
                                               .wire_type = PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED,
                                               .len = used + size,
                                               .data = data};
    return true;
}
