/* One table under analysis: what its analysis has found so far, and how findings are put in words.
 */

#ifndef REDRESS_DMN_DMN_STUDY_H
#define REDRESS_DMN_DMN_STUDY_H

#include "dmn_analysis.h"
#include "dmn_index.h"

struct live_column;

struct dmn_study {
    const struct dmn_models *models;
    struct arena *arena;
    const struct dmn_table *table;
    const struct dmn_index *map;
    struct live_column *columns; /* dmn_analysis.c */
    size_t words;                /* of a set of rules */
    uint64_t steps;
    size_t found; /* of the kind at hand */
    struct dmn_analysis *analysis;
    struct dmn_finding ***end;
    bool exhausted;
};

/* Memory for findings; NULL when it ends, which `exhausted` keeps. */
void *dmn_study_take(struct dmn_study *s, size_t count, size_t size);

/* Whether the value passes constant tests; NULL: all do. */
bool dmn_study_allows(const struct dmn_study *s, const struct feel_node *allowed,
                      const struct feel_value *value);

/* Starts on another kind of finding. */
void dmn_study_begin(struct dmn_study *s);

/* Counts work; false when there was too much of it. */
bool dmn_study_spend(struct dmn_study *s, uint64_t steps);

/* Says so where there was too much. */
void dmn_study_finish(struct dmn_study *s);

/* Adds a finding; false when there are enough of its kind. `column` is one of the table's or NULL.
 */
bool dmn_study_report(struct dmn_study *s, struct dmn_finding finding,
                      const struct dmn_column *column);

#endif
