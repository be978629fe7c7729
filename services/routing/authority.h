/* Authority: who may decide about how much money. A pure function of amount and limits.
 *
 * Limits are per currency, in its minor units. Up to `automatic` (included) a compliant refund
 * needs no person; up to `level_1` one person of level 1, up to `level_2` one of level 2, above
 * that two different people of level 2. An exception always needs a person. A currency without
 * limits is never automatic and goes to level 2. */

#ifndef REDRESS_ROUTING_AUTHORITY_H
#define REDRESS_ROUTING_AUTHORITY_H

#include "arena.h"
#include "identity.h"
#include "status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(name, number in redress.v1.AuthorityLevel, level of a case, approvers) */
#define AUTHORITY_ROWS(X)             \
    X(AUTO, 1, 0, 0)                  \
    X(LEVEL_1, 2, 1, 1)               \
    X(LEVEL_2, 3, 2, 1)               \
    X(LEVEL_2_TWO_APPROVERS, 4, 2, 2) \
    X(FINANCE_CONTROLLER, 5, 3, 1)

enum authority_level {
#define X(name, number, level, approvers) AUTHORITY_##name = number,
    AUTHORITY_ROWS(X)
#undef X
};

enum {
    AUTHORITY_CURRENCIES_MAX = 64,
    AUTHORITY_CASE_LEVEL_MAX = 3 /* the finance controller */
};

/* X(name, id in the event, what it says) */
#define AUTHORITY_RULE_ROWS(X)                                         \
    X(AUTOMATIC, "a1", "compliant, up to the automatic limit: nobody") \
    X(LEVEL_1, "a2", "up to the limit of level 1: level 1")            \
    X(LEVEL_2, "a3", "up to the limit of level 2: level 2")            \
    X(TWO_APPROVERS, "a4", "above: level 2, two different people")     \
    X(NO_LIMITS, "n1", "currency without limits: level 2")

enum authority_rule {
#define X(name, id, says) AUTHORITY_RULE_##name,
    AUTHORITY_RULE_ROWS(X)
#undef X
};

struct authority_limit {
    char currency[4];
    int64_t automatic, level_1, level_2; /* minor units, ascending */
};

struct authority {
    struct authority_limit limits[AUTHORITY_CURRENCIES_MAX];
    size_t limit_count;
    const char *model_id;
    int64_t model_version;
    char model_sha256[IDENTITY_SHA256_HEX]; /* of the rules and limits in words */
};

struct authority_route {
    enum authority_level level;
    enum authority_rule rule;
    const struct authority_limit *limit; /* NULL without limits for the currency */
};

/* Reads "GBP=25000/250000/1000000,EUR=..." (automatic/level 1/level 2). STATUS_INVALID names the
 * entry and the rule. */
enum status authority_read(const char *text, struct authority *authority,
                           struct error *error) CHECK_RESULT;

/* Who decides about `minor` of `currency`; `exception`: outside the shop's policy. */
struct authority_route authority_route(const struct authority *authority, int64_t minor,
                                       const char *currency, bool exception);

/* The level for a case of this level and number of approvers. */
enum authority_level authority_of_case(int32_t level, int32_t approvers);

/* Level and approvers of a case at that authority; 0 and 0 for AUTO. */
void authority_case(enum authority_level authority, int32_t *level, int32_t *approvers);

const char *authority_rule_id(enum authority_rule rule);

#endif
