/* redressctl topics: creates the topics of the contract, or lists them. */

#include "broker.h"
#include "clock.h"
#include "command.h"
#include "options.h"
#include "session.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    TOPICS_PARTITIONS = 6, /* default of the sharded topics */
    TOPICS_REPLICATION_MAX = 32767,
    TOPICS_TIMEOUT_MS = 30000,
    TOPICS_LOOK_AGAIN_MS = 50
};

struct topics_options {
    int64_t partitions;
    int64_t replication;
    bool json;
};

static enum status read_counts(const struct session *session, int32_t counts[TOPIC_COUNT],
                               struct error *error)
{
    struct consumer *reader;
    enum status status = reader_open(&session->config, &reader, error);
    if (status != STATUS_OK)
        return status;
    status = consumer_partitions(reader, counts, TOPICS_TIMEOUT_MS, error);
    consumer_close(reader);
    return status;
}

static void print_plain(const int32_t counts[TOPIC_COUNT])
{
    printf("%-28s %10s %10s %10s  %s\n", "TOPIC", "PARTITIONS", "BYTES MAX", "DAYS", "MESSAGE");
    for (enum topic topic = 0; topic < TOPIC_COUNT; topic++) {
        const struct topic_info *info = topic_info(topic);
        char days[16];
        (void)snprintf(days, sizeof days, "%" PRId32, info->retention_days);
        printf("%-28s %10" PRId32 " %10zu %10s  %s%s\n", info->name, counts[topic], info->bytes_max,
               info->retention_days == 0 ? "for ever" : days, info->ce_type,
               counts[topic] == 0 ? " (does not exist)" : "");
    }
}

static void print_json(const int32_t counts[TOPIC_COUNT])
{
    json_t *list = json_array();
    for (enum topic topic = 0; topic < TOPIC_COUNT; topic++) {
        const struct topic_info *info = topic_info(topic);
        json_array_append_new(list, json_pack("{s:s, s:i, s:I, s:i, s:b, s:s}", "topic", info->name,
                                              "partitions", (int)counts[topic], "bytes_max",
                                              (json_int_t)info->bytes_max, "retention_days",
                                              (int)info->retention_days, "compacted",
                                              (int)info->compacted, "message", info->ce_type));
    }
    command_print(list);
    json_decref(list);
}

static enum status list(const struct session *session, bool json, struct error *error)
{
    int32_t counts[TOPIC_COUNT] = {0};
    enum status status = read_counts(session, counts, error);
    if (status == STATUS_OK)
        (json ? print_json : print_plain)(counts);
    return status;
}

/* True when every partition answers where it ends. */
static bool all_answer(struct consumer *reader, struct error *error)
{
    static struct place ends[BROKER_PARTITIONS_MAX];
    int32_t counts[TOPIC_COUNT] = {0};
    if (consumer_partitions(reader, counts, TOPICS_TIMEOUT_MS, error) != STATUS_OK)
        return false;
    for (enum topic topic = 0; topic < TOPIC_COUNT; topic++) {
        for (int32_t i = 0; i < counts[topic]; i++)
            ends[i] = (struct place){.topic = topic, .partition = i};
        if (counts[topic] == 0 || consumer_ends(reader, ends, (size_t)counts[topic],
                                                TOPICS_TIMEOUT_MS, error) != STATUS_OK)
            return false;
    }
    return true;
}

/* A new topic takes a moment to get its leaders; whoever comes next should not meet that. */
static enum status await_leaders(const struct session *session, struct error *error)
{
    const struct timespec pause = {.tv_nsec = TOPICS_LOOK_AGAIN_MS * 1000000L};
    int64_t until_us = clock_monotonic_us() + TOPICS_TIMEOUT_MS * INT64_C(1000);
    struct consumer *reader;
    enum status status = reader_open(&session->config, &reader, error);
    if (status != STATUS_OK)
        return status;
    while (!all_answer(reader, error)) {
        if (clock_monotonic_us() > until_us) {
            status = STATUS_RETRY;
            break;
        }
        (void)nanosleep(&pause, NULL);
    }
    consumer_close(reader);
    return status;
}

static enum status create(const struct session *session, const struct topics_options *options,
                          struct error *error)
{
    size_t created = 0;
    enum status status = topics_create(&session->config, (int32_t)options->partitions,
                                       (int32_t)options->replication, &created, error);
    if (status == STATUS_OK)
        status = await_leaders(session, error);
    if (status != STATUS_OK)
        return status;
    if (options->json)
        printf("{\"created\": %zu, \"topics\": %d}\n", created, TOPIC_COUNT);
    else
        printf("%zu topics created, %zu were there\n", created, (size_t)TOPIC_COUNT - created);
    return STATUS_OK;
}

int command_topics(int argc, char **argv)
{
    static const struct usage usage = {
        .arguments = "create|list",
        .text =
            "create makes the topics that are missing, with their settings; a topic that exists\n"
            "with another number of partitions is an error. list shows all of them.",
        .least = 1,
        .most = 1,
    };
    struct topics_options options = {.partitions = TOPICS_PARTITIONS, .replication = 1};
    const struct option_row rows[] = {
        {"partitions", OPTION_NUMBER, "N", "of the topics keyed by order, 1 to 1024 (6)",
         &options.partitions, 1, BROKER_PARTITIONS_MAX},
        {"replication", OPTION_NUMBER, "N", "copies of each partition (1)", &options.replication, 1,
         TOPICS_REPLICATION_MAX},
        {"json", OPTION_FLAG, NULL, "print JSON", &options.json, 0, 0},
    };
    struct command_line line;
    struct error error = {0};
    if (!command_read(&usage, rows, sizeof rows / sizeof *rows, argc, argv, &line))
        return line.code;
    if (strcmp(line.arguments[0], "create") == 0)
        return command_end(argv[0], create(&line.session, &options, &error), &error);
    if (strcmp(line.arguments[0], "list") == 0)
        return command_end(argv[0], list(&line.session, options.json, &error), &error);
    return options_refuse(argv[0], "%s: create or list", line.arguments[0]);
}
