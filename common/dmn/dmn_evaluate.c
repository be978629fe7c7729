#include <string.h>

#include "dmn_session.h"

const struct dmn_model *dmn_find_model(const struct dmn_models *models, const char *name)
{
    if (name == NULL)
        return &models->models[0];
    for (size_t i = 0; i < models->model_count; i++)
        if (feel_text_is(models->models[i].file, feel_text(name)))
            return &models->models[i];
    for (size_t i = 0; i < models->model_count; i++)
        if (feel_text_is(models->models[i].name, feel_text(name)))
            return &models->models[i];
    return NULL;
}

/* `import.name` */
static const struct dmn_node *find_imported(const struct dmn_model *model, struct feel_text text,
                                            int depth);

static const struct dmn_node *find_node(const struct dmn_model *model, struct feel_text text,
                                        int depth)
{
    const struct dmn_node *found = NULL;
    for (size_t i = 0; i < model->node_count; i++) {
        const struct dmn_node *node = model->nodes[i];
        bool named = feel_text_is(node->title, text) || feel_text_is(node->name->text, text);
        if (named && (found == NULL || found->kind == DMN_INPUT))
            found = node;
    }
    return found != NULL ? found : find_imported(model, text, depth);
}

static const struct dmn_node *find_imported(const struct dmn_model *model, struct feel_text text,
                                            int depth)
{
    for (size_t i = 0; i < model->import_count && depth < DMN_IMPORT_DEPTH_MAX; i++) {
        const struct feel_symbol *name = model->imports[i].name;
        if (name == NULL || text.size <= name->text.size + 1 ||
            text.bytes[name->text.size] != '.' ||
            memcmp(text.bytes, name->text.bytes, name->text.size) != 0)
            continue;
        struct feel_text rest = {text.bytes + name->text.size + 1, text.size - name->text.size - 1};
        const struct dmn_node *found = find_node(model->imports[i].model, rest, depth + 1);
        if (found != NULL)
            return found;
    }
    return NULL;
}

/* Decisions and what can be called come before input data of the same name. */
const struct dmn_node *dmn_find_node(const struct dmn_model *model, const char *name)
{
    return find_node(model, dmn_trim(feel_text(name)), 0);
}

/* Imported input data stand in the context of their import, and that in those on the way. */
static const struct feel_value *find_input(const struct dmn_model *model,
                                           const struct feel_value *context,
                                           const struct dmn_node *node, int depth)
{
    if (context->kind != FEEL_CONTEXT || depth > DMN_IMPORT_DEPTH_MAX)
        return NULL;
    if (model == node->model)
        return feel_entry(context, node->name->text);
    for (size_t i = 0; i < model->import_count; i++) {
        const struct dmn_import *import = &model->imports[i];
        const struct feel_value *inner =
            import->name == NULL ? context : feel_entry(context, import->name->text);
        const struct feel_value *found =
            inner == NULL ? NULL : find_input(import->model, inner, node, depth + 1);
        if (found != NULL)
            return found;
    }
    return NULL;
}

/* The entry `namespace#name` of a node. */
static const struct feel_value *find_qualified(const struct feel_value *context,
                                               const struct dmn_node *node)
{
    struct feel_text space = node->model->name_space, name = node->name->text;
    if (context->kind != FEEL_CONTEXT || space.size == 0)
        return NULL;
    for (size_t i = 0; i < context->context.count; i++) {
        struct feel_text key = context->context.entries[i].name;
        if (key.size == space.size + 1 + name.size && key.bytes[space.size] == '#' &&
            memcmp(key.bytes, space.bytes, space.size) == 0 &&
            memcmp(key.bytes + space.size + 1, name.bytes, name.size) == 0)
            return &context->context.entries[i].value;
    }
    return NULL;
}

static const struct feel_value *given_value(const struct dmn_session *session,
                                            const struct dmn_node *node)
{
    const struct feel_value *found = find_input(session->root, &session->input, node, 0);
    if (found == NULL)
        found = find_qualified(&session->input, node);
    if (found == NULL && session->input.kind == FEEL_CONTEXT)
        found = feel_entry(&session->input, node->name->text);
    if (found == NULL && session->input.kind == FEEL_CONTEXT) /* as it is spelled in the model */
        found = feel_entry(&session->input, node->title);
    return found;
}

static struct feel_value input_value(struct feel_run *run, struct dmn_session *session,
                                     const struct dmn_node *node)
{
    const struct feel_value *found = given_value(session, node);
    struct feel_value none = feel_null();
    struct feel_value value =
        found != NULL && node->fits && session->expected
            ? *found
            : feel_coerce(run, node->type, found == NULL ? &none : found, node->title);
    if (session->observer != NULL)
        session->observer->input(session->observer->owner, node, &value);
    return value;
}

void dmn_expect(struct dmn_models *models, const struct feel_value *sample)
{
    const struct dmn_session session = {
        .models = models, .root = &models->models[0], .input = *sample};
    for (size_t i = 0; i < models->model_count; i++)
        for (size_t j = 0; j < models->models[i].node_count; j++) {
            struct dmn_node *node = models->models[i].nodes[j];
            const struct feel_value *found =
                node->kind == DMN_INPUT ? given_value(&session, node) : NULL;
            node->fits = found != NULL && feel_conforms_always(node->type, found);
        }
}

/* Adds `name: value` to the context of an import, or as a binding of its own. */
static bool bind(struct feel_run *run, struct feel_binding *bindings, size_t *count,
                 const struct dmn_requirement *requirement, const struct feel_value *value)
{
    if (requirement->import == NULL) {
        bindings[(*count)++] = (struct feel_binding){requirement->node->name, *value};
        return true;
    }
    size_t at = 0;
    while (at < *count && bindings[at].name != requirement->import)
        at++;
    size_t have = at < *count ? bindings[at].value.context.count : 0;
    struct feel_entry *entries = feel_alloc(run, have + 1, sizeof *entries);
    if (entries == NULL)
        return false;
    if (have > 0)
        memcpy(entries, bindings[at].value.context.entries, have * sizeof *entries);
    entries[have] = (struct feel_entry){requirement->node->name->text, *value};
    bindings[at] = (struct feel_binding){requirement->import, feel_context(entries, have + 1)};
    if (at == *count)
        (*count)++;
    return true;
}

static struct feel_frame *requirement_frame(struct feel_run *run, struct dmn_session *session,
                                            const struct dmn_node *node)
{
    struct {
        struct feel_frame frame;
        struct feel_binding bindings[];
    } *made = arena_alloc(run->arena,
                          sizeof *made + (node->requirement_count + 1) * sizeof *made->bindings);
    size_t count = 0;
    if (made == NULL) {
        (void)feel_alloc(run, SIZE_MAX, 1); /* says so */
        return NULL;
    }
    struct feel_frame *frame = &made->frame;
    struct feel_binding *bindings = made->bindings;
    for (size_t i = 0; i < node->requirement_count; i++) {
        struct feel_value value = dmn_node_value(run, session, node->requirements[i].node);
        if (!bind(run, bindings, &count, &node->requirements[i], &value))
            return NULL;
    }
    *frame = (struct feel_frame){.bindings = bindings, .count = count};
    return frame;
}

static struct feel_value decision_value(struct feel_run *run, struct dmn_session *session,
                                        const struct dmn_node *node)
{
    const struct dmn_observer *observer = session->observer;
    if (observer != NULL)
        observer->decision_start(observer->owner, node);
    const struct feel_frame *frame = requirement_frame(run, session, node);
    if (frame == NULL)
        return feel_null();
    const struct feel_place *place = run->place;
    void *host = run->host;
    run->place = node->place;
    run->host = session;
    struct feel_value value = feel_null();
    const struct feel_value *given = node->logic == NULL ? given_value(session, node) : NULL;
    if (node->logic != NULL)
        value = feel_evaluate(run, node->logic, frame);
    else if (given != NULL)
        value = *given;
    else
        (void)feel_note(run, NULL, "the decision has no logic");
    value = feel_coerce(run, node->type, &value, node->title);
    run->host = host;
    run->place = place;
    if (observer != NULL)
        observer->decision_end(observer->owner, node, &value);
    return value;
}

/* A function that also sees itself. */
static struct feel_value knowledge_value(struct feel_run *run, struct dmn_session *session,
                                         const struct dmn_node *node)
{
    static const struct feel_node nothing = {.op = FEEL_OP_LITERAL};
    struct feel_function *function = feel_alloc(run, 1, sizeof *function);
    struct feel_frame *frame = requirement_frame(run, session, node);
    if (function == NULL || frame == NULL)
        return feel_null();
    *function = (struct feel_function){.names = node->names,
                                       .types = node->types,
                                       .count = node->parameter_count,
                                       .body = node->logic == NULL ? &nothing : node->logic,
                                       .frame = frame,
                                       .place = node->place};
    const struct feel_type *base = node->type == NULL ? NULL : feel_base_type(node->type);
    function->result =
        base != NULL && base->form == FEEL_TYPE_FUNCTION ? base->element : node->type;
    struct feel_value value = {.kind = FEEL_FUNCTION, .function = function};
    struct feel_binding *bindings = (struct feel_binding *)(uintptr_t)frame->bindings;
    bindings[frame->count++] = (struct feel_binding){node->name, value};
    return value;
}

/* A decision service as a function: the encapsulated decisions see what was passed, and only that.
 * Other knowledge of the set is there for them as ever. */
static struct feel_value call_service(struct feel_run *run, const struct feel_function *function,
                                      const struct feel_value *arguments)
{
    const struct dmn_node *node = function->owner;
    struct dmn_session *outer = run->host;
    struct dmn_session *inner = feel_alloc(run, 1, sizeof *inner);
    if (inner == NULL)
        return feel_null();
    *inner = (struct dmn_session){.models = outer->models,
                                  .root = node->model,
                                  .observer = outer->observer,
                                  .depth = outer->depth + 1};
    if (inner->depth > DMN_REQUIREMENT_DEPTH_MAX)
        return feel_note(run, NULL, "decision services call each other too deep");
    inner->slots = feel_alloc(run, inner->models->node_count, sizeof *inner->slots);
    if (inner->slots == NULL)
        return feel_null();
    for (size_t i = 0; i < node->parameter_count; i++)
        inner->slots[node->parameters[i]->index] = (struct dmn_slot){DMN_SLOT_DONE, arguments[i]};
    struct feel_entry *entries = feel_alloc(run, node->output_count, sizeof *entries);
    if (entries == NULL)
        return feel_null();
    run->host = inner;
    for (size_t i = 0; i < node->output_count; i++)
        entries[i] = (struct feel_entry){node->outputs[i]->name->text,
                                         dmn_node_value(run, inner, node->outputs[i])};
    run->host = outer;
    struct feel_value value =
        node->output_count == 1 ? entries[0].value : feel_context(entries, node->output_count);
    return feel_coerce(run, function->result, &value, node->title);
}

static struct feel_value service_value(struct feel_run *run, const struct dmn_node *node)
{
    struct feel_function *function = feel_alloc(run, 1, sizeof *function);
    if (function == NULL)
        return feel_null();
    const struct feel_type *base = node->type == NULL ? NULL : feel_base_type(node->type);
    *function = (struct feel_function){
        .names = node->names,
        .types = node->types,
        .count = node->parameter_count,
        .result = base != NULL && base->form == FEEL_TYPE_FUNCTION ? base->element : node->type,
        .place = node->place,
        .host = call_service,
        .owner = node};
    return (struct feel_value){.kind = FEEL_FUNCTION, .function = function};
}

struct feel_value dmn_node_value(struct feel_run *run, struct dmn_session *session,
                                 const struct dmn_node *node)
{
    struct dmn_slot *slot = &session->slots[node->index];
    if (slot->state == DMN_SLOT_DONE)
        return slot->value;
    if (slot->state == DMN_SLOT_RUNNING)
        return feel_note(run, NULL, "%.*s requires itself", (int)node->title.size,
                         node->title.bytes);
    if (session->depth >= DMN_REQUIREMENT_DEPTH_MAX) {
        run->stop = "decisions require each other deeper than is allowed";
        return feel_null();
    }
    slot->state = DMN_SLOT_RUNNING;
    session->depth++;
    struct feel_value value = feel_null();
    if (node->kind == DMN_INPUT)
        value = input_value(run, session, node);
    else if (node->kind == DMN_DECISION)
        value = decision_value(run, session, node);
    else if (node->kind == DMN_KNOWLEDGE)
        value = knowledge_value(run, session, node);
    else
        value = service_value(run, node);
    session->depth--;
    *slot = (struct dmn_slot){DMN_SLOT_DONE, value};
    return value;
}

/* A service or function that is asked for is called with the input's entries as arguments. */
static struct feel_value call_with_input(struct feel_run *run, struct dmn_session *session,
                                         const struct dmn_node *node,
                                         const struct feel_value *function)
{
    const struct feel_function *f = function->function;
    struct feel_value *arguments = feel_alloc(run, f->count, sizeof *arguments);
    if (arguments == NULL)
        return feel_null();
    for (size_t i = 0; i < f->count; i++) {
        const struct feel_value *given =
            node->kind == DMN_SERVICE ? given_value(session, node->parameters[i]) : NULL;
        if (given == NULL && session->input.kind == FEEL_CONTEXT)
            given = feel_entry(&session->input, f->names[i]->text);
        if (given != NULL)
            arguments[i] = *given;
    }
    return feel_call(run, NULL, function, arguments, NULL, f->count);
}

static void report_notes(struct feel_run *run, struct dmn_result *result)
{
    size_t count = run->note_count < FEEL_NOTES_MAX ? run->note_count : FEEL_NOTES_MAX;
    if (count == 0 || run->notes == NULL)
        return;
    struct dmn_reason *reasons = arena_array(run->arena, count + 1, sizeof *reasons);
    for (size_t i = 0; reasons != NULL && i < count; i++) {
        const struct feel_note *note = &run->notes[i];
        reasons[i].text = note->text;
        if (note->place != NULL) {
            reasons[i].file = note->place->file;
            reasons[i].line = note->place->line;
            reasons[i].element = note->place->element;
        }
    }
    result->reasons = reasons;
    result->reason_count = reasons == NULL ? 0 : count;
}

enum status dmn_evaluate_observed(const struct dmn_models *models, const struct dmn_query *query,
                                  const struct dmn_observer *observer, struct arena *arena,
                                  struct dmn_result *result, struct error *error)
{
    *result = (struct dmn_result){.value = feel_null()};
    const struct dmn_model *model = dmn_find_model(models, query->model);
    const struct dmn_node *node = model == NULL ? NULL : dmn_find_node(model, query->node);
    if (node == NULL)
        return error_set(error, STATUS_NOT_FOUND, "there is no decision \"%s\" in %s", query->node,
                         query->model == NULL ? "the model" : query->model);
    struct {
        struct feel_run run;
        struct dmn_session session;
        struct dmn_slot slots[];
    } *made = arena_zalloc(arena, sizeof *made + models->node_count * sizeof *made->slots);
    if (made == NULL)
        return error_set(error, STATUS_EXHAUSTED, "%s: no memory to evaluate it", query->node);
    struct feel_run *run = &made->run;
    struct dmn_session *session = &made->session;
    *session = (struct dmn_session){.models = models,
                                    .root = model,
                                    .input = query->input,
                                    .expected = query->expected && model == &models->models[0],
                                    .slots = made->slots,
                                    .observer = observer};
    run->arena = arena;
    run->words = &models->words;
    run->zones = (struct feel_zones){.arena = arena, .parent = &models->zones};
    run->now_us = query->now_us;
    run->steps_max = query->steps > 0 ? query->steps : models->limits.steps;
    run->string_max = models->limits.string_bytes;
    run->list_max = models->limits.list_items;
    run->table = dmn_table_evaluate;
    run->host = session;
    struct feel_value value = dmn_node_value(run, session, node);
    if (value.kind == FEEL_FUNCTION && (node->kind == DMN_KNOWLEDGE || node->kind == DMN_SERVICE))
        value = call_with_input(run, session, node, &value);
    report_notes(run, result);
    result->steps = run->steps;
    if (run->stop != NULL)
        return error_set(error, STATUS_EXHAUSTED, "%s: %s", query->node, run->stop);
    result->value = value;
    return STATUS_OK;
}

enum status dmn_evaluate(const struct dmn_models *models, const struct dmn_query *query,
                         struct arena *arena, struct dmn_result *result, struct error *error)
{
    return dmn_evaluate_observed(models, query, NULL, arena, result, error);
}
