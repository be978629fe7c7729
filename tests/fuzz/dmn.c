/* Throws broken models and expressions at the decision engine: FEEL parser, XML loader, evaluation,
 * trace and analysis. What it finds shows as a crash, a sanitizer's report or a run without end.
 *
 *     dmn SECONDS SEED FILE...      FILEs are models to start from (tests/dmn/kit)
 *
 * The input at hand is written to dmn-fuzz-last.dmn in $TMPDIR (or /tmp) before it is tried. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/dmn/dmn.h"
#include "common/dmn/dmn_analysis.h"
#include "common/dmn/dmn_trace.h"

enum {
    FILES_MAX = 256,
    TEXTS_MAX = 20000,
    FILE_BYTES_MAX = 1024 * 1024,
    EXPRESSION_MAX = 4096,
    LOAD_BYTES = 64 * 1024 * 1024,
    EVALUATION_BYTES = 32 * 1024 * 1024
};

/* Where inputs come from: whole models, and the expressions within them. */
struct corpus {
    char *files[FILES_MAX];
    size_t sizes[FILES_MAX];
    size_t file_count;
    char *texts[TEXTS_MAX];
    size_t text_count;
    uint64_t random;
    char last[256];
};

static const char *const fragments[] = {"(",
                                        ")",
                                        "[",
                                        "]",
                                        "{",
                                        "}",
                                        ":",
                                        ",",
                                        "..",
                                        "-",
                                        "**",
                                        "in ",
                                        "item",
                                        "partial",
                                        "between 1 and ",
                                        "instance of list<number>",
                                        "for i in ",
                                        "return ",
                                        "some x in ",
                                        "satisfies ",
                                        "function(a) ",
                                        "@\"P1D\"",
                                        "?",
                                        "null",
                                        "<",
                                        ">=",
                                        "\"",
                                        "not(",
                                        "1e9",
                                        "9999999999",
                                        "if ",
                                        "then ",
                                        "else ",
                                        "external {",
                                        "date and time(",
                                        "sort(",
                                        "range(\"",
                                        "matches(",
                                        "replace("};

static size_t below(struct corpus *c, size_t bound)
{
    c->random ^= c->random << 13;
    c->random ^= c->random >> 7;
    c->random ^= c->random << 17;
    return (size_t)(c->random % bound);
}

static void collect_texts(struct corpus *c, const char *file)
{
    static const char open[] = "<text>", close[] = "</text>";
    const char *at = file;
    while (c->text_count < TEXTS_MAX && (at = strstr(at, open)) != NULL) {
        at += sizeof open - 1;
        const char *end = strstr(at, close);
        if (end == NULL)
            return;
        c->texts[c->text_count++] = strndup(at, (size_t)(end - at));
    }
}

static void read_file(struct corpus *c, const char *path)
{
    FILE *file = fopen(path, "rb");
    char *bytes = malloc(FILE_BYTES_MAX + 1);
    if (file == NULL || bytes == NULL || c->file_count == FILES_MAX) {
        (void)fprintf(stderr, "%s: cannot be read\n", path);
        exit(2);
    }
    size_t size = fread(bytes, 1, FILE_BYTES_MAX, file);
    (void)fclose(file);
    bytes[size] = '\0';
    c->files[c->file_count] = bytes;
    c->sizes[c->file_count++] = size;
    collect_texts(c, bytes);
}

static void keep(const struct corpus *c, const char *bytes, size_t size)
{
    FILE *file = fopen(c->last, "wb");
    if (file == NULL)
        return;
    (void)fwrite(bytes, 1, size, file);
    (void)fclose(file);
}

/* Evaluates every decision by its name, and looks at every table. */
static void exercise(const struct dmn_models *models, const char *bytes, size_t size)
{
    static const char mark[] = "<decision name=\"";
    struct arena *arena = arena_create(EVALUATION_BYTES);
    struct dmn_analysis analysis;
    char name[128];
    const char *end = bytes + size;
    for (const char *at = bytes; (at = memmem(at, (size_t)(end - at), mark, sizeof mark - 1));) {
        at += sizeof mark - 1;
        const char *quote = memchr(at, '"', (size_t)(end - at));
        if (quote == NULL || (size_t)(quote - at) >= sizeof name)
            continue;
        memcpy(name, at, (size_t)(quote - at));
        name[quote - at] = '\0';
        arena_reset(arena);
        struct dmn_query query = {.node = name, .input = feel_context(NULL, 0)};
        struct dmn_trace trace;
        if (dmn_trace(models, &query, arena, &trace, NULL) == STATUS_OK)
            (void)dmn_trace_text(&trace, arena);
    }
    arena_reset(arena);
    if (dmn_analyse(models, arena, &analysis, NULL) != STATUS_OK)
        analysis.count = 0;
    arena_destroy(arena);
}

static void try_model(const struct corpus *c, const char *bytes, size_t size)
{
    struct dmn_source source = {"fuzz.dmn", bytes, size};
    struct dmn_limits limits = dmn_default_limits();
    struct dmn_models *models;
    limits.load_bytes = LOAD_BYTES;
    keep(c, bytes, size);
    if (dmn_load(&source, 1, &limits, &models, NULL) != STATUS_OK)
        return;
    exercise(models, bytes, size);
    dmn_free(models);
}

/* Pieces of expressions put together, with fragments dropped in. */
static size_t make_expression(struct corpus *c, char out[EXPRESSION_MAX])
{
    size_t size = 0, parts = 1 + below(c, 3), drops = below(c, 6);
    for (size_t i = 0; i < parts; i++) {
        const char *text = c->texts[below(c, c->text_count)];
        size_t length = strlen(text), from = below(c, 2) == 0 ? 0 : below(c, length + 1);
        size_t take = below(c, 2) == 0 ? length - from : below(c, length - from + 1);
        if (size + take > EXPRESSION_MAX / 2)
            take = EXPRESSION_MAX / 2 - size;
        memcpy(out + size, text + from, take);
        size += take;
    }
    for (size_t i = 0; i < drops; i++) {
        const char *fragment = fragments[below(c, sizeof fragments / sizeof *fragments)];
        size_t length = strlen(fragment), at = below(c, size + 1);
        memmove(out + at + length, out + at, size - at);
        memcpy(out + at, fragment, length);
        size += length;
    }
    return size;
}

static void put_text(FILE *out, const char *text, size_t size)
{
    (void)fputs("<text>", out);
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '<')
            (void)fputs("&lt;", out);
        else if (text[i] == '&')
            (void)fputs("&amp;", out);
        else if (text[i] >= ' ' || text[i] < 0)
            (void)fputc(text[i], out);
    }
    (void)fputs("</text>", out);
}

static void put_table(FILE *out, const char *text, size_t size)
{
    (void)fputs("<decisionTable hitPolicy=\"COLLECT\"><input><inputExpression><text>1 + 1</text>"
                "</inputExpression></input><output/>",
                out);
    for (size_t i = 0; i < 5; i++) {
        (void)fputs("<rule><inputEntry>", out);
        put_text(out, text, size);
        (void)fputs("</inputEntry><outputEntry>", out);
        put_text(out, text, size / 2);
        (void)fputs("</outputEntry></rule>", out);
    }
    (void)fputs("</decisionTable>", out);
}

static void fuzz_expression(struct corpus *c)
{
    char text[EXPRESSION_MAX], *xml = NULL;
    size_t size = make_expression(c, text), xml_size = 0;
    FILE *out = open_memstream(&xml, &xml_size);
    if (out == NULL)
        return;
    (void)fputs("<definitions xmlns=\"https://www.omg.org/spec/DMN/20230324/MODEL/\" name=\"m\" "
                "namespace=\"n\"><decision name=\"d\" id=\"d\"><variable name=\"d\"/>",
                out);
    if (below(c, 4) == 0) {
        put_table(out, text, size);
    } else {
        (void)fputs("<literalExpression>", out);
        put_text(out, text, size);
        (void)fputs("</literalExpression>", out);
    }
    (void)fputs("</decision></definitions>", out);
    (void)fclose(out);
    try_model(c, xml, xml_size);
    free(xml);
}

/* A model with bytes changed, cut out and copied about. */
static void fuzz_model(struct corpus *c)
{
    size_t file = below(c, c->file_count), size = c->sizes[file], changes = 1 + below(c, 8);
    char *bytes = malloc(size + 1);
    if (bytes == NULL || size == 0) {
        free(bytes);
        return;
    }
    memcpy(bytes, c->files[file], size);
    for (size_t i = 0; i < changes; i++) {
        size_t at = below(c, size), from = below(c, size), length = below(c, 100);
        if (below(c, 3) == 0) {
            bytes[at] = (char)below(c, 256);
        } else if (at + length < size && from + length < size) {
            memmove(bytes + at, bytes + from, length);
        }
    }
    try_model(c, bytes, size);
    free(bytes);
}

int main(int argc, char **argv)
{
    static struct corpus corpus;
    const char *directory = getenv("TMPDIR");
    if (argc < 4) {
        (void)fprintf(stderr, "usage: %s SECONDS SEED FILE...\n", argv[0]);
        return 2;
    }
    corpus.random = strtoull(argv[2], NULL, 10) * 0x9E3779B97F4A7C15u + 1;
    (void)snprintf(corpus.last, sizeof corpus.last, "%s/dmn-fuzz-last.dmn",
                   directory == NULL ? "/tmp" : directory);
    for (int i = 3; i < argc; i++)
        read_file(&corpus, argv[i]);
    if (corpus.text_count == 0)
        return 2;
    time_t end = time(NULL) + strtol(argv[1], NULL, 10);
    size_t runs = 0;
    for (; time(NULL) < end; runs++) {
        if (below(&corpus, 8) == 0)
            fuzz_model(&corpus);
        else
            fuzz_expression(&corpus);
    }
    (void)printf("%zu inputs\n", runs);
    for (size_t i = 0; i < corpus.text_count; i++)
        free(corpus.texts[i]);
    for (size_t i = 0; i < corpus.file_count; i++)
        free(corpus.files[i]);
    return 0;
}
