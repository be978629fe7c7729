#include "skim.h"

enum { VARINT_BYTES_MAX = 10 };
enum wire_type { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_LENGTH = 2, WIRE_FIXED32 = 5 };

struct cursor {
    const uint8_t *at, *end;
};

static bool take_varint(struct cursor *cursor, uint64_t *value)
{
    *value = 0;
    for (unsigned i = 0; i < VARINT_BYTES_MAX && cursor->at < cursor->end; i++) {
        uint8_t byte = *cursor->at++;
        *value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if ((byte & 0x80) == 0)
            return true;
    }
    return false;
}

static bool skip(struct cursor *cursor, uint64_t size)
{
    if (size > (uint64_t)(cursor->end - cursor->at))
        return false;
    cursor->at += size;
    return true;
}

static bool skip_value(struct cursor *cursor, unsigned type)
{
    uint64_t value = 0;
    switch (type) {
    case WIRE_VARINT:
        return take_varint(cursor, &value);
    case WIRE_FIXED64:
        return skip(cursor, 8);
    case WIRE_LENGTH:
        return take_varint(cursor, &value) && skip(cursor, value);
    case WIRE_FIXED32:
        return skip(cursor, 4);
    default:
        return false;
    }
}

bool skim_lacks_field(const void *bytes, size_t size, uint32_t field)
{
    struct cursor cursor = {bytes, (const uint8_t *)bytes + size};
    uint64_t tag = 0;
    if (size == 0)
        return false;
    while (cursor.at < cursor.end) {
        if (!take_varint(&cursor, &tag) || tag >> 3 == field || tag >> 3 == 0 ||
            !skip_value(&cursor, tag & 7))
            return false;
    }
    return true;
}
