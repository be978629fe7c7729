#include "services/policy/policy.h"

#include <criterion/criterion.h>
#include <string.h>

Test(policy_take, every_status)
{
    static const struct {
        enum validated_status status;
        enum policy_step step;
        int64_t version;
    } cases[] = {
        {VALIDATED_STATUS_VALIDATED, POLICY_STEP_ASSESS, 4},
        {VALIDATED_STATUS_REJECTED, POLICY_STEP_NONE, 3},
        {VALIDATED_STATUS_NEEDS_INFO, POLICY_STEP_NONE, 3},
        {VALIDATED_STATUS_CANCEL_REQUESTED, POLICY_STEP_PASS_ON, 4},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct policy_refund refund = {.seen = 5, .version = 3, .stored = true};
        enum policy_step step;
        cr_assert_eq(policy_take(&refund, 6, cases[i].status, &step), STATUS_OK);
        cr_expect_eq(step, cases[i].step);
        cr_expect_eq(refund.seen, 6);
        cr_expect_eq(refund.version, cases[i].version);
        cr_expect(refund.changed);
    }
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
        enum policy_step step = POLICY_STEP_NONE;
        cr_expect_eq(policy_take(&refund, cases[i].version, VALIDATED_STATUS_VALIDATED, &step),
                     cases[i].status, "version %lld", (long long)cases[i].version);
        cr_expect_eq(refund.seen, 2);
        cr_expect_eq(refund.version, 1);
        cr_expect_not(refund.changed);
    }
}

Test(policy_notice, says_why_and_how_to_appeal)
{
    struct arena *arena = arena_create(ARENA_FIRST_BLOCK);
    struct policy policy;
    cr_assert_eq(policy_make(30, 90, &policy, NULL), STATUS_OK);
    static const struct {
        enum outcome outcome;
        enum policy_reason reason;
        bool appeal, tell;
        const char *template, *words;
    } cases[] = {
        {OUTCOME_COMPLIANT, POLICY_REASON_NONE, false, false, NULL, NULL},
        {OUTCOME_EXCEPTION, POLICY_REASON_RETURN_WINDOW, false, false, NULL, NULL},
        {OUTCOME_DECLINED, POLICY_REASON_RETURN_WINDOW, false, true, "refund_declined", "90 days"},
        {OUTCOME_DECLINED, POLICY_REASON_EXCLUDED_CATEGORY, false, true, "refund_declined",
         "not goods"},
        {OUTCOME_DECLINED, POLICY_REASON_RETURN_WINDOW, true, false, NULL, NULL},
        {OUTCOME_NEEDS_INFO, POLICY_REASON_NOT_DELIVERED, false, true, "refund_more_information",
         "not reported as delivered"},
        {OUTCOME_NEEDS_INFO, POLICY_REASON_NOT_DELIVERED, true, true, "refund_more_information",
         "not reported as delivered"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct assessment assessment = {.outcome = cases[i].outcome,
                                        .reasons = {cases[i].reason},
                                        .reason_count = cases[i].reason != POLICY_REASON_NONE};
        struct policy_notice notice = {0};
        bool tell = false;
        cr_assert_eq(policy_notice(&assessment, &policy, cases[i].appeal, arena, &notice, &tell),
                     STATUS_OK);
        cr_assert_eq(tell, cases[i].tell, "case %zu", i);
        if (!tell)
            continue;
        cr_expect_str_eq(notice.template, cases[i].template);
        cr_expect_not_null(strstr(notice.reason, cases[i].words), "%s", notice.reason);
        cr_expect_eq(notice.appeal != NULL, cases[i].outcome == OUTCOME_DECLINED);
        cr_expect_eq(notice.needed != NULL, cases[i].outcome == OUTCOME_NEEDS_INFO);
    }
    arena_destroy(arena);
}
