/* The first rules, as the shipped model has them. */

#include "clock.h"
#include "policy_world.h"

#include <criterion/criterion.h>
#include <string.h>

static struct policy_world world;

static void set_up(void)
{
    sample_open(&world, WORLD_FIRST_RULES);
}

static void tear_down(void)
{
    sample_close(&world);
}

TestSuite(policy_first_rules, .init = set_up, .fini = tear_down);

#define REASON(name) REDRESS__V1__REASON_CODE__REASON_CODE_##name

static const int64_t DAY = CLOCK_DAY_US;

#define X1 "DECLINED EXCLUDED_CATEGORY [Exclusions/x1 0]"
#define D1 "COMPLIANT [Delivery/d1 0]"
#define D2 "NEEDS_INFO NOT_DELIVERED [Delivery/d2 0]"
#define W1 "COMPLIANT [Return window/w1 0]"
#define W2 "EXCEPTION RETURN_WINDOW [Return window/w2 0]"
#define W3 "DECLINED RETURN_WINDOW [Return window/w3 0]"

Test(policy_first_rules, one_line)
{
    static const struct {
        const char *category;
        int64_t after_us; /* from delivery to request */
        bool delivered;
        int reason;
        const char *expected;
    } cases[] = {
        {"goods", 0, true, REASON(DAMAGED), W1},
        {"", 0, true, REASON(DAMAGED), W1},
        {"carriage", 0, true, REASON(UNSPECIFIED), W1},
        {"goods", -5 * DAY, true, REASON(DAMAGED), W1},
        {"goods", 30 * DAY - 1, true, REASON(DAMAGED), W1},
        {"goods", 30 * DAY, true, REASON(DAMAGED), W1},
        {"goods", 30 * DAY + 1, true, REASON(DAMAGED), W2},
        {"goods", 90 * DAY - 1, true, REASON(DAMAGED), W2},
        {"goods", 90 * DAY, true, REASON(DAMAGED), W2},
        {"goods", 90 * DAY + 1, true, REASON(DAMAGED), W3},
        {"goods", 9000 * DAY, true, REASON(DAMAGED), W3},
        {"goods", 31 * DAY, true, REASON(NOT_RECEIVED), W2},
        {"goods", 31 * DAY, true, REASON(SERVICE_FAILURE), W2},
        {"goods", 0, false, REASON(DAMAGED), D2},
        {"goods", 0, false, REASON(UNSPECIFIED), D2},
        {"goods", 0, false, REASON(NOT_RECEIVED), D1},
        {"goods", 0, false, REASON(SERVICE_FAILURE), D1},
        {"goods", 0, false, REASON(LATE), D2},
        {"non_goods", 0, true, REASON(DAMAGED), X1},
        {"non_goods", 0, false, REASON(NOT_RECEIVED), X1},
        {"non_goods", 0, false, REASON(DAMAGED), X1},
        {"non_goods", 91 * DAY, true, REASON(DAMAGED), X1},
        {"Non_goods", 0, true, REASON(DAMAGED), W1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t delivered = cases[i].delivered ? WORLD_ASKED_US - cases[i].after_us : WORLD_NEVER;
        Redress__V1__RefundValidated *request =
            sample_request(&world, (Redress__V1__ReasonCode)cases[i].reason, delivered);
        sample_line(&world, request, "1", cases[i].category, 1000, delivered);
        cr_expect_str_eq(sample_words(&world, request), cases[i].expected, "case %zu", i);
    }
}

Test(policy_first_rules, a_failure_of_ours_has_no_window)
{
    Redress__V1__RefundValidated *request = sample_request(&world, REASON(OTHER), WORLD_NEVER);
    sample_line(&world, request, "1", "goods", 1000, WORLD_NEVER);
    cr_expect_str_eq(sample_words(&world, request), D2);
    request->request->trigger = REDRESS__V1__TRIGGER__TRIGGER_SERVICE_FAILURE;
    cr_expect_str_eq(sample_words(&world, request), D1);
    request->request->trigger = REDRESS__V1__TRIGGER__TRIGGER_RETURN_RECEIPT;
    cr_expect_str_eq(sample_words(&world, request), D2);
}

/* a: within, b: late, c: closed, d: excluded, e: not delivered */
static void add_line(Redress__V1__RefundValidated *request, char kind)
{
    static const int64_t days[] = {['a'] = 20, ['b'] = 40, ['c'] = 100, ['d'] = 20};
    const char id[] = {kind, '\0'};
    sample_line(&world, request, id, kind == 'd' ? "non_goods" : "goods", 1000,
                kind == 'e' ? WORLD_NEVER : WORLD_ASKED_US - days[(int)kind] * DAY);
}

Test(policy_first_rules, the_worst_line_decides_and_all_reasons_are_listed)
{
    static const struct {
        const char *lines, *expected;
    } cases[] = {
        {"aa", "COMPLIANT [Return window/w1 0,1]"},
        {"ab", "EXCEPTION RETURN_WINDOW [Return window/w1 0; Return window/w2 1]"},
        {"bc", "DECLINED RETURN_WINDOW [Return window/w2 0; Return window/w3 1]"},
        {"be", "NEEDS_INFO NOT_DELIVERED RETURN_WINDOW [Return window/w2 0; Delivery/d2 1]"},
        {"ed", "DECLINED EXCLUDED_CATEGORY NOT_DELIVERED [Delivery/d2 0; Exclusions/x1 1]"},
        {"bd", "DECLINED EXCLUDED_CATEGORY RETURN_WINDOW [Return window/w2 0; Exclusions/x1 1]"},
        {"ecda", "DECLINED EXCLUDED_CATEGORY RETURN_WINDOW NOT_DELIVERED [Delivery/d2 0; Return "
                 "window/w3 1; Exclusions/x1 2; Return window/w1 3]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Redress__V1__RefundValidated *request =
            sample_request(&world, REASON(DAMAGED), WORLD_NEVER);
        for (const char *line = cases[i].lines; *line != '\0'; line++)
            add_line(request, *line);
        cr_expect_str_eq(sample_words(&world, request), cases[i].expected, "case %zu", i);
    }
}

Test(policy_first_rules, without_lines_the_order_is_judged)
{
    Redress__V1__RefundValidated *request =
        sample_request(&world, REASON(OTHER), WORLD_ASKED_US - 31 * DAY);
    request->claim->minor = 495;
    cr_expect_str_eq(sample_words(&world, request), W2);
    cr_expect_eq(sample_judge(&world, request).refundable_minor, 495);
    request = sample_request(&world, REASON(OTHER), WORLD_NEVER);
    cr_expect_str_eq(sample_words(&world, request), D2);
    request = sample_request(&world, REASON(NOT_RECEIVED), WORLD_NEVER);
    cr_expect_str_eq(sample_words(&world, request), D1);
}

Test(policy_first_rules, what_customers_are_told)
{
    Redress__V1__RefundValidated *request = sample_request(&world, REASON(OTHER), WORLD_NEVER);
    add_line(request, 'c');
    struct assessment closed = sample_judge(&world, request);
    cr_expect_str_eq(closed.notice, "The refund was asked for more than 90 days after delivery.");
    cr_expect_eq(closed.refundable_minor, 0);
    request = sample_request(&world, REASON(OTHER), WORLD_NEVER);
    add_line(request, 'e');
    struct assessment missing = sample_judge(&world, request);
    cr_expect_str_eq(missing.notice, "The goods are not reported as delivered.");
    cr_assert_eq(missing.needed_count, 1);
    cr_expect_str_eq(missing.needed[0], "When the goods arrived, or that they did not arrive.");
    cr_expect_eq(missing.refundable_minor, 1000);
    cr_expect_eq(missing.methods[0], REFUND_METHOD_ORIGINAL);
    cr_expect_not(missing.goods_required);
}

static uint64_t next_number(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *seed >> 33;
}

/* The order of lines never matters for outcome and reasons; another line never makes it better. */
Test(policy_first_rules, properties)
{
    uint64_t seed = 7;
    for (int round = 0; round < 500; round++) {
        Redress__V1__RefundValidated *all = sample_request(&world, REASON(OTHER), WORLD_NEVER);
        size_t count = 1 + next_number(&seed) % 5;
        for (size_t i = 0; i < count; i++)
            add_line(all, (char)('a' + next_number(&seed) % 5));
        struct assessment first = sample_judge(&world, all);
        Redress__V1__RefundValidated turned = *all;
        Redress__V1__Facts facts = *all->facts;
        turned.facts = &facts;
        facts.lines = arena_array(world.arena, count, sizeof *facts.lines);
        for (size_t i = 0; i < count; i++)
            facts.lines[i] = all->facts->lines[count - 1 - i];
        struct assessment other = sample_judge(&world, &turned);
        cr_assert_eq(first.outcome, other.outcome);
        cr_assert_eq(first.reason_count, other.reason_count);
        for (size_t i = 0; i < first.reason_count; i++)
            cr_assert_str_eq(first.reasons[i], other.reasons[i]);
        if (--facts.n_lines > 0)
            cr_assert_leq(sample_judge(&world, &turned).outcome, first.outcome);
        cr_assert_eq(first.reason_count == 0, first.outcome == OUTCOME_COMPLIANT);
    }
}
