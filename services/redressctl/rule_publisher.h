/* Rule publisher: signs a rule set, publishes it, and waits for the verdict of the worker that
 * checks its kind. */

#ifndef REDRESSCTL_RULE_PUBLISHER_H
#define REDRESSCTL_RULE_PUBLISHER_H

#include "arena.h"
#include "redress/v1/rules.pb-c.h"
#include "session.h"
#include "signature.h"
#include "status.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    RULE_KEYS_MAX = 2,
    RULE_WAIT_S = 30, /* usual time for a verdict */
    RULE_REASON_MAX = 512
};

struct rule_publication {
    /* id, merchant_id, content, valid_from and correction are the caller's; version 0 is the next
     * one, without published_at it is now, without author the name of the first key. */
    Redress__V1__RuleSet *set;
    const char *keys[RULE_KEYS_MAX]; /* files of secret keys */
    size_t key_count;
    bool again;     /* also if the latest version says the same already */
    int64_t wait_s; /* for the verdict; 0: not at all */
};

struct rule_outcome {
    int64_t version;
    bool unchanged; /* the latest accepted version says the same: nothing was published */
    bool judged;    /* the verdict is there */
    bool accepted;
    char reason[RULE_REASON_MAX]; /* of a refusal */
};

/* Reads a secret key from a file. STATUS_INVALID names the file, never the key. */
enum status rule_key(const char *path, struct signature_secret *secret,
                     struct error *error) CHECK_RESULT;

/* "policy", "routing" or "settlement": who checks this kind; NULL if it holds no rules. */
const char *rule_worker(const Redress__V1__RuleSet *set);

/* Fills in `set` from `arena` and publishes it. STATUS_INVALID: keys or content are wrong, nothing
 * was published. STATUS_OK says that it was published (or unchanged), not that it was accepted. */
enum status rule_publish(const struct session *session, const struct rule_publication *publication,
                         struct arena *arena, struct rule_outcome *outcome,
                         struct error *error) CHECK_RESULT;

/* Prints the outcome on stdout; STATUS_INVALID if it was refused, STATUS_RETRY if there is no
 * verdict though it was waited for. */
enum status rule_tell(const struct rule_publication *publication,
                      const struct rule_outcome *outcome, bool json,
                      struct error *error) CHECK_RESULT;

#endif
