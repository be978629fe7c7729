#include "kit_value.h"

#include <string.h>

#include "feel_number.h"
#include "feel_temporal.h"

static bool is_nil(const struct dmn_element *element)
{
    struct feel_text nil = dmn_attribute(element, "nil");
    return feel_text_is(nil, feel_text("true")) || feel_text_is(nil, feel_text("1"));
}

/* The type without its prefix: "decimal" of "xsd:decimal". */
static struct feel_text type_of(const struct dmn_element *element)
{
    struct feel_text type = dmn_trim(dmn_attribute(element, "type"));
    const char *colon = type.size == 0 ? NULL : memchr(type.bytes, ':', type.size);
    if (colon == NULL)
        return type;
    return (struct feel_text){colon + 1, type.size - (size_t)(colon + 1 - type.bytes)};
}

static bool is_number_type(struct feel_text type)
{
    static const char *const names[] = {"decimal", "double", "float", "integer",
                                        "int",     "long",   "short"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (feel_text_is(type, feel_text(names[i])))
            return true;
    return false;
}

static struct feel_value simple(struct arena *arena, const struct feel_zones *known,
                                const struct dmn_element *element)
{
    struct feel_zones zones = {.arena = arena, .parent = known};
    struct feel_text type = type_of(element), text = dmn_trim(element->text);
    struct feel_value value = feel_null();
    struct feel_number number;
    if (is_nil(element))
        return value;
    if (is_number_type(type))
        return feel_number_read(text.bytes, text.size, &number) ? feel_number_value(number) : value;
    if (feel_text_is(type, feel_text("boolean")))
        return feel_boolean(feel_text_is(text, feel_text("true")) ||
                            feel_text_is(text, feel_text("1")));
    if (feel_text_is(type, feel_text("date")) && feel_date_read(text, &value))
        return value;
    if (feel_text_is(type, feel_text("time")) && feel_time_read(text, &zones, &value))
        return value;
    if (feel_text_is(type, feel_text("dateTime")) && feel_date_time_read(text, &zones, &value))
        return value;
    if (memmem(type.bytes, type.size, "uration", 7) != NULL && feel_duration_read(text, &value))
        return value;
    return feel_string(element->text.bytes, element->text.size);
}

static struct feel_value list(struct arena *arena, const struct feel_zones *zones,
                              const struct dmn_element *element)
{
    size_t count = 0;
    if (is_nil(element))
        return feel_null();
    for (const struct dmn_element *e = dmn_child(element, "item"); e != NULL; e = dmn_again(e))
        count++;
    struct feel_value *items = arena_array(arena, count, sizeof *items);
    count = 0;
    for (const struct dmn_element *e = dmn_child(element, "item"); e != NULL && items != NULL;
         e = dmn_again(e))
        items[count++] = kit_value(arena, zones, e);
    return feel_list(items, items == NULL ? 0 : count);
}

static struct feel_value components(struct arena *arena, const struct feel_zones *zones,
                                    const struct dmn_element *first)
{
    size_t count = 0;
    for (const struct dmn_element *e = first; e != NULL; e = dmn_again(e))
        count++;
    struct feel_entry *entries = arena_array(arena, count, sizeof *entries);
    count = 0;
    for (const struct dmn_element *e = first; e != NULL && entries != NULL; e = dmn_again(e))
        entries[count++] =
            (struct feel_entry){dmn_attribute(e, "name"), kit_value(arena, zones, e)};
    return feel_context(entries, entries == NULL ? 0 : count);
}

struct feel_value kit_value(struct arena *arena, const struct feel_zones *zones,
                            const struct dmn_element *holder)
{
    const struct dmn_element *value = dmn_child(holder, "value");
    const struct dmn_element *component = dmn_child(holder, "component");
    const struct dmn_element *items = dmn_child(holder, "list");
    if (is_nil(holder))
        return feel_null();
    if (value != NULL)
        return simple(arena, zones, value);
    if (items != NULL)
        return list(arena, zones, items);
    if (component != NULL)
        return components(arena, zones, component);
    return feel_null();
}

static bool numbers_agree(struct feel_number expected, struct feel_number actual)
{
    struct feel_number distance, tolerance;
    return feel_number_read("0.00000001", 10, &tolerance) &&
           feel_number_subtract(expected, actual, &distance) &&
           feel_number_compare(feel_number_abs(distance), tolerance) < 0;
}

/* To the nanosecond, and with the same offset where both have one. */
static bool moments_agree(const struct feel_value *expected, const struct feel_value *actual)
{
    int32_t left = 0, right = 0;
    bool zoned = feel_moment_offset(expected, &left);
    return zoned == feel_moment_offset(actual, &right) && left == right &&
           feel_moment_local_s(expected) == feel_moment_local_s(actual) &&
           expected->moment.nanos == actual->moment.nanos;
}

static bool contexts_agree(const struct feel_value *expected, const struct feel_value *actual)
{
    if (expected->context.count != actual->context.count)
        return false;
    for (size_t i = 0; i < expected->context.count; i++) {
        const struct feel_entry *entry = &expected->context.entries[i];
        const struct feel_value *other = feel_entry(actual, entry->name);
        if (other == NULL || !kit_agrees(&entry->value, other))
            return false;
    }
    return true;
}

bool kit_agrees(const struct feel_value *expected, const struct feel_value *actual)
{
    if (expected->kind != actual->kind)
        return false;
    if (expected->kind == FEEL_NUMBER)
        return numbers_agree(expected->number, actual->number);
    if (expected->kind == FEEL_DATE || expected->kind == FEEL_TIME ||
        expected->kind == FEEL_DATE_TIME)
        return moments_agree(expected, actual);
    if (expected->kind == FEEL_CONTEXT)
        return contexts_agree(expected, actual);
    if (expected->kind != FEEL_LIST)
        return feel_same(expected, actual);
    if (expected->list.count != actual->list.count)
        return false;
    for (size_t i = 0; i < expected->list.count; i++)
        if (!kit_agrees(&expected->list.items[i], &actual->list.items[i]))
            return false;
    return true;
}
