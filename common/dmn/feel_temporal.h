/* Dates, times and durations: reading, writing and reckoning (DMN 1.5, 10.3.2.3.4 to 10.3.2.3.8,
 * lexical forms of XML Schema plus `@Zone/Name`).
 *
 * Functions answer false where the standard says null. */

#ifndef REDRESS_DMN_FEEL_TEMPORAL_H
#define REDRESS_DMN_FEEL_TEMPORAL_H

#include "feel_calendar.h"
#include "feel_value.h"
#include "feel_zone.h"

enum {
    FEEL_OFFSET_MAX_S = 18 * 3600, /* of a zone offset, either way */
    FEEL_TEMPORAL_TEXT_MAX = 160   /* bytes of any temporal in writing, with its NUL */
};

bool feel_date_read(struct feel_text text, struct feel_value *out);
bool feel_time_read(struct feel_text text, struct feel_zones *zones, struct feel_value *out);
/* A date alone is read as its midnight. */
bool feel_date_time_read(struct feel_text text, struct feel_zones *zones, struct feel_value *out);
bool feel_duration_read(struct feel_text text, struct feel_value *out);
/* Whichever of the four the text is: the literal `@"..."`. */
bool feel_temporal_read(struct feel_text text, struct feel_zones *zones, struct feel_value *out);

/* The ISO form of a temporal or duration, NUL-terminated; its length. */
size_t feel_temporal_write(const struct feel_value *value, char *out, size_t room);

bool feel_date_of(int64_t year, int64_t month, int64_t day, struct feel_value *out);
/* Midnight UTC of a date: the implicit conversion of 10.3.2.9.4. */
struct feel_value feel_date_midnight(const struct feel_value *date);

/* The offset from UTC; false for local values. */
bool feel_moment_offset(const struct feel_value *value, int32_t *offset_s);

/* Seconds since 1970 as the clock on the wall shows them, and in UTC (local counts as UTC). */
int64_t feel_moment_local_s(const struct feel_value *value);
int64_t feel_moment_utc_s(const struct feel_value *value);

/* A value of the same kind and zone that shows those local seconds. */
bool feel_moment_at_local(const struct feel_value *like, int64_t local_s, uint32_t nanos,
                          struct feel_value *out);

bool feel_moment_equal(const struct feel_value *left, const struct feel_value *right);
int feel_moment_order(const struct feel_value *left, const struct feel_value *right);

/* What `is` asks: the same in every part, zone included. */
bool feel_moment_identical(const struct feel_value *left, const struct feel_value *right);

bool feel_days_of(int64_t seconds, int64_t nanos, struct feel_value *out);
bool feel_days_add(struct feel_days a, struct feel_days b, struct feel_value *out);
bool feel_days_negate(struct feel_days a, struct feel_value *out);
bool feel_days_scale(struct feel_days a, struct feel_number factor, bool divide,
                     struct feel_value *out);
bool feel_days_divide(struct feel_days a, struct feel_days b, struct feel_number *out);

/* left - right of two temporals; dates count as midnight UTC. */
bool feel_moment_difference(const struct feel_value *left, const struct feel_value *right,
                            struct feel_value *out);
bool feel_moment_add_days(const struct feel_value *moment, struct feel_days days,
                          struct feel_value *out);
bool feel_moment_add_months(const struct feel_value *moment, int64_t months,
                            struct feel_value *out);
/* Whole months from the one to the other, towards zero. */
int64_t feel_months_between(const struct feel_value *from, const struct feel_value *to);

/* The date and time at that microsecond since 1970, in UTC. */
struct feel_value feel_moment_from_us(int64_t us);

#endif
