/* The shipped authority model: today's limits to the minor unit, and what a model may not say. */

#include "authority/trial.h"
#include "routing_fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct fixture fx;

static void set_up(void)
{
    fixture_start(&fx);
}

static void tear_down(void)
{
    fixture_stop(&fx);
}

TestSuite(routing_route, .init = set_up, .fini = tear_down);

static struct route ask(int64_t minor, const char *currency, const char *outcome, bool person)
{
    struct route_facts facts = {.minor = minor,
                                .currency = currency,
                                .outcome = outcome,
                                .market = "GB",
                                .refunds_last_year = -1,
                                .person_required = person};
    struct route route;
    struct error error = {""};
    cr_assert_eq(fx.router.ask(&fx.router, &facts, fx.arena, &route, &error), STATUS_OK, "%s",
                 error.text);
    return route;
}

static enum authority_level level_of(const struct route *route)
{
    return route->automatic ? AUTHORITY_AUTO : authority_of_case(route->level, route->approvers);
}

Test(routing_route, amounts_at_their_limits)
{
    static const struct {
        int64_t minor;
        const char *currency;
        enum authority_level compliant, exception;
    } rows[] = {
        {0, "GBP", AUTHORITY_AUTO, AUTHORITY_LEVEL_1},
        {1, "GBP", AUTHORITY_AUTO, AUTHORITY_LEVEL_1},
        {25000, "GBP", AUTHORITY_AUTO, AUTHORITY_LEVEL_1},
        {25001, "GBP", AUTHORITY_LEVEL_1, AUTHORITY_LEVEL_1},
        {250000, "EUR", AUTHORITY_LEVEL_1, AUTHORITY_LEVEL_1},
        {250001, "EUR", AUTHORITY_LEVEL_2, AUTHORITY_LEVEL_2},
        {1000000, "USD", AUTHORITY_LEVEL_2, AUTHORITY_LEVEL_2},
        {1000001, "USD", AUTHORITY_LEVEL_2_TWO_APPROVERS, AUTHORITY_LEVEL_2_TWO_APPROVERS},
        {INT64_MAX, "GBP", AUTHORITY_LEVEL_2_TWO_APPROVERS, AUTHORITY_LEVEL_2_TWO_APPROVERS},
        {50000, "JPY", AUTHORITY_AUTO, AUTHORITY_LEVEL_1},
        {50001, "JPY", AUTHORITY_LEVEL_1, AUTHORITY_LEVEL_1},
        {2000001, "JPY", AUTHORITY_LEVEL_2_TWO_APPROVERS, AUTHORITY_LEVEL_2_TWO_APPROVERS},
        {100000, "KWD", AUTHORITY_AUTO, AUTHORITY_LEVEL_1},
        {100001, "KWD", AUTHORITY_LEVEL_1, AUTHORITY_LEVEL_1},
        {4000000, "KWD", AUTHORITY_LEVEL_2, AUTHORITY_LEVEL_2},
        {4000001, "KWD", AUTHORITY_LEVEL_2_TWO_APPROVERS, AUTHORITY_LEVEL_2_TWO_APPROVERS},
        {6399600, "KWD", AUTHORITY_LEVEL_2_TWO_APPROVERS, AUTHORITY_LEVEL_2_TWO_APPROVERS},
        {91423, "JPY", AUTHORITY_LEVEL_1, AUTHORITY_LEVEL_1},
        {500000, "JPY", AUTHORITY_LEVEL_1, AUTHORITY_LEVEL_1},
        {500001, "JPY", AUTHORITY_LEVEL_2, AUTHORITY_LEVEL_2},
        {1, "CHF", AUTHORITY_FINANCE_CONTROLLER, AUTHORITY_FINANCE_CONTROLLER},
        {INT64_MAX, "CHF", AUTHORITY_FINANCE_CONTROLLER, AUTHORITY_FINANCE_CONTROLLER},
        {1, "XXX", AUTHORITY_FINANCE_CONTROLLER, AUTHORITY_FINANCE_CONTROLLER},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct route compliant = ask(rows[i].minor, rows[i].currency, "COMPLIANT", false);
        struct route exception = ask(rows[i].minor, rows[i].currency, "EXCEPTION", true);
        struct route person = ask(rows[i].minor, rows[i].currency, "COMPLIANT", true);
        cr_expect_eq(level_of(&compliant), rows[i].compliant, "row %zu", i);
        cr_expect_eq(level_of(&exception), rows[i].exception, "row %zu", i);
        cr_expect_eq(level_of(&person), rows[i].exception, "row %zu", i);
        cr_expect_gt(compliant.hit_count, 0);
    }
}

Test(routing_route, more_money_never_needs_less_authority)
{
    enum authority_level last = AUTHORITY_AUTO;
    for (int64_t minor = 0; minor < 1100000; minor += 997) {
        struct route route = ask(minor, "GBP", "COMPLIANT", false);
        cr_assert_geq(level_of(&route), last);
        last = level_of(&route);
    }
    cr_assert_eq(last, AUTHORITY_LEVEL_2_TWO_APPROVERS);
}

Test(routing_route, the_same_facts_give_the_same_answer)
{
    struct route first = ask(25001, "GBP", "COMPLIANT", false);
    struct route second = ask(25001, "GBP", "COMPLIANT", false);
    cr_assert_eq(first.hit_count, second.hit_count);
    for (size_t i = 0; i < first.hit_count; i++)
        cr_expect_str_eq(first.hits[i].rule, second.hits[i].rule);
    cr_expect_str_eq(first.queue, "refunds-gb");
    cr_expect_eq(first.deadline_us, INT64_C(24) * 3600 * 1000000);
    cr_expect_str_eq(first.reasons[0], "AMOUNT");
}

#define HEAD                                                                             \
    "<definitions xmlns=\"https://www.omg.org/spec/DMN/20191111/MODEL/\" id=\"m\""       \
    " name=\"m\" namespace=\"n\"><inputData id=\"amount\" name=\"amount\"><variable "    \
    "name=\"amount\"/>"                                                                  \
    "</inputData><decision name=\"Route\"><variable name=\"Route\"/>"                    \
    "<informationRequirement><requiredInput href=\"#amount\"/></informationRequirement>" \
    "<literalExpression><text>"
#define TAIL "</text></literalExpression></decision></definitions>"

static struct dmn_models *load(const char *expression)
{
    char text[4096];
    int size = snprintf(text, sizeof text, "%s%s%s", HEAD, expression, TAIL);
    const struct dmn_source source = {"m.dmn", text, (size_t)size};
    struct dmn_models *models = NULL;
    struct error error = {""};
    cr_assert_eq(dmn_load(&source, 1, NULL, &models, &error), STATUS_OK, "%s", error.text);
    return models;
}

Test(routing_route, answers_that_are_none)
{
    static const struct {
        const char *expression, *says;
    } rows[] = {{"null", "no context"},
                {"true", "no context"},
                {"{}", "automatic"},
                {"{automatic: \"yes\"}", "automatic"},
                {"{automatic: null}", "automatic"},
                {"{automatic: null, queue: \"r\", level: 1}", "automatic"},
                {"{automatic: false}", "queue"},
                {"{automatic: false, queue: null, level: 1}", "queue"},
                {"{automatic: false, queue: \"Refunds\", level: 1}", "queue"},
                {"{automatic: false, queue: \"\", level: 1}", "queue"},
                {"{automatic: false, queue: \"r\"}", "level"},
                {"{automatic: false, queue: \"r\", level: null}", "level"},
                {"{automatic: false, queue: \"r\", level: 0}", "level"},
                {"{automatic: false, queue: \"r\", level: 4}", "level"},
                {"{automatic: false, queue: \"r\", level: 1.5}", "level"},
                {"{automatic: false, queue: \"r\", level: 1, approvers: null}", "approvers"},
                {"{automatic: false, queue: \"r\", level: 1, approvers: 0}", "approvers"},
                {"{automatic: false, queue: \"r\", level: 1, approvers: 6}", "approvers"},
                {"{automatic: false, queue: \"r\", level: 1, hours: 0}", "hours"},
                {"{automatic: false, queue: \"r\", level: 1, hours: 2001}", "hours"},
                {"{automatic: false, queue: \"r\", level: 1, hours: \"8\"}", "hours"},
                {"{automatic: false, queue: \"r\", level: 1, reasons: [1]}", "reasons"},
                {"{automatic: false, queue: \"r\", level: 1, reasons: [null]}", "reasons"},
                {"{automatic: false, queue: \"r\", level: 1, reasons: \"small words\"}", "reasons"},
                {"{automatic: false, queue: \"r\", levels: 1}", "levels"},
                {"for i in 1..1000000 return i", "no context"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct dmn_models *models = load(rows[i].expression);
        struct authority_trial trial;
        struct error error = {""};
        cr_expect_eq(authority_try(models, &trial, &error), STATUS_INVALID, "%s",
                     rows[i].expression);
        cr_expect_not_null(strstr(error.text, rows[i].says), "%s: %s", rows[i].expression,
                           error.text);
        dmn_free(models);
    }
}

Test(routing_route, answers_with_the_least_that_is_needed)
{
    struct dmn_models *models =
        load("if amount &lt; 100 then {automatic: true} else {automatic: false, queue: \"r\", "
             "level: 3, hours: 0.5, reasons: \"BIG\"}");
    struct arena *scratch = arena_create(ROUTE_SCRATCH_MAX);
    struct router router = route_model_router(models, scratch);
    struct route_facts facts = {.minor = 10000, .currency = "GBP", .market = ""};
    struct route route;
    cr_assert_eq(router.ask(&router, &facts, fx.arena, &route, NULL), STATUS_OK);
    cr_expect_eq(route.level, 3);
    cr_expect_eq(route.approvers, 1);
    cr_expect_eq(route.deadline_us, INT64_C(1800000000));
    cr_expect_str_eq(route.reasons[0], "BIG");
    facts.minor = 9999;
    cr_assert_eq(router.ask(&router, &facts, fx.arena, &route, NULL), STATUS_OK);
    cr_expect(route.automatic);
    struct authority_trial trial;
    cr_expect_eq(authority_try(models, &trial, NULL), STATUS_OK);
    cr_expect_gt(trial.count, 0);
    cr_expect_eq(trial.unanswered, 0);
    dmn_free(models);
    arena_destroy(scratch);
}

/* The trial says how many refunds would wait, and what is wrong with the first. */
Test(routing_route, a_trial_finds_what_would_wait)
{
    struct dmn_models *models =
        load("if amount &lt;= 10000 then {automatic: true} else {automatic: false, queue: \"r\", "
             "level: 9}");
    struct authority_trial trial;
    cr_assert_eq(authority_try(models, &trial, NULL), STATUS_OK);
    cr_expect_eq(trial.count, 125);
    /* The most of each currency, and of yen all but the least; in five situations. */
    cr_expect_eq(trial.unanswered, (4 + 4) * 5);
    cr_expect_str_eq(trial.first.text,
                     "compliant of 1000000.00 GBP: Route.level: a whole number from 1 to 3");
    dmn_free(models);
}

/* A model that never answers is soon given up, as each question may take all that there is. */
Test(routing_route, a_trial_gives_a_hopeless_model_up)
{
    struct dmn_models *models = load("{automatic: amount}");
    struct authority_trial trial;
    struct error error = {""};
    cr_assert_eq(authority_try(models, &trial, &error), STATUS_INVALID);
    cr_expect_eq(trial.count, 10);
    cr_expect_not_null(strstr(error.text, "it answers to no refund: compliant of 0.01 GBP"), "%s",
                       error.text);
    dmn_free(models);
}

Test(routing_route, levels_of_cases)
{
    cr_expect_eq(authority_of_case(1, 1), AUTHORITY_LEVEL_1);
    cr_expect_eq(authority_of_case(2, 1), AUTHORITY_LEVEL_2);
    cr_expect_eq(authority_of_case(2, 2), AUTHORITY_LEVEL_2_TWO_APPROVERS);
    cr_expect_eq(authority_of_case(3, 2), AUTHORITY_FINANCE_CONTROLLER);
    cr_expect_eq(authority_of_case(0, 0), AUTHORITY_AUTO);
}
