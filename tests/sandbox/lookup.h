/* Lookup: from a hash to the numbers of the records that have it (open addressing).
 *
 * The records are the caller's; equal hashes are told apart by the caller:
 *     for (cursor = 0; lookup_next(&lookup, hash, &cursor, &number);) ... */

#ifndef SANDBOX_LOOKUP_H
#define SANDBOX_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lookup_slot {
    uint32_t hash;
    uint32_t number; /* record number + 1; 0: free */
};

/* All zero is empty. */
struct lookup {
    struct lookup_slot *slots;
    size_t room; /* a power of two, or 0 */
    size_t used;
};

/* A hash of text for lookups. Not secret: the sandbox listens to tests only. */
uint32_t lookup_hash(const void *bytes, size_t size);

/* False without memory. */
bool lookup_add(struct lookup *lookup, uint32_t hash, uint32_t number)
    __attribute__((warn_unused_result));

/* The next record with that hash; `*cursor` starts at 0. */
bool lookup_next(const struct lookup *lookup, uint32_t hash, size_t *cursor, uint32_t *number);

void lookup_remove(struct lookup *lookup, uint32_t hash, uint32_t number);
void lookup_free(struct lookup *lookup);

#endif
