/* Context functions (10.3.4.11, 10.3.4.12). */

#include "feel_builtin_rows.h"
#include "feel_run.h"

struct feel_value feel_bi_get_value(struct feel_run *run, const struct feel_value *a, size_t given)
{
    (void)given;
    const struct feel_value *entry = feel_entry(&a[0], a[1].text);
    return entry != NULL ? *entry : feel_note(run, NULL, "get value: no such entry");
}

struct feel_value feel_bi_get_entries(struct feel_run *run, const struct feel_value *a,
                                      size_t given)
{
    (void)given;
    struct feel_builder out = {.list = {.kind = FEEL_LIST, .depth = 1}};
    for (size_t i = 0; i < a[0].context.count; i++) {
        const struct feel_entry *entry = &a[0].context.entries[i];
        struct feel_entry *pair = feel_alloc(run, 2, sizeof *pair);
        if (pair == NULL)
            return feel_null();
        pair[0] =
            (struct feel_entry){feel_text("key"), feel_string(entry->name.bytes, entry->name.size)};
        pair[1] = (struct feel_entry){feel_text("value"), entry->value};
        struct feel_value item = feel_context(pair, 2);
        if (!feel_build(run, &out, &item))
            return feel_null();
    }
    return out.list;
}

/* The context with one entry set: in its place where it was there, at the end otherwise. */
static struct feel_value put(struct feel_run *run, const struct feel_value *context,
                             struct feel_text key, const struct feel_value *value)
{
    size_t count = context->kind == FEEL_CONTEXT ? context->context.count : 0;
    struct feel_entry *entries = feel_alloc(run, count + 1, sizeof *entries);
    if (entries == NULL)
        return feel_null();
    if (count >= FEEL_ENTRIES_MAX || !feel_charge(run, 1 + count / 16))
        return feel_note(run, NULL, "a context of more than %d entries", FEEL_ENTRIES_MAX);
    bool found = false;
    for (size_t i = 0; i < count; i++) {
        entries[i] = context->context.entries[i];
        if (feel_text_is(entries[i].name, key)) {
            entries[i].value = *value;
            found = true;
        }
    }
    if (!found)
        entries[count] = (struct feel_entry){key, *value};
    return feel_context(entries, count + (found ? 0 : 1));
}

struct feel_value feel_bi_context(struct feel_run *run, const struct feel_value *a, size_t given)
{
    (void)given;
    struct feel_value out = feel_context(NULL, 0);
    for (size_t i = 0; i < a[0].list.count; i++) {
        const struct feel_value *item = &a[0].list.items[i];
        bool context = item->kind == FEEL_CONTEXT;
        const struct feel_value *key = context ? feel_entry(item, feel_text("key")) : NULL;
        const struct feel_value *value = context ? feel_entry(item, feel_text("value")) : NULL;
        if (key == NULL || value == NULL || key->kind != FEEL_STRING)
            return feel_note(run, NULL, "context: an entry without a key or a value");
        if (feel_entry(&out, key->text) != NULL)
            return feel_note(run, NULL, "context: a key stands twice");
        out = put(run, &out, key->text, value);
        if (out.kind == FEEL_NULL)
            return out;
    }
    return out;
}

struct feel_value feel_bi_context_put(struct feel_run *run, const struct feel_value *a,
                                      size_t given)
{
    (void)given;
    return put(run, &a[0], a[1].text, &a[2]);
}

static struct feel_value put_path(struct feel_run *run, const struct feel_value *context,
                                  const struct feel_value *keys, size_t count,
                                  const struct feel_value *value)
{
    if (keys->kind != FEEL_STRING)
        return feel_note(run, NULL, "context put: a key that is a %s", feel_kind_name(keys->kind));
    if (count == 1)
        return put(run, context, keys->text, value);
    if (count > FEEL_VALUE_DEPTH_MAX)
        return feel_note(run, NULL, "context put: too many keys");
    const struct feel_value *entry =
        context->kind == FEEL_CONTEXT ? feel_entry(context, keys->text) : NULL;
    if (entry == NULL || entry->kind != FEEL_CONTEXT)
        return feel_note(run, NULL, "context put: %.*s is no context", (int)keys->text.size,
                         keys->text.bytes);
    struct feel_value inner = put_path(run, entry, keys + 1, count - 1, value);
    return inner.kind == FEEL_NULL ? inner : put(run, context, keys->text, &inner);
}

struct feel_value feel_bi_context_put_path(struct feel_run *run, const struct feel_value *a,
                                           size_t given)
{
    (void)given;
    if (a[1].list.count == 0)
        return feel_note(run, NULL, "context put: no keys");
    return put_path(run, &a[0], a[1].list.items, a[1].list.count, &a[2]);
}

struct feel_value feel_bi_context_merge(struct feel_run *run, const struct feel_value *a,
                                        size_t given)
{
    (void)given;
    struct feel_value out = feel_context(NULL, 0);
    for (size_t i = 0; i < a[0].list.count; i++) {
        const struct feel_value *item = &a[0].list.items[i];
        if (item->kind != FEEL_CONTEXT)
            return feel_note(run, NULL, "context merge: an item is a %s",
                             feel_kind_name(item->kind));
        for (size_t j = 0; j < item->context.count && out.kind == FEEL_CONTEXT; j++)
            out = put(run, &out, item->context.entries[j].name, &item->context.entries[j].value);
    }
    return out;
}
