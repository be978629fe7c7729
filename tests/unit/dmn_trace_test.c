/* A trace tells all there is to tell, and evaluating again tells the same. */

#include "common/dmn/dmn_trace.h"
#include "common/dmn/feel_number.h"
#include "dmn_support.h"

static const char model[] = DMN_MODEL(
    "<inputData name='days' id='days'><variable name='days' typeRef='number'/></inputData>"
    "<inputData name='reason' id='reason'><variable name='reason' typeRef='string'/></inputData>"
    "<decision name='Window' id='w'><informationRequirement><requiredInput href='#days'/>"
    "</informationRequirement>" DMN_LITERAL(
        "days &lt;= 30") "</decision>"
                         "<decision name='Assessment' id='a'><variable name='Assessment' "
                         "typeRef='string'/>"
                         "<informationRequirement><requiredDecision "
                         "href='#w'/></informationRequirement>"
                         "<informationRequirement><requiredInput "
                         "href='#reason'/></informationRequirement>"
                         "<decisionTable hitPolicy='FIRST'>"
                         "<input><inputExpression><text>Window</text></inputExpression></input>"
                         "<input><inputExpression><text>reason</text></inputExpression></"
                         "input><output/>"
                         "<rule "
                         "id='late'><inputEntry><text>false</text></"
                         "inputEntry><inputEntry><text>-</"
                         "text></inputEntry>"
                         "<outputEntry><text>\"refuse\"</text></outputEntry></rule>"
                         "<rule><inputEntry><text>-</text></"
                         "inputEntry><inputEntry><text>\"damaged\"</text>"
                         "</inputEntry><outputEntry><text>\"accept\"</text></outputEntry></rule>"
                         "<rule><inputEntry><text>-</text></inputEntry><inputEntry><text>-</text></"
                         "inputEntry>"
                         "<outputEntry><text>\"review\"</text></outputEntry></rule>"
                         "</decisionTable></decision>");

static void trace_of(const struct dmn_models *models, int64_t days, const char *reason,
                     struct arena *arena, struct dmn_trace *trace)
{
    struct feel_entry *entries = arena_array(arena, 2, sizeof *entries);
    entries[0] = (struct feel_entry){feel_text("days"), feel_number_value(feel_number_of(days))};
    entries[1] = (struct feel_entry){feel_text("reason"), feel_string(reason, strlen(reason))};
    struct dmn_query query = {.node = "Assessment", .input = feel_context(entries, 2)};
    struct error error;
    cr_assert_eq(dmn_trace(models, &query, arena, trace, &error), STATUS_OK);
}

Test(dmn_trace, tells_inputs_rules_and_values)
{
    struct dmn_models *models = support_load(model);
    struct arena *arena = arena_create(SUPPORT_ARENA_BYTES);
    struct dmn_trace trace;
    trace_of(models, 10, "damaged", arena, &trace);
    cr_expect_str_eq(dmn_trace_text(&trace, arena), "input days = 10\n"
                                                    "decision Window = true\n"
                                                    "input reason = \"damaged\"\n"
                                                    "decision Assessment = \"accept\"\n"
                                                    "  table Assessment, FIRST\n"
                                                    "    Window = true\n"
                                                    "    reason = \"damaged\"\n"
                                                    "    rule 1 (late): no, input 1 (Window)\n"
                                                    "    rule 2: hit -> \"accept\"\n"
                                                    "    rule 3: passes, behind the hit\n");
    const struct dmn_trace_table *table = NULL;
    for (const struct dmn_trace_node *node = trace.nodes; node != NULL; node = node->next)
        table = node->tables != NULL ? node->tables : table;
    cr_assert_not_null(table);
    cr_expect(feel_text_is(dmn_trace_rule_id(table, 0), feel_text("late")));
    cr_expect_eq(dmn_trace_rule_id(table, 1).size, 0);
    cr_expect_str_eq(dmn_trace_hits(&trace, arena), "Assessment:2");
    arena_destroy(arena);
    dmn_free(models);
}

Test(dmn_trace, tells_the_reason_of_a_null)
{
    struct dmn_models *models = support_load(
        DMN_MODEL("<decision name='d' id='d'>" DMN_LITERAL("1 + \"a\"") "</decision>"));
    struct arena *arena = arena_create(SUPPORT_ARENA_BYTES);
    struct dmn_query query = {.node = "d"};
    struct dmn_trace trace;
    struct error error;
    cr_assert_eq(dmn_trace(models, &query, arena, &trace, &error), STATUS_OK);
    cr_expect_str_eq(dmn_trace_text(&trace, arena),
                     "decision d = null\n"
                     "null at model.dmn:1, d: cannot reckon with number and string here\n");
    arena_destroy(arena);
    dmn_free(models);
}

Test(dmn_trace, expanding_again_gives_the_same)
{
    static const char *const reasons[] = {"damaged", "other", ""};
    struct dmn_models *models = support_load(model), *again = support_load(model);
    struct arena *first = arena_create(SUPPORT_ARENA_BYTES);
    struct arena *second = arena_create(SUPPORT_ARENA_BYTES);
    for (int64_t days = 28; days < 33; days++)
        for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
            struct dmn_trace one, other;
            trace_of(models, days, reasons[i], first, &one);
            trace_of(again, days, reasons[i], second, &other);
            const char *text = dmn_trace_text(&one, first);
            cr_expect_str_eq(text, dmn_trace_text(&one, first));
            cr_expect_str_eq(text, dmn_trace_text(&other, second));
            cr_expect_eq(one.result.steps, other.result.steps);
        }
    arena_destroy(first);
    arena_destroy(second);
    dmn_free(models);
    dmn_free(again);
}
