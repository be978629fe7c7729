#include "retail.h"

#include "arena.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#define RETAIL_TEXT_MAX ((size_t)1024 * 1024 * 1024) /* bytes of texts and indexes of a book */

enum { RETAIL_FIRST_ROOM = 1024 };

/* A text that is kept once, so that equal texts are equal pointers. */
struct word {
    UT_hash_handle hh;
    char text[];
};

struct invoice {
    UT_hash_handle hh;
    const char *number;
    int32_t rows;  /* seen so far */
    int32_t order; /* index, or RETAIL_NONE */
};

/* Who bought what: kept texts. */
struct purchase_key {
    const char *customer;
    const char *stock;
};

struct purchase {
    UT_hash_handle hh;
    struct purchase_key key;
    int32_t latest; /* line */
};

struct retail_index {
    struct arena *arena;
    struct word *words;
    struct invoice *invoices;
    struct purchase *purchases;
    size_t line_room, order_room, request_room;
};

static const char *const skip_names[RETAIL_SKIP_COUNT] = {
#define X(name, help) #name,
    RETAIL_SKIP_ROWS(X)
#undef X
};

const char *retail_skip_name(enum retail_skip skip)
{
    return skip_names[skip];
}

/* X(stock code, category); every other code is goods */
#define CATEGORY_ROWS(X)           \
    X("POST", "carriage")          \
    X("DOT", "carriage")           \
    X("C2", "carriage")            \
    X("M", "non_goods")            \
    X("m", "non_goods")            \
    X("D", "non_goods")            \
    X("S", "non_goods")            \
    X("B", "non_goods")            \
    X("PADS", "non_goods")         \
    X("CRUK", "non_goods")         \
    X("BANK CHARGES", "non_goods") \
    X("AMAZONFEE", "non_goods")

const char *retail_category(const char *stock)
{
    static const char *const categories[][2] = {
#define X(code, category) {code, category},
        CATEGORY_ROWS(X)
#undef X
    };
    for (size_t i = 0; i < sizeof categories / sizeof *categories; i++)
        if (strcmp(stock, categories[i][0]) == 0)
            return categories[i][1];
    return "goods";
}

struct retail_book *retail_book_create(void)
{
    struct retail_book *book = calloc(1, sizeof *book);
    if (book == NULL)
        return NULL;
    book->index = calloc(1, sizeof *book->index);
    if (book->index != NULL)
        book->index->arena = arena_create(RETAIL_TEXT_MAX);
    if (book->index == NULL || book->index->arena == NULL) {
        free(book->index);
        free(book);
        return NULL;
    }
    return book;
}

void retail_book_destroy(struct retail_book *book)
{
    if (book == NULL)
        return;
    HASH_CLEAR(hh, book->index->words);
    HASH_CLEAR(hh, book->index->invoices);
    HASH_CLEAR(hh, book->index->purchases);
    arena_destroy(book->index->arena);
    free(book->index);
    free(book->lines);
    free(book->orders);
    free(book->requests);
    free(book);
}

static const char *keep(struct retail_index *index, const char *text)
{
    size_t length = strlen(text);
    struct word *word;
    HASH_FIND(hh, index->words, text, length, word);
    if (word != NULL)
        return word->text;
    word = arena_zalloc(index->arena, sizeof *word + length + 1);
    if (word == NULL)
        return NULL;
    memcpy(word->text, text, length);
    HASH_ADD_KEYPTR(hh, index->words, word->text, length, word);
    return word->text;
}

static struct invoice *invoice_of(struct retail_index *index, const char *number)
{
    struct invoice *invoice;
    const char *kept = keep(index, number);
    if (kept == NULL)
        return NULL;
    HASH_FIND_PTR(index->invoices, &kept, invoice);
    if (invoice != NULL)
        return invoice;
    invoice = arena_zalloc(index->arena, sizeof *invoice);
    if (invoice == NULL)
        return NULL;
    invoice->number = kept;
    invoice->order = RETAIL_NONE;
    HASH_ADD_PTR(index->invoices, number, invoice);
    return invoice;
}

static struct purchase *purchase_find(struct retail_index *index, const char *customer,
                                      const char *stock)
{
    const struct purchase_key key = {customer, stock};
    struct purchase *purchase;
    HASH_FIND(hh, index->purchases, &key, sizeof key, purchase);
    return purchase;
}

/* Room for one more of `count` things; the array may move. */
static bool grow(void **array, size_t *room, size_t count, size_t size)
{
    if (count < *room)
        return true;
    size_t wanted = *room == 0 ? RETAIL_FIRST_ROOM : *room * 2;
    void *grown = wanted > INT32_MAX ? NULL : reallocarray(*array, wanted, size);
    if (grown == NULL)
        return false;
    *array = grown;
    *room = wanted;
    return true;
}

static bool order_open(struct retail_book *book, struct invoice *invoice,
                       const struct retail_row *row)
{
    void *orders = book->orders;
    if (invoice->order != RETAIL_NONE)
        return true;
    if (!grow(&orders, &book->index->order_room, book->order_count, sizeof *book->orders))
        return false;
    book->orders = orders;
    invoice->order = (int32_t)book->order_count;
    struct retail_order *order = &book->orders[book->order_count++];
    *order = (struct retail_order){
        .invoice = invoice->number,
        .customer = keep(book->index, row->customer),
        .country = keep(book->index, row->country),
        .time_us = row->time_us,
        .first_line = RETAIL_NONE,
        .last_line = RETAIL_NONE,
    };
    return order->customer != NULL && order->country != NULL;
}

/* What the customer of this row can return later; guests cannot be recognised. */
static bool remember_purchase(struct retail_book *book, const char *customer, int32_t at)
{
    struct retail_line *line = &book->lines[at];
    const char *who = keep(book->index, customer);
    line->older = RETAIL_NONE;
    if (who == NULL || *who == '\0')
        return who != NULL;
    struct purchase *purchase = purchase_find(book->index, who, line->stock);
    if (purchase == NULL) {
        purchase = arena_zalloc(book->index->arena, sizeof *purchase);
        if (purchase == NULL)
            return false;
        purchase->key = (struct purchase_key){who, line->stock};
        purchase->latest = RETAIL_NONE;
        HASH_ADD(hh, book->index->purchases, key, sizeof purchase->key, purchase);
    }
    line->older = purchase->latest;
    purchase->latest = at;
    return true;
}

static void order_append(struct retail_book *book, struct retail_order *order, int32_t at)
{
    if (order->last_line == RETAIL_NONE)
        order->first_line = at;
    else
        book->lines[order->last_line].next = at;
    order->last_line = at;
    order->line_count++;
    order->total_minor += book->lines[at].total_minor;
    book->total_minor += book->lines[at].total_minor;
}

static enum status add_purchase(struct retail_book *book, struct invoice *invoice,
                                const struct retail_row *row, int64_t total_minor,
                                struct error *error)
{
    void *lines = book->lines;
    int64_t together;
    if (__builtin_add_overflow(book->total_minor, total_minor, &together))
        return error_set(error, STATUS_OVERFLOW, "the total of the orders does not fit");
    if (!grow(&lines, &book->index->line_room, book->line_count, sizeof *book->lines))
        return error_set(error, STATUS_EXHAUSTED, "no memory");
    book->lines = lines;
    int32_t at = (int32_t)book->line_count++;
    if (!order_open(book, invoice, row))
        return error_set(error, STATUS_EXHAUSTED, "no memory");
    struct retail_order *order = &book->orders[invoice->order];
    if (order->line_count == RETAIL_LINES_MAX)
        return error_set(error, STATUS_INVALID, "invoice %s has more than %d lines", row->invoice,
                         RETAIL_LINES_MAX);
    book->lines[at] = (struct retail_line){
        .stock = keep(book->index, row->stock),
        .description = keep(book->index, row->description),
        .units = row->quantity,
        .total_minor = total_minor,
        .order = invoice->order,
        .position = invoice->rows,
        .next = RETAIL_NONE,
    };
    if (book->lines[at].stock == NULL || book->lines[at].description == NULL ||
        !remember_purchase(book, row->customer, at))
        return error_set(error, STATUS_EXHAUSTED, "no memory");
    order_append(book, order, at);
    return STATUS_OK;
}

static int32_t find_purchase(const struct retail_book *book, const char *customer,
                             const char *stock, int64_t units)
{
    const struct purchase *purchase =
        *customer == '\0' ? NULL : purchase_find(book->index, customer, stock);
    if (purchase == NULL)
        return RETAIL_NONE;
    for (int32_t at = purchase->latest; at != RETAIL_NONE; at = book->lines[at].older)
        if (book->lines[at].units - book->lines[at].units_given >= units)
            return at;
    return purchase->latest;
}

static enum status add_return(struct retail_book *book, const struct invoice *invoice,
                              const struct retail_row *row, struct error *error)
{
    void *requests = book->requests;
    const char *customer = keep(book->index, row->customer);
    const char *stock = keep(book->index, row->stock);
    if (customer == NULL || stock == NULL ||
        !grow(&requests, &book->index->request_room, book->request_count, sizeof *book->requests))
        return error_set(error, STATUS_EXHAUSTED, "no memory");
    book->requests = requests;
    int64_t units = -row->quantity;
    int32_t line = find_purchase(book, customer, stock, units);
    if (line != RETAIL_NONE)
        book->lines[line].units_given += units;
    book->requests[book->request_count++] = (struct retail_request){
        .invoice = invoice->number,
        .position = invoice->rows,
        .customer = customer,
        .time_us = row->time_us,
        .units = units,
        .line = line,
    };
    return STATUS_OK;
}

enum status retail_book_add(struct retail_book *book, const struct retail_row *row,
                            struct error *error)
{
    bool is_return = row->invoice[0] == 'C';
    int64_t units = is_return ? -row->quantity : row->quantity, total_minor = 0;
    struct invoice *invoice = invoice_of(book->index, row->invoice);
    if (invoice == NULL)
        return error_set(error, STATUS_EXHAUSTED, "no memory");
    invoice->rows++;
    if (units > 0 && row->price.mantissa > 0 &&
        retail_total(row->price, units, &total_minor) != STATUS_OK)
        return error_set(error, STATUS_OVERFLOW, "the total of the row does not fit");
    if (!is_return && !isdigit((unsigned char)row->invoice[0]))
        book->skipped[RETAIL_SKIP_OTHER_DOCUMENT]++;
    else if (units <= 0)
        book->skipped[RETAIL_SKIP_QUANTITY]++;
    else if (row->price.mantissa <= 0)
        book->skipped[RETAIL_SKIP_PRICE]++;
    else if (total_minor == 0)
        book->skipped[RETAIL_SKIP_ZERO_TOTAL]++;
    else if (is_return)
        return add_return(book, invoice, row, error);
    else
        return add_purchase(book, invoice, row, total_minor, error);
    return STATUS_OK;
}

enum status retail_take_line(void *context, const char *const *fields, size_t count, int64_t line,
                             struct error *error)
{
    struct retail_reading *reading = context;
    struct retail_row row;
    (void)line;
    if (!reading->header_seen) {
        reading->header_seen = true;
        return retail_header_read(fields, count, &reading->header, error);
    }
    enum status status = retail_row_read(&reading->header, fields, count, &row, error);
    return status == STATUS_OK ? retail_book_add(reading->book, &row, error) : status;
}
