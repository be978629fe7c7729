/* The requirement graph: which nodes there are, what each may use, and their compiled logic. */

#include <stdio.h>
#include <string.h>

#include "dmn_model.h"

static const struct {
    const char *element;
    enum dmn_node_kind kind;
} kinds[] = {{"inputData", DMN_INPUT},
             {"decision", DMN_DECISION},
             {"businessKnowledgeModel", DMN_KNOWLEDGE},
             {"decisionService", DMN_SERVICE}};

static bool node_kind(const struct dmn_element *element, enum dmn_node_kind *kind)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (dmn_is(element, kinds[i].element)) {
            *kind = kinds[i].kind;
            return true;
        }
    return false;
}

static struct dmn_node *new_node(struct dmn_model *model, const struct dmn_element *element,
                                 enum dmn_node_kind kind)
{
    struct dmn_node *node = dmn_take(model, 1, sizeof *node);
    if (node == NULL)
        return NULL;
    const struct dmn_element *variable = dmn_child(element, "variable");
    struct feel_text name = dmn_attribute(variable, "name");
    node->kind = kind;
    node->model = model;
    node->element = element;
    node->id = dmn_attribute(element, "id");
    node->title = dmn_trim(dmn_attribute(element, "name"));
    node->name = feel_name(&model->set->symbols, dmn_trim(name).size > 0 ? name : node->title);
    node->type = dmn_type_of(model, variable, dmn_attribute(variable, "typeRef"));
    node->index = model->set->node_count++;
    node->place = dmn_place(model, element, node->title);
    if (node->name == NULL)
        dmn_report(model, element, node->title, "an element without a name");
    return node;
}

void dmn_link_nodes(struct dmn_model *model)
{
    size_t count = 0;
    enum dmn_node_kind kind;
    const struct dmn_element *first = model->document.root->first;
    for (const struct dmn_element *e = first; e != NULL; e = e->next)
        count += node_kind(e, &kind);
    model->nodes = dmn_take(model, count + 1, sizeof *model->nodes);
    for (const struct dmn_element *e = first; e != NULL && model->nodes != NULL; e = e->next)
        if (node_kind(e, &kind)) {
            struct dmn_node *node = new_node(model, e, kind);
            if (node != NULL && node->name != NULL)
                model->nodes[model->node_count++] = node;
        }
}

static struct dmn_node *node_by_id(const struct dmn_model *model, struct feel_text id)
{
    for (size_t i = 0; i < model->node_count; i++)
        if (feel_text_is(model->nodes[i]->id, id))
            return model->nodes[i];
    return NULL;
}

/* `#id`, `namespace#id` or `id`. */
struct dmn_node *dmn_resolve(struct dmn_model *model, struct feel_text href)
{
    href = dmn_trim(href);
    const char *hash = href.size == 0 ? NULL : memrchr(href.bytes, '#', href.size);
    if (hash == NULL)
        return node_by_id(model, href);
    struct feel_text name_space = {href.bytes, (size_t)(hash - href.bytes)};
    struct feel_text id = {hash + 1, href.size - name_space.size - 1};
    if (name_space.size == 0 || feel_text_is(name_space, model->name_space))
        return node_by_id(model, id);
    for (size_t i = 0; i < model->import_count; i++)
        if (feel_text_is(model->imports[i].model->name_space, name_space))
            return node_by_id(model->imports[i].model, id);
    for (size_t i = 0; i < model->set->model_count; i++)
        if (feel_text_is(model->set->models[i].name_space, name_space))
            return node_by_id(&model->set->models[i], id);
    return NULL;
}

static const struct feel_symbol *import_name(const struct dmn_model *model,
                                             const struct dmn_node *node)
{
    for (size_t i = 0; i < model->import_count && node->model != model; i++)
        if (model->imports[i].model == node->model)
            return model->imports[i].name;
    return NULL;
}

/* The href within <requiredInput>, <requiredDecision> or <requiredKnowledge>. */
static struct feel_text required_href(const struct dmn_element *requirement)
{
    for (const struct dmn_element *e = requirement->first; e != NULL; e = e->next) {
        struct feel_text href = dmn_attribute(e, "href");
        if (href.size > 0)
            return href;
    }
    return (struct feel_text){NULL, 0};
}

static bool is_requirement(const struct dmn_element *element)
{
    return dmn_is(element, "informationRequirement") || dmn_is(element, "knowledgeRequirement");
}

static void link_requirements(struct dmn_model *model, struct dmn_node *node)
{
    size_t count = 0;
    for (const struct dmn_element *e = node->element->first; e != NULL; e = e->next)
        count += is_requirement(e);
    struct dmn_requirement *list = dmn_take(model, count + 1, sizeof *list);
    for (const struct dmn_element *e = node->element->first; e != NULL && list != NULL;
         e = e->next) {
        if (!is_requirement(e))
            continue;
        struct feel_text href = required_href(e);
        const struct dmn_node *required = dmn_resolve(model, href);
        if (required == NULL) {
            dmn_report(model, e, node->title, "requires %.*s, which is not there",
                       (int)(href.size > 80 ? 80 : href.size), href.size == 0 ? "" : href.bytes);
            continue;
        }
        list[node->requirement_count++] =
            (struct dmn_requirement){required, import_name(model, required)};
    }
    node->requirements = list;
}

/* The names that the logic of a node sees. */
static struct feel_scope node_scope(struct dmn_model *model, const struct dmn_node *node)
{
    struct feel_scope scope = {.parent = &model->set->base};
    struct arena *arena = model->set->arena;
    for (size_t i = 0; i < node->requirement_count; i++) {
        const struct dmn_requirement *r = &node->requirements[i];
        (void)feel_scope_add(arena, &scope, r->import != NULL ? r->import : r->node->name);
    }
    if (node->kind == DMN_KNOWLEDGE)
        (void)feel_scope_add(arena, &scope, node->name);
    return scope;
}

static void compile_decision(struct dmn_model *model, struct dmn_node *node)
{
    const struct dmn_element *expression = dmn_expression_child(node->element);
    struct feel_scope scope = node_scope(model, node);
    if (expression != NULL)
        node->logic = dmn_compile(model, expression, &scope, node->title);
}

/* A table without parameters takes its input expressions for their names (10.2.1.7). */
static bool read_implied(struct dmn_model *model, struct dmn_node *node,
                         const struct dmn_element *logic, struct feel_scope *scope)
{
    const struct dmn_element *table = dmn_child(logic, "decisionTable");
    size_t count = 0;
    for (const struct dmn_element *e = dmn_child(table, "input"); e != NULL; e = dmn_again(e))
        count++;
    const struct feel_symbol **names = dmn_take(model, count + 1, sizeof *names);
    const struct feel_type **types = dmn_take(model, count + 1, sizeof *types);
    if (names == NULL || types == NULL || count > FEEL_PARAMETERS_MAX)
        return false;
    for (const struct dmn_element *e = dmn_child(table, "input"); e != NULL; e = dmn_again(e)) {
        struct feel_text text = dmn_child_text(dmn_child(e, "inputExpression"), "text");
        const struct feel_symbol *name = feel_name(&model->set->symbols, text);
        if (name == NULL)
            continue;
        names[node->parameter_count++] = name;
        (void)feel_scope_add(model->set->arena, scope, name);
    }
    node->names = names;
    node->types = types;
    return true;
}

static bool read_parameters(struct dmn_model *model, struct dmn_node *node,
                            const struct dmn_element *logic, struct feel_scope *scope)
{
    size_t count = 0;
    for (const struct dmn_element *e = dmn_child(logic, "formalParameter"); e != NULL;
         e = dmn_again(e))
        count++;
    const struct feel_symbol **names = dmn_take(model, count + 1, sizeof *names);
    const struct feel_type **types = dmn_take(model, count + 1, sizeof *types);
    if (names == NULL || types == NULL || count > FEEL_PARAMETERS_MAX) {
        dmn_report(model, logic, node->title, "more than %d parameters", FEEL_PARAMETERS_MAX);
        return false;
    }
    for (const struct dmn_element *e = dmn_child(logic, "formalParameter"); e != NULL;
         e = dmn_again(e)) {
        const struct feel_symbol *name = feel_name(&model->set->symbols, dmn_attribute(e, "name"));
        if (name == NULL) {
            dmn_report(model, e, node->title, "a parameter without a name");
            return false;
        }
        names[node->parameter_count] = name;
        types[node->parameter_count++] = dmn_type_of(model, e, dmn_attribute(e, "typeRef"));
        (void)feel_scope_add(model->set->arena, scope, name);
    }
    node->names = names;
    node->types = types;
    return node->parameter_count > 0 || read_implied(model, node, logic, scope);
}

static bool is_external(const struct dmn_element *logic)
{
    struct feel_text kind = dmn_attribute(logic, "kind");
    return kind.size > 0 && !feel_text_is(kind, feel_text("FEEL"));
}

static void compile_knowledge(struct dmn_model *model, struct dmn_node *node)
{
    const struct dmn_element *logic = dmn_child(node->element, "encapsulatedLogic");
    struct feel_scope outer = node_scope(model, node);
    struct feel_scope scope = {.parent = &outer};
    if (logic == NULL || !read_parameters(model, node, logic, &scope))
        return;
    if (is_external(logic)) {
        dmn_report(model, logic, node->title, "external functions (Java, PMML) are refused");
        node->logic = feel_node_new(model->set->arena, FEEL_OP_EXTERNAL, 0);
        return;
    }
    const struct dmn_element *expression = dmn_expression_child(logic);
    if (expression != NULL)
        node->logic = dmn_compile(model, expression, &scope, node->title);
}

/* Nodes that the children of one kind refer to. */
static size_t references(struct dmn_model *model, struct dmn_node *node, const char *kind,
                         const struct dmn_node **out, size_t at)
{
    for (const struct dmn_element *e = dmn_child(node->element, kind); e != NULL;
         e = dmn_again(e)) {
        const struct dmn_node *found = dmn_resolve(model, dmn_attribute(e, "href"));
        if (found == NULL)
            dmn_report(model, e, node->title, "refers to an element that is not there");
        else
            out[at++] = found;
    }
    return at;
}

/* Input data first, then input decisions (10.4). */
static void compile_service(struct dmn_model *model, struct dmn_node *node)
{
    size_t count = 0;
    for (const struct dmn_element *e = node->element->first; e != NULL; e = e->next)
        count++;
    const struct dmn_node **inputs = dmn_take(model, count + 1, sizeof *inputs);
    const struct dmn_node **outputs = dmn_take(model, count + 1, sizeof *outputs);
    const struct feel_symbol **names = dmn_take(model, count + 1, sizeof *names);
    const struct feel_type **types = dmn_take(model, count + 1, sizeof *types);
    if (inputs == NULL || outputs == NULL || names == NULL || types == NULL)
        return;
    count = references(model, node, "inputData", inputs, 0);
    count = references(model, node, "inputDecision", inputs, count);
    for (size_t i = 0; i < count; i++) {
        names[i] = inputs[i]->name;
        types[i] = inputs[i]->type;
    }
    if (count > FEEL_PARAMETERS_MAX) {
        dmn_report(model, node->element, node->title, "more than %d inputs", FEEL_PARAMETERS_MAX);
        count = 0;
    }
    node->names = names;
    node->types = types;
    node->parameter_count = count;
    node->parameters = inputs;
    node->outputs = outputs;
    node->output_count = references(model, node, "outputDecision", outputs, 0);
}

/* A decision that needs itself can never come to a value. */
static bool reaches(const struct dmn_node *from, const struct dmn_node *to, int depth,
                    size_t *budget)
{
    if (depth > DMN_REQUIREMENT_DEPTH_MAX || *budget == 0)
        return false;
    (*budget)--;
    for (size_t i = 0; i < from->requirement_count; i++) {
        const struct dmn_node *next = from->requirements[i].node;
        if (next == to || reaches(next, to, depth + 1, budget))
            return true;
    }
    return false;
}

void dmn_compile_nodes(struct dmn_model *model)
{
    for (size_t i = 0; i < model->node_count; i++)
        link_requirements(model, model->nodes[i]);
    for (size_t i = 0; i < model->node_count; i++) {
        struct dmn_node *node = model->nodes[i];
        size_t budget = 10000;
        if (node->kind == DMN_DECISION) {
            compile_decision(model, node);
            if (reaches(node, node, 0, &budget))
                dmn_report(model, node->element, node->title, "the decision requires itself");
        } else if (node->kind == DMN_KNOWLEDGE) {
            compile_knowledge(model, node);
        } else if (node->kind == DMN_SERVICE) {
            compile_service(model, node);
        }
    }
}
