#include "credit_note.h"

#include "money.h"

#include <assert.h>
#include <string.h>

enum { FIXED_SIZE = 8 + 8 + 8 + 4, ID_MAX = 255 };

_Static_assert((int)NOTE_LINES_MAX <= (int)MONEY_PARTS_MAX, "lines are spread by money_allocate");

/* The part of a line's tax that belongs to its first `part` of `whole` minor units. */
static int64_t tax_up_to(int64_t part, int64_t whole, int64_t tax)
{
    int64_t result = 0;
    if (whole == 0 || minor_scale(tax, part, whole, &result) != STATUS_OK)
        return 0;
    return result;
}

/* The part of line `line`, paid from `from` to `to` of its `paid`. */
static struct credit_line part_of(const struct note_line *line, int64_t paid, int64_t from,
                                  int64_t to)
{
    int64_t tax = tax_up_to(paid, line->gross_minor, line->tax_minor);
    int64_t part = tax_up_to(to, paid, tax) - tax_up_to(from, paid, tax);
    return (struct credit_line){.line_id = line->line_id,
                                .units = from == 0 ? line->units : 0,
                                .net_minor = to - from - part,
                                .tax_minor = part,
                                .tax_rate_ppm = line->tax_rate_ppm};
}

static int64_t within(int64_t value, int64_t least, int64_t most)
{
    return value < least ? least : value > most ? most : value;
}

enum status credit_note(const struct note_line *lines, size_t line_count, int64_t approved,
                        int64_t offset, int64_t amount, struct arena *arena,
                        struct credit_line **note, size_t *note_count)
{
    assert(line_count <= NOTE_LINES_MAX);
    *note = NULL;
    *note_count = 0;
    int64_t *weights = arena_array(arena, line_count + 1, sizeof *weights);
    int64_t *paid = arena_array(arena, line_count + 1, sizeof *paid);
    *note = arena_array(arena, line_count + 1, sizeof **note);
    if (weights == NULL || paid == NULL || *note == NULL)
        return STATUS_EXHAUSTED;
    for (size_t i = 0; i < line_count; i++)
        weights[i] = lines[i].gross_minor;
    if (line_count == 0 || minor_allocate(approved, weights, line_count, paid) != STATUS_OK)
        return STATUS_OK;
    int64_t start = 0;
    for (size_t i = 0; i < line_count; start += paid[i], i++) {
        int64_t from = within(offset - start, 0, paid[i]);
        int64_t to = within(offset + amount - start, 0, paid[i]);
        if (to > from)
            (*note)[(*note_count)++] = part_of(&lines[i], paid[i], from, to);
    }
    return STATUS_OK;
}

static uint8_t *put(uint8_t *to, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        to[i] = (uint8_t)(value >> (8 * (size - 1 - i)));
    return to + size;
}

static uint64_t get(const uint8_t *from, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | from[i];
    return value;
}

enum status note_lines_pack(const struct note_line *lines, size_t line_count, struct arena *arena,
                            const void **bytes, size_t *size)
{
    size_t total = 0;
    for (size_t i = 0; i < line_count; i++)
        total += 1 + strlen(lines[i].line_id) + FIXED_SIZE;
    uint8_t *to = arena_alloc(arena, total + 1);
    if (to == NULL)
        return STATUS_EXHAUSTED;
    *bytes = to;
    *size = total;
    for (size_t i = 0; i < line_count; i++) {
        size_t length = strlen(lines[i].line_id);
        assert(length <= ID_MAX);
        *to++ = (uint8_t)length;
        memcpy(to, lines[i].line_id, length);
        to = put(to + length, (uint64_t)lines[i].units, 8);
        to = put(to, (uint64_t)lines[i].gross_minor, 8);
        to = put(to, (uint64_t)lines[i].tax_minor, 8);
        to = put(to, (uint32_t)lines[i].tax_rate_ppm, 4);
    }
    return STATUS_OK;
}

static enum status count_lines(const uint8_t *bytes, size_t size, size_t *count)
{
    size_t at = 0;
    for (*count = 0; at < size; (*count)++) {
        size_t line = 1 + (size_t)bytes[at] + FIXED_SIZE;
        if (line > size - at || *count == NOTE_LINES_MAX)
            return STATUS_INVALID;
        at += line;
    }
    return STATUS_OK;
}

enum status note_lines_unpack(const void *bytes, size_t size, struct arena *arena,
                              const struct note_line **lines, size_t *line_count)
{
    const uint8_t *from = bytes;
    if (count_lines(from, size, line_count) != STATUS_OK)
        return STATUS_INVALID;
    struct note_line *into = arena_array(arena, *line_count + 1, sizeof *into);
    if (into == NULL)
        return STATUS_EXHAUSTED;
    *lines = into;
    for (size_t i = 0; i < *line_count; i++) {
        size_t length = *from++;
        into[i].line_id = arena_strndup(arena, (const char *)from, length);
        from += length;
        into[i].units = (int64_t)get(from, 8);
        into[i].gross_minor = (int64_t)get(from + 8, 8);
        into[i].tax_minor = (int64_t)get(from + 16, 8);
        into[i].tax_rate_ppm = (int32_t)(uint32_t)get(from + 24, 4);
        from += FIXED_SIZE;
        if (into[i].line_id == NULL)
            return STATUS_EXHAUSTED;
    }
    return STATUS_OK;
}
