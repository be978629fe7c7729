/* Roster change: the next version of a roster, with one change. Pure but for memory. */

#ifndef REDRESSCTL_ROSTER_CHANGE_H
#define REDRESSCTL_ROSTER_CHANGE_H

#include "arena.h"
#include "redress/v1/rules.pb-c.h"
#include "status.h"

#include <stdint.h>

/* Makes an accepted rule set one to be published as the next version (rule_publisher.h): without
 * version, times and signatures. `author` NULL: whoever signs first. */
enum status roster_next(Redress__V1__RuleSet *set, const char *author, struct arena *arena,
                        struct error *error) CHECK_RESULT;

/* Each changes the message in place; what is new lives in `arena`. STATUS_NOT_FOUND names who is
 * not in the roster, STATUS_INVALID the rule. */

/* `whom` may use `who`'s authority from `from_us` until just before `until_us`. What was said about
 * the same two for a time that has passed by `now_us` is left out. */
struct roster_delegation {
    const char *who, *whom;
    int64_t from_us, until_us, now_us;
};
enum status roster_delegate(Redress__V1__Roster *roster, const struct roster_delegation *delegation,
                            struct arena *arena, struct error *error) CHECK_RESULT;

/* Adds the person, or replaces the one of that id. */
enum status roster_put(Redress__V1__Roster *roster, Redress__V1__Person *person,
                       struct arena *arena, struct error *error) CHECK_RESULT;
enum status roster_remove(Redress__V1__Roster *roster, const char *id,
                          struct error *error) CHECK_RESULT;

#endif
