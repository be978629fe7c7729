/* Calendar: when a merchant's people work, and what day it is where somebody is. Pure: the zone's
 * rules were read before.
 *
 * Only working time counts for a service deadline: what lies within the working hours of a day of
 * the week that is no holiday, in local time. Where clocks go forward an hour of it is gone; where
 * they go back it is there twice. */

#ifndef REDRESS_CALENDAR_H
#define REDRESS_CALENDAR_H

#include "status.h"

#include <stddef.h>
#include <stdint.h>

enum {
    CALENDAR_HOURS_MAX = 64,
    CALENDAR_HOLIDAYS_MAX = 1000,
    CALENDAR_DAYS_MAX = 3 * 366, /* that are looked at for one deadline */
    CALENDAR_DAY_MINUTES = 24 * 60
};

struct feel_zone; /* common/dmn/feel_zone.h */

struct calendar_hours {
    int32_t weekday;                   /* 1 is Monday, 7 is Sunday */
    int32_t from_minute, until_minute; /* after midnight, local time */
};

struct calendar {
    const char *time_zone;                           /* IANA name; "": UTC */
    const struct feel_zone *zone;                    /* NULL: UTC */
    struct calendar_hours hours[CALENDAR_HOURS_MAX]; /* by weekday and time; none: all hours */
    size_t hour_count;
    const int32_t *holidays; /* days since 1970-01-01, rising */
    size_t holiday_count;
};

/* The moment at which `working_us` of working time have passed since `from_us`. NULL: every hour
 * counts. Where no working time comes within CALENDAR_DAYS_MAX days: the end of those. */
int64_t calendar_add(const struct calendar *calendar, int64_t from_us, int64_t working_us);

/* Days since 1970-01-01 of the local day; `zone` NULL: UTC. */
int32_t calendar_day(const struct feel_zone *zone, int64_t at_us);

#endif
