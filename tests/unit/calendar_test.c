/* Deadlines that count working time only: known moments of known zones. */

#include "calendar.h"
#include "clock.h"
#include "roster_read.h"

#include <criterion/criterion.h>

static struct arena *arena;
static struct feel_zones zones;

static void set_up(void)
{
    arena = arena_create(8 * 1024 * 1024);
    zones = (struct feel_zones){.arena = arena};
}

static void tear_down(void)
{
    arena_destroy(arena);
}

TestSuite(calendar, .init = set_up, .fini = tear_down);

static int64_t at(const char *text)
{
    int64_t time_us = 0;
    cr_assert_eq(clock_parse(text, &time_us), STATUS_OK, "%s", text);
    return time_us;
}

/* Monday to Friday, 9 to 12 and 13 to 17:30, with two holidays. */
static struct calendar office(const char *zone)
{
    static const int32_t parts[][2] = {{780, 1050}, {540, 720}};
    Redress__V1__WorkingHours hours[10];
    Redress__V1__WorkingHours *rows[10];
    char *holidays[] = {(char *)"2026-12-28", (char *)"2026-12-25"};
    for (int i = 0; i < 10; i++) {
        redress__v1__working_hours__init(&hours[i]);
        hours[i].weekday = i / 2 + 1;
        hours[i].from_minute = parts[i % 2][0];
        hours[i].until_minute = parts[i % 2][1];
        rows[i] = &hours[i];
    }
    Redress__V1__Calendar message = REDRESS__V1__CALENDAR__INIT;
    message.time_zone = (char *)zone;
    message.hours = rows;
    message.n_hours = 10;
    message.holidays = holidays;
    message.n_holidays = 2;
    struct calendar calendar;
    struct error error = {""};
    cr_assert_eq(calendar_read(&message, arena, &zones, &calendar, &error), STATUS_OK, "%s",
                 error.text);
    return calendar;
}

struct sum {
    const char *zone, *from, *due;
    int64_t minutes;
};

static void expect(const struct sum *sum)
{
    struct calendar calendar = office(sum->zone);
    char text[CLOCK_TEXT_MAX];
    int64_t due_us = calendar_add(&calendar, at(sum->from), sum->minutes * 60 * CLOCK_SECOND_US);
    cr_expect_eq(due_us, at(sum->due), "%s and %lld minutes in %s is %s, not %s", sum->from,
                 (long long)sum->minutes, sum->zone, clock_format(due_us, text), sum->due);
}

Test(calendar, working_time)
{
    static const struct sum sums[] = {
        {"Europe/London", "2026-11-23T10:00:00Z", "2026-11-23T11:00:00Z", 60},
        {"Europe/London", "2026-11-23T11:30:00Z", "2026-11-23T13:30:00Z", 60}, /* over lunch */
        {"Europe/London", "2026-11-23T06:00:00Z", "2026-11-23T09:01:00Z", 1},
        {"Europe/London", "2026-11-23T16:30:00Z", "2026-11-23T17:30:00Z", 60}, /* to the end */
        {"Europe/London", "2026-11-23T16:30:00Z", "2026-11-24T09:01:00Z", 61},
        {"Europe/London", "2026-11-27T17:00:00Z", "2026-11-30T09:30:00Z", 60}, /* weekend */
        {"Europe/London", "2026-11-28T12:00:00Z", "2026-11-30T10:00:00Z", 60},
        {"Europe/London", "2026-12-24T17:00:00Z", "2026-12-29T09:30:00Z", 60},      /* holidays */
        {"Europe/London", "2026-11-23T09:00:00Z", "2026-11-27T17:30:00Z", 5 * 450}, /* a week */
        {"America/New_York", "2026-11-23T10:00:00Z", "2026-11-23T15:00:00Z", 60},
        {"Asia/Kolkata", "2026-11-23T10:00:00Z", "2026-11-23T11:00:00Z", 60}, /* +5:30 */
        {"", "2026-11-23T10:00:00Z", "2026-11-23T11:00:00Z", 60},
        /* Clocks in London go forward on Sunday 2026-03-29: Monday's hours begin earlier. */
        {"Europe/London", "2026-03-27T17:00:00Z", "2026-03-30T08:30:00Z", 60},
        {"Europe/London", "2026-10-23T16:00:00Z", "2026-10-26T09:30:00Z", 60}};
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++)
        expect(&sums[i]);
}

/* Adding in two steps is adding at once, wherever the first step ends. */
Test(calendar, steps_add_up)
{
    struct calendar calendar = office("Europe/Berlin");
    int64_t from_us = at("2026-12-21T06:12:13Z");
    for (int64_t first = 0; first <= 3000; first += 37) {
        int64_t half_us = calendar_add(&calendar, from_us, first * 60 * CLOCK_SECOND_US);
        cr_expect_eq(calendar_add(&calendar, half_us, (3001 - first) * 60 * CLOCK_SECOND_US),
                     calendar_add(&calendar, from_us, INT64_C(3001) * 60 * CLOCK_SECOND_US));
    }
}

Test(calendar, without_one_every_hour_counts)
{
    int64_t from_us = at("2026-11-28T12:00:00Z");
    cr_expect_eq(calendar_add(NULL, from_us, CLOCK_DAY_US), from_us + CLOCK_DAY_US);
    cr_expect_eq(calendar_add(NULL, from_us, 0), from_us);
    cr_expect_eq(calendar_add(NULL, from_us, -1), from_us);
}

/* Hours of a whole day: on the days of the change one hour fewer or more passes on the clock. */
Test(calendar, whole_days_without_hours)
{
    Redress__V1__Calendar message = REDRESS__V1__CALENDAR__INIT;
    message.time_zone = (char *)"Europe/Berlin";
    struct calendar calendar;
    struct error error = {""};
    cr_assert_eq(calendar_read(&message, arena, &zones, &calendar, &error), STATUS_OK);
    cr_expect_eq(calendar_add(&calendar, at("2026-03-28T12:00:00Z"), CLOCK_DAY_US),
                 at("2026-03-29T12:00:00Z"));
    cr_expect_eq(calendar_day(calendar.zone, at("2026-03-28T22:59:59Z")),
                 calendar_day(NULL, at("2026-03-28T00:00:00Z")));
    cr_expect_eq(calendar_day(calendar.zone, at("2026-03-28T23:00:00Z")),
                 calendar_day(NULL, at("2026-03-29T00:00:00Z")));
    cr_expect_eq(calendar_day(NULL, -1), -1);
}

Test(calendar, no_working_time_ends_after_the_bound)
{
    int32_t days[2] = {0, 0};
    struct calendar calendar = office("");
    for (size_t i = 0; i < calendar.hour_count; i++)
        calendar.hours[i].weekday = 9;
    calendar.holidays = days;
    int64_t from_us = at("2026-11-28T12:00:00Z");
    cr_expect_eq(calendar_add(&calendar, from_us, 1),
                 at("2026-11-28T00:00:00Z") + CALENDAR_DAYS_MAX * CLOCK_DAY_US);
}

struct broken {
    const char *field;
    int32_t weekday, from, until;
    const char *zone, *holiday;
};

Test(calendar, what_breaks_a_rule_is_refused)
{
    static const struct broken all[] = {{"hours", 0, 0, 60, "", "2026-01-01"},
                                        {"hours", 8, 0, 60, "", "2026-01-01"},
                                        {"hours", 1, 60, 60, "", "2026-01-01"},
                                        {"hours", 1, -1, 60, "", "2026-01-01"},
                                        {"hours", 1, 0, 1441, "", "2026-01-01"},
                                        {"time_zone", 1, 0, 60, "Europe/Atlantis", "2026-01-01"},
                                        {"time_zone", 1, 0, 60, "../../etc/passwd", "2026-01-01"},
                                        {"holidays", 1, 0, 60, "", "2026-02-30"},
                                        {"holidays", 1, 0, 60, "", "1.1.2026"}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        Redress__V1__WorkingHours hours = REDRESS__V1__WORKING_HOURS__INIT;
        Redress__V1__WorkingHours *rows[] = {&hours};
        char *holidays[] = {(char *)all[i].holiday};
        hours.weekday = all[i].weekday;
        hours.from_minute = all[i].from;
        hours.until_minute = all[i].until;
        Redress__V1__Calendar message = REDRESS__V1__CALENDAR__INIT;
        message.time_zone = (char *)all[i].zone;
        message.hours = rows;
        message.n_hours = 1;
        message.holidays = holidays;
        message.n_holidays = 1;
        struct calendar calendar;
        struct error error = {""};
        cr_expect_eq(calendar_read(&message, arena, &zones, &calendar, &error), STATUS_INVALID,
                     "%zu", i);
        cr_expect(strstr(error.text, all[i].field) != NULL, "%zu: %s", i, error.text);
    }
}
