/* The table of facts in writing: for people, and as the beginning of a model. */

#include "facts.h"

#include "fact_rows.h"

#include <stdbool.h>
#include <string.h>

struct fact_row {
    const char *name, *kind, *type, *from, *help;
    bool texts; /* a list */
};

struct fact_group_row {
    const char *name, *from, *help;
    bool list;
    const struct fact_row *rows;
    size_t count;
};

#define X(kind, type, texts, words)                                \
    static const char KIND_##kind[] = words, TYPE_##kind[] = type; \
    enum { TEXTS_##kind = texts };
FACT_KIND_ROWS(X)
#undef X

#define ROW(name, kind, from, value, help) \
    {#name, KIND_##kind, TYPE_##kind, from, help, TEXTS_##kind},
#define X(group, list, ROWS, from, count, help) \
    static const struct fact_row rows_##group[] = {ROWS(ROW)};
FACT_GROUP_ROWS(X)
#undef X

static const struct fact_group_row groups[] = {
#define X(group, list, ROWS, from, count, help) \
    {#group, from, help, list, rows_##group, sizeof rows_##group / sizeof *rows_##group},
    FACT_GROUP_ROWS(X)
#undef X
};
enum { GROUP_COUNT = sizeof groups / sizeof *groups };

static void print_group(FILE *out, const struct fact_group_row *group)
{
    fprintf(out, "\n## %s%s\n\n%c%s (`%s`).\n\n", group->name, group->list ? " (a list)" : "",
            group->help[0] - 'a' + 'A', group->help + 1, group->from);
    fputs("| name | what it is | from | |\n|---|---|---|---|\n", out);
    for (size_t i = 0; i < group->count; i++)
        fprintf(out, "| `%s.%s` | %s | `%s` | %s |\n", group->name, group->rows[i].name,
                group->rows[i].kind, group->rows[i].from, group->rows[i].help);
}

void facts_print(FILE *out)
{
    fputs(
        "# Facts that a policy may use\n\n"
        "The input data of a policy model, by name. Money is in minor units (12.30 EUR is 1230) of "
        "the\norder's currency. `now()` and `today()` are the event time of what is judged: the "
        "request, answer or\nappeal. Written by `redressctl policy facts`.\n",
        out);
    for (size_t i = 0; i < GROUP_COUNT; i++)
        print_group(out, &groups[i]);
}

static void print_type(FILE *out, const struct fact_group_row *group)
{
    fprintf(out, "  <itemDefinition name=\"t_%s\"%s>\n", group->name,
            group->list ? " isCollection=\"true\"" : "");
    for (size_t i = 0; i < group->count; i++)
        fprintf(out, "    <itemComponent name=\"%s\"%s><typeRef>%s</typeRef></itemComponent>\n",
                group->rows[i].name, group->rows[i].texts ? " isCollection=\"true\"" : "",
                group->rows[i].type);
    fputs("  </itemDefinition>\n", out);
}

void facts_print_model(FILE *out)
{
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
          "<definitions xmlns=\"https://www.omg.org/spec/DMN/20191111/MODEL/\" id=\"policy\" "
          "name=\"policy\" namespace=\"https://redress/policy\">\n\n",
          out);
    for (size_t i = 0; i < GROUP_COUNT; i++)
        print_type(out, &groups[i]);
    fputc('\n', out);
    for (size_t i = 0; i < GROUP_COUNT; i++)
        fprintf(out,
                "  <inputData id=\"i_%s\" name=\"%s\"><variable name=\"%s\" "
                "typeRef=\"t_%s\"/></inputData>\n",
                groups[i].name, groups[i].name, groups[i].name, groups[i].name);
    fputs("\n  <decision id=\"assessment\" name=\"Assessment\">\n"
          "    <variable name=\"Assessment\"/>\n"
          "    <literalExpression><text>{outcome: \"EXCEPTION\", reasons: \"NO_POLICY_YET\"}"
          "</text></literalExpression>\n"
          "  </decision>\n</definitions>\n",
          out);
}
