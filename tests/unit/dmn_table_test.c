/* Decision tables: hit policies against what the standard says of them, and the index against
 * trying every rule, over random tables and inputs. */

#include "common/dmn/dmn_index.h"
#include "common/dmn/dmn_session.h"
#include "common/dmn/feel_number.h"
#include "common/dmn/feel_temporal.h"
#include "dmn_support.h"

/* Rules 1: n < 10 -> "a", 2; 2: n < 20 -> "b", 1; 3: n < 30 -> "a", 3. */
#define POLICY_TABLE(attributes, outputs, cell)                                                \
    DMN_MODEL(                                                                                 \
        "<inputData name='n' id='n'><variable name='n' typeRef='number'/></inputData>"         \
        "<decision name='d' id='d'><informationRequirement><requiredInput href='#n'/>"         \
        "</informationRequirement><decisionTable " attributes                                  \
        "><input><inputExpression><text>n</text></inputExpression></input>" outputs            \
        "<rule><inputEntry><text>&lt; 10</text></inputEntry>" cell(                            \
            "\"a\"", "2") "</rule>"                                                            \
                          "<rule><inputEntry><text>&lt; 20</text></inputEntry>" cell(          \
                              "\"b\"",                                                         \
                              "1") "</rule>"                                                   \
                                   "<rule><inputEntry><text>&lt; 30</text></inputEntry>" cell( \
                                       "\"a\"", "3") "</rule>"                                 \
                                                     "</decisionTable></decision>")

#define OUT(text) "<outputEntry><text>" text "</text></outputEntry>"
#define LETTER(letter, number) OUT(letter)
#define NUMBER(letter, number) OUT(number)
#define BOTH(letter, number) OUT(letter) OUT(number)
#define ONE_OUTPUT "<output><outputValues><text>\"b\",\"a\"</text></outputValues></output>"
#define PLAIN_OUTPUT "<output/>"
#define TWO_OUTPUTS                                                                        \
    "<output name='letter'><outputValues><text>\"b\",\"a\"</text></outputValues></output>" \
    "<output name='number'><outputValues><text>3,2,1</text></outputValues></output>"

static void expect(const char *xml, int64_t n, const char *value)
{
    struct dmn_models *models = support_load(xml);
    struct arena *arena = arena_create(SUPPORT_ARENA_BYTES);
    struct feel_entry entry = {feel_text("n"), feel_number_value(feel_number_of(n))};
    const char *shown = support_show(models, "d", feel_context(&entry, 1), arena);
    cr_expect_str_eq(shown, value, "n = %lld: %s, expected %s", (long long)n, shown, value);
    arena_destroy(arena);
    dmn_free(models);
}

Test(dmn_table, unique)
{
    const char *xml = POLICY_TABLE("", PLAIN_OUTPUT, LETTER);
    expect(xml, 25, "\"a\"");
    expect(xml, 15, "null");
    expect(xml, 30, "null");
}

Test(dmn_table, first)
{
    expect(POLICY_TABLE("hitPolicy='FIRST'", PLAIN_OUTPUT, LETTER), 15, "\"b\"");
}

Test(dmn_table, any)
{
    expect(POLICY_TABLE("hitPolicy='ANY'", PLAIN_OUTPUT, LETTER), 25, "\"a\"");
    expect(POLICY_TABLE("hitPolicy='ANY'", PLAIN_OUTPUT, LETTER), 15, "null");
}

Test(dmn_table, priority)
{
    expect(POLICY_TABLE("hitPolicy='PRIORITY'", ONE_OUTPUT, LETTER), 5, "\"b\"");
    expect(POLICY_TABLE("hitPolicy='PRIORITY'", TWO_OUTPUTS, BOTH), 5,
           "{letter: \"b\", number: 1}");
}

Test(dmn_table, output_order)
{
    expect(POLICY_TABLE("hitPolicy='OUTPUT ORDER'", ONE_OUTPUT, LETTER), 5,
           "[\"b\", \"a\", \"a\"]");
    expect(POLICY_TABLE("hitPolicy='OUTPUT ORDER'", TWO_OUTPUTS, BOTH), 5,
           "[{letter: \"b\", number: 1}, {letter: \"a\", number: 3}, {letter: \"a\", number: 2}]");
}

Test(dmn_table, rule_order)
{
    expect(POLICY_TABLE("hitPolicy='RULE ORDER'", PLAIN_OUTPUT, LETTER), 15, "[\"b\", \"a\"]");
}

Test(dmn_table, collect)
{
    expect(POLICY_TABLE("hitPolicy='COLLECT'", PLAIN_OUTPUT, NUMBER), 5, "[2, 1, 3]");
    expect(POLICY_TABLE("hitPolicy='COLLECT'", PLAIN_OUTPUT, NUMBER), 99, "null");
    expect(POLICY_TABLE("hitPolicy='COLLECT' aggregation='SUM'", PLAIN_OUTPUT, NUMBER), 5, "6");
    expect(POLICY_TABLE("hitPolicy='COLLECT' aggregation='MIN'", PLAIN_OUTPUT, NUMBER), 5, "1");
    expect(POLICY_TABLE("hitPolicy='COLLECT' aggregation='MAX'", PLAIN_OUTPUT, NUMBER), 5, "3");
    expect(POLICY_TABLE("hitPolicy='COLLECT' aggregation='COUNT'", PLAIN_OUTPUT, NUMBER), 5, "3");
    expect(POLICY_TABLE("hitPolicy='COLLECT' aggregation='COUNT'", PLAIN_OUTPUT, NUMBER), 99,
           "null");
}

Test(dmn_table, defaults_stand_in)
{
    expect(POLICY_TABLE("",
                        "<output><defaultOutputEntry><text>\"none\"</text>"
                        "</defaultOutputEntry></output>",
                        LETTER),
           99, "\"none\"");
}

static uint64_t random_next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static unsigned below(uint64_t *state, unsigned bound)
{
    return (unsigned)(random_next(state) % bound);
}

static void put_value(FILE *out, unsigned column, unsigned value)
{
    if (column == 0)
        (void)fprintf(out, value % 3 == 0 ? "%u.5" : "%u", value);
    else if (column == 1)
        (void)fprintf(out, "\"%c%c\"", 'a' + (int)(value % 3), 'a' + (int)(value / 3 % 3));
    else if (column == 2)
        (void)fprintf(out, "date(\"2024-01-%02u\")", value % 28 + 1);
    else
        (void)fputs(value % 2 == 0 ? "true" : "false", out);
}

static void put_test(FILE *out, unsigned column, uint64_t *state)
{
    static const char *const signs[] = {"", "&lt; ", "&lt;= ", "> ", ">= ", "= ", "!= "};
    unsigned form = below(state, column == 3 ? 1 : 9), low = below(state, 20);
    if (form < 7) {
        (void)fputs(signs[form], out);
        put_value(out, column, low);
        return;
    }
    (void)fputs(form == 7 ? "[" : "(", out);
    put_value(out, column, low);
    (void)fputs("..", out);
    put_value(out, column, low + below(state, 8));
    (void)fputs(below(state, 2) == 0 ? "]" : ")", out);
}

/* `-`, tests, not(tests), and now and then something that cannot be indexed. */
static void put_cell(FILE *out, unsigned column, uint64_t *state)
{
    unsigned kind = below(state, 10), count = 1 + below(state, 3);
    (void)fputs("<inputEntry><text>", out);
    if (kind < 3) {
        (void)fputs("-", out);
    } else if (kind == 3) {
        (void)fputs("? = ", out);
        put_value(out, column, below(state, 20));
    } else if (kind == 4) {
        (void)fputs("null", out);
    } else {
        (void)fputs(kind == 5 ? "not(" : "", out);
        for (unsigned i = 0; i < count; i++) {
            (void)fputs(i == 0 ? "" : ", ", out);
            put_test(out, column, state);
        }
        (void)fputs(kind == 5 ? ")" : "", out);
    }
    (void)fputs("</text></inputEntry>", out);
}

enum { COLUMNS = 4, RULES_MAX = 69 };

static char *random_table(uint64_t *state)
{
    static const char *const names[] = {"n", "s", "d", "b"};
    char *xml = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&xml, &size);
    (void)fputs("<definitions xmlns='" DMN_NAMESPACE "' name='m' namespace='n'>", out);
    for (size_t i = 0; i < COLUMNS; i++)
        (void)fprintf(out, "<inputData name='%s' id='%s'/>", names[i], names[i]);
    (void)fputs("<decision name='d1' id='d1'>", out);
    for (size_t i = 0; i < COLUMNS; i++)
        (void)fprintf(out,
                      "<informationRequirement><requiredInput href='#%s'/>"
                      "</informationRequirement>",
                      names[i]);
    (void)fputs("<decisionTable hitPolicy='COLLECT'>", out);
    for (size_t i = 0; i < COLUMNS; i++)
        (void)fprintf(out, "<input><inputExpression><text>%s</text></inputExpression></input>",
                      names[i]);
    (void)fputs("<output/>", out);
    unsigned rules = below(state, 4) == 0 ? RULES_MAX - below(state, 10) : 4 + below(state, 30);
    for (unsigned r = 0; r < rules; r++) {
        (void)fputs("<rule>", out);
        for (unsigned i = 0; i < COLUMNS; i++)
            put_cell(out, i, state);
        (void)fprintf(out, "<outputEntry><text>%u</text></outputEntry></rule>", r);
    }
    (void)fputs("</decisionTable></decision></definitions>", out);
    (void)fclose(out);
    return xml;
}

static struct feel_value random_value(unsigned column, uint64_t *state)
{
    struct feel_value value = feel_null();
    unsigned at = below(state, 26);
    if (at > 23)
        return at == 24 ? feel_null() : feel_string("other", 5);
    if (column == 0)
        return feel_number_value(feel_number_of(at));
    if (column == 1) {
        static const char texts[] = "aaabacbabbbccacbcc";
        return feel_string(texts + at % 9 * 2, 2);
    }
    if (column == 2)
        (void)feel_date_of(2024, 1, at % 28 + 1, &value);
    else
        value = feel_boolean(at % 2 == 0);
    return value;
}

/* Compares the hits of a table with those of trying every rule. */
struct comparison {
    const struct feel_value *inputs;
    struct feel_run *run;
    const struct feel_frame *frame;
    size_t tables;
    size_t hits;
    size_t rules[RULES_MAX + 1]; /* tables of so many rules */
};

static void on_node(void *owner, const struct dmn_node *node)
{
    (void)owner, (void)node;
}

static void on_value(void *owner, const struct dmn_node *node, const struct feel_value *value)
{
    (void)owner, (void)node, (void)value;
}

static void on_table(void *owner, const struct dmn_table *table, struct feel_run *run,
                     const struct feel_frame *frame, const struct feel_value *inputs)
{
    struct comparison *c = owner;
    c->run = run;
    c->frame = frame;
    c->inputs = inputs;
    c->tables++;
    c->rules[table->rule_count]++;
}

static void on_hits(void *owner, const struct dmn_table *table, const uint32_t *rules, size_t count)
{
    struct comparison *c = owner;
    size_t at = 0;
    cr_assert_not_null(table->index);
    for (size_t r = 0; r < table->rule_count; r++) {
        if (dmn_rule_failed(c->run, table, c->frame, c->inputs, r) != DMN_ALL_PASSED)
            continue;
        cr_assert_lt(at, count, "the index misses rule %zu", r + 1);
        cr_assert_eq(rules[at], r, "the index finds rule %u, not %zu", rules[at] + 1, r + 1);
        at++;
    }
    cr_assert_eq(at, count, "the index finds a rule that does not hit");
    c->hits += count;
}

static void on_output(void *owner, const struct dmn_table *table, size_t rule,
                      const struct feel_value *outputs)
{
    (void)owner, (void)table, (void)rule, (void)outputs;
}

Test(dmn_table, index_finds_what_trying_every_rule_finds, .timeout = 120)
{
    uint64_t state = 88172645463325252u;
    struct arena *arena = arena_create(SUPPORT_ARENA_BYTES);
    struct comparison comparison = {.tables = 0};
    struct dmn_observer observer = {.owner = &comparison,
                                    .decision_start = on_node,
                                    .decision_end = on_value,
                                    .input = on_value,
                                    .table = on_table,
                                    .hits = on_hits,
                                    .output = on_output};
    for (size_t t = 0; t < 100; t++) {
        char *xml = random_table(&state);
        struct dmn_models *models = support_load(xml);
        cr_assert_eq(dmn_problem_count(models), 0, "%s", dmn_problem(models, 0)->text);
        for (size_t i = 0; i < 100; i++) {
            struct feel_entry entries[COLUMNS] = {{feel_text("n"), random_value(0, &state)},
                                                  {feel_text("s"), random_value(1, &state)},
                                                  {feel_text("d"), random_value(2, &state)},
                                                  {feel_text("b"), random_value(3, &state)}};
            struct dmn_query query = {.node = "d1", .input = feel_context(entries, COLUMNS)};
            struct dmn_result result;
            arena_reset(arena);
            cr_assert_eq(dmn_evaluate_observed(models, &query, &observer, arena, &result, NULL),
                         STATUS_OK);
        }
        dmn_free(models);
        free(xml);
    }
    cr_expect_eq(comparison.tables, 10000);
    cr_expect_gt(comparison.hits, 1000);
    cr_expect_gt(comparison.rules[DMN_INDEX_SET_RULES], 0,
                 "no table of as many rules as a set has");
    cr_expect_gt(comparison.rules[DMN_INDEX_SET_RULES + 1], 0, "no table of one rule more");
    arena_destroy(arena);
}

Test(dmn_table, a_constant_of_another_type_than_its_output_is_a_problem)
{
    struct dmn_models *models = support_load(
        DMN_MODEL("<decision name='d' id='d'><decisionTable><output name='fee' typeRef='number'/>"
                  "<rule><outputEntry><text>\"10%\"</text></outputEntry></rule></decisionTable>"
                  "</decision>"));
    cr_assert_eq(dmn_problem_count(models), 1);
    cr_expect_str_eq(dmn_problem(models, 0)->text, "a string in a column of type number");
    dmn_free(models);
}
