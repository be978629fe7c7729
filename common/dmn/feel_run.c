#include "feel_run.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct feel_value feel_note(struct feel_run *run, const struct feel_node *node, const char *format,
                            ...)
{
    char text[FEEL_MESSAGE_MAX];
    if (run->notes == NULL)
        run->notes = arena_array(run->arena, FEEL_NOTES_MAX, sizeof *run->notes);
    if (run->note_count++ >= FEEL_NOTES_MAX || run->notes == NULL)
        return feel_null();
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    const char *copy = arena_strdup(run->arena, text);
    run->notes[run->note_count - 1] =
        (struct feel_note){.place = run->place,
                           .offset = node == NULL ? 0 : node->offset,
                           .text = copy == NULL ? "out of memory" : copy};
    return feel_null();
}

static void *given(struct feel_run *run, void *memory)
{
    if (memory == NULL && run->stop == NULL)
        run->stop = "the evaluation needs more memory than it is allowed";
    return memory;
}

void *feel_alloc(struct feel_run *run, size_t count, size_t size)
{
    return given(run, arena_array(run->arena, count, size));
}

void *feel_room(struct feel_run *run, size_t count, size_t size)
{
    size_t total;
    return given(run, __builtin_mul_overflow(count, size, &total) ? NULL
                                                                  : arena_alloc(run->arena, total));
}

void feel_stop_steps(struct feel_run *run)
{
    run->stop = "the evaluation takes more steps than it is allowed";
}

bool feel_build(struct feel_run *run, struct feel_builder *builder, const struct feel_value *item)
{
    size_t count = builder->list.list.count;
    if (count >= run->list_max) {
        (void)feel_note(run, NULL, "a list of more than %zu items", run->list_max);
        return false;
    }
    if (count == builder->room) {
        size_t room = builder->room == 0 ? 8 : builder->room * 2;
        struct feel_value *items = feel_room(run, room, sizeof *items);
        if (items == NULL)
            return false;
        if (count > 0)
            memcpy(items, builder->list.list.items, count * sizeof *items);
        builder->list.list.items = items;
        builder->room = room;
    }
    builder->list.kind = FEEL_LIST;
    ((struct feel_value *)(uintptr_t)builder->list.list.items)[count] = *item;
    builder->list.list.count = count + 1;
    feel_enclose(&builder->list, item);
    return true;
}

struct feel_value feel_new_string(struct feel_run *run, const char *bytes, size_t size)
{
    if (size > run->string_max)
        return feel_note(run, NULL, "a string of more than %zu bytes", run->string_max);
    char *copy = feel_alloc(run, size + 1, 1);
    if (copy == NULL)
        return feel_null();
    if (size > 0)
        memcpy(copy, bytes, size);
    return feel_string(copy, size);
}

struct feel_value feel_new_range(struct feel_run *run, const struct feel_range *range)
{
    struct feel_range *copy = feel_room(run, 1, sizeof *copy);
    if (copy == NULL)
        return feel_null();
    *copy = *range;
    return (struct feel_value){.kind = FEEL_RANGE, .range = copy};
}
