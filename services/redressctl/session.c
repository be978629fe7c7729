#include "session.h"

#include "command.h"

#include <unistd.h>

enum { SESSION_OWNER_TIMEOUT_MS = 60000 };

static const struct config_row own_rows[] = {
#define X(field, variable, type, min, max, fallback, help) \
    CONFIG_ROW(struct session, field, variable, type, min, max, fallback, help)
    SESSION_ROWS(X)
#undef X
};

enum { SESSION_TABLES = 2 };

static void describe(struct session *session, struct config_table tables[SESSION_TABLES])
{
    tables[0] = (struct config_table){config_worker_rows, config_worker_row_count,
                                      session == NULL ? NULL : &session->config};
    tables[1] = (struct config_table){own_rows, sizeof own_rows / sizeof *own_rows, session};
}

bool session_read(const char *command, struct session *session, int *code)
{
    struct config_table tables[SESSION_TABLES];
    struct error error = {0};
    describe(session, tables);
    if (config_read(tables, SESSION_TABLES, environ, &error) == STATUS_OK)
        return true;
    fprintf(stderr, "redressctl %s: %s\n", command, error.text);
    *code = COMMAND_USAGE;
    return false;
}

void session_print_variables(FILE *out)
{
    struct config_table tables[SESSION_TABLES];
    describe(NULL, tables);
    config_print(out, tables, SESSION_TABLES);
}

static struct database_settings settings_of(const struct config_worker *config, const char *worker)
{
    struct database_settings settings = database_settings_of(config, worker, "redressctl");
    settings.name = worker;
    settings.user = *config->database_user == '\0' ? "redressctl" : config->database_user;
    return settings;
}

enum status session_database(const struct session *session, const char *worker,
                             struct database **database, struct error *error)
{
    struct database_settings settings = settings_of(&session->config, worker);
    return database_open(&settings, database, error);
}

enum status session_owner(const struct session *session, const char *worker, const char *owner,
                          struct database **database, struct error *error)
{
    struct database_settings settings = settings_of(&session->config, worker);
    settings.user = owner;
    settings.password = session->owner_password;
    settings.timeout_ms = SESSION_OWNER_TIMEOUT_MS;
    return database_open(&settings, database, error);
}
