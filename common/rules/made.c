/* What rule sets are made into, where a service has no form of its own. */

#include "arena.h"
#include "common/dmn/dmn.h"
#include "message.h"
#include "rules.h"

#include <stdlib.h>
#include <string.h>

enum { FILES_MAX = 16 };

static enum status refuse_problems(const struct dmn_models *models, struct error *error)
{
    if (dmn_problem_count(models) == 0)
        return STATUS_OK;
    const struct dmn_problem *problem = dmn_problem(models, 0);
    return error_set(error, STATUS_INVALID, "%.*s:%u: %.*s: %.200s",
                     (int)(problem->file.size > 60 ? 60 : problem->file.size), problem->file.bytes,
                     problem->line,
                     (int)(problem->element.size > 100 ? 100 : problem->element.size),
                     problem->element.bytes, problem->text);
}

enum status rules_make_model(const void *context, const Redress__V1__RuleSet *set,
                             struct rules_made *made, struct error *error)
{
    (void)context;
    struct dmn_source sources[FILES_MAX];
    struct dmn_limits limits = dmn_default_limits();
    struct dmn_models *models;
    struct error why = {0};
    const Redress__V1__Model *model = set->model;
    limits.load_bytes = RULES_MADE_MAX;
    if (model->n_files > FILES_MAX)
        return error_set(error, STATUS_INVALID, "model.files: at most %d", FILES_MAX);
    for (size_t i = 0; i < model->n_files; i++)
        sources[i] = (struct dmn_source){.name = model->files[i]->name,
                                         .bytes = (const char *)model->files[i]->content.data,
                                         .size = model->files[i]->content.len};
    if (dmn_load(sources, model->n_files, &limits, &models, &why) != STATUS_OK)
        return error_set(error, STATUS_INVALID, "%.380s", why.text);
    enum status status = refuse_problems(models, error);
    if (status != STATUS_OK) {
        dmn_free(models);
        return status;
    }
    *made = (struct rules_made){.made = models, .bytes = dmn_memory(models)};
    return STATUS_OK;
}

void rules_release_model(void *made)
{
    dmn_free(made);
}

/* The message and the memory that it lives in; the message is what is handed out, so that it stands
 * first. */
struct owned_message {
    Redress__V1__RuleSet set;
    struct arena *arena;
};

enum status rules_make_message(const void *context, const Redress__V1__RuleSet *set,
                               struct rules_made *made, struct error *error)
{
    (void)context;
    struct owned_message *owned = calloc(1, sizeof *owned);
    struct arena *arena = arena_create(RULES_MADE_MAX);
    ProtobufCMessage *copy = NULL;
    uint8_t *bytes;
    size_t size;
    bool good = owned != NULL && arena != NULL &&
                message_pack(&set->base, arena, &bytes, &size) == STATUS_OK &&
                message_unpack(set->base.descriptor, bytes, size, arena, &copy, NULL) == STATUS_OK;
    if (!good) {
        arena_destroy(arena);
        free(owned);
        return error_set(error, STATUS_INVALID, "it takes more than %d bytes of memory",
                         RULES_MADE_MAX);
    }
    owned->set = *(Redress__V1__RuleSet *)copy;
    owned->arena = arena;
    *made = (struct rules_made){.made = &owned->set, .bytes = sizeof *owned + arena_used(arena)};
    return STATUS_OK;
}

void rules_release_message(void *made)
{
    struct owned_message *owned = made;
    arena_destroy(owned->arena);
    free(owned);
}
