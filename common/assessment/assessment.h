/* Assessment: what a shop's policy, a DMN model, says about a request. A pure function of facts and
 * model: the same facts and the same model give the same assessment, bit for bit.
 *
 * The model's decision `Assessment` is evaluated once for each line that is asked for, with the
 * facts of the request and of that line (facts.h). It gives a context:
 *
 * - `outcome`: "COMPLIANT", "EXCEPTION", "NEEDS_INFO" or "DECLINED"
 * - `reasons`: a word, or a list of words, such as "RETURN_WINDOW"
 * - `restockingFeeMinor`: what is kept of the line, in minor units, rounded half up; at most what
 *   is claimed of the line
 * - `methods`: how money may go back, best first: "ORIGINAL", "STORE_CREDIT", "BANK_TRANSFER",
 *   "MANUAL"
 * - `goodsRequired`: whether the payout waits for the goods, in the condition `goodsCondition`
 * - `needed`: what the customer is asked for, a text or a list of texts
 * - `notice`: why, in plain words for the customer
 *
 * All but `outcome` may be left out: no reasons, no fee, ["ORIGINAL"], false, nothing. Fee, methods
 * and `goodsRequired` may not be null, which is what a mistake in a model comes to; the others may.
 * Other names are refused, as they are most likely misspelt.
 *
 * The request takes the outcome of its worst line. Reasons of all lines are listed, those of the
 * worst lines first, within a line's in the model's order, then by alphabet. Fees add up. Methods
 * are those that every line allows, in the first line's order; if there is none, only a person can
 * pay: MANUAL, and the outcome is at least an EXCEPTION with the reason NO_COMMON_METHOD. Goods are
 * required if one line requires them, in the condition of the first line that says one. */

#ifndef REDRESS_ASSESSMENT_H
#define REDRESS_ASSESSMENT_H

#include "arena.h"
#include "dmn/dmn.h"
#include "status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The decision that every policy has. */
#define ASSESSMENT_DECISION "Assessment"

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

/* X(name): as in redress.v1.RefundMethod. */
#define REFUND_METHOD_ROWS(X) \
    X(ORIGINAL)               \
    X(STORE_CREDIT)           \
    X(BANK_TRANSFER)          \
    X(MANUAL)

enum refund_method {
#define X(name) REFUND_METHOD_##name,
    REFUND_METHOD_ROWS(X)
#undef X
        REFUND_METHOD_COUNT
};

enum {
    ASSESSMENT_REASONS_MAX = 16, /* of one line, and of a request */
    ASSESSMENT_WORD_MAX = 64,    /* bytes of a reason */
    ASSESSMENT_NEEDED_MAX = 8,   /* of one line, and of a request */
    ASSESSMENT_TEXT_MAX = 1000,  /* bytes of a text for the customer */
    ASSESSMENT_RULES_MAX = 200,  /* different rules that hit */
    ASSESSMENT_HITS_MAX = 20000, /* hits over all lines */
    ASSESSMENT_NAME_MAX = 128,   /* bytes of a decision's name, and of a rule's id, as kept */
    ASSESSMENT_ARENA_MAX = 8 * 1024 * 1024 /* what the evaluation of one line may take */
};

/* One line that is judged. */
struct fact_line {
    const char *line_id; /* "" where the order as a whole stands in */
    int64_t minor;       /* what is claimed of it */
    struct feel_value value;
};

/* What a model may look at (facts.h builds it). */
struct facts {
    struct feel_value shared; /* a context: everything but `line` */
    const struct fact_line *lines;
    size_t line_count;    /* at least 1 */
    int64_t now_us;       /* what now() and today() are: event time of what is judged */
    int64_t placed_us;    /* of the order */
    int64_t requested_us; /* event time of the request */
    int64_t claim_minor;
    const char *currency;
};

/* A rule that hit, for the lines with these places (from 0) in the request. */
struct rule_hit {
    const char *decision;
    const char *rule; /* its id in the model, or its number from 1 */
    const uint32_t *lines;
    size_t line_count;
};

/* Texts and arrays are in the arena. */
struct assessment {
    enum outcome outcome;
    const char *const *reasons;
    size_t reason_count;
    int64_t fee_minor;
    int64_t refundable_minor; /* the claim less the fee; 0 if declined, and then no fee either */
    enum refund_method methods[REFUND_METHOD_COUNT];
    size_t method_count;
    bool goods_required;
    const char *goods_condition; /* "" if it does not matter */
    const char *const *needed;
    size_t needed_count;
    const char *notice;          /* of a line with the first reason; "" if there is none */
    const struct rule_hit *hits; /* in the order in which they came up */
    size_t hit_count;
};

/* Judges. Evaluation works in `scratch`, which is reset for each line. INVALID: the model gives no
 * valid assessment for these facts, or reaches a bound of its evaluation; `error` says which line
 * and why. EXHAUSTED: `arena` is full. */
enum status assess(const struct dmn_models *models, const struct facts *facts,
                   struct arena *scratch, struct arena *arena, struct assessment *assessment,
                   struct error *error) CHECK_RESULT;

/* How line `index` came to what it is, in words: every input, rule and value (dmn_trace_text). In
 * `arena`. What assess saw is seen again, as nothing but facts and model goes into it. */
enum status assessment_explain(const struct dmn_models *models, const struct facts *facts,
                               size_t index, struct arena *arena, const char **text,
                               struct error *error) CHECK_RESULT;

/* The rules that hit, as "Return window/w2 0,1; Exclusions/x1 2": what is kept with a decision. */
const char *assessment_hits_text(const struct assessment *assessment, struct arena *arena);

const char *outcome_name(enum outcome outcome);
const char *refund_method_name(enum refund_method method);

#endif
