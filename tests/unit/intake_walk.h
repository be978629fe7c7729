/* A walk of intake: anything that can happen to one order, in any order. What must hold after each
 * step: no unit is claimed twice, no line gives more money or tax than it took, what a refund
 * claims is the sum of its lines, and nothing waits without a deadline. */

#ifndef REDRESS_TESTS_INTAKE_WALK_H
#define REDRESS_TESTS_INTAKE_WALK_H

#include "intake_world.h"
#include "source.h"

struct intake_walk {
    struct world *world;
    struct source *source;
    bool wild; /* amounts and units up to the bounds of the contract; goods that move and come back
                */
    bool overdrawn; /* by what was paid */
    int64_t steps;
};

/* Places the order, and captures more than it costs. At most once. */
void intake_sell(struct intake_walk *walk);

/* Anything else. */
void intake_step(struct intake_walk *walk);

/* The versions of all answers so far have no gap, and what waits has a deadline. */
void intake_check_answers(const struct intake_walk *walk);

#endif
