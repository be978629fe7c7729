/* Calls of functions that are values. */

#include "feel_run.h"

bool feel_function_same(const struct feel_function *left, const struct feel_function *right)
{
    return left == right || (left->builtin == right->builtin && left->body == right->body &&
                             left->frame == right->frame && left->owner == right->owner);
}

/* Arguments in the order of the parameters. Positional ones have to be as many; of named ones those
 * that are left out are null, and a name that is no parameter's makes the call null. */
static bool order_arguments(struct feel_run *run, const struct feel_node *node,
                            const struct feel_function *function,
                            const struct feel_value *arguments,
                            const struct feel_symbol *const *names, size_t count,
                            struct feel_value *ordered)
{
    if (names == NULL ? count != function->count : count > function->count) {
        (void)feel_note(run, node, "%zu arguments for %zu parameters", count, function->count);
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        size_t at = names == NULL ? i : 0;
        while (names != NULL && at < function->count && function->names[at] != names[i])
            at++;
        if (at == function->count) {
            (void)feel_note(run, node, "no parameter is called %.*s", (int)names[i]->text.size,
                            names[i]->text.bytes);
            return false;
        }
        ordered[at] = arguments[i];
    }
    return true;
}

static struct feel_value run_body(struct feel_run *run, const struct feel_function *function,
                                  const struct feel_value *arguments)
{
    struct feel_frame *frame = feel_room(run, 1, sizeof *frame);
    struct feel_binding *bindings = feel_room(run, function->count, sizeof *bindings);
    if (frame == NULL || bindings == NULL)
        return feel_null();
    for (size_t i = 0; i < function->count; i++)
        bindings[i] = (struct feel_binding){function->names[i], arguments[i]};
    *frame = (struct feel_frame){
        .parent = function->frame, .bindings = bindings, .count = function->count};
    const struct feel_place *place = run->place;
    if (function->place != NULL)
        run->place = function->place;
    struct feel_value result = feel_evaluate(run, function->body, frame);
    if (function->result != NULL)
        result = feel_coerce(run, function->result, &result, feel_text("result of a function"));
    run->place = place;
    return result;
}

struct feel_value feel_call(struct feel_run *run, const struct feel_node *node,
                            const struct feel_value *value, const struct feel_value *arguments,
                            const struct feel_symbol *const *names, size_t count)
{
    if (value->kind != FEEL_FUNCTION)
        return feel_note(run, node, "a %s cannot be called", feel_kind_name(value->kind));
    const struct feel_function *function = value->function;
    if (function->builtin != NULL)
        return feel_builtin_invoke(run, function->builtin, arguments, names, count);
    struct feel_value *ordered = feel_alloc(run, function->count, sizeof *ordered);
    if (ordered == NULL || !order_arguments(run, node, function, arguments, names, count, ordered))
        return feel_null();
    for (size_t i = 0; i < function->count; i++)
        if (function->types != NULL && function->types[i] != NULL)
            ordered[i] =
                feel_coerce(run, function->types[i], &ordered[i], function->names[i]->text);
    if (function->host != NULL)
        return function->host(run, function, ordered);
    return run_body(run, function, ordered);
}
