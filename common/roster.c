#include "roster.h"

#include <string.h>

const struct roster_person *roster_person(const struct roster *roster, const char *id)
{
    size_t low = 0, high = roster == NULL ? 0 : roster->person_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(roster->people[middle].id, id);
        if (order == 0)
            return &roster->people[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static bool vouches(const struct roster_application *application, const char *person_id)
{
    for (size_t i = 0; i < application->person_count; i++)
        if (strcmp(application->people[i], person_id) == 0)
            return true;
    return application->person_count == 0;
}

const struct roster_key *roster_key(const struct roster *roster, const struct roster_person *person,
                                    const char *key_id)
{
    if (key_id[0] == '\0')
        return NULL;
    if (strcmp(person->key.key_id, key_id) == 0)
        return &person->key;
    for (size_t i = 0; i < roster->application_count; i++) {
        const struct roster_application *application = &roster->applications[i];
        if (strcmp(application->key.key_id, key_id) == 0)
            return vouches(application, person->id) ? &application->key : NULL;
    }
    return NULL;
}

static bool queue_matches(const char *pattern, const char *queue)
{
    size_t size = strlen(pattern);
    if (size > 0 && pattern[size - 1] == '*')
        return strncmp(pattern, queue, size - 1) == 0;
    return strcmp(pattern, queue) == 0;
}

bool roster_queue_fits(const struct roster_person *person, const char *queue)
{
    for (size_t i = 0; i < person->queue_count; i++)
        if (queue_matches(person->queues[i], queue))
            return true;
    return false;
}

int64_t roster_limit(const struct roster_limits *limits, const char *currency)
{
    for (size_t i = 0; i < limits->count; i++)
        if (strcmp(limits->items[i].currency, currency) == 0)
            return limits->items[i].minor;
    return 0;
}

static bool covers(struct roster_period period, int64_t at_us)
{
    return period.from_us <= at_us && at_us < period.until_us;
}

bool roster_delegates(const struct roster_person *person, const char *delegate_id, int64_t at_us)
{
    for (size_t i = 0; i < person->delegate_count; i++)
        if (strcmp(person->delegates[i].person_id, delegate_id) == 0 &&
            covers(person->delegates[i].during, at_us))
            return true;
    return false;
}

bool roster_absent(const struct roster_person *person, int64_t at_us)
{
    for (size_t i = 0; i < person->absence_count; i++)
        if (covers(person->absences[i], at_us))
            return true;
    return false;
}
