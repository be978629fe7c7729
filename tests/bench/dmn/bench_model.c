#include "bench_model.h"

#include <stdlib.h>
#include <string.h>

#include "common/dmn/feel_calendar.h"

/* X(policy, rules, microseconds aimed at) */
#define TABLE_ROWS(X)    \
    X(FIRST, 10, 0.5)    \
    X(FIRST, 100, 1.0)   \
    X(FIRST, 1000, 1.5)  \
    X(FIRST, 10000, 4.0) \
    X(UNIQUE, 10, 0.5)   \
    X(UNIQUE, 100, 1.0)  \
    X(UNIQUE, 1000, 1.5) \
    X(UNIQUE, 10000, 4.0)

const struct bench_model bench_models[] = {
#define X(policy, rules, aim) {#policy "-" #rules, "fee", #policy, rules, aim, NULL, NULL},
    TABLE_ROWS(X)
#undef X
        {"chain-4x15", "t3", "FIRST", 0, 2.0, NULL, NULL},
    {"first-rules", "Assessment", NULL, 0, 0, "deploy/policies/first-rules.dmn",
     "tests/bench/dmn/assessment.feel"},
    {"shop", "Assessment", NULL, 0, 0, "deploy/policies/shop.dmn",
     "tests/bench/dmn/assessment.feel"},
    {"authority", "Route", NULL, 0, 0, "deploy/policies/authority.dmn",
     "tests/bench/dmn/route.feel"},
};

const size_t bench_model_count = sizeof bench_models / sizeof *bench_models;

enum { REGIONS = 10, WINDOWS = 50, WINDOW_DAYS = 400, CHAIN = 4, CHAIN_RULES = 15, STEP = 10 };

const struct bench_model *bench_model_find(const char *name)
{
    for (size_t i = 0; i < bench_model_count; i++)
        if (strcmp(bench_models[i].name, name) == 0)
            return &bench_models[i];
    return NULL;
}

static int64_t window_start(size_t rule)
{
    return feel_days_from_civil(2024, 1, 1) + (int64_t)(rule % WINDOWS);
}

static void put_date(FILE *out, int64_t days)
{
    int64_t year;
    unsigned month, day;
    feel_civil_from_days(days, &year, &month, &day);
    (void)fprintf(out, "%04d-%02u-%02u", (int)year, month, day);
}

static void put_input(FILE *out, const char *name, const char *type)
{
    (void)fprintf(out,
                  "<inputData name='%s' id='%s'><variable name='%s' typeRef='%s'/></inputData>\n",
                  name, name, name, type);
}

static void put_requirement(FILE *out, const char *kind, const char *prefix, int number)
{
    (void)fprintf(out, "<informationRequirement><%s href='#%s%d'/></informationRequirement>", kind,
                  prefix, number);
}

static void put_cell(FILE *out, const char *text)
{
    (void)fprintf(out, "<inputEntry><text>%s</text></inputEntry>", text);
}

static void put_rule(FILE *out, size_t rule)
{
    char cell[64];
    (void)fputs("<rule>", out);
    (void)snprintf(cell, sizeof cell, "[%zu..%zu)", rule / REGIONS * STEP,
                   rule / REGIONS * STEP + STEP);
    put_cell(out, cell);
    (void)snprintf(cell, sizeof cell, "\"R%zu\"", rule % REGIONS);
    put_cell(out, cell);
    (void)fputs("<inputEntry><text>[date(\"", out);
    put_date(out, window_start(rule));
    (void)fputs("\")..date(\"", out);
    put_date(out, window_start(rule) + WINDOW_DAYS);
    (void)fprintf(
        out, "\")]</text></inputEntry><outputEntry><text>%zu</text></outputEntry></rule>\n", rule);
}

static void put_table(FILE *out, const struct bench_model *model)
{
    static const char *const names[] = {"amount", "region", "day"};
    static const char *const types[] = {"number", "string", "date"};
    for (size_t i = 0; i < 3; i++)
        put_input(out, names[i], types[i]);
    (void)fputs("<decision name='fee' id='fee'><variable name='fee' typeRef='number'/>", out);
    for (size_t i = 0; i < 3; i++)
        (void)fprintf(
            out, "<informationRequirement><requiredInput href='#%s'/></informationRequirement>",
            names[i]);
    (void)fprintf(out, "<decisionTable hitPolicy='%s'>", model->policy);
    for (size_t i = 0; i < 3; i++)
        (void)fprintf(out,
                      "<input><inputExpression typeRef='%s'><text>%s</text></inputExpression>"
                      "</input>",
                      types[i], names[i]);
    (void)fputs("<output typeRef='number'/>\n", out);
    for (size_t i = 0; i < model->rules; i++)
        put_rule(out, i);
    (void)fputs("</decisionTable></decision>\n", out);
}

/* Table t looks at two inputs and at what table t - 1 came to. */
static void put_chained(FILE *out, int t)
{
    char cell[64];
    (void)fprintf(out, "<decision name='t%d' id='t%d'><variable name='t%d' typeRef='number'/>", t,
                  t, t);
    put_requirement(out, "requiredInput", "in", 2 * t);
    put_requirement(out, "requiredInput", "in", 2 * t + 1);
    if (t > 0)
        put_requirement(out, "requiredDecision", "t", t - 1);
    (void)fputs("<decisionTable hitPolicy='FIRST'>", out);
    for (int i = 0; i < (t > 0 ? 3 : 2); i++)
        (void)fprintf(out,
                      "<input><inputExpression typeRef='number'><text>%s%d</text>"
                      "</inputExpression></input>",
                      i < 2 ? "in" : "t", i < 2 ? 2 * t + i : t - 1);
    (void)fputs("<output typeRef='number'/>\n", out);
    for (int r = 0; r < CHAIN_RULES; r++) {
        (void)fputs("<rule>", out);
        (void)snprintf(cell, sizeof cell, "[%d..%d)", r * STEP, r * STEP + STEP);
        put_cell(out, cell);
        (void)snprintf(cell, sizeof cell, "&gt;= %d", r);
        put_cell(out, cell);
        if (t > 0)
            put_cell(out, "&gt;= 0");
        (void)fprintf(out, "<outputEntry><text>%d</text></outputEntry></rule>\n", r);
    }
    (void)fputs("</decisionTable></decision>\n", out);
}

char *bench_model_xml(const struct bench_model *model)
{
    char *xml = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&xml, &size);
    if (out == NULL)
        abort();
    (void)fputs("<definitions xmlns='https://www.omg.org/spec/DMN/20230324/MODEL/' name='bench' "
                "namespace='bench'>\n",
                out);
    for (int i = 0; model->rules == 0 && i < 2 * CHAIN; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "in%d", i);
        put_input(out, name, "number");
    }
    for (int t = 0; model->rules == 0 && t < CHAIN; t++)
        put_chained(out, t);
    if (model->rules > 0)
        put_table(out, model);
    (void)fputs("</definitions>\n", out);
    (void)fclose(out);
    return xml;
}

static void chain_facts(size_t i, struct bench_facts *facts)
{
    static const char *const names[] = {"in0", "in1", "in2", "in3", "in4", "in5", "in6", "in7"};
    facts->count = 2 * CHAIN;
    for (size_t j = 0; j < facts->count; j++) {
        facts->chain[j] = (int64_t)((i * 7 + j * 13) % (CHAIN_RULES * STEP));
        if (j % 2 == 1)
            facts->chain[j] += CHAIN_RULES;
        facts->names[j] = names[j];
        facts->types[j] = "number";
        (void)snprintf(facts->texts[j], sizeof facts->texts[j], "%d", (int)facts->chain[j]);
    }
}

static void table_facts(const struct bench_model *model, size_t i, struct bench_facts *facts)
{
    static const char *const names[] = {"amount", "region", "day"};
    static const char *const types[] = {"number", "string", "date"};
    size_t rule = (i * 7919) % model->rules;
    int64_t year;
    unsigned month, day;
    facts->count = 3;
    memcpy(facts->names, names, sizeof names);
    memcpy(facts->types, types, sizeof types);
    facts->amount = (int64_t)(rule / REGIONS * STEP + i % STEP);
    facts->region = (uint32_t)(rule % REGIONS);
    facts->day = window_start(rule) + (int64_t)(i % WINDOW_DAYS);
    feel_civil_from_days(facts->day, &year, &month, &day);
    (void)snprintf(facts->texts[0], sizeof facts->texts[0], "%d", (int)facts->amount);
    (void)snprintf(facts->texts[1], sizeof facts->texts[1], "R%u", (unsigned)facts->region);
    (void)snprintf(facts->texts[2], sizeof facts->texts[2], "%04d-%02u-%02u", (int)year % 10000,
                   month, day);
}

void bench_facts_at(const struct bench_model *model, size_t i, struct bench_facts *facts)
{
    *facts = (struct bench_facts){.count = 0};
    if (model->rules == 0)
        chain_facts(i, facts);
    else
        table_facts(model, i, facts);
}

static int64_t chain_by_hand(const struct bench_facts *facts)
{
    int64_t before = 0;
    for (size_t t = 0; t < CHAIN; t++) {
        int64_t found = -1;
        for (int64_t r = 0; r < CHAIN_RULES && found < 0; r++)
            if (facts->chain[2 * t] >= r * STEP && facts->chain[2 * t] < r * STEP + STEP &&
                facts->chain[2 * t + 1] >= r && before >= 0)
                found = r;
        before = found;
    }
    return before;
}

int64_t bench_by_hand(const struct bench_model *model, const struct bench_facts *facts)
{
    if (model->rules == 0)
        return chain_by_hand(facts);
    const char *region = facts->texts[1];
    for (size_t i = 0; i < model->rules; i++) {
        int64_t low = (int64_t)(i / REGIONS * STEP);
        int64_t first = window_start(0) + (int64_t)(i % WINDOWS);
        if (facts->amount >= low && facts->amount < low + STEP && region[0] == 'R' &&
            region[1] == (char)('0' + i % REGIONS) && region[2] == '\0' && facts->day >= first &&
            facts->day <= first + WINDOW_DAYS)
            return (int64_t)i;
    }
    return -1;
}
