/* Faults: what goes wrong, how often, decided by a seed, so that the same requests in the same
 * order meet the same faults. */

#ifndef SANDBOX_FAULTS_H
#define SANDBOX_FAULTS_H

#include "common/status.h"

#include <stdbool.h>
#include <stdint.h>

enum { FAULT_ALWAYS = 1000000 /* rates are parts per million */ };

/* X(name, text, help) where "any" means any request to a provider's API, else the creation of a
 * refund */
#define FAULT_ROWS(X)                                                                             \
    X(LOST_BEFORE, "lost-before", "any: the connection ends before anything happened")            \
    X(LOST_AFTER, "lost-after", "any: it happened, and the connection ends without an answer")    \
    X(HTTP_429, "http429", "any: refused by the rate limiter, which comes before the keys")       \
    X(HTTP_503, "http503", "any: refused by a gateway: nothing happened, nothing is saved")       \
    X(HTTP_500_BEFORE, "http500-before", "500, nothing happened; replayed by its key")            \
    X(HTTP_500_AFTER, "http500-after", "500, but it happened; replayed by its key")               \
    X(SLOW, "slow", "any: the answer comes slow-ms later")                                        \
    X(PENDING, "pending", "the refund is pending, and succeeds pending-ms later")                 \
    X(LATE_FAILURE, "late-failure", "the refund succeeds, and fails late-ms later")               \
    X(BY_HAND, "by-hand", "a person refunds a part of the payment in the dashboard as well")      \
    X(CHARGEBACK, "chargeback", "the customer's bank takes the refunded amount back as well")     \
    X(CHARGEBACK_WON, "chargeback-won", "a chargeback is won late-ms later (else it stays open)") \
    X(REFUSED, "refused", "the refund fails pending-ms later (Adyen: its result is negative)")    \
    X(KEY_FORGOTTEN, "key-forgotten", "Stripe: the key is pruned as soon as it is answered")      \
    X(TOKEN_EXPIRED, "token-expired",                                                             \
      "PayPal, any but the token's: 401, the token is no longer good")                            \
    X(WEBHOOK_SLOW, "webhook-slow", "a webhook comes webhook-ms later")                           \
    X(WEBHOOK_DUPLICATE, "webhook-duplicate", "a webhook comes twice")                            \
    X(WEBHOOK_REORDERED, "webhook-reordered", "a webhook comes after others that are newer")      \
    X(WEBHOOK_LOST, "webhook-lost", "a webhook never comes")

enum fault {
#define X(name, text, help) FAULT_##name,
    FAULT_ROWS(X)
#undef X
        FAULTS
};

/* X(name, text, default, help) milliseconds */
#define FAULT_TIME_ROWS(X)                                                 \
    X(SLOW, "slow-ms", 2000, "how much later a slow answer comes")         \
    X(PENDING, "pending-ms", 1000, "how long a pending refund is pending") \
    X(LATE, "late-ms", 1000, "how much later a late failure comes")        \
    X(RESULT, "result-ms", 20, "how long Adyen takes for a result")        \
    X(WEBHOOK, "webhook-ms", 2000, "how much later a slow webhook comes")  \
    X(REORDER, "reorder-ms", 500, "how far webhooks change places")

enum fault_time {
#define X(name, text, value, help) FAULT_TIME_##name,
    FAULT_TIME_ROWS(X)
#undef X
        FAULT_TIMES
};

struct faults {
    uint64_t seed;
    uint32_t rate[FAULTS];        /* parts per million */
    int64_t time_ms[FAULT_TIMES]; /* at most a day */
    uint64_t asked[FAULTS];
    uint64_t hit[FAULTS]; /* how often it went wrong so far */
};

/* Reads "lost-after=0.05,http500-before=0.02,slow-ms=300" (rates 0 to 1, at most six decimals),
 * which replaces all rates and times. On failure nothing changes. */
enum status faults_parse(struct faults *faults, const char *spec, uint64_t seed,
                         struct error *error) CHECK_RESULT;

/* Whether this fault strikes now. */
bool faults_strike(struct faults *faults, enum fault fault);

/* A number from 0 to below `below`, by the seed; below > 0. */
uint64_t faults_number(struct faults *faults, enum fault fault, uint64_t below);

const char *fault_name(enum fault fault);

#endif
