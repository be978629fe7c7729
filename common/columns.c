#include "columns.h"

#include <assert.h>

static struct column *next(struct columns *columns, enum column_type type)
{
    if (columns->at == columns->count) {
        assert(columns->count < DATABASE_PARAMETERS_MAX);
        columns->columns[columns->count++] = column_create(columns->unit, type);
    }
    return columns->columns[columns->at++];
}

void columns_row(struct columns *columns)
{
    columns->at = 0;
}

void columns_int8(struct columns *columns, int64_t value)
{
    column_int8(next(columns, COLUMN_INT8), value);
}

void columns_int4(struct columns *columns, int32_t value)
{
    column_int4(next(columns, COLUMN_INT4), value);
}

void columns_bool(struct columns *columns, bool value)
{
    column_bool(next(columns, COLUMN_BOOL), value);
}

void columns_text(struct columns *columns, const char *text)
{
    column_text(next(columns, COLUMN_TEXT), text);
}

void columns_bytes(struct columns *columns, const void *bytes, size_t size)
{
    column_bytes(next(columns, COLUMN_BYTES), bytes, size);
}

void columns_time(struct columns *columns, int64_t time_us)
{
    column_time(next(columns, COLUMN_TIME), time_us);
}

void columns_int8_if(struct columns *columns, bool given, int64_t value)
{
    struct column *column = next(columns, COLUMN_INT8);
    if (given)
        column_int8(column, value);
    else
        column_null(column);
}

void columns_int4_if(struct columns *columns, bool given, int32_t value)
{
    struct column *column = next(columns, COLUMN_INT4);
    if (given)
        column_int4(column, value);
    else
        column_null(column);
}

void columns_time_if(struct columns *columns, int64_t time_us)
{
    struct column *column = next(columns, COLUMN_TIME);
    if (time_us == 0)
        column_null(column);
    else
        column_time(column, time_us);
}

struct call *columns_call(const struct columns *columns, const struct statement *statement)
{
    if (columns->count == 0)
        return NULL;
    struct call *call = unit_call(columns->unit, statement);
    for (int i = 0; i < columns->count; i++)
        call_column(call, columns->columns[i]);
    return call;
}
