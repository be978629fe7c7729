/* Log: one JSON object per line on stderr: time, level, program, message, trace_id, and the pairs
 * given. No personal data: never a note, a customer token, an e-mail; ids of refunds, orders and
 * cases are fine. Thread-safe: a line is one write. */

#ifndef REDRESS_LOG_H
#define REDRESS_LOG_H

#include <stdint.h>

/* X(name, text) */
#define LOG_LEVEL_ROWS(X) \
    X(DEBUG, "debug")     \
    X(INFO, "info")       \
    X(WARNING, "warning") \
    X(ERROR, "error")

enum log_level {
#define X(name, text) LOG_##name,
    LOG_LEVEL_ROWS(X)
#undef X
};

enum { LOG_LINE_MAX = 4096 /* bytes; longer lines are cut, and stay JSON */ };

/* Called once, before other threads. `program` must outlive the process. */
void log_start(const char *program, enum log_level least);

/* Sets the trace id of the lines of this thread that follow; NULL or "" for none. */
void log_trace(const char *trace_id);

/* Message, then pairs of name and value (const char *), ended by NULL:
 *     log_write(LOG_WARNING, "shard paused", "shard", number_text, "reason", reason, NULL); */
void log_write(enum log_level level, const char *message, ...) __attribute__((sentinel));

/* The same with a formatted message and no pairs. */
void log_format(enum log_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
