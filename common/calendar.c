#include "calendar.h"

#include "clock.h"
#include "dmn/feel_zone.h"

#include <stdbool.h>

enum { DAY_S = 24 * 60 * 60, MINUTE_S = 60, WEEK_DAYS = 7, THURSDAY = 4 };

static int64_t floor_divide(int64_t a, int64_t b)
{
    return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

int32_t calendar_day(const struct feel_zone *zone, int64_t at_us)
{
    int64_t utc_s = floor_divide(at_us, CLOCK_SECOND_US);
    int64_t offset_s = zone == NULL ? 0 : feel_zone_offset_at(zone, utc_s);
    return (int32_t)floor_divide(utc_s + offset_s, DAY_S);
}

/* The moment of that minute of that local day. */
static int64_t moment(const struct calendar *calendar, int64_t day, int32_t minute)
{
    int64_t local_s = day * DAY_S + (int64_t)minute * MINUTE_S;
    int64_t offset_s = calendar->zone == NULL ? 0 : feel_zone_offset_local(calendar->zone, local_s);
    return (local_s - offset_s) * CLOCK_SECOND_US;
}

static int32_t weekday(int64_t day)
{
    int64_t since_thursday = day % WEEK_DAYS; /* 1970-01-01 was a Thursday */
    return (int32_t)((since_thursday + WEEK_DAYS + THURSDAY - 1) % WEEK_DAYS) + 1;
}

static bool is_holiday(const struct calendar *calendar, int64_t day)
{
    size_t low = 0, high = calendar->holiday_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (calendar->holidays[middle] < day)
            low = middle + 1;
        else
            high = middle;
    }
    return low < calendar->holiday_count && calendar->holidays[low] == day;
}

/* Takes what lies in the window and after `from_us` off `left_us`; true when nothing is left, and
 * then `due_us` is when. */
static bool use_window(int64_t start_us, int64_t end_us, int64_t from_us, int64_t *left_us,
                       int64_t *due_us)
{
    if (start_us < from_us)
        start_us = from_us;
    if (end_us <= start_us)
        return false;
    if (*left_us <= end_us - start_us) {
        *due_us = start_us + *left_us;
        return true;
    }
    *left_us -= end_us - start_us;
    return false;
}

static bool use_day(const struct calendar *calendar, int64_t day, int64_t from_us, int64_t *left_us,
                    int64_t *due_us)
{
    if (is_holiday(calendar, day))
        return false;
    if (calendar->hour_count == 0)
        return use_window(moment(calendar, day, 0), moment(calendar, day + 1, 0), from_us, left_us,
                          due_us);
    for (size_t i = 0; i < calendar->hour_count; i++) {
        const struct calendar_hours *hours = &calendar->hours[i];
        if (hours->weekday == weekday(day) &&
            use_window(moment(calendar, day, hours->from_minute),
                       moment(calendar, day, hours->until_minute), from_us, left_us, due_us))
            return true;
    }
    return false;
}

int64_t calendar_add(const struct calendar *calendar, int64_t from_us, int64_t working_us)
{
    if (calendar == NULL || working_us <= 0)
        return from_us + (working_us > 0 ? working_us : 0);
    int64_t day = calendar_day(calendar->zone, from_us);
    int64_t last = day + CALENDAR_DAYS_MAX;
    int64_t due_us = from_us;
    for (; day < last; day++)
        if (use_day(calendar, day, from_us, &working_us, &due_us))
            return due_us;
    return moment(calendar, last, 0);
}
