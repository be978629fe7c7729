/* Request: writing and reading the texts of calls to providers, bounded. For adapters. */

#ifndef SETTLEMENT_REQUEST_H
#define SETTLEMENT_REQUEST_H

#include "provider.h"

#include <jansson.h>

/* Text in a buffer; `ok` is false once something did not fit. */
struct writer {
    char *at, *end;
    bool ok;
};

struct writer writer_over(char *buffer, size_t size);
void write_text(struct writer *writer, const char *text);
void write_number(struct writer *writer, int64_t number);

/* application/x-www-form-urlencoded, with %20 for a space; also right for one segment of a path. */
void write_escaped(struct writer *writer, const char *text);

/* name=escaped value */
void write_pair(struct writer *writer, const char *name, const char *value);

/* A JSON string with its quotes; text that is no UTF-8 makes `ok` false. */
void write_json(struct writer *writer, const char *text);

/* "12.30": minor units with `digits` (0 to 4) behind the point, none where that is 0. */
void write_decimal(struct writer *writer, int64_t minor, int digits);

/* Empties the request and makes it a GET or POST of what is in its url and body. */
void request_start(struct provider_request *request, bool post);

/* Adds a header, cut to REQUEST_HEADER_MAX - 1 bytes; at most REQUEST_HEADERS. */
void request_header(struct provider_request *request, const char *name, const char *prefix,
                    const char *value);

/* The call cannot be made, or did not end in a refund: fills the finding in. */
void finding_fail(struct finding *finding, enum call_failure failure, int32_t http_status,
                  const char *code, const char *message);

/* A call that can never be made: REFUSED with this code. Returns false. */
bool finding_refuse(struct finding *finding, const char *code, const char *message);

/* Copies a text, cut between two characters of UTF-8 where it is too long. */
void answer_copy(char *to, size_t size, const char *from);

/* A member that is a text, else "". */
const char *answer_text(const json_t *object, const char *name);

/* Bytes of JSON; NULL if it is none, or nested too deep. The caller frees it. */
json_t *answer_json(const char *body, size_t size);

/* "12.30" of the currency, 0 to AMOUNT_MAX; false if it is none. */
bool answer_decimal(const char *text, const char *currency, int64_t *minor);

/* A time as RFC 3339, 0 if there is none. */
int64_t answer_time(const json_t *object, const char *name);

#endif
