/* JSON lines: reads a file a line at a time. Pure but for the file. */

#ifndef REDRESSCTL_JSON_LINES_H
#define REDRESSCTL_JSON_LINES_H

#include "status.h"

#include <jansson.h>
#include <stdio.h>

enum { JSON_LINE_MAX = 16 * 1024 * 1024 /* bytes of one line */ };

/* `json` lives as long as the function runs. STATUS_INVALID and STATUS_NOT_FOUND: this line is
 * wrong; anything else but STATUS_OK ends the reading. */
typedef enum status json_line_taker(void *context, json_t *json, struct error *error);

/* Is told of a line that is wrong, by itself or to its taker: "FILE:LINE: why". */
typedef void json_line_refuser(void *context, const char *text);

/* Hands out each line that is not blank. After a wrong one it goes on; without `refuse` (NULL) that
 * ends it, too. An error names file and line. */
enum status json_lines_read(FILE *file, const char *name, json_line_taker *take,
                            json_line_refuser *refuse, void *context,
                            struct error *error) CHECK_RESULT;

#endif
