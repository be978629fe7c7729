/* CSV reader: bytes in, rows out. Pure. The only file that knows libcsv.
 *
 * Quotes, doubled quotes, commas and line breaks inside quotes, CRLF and a UTF-8 byte order mark
 * are understood; blanks belong to the field. Blank lines are skipped. */

#ifndef REDRESSCTL_CSV_READER_H
#define REDRESSCTL_CSV_READER_H

#include "status.h"

#include <stddef.h>
#include <stdint.h>

enum {
    CSV_FIELDS_MAX = 64,        /* of a row */
    CSV_ROW_BYTES_MAX = 1 << 20 /* of the fields of a row together */
};

struct csv_reader;

/* One row; `line` is the line of the file on which it ends, from 1. The fields are NUL-terminated
 * and live until the function returns. Anything but STATUS_OK ends the reading. */
typedef enum status csv_row_taker(void *context, const char *const *fields, size_t count,
                                  int64_t line, struct error *error);

/* NULL: no memory. The caller destroys it. */
struct csv_reader *csv_reader_create(csv_row_taker *take, void *context);
void csv_reader_destroy(struct csv_reader *reader);

/* STATUS_INVALID for what is no CSV, with the line; what `take` returned otherwise, with the line
 * put in front of its message. */
enum status csv_reader_feed(struct csv_reader *reader, const void *bytes, size_t size,
                            struct error *error) CHECK_RESULT;

/* The last row, if no line break ended it. */
enum status csv_reader_finish(struct csv_reader *reader, struct error *error) CHECK_RESULT;

#endif
