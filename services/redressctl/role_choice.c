#include "role_choice.h"

#include "message.h"
#include "redress/v1/routed.pb-c.h"
#include "roster_store.h"

#include <stdio.h>
#include <string.h>

enum { ROLES_TEXT_MAX = 160 };

#define BIT(role) (1u << REDRESS__V1__ROLE__ROLE_##role)
#define DECIDE (BIT(APPROVER) | BIT(FINANCE))
#define WORK (DECIDE | BIT(POLICY_REVIEWER))
#define LOOK (WORK | BIT(SERVICE_AGENT) | BIT(QUALITY))

static const unsigned fitting[] = {
    [REDRESS__V1__VERDICT__VERDICT_APPROVE] = DECIDE,
    [REDRESS__V1__VERDICT__VERDICT_APPROVE_REDUCED] = DECIDE,
    [REDRESS__V1__VERDICT__VERDICT_DECLINE] = WORK,
    [REDRESS__V1__VERDICT__VERDICT_ASK] = WORK,
    [REDRESS__V1__VERDICT__VERDICT_RECOMMEND] = BIT(POLICY_REVIEWER),
    [REDRESS__V1__VERDICT__VERDICT_TAKE] = WORK,
    [REDRESS__V1__VERDICT__VERDICT_GIVE_BACK] = WORK,
    [REDRESS__V1__VERDICT__VERDICT_COMMENT] = LOOK,
    [REDRESS__V1__VERDICT__VERDICT_LIFT] = BIT(FINANCE),
    [REDRESS__V1__VERDICT__VERDICT_VERIFY_PAYEE] = BIT(FINANCE) | BIT(POLICY_REVIEWER),
};

bool role_fits(Redress__V1__Role role, int verdict)
{
    return verdict > 0 && (size_t)verdict < sizeof fitting / sizeof *fitting && (int)role > 0 &&
           (int)role < 32 && (fitting[verdict] >> (int)role & 1u) != 0;
}

static const Redress__V1__Person *find(const Redress__V1__Roster *roster, const char *id)
{
    for (size_t i = 0; i < roster->n_people; i++)
        if (strcmp(roster->people[i]->id, id) == 0)
            return roster->people[i];
    return NULL;
}

static const char *name_of(Redress__V1__Role role)
{
    return message_enum_name(&redress__v1__role__descriptor, (int)role);
}

enum status role_choose(const Redress__V1__Roster *roster, const char *holder, int verdict,
                        const char **role, struct error *error)
{
    const Redress__V1__Person *person = find(roster, holder);
    char names[ROLES_TEXT_MAX] = "";
    size_t count = 0, used = 0;
    if (person == NULL)
        return error_set(error, STATUS_INVALID,
                         "%s is not in the roster (redressctl people), so --role must say in which "
                         "role they act",
                         holder);
    for (size_t i = 0; i < person->n_roles && used < sizeof names; i++) {
        if (!role_fits(person->roles[i], verdict))
            continue;
        *role = name_of(person->roles[i]);
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", count == 0 ? "" : ", ",
                                 *role);
        count++;
    }
    const char *said = message_enum_name(&redress__v1__verdict__descriptor, verdict);
    if (count == 0)
        return error_set(error, STATUS_INVALID,
                         "%s has no role that may say %s (redressctl people)", holder, said);
    return count == 1
               ? STATUS_OK
               : error_set(error, STATUS_INVALID,
                           "%s may say %s as one of %s: --role says as which", holder, said, names);
}

static enum status read_roster(struct role_choice *choice, const struct session *session,
                               const char *merchant, struct error *error)
{
    struct session of = *session;
    if (choice->set != NULL && strcmp(choice->merchant, merchant) == 0)
        return STATUS_OK;
    choice->set = NULL;
    if (choice->arena == NULL)
        choice->arena = arena_create(ROSTER_ARENA_MAX);
    if (choice->arena == NULL)
        return error_set(error, STATUS_EXHAUSTED, "no memory");
    arena_reset(choice->arena);
    of.merchant = merchant;
    (void)snprintf(choice->merchant, sizeof choice->merchant, "%s", merchant);
    return roster_current(&of, choice->arena, &choice->set, error);
}

enum status role_choice_of(struct role_choice *choice, const struct session *session,
                           const char *merchant, const char *holder, int verdict, const char **role,
                           struct error *error)
{
    enum status status = read_roster(choice, session, merchant, error);
    if (status != STATUS_OK)
        return status;
    return choice->set->roster == NULL
               ? error_set(error, STATUS_INVALID, "the roster is none: say --role")
               : role_choose(choice->set->roster, holder, verdict, role, error);
}

void role_choice_close(struct role_choice *choice)
{
    arena_destroy(choice->arena);
}
