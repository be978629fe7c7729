/* Route model: an authority model (DMN) as a router. Its decision `Route` gives a context:
 *
 *     automatic  true: nobody needs to look
 *     queue      otherwise: who works on it, such as "refunds-gb"
 *     level      1, 2, or 3 for the finance controller
 *     approvers  1 to 5 different people; left out: 1, and null is no answer
 *     hours      working hours until it escalates; null: the usual
 *     reasons    a word or a list of words why a person must look; null: none
 *
 * Other names are refused, as they are most likely misspelt. Its inputs are ROUTE_FACT_ROWS. */

#ifndef REDRESS_AUTHORITY_ROUTE_MODEL_H
#define REDRESS_AUTHORITY_ROUTE_MODEL_H

#include "authority/route.h"
#include "dmn/dmn.h"

#define ROUTE_DECISION "Route"

enum { ROUTE_SCRATCH_MAX = 4 * 1024 * 1024 /* what one evaluation may take */ };

/* A router over loaded models, which it does not own. */
struct router route_model_router(const struct dmn_models *models, struct arena *scratch);

/* Whether a model's input data of this name are facts; others are always null. */
bool route_facts_include(struct feel_text name);

/* The inputs for people: Markdown rows, into `text` in `arena`; NULL: it is full. */
const char *route_facts_table(struct arena *arena);

#endif
