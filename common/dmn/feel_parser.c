#include "feel_parser.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "feel_builtin.h"
#include "feel_number.h"
#include "feel_temporal.h"

struct feel_node *feel_node_new(struct arena *arena, enum feel_op op, size_t offset)
{
    struct feel_node *node = arena_zalloc(arena, sizeof *node);
    if (node != NULL) {
        node->op = op;
        node->offset = (uint32_t)offset;
    }
    return node;
}

struct feel_node *feel_fail(struct feel_parser *p, const char *format, ...)
{
    if (p->failed)
        return NULL;
    p->failed = true;
    p->error->offset = (size_t)(feel_at(p)->text.bytes - p->start);
    va_list args;
    va_start(args, format);
    (void)vsnprintf(p->error->text, sizeof p->error->text, format, args);
    va_end(args);
    return NULL;
}

struct feel_node *feel_new(struct feel_parser *p, enum feel_op op)
{
    struct feel_node *node =
        feel_node_new(p->c->arena, op, (size_t)(feel_at(p)->text.bytes - p->start));
    if (node == NULL)
        return feel_fail(p, "the model is too large");
    return node;
}

/* All tokens at once, so that names can be tried against them. */
static bool tokenize(struct feel_parser *p, struct feel_text text)
{
    const char *at = text.bytes, *end = at + text.size;
    size_t room = 16;
    struct arena *arena = p->c->arena;
    if (p->c->scratch != NULL) {
        arena = p->c->scratch;
        arena_reset(arena);
    }
    p->tokens = arena_array(arena, room, sizeof *p->tokens);
    for (;;) {
        if (p->count == room) {
            struct feel_token *more = arena_array(arena, room * 2, sizeof *more);
            if (more != NULL)
                memcpy(more, p->tokens, room * sizeof *more);
            p->tokens = more;
            room *= 2;
        }
        if (p->tokens == NULL) {
            (void)snprintf(p->error->text, sizeof p->error->text, "the model is too large");
            return false;
        }
        p->tokens[p->count] = feel_next_token(&at, end);
        if (p->tokens[p->count++].kind == FEEL_TOKEN_END)
            return true;
    }
}

const struct feel_token *feel_at(const struct feel_parser *p)
{
    return &p->tokens[p->next];
}

enum feel_token_kind feel_kind_at(const struct feel_parser *p, size_t ahead)
{
    size_t at = p->next + ahead;
    return p->tokens[at < p->count ? at : p->count - 1].kind;
}

bool feel_accept(struct feel_parser *p, enum feel_token_kind kind)
{
    if (p->failed || feel_at(p)->kind != kind)
        return false;
    if (kind != FEEL_TOKEN_END)
        p->next++;
    return true;
}

bool feel_expect(struct feel_parser *p, enum feel_token_kind kind)
{
    if (feel_accept(p, kind))
        return true;
    struct feel_text found = feel_at(p)->text;
    feel_fail(p, "expected %s, found %.*s", feel_token_name(kind),
              (int)(found.size == 0   ? 7
                    : found.size > 40 ? 40
                                      : found.size),
              found.size == 0 ? "the end" : found.bytes);
    return false;
}

bool feel_is_word(const struct feel_parser *p, size_t ahead, const char *word)
{
    size_t at = p->next + ahead;
    return at < p->count && p->tokens[at].kind == FEEL_TOKEN_WORD &&
           feel_text_is(p->tokens[at].text, feel_text(word));
}

bool feel_accept_word(struct feel_parser *p, const char *word)
{
    if (p->failed || !feel_is_word(p, 0, word))
        return false;
    p->next++;
    return true;
}

bool feel_expect_word(struct feel_parser *p, const char *word)
{
    if (feel_accept_word(p, word))
        return true;
    struct feel_text found = feel_at(p)->text;
    feel_fail(p, "expected %s, found %.*s", word,
              (int)(found.size == 0   ? 7
                    : found.size > 40 ? 40
                                      : found.size),
              found.size == 0 ? "the end" : found.bytes);
    return false;
}

bool feel_enter(struct feel_parser *p)
{
    if (++p->depth <= FEEL_NESTING_MAX)
        return true;
    feel_fail(p, "nested more than %d deep", FEEL_NESTING_MAX);
    return false;
}

bool feel_put_above(struct feel_parser *p, struct feel_node *node, const struct feel_node *below)
{
    if (below->height >= FEEL_HEIGHT_MAX) {
        feel_fail(p, "more than %d operators one after the other", FEEL_HEIGHT_MAX);
        return false;
    }
    if (node->height <= below->height)
        node->height = (uint16_t)(below->height + 1);
    if (p->tallest < node->height)
        p->tallest = node->height;
    return true;
}

static bool matches(const struct feel_parser *p, const struct feel_symbol *name)
{
    for (size_t i = 0; i < name->word_count; i++) {
        size_t at = p->next + i;
        if (at >= p->count || p->tokens[at].kind == FEEL_TOKEN_END ||
            !feel_text_is(p->tokens[at].text, name->words[i]->text))
            return false;
    }
    return true;
}

static const struct feel_symbol *
longest(const struct feel_parser *p, const struct feel_scope *scope, const struct feel_symbol *best)
{
    for (size_t i = 0; i < scope->count; i++) {
        const struct feel_symbol *name = scope->names[i];
        if ((best == NULL || name->word_count > best->word_count) && matches(p, name))
            best = name;
    }
    return best;
}

const struct feel_symbol *feel_known_name(struct feel_parser *p, bool *filter)
{
    const struct feel_symbol *best = NULL;
    *filter = false;
    for (const struct feel_scope *scope = p->scope; scope != NULL; scope = scope->parent) {
        best = longest(p, scope, best);
        *filter |= scope->filter;
    }
    if (*filter)
        best = longest(p, p->c->members, best);
    return best;
}

const struct feel_symbol *feel_member_name(struct feel_parser *p)
{
    const struct feel_symbol *best = longest(p, p->c->members, NULL);
    if (best != NULL) {
        p->next += best->word_count;
        return best;
    }
    if (feel_at(p)->kind != FEEL_TOKEN_WORD) {
        feel_fail(p, "expected a name after the dot");
        return NULL;
    }
    return feel_name(p->c->symbols, p->tokens[p->next++].text);
}

const struct feel_symbol *feel_take_name(struct feel_parser *p, size_t tokens)
{
    if (tokens == 0) {
        feel_fail(p, "expected a name");
        return NULL;
    }
    const struct feel_token *first = feel_at(p), *last = &p->tokens[p->next + tokens - 1];
    if (first->kind != FEEL_TOKEN_WORD) {
        feel_fail(p, "a name does not start with %s", feel_token_name(first->kind));
        return NULL;
    }
    struct feel_text text = {first->text.bytes,
                             (size_t)(last->text.bytes + last->text.size - first->text.bytes)};
    const struct feel_symbol *name = feel_name(p->c->symbols, text);
    if (name == NULL)
        feel_fail(p, "not a name: %.*s", (int)(text.size > 80 ? 80 : text.size), text.bytes);
    p->next += tokens;
    return name;
}

/* Tokens before the next one of that kind (or word), where they could be a name; 0 otherwise. */
size_t feel_name_before(const struct feel_parser *p, enum feel_token_kind kind, const char *word)
{
    for (size_t i = 0; i < FEEL_NAME_WORDS_MAX; i++) {
        enum feel_token_kind here = feel_kind_at(p, i);
        if (word == NULL ? here == kind : feel_is_word(p, i, word))
            return i;
        bool part = here == FEEL_TOKEN_WORD || here == FEEL_TOKEN_NUMBER ||
                    here == FEEL_TOKEN_PLUS || here == FEEL_TOKEN_MINUS ||
                    here == FEEL_TOKEN_TIMES || here == FEEL_TOKEN_DIVIDE ||
                    here == FEEL_TOKEN_DOT || here == FEEL_TOKEN_OTHER || here == FEEL_TOKEN_POWER;
        if (!part)
            break;
    }
    return 0;
}

const struct feel_node **feel_node_list(struct feel_parser *p, const struct feel_node **nodes,
                                        size_t count)
{
    const struct feel_node **copy = arena_memdup(p->c->arena, nodes, count * sizeof *nodes);
    if (copy == NULL)
        feel_fail(p, "the model is too large");
    return copy;
}

bool feel_grow(struct feel_parser *p, struct feel_nodes *nodes, const struct feel_node *node)
{
    if (node == NULL)
        return false;
    if (nodes->count == nodes->room) {
        size_t room = nodes->room == 0 ? 4 : nodes->room * 2;
        const struct feel_node **items = arena_array(p->c->arena, room, sizeof *items);
        const struct feel_symbol **names = arena_array(p->c->arena, room, sizeof *names);
        const struct feel_type **types = arena_array(p->c->arena, room, sizeof *types);
        if (items == NULL || names == NULL || types == NULL) {
            feel_fail(p, "the model is too large");
            return false;
        }
        for (size_t i = 0; i < nodes->count; i++) {
            items[i] = nodes->items[i];
            names[i] = nodes->names[i];
            types[i] = nodes->types[i];
        }
        nodes->items = items;
        nodes->names = names;
        nodes->types = types;
        nodes->room = room;
    }
    nodes->items[nodes->count++] = node;
    return true;
}

static bool start(struct feel_parser *p, const struct feel_compiler *compiler,
                  const struct feel_scope *scope, struct feel_text text,
                  struct feel_syntax_error *error)
{
    *p = (struct feel_parser){.c = compiler, .scope = scope, .start = text.bytes, .error = error};
    error->offset = 0;
    error->text[0] = '\0';
    if (text.size > FEEL_TEXT_MAX) {
        (void)snprintf(error->text, sizeof error->text, "longer than %d bytes", FEEL_TEXT_MAX);
        return false;
    }
    return tokenize(p, text);
}

const struct feel_node *feel_parse(const struct feel_compiler *compiler,
                                   const struct feel_scope *scope, struct feel_text text,
                                   size_t *unknown, struct feel_syntax_error *error)
{
    struct feel_parser p;
    if (!start(&p, compiler, scope, text, error))
        return NULL;
    const struct feel_node *node = feel_parse_expression(&p);
    if (!feel_expect(&p, FEEL_TOKEN_END))
        return NULL;
    *unknown += p.unknown;
    return p.failed ? NULL : node;
}

/* `- `, `not(tests)` or tests. A text that starts with not( but goes on after it is a test. */
const struct feel_node *feel_parse_tests(const struct feel_compiler *compiler,
                                         const struct feel_scope *scope, struct feel_text text,
                                         size_t *unknown, struct feel_syntax_error *error)
{
    struct feel_parser p;
    if (!start(&p, compiler, scope, text, error))
        return NULL;
    if (p.count == 1 || (p.count == 2 && p.tokens[0].kind == FEEL_TOKEN_MINUS))
        return feel_new(&p, FEEL_OP_ANY_INPUT);
    struct feel_node *node = NULL;
    if (feel_is_word(&p, 0, "not") && feel_kind_at(&p, 1) == FEEL_TOKEN_OPEN) {
        p.next = 2;
        node = feel_parse_test_list(&p, FEEL_TOKEN_CLOSE);
        if (node != NULL && feel_accept(&p, FEEL_TOKEN_CLOSE) && feel_accept(&p, FEEL_TOKEN_END) &&
            !p.failed) {
            node->negated = true;
            *unknown += p.unknown;
            return node;
        }
        p.next = 0;
        p.depth = 0;
        p.tallest = 0;
        p.unknown = 0;
        p.failed = false;
        error->text[0] = '\0';
    }
    node = feel_parse_test_list(&p, FEEL_TOKEN_END);
    if (!feel_expect(&p, FEEL_TOKEN_END))
        return NULL;
    *unknown += p.unknown;
    return p.failed ? NULL : node;
}

const struct feel_type *feel_parse_type(const struct feel_compiler *compiler, struct feel_text text)
{
    struct feel_parser p;
    struct feel_syntax_error error;
    if (!start(&p, compiler, NULL, text, &error))
        return NULL;
    const struct feel_type *type = feel_parse_type_at(&p);
    return feel_accept(&p, FEEL_TOKEN_END) && !p.failed ? type : NULL;
}
