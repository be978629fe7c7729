/* Types as they are written behind `instance of` and in parameters. */

#include "feel_parser.h"

static struct feel_type *new_type(struct feel_parser *p, enum feel_type_form form)
{
    struct feel_type *type = arena_zalloc(p->c->arena, sizeof *type);
    if (type == NULL)
        feel_fail(p, "the model is too large");
    else
        type->form = form;
    return type;
}

static const struct feel_type *parse_element(struct feel_parser *p, enum feel_type_form form)
{
    struct feel_type *type = new_type(p, form);
    p->next += 2;
    if (type == NULL)
        return NULL;
    type->element = feel_parse_type_at(p);
    return type->element != NULL && feel_expect(p, FEEL_TOKEN_GREATER) ? type : NULL;
}

struct members {
    const struct feel_symbol *names[FEEL_PARAMETERS_MAX];
    const struct feel_type *types[FEEL_PARAMETERS_MAX];
    size_t count;
};

static bool parse_members(struct feel_parser *p, bool named, struct members *members)
{
    p->next += 2;
    while (!p->failed && !feel_accept(p, FEEL_TOKEN_GREATER)) {
        if (members->count == FEEL_PARAMETERS_MAX)
            feel_fail(p, "more than %d members", FEEL_PARAMETERS_MAX);
        if (p->failed || (members->count > 0 && !feel_expect(p, FEEL_TOKEN_COMMA)))
            return false;
        if (named) {
            members->names[members->count] =
                feel_take_name(p, feel_name_before(p, FEEL_TOKEN_COLON, NULL));
            (void)feel_expect(p, FEEL_TOKEN_COLON);
        }
        members->types[members->count++] = p->failed ? NULL : feel_parse_type_at(p);
    }
    return !p->failed;
}

static const struct feel_type *parse_compound(struct feel_parser *p, enum feel_type_form form)
{
    struct feel_type *type = new_type(p, form);
    struct members members = {.count = 0};
    if (type == NULL || !parse_members(p, form == FEEL_TYPE_CONTEXT, &members))
        return NULL;
    size_t size = members.count;
    type->members = arena_memdup(p->c->arena, members.names, size * sizeof *members.names);
    type->types = arena_memdup(p->c->arena, members.types, size * sizeof *members.types);
    type->count = size;
    if (type->members == NULL || type->types == NULL)
        return feel_fail(p, "the model is too large"), NULL;
    if (form == FEEL_TYPE_FUNCTION) {
        if (!feel_expect(p, FEEL_TOKEN_ARROW))
            return NULL;
        type->element = feel_parse_type_at(p);
        return type->element == NULL ? NULL : type;
    }
    return type;
}

/* The longest run of tokens that names a type. */
static const struct feel_type *parse_named(struct feel_parser *p)
{
    enum { LONGEST = 12 };
    size_t most = 0;
    while (most < LONGEST && feel_kind_at(p, most) != FEEL_TOKEN_END)
        most++;
    for (size_t tokens = most; tokens > 0; tokens--) {
        const struct feel_token *last = &p->tokens[p->next + tokens - 1];
        const char *first = feel_at(p)->text.bytes;
        struct feel_text text = {first, (size_t)(last->text.bytes + last->text.size - first)};
        const struct feel_symbol *name = feel_name(p->c->symbols, text);
        const struct feel_type *type = name == NULL ? NULL : feel_builtin_type(name->text);
        if (type == NULL && name != NULL && p->c->find_type != NULL)
            type = p->c->find_type(p->c->type_owner, name->text);
        if (type != NULL) {
            p->next += tokens;
            return type;
        }
    }
    feel_fail(p, "not a type: %.*s", (int)(feel_at(p)->text.size > 80 ? 80 : feel_at(p)->text.size),
              feel_at(p)->text.bytes);
    return NULL;
}

const struct feel_type *feel_parse_type_at(struct feel_parser *p)
{
    bool bracket = feel_kind_at(p, 1) == FEEL_TOKEN_LESS;
    const struct feel_type *type = NULL;
    if (!feel_enter(p))
        return NULL;
    if (bracket && feel_is_word(p, 0, "list"))
        type = parse_element(p, FEEL_TYPE_LIST);
    else if (bracket && feel_is_word(p, 0, "range"))
        type = parse_element(p, FEEL_TYPE_RANGE);
    else if (bracket && feel_is_word(p, 0, "context"))
        type = parse_compound(p, FEEL_TYPE_CONTEXT);
    else if (bracket && feel_is_word(p, 0, "function"))
        type = parse_compound(p, FEEL_TYPE_FUNCTION);
    else
        type = parse_named(p);
    p->depth--;
    return type;
}
