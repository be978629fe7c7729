#include "options.h"

#include "command.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { OPTION_HELP = 256, OPTION_FIRST_ROW };

int options_refuse(const char *command, const char *format, ...)
{
    va_list arguments;
    fprintf(stderr, "redressctl %s: ", command);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "; see redressctl %s --help\n", command);
    return COMMAND_USAGE;
}

static void print_row(const struct option_row *row)
{
    char left[64];
    (void)snprintf(left, sizeof left, "--%s%s%s", row->name, row->value == NULL ? "" : " ",
                   row->value == NULL ? "" : row->value);
    printf("  %-26s %s%s\n", left, row->help,
           row->type == OPTION_VALUES ? " (may be repeated)" : "");
}

static void print_help(const char *command, const struct usage *usage,
                       const struct option_row *rows, size_t row_count)
{
    printf("usage: redressctl %s [OPTION]... %s\n\n%s\n\n", command, usage->arguments, usage->text);
    for (size_t i = 0; i < row_count; i++)
        print_row(&rows[i]);
    printf("  %-26s %s\n", "--help", "print this");
}

static bool take_number(const char *command, const struct option_row *row, const char *text,
                        int *code)
{
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || value < row->min || value > row->max) {
        *code = options_refuse(command, "--%s %s: a number from %" PRId64 " to %" PRId64, row->name,
                               text, row->min, row->max);
        return false;
    }
    *(int64_t *)row->target = value;
    return true;
}

static bool take_count(const char *command, const struct option_row *row, const char *text,
                       int *code)
{
    int64_t number;
    struct option_row counted = *row;
    counted.target = &number;
    counted.min = 1;
    counted.max = INT64_MAX;
    if (!take_number(command, &counted, text, code))
        return false;
    *(const char **)row->target = text;
    return true;
}

static bool take_value(const char *command, const struct option_row *row, const char *text,
                       int *code)
{
    struct option_values *values = row->target;
    if (values->count == OPTION_VALUES_MAX) {
        *code = options_refuse(command, "--%s is given more than %d times", row->name,
                               OPTION_VALUES_MAX);
        return false;
    }
    values->items[values->count++] = text;
    return true;
}

static bool take(const char *command, const struct option_row *row, const char *text, int *code)
{
    switch (row->type) {
    case OPTION_FLAG:
        *(bool *)row->target = true;
        return true;
    case OPTION_TEXT:
        *(const char **)row->target = text;
        return true;
    case OPTION_NUMBER:
        return take_number(command, row, text, code);
    case OPTION_COUNT:
        return take_count(command, row, text, code);
    case OPTION_VALUES:
        return take_value(command, row, text, code);
    }
    return false;
}

static void describe(const struct option_row *rows, size_t row_count, struct option *described)
{
    assert(row_count <= OPTIONS_MAX);
    for (size_t i = 0; i < row_count; i++)
        described[i] = (struct option){
            .name = rows[i].name,
            .has_arg = rows[i].type == OPTION_FLAG ? no_argument : required_argument,
            .val = OPTION_FIRST_ROW + (int)i,
        };
    described[row_count] = (struct option){.name = "help", .val = OPTION_HELP};
    described[row_count + 1] = (struct option){0};
}

bool options_read(const struct usage *usage, const struct option_row *rows, size_t row_count,
                  int argc, char **argv, char ***arguments, int *argument_count, int *code)
{
    struct option described[OPTIONS_MAX + 2];
    describe(rows, row_count, described);
    opterr = 0;
    optind = 0;
    for (int found; (found = getopt_long(argc, argv, ":", described, NULL)) != -1;) {
        if (found == OPTION_HELP) {
            print_help(argv[0], usage, rows, row_count);
            *code = COMMAND_OK;
            return false;
        }
        if (found < OPTION_FIRST_ROW) {
            *code = options_refuse(argv[0], found == ':' ? "%s needs a value" : "unknown option %s",
                                   argv[optind - 1]);
            return false;
        }
        if (!take(argv[0], &rows[found - OPTION_FIRST_ROW], optarg, code))
            return false;
    }
    *arguments = argv + optind;
    *argument_count = argc - optind;
    if (*argument_count < usage->least || *argument_count > usage->most) {
        *code = options_refuse(argv[0], "expected %s",
                               usage->most == 0 ? "no arguments" : usage->arguments);
        return false;
    }
    return true;
}
