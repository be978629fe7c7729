/* JSON lines: reads a file a line at a time. Pure but for the file. */

#ifndef REDRESSCTL_JSON_LINES_H
#define REDRESSCTL_JSON_LINES_H

#include "status.h"

#include <jansson.h>
#include <stdio.h>

enum { JSON_LINE_MAX = 16 * 1024 * 1024 /* bytes of one line */ };

/* Lives as long as the function runs. Anything but STATUS_OK ends the reading. */
typedef enum status json_line_taker(void *context, json_t *json, struct error *error);

/* Hands out each line that is not blank. An error names file and line. */
enum status json_lines_read(FILE *file, const char *name, json_line_taker *take, void *context,
                            struct error *error) CHECK_RESULT;

#endif
