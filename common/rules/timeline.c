#include "timeline.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A version and its texts, in one piece. */
struct entry {
    struct rules_set set;
    char texts[];
};

/* Sorted by kind, merchant, valid_from and revision: what is in force stands right before the first
 * that is not yet. */
struct timeline {
    struct entry **entries;
    size_t count, capacity, limit;
};

enum { TIMELINE_FIRST = 64 };

struct timeline *timeline_create(size_t limit)
{
    struct timeline *timeline = calloc(1, sizeof *timeline);
    if (timeline != NULL)
        timeline->limit = limit;
    return timeline;
}

void timeline_destroy(struct timeline *timeline)
{
    if (timeline == NULL)
        return;
    for (size_t i = 0; i < timeline->count; i++) {
        free((void *)(uintptr_t)timeline->entries[i]->set.fault);
        free(timeline->entries[i]);
    }
    free(timeline->entries);
    free(timeline);
}

static int compare_line(const struct rules_set *set, enum rules_kind kind, const char *merchant_id)
{
    if (set->kind != kind)
        return set->kind < kind ? -1 : 1;
    return strcmp(set->merchant_id, merchant_id);
}

/* Negative if `set` stands before (kind, merchant, valid_from, revision). */
static int compare(const struct rules_set *set, const struct rules_set *key)
{
    int order = compare_line(set, key->kind, key->merchant_id);
    if (order != 0)
        return order;
    if (set->valid_from_us != key->valid_from_us)
        return set->valid_from_us < key->valid_from_us ? -1 : 1;
    return set->revision < key->revision ? -1 : set->revision > key->revision;
}

/* How many stand before or at the key. */
static size_t rank(const struct timeline *timeline, const struct rules_set *key)
{
    size_t low = 0, high = timeline->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(&timeline->entries[middle]->set, key) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static const char *copy_text(char **room, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = memcpy(*room, text, size);
    *room += size;
    return copy;
}

static struct entry *copy_entry(const struct rules_set *set)
{
    size_t texts = strlen(set->id) + strlen(set->merchant_id) + strlen(set->sha256) + 3;
    struct entry *entry = malloc(sizeof *entry + texts);
    if (entry == NULL)
        return NULL;
    char *room = entry->texts;
    entry->set = *set;
    entry->set.id = copy_text(&room, set->id);
    entry->set.merchant_id = copy_text(&room, set->merchant_id);
    entry->set.sha256 = copy_text(&room, set->sha256);
    return entry;
}

static bool make_room(struct timeline *timeline)
{
    if (timeline->count < timeline->capacity)
        return true;
    size_t capacity = timeline->capacity == 0 ? TIMELINE_FIRST : timeline->capacity * 2;
    struct entry **grown = realloc(timeline->entries, capacity * sizeof(struct entry *));
    if (grown == NULL)
        return false;
    timeline->entries = grown;
    timeline->capacity = capacity;
    return true;
}

enum status timeline_add(struct timeline *timeline, const struct rules_set *set)
{
    if (timeline->count >= timeline->limit || !make_room(timeline))
        return STATUS_EXHAUSTED;
    struct entry *entry = copy_entry(set);
    if (entry == NULL)
        return STATUS_EXHAUSTED;
    size_t at = rank(timeline, set);
    memmove(timeline->entries + at + 1, timeline->entries + at,
            (timeline->count - at) * sizeof(struct entry *));
    timeline->entries[at] = entry;
    timeline->count++;
    return STATUS_OK;
}

static struct rules_set *find_own(const struct timeline *timeline, const char *merchant_id,
                                  enum rules_kind kind, int64_t at_us)
{
    const struct rules_set key = {
        .kind = kind, .merchant_id = merchant_id, .valid_from_us = at_us, .revision = INT64_MAX};
    size_t at = rank(timeline, &key);
    if (at == 0 || compare_line(&timeline->entries[at - 1]->set, kind, merchant_id) != 0)
        return NULL;
    return &timeline->entries[at - 1]->set;
}

struct rules_set *timeline_find(const struct timeline *timeline, const char *merchant_id,
                                enum rules_kind kind, int64_t at_us)
{
    struct rules_set *own = find_own(timeline, merchant_id, kind, at_us);
    return own == NULL ? find_own(timeline, "", kind, at_us) : own;
}

struct rules_set *timeline_model(const struct timeline *timeline, const char *merchant_id,
                                 enum rules_kind kind, int64_t purchased_us, int64_t requested_us)
{
    struct rules_set *asked = timeline_find(timeline, merchant_id, kind, requested_us);
    if (asked == NULL || asked->judged_by == RULES_JUDGED_BY_REQUEST)
        return asked;
    return timeline_find(timeline, merchant_id, kind, purchased_us);
}
