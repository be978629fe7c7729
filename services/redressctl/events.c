/* redressctl events: prints the events of a topic. */

#include "command.h"
#include "options.h"
#include "record_json.h"
#include "replay.h"

#include <stdio.h>

enum { EVENTS_ARENA_MAX = 64 * 1024 * 1024 };

struct events_options {
    const char *key;
    int64_t limit; /* 0: none */
    bool follow;
    bool headers;
    bool digest;
};

struct printing {
    const struct events_options *options;
    struct arena *arena;
    int64_t printed;
};

static enum status print_record(void *context, const struct record *record, struct error *error)
{
    struct printing *printing = context;
    /* A dead letter's value is the original's, of any topic: whole, so that its headers say which.
     */
    bool foreign = record->topic == TOPIC_DEAD_LETTERS;
    bool whole = printing->options->headers || printing->options->digest || foreign;
    enum topic topic = foreign ? TOPIC_COUNT : record->topic;
    json_t *json = whole ? record_to_json(record, topic, printing->arena)
                         : record_value_json(record, topic, printing->arena);
    if (json != NULL && printing->options->digest)
        (void)json_object_set_new(json, "sha256", record_digest_json(record));
    int failed = json == NULL || json_dumpf(json, stdout, JSON_COMPACT | JSON_ENCODE_ANY) != 0 ||
                 putchar('\n') < 0;
    json_decref(json);
    if (printing->options->follow)
        failed |= fflush(stdout) != 0;
    if (failed)
        return error_set(error, STATUS_EXHAUSTED, "printing failed");
    return ++printing->printed == printing->options->limit ? STATUS_NOT_FOUND : STATUS_OK;
}

static enum status print_events(const struct session *session, enum topic topic,
                                const struct events_options *options, struct error *error)
{
    struct printing printing = {.options = options, .arena = arena_create(EVENTS_ARENA_MAX)};
    const struct replay replay = {
        .topics = &topic, .topic_count = 1, .key = options->key, .follow = options->follow};
    enum status status = printing.arena == NULL
                             ? error_set(error, STATUS_EXHAUSTED, "no memory")
                             : replay_run(session, &replay, print_record, &printing, error);
    arena_destroy(printing.arena);
    if (fflush(stdout) != 0 && status == STATUS_OK)
        status = error_set(error, STATUS_EXHAUSTED, "printing failed");
    return status;
}

int command_events(int argc, char **argv)
{
    static const struct usage usage = {
        .arguments = "TOPIC",
        .text =
            "Prints the events of a topic, one line of canonical protobuf JSON each, and ends at\n"
            "the end that the topic had when it began. In order within a partition. What is not\n"
            "of the topic's message is printed as {\"base64\": ...}. Dead letters are printed "
            "with\n"
            "their headers.",
        .least = 1,
        .most = 1,
    };
    struct events_options options = {0};
    const struct option_row rows[] = {
        {"key", OPTION_TEXT, "KEY", "only events with this key, such as an order id", &options.key,
         0, 0},
        {"follow", OPTION_FLAG, NULL, "wait for more", &options.follow, 0, 0},
        {"limit", OPTION_NUMBER, "N", "end after N events", &options.limit, 1, INT64_MAX},
        {"headers", OPTION_FLAG, NULL, "print partition, offset, timestamp, key and headers, too",
         &options.headers, 0, 0},
        {"digest", OPTION_FLAG, NULL,
         "print the SHA-256 of the value, too, and what --headers prints", &options.digest, 0, 0},
    };
    struct command_line line;
    struct error error = {0};
    if (!command_read(&usage, rows, sizeof rows / sizeof *rows, argc, argv, &line))
        return line.code;
    enum topic topic = topic_find(line.arguments[0]);
    if (topic == TOPIC_COUNT)
        return options_refuse(argv[0], "there is no topic %s", line.arguments[0]);
    return command_end(argv[0], print_events(&line.session, topic, &options, &error), &error);
}
