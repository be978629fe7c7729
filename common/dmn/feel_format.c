#include "feel_format.h"

#include <string.h>

#include "feel_number.h"
#include "feel_temporal.h"

struct output {
    struct arena *arena;
    char *bytes;
    size_t size;
    size_t room;
    size_t limit;
    bool failed;
};

static void put(struct output *out, const char *bytes, size_t size)
{
    if (out->failed || size > out->limit - out->size) {
        out->failed = true;
        return;
    }
    if (out->size + size > out->room) {
        size_t room = (out->size + size) * 2;
        char *grown = arena_alloc(out->arena, room);
        if (grown == NULL) {
            out->failed = true;
            return;
        }
        if (out->size > 0)
            memcpy(grown, out->bytes, out->size);
        out->bytes = grown;
        out->room = room;
    }
    if (size > 0)
        memcpy(out->bytes + out->size, bytes, size);
    out->size += size;
}

static void put_text(struct output *out, const char *text)
{
    put(out, text, strlen(text));
}

static void put_quoted(struct output *out, struct feel_text text)
{
    put(out, "\"", 1);
    for (size_t i = 0; i < text.size; i++) {
        if (text.bytes[i] == '"' || text.bytes[i] == '\\')
            put(out, "\\", 1);
        put(out, &text.bytes[i], 1);
    }
    put(out, "\"", 1);
}

static void put_key(struct output *out, struct feel_text name)
{
    bool plain = name.size > 0;
    for (size_t i = 0; i < name.size; i++)
        if (strchr("{}[]():,\"\\", name.bytes[i]) != NULL)
            plain = false;
    if (plain)
        put(out, name.bytes, name.size);
    else
        put_quoted(out, name);
}

static void put_value(struct output *out, const struct feel_value *value, bool inside);

static void put_range(struct output *out, const struct feel_range *range)
{
    static const char *const signs[] = {
        [FEEL_LESS] = "(< ",           [FEEL_LESS_EQUAL] = "(<= ", [FEEL_GREATER] = "(> ",
        [FEEL_GREATER_EQUAL] = "(>= ", [FEEL_EQUAL] = "(= ",       [FEEL_UNEQUAL] = "(!= "};
    if (range->form != FEEL_INTERVAL) {
        bool high = range->form == FEEL_LESS || range->form == FEEL_LESS_EQUAL;
        put_text(out, signs[range->form]);
        put_value(out, high ? &range->high : &range->low, true);
        put(out, ")", 1);
        return;
    }
    put(out, range->low_closed ? "[" : "(", 1);
    put_value(out, &range->low, true);
    put(out, "..", 2);
    put_value(out, &range->high, true);
    put(out, range->high_closed ? "]" : ")", 1);
}

static void put_list(struct output *out, const struct feel_value *value)
{
    put(out, "[", 1);
    for (size_t i = 0; i < value->list.count && !out->failed; i++) {
        if (i > 0)
            put(out, ", ", 2);
        put_value(out, &value->list.items[i], true);
    }
    put(out, "]", 1);
}

static void put_context(struct output *out, const struct feel_value *value)
{
    put(out, "{", 1);
    for (size_t i = 0; i < value->context.count && !out->failed; i++) {
        if (i > 0)
            put(out, ", ", 2);
        put_key(out, value->context.entries[i].name);
        put(out, ": ", 2);
        put_value(out, &value->context.entries[i].value, true);
    }
    put(out, "}", 1);
}

static void put_scalar(struct output *out, const struct feel_value *value)
{
    char text[FEEL_NUMBER_TEXT_MAX];
    if (value->kind == FEEL_NUMBER)
        put(out, text, feel_number_write(value->number, text, sizeof text));
    else
        put(out, text, feel_temporal_write(value, text, sizeof text));
}

/* Recursion is bounded by the depth that values may have. */
static void put_value(struct output *out, const struct feel_value *value, bool inside)
{
    switch (value->kind) {
    case FEEL_NULL:
        put_text(out, "null");
        break;
    case FEEL_BOOLEAN:
        put_text(out, value->boolean ? "true" : "false");
        break;
    case FEEL_STRING:
        if (inside)
            put_quoted(out, value->text);
        else
            put(out, value->text.bytes, value->text.size);
        break;
    case FEEL_NUMBER:
    case FEEL_DATE:
    case FEEL_TIME:
    case FEEL_DATE_TIME:
    case FEEL_DAYS:
    case FEEL_MONTHS:
        put_scalar(out, value);
        break;
    case FEEL_LIST:
        put_list(out, value);
        break;
    case FEEL_CONTEXT:
        put_context(out, value);
        break;
    case FEEL_RANGE:
        put_range(out, value->range);
        break;
    case FEEL_FUNCTION:
        put_text(out, "function");
        break;
    }
}

bool feel_format(struct arena *arena, const struct feel_value *value, size_t limit,
                 struct feel_text *out)
{
    struct output output = {.arena = arena, .limit = limit};
    put_value(&output, value, false);
    *out = (struct feel_text){output.bytes == NULL ? "" : output.bytes, output.size};
    return !output.failed;
}
