/* Rules as a decision sees them: what was in force, and what it says. Free of I/O and of protobuf,
 * so that decide files may include it; tests fill these structs by hand. */

#ifndef REDRESS_RULES_VIEW_H
#define REDRESS_RULES_VIEW_H

#include <stdbool.h>
#include <stdint.h>

/* X(id, name, signatures of different keys that it needs) */
#define RULES_KIND_ROWS(X)       \
    X(POLICY, "policy", 1)       \
    X(AUTHORITY, "authority", 1) \
    X(ROSTER, "roster", 2)       \
    X(LIMITS, "limits", 2)       \
    X(CALENDAR, "calendar", 1)   \
    X(STOP, "stop", 1)

enum rules_kind {
#define X(id, name, signatures) RULES_##id,
    RULES_KIND_ROWS(X)
#undef X
        RULES_KINDS
};

enum rules_judged_by { RULES_JUDGED_BY_REQUEST, RULES_JUDGED_BY_PURCHASE };

/* An accepted version of a rule set. */
struct rules_set {
    enum rules_kind kind;
    const char *id;
    int64_t version;
    const char *merchant_id;        /* "": for every merchant that has none of its own */
    const char *sha256;             /* lower-case hex, of what it says: signature_content_hash */
    enum rules_judged_by judged_by; /* of a model */
    int64_t valid_from_us;
    int64_t revision; /* of the worker's rules that began with it */
    const void *made; /* what the kind's `make` made of it: a model's const struct dmn_models */
    /* Why nothing can be made of it any more, though it was accepted once: `made` is NULL then, and
     * whatever needs it waits. Else NULL. */
    const char *fault;
};

/* A stop that holds. Covers what agrees in every field that is not empty (or 0); everything if all
 * are empty. */
struct rules_stop {
    const char *id;
    int64_t version;
    const char *merchant_id;
    int32_t provider; /* redress.v1.Provider */
    const char *customer_token;
    const char *refund_id;
    const char *reason;
    int64_t revision;
};

#endif
