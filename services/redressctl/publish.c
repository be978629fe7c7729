/* redressctl publish: sends events from JSON lines, or bytes as they are. */

#include "arena.h"
#include "clock.h"
#include "command.h"
#include "json_lines.h"
#include "message.h"
#include "options.h"
#include "outbox.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PUBLISH_ARENA_MAX = 64 * 1024 * 1024, /* one message */
    PUBLISH_RAW_MAX = 32 * 1024 * 1024    /* bytes sent as they are */
};

struct publish_options {
    struct option_values headers;
    const char *key;
    int64_t partition;
    bool raw;
    bool json;
};

struct publishing {
    struct outbox *outbox;
    enum topic topic;
    struct arena *arena;
    struct header headers[BROKER_HEADERS_MAX]; /* of the command line */
    size_t header_count;
};

/* The headers of {"headers": {...}, "event": {...}}, as `events --headers` prints it. */
static enum status line_headers(json_t *json, struct header *headers, size_t *count,
                                struct error *error)
{
    const char *name;
    json_t *value;
    json_object_foreach(json, name, value)
    {
        if (!json_is_string(value) || *count == BROKER_HEADERS_MAX)
            return error_set(error, STATUS_INVALID, "headers.%s: a text, at most %d headers", name,
                             BROKER_HEADERS_MAX);
        headers[(*count)++] =
            (struct header){name, json_string_value(value), json_string_length(value)};
    }
    return STATUS_OK;
}

static enum status publish_line(void *context, json_t *json, struct error *error)
{
    struct publishing *publishing = context;
    struct header headers[BROKER_HEADERS_MAX];
    size_t count = publishing->header_count;
    json_t *event = json_object_get(json, "event");
    ProtobufCMessage *message;
    memcpy(headers, publishing->headers, count * sizeof *headers);
    if (event != NULL) {
        enum status status = line_headers(json_object_get(json, "headers"), headers, &count, error);
        if (status != STATUS_OK)
            return status;
    }
    arena_reset(publishing->arena);
    enum status status =
        message_from_json(topic_info(publishing->topic)->message, event == NULL ? json : event,
                          publishing->arena, &message, error);
    if (status != STATUS_OK)
        return status;
    return outbox_send_with(publishing->outbox, publishing->topic, message, headers, count, error);
}

static enum status publish_raw(struct publishing *publishing, FILE *file, const char *name,
                               const struct publish_options *options, struct error *error)
{
    char *bytes = malloc(PUBLISH_RAW_MAX);
    if (bytes == NULL)
        return error_set(error, STATUS_EXHAUSTED, "no memory");
    size_t size = fread(bytes, 1, PUBLISH_RAW_MAX, file);
    enum status status = STATUS_OK;
    if (ferror(file) || (size == PUBLISH_RAW_MAX && fgetc(file) != EOF))
        status = error_set(error, STATUS_INVALID, "reading %s: %s", name,
                           ferror(file) ? strerror(errno) : "it is too large for one record");
    if (status == STATUS_OK)
        status = outbox_send_raw(publishing->outbox, publishing->topic, (int32_t)options->partition,
                                 options->key, options->key == NULL ? 0 : strlen(options->key),
                                 bytes, size, publishing->headers, publishing->header_count, error);
    free(bytes);
    return status;
}

static void print_result(const struct publishing *publishing, int64_t took_us, bool json)
{
    const char *topic = topic_info(publishing->topic)->name;
    int64_t sent = outbox_sent_in_all(publishing->outbox);
    if (json)
        printf("{\"topic\": \"%s\", \"published\": %" PRId64 ", \"took_us\": %" PRId64 "}\n", topic,
               sent, took_us);
    else
        printf("%" PRId64 " events published to %s in %" PRId64 " ms\n", sent, topic,
               took_us / 1000);
}

static enum status publish_file(struct publishing *publishing, FILE *file, const char *name,
                                const struct publish_options *options, struct error *error)
{
    int64_t began_us = clock_monotonic_us();
    enum status status = options->raw
                             ? publish_raw(publishing, file, name, options, error)
                             : json_lines_read(file, name, publish_line, NULL, publishing, error);
    /* What stands before a bad line was sent, and is to arrive. */
    struct error flush_error = {0};
    enum status flushed = outbox_flush(publishing->outbox, &flush_error);
    print_result(publishing, clock_monotonic_us() - began_us, options->json);
    if (status == STATUS_OK && flushed != STATUS_OK)
        return error_set(error, flushed, "%s", flush_error.text);
    return status;
}

static enum status publish(const struct session *session, struct publishing *publishing,
                           const char *name, const struct publish_options *options,
                           struct error *error)
{
    FILE *file = strcmp(name, "-") == 0 ? stdin : fopen(name, "r");
    if (file == NULL)
        return error_set(error, STATUS_INVALID, "opening %s: %s", name, strerror(errno));
    publishing->arena = arena_create(PUBLISH_ARENA_MAX);
    enum status status = publishing->arena == NULL
                             ? error_set(error, STATUS_EXHAUSTED, "no memory")
                             : outbox_open(session, &publishing->outbox, error);
    if (status == STATUS_OK)
        status = publish_file(publishing, file, name, options, error);
    outbox_close(publishing->outbox);
    arena_destroy(publishing->arena);
    if (file != stdin)
        (void)fclose(file);
    return status;
}

/* Splits NAME=VALUE in place of the caller's texts. */
static bool split_headers(const struct option_values *given, struct publishing *publishing,
                          char names[BROKER_HEADERS_MAX][64])
{
    for (size_t i = 0; i < given->count; i++) {
        size_t length = strcspn(given->items[i], "=");
        if (given->items[i][length] == '\0' || length == 0 || length >= 64 ||
            i == BROKER_HEADERS_MAX)
            return false;
        (void)snprintf(names[i], 64, "%.*s", (int)length, given->items[i]);
        const char *value = given->items[i] + length + 1;
        publishing->headers[i] = (struct header){names[i], value, strlen(value)};
        publishing->header_count++;
    }
    return true;
}

int command_publish(int argc, char **argv)
{
    static const struct usage usage = {
        .arguments = "TOPIC FILE",
        .text =
            "Publishes one event for each line of FILE (- is standard input): canonical protobuf\n"
            "JSON, or {\"headers\": {...}, \"event\": {...}} as 'events --headers' prints it. Sets "
            "key,\n"
            "partition and CloudEvents headers; ce_id follows from the content unless it is "
            "given.\n"
            "Ends at the first bad line, and names it; the lines before it are published.",
        .least = 2,
        .most = 2,
    };
    struct publish_options options = {.partition = -1};
    const struct option_row rows[] = {
        {"header", OPTION_VALUES, "NAME=VALUE", "a header, instead of the usual one if it is one",
         &options.headers, 0, 0},
        {"raw", OPTION_FLAG, NULL,
         "send FILE as one record, unchecked, with no headers but --header", &options.raw, 0, 0},
        {"key", OPTION_TEXT, "KEY", "with --raw: the key; without it, no key", &options.key, 0, 0},
        {"partition", OPTION_NUMBER, "N", "with --raw: the partition, whatever the key says",
         &options.partition, 0, BROKER_PARTITIONS_MAX},
        {"json", OPTION_FLAG, NULL, "print the count as JSON", &options.json, 0, 0},
    };
    char names[BROKER_HEADERS_MAX][64];
    struct command_line line;
    struct error error = {0};
    struct publishing publishing = {0};
    if (!command_read(&usage, rows, sizeof rows / sizeof *rows, argc, argv, &line))
        return line.code;
    publishing.topic = topic_find(line.arguments[0]);
    if (publishing.topic == TOPIC_COUNT)
        return options_refuse(argv[0], "there is no topic %s", line.arguments[0]);
    if (!split_headers(&options.headers, &publishing, names))
        return options_refuse(argv[0], "--header wants NAME=VALUE, at most %d times",
                              BROKER_HEADERS_MAX);
    if (!options.raw && (options.key != NULL || options.partition >= 0))
        return options_refuse(argv[0], "--key and --partition go with --raw");
    return command_end(
        argv[0], publish(&line.session, &publishing, line.arguments[1], &options, &error), &error);
}
