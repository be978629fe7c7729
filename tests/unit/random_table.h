/* Random decision tables, with each rule a second time as an expression of its own.
 *
 * From any bytes comes a model that is well-formed DMN: up to three inputs (number, string,
 * boolean, date), up to 24 rules with cells of every kind that tables have, and a table with those
 * rules for each hit policy, named after it ("C", "sum"). The decision `naive` is a list: for each
 * rule whether it hits, put together with `in` from its cells, so that neither a table nor an index
 * is involved. The decision `outputs` lists what each rule gives, whole numbers from 0 to 4. */

#ifndef REDRESS_TESTS_UNIT_RANDOM_TABLE_H
#define REDRESS_TESTS_UNIT_RANDOM_TABLE_H

#include <stddef.h>
#include <stdint.h>

enum { RANDOM_TABLE_RULES_MAX = 24, RANDOM_TABLE_INPUTS_MAX = 3 };

/* What the outputs of the tables are allowed to be, by falling priority. */
#define RANDOM_TABLE_PRIORITIES "3,1,0,4,2"

/* X(hit policy, aggregation, name of the decision) */
#define RANDOM_TABLE_POLICIES(X)   \
    X("UNIQUE", "", "U")           \
    X("ANY", "", "A")              \
    X("PRIORITY", "", "P")         \
    X("FIRST", "", "F")            \
    X("RULE ORDER", "", "R")       \
    X("OUTPUT ORDER", "", "O")     \
    X("COLLECT", "", "C")          \
    X("COLLECT", "SUM", "sum")     \
    X("COLLECT", "COUNT", "count") \
    X("COLLECT", "MIN", "min")     \
    X("COLLECT", "MAX", "max")

/* The model, NUL-terminated; the caller frees it. NULL: no memory. */
char *random_table(const uint8_t *bytes, size_t size);

#endif
