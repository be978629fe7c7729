#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "dmn_model.h"

struct dmn_limits dmn_default_limits(void)
{
    return (struct dmn_limits){
#define X(name, value, help) .name = value,
        DMN_LIMIT_ROWS(X)
#undef X
    };
}

void dmn_report(struct dmn_model *model, const struct dmn_element *element, struct feel_text where,
                const char *format, ...)
{
    struct dmn_problems *problems = &model->set->problems;
    char text[FEEL_MESSAGE_MAX];
    if (problems->count == problems->room)
        return;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    const char *copy = arena_strdup(model->set->arena, text);
    problems->list[problems->count++] =
        (struct dmn_problem){.file = model->file,
                             .line = element == NULL ? 0 : element->line,
                             .element = where,
                             .text = copy == NULL ? "out of memory" : copy};
}

void *dmn_take(struct dmn_model *model, size_t count, size_t size)
{
    return arena_array(model->set->arena, count, size);
}

struct feel_compiler dmn_compiler(struct dmn_model *model);

const struct feel_place *dmn_place(struct dmn_model *model, const struct dmn_element *element,
                                   struct feel_text where)
{
    struct feel_place *place = dmn_take(model, 1, sizeof *place);
    if (place != NULL)
        *place = (struct feel_place){model->file, element->line, where};
    return place;
}

/* Names that may follow a dot: what models give names to, and the properties of values. */
static void collect_members(struct dmn_models *set, const struct dmn_element *element)
{
    static const char *const kinds[] = {
        "itemComponent",          "variable",       "output", "column", "inputData", "decision",
        "businessKnowledgeModel", "decisionService"};
    for (; element != NULL; element = element->next) {
        struct feel_text name = dmn_attribute(element, "name");
        for (size_t i = 0; name.size > 0 && i < sizeof kinds / sizeof *kinds; i++)
            if (dmn_is(element, kinds[i]))
                (void)feel_scope_add(set->arena, &set->members, feel_name(&set->symbols, name));
        collect_members(set, element->first);
    }
}

/* Entry names of contexts within expressions join them: those texts are read once beforehand. */
static void collect_entries(struct dmn_model *model, const struct dmn_element *element)
{
    for (; element != NULL; element = element->next) {
        if (dmn_is(element, "text") && element->text.size > 0 &&
            memchr(element->text.bytes, '{', element->text.size) != NULL) {
            struct feel_compiler compiler = dmn_compiler(model);
            struct feel_syntax_error error;
            size_t unknown = 0;
            (void)feel_parse(&compiler, &model->set->base, element->text, &unknown, &error);
        }
        collect_entries(model, element->first);
    }
}

static void set_up_language(struct dmn_models *set)
{
    static const char *const properties[] = {"time offset", "start included", "end included"};
    set->symbols.arena = set->arena;
    set->zones.arena = set->arena;
    set->words = (struct feel_words){feel_name(&set->symbols, feel_text("?")),
                                     feel_name(&set->symbols, feel_text("item")),
                                     feel_name(&set->symbols, feel_text("partial"))};
    for (size_t i = 0; feel_builtin_at(i) != NULL; i++)
        (void)feel_scope_add(set->arena, &set->base,
                             feel_name(&set->symbols, feel_text(feel_builtin_at(i)->name)));
    for (size_t i = 0; i < sizeof properties / sizeof *properties; i++)
        (void)feel_scope_add(set->arena, &set->members,
                             feel_name(&set->symbols, feel_text(properties[i])));
}

static enum status read_model(struct dmn_models *set, const struct dmn_source *source,
                              struct dmn_model *model, struct error *error)
{
    if (source->size > set->limits.model_bytes)
        return error_set(error, STATUS_INVALID, "%s: %zu bytes, more than the %zu allowed",
                         source->name, source->size, set->limits.model_bytes);
    const char *name = arena_strdup(set->arena, source->name);
    enum status status = dmn_xml_parse(set->arena, source->name, source->bytes, source->size,
                                       &model->document, error);
    if (status != STATUS_OK)
        return status == STATUS_EXHAUSTED ? STATUS_INVALID : status;
    const struct dmn_element *root = model->document.root;
    if (!dmn_is(root, "definitions"))
        return error_set(error, STATUS_INVALID, "%s:%u: not a DMN model: <%.*s>", source->name,
                         root->line, (int)root->name.size, root->name.bytes);
    model->set = set;
    model->file = feel_text(name == NULL ? "" : name);
    model->name = dmn_attribute(root, "name");
    model->name_space = dmn_attribute(root, "namespace");
    return STATUS_OK;
}

static struct dmn_model *model_of(struct dmn_models *set, struct feel_text name_space)
{
    for (size_t i = 0; i < set->model_count; i++)
        if (feel_text_is(set->models[i].name_space, name_space))
            return &set->models[i];
    return NULL;
}

static void link_imports(struct dmn_model *model)
{
    const struct dmn_element *first = dmn_child(model->document.root, "import");
    size_t count = 0;
    for (const struct dmn_element *e = first; e != NULL; e = dmn_again(e))
        count++;
    model->imports = dmn_take(model, count + 1, sizeof *model->imports);
    for (const struct dmn_element *e = first; e != NULL && model->imports != NULL;
         e = dmn_again(e)) {
        struct feel_text name = dmn_attribute(e, "name");
        struct dmn_model *other = model_of(model->set, dmn_attribute(e, "namespace"));
        if (other == NULL) {
            dmn_report(model, e, name, "imports a model that is not there");
            continue;
        }
        model->imports[model->import_count++] =
            (struct dmn_import){feel_name(&model->set->symbols, name), other};
    }
}

/* Each pass runs over all models, since they refer to each other. */
static void compile_set(struct dmn_models *set)
{
    static void (*const passes[])(struct dmn_model *) = {
        link_imports, dmn_declare_types, dmn_define_types, dmn_link_nodes, dmn_compile_nodes};
    for (size_t i = 0; i < set->model_count; i++)
        collect_members(set, set->models[i].document.root);
    for (size_t i = 0; i < set->model_count; i++)
        collect_entries(&set->models[i], set->models[i].document.root);
    for (size_t pass = 0; pass < sizeof passes / sizeof *passes; pass++)
        for (size_t i = 0; i < set->model_count; i++)
            passes[pass](&set->models[i]);
}

static enum status load_into(struct dmn_models *set, const struct dmn_source *sources, size_t count,
                             struct error *error)
{
    set->models = arena_array(set->arena, count, sizeof *set->models);
    set->problems.list = arena_array(set->arena, set->limits.problems, sizeof *set->problems.list);
    if (set->models == NULL || set->problems.list == NULL)
        return error_set(error, STATUS_INVALID, "no memory to load the models");
    set->problems.room = set->limits.problems;
    set_up_language(set);
    for (size_t i = 0; i < count; i++) {
        enum status status = read_model(set, &sources[i], &set->models[i], error);
        if (status != STATUS_OK)
            return status;
        set->model_count++;
    }
    compile_set(set);
    if (arena_exhausted(set->arena))
        return error_set(error, STATUS_INVALID, "%s: the models need more than %zu bytes of memory",
                         sources[0].name, set->limits.load_bytes);
    return STATUS_OK;
}

enum status dmn_load(const struct dmn_source *sources, size_t count,
                     const struct dmn_limits *limits, struct dmn_models **out, struct error *error)
{
    struct dmn_limits bounds = limits == NULL ? dmn_default_limits() : *limits;
    if (count == 0 || count > bounds.models)
        return error_set(error, STATUS_INVALID, "%zu model files: 1 to %zu are allowed", count,
                         bounds.models);
    struct arena *arena = arena_create(bounds.load_bytes);
    struct arena *scratch = arena_create(bounds.load_bytes);
    struct dmn_models *set = arena == NULL ? NULL : arena_zalloc(arena, sizeof *set);
    if (set == NULL || scratch == NULL) {
        arena_destroy(arena);
        arena_destroy(scratch);
        return error_set(error, STATUS_EXHAUSTED, "no memory to load the models");
    }
    set->arena = arena;
    set->scratch = scratch;
    set->limits = bounds;
    set->tables_end = &set->first_table;
    enum status status = load_into(set, sources, count, error);
    arena_destroy(scratch);
    set->scratch = NULL;
    if (status != STATUS_OK) {
        arena_destroy(arena);
        return status;
    }
    *out = set;
    return STATUS_OK;
}

void dmn_free(struct dmn_models *models)
{
    if (models != NULL)
        arena_destroy(models->arena);
}

size_t dmn_memory(const struct dmn_models *models)
{
    return arena_used(models->arena);
}

size_t dmn_problem_count(const struct dmn_models *models)
{
    return models->problems.count;
}

const struct dmn_problem *dmn_problem(const struct dmn_models *models, size_t index)
{
    return index < models->problems.count ? &models->problems.list[index] : NULL;
}

bool dmn_input_data(const struct dmn_models *models, size_t index, struct dmn_input_data *input)
{
    for (size_t m = 0; m < models->model_count; m++)
        for (size_t i = 0; i < models->models[m].node_count; i++) {
            const struct dmn_node *node = models->models[m].nodes[i];
            if (node->kind != DMN_INPUT || index-- > 0)
                continue;
            *input = (struct dmn_input_data){models->models[m].file, node->element->line,
                                             node->name->text};
            return true;
        }
    return false;
}
