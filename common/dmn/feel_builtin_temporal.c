/* Date and time functions (10.3.4.7, 10.3.4.8). */

#include "feel_builtin_rows.h"
#include "feel_number.h"
#include "feel_run.h"
#include "feel_temporal.h"

static struct feel_value name_of(const char *name)
{
    struct feel_text text = feel_text(name);
    return feel_string(text.bytes, text.size);
}

static struct feel_value refuse_time(struct feel_run *run)
{
    return feel_note(run, NULL, "a time has no date");
}

static int64_t days_of(const struct feel_value *value)
{
    return feel_days_from_civil(value->moment.year, value->moment.month, value->moment.day);
}

/* 0: Monday */
static int64_t weekday_of(int64_t days)
{
    return ((days + 3) % 7 + 7) % 7;
}

struct feel_value feel_bi_day_of_year(struct feel_run *run, const struct feel_value *a,
                                      size_t given)
{
    (void)given;
    if (a->kind == FEEL_TIME)
        return refuse_time(run);
    return feel_number_value(
        feel_number_of(days_of(a) - feel_days_from_civil(a->moment.year, 1, 1) + 1));
}

struct feel_value feel_bi_day_of_week(struct feel_run *run, const struct feel_value *a,
                                      size_t given)
{
    static const char *const names[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                        "Friday", "Saturday", "Sunday"};
    (void)given;
    if (a->kind == FEEL_TIME)
        return refuse_time(run);
    return name_of(names[weekday_of(days_of(a))]);
}

struct feel_value feel_bi_month_of_year(struct feel_run *run, const struct feel_value *a,
                                        size_t given)
{
    static const char *const names[] = {"January",   "February", "March",    "April",
                                        "May",       "June",     "July",     "August",
                                        "September", "October",  "November", "December"};
    (void)given;
    if (a->kind == FEEL_TIME)
        return refuse_time(run);
    return name_of(names[a->moment.month - 1]);
}

/* ISO 8601: the week belongs to the year that has its Thursday. */
struct feel_value feel_bi_week_of_year(struct feel_run *run, const struct feel_value *a,
                                       size_t given)
{
    (void)given;
    if (a->kind == FEEL_TIME)
        return refuse_time(run);
    int64_t days = days_of(a), thursday = days - weekday_of(days) + 3, year;
    unsigned month, day;
    feel_civil_from_days(thursday, &year, &month, &day);
    return feel_number_value(feel_number_of((thursday - feel_days_from_civil(year, 1, 1)) / 7 + 1));
}

struct feel_value feel_bi_now(struct feel_run *run, const struct feel_value *a, size_t given)
{
    (void)a, (void)given;
    return feel_moment_from_us(run->now_us);
}

struct feel_value feel_bi_today(struct feel_run *run, const struct feel_value *a, size_t given)
{
    (void)a, (void)given;
    struct feel_value now = feel_moment_from_us(run->now_us), today = feel_null();
    (void)feel_date_of(now.moment.year, now.moment.month, now.moment.day, &today);
    return today;
}
