/* Values in writing, as string() gives them. */

#ifndef REDRESS_DMN_FEEL_FORMAT_H
#define REDRESS_DMN_FEEL_FORMAT_H

#include "feel_value.h"

/* The text of a value in the arena: strings plain at the top and quoted within lists and contexts,
 * null as `null`. false: longer than `limit` bytes, or out of memory. */
bool feel_format(struct arena *arena, const struct feel_value *value, size_t limit,
                 struct feel_text *out);

#endif
