#include "clock.h"

#include "random_message.h"

#include <criterion/criterion.h>
#include <string.h>

Test(clock, reads_and_prints_rfc_3339)
{
    static const struct row {
        const char *text;
        int64_t time_us;
        const char *printed;
    } rows[] = {
        {"1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00Z"},
        {"2010-12-01T08:26:00Z", INT64_C(1291191960000000), "2010-12-01T08:26:00Z"},
        {"2010-12-01T08:26Z", INT64_C(1291191960000000), "2010-12-01T08:26:00Z"},
        {"2010-12-01t08:26:00z", INT64_C(1291191960000000), "2010-12-01T08:26:00Z"},
        {"2010-12-01T10:26:00+02:00", INT64_C(1291191960000000), "2010-12-01T08:26:00Z"},
        {"2010-12-01T02:56:00-05:30", INT64_C(1291191960000000), "2010-12-01T08:26:00Z"},
        {"1969-12-31T23:59:59.5Z", -500000, "1969-12-31T23:59:59.500Z"},
        {"1970-01-01T00:00:00.000001Z", 1, "1970-01-01T00:00:00.000001Z"},
        {"1970-01-01T00:00:00.123456789Z", 123456, "1970-01-01T00:00:00.123456Z"},
        {"2024-02-29T12:00:00Z", INT64_C(1709208000000000), "2024-02-29T12:00:00Z"},
        {"0001-01-01T00:00:00Z", INT64_C(-62135596800000000), "0001-01-01T00:00:00Z"},
        {"9999-12-31T23:59:59.999999Z", INT64_C(253402300799999999), "9999-12-31T23:59:59.999999Z"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t time_us = 0;
        char text[CLOCK_TEXT_MAX];
        cr_assert_eq(clock_parse(rows[i].text, &time_us), STATUS_OK, "%s", rows[i].text);
        cr_expect_eq(time_us, rows[i].time_us, "%s", rows[i].text);
        cr_expect_str_eq(clock_format(time_us, text), rows[i].printed);
    }
}

Test(clock, refuses_other_texts)
{
    static const char *const texts[] = {
        "",
        "2010",
        "2010-12-01",
        "2010-12-01T08:26:00",
        "2010-13-01T08:26:00Z",
        "2010-00-01T08:26:00Z",
        "2010-02-29T08:26:00Z",
        "1900-02-29T08:26:00Z",
        "2010-12-32T08:26:00Z",
        "2010-12-00T08:26:00Z",
        "2010-12-01T24:00:00Z",
        "2010-12-01T08:60:00Z",
        "2010-12-01T08:26:60Z",
        "2010-12-01T08:26:00.Z",
        "2010-12-01T08:26:00.1234567890Z",
        "2010-12-01T08:26:00+0200",
        "2010-12-01T08:26:00+24:00",
        "2010-12-01T08:26:00ZZ",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "10000-01-01T00:00:00Z",
        "-010-12-01T08:26:00Z",
        " 2010-12-01T08:26:00Z",
        "2010-1-01T08:26:00Z",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        int64_t time_us = 42;
        cr_expect_eq(clock_parse(texts[i], &time_us), STATUS_INVALID, "%s", texts[i]);
        cr_expect_eq(time_us, 42);
    }
}

Test(clock, prints_the_nearest_bound)
{
    char text[CLOCK_TEXT_MAX];
    cr_expect_str_eq(clock_format(INT64_MIN, text), "0001-01-01T00:00:00Z");
    cr_expect_str_eq(clock_format(INT64_MAX, text), "9999-12-31T23:59:59.999999Z");
    cr_expect_str_eq(clock_format_date(INT64_MAX, text), "9999-12-31");
    cr_expect_str_eq(clock_format_date(-1, text), "1969-12-31");
}

Test(clock, what_is_printed_is_read_again)
{
    struct random random = {.state = 5};
    for (int round = 0; round < 20000; round++) {
        int64_t time_us = INT64_C(-62135596800000000) +
                          (int64_t)random_below(&random, UINT64_C(315537897600000000));
        if (round % 2 == 0)
            time_us -= time_us % 1000;
        char text[CLOCK_TEXT_MAX];
        int64_t again_us = 0;
        cr_assert_eq(clock_parse(clock_format(time_us, text), &again_us), STATUS_OK, "%s", text);
        cr_assert_eq(again_us, time_us, "%s", text);
    }
}

Test(clock, days_and_dates_follow_each_other)
{
    int year = 1599, month = 12, day = 31;
    int64_t first = clock_days_from_date(1600, 1, 1);
    cr_assert_eq(first, -135140);
    cr_assert_eq(clock_days_from_date(1970, 1, 1), 0);
    for (int64_t days = first; days < first + 800 * 366; days++) {
        int next_year, next_month, next_day;
        clock_date_from_days(days, &next_year, &next_month, &next_day);
        cr_assert_eq(clock_days_from_date(next_year, next_month, next_day), days);
        bool same_month = next_year == year && next_month == month && next_day == day + 1;
        bool new_month = next_day == 1 && day >= 28 &&
                         (next_month == month + 1 || (month == 12 && next_year == year + 1));
        cr_assert(same_month || new_month, "%d-%d-%d", next_year, next_month, next_day);
        year = next_year, month = next_month, day = next_day;
    }
}

Test(clock, business_days_leave_weekends_out)
{
    static const struct row {
        const char *from;
        int count;
        const char *to;
    } rows[] = {
        {"2026-11-23T15:00:00Z", 0, "2026-11-23"}, /* a Monday */
        {"2026-11-23T15:00:00Z", 4, "2026-11-27"},
        {"2026-11-23T15:00:00Z", 5, "2026-11-30"},
        {"2026-11-27T23:59:59Z", 1, "2026-11-30"},
        {"2026-11-28T00:00:00Z", 0, "2026-11-28"}, /* a Saturday */
        {"2026-11-28T00:00:00Z", 1, "2026-11-30"},
        {"2026-11-29T00:00:00Z", 1, "2026-11-30"},
        {"2026-11-29T00:00:00Z", 5, "2026-12-04"},
        {"2026-11-26T00:00:00Z", 10, "2026-12-10"},
        {"1969-12-31T12:00:00Z", 3, "1970-01-05"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t from_us;
        char text[CLOCK_TEXT_MAX];
        cr_assert_eq(clock_parse(rows[i].from, &from_us), STATUS_OK);
        int64_t to_us = clock_add_business_days(from_us, rows[i].count);
        cr_expect_str_eq(clock_format_date(to_us, text), rows[i].to);
        cr_expect_eq(to_us % CLOCK_DAY_US, 0);
    }
}

Test(clock, business_days_agree_with_counting)
{
    for (int64_t start = -30; start < 30; start++) {
        int64_t day = start;
        for (int count = 1; count < 30; count++) {
            do
                day++;
            while (((day + 3) % 7 + 7) % 7 > 4);
            cr_assert_eq(clock_add_business_days(start * CLOCK_DAY_US, count), day * CLOCK_DAY_US);
        }
    }
}

Test(clock, clocks_run)
{
    int64_t before_us = clock_monotonic_us();
    cr_expect_geq(clock_monotonic_us(), before_us);
    cr_expect_gt(clock_wall_us(), INT64_C(1700000000000000));
}
