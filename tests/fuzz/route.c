/* Routing's decisions: the bytes are the choices of a walk (tests/unit/routing_walk.h), which
 * checks every approval. */

#include "fuzz.h"
#include "tests/unit/routing_walk.h"

enum { STEPS_MAX = 50 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct source source = source_of(bytes, size);
    struct routing_walk walk = {.source = &source, .wild = true};
    fixture_start(&walk.fx);
    for (int step = 0; step < STEPS_MAX && source_left(&source); step++)
        routing_walk_step(&walk);
    fixture_stop(&walk.fx);
    return 0;
}
