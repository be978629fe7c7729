/* A walk of routing: everything that can happen to one refund, in any order. What must hold after
 * each step: whoever approves may, money adds up, nothing is approved as a whole twice, and nothing
 * waits without a deadline. */

#ifndef REDRESS_TESTS_ROUTING_WALK_H
#define REDRESS_TESTS_ROUTING_WALK_H

#include "routing_fixture.h"
#include "source.h"

/* What a walk remembers beside the row. */
struct routing_walk {
    struct fixture fx; /* started */
    struct source *source;
    bool wild; /* amounts up to the bounds of the contract, and all fields of decisions */
    bool deadlines[DEADLINE_KINDS]; /* that are set */
    int whole_approvals;
    int64_t payouts;
    enum assessed_status last_assessed;
};

void routing_walk_step(struct routing_walk *walk);

#endif
