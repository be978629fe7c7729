#include "arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct block {
    struct block *next;
    size_t size; /* of the bytes behind this header */
    size_t used;
    size_t unused_padding; /* keeps the bytes aligned to ARENA_ALIGNMENT */
};

/* Bytes that were outgrown. */
struct spare {
    struct spare *next;
};

enum { GROWN_FIRST = 256, GROWN_POWERS = 24 /* capacities of GROWN_FIRST << 0 to 23 */ };

struct arena {
    struct block *first;
    struct block *current;
    size_t limit;
    size_t reserved; /* sum of block sizes */
    struct spare *spares[GROWN_POWERS];
    bool exhausted;
};

_Static_assert(sizeof(struct block) % ARENA_ALIGNMENT == 0, "block bytes must stay aligned");

static struct block *block_create(size_t size)
{
    struct block *block = malloc(sizeof *block + size);
    if (block != NULL)
        *block = (struct block){.size = size};
    return block;
}

struct arena *arena_create(size_t limit_bytes)
{
    struct arena *arena = calloc(1, sizeof *arena);
    struct block *first = block_create(ARENA_FIRST_BLOCK);
    if (arena == NULL || first == NULL) {
        free(arena);
        free(first);
        return NULL;
    }
    arena->first = arena->current = first;
    arena->reserved = first->size;
    arena->limit = limit_bytes < ARENA_FIRST_BLOCK ? ARENA_FIRST_BLOCK : limit_bytes;
    return arena;
}

static void free_blocks_after(struct block *block)
{
    struct block *next = block->next;
    while (next != NULL) {
        struct block *dead = next;
        next = next->next;
        free(dead);
    }
    block->next = NULL;
}

void arena_destroy(struct arena *arena)
{
    if (arena == NULL)
        return;
    free_blocks_after(arena->first);
    free(arena->first);
    free(arena);
}

void arena_reset(struct arena *arena)
{
    struct block *last = arena->first;
    size_t kept = last->size;
    last->used = 0;
    while (last->next != NULL && kept + last->next->size <= ARENA_KEPT) {
        last = last->next;
        last->used = 0;
        kept += last->size;
    }
    free_blocks_after(last);
    arena->current = arena->first;
    arena->reserved = kept;
    memset(arena->spares, 0, sizeof arena->spares);
    arena->exhausted = false;
}

/* Gives back what was kept behind the current block and is too small for what is asked now. */
static void drop_kept(struct arena *arena)
{
    for (const struct block *block = arena->current->next; block != NULL; block = block->next)
        arena->reserved -= block->size;
    free_blocks_after(arena->current);
}

/* Blocks double, so that a large batch takes few of them; an oversized request gets its own. */
static struct block *grow(struct arena *arena, size_t need)
{
    struct block *kept = arena->current->next;
    if (kept != NULL && kept->size >= need)
        return arena->current = kept;
    drop_kept(arena);
    size_t room = arena->limit - arena->reserved;
    size_t size = arena->current->size * 2;
    if (size > 4u * 1024 * 1024)
        size = 4u * 1024 * 1024;
    if (size < need)
        size = need;
    if (size > room)
        size = room;
    if (size < need)
        return NULL;
    struct block *block = block_create(size);
    if (block == NULL)
        return NULL;
    arena->current->next = block;
    arena->current = block;
    arena->reserved += size;
    return block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    if (size > SIZE_MAX - ARENA_ALIGNMENT) {
        arena->exhausted = true;
        return NULL;
    }
    size_t need = (size + ARENA_ALIGNMENT - 1) / ARENA_ALIGNMENT * ARENA_ALIGNMENT;
    struct block *block = arena->current;
    if (need > block->size - block->used) {
        block = grow(arena, need);
        if (block == NULL) {
            arena->exhausted = true;
            return NULL;
        }
    }
    void *bytes = (unsigned char *)(block + 1) + block->used;
    block->used += need;
    return bytes;
}

static int power_of(size_t capacity)
{
    int power = 0;
    while (power < GROWN_POWERS && capacity > (size_t)GROWN_FIRST << power)
        power++;
    return power;
}

void *arena_grow(struct arena *arena, void *bytes, size_t used, size_t *capacity, size_t need)
{
    if (need <= *capacity)
        return bytes;
    int power = power_of(need);
    if (power == GROWN_POWERS) {
        arena->exhausted = true;
        return NULL;
    }
    void *grown = arena->spares[power];
    if (grown != NULL)
        arena->spares[power] = arena->spares[power]->next;
    else
        grown = arena_alloc(arena, (size_t)GROWN_FIRST << power);
    if (grown == NULL)
        return NULL;
    if (bytes != NULL) {
        memcpy(grown, bytes, used);
        struct spare *spare = bytes;
        spare->next = arena->spares[power_of(*capacity)];
        arena->spares[power_of(*capacity)] = spare;
    }
    *capacity = (size_t)GROWN_FIRST << power;
    return grown;
}

void *arena_room(struct arena *arena, size_t *size)
{
    struct block *block = arena->current;
    *size = block->size - block->used;
    return (unsigned char *)(block + 1) + block->used;
}

void *arena_zalloc(struct arena *arena, size_t size)
{
    void *bytes = arena_alloc(arena, size);
    return bytes == NULL ? NULL : memset(bytes, 0, size);
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total)) {
        arena->exhausted = true;
        return NULL;
    }
    return arena_zalloc(arena, total);
}

void *arena_memdup(struct arena *arena, const void *bytes, size_t size)
{
    void *copy = arena_alloc(arena, size);
    if (copy != NULL && size > 0)
        memcpy(copy, bytes, size);
    return copy;
}

char *arena_strndup(struct arena *arena, const char *text, size_t size)
{
    if (text == NULL || size == SIZE_MAX)
        return NULL;
    char *copy = arena_alloc(arena, size + 1);
    if (copy == NULL)
        return NULL;
    memcpy(copy, text, size);
    copy[size] = '\0';
    return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
    return text == NULL ? NULL : arena_strndup(arena, text, strlen(text));
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int size = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = size < 0 ? NULL : arena_alloc(arena, (size_t)size + 1);
    if (text != NULL)
        (void)vsnprintf(text, (size_t)size + 1, format, again);
    va_end(again);
    return text;
}

bool arena_exhausted(const struct arena *arena)
{
    return arena->exhausted;
}

size_t arena_used(const struct arena *arena)
{
    size_t used = 0;
    for (const struct block *block = arena->first; block != NULL; block = block->next)
        used += block->used;
    return used;
}
