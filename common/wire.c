#include "wire.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum {
    PATH_MAX_BYTES = 256,
    VARINT_MAX = 10,       /* bytes of a 64-bit number */
    SHORT_VARINT_MAX = 5,  /* bytes of a tag or a length */
    SINGULARS_TRACKED = 64 /* fields of a message whose repetition is noticed */
};

struct wire_range {
    const uint8_t *at, *end;
};

struct wire_walk {
    size_t fields_left;
    const char *rule;          /* why it failed */
    char path[PATH_MAX_BYTES]; /* of what failed; filled in from the inside out */
};

/* Strings here are nearly all ASCII: eight bytes at a time while the top bits are clear. */
static size_t ascii_prefix(const unsigned char *text, size_t size)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    const uint64_t tops = UINT64_C(0x8080808080808080);
    size_t i = 0;
    for (; i + 8 <= size; i += 8) {
        uint64_t word;
        memcpy(&word, text + i, 8);
        if (((word | (word - ones)) & tops) != 0)
            break;
    }
    while (i < size && text[i] != 0 && text[i] < 0x80)
        i++;
    return i;
}

static bool is_continuation(unsigned char byte)
{
    return (byte & 0xc0) == 0x80;
}

/* Bytes of the well-formed sequence that begins here (Unicode 15, table 3-7), or 0. */
static size_t sequence_size(const unsigned char *text, size_t size)
{
    unsigned char lead = text[0];
    if (lead >= 0xc2 && lead <= 0xdf)
        return size >= 2 && is_continuation(text[1]) ? 2 : 0;
    if (lead >= 0xe0 && lead <= 0xef) {
        if (size < 3 || !is_continuation(text[1]) || !is_continuation(text[2]))
            return 0;
        bool overlong = lead == 0xe0 && text[1] < 0xa0;
        bool surrogate = lead == 0xed && text[1] > 0x9f;
        return overlong || surrogate ? 0 : 3;
    }
    if (lead >= 0xf0 && lead <= 0xf4) {
        if (size < 4 || !is_continuation(text[1]) || !is_continuation(text[2]) ||
            !is_continuation(text[3]))
            return 0;
        bool overlong = lead == 0xf0 && text[1] < 0x90;
        bool too_large = lead == 0xf4 && text[1] > 0x8f;
        return overlong || too_large ? 0 : 4;
    }
    return 0;
}

bool wire_text_valid(const void *bytes, size_t size)
{
    const unsigned char *text = bytes;
    while (size > 0) {
        size_t step = ascii_prefix(text, size);
        if (step < size) {
            size_t sequence = sequence_size(text + step, size - step);
            if (sequence == 0)
                return false;
            step += sequence;
        }
        text += step;
        size -= step;
    }
    return true;
}

static bool fail(struct wire_walk *walk, const char *rule)
{
    walk->rule = rule;
    return false;
}

static bool take_varint(struct wire_range *range, size_t most, uint64_t *value)
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
            return i < VARINT_MAX - 1 || byte <= 1;
        }
    }
    return false;
}

static bool take_bytes(struct wire_range *range, uint64_t size, struct wire_range *bytes)
{
    if (size > (uint64_t)(range->end - range->at))
        return false;
    bytes->at = range->at;
    bytes->end = range->at += size;
    return true;
}

static bool take_value(struct wire_walk *walk, struct wire_range *range, unsigned wire_type,
                       struct wire_range *bytes)
{
    uint64_t number;
    *bytes = (struct wire_range){0};
    switch (wire_type) {
    case PROTOBUF_C_WIRE_TYPE_VARINT:
        return take_varint(range, VARINT_MAX, &number) ||
               fail(walk, "the number is cut short or longer than 64 bits");
    case PROTOBUF_C_WIRE_TYPE_64BIT:
        return take_bytes(range, 8, bytes) || fail(walk, "the 64-bit value is cut short");
    case PROTOBUF_C_WIRE_TYPE_32BIT:
        return take_bytes(range, 4, bytes) || fail(walk, "the 32-bit value is cut short");
    case PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED:
        return (take_varint(range, SHORT_VARINT_MAX, &number) &&
                take_bytes(range, number, bytes)) ||
               fail(walk, "the length is more than the bytes that follow");
    default:
        return fail(walk, "groups and reserved wire types are not allowed");
    }
}

static bool is_packable(ProtobufCType type)
{
    return type != PROTOBUF_C_TYPE_STRING && type != PROTOBUF_C_TYPE_BYTES &&
           type != PROTOBUF_C_TYPE_MESSAGE;
}

static unsigned wire_type_of(ProtobufCType type)
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

static bool scan_packed(struct wire_walk *walk, unsigned wire_type, struct wire_range range)
{
    struct wire_range ignored;
    while (range.at < range.end) {
        if (walk->fields_left-- == 0)
            return fail(walk, "too many fields");
        if (!take_value(walk, &range, wire_type, &ignored))
            return false;
    }
    return true;
}

static bool scan_message(struct wire_walk *walk, const ProtobufCMessageDescriptor *descriptor,
                         struct wire_range range, unsigned depth);

static bool scan_field(struct wire_walk *walk, const ProtobufCFieldDescriptor *field,
                       unsigned wire_type, struct wire_range bytes, unsigned depth)
{
    unsigned wanted = wire_type_of(field->type);
    if (wire_type != wanted) {
        if (field->label != PROTOBUF_C_LABEL_REPEATED || !is_packable(field->type) ||
            wire_type != PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED)
            return fail(walk, "the wire type is not that of the field");
        return scan_packed(walk, wanted, bytes);
    }
    if (field->type == PROTOBUF_C_TYPE_STRING)
        return wire_text_valid(bytes.at, (size_t)(bytes.end - bytes.at)) ||
               fail(walk, "a text must be UTF-8 without NUL");
    if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        return scan_message(walk, field->descriptor, bytes, depth + 1);
    return true;
}

/* Fields mostly come in the order of their numbers, so the next one is tried first. */
static const ProtobufCFieldDescriptor *find_field(const ProtobufCMessageDescriptor *descriptor,
                                                  uint64_t number, unsigned *cursor)
{
    for (unsigned i = *cursor; i < *cursor + 3 && i < descriptor->n_fields; i++) {
        if (descriptor->fields[i].id == number) {
            *cursor = i;
            return &descriptor->fields[i];
        }
    }
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field(descriptor, (unsigned)number);
    if (field != NULL)
        *cursor = (unsigned)(field - descriptor->fields);
    return field;
}

/* Puts the field in front of the path. Only a failure pays for this. */
static void prefix_path(struct wire_walk *walk, const ProtobufCFieldDescriptor *field, size_t index)
{
    char rest[PATH_MAX_BYTES];
    memcpy(rest, walk->path, sizeof rest);
    const char *dot = rest[0] == '\0' ? "" : ".";
    int size;
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        size = snprintf(walk->path, sizeof walk->path, "%s[%zu]%s", field->name, index, dot);
    else
        size = snprintf(walk->path, sizeof walk->path, "%s%s", field->name, dot);
    if (size > 0 && (size_t)size < sizeof walk->path)
        (void)strncat(walk->path, rest, sizeof walk->path - (size_t)size - 1);
}

/* How often the field stands in the bytes before `end`, all of which were scanned. */
static size_t count_before(const ProtobufCFieldDescriptor *field, struct wire_range range,
                           const uint8_t *end)
{
    struct wire_walk unused = {0};
    struct wire_range bytes;
    size_t count = 0;
    uint64_t tag = 0;
    while (range.at < end && take_varint(&range, SHORT_VARINT_MAX, &tag) &&
           take_value(&unused, &range, (unsigned)(tag & 7), &bytes))
        count += tag >> 3 == field->id;
    return count;
}

static bool take_tag(struct wire_walk *walk, struct wire_range *range, uint64_t *number,
                     unsigned *wire_type)
{
    uint64_t tag;
    if (walk->fields_left-- == 0)
        return fail(walk, "too many fields");
    if (!take_varint(range, SHORT_VARINT_MAX, &tag) || tag >> 3 == 0 || tag >> 3 > WIRE_TAG_MAX)
        return fail(walk, "a field number is cut short or out of range");
    *number = tag >> 3;
    *wire_type = (unsigned)(tag & 7);
    return true;
}

/* A single sub-message that comes twice would be merged: no serialiser writes that, and merging
 * lists again and again costs more memory than any bound on the bytes suggests. */
static bool is_repeated_singular(const ProtobufCMessageDescriptor *descriptor,
                                 const ProtobufCFieldDescriptor *field, uint64_t *seen)
{
    size_t index = (size_t)(field - descriptor->fields);
    if (field->type != PROTOBUF_C_TYPE_MESSAGE || field->label == PROTOBUF_C_LABEL_REPEATED ||
        index >= SINGULARS_TRACKED)
        return false;
    uint64_t bit = UINT64_C(1) << index;
    bool again = (*seen & bit) != 0;
    *seen |= bit;
    return again;
}

static bool scan_message(struct wire_walk *walk, const ProtobufCMessageDescriptor *descriptor,
                         struct wire_range range, unsigned depth)
{
    if (depth > WIRE_DEPTH_MAX)
        return fail(walk, "nested too deep");
    struct wire_range whole = range;
    unsigned cursor = 0;
    uint64_t seen = 0;
    while (range.at < range.end) {
        const uint8_t *begin = range.at;
        uint64_t number;
        unsigned wire_type;
        struct wire_range bytes;
        if (!take_tag(walk, &range, &number, &wire_type))
            return false;
        const ProtobufCFieldDescriptor *field = find_field(descriptor, number, &cursor);
        bool good = take_value(walk, &range, wire_type, &bytes);
        if (field == NULL && good)
            continue;
        if (field == NULL)
            return false;
        if (good && is_repeated_singular(descriptor, field, &seen))
            good = fail(walk, "a single message stands there twice");
        if (!good || !scan_field(walk, field, wire_type, bytes, depth)) {
            prefix_path(walk, field, count_before(field, whole, begin));
            return false;
        }
    }
    return true;
}

enum status wire_scan(const ProtobufCMessageDescriptor *descriptor, const void *bytes, size_t size,
                      struct error *error)
{
    struct wire_walk walk;
    walk.fields_left = WIRE_FIELDS_MAX;
    walk.rule = NULL;
    walk.path[0] = '\0';
    struct wire_range range = {.at = bytes, .end = (const uint8_t *)bytes + size};
    if (scan_message(&walk, descriptor, range, 1))
        return STATUS_OK;
    return error_set(error, STATUS_UNPROCESSABLE, "%s: %s",
                     walk.path[0] == '\0' ? descriptor->short_name : walk.path, walk.rule);
}
