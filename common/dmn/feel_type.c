#include "feel_type.h"

#include <stdio.h>

/* X(name, form, kind): names in use since DMN 1.1. */
#define TYPE_ROWS(X)                             \
    X("Any", ANY, NULL)                          \
    X("any", ANY, NULL)                          \
    X("Null", KIND, NULL)                        \
    X("number", KIND, NUMBER)                    \
    X("string", KIND, STRING)                    \
    X("boolean", KIND, BOOLEAN)                  \
    X("date", KIND, DATE)                        \
    X("time", KIND, TIME)                        \
    X("date and time", KIND, DATE_TIME)          \
    X("dateTime", KIND, DATE_TIME)               \
    X("days and time duration", KIND, DAYS)      \
    X("dayTimeDuration", KIND, DAYS)             \
    X("years and months duration", KIND, MONTHS) \
    X("yearMonthDuration", KIND, MONTHS)         \
    X("list", KIND, LIST)                        \
    X("context", KIND, CONTEXT)                  \
    X("range", KIND, RANGE)                      \
    X("function", KIND, FUNCTION)

const struct feel_type *feel_builtin_type(struct feel_text name)
{
    static const struct {
        const char *name;
        struct feel_type type;
    } types[] = {
#define X(text, form_, kind_) {text, {.form = FEEL_TYPE_##form_, .kind = FEEL_##kind_}},
        TYPE_ROWS(X)
#undef X
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (feel_text_is(feel_text(types[i].name), name))
            return &types[i].type;
    return NULL;
}

const struct feel_type *feel_any_type(void)
{
    static const struct feel_type any = {.form = FEEL_TYPE_ANY};
    return &any;
}

static const char *form_name(const struct feel_type *type)
{
    static const char *const names[] = {
        [FEEL_TYPE_ANY] = "Any",         [FEEL_TYPE_KIND] = "",
        [FEEL_TYPE_LIST] = "list",       [FEEL_TYPE_RANGE] = "range",
        [FEEL_TYPE_CONTEXT] = "context", [FEEL_TYPE_FUNCTION] = "function",
        [FEEL_TYPE_NAMED] = "type"};
    return type->form == FEEL_TYPE_KIND ? feel_kind_name(type->kind) : names[type->form];
}

void feel_type_write(const struct feel_type *type, char *out, size_t room)
{
    char element[80] = "Any";
    if (type->form == FEEL_TYPE_NAMED && type->name.size > 0) {
        (void)snprintf(out, room, "%.*s", (int)type->name.size, type->name.bytes);
    } else if (type->form == FEEL_TYPE_NAMED && type->element != NULL) {
        feel_type_write(type->element, out, room);
    } else if (type->form == FEEL_TYPE_LIST || type->form == FEEL_TYPE_RANGE) {
        if (type->element != NULL && room > sizeof "range<>") /* ends: room shrinks */
            feel_type_write(type->element, element,
                            room / 2 < sizeof element ? room / 2 : sizeof element);
        (void)snprintf(out, room, "%s<%s>", form_name(type), element);
    } else {
        (void)snprintf(out, room, "%s", form_name(type));
    }
}

const struct feel_type *feel_base_type(const struct feel_type *type)
{
    enum { CHAIN_MAX = 64 };
    for (int i = 0; i < CHAIN_MAX && type != NULL; i++) {
        if (type->form != FEEL_TYPE_NAMED)
            return type;
        type = type->element;
    }
    return NULL;
}
