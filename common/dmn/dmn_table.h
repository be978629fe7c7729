/* Decision tables (chapter 8), compiled. */

#ifndef REDRESS_DMN_DMN_TABLE_H
#define REDRESS_DMN_DMN_TABLE_H

#include "dmn_model.h"

/* X(policy, attribute) */
#define DMN_HIT_POLICY_ROWS(X)  \
    X(UNIQUE, "UNIQUE")         \
    X(FIRST, "FIRST")           \
    X(PRIORITY, "PRIORITY")     \
    X(ANY, "ANY")               \
    X(COLLECT, "COLLECT")       \
    X(RULE_ORDER, "RULE ORDER") \
    X(OUTPUT_ORDER, "OUTPUT ORDER")

enum dmn_hit_policy {
#define X(policy, attribute) DMN_HIT_##policy,
    DMN_HIT_POLICY_ROWS(X)
#undef X
};

/* X(aggregator, attribute) */
#define DMN_AGGREGATOR_ROWS(X) \
    X(NONE, "")                \
    X(SUM, "SUM")              \
    X(COUNT, "COUNT")          \
    X(MIN, "MIN")              \
    X(MAX, "MAX")

enum dmn_aggregator {
#define X(aggregator, attribute) DMN_AGGREGATE_##aggregator,
    DMN_AGGREGATOR_ROWS(X)
#undef X
};

struct dmn_column {
    const struct feel_node *expression; /* of an input */
    const struct feel_symbol *name;     /* of an output; NULL where there is only one */
    struct feel_text label;             /* as the author reads it */
    const struct feel_node *values;     /* its own input or output values: tests, or NULL */
    const struct feel_node *allowed;    /* those, or of an output those of its type; NULL */
    const struct feel_node *otherwise;  /* of an output: its default, or NULL */
    const struct feel_type *type;
};

struct dmn_rule {
    struct feel_text id;                    /* of the XML; empty where the author gave none */
    const struct feel_node *const *tests;   /* one per input */
    const struct feel_node *const *outputs; /* one per output */
    const struct feel_place *places;        /* one per cell: inputs, then outputs */
};

struct dmn_index; /* dmn_index.h */

struct dmn_table {
    struct dmn_model *model;
    const struct dmn_element *element;
    struct feel_text where;
    const struct feel_place *place;
    enum dmn_hit_policy policy;
    enum dmn_aggregator aggregator;
    struct dmn_column *inputs;
    size_t input_count;
    struct dmn_column *outputs;
    size_t output_count;
    struct dmn_rule *rules;
    size_t rule_count;
    const struct dmn_table *next;  /* of the set */
    const struct dmn_index *index; /* NULL: rules are tried one by one */
};

/* NULL when memory ends or the table has no output; reported. */
const struct dmn_table *dmn_table_compile(struct dmn_model *model,
                                          const struct dmn_element *element,
                                          const struct feel_scope *scope, struct feel_text where);

/* The value of a table in a frame: `feel_run.table`. */
struct feel_value dmn_table_evaluate(struct feel_run *run, const struct dmn_table *table,
                                     const struct feel_frame *frame);

/* The declared type of an input, without item definitions around it; NULL where there is none. */
const struct feel_type *dmn_input_type(const struct dmn_table *table, size_t input);

/* The tests that an input's values pass at all: the column's own, or those of its type; NULL. */
const struct feel_node *dmn_input_allowed(const struct dmn_table *table, size_t input);

const char *dmn_hit_policy_name(enum dmn_hit_policy policy);

#endif
