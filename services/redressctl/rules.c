/* redressctl rules: keys that sign rule sets and decisions, publishing signed rule sets, and what
 * became of them. */

#include "clock.h"
#include "command.h"
#include "input_file.h"
#include "message.h"
#include "options.h"
#include "redress/v1/rules.pb-c.h"
#include "rule_publisher.h"
#include "rules_listing.h"
#include "session.h"
#include "signature.h"
#include "sink.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    RULES_FILE_MAX = 1024 * 1024, /* bytes of a file that is read */
    RULES_ARENA_MAX = 16 * 1024 * 1024,
    WAIT_MAX_S = 86400
};

/* A file as it is read. */
struct content {
    struct arena *arena;
    char *bytes;
    size_t size;
};

static enum status take_bytes(void *context, const void *bytes, size_t size, struct error *error)
{
    struct content *content = context;
    if (size > RULES_FILE_MAX - content->size)
        return error_set(error, STATUS_INVALID, "it is larger than 1 MiB");
    memcpy(content->bytes + content->size, bytes, size);
    content->size += size;
    content->bytes[content->size] = '\0';
    return STATUS_OK;
}

static enum status read_file(const char *path, struct arena *arena, struct content *content,
                             struct error *error)
{
    *content = (struct content){.arena = arena, .bytes = arena_alloc(arena, RULES_FILE_MAX + 1)};
    if (content->bytes == NULL)
        return error_set(error, STATUS_EXHAUSTED, "no memory");
    content->bytes[0] = '\0';
    return input_file_read(path, take_bytes, content, error);
}

static enum status read_key(const char *path, struct arena *arena, struct signature_secret *secret,
                            struct error *error)
{
    struct content content;
    struct error why = {""};
    enum status status = read_file(path, arena, &content, error);
    if (status == STATUS_OK && signature_secret_read(content.bytes, secret, &why) != STATUS_OK)
        status = error_set(error, STATUS_INVALID, "%s: %.300s", path, why.text);
    return status;
}

static enum status make_key(const char *id, struct error *error)
{
    struct signature_secret secret;
    char text[SIGNATURE_TEXT_MAX];
    enum status status = signature_secret_make(id, &secret, error);
    if (status != STATUS_OK)
        return status;
    puts(signature_secret_text(&secret, text));
    explicit_bzero(text, sizeof text);
    signature_secret_wipe(&secret);
    return STATUS_OK;
}

/* The public keys of files, as REDRESS_RULES_KEYS wants them. */
static enum status print_public(char *const *paths, int count, struct error *error)
{
    struct arena *arena = arena_create(RULES_ARENA_MAX);
    enum status status =
        arena == NULL ? error_set(error, STATUS_EXHAUSTED, "no memory") : STATUS_OK;
    for (int i = 0; i < count && status == STATUS_OK; i++) {
        struct signature_secret secret;
        char text[SIGNATURE_TEXT_MAX];
        status = read_key(paths[i], arena, &secret, error);
        if (status == STATUS_OK)
            printf("%s%s", i == 0 ? "" : ",", signature_public_text(&secret, text));
        signature_secret_wipe(&secret);
    }
    if (status == STATUS_OK)
        putchar('\n');
    arena_destroy(arena);
    return status;
}

struct publish_options {
    struct option_values signers, models, applications;
    const char *valid_from, *correction, *merchant;
    int64_t wait_s;
    bool again, all, json;
};

struct publishing {
    const struct publish_options *options;
    struct arena *arena;
    Redress__V1__RuleSet *set;
};

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

/* Puts the files into the model, and its hash. */
static enum status add_models(struct publishing *publishing, struct error *error)
{
    size_t count = publishing->options->models.count;
    struct arena *arena = publishing->arena;
    Redress__V1__Model *model = publishing->set->model;
    if (count == 0)
        return STATUS_OK;
    if (publishing->set->rules_case != REDRESS__V1__RULE_SET__RULES_MODEL)
        return error_set(error, STATUS_INVALID, "--model is for a rule set with a model");
    Redress__V1__ModelFile *files = arena_array(arena, count, sizeof *files);
    model->files = arena_array(arena, count, sizeof *model->files);
    model->sha256 = arena_alloc(arena, 65);
    for (size_t i = 0; i < count && files != NULL && model->files != NULL; i++) {
        struct content content;
        const char *path = publishing->options->models.items[i];
        enum status status = read_file(path, arena, &content, error);
        if (status != STATUS_OK)
            return status;
        redress__v1__model_file__init(&files[i]);
        files[i].name = arena_strdup(arena, base_name(path));
        files[i].content = (ProtobufCBinaryData){content.size, (uint8_t *)content.bytes};
        model->files[i] = &files[i];
    }
    model->n_files = count;
    if (arena_exhausted(arena))
        return error_set(error, STATUS_EXHAUSTED, "no memory");
    (void)signature_model_hash(model, model->sha256);
    return STATUS_OK;
}

static Redress__V1__Application *find_application(const Redress__V1__Roster *roster, const char *id,
                                                  size_t size)
{
    for (size_t i = 0; i < roster->n_applications; i++)
        if (strlen(roster->applications[i]->id) == size &&
            memcmp(roster->applications[i]->id, id, size) == 0)
            return roster->applications[i];
    return NULL;
}

/* ID=KEYFILE: the application's public key is that of the file. */
static enum status add_application(struct publishing *publishing, const char *said,
                                   struct error *error)
{
    const char *equals = strchr(said, '=');
    struct signature_secret secret;
    if (equals == NULL || publishing->set->rules_case != REDRESS__V1__RULE_SET__RULES_ROSTER)
        return error_set(error, STATUS_INVALID, "--application is ID=KEYFILE, for a roster");
    Redress__V1__Application *application =
        find_application(publishing->set->roster, said, (size_t)(equals - said));
    if (application == NULL)
        return error_set(error, STATUS_INVALID, "the roster has no application %s", said);
    enum status status = read_key(equals + 1, publishing->arena, &secret, error);
    if (status != STATUS_OK)
        return status;
    application->key_id = arena_strdup(publishing->arena, secret.id);
    application->public_key.data = arena_memdup(publishing->arena, secret.key, sizeof secret.key);
    application->public_key.len = sizeof secret.key;
    signature_secret_wipe(&secret);
    return STATUS_OK;
}

static enum status complete(struct publishing *publishing, struct error *error)
{
    const struct publish_options *options = publishing->options;
    int64_t from_us = 0;
    if (options->valid_from != NULL) {
        if (clock_parse(options->valid_from, &from_us) != STATUS_OK)
            return error_set(error, STATUS_INVALID,
                             "--valid-from: a time such as "
                             "2026-12-01T00:00:00Z");
        publishing->set->valid_from = message_timestamp(publishing->arena, from_us);
    }
    if (options->correction != NULL)
        publishing->set->correction = sink_text(options->correction);
    if (options->merchant != NULL)
        publishing->set->merchant_id = sink_text(options->merchant);
    publishing->set->published_at = NULL;
    enum status status = add_models(publishing, error);
    for (size_t i = 0; i < options->applications.count && status == STATUS_OK; i++)
        status = add_application(publishing, options->applications.items[i], error);
    return status;
}

static enum status send(const struct session *session, const struct publishing *publishing,
                        struct error *error)
{
    const struct publish_options *options = publishing->options;
    struct rule_publication publication = {.set = publishing->set,
                                           .key_count = options->signers.count,
                                           .again = options->again,
                                           .wait_s = options->wait_s};
    struct rule_outcome outcome;
    if (options->signers.count < 1 || options->signers.count > RULE_KEYS_MAX)
        return error_set(error, STATUS_INVALID, "--key FILE: one, or two for a roster and limits");
    for (size_t i = 0; i < options->signers.count; i++)
        publication.keys[i] = options->signers.items[i];
    enum status status = rule_publish(session, &publication, publishing->arena, &outcome, error);
    return status == STATUS_OK ? rule_tell(&publication, &outcome, options->json, error) : status;
}

static enum status publish(const struct session *session, const struct publish_options *options,
                           const char *path, struct error *error)
{
    struct publishing publishing = {.options = options, .arena = arena_create(RULES_ARENA_MAX)};
    struct content content;
    ProtobufCMessage *message = NULL;
    enum status status = publishing.arena == NULL
                             ? error_set(error, STATUS_EXHAUSTED, "no memory")
                             : read_file(path, publishing.arena, &content, error);
    if (status == STATUS_OK)
        status = message_from_json_text(&redress__v1__rule_set__descriptor, content.bytes,
                                        content.size, publishing.arena, &message, error);
    publishing.set = (Redress__V1__RuleSet *)message;
    if (status == STATUS_OK)
        status = complete(&publishing, error);
    if (status == STATUS_OK)
        status = send(session, &publishing, error);
    arena_destroy(publishing.arena);
    return status;
}

static const char rules_help[] =
    "rules key ID prints a new secret key; rules public KEYFILE... its public keys, as\n"
    "REDRESS_RULES_KEYS wants them. rules publish FILE publishes a RuleSet (JSON, without\n"
    "publishedAt and signatures; without a version it gets the next one of its id), signed, and\n"
    "waits for the verdict of the worker that checks its kind. A roster and limits need the\n"
    "signatures of two keys. What says the same as the latest version is not published again.\n"
    "rules list shows what the workers have accepted.";

static enum status run(const struct session *session, const struct publish_options *options,
                       char *const *arguments, int count, struct error *error)
{
    if (strcmp(arguments[0], "key") == 0 && count == 2)
        return make_key(arguments[1], error);
    if (strcmp(arguments[0], "public") == 0)
        return print_public(arguments + 1, count - 1, error);
    if (strcmp(arguments[0], "publish") == 0 && count == 2)
        return publish(session, options, arguments[1], error);
    if (strcmp(arguments[0], "list") == 0 && count == 1)
        return rules_list(session, false, options->all, options->json, error);
    return error_set(error, STATUS_INVALID,
                     "wanted: key ID, public KEYFILE..., publish FILE, or list");
}

int command_rules(int argc, char **argv)
{
    static const struct usage usage = {.arguments =
                                           "key ID | public KEYFILE... | publish FILE | list",
                                       .text = rules_help,
                                       .least = 1,
                                       .most = 9};
    struct publish_options options = {.wait_s = RULE_WAIT_S};
    const struct option_row rows[] = {
        {"key", OPTION_VALUES, "KEYFILE", "a secret key that signs", &options.signers, 0, 0},
        {"model", OPTION_VALUES, "FILE", "a file of the model", &options.models, 0, 0},
        {"application", OPTION_VALUES, "ID=KEYFILE", "the key of an application of the roster",
         &options.applications, 0, 0},
        {"valid-from", OPTION_TEXT, "TIME", "from when it holds (at once)", &options.valid_from, 0,
         0},
        {"correction", OPTION_TEXT, "TEXT", "why it holds from a time in the past",
         &options.correction, 0, 0},
        {"merchant", OPTION_TEXT, "ID", "of this merchant, whatever the file says",
         &options.merchant, 0, 0},
        {"again", OPTION_FLAG, NULL, "also if the latest version says the same", &options.again, 0,
         0},
        {"wait", OPTION_NUMBER, "S", "how long to wait for the verdict; 0: not at all (30)",
         &options.wait_s, 0, WAIT_MAX_S},
        {"all", OPTION_FLAG, NULL, "list what was refused, too", &options.all, 0, 0},
        {"json", OPTION_FLAG, NULL, "print JSON", &options.json, 0, 0},
    };
    struct command_line line;
    struct error error = {0};
    if (!command_read(&usage, rows, sizeof rows / sizeof *rows, argc, argv, &line))
        return line.code;
    return command_end(argv[0], run(&line.session, &options, line.arguments, line.count, &error),
                       &error);
}
