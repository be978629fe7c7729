/* Database: one connection to PostgreSQL, non-blocking, in pipeline mode. The only file that knows
 * libpq.
 *
 * Work goes out in units: a sequence of calls closed by a sync, which is one implicit transaction:
 * all of it happens or none. Units may be sent before earlier ones are answered; answers come in
 * order. Statements are prepared on first use and run with one generic plan; parameters and results
 * are binary.
 *
 *     struct unit *load = database_begin(database, arena);
 *     struct call *call = unit_call(load, &ORDER_LOAD);
 *     call_column(call, merchants);
 *     call_column(call, orders);
 *     database_send(load);
 *     ...
 *     enum status status = database_wait(load, &error);
 *     for (size_t i = 0; i < rows_count(call); i++)
 *         ... rows_text(call, i, 0) ...
 *     database_end(load);
 *
 * STATUS_RETRY: the connection is gone; what was in flight may or may not have happened.
 * STATUS_LOST: redress_require refused (progress is somebody else's).
 * STATUS_AGAIN: redress_require_room refused (rows that instances share have changed since the
 * load). STATUS_INVALID: PostgreSQL refused a statement; the error names it. */

#ifndef REDRESS_DATABASE_H
#define REDRESS_DATABASE_H

#include "arena.h"
#include "status.h"

#include <stdbool.h>
#include <stdint.h>

struct config_worker;
struct database;
struct unit;
struct call;

struct database_settings {
    const char *host;
    int64_t port;
    const char *name;
    const char *user;
    const char *password;
    const char *tls;     /* libpq sslmode */
    const char *ca_file; /* "" for none */
    int64_t timeout_ms;  /* lock, statement and idle-in-transaction limit; tcp_user_timeout */
    const char *program; /* application_name */
};

/* A statement stands whole, with its name, in the file that owns it. Parameters are cast in the
 * text ($1::bigint[]), which gives their types. */
struct statement {
    const char *name; /* unique per connection; at most 63 bytes */
    const char *sql;
};

enum column_type { COLUMN_INT8, COLUMN_INT4, COLUMN_TEXT, COLUMN_BYTES, COLUMN_TIME, COLUMN_BOOL };

enum {
    DATABASE_UNIT_CALLS_MAX = 64, /* calls in one unit */
    DATABASE_PARAMETERS_MAX = 40, /* of one call */
    DATABASE_UNITS_MAX = 8        /* sent and not ended */
};

/* What `config` says, for the worker `name`: the database and role of that name unless the
 * configuration has others. Refers to the texts of all three. */
struct database_settings database_settings_of(const struct config_worker *config, const char *name,
                                              const char *program);

/* Connects (blocking, at most timeout_ms) and sets the session up. The caller owns it. */
enum status database_open(const struct database_settings *settings, struct database **database,
                          struct error *error) CHECK_RESULT;
void database_close(struct database *database);

/* The server process of this connection, for the owner column of a shard. */
int32_t database_backend(const struct database *database);

/* Plain SQL that returns nothing that matters, blocking: migrations and set-up, outside units.
 * Several statements are allowed. */
enum status database_execute(struct database *database, const char *sql,
                             struct error *error) CHECK_RESULT;

/* A unit, built in `arena`, which must outlive database_end. Never NULL: a failure to build sticks
 * to the unit and is returned by database_wait. */
struct unit *database_begin(struct database *database, struct arena *arena);
struct call *unit_call(struct unit *unit, const struct statement *statement);

/* Parameters, in order. Texts and bytes are referred to until database_send. */
void call_int8(struct call *call, int64_t value);
void call_int4(struct call *call, int32_t value);
void call_text(struct call *call, const char *text); /* NULL: SQL NULL */
void call_bytes(struct call *call, const void *bytes, size_t size);
void call_time(struct call *call, int64_t time_us);
void call_bool(struct call *call, bool value);

/* A column: one array parameter, grown a row at a time, in the unit's arena. */
struct column;
struct column *column_create(struct unit *unit, enum column_type type);
void column_int8(struct column *column, int64_t value);
void column_int4(struct column *column, int32_t value);
void column_text(struct column *column, const char *text);                /* NULL: SQL NULL */
void column_bytes(struct column *column, const void *bytes, size_t size); /* NULL: SQL NULL */
void column_time(struct column *column, int64_t time_us);
void column_bool(struct column *column, bool value);
void column_null(struct column *column);
size_t column_count(const struct column *column);
void call_column(struct call *call, struct column *column);

/* Makes database_wait return `status` instead of sending anything. */
void database_fail(struct unit *unit, enum status status, const char *reason);

/* Sends the unit whole, closed by a sync; does not wait. */
void database_send(struct unit *unit);

/* Waits for the unit's answers. Reads while writing. STATUS_RETRY on loss of the connection or
 * after twice the statement time-out. The other statuses as above; then nothing of the unit
 * happened. */
enum status database_wait(struct unit *unit, struct error *error) CHECK_RESULT;

/* True if the answers are there, so that database_wait would not wait. Never blocks. */
bool database_ready(struct unit *unit);

/* Frees the results. Must be called for each unit, in the order of database_begin. */
void database_end(struct unit *unit);

/* Results of a call, after database_wait gave STATUS_OK. Columns count from 0. Texts and bytes live
 * until database_end; texts are NUL-terminated. A NULL reads as 0, false or NULL. */
size_t rows_count(const struct call *call);
bool rows_null(const struct call *call, size_t row, int column);
int64_t rows_int8(const struct call *call, size_t row, int column);
int32_t rows_int4(const struct call *call, size_t row, int column);
bool rows_bool(const struct call *call, size_t row, int column);
int64_t rows_time(const struct call *call, size_t row, int column);
const char *rows_text(const struct call *call, size_t row, int column);
const void *rows_bytes(const struct call *call, size_t row, int column, size_t *size);

/* Elements of a one-dimensional bigint[] or text[] value; writes at most `max`, returns how many
 * there are. */
size_t rows_int8_array(const struct call *call, size_t row, int column, int64_t *values,
                       size_t max);
size_t rows_text_array(const struct call *call, size_t row, int column, struct arena *arena,
                       const char **texts, size_t max);

/* Any query in text form, for programs that print what they find (redressctl): blocking. Values are
 * texts, NULL for SQL NULL, and live until table_free. */
struct table;
enum status database_query(struct database *database, const char *sql, const char *const *params,
                           int param_count, struct table **table, struct error *error) CHECK_RESULT;
size_t table_rows(const struct table *table);
int table_columns(const struct table *table);
const char *table_name(const struct table *table, int column);
const char *table_value(const struct table *table, size_t row, int column);
void table_free(struct table *table);

#endif
