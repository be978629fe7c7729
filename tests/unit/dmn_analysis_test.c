/* Faults of tables are found with an input that shows them, and sound tables are left alone. */

#include "common/dmn/dmn_analysis.h"
#include "common/dmn/feel_number.h"
#include "dmn_support.h"

#define CELL(text) "<inputEntry><text>" text "</text></inputEntry>"
#define OUT(text) "<outputEntry><text>" text "</text></outputEntry>"
#define RULE(a, b, out) "<rule>" CELL(a) CELL(b) OUT(out) "</rule>"

#define TABLE(policy, output, rules)                                                              \
    DMN_MODEL("<itemDefinition name='tLevel'><typeRef>string</typeRef><allowedValues><text>"      \
              "\"low\",\"high\"</text></allowedValues></itemDefinition>"                          \
              "<inputData name='n' id='n'><variable name='n' typeRef='number'/></inputData>"      \
              "<inputData name='level' id='l'><variable name='level' typeRef='tLevel'/>"          \
              "</inputData><decision name='d' id='d'>"                                            \
              "<informationRequirement><requiredInput href='#n'/></informationRequirement>"       \
              "<informationRequirement><requiredInput href='#l'/></informationRequirement>"       \
              "<decisionTable hitPolicy='" policy "'>"                                            \
              "<input><inputExpression><text>n</text></inputExpression></input>"                  \
              "<input><inputExpression><text>level</text></inputExpression></input>" output rules \
              "</decisionTable></decision>")

static void expect(const char *xml, const char *const *lines, size_t count)
{
    struct dmn_models *models = support_load(xml);
    struct arena *arena = arena_create(SUPPORT_ARENA_BYTES);
    struct dmn_analysis analysis;
    struct error error;
    cr_assert_eq(dmn_analyse(models, arena, &analysis, &error), STATUS_OK);
    size_t at = 0;
    for (const struct dmn_finding *f = analysis.findings; f != NULL; f = f->next, at++)
        cr_expect(at < count && strcmp(f->text, lines[at]) == 0, "unexpected: %s", f->text);
    cr_expect_eq(at, count);
    arena_destroy(arena);
    dmn_free(models);
}

#define EXPECT(xml, ...)                                  \
    do {                                                  \
        static const char *const lines[] = {__VA_ARGS__}; \
        expect(xml, lines, sizeof lines / sizeof *lines); \
    } while (false)

Test(dmn_analysis, a_sound_table_has_no_findings)
{
    expect(TABLE("UNIQUE", "<output/>",
                 RULE("&lt; 10", "-", "1") RULE(">= 10", "\"low\"", "2")
                     RULE(">= 10", "\"high\"", "3")),
           NULL, 0);
}

Test(dmn_analysis, finds_overlaps_with_a_witness)
{
    EXPECT(TABLE("UNIQUE", "<output/>",
                 RULE("&lt;= 10", "-", "1") RULE(">= 10", "\"low\"", "2")
                     RULE("> 10", "\"high\"", "3")),
           "rules 1 and 2 both hit, where only one may: n = 10, level = \"low\"");
}

Test(dmn_analysis, finds_gaps_with_a_witness)
{
    EXPECT(TABLE("UNIQUE", "<output/>",
                 RULE("&lt; 10", "-", "1") RULE("> 10", "-", "2") RULE("10", "\"low\"", "3")),
           "no rule hits: n = 10, level = \"high\"");
}

Test(dmn_analysis, finds_rules_that_never_hit)
{
    EXPECT(TABLE("FIRST", "<output/>",
                 RULE("&lt; 10", "-", "1") RULE(">= 10", "-", "2") RULE("[5..15]", "\"low\"", "3")),
           "rule 3: the rule can never hit");
    EXPECT(TABLE("UNIQUE", "<output/>",
                 RULE("-", "\"low\"", "1") RULE("-", "\"high\"", "2") RULE("-", "\"medium\"", "3")),
           "rule 3: the rule can never hit");
}

Test(dmn_analysis, finds_outputs_that_are_not_allowed)
{
    EXPECT(TABLE("FIRST", "<output><outputValues><text>1,2</text></outputValues></output>",
                 RULE("&lt; 10", "-", "1") RULE("-", "-", "7")),
           "rule 2: the output is none of those allowed: the output");
}

Test(dmn_analysis, says_nothing_about_cells_that_it_cannot_know)
{
    expect(TABLE("UNIQUE", "<output/>", RULE("? > 5", "-", "1") RULE("-", "-", "2")), NULL, 0);
}

Test(dmn_analysis, a_default_closes_the_gaps)
{
    expect(TABLE("UNIQUE",
                 "<output><defaultOutputEntry><text>0</text></defaultOutputEntry></output>",
                 RULE("1", "\"low\"", "1")),
           NULL, 0);
}

Test(dmn_analysis, finds_cells_of_another_type)
{
    EXPECT(TABLE("FIRST", "<output typeRef='number'/>",
                 RULE("&lt; 10", "-", "1") RULE("\"10\"", "-", "2") RULE("-", "-", "\"3\"")),
           "rule 2: a cell is of another type than its column: n",
           "rule 3: a cell is of another type than its column: the output");
}

#define MEMBERS(logic)                                                                            \
    DMN_MODEL("<itemDefinition name='tOrder'><itemComponent name='market'><typeRef>string"        \
              "</typeRef></itemComponent><itemComponent name='lines' isCollection='true'>"        \
              "<itemComponent name='sku'><typeRef>string</typeRef></itemComponent>"               \
              "</itemComponent></itemDefinition>"                                                 \
              "<inputData name='order' id='o'><variable name='order' typeRef='tOrder'/>"          \
              "</inputData><inputData name='other' id='u'/><decision name='d' id='d'>"            \
              "<informationRequirement><requiredInput href='#o'/></informationRequirement>"       \
              "<informationRequirement><requiredInput href='#u'/></informationRequirement>" logic \
              "</decision>")

Test(dmn_analysis, finds_entries_that_a_type_does_not_have)
{
    EXPECT(MEMBERS("<decisionTable><input><inputExpression><text>order.marked</text>"
                   "</inputExpression></input><output/>"
                   "<rule>" CELL("order.market, other.x")
                       OUT("order.lines.skuu") "</rule>"
                                               "</decisionTable>"),
           "order has no entry marked", "lines has no entry skuu");
    EXPECT(MEMBERS(DMN_LITERAL("if order.lines[1].skuu = null then {a: [order.x]} else 1")),
           "lines has no entry skuu", "order has no entry x");
}

Test(dmn_analysis, knows_no_entries_of_what_has_no_type_or_hides_it)
{
    expect(MEMBERS(DMN_LITERAL("[other.x, order.market, order.lines.sku, order.lines[x = 1].sku]")),
           NULL, 0);
    expect(MEMBERS(DMN_LITERAL("for order in [{x: 1}] return order.x")), NULL, 0);
    expect(MEMBERS(DMN_LITERAL("(function(order) order.x)({x: 1})")), NULL, 0);
    expect(MEMBERS(DMN_LITERAL("{order: {x: 1}, y: order.x}")), NULL, 0);
    expect(MEMBERS(DMN_LITERAL("[{order: {x: 1}}][order.x = 1]")), NULL, 0);
}
