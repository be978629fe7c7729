/* Parameters: single values, and columns that become one array parameter each. The binary formats
 * are those of PostgreSQL's send and receive functions (array_recv, int8recv, timestamptz_recv). */

#include "database_internal.h"

#include <endian.h>
#include <string.h>

enum { ARRAY_HEADER = 20 };

/* Microseconds from 1970-01-01 to 2000-01-01, PostgreSQL's epoch. */
static const int64_t postgres_epoch_us = INT64_C(946684800000000);

struct element_type {
    int32_t oid;
};

static const struct element_type element_types[] = {
    [COLUMN_INT8] = {20},  [COLUMN_INT4] = {23},   [COLUMN_TEXT] = {25},
    [COLUMN_BYTES] = {17}, [COLUMN_TIME] = {1184}, [COLUMN_BOOL] = {16},
};

static void put_int32(uint8_t *bytes, int32_t value)
{
    uint32_t wire = htobe32((uint32_t)value);
    memcpy(bytes, &wire, sizeof wire);
}

static void put_int64(uint8_t *bytes, int64_t value)
{
    uint64_t wire = htobe64((uint64_t)value);
    memcpy(bytes, &wire, sizeof wire);
}

static void add_parameter(struct call *call, const void *bytes, size_t size)
{
    if (call->parameter_count >= DATABASE_PARAMETERS_MAX || size > INT32_MAX) {
        unit_fail(call->unit, STATUS_INVALID, "%s: too many or too large parameters",
                  call->statement->name);
        return;
    }
    int i = call->parameter_count++;
    call->values[i] = bytes;
    call->lengths[i] = (int)size;
    call->formats[i] = 1;
}

static void add_copy(struct call *call, const uint8_t *bytes, size_t size)
{
    const void *copy = arena_memdup(call->unit->arena, bytes, size);
    if (copy == NULL)
        unit_fail(call->unit, STATUS_EXHAUSTED, "no room for parameters");
    else
        add_parameter(call, copy, size);
}

void call_int8(struct call *call, int64_t value)
{
    uint8_t bytes[8];
    put_int64(bytes, value);
    add_copy(call, bytes, sizeof bytes);
}

void call_int4(struct call *call, int32_t value)
{
    uint8_t bytes[4];
    put_int32(bytes, value);
    add_copy(call, bytes, sizeof bytes);
}

void call_text(struct call *call, const char *text)
{
    add_parameter(call, text, text == NULL ? 0 : strlen(text));
}

void call_bytes(struct call *call, const void *bytes, size_t size)
{
    static const char empty[1] = "";
    add_parameter(call, bytes == NULL ? empty : bytes, size);
}

void call_time(struct call *call, int64_t time_us)
{
    call_int8(call, time_us - postgres_epoch_us);
}

void call_bool(struct call *call, bool value)
{
    uint8_t byte = value;
    add_copy(call, &byte, 1);
}

static struct column sink; /* what column_create gives when there is no room; never read */

struct column *column_create(struct unit *unit, enum column_type type)
{
    struct column *column = arena_zalloc(unit->arena, sizeof *column);
    size_t capacity = 0;
    uint8_t *bytes = arena_grow(unit->arena, NULL, 0, &capacity, ARRAY_HEADER);
    if (column == NULL || bytes == NULL) {
        unit_fail(unit, STATUS_EXHAUSTED, "no room for a column");
        return &sink;
    }
    *column = (struct column){
        .unit = unit, .type = type, .bytes = bytes, .size = ARRAY_HEADER, .capacity = capacity};
    return column;
}

/* Room for an element of `size` bytes and its length word; NULL if there is none. */
static uint8_t *column_room(struct column *column, size_t size)
{
    if (column->unit == NULL)
        return NULL;
    if (size > INT32_MAX / 2 || column->count == INT32_MAX) {
        unit_fail(column->unit, STATUS_EXHAUSTED, "a value is too large");
        return NULL;
    }
    size_t need = column->size + 4 + size;
    uint8_t *bytes =
        arena_grow(column->unit->arena, column->bytes, column->size, &column->capacity, need);
    if (bytes == NULL) {
        unit_fail(column->unit, STATUS_EXHAUSTED, "no room for a column");
        return NULL;
    }
    column->bytes = bytes;
    uint8_t *place = bytes + column->size;
    column->size = need;
    column->count++;
    return place;
}

static void add_element(struct column *column, const void *bytes, size_t size)
{
    uint8_t *place = column_room(column, size);
    if (place == NULL)
        return;
    put_int32(place, (int32_t)size);
    if (size > 0)
        memcpy(place + 4, bytes, size);
}

void column_null(struct column *column)
{
    uint8_t *place = column_room(column, 0);
    if (place == NULL)
        return;
    put_int32(place, -1);
    column->has_null = true;
}

void column_int8(struct column *column, int64_t value)
{
    uint8_t bytes[8];
    put_int64(bytes, value);
    add_element(column, bytes, sizeof bytes);
}

void column_int4(struct column *column, int32_t value)
{
    uint8_t bytes[4];
    put_int32(bytes, value);
    add_element(column, bytes, sizeof bytes);
}

void column_text(struct column *column, const char *text)
{
    if (text == NULL)
        column_null(column);
    else
        add_element(column, text, strlen(text));
}

void column_bytes(struct column *column, const void *bytes, size_t size)
{
    if (bytes == NULL)
        column_null(column);
    else
        add_element(column, bytes, size);
}

void column_time(struct column *column, int64_t time_us)
{
    column_int8(column, time_us - postgres_epoch_us);
}

void column_bool(struct column *column, bool value)
{
    uint8_t byte = value;
    add_element(column, &byte, 1);
}

size_t column_count(const struct column *column)
{
    return (size_t)column->count;
}

void call_column(struct call *call, struct column *column)
{
    if (column->unit == NULL)
        return;
    bool empty = column->count == 0;
    put_int32(column->bytes, empty ? 0 : 1);
    put_int32(column->bytes + 4, column->has_null);
    put_int32(column->bytes + 8, element_types[column->type].oid);
    put_int32(column->bytes + 12, column->count);
    put_int32(column->bytes + 16, 1);
    add_parameter(call, column->bytes, empty ? 12 : column->size);
}

/* Results. */

static const uint8_t *value_of(const struct call *call, size_t row, int column, size_t *size)
{
    const PGresult *result = call->result;
    if (result == NULL || PQgetisnull(result, (int)row, column))
        return NULL;
    *size = (size_t)PQgetlength(result, (int)row, column);
    return (const uint8_t *)PQgetvalue(result, (int)row, column);
}

static int32_t get_int32(const uint8_t *bytes)
{
    uint32_t wire;
    memcpy(&wire, bytes, sizeof wire);
    return (int32_t)be32toh(wire);
}

static int64_t get_int64(const uint8_t *bytes)
{
    uint64_t wire;
    memcpy(&wire, bytes, sizeof wire);
    return (int64_t)be64toh(wire);
}

size_t rows_count(const struct call *call)
{
    return call->result == NULL ? 0 : (size_t)PQntuples(call->result);
}

bool rows_null(const struct call *call, size_t row, int column)
{
    size_t size;
    return value_of(call, row, column, &size) == NULL;
}

/* Integers of every width, so that a statement may return int2, int4 or int8. */
int64_t rows_int8(const struct call *call, size_t row, int column)
{
    size_t size = 0;
    const uint8_t *bytes = value_of(call, row, column, &size);
    if (bytes == NULL)
        return 0;
    if (size == 8)
        return get_int64(bytes);
    if (size == 4)
        return get_int32(bytes);
    if (size == 2)
        return (int16_t)((uint16_t)bytes[0] << 8 | bytes[1]);
    return 0;
}

int32_t rows_int4(const struct call *call, size_t row, int column)
{
    return (int32_t)rows_int8(call, row, column);
}

bool rows_bool(const struct call *call, size_t row, int column)
{
    size_t size = 0;
    const uint8_t *bytes = value_of(call, row, column, &size);
    return bytes != NULL && size == 1 && bytes[0] != 0;
}

int64_t rows_time(const struct call *call, size_t row, int column)
{
    size_t size = 0;
    const uint8_t *bytes = value_of(call, row, column, &size);
    return bytes == NULL || size != 8 ? 0 : get_int64(bytes) + postgres_epoch_us;
}

const char *rows_text(const struct call *call, size_t row, int column)
{
    size_t size;
    return (const char *)value_of(call, row, column, &size);
}

const void *rows_bytes(const struct call *call, size_t row, int column, size_t *size)
{
    *size = 0;
    return value_of(call, row, column, size);
}

/* Walks the elements of a one-dimensional array value. */
struct array_walk {
    const uint8_t *at, *end;
    size_t count;
};

static bool array_open(const struct call *call, size_t row, int column, struct array_walk *walk)
{
    size_t size = 0;
    const uint8_t *bytes = value_of(call, row, column, &size);
    if (bytes == NULL || size < ARRAY_HEADER || get_int32(bytes) != 1)
        return false;
    int32_t count = get_int32(bytes + 12);
    *walk = (struct array_walk){
        .at = bytes + ARRAY_HEADER, .end = bytes + size, .count = count < 0 ? 0 : (size_t)count};
    return true;
}

static const uint8_t *array_next(struct array_walk *walk, size_t *size)
{
    *size = 0;
    if (walk->end - walk->at < 4)
        return NULL;
    int32_t length = get_int32(walk->at);
    walk->at += 4;
    if (length < 0 || length > walk->end - walk->at)
        return NULL;
    const uint8_t *element = walk->at;
    walk->at += length;
    *size = (size_t)length;
    return element;
}

size_t rows_int8_array(const struct call *call, size_t row, int column, int64_t *values, size_t max)
{
    struct array_walk walk;
    if (!array_open(call, row, column, &walk))
        return 0;
    for (size_t i = 0; i < walk.count && i < max; i++) {
        size_t size;
        const uint8_t *element = array_next(&walk, &size);
        values[i] = element == NULL ? 0
                    : size == 8     ? get_int64(element)
                    : size == 4     ? get_int32(element)
                                    : 0;
    }
    return walk.count;
}

size_t rows_text_array(const struct call *call, size_t row, int column, struct arena *arena,
                       const char **texts, size_t max)
{
    struct array_walk walk;
    if (!array_open(call, row, column, &walk))
        return 0;
    for (size_t i = 0; i < walk.count && i < max; i++) {
        size_t size;
        const uint8_t *element = array_next(&walk, &size);
        texts[i] = element == NULL ? NULL : arena_strndup(arena, (const char *)element, size);
    }
    return walk.count;
}
