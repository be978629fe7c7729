/* What a decision costs: CPU per evaluation over generated tables (a number range, a string, a date
 * range), with and without a trace, load time and memory, beside hand-written C for the same rules.
 *
 *     dmn [evaluations]     default 200000 per table, fewer for the slow ones */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/dmn/dmn.h"
#include "common/dmn/dmn_trace.h"
#include "common/dmn/feel_calendar.h"
#include "common/dmn/feel_number.h"
#include "common/dmn/feel_temporal.h"

enum { REGIONS = 10, ARENA_BYTES = 64 * 1024 * 1024, INPUTS = 256 };

static double cpu_s(void)
{
    struct timespec at;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

/* Rule i: an amount in [10i .. 10i+10), one of ten regions, a day in a window of 400 days. */
static char *table_model(size_t rules, const char *policy)
{
    char *xml = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&xml, &size);
    (void)fprintf(out, "<definitions xmlns='https://www.omg.org/spec/DMN/20230324/MODEL/' "
                       "name='bench' namespace='bench'>");
    static const char *const inputs[] = {"amount", "region", "day"};
    static const char *const types[] = {"number", "string", "date"};
    for (size_t i = 0; i < 3; i++)
        (void)fprintf(out,
                      "<inputData name='%s' id='%s'><variable name='%s' typeRef='%s'/>"
                      "</inputData>",
                      inputs[i], inputs[i], inputs[i], types[i]);
    (void)fprintf(out, "<decision name='fee' id='fee'><variable name='fee' typeRef='number'/>");
    for (size_t i = 0; i < 3; i++)
        (void)fprintf(out,
                      "<informationRequirement><requiredInput href='#%s'/>"
                      "</informationRequirement>",
                      inputs[i]);
    (void)fprintf(out, "<decisionTable hitPolicy='%s'>", policy);
    for (size_t i = 0; i < 3; i++)
        (void)fprintf(out, "<input><inputExpression><text>%s</text></inputExpression></input>",
                      inputs[i]);
    (void)fprintf(out, "<output/>");
    for (size_t i = 0; i < rules; i++)
        (void)fprintf(out,
                      "<rule><inputEntry><text>[%zu..%zu)</text></inputEntry><inputEntry><text>"
                      "\"R%zu\"</text></inputEntry><inputEntry><text>[date(\"2024-01-01\").."
                      "date(\"2025-02-04\")]</text></inputEntry><outputEntry><text>%zu</text>"
                      "</outputEntry></rule>",
                      i / REGIONS * 10, i / REGIONS * 10 + 10, i % REGIONS, i);
    (void)fprintf(out, "</decisionTable></decision></definitions>");
    (void)fclose(out);
    return xml;
}

/* The same rules by hand: what there is to gain at most. */
struct facts {
    int64_t amount;
    char region[4];
    int64_t day;
};

static int64_t by_hand(const struct facts *facts, size_t rules)
{
    int64_t first = feel_days_from_civil(2024, 1, 1), last = feel_days_from_civil(2025, 2, 4);
    for (size_t i = 0; i < rules; i++) {
        int64_t low = (int64_t)(i / REGIONS * 10);
        if (facts->amount >= low && facts->amount < low + 10 && facts->region[0] == 'R' &&
            facts->region[1] == (char)('0' + i % REGIONS) && facts->day >= first &&
            facts->day <= last)
            return (int64_t)i;
    }
    return -1;
}

static struct facts facts_at(size_t i, size_t rules)
{
    size_t rule = (i * 7919) % rules;
    struct facts facts = {.amount = (int64_t)(rule / REGIONS * 10 + i % 10),
                          .day = feel_days_from_civil(2024, 6, 1)};
    facts.region[0] = 'R';
    facts.region[1] = (char)('0' + rule % REGIONS);
    return facts;
}

static struct feel_value context_of(const struct facts *facts, struct feel_entry entries[3])
{
    struct feel_value day = feel_null();
    (void)feel_date_read(feel_text("2024-06-01"), &day);
    entries[0] =
        (struct feel_entry){feel_text("amount"), feel_number_value(feel_number_of(facts->amount))};
    entries[1] = (struct feel_entry){feel_text("region"), feel_string(facts->region, 2)};
    entries[2] = (struct feel_entry){feel_text("day"), day};
    return feel_context(entries, 3);
}

/* One evaluation; false when the result is not what the rules by hand say. */
static bool evaluate_one(const struct dmn_models *models, struct feel_value input, bool traced,
                         struct arena *arena, int64_t expected)
{
    struct dmn_query query = {.node = "fee", .input = input};
    struct dmn_result result;
    struct dmn_trace trace;
    int64_t value;
    arena_reset(arena);
    enum status status = traced ? dmn_trace(models, &query, arena, &trace, NULL)
                                : dmn_evaluate(models, &query, arena, &result, NULL);
    const struct feel_value *out = traced ? &trace.result.value : &result.value;
    return status == STATUS_OK && out->kind == FEEL_NUMBER &&
           feel_number_integer(out->number, &value) && value == expected;
}

static double measure(const struct dmn_models *models, size_t rules, bool traced, size_t count)
{
    static struct facts facts[INPUTS];
    static struct feel_entry entries[INPUTS][3];
    struct feel_value inputs[INPUTS];
    struct arena *arena = arena_create(ARENA_BYTES);
    for (size_t i = 0; i < INPUTS; i++) {
        facts[i] = facts_at(i, rules);
        inputs[i] = context_of(&facts[i], entries[i]);
        if (!evaluate_one(models, inputs[i], traced, arena, by_hand(&facts[i], rules))) {
            (void)fprintf(stderr, "a wrong result for %zu rules\n", rules);
            exit(1);
        }
    }
    double start = cpu_s();
    for (size_t i = 0; i < count; i++)
        (void)evaluate_one(models, inputs[i % INPUTS], traced, arena, 0);
    double spent = cpu_s() - start;
    arena_destroy(arena);
    return spent / (double)count * 1e6;
}

static double measure_hand(size_t rules, size_t count)
{
    volatile int64_t sum = 0;
    double start = cpu_s();
    for (size_t i = 0; i < count; i++) {
        struct facts facts = facts_at(i, rules);
        sum += by_hand(&facts, rules);
    }
    return (cpu_s() - start) / (double)count * 1e6;
}

static void bench_table(size_t rules, const char *policy, size_t count)
{
    char *xml = table_model(rules, policy);
    struct dmn_source source = {"bench.dmn", xml, strlen(xml)};
    struct dmn_limits limits = dmn_default_limits();
    struct dmn_models *models;
    struct error error;
    limits.model_bytes = 16 * 1024 * 1024;
    double start = cpu_s();
    if (dmn_load(&source, 1, &limits, &models, &error) != STATUS_OK) {
        (void)fprintf(stderr, "%s\n", error.text);
        exit(1);
    }
    double load_ms = (cpu_s() - start) * 1e3;
    size_t traced_count = count / (1 + rules / 20) + 10;
    (void)printf("%-8s %6zu rules  %8.3f us  %8.3f us by hand  %10.1f us traced  load %8.1f ms"
                 "  %7.1f KiB\n",
                 policy, rules, measure(models, rules, false, count),
                 measure_hand(rules, count / (1 + rules / 100) + 10),
                 measure(models, rules, true, traced_count), load_ms,
                 (double)dmn_memory(models) / 1024);
    dmn_free(models);
    free(xml);
}

/* Four tables of 15 rules in a chain, each over two of eight inputs and the table before it. */
static char *chain_model(void)
{
    char *xml = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&xml, &size);
    (void)fprintf(out, "<definitions xmlns='https://www.omg.org/spec/DMN/20230324/MODEL/' "
                       "name='chain' namespace='chain'>");
    for (int i = 0; i < 8; i++)
        (void)fprintf(out,
                      "<inputData name='in%d' id='in%d'><variable name='in%d' typeRef='number'/>"
                      "</inputData>",
                      i, i, i);
    for (int t = 0; t < 4; t++) {
        (void)fprintf(out, "<decision name='t%d' id='t%d'><variable name='t%d'/>", t, t, t);
        for (int i = 2 * t; i < 2 * t + 2; i++)
            (void)fprintf(out,
                          "<informationRequirement><requiredInput href='#in%d'/>"
                          "</informationRequirement>",
                          i);
        if (t > 0)
            (void)fprintf(out,
                          "<informationRequirement><requiredDecision href='#t%d'/>"
                          "</informationRequirement>",
                          t - 1);
        (void)fprintf(out, "<decisionTable hitPolicy='FIRST'>");
        for (int i = 2 * t; i < 2 * t + 2; i++)
            (void)fprintf(out,
                          "<input><inputExpression><text>in%d</text></inputExpression></input>", i);
        if (t > 0)
            (void)fprintf(out, "<input><inputExpression><text>t%d</text></inputExpression></input>",
                          t - 1);
        (void)fprintf(out, "<output/>");
        for (int r = 0; r < 15; r++)
            (void)fprintf(out,
                          "<rule><inputEntry><text>[%d..%d)</text></inputEntry><inputEntry><text>"
                          ">= %d</text></inputEntry>%s<outputEntry><text>%d</text></outputEntry>"
                          "</rule>",
                          r * 10, r * 10 + 10, r,
                          t > 0 ? "<inputEntry><text>-</text></inputEntry>" : "", r);
        (void)fprintf(out, "</decisionTable></decision>");
    }
    (void)fprintf(out, "</definitions>");
    (void)fclose(out);
    return xml;
}

static void bench_chain(size_t count)
{
    static const char *const names[] = {"in0", "in1", "in2", "in3", "in4", "in5", "in6", "in7"};
    char *xml = chain_model();
    struct dmn_source source = {"chain.dmn", xml, strlen(xml)};
    struct dmn_models *models;
    struct error error;
    struct feel_entry entries[8];
    struct arena *arena = arena_create(ARENA_BYTES);
    if (dmn_load(&source, 1, NULL, &models, &error) != STATUS_OK) {
        (void)fprintf(stderr, "%s\n", error.text);
        exit(1);
    }
    double start = cpu_s();
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < 8; j++)
            entries[j] = (struct feel_entry){
                feel_text(names[j]),
                feel_number_value(feel_number_of((int64_t)((i * 7 + j) % 150)))};
        struct dmn_query query = {.node = "t3", .input = feel_context(entries, 8)};
        struct dmn_result result;
        arena_reset(arena);
        if (dmn_evaluate(models, &query, arena, &result, &error) != STATUS_OK)
            exit(1);
    }
    (void)printf("four chained tables of 15 rules  %8.3f us\n",
                 (cpu_s() - start) / (double)count * 1e6);
    arena_destroy(arena);
    dmn_free(models);
    free(xml);
}

int main(int argc, char **argv)
{
    static const size_t sizes[] = {10, 100, 1000, 10000};
    size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : 200000;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        bench_table(sizes[i], "FIRST", count);
        bench_table(sizes[i], "UNIQUE", count);
    }
    bench_chain(count);
    return 0;
}
