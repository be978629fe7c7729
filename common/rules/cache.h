/* Cache: what rule sets were made into, by revision. Bounded in bytes; what the current batch uses
 * is never dropped. Thread-safe: the reader brings what it has made, the loop takes it. */

#ifndef REDRESS_RULES_CACHE_H
#define REDRESS_RULES_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cache;

/* Holds at most `limit` bytes. NULL: no memory. */
struct cache *cache_create(size_t limit);
void cache_destroy(struct cache *cache);

/* The next batch begins: nothing is in use. */
void cache_turn(struct cache *cache);

/* What is kept for the revision, in use from now on; NULL if nothing is. */
const void *cache_use(struct cache *cache, int64_t revision);

/* Brings what was made, and drops what was used longest ago to have room. `use`: it is in use from
 * now on. If something is kept already, or there is no room, it is released and the answer is what
 * is kept, or NULL. */
const void *cache_bring(struct cache *cache, int64_t revision, void *made, size_t bytes,
                        void (*release)(void *made), bool use);

#endif
