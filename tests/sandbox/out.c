#include "out.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OUT_FIRST_ROOM = 1024, OUT_NUMBER_MAX = 24, OUT_PRINTF_MAX = 1024 };

/* Room for `more` bytes and a NUL. */
static bool reserve(struct out *out, size_t more)
{
    if (out->failed || more > OUT_MAX || out->size + more > OUT_MAX)
        out->failed = true;
    if (out->failed)
        return false;
    if (out->size + more < out->room)
        return true;
    size_t room = out->room == 0 ? OUT_FIRST_ROOM : out->room * 2;
    while (room <= out->size + more)
        room *= 2;
    char *bytes = realloc(out->bytes, room);
    if (bytes == NULL) {
        out->failed = true;
        return false;
    }
    out->bytes = bytes;
    out->room = room;
    return true;
}

void out_bytes(struct out *out, const char *bytes, size_t size)
{
    if (!reserve(out, size))
        return;
    memcpy(out->bytes + out->size, bytes, size);
    out->size += size;
    out->bytes[out->size] = '\0';
}

void out_raw(struct out *out, const char *text)
{
    out_bytes(out, text, strlen(text));
}

static void escaped(struct out *out, unsigned char c)
{
    char text[8];
    if (c == '"' || c == '\\')
        (void)snprintf(text, sizeof text, "\\%c", c);
    else
        (void)snprintf(text, sizeof text, "\\u%04x", c);
    out_raw(out, text);
}

void out_string(struct out *out, const char *text)
{
    if (text == NULL) {
        out_raw(out, "null");
        return;
    }
    out_raw(out, "\"");
    const char *plain = text;
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        out_bytes(out, plain, (size_t)(text - plain));
        escaped(out, c);
        plain = text + 1;
    }
    out_bytes(out, plain, (size_t)(text - plain));
    out_raw(out, "\"");
}

void out_int(struct out *out, int64_t number)
{
    char digits[OUT_NUMBER_MAX];
    char *at = digits + sizeof digits;
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    do {
        *--at = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (number < 0)
        *--at = '-';
    out_bytes(out, at, (size_t)(digits + sizeof digits - at));
}

void out_printf(struct out *out, const char *format, ...)
{
    char text[OUT_PRINTF_MAX];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (size < 0 || (size_t)size >= sizeof text)
        out->failed = true;
    else
        out_bytes(out, text, (size_t)size);
}

void out_clear(struct out *out)
{
    out->size = 0;
    out->failed = false;
}

void out_free(struct out *out)
{
    free(out->bytes);
    *out = (struct out){0};
}

char *out_take(struct out *out)
{
    if (out->failed || !reserve(out, 0)) {
        out_free(out);
        return NULL;
    }
    out->bytes[out->size] = '\0';
    char *bytes = out->bytes;
    *out = (struct out){0};
    return bytes;
}
