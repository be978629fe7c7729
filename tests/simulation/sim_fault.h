/* Faults that befall a world, each in so many of a thousand steps. */

#ifndef REDRESS_SIM_FAULT_H
#define REDRESS_SIM_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SIM_FAULTS_MAX = 16 };

struct sim_fault {
    const char *name;
    unsigned often;     /* of a thousand steps */
    bool (*fail)(void); /* true: it happened; else there was nothing that it could befall */
};

/* A world's table, and how often each happened. A table is written as rows X(name, often) beside
 * functions fail_name. */
struct sim_faults {
    const struct sim_fault *table;
    size_t count;
    int64_t happened[SIM_FAULTS_MAX]; /* in this run */
    int64_t totals[SIM_FAULTS_MAX];   /* in those that were added */
};

#define SIM_FAULT_ROW(name, often) {#name, often, fail_##name},
#define SIM_FAULTS(rows)                                   \
    {                                                      \
        .table = rows, .count = sizeof rows / sizeof *rows \
    }

/* By chance. True: this step was a fault. */
bool sim_fail(struct sim_faults *faults);

void sim_faults_begin(struct sim_faults *faults);       /* a new run */
void sim_faults_add(struct sim_faults *faults);         /* this run to the totals */
void sim_faults_print(const struct sim_faults *faults); /* the totals: "; faults: killed 3 ..." */

#endif
