/* Reconciliation: does the provider say what settlement says? One table of state x event.
 *
 * The two sides of a payout come on two topics, in no order between them. So the events of the
 * table are not the events of the topics: after each of these the two sides are compared, and how
 * they compare is the event. */

#ifndef REDRESS_ANALYTICS_RECONCILIATION_H
#define REDRESS_ANALYTICS_RECONCILIATION_H

#include <stdbool.h>

/* X(name, number in the table and, below 100, in redress.v1.ReconciliationStatus, told, what) */
#define RECONCILIATION_ROWS(X)                                                               \
    X(NONE, 0, false, "nothing is expected and nothing was paid")                            \
    X(EXPECTED, 1, false, "settlement expects it; the provider has not said that it paid")   \
    X(MATCHED, 2, false, "the provider paid what was expected")                              \
    X(OVER, 3, true, "the provider paid more than is expected")                              \
    X(UNDER, 4, true, "the provider paid less than is expected, or in another currency")     \
    X(LATE, 5, true, "the provider should have paid by now")                                 \
    X(REVERSED, 6, true, "the provider paid, and the money came back; it is still expected") \
    X(ORPHAN, 7, true, "the provider paid what nobody here asked for")                       \
    X(RESOLVED, 8, true, "the two sides did not agree, and do now")                          \
    X(UNCONFIRMED, 100, false, "the provider paid what is not expected; the other side may come")

enum reconciliation {
#define X(name, number, told, what) RECONCILIATION_##name,
    RECONCILIATION_ROWS(X)
#undef X
        RECONCILIATIONS
};

/* X(name, how the sides compare, or what is due) */
#define COMPARISON_ROWS(X)                                        \
    X(NOTHING, "nothing expected, nothing paid")                  \
    X(OPEN, "expected, and not paid")                             \
    X(EQUAL, "paid as expected")                                  \
    X(MORE, "paid more than expected")                            \
    X(LESS, "paid less than expected, or in another currency")    \
    X(UNEXPECTED, "paid, and not expected")                       \
    X(RETURNED, "expected; it was paid, and the money came back") \
    X(GONE, "not expected; it was paid, and the money came back") \
    X(OVERDUE, "due: still expected and not paid")                \
    X(UNKNOWN, "due: still paid, and no payout of ours")          \
    X(WITHDRAWN, "due: still paid, and our payout has ended without paying")

enum comparison {
#define X(name, what) COMPARISON_##name,
    COMPARISON_ROWS(X)
#undef X
        COMPARISONS
};

enum reconciliation reconciliation_next(enum reconciliation state, enum comparison comparison);

/* Entering this state is worth an insight. */
bool reconciliation_told(enum reconciliation state);

const char *reconciliation_words(enum reconciliation state);
int reconciliation_number(enum reconciliation state);
/* RECONCILIATIONS if no state has this number. */
enum reconciliation reconciliation_of(int number);

#endif
