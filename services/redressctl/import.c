/* redressctl import: a shop's history from a file, as events. */

#include "clock.h"
#include "command.h"
#include "csv_reader.h"
#include "input_file.h"
#include "money.h"
#include "options.h"
#include "outbox.h"
#include "retail_events.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum { IMPORT_ARENA_MAX = 64 * 1024 * 1024 /* one order */ };

struct import_options {
    const char *out;
    bool dry_run;
    bool json;
};

/* From bytes over rows to the book. */
static enum status take_bytes(void *context, const void *bytes, size_t size, struct error *error)
{
    return csv_reader_feed(context, bytes, size, error);
}

static enum status read_book(const char *path, struct retail_book *book, struct error *error)
{
    struct retail_reading reading = {.book = book};
    struct error cause = {0};
    struct csv_reader *reader = csv_reader_create(retail_take_line, &reading);
    if (reader == NULL)
        return error_set(error, STATUS_EXHAUSTED, "no memory");
    enum status status = input_file_read(path, take_bytes, reader, &cause);
    if (status == STATUS_OK)
        status = csv_reader_finish(reader, &cause);
    if (status == STATUS_OK && !reading.header_seen)
        status = error_set(&cause, STATUS_INVALID, "it is empty");
    csv_reader_destroy(reader);
    return status == STATUS_OK ? STATUS_OK
                               : error_set(error, status, "importing %s: %s", path, cause.text);
}

static int64_t unknown_orders(const struct retail_book *book)
{
    int64_t count = 0;
    for (size_t i = 0; i < book->request_count; i++)
        count += book->requests[i].line == RETAIL_NONE;
    return count;
}

static void print_json(const struct retail_book *book)
{
    json_t *skipped = json_object();
    for (enum retail_skip skip = 0; skip < RETAIL_SKIP_COUNT; skip++)
        if (book->skipped[skip] > 0)
            json_object_set_new(skipped, retail_skip_name(skip), json_integer(book->skipped[skip]));
    json_t *json =
        json_pack("{s:I, s:I, s:{s:I}, s:I, s:I, s:o}", "orders", (json_int_t)book->order_count,
                  "order_lines", (json_int_t)book->line_count, "captured", RETAIL_CURRENCY,
                  (json_int_t)book->total_minor, "requests", (json_int_t)book->request_count,
                  "requests_without_order", (json_int_t)unknown_orders(book), "skipped", skipped);
    command_print(json);
    json_decref(json);
}

static void print_plain(const struct retail_book *book)
{
    char amount[MONEY_TEXT_MAX];
    const struct money captured = {book->total_minor, RETAIL_CURRENCY};
    printf("%zu orders with %zu lines, %s captured\n", book->order_count, book->line_count,
           money_format(captured, amount));
    printf("%zu refund requests, %" PRId64 " of them for no purchase that is known\n",
           book->request_count, unknown_orders(book));
    for (enum retail_skip skip = 0; skip < RETAIL_SKIP_COUNT; skip++)
        if (book->skipped[skip] > 0)
            printf("%" PRId64 " rows left out: %s\n", book->skipped[skip], retail_skip_name(skip));
}

static enum status take_event(void *context, enum topic topic, const ProtobufCMessage *message,
                              struct error *error)
{
    return outbox_send(context, topic, message, error);
}

/* Orders first, so that only requests for orders that do not exist have to wait. */
static enum status send_book(const struct retail_book *book, struct outbox *outbox,
                             struct error *error)
{
    struct sink sink = {take_event, outbox, arena_create(IMPORT_ARENA_MAX)};
    if (sink.arena == NULL)
        return error_set(error, STATUS_EXHAUSTED, "no memory");
    enum status status = retail_send_orders(book, &sink, error);
    if (status == STATUS_OK)
        status = outbox_flush(outbox, error);
    if (status == STATUS_OK)
        status = retail_send_requests(book, &sink, error);
    if (status == STATUS_OK)
        status = retail_send_summary(book, clock_wall_us(), &sink, error);
    if (status == STATUS_OK)
        status = outbox_flush(outbox, error);
    arena_destroy(sink.arena);
    return status;
}

static enum status import(const struct session *session, const char *path,
                          const struct import_options *options, struct error *error)
{
    struct outbox *outbox = NULL;
    struct retail_book *book = retail_book_create();
    if (book == NULL)
        return error_set(error, STATUS_EXHAUSTED, "no memory");
    enum status status = read_book(path, book, error);
    if (status == STATUS_OK && !options->dry_run)
        status = options->out == NULL ? outbox_open(session, &outbox, error)
                                      : outbox_open_folder(options->out, &outbox, error);
    if (status == STATUS_OK && !options->dry_run)
        status = send_book(book, outbox, error);
    if (status == STATUS_OK)
        (options->json ? print_json : print_plain)(book);
    outbox_close(outbox);
    retail_book_destroy(book);
    return status;
}

int command_import(int argc, char **argv)
{
    static const struct usage usage = {
        .arguments = "online-retail FILE",
        .text = "Publishes the orders and refund requests of an \"Online Retail\" file (CSV, also "
                "packed\n"
                "with xz; - is standard input) for the merchant " RETAIL_MERCHANT
                ", and what was left out as\n"
                "an ImportSummary. Nothing is published if a row cannot be understood. Importing a "
                "file\n"
                "again changes nothing.",
        .least = 2,
        .most = 2,
    };
    struct import_options options = {0};
    const struct option_row rows[] = {
        {"dry-run", OPTION_FLAG, NULL, "only read and count", &options.dry_run, 0, 0},
        {"out", OPTION_TEXT, "FOLDER", "write <topic>.jsonl there instead of publishing",
         &options.out, 0, 0},
        {"json", OPTION_FLAG, NULL, "print the counts as JSON", &options.json, 0, 0},
    };
    struct command_line line;
    struct error error = {0};
    if (!command_read(&usage, rows, sizeof rows / sizeof *rows, argc, argv, &line))
        return line.code;
    if (strcmp(line.arguments[0], RETAIL_MERCHANT) != 0)
        return options_refuse(argv[0], "%s: only " RETAIL_MERCHANT " is known", line.arguments[0]);
    return command_end(argv[0], import(&line.session, line.arguments[1], &options, &error), &error);
}
