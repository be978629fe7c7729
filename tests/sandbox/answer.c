#include "api.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MESSAGE_MAX = 1024, CODE_MAX = 64 };

/* https://docs.stripe.com/error-codes lists a page for each code. */
static void put_code(struct out *body, const char *code)
{
    char page[CODE_MAX];
    (void)snprintf(page, sizeof page, "%s", code);
    for (char *c = page; *c != '\0'; c++)
        if (*c == '_')
            *c = '-';
    out_raw(body, "    \"code\": ");
    out_string(body, code);
    out_raw(body, ",\n    \"doc_url\": \"https://stripe.com/docs/error-codes/");
    out_raw(body, page);
    out_raw(body, "\",\n");
}

/* A message may quote what was sent, and be cut inside a character: that is taken off. */
static void cut_character(char *message, size_t size)
{
    size_t at = size;
    while (at > 0 && ((unsigned char)message[at - 1] & 0xC0) == 0x80)
        at--;
    if (at > 0 && (unsigned char)message[at - 1] >= 0xC0)
        message[at - 1] = '\0';
}

void answer_error(struct answer *answer, unsigned status, const char *type, const char *code,
                  const char *param, const char *format, ...)
{
    char message[MESSAGE_MAX];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    if (size >= (int)sizeof message)
        cut_character(message, sizeof message - 1);
    answer->status = status;
    struct out *body = &answer->body;
    out_clear(body);
    out_raw(body, "{\n  \"error\": {\n");
    if (code != NULL)
        put_code(body, code);
    out_raw(body, "    \"message\": ");
    out_string(body, size < 0 ? "" : message);
    if (param != NULL) {
        out_raw(body, ",\n    \"param\": ");
        out_string(body, param);
    }
    out_raw(body, ",\n    \"type\": ");
    out_string(body, type);
    out_raw(body, "\n  }\n}\n");
}
