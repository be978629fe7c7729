/* The built-in functions (DMN 1.5, 10.3.4), one row per signature.
 *
 * A signature is a comma-separated list of parameters `type name`. Types: s string, n number,
 * b boolean, l list, c context, r range, f function, t date, time or date and time, d days and time
 * duration, v any one value, p one that is no range, a anything as it is; upper case for the same
 * where null may be passed (a null elsewhere makes the call null). `?` behind a parameter makes it
 * optional, `*` makes it take all arguments that are left, as one list. A list of one is passed as
 * its item where the type asks for no list, and a single value as a list of one where it does. */

#ifndef REDRESS_DMN_FEEL_BUILTIN_H
#define REDRESS_DMN_FEEL_BUILTIN_H

#include "feel_value.h"

struct feel_run;
struct feel_symbol;

/* `arguments` has one value per parameter, null where an optional one was left out; `given` counts
 * those that were passed. Errors: null, and a note of the reason. */
typedef struct feel_value feel_builtin_call(struct feel_run *run,
                                            const struct feel_value *arguments, size_t given);

struct feel_builtin {
    const char *name;
    const char *parameters;
    feel_builtin_call *call;
};

/* The first signature of that name, or NULL. Those of one name follow each other in the table. */
const struct feel_builtin *feel_builtin_find(struct feel_text name);
const struct feel_builtin *feel_builtin_at(size_t index); /* NULL behind the last */

/* Calls the signature that fits. `names` is NULL for positional arguments. */
struct feel_value feel_builtin_invoke(struct feel_run *run, const struct feel_builtin *builtin,
                                      const struct feel_value *arguments,
                                      const struct feel_symbol *const *names, size_t count);

#endif
