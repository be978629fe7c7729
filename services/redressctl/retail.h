/* Retail: the orders and refund requests that stand in an "Online Retail" file. Pure.
 *
 * An invoice whose number begins with a digit is an order; a row's position among all rows of its
 * invoice, from 1, is the line id. A row of an invoice that begins with C asks for a refund of an
 * earlier purchase of the same customer and stock code: the latest whose units, less those that
 * earlier such rows were given, suffice; if none suffices, the latest; if there is none, line 1 of
 * an order that does not exist. Rows that are neither are counted by the reason they are left out.
 */

#ifndef REDRESSCTL_RETAIL_H
#define REDRESSCTL_RETAIL_H

#include "retail_row.h"
#include "status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(name, help): the first that applies counts */
#define RETAIL_SKIP_ROWS(X)                                                   \
    X(OTHER_DOCUMENT, "the invoice number begins with neither a digit nor C") \
    X(QUANTITY, "a purchase of 0 or fewer units, or a return of 0 or more")   \
    X(PRICE, "a price of 0 or less")                                          \
    X(ZERO_TOTAL, "price x units is less than half a penny")

enum retail_skip {
#define X(name, help) RETAIL_SKIP_##name,
    RETAIL_SKIP_ROWS(X)
#undef X
        RETAIL_SKIP_COUNT
};

const char *retail_skip_name(enum retail_skip skip);

enum {
    RETAIL_NONE = -1,
    RETAIL_LINES_MAX = 10000 /* of one order */
};

/* A kept row of a purchase. */
struct retail_line {
    const char *stock;
    const char *description;
    int64_t units;
    int64_t total_minor; /* pence */
    int64_t units_given; /* to returns so far; may exceed units */
    int32_t order;       /* index */
    int32_t position;    /* in its invoice, from 1 */
    int32_t next;        /* line of the same order, or RETAIL_NONE */
    int32_t older;       /* earlier purchase of the same customer and stock, or RETAIL_NONE */
};

struct retail_order {
    const char *invoice;
    const char *customer; /* "" for a guest */
    const char *country;
    int64_t time_us; /* of its first kept row */
    int64_t total_minor;
    int32_t first_line, last_line;
    int32_t line_count;
};

struct retail_request {
    const char *invoice;  /* of the return, beginning with C */
    int32_t position;     /* in that invoice */
    const char *customer; /* "" for a guest */
    int64_t time_us;
    int64_t units;
    int32_t line; /* index of what is returned, or RETAIL_NONE */
};

/* Everything in the order of the file. Texts live as long as the book. */
struct retail_book {
    struct retail_line *lines;
    struct retail_order *orders;
    struct retail_request *requests;
    size_t line_count, order_count, request_count;
    int64_t total_minor; /* of all orders */
    int64_t skipped[RETAIL_SKIP_COUNT];
    struct retail_index *index;
};

/* NULL: no memory. The caller destroys it. */
struct retail_book *retail_book_create(void);
void retail_book_destroy(struct retail_book *book);

/* Takes the next row of the file. */
enum status retail_book_add(struct retail_book *book, const struct retail_row *row,
                            struct error *error) CHECK_RESULT;

/* A file on its way into a book: its header, then its rows. */
struct retail_reading {
    struct retail_book *book;
    struct retail_header header;
    bool header_seen;
};

/* Takes the next line of the file, for csv_reader_create; `reading` is a struct retail_reading. */
enum status retail_take_line(void *reading, const char *const *fields, size_t count, int64_t line,
                             struct error *error) CHECK_RESULT;

/* carriage, non_goods or goods. */
const char *retail_category(const char *stock);

#endif
