/* Item definitions and type references (7.3.3). */

#include <string.h>

#include "dmn_model.h"

static const struct feel_type *own_type(const struct dmn_model *model, struct feel_text name)
{
    for (size_t i = 0; i < model->type_count; i++)
        if (feel_text_is(model->types[i].name, name))
            return model->types[i].type;
    return NULL;
}

/* `name`, or `import.name`. */
static const struct feel_type *find_type(void *owner, struct feel_text name)
{
    const struct dmn_model *model = owner;
    const struct feel_type *type = own_type(model, name);
    for (size_t i = 0; i < model->import_count && type == NULL; i++) {
        const struct feel_symbol *import = model->imports[i].name;
        if (import == NULL) {
            type = own_type(model->imports[i].model, name);
        } else if (name.size > import->text.size + 1 && name.bytes[import->text.size] == '.' &&
                   memcmp(name.bytes, import->text.bytes, import->text.size) == 0) {
            struct feel_text rest = {name.bytes + import->text.size + 1,
                                     name.size - import->text.size - 1};
            type = own_type(model->imports[i].model, dmn_trim(rest));
        }
    }
    return type;
}

struct feel_compiler dmn_compiler(struct dmn_model *model)
{
    struct dmn_models *set = model->set;
    return (struct feel_compiler){.arena = set->arena,
                                  .scratch = set->scratch,
                                  .symbols = &set->symbols,
                                  .members = &set->members,
                                  .zones = &set->zones,
                                  .find_type = find_type,
                                  .type_owner = model};
}

/* DMN 1.1 wrote references as QNames: feel:string, kie:tFee. */
static const struct feel_type *prefixed_type(struct dmn_model *model, struct feel_text reference)
{
    const char *colon = memchr(reference.bytes, ':', reference.size);
    if (colon == NULL)
        return NULL;
    struct feel_text prefix = {reference.bytes, (size_t)(colon - reference.bytes)};
    struct feel_text rest = {colon + 1, reference.size - prefix.size - 1};
    for (const struct dmn_prefix *p = model->document.prefixes; p != NULL; p = p->next) {
        if (!feel_text_is(p->prefix, prefix))
            continue;
        if (feel_text_is(p->uri, model->name_space))
            return own_type(model, rest);
        for (size_t i = 0; i < model->import_count; i++)
            if (feel_text_is(p->uri, model->imports[i].model->name_space))
                return own_type(model->imports[i].model, rest);
    }
    const struct feel_type *type = feel_builtin_type(rest);
    return type != NULL ? type : own_type(model, rest);
}

const struct feel_type *dmn_type_of(struct dmn_model *model, const struct dmn_element *element,
                                    struct feel_text reference)
{
    struct feel_text text = dmn_trim(reference);
    if (text.size == 0)
        return NULL;
    const struct feel_type *type = own_type(model, text);
    if (type == NULL)
        type = feel_builtin_type(text);
    if (type == NULL)
        type = prefixed_type(model, text);
    if (type == NULL) {
        struct feel_compiler compiler = dmn_compiler(model);
        type = feel_parse_type(&compiler, text);
    }
    if (type == NULL)
        dmn_report(model, element, text, "there is no such type");
    return type;
}

void dmn_declare_types(struct dmn_model *model)
{
    const struct dmn_element *first = dmn_child(model->document.root, "itemDefinition");
    size_t count = 0;
    for (const struct dmn_element *e = first; e != NULL; e = dmn_again(e))
        count++;
    model->types = dmn_take(model, count + 1, sizeof *model->types);
    for (const struct dmn_element *e = first; e != NULL && model->types != NULL; e = dmn_again(e)) {
        const struct feel_symbol *name = feel_name(&model->set->symbols, dmn_attribute(e, "name"));
        struct feel_type *type = dmn_take(model, 1, sizeof *type);
        if (type == NULL)
            return;
        type->form = FEEL_TYPE_NAMED;
        type->name = name == NULL ? (struct feel_text){"", 0} : name->text;
        model->types[model->type_count++] = (struct dmn_item_type){type->name, e, type};
    }
}

static const struct feel_type *define(struct dmn_model *model, const struct dmn_element *element,
                                      struct feel_type *type, int depth);

static const struct feel_type *component_type(struct dmn_model *model,
                                              const struct dmn_element *element, int depth)
{
    struct feel_type *type = dmn_take(model, 1, sizeof *type);
    if (type == NULL)
        return feel_any_type();
    type->form = FEEL_TYPE_NAMED;
    type->name = dmn_attribute(element, "name");
    return define(model, element, type, depth + 1);
}

static const struct feel_type *structure(struct dmn_model *model, const struct dmn_element *element,
                                         int depth)
{
    const struct dmn_element *first = dmn_child(element, "itemComponent");
    size_t count = 0;
    for (const struct dmn_element *e = first; e != NULL; e = dmn_again(e))
        count++;
    struct feel_type *type = dmn_take(model, 1, sizeof *type);
    const struct feel_symbol **names = dmn_take(model, count, sizeof *names);
    const struct feel_type **types = dmn_take(model, count, sizeof *types);
    if (type == NULL || names == NULL || types == NULL)
        return feel_any_type();
    *type = (struct feel_type){.form = FEEL_TYPE_CONTEXT, .members = names, .types = types};
    for (const struct dmn_element *e = first; e != NULL; e = dmn_again(e)) {
        const struct feel_symbol *name = feel_name(&model->set->symbols, dmn_attribute(e, "name"));
        if (name == NULL) {
            dmn_report(model, e, dmn_attribute(element, "name"), "a component without a name");
            continue;
        }
        names[type->count] = name;
        types[type->count++] = component_type(model, e, depth);
    }
    return type;
}

static const struct feel_type *function_item(struct dmn_model *model,
                                             const struct dmn_element *element)
{
    size_t count = 0;
    for (const struct dmn_element *e = dmn_child(element, "parameters"); e != NULL;
         e = dmn_again(e))
        count++;
    struct feel_type *type = dmn_take(model, 1, sizeof *type);
    const struct feel_type **types = dmn_take(model, count, sizeof *types);
    if (type == NULL || types == NULL)
        return feel_any_type();
    *type = (struct feel_type){.form = FEEL_TYPE_FUNCTION, .types = types, .count = count};
    count = 0;
    for (const struct dmn_element *e = dmn_child(element, "parameters"); e != NULL;
         e = dmn_again(e)) {
        types[count] = dmn_type_of(model, e, dmn_attribute(e, "typeRef"));
        if (types[count] == NULL)
            types[count] = feel_any_type();
        count++;
    }
    const struct feel_type *result =
        dmn_type_of(model, element, dmn_attribute(element, "outputTypeRef"));
    type->element = result == NULL ? feel_any_type() : result;
    return type;
}

static const struct feel_node *constraint(struct dmn_model *model,
                                          const struct dmn_element *element, const char *kind)
{
    const struct dmn_element *values = dmn_child(element, kind);
    struct feel_text text = dmn_child_text(values, "text");
    if (values == NULL || text.size == 0)
        return NULL;
    return dmn_compile_text(model, values, text, true, &model->set->base,
                            dmn_attribute(element, "name"));
}

static struct feel_type *wrap(struct dmn_model *model, enum feel_type_form form,
                              const struct feel_type *element)
{
    struct feel_type *type = dmn_take(model, 1, sizeof *type);
    if (type != NULL)
        *type = (struct feel_type){.form = form, .element = element};
    return type;
}

/* Allowed values hold for each item of a collection, a type constraint for the whole. */
static const struct feel_type *define(struct dmn_model *model, const struct dmn_element *element,
                                      struct feel_type *type, int depth)
{
    if (depth > FEEL_NESTING_MAX) {
        dmn_report(model, element, type->name, "nested more than %d deep", FEEL_NESTING_MAX);
        type->element = feel_any_type();
        return type;
    }
    const struct feel_type *base = NULL;
    if (dmn_child(element, "itemComponent") != NULL)
        base = structure(model, element, depth);
    else if (dmn_child(element, "functionItem") != NULL)
        base = function_item(model, dmn_child(element, "functionItem"));
    else
        base = dmn_type_of(model, element, dmn_child_text(element, "typeRef"));
    if (base == NULL)
        base = feel_any_type();
    const struct feel_node *allowed = constraint(model, element, "allowedValues");
    const struct feel_node *whole = constraint(model, element, "typeConstraint");
    bool collection = feel_text_is(dmn_attribute(element, "isCollection"), feel_text("true"));
    if (collection) {
        struct feel_type *item = wrap(model, FEEL_TYPE_NAMED, base);
        struct feel_type *list = wrap(model, FEEL_TYPE_LIST, item);
        if (item == NULL || list == NULL)
            return type;
        item->allowed = allowed;
        type->element = list;
        type->allowed = whole;
        return type;
    }
    type->element = base;
    type->allowed = allowed != NULL ? allowed : whole;
    if (allowed != NULL && whole != NULL) {
        struct feel_type *inner = wrap(model, FEEL_TYPE_NAMED, base);
        if (inner != NULL)
            inner->allowed = whole;
        type->element = inner;
    }
    return type;
}

void dmn_define_types(struct dmn_model *model)
{
    for (size_t i = 0; i < model->type_count; i++)
        (void)define(model, model->types[i].element, model->types[i].type, 0);
    for (size_t i = 0; i < model->type_count; i++)
        if (feel_base_type(model->types[i].type) == NULL) {
            dmn_report(model, model->types[i].element, model->types[i].name,
                       "a type that is made of itself");
            model->types[i].type->element = feel_any_type();
        }
}
