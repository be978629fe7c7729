/* Settlement's decisions: the bytes are the choices of a walk (tests/unit/settlement_walk.h), which
 * checks the books after each step. */

#include "fuzz.h"
#include "tests/unit/settlement_walk.h"

enum { STEPS_MAX = 300 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct world world;
    struct source source = source_of(bytes, size);
    struct settlement_walk walk = {.world = &world, .source = &source, .wild = true};
    world_start(&world);
    for (int step = 0; step < STEPS_MAX && source_left(&source); step++)
        settlement_step(&walk);
    world_end(&world);
    return 0;
}
