/* Config: one table per program; each row is an environment variable with type, bounds, default
 * and a line of help.
 *
 * A SECRET row is read from the file that <VARIABLE>_FILE names (a trailing newline is dropped), or
 * from the variable itself; it is never printed. A value out of bounds, a variable that begins with
 * REDRESS_ and is in no row, or a secret file that is empty or cannot be read stops the start with
 * one line that names variable, value and rule. */

#ifndef REDRESS_CONFIG_H
#define REDRESS_CONFIG_H

#include "status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum config_type {
    CONFIG_TEXT,     /* min..max bytes */
    CONFIG_NUMBER,   /* min..max */
    CONFIG_DURATION, /* "250ms", "10s", "15m", "2h", "30d"; min..max in milliseconds; value in ms */
    CONFIG_FLAG,     /* true or false */
    CONFIG_SECRET    /* min..max bytes; also <VARIABLE>_FILE */
};

enum { CONFIG_TEXT_MAX = 4096, CONFIG_ROWS_MAX = 128 };

struct config_row {
    const char *variable; /* REDRESS_... */
    enum config_type type;
    int64_t min, max;
    const char *fallback; /* default, as it would stand in the environment; NULL: must be given */
    const char *help;
    size_t offset; /* of the field in the struct that is filled: const char *, int64_t or bool */
};

/* What every worker understands. X(field, VARIABLE, TYPE, min, max, default, help) */
#define CONFIG_WORKER_ROWS(X)                                                                 \
    X(kafka_brokers, "REDRESS_KAFKA_BROKERS", TEXT, 1, 1024, "localhost:9092",                \
      "host:port of the brokers, comma-separated")                                            \
    X(kafka_security, "REDRESS_KAFKA_SECURITY", TEXT, 1, 32, "plaintext",                     \
      "plaintext, ssl, sasl_plaintext or sasl_ssl")                                           \
    X(kafka_sasl_mechanism, "REDRESS_KAFKA_SASL_MECHANISM", TEXT, 0, 32, "",                  \
      "PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512")                                                \
    X(kafka_username, "REDRESS_KAFKA_USERNAME", TEXT, 0, 256, "", "SASL user name")           \
    X(kafka_password, "REDRESS_KAFKA_PASSWORD", SECRET, 0, 1024, "", "SASL password")         \
    X(kafka_ca_file, "REDRESS_KAFKA_CA_FILE", TEXT, 0, 1024, "",                              \
      "PEM file of the authorities that sign the brokers' certificates")                      \
    X(database_host, "REDRESS_DATABASE_HOST", TEXT, 1, 1024, "localhost",                     \
      "host of PostgreSQL, or directory of its socket")                                       \
    X(database_port, "REDRESS_DATABASE_PORT", NUMBER, 1, 65535, "5432", "port of PostgreSQL") \
    X(database_name, "REDRESS_DATABASE_NAME", TEXT, 0, 63, "",                                \
      "database of this worker; empty: the worker's name")                                    \
    X(database_user, "REDRESS_DATABASE_USER", TEXT, 0, 63, "",                                \
      "login role of this worker; empty: the worker's name")                                  \
    X(database_password, "REDRESS_DATABASE_PASSWORD", SECRET, 0, 1024, "",                    \
      "password of the login role")                                                           \
    X(database_tls, "REDRESS_DATABASE_TLS", TEXT, 1, 16, "prefer",                            \
      "libpq sslmode: disable, prefer, require, verify-ca or verify-full")                    \
    X(database_ca_file, "REDRESS_DATABASE_CA_FILE", TEXT, 0, 1024, "",                        \
      "PEM file of the authority that signs PostgreSQL's certificate")                        \
    X(stage_keys, "REDRESS_STAGE_KEYS", SECRET, 0, 1024, "",                                  \
      "keys of all workers: seal what they say to each other, as id:<64 hex>,...")            \
    X(goods_keys, "REDRESS_GOODS_KEYS", SECRET, 0, 4095, "",                                  \
      "public keys of who may say what became of goods, as id:<64 hex>,...; none: nobody")    \
    X(batch_max, "REDRESS_BATCH_MAX", NUMBER, 1, 10000, "1000",                               \
      "most events saved in one transaction")                                                 \
    X(health_address, "REDRESS_HEALTH_ADDRESS", TEXT, 1, 256, "127.0.0.1:0",                  \
      "address:port of /metrics, /livez and /readyz; port 0 picks a free one")                \
    X(health_port_file, "REDRESS_HEALTH_PORT_FILE", TEXT, 0, 1024, "",                        \
      "file that the port of /metrics is written to")                                         \
    X(log_level, "REDRESS_LOG_LEVEL", TEXT, 1, 16, "info", "debug, info, warning or error")   \
    X(session_timeout_ms, "REDRESS_SESSION_TIMEOUT", DURATION, 1000, 60000, "6s",             \
      "how long Kafka waits for a silent instance before it gives its shards away")           \
    X(database_timeout_ms, "REDRESS_DATABASE_TIMEOUT", DURATION, 500, 60000, "5s",            \
      "lock, statement and idle-in-transaction limit")                                        \
    X(deadline_scan_ms, "REDRESS_DEADLINE_SCAN", DURATION, 10, 60000, "200ms",                \
      "how often due deadlines are looked for")

struct config_worker {
#define CONFIG_FIELD_TEXT const char *
#define CONFIG_FIELD_SECRET const char *
#define CONFIG_FIELD_NUMBER int64_t
#define CONFIG_FIELD_DURATION int64_t
#define CONFIG_FIELD_FLAG bool
#define X(field, variable, type, min, max, fallback, help) CONFIG_FIELD_##type field;
    CONFIG_WORKER_ROWS(X)
#undef X
};

extern const struct config_row config_worker_rows[];
extern const size_t config_worker_row_count;

/* A row of a program's own table, in the same form. */
#define CONFIG_ROW(structure, field_, variable_, type_, min_, max_, fallback_, help_) \
    {.variable = variable_,                                                           \
     .type = CONFIG_##type_,                                                          \
     .min = min_,                                                                     \
     .max = max_,                                                                     \
     .fallback = fallback_,                                                           \
     .help = help_,                                                                   \
     .offset = offsetof(structure, field_)},

/* One table and the struct that it fills. */
struct config_table {
    const struct config_row *rows;
    size_t count;
    void *target;
};

/* Fills every table from `environment` (NULL-ended NAME=value list, as `environ`). Texts live as
 * long as the process, or until config_forget. STATUS_INVALID with one line in `error`. */
enum status config_read(const struct config_table *tables, size_t table_count,
                        char *const *environment, struct error *error) CHECK_RESULT;

/* Wipes and frees every text that config_read has handed out: for who reads again and again. */
void config_forget(void);

/* The rows as help text: variable, type, bounds, default, help. */
void config_print(FILE *out, const struct config_table *tables, size_t table_count);

#endif
