#include "request.h"

#include "clock.h"
#include "money.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct writer writer_over(char *buffer, size_t size)
{
    *buffer = '\0';
    return (struct writer){buffer, buffer + size, true};
}

void write_text(struct writer *writer, const char *text)
{
    size_t size = strlen(text);
    writer->ok = writer->ok && size < (size_t)(writer->end - writer->at);
    if (!writer->ok)
        return;
    memcpy(writer->at, text, size + 1);
    writer->at += size;
}

void write_number(struct writer *writer, int64_t number)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%" PRId64, number);
    write_text(writer, text);
}

void write_escaped(struct writer *writer, const char *text)
{
    for (; *text != '\0'; text++) {
        char escaped[4] = {*text, '\0'};
        bool plain = (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') ||
                     (*text >= '0' && *text <= '9') || strchr("-._~", *text) != NULL;
        if (!plain)
            (void)snprintf(escaped, sizeof escaped, "%%%02X", (unsigned)(unsigned char)*text);
        write_text(writer, escaped);
    }
}

void write_pair(struct writer *writer, const char *name, const char *value)
{
    write_text(writer, name);
    write_text(writer, "=");
    write_escaped(writer, value);
}

void write_json(struct writer *writer, const char *text)
{
    json_t *string = json_string(text);
    if (string == NULL) {
        writer->ok = false;
        return;
    }
    size_t room = (size_t)(writer->end - writer->at);
    size_t size = json_dumpb(string, writer->at, room, JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
    json_decref(string);
    writer->ok = writer->ok && size > 0 && size < room;
    if (writer->ok)
        writer->at += size;
    if (room > 0)
        *writer->at = '\0';
}

void write_decimal(struct writer *writer, int64_t minor, int digits)
{
    char text[32];
    int64_t unit = 1;
    for (int i = 0; i < digits; i++)
        unit *= 10;
    if (digits == 0)
        (void)snprintf(text, sizeof text, "%" PRId64, minor);
    else
        (void)snprintf(text, sizeof text, "%" PRId64 ".%0*" PRId64, minor / unit, digits,
                       minor % unit);
    write_text(writer, text);
}

void request_start(struct provider_request *request, bool post)
{
    request->post = post;
    if (!post)
        request->body[0] = '\0';
    for (size_t i = 0; i < REQUEST_HEADERS; i++)
        request->headers[i][0] = '\0';
}

void request_header(struct provider_request *request, const char *name, const char *prefix,
                    const char *value)
{
    for (size_t i = 0; i < REQUEST_HEADERS; i++) {
        if (request->headers[i][0] != '\0')
            continue;
        (void)snprintf(request->headers[i], REQUEST_HEADER_MAX, "%s: %s%.*s", name, prefix,
                       (int)TOKEN_MAX, value);
        /* A line break in a value would begin another header. */
        for (char *at = request->headers[i]; *at != '\0'; at++)
            if ((unsigned char)*at < ' ' || *at == 0x7f)
                *at = '_';
        return;
    }
}

void finding_fail(struct finding *finding, enum call_failure failure, int32_t http_status,
                  const char *code, const char *message)
{
    *finding = (struct finding){
        .kind = FINDING_CALL_FAILED, .failure = failure, .http_status = http_status};
    answer_copy(finding->code, sizeof finding->code, code);
    answer_copy(finding->message, sizeof finding->message, message);
}

void answer_copy(char *to, size_t size, const char *from)
{
    size_t length = strlen(from);
    if (length >= size)
        for (length = size - 1; length > 0 && ((unsigned char)from[length] & 0xc0) == 0x80;)
            length--;
    memcpy(to, from, length);
    to[length] = '\0';
}

bool finding_refuse(struct finding *finding, const char *code, const char *message)
{
    finding_fail(finding, CALL_FAILURE_REFUSED, 0, code, message);
    return false;
}

const char *answer_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? "" : text;
}

json_t *answer_json(const char *body, size_t size)
{
    return json_loadb(body, size, 0, NULL);
}

bool answer_decimal(const char *text, const char *currency, int64_t *minor)
{
    struct money money = {0};
    if (money_parse(text, currency, &money) != STATUS_OK || money.minor < 0 ||
        money.minor > AMOUNT_MAX)
        return false;
    *minor = money.minor;
    return true;
}

int64_t answer_time(const json_t *object, const char *name)
{
    int64_t time_us = 0;
    return clock_parse(answer_text(object, name), &time_us) == STATUS_OK ? time_us : 0;
}
