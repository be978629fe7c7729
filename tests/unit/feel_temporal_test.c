/* The calendar against the C library's, and durations as differences of moments. */

#include <time.h>

#include "common/dmn/feel_temporal.h"
#include "dmn_support.h"

Test(feel_temporal, calendar_agrees_with_the_library)
{
    for (int64_t day = -800000; day <= 800000; day += 97) { /* from before year 0 to 4160 */
        time_t seconds = (time_t)day * FEEL_DAY_S;
        struct tm parts;
        int64_t year;
        unsigned month, of_month;
        cr_assert_not_null(gmtime_r(&seconds, &parts));
        feel_civil_from_days(day, &year, &month, &of_month);
        cr_assert_eq(year, parts.tm_year + 1900);
        cr_assert_eq(month, (unsigned)parts.tm_mon + 1);
        cr_assert_eq(of_month, (unsigned)parts.tm_mday);
        cr_assert_eq(feel_days_from_civil(year, month, of_month), day);
    }
}

Test(feel_temporal, zones_agree_with_the_library)
{
    static const char *const names[] = {"Europe/Paris",     "America/New_York",  "Asia/Kolkata",
                                        "Australia/Sydney", "America/Sao_Paulo", "Etc/UTC"};
    struct arena *arena = arena_create(SUPPORT_ARENA_BYTES);
    struct feel_zones zones = {.arena = arena};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct feel_zone *zone = feel_zone_find(&zones, feel_text(names[i]));
        cr_assert_not_null(zone, "%s: is tzdata installed?", names[i]);
        (void)setenv("TZ", names[i], 1);
        tzset();
        for (time_t at = -86400L * 365 * 20; at < 86400L * 365 * 130; at += 86400L * 11 + 3607) {
            struct tm parts;
            cr_assert_not_null(localtime_r(&at, &parts));
            cr_assert_eq(feel_zone_offset_at(zone, at), parts.tm_gmtoff, "%s at %lld", names[i],
                         (long long)at);
        }
    }
    arena_destroy(arena);
}

Test(feel_temporal, a_difference_leads_back)
{
    static const char *const texts[] = {"2020-02-29T23:59:59.5Z", "1999-12-31T00:00:00+05:30",
                                        "-0044-03-15T12:00:00Z", "2024-03-31T01:30:00@Europe/Paris",
                                        "9999-12-31T23:59:59.999999999-18:00"};
    struct arena *arena = arena_create(SUPPORT_ARENA_BYTES);
    struct feel_zones zones = {.arena = arena};
    size_t count = sizeof texts / sizeof *texts;
    for (size_t i = 0; i < count * count; i++) {
        struct feel_value from, to, difference, back;
        cr_assert(feel_date_time_read(feel_text(texts[i / count]), &zones, &from));
        cr_assert(feel_date_time_read(feel_text(texts[i % count]), &zones, &to));
        cr_assert(feel_moment_difference(&to, &from, &difference));
        cr_assert(feel_moment_add_days(&from, difference.days, &back));
        cr_expect_eq(feel_moment_utc_s(&back), feel_moment_utc_s(&to), "%s to %s", texts[i / count],
                     texts[i % count]);
        cr_expect_eq(back.moment.nanos, to.moment.nanos);
    }
    arena_destroy(arena);
}

Test(feel_temporal, writing_is_read_back)
{
    static const char *const texts[] = {
        "2020-02-29",     "-0001-01-01",  "10:00:00.000000001",
        "23:59:59-18:00", "P1DT2H3M4.5S", "-P3Y4M",
        "PT0S",           "P0M",          "2020-01-01T00:00:00@Asia/Tokyo"};
    struct arena *arena = arena_create(SUPPORT_ARENA_BYTES);
    struct feel_zones zones = {.arena = arena};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct feel_value value;
        char text[FEEL_TEMPORAL_TEXT_MAX];
        cr_assert(feel_temporal_read(feel_text(texts[i]), &zones, &value), "%s", texts[i]);
        (void)feel_temporal_write(&value, text, sizeof text);
        cr_expect_str_eq(text, texts[i]);
    }
    arena_destroy(arena);
}

Test(feel_temporal, refuses_names_that_leave_the_zone_directory)
{
    static const char *const names[] = {"../../etc/passwd", "/etc/passwd", "",
                                        "Europe",           "a b",         "Nowhere/Land"};
    struct arena *arena = arena_create(SUPPORT_ARENA_BYTES);
    struct feel_zones zones = {.arena = arena};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        cr_expect_null(feel_zone_find(&zones, feel_text(names[i])), "%s", names[i]);
    arena_destroy(arena);
}
