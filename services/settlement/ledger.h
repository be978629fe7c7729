/* Ledger: double entry, append-only. A movement takes an amount from one account to another, so
 * each is a balanced pair of entries (debit positive, credit negative), and all entries of a
 * currency sum to zero at any moment. */

#ifndef SETTLEMENT_LEDGER_H
#define SETTLEMENT_LEDGER_H

#include <stdint.h>

/* X(account, what it holds) */
#define ACCOUNT_ROWS(X)                                                                     \
    X(REFUNDS, "sales that were given back")                                                \
    X(PAYABLE, "owed to customers: reserved and not known to have failed")                  \
    X(CLEARING, "what providers took from the merchant's balance for refunds and disputes") \
    X(DISPUTED, "withheld while a dispute is open")                                         \
    X(CHARGEBACKS, "lost in disputes")                                                      \
    X(STORE_CREDIT, "owed to customers as store credit")                                    \
    X(BANK, "paid by hand, by the finance department")                                      \
    X(FEES, "what providers charged for refunds and disputes")

enum account {
#define X(account, text) ACCOUNT_##account,
    ACCOUNT_ROWS(X)
#undef X
        ACCOUNTS
};

/* X(movement, number in the table, debited, credited) */
#define MOVEMENT_ROWS(X)                           \
    X(RESERVED, 1, REFUNDS, PAYABLE)               \
    X(RELEASED, 2, PAYABLE, REFUNDS)               \
    X(PAID, 3, PAYABLE, CLEARING)                  \
    X(RETURNED, 4, CLEARING, PAYABLE)              \
    X(PAID_ELSEWHERE, 5, REFUNDS, CLEARING)        \
    X(RETURNED_ELSEWHERE, 6, CLEARING, REFUNDS)    \
    X(DISPUTE_OPENED, 7, DISPUTED, CLEARING)       \
    X(DISPUTE_CLOSED, 8, CLEARING, DISPUTED)       \
    X(DISPUTE_LOST, 9, CHARGEBACKS, DISPUTED)      \
    X(DISPUTE_REGAINED, 10, DISPUTED, CHARGEBACKS) \
    X(CREDITED, 11, PAYABLE, STORE_CREDIT)         \
    X(CREDIT_REVOKED, 12, STORE_CREDIT, PAYABLE)   \
    X(PAID_BY_HAND, 13, PAYABLE, BANK)             \
    X(RETURNED_BY_HAND, 14, BANK, PAYABLE)         \
    X(FEE, 15, FEES, CLEARING)                     \
    X(FEE_RETURNED, 16, CLEARING, FEES)

enum movement {
#define X(movement, number, debited, credited) MOVEMENT_##movement,
    MOVEMENT_ROWS(X)
#undef X
        MOVEMENTS
};

const char *account_name(enum account account);
const char *movement_name(enum movement movement);
int movement_number(enum movement movement);
enum account movement_debited(enum movement movement);
enum account movement_credited(enum movement movement);

#endif
