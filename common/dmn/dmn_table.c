#include "dmn_index.h"

#include <stdio.h>
#include <string.h>

#include "feel_constant.h"

const char *dmn_hit_policy_name(enum dmn_hit_policy policy)
{
    static const char *const names[] = {
#define X(name, attribute) attribute,
        DMN_HIT_POLICY_ROWS(X)
#undef X
    };
    return names[policy];
}

/* The type of a name or path, as far as the model says. */
static const struct feel_type *expression_type(const struct dmn_model *model,
                                               const struct feel_node *node)
{
    if (node->op == FEEL_OP_NAME)
        for (size_t i = 0; i < model->node_count; i++)
            if (model->nodes[i]->name == node->name)
                return model->nodes[i]->type;
    if (node->op != FEEL_OP_PATH)
        return NULL;
    const struct feel_type *base = feel_base_type(expression_type(model, node->a));
    for (size_t i = 0; base != NULL && base->form == FEEL_TYPE_CONTEXT && i < base->count; i++)
        if (base->members[i] == node->name)
            return base->types[i];
    return NULL;
}

const struct feel_type *dmn_input_type(const struct dmn_table *table, size_t input)
{
    const struct dmn_column *column = &table->inputs[input];
    const struct feel_type *type = column->type;
    return feel_base_type(type != NULL ? type : expression_type(table->model, column->expression));
}

const struct feel_node *dmn_input_allowed(const struct dmn_table *table, size_t input)
{
    const struct dmn_column *column = &table->inputs[input];
    const struct feel_type *types[] = {column->type,
                                       expression_type(table->model, column->expression)};
    if (column->allowed != NULL)
        return column->allowed;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        for (const struct feel_type *type = types[i]; type != NULL && type->form == FEEL_TYPE_NAMED;
             type = type->element)
            if (type->allowed != NULL)
                return type->allowed;
    return NULL;
}

static bool read_policy(struct feel_text text, enum dmn_hit_policy *out)
{
    static const char *const names[] = {
#define X(name, attribute) attribute,
        DMN_HIT_POLICY_ROWS(X)
#undef X
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (feel_text_is(text, feel_text(names[i]))) {
            *out = (enum dmn_hit_policy)i;
            return true;
        }
    *out = DMN_HIT_UNIQUE;
    return text.size == 0;
}

static bool read_aggregator(struct feel_text text, enum dmn_aggregator *out)
{
    static const char *const names[] = {
#define X(name, attribute) attribute,
        DMN_AGGREGATOR_ROWS(X)
#undef X
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (feel_text_is(text, feel_text(names[i]))) {
            *out = (enum dmn_aggregator)i;
            return true;
        }
    return text.size == 0;
}

static size_t count_of(const struct dmn_element *element, const char *name)
{
    size_t count = 0;
    for (const struct dmn_element *e = dmn_child(element, name); e != NULL; e = dmn_again(e))
        count++;
    return count;
}

static const struct feel_node *column_values(struct dmn_table *table,
                                             const struct dmn_element *column, const char *kind,
                                             const struct feel_scope *scope)
{
    const struct dmn_element *values = dmn_child(column, kind);
    struct feel_text text = dmn_child_text(values, "text");
    if (text.size == 0)
        return NULL;
    return dmn_compile_text(table->model, values, text, true, scope, table->where);
}

static void compile_inputs(struct dmn_table *table, const struct feel_scope *scope)
{
    for (const struct dmn_element *e = dmn_child(table->element, "input");
         e != NULL && table->inputs != NULL; e = dmn_again(e)) {
        struct dmn_column *column = &table->inputs[table->input_count++];
        const struct dmn_element *expression = dmn_child(e, "inputExpression");
        struct feel_text text = dmn_child_text(expression, "text");
        column->label = text.size > 0 ? text : dmn_attribute(e, "label");
        column->expression =
            text.size == 0
                ? feel_node_new(table->model->set->arena, FEEL_OP_LITERAL, 0)
                : dmn_compile_text(table->model, expression, text, false, scope, table->where);
        column->type = dmn_type_of(table->model, expression, dmn_attribute(expression, "typeRef"));
        column->values = column_values(table, e, "inputValues", scope);
        column->allowed = column->values;
    }
}

/* The allowed values of an output without its own are those of its type. */
static void compile_outputs(struct dmn_table *table, const struct feel_scope *scope)
{
    bool several = count_of(table->element, "output") > 1;
    for (const struct dmn_element *e = dmn_child(table->element, "output");
         e != NULL && table->outputs != NULL; e = dmn_again(e)) {
        struct dmn_column *column = &table->outputs[table->output_count++];
        struct feel_text name = dmn_attribute(e, "name");
        column->label = name.size > 0 ? name : dmn_attribute(e, "label");
        if (column->label.size == 0)
            column->label = feel_text("the output");
        if (several)
            column->name = feel_name(&table->model->set->symbols, name);
        if (several && column->name == NULL) {
            dmn_report(table->model, e, table->where, "one of several outputs without a name");
            column->name = feel_name(&table->model->set->symbols, feel_text("?"));
        }
        column->type = dmn_type_of(table->model, e, dmn_attribute(e, "typeRef"));
        column->values = column_values(table, e, "outputValues", scope);
        column->allowed = column->values;
        if (column->allowed == NULL && column->type != NULL &&
            column->type->form == FEEL_TYPE_NAMED)
            column->allowed = column->type->allowed;
        const struct dmn_element *otherwise = dmn_child(e, "defaultOutputEntry");
        struct feel_text text = dmn_child_text(otherwise, "text");
        if (text.size > 0)
            column->otherwise =
                dmn_compile_text(table->model, otherwise, text, false, scope, table->where);
    }
}

/* "Route, rule 3, input 2" */
static struct feel_text cell_name(const struct dmn_table *table, size_t rule, const char *kind,
                                  size_t column)
{
    const char *text =
        arena_printf(table->model->set->arena, "%.*s, rule %zu, %s %zu", (int)table->where.size,
                     table->where.bytes, rule + 1, kind, column + 1);
    return feel_text(text == NULL ? "" : text);
}

/* Cells of one kind of a rule; missing ones match anything and give null. */
static const struct feel_node **compile_cells(struct dmn_table *table,
                                              const struct dmn_element *rule, bool tests,
                                              size_t count, struct feel_place *places,
                                              const struct feel_scope *scope)
{
    const struct feel_node **cells = dmn_take(table->model, count + 1, sizeof *cells);
    size_t at = 0, number = table->rule_count;
    const char *kind = tests ? "inputEntry" : "outputEntry";
    const char *name = tests ? "input" : "output";
    const struct dmn_element *e = dmn_child(rule, kind);
    for (; e != NULL && cells != NULL && at < count; e = dmn_again(e), at++) {
        struct feel_text text = dmn_child_text(e, "text");
        struct feel_text where = cell_name(table, number, name, at);
        places[at] = (struct feel_place){table->model->file, e->line, where};
        if (tests || text.size > 0)
            cells[at] = dmn_compile_text(table->model, e, text, tests, scope, where);
    }
    if (e != NULL || at < count)
        dmn_report(table->model, rule, cell_name(table, number, name, at), "%s",
                   e != NULL ? "a cell without a column" : "a cell is missing");
    for (size_t i = 0; cells != NULL && i < count; i++)
        if (cells[i] == NULL)
            cells[i] = feel_node_new(table->model->set->arena,
                                     tests ? FEEL_OP_ANY_INPUT : FEEL_OP_LITERAL, 0);
    return cells;
}

/* A constant that is never of its column's type would be null whenever its rule hits. */
static void check_output(struct dmn_table *table, const struct dmn_column *column,
                         const struct feel_node *cell, const struct dmn_element *rule,
                         struct feel_text where)
{
    struct dmn_models *set = table->model->set;
    const struct feel_type *type = feel_base_type(column->type);
    if (type == NULL || type->form != FEEL_TYPE_KIND || !feel_is_constant(cell))
        return;
    struct feel_value value = feel_constant(set->arena, &set->zones, cell);
    bool converts = value.kind == FEEL_NULL || value.kind == FEEL_LIST ||
                    (value.kind == FEEL_DATE && type->kind == FEEL_DATE_TIME);
    if (!converts && value.kind != type->kind)
        dmn_report(table->model, rule, where, "a %s in a column of type %s",
                   feel_kind_name(value.kind), feel_kind_name(type->kind));
}

static void compile_rules(struct dmn_table *table, const struct feel_scope *scope)
{
    size_t inputs = table->input_count, outputs = table->output_count;
    for (const struct dmn_element *e = dmn_child(table->element, "rule");
         e != NULL && table->rules != NULL; e = dmn_again(e)) {
        struct dmn_rule *rule = &table->rules[table->rule_count];
        struct feel_place *places = dmn_take(table->model, inputs + outputs, sizeof *places);
        if (places == NULL)
            return;
        rule->id = dmn_attribute(e, "id");
        rule->tests = compile_cells(table, e, true, inputs, places, scope);
        rule->outputs = compile_cells(table, e, false, outputs, places + inputs, scope);
        rule->places = places;
        if (rule->tests == NULL || rule->outputs == NULL)
            return;
        for (size_t i = 0; i < outputs; i++)
            check_output(table, &table->outputs[i], rule->outputs[i], e,
                         places[inputs + i].element);
        table->rule_count++;
    }
}

const struct dmn_table *dmn_table_compile(struct dmn_model *model,
                                          const struct dmn_element *element,
                                          const struct feel_scope *scope, struct feel_text where)
{
    struct dmn_table *table = dmn_take(model, 1, sizeof *table);
    if (table == NULL)
        return NULL;
    table->model = model;
    table->element = element;
    table->where = where;
    table->place = dmn_place(model, element, where);
    struct feel_text policy = dmn_attribute(element, "hitPolicy");
    struct feel_text aggregation = dmn_attribute(element, "aggregation");
    if (!read_policy(policy, &table->policy))
        dmn_report(model, element, where, "there is no hit policy %.*s",
                   (int)(policy.size > 40 ? 40 : policy.size), policy.bytes);
    if (!read_aggregator(aggregation, &table->aggregator))
        dmn_report(model, element, where, "there is no aggregation %.*s",
                   (int)(aggregation.size > 40 ? 40 : aggregation.size), aggregation.bytes);
    table->inputs = dmn_take(model, count_of(element, "input") + 1, sizeof *table->inputs);
    table->outputs = dmn_take(model, count_of(element, "output") + 1, sizeof *table->outputs);
    table->rules = dmn_take(model, count_of(element, "rule") + 1, sizeof *table->rules);
    compile_inputs(table, scope);
    compile_outputs(table, scope);
    if (table->output_count == 0) {
        dmn_report(model, element, where, "a decision table without an output");
        return NULL;
    }
    compile_rules(table, scope);
    table->index = dmn_index_build(table, model->set->arena);
    *model->set->tables_end = table;
    model->set->tables_end = &table->next;
    return table;
}
