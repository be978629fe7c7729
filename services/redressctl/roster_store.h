/* Roster store: the roster in force, as the topic of the rules has it. */

#ifndef REDRESSCTL_ROSTER_STORE_H
#define REDRESSCTL_ROSTER_STORE_H

#include "arena.h"
#include "redress/v1/rules.pb-c.h"
#include "session.h"

enum { ROSTER_ARENA_MAX = 64 * 1024 * 1024 };

/* The roster that routing has accepted for the merchant ($REDRESS_MERCHANT, else that of every
 * merchant) and that is in force now, in `arena`. STATUS_NOT_FOUND: there is none. */
enum status roster_current(const struct session *session, struct arena *arena,
                           Redress__V1__RuleSet **set, struct error *error) CHECK_RESULT;

#endif
