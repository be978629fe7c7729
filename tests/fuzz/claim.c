/* Intake's decisions: the bytes are the choices of a walk (tests/unit/intake_walk.h), which checks
 * every claim after each step. */

#include "fuzz.h"
#include "tests/unit/intake_walk.h"

enum { STEPS_MAX = 300 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct source source = source_of(bytes, size);
    struct world *world = world_create();
    struct intake_walk walk = {.world = world, .source = &source, .wild = true};
    int64_t sale = source_below(&source, 10);
    for (int64_t step = 0; step < STEPS_MAX && source_left(&source); step++) {
        if (step == sale)
            intake_sell(&walk);
        intake_step(&walk);
    }
    intake_check_answers(&walk);
    world_destroy(world);
    return 0;
}
