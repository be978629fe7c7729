/* redressctl migrate: brings the workers' databases up to date, as the roles that own them. */

#include "command.h"
#include "migrations.h"
#include "options.h"
#include "session.h"

#include <stdio.h>
#include <string.h>

#define X(worker) extern const struct migration_list migrations_##worker;
SESSION_WORKERS(X)
#undef X

extern const struct migration_list migrations_rules;

struct owned_database {
    const char *worker;
    const char *owner;
    const struct migration_list *migrations;
};

/* The workers whose databases hold rules too. */
static const char *const ruled[] = {"policy", "routing", "settlement"};

static const struct owned_database databases[] = {
#define X(worker) {#worker, #worker "_owner", &migrations_##worker},
    SESSION_WORKERS(X)
#undef X
};
enum { DATABASE_COUNT = sizeof databases / sizeof *databases };

static const struct owned_database *find(const char *worker)
{
    for (size_t i = 0; i < DATABASE_COUNT; i++)
        if (strcmp(databases[i].worker, worker) == 0)
            return &databases[i];
    return NULL;
}

static bool is_ruled(const char *worker)
{
    for (size_t i = 0; i < sizeof ruled / sizeof *ruled; i++)
        if (strcmp(ruled[i], worker) == 0)
            return true;
    return false;
}

static enum status migrate(const struct session *session, const struct owned_database *target,
                           size_t *applied, struct error *error)
{
    const struct migration_list *const lists[] = {&migrations_worker, target->migrations,
                                                  &migrations_rules};
    struct database *database;
    enum status status = session_owner(session, target->worker, target->owner, &database, error);
    if (status != STATUS_OK)
        return status;
    status = migrations_apply(database, lists, is_ruled(target->worker) ? 3 : 2, applied, error);
    database_close(database);
    return status;
}

/* One after the other: each is a short job, and the first failure should stand last on the screen.
 */
static enum status migrate_each(const struct session *session, char *const *workers, size_t count,
                                bool json, struct error *error)
{
    for (size_t i = 0; i < (count == 0 ? DATABASE_COUNT : count); i++) {
        const struct owned_database *target = count == 0 ? &databases[i] : find(workers[i]);
        size_t applied = 0;
        enum status status = migrate(session, target, &applied, error);
        if (status != STATUS_OK)
            return status;
        printf(json ? "{\"database\": \"%s\", \"applied\": %zu}\n"
                    : "%-12s %zu migrations applied\n",
               target->worker, applied);
    }
    return STATUS_OK;
}

int command_migrate(int argc, char **argv)
{
    static const struct usage usage = {
        .arguments = "[WORKER]...",
        .text = "Applies the migrations that are missing, of all workers or of those named. "
                "Connects to\n"
                "the database of each worker as role <worker>_owner with REDRESS_OWNER_PASSWORD.\n"
                "Databases and roles must exist (deploy/postgres/databases.sh makes them).",
        .most = DATABASE_COUNT,
    };
    bool json = false;
    const struct option_row rows[] = {
        {"json", OPTION_FLAG, NULL, "print one JSON object for each database", &json, 0, 0},
    };
    struct command_line line;
    struct error error = {0};
    if (!command_read(&usage, rows, sizeof rows / sizeof *rows, argc, argv, &line))
        return line.code;
    for (int i = 0; i < line.count; i++)
        if (find(line.arguments[i]) == NULL)
            return options_refuse(argv[0], "there is no worker %s", line.arguments[i]);
    return command_end(
        argv[0], migrate_each(&line.session, line.arguments, (size_t)line.count, json, &error),
        &error);
}
