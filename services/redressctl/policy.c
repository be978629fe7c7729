/* redressctl policy: finds the action and runs it. */

#include "policy.h"

#include "assessment/facts.h"
#include "command.h"
#include "input_file.h"
#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct action {
    const char *name, *arguments, *help;
    int (*run)(int argc, char **argv);
    char whole_name[32];
} actions[] = {
#define X(action_name, action_arguments, action_help) \
    {#action_name, action_arguments, action_help, policy_##action_name, "policy " #action_name},
    POLICY_ACTION_ROWS(X)
#undef X
};
enum { ACTION_COUNT = sizeof actions / sizeof *actions };

static void print_help(FILE *out)
{
    fputs("usage: redressctl policy ACTION [OPTION]... [ARGUMENT]...\n\n"
          "What one does with policy models. 'redressctl policy ACTION --help' tells more.\n\n",
          out);
    for (size_t i = 0; i < ACTION_COUNT; i++)
        fprintf(out, "  %-8s %-8s %s\n", actions[i].name, actions[i].arguments, actions[i].help);
}

int command_policy(int argc, char **argv)
{
    if (argc < 2)
        return options_refuse(argv[0], "an action is missing");
    if (strcmp(argv[1], "--help") == 0) {
        print_help(stdout);
        return COMMAND_OK;
    }
    for (size_t i = 0; i < ACTION_COUNT; i++)
        if (strcmp(argv[1], actions[i].name) == 0) {
            char name[sizeof actions[i].whole_name];
            memcpy(name, actions[i].whole_name, sizeof name);
            argv[1] = name;
            return actions[i].run(argc - 1, argv + 1);
        }
    return options_refuse(argv[0], "there is no policy %s", argv[1]);
}

struct content {
    char *bytes;
    size_t size;
};

static enum status take_bytes(void *context, const void *bytes, size_t size, struct error *error)
{
    struct content *content = context;
    if (size > dmn_default_limits().model_bytes + 1 - content->size)
        return error_set(error, STATUS_INVALID, "a model file has at most %zu bytes",
                         dmn_default_limits().model_bytes);
    memcpy(content->bytes + content->size, bytes, size);
    content->size += size;
    return STATUS_OK;
}

static enum status read_file(const char *path, struct dmn_source *source, struct error *error)
{
    const char *slash = strrchr(path, '/');
    struct content content = {.bytes = malloc(dmn_default_limits().model_bytes + 1)};
    *source = (struct dmn_source){.name = slash == NULL ? path : slash + 1, .bytes = content.bytes};
    if (content.bytes == NULL)
        return error_set(error, STATUS_EXHAUSTED, "no memory");
    struct error why = {""};
    enum status status = input_file_read(path, take_bytes, &content, &why);
    source->size = content.size;
    return status == STATUS_OK ? STATUS_OK : error_set(error, status, "%s: %s", path, why.text);
}

enum status policy_load(char **files, int count, struct dmn_models **models, struct error *error)
{
    struct dmn_source sources[POLICY_FILES_MAX] = {{0}};
    enum status status = STATUS_OK;
    *models = NULL;
    if (count > POLICY_FILES_MAX)
        return error_set(error, STATUS_INVALID, "a model has at most %d files", POLICY_FILES_MAX);
    for (int i = 0; i < count && status == STATUS_OK; i++)
        status = read_file(files[i], &sources[i], error);
    if (status == STATUS_OK)
        status = dmn_load(sources, (size_t)count, NULL, models, error);
    for (int i = 0; i < count; i++)
        free((char *)(uintptr_t)sources[i].bytes);
    return status;
}

bool policy_has_decision(const struct dmn_models *models, const char *name)
{
    enum { ARENA_BYTES = 64 * 1024 * 1024 };
    const struct dmn_query query = {.node = name, .steps = 1};
    struct dmn_result result;
    struct error error;
    struct arena *arena = arena_create(ARENA_BYTES);
    bool found =
        arena != NULL && dmn_evaluate(models, &query, arena, &result, &error) != STATUS_NOT_FOUND;
    arena_destroy(arena);
    return found;
}

enum status policy_load_valid(char **files, int count, struct dmn_models **models,
                              struct error *error)
{
    enum status status = policy_load(files, count, models, error);
    if (status == STATUS_OK && dmn_problem_count(*models) > 0) {
        const struct dmn_problem *problem = dmn_problem(*models, 0);
        status = error_set(error, STATUS_INVALID, "%.*s:%u: %.*s: %s; see redressctl policy check",
                           (int)problem->file.size, problem->file.bytes, problem->line,
                           (int)problem->element.size, problem->element.bytes, problem->text);
    }
    if (status == STATUS_OK && !policy_has_decision(*models, ASSESSMENT_DECISION))
        status = error_set(error, STATUS_INVALID,
                           "there is no decision \"%s\" in the model: it is no policy",
                           ASSESSMENT_DECISION);
    if (status == STATUS_OK && facts_expect(*models) != STATUS_OK)
        status = error_set(error, STATUS_EXHAUSTED, "no memory for the model's facts");
    if (status != STATUS_OK) {
        dmn_free(*models);
        *models = NULL;
    }
    return status;
}
