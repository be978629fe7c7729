/* Columns: the rows of one statement that takes each of its columns as an array, put in value by
 * value.
 *
 *     struct columns added = {.unit = unit};
 *     for each refund {
 *         columns_row(&added);
 *         columns_int8(&added, refund->key);
 *         columns_text(&added, refund->refund_id);
 *     }
 *     columns_call(&added, &INSERT_REFUNDS);
 *
 * The first row makes the columns; each further row puts the same types in the same order. */

#ifndef REDRESS_COLUMNS_H
#define REDRESS_COLUMNS_H

#include "database.h"

struct columns {
    struct unit *unit;
    struct column *columns[DATABASE_PARAMETERS_MAX];
    int count;
    int at; /* where the row goes on */
};

/* Begins a row. */
void columns_row(struct columns *columns);

/* NULL as text or bytes: SQL NULL. */
void columns_int8(struct columns *columns, int64_t value);
void columns_int4(struct columns *columns, int32_t value);
void columns_bool(struct columns *columns, bool value);
void columns_text(struct columns *columns, const char *text);
void columns_bytes(struct columns *columns, const void *bytes, size_t size);
void columns_time(struct columns *columns, int64_t time_us);

/* SQL NULL unless `given`; a time unless it is 0. */
void columns_int8_if(struct columns *columns, bool given, int64_t value);
void columns_int4_if(struct columns *columns, bool given, int32_t value);
void columns_time_if(struct columns *columns, int64_t time_us);

/* Adds the call to the unit and returns it; NULL if there is no row, and then no call. */
struct call *columns_call(const struct columns *columns, const struct statement *statement);

#endif
