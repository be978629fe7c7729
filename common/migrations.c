#include "migrations.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MIGRATION_LOCK = 72707368 /* of pg_advisory_lock; any fixed number */ };

static const char create_table[] =
    "CREATE TABLE IF NOT EXISTS schema_migrations (version varchar(128) PRIMARY KEY)";

static bool listed(const struct migration_list *const *lists, size_t list_count,
                   const char *version)
{
    for (size_t l = 0; l < list_count; l++)
        for (size_t i = 0; i < lists[l]->count; i++)
            if (strcmp(lists[l]->items[i].version, version) == 0)
                return true;
    return false;
}

static bool applied_already(const struct table *applied, const char *version)
{
    for (size_t i = 0; i < table_rows(applied); i++)
        if (strcmp(table_value(applied, i, 0), version) == 0)
            return true;
    return false;
}

static enum status refuse_unknown(const struct table *applied,
                                  const struct migration_list *const *lists, size_t list_count,
                                  struct error *error)
{
    for (size_t i = 0; i < table_rows(applied); i++)
        if (!listed(lists, list_count, table_value(applied, i, 0)))
            return error_set(error, STATUS_FATAL,
                             "the database has schema version %s, which this program does not "
                             "know: run the newer program",
                             table_value(applied, i, 0));
    return STATUS_OK;
}

static const char *up_part(const char *sql, size_t *size)
{
    const char *down = strstr(sql, "-- migrate:down");
    *size = down == NULL ? strlen(sql) : (size_t)(down - sql);
    return sql;
}

static enum status apply_one(struct database *database, const struct migration *migration,
                             struct error *error)
{
    size_t size;
    const char *up = up_part(migration->sql, &size);
    char *script = NULL;
    if (asprintf(&script, "BEGIN;\n%.*s\nINSERT INTO schema_migrations VALUES ('%s');\nCOMMIT;",
                 (int)size, up, migration->version) < 0)
        return error_set(error, STATUS_RETRY, "migrating: no memory");
    struct error cause = {0};
    enum status status = database_execute(database, script, &cause);
    free(script);
    if (status != STATUS_OK) {
        (void)!database_execute(database, "ROLLBACK", NULL);
        return error_set(error, status, "migration %s: %.400s", migration->name, cause.text);
    }
    return STATUS_OK;
}

static enum status apply_missing(struct database *database, const struct table *applied,
                                 const struct migration_list *const *lists, size_t list_count,
                                 size_t *count, struct error *error)
{
    for (size_t l = 0; l < list_count; l++) {
        for (size_t i = 0; i < lists[l]->count; i++) {
            const struct migration *migration = &lists[l]->items[i];
            if (applied_already(applied, migration->version))
                continue;
            enum status status = apply_one(database, migration, error);
            if (status != STATUS_OK)
                return status;
            (*count)++;
        }
    }
    return STATUS_OK;
}

enum status migrations_apply(struct database *database, const struct migration_list *const *lists,
                             size_t list_count, size_t *applied, struct error *error)
{
    char lock[64];
    (void)snprintf(lock, sizeof lock, "SELECT pg_advisory_lock(%d)", MIGRATION_LOCK);
    *applied = 0;
    enum status status = database_execute(database, lock, error);
    if (status == STATUS_OK)
        status = database_execute(database, create_table, error);
    struct table *known = NULL;
    if (status == STATUS_OK)
        status = database_query(database, "SELECT version FROM schema_migrations", NULL, 0, &known,
                                error);
    if (status == STATUS_OK)
        status = refuse_unknown(known, lists, list_count, error);
    if (status == STATUS_OK)
        status = apply_missing(database, known, lists, list_count, applied, error);
    table_free(known);
    (void)snprintf(lock, sizeof lock, "SELECT pg_advisory_unlock(%d)", MIGRATION_LOCK);
    (void)!database_execute(database, lock, NULL);
    return status;
}

enum status migrations_check(struct database *database, const struct migration_list *const *lists,
                             size_t list_count, struct error *error)
{
    struct table *applied = NULL;
    enum status status =
        database_query(database, "SELECT version FROM schema_migrations", NULL, 0, &applied, error);
    if (status == STATUS_INVALID)
        return error_set(error, STATUS_FATAL,
                         "the database has no schema yet: run redressctl migrate");
    if (status == STATUS_OK)
        status = refuse_unknown(applied, lists, list_count, error);
    for (size_t l = 0; status == STATUS_OK && l < list_count; l++)
        for (size_t i = 0; i < lists[l]->count; i++)
            if (!applied_already(applied, lists[l]->items[i].version))
                status = error_set(error, STATUS_FATAL,
                                   "migration %s is not applied: run redressctl migrate",
                                   lists[l]->items[i].name);
    table_free(applied);
    return status;
}
