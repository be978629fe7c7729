/* Inside the evaluator: what its files share. */

#ifndef REDRESS_DMN_FEEL_EVALUATE_H
#define REDRESS_DMN_FEEL_EVALUATE_H

#include "feel_run.h"

/* The value of a name in the frames, or NULL. */
const struct feel_value *feel_lookup(const struct feel_frame *frame,
                                     const struct feel_symbol *name);

struct feel_value feel_filter(struct feel_run *run, const struct feel_node *node,
                              const struct feel_frame *frame);
struct feel_value feel_for(struct feel_run *run, const struct feel_node *node,
                           const struct feel_frame *frame);
/* some and every */
struct feel_value feel_quantify(struct feel_run *run, const struct feel_node *node,
                                const struct feel_frame *frame);

#endif
