/* The blocks of Unicode that \p{Is...} names in a pattern (XML Schema Part 2, F.1.1). */

#ifndef REDRESS_DMN_FEEL_REGEX_BLOCK_H
#define REDRESS_DMN_FEEL_REGEX_BLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "feel_value.h"

/* The first and the last character of the block of that name, which comes without its Is; false
 * when there is none. Blanks do not stand in names: `LatinExtended-A`, `CJKUnifiedIdeographs`. */
bool feel_regex_block(struct feel_text name, uint32_t *first, uint32_t *last);

/* Whether this is one of the general categories: `L`, `Lu`, `Nd`, ... */
bool feel_regex_category(struct feel_text name);

#endif
