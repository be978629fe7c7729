/* Stop rule: a signed rule set that stops payouts, or lets them go on. */

#ifndef REDRESSCTL_STOP_RULE_H
#define REDRESSCTL_STOP_RULE_H

#include "session.h"
#include "status.h"

#include <stdbool.h>
#include <stdint.h>

enum { STOP_ID_MAX = 129 };

/* What it covers; everything if all are empty (NULL or ""). */
struct stop_scope {
    const char *merchant;
    const char *provider; /* such as STRIPE */
    const char *customer; /* token; what is published is identity_customer of it */
    const char *refund;
};

/* What somebody says. Texts are the caller's. */
struct stop_rule {
    const char *id; /* "": follows from the scope */
    struct stop_scope scope;
    bool stopped;
    const char *reason;
    const char *author;
    const char *role;
    const char *key_file; /* of the secret key: "id:<64 hex>" */
    int64_t wait_s;       /* for settlement's verdict; 0: not at all */
};

/* What became of it. */
struct stop_outcome {
    char id[STOP_ID_MAX];
    int64_t version;
    bool known; /* settlement has judged it; if not, it had not within the time */
    bool accepted;
    char reason[400]; /* of a refusal */
};

/* Signs, publishes, and waits for the verdict. To resume, a rule without a scope takes that of the
 * stop with its id. STATUS_NOT_FOUND: there is no such stop. STATUS_INVALID: what was given does
 * not make a rule. */
enum status stop_rule_publish(const struct session *session, const struct stop_rule *rule,
                              struct stop_outcome *outcome, struct error *error) CHECK_RESULT;

#endif
