/* redressctl policy facts: what a model may look at. */

#include "assessment/facts.h"
#include "command.h"
#include "options.h"
#include "policy.h"

#include <stdio.h>

int policy_facts(int argc, char **argv)
{
    static const struct usage usage = {
        .arguments = "",
        .text =
            "Prints the facts that a policy may use, as Markdown. With --model, a model to begin "
            "with:\n"
            "data types and input data for all of them, and a decision Assessment that sends\n"
            "everything to people.",
    };
    bool model = false;
    const struct option_row rows[] = {
        {"model", OPTION_FLAG, NULL, "print a model to begin with", &model, 0, 0},
    };
    char **arguments;
    int count, code;
    if (!options_read(&usage, rows, sizeof rows / sizeof *rows, argc, argv, &arguments, &count,
                      &code))
        return code;
    (model ? facts_print_model : facts_print)(stdout);
    return COMMAND_OK;
}
