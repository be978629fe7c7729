/* The models that the decision engine is measured with: those of deploy/policies, and tables made
 * for it, each with facts to evaluate and what comes out by the same rules written in C.
 *
 * A made table has three inputs: an amount within a range, a region that equals a string, a day
 * within a range of dates; exactly one rule holds for each of the facts, so FIRST and UNIQUE come
 * to the same. The chain is four tables of 15 rules over eight inputs, each needing the one before.
 */

#ifndef REDRESS_TESTS_BENCH_MODEL_H
#define REDRESS_TESTS_BENCH_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { BENCH_INPUTS_MAX = 8, BENCH_FACTS = 256 };

struct bench_model {
    const char *name;     /* "FIRST-100" */
    const char *decision; /* that is asked for */
    const char *policy;   /* of a made table */
    size_t rules;         /* 0: the chain, or a shipped model */
    double aim_us;        /* CPU per evaluation on a machine like the one of the README; 0: none */
    const char *file;     /* a shipped model, from the root; NULL: made here */
    const char *facts;    /* for it, a FEEL context per line */
};

extern const struct bench_model bench_models[];
extern const size_t bench_model_count;

const struct bench_model *bench_model_find(const char *name);

/* One set of facts for a made model. Strings and dates lie in the struct. */
struct bench_facts {
    size_t count;
    const char *names[BENCH_INPUTS_MAX];
    const char *types[BENCH_INPUTS_MAX];
    char texts[BENCH_INPUTS_MAX][16];
    int64_t amount;
    uint32_t region;
    int64_t day; /* since 1970-01-01 */
    int64_t chain[BENCH_INPUTS_MAX];
};

void bench_facts_at(const struct bench_model *model, size_t i, struct bench_facts *facts);

/* The same rules by hand, one after the other. */
int64_t bench_by_hand(const struct bench_model *model, const struct bench_facts *facts);

/* A made model as XML; the caller frees it. */
char *bench_model_xml(const struct bench_model *model);

#endif
