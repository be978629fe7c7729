/* Shared by the files of database_*.c; nobody else includes it. */

#ifndef REDRESS_DATABASE_INTERNAL_H
#define REDRESS_DATABASE_INTERNAL_H

#include "database.h"

#include <libpq-fe.h>

enum { PREPARED_MAX = 256 /* distinct statements of one connection */ };

struct column {
    struct unit *unit;
    enum column_type type;
    uint8_t *bytes; /* the array as PostgreSQL wants it, header included */
    size_t size, capacity;
    int32_t count;
    bool has_null;
};

struct call {
    struct unit *unit;
    const struct statement *statement;
    const char *values[DATABASE_PARAMETERS_MAX];
    int lengths[DATABASE_PARAMETERS_MAX];
    int formats[DATABASE_PARAMETERS_MAX];
    int parameter_count;
    bool prepares; /* a Prepare goes in front of it */
    PGresult *result;
};

struct unit {
    struct database *database;
    struct arena *arena;
    struct call *calls[DATABASE_UNIT_CALLS_MAX];
    size_t call_count;
    size_t answered;      /* calls whose answer is complete */
    bool prepare_pending; /* the next answer is that of a Prepare */
    bool sent, done;
    enum status status;
    struct error error;
    struct unit *next;
};

struct database {
    PGconn *connection;
    struct database_settings settings;
    const struct statement *prepared[PREPARED_MAX];
    size_t prepared_count;
    struct unit *first, *last; /* sent and not done */
    size_t unit_count;
    bool pipeline;
    bool broken;
};

/* Fails the unit, unless it failed already. */
void unit_fail(struct unit *unit, enum status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* STATUS_RETRY for what may pass, STATUS_LOST for RD001, STATUS_AGAIN for RD002, STATUS_INVALID for
 * the rest. */
enum status database_classify(const char *sqlstate);

/* Leaves pipeline mode for plain queries; STATUS_INVALID while units are open. */
enum status database_plain(struct database *database, struct error *error) CHECK_RESULT;

#endif
