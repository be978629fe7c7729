/* Values against types (10.3.2.9). */

#include "feel_run.h"
#include "feel_temporal.h"

static bool list_conforms(struct feel_run *run, const struct feel_type *type,
                          const struct feel_value *value)
{
    if (value->kind != FEEL_LIST)
        return false;
    for (size_t i = 0; i < value->list.count; i++)
        if (!feel_conforms(run, type->element, &value->list.items[i]))
            return false;
    return true;
}

/* As feel_entry, from `*next` on and round: members mostly stand in the order of their type. */
static const struct feel_value *next_entry(const struct feel_value *context, struct feel_text name,
                                           size_t *next)
{
    const struct feel_entries *all = &context->context;
    for (size_t looked = 0; looked < all->count; looked++) {
        size_t at = *next < all->count ? *next : 0;
        *next = at + 1;
        if (feel_text_is(all->entries[at].name, name))
            return &all->entries[at].value;
    }
    return NULL;
}

static bool context_conforms(struct feel_run *run, const struct feel_type *type,
                             const struct feel_value *value)
{
    size_t next = 0;
    if (value->kind != FEEL_CONTEXT)
        return false;
    for (size_t i = 0; i < type->count; i++) {
        const struct feel_value *member = next_entry(value, type->members[i]->text, &next);
        if (member == NULL || !feel_conforms(run, type->types[i], member))
            return false;
    }
    return true;
}

static bool range_conforms(struct feel_run *run, const struct feel_type *type,
                           const struct feel_value *value)
{
    return value->kind == FEEL_RANGE && feel_conforms(run, type->element, &value->range->low) &&
           feel_conforms(run, type->element, &value->range->high);
}

/* Whether every value of the one type is of the other; unknown types fit all. */
static bool type_fits(const struct feel_type *type, const struct feel_type *other, int depth)
{
    type = feel_base_type(type);
    other = feel_base_type(other);
    if (type == NULL || other == NULL || depth > FEEL_NESTING_MAX || other->form == FEEL_TYPE_ANY ||
        type == other)
        return true;
    if (type->form != other->form)
        return false;
    if (type->form == FEEL_TYPE_KIND)
        return type->kind == other->kind;
    if (type->form == FEEL_TYPE_LIST || type->form == FEEL_TYPE_RANGE)
        return type_fits(type->element, other->element, depth + 1);
    if (type->form == FEEL_TYPE_CONTEXT) {
        for (size_t i = 0; i < other->count; i++) {
            bool found = false;
            for (size_t j = 0; j < type->count && !found; j++)
                found = type->members[j] == other->members[i] &&
                        type_fits(type->types[j], other->types[i], depth + 1);
            if (!found)
                return false;
        }
        return true;
    }
    if (type->count != other->count)
        return false;
    for (size_t i = 0; i < type->count; i++)
        if (!type_fits(other->types[i], type->types[i], depth + 1))
            return false;
    return type_fits(type->element, other->element, depth + 1);
}

static bool function_conforms(const struct feel_type *type, const struct feel_value *value)
{
    if (value->kind != FEEL_FUNCTION)
        return false;
    const struct feel_function *function = value->function;
    if (function->builtin != NULL)
        return true;
    if (function->count != type->count)
        return false;
    for (size_t i = 0; i < type->count; i++)
        if (function->types != NULL && function->types[i] != NULL &&
            !type_fits(type->types[i], function->types[i], 0))
            return false;
    return function->result == NULL || type_fits(function->result, type->element, 0);
}

bool feel_conforms(struct feel_run *run, const struct feel_type *type,
                   const struct feel_value *value)
{
    if (type == NULL || value->kind == FEEL_NULL)
        return true;
    if (!feel_charge(run, 1))
        return false;
    switch (type->form) {
    case FEEL_TYPE_ANY:
        return true;
    case FEEL_TYPE_KIND:
        return value->kind == type->kind;
    case FEEL_TYPE_LIST:
        return list_conforms(run, type, value);
    case FEEL_TYPE_RANGE:
        return range_conforms(run, type, value);
    case FEEL_TYPE_CONTEXT:
        return context_conforms(run, type, value);
    case FEEL_TYPE_FUNCTION:
        return function_conforms(type, value);
    case FEEL_TYPE_NAMED:
        break;
    }
    if (!feel_conforms(run, type->element, value))
        return false;
    return type->allowed == NULL || feel_test(run, type->allowed, NULL, value) == FEEL_TRUE;
}

static bool members_conform_always(const struct feel_type *type, const struct feel_value *sample)
{
    for (size_t i = 0; i < type->count; i++) {
        const struct feel_value *member = feel_entry(sample, type->members[i]->text);
        if (member == NULL || !feel_conforms_always(type->types[i], member))
            return false;
    }
    return true;
}

bool feel_conforms_always(const struct feel_type *type, const struct feel_value *sample)
{
    while (type != NULL && type->form == FEEL_TYPE_NAMED && type->allowed == NULL)
        type = type->element;
    if (type == NULL || type->form == FEEL_TYPE_ANY)
        return true;
    if (type->form == FEEL_TYPE_KIND)
        return sample->kind == type->kind;
    if (type->form == FEEL_TYPE_LIST)
        return sample->kind == FEEL_LIST && sample->list.count > 0 &&
               feel_conforms_always(type->element, &sample->list.items[0]);
    return type->form == FEEL_TYPE_CONTEXT && sample->kind == FEEL_CONTEXT &&
           members_conform_always(type, sample);
}

/* Null is an instance of no type but its own, within lists too. */
static bool has_null_item(const struct feel_type *type, const struct feel_value *value)
{
    const struct feel_type *base = feel_base_type(type);
    if (base == NULL)
        return false;
    if (value->kind == FEEL_NULL)
        return base->form != FEEL_TYPE_KIND || base->kind != FEEL_NULL;
    if (base->form == FEEL_TYPE_LIST && value->kind == FEEL_LIST)
        for (size_t i = 0; i < value->list.count; i++)
            if (has_null_item(base->element, &value->list.items[i]))
                return true;
    return false;
}

bool feel_instance_of(struct feel_run *run, const struct feel_type *type,
                      const struct feel_value *value)
{
    return !has_null_item(type, value) && feel_conforms(run, type, value);
}

static bool is_list_type(const struct feel_type *base)
{
    return base->form == FEEL_TYPE_LIST ||
           (base->form == FEEL_TYPE_KIND && base->kind == FEEL_LIST);
}

static bool is_list_of_lists(const struct feel_type *base)
{
    const struct feel_type *element =
        base->form == FEEL_TYPE_LIST ? feel_base_type(base->element) : NULL;
    return element != NULL && is_list_type(element);
}

struct feel_value feel_coerce(struct feel_run *run, const struct feel_type *type,
                              const struct feel_value *value, struct feel_text what)
{
    if (type == NULL || value->kind == FEEL_NULL ||
        (type->form == FEEL_TYPE_KIND && type->kind == value->kind) ||
        feel_conforms(run, type, value))
        return *value;
    const struct feel_type *base = feel_base_type(type);
    if (base != NULL && is_list_type(base) &&
        (value->kind != FEEL_LIST || is_list_of_lists(base))) {
        struct feel_value *item = feel_room(run, 1, sizeof *item);
        if (item == NULL)
            return feel_null();
        *item = *value;
        struct feel_value list = feel_list(item, 1);
        if (feel_conforms(run, type, &list))
            return list;
    } else if (base != NULL && !is_list_type(base) && value->kind == FEEL_LIST &&
               value->list.count == 1) {
        if (feel_conforms(run, type, value->list.items))
            return value->list.items[0];
    } else if (base != NULL && base->form == FEEL_TYPE_KIND && base->kind == FEEL_DATE_TIME &&
               value->kind == FEEL_DATE) {
        return feel_date_midnight(value);
    }
    char name[80];
    feel_type_write(type, name, sizeof name);
    return feel_note(run, NULL, "%.*s: a %s that is not of type %s", (int)what.size, what.bytes,
                     feel_kind_name(value->kind), name);
}
