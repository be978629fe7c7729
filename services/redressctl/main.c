/* redressctl: the operator's command line. Finds the subcommand and runs it. */

#include "command.h"
#include "session.h"

#include <stdio.h>
#include <string.h>

struct command {
    const char *name;
    const char *help;
    int (*run)(int argc, char **argv);
};

static const struct command commands[] = {
#define X(function, command_name, command_help) \
    {.name = command_name, .help = command_help, .run = command_##function},
    COMMAND_ROWS(X)
#undef X
};
enum { COMMAND_COUNT = sizeof commands / sizeof *commands };

static void print_help(FILE *out)
{
    fputs("usage: redressctl COMMAND [OPTION]... [ARGUMENT]...\n\n"
          "The command line of Redress. 'redressctl COMMAND --help' tells more about one "
          "command.\n\n",
          out);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(out, "  %-14s %s\n", commands[i].name, commands[i].help);
    fputs("\nExit codes: 0 done, 1 failed, 2 wrong usage or configuration.\n\nEnvironment:\n", out);
    session_print_variables(out);
}

int main(int argc, char **argv)
{
    if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)) {
        print_help(stdout);
        return COMMAND_OK;
    }
    for (size_t i = 0; argc >= 2 && i < COMMAND_COUNT; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    if (argc < 2)
        fputs("redressctl: a command is missing; see redressctl --help\n", stderr);
    else
        fprintf(stderr, "redressctl: there is no command %s; see redressctl --help\n", argv[1]);
    return COMMAND_USAGE;
}
