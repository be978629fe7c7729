/* Decision tables at work: which rules hit, and what the hit policy makes of them (8.2.8). */

#include <stdlib.h>
#include <string.h>

#include "dmn_index.h"
#include "dmn_session.h"

/* A table under evaluation. */
struct at_work {
    struct feel_run *run;
    const struct dmn_table *table;
    const struct feel_frame *frame;
    const struct dmn_observer *observer;
    struct feel_value *inputs;
    uint32_t *hits;
    size_t hit_count;
    bool outside; /* an input is none of the values that its column allows: no rule matches */
};

/* Whether a column has the value among its own; null is one only where it is named. */
static bool column_allows(struct at_work *w, const struct dmn_column *column,
                          const struct feel_value *value)
{
    if (column->values == NULL || feel_test(w->run, column->values, w->frame, value) == FEEL_TRUE)
        return true;
    (void)feel_note(w->run, NULL, "the value of %.*s is none of those allowed",
                    (int)column->label.size, column->label.bytes);
    return false;
}

static bool evaluate_inputs(struct at_work *w)
{
    const struct dmn_table *table = w->table;
    struct feel_run *run = w->run;
    w->inputs = feel_room(run, table->input_count, sizeof *w->inputs);
    if (w->inputs == NULL)
        return false;
    for (size_t i = 0; i < table->input_count; i++) {
        const struct dmn_column *column = &table->inputs[i];
        w->inputs[i] = feel_evaluate(run, column->expression, w->frame);
        w->outside = !column_allows(w, column, &w->inputs[i]) || w->outside;
    }
    if (w->outside)
        return run->stop == NULL;
    if (w->observer != NULL)
        w->observer->table(w->observer->owner, table, run, w->frame, w->inputs);
    return run->stop == NULL;
}

uint32_t dmn_rule_failed(struct feel_run *run, const struct dmn_table *table,
                         const struct feel_frame *frame, const struct feel_value *inputs,
                         size_t number)
{
    const struct dmn_rule *rule = &table->rules[number];
    for (size_t i = 0; i < table->input_count; i++) {
        if (rule->tests[i]->op == FEEL_OP_ANY_INPUT)
            continue;
        run->place = &rule->places[i];
        if (feel_test(run, rule->tests[i], frame, &inputs[i]) != FEEL_TRUE)
            return (uint32_t)i;
    }
    return DMN_ALL_PASSED;
}

static bool try_rules(struct at_work *w)
{
    const struct dmn_table *table = w->table;
    bool first_only = table->policy == DMN_HIT_FIRST;
    for (size_t i = 0; i < table->rule_count; i++) {
        if (!feel_charge(w->run, 1))
            return false;
        if (dmn_rule_failed(w->run, table, w->frame, w->inputs, i) != DMN_ALL_PASSED)
            continue;
        w->hits[w->hit_count++] = (uint32_t)i;
        if (first_only)
            break;
    }
    w->run->place = table->place;
    return w->run->stop == NULL;
}

/* In rule order. FIRST needs no second hit. */
static bool find_hits(struct at_work *w)
{
    const struct dmn_table *table = w->table;
    w->hits = arena_alloc(w->run->arena, (table->rule_count + 1) * sizeof *w->hits);
    if (w->hits == NULL) {
        (void)feel_alloc(w->run, SIZE_MAX, 1); /* says so */
        return false;
    }
    bool found = table->index == NULL
                     ? try_rules(w)
                     : dmn_index_hits(table->index, w->run, w->frame, w->inputs,
                                      table->policy == DMN_HIT_FIRST, w->hits, &w->hit_count);
    if (found && w->observer != NULL)
        w->observer->hits(w->observer->owner, table, w->hits, w->hit_count);
    return found;
}

static struct feel_value combine(struct at_work *w, const struct feel_value *outputs)
{
    const struct dmn_table *table = w->table;
    if (table->output_count == 1 && table->outputs[0].name == NULL)
        return outputs[0];
    struct feel_entry *entries = feel_room(w->run, table->output_count, sizeof *entries);
    if (entries == NULL)
        return feel_null();
    for (size_t i = 0; i < table->output_count; i++)
        entries[i] = (struct feel_entry){table->outputs[i].name->text, outputs[i]};
    return feel_context(entries, table->output_count);
}

/* What an output comes to, as its type has it (10.3.2.9.4). */
static struct feel_value output_of(struct at_work *w, const struct dmn_column *column,
                                   const struct feel_node *node)
{
    struct feel_value value = feel_evaluate(w->run, node, w->frame);
    return feel_coerce(w->run, column->type, &value, column->label);
}

static struct feel_value *outputs_of(struct at_work *w, size_t rule)
{
    const struct dmn_table *table = w->table;
    struct feel_value *outputs = feel_room(w->run, table->output_count, sizeof *outputs);
    if (outputs == NULL)
        return NULL;
    for (size_t i = 0; i < table->output_count; i++) {
        w->run->place = &table->rules[rule].places[table->input_count + i];
        outputs[i] = output_of(w, &table->outputs[i], table->rules[rule].outputs[i]);
        if (outputs[i].kind != FEEL_NULL && !column_allows(w, &table->outputs[i], &outputs[i]))
            outputs[i] = feel_null();
    }
    w->run->place = table->place;
    if (w->observer != NULL)
        w->observer->output(w->observer->owner, table, rule, outputs);
    return outputs;
}

/* One hit with what it gives. */
struct hit {
    struct feel_value *outputs;
    uint32_t *ranks; /* of each output among its allowed values; rising is lower */
    uint32_t rule;
    size_t output_count;
};

static int by_priority(const void *left, const void *right)
{
    const struct hit *a = left, *b = right;
    for (size_t i = 0; i < a->output_count; i++)
        if (a->ranks[i] != b->ranks[i])
            return a->ranks[i] < b->ranks[i] ? -1 : 1;
    return a->rule < b->rule ? -1 : a->rule > b->rule;
}

static uint32_t rank(struct at_work *w, const struct dmn_column *column,
                     const struct feel_value *value)
{
    if (column->allowed == NULL || column->allowed->op != FEEL_OP_TESTS)
        return UINT32_MAX;
    for (uint32_t i = 0; i < column->allowed->count; i++) {
        struct feel_value allowed = feel_evaluate(w->run, column->allowed->items[i], NULL);
        if (feel_equal(value, &allowed) == FEEL_TRUE)
            return i;
    }
    return UINT32_MAX;
}

static struct hit *evaluate_hits(struct at_work *w, bool ranked)
{
    struct hit *hits = feel_alloc(w->run, w->hit_count, sizeof *hits);
    size_t outputs = w->table->output_count;
    for (size_t i = 0; hits != NULL && i < w->hit_count; i++) {
        hits[i].rule = w->hits[i];
        hits[i].output_count = outputs;
        hits[i].outputs = outputs_of(w, w->hits[i]);
        if (hits[i].outputs == NULL)
            return NULL;
        if (ranked)
            hits[i].ranks = feel_alloc(w->run, outputs, sizeof *hits[i].ranks);
        if (ranked && hits[i].ranks == NULL)
            return NULL;
        for (size_t j = 0; ranked && j < outputs; j++)
            hits[i].ranks[j] = rank(w, &w->table->outputs[j], &hits[i].outputs[j]);
    }
    if (hits != NULL && ranked)
        qsort(hits, w->hit_count, sizeof *hits, by_priority);
    return hits;
}

static struct feel_value all_hits(struct at_work *w, const struct hit *hits)
{
    struct feel_builder out = {.list = {.kind = FEEL_LIST, .depth = 1}};
    for (size_t i = 0; i < w->hit_count; i++) {
        struct feel_value value = combine(w, hits[i].outputs);
        if (!feel_build(w->run, &out, &value))
            return feel_null();
    }
    return out.list;
}

static struct feel_value same_hits(struct at_work *w, const struct hit *hits)
{
    for (size_t i = 1; i < w->hit_count; i++)
        for (size_t j = 0; j < w->table->output_count; j++)
            if (!feel_same(&hits[0].outputs[j], &hits[i].outputs[j]))
                return feel_note(w->run, NULL, "rules %u and %u both hit and do not agree",
                                 hits[0].rule + 1, hits[i].rule + 1);
    return combine(w, hits[0].outputs);
}

/* The values of one output over all hits, added up. */
static struct feel_value aggregate_column(struct at_work *w, const struct hit *hits, size_t column)
{
    static const char *const functions[] = {[DMN_AGGREGATE_SUM] = "sum",
                                            [DMN_AGGREGATE_COUNT] = "count",
                                            [DMN_AGGREGATE_MIN] = "min",
                                            [DMN_AGGREGATE_MAX] = "max"};
    struct feel_builder values = {.list = {.kind = FEEL_LIST, .depth = 1}};
    for (size_t i = 0; i < w->hit_count; i++)
        if (!feel_build(w->run, &values, &hits[i].outputs[column]))
            return feel_null();
    const struct feel_builtin *function =
        feel_builtin_find(feel_text(functions[w->table->aggregator]));
    return feel_builtin_invoke(w->run, function, &values.list, NULL, 1);
}

static struct feel_value aggregate(struct at_work *w, const struct hit *hits)
{
    struct feel_value *outputs = feel_alloc(w->run, w->table->output_count, sizeof *outputs);
    if (outputs == NULL)
        return feel_null();
    for (size_t i = 0; i < w->table->output_count; i++)
        outputs[i] = aggregate_column(w, hits, i);
    return combine(w, outputs);
}

/* No rule hit: the defaults, or null under every hit policy (10.3.2.10). */
static struct feel_value without_hits(struct at_work *w)
{
    const struct dmn_table *table = w->table;
    bool has_default = false;
    struct feel_value *outputs = feel_alloc(w->run, table->output_count, sizeof *outputs);
    if (outputs == NULL)
        return feel_null();
    for (size_t i = 0; i < table->output_count; i++) {
        if (table->outputs[i].otherwise == NULL)
            continue;
        has_default = true;
        outputs[i] = output_of(w, &table->outputs[i], table->outputs[i].otherwise);
    }
    if (has_default)
        return combine(w, outputs);
    return feel_note(w->run, NULL, "no rule hits");
}

static struct feel_value apply_policy(struct at_work *w)
{
    const struct dmn_table *table = w->table;
    if (w->hit_count == 0)
        return without_hits(w);
    if (table->policy == DMN_HIT_UNIQUE && w->hit_count > 1)
        return feel_note(w->run, NULL, "rules %u and %u both hit a table where only one may",
                         w->hits[0] + 1, w->hits[1] + 1);
    if (table->policy == DMN_HIT_UNIQUE || table->policy == DMN_HIT_FIRST) {
        struct feel_value *outputs = outputs_of(w, w->hits[0]);
        return outputs == NULL ? feel_null() : combine(w, outputs);
    }
    bool ranked = table->policy == DMN_HIT_PRIORITY || table->policy == DMN_HIT_OUTPUT_ORDER;
    struct hit *hits = evaluate_hits(w, ranked);
    if (hits == NULL)
        return feel_null();
    if (table->policy == DMN_HIT_PRIORITY)
        return combine(w, hits[0].outputs);
    if (table->policy == DMN_HIT_ANY)
        return same_hits(w, hits);
    if (table->policy == DMN_HIT_COLLECT && table->aggregator != DMN_AGGREGATE_NONE)
        return aggregate(w, hits);
    return all_hits(w, hits);
}

struct feel_value dmn_table_evaluate(struct feel_run *run, const struct dmn_table *table,
                                     const struct feel_frame *frame)
{
    const struct dmn_session *session = run->host;
    struct at_work w = {.run = run,
                        .table = table,
                        .frame = frame,
                        .observer = session == NULL ? NULL : session->observer};
    const struct feel_place *place = run->place;
    run->place = table->place;
    struct feel_value value = feel_null();
    if (evaluate_inputs(&w) && (w.outside || find_hits(&w)))
        value = apply_policy(&w);
    run->place = place;
    return value;
}
