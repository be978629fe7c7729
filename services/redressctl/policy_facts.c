/* redressctl policy facts: what a model may look at. */

#include "assessment/facts.h"
#include "authority/route_model.h"
#include "command.h"
#include "options.h"
#include "policy.h"

#include <stdio.h>

enum { TABLE_BYTES = 256 * 1024 };

static void print_route_facts(void)
{
    struct arena *arena = arena_create(TABLE_BYTES);
    const char *table = arena == NULL ? NULL : route_facts_table(arena);
    (void)fputs(table == NULL ? "" : table, stdout);
    arena_destroy(arena);
}

int policy_facts(int argc, char **argv)
{
    static const struct usage usage = {
        .arguments = "",
        .text =
            "Prints the facts that a policy may use, as Markdown. With --model, a model to begin "
            "with:\n"
            "data types and input data for all of them, and a decision Assessment that sends\n"
            "everything to people. With --authority, the inputs of an authority model.",
    };
    bool model = false, authority = false;
    const struct option_row rows[] = {
        {"model", OPTION_FLAG, NULL, "print a model to begin with", &model, 0, 0},
        {"authority", OPTION_FLAG, NULL, "print what an authority model may look at", &authority, 0,
         0},
    };
    char **arguments;
    int count, code;
    if (!options_read(&usage, rows, sizeof rows / sizeof *rows, argc, argv, &arguments, &count,
                      &code))
        return code;
    if (authority)
        print_route_facts();
    else
        (model ? facts_print_model : facts_print)(stdout);
    return COMMAND_OK;
}
