#include "cache.h"

#include <pthread.h>
#include <stdlib.h>

enum { CACHE_ITEMS_MAX = 256 };

struct item {
    int64_t revision;
    void *made;
    size_t bytes;
    void (*release)(void *made);
    uint64_t used; /* the turn in which it was used last */
};

struct cache {
    pthread_mutex_t mutex;
    struct item items[CACHE_ITEMS_MAX];
    size_t count, bytes, limit;
    uint64_t turn;
};

struct cache *cache_create(size_t limit)
{
    struct cache *cache = calloc(1, sizeof *cache);
    if (cache == NULL)
        return NULL;
    cache->limit = limit;
    cache->turn = 1;
    (void)pthread_mutex_init(&cache->mutex, NULL);
    return cache;
}

void cache_destroy(struct cache *cache)
{
    if (cache == NULL)
        return;
    for (size_t i = 0; i < cache->count; i++)
        cache->items[i].release(cache->items[i].made);
    (void)pthread_mutex_destroy(&cache->mutex);
    free(cache);
}

void cache_turn(struct cache *cache)
{
    (void)pthread_mutex_lock(&cache->mutex);
    cache->turn++;
    (void)pthread_mutex_unlock(&cache->mutex);
}

static struct item *find(struct cache *cache, int64_t revision)
{
    for (size_t i = 0; i < cache->count; i++)
        if (cache->items[i].revision == revision)
            return &cache->items[i];
    return NULL;
}

const void *cache_use(struct cache *cache, int64_t revision)
{
    (void)pthread_mutex_lock(&cache->mutex);
    struct item *item = find(cache, revision);
    if (item != NULL)
        item->used = cache->turn;
    const void *made = item == NULL ? NULL : item->made;
    (void)pthread_mutex_unlock(&cache->mutex);
    return made;
}

/* The item that was used longest ago and is not in use; NULL: there is none. */
static struct item *oldest(struct cache *cache)
{
    struct item *found = NULL;
    for (size_t i = 0; i < cache->count; i++) {
        struct item *item = &cache->items[i];
        if (item->used < cache->turn && (found == NULL || item->used < found->used))
            found = item;
    }
    return found;
}

static bool make_room(struct cache *cache, size_t bytes)
{
    while (cache->count == CACHE_ITEMS_MAX || cache->bytes + bytes > cache->limit) {
        struct item *item = oldest(cache);
        if (item == NULL)
            return false;
        item->release(item->made);
        cache->bytes -= item->bytes;
        *item = cache->items[--cache->count];
    }
    return true;
}

const void *cache_bring(struct cache *cache, int64_t revision, void *made, size_t bytes,
                        void (*release)(void *made), bool use)
{
    (void)pthread_mutex_lock(&cache->mutex);
    struct item *item = find(cache, revision);
    if (item != NULL || bytes > cache->limit || !make_room(cache, bytes)) {
        release(made);
    } else {
        item = &cache->items[cache->count++];
        *item = (struct item){revision, made, bytes, release, cache->turn - 1};
        cache->bytes += bytes;
    }
    if (item != NULL && use)
        item->used = cache->turn;
    const void *kept = item == NULL ? NULL : item->made;
    (void)pthread_mutex_unlock(&cache->mutex);
    return kept;
}
