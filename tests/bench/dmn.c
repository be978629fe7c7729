/* What a decision costs.
 *
 *     dmn write DIRECTORY            the made models, with facts beside them (NAME.dmn, NAME.facts)
 *     dmn run MS NAME...             CPU per evaluation over at least MS milliseconds each: a line
 * of JSON per model dmn once NAME HOW COUNT        COUNT evaluations for a profiler; HOW: plain,
 * trace, nothing
 *
 * What comes out is compared with the same rules by hand before anything is measured. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/dmn/dmn.h"
#include "common/dmn/dmn_trace.h"
#include "common/dmn/feel_number.h"
#include "common/dmn/feel_temporal.h"
#include "dmn/bench_model.h"

enum { ARENA_BYTES = 64 * 1024 * 1024, MODEL_BYTES = 16 * 1024 * 1024, CLOCK_EVERY = 64 };

enum how { NOTHING, PLAIN, TRACE, WRITTEN };

/* A loaded model with its facts as values. */
struct subject {
    const struct bench_model *model;
    struct dmn_models *models;
    struct arena *arena;
    struct bench_facts facts[BENCH_FACTS];
    struct feel_entry entries[BENCH_FACTS][BENCH_INPUTS_MAX];
    struct feel_value inputs[BENCH_FACTS];
    double load_ms;
};

static double cpu_s(void)
{
    struct timespec at;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static void fail(const char *name, const char *why)
{
    (void)fprintf(stderr, "%s: %s\n", name, why);
    exit(1);
}

static struct feel_value value_of(const char *type, const char *text)
{
    struct feel_value value = feel_string(text, strlen(text));
    if (strcmp(type, "number") == 0)
        return feel_number_value(feel_number_of(strtol(text, NULL, 10)));
    if (strcmp(type, "date") == 0 && !feel_date_read(feel_text(text), &value))
        fail(text, "no date");
    return value;
}

static void set_facts(struct subject *s)
{
    for (size_t i = 0; i < BENCH_FACTS; i++) {
        struct bench_facts *facts = &s->facts[i];
        bench_facts_at(s->model, i, facts);
        for (size_t j = 0; j < facts->count; j++)
            s->entries[i][j] = (struct feel_entry){feel_text(facts->names[j]),
                                                   value_of(facts->types[j], facts->texts[j])};
        s->inputs[i] = feel_context(s->entries[i], facts->count);
    }
}

/* One evaluation. The value lies in the arena until the next one. */
static struct feel_value evaluate(struct subject *s, size_t i, enum how how)
{
    struct dmn_query query = {.node = bench_decision(s->model),
                              .input = s->inputs[i % BENCH_FACTS]};
    struct dmn_result result = {.value = feel_null()};
    struct dmn_trace trace = {.result = result};
    enum status status = STATUS_OK;
    arena_reset(s->arena);
    if (how == PLAIN)
        status = dmn_evaluate(s->models, &query, s->arena, &result, NULL);
    else if (how != NOTHING)
        status = dmn_trace(s->models, &query, s->arena, &trace, NULL);
    if (status != STATUS_OK || (how == WRITTEN && dmn_trace_text(&trace, s->arena) == NULL))
        fail(s->model->name, "does not evaluate");
    return how == PLAIN ? result.value : trace.result.value;
}

static void check(struct subject *s)
{
    for (size_t i = 0; i < BENCH_FACTS; i++) {
        int64_t plain, traced, hand = bench_by_hand(s->model, &s->facts[i]);
        struct feel_value value = evaluate(s, i, PLAIN);
        if (value.kind != FEEL_NUMBER || !feel_number_integer(value.number, &plain))
            fail(s->model->name, "no number");
        value = evaluate(s, i, TRACE);
        if (value.kind != FEEL_NUMBER || !feel_number_integer(value.number, &traced) ||
            plain != hand || traced != hand)
            fail(s->model->name, "another result than by hand");
    }
}

static struct subject *load(const char *name)
{
    struct subject *s = calloc(1, sizeof *s);
    struct dmn_limits limits = dmn_default_limits();
    struct error error;
    if (s == NULL || (s->model = bench_model_find(name)) == NULL)
        fail(name, "no such model");
    char *xml = bench_model_xml(s->model);
    struct dmn_source source = {name, xml, strlen(xml)};
    limits.model_bytes = MODEL_BYTES;
    double start = cpu_s();
    if (dmn_load(&source, 1, &limits, &s->models, &error) != STATUS_OK)
        fail(name, error.text);
    s->load_ms = (cpu_s() - start) * 1e3;
    free(xml);
    s->arena = arena_create(ARENA_BYTES);
    set_facts(s);
    check(s);
    return s;
}

static void unload(struct subject *s)
{
    arena_destroy(s->arena);
    dmn_free(s->models);
    free(s);
}

/* Microseconds per evaluation. */
static double spend(struct subject *s, enum how how, double seconds)
{
    double start = cpu_s(), spent;
    size_t count = 0;
    do {
        for (size_t i = 0; i < (how == WRITTEN ? 1 : CLOCK_EVERY); i++, count++)
            (void)evaluate(s, count, how);
        spent = cpu_s() - start;
    } while (spent < seconds);
    return spent / (double)count * 1e6;
}

static double spend_by_hand(struct subject *s, double seconds)
{
    volatile int64_t sum = 0;
    double start = cpu_s(), spent;
    size_t count = 0;
    do {
        for (size_t i = 0; i < CLOCK_EVERY; i++, count++)
            sum += bench_by_hand(s->model, &s->facts[count % BENCH_FACTS]);
        spent = cpu_s() - start;
    } while (spent < seconds);
    return spent / (double)count * 1e6;
}

static void run(const char *name, double seconds)
{
    struct subject *s = load(name);
    (void)spend(s, PLAIN, seconds / 4);
    double plain = spend(s, PLAIN, seconds), trace = spend(s, TRACE, seconds);
    (void)printf("{\"model\": \"%s\", \"us\": %.3f, \"trace_us\": %.3f, \"written_us\": %.3f, "
                 "\"hand_us\": %.4f, \"load_ms\": %.2f, \"kib\": %.0f, \"aim_us\": %.1f}\n",
                 name, plain, trace, spend(s, WRITTEN, seconds / 4), spend_by_hand(s, seconds / 4),
                 s->load_ms, (double)dmn_memory(s->models) / 1024, s->model->aim_us);
    (void)fflush(stdout);
    unload(s);
}

static FILE *create(const char *directory, const char *name, const char *end)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/%s%s", directory, name, end);
    FILE *file = fopen(path, "w");
    if (file == NULL)
        fail(path, "cannot be written");
    return file;
}

/* `name TYPE text` of each input and, behind `=`, what comes out; a line per set of facts. */
static void write_model(const char *directory, const struct bench_model *model)
{
    char *xml = bench_model_xml(model);
    FILE *file = create(directory, model->name, ".dmn");
    (void)fputs(xml, file);
    (void)fclose(file);
    free(xml);
    file = create(directory, model->name, ".facts");
    for (size_t i = 0; i < BENCH_FACTS; i++) {
        struct bench_facts facts;
        bench_facts_at(model, i, &facts);
        for (size_t j = 0; j < facts.count; j++)
            (void)fprintf(file, "%s\t%s\t%s\t", facts.names[j], facts.types[j], facts.texts[j]);
        (void)fprintf(file, "=\t%d\n", (int)bench_by_hand(model, &facts));
    }
    (void)fclose(file);
}

static enum how how_of(const char *text)
{
    return strcmp(text, "plain") == 0 ? PLAIN : strcmp(text, "trace") == 0 ? TRACE : NOTHING;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "write") == 0) {
        for (size_t i = 0; i < bench_model_count; i++)
            write_model(argv[2], &bench_models[i]);
    } else if (argc > 3 && strcmp(argv[1], "run") == 0) {
        for (int i = 3; i < argc; i++)
            run(argv[i], strtod(argv[2], NULL) / 1e3);
    } else if (argc == 5 && strcmp(argv[1], "once") == 0) {
        struct subject *s = load(argv[2]);
        for (size_t i = 0, count = strtoul(argv[4], NULL, 10); i < count; i++)
            (void)evaluate(s, i, how_of(argv[3]));
        unload(s);
    } else {
        (void)fputs("usage: dmn write DIRECTORY | run MS NAME... | once NAME HOW COUNT\n", stderr);
        return 2;
    }
    return 0;
}
