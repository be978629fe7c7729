#include "log.h"

#include "clock.h"
#include "wire.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    TRACE_ID_MAX = 64,
    CLOSING = 3 /* bytes kept free for: quote, brace, newline */
};

static const char *program_name = "redress";
static enum log_level least_level = LOG_INFO;
static _Thread_local char trace[TRACE_ID_MAX + 1];

struct line {
    size_t size;
    char bytes[LOG_LINE_MAX];
};

void log_start(const char *program, enum log_level least)
{
    program_name = program;
    least_level = least;
}

void log_trace(const char *trace_id)
{
    (void)snprintf(trace, sizeof trace, "%s", trace_id == NULL ? "" : trace_id);
}

static bool append(struct line *line, const char *bytes, size_t size)
{
    if (line->size + size > LOG_LINE_MAX - CLOSING)
        return false;
    memcpy(line->bytes + line->size, bytes, size);
    line->size += size;
    return true;
}

/* Bytes of the character at `text`; 0 where it is not UTF-8. */
static size_t character_size(const char *text)
{
    unsigned char lead = (unsigned char)*text;
    size_t size = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    return strnlen(text, size) == size && wire_text_valid(text, size) ? size : 0;
}

/* One character, as JSON writes it inside quotes. Returns the bytes of `text` that it took. */
static size_t append_character(struct line *line, const char *text, bool *room)
{
    unsigned char byte = (unsigned char)*text;
    char escape[8] = {'\\', *text};
    if (byte == '"' || byte == '\\') {
        *room = append(line, escape, 2);
        return 1;
    }
    if (byte < 0x20 || byte == 0x7f) {
        (void)snprintf(escape, sizeof escape, "\\u%04x", byte);
        *room = append(line, escape, 6);
        return 1;
    }
    size_t size = character_size(text);
    *room = size > 0 ? append(line, text, size) : append(line, "\\ufffd", 6);
    return size > 0 ? size : 1;
}

/* ,"name":"value" ; a value that does not fit is cut, a name that does not is left out. */
static void append_pair(struct line *line, const char *name, const char *value)
{
    size_t before = line->size;
    bool room = append(line, before == 0 ? "{\"" : ",\"", 2);
    while (room && *name != '\0')
        name += append_character(line, name, &room);
    if (!room || !append(line, "\":\"", 3)) {
        line->size = before;
        return;
    }
    if (value == NULL)
        value = "";
    while (room && *value != '\0')
        value += append_character(line, value, &room);
    line->bytes[line->size++] = '"';
}

static void begin(struct line *line, enum log_level level, const char *message)
{
    static const char *const levels[] = {
#define X(name, text) text,
        LOG_LEVEL_ROWS(X)
#undef X
    };
    char time[CLOCK_TEXT_MAX];
    line->size = 0;
    append_pair(line, "time", clock_format(clock_wall_us(), time));
    append_pair(line, "level", levels[level]);
    append_pair(line, "program", program_name);
    if (trace[0] != '\0')
        append_pair(line, "trace_id", trace);
    append_pair(line, "message", message);
}

/* One write, so that lines of several threads and processes do not mix. */
static void finish(struct line *line)
{
    line->bytes[line->size++] = '}';
    line->bytes[line->size++] = '\n';
    ssize_t written = write(STDERR_FILENO, line->bytes, line->size);
    (void)written; /* there is nowhere else to say that the log is gone */
}

void log_write(enum log_level level, const char *message, ...)
{
    if (level < least_level)
        return;
    struct line line;
    begin(&line, level, message);
    va_list pairs;
    va_start(pairs, message);
    for (const char *name; (name = va_arg(pairs, const char *)) != NULL;) {
        const char *value = va_arg(pairs, const char *);
        append_pair(&line, name, value);
    }
    va_end(pairs);
    finish(&line);
}

void log_format(enum log_level level, const char *format, ...)
{
    if (level < least_level)
        return;
    char message[LOG_LINE_MAX];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(message, sizeof message, format, args);
    va_end(args);
    struct line line;
    begin(&line, level, message);
    finish(&line);
}
