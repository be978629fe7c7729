#include "reconciliation.h"

#include <assert.h>
#include <stdint.h>

struct state_info {
    int number;
    bool told;
    const char *words;
};

static const struct state_info states[RECONCILIATIONS] = {
#define X(name, number_, told_, what) \
    [RECONCILIATION_##name] = {.number = number_, .told = told_, .words = what},
    RECONCILIATION_ROWS(X)
#undef X
};

/* Columns in the order of COMPARISON_ROWS. What cannot happen keeps the state. */
#define NONE_ RECONCILIATION_NONE
#define EXPE_ RECONCILIATION_EXPECTED
#define MATC_ RECONCILIATION_MATCHED
#define OVER_ RECONCILIATION_OVER
#define UNDE_ RECONCILIATION_UNDER
#define LATE_ RECONCILIATION_LATE
#define REVE_ RECONCILIATION_REVERSED
#define ORPH_ RECONCILIATION_ORPHAN
#define RESO_ RECONCILIATION_RESOLVED
#define UNCO_ RECONCILIATION_UNCONFIRMED

/* clang-format off */
static const uint8_t transitions[RECONCILIATIONS][COMPARISONS] = {
    /*            NOTHING OPEN   EQUAL  MORE   LESS   UNEXP. RETUR. GONE   OVERD. UNKNO. WITHD. */
    [NONE_] =    {NONE_, EXPE_, MATC_, OVER_, UNDE_, UNCO_, REVE_, RESO_, NONE_, NONE_, NONE_},
    [EXPE_] =    {NONE_, EXPE_, MATC_, OVER_, UNDE_, UNCO_, REVE_, RESO_, LATE_, EXPE_, EXPE_},
    [MATC_] =    {MATC_, MATC_, MATC_, OVER_, UNDE_, UNCO_, REVE_, RESO_, MATC_, MATC_, MATC_},
    [OVER_] =    {RESO_, EXPE_, RESO_, OVER_, UNDE_, OVER_, REVE_, RESO_, OVER_, OVER_, OVER_},
    [UNDE_] =    {RESO_, EXPE_, RESO_, OVER_, UNDE_, UNCO_, REVE_, RESO_, UNDE_, UNDE_, UNDE_},
    [LATE_] =    {RESO_, LATE_, RESO_, OVER_, UNDE_, UNCO_, REVE_, RESO_, LATE_, LATE_, LATE_},
    [REVE_] =    {RESO_, REVE_, RESO_, OVER_, UNDE_, UNCO_, REVE_, RESO_, REVE_, REVE_, REVE_},
    [ORPH_] =    {RESO_, EXPE_, RESO_, OVER_, UNDE_, ORPH_, REVE_, RESO_, ORPH_, ORPH_, ORPH_},
    [RESO_] =    {RESO_, EXPE_, RESO_, OVER_, UNDE_, UNCO_, REVE_, RESO_, RESO_, RESO_, RESO_},
    [UNCO_] =    {NONE_, EXPE_, MATC_, OVER_, UNDE_, UNCO_, REVE_, RESO_, UNCO_, ORPH_, OVER_},
};
/* clang-format on */

enum reconciliation reconciliation_next(enum reconciliation state, enum comparison comparison)
{
    assert(state < RECONCILIATIONS && comparison < COMPARISONS);
    return (enum reconciliation)transitions[state][comparison];
}

bool reconciliation_told(enum reconciliation state)
{
    assert(state < RECONCILIATIONS);
    return states[state].told;
}

const char *reconciliation_words(enum reconciliation state)
{
    assert(state < RECONCILIATIONS);
    return states[state].words;
}

int reconciliation_number(enum reconciliation state)
{
    assert(state < RECONCILIATIONS);
    return states[state].number;
}

enum reconciliation reconciliation_of(int number)
{
    enum reconciliation state = 0;
    while (state < RECONCILIATIONS && states[state].number != number)
        state++;
    return state;
}
