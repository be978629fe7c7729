/* Expressions whose value does not depend on anything: literals, signs before them, ranges of
 * them, and the conversion functions called with them. */

#ifndef REDRESS_DMN_FEEL_CONSTANT_H
#define REDRESS_DMN_FEEL_CONSTANT_H

#include "feel_syntax.h"

bool feel_is_constant(const struct feel_node *node);

/* The value of a constant, in the arena. */
struct feel_value feel_constant(struct arena *arena, const struct feel_zones *zones,
                                const struct feel_node *node);

/* Works out a call that is constant, once: the literal that it stands for, or NULL where it is none
 * or comes to null, which has to be said at each evaluation. */
const struct feel_node *feel_constant_call(const struct feel_compiler *compiler,
                                           const struct feel_node *call);

#endif
