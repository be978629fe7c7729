/* Inside an evaluation: the values of nodes so far, and who watches. */

#ifndef REDRESS_DMN_DMN_SESSION_H
#define REDRESS_DMN_DMN_SESSION_H

#include "dmn_model.h"
#include "dmn_table.h"

enum { DMN_ALL_PASSED = UINT32_MAX };

/* Told of what happens while it happens. */
struct dmn_observer {
    void *owner;
    void (*decision_start)(void *owner, const struct dmn_node *node);
    void (*decision_end)(void *owner, const struct dmn_node *node, const struct feel_value *value);
    void (*input)(void *owner, const struct dmn_node *node, const struct feel_value *value);
    /* Inputs are known. `run`, `frame` and `inputs` live as long as the evaluation's arena. */
    void (*table)(void *owner, const struct dmn_table *table, struct feel_run *run,
                  const struct feel_frame *frame, const struct feel_value *inputs);
    /* Rules that hit, rising; only the first under FIRST. */
    void (*hits)(void *owner, const struct dmn_table *table, const uint32_t *rules, size_t count);
    void (*output)(void *owner, const struct dmn_table *table, size_t rule,
                   const struct feel_value *outputs);
};

enum dmn_slot_state { DMN_SLOT_EMPTY, DMN_SLOT_RUNNING, DMN_SLOT_DONE };

struct dmn_slot {
    enum dmn_slot_state state;
    struct feel_value value;
};

/* A call of a decision service has a session of its own, where its inputs are set. */
struct dmn_session {
    const struct dmn_models *models;
    const struct dmn_model *root;
    struct feel_value input;
    bool expected;          /* as dmn_query says */
    struct dmn_slot *slots; /* one per node of the set */
    const struct dmn_observer *observer;
    int depth;
};

/* The value of a node: its data, its result, or the function that it is. */
struct feel_value dmn_node_value(struct feel_run *run, struct dmn_session *session,
                                 const struct dmn_node *node);

/* The first input column of a rule whose test does not pass, or DMN_ALL_PASSED; without any index.
 */
uint32_t dmn_rule_failed(struct feel_run *run, const struct dmn_table *table,
                         const struct feel_frame *frame, const struct feel_value *inputs,
                         size_t rule);

/* Evaluates a query with someone watching; `dmn_evaluate` is this without. */
enum status dmn_evaluate_observed(const struct dmn_models *models, const struct dmn_query *query,
                                  const struct dmn_observer *observer, struct arena *arena,
                                  struct dmn_result *result, struct error *error) CHECK_RESULT;

/* The model by its file or name, and the node of it; NULL. */
const struct dmn_model *dmn_find_model(const struct dmn_models *models, const char *name);
const struct dmn_node *dmn_find_node(const struct dmn_model *model, const char *name);

#endif
