/* Values as test cases write them. */

#ifndef REDRESS_DMN_KIT_VALUE_H
#define REDRESS_DMN_KIT_VALUE_H

#include "dmn_xml.h"
#include "feel_zone.h"

/* The value within an element: <value>, <component>s or a <list>. It lies in the arena. */
struct feel_value kit_value(struct arena *arena, const struct feel_zones *zones,
                            const struct dmn_element *holder);

/* Whether a result is what was expected. */
bool kit_agrees(const struct feel_value *expected, const struct feel_value *actual);

#endif
