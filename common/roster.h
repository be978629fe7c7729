/* Roster: the people of one merchant and what each may decide, as redress.v1.Roster says it.
 *
 * Plain data in an arena; roster_read.h fills it from an event and checks every bound. People are
 * sorted by id. What the roster means for a case is for routing to say. */

#ifndef REDRESS_ROSTER_H
#define REDRESS_ROSTER_H

#include "status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    ROSTER_PEOPLE_MAX = 2000,
    ROSTER_APPLICATIONS_MAX = 64,
    ROSTER_LIST_MAX = 64,  /* queues, limits, delegates, absences of one person */
    ROSTER_ZONES_MAX = 32, /* distinct time zones */
    ROSTER_LEVEL_MAX = 3,  /* the finance controller */
    ROSTER_KEY_SIZE = 32
};

struct feel_zone; /* common/dmn/feel_zone.h */

/* From `from_us`, until just before `until_us`. */
struct roster_period {
    int64_t from_us, until_us;
};

struct roster_limit {
    char currency[4];
    int64_t minor;
};

struct roster_limits {
    const struct roster_limit *items;
    size_t count;
};

struct roster_delegate {
    const char *person_id;
    struct roster_period during;
};

struct roster_key {
    const char *key_id; /* "" where there is no key */
    uint8_t bytes[ROSTER_KEY_SIZE];
};

struct roster_person {
    const char *id;
    struct roster_key key;
    unsigned roles; /* bit n: number n of redress.v1.Role */
    const char *const *queues;
    size_t queue_count;
    int32_t level; /* 0: decides no case; 1 to ROSTER_LEVEL_MAX */
    struct roster_limits per_refund, per_day;
    const struct roster_delegate *delegates; /* who may use this person's authority */
    size_t delegate_count;
    const struct roster_period *absences;
    size_t absence_count;
    const char *time_zone;        /* IANA name; "": the calendar's */
    const struct feel_zone *zone; /* of it; NULL: the calendar's */
};

/* A program that vouches for people whom it has authenticated. */
struct roster_application {
    const char *id;
    struct roster_key key;
    const char *const *people; /* none: everybody */
    size_t person_count;
};

struct roster {
    const struct roster_person *people; /* sorted by id */
    size_t person_count;
    const struct roster_application *applications;
    size_t application_count;
};

/* NULL if there is no such person; `roster` may be NULL. */
const struct roster_person *roster_person(const struct roster *roster, const char *id);

/* The key `key_id` if it may sign for that person: the person's own, or that of an application
 * which may vouch for them. NULL otherwise. */
const struct roster_key *roster_key(const struct roster *roster, const struct roster_person *person,
                                    const char *key_id);

/* "refunds-gb" matches itself; "refunds-*" any ending; "*" everything. */
bool roster_queue_fits(const struct roster_person *person, const char *queue);

/* The limit of that currency; 0 if it is not listed. */
int64_t roster_limit(const struct roster_limits *limits, const char *currency);

/* Whether `delegate_id` may use this person's authority at that time. */
bool roster_delegates(const struct roster_person *person, const char *delegate_id, int64_t at_us);

bool roster_absent(const struct roster_person *person, int64_t at_us);

#endif
