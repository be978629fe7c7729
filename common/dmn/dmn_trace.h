/* Why a decision came out as it did: for every decision its inputs, every rule with hit or miss and
 * the first cell that failed, the values, the reasons of nulls.
 *
 * Nothing is recorded while deciding. What expansion needs is the models, the inputs and the hits:
 * the trace evaluates again, and the same inputs give the same bits. */

#ifndef REDRESS_DMN_DMN_TRACE_H
#define REDRESS_DMN_DMN_TRACE_H

#include "dmn.h"

struct dmn_trace_rule {
    uint32_t failed;                  /* first input column that does not pass; UINT32_MAX: hit */
    const struct feel_value *outputs; /* where they were asked for; else NULL */
};

/* One evaluation of one table. */
struct dmn_trace_table {
    const struct dmn_trace_table *next;
    struct feel_text where;
    const char *hit_policy;
    const struct feel_text *input_labels;
    const struct feel_value *inputs;
    size_t input_count;
    const struct feel_text *output_labels;
    size_t output_count;
    const struct dmn_trace_rule *rules;
    size_t rule_count;
};

/* An input or a decision, in the order in which they came to their values. */
struct dmn_trace_node {
    const struct dmn_trace_node *next;
    struct feel_text name;
    bool is_input;
    struct feel_value value;
    const struct dmn_trace_table *tables; /* in the order of their evaluation */
};

struct dmn_trace {
    struct dmn_result result;
    const struct dmn_trace_node *nodes;
};

/* Evaluates as dmn_evaluate does, and tells how. All of it lies in `arena`. */
enum status dmn_trace(const struct dmn_models *models, const struct dmn_query *query,
                      struct arena *arena, struct dmn_trace *trace,
                      struct error *error) CHECK_RESULT;

/* The trace as text for people, NUL-terminated, in the arena; NULL when it is exhausted. */
const char *dmn_trace_text(const struct dmn_trace *trace, struct arena *arena);

/* The rules that hit, as "Table:3,7;Other:1", in the arena: what is stored with a decision. */
const char *dmn_trace_hits(const struct dmn_trace *trace, struct arena *arena);

#endif
