#include "source.h"

struct source source_seeded(uint64_t seed)
{
    return (struct source){.state = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15)};
}

struct source source_of(const uint8_t *bytes, size_t size)
{
    return (struct source){.bytes = bytes, .size = size};
}

bool source_left(const struct source *source)
{
    return source->bytes == NULL || source->at < source->size;
}

/* xorshift64*, https://doi.org/10.18637/jss.v008.i14 */
static uint64_t next_seeded(struct source *source)
{
    source->state ^= source->state >> 12;
    source->state ^= source->state << 25;
    source->state ^= source->state >> 27;
    return (source->state * UINT64_C(2685821657736338717)) >> 1;
}

static uint64_t next_byte(struct source *source)
{
    return source->at < source->size ? source->bytes[source->at++] : 0;
}

int64_t source_below(struct source *source, int64_t limit)
{
    uint64_t value = 0;
    if (source->bytes == NULL)
        return (int64_t)(next_seeded(source) % (uint64_t)limit);
    for (uint64_t most = (uint64_t)limit - 1; most > 0; most >>= 8)
        value = value << 8 | next_byte(source);
    return (int64_t)(value % (uint64_t)limit);
}

int64_t source_amount(struct source *source, int64_t most)
{
    switch (source_below(source, 16)) {
    case 0:
        return most - source_below(source, most < 3 ? most : 3);
    case 1:
        return source_below(source, most) + 1;
    default:
        return source_below(source, most < 1000 ? most : 1000) + 1;
    }
}
