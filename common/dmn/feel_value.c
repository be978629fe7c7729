#include "feel_value.h"

#include <string.h>

#include "feel_number.h"
#include "feel_temporal.h"

struct feel_text feel_text(const char *text)
{
    return (struct feel_text){text, strlen(text)};
}

const char *feel_kind_name(enum feel_kind kind)
{
    static const char *const names[] = {
#define X(kind, name) name,
        FEEL_KIND_ROWS(X)
#undef X
    };
    return (size_t)kind < sizeof names / sizeof *names ? names[kind] : "unknown";
}

void feel_enclose(struct feel_value *owner, const struct feel_value *part)
{
    enum { WEIGHT_MAX = (1 << 24) - 1, DEPTH_MAX = 255 };
    unsigned weight = (unsigned)owner->weight + (unsigned)part->weight + 1u;
    owner->weight = (weight > WEIGHT_MAX ? WEIGHT_MAX : weight) & WEIGHT_MAX;
    unsigned depth = (unsigned)part->depth + 1u;
    if (depth > owner->depth)
        owner->depth = (depth > DEPTH_MAX ? DEPTH_MAX : depth) & DEPTH_MAX;
}

struct feel_value feel_list(const struct feel_value *items, size_t count)
{
    struct feel_value list = {.kind = FEEL_LIST, .depth = 1, .list = {items, count}};
    for (size_t i = 0; i < count; i++)
        feel_enclose(&list, &items[i]);
    return list;
}

struct feel_value feel_context(const struct feel_entry *entries, size_t count)
{
    struct feel_value context = {.kind = FEEL_CONTEXT, .depth = 1, .context = {entries, count}};
    for (size_t i = 0; i < count; i++)
        feel_enclose(&context, &entries[i].value);
    return context;
}

const struct feel_value *feel_entry(const struct feel_value *context, struct feel_text name)
{
    for (size_t i = 0; i < context->context.count; i++)
        if (feel_text_is(context->context.entries[i].name, name))
            return &context->context.entries[i].value;
    return NULL;
}

static bool same_list(const struct feel_value *left, const struct feel_value *right)
{
    if (left->list.count != right->list.count)
        return false;
    if (left->list.items == right->list.items)
        return true;
    for (size_t i = 0; i < left->list.count; i++)
        if (!feel_same(&left->list.items[i], &right->list.items[i]))
            return false;
    return true;
}

static bool same_context(const struct feel_value *left, const struct feel_value *right)
{
    if (left->context.count != right->context.count)
        return false;
    if (left->context.entries == right->context.entries)
        return true;
    for (size_t i = 0; i < left->context.count; i++) {
        const struct feel_entry *entry = &left->context.entries[i];
        const struct feel_entry *beside = &right->context.entries[i];
        const struct feel_value *other = feel_text_is(beside->name, entry->name)
                                             ? &beside->value
                                             : feel_entry(right, entry->name);
        if (other == NULL || !feel_same(&entry->value, other))
            return false;
    }
    return true;
}

static bool same_range(const struct feel_range *left, const struct feel_range *right)
{
    return left->form == right->form && left->low_closed == right->low_closed &&
           left->high_closed == right->high_closed && feel_same(&left->low, &right->low) &&
           feel_same(&left->high, &right->high);
}

bool feel_same(const struct feel_value *left, const struct feel_value *right)
{
    if (left->kind != right->kind)
        return false;
    switch (left->kind) {
    case FEEL_NULL:
        return true;
    case FEEL_BOOLEAN:
        return left->boolean == right->boolean;
    case FEEL_NUMBER:
        return feel_number_compare(left->number, right->number) == 0;
    case FEEL_STRING:
        return feel_text_is(left->text, right->text);
    case FEEL_DATE:
    case FEEL_TIME:
    case FEEL_DATE_TIME:
        return feel_moment_equal(left, right);
    case FEEL_DAYS:
        return left->days.seconds == right->days.seconds && left->days.nanos == right->days.nanos;
    case FEEL_MONTHS:
        return left->months == right->months;
    case FEEL_LIST:
        return same_list(left, right);
    case FEEL_CONTEXT:
        return same_context(left, right);
    case FEEL_RANGE:
        return same_range(left->range, right->range);
    case FEEL_FUNCTION:
        return feel_function_same(left->function, right->function);
    }
    return false;
}

/* A list of one stands for its item against anything that is no list. */
static const struct feel_value *unwrap(const struct feel_value *value,
                                       const struct feel_value *other)
{
    bool one = value->kind == FEEL_LIST && value->list.count == 1 && other->kind != FEEL_LIST;
    return one ? value->list.items : value;
}

enum feel_truth feel_equal(const struct feel_value *left, const struct feel_value *right)
{
    if (left->kind == FEEL_NULL || right->kind == FEEL_NULL)
        return left->kind == right->kind ? FEEL_TRUE : FEEL_FALSE;
    const struct feel_value *a = unwrap(left, right);
    const struct feel_value *b = unwrap(right, left);
    if (a->kind != b->kind)
        return FEEL_UNKNOWN;
    return feel_same(a, b) ? FEEL_TRUE : FEEL_FALSE;
}

/* UTF-8 keeps the order of code points. */
static int order_text(struct feel_text left, struct feel_text right)
{
    size_t shorter = left.size < right.size ? left.size : right.size;
    int order = shorter == 0 ? 0 : memcmp(left.bytes, right.bytes, shorter);
    if (order == 0)
        return left.size < right.size ? -1 : left.size > right.size;
    return order < 0 ? -1 : 1;
}

bool feel_order(const struct feel_value *left, const struct feel_value *right, int *order)
{
    if (left->kind != right->kind)
        return false;
    switch (left->kind) {
    case FEEL_NUMBER:
        *order = feel_number_compare(left->number, right->number);
        return true;
    case FEEL_STRING:
        *order = order_text(left->text, right->text);
        return true;
    case FEEL_DATE:
    case FEEL_TIME:
    case FEEL_DATE_TIME:
        *order = feel_moment_order(left, right);
        return true;
    case FEEL_DAYS:
        *order =
            left->days.seconds != right->days.seconds
                ? (left->days.seconds < right->days.seconds ? -1 : 1)
                : (left->days.nanos > right->days.nanos) - (left->days.nanos < right->days.nanos);
        return true;
    case FEEL_MONTHS:
        *order = (left->months > right->months) - (left->months < right->months);
        return true;
    case FEEL_NULL:
    case FEEL_BOOLEAN:
    case FEEL_LIST:
    case FEEL_CONTEXT:
    case FEEL_RANGE:
    case FEEL_FUNCTION:
        break;
    }
    return false;
}

static enum feel_truth above(const struct feel_value *low, bool closed,
                             const struct feel_value *value)
{
    int order;
    if (!feel_order(value, low, &order))
        return FEEL_UNKNOWN;
    return order > 0 || (closed && order == 0) ? FEEL_TRUE : FEEL_FALSE;
}

static enum feel_truth below(const struct feel_value *high, bool closed,
                             const struct feel_value *value)
{
    int order;
    if (!feel_order(value, high, &order))
        return FEEL_UNKNOWN;
    return order < 0 || (closed && order == 0) ? FEEL_TRUE : FEEL_FALSE;
}

enum feel_truth feel_range_contains(const struct feel_range *range, const struct feel_value *value)
{
    switch (range->form) {
    case FEEL_EQUAL:
        return feel_equal(value, &range->low);
    case FEEL_UNEQUAL: {
        enum feel_truth equal = feel_equal(value, &range->low);
        return equal == FEEL_UNKNOWN ? equal : equal == FEEL_TRUE ? FEEL_FALSE : FEEL_TRUE;
    }
    case FEEL_LESS:
    case FEEL_LESS_EQUAL:
        return below(&range->high, range->high_closed, value);
    case FEEL_GREATER:
    case FEEL_GREATER_EQUAL:
        return above(&range->low, range->low_closed, value);
    case FEEL_INTERVAL:
        break;
    }
    enum feel_truth low = above(&range->low, range->low_closed, value);
    enum feel_truth high = below(&range->high, range->high_closed, value);
    if (low == FEEL_UNKNOWN || high == FEEL_UNKNOWN)
        return FEEL_UNKNOWN;
    return low == FEEL_TRUE && high == FEEL_TRUE ? FEEL_TRUE : FEEL_FALSE;
}

static struct feel_text copy_text(struct arena *arena, struct feel_text text)
{
    const char *bytes = arena_strndup(arena, text.bytes == NULL ? "" : text.bytes, text.size);
    return (struct feel_text){bytes == NULL ? "" : bytes, bytes == NULL ? 0 : text.size};
}

static struct feel_value copy_list(struct arena *arena, const struct feel_value *value)
{
    struct feel_value *items = arena_array(arena, value->list.count, sizeof *items);
    if (items == NULL)
        return feel_null();
    for (size_t i = 0; i < value->list.count; i++)
        items[i] = feel_copy(arena, &value->list.items[i]);
    return feel_list(items, value->list.count);
}

static struct feel_value copy_context(struct arena *arena, const struct feel_value *value)
{
    struct feel_entry *entries = arena_array(arena, value->context.count, sizeof *entries);
    if (entries == NULL)
        return feel_null();
    for (size_t i = 0; i < value->context.count; i++) {
        entries[i].name = copy_text(arena, value->context.entries[i].name);
        entries[i].value = feel_copy(arena, &value->context.entries[i].value);
    }
    return feel_context(entries, value->context.count);
}

static struct feel_value copy_range(struct arena *arena, const struct feel_value *value)
{
    struct feel_range *range = arena_memdup(arena, value->range, sizeof *range);
    if (range == NULL)
        return feel_null();
    range->low = feel_copy(arena, &value->range->low);
    range->high = feel_copy(arena, &value->range->high);
    return (struct feel_value){.kind = FEEL_RANGE, .range = range};
}

/* Depth is bounded by the values' makers: nesting is limited wherever values are made. */
struct feel_value feel_copy(struct arena *arena, const struct feel_value *value)
{
    struct feel_value copy = *value;
    if (value->kind == FEEL_STRING)
        copy.text = copy_text(arena, value->text);
    if (value->kind == FEEL_LIST)
        copy = copy_list(arena, value);
    if (value->kind == FEEL_CONTEXT)
        copy = copy_context(arena, value);
    if (value->kind == FEEL_RANGE)
        copy = copy_range(arena, value);
    return copy;
}
