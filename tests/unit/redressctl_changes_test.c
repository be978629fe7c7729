#include "services/redressctl/policy_changes.h"

#include <criterion/criterion.h>
#include <string.h>

static struct changes *changes;

static void set_up(void)
{
    changes = changes_create();
    cr_assert_not_null(changes);
}

static void tear_down(void)
{
    changes_free(changes);
}

TestSuite(redressctl_changes, .init = set_up, .fini = tear_down);

static void after(const char *refund, int outcome, int64_t minor, const char *rules)
{
    const struct decided decided = {outcome, minor, "", rules};
    cr_assert_eq(changes_after(changes, refund, 1, "o", refund[0] == 'u' ? "USD" : "EUR", &decided),
                 STATUS_OK);
}

static void before(const char *refund, int outcome, int64_t minor, const char *rules)
{
    const struct decided decided = {outcome, minor, "", rules};
    cr_assert_eq(changes_before(changes, refund, 1, &decided), STATUS_OK);
}

static json_int_t number(const json_t *json, const char *name)
{
    return json_integer_value(json_object_get(json, name));
}

static const char *text(const json_t *json, const char *name)
{
    return json_string_value(json_object_get(json, name));
}

Test(redressctl_changes, counts_decisions_and_money)
{
    before("same", OUTCOME_COMPLIANT, 500, "W/1");
    after("same", OUTCOME_COMPLIANT, 500, "W/2");
    after("late", OUTCOME_DECLINED, 0, "W/3\nX/1");
    before("late", OUTCOME_COMPLIANT, 700, "W/1\nX/1");
    before("less", OUTCOME_COMPLIANT, 900, "W/1");
    after("less", OUTCOME_COMPLIANT, 810, "W/1\nF/2");
    before("usd", OUTCOME_EXCEPTION, 100, "W/2");
    after("usd", CHANGES_WAITS, 0, "");
    after("open", OUTCOME_COMPLIANT, 300, "W/1");
    before("outside", OUTCOME_COMPLIANT, 300, "W/1");

    json_t *json = changes_json(changes);
    cr_expect_eq(number(json, "requests"), 5);
    cr_expect_eq(number(json, "undecided"), 1);
    cr_expect_eq(number(json, "same"), 1);
    cr_expect_eq(number(json, "changed"), 3);

    const json_t *money = json_object_get(json, "money");
    cr_assert_eq(json_array_size(money), 2);
    const json_t *eur = json_array_get(money, 0);
    cr_expect_str_eq(text(eur, "currency"), "EUR");
    cr_expect_eq(number(eur, "before"), 2100);
    cr_expect_eq(number(eur, "after"), 1310);
    cr_expect_eq(number(eur, "change"), -790);

    const json_t *outcomes = json_object_get(json, "outcomes");
    cr_assert_eq(json_array_size(outcomes), 3);
    const json_t *lower = json_array_get(outcomes, 0), *declined = json_array_get(outcomes, 1);
    cr_expect_str_eq(text(lower, "from"), "COMPLIANT");
    cr_expect_str_eq(text(lower, "to"), "COMPLIANT");
    cr_expect_str_eq(text(declined, "to"), "DECLINED");
    cr_expect_str_eq(text(json_array_get(outcomes, 2), "to"), "WAITS");
    const json_t *example = json_array_get(json_object_get(declined, "examples"), 0);
    cr_expect_str_eq(text(example, "refund"), "late");
    cr_expect_eq(json_array_size(json_object_get(json_object_get(example, "after"), "rules")), 2);

    const json_t *rules = json_object_get(json, "rules"), *rule;
    size_t i, found = 0;
    json_array_foreach(rules, i, rule)
    {
        cr_expect_str_neq(text(rule, "rule"), "X/1", "hit before and after");
        if (strcmp(text(rule, "rule"), "W/1") == 0 || strcmp(text(rule, "rule"), "W/2") == 0) {
            cr_expect_eq(number(rule, "lost"), 1);
            cr_expect_eq(number(rule, "gained"), 0);
            found++;
        }
    }
    cr_expect_eq(found, 2);
    json_decref(json);
}

/* An event that comes again is the same request, and examples are those with the smallest ids. */
Test(redressctl_changes, comes_to_the_same_in_any_order)
{
    static const char *const ids[] = {"d", "b", "a", "c", "b", "d"};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        after(ids[i], OUTCOME_DECLINED, 0, "W/3");
        before(ids[i], OUTCOME_EXCEPTION, 5, "W/2");
    }
    json_t *json = changes_json(changes);
    const json_t *move = json_array_get(json_object_get(json, "outcomes"), 0);
    const json_t *examples = json_object_get(move, "examples");
    cr_expect_eq(number(json, "changed"), 4);
    cr_assert_eq(json_array_size(examples), CHANGES_EXAMPLES_MAX);
    cr_expect_str_eq(text(json_array_get(examples, 0), "refund"), "a");
    cr_expect_str_eq(text(json_array_get(examples, 2), "refund"), "c");
    json_decref(json);
}
