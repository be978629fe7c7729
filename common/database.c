#include "config.h"
#include "database_internal.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Loads are nested index look-ups from unnest() arrays whatever the statistics say: a plan that
 * flips to scanning a table under load would be an outage. */
static const char session_options[] =
    "-c plan_cache_mode=force_generic_plan -c enable_hashjoin=off -c enable_mergejoin=off"
    " -c enable_seqscan=off -c jit=off -c synchronous_commit=on -c timezone=UTC"
    " -c client_min_messages=warning";

enum status database_classify(const char *sqlstate)
{
    static const char *const passing[] = {
        "08", "53", "57", "58", "40", "55", "25P02", "25P03", "XX",
    };
    if (sqlstate == NULL)
        return STATUS_RETRY;
    if (strcmp(sqlstate, "RD001") == 0)
        return STATUS_LOST;
    if (strcmp(sqlstate, "RD002") == 0)
        return STATUS_AGAIN;
    for (size_t i = 0; i < sizeof passing / sizeof *passing; i++)
        if (strncmp(sqlstate, passing[i], strlen(passing[i])) == 0)
            return STATUS_RETRY;
    return STATUS_INVALID;
}

/* First line of libpq's message. */
static const char *first_line(const char *message, char *line, size_t size)
{
    size_t length = strcspn(message, "\n");
    (void)snprintf(line, size, "%.*s", (int)length, message);
    return line;
}

static PGconn *connect_with(const struct database_settings *settings)
{
    char port[24], timeout[24], user_timeout[24], options[640];
    long long limit = (long long)settings->timeout_ms;
    (void)snprintf(port, sizeof port, "%lld", (long long)settings->port);
    (void)snprintf(timeout, sizeof timeout, "%lld", (limit + 1999) / 1000);
    (void)snprintf(user_timeout, sizeof user_timeout, "%lld", limit);
    (void)snprintf(options, sizeof options,
                   "%s -c lock_timeout=%lld -c statement_timeout=%lld"
                   " -c idle_in_transaction_session_timeout=%lld",
                   session_options, limit, limit, limit);
    const char *const keywords[] = {
        "host",
        "port",
        "dbname",
        "user",
        "password",
        "sslmode",
        "sslrootcert",
        "application_name",
        "options",
        "connect_timeout",
        "tcp_user_timeout",
        "keepalives_idle",
        "client_encoding",
        NULL,
    };
    const char *const values[] = {
        settings->host,
        port,
        settings->name,
        settings->user,
        settings->password,
        settings->tls,
        settings->ca_file,
        settings->program,
        options,
        timeout,
        user_timeout,
        "5",
        "UTF8",
        NULL,
    };
    return PQconnectdbParams(keywords, values, 0);
}

struct database_settings database_settings_of(const struct config_worker *config, const char *name,
                                              const char *program)
{
    return (struct database_settings){
        .host = config->database_host,
        .port = config->database_port,
        .name = *config->database_name == '\0' ? name : config->database_name,
        .user = *config->database_user == '\0' ? name : config->database_user,
        .password = config->database_password,
        .tls = config->database_tls,
        .ca_file = config->database_ca_file,
        .timeout_ms = config->database_timeout_ms,
        .program = program,
    };
}

enum status database_open(const struct database_settings *settings, struct database **database,
                          struct error *error)
{
    struct database *opened = calloc(1, sizeof *opened);
    if (opened == NULL)
        return error_set(error, STATUS_RETRY, "connecting to PostgreSQL: no memory");
    opened->settings = *settings;
    opened->connection = connect_with(settings);
    if (PQstatus(opened->connection) != CONNECTION_OK) {
        char line[256];
        (void)error_set(error, STATUS_RETRY, "connecting to PostgreSQL %s:%lld/%s as %s: %s",
                        settings->host, (long long)settings->port, settings->name, settings->user,
                        first_line(PQerrorMessage(opened->connection), line, sizeof line));
        database_close(opened);
        return STATUS_RETRY;
    }
    *database = opened;
    return STATUS_OK;
}

void database_close(struct database *database)
{
    if (database == NULL)
        return;
    PQfinish(database->connection);
    free(database);
}

int32_t database_backend(const struct database *database)
{
    return (int32_t)PQbackendPID(database->connection);
}

enum status database_plain(struct database *database, struct error *error)
{
    if (database->first != NULL)
        return error_set(error, STATUS_INVALID, "a plain query while units are open");
    if (database->pipeline) {
        if (PQexitPipelineMode(database->connection) == 0) {
            database->broken = true;
            return error_set(error, STATUS_RETRY, "leaving pipeline mode failed");
        }
        (void)PQsetnonblocking(database->connection, 0);
        database->pipeline = false;
    }
    return STATUS_OK;
}

static enum status query_failed(const PGresult *result, PGconn *connection, struct error *error)
{
    char line[256];
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    return error_set(error, database_classify(state), "PostgreSQL: %s (%s)",
                     first_line(PQerrorMessage(connection), line, sizeof line),
                     state == NULL ? "no connection" : state);
}

enum status database_execute(struct database *database, const char *sql, struct error *error)
{
    enum status status = database_plain(database, error);
    if (status != STATUS_OK)
        return status;
    PGresult *result = PQexec(database->connection, sql);
    ExecStatusType outcome = PQresultStatus(result);
    if (outcome != PGRES_COMMAND_OK && outcome != PGRES_TUPLES_OK)
        status = query_failed(result, database->connection, error);
    PQclear(result);
    return status;
}

struct table {
    PGresult *result;
};

enum status database_query(struct database *database, const char *sql, const char *const *params,
                           int param_count, struct table **table, struct error *error)
{
    enum status status = database_plain(database, error);
    if (status != STATUS_OK)
        return status;
    PGresult *result =
        PQexecParams(database->connection, sql, param_count, NULL, params, NULL, NULL, 0);
    ExecStatusType outcome = PQresultStatus(result);
    struct table *found = malloc(sizeof *found);
    if ((outcome != PGRES_TUPLES_OK && outcome != PGRES_COMMAND_OK) || found == NULL) {
        status = query_failed(result, database->connection, error);
        PQclear(result);
        free(found);
        return status;
    }
    found->result = result;
    *table = found;
    return STATUS_OK;
}

size_t table_rows(const struct table *table)
{
    return (size_t)PQntuples(table->result);
}

int table_columns(const struct table *table)
{
    return PQnfields(table->result);
}

const char *table_name(const struct table *table, int column)
{
    return PQfname(table->result, column);
}

const char *table_value(const struct table *table, size_t row, int column)
{
    if (PQgetisnull(table->result, (int)row, column))
        return NULL;
    return PQgetvalue(table->result, (int)row, column);
}

void table_free(struct table *table)
{
    if (table == NULL)
        return;
    PQclear(table->result);
    free(table);
}
