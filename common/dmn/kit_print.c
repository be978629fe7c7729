#include <string.h>

#include "kit.h"

static void print_string(FILE *out, const char *text)
{
    (void)fputc('"', out);
    for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\')
            (void)fprintf(out, "\\%c", *c);
        else if (*c < 0x20)
            (void)fprintf(out, "\\u%04x", *c);
        else
            (void)fputc(*c, out);
    }
    (void)fputc('"', out);
}

static void print_failure(FILE *out, const struct dmn_kit_failure *failure)
{
    (void)fputs("{\"case\": ", out);
    print_string(out, failure->test);
    (void)fputs(", \"node\": ", out);
    print_string(out, failure->node);
    (void)fputs(", \"expected\": ", out);
    print_string(out, failure->expected);
    (void)fputs(", \"actual\": ", out);
    print_string(out, failure->actual);
    (void)fputs("}", out);
}

void dmn_kit_print_json(const struct dmn_kit_report *report, FILE *out)
{
    (void)fprintf(out, "{\"passed\": %zu, \"failed\": %zu, \"folders\": [", report->passed,
                  report->failed);
    for (const struct dmn_kit_folder *f = report->folders; f != NULL; f = f->next) {
        (void)fputs(f == report->folders ? "\n  {\"name\": " : ",\n  {\"name\": ", out);
        print_string(out, f->name);
        (void)fprintf(out, ", \"passed\": %zu, \"failed\": %zu, \"failures\": [", f->passed,
                      f->failed);
        for (const struct dmn_kit_failure *x = f->failures; x != NULL; x = x->next) {
            (void)fputs(x == f->failures ? "\n    " : ",\n    ", out);
            print_failure(out, x);
        }
        (void)fputs("]}", out);
    }
    (void)fputs("]}\n", out);
}

void dmn_kit_print(const struct dmn_kit_report *report, FILE *out)
{
    for (const struct dmn_kit_folder *f = report->folders; f != NULL; f = f->next) {
        (void)fprintf(out, "%-44s %5zu passed %5zu failed\n", f->name, f->passed, f->failed);
        for (const struct dmn_kit_failure *x = f->failures; x != NULL; x = x->next)
            (void)fprintf(out, "  %s, %s\n    expected %s\n    actual   %s\n", x->test, x->node,
                          x->expected, x->actual);
    }
    (void)fprintf(out, "%zu passed, %zu failed\n", report->passed, report->failed);
}
