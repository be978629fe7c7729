/* Session: what redressctl knows of its surroundings: brokers, databases, passwords. */

#ifndef REDRESSCTL_SESSION_H
#define REDRESSCTL_SESSION_H

#include "config.h"
#include "database.h"
#include "status.h"

#include <stdbool.h>
#include <stdio.h>

/* The workers, each with a database of its name, in the order of the flow. */
#define SESSION_WORKERS(X) X(intake) X(policy) X(routing) X(settlement) X(analytics)

/* Beside what every worker understands. */
#define SESSION_ROWS(X)                                                                           \
    X(owner_password, "REDRESS_OWNER_PASSWORD", SECRET, 0, 1024, "",                              \
      "password of the roles <worker>_owner (migrate)")                                           \
    X(console_key, "REDRESS_CONSOLE_KEY", SECRET, 0, 256, "",                                     \
      "<key id>:<64 hex>: seed of an application's key of the roster, which signs decisions for " \
      "the people it vouches for")                                                                \
    X(merchant, "REDRESS_MERCHANT", TEXT, 1, 128, "sample-shop", "merchant where none is named")

struct session {
    struct config_worker config;
#define X(field, variable, type, min, max, fallback, help) CONFIG_FIELD_##type field;
    SESSION_ROWS(X)
#undef X
};

/* Reads the environment. False: it is wrong (said on stderr), with the exit code in `*code`. */
bool session_read(const char *command, struct session *session, int *code) CHECK_RESULT;

/* Connects to a worker's database as redressctl, which may only look at the schema `view`. The
 * caller closes it. */
enum status session_database(const struct session *session, const char *worker,
                             struct database **database, struct error *error) CHECK_RESULT;

/* Connects as `owner`, who may change the tables, with room for long statements. The texts must
 * outlive the connection. */
enum status session_owner(const struct session *session, const char *worker, const char *owner,
                          struct database **database, struct error *error) CHECK_RESULT;

void session_print_variables(FILE *out);

#endif
