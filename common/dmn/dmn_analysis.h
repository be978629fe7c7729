/* What is wrong with a decision table before anybody evaluates it: rules that overlap where only
 * one may hit, inputs that no rule covers, rules that can never hit, outputs that are not allowed,
 * cells of another type than their column. And of any decision: entries that are asked for by a
 * name that their type does not have.
 *
 * Columns are analysed over numbers, texts, booleans, dates, dates with times, and durations, as
 * far as their tests are constant. Where a cell is not, its rule is taken to cover everything and
 * to overlap nothing, so that what is reported is so. */

#ifndef REDRESS_DMN_DMN_ANALYSIS_H
#define REDRESS_DMN_DMN_ANALYSIS_H

#include "dmn.h"

/* X(kind, text) */
#define DMN_FINDING_ROWS(X)                              \
    X(OVERLAP, "two rules hit where only one may")       \
    X(GAP, "no rule hits")                               \
    X(UNREACHABLE, "the rule can never hit")             \
    X(OUTPUT, "the output is none of those allowed")     \
    X(TYPE, "a cell is of another type than its column") \
    X(MEMBER, "no entry of that name")                   \
    X(UNFINISHED, "too large to be analysed in full")

enum dmn_finding_kind {
#define X(kind, text) DMN_FINDING_##kind,
    DMN_FINDING_ROWS(X)
#undef X
};

enum {
    DMN_FINDINGS_MAX = 20,             /* of one kind and table */
    DMN_ANALYSIS_STEPS_MAX = 200000000 /* of one kind and table */
};

struct dmn_finding {
    struct dmn_finding *next;
    enum dmn_finding_kind kind;
    struct feel_text file;
    uint32_t line;                    /* of the rule, the table or the decision */
    struct feel_text table;           /* or where else it is: "Fee, rule 3, output 1" */
    uint32_t rule;                    /* from 1; 0: the table as a whole */
    uint32_t other_rule;              /* from 1; of an OVERLAP */
    const struct feel_value *witness; /* an input per column, null: any; NULL: no inputs */
    size_t witness_count;
    const char *text; /* all of it in a line */
};

struct dmn_analysis {
    struct dmn_finding *findings;
    size_t count;
};

/* Looks at every table and decision of the set. Findings lie in `arena`. EXHAUSTED: it was too
 * small. */
enum status dmn_analyse(const struct dmn_models *models, struct arena *arena,
                        struct dmn_analysis *analysis, struct error *error) CHECK_RESULT;

const char *dmn_finding_name(enum dmn_finding_kind kind);

#endif
