/* Changes: what was decided beside what another policy would decide. Pure; the requests may come in
 * any order, and each half of one before the other. */

#ifndef REDRESSCTL_POLICY_CHANGES_H
#define REDRESSCTL_POLICY_CHANGES_H

#include "assessment/assessment.h"

#include <jansson.h>

enum {
    CHANGES_CURRENCIES_MAX = 200, /* of a replay; further ones are left out of the sums of money */
    CHANGES_EXAMPLES_MAX = 3,     /* for each change from one outcome to another */
    CHANGES_WAITS = OUTCOME_COUNT /* instead of an outcome: the policy does not judge it */
};

/* Texts are copied. */
struct decided {
    int outcome; /* enum outcome or CHANGES_WAITS */
    int64_t refundable_minor;
    const char *reasons; /* "RETURN_WINDOW", or why it waits */
    const char *rules;   /* "Return window/w2\nGoods/g1", each once */
};

struct changes;

/* NULL: no memory. The caller calls changes_free. */
struct changes *changes_create(void);
void changes_free(struct changes *changes);

/* What the candidate says about a version of a refund, and what was decided. EXHAUSTED: no memory.
 */
enum status changes_after(struct changes *changes, const char *refund_id, int64_t version,
                          const char *order_id, const char *currency,
                          const struct decided *decided) CHECK_RESULT;
enum status changes_before(struct changes *changes, const char *refund_id, int64_t version,
                           const struct decided *decided) CHECK_RESULT;

/* All of it: requests, undecided, same, changed, waiting, outcomes, money, rules, examples. */
json_t *changes_json(struct changes *changes);
void changes_print(const json_t *json);

#endif
