/* Units: what is sent in one piece, and the reading of answers in order. */

#include "clock.h"
#include "database_internal.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void unit_fail(struct unit *unit, enum status status, const char *format, ...)
{
    if (unit->status != STATUS_OK)
        return;
    unit->status = status;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(unit->error.text, sizeof unit->error.text, format, args);
    va_end(args);
}

/* What a unit is when the arena has no room for it: it can be built, sent and waited for, and
 * fails. One per connection would do; it holds nothing. */
static struct unit *unit_without_room(struct database *database, struct arena *arena)
{
    static _Thread_local struct unit empty;
    empty = (struct unit){.database = database, .arena = arena};
    unit_fail(&empty, STATUS_EXHAUSTED, "no room for a unit");
    return &empty;
}

static bool enter_pipeline(struct database *database)
{
    if (database->pipeline)
        return true;
    if (PQsetnonblocking(database->connection, 1) != 0 ||
        PQenterPipelineMode(database->connection) == 0)
        return false;
    database->pipeline = true;
    return true;
}

struct unit *database_begin(struct database *database, struct arena *arena)
{
    struct unit *unit = arena_zalloc(arena, sizeof *unit);
    if (unit == NULL)
        return unit_without_room(database, arena);
    unit->database = database;
    unit->arena = arena;
    if (database->broken || !enter_pipeline(database))
        unit_fail(unit, STATUS_RETRY, "the connection to PostgreSQL is gone");
    if (database->unit_count >= DATABASE_UNITS_MAX)
        unit_fail(unit, STATUS_INVALID, "more than %d units are open", DATABASE_UNITS_MAX);
    return unit;
}

static struct call *call_without_room(struct unit *unit, const struct statement *statement)
{
    static _Thread_local struct call empty;
    unit_fail(unit, STATUS_EXHAUSTED, "no room for %s", statement->name);
    empty = (struct call){.unit = unit, .statement = statement};
    return &empty;
}

struct call *unit_call(struct unit *unit, const struct statement *statement)
{
    struct call *call =
        unit->call_count < DATABASE_UNIT_CALLS_MAX ? arena_zalloc(unit->arena, sizeof *call) : NULL;
    if (call == NULL)
        return call_without_room(unit, statement);
    call->unit = unit;
    call->statement = statement;
    unit->calls[unit->call_count++] = call;
    return call;
}

void database_fail(struct unit *unit, enum status status, const char *reason)
{
    unit_fail(unit, status, "%s", reason);
}

static bool is_prepared(const struct database *database, const struct statement *statement)
{
    for (size_t i = 0; i < database->prepared_count; i++)
        if (database->prepared[i] == statement)
            return true;
    return false;
}

static void forget_prepared(struct database *database, const struct statement *statement)
{
    for (size_t i = 0; i < database->prepared_count; i++)
        if (database->prepared[i] == statement)
            database->prepared[i] = database->prepared[--database->prepared_count];
}

static bool send_call(struct database *database, struct call *call)
{
    if (!is_prepared(database, call->statement)) {
        if (database->prepared_count >= PREPARED_MAX)
            return false;
        if (PQsendPrepare(database->connection, call->statement->name, call->statement->sql, 0,
                          NULL) == 0)
            return false;
        call->prepares = true;
        database->prepared[database->prepared_count++] = call->statement;
    }
    return PQsendQueryPrepared(database->connection, call->statement->name, call->parameter_count,
                               call->values, call->lengths, call->formats, 1) != 0;
}

static void break_connection(struct database *database, const char *doing)
{
    char line[256];
    const char *message = PQerrorMessage(database->connection);
    (void)snprintf(line, sizeof line, "%.*s", (int)strcspn(message, "\n"), message);
    database->broken = true;
    for (struct unit *unit = database->first; unit != NULL; unit = unit->next) {
        unit_fail(unit, STATUS_RETRY, "%s: %s", doing, line);
        unit->done = true;
    }
    database->first = database->last = NULL;
}

void database_send(struct unit *unit)
{
    struct database *database = unit->database;
    if (unit->status != STATUS_OK)
        return;
    bool sent = true;
    for (size_t i = 0; sent && i < unit->call_count; i++)
        sent = send_call(database, unit->calls[i]);
    if (sent)
        sent = PQpipelineSync(database->connection) != 0;
    if (!sent) {
        unit_fail(unit, STATUS_RETRY, "sending to PostgreSQL failed: %s",
                  PQerrorMessage(database->connection));
        break_connection(database, "sending to PostgreSQL");
        return;
    }
    unit->sent = true;
    unit->prepare_pending = unit->call_count > 0 && unit->calls[0]->prepares;
    if (database->last == NULL)
        database->first = unit;
    else
        database->last->next = unit;
    database->last = unit;
    database->unit_count++;
    (void)PQflush(database->connection);
}

/* One answer that is not the end of a command: a result, or the news that it failed. */
static void take_result(struct unit *unit, PGresult *result)
{
    struct call *call = unit->calls[unit->answered];
    ExecStatusType outcome = PQresultStatus(result);
    if (outcome == PGRES_TUPLES_OK || outcome == PGRES_COMMAND_OK) {
        if (unit->prepare_pending)
            PQclear(result);
        else
            call->result = result;
        return;
    }
    if (unit->prepare_pending)
        forget_prepared(unit->database, call->statement);
    if (outcome != PGRES_PIPELINE_ABORTED) {
        const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
        const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
        const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
        unit_fail(unit, database_classify(state), "%s: %s%s%s (%s)", call->statement->name,
                  text == NULL ? PQresultErrorMessage(result) : text, detail == NULL ? "" : "; ",
                  detail == NULL ? "" : detail, state == NULL ? "no connection" : state);
    }
    PQclear(result);
}

static void end_command(struct unit *unit)
{
    if (unit->prepare_pending) {
        unit->prepare_pending = false;
        return;
    }
    unit->answered++;
    unit->prepare_pending =
        unit->answered < unit->call_count && unit->calls[unit->answered]->prepares;
}

static void end_unit(struct database *database)
{
    struct unit *unit = database->first;
    unit->done = true;
    database->first = unit->next;
    if (database->first == NULL)
        database->last = NULL;
}

/* Takes every answer that is there, without waiting. */
static void take_answers(struct database *database)
{
    while (database->first != NULL && !PQisBusy(database->connection)) {
        struct unit *unit = database->first;
        PGresult *result = PQgetResult(database->connection);
        if (result == NULL) {
            if (unit->answered >= unit->call_count) {
                if (PQstatus(database->connection) != CONNECTION_OK)
                    break_connection(database, "reading from PostgreSQL");
                return;
            }
            end_command(unit);
        } else if (PQresultStatus(result) == PGRES_PIPELINE_SYNC) {
            PQclear(result);
            end_unit(database);
        } else if (unit->answered < unit->call_count) {
            take_result(unit, result);
            if (PQstatus(database->connection) != CONNECTION_OK) {
                break_connection(database, "reading from PostgreSQL");
                return;
            }
        } else {
            PQclear(result);
        }
    }
}

/* Writes what is left, reads what came. False if the connection is gone. */
static bool pump(struct database *database)
{
    if (PQflush(database->connection) < 0 || PQconsumeInput(database->connection) == 0) {
        take_answers(database);
        break_connection(database, "talking to PostgreSQL");
        return false;
    }
    take_answers(database);
    return !database->broken;
}

bool database_ready(struct unit *unit)
{
    if (!unit->sent || unit->done || unit->database->broken)
        return true;
    (void)pump(unit->database);
    return unit->done;
}

static void wait_socket(struct database *database, int timeout_ms)
{
    struct pollfd socket = {.fd = PQsocket(database->connection), .events = POLLIN};
    if (PQflush(database->connection) > 0)
        socket.events |= POLLOUT;
    while (poll(&socket, 1, timeout_ms) < 0 && errno == EINTR)
        ;
}

enum status database_wait(struct unit *unit, struct error *error)
{
    struct database *database = unit->database;
    int64_t limit_us = clock_monotonic_us() + 2 * database->settings.timeout_ms * 1000;
    while (unit->sent && !unit->done && pump(database) && !unit->done) {
        int64_t left_us = limit_us - clock_monotonic_us();
        if (left_us <= 0) {
            break_connection(database, "no answer from PostgreSQL in time");
            break;
        }
        wait_socket(database, (int)(left_us / 1000) + 1);
    }
    if (unit->status == STATUS_RETRY)
        database->broken = true;
    if (unit->status != STATUS_OK)
        (void)error_set(error, unit->status, "%s", unit->error.text);
    return unit->status;
}

void database_end(struct unit *unit)
{
    if (unit->sent) {
        if (!unit->done)
            (void)!database_wait(unit, NULL);
        unit->database->unit_count--;
    }
    for (size_t i = 0; i < unit->call_count; i++) {
        PQclear(unit->calls[i]->result);
        unit->calls[i]->result = NULL;
    }
    unit->sent = false;
}
