#include "lookup.h"

#include <stdlib.h>

enum { LOOKUP_FIRST_ROOM = 1024 };

/* FNV-1a, then a mixing step, as the table uses the low bits. */
uint32_t lookup_hash(const void *bytes, size_t size)
{
    const unsigned char *byte = bytes;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ byte[i]) * UINT64_C(0x100000001b3);
    hash ^= hash >> 32;
    hash *= UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)(hash >> 32);
}

static void put(struct lookup_slot *slots, size_t room, struct lookup_slot slot)
{
    size_t at = slot.hash & (room - 1);
    while (slots[at].number != 0)
        at = (at + 1) & (room - 1);
    slots[at] = slot;
}

static bool grow(struct lookup *lookup)
{
    size_t room = lookup->room == 0 ? LOOKUP_FIRST_ROOM : lookup->room * 2;
    struct lookup_slot *slots = calloc(room, sizeof *slots);
    if (slots == NULL)
        return false;
    for (size_t i = 0; i < lookup->room; i++)
        if (lookup->slots[i].number != 0)
            put(slots, room, lookup->slots[i]);
    free(lookup->slots);
    lookup->slots = slots;
    lookup->room = room;
    return true;
}

bool lookup_add(struct lookup *lookup, uint32_t hash, uint32_t number)
{
    /* At most 3/4 full. */
    if ((lookup->used + 1) * 4 > lookup->room * 3 && !grow(lookup))
        return false;
    put(lookup->slots, lookup->room, (struct lookup_slot){.hash = hash, .number = number + 1});
    lookup->used++;
    return true;
}

bool lookup_next(const struct lookup *lookup, uint32_t hash, size_t *cursor, uint32_t *number)
{
    if (lookup->room == 0)
        return false;
    for (;;) {
        const struct lookup_slot *slot = &lookup->slots[(hash + *cursor) & (lookup->room - 1)];
        if (slot->number == 0)
            return false;
        ++*cursor;
        if (slot->hash == hash) {
            *number = slot->number - 1;
            return true;
        }
    }
}

/* Moves the followers of the freed slot back, so that no search stops too early. */
static void close_gap(struct lookup *lookup, size_t gap)
{
    size_t mask = lookup->room - 1;
    for (size_t at = (gap + 1) & mask; lookup->slots[at].number != 0; at = (at + 1) & mask) {
        size_t home = lookup->slots[at].hash & mask;
        if (((at - home) & mask) < ((at - gap) & mask))
            continue;
        lookup->slots[gap] = lookup->slots[at];
        gap = at;
    }
    lookup->slots[gap] = (struct lookup_slot){0};
}

void lookup_remove(struct lookup *lookup, uint32_t hash, uint32_t number)
{
    if (lookup->room == 0)
        return;
    size_t at = hash & (lookup->room - 1);
    while (lookup->slots[at].number != 0 && lookup->slots[at].number != number + 1)
        at = (at + 1) & (lookup->room - 1);
    if (lookup->slots[at].number == 0)
        return;
    close_gap(lookup, at);
    lookup->used--;
}

void lookup_free(struct lookup *lookup)
{
    free(lookup->slots);
    *lookup = (struct lookup){0};
}
