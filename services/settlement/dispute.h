/* Dispute: the customer's bank asks for the money, or takes it, and the only table of it.
 *
 * An inquiry moves no money. From OPEN on the amount counts as disputed; LOST keeps it counted, as
 * the money is gone; WON frees it. */

#ifndef SETTLEMENT_DISPUTE_H
#define SETTLEMENT_DISPUTE_H

#include <stdbool.h>

/* X(state, number in redress.v1.DisputeStatus, counted against the payment). An event is the word
 * of the provider for the state that it means. */
#define DISPUTE_STATE_ROWS(X) \
    X(NONE, 0, false)         \
    X(INQUIRY, 1, false)      \
    X(OPEN, 2, true)          \
    X(WON, 3, false)          \
    X(LOST, 4, true)

enum dispute_state {
#define X(state, number, counted) DISPUTE_##state,
    DISPUTE_STATE_ROWS(X)
#undef X
        DISPUTE_STATES
};

enum dispute_verdict { DISPUTE_ILLEGAL, DISPUTE_STAY, DISPUTE_MOVE };

/* What becomes of a dispute in `state` when the provider says `word` (not NONE). MOVE: the new
 * state is `word`. STAY: said before, or late. */
enum dispute_verdict dispute_step(enum dispute_state state, enum dispute_state word);

bool dispute_counted(enum dispute_state state);
const char *dispute_state_name(enum dispute_state state);
enum dispute_state dispute_state_of(int number); /* DISPUTE_STATES if there is none */

#endif
