/* The FEEL parser and evaluation: the bytes are one expression, and the unary tests of a table's
 * only cell. Evaluating twice must come to the same bytes. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/dmn/dmn.h"
#include "common/dmn/feel_format.h"
#include "common/dmn/feel_number.h"
#include "fuzz.h"

enum {
    TEXT_MAX = 16 * 1024,
    LOAD_BYTES = 64 * 1024 * 1024,
    EVALUATION_BYTES = 32 * 1024 * 1024,
    STEPS = 20000,
    SHOWN_MAX = 1024 * 1024
};

static void put_text(FILE *out, const uint8_t *bytes, size_t size)
{
    (void)fputs("<text>", out);
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] == '<')
            (void)fputs("&lt;", out);
        else if (bytes[i] == '&')
            (void)fputs("&amp;", out);
        else if (bytes[i] >= ' ' || bytes[i] == '\n' || bytes[i] == '\t')
            (void)fputc(bytes[i], out);
    }
    (void)fputs("</text>", out);
}

/* In sight of the expression: x, a number; list; `a name`, a context. */
static char *model(const uint8_t *bytes, size_t size, size_t *written)
{
    static const char *const inputs[] = {"x", "list", "a name"};
    char *xml = NULL;
    FILE *out = open_memstream(&xml, written);
    if (out == NULL)
        return NULL;
    (void)fputs("<definitions xmlns='https://www.omg.org/spec/DMN/20230324/MODEL/' name='m' "
                "namespace='n'>",
                out);
    for (size_t i = 0; i < 3; i++)
        (void)fprintf(out, "<inputData name='%s' id='i%zu'><variable name='%s'/></inputData>",
                      inputs[i], i, inputs[i]);
    for (size_t d = 0; d < 2; d++) {
        (void)fprintf(out, "<decision name='d%zu' id='d%zu'><variable name='d%zu'/>", d, d, d);
        for (size_t i = 0; i < 3; i++)
            (void)fprintf(out,
                          "<informationRequirement><requiredInput href='#i%zu'/>"
                          "</informationRequirement>",
                          i);
        (void)fputs(d == 0 ? "<literalExpression>"
                           : "<decisionTable hitPolicy='COLLECT'><input><inputExpression><text>x"
                             "</text></inputExpression></input><output/><rule><inputEntry>",
                    out);
        put_text(out, bytes, size);
        (void)fputs(d == 0 ? "</literalExpression></decision>"
                           : "</inputEntry><outputEntry><text>1</text></outputEntry></rule>"
                             "</decisionTable></decision>",
                    out);
    }
    (void)fputs("</definitions>", out);
    (void)fclose(out);
    return xml;
}

static struct feel_value input(struct feel_entry entries[3], struct feel_entry members[2])
{
    static const struct feel_value items[2] = {{.kind = FEEL_BOOLEAN, .boolean = true},
                                               {.kind = FEEL_NULL}};
    members[0] = (struct feel_entry){feel_text("key"), feel_string("k", 1)};
    members[1] = (struct feel_entry){feel_text("value"), feel_number_value(feel_number_of(2))};
    entries[0] = (struct feel_entry){feel_text("x"), feel_number_value(feel_number_of(3))};
    entries[1] = (struct feel_entry){feel_text("list"), feel_list(items, 2)};
    entries[2] = (struct feel_entry){feel_text("a name"), feel_context(members, 2)};
    return feel_context(entries, 3);
}

/* The value in writing; NULL when a bound was reached. */
static char *evaluate(const struct dmn_models *models, const char *node)
{
    struct feel_entry entries[3], members[2];
    struct arena *arena = arena_create(EVALUATION_BYTES);
    struct dmn_query query = {.node = node, .input = input(entries, members), .steps = STEPS};
    struct dmn_result result;
    struct feel_text text;
    char *copy = NULL;
    if (arena != NULL && dmn_evaluate(models, &query, arena, &result, NULL) == STATUS_OK &&
        feel_format(arena, &result.value, SHOWN_MAX, &text))
        copy = strndup(text.bytes, text.size);
    arena_destroy(arena);
    return copy;
}

static void evaluate_twice(const struct dmn_models *models, const char *node)
{
    char *first = evaluate(models, node), *second = evaluate(models, node);
    if ((first == NULL) != (second == NULL) || (first != NULL && strcmp(first, second) != 0))
        abort();
    free(first);
    free(second);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    size_t written = 0;
    char *xml = size > TEXT_MAX ? NULL : model(bytes, size, &written);
    struct dmn_limits limits = dmn_default_limits();
    struct dmn_models *models;
    if (xml == NULL)
        return 0;
    struct dmn_source source = {"fuzz.dmn", xml, written};
    limits.load_bytes = LOAD_BYTES;
    if (dmn_load(&source, 1, &limits, &models, NULL) == STATUS_OK) {
        evaluate_twice(models, "d0");
        evaluate_twice(models, "d1");
        dmn_free(models);
    }
    free(xml);
    return 0;
}
