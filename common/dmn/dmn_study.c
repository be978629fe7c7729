#include "dmn_study.h"

#include <stdio.h>
#include <stdlib.h>

#include "feel_format.h"

const char *dmn_finding_name(enum dmn_finding_kind kind)
{
    static const char *const names[] = {
#define X(name, text) #name,
        DMN_FINDING_ROWS(X)
#undef X
    };
    return names[kind];
}

static const char *kind_text(enum dmn_finding_kind kind)
{
    static const char *const texts[] = {
#define X(name, text) text,
        DMN_FINDING_ROWS(X)
#undef X
    };
    return texts[kind];
}

void *dmn_study_take(struct dmn_study *s, size_t count, size_t size)
{
    void *memory = arena_array(s->arena, count, size);
    s->exhausted |= memory == NULL;
    return memory;
}

static struct feel_run make_run(const struct dmn_study *s)
{
    return (struct feel_run){.arena = s->arena,
                             .words = &s->models->words,
                             .zones = {.arena = s->arena, .parent = &s->models->zones},
                             .steps_max = s->models->limits.steps,
                             .string_max = s->models->limits.string_bytes,
                             .list_max = s->models->limits.list_items,
                             .table = dmn_table_evaluate};
}

bool dmn_study_allows(const struct dmn_study *s, const struct feel_node *allowed,
                      const struct feel_value *value)
{
    if (allowed == NULL)
        return true;
    struct feel_run run = make_run(s);
    return feel_test(&run, allowed, NULL, value) == FEEL_TRUE;
}

/* "amount = 10, region = "EU"" */
static const char *describe(struct dmn_study *s, const struct feel_value *witness)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL)
        return NULL;
    for (size_t i = 0; i < s->table->input_count; i++) {
        struct feel_text label = s->table->inputs[i].label, shown = {"anything", 8};
        struct feel_value list = feel_list(&witness[i], 1);
        enum { SHOWN_MAX = 1024 };
        if (witness[i].kind != FEEL_NULL && feel_format(s->arena, &list, SHOWN_MAX, &shown)) {
            shown.bytes++;
            shown.size -= 2;
        }
        (void)fprintf(out, "%s%.*s = %.*s", i == 0 ? "" : ", ", (int)label.size,
                      label.size == 0 ? "" : label.bytes, (int)shown.size, shown.bytes);
    }
    bool whole = fclose(out) == 0;
    const char *copy = whole ? arena_strndup(s->arena, text, size) : NULL;
    free(text);
    return copy;
}

static const char *line_of(struct dmn_study *s, const struct dmn_finding *finding,
                           struct feel_text column)
{
    const char *with = finding->witness == NULL ? "" : describe(s, finding->witness);
    if (finding->kind == DMN_FINDING_OVERLAP)
        return arena_printf(s->arena, "rules %u and %u both hit, where only one may: %s",
                            finding->rule, finding->other_rule, with == NULL ? "" : with);
    if (finding->kind == DMN_FINDING_GAP)
        return arena_printf(s->arena, "no rule hits: %s", with == NULL ? "" : with);
    if (finding->rule > 0)
        return arena_printf(s->arena, "rule %u: %s%s%.*s", finding->rule, kind_text(finding->kind),
                            column.size == 0 ? "" : ": ", (int)column.size,
                            column.size == 0 ? "" : column.bytes);
    return kind_text(finding->kind);
}

bool dmn_study_report(struct dmn_study *s, struct dmn_finding finding,
                      const struct dmn_column *column)
{
    struct dmn_finding *entry = dmn_study_take(s, 1, sizeof *entry);
    if (entry == NULL)
        return false;
    *entry = finding;
    entry->file = s->table->model->file;
    entry->table = s->table->where;
    entry->line = finding.rule > 0 && s->table->input_count + s->table->output_count > 0
                      ? s->table->rules[finding.rule - 1].places[0].line
                      : s->table->element->line;
    entry->witness_count = finding.witness == NULL ? 0 : s->table->input_count;
    entry->text = line_of(s, entry, column == NULL ? (struct feel_text){"", 0} : column->label);
    s->exhausted |= entry->text == NULL;
    **s->end = entry;
    *s->end = &entry->next;
    s->analysis->count++;
    return ++s->found < DMN_FINDINGS_MAX;
}

void dmn_study_begin(struct dmn_study *s)
{
    s->steps = 0;
    s->found = 0;
}

bool dmn_study_spend(struct dmn_study *s, uint64_t steps)
{
    s->steps += steps;
    return s->steps <= DMN_ANALYSIS_STEPS_MAX && !s->exhausted;
}

void dmn_study_finish(struct dmn_study *s)
{
    if (s->steps > DMN_ANALYSIS_STEPS_MAX)
        (void)dmn_study_report(s, (struct dmn_finding){.kind = DMN_FINDING_UNFINISHED}, NULL);
}
