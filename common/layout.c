#include "layout.h"

#include <string.h>

enum { LAYOUT_FIRST = 1024 };

void layout_start(struct layout *layout, struct arena *arena)
{
    *layout = (struct layout){.arena = arena};
}

static uint8_t *room_for(struct layout *layout, size_t size)
{
    if (layout->failed || size > SIZE_MAX / 4 - layout->size) {
        layout->failed = true;
        return NULL;
    }
    if (layout->size + size > layout->capacity) {
        size_t capacity = layout->capacity == 0 ? LAYOUT_FIRST : layout->capacity;
        while (capacity < layout->size + size)
            capacity *= 2;
        uint8_t *grown = arena_alloc(layout->arena, capacity);
        if (grown == NULL) {
            layout->failed = true;
            return NULL;
        }
        if (layout->size > 0)
            memcpy(grown, layout->bytes, layout->size);
        layout->bytes = grown;
        layout->capacity = capacity;
    }
    uint8_t *room = layout->bytes + layout->size;
    layout->size += size;
    return room;
}

void layout_integer(struct layout *layout, int64_t value)
{
    uint8_t *room = room_for(layout, 8);
    for (int i = 0; room != NULL && i < 8; i++)
        room[i] = (uint8_t)((uint64_t)value >> (56 - 8 * i));
}

void layout_bytes(struct layout *layout, const void *bytes, size_t size)
{
    uint8_t *room = size > UINT32_MAX ? NULL : room_for(layout, 4);
    if (room == NULL) {
        layout->failed = true;
        return;
    }
    for (int i = 0; i < 4; i++)
        room[i] = (uint8_t)(size >> (24 - 8 * i));
    room = size == 0 ? NULL : room_for(layout, size);
    if (room != NULL)
        memcpy(room, bytes, size);
}

void layout_text(struct layout *layout, const char *text)
{
    layout_bytes(layout, text, text == NULL ? 0 : strlen(text));
}
