/* Precedent: a decided exception, and what makes a new one like it. Pure.
 *
 * Like is what has the same fingerprint of facts: the rule that failed, why the refund was asked
 * for, about how much money, and how often the customer asked within the last year. Only the
 * merchant's own precedents in the same currency count. */

#ifndef REDRESS_ROUTING_PRECEDENT_H
#define REDRESS_ROUTING_PRECEDENT_H

#include <stddef.h>
#include <stdint.h>

enum {
    PRECEDENTS_MAX = 5, /* that a case carries */
    PRECEDENT_RULE_MAX = 128,
    PRECEDENT_REASONS_MAX = 8 /* kept of one */
};

/* X(name, in words): how often the customer asked for a refund in the last year. */
#define CUSTOMER_HISTORY_ROWS(X) \
    X(NONE, "0")                 \
    X(FEW, "1 to 2")             \
    X(MANY, "more")              \
    X(UNKNOWN, "unknown")

enum customer_history {
#define X(name, words) HISTORY_##name,
    CUSTOMER_HISTORY_ROWS(X)
#undef X
};

struct fingerprint {
    const char *rule;     /* that failed, such as RETURN_WINDOW: the first reason of the policy */
    const char *reason;   /* why it was asked for, such as DAMAGED; "" where unknown */
    const char *currency; /* ISO 4217 */
    int32_t band;         /* of the amount, see amount_band */
    enum customer_history history;
};

/* A precedent as a new case carries it. */
struct precedent {
    const char *case_id;
    int32_t verdict; /* number in redress.v1.Verdict */
    int64_t decided_us;
    int64_t minor;
    const char *currency;
    const char *const *reasons; /* of the policy, then */
    size_t reason_count;
};

/* Bands by powers of ten and half of the next: 0 is nothing, 1 is 1 to 4 minor units, 2 is 5 to 9,
 * 3 is 10 to 49, 4 is 50 to 99, ...; two amounts of one band differ at most fivefold. */
int32_t amount_band(int64_t minor);

/* The least amount of a band >= 1. */
int64_t amount_band_from(int32_t band);

/* -1: unknown. */
enum customer_history customer_history(int64_t refunds_last_year);

#endif
