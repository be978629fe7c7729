#include "csv_reader.h"

#include <csv.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct csv_reader {
    struct csv_parser parser;
    csv_row_taker *take;
    void *context;
    size_t mark; /* bytes of the byte order mark that were seen */
    int64_t line;
    size_t starts[CSV_FIELDS_MAX];
    size_t count;
    char bytes[CSV_ROW_BYTES_MAX];
    size_t used;
    enum status status;
    struct error cause;
};

static const unsigned char order_mark[] = {0xef, 0xbb, 0xbf};

static int never(unsigned char byte)
{
    (void)byte;
    return 0;
}

static void fail(struct csv_reader *reader, const char *what)
{
    if (reader->status == STATUS_OK)
        reader->status = error_set(&reader->cause, STATUS_INVALID, "%s", what);
}

static void take_field(void *text, size_t size, void *context)
{
    struct csv_reader *reader = context;
    if (reader->count == CSV_FIELDS_MAX || size + 1 > CSV_ROW_BYTES_MAX - reader->used) {
        fail(reader, "the row has too many fields or bytes");
        return;
    }
    if (memchr(text, '\0', size) != NULL)
        fail(reader, "a NUL byte");
    char *field = reader->bytes + reader->used;
    memcpy(field, text, size);
    field[size] = '\0';
    reader->starts[reader->count++] = reader->used;
    reader->used += size + 1;
}

static void take_row(int terminator, void *context)
{
    struct csv_reader *reader = context;
    const char *fields[CSV_FIELDS_MAX];
    (void)terminator;
    for (size_t i = 0; i < reader->count; i++)
        fields[i] = reader->bytes + reader->starts[i];
    if (reader->status == STATUS_OK)
        reader->status =
            reader->take(reader->context, fields, reader->count, reader->line, &reader->cause);
    reader->count = 0;
    reader->used = 0;
}

struct csv_reader *csv_reader_create(csv_row_taker *take, void *context)
{
    struct csv_reader *reader = malloc(sizeof *reader);
    if (reader == NULL)
        return NULL;
    reader->take = take;
    reader->context = context;
    reader->mark = 0;
    reader->line = 1;
    reader->count = reader->used = 0;
    reader->status = STATUS_OK;
    reader->cause = (struct error){0};
    if (csv_init(&reader->parser, 0) != 0) {
        free(reader);
        return NULL;
    }
    csv_set_space_func(&reader->parser, never);
    return reader;
}

void csv_reader_destroy(struct csv_reader *reader)
{
    if (reader == NULL)
        return;
    csv_free(&reader->parser);
    free(reader);
}

static enum status outcome(struct csv_reader *reader, struct error *error)
{
    if (reader->status == STATUS_OK)
        return STATUS_OK;
    return error_set(error, reader->status, "line %lld: %s", (long long)reader->line,
                     reader->cause.text);
}

/* One line at most, so that rows know where they end. */
static enum status feed_line(struct csv_reader *reader, const char *bytes, size_t size,
                             struct error *error)
{
    if (csv_parse(&reader->parser, bytes, size, take_field, take_row, reader) != size)
        fail(reader, csv_strerror(csv_error(&reader->parser)));
    return outcome(reader, error);
}

enum status csv_reader_feed(struct csv_reader *reader, const void *bytes, size_t size,
                            struct error *error)
{
    const char *at = bytes, *end = at + size;
    while (reader->mark < sizeof order_mark && at < end) {
        if ((unsigned char)*at != order_mark[reader->mark])
            reader->mark = sizeof order_mark;
        else {
            reader->mark++;
            at++;
        }
    }
    while (at < end) {
        const char *line_break = memchr(at, '\n', (size_t)(end - at));
        const char *next = line_break == NULL ? end : line_break + 1;
        enum status status = feed_line(reader, at, (size_t)(next - at), error);
        if (status != STATUS_OK)
            return status;
        reader->line += line_break != NULL;
        at = next;
    }
    return STATUS_OK;
}

enum status csv_reader_finish(struct csv_reader *reader, struct error *error)
{
    /* Strict only now: a quote inside a field without quotes is no mistake, an open one is. */
    (void)csv_set_opts(&reader->parser, CSV_STRICT | CSV_STRICT_FINI);
    if (csv_fini(&reader->parser, take_field, take_row, reader) != 0)
        fail(reader, "a quote is never closed");
    return outcome(reader, error);
}
