#include "dmn_analysis.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dmn_member.h"
#include "dmn_study.h"
#include "dmn_witness.h"
#include "feel_constant.h"

/* A segment in which inputs can lie, with one of them. */
struct live {
    uint32_t segment;
    struct feel_value witness;
};

struct live_column {
    struct live *list; /* rising */
    size_t count;
};

static bool find_live(struct dmn_study *s, size_t input)
{
    const struct dmn_column_index *column = &s->map->columns[input];
    struct live_column *live = &s->columns[input];
    const struct feel_node *allowed = dmn_input_allowed(s->table, input);
    size_t segments = 2 * column->point_count + 1;
    live->list = dmn_study_take(s, segments, sizeof *live->list);
    for (size_t i = 0; live->list != NULL && i < segments; i++) {
        struct live *entry = &live->list[live->count];
        entry->segment = (uint32_t)i;
        if (dmn_witness(column, (uint32_t)i, s->arena, &entry->witness) &&
            (column->point_count == 0 || dmn_study_allows(s, allowed, &entry->witness)))
            live->count++;
    }
    return live->list != NULL;
}

static bool covers(const struct dmn_column_index *column, uint32_t rule, uint32_t segment)
{
    const struct dmn_cell_index *cell = &column->cells[rule];
    if (cell->any || cell->residue)
        return true;
    for (uint32_t i = 0; i < cell->count; i++) {
        struct dmn_interval in = column->intervals[cell->start + i];
        if (segment >= in.first && segment <= in.last)
            return true;
    }
    return false;
}

static bool has_residue(const struct dmn_study *s, uint32_t rule)
{
    for (size_t i = 0; i < s->table->input_count; i++)
        if (s->map->columns[i].cells[rule].residue)
            return true;
    return false;
}

/* A live segment that two rules share in a column; NULL. */
static const struct live *shared(const struct dmn_study *s, size_t input, uint32_t a, uint32_t b)
{
    const struct dmn_column_index *column = &s->map->columns[input];
    const struct live_column *live = &s->columns[input];
    for (size_t i = 0; i < live->count; i++)
        if (covers(column, a, live->list[i].segment) && covers(column, b, live->list[i].segment))
            return &live->list[i];
    return NULL;
}

static bool may_meet(const struct dmn_column_index *column, uint32_t a, uint32_t b)
{
    const struct dmn_cell_index *x = &column->cells[a], *y = &column->cells[b];
    if (x->any || y->any)
        return true;
    for (uint32_t i = 0; i < x->count; i++)
        for (uint32_t j = 0; j < y->count; j++) {
            struct dmn_interval p = column->intervals[x->start + i];
            struct dmn_interval q = column->intervals[y->start + j];
            if (p.first <= q.last && q.first <= p.last)
                return true;
        }
    return false;
}

static bool check_pair(struct dmn_study *s, uint32_t a, uint32_t b)
{
    size_t inputs = s->table->input_count;
    for (size_t i = 0; i < inputs; i++)
        if (!may_meet(&s->map->columns[i], a, b))
            return true;
    struct feel_value *witness = dmn_study_take(s, inputs, sizeof *witness);
    for (size_t i = 0; witness != NULL && i < inputs; i++) {
        const struct live *both = shared(s, i, a, b);
        if (both == NULL)
            return true;
        witness[i] = both->witness;
    }
    return witness != NULL && dmn_study_report(s,
                                               (struct dmn_finding){.kind = DMN_FINDING_OVERLAP,
                                                                    .rule = a + 1,
                                                                    .other_rule = b + 1,
                                                                    .witness = witness},
                                               NULL);
}

static void find_overlaps(struct dmn_study *s)
{
    uint32_t rules = (uint32_t)s->table->rule_count;
    dmn_study_begin(s);
    for (uint32_t a = 0; a < rules; a++) {
        if (has_residue(s, a))
            continue;
        for (uint32_t b = a + 1; b < rules; b++) {
            if (!dmn_study_spend(s, s->table->input_count))
                break;
            if (!has_residue(s, b) && !check_pair(s, a, b))
                return;
        }
    }
    dmn_study_finish(s);
}

/* A search for inputs that no rule of a set covers, column by column. */
struct search {
    struct dmn_study *study;
    uint64_t **sets;        /* one per column, and the first one to start with */
    uint64_t **before;      /* what the segment before the one at hand came to */
    const struct live **at; /* the segment chosen in each column */
    uint32_t within;        /* only inside this rule; UINT32_MAX: everywhere */
    bool (*on_found)(struct search *search);
    bool found;
};

static bool is_empty(const uint64_t *set, size_t words)
{
    for (size_t i = 0; i < words; i++)
        if (set[i] != 0)
            return false;
    return true;
}

/* Those of `from` that cover the segment. false: no steps left. */
static bool keep_covering(struct dmn_study *s, size_t input, uint32_t segment, const uint64_t *from,
                          uint64_t *to)
{
    const struct dmn_column_index *column = &s->map->columns[input];
    for (size_t w = 0; w < s->words; w++) {
        to[w] = 0;
        for (uint64_t left = from[w]; left != 0; left &= left - 1) {
            unsigned bit = (unsigned)__builtin_ctzll(left);
            if (covers(column, (uint32_t)(w * 64 + bit), segment))
                to[w] |= (uint64_t)1 << bit;
        }
    }
    return dmn_study_spend(s, s->words * 8);
}

/* false: end the search. Neighbouring segments that the same rules cover are looked at once. */
static bool search_from(struct search *search, size_t input)
{
    struct dmn_study *s = search->study;
    uint64_t *set = search->sets[input];
    if (is_empty(set, s->words)) {
        for (size_t i = input; i < s->table->input_count; i++)
            search->at[i] = NULL;
        return search->on_found(search);
    }
    if (input == s->table->input_count)
        return true;
    uint64_t *next = search->sets[input + 1], *before = search->before[input];
    bool first = true;
    for (size_t i = 0; i < s->columns[input].count; i++) {
        const struct live *live = &s->columns[input].list[i];
        if (search->within != UINT32_MAX &&
            !covers(&s->map->columns[input], search->within, live->segment))
            continue;
        if (!keep_covering(s, input, live->segment, set, next))
            return false;
        if (!first && memcmp(next, before, s->words * sizeof *next) == 0)
            continue;
        first = false;
        memcpy(before, next, s->words * sizeof *next);
        search->at[input] = live;
        if (!search_from(search, input + 1))
            return false;
    }
    return true;
}

static bool start_search(struct dmn_study *s, struct search *search)
{
    size_t inputs = s->table->input_count;
    search->study = s;
    search->sets = dmn_study_take(s, inputs + 1, sizeof *search->sets);
    search->at = dmn_study_take(s, inputs + 1, sizeof *search->at);
    search->before = dmn_study_take(s, inputs + 1, sizeof *search->before);
    for (size_t i = 0; !s->exhausted && i <= inputs; i++) {
        search->sets[i] = dmn_study_take(s, s->words, sizeof **search->sets);
        search->before[i] = dmn_study_take(s, s->words, sizeof **search->before);
    }
    return !s->exhausted;
}

static bool report_gap(struct search *search)
{
    struct dmn_study *s = search->study;
    struct feel_value *witness = dmn_study_take(s, s->table->input_count, sizeof *witness);
    for (size_t i = 0; witness != NULL && i < s->table->input_count; i++)
        if (search->at[i] != NULL)
            witness[i] = search->at[i]->witness;
    return witness != NULL &&
           dmn_study_report(s, (struct dmn_finding){.kind = DMN_FINDING_GAP, .witness = witness},
                            NULL);
}

static void find_gaps(struct dmn_study *s)
{
    struct search search = {.within = UINT32_MAX, .on_found = report_gap};
    dmn_study_begin(s);
    for (size_t i = 0; i < s->table->output_count; i++)
        if (s->table->outputs[i].otherwise != NULL)
            return;
    if (!start_search(s, &search))
        return;
    for (size_t r = 0; r < s->table->rule_count; r++)
        search.sets[0][r / 64] |= (uint64_t)1 << r % 64;
    (void)search_from(&search, 0);
    dmn_study_finish(s);
}

static bool stop_at_first(struct search *search)
{
    search->found = true;
    return false;
}

/* Whether some input of the rule's own passes all rules before it. */
static bool is_reached(struct dmn_study *s, struct search *search, uint32_t rule)
{
    search->within = rule;
    search->found = false;
    memset(search->sets[0], 0, s->words * sizeof **search->sets);
    for (uint32_t r = 0; r < rule; r++)
        if (!has_residue(s, r))
            search->sets[0][r / 64] |= (uint64_t)1 << r % 64;
    (void)search_from(search, 0);
    return search->found || s->steps > DMN_ANALYSIS_STEPS_MAX || s->exhausted;
}

static bool is_empty_rule(const struct dmn_study *s, uint32_t rule)
{
    for (size_t i = 0; i < s->table->input_count; i++)
        if (!s->map->columns[i].cells[rule].residue && shared(s, i, rule, rule) == NULL)
            return true;
    return false;
}

static void find_unreachable(struct dmn_study *s)
{
    struct search search = {.on_found = stop_at_first};
    bool first_policy = s->table->policy == DMN_HIT_FIRST;
    dmn_study_begin(s);
    if (!start_search(s, &search))
        return;
    for (uint32_t r = 0; r < s->table->rule_count; r++) {
        bool dead = is_empty_rule(s, r) || (first_policy && !is_reached(s, &search, r));
        if (dead &&
            !dmn_study_report(
                s, (struct dmn_finding){.kind = DMN_FINDING_UNREACHABLE, .rule = r + 1}, NULL))
            return;
        if (!dmn_study_spend(s, s->table->input_count))
            break;
    }
    dmn_study_finish(s);
}

static void find_wrong_outputs(struct dmn_study *s)
{
    dmn_study_begin(s);
    for (uint32_t r = 0; r < s->table->rule_count; r++)
        for (size_t i = 0; i < s->table->output_count; i++) {
            const struct feel_node *node = s->table->rules[r].outputs[i];
            const struct feel_node *allowed = s->table->outputs[i].allowed;
            if (allowed == NULL || !feel_is_constant(node))
                continue;
            struct feel_value value = feel_constant(s->arena, &s->models->zones, node);
            if (value.kind != FEEL_NULL && !dmn_study_allows(s, allowed, &value) &&
                !dmn_study_report(s,
                                  (struct dmn_finding){.kind = DMN_FINDING_OUTPUT, .rule = r + 1},
                                  &s->table->outputs[i]))
                return;
        }
}

/* Whether a constant can be a value, or a test, of a type that is one kind. */
static bool is_of_type(struct dmn_study *s, const struct feel_type *type,
                       const struct feel_node *node)
{
    if (type == NULL || type->form != FEEL_TYPE_KIND || node->reads_input ||
        !feel_is_constant(node))
        return true;
    struct feel_value value = feel_constant(s->arena, &s->models->zones, node);
    const struct feel_value *end = &value;
    if (value.kind == FEEL_RANGE)
        end = value.range->low.kind != FEEL_NULL ? &value.range->low : &value.range->high;
    return end->kind == FEEL_NULL || end->kind == type->kind;
}

/* The first column whose type a cell of the rule has not; NULL. */
static const struct dmn_column *wrong_column(struct dmn_study *s, uint32_t rule)
{
    for (size_t i = 0; i < s->table->input_count; i++) {
        const struct feel_node *tests = s->table->rules[rule].tests[i];
        for (uint32_t t = 0; tests->op == FEEL_OP_TESTS && t < tests->count; t++)
            if (!is_of_type(s, dmn_input_type(s->table, i), tests->items[t]))
                return &s->table->inputs[i];
    }
    for (size_t i = 0; i < s->table->output_count; i++)
        if (!is_of_type(s, feel_base_type(s->table->outputs[i].type),
                        s->table->rules[rule].outputs[i]))
            return &s->table->outputs[i];
    return NULL;
}

static void find_wrong_types(struct dmn_study *s)
{
    dmn_study_begin(s);
    for (uint32_t r = 0; r < s->table->rule_count; r++) {
        const struct dmn_column *wrong = wrong_column(s, r);
        if (wrong != NULL &&
            !dmn_study_report(s, (struct dmn_finding){.kind = DMN_FINDING_TYPE, .rule = r + 1},
                              wrong))
            return;
    }
}

static void study_table(struct dmn_study *s)
{
    s->map = dmn_index_map(s->table, s->arena);
    s->columns = dmn_study_take(s, s->table->input_count + 1, sizeof *s->columns);
    s->words = s->table->rule_count / 64 + 1;
    if (s->map == NULL || s->columns == NULL) {
        s->exhausted = true;
        return;
    }
    for (size_t i = 0; i < s->table->input_count; i++)
        if (!find_live(s, i))
            return;
    if (s->table->policy == DMN_HIT_UNIQUE)
        find_overlaps(s);
    find_gaps(s);
    find_unreachable(s);
    find_wrong_outputs(s);
    find_wrong_types(s);
}

enum status dmn_analyse(const struct dmn_models *models, struct arena *arena,
                        struct dmn_analysis *analysis, struct error *error)
{
    *analysis = (struct dmn_analysis){.findings = NULL};
    struct dmn_finding **end = &analysis->findings;
    for (const struct dmn_table *table = models->first_table; table != NULL; table = table->next) {
        struct dmn_study study = {
            .models = models, .arena = arena, .table = table, .analysis = analysis, .end = &end};
        study_table(&study);
        if (study.exhausted)
            return error_set(error, STATUS_EXHAUSTED, "%.*s: no memory to analyse the table",
                             (int)table->where.size, table->where.bytes);
    }
    if (!dmn_find_unknown_members(models, arena, analysis, &end))
        return error_set(error, STATUS_EXHAUSTED, "no memory to analyse the decisions");
    return STATUS_OK;
}
