#include "services/analytics/analytics.h"

#include <criterion/criterion.h>
#include <string.h>

/* One payout of 510 GBP and what is said about it. */
struct scene {
    struct arena *arena;
    struct totals totals;
    struct analytics_limits limits;
    struct analytics_answer answer;
    struct analytics_step step;
    struct analytics_refund refund;
    struct analytics_payout payout;
    int told;
    enum reconciliation last_told;
};

static void open_scene(struct scene *scene)
{
    memset(scene, 0, sizeof *scene);
    scene->arena = arena_create(1 << 20);
    cr_assert_not_null(scene->arena);
    analytics_totals_start(&scene->totals, scene->arena);
    scene->limits = (struct analytics_limits){.late_us = 1000, .confirm_us = 10};
    scene->step = (struct analytics_step){.arena = scene->arena,
                                          .totals = &scene->totals,
                                          .limits = &scene->limits,
                                          .now_us = 5,
                                          .answer = &scene->answer};
    scene->refund = (struct analytics_refund){.refund_id = "rf_1",
                                              .merchant_id = "shop",
                                              .order_id = "o1",
                                              .rejection = "",
                                              .detail = "",
                                              .currency = ""};
    scene->payout = (struct analytics_payout){.id = "po_1",
                                              .merchant_id = "shop",
                                              .order_id = "o1",
                                              .refund_id = "",
                                              .provider_refund_id = "",
                                              .extra_refund_id = "",
                                              .evidence = "",
                                              .currency = "",
                                              .reported_currency = ""};
}

static void note(struct scene *scene)
{
    if (!scene->answer.tell)
        return;
    scene->told++;
    scene->last_told = scene->answer.insight.state;
}

static enum status settle(struct scene *scene, int64_t version, int32_t status, int64_t minor)
{
    const struct analytics_settled settled = {.version = version,
                                              .status = status,
                                              .payout_id = "po_1",
                                              .provider = 1,
                                              .amount_minor = minor,
                                              .currency = "GBP"};
    scene->answer = (struct analytics_answer){0};
    enum status result =
        analytics_take_settled(&scene->step, &scene->refund, &scene->payout, &settled);
    note(scene);
    return result;
}

static enum status report(struct scene *scene, const char *id, bool paid, bool failed,
                          int64_t minor, const char *currency)
{
    const struct analytics_report said = {.ce_id = "stripe/evt_1",
                                          .refund_id = "rf_1",
                                          .provider_refund_id = id,
                                          .provider = 1,
                                          .paid = paid,
                                          .failed = failed,
                                          .minor = minor,
                                          .currency = currency};
    scene->answer = (struct analytics_answer){0};
    enum status result = analytics_take_report(&scene->step, &scene->payout, &said);
    note(scene);
    return result;
}

static void due(struct scene *scene)
{
    scene->answer = (struct analytics_answer){0};
    cr_assert_eq(analytics_take_due(&scene->step, &scene->payout), STATUS_OK);
    note(scene);
}

Test(analytics_reconciliation, paid_as_expected_says_nothing)
{
    struct scene scene;
    open_scene(&scene);
    cr_assert_eq(settle(&scene, 1, 1, 510), STATUS_OK);
    cr_expect_eq(scene.payout.state, RECONCILIATION_EXPECTED);
    cr_expect_eq(scene.answer.due, DUE_SET);
    cr_expect_eq(scene.answer.due_us, 1005);
    cr_assert_eq(report(&scene, "re_1", true, false, 510, "GBP"), STATUS_OK);
    cr_expect_eq(scene.payout.state, RECONCILIATION_MATCHED);
    cr_expect_eq(scene.answer.due, DUE_CLEARED);
    cr_assert_eq(settle(&scene, 2, ANALYTICS_PAYOUT_SUCCEEDED, 510), STATUS_OK);
    cr_expect_eq(scene.refund.paid_minor, 510);
    cr_expect_eq(scene.told, 0);
    cr_expect_eq(report(&scene, "re_1", true, false, 510, "GBP"), STATUS_DUPLICATE);
    cr_expect_eq(settle(&scene, 2, ANALYTICS_PAYOUT_SUCCEEDED, 510), STATUS_DUPLICATE);
    arena_destroy(scene.arena);
}

Test(analytics_reconciliation, the_provider_may_be_heard_first)
{
    struct scene scene;
    open_scene(&scene);
    cr_assert_eq(report(&scene, "re_1", true, false, 510, "GBP"), STATUS_OK);
    cr_expect_eq(scene.payout.state, RECONCILIATION_UNCONFIRMED);
    cr_expect_eq(scene.answer.due_us, 15);
    cr_assert_eq(settle(&scene, 1, 1, 510), STATUS_OK);
    cr_expect_eq(scene.payout.state, RECONCILIATION_MATCHED);
    cr_expect_eq(scene.answer.due, DUE_CLEARED);
    due(&scene);
    cr_expect_eq(scene.payout.state, RECONCILIATION_MATCHED);
    cr_expect_eq(scene.told, 0);
    arena_destroy(scene.arena);
}

Test(analytics_reconciliation, nobody_asked_for_it)
{
    struct scene scene;
    open_scene(&scene);
    cr_assert_eq(report(&scene, "re_1", true, false, 510, "GBP"), STATUS_OK);
    due(&scene);
    cr_expect_eq(scene.last_told, RECONCILIATION_ORPHAN);
    cr_expect_eq(scene.answer.insight.version, 1);
    cr_expect_eq(scene.answer.insight.expected_minor, 0);
    cr_expect_eq(scene.answer.insight.actual_minor, 510);
    cr_expect_eq(scene.answer.insight.evidence_count, 1);
    cr_expect_str_eq(scene.answer.insight.evidence[0], "stripe/evt_1");
    cr_assert_eq(settle(&scene, 1, 1, 510), STATUS_OK);
    cr_expect_eq(scene.last_told, RECONCILIATION_RESOLVED);
    cr_expect_eq(scene.answer.insight.version, 2);
    arena_destroy(scene.arena);
}

Test(analytics_reconciliation, paid_twice_is_over)
{
    struct scene scene;
    open_scene(&scene);
    cr_assert_eq(settle(&scene, 1, 1, 510), STATUS_OK);
    cr_assert_eq(report(&scene, "re_1", true, false, 510, "GBP"), STATUS_OK);
    cr_assert_eq(report(&scene, "re_2", true, false, 510, "GBP"), STATUS_OK);
    cr_expect_eq(scene.last_told, RECONCILIATION_OVER);
    cr_expect_eq(scene.answer.insight.actual_minor, 1020);
    cr_expect_eq(scene.answer.insight.evidence_count, 2);
    cr_expect_str_eq(scene.answer.insight.evidence[0], "settlement/rf_1/1");
    cr_expect_not_null(strstr(scene.answer.insight.summary, "10.20 GBP"));
    cr_expect_eq(report(&scene, "re_2", true, false, 510, "GBP"), STATUS_DUPLICATE);
    cr_expect_eq(report(&scene, "re_3", true, false, 510, "GBP"), STATUS_DUPLICATE);
    cr_assert_eq(report(&scene, "re_2", false, true, 510, "GBP"), STATUS_OK);
    cr_expect_eq(scene.last_told, RECONCILIATION_RESOLVED);
    cr_expect_eq(scene.told, 2);
    arena_destroy(scene.arena);
}

Test(analytics_reconciliation, other_amounts_and_currencies)
{
    static const struct {
        int64_t minor;
        const char *currency;
        enum reconciliation state;
    } cases[] = {{509, "GBP", RECONCILIATION_UNDER},
                 {511, "GBP", RECONCILIATION_OVER},
                 {510, "EUR", RECONCILIATION_UNDER},
                 {510, "GBP", RECONCILIATION_MATCHED}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct scene scene;
        open_scene(&scene);
        cr_assert_eq(settle(&scene, 1, 1, 510), STATUS_OK);
        cr_assert_eq(report(&scene, "re_1", true, false, cases[i].minor, cases[i].currency),
                     STATUS_OK);
        cr_expect_eq(scene.payout.state, cases[i].state, "case %zu", i);
        arena_destroy(scene.arena);
    }
}

Test(analytics_reconciliation, late_then_paid)
{
    struct scene scene;
    open_scene(&scene);
    cr_assert_eq(settle(&scene, 1, 1, 510), STATUS_OK);
    due(&scene);
    cr_expect_eq(scene.last_told, RECONCILIATION_LATE);
    cr_assert_eq(report(&scene, "re_1", true, false, 510, "GBP"), STATUS_OK);
    cr_expect_eq(scene.last_told, RECONCILIATION_RESOLVED);
    arena_destroy(scene.arena);
}

/* The bank sends the money back; the two topics may tell it in either order. */
Test(analytics_reconciliation, the_money_comes_back)
{
    for (int provider_first = 0; provider_first < 2; provider_first++) {
        struct scene scene;
        open_scene(&scene);
        cr_assert_eq(settle(&scene, 1, 1, 510), STATUS_OK);
        cr_assert_eq(report(&scene, "re_1", true, false, 510, "GBP"), STATUS_OK);
        cr_assert_eq(settle(&scene, 2, ANALYTICS_PAYOUT_SUCCEEDED, 510), STATUS_OK);
        if (provider_first)
            cr_assert_eq(report(&scene, "re_1", false, true, 510, "GBP"), STATUS_OK);
        cr_assert_eq(settle(&scene, 3, ANALYTICS_PAYOUT_FAILED, 510), STATUS_OK);
        if (!provider_first)
            cr_assert_eq(report(&scene, "re_1", false, true, 510, "GBP"), STATUS_OK);
        cr_expect_eq(scene.payout.state, RECONCILIATION_RESOLVED);
        cr_expect_eq(scene.told, provider_first ? 2 : 1);
        cr_expect_eq(scene.refund.paid_minor, 0);
        /* An older word of the provider changes nothing any more. */
        cr_expect_eq(report(&scene, "re_1", true, false, 510, "GBP"), STATUS_DUPLICATE);
        arena_destroy(scene.arena);
    }
}

Test(analytics_reconciliation, paid_although_cancelled)
{
    struct scene scene;
    open_scene(&scene);
    cr_assert_eq(settle(&scene, 1, 1, 510), STATUS_OK);
    cr_assert_eq(settle(&scene, 2, ANALYTICS_PAYOUT_CANCELLED, 510), STATUS_OK);
    cr_expect_eq(scene.payout.state, RECONCILIATION_NONE);
    cr_assert_eq(report(&scene, "re_1", true, false, 510, "GBP"), STATUS_OK);
    due(&scene);
    cr_expect_eq(scene.last_told, RECONCILIATION_OVER);
    arena_destroy(scene.arena);
}

/* Whatever happens in whatever state: the result is a state, told states carry a version, and a
 * payout on which both sides agree is never left in a state that says otherwise. */
Test(analytics_reconciliation, every_state_and_comparison)
{
    for (enum reconciliation state = 0; state < RECONCILIATIONS; state++) {
        for (enum comparison comparison = 0; comparison < COMPARISONS; comparison++)
            cr_expect_lt(reconciliation_next(state, comparison), RECONCILIATIONS);
        enum reconciliation equal = reconciliation_next(state, COMPARISON_EQUAL);
        cr_expect(equal == RECONCILIATION_MATCHED || equal == RECONCILIATION_RESOLVED);
        cr_expect_eq(reconciliation_next(state, COMPARISON_MORE), RECONCILIATION_OVER);
        cr_expect_eq(reconciliation_next(state, COMPARISON_LESS), RECONCILIATION_UNDER);
        cr_expect_eq(reconciliation_of(reconciliation_number(state)), state);
    }
    cr_expect_eq(reconciliation_of(99), RECONCILIATIONS);
}
