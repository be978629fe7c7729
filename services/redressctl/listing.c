#include "listing.h"

#include "command.h"
#include "money.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LISTING_COLUMNS_MAX = 32 };

enum status listing_json(struct database *database, const char *sql, const char *const *params,
                         int param_count, json_t **rows, struct error *error)
{
    char *wrapped = NULL;
    struct table *table;
    if (asprintf(&wrapped, "SELECT coalesce(json_agg(row), '[]') FROM (%s) AS row", sql) < 0)
        return error_set(error, STATUS_EXHAUSTED, "no memory");
    enum status status = database_query(database, wrapped, params, param_count, &table, error);
    free(wrapped);
    if (status != STATUS_OK)
        return status;
    json_error_t trouble;
    *rows = json_loads(table_value(table, 0, 0), 0, &trouble);
    if (*rows == NULL)
        status = error_set(error, STATUS_INVALID, "PostgreSQL's JSON: %s", trouble.text);
    table_free(table);
    return status;
}

/* What stands in a cell; `text` has MONEY_TEXT_MAX bytes for amounts. */
static const char *cell_text(const struct table *table, size_t row, int column, char *text)
{
    const char *value = table_value(table, row, column);
    struct money amount;
    char *currency;
    if (value == NULL)
        return "";
    if (strcmp(table_name(table, column), "AMOUNT") != 0)
        return value;
    int64_t minor = strtoll(value, &currency, 10);
    if (*currency != ' ' || money_make(minor, currency + 1, &amount) != STATUS_OK)
        return value;
    return money_format(amount, text);
}

static size_t width_of(const struct table *table, int column)
{
    char text[MONEY_TEXT_MAX];
    size_t width = strlen(table_name(table, column));
    for (size_t row = 0; row < table_rows(table); row++) {
        size_t length = strlen(cell_text(table, row, column, text));
        width = length > width ? length : width;
    }
    return width;
}

static void print_cells(const struct table *table, const size_t *widths, int columns, long row)
{
    for (int i = 0; i < columns; i++) {
        char text[MONEY_TEXT_MAX];
        const char *cell = row < 0 ? table_name(table, i) : cell_text(table, (size_t)row, i, text);
        printf("%-*s%s", i + 1 == columns ? 0 : (int)widths[i], cell,
               i + 1 == columns ? "\n" : "  ");
    }
}

static void print_plain(const struct table *table)
{
    size_t widths[LISTING_COLUMNS_MAX];
    int columns = table_columns(table);
    columns = columns > LISTING_COLUMNS_MAX ? LISTING_COLUMNS_MAX : columns;
    for (int i = 0; i < columns; i++)
        widths[i] = width_of(table, i);
    for (long row = -1; row < (long)table_rows(table); row++)
        print_cells(table, widths, columns, row);
}

enum status listing_print(struct database *database, const char *sql, const char *const *params,
                          int param_count, bool json, struct error *error)
{
    enum status status;
    if (json) {
        json_t *rows;
        status = listing_json(database, sql, params, param_count, &rows, error);
        if (status != STATUS_OK)
            return status;
        command_print(rows);
        json_decref(rows);
        return STATUS_OK;
    }
    struct table *table;
    status = database_query(database, sql, params, param_count, &table, error);
    if (status != STATUS_OK)
        return status;
    print_plain(table);
    table_free(table);
    return STATUS_OK;
}
