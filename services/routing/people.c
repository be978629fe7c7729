#include "people.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

struct verdict_row {
    unsigned roles;
    enum verdict_nature nature;
};

static const struct verdict_row verdicts[] = {
#define X(name, number, roles_may, nature_is) \
    [VERDICT_##name] = {.roles = (roles_may), .nature = (nature_is)},
    VERDICT_ROWS(X)
#undef X
};

static const char *const refusal_names[] = {
#define X(name) [REFUSAL_##name] = #name,
    REFUSAL_ROWS(X)
#undef X
};

const char *refusal_reason_name(enum refusal_reason reason)
{
    assert((size_t)reason < sizeof refusal_names / sizeof *refusal_names);
    return refusal_names[reason] == NULL ? "" : refusal_names[reason];
}

static const struct verdict_row *row(enum verdict verdict)
{
    assert((size_t)verdict < sizeof verdicts / sizeof *verdicts);
    return &verdicts[verdict];
}

enum verdict_nature verdict_nature(enum verdict verdict)
{
    return row(verdict)->nature;
}

bool role_may(enum person_role role, enum verdict verdict)
{
    return (row(verdict)->roles >> role & 1u) != 0;
}

enum refusal_reason people_find(const struct roster *roster, const char *actor_id,
                                const char *on_behalf_of, struct people_act *act)
{
    if (roster == NULL)
        return REFUSAL_NO_ROSTER;
    act->actor = roster_person(roster, actor_id);
    act->holder = on_behalf_of[0] == '\0' ? act->actor : roster_person(roster, on_behalf_of);
    return act->actor == NULL || act->holder == NULL ? REFUSAL_UNKNOWN_PERSON : REFUSAL_NONE;
}

/* At the last level finance decides; below, whoever's level it is. A policy reviewer's word that
 * ends a case needs no level. */
static bool level_suffices(const struct people_act *act, int32_t level)
{
    switch (verdict_nature(act->verdict)) {
    case VERDICT_ENDS:
        if (act->role == PERSON_POLICY_REVIEWER)
            return true;
        break;
    case VERDICT_APPROVES:
        break;
    case VERDICT_ADVISES:
    case VERDICT_NOTES:
        return true;
    }
    if (level >= ROSTER_LEVEL_MAX && act->role != PERSON_FINANCE)
        return false;
    return act->holder->level >= level;
}

enum refusal_reason people_may(const struct people_act *act, const struct people_case *about)
{
    if (!role_may(act->role, act->verdict) || (act->holder->roles >> act->role & 1u) == 0)
        return REFUSAL_ROLE;
    if (act->holder != act->actor && !roster_delegates(act->holder, act->actor->id, act->at_us))
        return REFUSAL_DELEGATE;
    if (roster_absent(act->actor, act->at_us))
        return REFUSAL_ABSENT;
    if (!roster_queue_fits(act->holder, about->queue))
        return REFUSAL_QUEUE;
    return level_suffices(act, about->level) ? REFUSAL_NONE : REFUSAL_ABOVE_AUTHORITY;
}

enum refusal_reason people_amount(const struct people_act *act, int64_t minor, const char *currency)
{
    return minor <= roster_limit(&act->holder->per_refund, currency) ? REFUSAL_NONE
                                                                     : REFUSAL_ABOVE_LIMIT;
}

static bool is_named(const char *person_ids, const char *person_id)
{
    size_t size = strlen(person_id);
    for (const char *at = person_ids; at != NULL; at = strchr(at, '\x1f')) {
        at += at != person_ids;
        if (strncmp(at, person_id, size) == 0 && (at[size] == '\0' || at[size] == '\x1f'))
            return true;
    }
    return false;
}

bool people_involve_any(const struct people_act *act, const char *person_ids)
{
    return is_named(person_ids, act->actor->id) || is_named(person_ids, act->holder->id);
}

bool people_involve(const struct people_act *act, const char *person_id)
{
    return strcmp(act->actor->id, person_id) == 0 || strcmp(act->holder->id, person_id) == 0;
}
