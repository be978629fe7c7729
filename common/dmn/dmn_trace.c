#include "dmn_trace.h"

#include <stdio.h>
#include <stdlib.h>

#include "dmn_session.h"
#include "feel_format.h"

/* A decision under way; those that it needs are finished within. */
struct open_node {
    struct open_node *outer;
    struct dmn_trace_node *node;
    struct dmn_trace_table **tables_end;
};

struct dmn_trace_work {
    const struct dmn_table *table;
    struct feel_run *run;
    const struct feel_frame *frame;
};

struct recorder {
    struct arena *arena;
    struct dmn_trace_node *first;
    struct dmn_trace_node **end;
    struct open_node *open;
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

static void on_table(void *owner, const struct dmn_table *table, struct feel_run *run,
                     const struct feel_frame *frame, const struct feel_value *inputs)
{
    struct recorder *r = owner;
    struct dmn_trace_table *entry = take(r, 1, sizeof *entry);
    struct dmn_trace_work *work = take(r, 1, sizeof *work);
    if (entry == NULL || work == NULL)
        return;
    *work = (struct dmn_trace_work){.table = table, .run = run, .frame = frame};
    *entry = (struct dmn_trace_table){.where = table->where,
                                      .hit_policy = dmn_hit_policy_name(table->policy),
                                      .inputs = inputs,
                                      .input_count = table->input_count,
                                      .output_count = table->output_count,
                                      .rule_count = table->rule_count,
                                      .work = work};
    if (r->open != NULL) {
        *r->open->tables_end = entry;
        r->open->tables_end = &entry->next;
    }
}

/* The latest entry of that table under the decision at work: cells may evaluate other tables in
 * between, and the same one again. */
static struct dmn_trace_table *entry_of(struct recorder *r, const struct dmn_table *table,
                                        bool without_hits)
{
    struct dmn_trace_table *found = NULL;
    for (struct dmn_trace_table *t = r->open == NULL ? NULL : r->open->node->tables; t != NULL;
         t = t->next)
        if (t->work->table == table && (!without_hits || t->hits == NULL))
            found = t;
    return found;
}

static void on_hits(void *owner, const struct dmn_table *table, const uint32_t *rules, size_t count)
{
    struct recorder *r = owner;
    struct dmn_trace_table *entry = entry_of(r, table, true);
    struct dmn_trace_hit *hits = entry == NULL ? NULL : take(r, count + 1, sizeof *hits);
    if (hits == NULL)
        return;
    for (size_t i = 0; i < count; i++)
        hits[i].rule = rules[i];
    entry->hits = hits;
    entry->hit_count = count;
}

static void on_output(void *owner, const struct dmn_table *table, size_t rule,
                      const struct feel_value *outputs)
{
    struct recorder *r = owner;
    struct dmn_trace_table *entry = entry_of(r, table, false);
    for (size_t i = 0; entry != NULL && i < entry->hit_count; i++)
        if (entry->hits[i].rule == rule)
            entry->hits[i].outputs = outputs;
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
                                    .hits = on_hits,
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

/* On a budget of its own, so that looking does not depend on what the evaluation took. */
uint32_t dmn_trace_failed(const struct dmn_trace_table *table, size_t rule)
{
    for (size_t i = 0; i < table->hit_count; i++)
        if (table->hits[i].rule == rule)
            return DMN_TRACE_HIT;
    struct feel_run *run = table->work->run;
    size_t notes = run->note_count;
    run->steps = 0;
    uint32_t failed =
        dmn_rule_failed(run, table->work->table, table->work->frame, table->inputs, rule);
    run->note_count = notes;
    return failed;
}

struct feel_text dmn_trace_input_label(const struct dmn_trace_table *table, size_t input)
{
    return table->work->table->inputs[input].label;
}

struct feel_text dmn_trace_output_label(const struct dmn_trace_table *table, size_t output)
{
    return table->work->table->outputs[output].label;
}

struct feel_text dmn_trace_rule_id(const struct dmn_trace_table *table, size_t rule)
{
    return table->work->table->rules[rule].id;
}

/* "rule 3 (w1)": its place in the table, and what its author calls it. */
static void print_rule(FILE *out, const struct dmn_trace_table *table, size_t rule)
{
    struct feel_text id = dmn_trace_rule_id(table, rule);
    (void)fprintf(out, "    rule %zu", rule + 1);
    if (id.size > 0)
        (void)fprintf(out, " (%.*s)", (int)id.size, id.bytes);
    (void)fputs(": ", out);
}

static void print_hit(FILE *out, struct arena *arena, const struct dmn_trace_table *table,
                      const struct dmn_trace_hit *hit)
{
    print_rule(out, table, hit->rule);
    (void)fputs("hit", out);
    for (size_t i = 0; hit->outputs != NULL && i < table->output_count; i++) {
        (void)fputs(i == 0 ? " -> " : ", ", out);
        print_value(out, arena, &hit->outputs[i]);
    }
    (void)fputc('\n', out);
}

/* Under FIRST, rules behind the hit may pass too: they were not asked. */
static void print_miss(FILE *out, const struct dmn_trace_table *table, size_t rule)
{
    uint32_t failed = dmn_trace_failed(table, rule);
    print_rule(out, table, rule);
    if (failed == DMN_TRACE_HIT) {
        (void)fputs("passes, behind the hit\n", out);
        return;
    }
    struct feel_text label = dmn_trace_input_label(table, failed);
    (void)fprintf(out, "no, input %u (%.*s)\n", failed + 1, (int)label.size,
                  label.size == 0 ? "" : label.bytes);
}

static void print_table(FILE *out, struct arena *arena, const struct dmn_trace_table *table)
{
    (void)fprintf(out, "  table %.*s, %s\n", (int)table->where.size, table->where.bytes,
                  table->hit_policy);
    for (size_t i = 0; i < table->input_count; i++) {
        struct feel_text label = dmn_trace_input_label(table, i);
        (void)fprintf(out, "    %.*s = ", (int)label.size, label.size == 0 ? "" : label.bytes);
        print_value(out, arena, &table->inputs[i]);
        (void)fputc('\n', out);
    }
    size_t next = 0;
    for (size_t i = 0; i < table->rule_count; i++)
        if (next < table->hit_count && table->hits[next].rule == i)
            print_hit(out, arena, table, &table->hits[next++]);
        else
            print_miss(out, table, i);
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
            for (size_t i = 0; i < t->hit_count; i++)
                (void)fprintf(out, "%s%u", i == 0 ? "" : ",", t->hits[i].rule + 1);
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
