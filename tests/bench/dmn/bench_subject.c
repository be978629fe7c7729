#include "bench_subject.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/dmn/dmn_trace.h"
#include "common/dmn/feel_number.h"
#include "common/dmn/feel_temporal.h"

enum {
    ARENA_BYTES = 64 * 1024 * 1024,
    MODEL_BYTES = 16 * 1024 * 1024,
    LINES_MAX = 1024,
    NOW_S = 1725530400 /* 2024-09-05T10:00:00Z, for models that ask */
};

double bench_cpu_s(void)
{
    struct timespec at;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

void bench_fail(const char *name, const char *why)
{
    (void)fprintf(stderr, "%s: %s\n", name, why);
    exit(1);
}

char *bench_read(const char *path)
{
    char *text = calloc(1, MODEL_BYTES);
    FILE *file = fopen(path, "r");
    if (file == NULL || text == NULL) {
        free(text);
        return NULL;
    }
    (void)!fread(text, 1, MODEL_BYTES - 1, file);
    (void)fclose(file);
    return text;
}

static struct feel_value value_of(const char *type, const char *text)
{
    struct feel_value value = feel_string(text, strlen(text));
    if (strcmp(type, "number") == 0)
        return feel_number_value(feel_number_of(strtol(text, NULL, 10)));
    if (strcmp(type, "date") == 0 && !feel_date_read(feel_text(text), &value))
        bench_fail(text, "no date");
    return value;
}

static void set_made_facts(struct bench_subject *s)
{
    s->count = BENCH_FACTS;
    s->facts = arena_array(s->kept, s->count, sizeof *s->facts);
    s->inputs = arena_array(s->kept, s->count, sizeof *s->inputs);
    for (size_t i = 0; i < s->count; i++) {
        struct bench_facts *facts = &s->facts[i];
        struct feel_entry *entries = arena_array(s->kept, BENCH_INPUTS_MAX, sizeof *entries);
        bench_facts_at(s->model, i, facts);
        for (size_t j = 0; j < facts->count; j++)
            entries[j] = (struct feel_entry){feel_text(facts->names[j]),
                                             value_of(facts->types[j], facts->texts[j])};
        s->inputs[i] = feel_context(entries, facts->count);
    }
}

/* The value of a FEEL expression, by a model that is nothing but it. */
static struct feel_value feel_value_of(const char *expression, struct arena *kept)
{
    char *xml = NULL;
    size_t size = 0;
    struct dmn_models *models;
    struct dmn_result result;
    struct error error;
    FILE *out = open_memstream(&xml, &size);
    (void)fprintf(out,
                  "<definitions xmlns='https://www.omg.org/spec/DMN/20230324/MODEL/' name='f' "
                  "namespace='f'><decision name='f' id='f'><literalExpression><text>%s</text>"
                  "</literalExpression></decision></definitions>",
                  expression);
    (void)fclose(out);
    struct dmn_source source = {"facts", xml, size};
    struct dmn_query query = {.node = "f", .input = feel_context(NULL, 0)};
    if (dmn_load(&source, 1, NULL, &models, &error) != STATUS_OK ||
        dmn_evaluate(models, &query, kept, &result, &error) != STATUS_OK ||
        result.value.kind != FEEL_CONTEXT)
        bench_fail("facts", expression);
    struct feel_value copy = feel_copy(kept, &result.value);
    dmn_free(models);
    free(xml);
    return copy;
}

static void read_facts(struct bench_subject *s, const char *path)
{
    char *text = bench_read(path), *rest = text;
    s->inputs = arena_array(s->kept, LINES_MAX, sizeof *s->inputs);
    if (text == NULL)
        bench_fail(path, "cannot be read");
    for (char *line; s->count < LINES_MAX && (line = strtok_r(rest, "\n", &rest)) != NULL;)
        s->inputs[s->count++] = feel_value_of(line, s->kept);
    free(text);
}

struct feel_value bench_evaluate(struct bench_subject *s, size_t i, enum bench_how how)
{
    struct dmn_query query = {.node = s->model->decision,
                              .input = s->inputs[i % s->count],
                              .now_us = (int64_t)NOW_S * 1000000};
    struct dmn_result result = {.value = feel_null()};
    struct dmn_trace trace = {.result = result};
    enum status status = STATUS_OK;
    arena_reset(s->arena);
    if (how == BENCH_PLAIN)
        status = dmn_evaluate(s->models, &query, s->arena, &result, NULL);
    else if (how != BENCH_NOTHING)
        status = dmn_trace(s->models, &query, s->arena, &trace, NULL);
    if (status != STATUS_OK || (how == BENCH_WRITTEN && dmn_trace_text(&trace, s->arena) == NULL))
        bench_fail(s->model->name, "does not evaluate");
    return how == BENCH_PLAIN ? result.value : trace.result.value;
}

static void check_made(struct bench_subject *s, size_t i, enum bench_how how)
{
    int64_t got;
    struct feel_value value = bench_evaluate(s, i, how);
    if (value.kind != FEEL_NUMBER || !feel_number_integer(value.number, &got) ||
        got != bench_by_hand(s->model, &s->facts[i]))
        bench_fail(s->model->name, "another result than by hand");
}

static void check(struct bench_subject *s)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->facts != NULL) {
            check_made(s, i, BENCH_PLAIN);
            check_made(s, i, BENCH_TRACE);
        } else if (bench_evaluate(s, i, BENCH_PLAIN).kind != FEEL_CONTEXT) {
            bench_fail(s->model->name, "comes to no context");
        }
    }
}

struct bench_subject *bench_load_with(const char *name, const char *facts)
{
    struct bench_subject *s = calloc(1, sizeof *s);
    struct dmn_limits limits = dmn_default_limits();
    struct error error;
    if (s == NULL || (s->model = bench_model_find(name)) == NULL)
        bench_fail(name, "no such model");
    char *xml = s->model->file == NULL ? bench_model_xml(s->model) : bench_read(s->model->file);
    if (xml == NULL)
        bench_fail(s->model->file, "cannot be read");
    struct dmn_source source = {name, xml, strlen(xml)};
    limits.model_bytes = MODEL_BYTES;
    double start = bench_cpu_s();
    if (dmn_load(&source, 1, &limits, &s->models, &error) != STATUS_OK)
        bench_fail(name, error.text);
    s->load_ms = (bench_cpu_s() - start) * 1e3;
    free(xml);
    s->arena = arena_create(ARENA_BYTES);
    s->kept = arena_create(ARENA_BYTES);
    if (s->model->file == NULL)
        set_made_facts(s);
    else
        read_facts(s, facts == NULL ? s->model->facts : facts);
    check(s);
    return s;
}

struct bench_subject *bench_load(const char *name)
{
    return bench_load_with(name, NULL);
}

void bench_unload(struct bench_subject *s)
{
    arena_destroy(s->arena);
    arena_destroy(s->kept);
    dmn_free(s->models);
    free(s);
}
