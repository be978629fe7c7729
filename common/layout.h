/* Layout: the bytes that a signature or a MAC covers (proto/README.md, "Signatures").
 *
 * A text is its length in bytes as 4 bytes big-endian and then its bytes; an integer is 8 bytes
 * big-endian, two's complement. Written in order, with nothing between. */

#ifndef REDRESS_LAYOUT_H
#define REDRESS_LAYOUT_H

#include "arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Grows in the arena. `failed` sticks once that is full. */
struct layout {
    struct arena *arena;
    uint8_t *bytes;
    size_t size, capacity;
    bool failed;
};

void layout_start(struct layout *layout, struct arena *arena);
void layout_integer(struct layout *layout, int64_t value);
void layout_bytes(struct layout *layout, const void *bytes, size_t size); /* as a text */
void layout_text(struct layout *layout, const char *text); /* NULL is the empty text */

#endif
