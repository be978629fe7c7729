/* Facts: an event of refunds.validated.v1 as the FEEL context that a policy is evaluated with.
 * fact_rows.h is the one table of what is in it. */

#ifndef REDRESS_FACTS_H
#define REDRESS_FACTS_H

#include "assessment.h"

#include "redress/v1/validated.pb-c.h"

#include <stdio.h>

/* What is wrong with an event, by the field that it is about. */
struct fact_fault {
    enum { FACT_MISSING, FACT_OUT_OF_RANGE, FACT_CURRENCY } kind;
    const char *field;
    const char *rule;
};

/* Builds the facts of a VALIDATED event. Everything is copied into `arena`. INVALID: `fault` says
 * why. EXHAUSTED: the arena is full. */
enum status facts_build(const Redress__V1__RefundValidated *message, struct arena *arena,
                        struct facts *facts, struct fact_fault *fault) CHECK_RESULT;

/* Tells a policy what its facts are like (dmn_expect). EXHAUSTED: no memory. */
enum status facts_expect(struct dmn_models *models) CHECK_RESULT;

/* Whether a policy's input data of this name are facts; others are always null. */
bool facts_include(struct feel_text name);

/* The table for people: Markdown. */
void facts_print(FILE *out);

/* A model to begin with: data types and input data for every fact, and a decision `Assessment` that
 * sends everything to people. */
void facts_print_model(FILE *out);

#endif
