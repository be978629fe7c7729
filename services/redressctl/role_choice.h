/* Role choice: in which role somebody decides, where nobody says it: the only one of theirs that
 * may say such a thing. Where there is none, or more than one, the person has to say it: the role
 * is signed, and bears on what they may do. */

#ifndef REDRESSCTL_ROLE_CHOICE_H
#define REDRESSCTL_ROLE_CHOICE_H

#include "arena.h"
#include "redress/v1/rules.pb-c.h"
#include "session.h"
#include "status.h"

#include <stdbool.h>

/* Whether routing lets that role say that: the table in services/routing/README.md. */
bool role_fits(Redress__V1__Role role, int verdict);

/* The only role of `holder` that may say `verdict`, by name; it lives as long as the program.
 * STATUS_INVALID: they are not in the roster, or it is not one role. Pure. */
enum status role_choose(const Redress__V1__Roster *roster, const char *holder, int verdict,
                        const char **role, struct error *error) CHECK_RESULT;

/* Rosters as they are needed: the last one is kept. Zeroed at first. */
struct role_choice {
    struct arena *arena;
    Redress__V1__RuleSet *set;
    char merchant[129];
};

/* The same, by the roster that is in force for the merchant. */
enum status role_choice_of(struct role_choice *choice, const struct session *session,
                           const char *merchant, const char *holder, int verdict, const char **role,
                           struct error *error) CHECK_RESULT;

void role_choice_close(struct role_choice *choice);

#endif
