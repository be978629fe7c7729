#include "json_lines.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool blank(const char *line, size_t size)
{
    return strspn(line, " \t\r\n") == size;
}

static enum status take_line(const char *line, size_t size, json_line_taker *take, void *context,
                             struct error *error)
{
    if (size > JSON_LINE_MAX)
        return error_set(error, STATUS_INVALID, "more than %d bytes", JSON_LINE_MAX);
    if (blank(line, size))
        return STATUS_OK;
    json_error_t trouble;
    json_t *json = json_loadb(line, size, JSON_REJECT_DUPLICATES, &trouble);
    if (json == NULL)
        return error_set(error, STATUS_INVALID, "column %d: %s", trouble.column, trouble.text);
    enum status status = take(context, json, error);
    json_decref(json);
    return status;
}

enum status json_lines_read(FILE *file, const char *name, json_line_taker *take,
                            json_line_refuser *refuse, void *context, struct error *error)
{
    char *line = NULL;
    size_t room = 0;
    enum status status = STATUS_OK;
    struct error cause = {0};
    for (long long number = 1; status == STATUS_OK; number++) {
        ssize_t size = getline(&line, &room, file);
        if (size < 0)
            break;
        status = take_line(line, (size_t)size, take, context, &cause);
        if (status == STATUS_OK)
            continue;
        (void)error_set(error, status, "%s:%lld: %s", name, number, cause.text);
        if (refuse == NULL || (status != STATUS_INVALID && status != STATUS_NOT_FOUND))
            continue;
        refuse(context, error->text);
        status = STATUS_OK;
    }
    free(line);
    if (status == STATUS_OK && ferror(file))
        return error_set(error, STATUS_INVALID, "reading %s: %s", name, strerror(errno));
    return status;
}
