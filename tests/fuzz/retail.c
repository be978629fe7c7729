/* A shop's history, as `redressctl import` reads it: CSV of the Online Retail kind, whole and byte
 * by byte. Every row that was read is an order's line, a request, or counted as left out; orders
 * add up; and what is made of them are events that the contract accepts. */

#include "common/message.h"

#include "fuzz.h"
#include "services/redressctl/csv_reader.h"
#include "services/redressctl/retail_events.h"

#include <criterion/criterion.h>

enum { ARENA_BYTES = 64 * 1024 * 1024, SLOW_MAX = 2048 };

struct reading {
    struct retail_reading lines;
    size_t rows;
};

static enum status take_row(void *context, const char *const *fields, size_t count, int64_t line,
                            struct error *error)
{
    struct reading *reading = context;
    bool is_row = reading->lines.header_seen;
    enum status status = retail_take_line(&reading->lines, fields, count, line, error);
    reading->rows += is_row && status == STATUS_OK;
    return status;
}

static enum status read(struct reading *reading, const uint8_t *bytes, size_t size, size_t step)
{
    struct error error = {0};
    struct csv_reader *reader = csv_reader_create(take_row, reading);
    enum status status = STATUS_OK;
    cr_assert_not_null(reader);
    for (size_t at = 0; at < size && status == STATUS_OK; at += step)
        status = csv_reader_feed(reader, bytes + at, at + step > size ? size - at : step, &error);
    if (status == STATUS_OK)
        status = csv_reader_finish(reader, &error);
    csv_reader_destroy(reader);
    cr_assert(memchr(error.text, '\0', sizeof error.text) != NULL);
    return status;
}

static void check_book(const struct reading *reading)
{
    const struct retail_book *book = reading->lines.book;
    int64_t total = 0, lines = 0, skipped = 0;
    for (size_t i = 0; i < book->order_count; i++) {
        const struct retail_order *order = &book->orders[i];
        int64_t sum = 0, count = 0;
        for (int32_t l = order->first_line; l != RETAIL_NONE; l = book->lines[l].next) {
            sum += book->lines[l].total_minor;
            count++;
        }
        cr_assert(sum == order->total_minor && count == order->line_count);
        total += sum;
        lines += count;
    }
    for (size_t i = 0; i < RETAIL_SKIP_COUNT; i++)
        skipped += book->skipped[i];
    cr_assert(total == book->total_minor && lines == (int64_t)book->line_count);
    cr_assert_eq((size_t)skipped + book->line_count + book->request_count, reading->rows);
}

static enum status take_event(void *context, enum topic topic, const ProtobufCMessage *message,
                              struct error *error)
{
    struct arena *arena = context;
    ProtobufCMessage *again;
    uint8_t *bytes = NULL;
    size_t size = 0;
    arena_reset(arena);
    cr_assert_eq(message_pack(message, arena, &bytes, &size), STATUS_OK);
    cr_assert_eq(message_unpack(topic_info(topic)->message, bytes, size, arena, &again, error),
                 STATUS_OK);
    return STATUS_OK;
}

static void send(const struct retail_book *book)
{
    static struct arena *made, *packed;
    struct error error = {0};
    if (made == NULL) {
        made = arena_create(ARENA_BYTES);
        packed = arena_create(ARENA_BYTES);
    }
    arena_reset(made);
    struct sink sink = {take_event, packed, made};
    cr_assert_eq(retail_send_orders(book, &sink, &error), STATUS_OK);
    cr_assert_eq(retail_send_requests(book, &sink, &error), STATUS_OK);
    cr_assert_eq(retail_send_summary(book, 1, &sink, &error), STATUS_OK);
}

static bool try(const uint8_t *bytes, size_t size, size_t step)
{
    struct reading reading = {.lines = {.book = retail_book_create()}};
    cr_assert_not_null(reading.lines.book);
    bool good = read(&reading, bytes, size, step) == STATUS_OK;
    check_book(&reading);
    if (good)
        send(reading.lines.book);
    retail_book_destroy(reading.lines.book);
    return good;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    bool good = try(bytes, size, size == 0 ? 1 : size);
    if (size <= SLOW_MAX)
        cr_assert_eq(good, try(bytes, size, 1));
    return 0;
}
