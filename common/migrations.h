/* Migrations: forward-only SQL files in dbmate's format (-- migrate:up), embedded into the programs
 * that need them. https://github.com/amacneil/dbmate
 *
 * What was applied stands in schema_migrations(version). One process applies them at a time
 * (advisory lock); each file is one transaction. */

#ifndef REDRESS_MIGRATIONS_H
#define REDRESS_MIGRATIONS_H

#include "database.h"
#include "status.h"

struct migration {
    const char *version; /* digits in front of the file's name */
    const char *name;    /* NNNN_what.sql */
    const char *sql;     /* the whole file */
};

struct migration_list {
    const struct migration *items;
    size_t count;
};

/* Of the worker loop (versions below 100), for every worker's database; generated from
 * common/worker/migrations. */
extern const struct migration_list migrations_worker;

/* Applies what is missing of `lists`, in order of version. `applied` counts the new ones.
 * STATUS_FATAL if the database has versions that are in no list (a newer program migrated it). */
enum status migrations_apply(struct database *database, const struct migration_list *const *lists,
                             size_t list_count, size_t *applied, struct error *error) CHECK_RESULT;

/* STATUS_OK if exactly the versions of `lists` are applied; STATUS_FATAL and what to do if not. */
enum status migrations_check(struct database *database, const struct migration_list *const *lists,
                             size_t list_count, struct error *error) CHECK_RESULT;

#endif
