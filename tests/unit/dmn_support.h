/* For the tests of common/dmn: models in a line, and values in writing. */

#ifndef REDRESS_TESTS_UNIT_DMN_SUPPORT_H
#define REDRESS_TESTS_UNIT_DMN_SUPPORT_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/dmn/dmn.h"
#include "common/dmn/feel_format.h"

enum { SUPPORT_ARENA_BYTES = 64 * 1024 * 1024, SUPPORT_TEXT_MAX = 2 * 1024 * 1024 };

#define DMN_NAMESPACE "https://www.omg.org/spec/DMN/20230324/MODEL/"
#define DMN_MODEL(body) \
    "<definitions xmlns='" DMN_NAMESPACE "' name='model' namespace='ns'>" body "</definitions>"
#define DMN_LITERAL(text) "<literalExpression><text>" text "</text></literalExpression>"

/* An arena whose first bytes are, like those of one in use, anything but zero, and never the same.
 */
static inline struct arena *support_used_arena(void)
{
    struct arena *arena = arena_create(SUPPORT_ARENA_BYTES);
    uint32_t *words = arena_alloc(arena, ARENA_FIRST_BLOCK / 2);
    uint32_t next = 1;
    for (size_t i = 0; i < ARENA_FIRST_BLOCK / 2 / sizeof *words; i++) {
        next = next * 1664525u + 1013904223u;
        words[i] = next;
    }
    arena_reset(arena);
    return arena;
}

/* Loads one file or fails the test. */
static inline struct dmn_models *support_load(const char *xml)
{
    struct dmn_source source = {"model.dmn", xml, strlen(xml)};
    struct dmn_models *models = NULL;
    struct error error;
    enum status status = dmn_load(&source, 1, NULL, &models, &error);
    cr_assert_eq(status, STATUS_OK, "%s", status == STATUS_OK ? "" : error.text);
    return models;
}

/* The value in writing, strings quoted; "STOP" when a bound was reached. In the arena. */
static inline const char *support_show(const struct dmn_models *models, const char *node,
                                       struct feel_value input, struct arena *arena)
{
    struct dmn_query query = {.node = node, .input = input, .now_us = 1700000000000000};
    struct dmn_result result;
    struct error error;
    enum status status = dmn_evaluate(models, &query, arena, &result, &error);
    if (status == STATUS_EXHAUSTED)
        return "STOP";
    cr_assert_eq(status, STATUS_OK);
    struct feel_text text;
    struct feel_value list = feel_list(&result.value, 1);
    cr_assert(feel_format(arena, &list, SUPPORT_TEXT_MAX, &text));
    return arena_strndup(arena, text.bytes + 1, text.size - 2);
}

/* Writes `text` escaped for XML. */
static inline void support_escape(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '<')
            (void)fputs("&lt;", out);
        else if (*text == '&')
            (void)fputs("&amp;", out);
        else
            (void)fputc(*text, out);
    }
}

/* Evaluates one expression without any input. The caller frees the text. */
static inline char *support_expression(const char *expression)
{
    char *xml = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&xml, &size);
    cr_assert_not_null(out);
    (void)fputs("<definitions xmlns='" DMN_NAMESPACE "' name='m' namespace='n'><decision "
                "name='d' id='d'><variable name='d'/><literalExpression><text>",
                out);
    support_escape(out, expression);
    (void)fputs("</text></literalExpression></decision></definitions>", out);
    (void)fclose(out);
    struct arena *arena = support_used_arena();
    struct dmn_models *models = support_load(xml);
    char *shown = strdup(support_show(models, "d", feel_context(NULL, 0), arena));
    arena_destroy(arena);
    dmn_free(models);
    free(xml);
    return shown;
}

struct support_pair {
    const char *expression;
    const char *value;
};

static inline void support_check(const struct support_pair *pairs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char *shown = support_expression(pairs[i].expression);
        cr_expect_str_eq(shown, pairs[i].value, "%s: %s, expected %s", pairs[i].expression, shown,
                         pairs[i].value);
        free(shown);
    }
}

#define SUPPORT_CHECK(pairs) support_check(pairs, sizeof(pairs) / sizeof *(pairs))

#endif
