#include "roster_change.h"

#include "message.h"
#include "sink.h"

#include <string.h>

enum status roster_next(Redress__V1__RuleSet *set, const char *author, struct arena *arena,
                        struct error *error)
{
    if (set->rules_case != REDRESS__V1__RULE_SET__RULES_ROSTER)
        return error_set(error, STATUS_INVALID, "rule set %s is no roster", set->id);
    set->version = 0;
    set->published_at = set->valid_from = NULL;
    set->correction = sink_text("");
    set->n_signatures = 0;
    set->author = NULL;
    if (author == NULL)
        return STATUS_OK;
    set->author = arena_alloc(arena, sizeof *set->author);
    if (set->author == NULL)
        return error_set(error, STATUS_EXHAUSTED, "no memory");
    redress__v1__actor__init(set->author);
    set->author->id = sink_text(author);
    set->author->role = REDRESS__V1__ROLE__ROLE_FINANCE;
    return STATUS_OK;
}

static size_t find(const Redress__V1__Roster *roster, const char *id)
{
    size_t at = 0;
    while (at < roster->n_people && strcmp(roster->people[at]->id, id) != 0)
        at++;
    return at;
}

static enum status missing(const char *id, struct error *error)
{
    return error_set(error, STATUS_NOT_FOUND, "%s is not in the roster", id);
}

static bool over(const Redress__V1__Delegation *known, int64_t now_us)
{
    int64_t until_us = 0;
    return message_time(known->until, &until_us) == STATUS_OK && until_us <= now_us;
}

enum status roster_delegate(Redress__V1__Roster *roster, const struct roster_delegation *delegation,
                            struct arena *arena, struct error *error)
{
    size_t at = find(roster, delegation->who);
    if (at == roster->n_people)
        return missing(delegation->who, error);
    if (find(roster, delegation->whom) == roster->n_people)
        return missing(delegation->whom, error);
    if (strcmp(delegation->who, delegation->whom) == 0)
        return error_set(error, STATUS_INVALID, "nobody delegates to themselves");
    if (delegation->from_us >= delegation->until_us || delegation->until_us <= delegation->now_us)
        return error_set(error, STATUS_INVALID, "it must end after it begins, and after now");
    Redress__V1__Person *person = roster->people[at];
    Redress__V1__Delegation **all = arena_array(arena, person->n_delegates + 1, sizeof *all);
    Redress__V1__Delegation *added = arena_alloc(arena, sizeof *added);
    if (all == NULL || added == NULL)
        return error_set(error, STATUS_EXHAUSTED, "no memory");
    size_t count = 0;
    for (size_t i = 0; i < person->n_delegates; i++)
        if (strcmp(person->delegates[i]->person_id, delegation->whom) != 0 ||
            !over(person->delegates[i], delegation->now_us))
            all[count++] = person->delegates[i];
    redress__v1__delegation__init(added);
    added->person_id = sink_text(delegation->whom);
    added->from = message_timestamp(arena, delegation->from_us);
    added->until = message_timestamp(arena, delegation->until_us);
    all[count++] = added;
    person->delegates = all;
    person->n_delegates = count;
    return arena_exhausted(arena) ? error_set(error, STATUS_EXHAUSTED, "no memory") : STATUS_OK;
}

enum status roster_put(Redress__V1__Roster *roster, Redress__V1__Person *person,
                       struct arena *arena, struct error *error)
{
    if (person->id[0] == '\0')
        return error_set(error, STATUS_INVALID, "the person has no id");
    size_t at = find(roster, person->id);
    if (at < roster->n_people) {
        roster->people[at] = person;
        return STATUS_OK;
    }
    Redress__V1__Person **all = arena_array(arena, roster->n_people + 1, sizeof *all);
    if (all == NULL)
        return error_set(error, STATUS_EXHAUSTED, "no memory");
    if (roster->n_people > 0)
        memcpy(all, roster->people, roster->n_people * sizeof *all);
    all[roster->n_people++] = person;
    roster->people = all;
    return STATUS_OK;
}

enum status roster_remove(Redress__V1__Roster *roster, const char *id, struct error *error)
{
    size_t at = find(roster, id);
    if (at == roster->n_people)
        return missing(id, error);
    roster->n_people--;
    memmove(roster->people + at, roster->people + at + 1,
            (roster->n_people - at) * sizeof *roster->people);
    return STATUS_OK;
}
