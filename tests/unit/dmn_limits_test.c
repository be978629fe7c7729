/* Whatever a model or an input does, evaluation ends, and says which bound it hit. */

#include "dmn_support.h"

static enum status load(const char *xml, size_t size, const struct dmn_limits *limits,
                        struct error *error)
{
    struct dmn_source source = {"model.dmn", xml, size};
    struct dmn_models *models = NULL;
    enum status status = dmn_load(&source, 1, limits, &models, error);
    if (status == STATUS_OK)
        dmn_free(models);
    return status;
}

static void refuses(const char *xml, const char *reason)
{
    struct error error = {.text = ""};
    cr_expect_eq(load(xml, strlen(xml), NULL, &error), STATUS_INVALID);
    cr_expect_not_null(strstr(error.text, reason), "%s, expected %s", error.text, reason);
}

Test(dmn_limits, refuses_what_is_no_model)
{
    refuses("", "model.dmn");
    refuses("<a>", "model.dmn:1");
    refuses("<a/>", "not a DMN model");
    refuses("<!DOCTYPE a [<!ENTITY x 'y'>]><definitions>&x;</definitions>", "entities are refused");
    refuses("<!DOCTYPE a SYSTEM 'http://127.0.0.1/x.dtd'><definitions/>", "entities are refused");
}

Test(dmn_limits, refuses_a_file_that_is_too_large)
{
    struct error error = {.text = ""};
    char *xml = malloc(10 * 1024 * 1024);
    cr_assert_not_null(xml);
    memset(xml, ' ', 10 * 1024 * 1024);
    memcpy(xml, "<definitions/>", 14);
    cr_expect_eq(load(xml, 10 * 1024 * 1024, NULL, &error), STATUS_INVALID);
    cr_expect_not_null(strstr(error.text, "more than the 1048576 allowed"));
    free(xml);
}

static char *repeat(const char *head, const char *part, size_t times, const char *tail)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    (void)fputs(head, out);
    for (size_t i = 0; i < times; i++)
        (void)fputs(part, out);
    (void)fputs(tail, out);
    (void)fclose(out);
    return text;
}

Test(dmn_limits, refuses_elements_nested_10000_deep)
{
    char *xml = repeat("<definitions>", "<context>", 10000, "");
    refuses(xml, "nested too deep");
    free(xml);
}

Test(dmn_limits, refuses_expressions_nested_too_deep)
{
    static const char *const openers[] = {"(",  "[",  "-",         "not(",   "{a: ",        "if ",
                                          "f(", "x[", "for i in ", "1 in (", "function(a) "};
    for (size_t i = 0; i < sizeof openers / sizeof *openers; i++) {
        char *text = repeat("", openers[i], 5000, "1");
        char *shown = support_expression(text);
        cr_expect_str_eq(shown, "null", "%s", openers[i]);
        free(shown);
        free(text);
    }
}

Test(dmn_limits, loading_stays_within_its_memory)
{
    struct dmn_limits limits = dmn_default_limits();
    struct error error = {.text = ""};
    limits.load_bytes = 128 * 1024;
    char *xml = repeat("<definitions xmlns='" DMN_NAMESPACE "' name='m' namespace='n'>",
                       "<decision name='d'><literalExpression><text>1 + 2</text>"
                       "</literalExpression></decision>",
                       2000, "</definitions>");
    cr_expect_eq(load(xml, strlen(xml), &limits, &error), STATUS_INVALID);
    cr_expect_not_null(strstr(error.text, "memory"), "%s", error.text);
    free(xml);
}

Test(dmn_limits, evaluation_ends)
{
    static const struct support_pair pairs[] = {
        {"{f: function(n) f(n + 1), r: f(1)}.r", "STOP"},
        {"count(for i in 1..1000, j in 1..1000 return 1)", "null"},
        {"some i in 1..9999, j in 1..9999, k in 1..9999 satisfies false", "STOP"},
        {"for i in 1..10001 return i", "null"},
        {"count(for i in 1..10000 return i)", "10000"},
        {"(for i in 1..60 return [partial, partial])[60]", "null"},
        {"for a in 1..100, b in 1..100 return string(partial)", "STOP"},
        {"matches(\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\", \"^(a+)+$\")", "null"},
        {"string join(for i in 1..10000 return \"12345678\")", "null"},
        {"string length(string join(for i in 1..8000 return \"12345678\"))", "64000"},
        {"distinct values(for i in 1..10000 return i)", "STOP"},
    };
    SUPPORT_CHECK(pairs);
}

Test(dmn_limits, decisions_that_need_each_other_come_to_null)
{
    const char *xml =
        DMN_MODEL("<decision name='a' id='a'><informationRequirement><requiredDecision href='#b'/>"
                  "</informationRequirement>" DMN_LITERAL(
                      "b") "</decision>"
                           "<decision name='b' id='b'><informationRequirement>"
                           "<requiredDecision href='#a'/></informationRequirement>" DMN_LITERAL(
                               "a") "</decision>");
    struct dmn_models *models = support_load(xml);
    struct arena *arena = arena_create(SUPPORT_ARENA_BYTES);
    cr_expect_str_eq(support_show(models, "a", feel_null(), arena), "null");
    cr_assert_eq(dmn_problem_count(models), 2);
    cr_expect_not_null(strstr(dmn_problem(models, 0)->text, "requires itself"));
    arena_destroy(arena);
    dmn_free(models);
}

Test(dmn_limits, steps_are_counted)
{
    struct dmn_models *models =
        support_load(DMN_MODEL("<decision name='d' id='d'>" DMN_LITERAL("1 + 2") "</decision>"));
    struct arena *arena = arena_create(SUPPORT_ARENA_BYTES);
    struct dmn_query query = {.node = "d", .steps = 1};
    struct dmn_result result;
    struct error error;
    query.steps = 1;
    cr_expect_eq(dmn_evaluate(models, &query, arena, &result, &error), STATUS_OK);
    cr_expect_eq(result.steps, 1);
    query.node = "nothing";
    cr_expect_eq(dmn_evaluate(models, &query, arena, &result, &error), STATUS_NOT_FOUND);
    arena_destroy(arena);
    dmn_free(models);
}

Test(dmn_limits, external_functions_are_refused_in_words)
{
    struct dmn_models *models = support_load(DMN_MODEL("<decision name='d' id='d'>" DMN_LITERAL(
        "{f: function(x) external {java: {class: \"C\", method signature: \"m\"}}, r: "
        "f(1)}.r") "</decision><businessKnowledgeModel name='k' id='k'><encapsulatedLogic "
                   "kind='Java'/>"
                   "</businessKnowledgeModel>"));
    struct arena *arena = arena_create(SUPPORT_ARENA_BYTES);
    struct dmn_query query = {.node = "d"};
    struct dmn_result result;
    struct error error;
    cr_assert_eq(dmn_evaluate(models, &query, arena, &result, &error), STATUS_OK);
    cr_expect_eq(result.value.kind, FEEL_NULL);
    cr_assert_gt(result.reason_count, 0);
    cr_expect_not_null(strstr(result.reasons[0].text, "external functions"));
    cr_assert_eq(dmn_problem_count(models), 1);
    cr_expect_not_null(strstr(dmn_problem(models, 0)->text, "external functions"));
    arena_destroy(arena);
    dmn_free(models);
}

Test(dmn_limits, any_prefix_of_an_expression_is_survived)
{
    static const char text[] =
        "if x in (1, < 2, [3..4[) and {a: \"b\\u00e9\", c: for i in [1, 2] return -i ** 2}.c[item "
        "> 1] instance of list<number> then @\"P1D\" * 2 else (function(q: string) external {})";
    for (size_t size = 0; size < sizeof text; size++) {
        char *part = strndup(text, size);
        char *shown = support_expression(part);
        cr_expect_not_null(shown);
        free(shown);
        free(part);
    }
}
