#include "envelope.h"

#include "identity.h"

#include <string.h>

/* Sizes first: a record has a dozen headers, and most names differ in it. */
static const char **field_of(struct envelope *envelope, const char *header)
{
    size_t size = strlen(header);
#define X(field, name)                                                         \
    if (size == sizeof name - 1 && memcmp(header, name, sizeof name - 1) == 0) \
        return &envelope->field;
    ENVELOPE_ROWS(X)
#undef X
    return NULL;
}

static bool printable(const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i] < 0x20 || bytes[i] > 0x7e)
            return false;
    return true;
}

enum status envelope_take(struct envelope *envelope, const char *header, const void *value,
                          size_t size, struct arena *arena, struct error *error)
{
    const char **field = field_of(envelope, header);
    if (field == NULL)
        return STATUS_OK;
    if (*field != NULL)
        return error_set(error, STATUS_UNPROCESSABLE, "%s: given once", header);
    if (value == NULL || size > ENVELOPE_VALUE_MAX)
        return error_set(error, STATUS_UNPROCESSABLE, "%s: at most %d bytes", header,
                         ENVELOPE_VALUE_MAX);
    if (!printable(value, size))
        return error_set(error, STATUS_UNPROCESSABLE, "%s: printable ASCII", header);
    *field = arena_strndup(arena, value, size);
    return *field == NULL ? STATUS_EXHAUSTED : STATUS_OK;
}

static enum status absent(const char *header, const char **field, bool *missing,
                          struct error *error)
{
    *field = header;
    *missing = true;
    return error_set(error, STATUS_UNPROCESSABLE, "%s: a required header", header);
}

static enum status wrong(const char *header, const char *wanted, const char **field,
                         struct error *error)
{
    *field = header;
    return error_set(error, STATUS_UNPROCESSABLE, "%s: %s", header, wanted);
}

enum status envelope_check(const struct envelope *envelope, const char *type, const char **field,
                           bool *missing, struct error *error)
{
    *missing = false;
    *field = NULL;
    if (envelope->specversion == NULL)
        return absent("ce_specversion", field, missing, error);
    if (envelope->id == NULL || *envelope->id == '\0')
        return absent("ce_id", field, missing, error);
    if (envelope->source == NULL || *envelope->source == '\0')
        return absent("ce_source", field, missing, error);
    if (envelope->type == NULL)
        return absent("ce_type", field, missing, error);
    if (strcmp(envelope->specversion, "1.0") != 0)
        return wrong("ce_specversion", "1.0", field, error);
    if (strcmp(envelope->type, type) != 0)
        return wrong("ce_type", type, field, error);
    if (envelope->content_type != NULL &&
        strcmp(envelope->content_type, "application/protobuf") != 0)
        return wrong("content-type", "application/protobuf", field, error);
    return STATUS_OK;
}

/* Lower-case hex of `count` characters that are not all 0. */
static bool hex_id(const char *text, size_t count)
{
    bool zero = true;
    for (size_t i = 0; i < count; i++) {
        bool digit = text[i] >= '0' && text[i] <= '9';
        if (!digit && (text[i] < 'a' || text[i] > 'f'))
            return false;
        zero = zero && text[i] == '0';
    }
    return !zero;
}

static bool valid_trace(const char *traceparent)
{
    return traceparent != NULL && strlen(traceparent) == TRACEPARENT_SIZE - 1 &&
           memcmp(traceparent, "00-", 3) == 0 && hex_id(traceparent + 3, 32) &&
           traceparent[35] == '-' && hex_id(traceparent + 36, 16) && traceparent[52] == '-';
}

char *envelope_trace(const char *incoming, const char *ce_id, char *traceparent)
{
    static const char form[TRACEPARENT_SIZE] =
        "00-00000000000000000000000000000000-0000000000000000-01";
    char digest[IDENTITY_SHA256_HEX];
    identity_sha256(ce_id, strlen(ce_id), digest);
    bool valid = valid_trace(incoming);
    memcpy(traceparent, form, sizeof form);
    memcpy(traceparent + 3, valid ? incoming + 3 : digest, 32);
    memcpy(traceparent + 36, digest + 32, 16);
    if (valid)
        memcpy(traceparent + 53, incoming + 53, 2);
    return traceparent;
}

char *envelope_trace_id(const char *traceparent, char *trace_id)
{
    trace_id[0] = '\0';
    if (valid_trace(traceparent)) {
        memcpy(trace_id, traceparent + 3, 32);
        trace_id[32] = '\0';
    }
    return trace_id;
}
