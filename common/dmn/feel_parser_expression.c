/* Operators by how tightly they bind, and the forms that start with a keyword. */

#include "feel_constant.h"
#include "feel_parser.h"

static const struct feel_node *binary(struct feel_parser *p, enum feel_op op,
                                      const struct feel_node *a, const struct feel_node *b)
{
    struct feel_node *node = a == NULL || b == NULL ? NULL : feel_new(p, op);
    if (node == NULL || !feel_put_above(p, node, a) || !feel_put_above(p, node, b))
        return NULL;
    node->offset = a->offset;
    node->a = a;
    node->b = b;
    return node;
}

static const struct feel_node *parse_arguments(struct feel_parser *p,
                                               const struct feel_node *callee)
{
    struct feel_node *node = feel_new(p, FEEL_OP_CALL);
    struct feel_nodes arguments = {0};
    bool named = feel_name_before(p, FEEL_TOKEN_COLON, NULL) > 0;
    while (!p->failed && !feel_accept(p, FEEL_TOKEN_CLOSE)) {
        if (arguments.count > 0 && !feel_expect(p, FEEL_TOKEN_COMMA))
            return NULL;
        const struct feel_symbol *name = NULL;
        if (named) {
            name = feel_take_name(p, feel_name_before(p, FEEL_TOKEN_COLON, NULL));
            (void)feel_expect(p, FEEL_TOKEN_COLON);
        }
        if (!feel_grow(p, &arguments, feel_parse_expression(p)))
            return NULL;
        arguments.names[arguments.count - 1] = name;
        if (node == NULL || !feel_put_above(p, node, arguments.items[arguments.count - 1]))
            return NULL;
    }
    if (node == NULL || p->failed || !feel_put_above(p, node, callee))
        return NULL;
    node->a = callee;
    node->items = arguments.items;
    node->names = named ? arguments.names : NULL;
    node->count = (uint32_t)arguments.count;
    node->offset = callee->offset;
    node->b = feel_constant_call(p->c, node);
    return node;
}

static const struct feel_node *parse_filter(struct feel_parser *p, const struct feel_node *base)
{
    struct feel_scope scope = {.parent = p->scope, .filter = true};
    const struct feel_symbol *item = feel_name(p->c->symbols, feel_text("item"));
    if (!feel_scope_add(p->c->arena, &scope, item))
        return feel_fail(p, "the model is too large");
    const struct feel_scope *outer = p->scope;
    bool range_end = p->range_end;
    p->scope = &scope;
    p->range_end = false;
    const struct feel_node *condition = feel_parse_expression(p);
    p->scope = outer;
    p->range_end = range_end;
    if (!feel_expect(p, FEEL_TOKEN_CLOSE_SQUARE))
        return NULL;
    return binary(p, FEEL_OP_FILTER, base, condition);
}

/* Behind the end of a range, `[` closes it unless an expression follows. */
static bool opens_filter(const struct feel_parser *p)
{
    if (feel_kind_at(p, 0) != FEEL_TOKEN_OPEN_SQUARE)
        return false;
    if (!p->range_end)
        return true;
    enum feel_token_kind next = feel_kind_at(p, 1);
    return next == FEEL_TOKEN_NUMBER || next == FEEL_TOKEN_STRING || next == FEEL_TOKEN_MINUS ||
           next == FEEL_TOKEN_OPEN ||
           (next == FEEL_TOKEN_WORD && !feel_is_word(p, 1, "and") && !feel_is_word(p, 1, "or") &&
            !feel_is_word(p, 1, "then") && !feel_is_word(p, 1, "else") &&
            !feel_is_word(p, 1, "return") && !feel_is_word(p, 1, "satisfies"));
}

static const struct feel_node *parse_postfix(struct feel_parser *p)
{
    const struct feel_node *node = feel_parse_primary(p);
    while (node != NULL && !p->failed) {
        if (feel_accept(p, FEEL_TOKEN_DOT)) {
            struct feel_node *path = feel_new(p, FEEL_OP_PATH);
            const struct feel_symbol *name = feel_member_name(p);
            if (path == NULL || name == NULL || !feel_put_above(p, path, node))
                return NULL;
            path->a = node;
            path->name = name;
            node = path;
        } else if (opens_filter(p)) {
            p->next++;
            if (!feel_enter(p))
                return NULL;
            node = parse_filter(p, node);
            p->depth--;
        } else if (feel_accept(p, FEEL_TOKEN_OPEN)) {
            bool range_end = p->range_end;
            p->range_end = false;
            if (!feel_enter(p))
                return NULL;
            node = parse_arguments(p, node);
            p->depth--;
            p->range_end = range_end;
        } else {
            break;
        }
    }
    return node;
}

/* Negation binds tighter than everything but what follows a value. */
static const struct feel_node *parse_negation(struct feel_parser *p)
{
    if (feel_at(p)->kind != FEEL_TOKEN_MINUS)
        return parse_postfix(p);
    struct feel_node *node = feel_new(p, FEEL_OP_NEGATE);
    p->next++;
    if (node == NULL || !feel_enter(p))
        return NULL;
    node->a = parse_negation(p);
    p->depth--;
    return node->a == NULL || !feel_put_above(p, node, node->a) ? NULL : node;
}

static const struct feel_node *parse_power(struct feel_parser *p)
{
    const struct feel_node *left = parse_negation(p);
    while (left != NULL && feel_accept(p, FEEL_TOKEN_POWER))
        left = binary(p, FEEL_OP_POWER, left, parse_negation(p));
    return left;
}

static const struct feel_node *parse_product(struct feel_parser *p)
{
    const struct feel_node *left = parse_power(p);
    while (left != NULL) {
        if (feel_accept(p, FEEL_TOKEN_TIMES))
            left = binary(p, FEEL_OP_MULTIPLY, left, parse_power(p));
        else if (feel_accept(p, FEEL_TOKEN_DIVIDE))
            left = binary(p, FEEL_OP_DIVIDE, left, parse_power(p));
        else
            break;
    }
    return left;
}

const struct feel_node *feel_parse_sum(struct feel_parser *p)
{
    const struct feel_node *left = parse_product(p);
    while (left != NULL) {
        if (feel_accept(p, FEEL_TOKEN_PLUS))
            left = binary(p, FEEL_OP_ADD, left, parse_product(p));
        else if (feel_accept(p, FEEL_TOKEN_MINUS))
            left = binary(p, FEEL_OP_SUBTRACT, left, parse_product(p));
        else
            break;
    }
    return left;
}

static const struct feel_node *parse_between(struct feel_parser *p, const struct feel_node *value)
{
    struct feel_node *node = feel_new(p, FEEL_OP_BETWEEN);
    const struct feel_node *low = feel_parse_sum(p);
    if (!feel_expect_word(p, "and") || node == NULL)
        return NULL;
    node->a = value;
    node->b = low;
    node->c = feel_parse_sum(p);
    if (node->b == NULL || node->c == NULL || !feel_put_above(p, node, value) ||
        !feel_put_above(p, node, node->b))
        return NULL;
    return feel_put_above(p, node, node->c) ? node : NULL;
}

static bool range_form(enum feel_token_kind kind, enum feel_range_form *form)
{
    static const struct {
        enum feel_token_kind token;
        enum feel_range_form form;
    } forms[] = {{FEEL_TOKEN_LESS, FEEL_LESS},       {FEEL_TOKEN_LESS_EQUAL, FEEL_LESS_EQUAL},
                 {FEEL_TOKEN_GREATER, FEEL_GREATER}, {FEEL_TOKEN_GREATER_EQUAL, FEEL_GREATER_EQUAL},
                 {FEEL_TOKEN_EQUAL, FEEL_EQUAL},     {FEEL_TOKEN_UNEQUAL, FEEL_UNEQUAL}};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (forms[i].token == kind) {
            *form = forms[i].form;
            return true;
        }
    return false;
}

struct feel_node *feel_parse_open_range(struct feel_parser *p)
{
    enum feel_range_form form;
    if (!range_form(feel_at(p)->kind, &form))
        return NULL;
    struct feel_node *node = feel_new(p, FEEL_OP_RANGE);
    p->next++;
    const struct feel_node *end = feel_parse_sum(p);
    if (node == NULL || end == NULL || !feel_put_above(p, node, end))
        return NULL;
    node->form = form;
    bool high = form == FEEL_LESS || form == FEEL_LESS_EQUAL;
    node->a = high ? NULL : end;
    node->b = high ? end : NULL;
    node->low_closed = form == FEEL_GREATER_EQUAL || form == FEEL_EQUAL;
    node->high_closed = form == FEEL_LESS_EQUAL || form == FEEL_EQUAL;
    return node;
}

static const struct feel_node *parse_test(struct feel_parser *p)
{
    bool outer = p->reads_input;
    p->reads_input = false;
    const struct feel_node *open = feel_parse_open_range(p);
    const struct feel_node *expression =
        open != NULL || p->failed ? open : feel_parse_expression(p);
    if (expression != NULL && p->reads_input && expression->op != FEEL_OP_RANGE)
        ((struct feel_node *)(uintptr_t)expression)->reads_input = true;
    p->reads_input |= outer;
    return expression;
}

struct feel_node *feel_parse_test_list(struct feel_parser *p, enum feel_token_kind close)
{
    struct feel_node *node = feel_new(p, FEEL_OP_TESTS);
    struct feel_nodes tests = {0};
    do {
        if (!feel_grow(p, &tests, parse_test(p)) || node == NULL ||
            !feel_put_above(p, node, tests.items[tests.count - 1]))
            return NULL;
    } while (feel_accept(p, FEEL_TOKEN_COMMA));
    if (feel_at(p)->kind != close)
        return feel_fail(p, "expected %s after the test", feel_token_name(close));
    node->items = tests.items;
    node->count = (uint32_t)tests.count;
    return node;
}

/* `in` takes one test, or several in brackets; a bracket may also open a range or a value. */
static const struct feel_node *parse_in(struct feel_parser *p, const struct feel_node *value)
{
    struct feel_node *tests = feel_parse_open_range(p);
    if (p->failed)
        return NULL;
    const struct feel_node *single = tests;
    if (tests == NULL) {
        p->tests_allowed = feel_at(p)->kind == FEEL_TOKEN_OPEN;
        single = feel_parse_sum(p);
        p->tests_allowed = false;
    }
    if (single == NULL)
        return NULL;
    if (single->op == FEEL_OP_TESTS)
        return binary(p, FEEL_OP_IN, value, single);
    const struct feel_node *items[] = {single};
    struct feel_node *list = feel_new(p, FEEL_OP_TESTS);
    if (list == NULL || !feel_put_above(p, list, single))
        return NULL;
    list->items = feel_node_list(p, items, 1);
    list->count = 1;
    return list->items == NULL ? NULL : binary(p, FEEL_OP_IN, value, list);
}

static const struct feel_node *parse_instance(struct feel_parser *p, const struct feel_node *value)
{
    struct feel_node *node = feel_new(p, FEEL_OP_INSTANCE_OF);
    if (!feel_expect_word(p, "of") || node == NULL)
        return NULL;
    if (!feel_put_above(p, node, value))
        return NULL;
    node->a = value;
    node->type = feel_parse_type_at(p);
    return node->type == NULL ? NULL : node;
}

/* `instance of` binds tighter than comparisons. */
static const struct feel_node *parse_compared(struct feel_parser *p)
{
    const struct feel_node *value = feel_parse_sum(p);
    while (value != NULL && feel_is_word(p, 0, "instance") && feel_is_word(p, 1, "of")) {
        p->next++;
        value = parse_instance(p, value);
    }
    return value;
}

static const struct feel_node *parse_comparison(struct feel_parser *p)
{
    static const enum feel_op ops[] = {
        [FEEL_LESS] = FEEL_OP_LESS,       [FEEL_LESS_EQUAL] = FEEL_OP_LESS_EQUAL,
        [FEEL_GREATER] = FEEL_OP_GREATER, [FEEL_GREATER_EQUAL] = FEEL_OP_GREATER_EQUAL,
        [FEEL_EQUAL] = FEEL_OP_EQUAL,     [FEEL_UNEQUAL] = FEEL_OP_UNEQUAL};
    const struct feel_node *left = parse_compared(p);
    while (left != NULL && !p->failed) {
        enum feel_range_form form;
        if (range_form(feel_at(p)->kind, &form)) {
            p->next++;
            left = binary(p, ops[form], left, parse_compared(p));
        } else if (feel_accept_word(p, "between")) {
            left = parse_between(p, left);
        } else if (feel_accept_word(p, "in")) {
            left = parse_in(p, left);
        } else {
            break;
        }
    }
    return left;
}

static const struct feel_node *parse_and(struct feel_parser *p)
{
    const struct feel_node *left = parse_comparison(p);
    while (left != NULL && feel_accept_word(p, "and"))
        left = binary(p, FEEL_OP_AND, left, parse_comparison(p));
    return left;
}

const struct feel_node *feel_parse_expression(struct feel_parser *p)
{
    if (!feel_enter(p))
        return NULL;
    const struct feel_node *left = parse_and(p);
    while (left != NULL && feel_accept_word(p, "or"))
        left = binary(p, FEEL_OP_OR, left, parse_and(p));
    p->depth--;
    return p->failed ? NULL : left;
}
