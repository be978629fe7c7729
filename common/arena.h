/* Arena: memory for one batch, freed as one.
 *
 * Allocation is a pointer bump. The arena grows by blocks up to a hard limit; past it, alloc
 * returns NULL and the arena remembers (`arena_exhausted`), so that a sequence of steps can be
 * checked once at its end. Reset keeps the first blocks, so a steady load allocates nothing. */

#ifndef REDRESS_ARENA_H
#define REDRESS_ARENA_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct arena;

enum {
    ARENA_ALIGNMENT = 16,          /* of every pointer returned */
    ARENA_FIRST_BLOCK = 64 * 1024, /* bytes */
    ARENA_KEPT = 2 * 1024 * 1024   /* bytes kept over a reset, at most */
};

/* `limit_bytes` bounds the sum of all blocks, at least ARENA_FIRST_BLOCK. NULL: no memory.
 * The caller owns it and calls arena_destroy. */
struct arena *arena_create(size_t limit_bytes);
void arena_destroy(struct arena *arena);

/* Forgets everything allocated and the exhausted mark. Pointers into it are dead. */
void arena_reset(struct arena *arena);

/* Uninitialised, or zeroed, memory that lives until the next reset. NULL past the limit. */
void *arena_alloc(struct arena *arena, size_t size);
void *arena_zalloc(struct arena *arena, size_t size);

/* Bytes that grow: gives at least `need` of them, with the first `used` of `bytes` in front; sets
 * *capacity. Starts with NULL, 0 and a capacity of 0. They double, and what was outgrown serves the
 * next that grows; otherwise half of what such bytes take would be dead. NULL past the limit:
 * `bytes` and *capacity stay as they are. */
void *arena_grow(struct arena *arena, void *bytes, size_t used, size_t *capacity, size_t need);

/* The rest of the current block, not taken: to write into it first and take with arena_alloc what
 * was used. `size` is set to its bytes. */
void *arena_room(struct arena *arena, size_t *size);

/* An array of `count` zeroed elements; NULL on overflow of count * size too. */
void *arena_array(struct arena *arena, size_t count, size_t size);

/* Copies, NUL-terminated. NULL in, NULL out. */
char *arena_strdup(struct arena *arena, const char *text);
char *arena_strndup(struct arena *arena, const char *text, size_t size);
void *arena_memdup(struct arena *arena, const void *bytes, size_t size);
char *arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

bool arena_exhausted(const struct arena *arena);
size_t arena_used(const struct arena *arena);

#endif
