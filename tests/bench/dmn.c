/* What a decision costs.
 *
 *     dmn write DIRECTORY            the models, with facts beside them (NAME.dmn, NAME.facts)
 *     dmn judge NAME FACTS           a shipped model with other facts: what `write` puts beside it
 *     dmn run MS NAME...             CPU per evaluation over at least MS milliseconds each: a line
 *                                    of JSON per model
 *     dmn once NAME HOW COUNT        COUNT evaluations for a profiler; HOW: plain, trace, nothing
 *
 * To be started at the root of the repository. */

#include <stdlib.h>
#include <string.h>

#include "common/dmn/feel_format.h"
#include "dmn/bench_subject.h"

enum { CLOCK_EVERY = 64, VALUE_BYTES = 65536 };

/* Microseconds per evaluation. */
static double spend(struct bench_subject *s, enum bench_how how, double seconds)
{
    double start = bench_cpu_s(), spent;
    size_t count = 0;
    do {
        for (size_t i = 0; i < (how == BENCH_WRITTEN ? 1 : CLOCK_EVERY); i++, count++)
            (void)bench_evaluate(s, count, how);
        spent = bench_cpu_s() - start;
    } while (spent < seconds);
    return spent / (double)count * 1e6;
}

static double spend_by_hand(struct bench_subject *s, double seconds)
{
    volatile int64_t sum = 0;
    double start = bench_cpu_s(), spent;
    size_t count = 0;
    if (s->facts == NULL)
        return 0;
    do {
        for (size_t i = 0; i < CLOCK_EVERY; i++, count++)
            sum += bench_by_hand(s->model, &s->facts[count % s->count]);
        spent = bench_cpu_s() - start;
    } while (spent < seconds);
    return spent / (double)count * 1e6;
}

static void run(const char *name, double seconds)
{
    struct bench_subject *s = bench_load(name);
    (void)spend(s, BENCH_PLAIN, seconds / 4);
    double plain = spend(s, BENCH_PLAIN, seconds), trace = spend(s, BENCH_TRACE, seconds);
    (void)printf("{\"model\": \"%s\", \"us\": %.3f, \"trace_us\": %.3f, \"written_us\": %.3f, "
                 "\"hand_us\": %.4f, \"load_ms\": %.2f, \"kib\": %.0f, \"aim_us\": %.1f}\n",
                 name, plain, trace, spend(s, BENCH_WRITTEN, seconds / 4),
                 spend_by_hand(s, seconds / 4), s->load_ms, (double)dmn_memory(s->models) / 1024,
                 s->model->aim_us);
    (void)fflush(stdout);
    bench_unload(s);
}

static FILE *create(const char *directory, const char *name, const char *end)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/%s%s", directory, name, end);
    FILE *file = fopen(path, "w");
    if (file == NULL)
        bench_fail(path, "cannot be written");
    return file;
}

static void put_made(FILE *file, const struct bench_model *model)
{
    for (size_t i = 0; i < BENCH_FACTS; i++) {
        struct bench_facts facts;
        bench_facts_at(model, i, &facts);
        for (size_t j = 0; j < facts.count; j++) {
            bool date = strcmp(facts.types[j], "date") == 0;
            const char *quote = strcmp(facts.types[j], "number") == 0 ? "" : "\"";
            (void)fprintf(file, "%s%s: %s%s%s%s", j == 0 ? "{" : ", ", facts.names[j],
                          date ? "@" : "", quote, facts.texts[j], quote);
        }
        (void)fprintf(file, "}\t%s\t%d\n", model->decision, (int)bench_by_hand(model, &facts));
    }
}

/* `facts`: other ones than the model's own, or NULL. */
static void put_shipped(FILE *file, const struct bench_model *model, const char *facts)
{
    struct bench_subject *s = bench_load_with(model->name, facts);
    char *text = bench_read(facts == NULL ? model->facts : facts), *rest = text;
    for (size_t i = 0; i < s->count; i++) {
        struct feel_value value = bench_evaluate(s, i, BENCH_PLAIN);
        struct feel_text written;
        if (!feel_format(s->arena, &value, VALUE_BYTES, &written))
            bench_fail(model->name, "gives a value too long to write");
        (void)fprintf(file, "%s\t%s\t%.*s\n", strtok_r(rest, "\n", &rest), model->decision,
                      (int)written.size, written.bytes);
    }
    free(text);
    bench_unload(s);
}

/* A line per set of facts: a FEEL context, the decision and what it comes to, in FEEL. */
static void write_model(const char *directory, const struct bench_model *model)
{
    char *xml = model->file == NULL ? bench_model_xml(model) : bench_read(model->file);
    if (xml == NULL) {
        (void)fprintf(stderr, "%s: not there, left out\n", model->file);
        return;
    }
    FILE *file = create(directory, model->name, ".dmn");
    (void)fputs(xml, file);
    (void)fclose(file);
    free(xml);
    file = create(directory, model->name, ".facts");
    if (model->file == NULL)
        put_made(file, model);
    else
        put_shipped(file, model, NULL);
    (void)fclose(file);
    (void)printf("%s\n", model->name);
}

static enum bench_how how_of(const char *text)
{
    return strcmp(text, "plain") == 0   ? BENCH_PLAIN
           : strcmp(text, "trace") == 0 ? BENCH_TRACE
                                        : BENCH_NOTHING;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "write") == 0) {
        for (size_t i = 0; i < bench_model_count; i++)
            write_model(argv[2], &bench_models[i]);
    } else if (argc == 4 && strcmp(argv[1], "judge") == 0) {
        const struct bench_model *model = bench_model_find(argv[2]);
        if (model == NULL || model->file == NULL)
            bench_fail(argv[2], "no shipped model");
        put_shipped(stdout, model, argv[3]);
    } else if (argc > 3 && strcmp(argv[1], "run") == 0) {
        for (int i = 3; i < argc; i++)
            run(argv[i], strtod(argv[2], NULL) / 1e3);
    } else if (argc == 5 && strcmp(argv[1], "once") == 0) {
        struct bench_subject *s = bench_load(argv[2]);
        for (size_t i = 0, count = strtoul(argv[4], NULL, 10); i < count; i++)
            (void)bench_evaluate(s, i, how_of(argv[3]));
        bench_unload(s);
    } else {
        (void)fputs("usage: dmn write DIRECTORY | judge NAME FACTS | run MS NAME... | once NAME "
                    "HOW COUNT\n",
                    stderr);
        return 2;
    }
    return 0;
}
