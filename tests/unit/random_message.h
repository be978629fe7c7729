/* Pseudo-random numbers and messages for property tests: the same seed gives the same values. */

#ifndef REDRESS_TESTS_RANDOM_MESSAGE_H
#define REDRESS_TESTS_RANDOM_MESSAGE_H

#include "arena.h"

#include <protobuf-c/protobuf-c.h>
#include <stdint.h>

struct random {
    uint64_t state; /* not 0 */
};

uint64_t random_next(struct random *random);
uint64_t random_below(struct random *random, uint64_t bound);

/* Any message, filled in by walking its descriptor: numbers at and near their bounds, texts of one
 * to four bytes a character, known enum values, times of the years 0001 to 9999, lists of 0 to 3,
 * at most one member of a oneof, maps with distinct keys. Lives in `arena`. */
ProtobufCMessage *random_message(struct random *random,
                                 const ProtobufCMessageDescriptor *descriptor, struct arena *arena);

#endif
