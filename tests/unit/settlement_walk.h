/* A walk of settlement: anything that can be told about one order, in any order. After each step
 * the world checks that every payment's row is the sum of what happened to it, that the ledger sums
 * to zero and agrees, and that versions have no gap; the walk, that nothing is started above the
 * cap or sent twice, and that nothing moves money that nobody vouches for. */

#ifndef REDRESS_TESTS_SETTLEMENT_WALK_H
#define REDRESS_TESTS_SETTLEMENT_WALK_H

#include "settlement_world.h"
#include "source.h"

struct settlement_walk {
    struct world *world; /* started */
    struct source *source;
    bool wild; /* amounts up to the bounds of the contract, every provider, several currencies */
    bool may_book, may_free; /* of the last step: what it may lead to */
};

void settlement_step(struct settlement_walk *walk);

#endif
