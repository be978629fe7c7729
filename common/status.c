#include "status.h"

#include <stdarg.h>
#include <stdio.h>

const char *status_name(enum status status)
{
    static const char *const names[] = {
#define X(name, text) #name,
        STATUS_ROWS(X)
#undef X
    };
    return (size_t)status < sizeof names / sizeof *names ? names[status] : "UNKNOWN";
}

const char *status_text(enum status status)
{
    static const char *const texts[] = {
#define X(name, text) text,
        STATUS_ROWS(X)
#undef X
    };
    return (size_t)status < sizeof texts / sizeof *texts ? texts[status] : "unknown status";
}

enum status error_set(struct error *error, enum status status, const char *format, ...)
{
    if (error == NULL)
        return status;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(error->text, sizeof error->text, format, args);
    va_end(args);
    return status;
}
