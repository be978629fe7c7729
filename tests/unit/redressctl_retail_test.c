/* The Online Retail import: rows in, orders and requests out. */

#include "services/redressctl/csv_reader.h"
#include "services/redressctl/retail.h"
#include "services/redressctl/retail_events.h"

#include "clock.h"
#include "message.h"
#include "redress/v1/order.pb-c.h"
#include "redress/v1/request.pb-c.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static const char header[] =
    "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n";

static enum status load_into(struct retail_book *book, const char *first, const char *rows,
                             struct error *error)
{
    struct retail_reading reading = {.book = book};
    struct csv_reader *reader = csv_reader_create(retail_take_line, &reading);
    enum status status = csv_reader_feed(reader, first, strlen(first), error);
    if (status == STATUS_OK)
        status = csv_reader_feed(reader, rows, strlen(rows), error);
    if (status == STATUS_OK)
        status = csv_reader_finish(reader, error);
    csv_reader_destroy(reader);
    return status;
}

static struct retail_book *load(const char *rows)
{
    struct error error = {0};
    struct retail_book *book = retail_book_create();
    cr_assert_eq(load_into(book, header, rows, &error), STATUS_OK, "%s", error.text);
    return book;
}

Test(retail, orders_of_scattered_rows)
{
    struct retail_book *book = load("1,A,x,2,2010-12-01 08:26:00,2.55,7,UK\n"
                                    "2,B,x,1,2010-12-01 08:27:00,1,,FR\n"
                                    "1,C,x,0,2010-12-01 08:28:00,2.55,7,UK\n"
                                    "1,D,x,3,2010-12-01 08:29:00,0.10,8,DE\n");
    cr_assert_eq(book->order_count, 2);
    cr_assert_eq(book->line_count, 3);
    const struct retail_order *order = &book->orders[0];
    cr_expect_str_eq(order->invoice, "1");
    cr_expect_str_eq(order->customer, "7");
    cr_expect_str_eq(order->country, "UK");
    cr_expect_eq(order->total_minor, 540);
    cr_expect_eq(order->line_count, 2);
    cr_expect_eq(book->lines[order->first_line].position, 1);
    cr_expect_eq(book->lines[order->last_line].position, 3, "skipped rows count as well");
    cr_expect_str_eq(book->lines[order->last_line].stock, "D");
    cr_expect_eq(book->total_minor, 640);
    cr_expect_eq(book->skipped[RETAIL_SKIP_QUANTITY], 1);
    retail_book_destroy(book);
}

Test(retail, time_of_an_order_is_that_of_its_first_kept_row)
{
    struct retail_book *book = load("1,A,x,2,2010-12-01 08:00:00,0,7,UK\n"
                                    "1,B,x,2,2010-12-01 09:00:00,1,7,UK\n");
    int64_t nine_us;
    cr_assert_eq(clock_parse("2010-12-01T09:00:00Z", &nine_us), STATUS_OK);
    cr_assert_eq(book->order_count, 1);
    cr_expect_eq(book->orders[0].time_us, nine_us);
    retail_book_destroy(book);
}

static const struct {
    const char *row;
    enum retail_skip skip;
} skips[] = {
    {"1,A,x,0,2010-12-01 08:00:00,1,7,UK\n", RETAIL_SKIP_QUANTITY},
    {"1,A,x,-1,2010-12-01 08:00:00,0,7,UK\n", RETAIL_SKIP_QUANTITY},
    {"1,A,x,1,2010-12-01 08:00:00,0,7,UK\n", RETAIL_SKIP_PRICE},
    {"1,A,x,1,2010-12-01 08:00:00,-3.10,7,UK\n", RETAIL_SKIP_PRICE},
    {"1,A,x,4,2010-12-01 08:00:00,0.001,7,UK\n", RETAIL_SKIP_ZERO_TOTAL},
    {"C1,A,x,1,2010-12-01 08:00:00,1,7,UK\n", RETAIL_SKIP_QUANTITY},
    {"C1,A,x,0,2010-12-01 08:00:00,1,7,UK\n", RETAIL_SKIP_QUANTITY},
    {"C1,A,x,-1,2010-12-01 08:00:00,0,7,UK\n", RETAIL_SKIP_PRICE},
    {"C1,A,x,-4,2010-12-01 08:00:00,0.001,7,UK\n", RETAIL_SKIP_ZERO_TOTAL},
    {"A1,B,x,1,2010-12-01 08:00:00,-11062.06,,UK\n", RETAIL_SKIP_OTHER_DOCUMENT},
    {"c1,B,x,-1,2010-12-01 08:00:00,1,7,UK\n", RETAIL_SKIP_OTHER_DOCUMENT},
};

Test(retail, counts_what_is_left_out_under_the_first_reason)
{
    for (size_t i = 0; i < sizeof skips / sizeof *skips; i++) {
        struct retail_book *book = load(skips[i].row);
        for (enum retail_skip skip = 0; skip < RETAIL_SKIP_COUNT; skip++)
            cr_expect_eq(book->skipped[skip], skip == skips[i].skip, "row %zu, %s", i,
                         retail_skip_name(skip));
        cr_expect_eq(book->order_count + book->request_count, 0);
        retail_book_destroy(book);
    }
}

static const struct {
    const char *price;
    int64_t units;
    int64_t total;
} totals[] = {
    {"2.55", 6, 1530}, {"0.005", 1, 1},   {"0.0049", 1, 0},         {"0.001", 5, 1},
    {"0.001", 4, 0},   {"1.005", 3, 302}, {"0.835", 1, 84},         {"1", 1, 100},
    {"2.", 1, 200},    {".5", 2, 100},    {"1.04", 74215, 7718360}, {"11062.06", 1, 1106206},
};

Test(retail, totals_are_exact_and_half_up)
{
    for (size_t i = 0; i < sizeof totals / sizeof *totals; i++) {
        struct decimal price;
        int64_t total = -1;
        cr_assert_eq(decimal_parse(totals[i].price, &price), STATUS_OK, "%s", totals[i].price);
        cr_expect_eq(retail_total(price, totals[i].units, &total), STATUS_OK);
        cr_expect_eq(total, totals[i].total, "%s x %lld is %lld", totals[i].price,
                     (long long)totals[i].units, (long long)total);
    }
}

Test(retail, refuses_what_is_no_price)
{
    static const char *const wrong[] = {
        "", "-", ".", "1,5", "1e3", "1.2.3", " 1", "1 ", "0x1", "1234567890123456", "nan"};
    struct decimal price;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        cr_expect_eq(decimal_parse(wrong[i], &price), STATUS_INVALID, "'%s'", wrong[i]);
}

Test(retail, reads_both_forms_of_dates)
{
    static const struct {
        const char *text;
        const char *time; /* NULL: refused */
    } dates[] = {
        {"2010-12-01 08:26:00", "2010-12-01T08:26:00Z"},
        {"2010-12-01T08:26:09", "2010-12-01T08:26:09Z"},
        {"2010-12-01 08:26", "2010-12-01T08:26:00Z"},
        {"12/1/2010 8:26", "2010-12-01T08:26:00Z"},
        {"1/31/2011 18:06", "2011-01-31T18:06:00Z"},
        {"2/29/2012 0:00", "2012-02-29T00:00:00Z"},
        {"13/1/2010 8:26", NULL},
        {"2/29/2011 8:26", NULL},
        {"2010-12-01", NULL},
        {"2010-12-01 08:26:00Z", NULL},
        {"2010-12-01 08:26:", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof dates / sizeof *dates; i++) {
        char text[CLOCK_TEXT_MAX];
        int64_t time_us = 0;
        enum status status = retail_time_parse(dates[i].text, &time_us);
        cr_expect_eq(status == STATUS_OK, dates[i].time != NULL, "'%s'", dates[i].text);
        if (status == STATUS_OK && dates[i].time != NULL)
            cr_expect_str_eq(clock_format(time_us, text), dates[i].time);
    }
}

/* Where each return found its purchase: "invoice/position", "-" if nowhere. */
static void expect_matches(const char *rows, const char *expected)
{
    char found[256] = "";
    struct retail_book *book = load(rows);
    for (size_t i = 0; i < book->request_count; i++) {
        int32_t at = book->requests[i].line;
        size_t used = strlen(found);
        if (at == RETAIL_NONE)
            (void)snprintf(found + used, sizeof found - used, "- ");
        else
            (void)snprintf(found + used, sizeof found - used, "%s/%d ",
                           book->orders[book->lines[at].order].invoice, book->lines[at].position);
    }
    cr_expect_str_eq(found, expected, "%s", rows);
    retail_book_destroy(book);
}

Test(retail, returns_find_their_purchase)
{
    expect_matches("1,A,x,5,2010-12-01 08:00,1,7,UK\n2,A,x,2,2010-12-02 08:00,1,7,UK\n"
                   "C3,A,x,-2,2010-12-03 08:00,1,7,UK\nC4,A,x,-2,2010-12-03 08:00,1,7,UK\n"
                   "C5,A,x,-9,2010-12-03 08:00,1,7,UK\n",
                   "2/1 1/1 2/1 ");
    expect_matches("C3,A,x,-2,2010-12-03 08:00,1,7,UK\n1,A,x,5,2010-12-01 08:00,1,7,UK\n", "- ");
    expect_matches("1,A,x,5,2010-12-01 08:00,1,,UK\nC3,A,x,-2,2010-12-03 08:00,1,,UK\n", "- ");
    expect_matches("1,A,x,5,2010-12-01 08:00,1,7.0,UK\nC3,A,x,-2,2010-12-03 08:00,1,7,UK\n",
                   "1/1 ");
    expect_matches("1,A,x,5,2010-12-01 08:00,1,7,UK\nC3,a,x,-2,2010-12-03 08:00,1,7,UK\n"
                   "C3,A ,x,-2,2010-12-03 08:00,1,7,UK\n",
                   "- - ");
    expect_matches("1,A,x,5,2010-12-01 08:00,0,7,UK\nC3,A,x,-2,2010-12-03 08:00,1,7,UK\n", "- ");
}

Test(retail, a_return_too_large_is_given_to_the_latest_and_counts)
{
    expect_matches("1,A,x,5,2010-12-01 08:00,1,7,UK\n2,A,x,2,2010-12-02 08:00,1,7,UK\n"
                   "C3,A,x,-9,2010-12-03 08:00,1,7,UK\nC4,A,x,-1,2010-12-03 08:00,1,7,UK\n",
                   "2/1 1/1 ");
}

Test(retail, names_the_row_and_column_of_what_is_wrong)
{
    static const char *const rows[][2] = {
        {"1,A,x,1.5,2010-12-01 08:00,1,7,UK\n", "line 2: Quantity '1.5': "},
        {"1,A,x,1,yesterday,1,7,UK\n", "line 2: InvoiceDate 'yesterday': "},
        {"1,A,x,1,2010-12-01 08:00,cheap,7,UK\n", "line 2: UnitPrice 'cheap': "},
        {"1,,x,1,2010-12-01 08:00,1,7,UK\n", "line 2: StockCode '': "},
        {"1,A,x\n", "line 2: the row has 3 fields"},
        {"1\xff,A,x,1,2010-12-01 08:00,1,7,UK\n", "line 2: InvoiceNo '1\xff': "},
        {"1,\xc0\x80,x,1,2010-12-01 08:00,1,7,UK\n", "line 2: StockCode "},
        {"1,A,x,1,2010-12-01 08:00,1,7\xcd.0,UK\n", "line 2: CustomerID "},
        {"1,A,x,1,2010-12-01 08:00,1,\"7\n8\",UK\n", "line 3: CustomerID "},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct error error = {0};
        struct retail_book *book = retail_book_create();
        cr_expect_eq(load_into(book, header, rows[i][0], &error), STATUS_INVALID);
        cr_expect_eq(strncmp(error.text, rows[i][1], strlen(rows[i][1])), 0, "%s", error.text);
        retail_book_destroy(book);
    }
}

/* Found by fuzz/retail. */
Test(retail, refuses_totals_that_do_not_fit)
{
    struct error error = {0};
    struct retail_book *book = retail_book_create();
    cr_expect_eq(load_into(book, header,
                           "1,A,x,1000000000,2010-12-01 08:00,60000000,7,UK\n"
                           "2,A,x,1000000000,2010-12-01 08:00,60000000,7,UK\n",
                           &error),
                 STATUS_OVERFLOW);
    cr_expect_eq(book->total_minor, INT64_C(6000000000000000000));
    retail_book_destroy(book);
}

Test(retail, columns_are_found_by_name)
{
    struct error error = {0};
    struct retail_book *book = retail_book_create();
    cr_expect_eq(load_into(book,
                           "Country,Invoice,StockCode,Description,Quantity,InvoiceDate,Price,"
                           "Customer ID\n",
                           "UK,1,A,x,2,12/1/2010 8:26,2.5,13085.0\n", &error),
                 STATUS_OK, "%s", error.text);
    cr_assert_eq(book->order_count, 1);
    cr_expect_str_eq(book->orders[0].customer, "13085");
    cr_expect_eq(book->orders[0].total_minor, 500);
    retail_book_destroy(book);
    book = retail_book_create();
    cr_expect_eq(load_into(book, "InvoiceNo,StockCode\n", "", &error), STATUS_INVALID);
    cr_expect_str_eq(error.text, "line 1: the header has no column Description");
    retail_book_destroy(book);
}

Test(retail, categories_of_stock_codes)
{
    static const char *const codes[][2] = {
        {"POST", "carriage"},      {"DOT", "carriage"}, {"C2", "carriage"},
        {"M", "non_goods"},        {"m", "non_goods"},  {"BANK CHARGES", "non_goods"},
        {"PADS", "non_goods"},     {"85123A", "goods"}, {"post", "goods"},
        {"gift_0001_20", "goods"},
    };
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        cr_expect_str_eq(retail_category(codes[i][0]), codes[i][1]);
}

/* Events as one line each of canonical JSON. */
struct collected {
    char *lines[16];
    size_t count;
};

static enum status collect(void *context, enum topic topic, const ProtobufCMessage *message,
                           struct error *error)
{
    struct collected *collected = context;
    (void)topic;
    (void)error;
    json_t *json = message_to_json(message);
    cr_assert_lt(collected->count, 16);
    collected->lines[collected->count++] = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    return STATUS_OK;
}

static void expect_events(const struct collected *collected, const char *const *expected,
                          size_t count)
{
    cr_assert_eq(collected->count, count);
    for (size_t i = 0; i < count; i++) {
        cr_expect_str_eq(collected->lines[i], expected[i]);
        free(collected->lines[i]);
    }
}

#define ORDER_1                                            \
    "{\"merchantId\":\"online-retail\",\"orderId\":\"1\"," \
    "\"occurredAt\":\"2010-12-01T08:00:00Z\","

Test(retail_events, say_what_the_rows_say)
{
    static const char *const expected[] = {
        ORDER_1 "\"placed\":{\"customer\":{\"token\":\"7\",\"market\":\"UK\"},"
                "\"currency\":\"GBP\",\"channel\":\"CHANNEL_WEB\",\"lines\":[{\"lineId\":\"2\","
                "\"sku\":\"POST\",\"title\":\"CAF\u00c9\",\"category\":\"carriage\","
                "\"units\":\"3\",\"grossMinor\":\"500\"}]}}",
        ORDER_1 "\"delivered\":{\"lines\":[{\"lineId\":\"2\",\"units\":\"3\"}]}}",
        ORDER_1 "\"captured\":{\"paymentId\":\"pay_1\",\"provider\":\"PROVIDER_STRIPE\","
                "\"providerReference\":\"pi_retail1\",\"method\":\"PAYMENT_METHOD_CARD\","
                "\"amount\":{\"minor\":\"500\",\"currency\":\"GBP\"}}}",
        "{\"merchantId\":\"online-retail\",\"orderId\":\"1\",\"requestId\":\"C2:1\","
        "\"occurredAt\":\"2010-12-03T08:00:00Z\",\"trigger\":\"TRIGGER_CUSTOMER_REQUEST\","
        "\"reason\":\"REASON_CODE_OTHER\",\"lines\":[{\"lineId\":\"2\",\"units\":\"1\"}],"
        "\"requester\":{\"id\":\"online-retail\",\"role\":\"ROLE_SYSTEM\"},"
        "\"externalReference\":\"C2:1\",\"customerToken\":\"7\"}",
        "{\"merchantId\":\"online-retail\",\"orderId\":\"UNKNOWN-GUEST\",\"requestId\":\"C2:2\","
        "\"occurredAt\":\"2010-12-03T08:00:00Z\",\"trigger\":\"TRIGGER_CUSTOMER_REQUEST\","
        "\"reason\":\"REASON_CODE_OTHER\",\"lines\":[{\"lineId\":\"1\",\"units\":\"4\"}],"
        "\"requester\":{\"id\":\"online-retail\",\"role\":\"ROLE_SYSTEM\"},"
        "\"externalReference\":\"C2:2\"}",
    };
    /* The title is Latin-1, as in files that spreadsheets have written. */
    struct retail_book *book = load("1,A,x,0,2010-12-01 07:00,1,7,UK\n"
                                    "1,POST,CAF\xc9,3,2010-12-01 08:00,1.6666,7,UK\n"
                                    "C2,POST,x,-1,2010-12-03 08:00,1.67,7,UK\n"
                                    "C2,POST,x,-4,2010-12-03 08:00,1.67,,UK\n");
    struct collected collected = {.count = 0};
    struct sink sink = {collect, &collected, arena_create(1 << 20)};
    struct error error = {0};
    cr_assert_eq(retail_send_orders(book, &sink, &error), STATUS_OK);
    cr_assert_eq(retail_send_requests(book, &sink, &error), STATUS_OK);
    expect_events(&collected, expected, sizeof expected / sizeof *expected);
    arena_destroy(sink.arena);
    retail_book_destroy(book);
}

Test(retail_events, summary_counts_what_was_left_out)
{
    static const char *const expected[] = {
        "{\"source\":\"redressctl\",\"subject\":\"import:online-retail\","
        "\"occurredAt\":\"1970-01-01T00:00:00Z\",\"merchantId\":\"online-retail\","
        "\"importSummary\":{\"name\":\"online-retail\",\"orders\":\"1\",\"orderLines\":\"1\","
        "\"skipped\":{\"QUANTITY\":\"1\"}}}",
    };
    struct retail_book *book = load("1,A,x,0,2010-12-01 07:00,1,7,UK\n"
                                    "1,B,x,1,2010-12-01 07:00,1,7,UK\n");
    struct collected collected = {.count = 0};
    struct sink sink = {collect, &collected, arena_create(1 << 20)};
    struct error error = {0};
    cr_assert_eq(retail_send_summary(book, 0, &sink, &error), STATUS_OK);
    expect_events(&collected, expected, 1);
    arena_destroy(sink.arena);
    retail_book_destroy(book);
}
