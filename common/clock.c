#include "clock.h"

#include "failpoint.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    DAYS_PER_ERA = 146097, /* 400 years of the Gregorian calendar */
    DAYS_TO_1970 = 719468, /* from 0000-03-01 */
    FRACTION_DIGITS_MAX = 9
};

#define TIME_MIN_US (INT64_C(-62135596800) * CLOCK_SECOND_US)     /* 0001-01-01 */
#define TIME_MAX_US (INT64_C(253402300800) * CLOCK_SECOND_US - 1) /* the last of 9999 */

static int64_t now_us(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return now.tv_sec * CLOCK_SECOND_US + now.tv_nsec / 1000;
}

int64_t clock_wall_us(void)
{
#ifdef REDRESS_FAILPOINTS
    return now_us(CLOCK_REALTIME) + failpoint_clock_us();
#else
    return now_us(CLOCK_REALTIME);
#endif
}

int64_t clock_monotonic_us(void)
{
    return now_us(CLOCK_MONOTONIC);
}

static int64_t floor_divide(int64_t value, int64_t by)
{
    return value / by - (value % by < 0);
}

/* Years are counted from March, so that the leap day comes last:
 * https://howardhinnant.github.io/date_algorithms.html */
int64_t clock_days_from_date(int year, int month, int day)
{
    int64_t march_year = (int64_t)year - (month <= 2);
    int64_t era = floor_divide(march_year, 400);
    int64_t year_of_era = march_year - era * 400;
    int64_t day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_PER_ERA + day_of_era - DAYS_TO_1970;
}

void clock_date_from_days(int64_t days, int *year, int *month, int *day)
{
    days += DAYS_TO_1970;
    int64_t era = floor_divide(days, DAYS_PER_ERA);
    int64_t day_of_era = days - era * DAYS_PER_ERA;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / (DAYS_PER_ERA - 1)) /
        365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t march_month = (5 * day_of_year + 2) / 153;
    *day = (int)(day_of_year - (153 * march_month + 2) / 5 + 1);
    *month = (int)(march_month < 10 ? march_month + 3 : march_month - 9);
    *year = (int)(year_of_era + era * 400 + (*month <= 2));
}

static int64_t clamp(int64_t time_us)
{
    return time_us < TIME_MIN_US ? TIME_MIN_US : time_us > TIME_MAX_US ? TIME_MAX_US : time_us;
}

/* Writes `count` digits of `value` and returns what follows them. */
static char *put_digits(char *text, int64_t value, int count)
{
    for (int i = count - 1; i >= 0; i--) {
        text[i] = (char)('0' + value % 10);
        value /= 10;
    }
    return text + count;
}

static char *put_date(char *text, int64_t days)
{
    int year, month, day;
    clock_date_from_days(days, &year, &month, &day);
    text = put_digits(text, year, 4);
    *text++ = '-';
    text = put_digits(text, month, 2);
    *text++ = '-';
    return put_digits(text, day, 2);
}

static char *put_fraction(char *text, int64_t microseconds)
{
    if (microseconds == 0)
        return text;
    *text++ = '.';
    if (microseconds % 1000 == 0)
        return put_digits(text, microseconds / 1000, 3);
    return put_digits(text, microseconds, 6);
}

char *clock_format(int64_t time_us, char *text)
{
    time_us = clamp(time_us);
    int64_t days = floor_divide(time_us, CLOCK_DAY_US);
    int64_t rest_us = time_us - days * CLOCK_DAY_US;
    int64_t second = rest_us / CLOCK_SECOND_US;
    char *end = put_date(text, days);
    *end++ = 'T';
    end = put_digits(end, second / 3600, 2);
    *end++ = ':';
    end = put_digits(end, second / 60 % 60, 2);
    *end++ = ':';
    end = put_digits(end, second % 60, 2);
    end = put_fraction(end, rest_us % CLOCK_SECOND_US);
    *end++ = 'Z';
    *end = '\0';
    return text;
}

char *clock_format_date(int64_t time_us, char *text)
{
    *put_date(text, floor_divide(clamp(time_us), CLOCK_DAY_US)) = '\0';
    return text;
}

/* A reader that remembers its first failure. */
struct reader {
    const char *text;
    bool failed;
};

static int take_digits(struct reader *reader, int count, int min, int max)
{
    int value = 0;
    for (int i = 0; i < count && !reader->failed; i++) {
        char digit = *reader->text;
        if (digit < '0' || digit > '9')
            reader->failed = true;
        else
            reader->text++;
        value = value * 10 + (digit - '0');
    }
    if (value < min || value > max)
        reader->failed = true;
    return value;
}

static bool take(struct reader *reader, const char *one_of)
{
    if (reader->failed || *reader->text == '\0' || strchr(one_of, *reader->text) == NULL)
        return false;
    reader->text++;
    return true;
}

static void expect(struct reader *reader, const char *one_of)
{
    if (!take(reader, one_of))
        reader->failed = true;
}

static int days_of_month(int year, int month)
{
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && leap);
}

static int64_t take_date(struct reader *reader)
{
    int year = take_digits(reader, 4, 1, 9999);
    expect(reader, "-");
    int month = take_digits(reader, 2, 1, 12);
    expect(reader, "-");
    if (reader->failed)
        return 0;
    int day = take_digits(reader, 2, 1, days_of_month(year, month));
    return clock_days_from_date(year, month, day);
}

static int64_t take_fraction(struct reader *reader)
{
    int64_t microseconds = 0;
    int64_t worth = 100000;
    int count = 0;
    for (; *reader->text >= '0' && *reader->text <= '9'; reader->text++, count++) {
        microseconds += worth * (*reader->text - '0');
        worth /= 10;
    }
    if (count == 0 || count > FRACTION_DIGITS_MAX)
        reader->failed = true;
    return microseconds;
}

static int64_t take_time_of_day(struct reader *reader)
{
    int hour = take_digits(reader, 2, 0, 23);
    expect(reader, ":");
    int minute = take_digits(reader, 2, 0, 59);
    int second = 0;
    int64_t fraction_us = 0;
    if (take(reader, ":")) {
        second = take_digits(reader, 2, 0, 59);
        if (take(reader, "."))
            fraction_us = take_fraction(reader);
    }
    return (hour * 3600 + minute * 60 + second) * CLOCK_SECOND_US + fraction_us;
}

static int64_t take_offset(struct reader *reader)
{
    if (take(reader, "Zz"))
        return 0;
    int sign = take(reader, "-") ? -1 : 1;
    if (sign > 0)
        expect(reader, "+");
    int hour = take_digits(reader, 2, 0, 23);
    expect(reader, ":");
    int minute = take_digits(reader, 2, 0, 59);
    return sign * (hour * 3600 + minute * 60) * CLOCK_SECOND_US;
}

enum status clock_parse(const char *text, int64_t *time_us)
{
    struct reader reader = {.text = text};
    int64_t parsed_us = take_date(&reader) * CLOCK_DAY_US;
    expect(&reader, "Tt ");
    parsed_us += take_time_of_day(&reader);
    parsed_us -= take_offset(&reader);
    if (reader.failed || *reader.text != '\0' || parsed_us != clamp(parsed_us))
        return STATUS_INVALID;
    *time_us = parsed_us;
    return STATUS_OK;
}

int64_t clock_add_business_days(int64_t time_us, int business_days)
{
    int64_t day = floor_divide(time_us, CLOCK_DAY_US);
    int64_t weekday = day + 3 - floor_divide(day + 3, 7) * 7; /* Monday is 0; 1970-01-01 was 3 */
    if (business_days > 0 && weekday > 4) {
        day -= weekday - 4;
        weekday = 4;
    }
    day += business_days / 5 * 7;
    int64_t rest = business_days % 5;
    day += rest + (weekday + rest > 4 && rest > 0 ? 2 : 0);
    return day * CLOCK_DAY_US;
}
