#include "totals.h"

#include <stdlib.h>
#include <string.h>

enum { TOTALS_FIRST = 256 };

const struct total_shape analytics_total_shapes[TOTALS] = {
#define X(name, texts, numbers, sums) [TOTAL_##name] = {texts, numbers, sums},
    ANALYTICS_TOTAL_ROWS(X)
#undef X
};

void analytics_totals_start(struct totals *totals, struct arena *arena)
{
    *totals = (struct totals){.arena = arena};
}

static uint32_t hash_byte(uint32_t hash, uint8_t byte)
{
    return (hash ^ byte) * 16777619u; /* FNV-1a */
}

static uint32_t hash_key(const struct total_cell *cell)
{
    const struct total_shape *shape = &analytics_total_shapes[cell->total];
    uint32_t hash = hash_byte(2166136261u, (uint8_t)cell->total);
    for (size_t i = 0; i < shape->texts; i++) {
        for (const char *at = cell->texts[i]; *at != '\0'; at++)
            hash = hash_byte(hash, (uint8_t)*at);
        hash = hash_byte(hash, 0xff);
    }
    for (size_t i = 0; i < shape->numbers; i++)
        for (int shift = 0; shift < 32; shift += 8)
            hash = hash_byte(hash, (uint8_t)((uint32_t)cell->numbers[i] >> shift));
    return hash;
}

static int compare_keys(const struct total_cell *a, const struct total_cell *b)
{
    const struct total_shape *shape = &analytics_total_shapes[a->total];
    int order = (a->total > b->total) - (a->total < b->total);
    for (size_t i = 0; i < shape->texts && order == 0; i++)
        order = a->texts[i] == b->texts[i] ? 0 : strcmp(a->texts[i], b->texts[i]);
    for (size_t i = 0; i < shape->numbers && order == 0; i++)
        order = (a->numbers[i] > b->numbers[i]) - (a->numbers[i] < b->numbers[i]);
    return order;
}

/* The bucket of the cell's key, or the free one where it belongs. */
static uint32_t *bucket_of(const struct totals *totals, const struct total_cell *cell)
{
    size_t at = hash_key(cell) & (totals->bucket_count - 1);
    while (totals->buckets[at] != 0) {
        const struct total_cell *known = &totals->cells[totals->buckets[at] - 1];
        if (known->total == cell->total && compare_keys(known, cell) == 0)
            break;
        at = (at + 1) & (totals->bucket_count - 1);
    }
    return &totals->buckets[at];
}

static bool grow(struct totals *totals)
{
    size_t capacity = totals->capacity == 0 ? TOTALS_FIRST : totals->capacity * 2;
    struct total_cell *cells = arena_array(totals->arena, capacity, sizeof *cells);
    uint32_t *buckets = arena_array(totals->arena, capacity * 2, sizeof *buckets);
    if (cells == NULL || buckets == NULL)
        return false;
    if (totals->count > 0)
        memcpy(cells, totals->cells, totals->count * sizeof *cells);
    totals->cells = cells;
    totals->capacity = capacity;
    totals->buckets = buckets;
    totals->bucket_count = capacity * 2;
    for (size_t i = 0; i < totals->count; i++)
        *bucket_of(totals, &cells[i]) = (uint32_t)i + 1;
    return true;
}

static bool add_sums(int64_t *sums, const int64_t *more, int sign)
{
    bool overflow = false;
    for (size_t i = 0; i < TOTAL_SUMS_MAX; i++)
        overflow |= sign > 0 ? __builtin_add_overflow(sums[i], more[i], &sums[i])
                             : __builtin_sub_overflow(sums[i], more[i], &sums[i]);
    return !overflow;
}

void analytics_totals_add(struct totals *totals, const struct total_cell *cell, int sign)
{
    if (totals->exhausted)
        return;
    if (totals->count == totals->capacity && !grow(totals)) {
        totals->exhausted = true;
        return;
    }
    uint32_t *bucket = bucket_of(totals, cell);
    if (*bucket == 0) {
        struct total_cell *added = &totals->cells[totals->count++];
        *added = *cell;
        memset(added->sums, 0, sizeof added->sums);
        *bucket = (uint32_t)totals->count;
    }
    if (!add_sums(totals->cells[*bucket - 1].sums, cell->sums, sign))
        totals->exhausted = true;
}

static int compare_pointers(const void *left, const void *right)
{
    const struct total_cell *const *a = left, *const *b = right;
    return compare_keys(*a, *b);
}

static bool changes(const struct total_cell *cell)
{
    for (size_t i = 0; i < TOTAL_SUMS_MAX; i++)
        if (cell->sums[i] != 0)
            return true;
    return false;
}

const struct total_cell **analytics_totals_sorted(struct totals *totals, enum total total,
                                                  size_t *count)
{
    size_t found = 0;
    *count = 0;
    for (size_t i = 0; i < totals->count; i++)
        found += totals->cells[i].total == total && changes(&totals->cells[i]);
    if (found == 0)
        return NULL;
    const struct total_cell **sorted = arena_array(totals->arena, found, sizeof *sorted);
    if (sorted == NULL) {
        totals->exhausted = true;
        return NULL;
    }
    for (size_t i = 0; i < totals->count; i++)
        if (totals->cells[i].total == total && changes(&totals->cells[i]))
            sorted[(*count)++] = &totals->cells[i];
    qsort(sorted, found, sizeof *sorted, compare_pointers);
    return sorted;
}
