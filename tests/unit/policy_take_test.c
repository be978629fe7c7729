#include "clock.h"
#include "services/policy/policy.h"

#include <criterion/criterion.h>
#include <string.h>

Test(policy_take, what_follows_from_a_status)
{
    cr_expect_eq(policy_step(VALIDATED_STATUS_VALIDATED), POLICY_STEP_ASSESS);
    cr_expect_eq(policy_step(VALIDATED_STATUS_REJECTED), POLICY_STEP_NONE);
    cr_expect_eq(policy_step(VALIDATED_STATUS_NEEDS_INFO), POLICY_STEP_NONE);
    cr_expect_eq(policy_step(VALIDATED_STATUS_CANCEL_REQUESTED), POLICY_STEP_PASS_ON);
}

Test(policy_take, the_next_version)
{
    struct policy_refund refund = {.seen = 5, .version = 3, .stored = true};
    cr_assert_eq(policy_take(&refund, 6), STATUS_OK);
    cr_expect_eq(refund.seen, 6);
    cr_expect_eq(refund.version, 3);
    cr_expect(refund.changed);
}

Test(policy_take, versions_out_of_turn_change_nothing)
{
    static const struct {
        int64_t version;
        enum status status;
    } cases[] = {{-1, STATUS_DUPLICATE}, {0, STATUS_DUPLICATE}, {1, STATUS_DUPLICATE},
                 {2, STATUS_DUPLICATE},  {4, STATUS_GAP},       {INT64_MAX, STATUS_GAP}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct policy_refund refund = {.seen = 2, .version = 1};
        cr_expect_eq(policy_take(&refund, cases[i].version), cases[i].status, "version %lld",
                     (long long)cases[i].version);
        cr_expect_eq(refund.seen, 2);
        cr_expect_eq(refund.version, 1);
        cr_expect_not(refund.changed);
    }
}

Test(policy_waiting, is_tried_again_ever_more_rarely)
{
    static const struct {
        int64_t waited_s, pause_ms;
    } cases[] = {{0, 1000}, {4, 1000}, {8, 2000}, {120, 30000}, {240, 60000}, {1000000, 60000}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t now_us = 1000 + cases[i].waited_s * CLOCK_SECOND_US;
        cr_expect_eq(policy_retry_at(1000, now_us), now_us + cases[i].pause_ms * 1000, "case %zu",
                     i);
    }
}

Test(policy_waiting, is_told_once_a_day)
{
    const int64_t since = 5000;
    cr_expect_not(policy_tell_again(since, since, since + CLOCK_HOUR_US));
    cr_expect_not(policy_tell_again(since, since + CLOCK_HOUR_US, since + CLOCK_DAY_US - 1));
    cr_expect(policy_tell_again(since, since + CLOCK_DAY_US - 1, since + CLOCK_DAY_US));
    cr_expect_not(policy_tell_again(since, since + CLOCK_DAY_US, since + CLOCK_DAY_US + 1));
    cr_expect(policy_tell_again(since, since + CLOCK_DAY_US, since + 3 * CLOCK_DAY_US));
}

Test(policy_notice, says_why_and_how_to_appeal)
{
    static const char *const needed[] = {"a photo"};
    static const struct {
        enum outcome outcome;
        bool appeal, tell;
        const char *template;
    } cases[] = {
        {OUTCOME_COMPLIANT, false, false, NULL},
        {OUTCOME_EXCEPTION, false, false, NULL},
        {OUTCOME_DECLINED, false, true, "refund_declined"},
        {OUTCOME_DECLINED, true, false, NULL},
        {OUTCOME_NEEDS_INFO, false, true, "refund_more_information"},
        {OUTCOME_NEEDS_INFO, true, true, "refund_more_information"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct assessment assessment = {
            .outcome = cases[i].outcome, .notice = "because", .needed = needed, .needed_count = 1};
        struct policy_notice notice = {0};
        cr_assert_eq(policy_notice(&assessment, cases[i].appeal, &notice), cases[i].tell);
        if (!cases[i].tell)
            continue;
        cr_expect_str_eq(notice.template, cases[i].template);
        cr_expect_str_eq(notice.reason, "because");
        cr_expect_eq(notice.appeal != NULL, cases[i].outcome == OUTCOME_DECLINED);
        cr_expect_eq(notice.needed_count, cases[i].outcome == OUTCOME_NEEDS_INFO);
    }
}
