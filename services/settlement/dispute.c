#include "dispute.h"

/* The numbers are the order of the states, so that no table is needed between them. */
#define X(state, number, counted) _Static_assert(DISPUTE_##state == number, #state);
DISPUTE_STATE_ROWS(X)
#undef X

static const enum dispute_verdict STEPS[DISPUTE_STATES][DISPUTE_STATES] = {
    [DISPUTE_NONE] = {[DISPUTE_INQUIRY] = DISPUTE_MOVE,
                      [DISPUTE_OPEN] = DISPUTE_MOVE,
                      [DISPUTE_WON] = DISPUTE_MOVE,
                      [DISPUTE_LOST] = DISPUTE_MOVE},
    [DISPUTE_INQUIRY] = {[DISPUTE_INQUIRY] = DISPUTE_STAY,
                         [DISPUTE_OPEN] = DISPUTE_MOVE,
                         [DISPUTE_WON] = DISPUTE_MOVE,
                         [DISPUTE_LOST] = DISPUTE_MOVE},
    [DISPUTE_OPEN] = {[DISPUTE_INQUIRY] = DISPUTE_STAY,
                      [DISPUTE_OPEN] = DISPUTE_STAY,
                      [DISPUTE_WON] = DISPUTE_MOVE,
                      [DISPUTE_LOST] = DISPUTE_MOVE},
    [DISPUTE_WON] = {[DISPUTE_INQUIRY] = DISPUTE_STAY,
                     [DISPUTE_OPEN] = DISPUTE_STAY,
                     [DISPUTE_WON] = DISPUTE_STAY},
    [DISPUTE_LOST] = {[DISPUTE_INQUIRY] = DISPUTE_STAY,
                      [DISPUTE_OPEN] = DISPUTE_STAY,
                      [DISPUTE_WON] = DISPUTE_MOVE,
                      [DISPUTE_LOST] = DISPUTE_STAY},
};

enum dispute_verdict dispute_step(enum dispute_state state, enum dispute_state word)
{
    return STEPS[state][word];
}

bool dispute_counted(enum dispute_state state)
{
    static const bool COUNTED[] = {
#define X(name, number, counted) counted,
        DISPUTE_STATE_ROWS(X)
#undef X
    };
    return COUNTED[state];
}

const char *dispute_state_name(enum dispute_state state)
{
    static const char *const NAMES[] = {
#define X(name, number, counted) #name,
        DISPUTE_STATE_ROWS(X)
#undef X
    };
    return NAMES[state];
}

enum dispute_state dispute_state_of(int number)
{
    return number >= 0 && number < DISPUTE_STATES ? (enum dispute_state)number : DISPUTE_STATES;
}
