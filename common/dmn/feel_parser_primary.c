/* Values as they are written, names, and the forms that start with a word or a bracket. */

#include <stdio.h>
#include <string.h>

#include "feel_builtin.h"
#include "feel_number.h"
#include "feel_parser.h"
#include "feel_temporal.h"

static const struct feel_node *literal(struct feel_parser *p, struct feel_value value)
{
    struct feel_node *node = feel_new(p, FEEL_OP_LITERAL);
    if (node != NULL)
        node->literal = value;
    return node;
}

static const struct feel_node *parse_number(struct feel_parser *p)
{
    struct feel_text text = feel_at(p)->text;
    struct feel_number number;
    if (!feel_number_read(text.bytes, text.size, &number))
        return feel_fail(p, "not a number of 34 digits: %.*s",
                         (int)(text.size > 40 ? 40 : text.size), text.bytes);
    const struct feel_node *node = literal(p, feel_number_value(number));
    p->next++;
    return node;
}

static const struct feel_node *parse_string(struct feel_parser *p)
{
    struct feel_text text;
    if (!feel_unquote(p->c->arena, feel_at(p)->text, &text))
        return feel_fail(p, "a broken escape in a string");
    const struct feel_node *node = literal(p, feel_string(text.bytes, text.size));
    p->next++;
    return node;
}

/* @"..." that is no date, time or duration is null, as a call of the function would be. */
static const struct feel_node *parse_at(struct feel_parser *p)
{
    struct feel_text text;
    struct feel_value value;
    p->next++;
    if (feel_at(p)->kind != FEEL_TOKEN_STRING)
        return feel_fail(p, "expected a string after @");
    if (!feel_unquote(p->c->arena, feel_at(p)->text, &text))
        return feel_fail(p, "a broken escape in a string");
    if (!feel_temporal_read(text, p->c->zones, &value))
        value = feel_null();
    const struct feel_node *node = literal(p, value);
    p->next++;
    return node;
}

/* The second half of a range, behind the dots. */
static const struct feel_node *finish_range(struct feel_parser *p, bool low_closed,
                                            const struct feel_node *low)
{
    struct feel_node *node = feel_new(p, FEEL_OP_RANGE);
    bool outer = p->range_end;
    p->range_end = true;
    const struct feel_node *high = feel_parse_expression(p);
    p->range_end = outer;
    if (node == NULL || high == NULL)
        return NULL;
    node->form = FEEL_INTERVAL;
    node->low_closed = low_closed;
    node->a = low;
    node->b = high;
    if (feel_accept(p, FEEL_TOKEN_CLOSE_SQUARE)) {
        node->high_closed = true;
        return node;
    }
    if (feel_accept(p, FEEL_TOKEN_CLOSE) || feel_accept(p, FEEL_TOKEN_OPEN_SQUARE))
        return node;
    return feel_fail(p, "expected ], ) or [ at the end of a range");
}

static bool is_comparison(enum feel_token_kind kind)
{
    return kind == FEEL_TOKEN_LESS || kind == FEEL_TOKEN_LESS_EQUAL || kind == FEEL_TOKEN_GREATER ||
           kind == FEEL_TOKEN_GREATER_EQUAL || kind == FEEL_TOKEN_EQUAL ||
           kind == FEEL_TOKEN_UNEQUAL;
}

/* The tests of a list share what follows the first; `first` was parsed already. */
static const struct feel_node *more_tests(struct feel_parser *p, const struct feel_node *first)
{
    if (feel_accept(p, FEEL_TOKEN_CLOSE))
        return first;
    if (!feel_expect(p, FEEL_TOKEN_COMMA))
        return NULL;
    struct feel_node *rest = feel_parse_test_list(p, FEEL_TOKEN_CLOSE);
    struct feel_nodes all = {0};
    if (rest == NULL || !feel_grow(p, &all, first))
        return NULL;
    for (uint32_t i = 0; i < rest->count; i++)
        if (!feel_grow(p, &all, rest->items[i]))
            return NULL;
    rest->items = all.items;
    rest->count = (uint32_t)all.count;
    return feel_expect(p, FEEL_TOKEN_CLOSE) ? rest : NULL;
}

/* ( e ), ( a .. b ], (< 5), and behind `in` also (1, < 5, [7..9]). */
static const struct feel_node *parse_bracket(struct feel_parser *p, bool tests_allowed)
{
    p->next++;
    if (is_comparison(feel_at(p)->kind)) {
        struct feel_node *tests = feel_parse_test_list(p, FEEL_TOKEN_CLOSE);
        if (tests == NULL || !feel_expect(p, FEEL_TOKEN_CLOSE))
            return NULL;
        if (tests->count == 1)
            return tests->items[0];
        return tests_allowed ? tests : feel_fail(p, "expected ) after the range");
    }
    bool outer = p->reads_input;
    p->reads_input = false;
    const struct feel_node *inner = feel_parse_expression(p);
    bool reads_input = p->reads_input;
    p->reads_input |= outer;
    if (inner != NULL && feel_accept(p, FEEL_TOKEN_DOTS))
        return finish_range(p, false, inner);
    if (inner != NULL && tests_allowed && reads_input && inner->op != FEEL_OP_RANGE)
        ((struct feel_node *)(uintptr_t)inner)->reads_input = true;
    if (inner != NULL && tests_allowed)
        return more_tests(p, inner);
    return feel_expect(p, FEEL_TOKEN_CLOSE) ? inner : NULL;
}

/* [ items ] or [ a .. b ]. */
static const struct feel_node *parse_square(struct feel_parser *p)
{
    struct feel_node *node = feel_new(p, FEEL_OP_LIST);
    struct feel_nodes items = {0};
    p->next++;
    while (!p->failed && !feel_accept(p, FEEL_TOKEN_CLOSE_SQUARE)) {
        if (items.count > 0 && !feel_expect(p, FEEL_TOKEN_COMMA))
            return NULL;
        const struct feel_node *item = feel_parse_open_range(p);
        if (item == NULL && !p->failed)
            item = feel_parse_expression(p);
        if (items.count == 0 && item != NULL && feel_accept(p, FEEL_TOKEN_DOTS))
            return finish_range(p, true, item);
        if (!feel_grow(p, &items, item))
            return NULL;
    }
    if (node == NULL || p->failed)
        return NULL;
    node->items = items.items;
    node->count = (uint32_t)items.count;
    return node;
}

/* ] a .. b ] */
static const struct feel_node *parse_open_interval(struct feel_parser *p)
{
    p->next++;
    const struct feel_node *low = feel_parse_expression(p);
    if (low == NULL || !feel_expect(p, FEEL_TOKEN_DOTS))
        return NULL;
    return finish_range(p, false, low);
}

static const struct feel_symbol *parse_key(struct feel_parser *p, struct feel_scope *scope)
{
    const struct feel_symbol *key = NULL;
    if (feel_at(p)->kind == FEEL_TOKEN_STRING) {
        struct feel_text text;
        if (feel_unquote(p->c->arena, feel_at(p)->text, &text))
            key = feel_intern(p->c->symbols, text);
        p->next++;
        const struct feel_symbol *name = key == NULL ? NULL : feel_name(p->c->symbols, key->text);
        if (name != NULL && name != key)
            key = feel_intern(p->c->symbols, key->text);
        if (name != NULL)
            (void)feel_scope_add(p->c->arena, scope, name);
    } else {
        key = feel_take_name(p, feel_name_before(p, FEEL_TOKEN_COLON, NULL));
        if (key != NULL)
            (void)feel_scope_add(p->c->arena, scope, key);
    }
    if (key == NULL)
        feel_fail(p, "expected the name of an entry");
    else if (key->words != NULL)
        (void)feel_scope_add(p->c->arena, p->c->members, key);
    return key;
}

static bool repeats(const struct feel_nodes *entries)
{
    for (size_t i = 0; i + 1 < entries->count; i++)
        if (entries->names[i] == entries->names[entries->count - 1])
            return true;
    return false;
}

/* { name: e, "name": e }; each entry sees those before it. A name twice makes it null. */
static const struct feel_node *parse_context(struct feel_parser *p)
{
    struct feel_node *node = feel_new(p, FEEL_OP_CONTEXT);
    struct feel_nodes entries = {0};
    struct feel_scope scope = {.parent = p->scope};
    const struct feel_scope *outer = p->scope;
    p->next++;
    p->scope = &scope;
    while (!p->failed && !feel_accept(p, FEEL_TOKEN_CLOSE_CURLY)) {
        if (entries.count > 0 && !feel_expect(p, FEEL_TOKEN_COMMA))
            break;
        struct feel_scope seen = scope;
        const struct feel_symbol *key = parse_key(p, &seen);
        (void)feel_expect(p, FEEL_TOKEN_COLON);
        p->scope = feel_is_word(p, 0, "function") ? &seen : &scope; /* it may call itself */
        bool grown = feel_grow(p, &entries, feel_parse_expression(p));
        p->scope = &scope;
        if (!grown)
            break;
        if (entries.count > FEEL_ENTRIES_MAX)
            feel_fail(p, "more than %d entries", FEEL_ENTRIES_MAX);
        scope = seen;
        entries.names[entries.count - 1] = key;
        if (node != NULL)
            node->negated |= repeats(&entries);
    }
    p->scope = outer;
    if (node == NULL || p->failed)
        return NULL;
    node->items = entries.items;
    node->names = entries.names;
    node->count = (uint32_t)entries.count;
    return node;
}

static const struct feel_node *parse_if(struct feel_parser *p)
{
    struct feel_node *node = feel_new(p, FEEL_OP_IF);
    p->next++;
    const struct feel_node *condition = feel_parse_expression(p);
    (void)feel_expect_word(p, "then");
    const struct feel_node *yes = p->failed ? NULL : feel_parse_expression(p);
    (void)feel_expect_word(p, "else");
    const struct feel_node *no = p->failed ? NULL : feel_parse_expression(p);
    if (node == NULL || condition == NULL || yes == NULL || no == NULL)
        return NULL;
    node->a = condition;
    node->b = yes;
    node->c = no;
    return node;
}

/* The domain of a variable: an expression, or a .. b. */
static const struct feel_node *parse_domain(struct feel_parser *p)
{
    const struct feel_node *low = feel_parse_expression(p);
    if (low == NULL || !feel_accept(p, FEEL_TOKEN_DOTS))
        return low;
    struct feel_node *span = feel_new(p, FEEL_OP_SPAN);
    const struct feel_node *high = feel_parse_expression(p);
    if (span == NULL || high == NULL)
        return NULL;
    span->a = low;
    span->b = high;
    return span;
}

/* for, some, every: `name in domain, ...` and the word before the body. */
static const struct feel_node *parse_loop(struct feel_parser *p, enum feel_op op, const char *word)
{
    struct feel_node *node = feel_new(p, op);
    struct feel_nodes domains = {0};
    struct feel_scope scope = {.parent = p->scope};
    const struct feel_scope *outer = p->scope;
    p->next++;
    p->scope = &scope;
    do {
        const struct feel_symbol *name =
            feel_take_name(p, feel_name_before(p, FEEL_TOKEN_END, "in"));
        (void)feel_expect_word(p, "in");
        if (p->failed || !feel_grow(p, &domains, parse_domain(p)))
            break;
        domains.names[domains.count - 1] = name;
        (void)feel_scope_add(p->c->arena, &scope, name);
    } while (feel_accept(p, FEEL_TOKEN_COMMA));
    (void)feel_expect_word(p, word);
    if (op == FEEL_OP_FOR)
        (void)feel_scope_add(p->c->arena, &scope, feel_name(p->c->symbols, feel_text("partial")));
    const struct feel_node *body = p->failed ? NULL : feel_parse_expression(p);
    p->scope = outer;
    if (node == NULL || body == NULL || p->failed)
        return NULL;
    node->a = body;
    node->items = domains.items;
    node->names = domains.names;
    node->count = (uint32_t)domains.count;
    return node;
}

static bool parse_parameters(struct feel_parser *p, struct feel_nodes *parameters,
                             struct feel_scope *scope)
{
    static const struct feel_node none = {.op = FEEL_OP_BROKEN};
    if (!feel_expect(p, FEEL_TOKEN_OPEN))
        return false;
    while (!p->failed && !feel_accept(p, FEEL_TOKEN_CLOSE)) {
        if (parameters->count > 0 && !feel_expect(p, FEEL_TOKEN_COMMA))
            return false;
        size_t tokens = feel_name_before(p, FEEL_TOKEN_COLON, NULL);
        bool typed = tokens > 0;
        if (!typed)
            tokens = feel_name_before(p, FEEL_TOKEN_COMMA, NULL);
        if (tokens == 0)
            tokens = feel_name_before(p, FEEL_TOKEN_CLOSE, NULL);
        const struct feel_symbol *name = feel_take_name(p, tokens);
        if (name == NULL || !feel_grow(p, parameters, &none))
            return false;
        parameters->names[parameters->count - 1] = name;
        if (typed && feel_expect(p, FEEL_TOKEN_COLON))
            parameters->types[parameters->count - 1] = feel_parse_type_at(p);
        (void)feel_scope_add(p->c->arena, scope, name);
    }
    if (parameters->count > FEEL_PARAMETERS_MAX)
        feel_fail(p, "more than %d parameters", FEEL_PARAMETERS_MAX);
    return !p->failed;
}

/* function(a: type, b) e, or function(...) external {...}, which is refused when it is called. */
static const struct feel_node *parse_function(struct feel_parser *p)
{
    struct feel_node *node = feel_new(p, FEEL_OP_FUNCTION);
    struct feel_nodes parameters = {0};
    struct feel_scope scope = {.parent = p->scope};
    const struct feel_scope *outer = p->scope;
    p->next++;
    if (node == NULL || !parse_parameters(p, &parameters, &scope))
        return NULL;
    if (feel_accept(p, FEEL_TOKEN_COLON))
        node->type = feel_parse_type_at(p);
    if (feel_accept_word(p, "external"))
        node->op = FEEL_OP_EXTERNAL;
    p->scope = &scope;
    node->a = p->failed ? NULL : feel_parse_expression(p);
    p->scope = outer;
    node->names = parameters.names;
    node->types = parameters.types;
    node->count = (uint32_t)parameters.count;
    return p->failed ? NULL : node;
}

static bool has_name(const struct feel_scope *scope, const struct feel_symbol *name)
{
    for (size_t i = 0; i < scope->count; i++)
        if (scope->names[i] == name)
            return true;
    return false;
}

static const struct feel_node *parse_name(struct feel_parser *p, const struct feel_symbol *known,
                                          bool filter)
{
    struct feel_node *node = feel_new(p, FEEL_OP_NAME);
    size_t tokens = known == NULL ? 1 : known->word_count;
    if (known == NULL)
        known = feel_name(p->c->symbols, feel_at(p)->text);
    if (node == NULL || known == NULL)
        return feel_fail(p, "expected a name");
    node->name = known;
    bool input = feel_text_is(known->text, feel_text("?"));
    p->reads_input |= input;
    const struct feel_scope *found = p->scope;
    while (found != NULL && !has_name(found, known))
        found = found->parent;
    if (found == NULL || found->parent == NULL) /* nothing nearer hides the built-in */
        node->builtin = feel_builtin_find(known->text);
    if (found == NULL && !filter && !input && node->builtin == NULL && p->unknown++ == 0 &&
        !p->failed) {
        p->error->offset = node->offset;
        (void)snprintf(p->error->text, sizeof p->error->text, "nothing here is called %.*s",
                       (int)(known->text.size > 80 ? 80 : known->text.size), known->text.bytes);
    }
    p->next += tokens;
    return node;
}

static bool keyword(const struct feel_parser *p)
{
    static const char *const words[] = {"if",   "then",  "else",      "for",     "in", "return",
                                        "some", "every", "satisfies", "and",     "or", "between",
                                        "true", "false", "null",      "function"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (feel_is_word(p, 0, words[i]))
            return true;
    return false;
}

static const struct feel_node *parse_word(struct feel_parser *p)
{
    bool filter;
    const struct feel_symbol *known = feel_known_name(p, &filter);
    if (known != NULL && (known->word_count > 1 || !keyword(p)))
        return parse_name(p, known, filter);
    if (feel_is_word(p, 0, "if"))
        return parse_if(p);
    if (feel_is_word(p, 0, "for"))
        return parse_loop(p, FEEL_OP_FOR, "return");
    if (feel_is_word(p, 0, "some"))
        return parse_loop(p, FEEL_OP_SOME, "satisfies");
    if (feel_is_word(p, 0, "every"))
        return parse_loop(p, FEEL_OP_EVERY, "satisfies");
    if (feel_is_word(p, 0, "function"))
        return parse_function(p);
    bool yes = feel_is_word(p, 0, "true");
    if (yes || feel_is_word(p, 0, "false") || feel_is_word(p, 0, "null")) {
        bool null = feel_is_word(p, 0, "null");
        const struct feel_node *node = literal(p, null ? feel_null() : feel_boolean(yes));
        p->next++;
        return node;
    }
    if (keyword(p))
        return feel_fail(p, "%.*s does not fit here", (int)feel_at(p)->text.size,
                         feel_at(p)->text.bytes);
    return parse_name(p, NULL, filter);
}

static const struct feel_node *parse_value(struct feel_parser *p, bool tests_allowed)
{
    bool range_end = p->range_end;
    const struct feel_node *node = NULL;
    p->range_end = false;
    switch ((int)feel_at(p)->kind) {
    case FEEL_TOKEN_NUMBER:
        node = parse_number(p);
        break;
    case FEEL_TOKEN_STRING:
        node = parse_string(p);
        break;
    case FEEL_TOKEN_AT:
        node = parse_at(p);
        break;
    case FEEL_TOKEN_OPEN:
        node = parse_bracket(p, tests_allowed);
        break;
    case FEEL_TOKEN_OPEN_SQUARE:
        node = parse_square(p);
        break;
    case FEEL_TOKEN_CLOSE_SQUARE:
        node = parse_open_interval(p);
        break;
    case FEEL_TOKEN_OPEN_CURLY:
        node = parse_context(p);
        break;
    case FEEL_TOKEN_WORD:
        p->range_end = range_end;
        node = parse_word(p);
        break;
    default:
        feel_fail(p, "expected a value, found %s", feel_token_name(feel_at(p)->kind));
    }
    p->range_end = range_end;
    return p->failed ? NULL : node;
}

/* A value stands above all that was read within it. */
static const struct feel_node *put_above_parts(struct feel_parser *p, const struct feel_node *value,
                                               uint16_t outer)
{
    if (value != NULL && p->tallest > 0)
        ((struct feel_node *)(uintptr_t)value)->height = (uint16_t)(p->tallest + 1);
    if (value != NULL && p->tallest < value->height)
        p->tallest = value->height;
    if (p->tallest < outer)
        p->tallest = outer;
    return value;
}

const struct feel_node *feel_parse_primary(struct feel_parser *p)
{
    bool tests_allowed = p->tests_allowed;
    uint16_t outer = p->tallest;
    p->tests_allowed = false;
    p->tallest = 0;
    return put_above_parts(p, p->failed ? NULL : parse_value(p, tests_allowed), outer);
}
