/* Calls on their way to PostgreSQL, as the files that play it see them. */

#ifndef REDRESS_SIM_DATABASE_H
#define REDRESS_SIM_DATABASE_H

#include "sim.h"

enum { CELLS = 8, PARAMETERS = 8 };

struct column {
    size_t count, capacity;
    int64_t *numbers;
    const char **texts;
    struct sim_bytes *bytes;
};

struct cell {
    int64_t number;
    const char *text;
    struct sim_bytes bytes;
};

struct call {
    const char *name;
    struct column *parameters[PARAMETERS];
    int parameter_count;
    struct cell (*rows)[CELLS];
    size_t row_count, row_capacity;
    int cell_count;
};

struct unit {
    struct call *calls[DATABASE_UNIT_CALLS_MAX];
    size_t call_count;
    int connection;
    bool sent, done;
    enum status status;
};

#endif
