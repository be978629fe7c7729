/* Assess: do the rules of the shop allow this refund? A pure function of facts and policy.
 *
 * Each line that is asked for is judged by itself; the request takes the worst outcome and lists
 * the reasons of all, those of the worst first. A request without lines (shipping, or an amount
 * over the whole order) is judged once, by the order's delivery. */

#ifndef REDRESS_POLICY_ASSESS_H
#define REDRESS_POLICY_ASSESS_H

#include "arena.h"
#include "identity.h"
#include "status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* From best to worst: more information is asked for before anybody looks at an exception.
 * X(name): as in redress.v1.AssessmentStatus. */
#define OUTCOME_ROWS(X) \
    X(COMPLIANT)        \
    X(EXCEPTION)        \
    X(NEEDS_INFO)       \
    X(DECLINED)

enum outcome {
#define X(name) OUTCOME_##name,
    OUTCOME_ROWS(X)
#undef X
        OUTCOME_COUNT
};

/* X(name): the word in the event. NONE is never listed. */
#define POLICY_REASON_ROWS(X) \
    X(NONE)                   \
    X(EXCLUDED_CATEGORY)      \
    X(RETURN_WINDOW)          \
    X(NOT_DELIVERED)

enum policy_reason {
#define X(name) POLICY_REASON_##name,
    POLICY_REASON_ROWS(X)
#undef X
        POLICY_REASON_COUNT
};

/* In the order in which they are tried; the first that holds judges the line.
 * X(name, decision, rule, outcome, reason, what it says) */
#define RULE_ROWS(X)                                                                              \
    X(EXCLUDED, "Exclusions", "x1", DECLINED, EXCLUDED_CATEGORY, "category is non_goods")         \
    X(NO_WINDOW, "Delivery", "d1", COMPLIANT, NONE,                                               \
      "not delivered; trigger or reason is SERVICE_FAILURE, or reason is NOT_RECEIVED")           \
    X(UNDELIVERED, "Delivery", "d2", NEEDS_INFO, NOT_DELIVERED, "not delivered; anything else")   \
    X(WITHIN, "Return window", "w1", COMPLIANT, NONE, "asked within the standard window")         \
    X(LATE, "Return window", "w2", EXCEPTION, RETURN_WINDOW, "asked within the exception window") \
    X(CLOSED, "Return window", "w3", DECLINED, RETURN_WINDOW, "asked later")

enum rule {
#define X(name, decision, id, outcome, reason, says) RULE_##name,
    RULE_ROWS(X)
#undef X
        RULE_COUNT
};

struct rule_info {
    const char *decision;
    const char *id;
    enum outcome outcome;
    enum policy_reason reason;
    const char *says;
};

enum { POLICY_WINDOW_DAYS_MAX = 36500 };

/* A window of n days is n x 24 h from delivery, its last microsecond included. */
struct policy {
    int64_t standard_us;  /* length of the standard window */
    int64_t exception_us; /* of the exception window, counted from delivery too; not shorter */
    const char *model_id;
    int64_t model_version;
    char model_sha256[IDENTITY_SHA256_HEX]; /* of policy_text */
};

struct line_facts {
    const char *line_id;
    const char *category; /* "" if there is none */
    bool delivered;
    int64_t delivered_us;
};

/* Texts are the caller's. */
struct facts {
    int64_t requested_us; /* event time of the request */
    bool no_window;       /* trigger SERVICE_FAILURE, or reason SERVICE_FAILURE or NOT_RECEIVED */
    bool delivered;       /* of the order: judged where no line is asked for */
    int64_t delivered_us;
    const struct line_facts *lines;
    size_t line_count;
};

struct rule_hit {
    enum rule rule;
    const char *line_id; /* of the facts; "" for the whole request */
};

struct assessment {
    enum outcome outcome;
    enum policy_reason reasons[POLICY_REASON_COUNT];
    size_t reason_count;
    struct rule_hit *hits; /* one per line, in their order; in the arena */
    size_t hit_count;
};

/* The built-in policy. 0 <= standard_days <= exception_days <= POLICY_WINDOW_DAYS_MAX, else
 * STATUS_INVALID. */
enum status policy_make(int64_t standard_days, int64_t exception_days, struct policy *policy,
                        struct error *error) CHECK_RESULT;

/* The rules in words, one per line: what the model's hash is taken of. In `arena`; NULL if full. */
const char *policy_text(const struct policy *policy, struct arena *arena);

/* STATUS_EXHAUSTED if the arena is full. */
enum status assess(const struct facts *facts, const struct policy *policy, struct arena *arena,
                   struct assessment *assessment) CHECK_RESULT;

const struct rule_info *policy_rule_info(enum rule rule);
const char *policy_outcome_name(enum outcome outcome);
const char *policy_reason_name(enum policy_reason reason);

#endif
