#include "command.h"

#include <stdio.h>

int command_end(const char *name, enum status status, const struct error *error)
{
    if (status == STATUS_OK)
        return COMMAND_OK;
    fprintf(stderr, "redressctl %s: %s\n", name,
            error->text[0] == '\0' ? status_text(status) : error->text);
    return COMMAND_FAILED;
}
