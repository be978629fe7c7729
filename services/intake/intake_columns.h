/* Columns: the rows of one statement that takes each column as an array, put in value by value. */

#ifndef REDRESS_INTAKE_COLUMNS_H
#define REDRESS_INTAKE_COLUMNS_H

#include "database.h"

/* The columns are made by the first row. */
struct columns {
    struct unit *unit;
    struct column *columns[DATABASE_PARAMETERS_MAX];
    int count;
    int at; /* where the row goes on */
};

/* Begins a row; each row puts the same types in the same order. */
void columns_row(struct columns *columns);
void columns_int8(struct columns *columns, int64_t value);
void columns_int4(struct columns *columns, int32_t value);
void columns_bool(struct columns *columns, bool value);
void columns_text(struct columns *columns, const char *text); /* NULL: SQL NULL */
void columns_time(struct columns *columns, int64_t time_us);  /* 0: SQL NULL */
/* NULL unless `given`. */
void columns_int8_if(struct columns *columns, bool given, int64_t value);

/* Adds the call to the unit, if there is a row. */
void columns_call(struct columns *columns, const struct statement *statement);

#endif
