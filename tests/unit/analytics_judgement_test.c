/* What people decide counts for each of them, by each rule that had hit. */

#include "services/analytics/analytics.h"

#include <criterion/criterion.h>
#include <string.h>

static const struct analytics_rule rules[] = {{"Return window", "w2"}, {"Exclusions", "x1"}};
static const char *const people[] = {"mia", "tom"};

static const struct {
    enum analytics_verdict verdict;
    size_t people, rules, cells;
    int64_t approved, declined;
} rows[] = {
    {ANALYTICS_APPROVED, 2, 2, 4, 1, 0},  {ANALYTICS_APPROVED, 0, 2, 0, 0, 0},
    {ANALYTICS_APPROVED, 1, 0, 0, 0, 0},  {ANALYTICS_DECLINED_BY_PEOPLE, 1, 2, 2, 0, 1},
    {ANALYTICS_UNDECIDED, 2, 2, 0, 0, 0},
};

static void check_row(size_t row, struct arena *arena)
{
    struct totals totals;
    analytics_totals_start(&totals, arena);
    struct analytics_step step = {.totals = &totals, .arena = arena};
    struct analytics_refund refund = {.merchant_id = "shop"};
    struct analytics_routed routed = {.version = 1,
                                      .verdict = rows[row].verdict,
                                      .outcome = ANALYTICS_EXCEPTION,
                                      .model = "policy",
                                      .rules = rules,
                                      .rule_count = rows[row].rules,
                                      .people = people,
                                      .people_count = rows[row].people,
                                      .currency = "GBP"};
    cr_assert(analytics_take_routed(&step, &refund, &routed) == STATUS_OK);
    size_t count;
    const struct total_cell **cells = analytics_totals_sorted(&totals, TOTAL_JUDGEMENTS, &count);
    cr_assert(count == rows[row].cells, "row %zu: %zu", row, count);
    for (size_t i = 0; i < count; i++) {
        const struct analytics_rule *rule = &rules[1 - i % 2]; /* Exclusions sort first */
        cr_expect_str_eq(cells[i]->texts[1], people[i / 2]);
        cr_expect_str_eq(cells[i]->texts[2], rule->decision);
        cr_expect_str_eq(cells[i]->texts[3], rule->rule);
        cr_expect(cells[i]->numbers[0] == ANALYTICS_EXCEPTION);
        cr_expect(cells[i]->sums[0] == rows[row].approved &&
                  cells[i]->sums[1] == rows[row].declined);
    }
}

Test(analytics_judgement, each_person_by_each_rule)
{
    for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
        struct arena *arena = arena_create(1 << 20);
        check_row(row, arena);
        arena_destroy(arena);
    }
}
