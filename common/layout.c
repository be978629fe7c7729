#include "layout.h"

#include <string.h>

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
    uint8_t *bytes = arena_grow(layout->arena, layout->bytes, layout->size, &layout->capacity,
                                layout->size + size);
    if (bytes == NULL) {
        layout->failed = true;
        return NULL;
    }
    layout->bytes = bytes;
    uint8_t *room = bytes + layout->size;
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
