/* Entries that are asked for by a name that their type does not have: mostly a slip of the pen, as
 * the value is null for every input. */

#ifndef REDRESS_DMN_DMN_MEMBER_H
#define REDRESS_DMN_DMN_MEMBER_H

#include "dmn_analysis.h"

/* Looks through the logic of all decisions, and appends a finding of kind MEMBER for each. What
 * required input data and decisions are is taken from their types; what a filter, a parameter or a
 * variable may hide is left alone. false: no memory. */
bool dmn_find_unknown_members(const struct dmn_models *models, struct arena *arena,
                              struct dmn_analysis *analysis, struct dmn_finding ***end);

#endif
