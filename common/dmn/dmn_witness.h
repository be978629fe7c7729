/* Values that stand for the segments of a column. */

#ifndef REDRESS_DMN_DMN_WITNESS_H
#define REDRESS_DMN_DMN_WITNESS_H

#include "dmn_index.h"

/* A value within the segment, into `out`. false: there is none, such as a day between two that
 * follow each other. */
bool dmn_witness(const struct dmn_column_index *column, uint32_t segment, struct arena *arena,
                 struct feel_value *out);

#endif
