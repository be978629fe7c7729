/* Each worker's reading of an event: a file each, as the workers' headers share names. */

#ifndef REDRESS_TESTS_FUZZ_DECODERS_H
#define REDRESS_TESTS_FUZZ_DECODERS_H

#include "arena.h"
#include "topics.h"

#include <stddef.h>

/* Reads an event of any topic; what a worker does not read, it is not given. Aborts where it says
 * anything but that it took, refused or has no use for the event. */
typedef void decoder(enum topic topic, const void *bytes, size_t size, struct arena *arena);

decoder decode_intake, decode_policy, decode_routing, decode_settlement, decode_analytics;

#endif
