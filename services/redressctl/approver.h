/* Approver: what people say about cases, as decision events. */

#ifndef REDRESSCTL_APPROVER_H
#define REDRESSCTL_APPROVER_H

#include "arena.h"
#include "database.h"
#include "outbox.h"
#include "signature.h"
#include "status.h"

#include <stdint.h>

/* X(word on the command line, name in redress.v1.Verdict) */
#define VERDICT_WORDS(X)         \
    X("approve", APPROVE)        \
    X("reduce", APPROVE_REDUCED) \
    X("decline", DECLINE)        \
    X("ask", ASK)                \
    X("recommend", RECOMMEND)    \
    X("verify-payee", VERIFY_PAYEE)

/* What somebody says. */
struct opinion {
    int verdict; /* Verdict */
    const char *person;
    const char *role; /* "APPROVER" */
    const char *note;
    const char *amount; /* of a reduced approval, "12.30" in the case's currency; NULL for none */
    const char *method; /* of a reduced approval, "BANK_TRANSFER"; NULL for none */
    const char *payee;  /* of verify-payee: reference of the account; else NULL */
    const char *on_behalf_of; /* whose authority it uses; NULL or "" for their own */
    int recommended;          /* of a recommendation: Verdict; 0 for none */
    int64_t answer_by_us;     /* of a question; 0 for the usual time */
    int64_t now_us;
};

/* Reads the key that signs. STATUS_INVALID: there is none, or it is wrong. */
enum status approver_key(const struct session *session, struct signature_secret *secret,
                         struct error *error) CHECK_RESULT;

/* The Verdict of a word; 0 if it is none. */
int verdict_of(const char *word);

/* A case as the view shows it; the person saw this version. Texts of a table. */
struct open_case {
    const char *merchant_id, *case_id, *refund_id, *order_id, *version, *subject_hash, *currency;
};

/* Publishes the decision, signed with `secret`. The same person, case, version and verdict give the
 * same decision id. */
enum status approver_say(struct outbox *outbox, struct arena *arena,
                         const struct signature_secret *secret, const struct open_case *about,
                         const struct opinion *opinion, struct error *error) CHECK_RESULT;

#endif
