/* Approver: what people say about cases, as decision events, and whether routing takes them. */

#ifndef REDRESSCTL_APPROVER_H
#define REDRESSCTL_APPROVER_H

#include "arena.h"
#include "database.h"
#include "outbox.h"
#include "signature.h"
#include "status.h"
#include "verdicts.h"

#include <stdbool.h>
#include <stdint.h>

enum { APPROVER_WAIT_S = 30, APPROVER_WAIT_MAX_S = 86400 }; /* for routing's verdicts */

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

/* The Verdict of a word; 0 if it is none. */
int verdict_of(const char *word);

/* A case as the view shows it; the person saw this version. Texts of a table. */
struct open_case {
    const char *merchant_id, *case_id, *refund_id, *order_id, *version, *subject_hash, *currency;
};

/* What it takes to say something. Filled in by approver_open; a zeroed one may be closed. */
struct approver {
    struct signature_secret secret;
    struct outbox *outbox;
    struct arena *arena;
    struct verdicts *verdicts; /* NULL: nobody waits for them */
    int64_t wait_s;
    bool late;  /* some verdicts did not come in that time: no others are waited for */
    bool quiet; /* what was taken is not told on stdout */
    int64_t published, taken, refused;
};

/* `routing` outlives it. With wait_s 0 nobody waits for verdicts. STATUS_INVALID: the key that
 * signs is not there, or wrong. */
enum status approver_open(const struct session *session, struct database *routing, int64_t wait_s,
                          struct approver *approver, struct error *error) CHECK_RESULT;

/* STATUS_INVALID: it is no decision that routing would read. Publishes it, signed, and, where
 * verdicts are waited for, those of a thousand decisions at once. What is refused is told on
 * stderr, and counted. */
enum status approver_say(struct approver *approver, const struct open_case *about,
                         const struct opinion *opinion, struct error *error) CHECK_RESULT;

/* Makes sure that all is published, and has its verdicts. STATUS_INVALID: some were refused;
 * STATUS_RETRY: some have no verdict after wait_s. */
enum status approver_finish(struct approver *approver, struct error *error) CHECK_RESULT;

void approver_close(struct approver *approver);

#endif
