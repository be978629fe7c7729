#include "ledger.h"

const char *account_name(enum account account)
{
    static const char *const NAMES[] = {
#define X(account, text) #account,
        ACCOUNT_ROWS(X)
#undef X
    };
    return NAMES[account];
}

static const struct {
    const char *name;
    int number;
    enum account debited, credited;
} MOVEMENT_TABLE[] = {
#define X(movement, number, debited, credited) \
    {#movement, number, ACCOUNT_##debited, ACCOUNT_##credited},
    MOVEMENT_ROWS(X)
#undef X
};

const char *movement_name(enum movement movement)
{
    return MOVEMENT_TABLE[movement].name;
}

int movement_number(enum movement movement)
{
    return MOVEMENT_TABLE[movement].number;
}

enum account movement_debited(enum movement movement)
{
    return MOVEMENT_TABLE[movement].debited;
}

enum account movement_credited(enum movement movement)
{
    return MOVEMENT_TABLE[movement].credited;
}
