#include "dmn_member.h"

#include "dmn_table.h"

/* Names that stand for something else further in, innermost first. */
struct bound {
    const struct bound *outer;
    const struct feel_symbol *const *names;
    uint32_t count;
};

struct search {
    struct arena *arena;
    const struct dmn_node *node;
    const struct feel_place *place;
    struct dmn_analysis *analysis;
    struct dmn_finding ***end;
    size_t found; /* in this node */
    bool exhausted;
};

static bool is_bound(const struct bound *bound, const struct feel_symbol *name)
{
    for (; bound != NULL; bound = bound->outer)
        for (uint32_t i = 0; i < bound->count; i++)
            if (bound->names[i] == name)
                return true;
    return false;
}

/* What a path goes into: of a list, its items. */
static const struct feel_type *entered(const struct feel_type *type)
{
    type = feel_base_type(type);
    if (type != NULL && type->form == FEEL_TYPE_LIST)
        type = feel_base_type(type->element);
    return type != NULL && type->form == FEEL_TYPE_CONTEXT ? type : NULL;
}

static const struct feel_type *member_type(const struct feel_type *context,
                                           const struct feel_symbol *name, bool *known)
{
    for (size_t i = 0; i < context->count; i++)
        if (context->members[i] == name || feel_text_is(context->members[i]->text, name->text)) {
            *known = true;
            return context->types[i];
        }
    *known = false;
    return NULL;
}

/* The declared type of a name or of a path from one; NULL where none is known. */
static const struct feel_type *type_of(const struct search *s, const struct feel_node *node,
                                       const struct bound *bound)
{
    if (node->op == FEEL_OP_FILTER)
        return type_of(s, node->a, bound);
    if (node->op == FEEL_OP_PATH) {
        bool known;
        const struct feel_type *context = entered(type_of(s, node->a, bound));
        return context == NULL ? NULL : member_type(context, node->name, &known);
    }
    if (node->op != FEEL_OP_NAME || is_bound(bound, node->name))
        return NULL;
    for (size_t i = 0; i < s->node->requirement_count; i++)
        if (s->node->requirements[i].import == NULL &&
            s->node->requirements[i].node->name == node->name)
            return s->node->requirements[i].node->type;
    return NULL;
}

static void report(struct search *s, const struct feel_node *path)
{
    const struct feel_node *base = path->a;
    while (base->op == FEEL_OP_FILTER)
        base = base->a;
    struct dmn_finding *finding = arena_array(s->arena, 1, sizeof *finding);
    const char *text =
        arena_printf(s->arena, "%.*s has no entry %.*s", (int)base->name->text.size,
                     base->name->text.bytes, (int)path->name->text.size, path->name->text.bytes);
    s->exhausted |= finding == NULL || text == NULL;
    if (s->exhausted || s->found++ >= DMN_FINDINGS_MAX)
        return;
    *finding = (struct dmn_finding){.kind = DMN_FINDING_MEMBER,
                                    .file = s->place->file,
                                    .line = s->place->line,
                                    .table = s->place->element,
                                    .text = text};
    **s->end = finding;
    *s->end = &finding->next;
    s->analysis->count++;
}

static void walk(struct search *s, const struct feel_node *node, const struct bound *bound);

static void walk_at(struct search *s, const struct feel_node *node, const struct feel_place *place,
                    const struct bound *bound)
{
    const struct feel_place *outer = s->place;
    s->place = place;
    walk(s, node, bound);
    s->place = outer;
}

static void walk_table(struct search *s, const struct dmn_table *table, const struct bound *bound)
{
    for (size_t i = 0; i < table->input_count; i++)
        walk_at(s, table->inputs[i].expression, table->place, bound);
    for (size_t i = 0; i < table->output_count; i++)
        walk_at(s, table->outputs[i].otherwise, table->place, bound);
    for (size_t r = 0; r < table->rule_count; r++) {
        const struct dmn_rule *rule = &table->rules[r];
        for (size_t i = 0; i < table->input_count; i++)
            walk_at(s, rule->tests[i], &rule->places[i], bound);
        for (size_t i = 0; i < table->output_count; i++)
            walk_at(s, rule->outputs[i], &rule->places[table->input_count + i], bound);
    }
}

static void walk_parts(struct search *s, const struct feel_node *node, const struct bound *bound)
{
    walk(s, node->a, bound);
    if (node->op != FEEL_OP_FILTER) /* whose items may have entries of any name */
        walk(s, node->b, bound);
    walk(s, node->c, bound);
    for (uint32_t i = 0; node->items != NULL && i < node->count; i++)
        walk(s, node->items[i], bound);
}

static void walk(struct search *s, const struct feel_node *node, const struct bound *bound)
{
    if (node == NULL || node->op == FEEL_OP_LITERAL || node->op == FEEL_OP_BROKEN ||
        node->op == FEEL_OP_NAME || node->op == FEEL_OP_ANY_INPUT || node->op == FEEL_OP_EXTERNAL)
        return;
    if (node->op == FEEL_OP_TABLE) {
        walk_table(s, node->table, bound);
        return;
    }
    if (node->op == FEEL_OP_PATH) {
        const struct feel_type *context = entered(type_of(s, node->a, bound));
        bool known = true;
        if (context != NULL)
            (void)member_type(context, node->name, &known);
        if (!known)
            report(s, node);
    }
    struct bound inner = {bound, node->names, node->count};
    bool binds = node->op == FEEL_OP_FOR || node->op == FEEL_OP_SOME || node->op == FEEL_OP_EVERY ||
                 node->op == FEEL_OP_CONTEXT || node->op == FEEL_OP_FUNCTION;
    walk_parts(s, node, binds && node->names != NULL ? &inner : bound);
}

bool dmn_find_unknown_members(const struct dmn_models *models, struct arena *arena,
                              struct dmn_analysis *analysis, struct dmn_finding ***end)
{
    struct search search = {.arena = arena, .analysis = analysis, .end = end};
    for (size_t m = 0; m < models->model_count; m++)
        for (size_t i = 0; i < models->models[m].node_count; i++) {
            const struct dmn_node *node = models->models[m].nodes[i];
            if (node->kind != DMN_DECISION)
                continue;
            search.node = node;
            search.place = node->place;
            search.found = 0;
            walk(&search, node->logic, NULL);
        }
    return !search.exhausted;
}
