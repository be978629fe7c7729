/* Options: the flags and arguments of one command, read along a table.
 *
 * `--name value` and `--name=value`; flags stand before, between or behind the arguments. Every
 * command has --help. */

#ifndef REDRESSCTL_OPTIONS_H
#define REDRESSCTL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    OPTIONS_MAX = 32,        /* rows of one command */
    OPTION_VALUES_MAX = 1000 /* values of one repeated option */
};

/* What may be given more than once. The texts live as long as argv. */
struct option_values {
    const char *items[OPTION_VALUES_MAX];
    size_t count;
};

enum option_type {
    OPTION_FLAG,   /* target: bool */
    OPTION_TEXT,   /* target: const char *; keeps its value if the option is not given */
    OPTION_NUMBER, /* target: int64_t, likewise; min..max */
    OPTION_COUNT,  /* target: const char *, likewise; a number from 1 on, as it was given */
    OPTION_VALUES  /* target: struct option_values */
};

struct option_row {
    const char *name;
    enum option_type type;
    const char *value; /* how --help calls the value; NULL for flags */
    const char *help;
    void *target;
    int64_t min, max;
};

/* What --help prints before the options, and how many arguments there must be. */
struct usage {
    const char *arguments; /* "TOPIC FILE" */
    const char *text;      /* whole lines, without the last newline */
    int least, most;
};

/* Fills the targets. True: go on, `*arguments` are the words that are no options. False: done
 * (--help) or wrong (said on stderr), with the exit code in `*code`. May reorder argv. */
bool options_read(const struct usage *usage, const struct option_row *rows, size_t row_count,
                  int argc, char **argv, char ***arguments, int *argument_count, int *code);

/* Says on stderr what is wrong with the command line; returns COMMAND_USAGE. */
int options_refuse(const char *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
