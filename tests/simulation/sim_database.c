/* PostgreSQL as its clients see it: connections, transactions that are sent, what they gave. */

#include "sim_database.h"

#include <string.h>

struct database {
    int connection;
};

int sim_connect(void)
{
    if (sim.connection_count == SIM_CONNECTIONS) {
        sim_violate("simulation: too many connections");
        return -1;
    }
    int number = (int)sim.connection_count++;
    sim.connections[number] = (struct sim_connection){.state = CONNECTION_OPEN};
    return number;
}

void sim_disconnect(int connection)
{
    if (connection >= 0)
        sim.connections[connection].state = CONNECTION_BROKEN;
}

static struct sim_connection *connection_of(const struct unit *unit)
{
    return &sim.connections[unit->connection];
}

enum status worker_connect(struct worker *worker)
{
    struct sim_instance *me = sim.current;
    sim_yield(WAIT_TIME, NULL, sim_run.now_us + 1000);
    if (!me->alive)
        return STATUS_FATAL;
    if (sim.database_down_until > sim_run.step)
        return error_set(&worker->error, STATUS_RETRY, "the database is down");
    struct database *database = sim_alloc(sizeof *database);
    database->connection = me->connection = sim_connect();
    worker->database = database;
    return STATUS_OK;
}

void database_close(struct database *database)
{
    if (database != NULL && sim.current->alive)
        sim_disconnect(database->connection);
}

int32_t database_backend(const struct database *database)
{
    return database->connection;
}

struct unit *database_begin(struct database *database, struct arena *arena)
{
    (void)arena;
    struct unit *unit = sim_alloc(sizeof *unit);
    unit->connection = database == NULL ? -1 : database->connection;
    return unit;
}

struct call *unit_call(struct unit *unit, const struct statement *statement)
{
    struct call *call = sim_alloc(sizeof *call);
    unit->calls[unit->call_count++] = call;
    call->name = statement->name;
    return call;
}

struct column *column_create(struct unit *unit, enum column_type type)
{
    (void)unit;
    (void)type;
    return sim_alloc(sizeof(struct column));
}

static void grow(struct column *column)
{
    if (column->count < column->capacity)
        return;
    size_t capacity = column->capacity == 0 ? 4 : column->capacity * 2;
    struct column larger = {.count = column->count, .capacity = capacity};
    larger.numbers = sim_alloc(capacity * sizeof *larger.numbers);
    larger.texts = sim_alloc(capacity * sizeof *larger.texts);
    larger.bytes = sim_alloc(capacity * sizeof *larger.bytes);
    if (column->count > 0) {
        memcpy(larger.numbers, column->numbers, column->count * sizeof *larger.numbers);
        memcpy(larger.texts, column->texts, column->count * sizeof *larger.texts);
        memcpy(larger.bytes, column->bytes, column->count * sizeof *larger.bytes);
    }
    *column = larger;
}

void column_int8(struct column *column, int64_t value)
{
    grow(column);
    column->numbers[column->count++] = value;
}

void column_int4(struct column *column, int32_t value)
{
    column_int8(column, value);
}

void column_time(struct column *column, int64_t time_us)
{
    column_int8(column, time_us);
}

void column_bool(struct column *column, bool value)
{
    column_int8(column, value);
}

void column_null(struct column *column)
{
    column_int8(column, 0);
}

void column_text(struct column *column, const char *text)
{
    grow(column);
    column->texts[column->count++] = sim_text(text);
}

void column_bytes(struct column *column, const void *bytes, size_t size)
{
    grow(column);
    void *copy = sim_alloc(size + 1);
    if (size > 0)
        memcpy(copy, bytes, size);
    column->bytes[column->count++] = (struct sim_bytes){copy, size};
}

size_t column_count(const struct column *column)
{
    return column->count;
}

void call_column(struct call *call, struct column *column)
{
    call->parameters[call->parameter_count++] = column;
}

static struct column *single(struct call *call)
{
    struct column *column = sim_alloc(sizeof *column);
    call_column(call, column);
    return column;
}

void call_int8(struct call *call, int64_t value)
{
    column_int8(single(call), value);
}

void call_int4(struct call *call, int32_t value)
{
    column_int8(single(call), value);
}

void call_time(struct call *call, int64_t time_us)
{
    column_int8(single(call), time_us);
}

void call_bool(struct call *call, bool value)
{
    column_int8(single(call), value);
}

void call_text(struct call *call, const char *text)
{
    column_text(single(call), text);
}

void call_bytes(struct call *call, const void *bytes, size_t size)
{
    column_bytes(single(call), bytes, size);
}

void database_fail(struct unit *unit, enum status status, const char *reason)
{
    (void)reason;
    unit->status = status;
    unit->done = true;
}

void database_send(struct unit *unit)
{
    if (unit->done || unit->connection < 0 || !sim.current->alive)
        return;
    struct sim_connection *connection = connection_of(unit);
    if (connection->state != CONNECTION_OPEN)
        return;
    unit->sent = true;
    if (connection->unit_count == SIM_UNITS_MAX)
        sim_violate("simulation: too many transactions under way");
    else
        connection->units[connection->unit_count++] = unit;
}

static bool connection_gone(const struct unit *unit)
{
    return unit->connection < 0 || connection_of(unit)->state != CONNECTION_OPEN;
}

bool database_ready(struct unit *unit)
{
    return unit->done || connection_gone(unit);
}

enum status database_wait(struct unit *unit, struct error *error)
{
    struct sim_instance *me = sim.current;
    while (me->alive && !unit->done && !connection_gone(unit))
        sim_yield(WAIT_UNIT, unit, 0);
    if (!me->alive)
        return error_set(error, STATUS_FATAL, "killed");
    if (connection_gone(unit))
        return error_set(error, STATUS_RETRY, "the connection is gone");
    if (unit->status != STATUS_OK)
        return error_set(error, unit->status, "refused");
    return STATUS_OK;
}

void database_end(struct unit *unit)
{
    (void)unit;
}

size_t rows_count(const struct call *call)
{
    return call->row_count;
}

bool rows_null(const struct call *call, size_t row, int column)
{
    return call->rows[row][column].text == NULL && call->rows[row][column].bytes.data == NULL;
}

int64_t rows_int8(const struct call *call, size_t row, int column)
{
    return call->rows[row][column].number;
}

int32_t rows_int4(const struct call *call, size_t row, int column)
{
    return (int32_t)call->rows[row][column].number;
}

bool rows_bool(const struct call *call, size_t row, int column)
{
    return call->rows[row][column].number != 0;
}

int64_t rows_time(const struct call *call, size_t row, int column)
{
    return call->rows[row][column].number;
}

const char *rows_text(const struct call *call, size_t row, int column)
{
    return call->rows[row][column].text;
}

const void *rows_bytes(const struct call *call, size_t row, int column, size_t *size)
{
    *size = call->rows[row][column].bytes.size;
    return call->rows[row][column].bytes.data;
}

size_t sim_count(const struct call *call, int parameter)
{
    return call->parameters[parameter]->count;
}

int64_t sim_int(const struct call *call, int parameter, size_t row)
{
    return call->parameters[parameter]->numbers[row];
}

const char *sim_string(const struct call *call, int parameter, size_t row)
{
    return call->parameters[parameter]->texts[row];
}

const void *sim_blob(const struct call *call, int parameter, size_t row)
{
    return call->parameters[parameter]->bytes[row].data;
}

void sim_row(struct call *call)
{
    if (call->row_count == call->row_capacity) {
        size_t capacity = call->row_capacity == 0 ? 4 : call->row_capacity * 2;
        struct cell(*larger)[CELLS] = sim_alloc(capacity * sizeof *larger);
        if (call->row_count > 0)
            memcpy(larger, call->rows, call->row_count * sizeof *larger);
        call->rows = larger;
        call->row_capacity = capacity;
    }
    call->row_count++;
    call->cell_count = 0;
}

void sim_cell(struct call *call, int64_t value, const char *text, const void *bytes, size_t size)
{
    call->rows[call->row_count - 1][call->cell_count++] = (struct cell){value, text, {bytes, size}};
}
