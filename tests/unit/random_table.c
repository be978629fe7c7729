#include "random_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum type { NUMBER, STRING, BOOLEAN, DATE, TYPES };

static const char *const type_names[] = {"number", "string", "boolean", "date"};

struct table {
    const uint8_t *bytes;
    size_t size;
    size_t inputs;
    size_t rules;
    enum type types[RANDOM_TABLE_INPUTS_MAX];
    char values[RANDOM_TABLE_INPUTS_MAX][32];
    char cells[RANDOM_TABLE_RULES_MAX][RANDOM_TABLE_INPUTS_MAX][256];
    unsigned outputs[RANDOM_TABLE_RULES_MAX];
    FILE *out;
};

/* Below `bound`, from the next byte; 0 when there are no more. */
static unsigned pick(struct table *t, unsigned bound)
{
    if (t->size == 0)
        return 0;
    t->size--;
    return *t->bytes++ % bound;
}

static void literal(struct table *t, enum type type, char out[32])
{
    unsigned at = pick(t, 12);
    switch (type) {
    case NUMBER:
        (void)snprintf(out, 32, at % 3 == 0 ? "%u.5" : "%u", at);
        break;
    case STRING:
        (void)snprintf(out, 32, "\"%c\"", (char)('a' + at));
        break;
    case BOOLEAN:
        (void)snprintf(out, 32, "%s", at % 2 == 0 ? "true" : "false");
        break;
    case DATE:
    case TYPES:
        (void)snprintf(out, 32, "date(\"2024-02-%02u\")", at + 20);
        break;
    }
}

/* One test of a cell: a value, a range, a comparison, or what no index can know. */
static void test(struct table *t, size_t input, char out[128])
{
    static const char *const operators[] = {"<", "<=", ">", ">="};
    enum type type = t->types[input];
    unsigned other = pick(t, (unsigned)t->inputs);
    char low[32], high[32];
    unsigned kind = pick(t, type == BOOLEAN ? 4 : 8);
    literal(t, type, low);
    literal(t, type, high);
    if (kind == 3)
        (void)snprintf(out, 128, "null");
    else if (kind == 4 || kind == 5)
        (void)snprintf(out, 128, "%c%s..%s%c", pick(t, 2) == 0 ? '[' : '(', low, high,
                       pick(t, 2) == 0 ? ']' : ')');
    else if (kind == 6)
        (void)snprintf(out, 128, "%s %s", operators[pick(t, 4)], low);
    else if (kind == 7 && t->types[other] == type) /* one of another type would be a condition */
        (void)snprintf(out, 128, "i%u", other);
    else
        (void)snprintf(out, 128, "%s", low);
}

static void cell(struct table *t, size_t input, char out[256])
{
    char first[128], second[128];
    unsigned kind = pick(t, 8);
    test(t, input, first);
    if (kind == 0)
        (void)snprintf(out, 256, "-");
    else if (kind == 1) {
        test(t, input, second);
        (void)snprintf(out, 256, "%.120s, %.120s", first, second);
    } else if (kind == 2)
        (void)snprintf(out, 256, "not(%s)", first);
    else
        (void)snprintf(out, 256, "%s", first);
}

static void make(struct table *t)
{
    t->inputs = 1 + pick(t, RANDOM_TABLE_INPUTS_MAX);
    t->rules = pick(t, RANDOM_TABLE_RULES_MAX + 1);
    for (size_t i = 0; i < t->inputs; i++) {
        t->types[i] = (enum type)pick(t, TYPES);
        literal(t, t->types[i], t->values[i]);
        if (pick(t, 16) == 15)
            (void)snprintf(t->values[i], sizeof t->values[i], "null");
    }
    for (size_t r = 0; r < t->rules; r++) {
        for (size_t i = 0; i < t->inputs; i++)
            cell(t, i, t->cells[r][i]);
        t->outputs[r] = pick(t, 5);
    }
}

static void put_text(struct table *t, const char *text)
{
    (void)fputs("<text>", t->out);
    for (; *text != '\0'; text++)
        if (*text == '<')
            (void)fputs("&lt;", t->out);
        else
            (void)fputc(*text, t->out);
    (void)fputs("</text>", t->out);
}

static void put_requirements(struct table *t)
{
    for (size_t i = 0; i < t->inputs; i++)
        (void)fprintf(t->out,
                      "<informationRequirement><requiredDecision href='#i%zu'/>"
                      "</informationRequirement>",
                      i);
}

static void put_table(struct table *t, const char *policy, const char *aggregation,
                      const char *name)
{
    (void)fprintf(t->out, "<decision name='%s' id='d%s'><variable name='v%s'/>", name, name, name);
    put_requirements(t);
    (void)fprintf(t->out, "<decisionTable hitPolicy='%s'", policy);
    if (*aggregation != '\0')
        (void)fprintf(t->out, " aggregation='%s'", aggregation);
    (void)fputc('>', t->out);
    for (size_t i = 0; i < t->inputs; i++)
        (void)fprintf(t->out, "<input><inputExpression><text>i%zu</text></inputExpression></input>",
                      i);
    (void)fputs("<output><outputValues><text>" RANDOM_TABLE_PRIORITIES
                "</text></outputValues></output>",
                t->out);
    for (size_t r = 0; r < t->rules; r++) {
        (void)fputs("<rule>", t->out);
        for (size_t i = 0; i < t->inputs; i++) {
            (void)fputs("<inputEntry>", t->out);
            put_text(t, t->cells[r][i]);
            (void)fputs("</inputEntry>", t->out);
        }
        (void)fprintf(t->out, "<outputEntry><text>%u</text></outputEntry></rule>", t->outputs[r]);
    }
    (void)fputs("</decisionTable></decision>", t->out);
}

/* `a in (cell)`; `-` is true and `not(x)` is `not(a in (x))`. */
static void naive_cell(struct table *t, size_t rule, size_t input, char out[512])
{
    const char *text = t->cells[rule][input];
    if (strcmp(text, "-") == 0)
        (void)snprintf(out, 512, "true");
    else if (strncmp(text, "not(", 4) == 0)
        (void)snprintf(out, 512, "not(i%zu in %s)", input, text + 3);
    else
        (void)snprintf(out, 512, "(i%zu in (%s))", input, text);
}

/* A list with one literal expression for each rule. */
static void put_list(struct table *t, const char *name, void (*item)(struct table *, size_t))
{
    (void)fprintf(t->out, "<decision name='%s' id='%s'><variable name='%s'/>", name, name, name);
    put_requirements(t);
    (void)fputs("<list>", t->out);
    for (size_t r = 0; r < t->rules; r++) {
        (void)fputs("<literalExpression>", t->out);
        item(t, r);
        (void)fputs("</literalExpression>", t->out);
    }
    (void)fputs("</list></decision>", t->out);
}

static void put_naive(struct table *t, size_t rule)
{
    char text[2048] = "(true", part[512];
    for (size_t i = 0; i < t->inputs; i++) {
        naive_cell(t, rule, i, part);
        (void)strcat(strcat(text, " and "), part);
    }
    put_text(t, strcat(text, ") = true"));
}

static void put_output(struct table *t, size_t rule)
{
    char text[16];
    (void)snprintf(text, sizeof text, "%u", t->outputs[rule]);
    put_text(t, text);
}

static void put_inputs(struct table *t)
{
    for (size_t i = 0; i < t->inputs; i++) {
        (void)fprintf(t->out,
                      "<decision name='i%zu' id='i%zu'><variable name='i%zu' typeRef='%s'/>"
                      "<literalExpression>",
                      i, i, i, type_names[t->types[i]]);
        put_text(t, t->values[i]);
        (void)fputs("</literalExpression></decision>", t->out);
    }
}

char *random_table(const uint8_t *bytes, size_t size)
{
    char *xml = NULL;
    size_t written = 0;
    struct table *t = calloc(1, sizeof *t);
    if (t == NULL || (t->out = open_memstream(&xml, &written)) == NULL) {
        free(t);
        return NULL;
    }
    t->bytes = bytes;
    t->size = size;
    make(t);
    (void)fputs("<definitions xmlns='https://www.omg.org/spec/DMN/20230324/MODEL/' name='random' "
                "namespace='random'>",
                t->out);
    put_inputs(t);
#define X(policy, aggregation, name) put_table(t, policy, aggregation, name);
    RANDOM_TABLE_POLICIES(X)
#undef X
    put_list(t, "naive", put_naive);
    put_list(t, "outputs", put_output);
    (void)fputs("</definitions>", t->out);
    (void)fclose(t->out);
    free(t);
    return xml;
}
