/* Input file: the bytes of a file, or of what is packed in it with xz. The only file that knows
 * liblzma. */

#ifndef REDRESSCTL_INPUT_FILE_H
#define REDRESSCTL_INPUT_FILE_H

#include "status.h"

#include <stddef.h>

typedef enum status bytes_taker(void *context, const void *bytes, size_t size, struct error *error);

/* Hands out the content piece by piece ("-": of standard input). Knows xz by its first bytes, not
 * by the name. STATUS_INVALID: the file cannot be read, or is damaged. */
enum status input_file_read(const char *path, bytes_taker *take, void *context,
                            struct error *error) CHECK_RESULT;

#endif
