/* Boxed expressions as trees (7.3, 10.2.2). */

#include <stdio.h>
#include <string.h>

#include "dmn_model.h"
#include "dmn_table.h"

/* Where an expression is compiled: its model, the names in sight, its decision. */
struct site {
    struct dmn_model *model;
    const struct feel_scope *scope;
    struct feel_text where;
    int depth;
};

static const struct feel_node *compile(struct site site, const struct dmn_element *element);

static struct feel_node *make(struct site site, enum feel_op op)
{
    struct feel_node *node = feel_node_new(site.model->set->arena, op, 0);
    return node == NULL ? &site.model->set->spare : node;
}

static const struct feel_node *null_node(struct site site)
{
    return make(site, FEEL_OP_LITERAL);
}

static const struct feel_symbol *name_of(struct site site, struct feel_text text)
{
    return feel_name(&site.model->set->symbols, text);
}

static size_t count_children(const struct dmn_element *element)
{
    size_t count = 0;
    for (const struct dmn_element *e = element->first; e != NULL; e = e->next)
        count++;
    return count;
}

/* FEEL by any of its names, where the element or the whole model names a language. */
static bool speaks_feel(const struct dmn_model *model, const struct dmn_element *element,
                        struct feel_text *language)
{
    *language = dmn_attribute(element, "expressionLanguage");
    if (language->size == 0)
        *language = dmn_attribute(model->document.root, "expressionLanguage");
    return language->size == 0 || memmem(language->bytes, language->size, "FEEL", 4) != NULL ||
           memmem(language->bytes, language->size, "feel", 4) != NULL;
}

const struct feel_node *dmn_compile_text(struct dmn_model *model, const struct dmn_element *element,
                                         struct feel_text text, bool tests,
                                         const struct feel_scope *scope, struct feel_text where)
{
    struct feel_compiler compiler = dmn_compiler(model);
    struct feel_syntax_error error;
    struct feel_text language;
    struct site site = {.model = model};
    size_t unknown = 0;
    if (!speaks_feel(model, element, &language)) {
        dmn_report(model, element, where, "not in FEEL: %.*s", (int)language.size, language.bytes);
        return make(site, FEEL_OP_BROKEN);
    }
    const struct feel_node *node =
        (tests ? feel_parse_tests : feel_parse)(&compiler, scope, text, &unknown, &error);
    if (node == NULL || unknown > 0)
        dmn_report(model, element, where, "%s (at character %zu of \"%.*s\")", error.text,
                   error.offset + 1, (int)(text.size > 60 ? 60 : text.size), text.bytes);
    return node == NULL ? make(site, FEEL_OP_BROKEN) : node;
}

static const struct feel_node *compile_literal(struct site site, const struct dmn_element *element)
{
    struct feel_text text = dmn_child_text(element, "text");
    if (dmn_child(element, "importedValues") != NULL) {
        dmn_report(site.model, element, site.where, "imported values are refused");
        return make(site, FEEL_OP_BROKEN);
    }
    if (text.size == 0)
        return null_node(site);
    return dmn_compile_text(site.model, element, text, false, site.scope, site.where);
}

/* The expression within a wrapper such as <if> or <in>. */
static const struct feel_node *compile_within(struct site site, const struct dmn_element *element,
                                              const char *wrapper)
{
    const struct dmn_element *child = dmn_child(element, wrapper);
    const struct dmn_element *expression = child == NULL ? NULL : dmn_expression_child(child);
    return expression == NULL ? null_node(site) : compile(site, expression);
}

static const struct feel_node *compile_context(struct site site, const struct dmn_element *element)
{
    struct arena *arena = site.model->set->arena;
    size_t room = count_children(element);
    struct feel_node *node = make(site, FEEL_OP_CONTEXT);
    const struct feel_node **items = arena_array(arena, room, sizeof *items);
    const struct feel_symbol **names = arena_array(arena, room, sizeof *names);
    const struct feel_type **types = arena_array(arena, room, sizeof *types);
    struct feel_scope scope = {.parent = site.scope};
    struct site inner = site;
    inner.scope = &scope;
    if (items == NULL || names == NULL || types == NULL)
        return node;
    for (const struct dmn_element *e = dmn_child(element, "contextEntry"); e != NULL;
         e = dmn_again(e)) {
        const struct dmn_element *variable = dmn_child(e, "variable");
        const struct dmn_element *expression = dmn_expression_child(e);
        const struct feel_symbol *name =
            variable == NULL ? NULL : name_of(site, dmn_attribute(variable, "name"));
        if (name != NULL && expression != NULL && dmn_is(expression, "functionDefinition"))
            (void)feel_scope_add(arena, &scope, name); /* it may call itself */
        const struct feel_node *value =
            expression == NULL ? null_node(site) : compile(inner, expression);
        if (name == NULL) {
            node->a = value;
            continue;
        }
        for (size_t i = 0; i < node->count && !node->negated; i++)
            if (names[i] == name) {
                node->negated = true; /* as a context in FEEL: null */
                dmn_report(site.model, e, site.where, "two entries of one name");
            }
        items[node->count] = value;
        names[node->count] = name;
        types[node->count++] =
            dmn_type_of(site.model, variable, dmn_attribute(variable, "typeRef"));
        (void)feel_scope_add(arena, &scope, name);
    }
    node->items = items;
    node->names = names;
    node->types = types;
    return node;
}

/* All expressions directly within, in order. */
static const struct feel_node *compile_list(struct site site, const struct dmn_element *element)
{
    struct feel_node *node = make(site, FEEL_OP_LIST);
    const struct feel_node **items =
        dmn_take(site.model, count_children(element) + 1, sizeof *items);
    const struct dmn_element *e = items == NULL ? NULL : dmn_expression_child(element);
    for (; e != NULL; e = e->next) {
        struct dmn_element alone = *e;
        alone.next = NULL;
        struct dmn_element holder = {.first = &alone};
        if (dmn_expression_child(&holder) != NULL)
            items[node->count++] = compile(site, e);
    }
    node->items = items;
    return node;
}

static const struct feel_node *compile_row(struct site site, const struct dmn_element *row,
                                           const struct feel_symbol *const *columns, size_t count)
{
    const struct feel_node *list = compile_list(site, row);
    struct feel_node *node = make(site, FEEL_OP_CONTEXT);
    node->items = list->items;
    node->names = columns;
    node->count = list->count < count ? list->count : (uint32_t)count;
    return node;
}

static const struct feel_node *compile_relation(struct site site, const struct dmn_element *element)
{
    size_t room = count_children(element), columns = 0;
    struct feel_node *node = make(site, FEEL_OP_LIST);
    const struct feel_symbol **names = dmn_take(site.model, room, sizeof *names);
    const struct feel_node **rows = dmn_take(site.model, room, sizeof *rows);
    if (names == NULL || rows == NULL)
        return node;
    for (const struct dmn_element *e = dmn_child(element, "column"); e != NULL; e = dmn_again(e)) {
        names[columns] = name_of(site, dmn_attribute(e, "name"));
        if (names[columns] == NULL)
            dmn_report(site.model, e, site.where, "a column without a name");
        else
            columns++;
    }
    for (const struct dmn_element *e = dmn_child(element, "row"); e != NULL; e = dmn_again(e))
        rows[node->count++] = compile_row(site, e, names, columns);
    node->items = rows;
    return node;
}

static const struct feel_node *compile_invocation(struct site site,
                                                  const struct dmn_element *element)
{
    const struct dmn_element *function = dmn_expression_child(element);
    size_t room = count_children(element);
    struct feel_node *node = make(site, FEEL_OP_CALL);
    const struct feel_node **items = dmn_take(site.model, room, sizeof *items);
    const struct feel_symbol **names = dmn_take(site.model, room, sizeof *names);
    if (function == NULL || items == NULL || names == NULL)
        return make(site, FEEL_OP_BROKEN);
    node->a = compile(site, function);
    for (const struct dmn_element *e = dmn_child(element, "binding"); e != NULL; e = dmn_again(e)) {
        const struct dmn_element *value = dmn_expression_child(e);
        names[node->count] = name_of(site, dmn_attribute(dmn_child(e, "parameter"), "name"));
        if (names[node->count] == NULL) {
            dmn_report(site.model, e, site.where, "a binding without a parameter");
            continue;
        }
        items[node->count++] = value == NULL ? null_node(site) : compile(site, value);
    }
    node->items = items;
    node->names = names;
    return node;
}

static const struct feel_node *compile_function(struct site site, const struct dmn_element *element)
{
    struct arena *arena = site.model->set->arena;
    struct feel_text kind = dmn_attribute(element, "kind");
    bool external = kind.size > 0 && !feel_text_is(kind, feel_text("FEEL"));
    size_t room = count_children(element);
    struct feel_node *node = make(site, external ? FEEL_OP_EXTERNAL : FEEL_OP_FUNCTION);
    const struct feel_symbol **names = arena_array(arena, room + 1, sizeof *names);
    const struct feel_type **types = arena_array(arena, room + 1, sizeof *types);
    struct feel_scope scope = {.parent = site.scope};
    if (external)
        dmn_report(site.model, element, site.where, "external functions (Java, PMML) are refused");
    if (names == NULL || types == NULL || external || room > FEEL_PARAMETERS_MAX)
        return external ? node : make(site, FEEL_OP_BROKEN);
    for (const struct dmn_element *e = dmn_child(element, "formalParameter"); e != NULL;
         e = dmn_again(e)) {
        names[node->count] = name_of(site, dmn_attribute(e, "name"));
        if (names[node->count] == NULL)
            continue;
        (void)feel_scope_add(arena, &scope, names[node->count]);
        types[node->count++] = dmn_type_of(site.model, e, dmn_attribute(e, "typeRef"));
    }
    const struct dmn_element *body = dmn_expression_child(element);
    site.scope = &scope;
    node->a = body == NULL ? null_node(site) : compile(site, body);
    node->names = names;
    node->types = types;
    return node;
}

static const struct feel_node *compile_conditional(struct site site,
                                                   const struct dmn_element *element)
{
    struct feel_node *node = make(site, FEEL_OP_IF);
    node->boxed = true;
    node->a = compile_within(site, element, "if");
    node->b = compile_within(site, element, "then");
    node->c = compile_within(site, element, "else");
    return node;
}

static const struct feel_node *compile_filter(struct site site, const struct dmn_element *element)
{
    struct feel_node *node = make(site, FEEL_OP_FILTER);
    struct feel_scope scope = {.parent = site.scope, .filter = true};
    node->boxed = true;
    node->a = compile_within(site, element, "in");
    (void)feel_scope_add(site.model->set->arena, &scope, site.model->set->words.item);
    site.scope = &scope;
    node->b = compile_within(site, element, "match");
    return node;
}

/* for, some and every; only for sees `partial`. */
static const struct feel_node *compile_iterator(struct site site, const struct dmn_element *element,
                                                enum feel_op op)
{
    struct arena *arena = site.model->set->arena;
    struct feel_node *node = make(site, op);
    const struct feel_node **items = arena_array(arena, 1, sizeof *items);
    const struct feel_symbol **names = arena_array(arena, 1, sizeof *names);
    struct feel_scope scope = {.parent = site.scope};
    if (items == NULL || names == NULL)
        return node;
    names[0] = name_of(site, dmn_attribute(element, "iteratorVariable"));
    if (names[0] == NULL) {
        dmn_report(site.model, element, site.where, "an iteration without a variable");
        return make(site, FEEL_OP_BROKEN);
    }
    items[0] = compile_within(site, element, "in");
    (void)feel_scope_add(arena, &scope, names[0]);
    if (op == FEEL_OP_FOR)
        (void)feel_scope_add(arena, &scope, site.model->set->words.partial);
    site.scope = &scope;
    node->a = compile_within(site, element, op == FEEL_OP_FOR ? "return" : "satisfies");
    node->items = items;
    node->names = names;
    node->count = 1;
    return node;
}

static const struct feel_node *compile_for(struct site site, const struct dmn_element *element)
{
    return compile_iterator(site, element, FEEL_OP_FOR);
}

static const struct feel_node *compile_some(struct site site, const struct dmn_element *element)
{
    return compile_iterator(site, element, FEEL_OP_SOME);
}

static const struct feel_node *compile_every(struct site site, const struct dmn_element *element)
{
    return compile_iterator(site, element, FEEL_OP_EVERY);
}

static const struct feel_node *compile_table(struct site site, const struct dmn_element *element)
{
    const struct dmn_table *table = dmn_table_compile(site.model, element, site.scope, site.where);
    if (table == NULL)
        return make(site, FEEL_OP_BROKEN);
    struct feel_node *node = make(site, FEEL_OP_TABLE);
    node->table = table;
    return node;
}

/* X(element, compiler) */
#define EXPRESSION_ROWS(X)                    \
    X("literalExpression", compile_literal)   \
    X("decisionTable", compile_table)         \
    X("context", compile_context)             \
    X("invocation", compile_invocation)       \
    X("list", compile_list)                   \
    X("relation", compile_relation)           \
    X("functionDefinition", compile_function) \
    X("conditional", compile_conditional)     \
    X("filter", compile_filter)               \
    X("for", compile_for)                     \
    X("some", compile_some)                   \
    X("every", compile_every)

static const struct {
    const char *element;
    const struct feel_node *(*compile)(struct site site, const struct dmn_element *element);
} expressions[] = {
#define X(element, compiler) {element, compiler},
    EXPRESSION_ROWS(X)
#undef X
};

const struct dmn_element *dmn_expression_child(const struct dmn_element *element)
{
    for (const struct dmn_element *e = element->first; e != NULL; e = e->next)
        for (size_t i = 0; i < sizeof expressions / sizeof *expressions; i++)
            if (dmn_is(e, expressions[i].element))
                return e;
    return NULL;
}

static const struct feel_node *compile(struct site site, const struct dmn_element *element)
{
    if (++site.depth > FEEL_NESTING_MAX) {
        dmn_report(site.model, element, site.where, "nested more than %d deep", FEEL_NESTING_MAX);
        return make(site, FEEL_OP_BROKEN);
    }
    for (size_t i = 0; i < sizeof expressions / sizeof *expressions; i++)
        if (dmn_is(element, expressions[i].element))
            return expressions[i].compile(site, element);
    return make(site, FEEL_OP_BROKEN);
}

const struct feel_node *dmn_compile(struct dmn_model *model, const struct dmn_element *element,
                                    const struct feel_scope *scope, struct feel_text where)
{
    return compile((struct site){model, scope, where, 0}, element);
}
