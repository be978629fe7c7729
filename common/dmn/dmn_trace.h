/* Why a decision came out as it did: for every decision its inputs, every rule with hit or miss and
 * the first cell that failed, the values, the reasons of nulls.
 *
 * Nothing of it needs to be kept with a decision but the models, the inputs and the hits: a trace
 * evaluates again, and the same inputs give the same bits. Within a trace the misses are looked at
 * when somebody asks for them. */

#ifndef REDRESS_DMN_DMN_TRACE_H
#define REDRESS_DMN_DMN_TRACE_H

#include "dmn.h"

struct dmn_trace_hit {
    uint32_t rule;
    const struct feel_value *outputs; /* one per output; NULL where they were not asked for */
};

enum { DMN_TRACE_HIT = UINT32_MAX };

struct dmn_trace_work; /* what the misses are worked out from */

/* One evaluation of one table. */
struct dmn_trace_table {
    struct dmn_trace_table *next;
    struct feel_text where;
    const char *hit_policy;
    const struct feel_value *inputs;
    size_t input_count;
    size_t output_count;
    size_t rule_count;
    struct dmn_trace_hit *hits; /* by rule */
    size_t hit_count;
    struct dmn_trace_work *work;
};

/* An input or a decision, in the order in which they came to their values. */
struct dmn_trace_node {
    struct dmn_trace_node *next;
    struct feel_text name;
    bool is_input;
    struct feel_value value;
    struct dmn_trace_table *tables; /* in the order of their evaluation */
};

struct dmn_trace {
    struct dmn_result result;
    struct dmn_trace_node *nodes;
};

/* Evaluates as dmn_evaluate does, and tells how. All of it lies in `arena`. */
enum status dmn_trace(const struct dmn_models *models, const struct dmn_query *query,
                      struct arena *arena, struct dmn_trace *trace,
                      struct error *error) CHECK_RESULT;

/* The first input column (from 0) of a rule that does not pass, or DMN_TRACE_HIT. Uses the trace's
 * arena. */
uint32_t dmn_trace_failed(const struct dmn_trace_table *table, size_t rule);

/* What the author calls a column. */
struct feel_text dmn_trace_input_label(const struct dmn_trace_table *table, size_t input);
struct feel_text dmn_trace_output_label(const struct dmn_trace_table *table, size_t output);

/* The `id` of a rule (from 0) in the model's XML; empty where it has none. Lives as the set does.
 */
struct feel_text dmn_trace_rule_id(const struct dmn_trace_table *table, size_t rule);

/* The trace as text for people, NUL-terminated, in the arena; NULL when it is exhausted. */
const char *dmn_trace_text(const struct dmn_trace *trace, struct arena *arena);

/* The rules that hit, as "Table:3,7;Other:1", in the arena: what is stored with a decision. */
const char *dmn_trace_hits(const struct dmn_trace *trace, struct arena *arena);

#endif
