/* redressctl dead-letters: what could not be processed: lists it, shows it, publishes it again. */

#include "arena.h"
#include "clock.h"
#include "command.h"
#include "known_words.h"
#include "options.h"
#include "outbox.h"
#include "record_json.h"
#include "redress/v1/dead_letter.pb-c.h"
#include "replay.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    LETTERS_ARENA_MAX = 64 * 1024 * 1024,
    LETTER_TEXT_MAX = 600,                  /* bytes of a header that describes the dead letter */
    LETTERS_ORIGINAL_BYTES_MAX = 256 * 1024 /* of original headers */
};

static const char prefix[] = "redress_";

/* X(field, header): what the dead letter says about itself; see DeadLetterHeaders */
#define LETTER_ROWS(X)                \
    X(worker, "redress_worker")       \
    X(topic, "redress_topic")         \
    X(partition, "redress_partition") \
    X(offset, "redress_offset")       \
    X(timestamp, "redress_timestamp") \
    X(reason, "redress_reason")       \
    X(field, "redress_field")         \
    X(value, "redress_value")         \
    X(rule, "redress_rule")           \
    X(sha256, "redress_sha256")       \
    X(bytes, "redress_bytes")         \
    X(truncated, "redress_truncated")

struct letter {
#define X(field, header) char field[LETTER_TEXT_MAX];
    LETTER_ROWS(X)
#undef X
};

static void put(char text[LETTER_TEXT_MAX], const void *value, size_t size)
{
    (void)snprintf(text, LETTER_TEXT_MAX, "%.*s", (int)size,
                   value == NULL ? "" : (const char *)value);
}

static enum status take_letter_header(void *context, const char *name, const void *value,
                                      size_t size)
{
    struct letter *letter = context;
#define X(field, header)           \
    if (strcmp(name, header) == 0) \
        put(letter->field, value, size);
    LETTER_ROWS(X)
#undef X
    return STATUS_OK;
}

static void letter_read(const struct record *record, struct letter *letter)
{
    memset(letter, 0, sizeof *letter);
    if (record_headers(record, take_letter_header, letter) != STATUS_OK)
        put(letter->reason, "?", 1);
}

struct letters_options {
    const char *reason;
    const char *topic;
    const char *key;
    bool all;
    bool json;
};

/* One run of a subcommand over the topic. */
struct letters {
    const struct letters_options *options;
    char *const *wanted; /* "partition:offset" or "offset" */
    int wanted_count;
    json_t *list;
    struct arena *arena;
    struct outbox *outbox;
    int64_t matched;
};

static bool named(const struct letters *letters, const struct record *record)
{
    char full[64];
    (void)snprintf(full, sizeof full, "%" PRId32 ":%" PRId64, record->partition, record->offset);
    for (int i = 0; i < letters->wanted_count; i++)
        if (strcmp(letters->wanted[i], full) == 0 ||
            (record->partition == 0 && strcmp(letters->wanted[i], full + 2) == 0))
            return true;
    return false;
}

static bool matches(const struct letters *letters, const struct record *record,
                    const struct letter *letter)
{
    const struct letters_options *options = letters->options;
    if (letters->wanted_count > 0)
        return named(letters, record);
    return (options->reason == NULL || strcasecmp(options->reason, letter->reason) == 0) &&
           (options->topic == NULL || strcmp(options->topic, letter->topic) == 0);
}

static json_t *letter_json(const struct record *record, const struct letter *letter)
{
    json_t *json = json_pack("{s:I}", "id", (json_int_t)record->offset);
#define X(field, header)          \
    if (letter->field[0] != '\0') \
        json_object_set_new(json, #field, json_string(letter->field));
    LETTER_ROWS(X)
#undef X
    json_object_set_new(json, "key",
                        record->key == NULL ? json_null()
                                            : json_stringn(record->key, record->key_size));
    return json;
}

static enum status list_one(void *context, const struct record *record, struct error *error)
{
    struct letters *letters = context;
    struct letter letter;
    (void)error;
    letter_read(record, &letter);
    if (!matches(letters, record, &letter))
        return STATUS_OK;
    letters->matched++;
    if (letters->options->json) {
        json_array_append_new(letters->list, letter_json(record, &letter));
        return STATUS_OK;
    }
    printf("%-8" PRId64 " %-26s %-22s %-26s %s%s%s: %s\n", record->offset, letter.timestamp,
           letter.reason, letter.topic, letter.field, letter.value[0] == '\0' ? "" : " ",
           letter.value, letter.rule);
    return STATUS_OK;
}

static enum status show_one(void *context, const struct record *record, struct error *error)
{
    struct letters *letters = context;
    struct letter letter;
    (void)error;
    letter_read(record, &letter);
    if (!matches(letters, record, &letter))
        return STATUS_OK;
    letters->matched++;
    json_t *json = record_to_json(record, topic_find(letter.topic), letters->arena);
    command_print(json);
    json_decref(json);
    return STATUS_OK;
}

/* The original headers of a record, copied. */
struct originals {
    struct header items[BROKER_HEADERS_MAX];
    size_t count;
    struct arena *arena;
};

static enum status take_original(void *context, const char *name, const void *value, size_t size)
{
    struct originals *originals = context;
    if (strncmp(name, prefix, sizeof prefix - 1) == 0)
        return STATUS_OK;
    if (originals->count == BROKER_HEADERS_MAX)
        return STATUS_EXHAUSTED;
    struct header *header = &originals->items[originals->count++];
    header->name = arena_strdup(originals->arena, name);
    header->value = size == 0 ? "" : arena_memdup(originals->arena, value, size);
    header->size = size;
    return arena_exhausted(originals->arena) ? STATUS_EXHAUSTED : STATUS_OK;
}

/* Value, key and headers as they were; the partition as it should be. */
static enum status redrive_one(void *context, const struct record *record, struct error *error)
{
    struct letters *letters = context;
    struct letter letter;
    struct originals originals = {.count = 0, .arena = letters->arena};
    letter_read(record, &letter);
    if (!matches(letters, record, &letter))
        return STATUS_OK;
    enum topic topic = topic_find(letter.topic);
    if (topic == TOPIC_COUNT || topic == TOPIC_DEAD_LETTERS)
        return error_set(error, STATUS_INVALID, "dead letter %" PRId64 ": there is no topic %s",
                         record->offset, letter.topic);
    if (strcmp(letter.truncated, "true") == 0)
        return error_set(error, STATUS_INVALID,
                         "dead letter %" PRId64
                         ": only a part of it was kept; publish the original",
                         record->offset);
    arena_reset(letters->arena);
    if (record_headers(record, take_original, &originals) != STATUS_OK)
        return error_set(error, STATUS_EXHAUSTED, "dead letter %" PRId64 ": too many headers",
                         record->offset);
    const char *key = letters->options->key;
    letters->matched++;
    return outbox_send_raw(letters->outbox, topic, -1, key != NULL ? key : record->key,
                           key != NULL ? strlen(key) : record->key_size, record->value,
                           record->value_size, originals.items, originals.count, error);
}

struct action {
    const char *name;
    record_taker *take;
};

static const struct action actions[] = {
    {"list", list_one},
    {"show", show_one},
    {"redrive", redrive_one},
};

static enum status finish(const struct action *action, struct letters *letters, struct error *error)
{
    if (action->take == list_one) {
        if (letters->options->json) {
            json_dumpf(letters->list, stdout, JSON_INDENT(2));
            putchar('\n');
        } else {
            printf("%" PRId64 " dead letters\n", letters->matched);
        }
        return STATUS_OK;
    }
    if (letters->matched < letters->wanted_count)
        return error_set(error, STATUS_NOT_FOUND, "there are %" PRId64 " of %d dead letters",
                         letters->matched, letters->wanted_count);
    if (action->take != redrive_one)
        return STATUS_OK;
    enum status status = outbox_flush(letters->outbox, error);
    if (status == STATUS_OK)
        printf(letters->options->json ? "{\"redriven\": %" PRId64 "}\n"
                                      : "%" PRId64 " dead letters published again\n",
               letters->matched);
    return status;
}

static enum status run(const struct session *session, const struct action *action,
                       struct letters *letters, struct error *error)
{
    static const enum topic topic = TOPIC_DEAD_LETTERS;
    const struct replay replay = {.topics = &topic, .topic_count = 1};
    enum status status = STATUS_OK;
    letters->arena = arena_create(LETTERS_ARENA_MAX);
    letters->list = json_array();
    if (letters->arena == NULL || letters->list == NULL)
        status = error_set(error, STATUS_EXHAUSTED, "no memory");
    if (status == STATUS_OK && action->take == redrive_one)
        status = outbox_open(session, &letters->outbox, error);
    if (status == STATUS_OK)
        status = replay_run(session, &replay, action->take, letters, error);
    if (status == STATUS_OK)
        status = finish(action, letters, error);
    outbox_close(letters->outbox);
    json_decref(letters->list);
    arena_destroy(letters->arena);
    return status;
}

static bool topic_known(const char *command, const char *name)
{
    const char *names[TOPIC_COUNT];
    for (int topic = 0; topic < TOPIC_COUNT; topic++)
        names[topic] = topic_info((enum topic)topic)->name;
    return known_word(command, "topic", name, names, TOPIC_COUNT);
}

int command_dead_letters(int argc, char **argv)
{
    static const struct usage usage = {
        .arguments = "list | show ID... | redrive ID...|--all",
        .text = "list prints a line for each: id, time, reason, topic, field, value and rule. show "
                "prints\n"
                "all of it. redrive publishes the original value, key and headers to the original "
                "topic,\n"
                "where they meet the normal checks. ID is the first column of list.",
        .least = 1,
        .most = 10000,
    };
    struct letters_options options = {0};
    const struct option_row rows[] = {
        {"reason", OPTION_TEXT, "REASON", "only with this reason, such as MALFORMED",
         &options.reason, 0, 0},
        {"topic", OPTION_TEXT, "TOPIC", "only from this topic", &options.topic, 0, 0},
        {"all", OPTION_FLAG, NULL, "redrive: every one that --reason and --topic leave",
         &options.all, 0, 0},
        {"key", OPTION_TEXT, "KEY", "redrive: with this key instead of the original one",
         &options.key, 0, 0},
        {"json", OPTION_FLAG, NULL, "print JSON", &options.json, 0, 0},
    };
    struct command_line line;
    struct error error = {0};
    if (!command_read(&usage, rows, sizeof rows / sizeof *rows, argc, argv, &line))
        return line.code;
    if (!known_enum_word(argv[0], "reason", options.reason,
                         &redress__v1__dead_letter_reason__descriptor) ||
        !topic_known(argv[0], options.topic))
        return COMMAND_USAGE;
    const struct action *action = NULL;
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
        if (strcmp(line.arguments[0], actions[i].name) == 0)
            action = &actions[i];
    if (action == NULL)
        return options_refuse(argv[0], "%s: list, show or redrive", line.arguments[0]);
    if (line.count == 1 && action->take != list_one && !options.all)
        return options_refuse(argv[0], "%s needs ids%s", line.arguments[0],
                              action->take == redrive_one ? ", or --all" : "");
    struct letters letters = {
        .options = &options, .wanted = line.arguments + 1, .wanted_count = line.count - 1};
    return command_end(argv[0], run(&line.session, action, &letters, &error), &error);
}
