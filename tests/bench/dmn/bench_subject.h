/* A model under measurement: loaded, with its facts as values. Whatever is wrong ends the program
 * with a message: a benchmark of something broken is worth nothing. */

#ifndef REDRESS_TESTS_BENCH_SUBJECT_H
#define REDRESS_TESTS_BENCH_SUBJECT_H

#include "bench_model.h"
#include "common/dmn/dmn.h"

/* WRITTEN: the trace as text, every rule with its first cell that failed. */
enum bench_how { BENCH_NOTHING, BENCH_PLAIN, BENCH_TRACE, BENCH_WRITTEN };

struct bench_subject {
    const struct bench_model *model;
    struct dmn_models *models;
    struct arena *arena;       /* of one evaluation */
    struct arena *kept;        /* of the facts */
    struct bench_facts *facts; /* of a made model; NULL */
    struct feel_value *inputs;
    size_t count;
    double load_ms; /* CPU */
};

double bench_cpu_s(void);

_Noreturn void bench_fail(const char *name, const char *why);

/* A file from the root of the repository, NUL-terminated; NULL when it is not there. The caller
 * frees it. */
char *bench_read(const char *path);

/* The caller calls bench_unload. A made model's results are compared with those by hand first. */
struct bench_subject *bench_load(const char *name);

/* The same with other facts for a shipped model: a FEEL context per line of the file. */
struct bench_subject *bench_load_with(const char *name, const char *facts);
void bench_unload(struct bench_subject *subject);

/* One evaluation with the i-th facts, in turn. The value lives until the next one. */
struct feel_value bench_evaluate(struct bench_subject *subject, size_t i, enum bench_how how);

#endif
