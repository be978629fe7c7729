/* redressctl policy publish, policy list: models to the workers, and what became of them. */

#include "arena.h"
#include "clock.h"
#include "command.h"
#include "input_file.h"
#include "message.h"
#include "options.h"
#include "policy.h"
#include "rule_publisher.h"
#include "rules_listing.h"
#include "session.h"
#include "signature.h"

#include <stdio.h>
#include <string.h>

enum {
    FILES_MAX = 16,
    FILE_BYTES_MAX = 1024 * 1024, /* of one file */
    ARENA_MAX = 64 * 1024 * 1024,
    WAIT_MAX_S = 86400
};

struct model_options {
    struct option_values keys;
    const char *valid_from, *merchant, *id, *judged_by, *correction, *purpose;
    int64_t wait_s, version;
    bool again, json, all;
};

struct content {
    uint8_t *bytes;
    size_t size;
};

static enum status take_bytes(void *context, const void *bytes, size_t size, struct error *error)
{
    struct content *content = context;
    if (size > FILE_BYTES_MAX - content->size)
        return error_set(error, STATUS_INVALID, "more than %d bytes: a model file has at most that",
                         FILE_BYTES_MAX);
    memcpy(content->bytes + content->size, bytes, size);
    content->size += size;
    return STATUS_OK;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

static enum status add_file(Redress__V1__Model *model, const char *path, struct arena *arena,
                            struct error *error)
{
    struct content content = {.bytes = arena_alloc(arena, FILE_BYTES_MAX)};
    Redress__V1__ModelFile *file = arena_alloc(arena, sizeof *file);
    struct error why = {0};
    if (content.bytes == NULL || file == NULL)
        return error_set(error, STATUS_EXHAUSTED, "no memory");
    enum status status = input_file_read(path, take_bytes, &content, &why);
    if (status != STATUS_OK)
        return error_set(error, status, "%s: %.400s", path, why.text);
    redress__v1__model_file__init(file);
    file->name = arena_strdup(arena, base_name(path));
    file->content = (ProtobufCBinaryData){content.size, content.bytes};
    model->files[model->n_files++] = file;
    return STATUS_OK;
}

/* "shop" of "policies/shop.dmn". */
static char *id_of(const struct model_options *options, const char *path, struct arena *arena)
{
    const char *name = options->id == NULL ? base_name(path) : options->id;
    const char *dot = options->id == NULL ? strrchr(name, '.') : NULL;
    return arena_strndup(arena, name, dot == NULL ? strlen(name) : (size_t)(dot - name));
}

static enum status set_words(Redress__V1__RuleSet *set, const struct model_options *options,
                             struct error *error)
{
    if (strcmp(options->purpose, "policy") == 0)
        set->model->purpose = REDRESS__V1__MODEL_PURPOSE__MODEL_PURPOSE_POLICY;
    else if (strcmp(options->purpose, "authority") == 0)
        set->model->purpose = REDRESS__V1__MODEL_PURPOSE__MODEL_PURPOSE_AUTHORITY;
    else
        return error_set(error, STATUS_INVALID, "--purpose: policy or authority");
    if (strcmp(options->judged_by, "request") == 0)
        set->model->judged_by = REDRESS__V1__JUDGED_BY__JUDGED_BY_REQUEST;
    else if (strcmp(options->judged_by, "purchase") == 0)
        set->model->judged_by = REDRESS__V1__JUDGED_BY__JUDGED_BY_PURCHASE;
    else
        return error_set(error, STATUS_INVALID, "--judged-by: request or purchase");
    return STATUS_OK;
}

/* "now" is from its publication. */
static enum status set_begin(Redress__V1__RuleSet *set, const struct model_options *options,
                             struct arena *arena, struct error *error)
{
    int64_t from_us;
    if (strcmp(options->valid_from, "now") == 0)
        return STATUS_OK;
    if (clock_parse(options->valid_from, &from_us) != STATUS_OK)
        return error_set(error, STATUS_INVALID,
                         "--valid-from %s: now, or a time such as 2026-01-31T00:00:00Z",
                         options->valid_from);
    set->valid_from = message_timestamp(arena, from_us);
    return set->valid_from == NULL ? error_set(error, STATUS_EXHAUSTED, "no memory") : STATUS_OK;
}

static enum status build(char **files, int count, const struct model_options *options,
                         struct arena *arena, Redress__V1__RuleSet *set, struct error *error)
{
    char *hash = arena_alloc(arena, 65);
    set->id = id_of(options, files[0], arena);
    set->merchant_id = arena_strdup(arena, options->merchant);
    set->correction = arena_strdup(arena, options->correction);
    set->version = options->version;
    set->model->files = arena_array(arena, FILES_MAX, sizeof(void *));
    if (hash == NULL || set->id == NULL || set->model->files == NULL)
        return error_set(error, STATUS_EXHAUSTED, "no memory");
    enum status status = set_words(set, options, error);
    if (status == STATUS_OK)
        status = set_begin(set, options, arena, error);
    for (int i = 0; status == STATUS_OK && i < count; i++)
        status = add_file(set->model, files[i], arena, error);
    set->model->sha256 = signature_model_hash(set->model, hash);
    return status;
}

static enum status publish(const struct session *session, char **files, int count,
                           const struct model_options *options, struct error *error)
{
    Redress__V1__RuleSet set = REDRESS__V1__RULE_SET__INIT;
    Redress__V1__Model model = REDRESS__V1__MODEL__INIT;
    struct rule_publication publication = {.set = &set,
                                           .again = options->again,
                                           .wait_s = options->wait_s,
                                           .key_count = options->keys.count};
    struct rule_outcome outcome;
    struct arena *arena = arena_create(ARENA_MAX);
    if (arena == NULL)
        return error_set(error, STATUS_EXHAUSTED, "no memory");
    for (size_t i = 0; i < options->keys.count; i++)
        publication.keys[i] = options->keys.items[i];
    set.rules_case = REDRESS__V1__RULE_SET__RULES_MODEL;
    set.model = &model;
    enum status status = build(files, count, options, arena, &set, error);
    if (status == STATUS_OK)
        status = rule_publish(session, &publication, arena, &outcome, error);
    if (status == STATUS_OK)
        status = rule_tell(&publication, &outcome, options->json, error);
    arena_destroy(arena);
    return status;
}

int policy_publish(int argc, char **argv)
{
    static const struct usage usage = {
        .arguments = "FILE...",
        .text =
            "Publishes the files of one model as the next version of its id, signed, and waits\n"
            "for the verdict: policy checks policy models, routing authority models. It holds\n"
            "for requests (or purchases) from TIME on; in the past only as a correction. What\n"
            "says the same as the latest version is not published again.",
        .least = 1,
        .most = FILES_MAX,
    };
    struct model_options options = {.valid_from = "now",
                                    .merchant = "",
                                    .judged_by = "request",
                                    .correction = "",
                                    .purpose = "policy",
                                    .wait_s = RULE_WAIT_S};
    const struct option_row rows[] = {
        {"key", OPTION_VALUES, "FILE", "secret key to sign with", &options.keys, 0, 0},
        {"valid-from", OPTION_TEXT, "TIME", "from when it holds (now)", &options.valid_from, 0, 0},
        {"purpose", OPTION_TEXT, "WORD", "policy or authority (policy)", &options.purpose, 0, 0},
        {"judged-by", OPTION_TEXT, "WORD", "request or purchase (request)", &options.judged_by, 0,
         0},
        {"merchant", OPTION_TEXT, "ID", "for this merchant (all that have none of their own)",
         &options.merchant, 0, 0},
        {"id", OPTION_TEXT, "ID", "of the model (the first file's name)", &options.id, 0, 0},
        {"version", OPTION_NUMBER, "N", "of the model (the next one of its id)", &options.version,
         1, 1000000000},
        {"correction", OPTION_TEXT, "REASON", "why it may begin in the past", &options.correction,
         0, 0},
        {"again", OPTION_FLAG, NULL, "also if the latest version says the same", &options.again, 0,
         0},
        {"wait", OPTION_NUMBER, "S", "how long to wait for the verdict; 0: not at all (30)",
         &options.wait_s, 0, WAIT_MAX_S},
        {"json", OPTION_FLAG, NULL, "print JSON", &options.json, 0, 0},
    };
    struct command_line line;
    struct error error = {0};
    if (!command_read(&usage, rows, sizeof rows / sizeof *rows, argc, argv, &line))
        return line.code;
    if (options.keys.count < 1 || options.keys.count > RULE_KEYS_MAX)
        return options_refuse(argv[0], "--key FILE is needed: models are signed");
    return command_end(
        argv[0], publish(&line.session, line.arguments, line.count, &options, &error), &error);
}

int policy_list(int argc, char **argv)
{
    static const struct usage usage = {
        .arguments = "",
        .text = "Lists the policy and authority models that were accepted, in the order in which\n"
                "they come into force.",
    };
    struct model_options options = {.all = false};
    const struct option_row rows[] = {
        {"all", OPTION_FLAG, NULL, "those that were refused, too", &options.all, 0, 0},
        {"json", OPTION_FLAG, NULL, "print JSON", &options.json, 0, 0},
    };
    struct command_line line;
    struct error error = {0};
    if (!command_read(&usage, rows, sizeof rows / sizeof *rows, argc, argv, &line))
        return line.code;
    return command_end(argv[0], rules_list(&line.session, true, options.all, options.json, &error),
                       &error);
}
