#include "command.h"

#include <stdio.h>

bool command_read(const struct usage *usage, const struct option_row *rows, size_t row_count,
                  int argc, char **argv, struct command_line *line)
{
    return options_read(usage, rows, row_count, argc, argv, &line->arguments, &line->count,
                        &line->code) &&
           session_read(argv[0], &line->session, &line->code);
}

void command_print(const json_t *json)
{
    json_dumpf(json, stdout, JSON_INDENT(2));
    putchar('\n');
}

int command_end(const char *name, enum status status, const struct error *error)
{
    if (status == STATUS_OK)
        return COMMAND_OK;
    fprintf(stderr, "redressctl %s: %s\n", name,
            error->text[0] == '\0' ? status_text(status) : error->text);
    return COMMAND_FAILED;
}
