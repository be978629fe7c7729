/* Status: how a call went. One word, checked by every caller; what went wrong in words goes
 * into a `struct error` beside it, where the caller passed one. */

#ifndef REDRESS_STATUS_H
#define REDRESS_STATUS_H

#include <stddef.h>

/* X(name, text) */
#define STATUS_ROWS(X)                                                   \
    X(OK, "ok")                                                          \
    X(INVALID, "the input breaks a rule")                                \
    X(OVERFLOW, "the result does not fit")                               \
    X(CURRENCY_MISMATCH, "amounts of different currencies met")          \
    X(NOT_FOUND, "there is no such thing")                               \
    X(EXHAUSTED, "a bound was reached")                                  \
    X(DUPLICATE, "this was applied before")                              \
    X(GAP, "an earlier version is missing")                              \
    X(UNPROCESSABLE, "this event can never be applied")                  \
    X(RETRY, "a component is down; the same call may succeed later")     \
    X(LOST, "another instance owns this now")                            \
    X(AGAIN, "rows that others share have changed; to be decided again") \
    X(FATAL, "a guarantee is at risk; the process must stop")

enum status {
#define X(name, text) STATUS_##name,
    STATUS_ROWS(X)
#undef X
};

#define CHECK_RESULT __attribute__((warn_unused_result))

/* One line for people: what was being done, with what, and what to do next. */
struct error {
    char text[512];
};

/* "OVERFLOW"; never NULL. */
const char *status_name(enum status status);

/* "the result does not fit"; never NULL. */
const char *status_text(enum status status);

/* Writes the message and returns `status`, so that failing is one line:
 *     return error_set(error, STATUS_INVALID, "REDRESS_BATCH_MAX=%s: a count from 1 to 10000", v);
 * `error` may be NULL. Longer texts are cut. */
enum status error_set(struct error *error, enum status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
