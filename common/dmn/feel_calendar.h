/* The proleptic Gregorian calendar in whole days, for any year that FEEL knows.
 * The algorithms are Howard Hinnant's (chrono-compatible low-level date algorithms). */

#ifndef REDRESS_DMN_FEEL_CALENDAR_H
#define REDRESS_DMN_FEEL_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

enum { FEEL_YEAR_MAX = 999999999, FEEL_DAY_S = 86400, FEEL_SECOND_NS = 1000000000 };

static inline int64_t feel_floor_divide(int64_t a, int64_t b)
{
    return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

static inline bool feel_is_leap(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static inline unsigned feel_month_length(int64_t year, unsigned month)
{
    static const unsigned char lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && feel_is_leap(year) ? 29 : lengths[(month - 1) % 12];
}

/* Days since 1970-01-01. */
static inline int64_t feel_days_from_civil(int64_t year, unsigned month, unsigned day)
{
    year -= month <= 2;
    int64_t era = feel_floor_divide(year, 400);
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year =
        (153 * (month > 2 ? (int64_t)month - 3 : (int64_t)month + 9) + 2) / 5 + (int64_t)day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static inline void feel_civil_from_days(int64_t days, int64_t *year, unsigned *month, unsigned *day)
{
    days += 719468;
    int64_t era = feel_floor_divide(days, 146097);
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_index = (5 * day_of_year + 2) / 153;
    *day = (unsigned)(day_of_year - (153 * month_index + 2) / 5 + 1);
    *month = (unsigned)(month_index < 10 ? month_index + 3 : month_index - 9);
    *year = year_of_era + era * 400 + (*month <= 2);
}

#endif
