#include "services/routing/authority.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static const char LIMITS[] =
    "GBP=25000/250000/1000000,JPY=50000/500000/2000000,KWD=100000/1000000/4000000";

Test(routing_authority, amounts_at_their_limits)
{
    struct authority authority;
    cr_assert_eq(authority_read(LIMITS, &authority, NULL), STATUS_OK);
    static const struct {
        int64_t minor;
        const char *currency;
        enum authority_level compliant, exception;
    } cases[] = {
        {0, "GBP", AUTHORITY_AUTO, AUTHORITY_LEVEL_1},
        {1, "GBP", AUTHORITY_AUTO, AUTHORITY_LEVEL_1},
        {24999, "GBP", AUTHORITY_AUTO, AUTHORITY_LEVEL_1},
        {25000, "GBP", AUTHORITY_AUTO, AUTHORITY_LEVEL_1},
        {25001, "GBP", AUTHORITY_LEVEL_1, AUTHORITY_LEVEL_1},
        {250000, "GBP", AUTHORITY_LEVEL_1, AUTHORITY_LEVEL_1},
        {250001, "GBP", AUTHORITY_LEVEL_2, AUTHORITY_LEVEL_2},
        {1000000, "GBP", AUTHORITY_LEVEL_2, AUTHORITY_LEVEL_2},
        {1000001, "GBP", AUTHORITY_LEVEL_2_TWO_APPROVERS, AUTHORITY_LEVEL_2_TWO_APPROVERS},
        {INT64_MAX, "GBP", AUTHORITY_LEVEL_2_TWO_APPROVERS, AUTHORITY_LEVEL_2_TWO_APPROVERS},
        {50000, "JPY", AUTHORITY_AUTO, AUTHORITY_LEVEL_1},
        {50001, "JPY", AUTHORITY_LEVEL_1, AUTHORITY_LEVEL_1},
        {100000, "KWD", AUTHORITY_AUTO, AUTHORITY_LEVEL_1},
        {100001, "KWD", AUTHORITY_LEVEL_1, AUTHORITY_LEVEL_1},
        {1, "CHF", AUTHORITY_LEVEL_2, AUTHORITY_LEVEL_2},
        {INT64_MAX, "CHF", AUTHORITY_LEVEL_2, AUTHORITY_LEVEL_2},
        {1, "", AUTHORITY_LEVEL_2, AUTHORITY_LEVEL_2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct authority_route plain =
            authority_route(&authority, cases[i].minor, cases[i].currency, false);
        struct authority_route exception =
            authority_route(&authority, cases[i].minor, cases[i].currency, true);
        cr_expect_eq(plain.level, cases[i].compliant, "case %zu", i);
        cr_expect_eq(exception.level, cases[i].exception, "case %zu", i);
        cr_expect_eq(plain.limit == NULL, plain.rule == AUTHORITY_RULE_NO_LIMITS);
        cr_expect_neq(authority_rule_id(plain.rule)[0], '\0');
    }
}

Test(routing_authority, more_money_never_needs_less_authority)
{
    struct authority authority;
    cr_assert_eq(authority_read(LIMITS, &authority, NULL), STATUS_OK);
    enum authority_level last = AUTHORITY_AUTO;
    for (int64_t minor = 0; minor < 1100000; minor += 500) {
        enum authority_level level = authority_route(&authority, minor, "GBP", false).level;
        cr_assert_geq(level, last);
        cr_assert_geq(authority_route(&authority, minor, "GBP", true).level, level);
        last = level;
    }
    cr_assert_eq(last, AUTHORITY_LEVEL_2_TWO_APPROVERS);
}

Test(routing_authority, levels_of_cases)
{
    static const enum authority_level levels[] = {AUTHORITY_LEVEL_1, AUTHORITY_LEVEL_2,
                                                  AUTHORITY_LEVEL_2_TWO_APPROVERS,
                                                  AUTHORITY_FINANCE_CONTROLLER};
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        int32_t level = 0, approvers = 0;
        authority_case(levels[i], &level, &approvers);
        cr_expect_eq(authority_of_case(level, approvers), levels[i]);
    }
    cr_expect_eq(authority_of_case(3, 2), AUTHORITY_FINANCE_CONTROLLER);
    cr_expect_eq(authority_of_case(0, 0), AUTHORITY_AUTO);
}

Test(routing_authority, broken_limits_are_refused)
{
    static const char *const broken[] = {
        "",
        "GBP",
        "GBP=",
        "GBP=1",
        "GBP=1/2",
        "GBP=1/2/3/4",
        "GBP=1/2/3 ",
        "GBP=1/2/-3",
        "GBP=2/1/3",
        "GBP=1/3/2",
        "GBP=1/2/99999999999999999999",
        "gbp=1/2/3",
        "XXX=1/2/3",
        "GBP=1/2/3,",
        ",GBP=1/2/3",
        "GBP=1/2/3,GBP=1/2/3",
        "GBP=1/2/3;EUR=1/2/3",
    };
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        struct authority authority;
        struct error error = {""};
        cr_expect_eq(authority_read(broken[i], &authority, &error), STATUS_INVALID, "%s",
                     broken[i]);
        cr_expect_neq(error.text[0], '\0');
    }
}

Test(routing_authority, the_hash_is_of_the_limits_in_any_order)
{
    struct authority one, turned, other;
    cr_assert_eq(authority_read("GBP=1/2/3,EUR=4/5/6", &one, NULL), STATUS_OK);
    cr_assert_eq(authority_read("EUR=4/5/6,GBP=1/2/3", &turned, NULL), STATUS_OK);
    cr_assert_eq(authority_read("EUR=4/5/6,GBP=1/2/4", &other, NULL), STATUS_OK);
    cr_expect_str_eq(one.model_sha256, turned.model_sha256);
    cr_expect_str_neq(one.model_sha256, other.model_sha256);
    cr_expect_eq(strlen(one.model_sha256), 64);
    cr_expect_str_eq(one.model_id, "built-in");
}
