#include "dmn_trace.h"

#include <stdio.h>
#include <stdlib.h>

#include "dmn_session.h"
#include "feel_format.h"

/* A decision under way; those that it needs are finished within. */
struct open_node {
    struct open_node *outer;
    struct dmn_trace_node *node;
    const struct dmn_trace_table **tables_end;
};

struct recorder {
    struct arena *arena;
    const struct dmn_trace_node *first;
    const struct dmn_trace_node **end;
    struct open_node *open;
    struct dmn_trace_table *table; /* the one that is at work */
    struct dmn_trace_rule *rules;
    bool exhausted;
};

static void *take(struct recorder *r, size_t count, size_t size)
{
    void *memory = arena_array(r->arena, count, size);
    r->exhausted |= memory == NULL;
    return memory;
}

static void add_node(struct recorder *r, struct dmn_trace_node *node)
{
    *r->end = node;
    r->end = &node->next;
}

static void on_input(void *owner, const struct dmn_node *node, const struct feel_value *value)
{
    struct recorder *r = owner;
    struct dmn_trace_node *entry = take(r, 1, sizeof *entry);
    if (entry == NULL)
        return;
    *entry = (struct dmn_trace_node){.name = node->title, .is_input = true, .value = *value};
    add_node(r, entry);
}

static void on_start(void *owner, const struct dmn_node *node)
{
    struct recorder *r = owner;
    struct open_node *open = take(r, 1, sizeof *open);
    struct dmn_trace_node *entry = take(r, 1, sizeof *entry);
    if (open == NULL || entry == NULL)
        return;
    entry->name = node->title;
    *open = (struct open_node){.outer = r->open, .node = entry, .tables_end = &entry->tables};
    r->open = open;
}

static void on_end(void *owner, const struct dmn_node *node, const struct feel_value *value)
{
    struct recorder *r = owner;
    (void)node;
    if (r->open == NULL)
        return;
    r->open->node->value = *value;
    add_node(r, r->open->node);
    r->open = r->open->outer;
}

static const struct feel_text *labels(struct recorder *r, const struct dmn_column *columns,
                                      size_t count)
{
    struct feel_text *list = take(r, count, sizeof *list);
    for (size_t i = 0; list != NULL && i < count; i++)
        list[i] = columns[i].label;
    return list;
}

static void on_table(void *owner, const struct dmn_table *table, const struct feel_value *inputs)
{
    struct recorder *r = owner;
    struct dmn_trace_table *entry = take(r, 1, sizeof *entry);
    r->rules = take(r, table->rule_count, sizeof *r->rules);
    r->table = entry;
    if (entry == NULL || r->rules == NULL) {
        r->table = NULL;
        return;
    }
    *entry =
        (struct dmn_trace_table){.where = table->where,
                                 .hit_policy = dmn_hit_policy_name(table->policy),
                                 .input_labels = labels(r, table->inputs, table->input_count),
                                 .inputs = inputs,
                                 .input_count = table->input_count,
                                 .output_labels = labels(r, table->outputs, table->output_count),
                                 .output_count = table->output_count,
                                 .rules = r->rules,
                                 .rule_count = table->rule_count};
    if (r->open != NULL) {
        *r->open->tables_end = entry;
        r->open->tables_end = &entry->next;
    }
}

static void on_rule(void *owner, const struct dmn_table *table, size_t rule, uint32_t failed)
{
    struct recorder *r = owner;
    (void)table;
    if (r->table != NULL)
        r->rules[rule].failed = failed;
}

static void on_output(void *owner, const struct dmn_table *table, size_t rule,
                      const struct feel_value *outputs)
{
    struct recorder *r = owner;
    (void)table;
    if (r->table != NULL && rule < r->table->rule_count)
        r->rules[rule].outputs = outputs;
}

enum status dmn_trace(const struct dmn_models *models, const struct dmn_query *query,
                      struct arena *arena, struct dmn_trace *trace, struct error *error)
{
    struct recorder recorder = {.arena = arena};
    recorder.end = &recorder.first;
    struct dmn_observer observer = {.owner = &recorder,
                                    .decision_start = on_start,
                                    .decision_end = on_end,
                                    .input = on_input,
                                    .table = on_table,
                                    .rule = on_rule,
                                    .output = on_output};
    enum status status =
        dmn_evaluate_observed(models, query, &observer, arena, &trace->result, error);
    trace->nodes = recorder.first;
    if (status == STATUS_OK && recorder.exhausted)
        return error_set(error, STATUS_EXHAUSTED, "%s: no memory for the trace", query->node);
    return status;
}

static void print_value(FILE *out, struct arena *arena, const struct feel_value *value)
{
    struct feel_value list = feel_list(value, 1);
    struct feel_text text;
    enum { SHOWN_MAX = 64 * 1024 };
    if (feel_format(arena, &list, SHOWN_MAX, &text))
        (void)fprintf(out, "%.*s", (int)text.size - 2, text.bytes + 1);
    else
        (void)fputs("(too long to show)", out);
}

static void print_rule(FILE *out, struct arena *arena, const struct dmn_trace_table *table,
                       size_t number)
{
    const struct dmn_trace_rule *rule = &table->rules[number];
    if (rule->failed != DMN_ALL_PASSED) {
        (void)fprintf(out, "    rule %zu: no, input %u (%.*s)\n", number + 1, rule->failed + 1,
                      (int)table->input_labels[rule->failed].size,
                      table->input_labels[rule->failed].bytes);
        return;
    }
    (void)fprintf(out, "    rule %zu: hit", number + 1);
    for (size_t i = 0; rule->outputs != NULL && i < table->output_count; i++) {
        (void)fputs(i == 0 ? " -> " : ", ", out);
        print_value(out, arena, &rule->outputs[i]);
    }
    (void)fputc('\n', out);
}

static void print_table(FILE *out, struct arena *arena, const struct dmn_trace_table *table)
{
    (void)fprintf(out, "  table %.*s, %s\n", (int)table->where.size, table->where.bytes,
                  table->hit_policy);
    for (size_t i = 0; i < table->input_count; i++) {
        (void)fprintf(out, "    %.*s = ", (int)table->input_labels[i].size,
                      table->input_labels[i].bytes);
        print_value(out, arena, &table->inputs[i]);
        (void)fputc('\n', out);
    }
    for (size_t i = 0; i < table->rule_count; i++)
        print_rule(out, arena, table, i);
}

static void print_trace(FILE *out, struct arena *arena, const struct dmn_trace *trace)
{
    for (const struct dmn_trace_node *node = trace->nodes; node != NULL; node = node->next) {
        (void)fprintf(out, "%s %.*s = ", node->is_input ? "input" : "decision",
                      (int)node->name.size, node->name.bytes);
        print_value(out, arena, &node->value);
        (void)fputc('\n', out);
        for (const struct dmn_trace_table *t = node->tables; t != NULL; t = t->next)
            print_table(out, arena, t);
    }
    for (size_t i = 0; i < trace->result.reason_count; i++) {
        const struct dmn_reason *reason = &trace->result.reasons[i];
        (void)fprintf(out, "null at %.*s:%u, %.*s: %s\n", (int)reason->file.size,
                      reason->file.size == 0 ? "" : reason->file.bytes, reason->line,
                      (int)reason->element.size,
                      reason->element.size == 0 ? "" : reason->element.bytes, reason->text);
    }
}

static void print_hits(FILE *out, const struct dmn_trace *trace)
{
    bool first_table = true;
    for (const struct dmn_trace_node *node = trace->nodes; node != NULL; node = node->next)
        for (const struct dmn_trace_table *t = node->tables; t != NULL; t = t->next) {
            (void)fprintf(out, "%s%.*s:", first_table ? "" : ";", (int)t->where.size,
                          t->where.bytes);
            first_table = false;
            bool first = true;
            for (size_t i = 0; i < t->rule_count; i++) {
                if (t->rules[i].failed != DMN_ALL_PASSED)
                    continue;
                (void)fprintf(out, "%s%zu", first ? "" : ",", i + 1);
                first = false;
            }
        }
}

/* What a printer wrote, moved into the arena. */
static const char *collect(struct arena *arena, const struct dmn_trace *trace, bool hits)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL)
        return NULL;
    if (hits)
        print_hits(out, trace);
    else
        print_trace(out, arena, trace);
    bool whole = fclose(out) == 0;
    const char *copy = whole ? arena_strndup(arena, text, size) : NULL;
    free(text);
    return copy;
}

const char *dmn_trace_text(const struct dmn_trace *trace, struct arena *arena)
{
    return collect(arena, trace, false);
}

const char *dmn_trace_hits(const struct dmn_trace *trace, struct arena *arena)
{
    return collect(arena, trace, true);
}
