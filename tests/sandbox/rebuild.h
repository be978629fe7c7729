/* Rebuild: the state of an earlier run, from its log. */

#ifndef SANDBOX_REBUILD_H
#define SANDBOX_REBUILD_H

#include "sandbox.h"

/* Reads the whole log into the empty store, keys and timers. STATUS_FATAL names the line that is
 * not of a sandbox's log. */
enum status rebuild(struct sandbox *sandbox, struct error *error) CHECK_RESULT;

#endif
