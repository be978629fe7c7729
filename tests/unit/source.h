/* Source: where a walk takes its choices from: a seed, or bytes that a fuzzer made. */

#ifndef REDRESS_TESTS_SOURCE_H
#define REDRESS_TESTS_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct source {
    const uint8_t *bytes; /* NULL: from `state` */
    size_t size, at;
    uint64_t state; /* not 0 */
};

struct source source_seeded(uint64_t seed);
struct source source_of(const uint8_t *bytes, size_t size);

/* False if the bytes are used up: what is chosen then is 0. */
bool source_left(const struct source *source);

/* From 0 to limit - 1; limit > 0. A byte where that is enough. */
int64_t source_below(struct source *source, int64_t limit);

/* 1 to `most`, mostly small, now and then near `most`, or anything. */
int64_t source_amount(struct source *source, int64_t most);

#endif
