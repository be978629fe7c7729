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

/* What is written in another language, or elsewhere, is not taken for nothing. */
Test(dmn_limits, refuses_other_languages_and_imported_values)
{
    static const struct {
        const char *model, *problem;
    } cases[] = {
        {DMN_MODEL(
             "<decision name='d'><literalExpression expressionLanguage='urn:js'><text>1</text>"
             "</literalExpression></decision>"),
         "not in FEEL: urn:js"},
        {DMN_MODEL("<decision name='d'><decisionTable><input><inputExpression><text>1</text>"
                   "</inputExpression></input><output/><rule><inputEntry "
                   "expressionLanguage='urn:js'><text>1</text></inputEntry><outputEntry><text>1"
                   "</text></outputEntry></rule></decisionTable></decision>"),
         "not in FEEL: urn:js"},
        {"<definitions xmlns='" DMN_NAMESPACE "' name='m' namespace='n' "
         "expressionLanguage='urn:js'><decision name='d'>" DMN_LITERAL("1") "</decision>"
                                                                            "</definitions>",
         "not in FEEL: urn:js"},
        {DMN_MODEL("<decision name='d'><literalExpression><importedValues importType='x' "
                   "namespace='y'><importedElement>z</importedElement></importedValues>"
                   "</literalExpression></decision>"),
         "imported values are refused"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct dmn_models *models = support_load(cases[i].model);
        cr_assert_eq(dmn_problem_count(models), 1, "%s", cases[i].model);
        cr_expect_str_eq(dmn_problem(models, 0)->text, cases[i].problem);
        dmn_free(models);
    }
    struct dmn_models *models = support_load(
        "<definitions xmlns='" DMN_NAMESPACE "' name='m' namespace='n' expressionLanguage="
        "'urn:js'><decision name='d'><literalExpression expressionLanguage="
        "'http://www.omg.org/spec/FEEL/20140401'><text>1</text></literalExpression></decision>"
        "</definitions>");
    cr_expect_eq(dmn_problem_count(models), 0);
    dmn_free(models);
}

/* The problem that a model of one expression has, or "". The caller frees it. */
static char *problem_of(const char *expression)
{
    char *xml = repeat("<definitions xmlns='" DMN_NAMESPACE "' name='m' namespace='n'><decision "
                       "name='d'><literalExpression><text>",
                       expression, 1, "</text></literalExpression></decision></definitions>");
    struct dmn_models *models = support_load(xml);
    char *text = strdup(dmn_problem_count(models) == 0 ? "" : dmn_problem(models, 0)->text);
    dmn_free(models);
    free(xml);
    return text;
}

/* What loads can be evaluated: a chain that would go too deep is refused before. */
Test(dmn_limits, refuses_chains_of_operators_that_are_too_long)
{
    static const struct {
        const char *head, *part, *value; /* of 990 parts */
    } cases[] = {
        {"0", " + 1", "990"},
        {"1", " * 1", "1"},
        {"1", " ** 1", "1"},
        {"true", " and true", "true"},
        {"false", " or false", "false"},
        {"1", " = 1", "null"},
        {"1", " in 1", "null"},
        {"1", " between 1 and 1", "null"},
        {"1", " instance of number", "false"},
        {"{}", ".a", "null"},
        {"1", "[1]", "1"},
        {"abs", "(1)", "null"},
        {"(1 + 1)", " + 1", "992"},
        {"[0][1]", " + 1", "990"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *good = repeat(cases[i].head, cases[i].part, 990, "");
        char *shown = support_expression(good);
        cr_expect_str_eq(shown, cases[i].value, "%s", cases[i].part);
        char *tall = repeat(cases[i].head, cases[i].part, 1200, "");
        char *problem = problem_of(tall);
        cr_expect_not_null(strstr(problem, "more than 1000 operators one after the other"),
                           "%s: %s", cases[i].part, problem);
        free(problem);
        free(tall);
        free(shown);
        free(good);
    }
}

/* Neither is one within the other, where each alone would do. */
Test(dmn_limits, refuses_chains_within_chains)
{
    static const char *const frames[][2] = {
        {"(0", ")"}, {"[0", "]"}, {"abs(0", ")"}, {"{a: 0", "}.a"}};
    for (size_t i = 0; i < sizeof frames / sizeof *frames; i++) {
        char *inner = repeat(frames[i][0], " + 1", 600, frames[i][1]);
        char *tall = repeat(inner, " + 1", 600, "");
        char *problem = problem_of(tall);
        cr_expect_not_null(strstr(problem, "one after the other"), "%s", frames[i][0]);
        free(problem);
        free(tall);
        free(inner);
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
        /* a search that starts anew at each of 10,000 places, and costs little enough at each */
        {"matches(string join(for i in 1..500 return \"aaaaaaaaaaaaaaaaaaac\"), "
         "\"(a*)(a*)(a*)[bd]\")",
         "null"},
        {"replace(string join(for i in 1..10000 return \"a\"), \"a*?b|(.*)c\", \"x\")", "null"},
        {"matches(\"ada.lovelace@example.com\", \"^[a-z.]+@([a-z]+[.])+[a-z]{2,}$\")", "true"},
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

/* At the bound, and one step behind it. */
static char *nested(const char *open, const char *close, size_t times)
{
    char *head = repeat("", open, times, "1"), *whole = repeat(head, close, times, "");
    free(head);
    return whole;
}

static void expect_expression(const char *expression, const char *value)
{
    char *shown = support_expression(expression);
    cr_expect_str_eq(shown, value, "%.40s...: %.40s, expected %s", expression, shown, value);
    free(shown);
}

/* The literal within takes a level too. */
Test(dmn_limits, expressions_nest_64_deep)
{
    char *most = nested("(", ")", 63), *more = nested("(", ")", 65);
    expect_expression(most, "1");
    expect_expression(more, "null");
    free(most);
    free(more);
}

Test(dmn_limits, values_nest_64_deep)
{
    static const char grow[] = "{f: function(n) if n = 0 then 1 else [f(n - 1)], "
                               "r: count(flatten(f(%d)))}.r";
    char text[128];
    (void)snprintf(text, sizeof text, grow, 63);
    expect_expression(text, "1");
    (void)snprintf(text, sizeof text, grow, 66);
    expect_expression(text, "1"); /* the level that was too many came to null: [null] */
    (void)snprintf(text, sizeof text,
                   "{f: function(n) if n = 0 then 1 else [f(n - 1)], r: f(%d)}.r", 100);
    char *shown = support_expression(text);
    size_t deepest = strspn(shown, "[");
    cr_expect_leq(deepest, 64, "%zu", deepest);
    free(shown);
}

Test(dmn_limits, a_model_has_a_mebibyte)
{
    enum { MEBIBYTE = 1024 * 1024 };
    static const char head[] = "<definitions xmlns='" DMN_NAMESPACE "' name='m' namespace='n'>";
    char *xml = malloc(MEBIBYTE + 1);
    struct error error = {.text = ""};
    cr_assert_not_null(xml);
    memset(xml, ' ', MEBIBYTE + 1);
    memcpy(xml, head, sizeof head - 1);
    memcpy(xml + MEBIBYTE - 14, "</definitions>", 14);
    cr_expect_eq(load(xml, MEBIBYTE, NULL, &error), STATUS_OK, "%s", error.text);
    cr_expect_eq(load(xml, MEBIBYTE + 1, NULL, &error), STATUS_INVALID);
    free(xml);
}

Test(dmn_limits, strings_have_64_kibibytes_and_lists_10000_items)
{
    static const char join[] = "string length(string join(for i in 1..8192 return \"12345678\")";
    char text[256];
    (void)snprintf(text, sizeof text, "%s)", join);
    expect_expression(text, "65536");
    (void)snprintf(text, sizeof text, "%s + \"9\")", join);
    expect_expression(text, "null");
    expect_expression("count(append(for i in 1..9999 return i, 1))", "10000");
    expect_expression("count(append(for i in 1..10000 return i, 1))", "null");
    expect_expression("count(concatenate(for i in 1..9000 return i, for i in 1..2000 return i))",
                      "null");
    static const char replace[] = "string length(replace(string join(for i in 1..%d return \"a\"), "
                                  "\"a\", string join(for i in 1..128 return \"12345678\")))";
    (void)snprintf(text, sizeof text, replace, 64);
    expect_expression(text, "65536");
    (void)snprintf(text, sizeof text, replace, 65);
    expect_expression(text, "null");
}

Test(dmn_limits, an_evaluation_has_100000_steps)
{
    struct dmn_models *models = support_load(DMN_MODEL("<decision name='d' id='d'>" DMN_LITERAL(
        "count(for i in 1..10000 return i + 1 + 1 + 1)") "</decision>"));
    struct arena *arena = arena_create(SUPPORT_ARENA_BYTES);
    struct dmn_query query = {.node = "d", .input = feel_context(NULL, 0)};
    struct dmn_result result;
    struct error error;
    cr_expect_eq(dmn_evaluate(models, &query, arena, &result, &error), STATUS_OK);
    size_t steps = result.steps;
    cr_expect_leq(steps, 100000);
    query.steps = steps;
    cr_expect_eq(dmn_evaluate(models, &query, arena, &result, &error), STATUS_OK);
    query.steps = steps - 1;
    cr_expect_eq(dmn_evaluate(models, &query, arena, &result, &error), STATUS_EXHAUSTED);
    cr_expect_not_null(strstr(error.text, "more steps"), "%s", error.text);
    arena_destroy(arena);
    dmn_free(models);
}

/* Each decision needs the one before. */
static char *chain(size_t decisions)
{
    char *xml = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&xml, &size);
    (void)fputs("<definitions xmlns='" DMN_NAMESPACE "' name='m' namespace='n'>", out);
    for (size_t i = 0; i < decisions; i++) {
        (void)fprintf(out, "<decision name='d%zu' id='d%zu'>", i, i);
        if (i > 0)
            (void)fprintf(out,
                          "<informationRequirement><requiredDecision href='#d%zu'/>"
                          "</informationRequirement>",
                          i - 1);
        (void)fprintf(out,
                      "<literalExpression><text>%s%zu + 1</text></literalExpression></decision>",
                      i == 0 ? "" : "d", i == 0 ? 0 : i - 1);
    }
    (void)fputs("</definitions>", out);
    (void)fclose(out);
    return xml;
}

Test(dmn_limits, decisions_require_each_other_64_deep)
{
    char *xml = chain(200);
    struct dmn_models *models = support_load(xml);
    struct arena *arena = arena_create(SUPPORT_ARENA_BYTES);
    cr_expect_str_eq(support_show(models, "d63", feel_context(NULL, 0), arena), "64");
    cr_expect_str_eq(support_show(models, "d199", feel_context(NULL, 0), arena), "STOP");
    arena_destroy(arena);
    dmn_free(models);
    free(xml);
}

Test(dmn_limits, a_set_has_64_models)
{
    struct dmn_source sources[65];
    struct dmn_models *models = NULL;
    struct error error = {.text = ""};
    static const char xml[] = DMN_MODEL("");
    for (size_t i = 0; i < 65; i++)
        sources[i] = (struct dmn_source){"m.dmn", xml, sizeof xml - 1};
    cr_expect_eq(dmn_load(sources, 64, NULL, &models, &error), STATUS_OK, "%s", error.text);
    dmn_free(models);
    cr_expect_eq(dmn_load(sources, 65, NULL, &models, &error), STATUS_INVALID);
}
