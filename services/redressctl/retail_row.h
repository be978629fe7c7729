/* Retail row: one line of an "Online Retail" file, as text and as numbers. Pure.
 *
 * Columns are found by their names in the header, in any order: those of the first edition
 * (InvoiceNo, StockCode, Description, Quantity, InvoiceDate, UnitPrice, CustomerID, Country) and of
 * the second (Invoice, Price, Customer ID).
 * https://archive.ics.uci.edu/dataset/352/online+retail */

#ifndef REDRESSCTL_RETAIL_ROW_H
#define REDRESSCTL_RETAIL_ROW_H

#include "status.h"

#include <stddef.h>
#include <stdint.h>

/* X(field, name, other name) */
#define RETAIL_COLUMNS(X)                        \
    X(INVOICE, "InvoiceNo", "Invoice")           \
    X(STOCK, "StockCode", "StockCode")           \
    X(DESCRIPTION, "Description", "Description") \
    X(QUANTITY, "Quantity", "Quantity")          \
    X(DATE, "InvoiceDate", "InvoiceDate")        \
    X(PRICE, "UnitPrice", "Price")               \
    X(CUSTOMER, "CustomerID", "Customer ID")     \
    X(COUNTRY, "Country", "Country")

enum retail_column {
#define X(id, name, other) RETAIL_##id,
    RETAIL_COLUMNS(X)
#undef X
        RETAIL_COLUMN_COUNT
};

enum {
    RETAIL_UNITS_MAX = 1000000000, /* of a row, either sign */
    RETAIL_CODE_MAX = 112,         /* bytes of invoice number, stock code and customer: identifiers
                                    * made of them stay within 128 */
    RETAIL_PRICE_DIGITS_MAX = 15   /* of a price, in all */
};

/* Where each column stands. */
struct retail_header {
    size_t at[RETAIL_COLUMN_COUNT];
};

/* A decimal number, exactly: mantissa / 10^scale. */
struct decimal {
    int64_t mantissa;
    int scale; /* 0 to RETAIL_PRICE_DIGITS_MAX */
};

struct retail_row {
    const char *invoice;
    const char *stock;
    const char *description;
    const char *country;
    char customer[RETAIL_CODE_MAX + 1]; /* "" for a guest; without ".0" */
    int64_t quantity;
    struct decimal price;
    int64_t time_us;
};

enum status retail_header_read(const char *const *fields, size_t count,
                               struct retail_header *header, struct error *error) CHECK_RESULT;

/* The texts point into `fields`. STATUS_INVALID names the column and what stands there. */
enum status retail_row_read(const struct retail_header *header, const char *const *fields,
                            size_t count, struct retail_row *row, struct error *error) CHECK_RESULT;

/* "2.55", "-11062.06", "7". STATUS_INVALID otherwise. */
enum status decimal_parse(const char *text, struct decimal *result) CHECK_RESULT;

/* "2010-12-01 08:26:00" (or with T, or without seconds) and "12/1/2010 8:26", taken as UTC. */
enum status retail_time_parse(const char *text, int64_t *time_us) CHECK_RESULT;

/* price x units in pence, half up; price and units not negative. STATUS_OVERFLOW. */
enum status retail_total(struct decimal price, int64_t units, int64_t *total_minor) CHECK_RESULT;

#endif
