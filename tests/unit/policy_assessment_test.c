/* What a model may say about a line, and what becomes of several lines. */

#include "clock.h"
#include "common/assessment/trial.h"
#include "policy_world.h"

#include <criterion/criterion.h>
#include <string.h>

static const char *money(const struct assessment *assessment, struct arena *arena)
{
    const char *text = arena_printf(arena, "%lld+%lld", (long long)assessment->refundable_minor,
                                    (long long)assessment->fee_minor);
    for (size_t i = 0; i < assessment->method_count; i++)
        text = arena_printf(arena, "%s %s", text, refund_method_name(assessment->methods[i]));
    return arena_printf(arena, "%s%s%s", text, assessment->goods_required ? " goods " : "",
                        assessment->goods_condition);
}

/* The assessment of lines that claim so much (0-ended), by an expression, as words and money. */
static const char *said(const char *expression, const int64_t *minors)
{
    struct policy_world world;
    static char result[2000];
    sample_open_text(&world, expression);
    Redress__V1__RefundValidated *request =
        sample_request(&world, REDRESS__V1__REASON_CODE__REASON_CODE_OTHER, WORLD_ASKED_US);
    for (size_t i = 0; minors[i] != 0; i++)
        sample_line(&world, request, i == 0 ? "a" : "b", "goods", minors[i], WORLD_ASKED_US);
    struct facts facts = sample_facts(&world, request);
    struct assessment assessment;
    struct error error = {""};
    enum status status =
        assess(world.models, &facts, world.scratch, world.arena, &assessment, &error);
    const char *text = error.text;
    if (status == STATUS_OK) {
        text = outcome_name(assessment.outcome);
        for (size_t i = 0; i < assessment.reason_count; i++)
            text = arena_printf(world.arena, "%s %s", text, assessment.reasons[i]);
        text = arena_printf(world.arena, "%s; %s", text, money(&assessment, world.arena));
    }
    cr_assert(status == STATUS_OK || status == STATUS_INVALID);
    strncpy(result, text, sizeof result - 1);
    sample_close(&world);
    return result;
}

Test(policy_assessment, one_line)
{
    static const struct {
        const char *expression, *expected;
    } cases[] = {
        {"{outcome: \"COMPLIANT\"}", "COMPLIANT; 1000+0 ORIGINAL"},
        {"{outcome: \"EXCEPTION\", reasons: \"LATE\"}", "EXCEPTION LATE; 1000+0 ORIGINAL"},
        {"{outcome: \"EXCEPTION\", reasons: [\"B\", \"A\", \"B\"]}",
         "EXCEPTION B A; 1000+0 ORIGINAL"},
        {"{outcome: \"DECLINED\", reasons: \"X_1\", restockingFeeMinor: 10}",
         "DECLINED X_1; 0+0 ORIGINAL"},
        {"{outcome: \"NEEDS_INFO\", reasons: \"X\", needed: \"a photo\"}",
         "NEEDS_INFO X; 1000+0 ORIGINAL"},
        {"{outcome: \"COMPLIANT\", restockingFeeMinor: 0.4}", "COMPLIANT; 1000+0 ORIGINAL"},
        {"{outcome: \"COMPLIANT\", restockingFeeMinor: 0.5}", "COMPLIANT; 999+1 ORIGINAL"},
        {"{outcome: \"COMPLIANT\", restockingFeeMinor: 1.5}", "COMPLIANT; 998+2 ORIGINAL"},
        {"{outcome: \"COMPLIANT\", restockingFeeMinor: line.refundableMinor * 15 / 100}",
         "COMPLIANT; 850+150 ORIGINAL"},
        {"{outcome: \"COMPLIANT\", restockingFeeMinor: 1000}", "COMPLIANT; 0+1000 ORIGINAL"},
        {"{outcome: \"COMPLIANT\", restockingFeeMinor: 10**30}", "COMPLIANT; 0+1000 ORIGINAL"},
        {"{outcome: \"COMPLIANT\", methods: [\"STORE_CREDIT\", \"ORIGINAL\"]}",
         "COMPLIANT; 1000+0 STORE_CREDIT ORIGINAL"},
        {"{outcome: \"COMPLIANT\", methods: \"MANUAL\", goodsRequired: true, "
         "goodsCondition: \"UNUSED\"}",
         "COMPLIANT; 1000+0 MANUAL goods UNUSED"},
        {"{outcome: \"COMPLIANT\", reasons: null, needed: null, notice: null, goodsCondition: "
         "null}",
         "COMPLIANT; 1000+0 ORIGINAL"},
    };
    static const int64_t minors[] = {1000, 0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        cr_expect_str_eq(said(cases[i].expression, minors), cases[i].expected, "%s",
                         cases[i].expression);
}

/* Never a decision: the request waits. */
Test(policy_assessment, what_is_no_assessment)
{
    static const struct {
        const char *expression, *why;
    } cases[] = {
        {"null", "it is null and no context"},
        {"\"COMPLIANT\"", "it is a string and no context"},
        {"1 / 0", "it is null and no context; Assessment: "},
        {"{reasons: \"A\"}", "it has no outcome"},
        {"{outcome: null}", "outcome is none of"},
        {"{outcome: \"compliant\"}", "outcome is none of"},
        {"{outcome: \"COMPLIANT\", restockingFee: 5}", "restockingFee is no part of an assessment"},
        {"{outcome: \"COMPLIANT\", restockingFeeMinor: -1}", "restockingFeeMinor is no number"},
        {"{outcome: \"COMPLIANT\", restockingFeeMinor: \"5\"}", "restockingFeeMinor is no number"},
        {"{outcome: \"COMPLIANT\", restockingFeeMinor: null}", "restockingFeeMinor is null"},
        {"{outcome: \"COMPLIANT\", restockingFeeMinor: line.refundableMinor * line.missing}",
         "restockingFeeMinor is null; a model says 0 or leaves it out; Assessment: "},
        {"{outcome: \"DECLINED\", reasons: \"A\", restockingFeeMinor: null}",
         "restockingFeeMinor is null"},
        {"{outcome: \"COMPLIANT\", methods: null}", "methods is null"},
        {"{outcome: \"COMPLIANT\", goodsRequired: null}", "goodsRequired is null"},
        {"{outcome: \"COMPLIANT\", methods: []}", "methods are not different ones"},
        {"{outcome: \"COMPLIANT\", methods: \"CASH\"}", "methods are not different ones"},
        {"{outcome: \"COMPLIANT\", methods: [\"MANUAL\", \"MANUAL\"]}",
         "methods are not different ones"},
        {"{outcome: \"COMPLIANT\", goodsRequired: \"yes\"}", "goodsRequired is neither"},
        {"{outcome: \"COMPLIANT\", goodsCondition: \"as new\"}", "goodsCondition is no word"},
        {"{outcome: \"EXCEPTION\"}", "outcome EXCEPTION without a reason"},
        {"{outcome: \"EXCEPTION\", reasons: [\"a b\"]}", "reasons are not"},
        {"{outcome: \"EXCEPTION\", reasons: [null]}", "reasons are not"},
        {"{outcome: \"EXCEPTION\", reasons: for i in 1..17 return \"A\"}", "reasons are not"},
        {"{outcome: \"NEEDS_INFO\", reasons: \"A\"}", "without saying what is needed"},
        {"{outcome: \"NEEDS_INFO\", reasons: \"A\", needed: [\"\"]}", "needed is not"},
        {"{outcome: \"DECLINED\", reasons: \"A\", notice: 5}", "notice is no text"},
        {"{outcome: some i in 1..9000, j in 1..9000 satisfies i + j < 0}",
         "more steps than it is allowed"},
    };
    static const int64_t minors[] = {1000, 0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *text = said(cases[i].expression, minors);
        cr_expect(strncmp(text, "Assessment of line a: ", 22) == 0, "%s: %s", cases[i].expression,
                  text);
        cr_expect_not_null(strstr(text, cases[i].why), "%s: %s", cases[i].expression, text);
    }
}

Test(policy_assessment, several_lines)
{
    static const struct {
        const char *expression, *expected;
    } cases[] = {
        {"{outcome: \"COMPLIANT\", restockingFeeMinor: line.refundableMinor * 0.1}",
         "COMPLIANT; 2700+300 ORIGINAL"},
        {"{outcome: \"COMPLIANT\", restockingFeeMinor: 1500}", "COMPLIANT; 497+2503 ORIGINAL"},
        {"if line.id = 1 then null else {outcome: \"COMPLIANT\", methods: if line.refundableMinor "
         "= "
         "1003 then [\"ORIGINAL\", \"STORE_CREDIT\"] else [\"STORE_CREDIT\", \"ORIGINAL\"]}",
         "COMPLIANT; 3000+0 ORIGINAL STORE_CREDIT"},
        {"{outcome: \"COMPLIANT\", methods: if line.refundableMinor = 1003 then \"ORIGINAL\" else "
         "\"STORE_CREDIT\"}",
         "EXCEPTION NO_COMMON_METHOD; 3000+0 MANUAL"},
        {"{outcome: \"COMPLIANT\", goodsRequired: line.refundableMinor > 1003, goodsCondition: if "
         "line.refundableMinor > 1003 then \"UNUSED\" else null}",
         "COMPLIANT; 3000+0 ORIGINAL goods UNUSED"},
        {"if line.refundableMinor > 1003 then {outcome: \"EXCEPTION\", reasons: [\"Z\", \"B\"]} "
         "else "
         "{outcome: \"NEEDS_INFO\", reasons: [\"Y\", \"B\"], needed: \"x\"}",
         "NEEDS_INFO Y B Z; 3000+0 ORIGINAL"},
        {"{outcome: \"EXCEPTION\", reasons: if line.refundableMinor > 1003 then \"A\" else \"B\"}",
         "EXCEPTION A B; 3000+0 ORIGINAL"},
    };
    static const int64_t minors[] = {1003, 1997, 0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        cr_expect_str_eq(said(cases[i].expression, minors), cases[i].expected, "%s",
                         cases[i].expression);
}

Test(policy_assessment, the_largest_request)
{
    struct policy_world world;
    sample_open(&world, WORLD_SHOP);
    Redress__V1__RefundValidated *request =
        sample_request(&world, REDRESS__V1__REASON_CODE__REASON_CODE_CHANGED_MIND, WORLD_ASKED_US);
    for (int i = 0; i < WORLD_LINES_MAX; i++)
        sample_line(&world, request, "x", "goods", 5000, WORLD_ASKED_US);
    struct assessment all = sample_judge(&world, request);
    cr_expect_eq(all.outcome, OUTCOME_COMPLIANT);
    cr_assert_gt(all.hit_count, 0);
    cr_expect_eq(all.hits[0].line_count, WORLD_LINES_MAX);
    sample_close(&world);
}

/* now() is the event's time, so that a request is judged alike whenever it is. */
Test(policy_assessment, time_comes_from_the_event)
{
    static const int64_t minors[] = {1000, 0};
    cr_expect_str_eq(
        said("{outcome: if now() = request.occurredAt then \"COMPLIANT\" else null}", minors),
        "COMPLIANT; 1000+0 ORIGINAL");
}

/* What a model with a type for `request` and one for `line` says of a request of two lines. */
static const char *typed(const char *request_type, const char *line_type, bool expect)
{
    static const char form[] =
        "<definitions xmlns='https://www.omg.org/spec/DMN/20191111/MODEL/' name='m' "
        "namespace='m'>%s%s<inputData id='r' name='request'><variable name='request' typeRef='t'/>"
        "</inputData><inputData id='l' name='line'><variable name='line' typeRef='u'/></inputData>"
        "<decision id='a' name='Assessment'><variable name='Assessment'/><informationRequirement>"
        "<requiredInput href='#r'/></informationRequirement><informationRequirement>"
        "<requiredInput href='#l'/></informationRequirement><literalExpression><text>{outcome: "
        "\"EXCEPTION\", reasons: (if request = null then \"NO\" else request.reason) + "
        "(if line = null then \"NO\" else \"LINE\")}</text></literalExpression></decision>"
        "</definitions>";
    static char result[200];
    struct policy_world world = {.arena = arena_create(1 << 20),
                                 .scratch = arena_create(ASSESSMENT_ARENA_MAX)};
    const char *text = arena_printf(world.arena, form, request_type, line_type);
    const struct dmn_source source = {"m.dmn", text, strlen(text)};
    cr_assert_eq(dmn_load(&source, 1, NULL, &world.models, NULL), STATUS_OK);
    cr_assert(!expect || facts_expect(world.models) == STATUS_OK);
    Redress__V1__RefundValidated *request =
        sample_request(&world, REDRESS__V1__REASON_CODE__REASON_CODE_LATE, WORLD_ASKED_US);
    sample_tag(&world, sample_line(&world, request, "a", "goods", 1, WORLD_ASKED_US), "sale");
    sample_line(&world, request, "b", "goods", 1, WORLD_NEVER);
    strncpy(result, sample_words(&world, request), sizeof result - 1);
    sample_close(&world);
    return result;
}

#define ITEM(name, more) "<itemDefinition name='" name "'>" more "</itemDefinition>"
#define MEMBER(name, type) \
    "<itemComponent name='" name "'><typeRef>" type "</typeRef></itemComponent>"

/* Telling a model what its facts are like spares looking through them, and changes nothing else. */
Test(policy_assessment, types_are_held_against_facts_whether_they_are_expected_or_not)
{
    static const struct {
        const char *request, *line, *said;
    } cases[] = {
        {ITEM("t", MEMBER("reason", "string") MEMBER("occurredAt", "dateTime")),
         ITEM("u", MEMBER("deliveredAt", "dateTime") MEMBER("tags", "Any")),
         "EXCEPTION LATELINE []"},
        {ITEM("t", MEMBER("reason", "number")), ITEM("u", MEMBER("sku", "string")),
         "EXCEPTION NOLINE []"},
        {ITEM("t", MEMBER("reason", "string")), ITEM("u", MEMBER("colour", "string")),
         "EXCEPTION LATENO []"},
        {ITEM("t", "<itemComponent name='reason'><typeRef>string</typeRef><allowedValues><text>"
                   "\"OTHER\"</text></allowedValues></itemComponent>"),
         ITEM("u", "<itemComponent name='tags' isCollection='true'><typeRef>string</typeRef>"
                   "</itemComponent>"),
         "EXCEPTION NOLINE []"},
        {ITEM("t", MEMBER("reason", "w")) ITEM("w", "<typeRef>string</typeRef>"),
         ITEM("u", "<itemComponent name='tags' isCollection='true'><typeRef>number</typeRef>"
                   "</itemComponent>"),
         "EXCEPTION LATELINE LATENO []"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cr_expect_str_eq(typed(cases[i].request, cases[i].line, false), cases[i].said, "%zu", i);
        cr_expect_str_eq(typed(cases[i].request, cases[i].line, true), cases[i].said, "%zu", i);
    }
}

Test(policy_assessment, a_full_arena_is_reported)
{
    struct policy_world world;
    sample_open(&world, WORLD_FIRST_RULES);
    Redress__V1__RefundValidated *request =
        sample_request(&world, REDRESS__V1__REASON_CODE__REASON_CODE_OTHER, WORLD_ASKED_US);
    sample_line(&world, request, "a", "goods", 1, WORLD_ASKED_US);
    struct facts facts = sample_facts(&world, request);
    struct arena *small = arena_create(ARENA_FIRST_BLOCK);
    struct assessment assessment;
    while (arena_alloc(small, 1024) != NULL)
        ;
    cr_expect_eq(assess(world.models, &facts, world.scratch, small, &assessment, NULL),
                 STATUS_EXHAUSTED);
    struct fact_fault fault;
    cr_expect_eq(facts_build(request, small, &facts, &fault), STATUS_EXHAUSTED);
    arena_destroy(small);
    sample_close(&world);
}

Test(policy_assessment, a_policy_is_tried_before_it_is_relied_on)
{
    static const struct {
        const char *expression;
        enum status status;
        bool all;
        const char *why;
    } cases[] = {
        {"{outcome: \"COMPLIANT\"}", STATUS_OK, true, ""},
        {"if request.reason = \"FRAUD\" then null else {outcome: \"COMPLIANT\"}", STATUS_OK, false,
         ""},
        {"null", STATUS_INVALID, false, "it judges no request: reason DAMAGED"},
        {"if request.reason = \"OTHER\" then {x: some i in 1..9000, j in 1..9000 satisfies i + j < "
         "0} else "
         "{outcome: "
         "\"COMPLIANT\"}",
         STATUS_INVALID, false, "more steps than it is allowed"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct policy_world world;
        struct trial trial;
        struct error error = {""};
        sample_open_text(&world, cases[i].expression);
        cr_expect_eq(assessment_try(world.models, &trial, &error), cases[i].status, "%s",
                     cases[i].expression);
        if (cases[i].status == STATUS_OK)
            cr_expect_eq(trial.invalid == 0 && trial.count > 100, cases[i].all);
        cr_expect_not_null(strstr(error.text, cases[i].why), "%s", error.text);
        sample_close(&world);
    }
}
