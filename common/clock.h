/* Clock: time as int64 microseconds since 1970-01-01T00:00:00Z (`*_us`). Decisions never read a
 * clock; they are given a time. Only wiring and I/O code calls clock_wall_us or clock_monotonic_us.
 */

#ifndef REDRESS_CLOCK_H
#define REDRESS_CLOCK_H

#include "status.h"

#include <stdbool.h>
#include <stdint.h>

#define CLOCK_SECOND_US INT64_C(1000000)
#define CLOCK_HOUR_US (3600 * CLOCK_SECOND_US)
#define CLOCK_DAY_US (24 * CLOCK_HOUR_US)

enum { CLOCK_TEXT_MAX = 40 /* bytes that clock_format writes at most, NUL included */ };

int64_t clock_wall_us(void);
int64_t clock_monotonic_us(void);

/* RFC 3339 in UTC: 2010-12-01T08:26:00Z, with as many fraction digits (0, 3 or 6) as needed.
 * Years 0001 to 9999; times outside are printed as the nearest bound. Returns `text`. */
char *clock_format(int64_t time_us, char *text);

/* "2010-12-01" of the UTC day. `text` has CLOCK_TEXT_MAX bytes. */
char *clock_format_date(int64_t time_us, char *text);

/* RFC 3339 with any offset; seconds may be left out; digits behind the microseconds (9 at most) are
 * cut. STATUS_INVALID otherwise, outside years 0001 to 9999, and for a leap second. */
enum status clock_parse(const char *text, int64_t *time_us) CHECK_RESULT;

/* Days since 1970-01-01 of a date of the proleptic Gregorian calendar, and back. */
int64_t clock_days_from_date(int year, int month, int day);
void clock_date_from_days(int64_t days, int *year, int *month, int *day);

/* 00:00 UTC, as a time, of the day `business_days` >= 0 working days (Monday to Friday) after the
 * UTC day of `time_us`. From a weekend counting starts at the Friday before. */
int64_t clock_add_business_days(int64_t time_us, int business_days);

#endif
