/* Out: a text that is being written, for JSON bodies and log lines.
 *
 * Grows as needed up to OUT_MAX. Past it, or without memory, the text is marked failed and further
 * writing does nothing, so that a whole body is checked once at its end. */

#ifndef SANDBOX_OUT_H
#define SANDBOX_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OUT_MAX = 4 * 1024 * 1024 /* a list page of 100 refunds with full metadata fits */ };

/* All zero is an empty text. `bytes` is owned here, until out_take. */
struct out {
    char *bytes;
    size_t size;
    size_t room;
    bool failed;
};

/* Appends as it is. */
void out_raw(struct out *out, const char *text);
void out_bytes(struct out *out, const char *bytes, size_t size);

/* Appends a JSON string, or null for NULL. `text` must be UTF-8. */
void out_string(struct out *out, const char *text);

void out_int(struct out *out, int64_t number);
void out_printf(struct out *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Empties the text and keeps its memory; frees it. */
void out_clear(struct out *out);
void out_free(struct out *out);

/* The text, NUL-terminated, now owned by the caller (free); `out` is empty. NULL if it failed. */
char *out_take(struct out *out);

#endif
