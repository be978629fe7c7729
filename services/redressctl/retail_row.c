#include "retail_row.h"

#include "clock.h"
#include "money.h"
#include "wire.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define CODE_RULE "1 to 112 bytes of UTF-8 without control characters"

enum { PENCE_IN_POUND = 100 };

static const char *const column_names[RETAIL_COLUMN_COUNT][2] = {
#define X(id, name, other) {name, other},
    RETAIL_COLUMNS(X)
#undef X
};

enum status retail_header_read(const char *const *fields, size_t count,
                               struct retail_header *header, struct error *error)
{
    for (size_t column = 0; column < RETAIL_COLUMN_COUNT; column++) {
        size_t i = 0;
        while (i < count && strcmp(fields[i], column_names[column][0]) != 0 &&
               strcmp(fields[i], column_names[column][1]) != 0)
            i++;
        if (i == count)
            return error_set(error, STATUS_INVALID, "the header has no column %s",
                             column_names[column][0]);
        header->at[column] = i;
    }
    return STATUS_OK;
}

enum status decimal_parse(const char *text, struct decimal *result)
{
    bool negative = *text == '-', point = false;
    struct decimal parsed = {0, 0};
    int digits = 0;
    for (text += *text == '-' || *text == '+'; *text != '\0'; text++) {
        if (*text == '.' && !point) {
            point = true;
            continue;
        }
        if (!isdigit((unsigned char)*text) || ++digits > RETAIL_PRICE_DIGITS_MAX)
            return STATUS_INVALID;
        parsed.mantissa = parsed.mantissa * 10 + (*text - '0');
        parsed.scale += point;
    }
    if (digits == 0)
        return STATUS_INVALID;
    parsed.mantissa = negative ? -parsed.mantissa : parsed.mantissa;
    *result = parsed;
    return STATUS_OK;
}

/* Whole numbers, also as "6.0". */
static enum status units_parse(const char *text, int64_t *units)
{
    struct decimal number;
    if (decimal_parse(text, &number) != STATUS_OK)
        return STATUS_INVALID;
    for (; number.scale > 0; number.scale--) {
        if (number.mantissa % 10 != 0)
            return STATUS_INVALID;
        number.mantissa /= 10;
    }
    if (number.mantissa < -RETAIL_UNITS_MAX || number.mantissa > RETAIL_UNITS_MAX)
        return STATUS_INVALID;
    *units = number.mantissa;
    return STATUS_OK;
}

enum status retail_time_parse(const char *text, int64_t *time_us)
{
    unsigned year, month, day, hour, minute, second = 0;
    char iso[CLOCK_TEXT_MAX];
    int end = -1;
    bool american =
        sscanf(text, "%2u/%2u/%4u %2u:%2u%n", &month, &day, &year, &hour, &minute, &end) == 5;
    if (!american &&
        sscanf(text, "%4u-%2u-%2u%*1[ T]%2u:%2u%n", &year, &month, &day, &hour, &minute, &end) != 5)
        return STATUS_INVALID;
    if (text[end] == ':') {
        int more = -1;
        if (sscanf(text + end, ":%2u%n", &second, &more) != 1)
            return STATUS_INVALID;
        end += more;
    }
    if (text[end] != '\0')
        return STATUS_INVALID;
    (void)snprintf(iso, sizeof iso, "%04u-%02u-%02uT%02u:%02u:%02uZ", year % 10000, month % 100,
                   day % 100, hour % 100, minute % 100, second % 100);
    return clock_parse(iso, time_us);
}

/* What becomes an identifier or a part of one. */
static bool code_valid(const char *text, size_t least)
{
    size_t length = strlen(text);
    for (size_t i = 0; i < length; i++)
        if (iscntrl((unsigned char)text[i]))
            return false;
    return length >= least && length <= RETAIL_CODE_MAX && wire_text_valid(text, length);
}

/* Spreadsheets turn a number with gaps into 17850.0. */
static enum status customer_parse(const char *text, char customer[RETAIL_CODE_MAX + 1])
{
    size_t length = strlen(text);
    if (!code_valid(text, 0))
        return STATUS_INVALID;
    if (length > 2 && strcmp(text + length - 2, ".0") == 0)
        length -= 2;
    memcpy(customer, text, length);
    customer[length] = '\0';
    return STATUS_OK;
}

static enum status refuse(enum retail_column column, const char *text, const char *rule,
                          struct error *error)
{
    return error_set(error, STATUS_INVALID, "%s '%.64s': %s", column_names[column][0], text, rule);
}

enum status retail_row_read(const struct retail_header *header, const char *const *fields,
                            size_t count, struct retail_row *row, struct error *error)
{
    const char *texts[RETAIL_COLUMN_COUNT];
    for (size_t column = 0; column < RETAIL_COLUMN_COUNT; column++) {
        if (header->at[column] >= count)
            return error_set(error, STATUS_INVALID, "the row has %zu fields, column %s is missing",
                             count, column_names[column][0]);
        texts[column] = fields[header->at[column]];
    }
    row->invoice = texts[RETAIL_INVOICE];
    row->stock = texts[RETAIL_STOCK];
    row->description = texts[RETAIL_DESCRIPTION];
    row->country = texts[RETAIL_COUNTRY];
    if (!code_valid(row->invoice, 1))
        return refuse(RETAIL_INVOICE, row->invoice, CODE_RULE, error);
    if (!code_valid(row->stock, 1))
        return refuse(RETAIL_STOCK, row->stock, CODE_RULE, error);
    if (units_parse(texts[RETAIL_QUANTITY], &row->quantity) != STATUS_OK)
        return refuse(RETAIL_QUANTITY, texts[RETAIL_QUANTITY], "a whole number up to 10^9", error);
    if (retail_time_parse(texts[RETAIL_DATE], &row->time_us) != STATUS_OK)
        return refuse(RETAIL_DATE, texts[RETAIL_DATE], "YYYY-MM-DD HH:MM:SS or M/D/YYYY H:MM",
                      error);
    if (decimal_parse(texts[RETAIL_PRICE], &row->price) != STATUS_OK)
        return refuse(RETAIL_PRICE, texts[RETAIL_PRICE], "a decimal number of up to 15 digits",
                      error);
    if (customer_parse(texts[RETAIL_CUSTOMER], row->customer) != STATUS_OK)
        return refuse(RETAIL_CUSTOMER, texts[RETAIL_CUSTOMER], CODE_RULE ", or nothing", error);
    return STATUS_OK;
}

enum status retail_total(struct decimal price, int64_t units, int64_t *total_minor)
{
    int64_t denominator = 1;
    for (int i = 0; i < price.scale; i++)
        denominator *= 10;
    return minor_scale(price.mantissa, units * PENCE_IN_POUND, denominator, total_minor);
}
