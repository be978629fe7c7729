#include "clock.h"
#include "services/policy/assess.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static const int64_t DELIVERED = INT64_C(1291334400000000); /* 2010-12-03T00:00:00Z */

static struct arena *arena;
static struct policy policy;

static void set_up(void)
{
    arena = arena_create(1024 * 1024);
    cr_assert_eq(policy_make(30, 90, &policy, NULL), STATUS_OK);
}

static void tear_down(void)
{
    arena_destroy(arena);
}

TestSuite(policy_assess, .init = set_up, .fini = tear_down);

static struct assessment judged(const struct facts *facts)
{
    struct assessment assessment;
    cr_assert_eq(assess(facts, &policy, arena, &assessment), STATUS_OK);
    return assessment;
}

/* "EXCEPTION RETURN_WINDOW [2:w2]": outcome, reasons, hits as line:rule. */
static const char *in_words(const struct assessment *assessment)
{
    static char text[512];
    int used = snprintf(text, sizeof text, "%s", policy_outcome_name(assessment->outcome));
    for (size_t i = 0; i < assessment->reason_count; i++)
        used += snprintf(text + used, sizeof text - (size_t)used, " %s",
                         policy_reason_name(assessment->reasons[i]));
    for (size_t i = 0; i < assessment->hit_count; i++)
        used +=
            snprintf(text + used, sizeof text - (size_t)used, "%s%s:%s", i == 0 ? " [" : " ",
                     assessment->hits[i].line_id, policy_rule_info(assessment->hits[i].rule)->id);
    snprintf(text + used, sizeof text - (size_t)used, "]");
    return text;
}

enum { YES = 1, NO = 0 };

Test(policy_assess, one_line)
{
    static const struct {
        const char *category;
        int64_t after_us; /* from delivery to request */
        bool delivered, no_window;
        const char *expected;
    } cases[] = {
        {"goods", 0, YES, NO, "COMPLIANT [1:w1]"},
        {"", 0, YES, NO, "COMPLIANT [1:w1]"},
        {"carriage", 0, YES, NO, "COMPLIANT [1:w1]"},
        {"goods", -5 * CLOCK_DAY_US, YES, NO, "COMPLIANT [1:w1]"},
        {"goods", 30 * CLOCK_DAY_US - 1, YES, NO, "COMPLIANT [1:w1]"},
        {"goods", 30 * CLOCK_DAY_US, YES, NO, "COMPLIANT [1:w1]"},
        {"goods", 30 * CLOCK_DAY_US + 1, YES, NO, "EXCEPTION RETURN_WINDOW [1:w2]"},
        {"goods", 90 * CLOCK_DAY_US - 1, YES, NO, "EXCEPTION RETURN_WINDOW [1:w2]"},
        {"goods", 90 * CLOCK_DAY_US, YES, NO, "EXCEPTION RETURN_WINDOW [1:w2]"},
        {"goods", 90 * CLOCK_DAY_US + 1, YES, NO, "DECLINED RETURN_WINDOW [1:w3]"},
        {"goods", 9000 * CLOCK_DAY_US, YES, NO, "DECLINED RETURN_WINDOW [1:w3]"},
        {"goods", 31 * CLOCK_DAY_US, YES, YES, "EXCEPTION RETURN_WINDOW [1:w2]"},
        {"goods", 0, NO, NO, "NEEDS_INFO NOT_DELIVERED [1:d2]"},
        {"goods", 0, NO, YES, "COMPLIANT [1:d1]"},
        {"non_goods", 0, YES, NO, "DECLINED EXCLUDED_CATEGORY [1:x1]"},
        {"non_goods", 0, YES, YES, "DECLINED EXCLUDED_CATEGORY [1:x1]"},
        {"non_goods", 0, NO, NO, "DECLINED EXCLUDED_CATEGORY [1:x1]"},
        {"non_goods", 91 * CLOCK_DAY_US, YES, NO, "DECLINED EXCLUDED_CATEGORY [1:x1]"},
        {"Non_goods", 0, YES, NO, "COMPLIANT [1:w1]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct line_facts line = {"1", cases[i].category, cases[i].delivered, DELIVERED};
        struct facts facts = {.requested_us = DELIVERED + cases[i].after_us,
                              .no_window = cases[i].no_window,
                              .lines = &line,
                              .line_count = 1};
        struct assessment assessment = judged(&facts);
        cr_expect_str_eq(in_words(&assessment), cases[i].expected, "case %zu", i);
    }
}

Test(policy_assess, worst_line_decides_and_all_reasons_are_listed)
{
    const int64_t requested = DELIVERED + 40 * CLOCK_DAY_US;
    const struct line_facts within = {"a", "goods", true, DELIVERED + 20 * CLOCK_DAY_US};
    const struct line_facts late = {"b", "goods", true, DELIVERED};
    const struct line_facts closed = {"c", "goods", true, DELIVERED - 60 * CLOCK_DAY_US};
    const struct line_facts excluded = {"d", "non_goods", true, DELIVERED};
    const struct line_facts missing = {"e", "goods", false, 0};
    const struct {
        struct line_facts lines[4];
        size_t count;
        const char *expected;
    } cases[] = {
        {{within, within}, 2, "COMPLIANT [a:w1 a:w1]"},
        {{within, late}, 2, "EXCEPTION RETURN_WINDOW [a:w1 b:w2]"},
        {{late, closed}, 2, "DECLINED RETURN_WINDOW [b:w2 c:w3]"},
        {{late, missing}, 2, "NEEDS_INFO NOT_DELIVERED RETURN_WINDOW [b:w2 e:d2]"},
        {{missing, excluded}, 2, "DECLINED EXCLUDED_CATEGORY NOT_DELIVERED [e:d2 d:x1]"},
        {{late, excluded}, 2, "DECLINED EXCLUDED_CATEGORY RETURN_WINDOW [b:w2 d:x1]"},
        {{missing, closed, excluded, within},
         4,
         "DECLINED EXCLUDED_CATEGORY RETURN_WINDOW NOT_DELIVERED [e:d2 c:w3 d:x1 a:w1]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct facts facts = {
            .requested_us = requested, .lines = cases[i].lines, .line_count = cases[i].count};
        struct assessment assessment = judged(&facts);
        cr_expect_str_eq(in_words(&assessment), cases[i].expected, "case %zu", i);
    }
}

Test(policy_assess, without_lines_the_order_is_judged)
{
    struct facts facts = {.requested_us = DELIVERED + 31 * CLOCK_DAY_US,
                          .delivered = true,
                          .delivered_us = DELIVERED};
    struct assessment late = judged(&facts);
    cr_expect_str_eq(in_words(&late), "EXCEPTION RETURN_WINDOW [:w2]");
    facts.delivered = false;
    struct assessment missing = judged(&facts);
    cr_expect_str_eq(in_words(&missing), "NEEDS_INFO NOT_DELIVERED [:d2]");
    facts.no_window = true;
    struct assessment failure = judged(&facts);
    cr_expect_str_eq(in_words(&failure), "COMPLIANT [:d1]");
}

static uint64_t next_number(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *seed >> 33;
}

/* Order of lines never matters for outcome and reasons; another line never makes it better; later
 * requests are never judged better. */
Test(policy_assess, properties)
{
    uint64_t seed = 7;
    for (int round = 0; round < 5000; round++) {
        struct line_facts lines[6], reversed[6];
        size_t count = 1 + next_number(&seed) % 5;
        for (size_t i = 0; i < count; i++) {
            int64_t days = (int64_t)(next_number(&seed) % 130);
            lines[i] =
                (struct line_facts){.line_id = "x",
                                    .category = next_number(&seed) % 8 ? "goods" : "non_goods",
                                    .delivered = next_number(&seed) % 5 != 0,
                                    .delivered_us = DELIVERED + days * CLOCK_DAY_US};
        }
        for (size_t i = 0; i < count; i++)
            reversed[i] = lines[count - 1 - i];
        struct facts facts = {.requested_us = DELIVERED + 130 * CLOCK_DAY_US,
                              .no_window = next_number(&seed) % 2,
                              .lines = lines,
                              .line_count = count};
        struct assessment all = judged(&facts);
        struct facts turned = facts;
        turned.lines = reversed;
        struct assessment other = judged(&turned);
        cr_assert_eq(all.outcome, other.outcome);
        cr_assert_eq(all.reason_count, other.reason_count);
        cr_assert_arr_eq(all.reasons, other.reasons, sizeof all.reasons);
        if (count > 1) {
            struct facts fewer = facts;
            fewer.line_count--;
            cr_assert_leq(judged(&fewer).outcome, all.outcome);
        }
        struct facts later = facts;
        later.requested_us += (int64_t)(next_number(&seed) % 100) * CLOCK_DAY_US;
        cr_assert_geq(judged(&later).outcome, all.outcome);
        cr_assert_eq(all.reason_count == 0, all.outcome == OUTCOME_COMPLIANT);
        arena_reset(arena);
    }
}

Test(policy_assess, the_hash_follows_the_rules)
{
    struct policy same, other;
    cr_assert_eq(policy_make(30, 90, &same, NULL), STATUS_OK);
    cr_assert_eq(policy_make(30, 91, &other, NULL), STATUS_OK);
    cr_expect_str_eq(policy.model_id, "built-in");
    cr_expect_eq(policy.model_version, 1);
    cr_expect_eq(strlen(policy.model_sha256), 64);
    cr_expect_str_eq(policy.model_sha256, same.model_sha256);
    cr_expect_str_neq(policy.model_sha256, other.model_sha256);
    const char *text = policy_text(&policy, arena);
    cr_expect_not_null(strstr(text, "standard window 30 days, exception window 90 days"));
    for (size_t i = 0; i < RULE_COUNT; i++)
        cr_expect_not_null(strstr(text, policy_rule_info((enum rule)i)->says));
}

Test(policy_assess, windows_out_of_order_are_refused)
{
    static const int64_t broken[][2] = {{-1, 90}, {31, 30}, {30, POLICY_WINDOW_DAYS_MAX + 1}};
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        struct error error = {""};
        struct policy other;
        cr_expect_eq(policy_make(broken[i][0], broken[i][1], &other, &error), STATUS_INVALID);
        cr_expect_neq(error.text[0], '\0');
    }
    struct policy none;
    cr_expect_eq(policy_make(0, 0, &none, NULL), STATUS_OK);
}

Test(policy_assess, a_full_arena_is_reported)
{
    struct arena *small = arena_create(ARENA_FIRST_BLOCK);
    struct facts facts = {.line_count = ARENA_FIRST_BLOCK,
                          .lines = arena_array(arena, 1, sizeof(struct line_facts))};
    struct assessment assessment;
    cr_expect_eq(assess(&facts, &policy, small, &assessment), STATUS_EXHAUSTED);
    arena_destroy(small);
}
