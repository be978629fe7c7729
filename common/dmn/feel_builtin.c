#include "feel_builtin.h"

#include <string.h>

#include "feel_builtin_rows.h"
#include "feel_run.h"

static const struct feel_builtin builtins[] = {
#define X(name, parameters, function) {name, parameters, function},
    FEEL_BUILTIN_ROWS(X)
#undef X
};

enum { BUILTINS = sizeof builtins / sizeof *builtins, ARGUMENTS_MAX = 8 };

const struct feel_builtin *feel_builtin_at(size_t index)
{
    return index < BUILTINS ? &builtins[index] : NULL;
}

const struct feel_builtin *feel_builtin_find(struct feel_text name)
{
    for (size_t i = 0; i < BUILTINS; i++)
        if (feel_text_is(feel_text(builtins[i].name), name))
            return &builtins[i];
    return NULL;
}

/* One parameter of a signature. */
struct parameter {
    char type;
    bool optional;
    bool rest;  /* takes all arguments that are left as one list */
    bool lists; /* each of them a list of its own */
    struct feel_text name;
};

static size_t read_parameters(const char *text, struct parameter out[ARGUMENTS_MAX])
{
    size_t count = 0;
    while (*text != '\0' && count < ARGUMENTS_MAX) {
        size_t size = 0;
        while (text[size] != ',' && text[size] != '\0')
            size++;
        struct parameter *p = &out[count++];
        *p = (struct parameter){.type = text[0], .rest = text[1] == '*', .lists = text[1] == '&'};
        size_t skip = p->rest || p->lists ? 3 : 2;
        p->optional = text[size - 1] == '?';
        p->name = (struct feel_text){text + skip, size - skip - p->optional};
        text += size + (text[size] == ',');
    }
    return count;
}

static bool is_kind(char type, enum feel_kind kind)
{
    switch (type) {
    case 's':
        return kind == FEEL_STRING;
    case 'n':
        return kind == FEEL_NUMBER;
    case 'b':
        return kind == FEEL_BOOLEAN;
    case 'l':
        return kind == FEEL_LIST;
    case 'c':
        return kind == FEEL_CONTEXT;
    case 'r':
        return kind == FEEL_RANGE;
    case 'f':
        return kind == FEEL_FUNCTION;
    case 'd':
        return kind == FEEL_DAYS;
    case 't':
        return kind == FEEL_DATE || kind == FEEL_TIME || kind == FEEL_DATE_TIME;
    case 'p':
        return kind != FEEL_LIST && kind != FEEL_RANGE;
    case 'v':
        return kind != FEEL_LIST;
    default:
        return true;
    }
}

static char lower(char type)
{
    return type >= 'A' && type <= 'Z' ? (char)(type - 'A' + 'a') : type;
}

/* The argument as the parameter wants it; false when it cannot be. */
static bool fit(struct feel_run *run, const struct parameter *p, const struct feel_value *argument,
                struct feel_value *out)
{
    char type = lower(p->type);
    *out = *argument;
    if (argument->kind == FEEL_NULL || is_kind(type, argument->kind))
        return true;
    if (type == 'l') {
        struct feel_value *item = feel_room(run, 1, sizeof *item);
        if (item == NULL)
            return false;
        *item = *argument;
        *out = feel_list(item, 1);
        return true;
    }
    if (argument->kind != FEEL_LIST || argument->list.count != 1 ||
        !is_kind(type, argument->list.items[0].kind))
        return false;
    *out = argument->list.items[0];
    return true;
}

/* min(1, 2) is min([1, 2]); concatenate takes each argument as a list. */
static bool bind_rest(struct feel_run *run, const struct parameter *p,
                      const struct feel_value *arguments, size_t given, struct feel_value *out)
{
    if (p->rest && given == 1 && arguments[0].kind == FEEL_LIST) {
        *out = arguments[0];
        return true;
    }
    if (p->rest && given == 1 && arguments[0].kind == FEEL_NULL) {
        *out = feel_null();
        return true;
    }
    struct feel_value *items = feel_room(run, given, sizeof *items);
    if (items == NULL)
        return false;
    for (size_t i = 0; i < given; i++)
        items[i] = arguments[i];
    *out = feel_list(items, given);
    return true;
}

/* What binding arguments to a signature came to. */
enum fitting { NO_FIT, NULL_RESULT, FITS };

static enum fitting bind_named(struct feel_run *run, const struct parameter *parameters,
                               size_t count, const struct feel_value *arguments,
                               const struct feel_symbol *const *names, size_t given,
                               struct feel_value *bound)
{
    bool set[ARGUMENTS_MAX] = {false};
    enum fitting result = FITS;
    for (size_t i = 0; i < given; i++) {
        size_t at = 0;
        while (at < count && !feel_text_is(parameters[at].name, names[i]->text))
            at++;
        if (at == count || set[at])
            return NO_FIT;
        set[at] = true;
        const struct parameter *p = &parameters[at];
        if (p->rest || p->lists) {
            struct parameter list = {.type = 'l'};
            if (!fit(run, &list, &arguments[i], &bound[at]))
                return NO_FIT;
            if (p->lists && !bind_rest(run, p, &bound[at], 1, &bound[at]))
                return NO_FIT;
        } else if (!fit(run, p, &arguments[i], &bound[at])) {
            return NO_FIT;
        }
        if (bound[at].kind == FEEL_NULL && p->type == lower(p->type))
            result = NULL_RESULT;
    }
    for (size_t i = 0; i < count; i++) /* what is left out is null */
        if (!set[i] && !parameters[i].optional && !parameters[i].lists &&
            parameters[i].type == lower(parameters[i].type))
            result = NULL_RESULT;
    return result;
}

static enum fitting bind_positional(struct feel_run *run, const struct parameter *parameters,
                                    size_t count, const struct feel_value *arguments, size_t given,
                                    struct feel_value *bound)
{
    enum fitting result = FITS;
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        const struct parameter *p = &parameters[i];
        if (p->rest || p->lists) {
            if ((p->rest || i == 0) && at == given)
                return NO_FIT;
            if (!bind_rest(run, p, arguments + at, given - at, &bound[i]))
                return NO_FIT;
            at = given;
        } else if (at < given) {
            if (!fit(run, p, &arguments[at++], &bound[i]))
                return NO_FIT;
        } else if (p->optional) {
            continue;
        } else {
            return NO_FIT;
        }
        if (bound[i].kind == FEEL_NULL && p->type == lower(p->type))
            result = NULL_RESULT;
    }
    return at == given ? result : NO_FIT;
}

/* before(point, range) and before(range, point) are told apart by the order of their names. */
static bool in_order(const struct parameter *parameters, size_t count,
                     const struct feel_symbol *const *names, size_t given)
{
    bool same = given <= count;
    for (size_t i = 0; i < given && same; i++)
        same = feel_text_is(parameters[i].name, names[i]->text);
    return same;
}

static uint64_t size_of(const struct feel_value *value)
{
    uint64_t text = value->kind == FEEL_STRING ? value->text.size : 0;
    return 1 + value->weight / 16u + text / 512u;
}

/* Calls the first row that fits; `ordered` asks named arguments to stand in its order. */
static bool call_fitting(struct feel_run *run, const struct feel_builtin *row,
                         const struct feel_value *arguments, const struct feel_symbol *const *names,
                         size_t count, bool ordered, struct feel_value *out)
{
    const char *name = row->name;
    for (; row < builtins + BUILTINS && strcmp(row->name, name) == 0; row++) {
        struct parameter parameters[ARGUMENTS_MAX];
        struct feel_value bound[ARGUMENTS_MAX];
        size_t size = read_parameters(row->parameters, parameters);
        memset(bound, 0, size * sizeof *bound); /* null, where nothing is passed */
        if (ordered && !in_order(parameters, size, names, count))
            continue;
        enum fitting fitting =
            names != NULL ? bind_named(run, parameters, size, arguments, names, count, bound)
                          : bind_positional(run, parameters, size, arguments, count, bound);
        if (fitting == NO_FIT)
            continue;
        *out = fitting == FITS ? row->call(run, bound, count)
                               : feel_note(run, NULL, "%s: an argument is null", name);
        return true;
    }
    return false;
}

struct feel_value feel_builtin_invoke(struct feel_run *run, const struct feel_builtin *builtin,
                                      const struct feel_value *arguments,
                                      const struct feel_symbol *const *names, size_t count)
{
    struct feel_value out;
    for (size_t i = 0; i < count; i++)
        if (!feel_charge(run, size_of(&arguments[i])))
            return feel_null();
    if (count == 0)
        names = NULL;
    if ((names != NULL && call_fitting(run, builtin, arguments, names, count, true, &out)) ||
        call_fitting(run, builtin, arguments, names, count, false, &out))
        return out;
    return feel_note(run, NULL, "%s: the arguments fit none of its forms", builtin->name);
}
