#include "wire_read.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { PATH_MAX_BYTES = 256 };

struct wire_walk {
    size_t fields_left;
    const char *rule;          /* why it failed */
    char path[PATH_MAX_BYTES]; /* of what failed; filled in from the inside out */
};

/* True where one of eight bytes is 0 or above 0x7f. */
static inline bool holds_other(uint64_t word)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    const uint64_t tops = UINT64_C(0x8080808080808080);
    return ((word | (word - ones)) & tops) != 0;
}

static inline uint64_t load_eight(const unsigned char *text)
{
    uint64_t word;
    memcpy(&word, text, sizeof word);
    return word;
}

static inline uint64_t load_four(const unsigned char *text)
{
    uint32_t word;
    memcpy(&word, text, sizeof word);
    return word;
}

/* Nearly all texts here are short and plain: whole words, the last of which overlaps the one
 * before, and no loop over the rest. */
static bool is_plain(const unsigned char *text, size_t size)
{
    if (size >= 8) {
        for (size_t i = 0; i < size - 8; i += 8)
            if (holds_other(load_eight(text + i)))
                return false;
        return !holds_other(load_eight(text + size - 8));
    }
    if (size >= 4)
        return !holds_other(load_four(text) | load_four(text + size - 4) << 32);
    for (size_t i = 0; i < size; i++)
        if (text[i] == 0 || text[i] > 0x7f)
            return false;
    return true;
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
    if (is_plain(text, size))
        return true;
    while (size > 0) {
        size_t step = text[0] > 0 && text[0] < 0x80 ? 1 : sequence_size(text, size);
        if (step == 0)
            return false;
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

static bool take_value(struct wire_walk *walk, struct wire_range *range, unsigned wire_type,
                       struct wire_range *bytes)
{
    static const char *const rules[] = {
        [PROTOBUF_C_WIRE_TYPE_VARINT] = "the number is cut short or longer than 64 bits",
        [PROTOBUF_C_WIRE_TYPE_64BIT] = "the 64-bit value is cut short",
        [PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED] = "the length is more than the bytes that follow",
        [PROTOBUF_C_WIRE_TYPE_32BIT] = "the 32-bit value is cut short",
    };
    uint64_t number;
    *bytes = (struct wire_range){0};
    if (wire_take_value(range, wire_type, &number, bytes))
        return true;
    const char *rule = wire_type < sizeof rules / sizeof *rules ? rules[wire_type] : NULL;
    return fail(walk, rule == NULL ? "groups and reserved wire types are not allowed" : rule);
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
    if (wire_is_packed(field, wire_type))
        return scan_packed(walk, wire_type_of(field->type), bytes);
    if (wire_type != wire_type_of(field->type))
        return fail(walk, "the wire type is not that of the field");
    if (field->type == PROTOBUF_C_TYPE_STRING)
        return wire_text_valid(bytes.at, wire_size(bytes)) ||
               fail(walk, "a text must be UTF-8 without NUL");
    if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        return scan_message(walk, field->descriptor, bytes, depth + 1);
    return true;
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
    size_t count = 0;
    uint32_t number;
    unsigned wire_type;
    uint64_t value;
    struct wire_range bytes;
    while (range.at < end && wire_take_tag(&range, &number, &wire_type) &&
           wire_take_value(&range, wire_type, &value, &bytes))
        count += number == field->id;
    return count;
}

static bool take_tag(struct wire_walk *walk, struct wire_range *range, uint32_t *number,
                     unsigned *wire_type)
{
    if (walk->fields_left-- == 0)
        return fail(walk, "too many fields");
    return wire_take_tag(range, number, wire_type) ||
           fail(walk, "a field number is cut short or out of range");
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
        uint32_t number;
        unsigned wire_type;
        struct wire_range bytes;
        if (!take_tag(walk, &range, &number, &wire_type))
            return false;
        const ProtobufCFieldDescriptor *field = wire_find_field(descriptor, number, &cursor);
        bool good = take_value(walk, &range, wire_type, &bytes);
        if (field == NULL && good)
            continue;
        if (field == NULL)
            return false;
        if (good && wire_stands_twice(descriptor, field, &seen))
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
