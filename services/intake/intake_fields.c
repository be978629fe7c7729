#include "intake_fields.h"

#include "message.h"
#include "money.h"

#include <inttypes.h>
#include <string.h>

#define REASON(name) REDRESS__V1__DEAD_LETTER_REASON__DEAD_LETTER_REASON_##name

enum status decoder_fault(struct decoder *decoder, Redress__V1__DeadLetterReason reason,
                          struct field field, const char *value, const char *rule)
{
    decoder->fault.reason = reason;
    decoder->fault.value = value;
    decoder->fault.rule = rule;
    decoder->fault.path =
        field.list == NULL ? field.name
        : field.name == NULL
            ? arena_printf(decoder->arena, "%s[%zu]", field.list, field.index)
            : arena_printf(decoder->arena, "%s[%zu].%s", field.list, field.index, field.name);
    return decoder->fault.path == NULL ? STATUS_EXHAUSTED : STATUS_UNPROCESSABLE;
}

enum status decoder_missing(struct decoder *decoder, struct field field, const char *rule)
{
    return decoder_fault(decoder, REASON(FIELD_MISSING), field, "", rule);
}

enum status decoder_invalid(struct decoder *decoder, struct field field, const char *value,
                            const char *rule)
{
    return decoder_fault(decoder, REASON(FIELD_OUT_OF_RANGE), field, value, rule);
}

static bool has_control(const char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte < 0x20 || byte == 0x7f ||
            (byte == 0xc2 && (unsigned char)text[1] >= 0x80 && (unsigned char)text[1] < 0xa0))
            return true;
    }
    return false;
}

enum status decoder_word(struct decoder *decoder, struct field field, const char *text, size_t most)
{
    if (strlen(text) > most)
        return decoder_invalid(decoder, field, text,
                               arena_printf(decoder->arena, "at most %zu bytes", most));
    if (has_control(text))
        return decoder_invalid(decoder, field, text, "no control characters");
    return STATUS_OK;
}

enum status decoder_id(struct decoder *decoder, struct field field, const char *text)
{
    if (text[0] == '\0')
        return decoder_missing(decoder, field, "1 to 128 bytes");
    return decoder_word(decoder, field, text, INTAKE_ID_MAX);
}

enum status decoder_text(struct decoder *decoder, struct field field, const char *text, size_t most)
{
    if (strlen(text) > most)
        return decoder_invalid(decoder, field, text,
                               arena_printf(decoder->arena, "at most %zu bytes", most));
    return STATUS_OK;
}

enum status decoder_range(struct decoder *decoder, struct field field, int64_t value, int64_t least,
                          int64_t most)
{
    if (value >= least && value <= most)
        return STATUS_OK;
    return decoder_invalid(decoder, field, arena_printf(decoder->arena, "%" PRId64, value),
                           arena_printf(decoder->arena, "%" PRId64 " to %" PRId64, least, most));
}

enum status decoder_size(struct decoder *decoder, struct field field, size_t count, size_t least,
                         size_t most)
{
    const char *rule = arena_printf(decoder->arena, "%zu to %zu entries", least, most);
    if (count == 0 && least > 0)
        return decoder_missing(decoder, field, rule);
    if (count > most)
        return decoder_invalid(decoder, field, arena_printf(decoder->arena, "%zu", count), rule);
    return STATUS_OK;
}

enum status decoder_enum(struct decoder *decoder, struct field field,
                         const ProtobufCEnumDescriptor *descriptor, int value, bool needed)
{
    if (message_enum_known(descriptor, value) || (value == 0 && !needed))
        return STATUS_OK;
    if (value == 0)
        return decoder_missing(decoder, field, "a value other than UNSPECIFIED");
    return decoder_fault(decoder, REASON(UNKNOWN_ENUM), field,
                         arena_printf(decoder->arena, "%d", value), descriptor->name);
}

enum status decoder_time(struct decoder *decoder, struct field field,
                         const Google__Protobuf__Timestamp *time, int64_t *time_us)
{
    if (time == NULL)
        return decoder_missing(decoder, field, "a point in time");
    if (message_time(time, time_us) != STATUS_OK || *time_us <= 0)
        return decoder_invalid(decoder, field,
                               arena_printf(decoder->arena, "%" PRId64 " s, %" PRId32 " ns",
                                            time->seconds, time->nanos),
                               "after 1970-01-01T00:00:00Z, before the year 10000");
    return STATUS_OK;
}

enum status decoder_currency(struct decoder *decoder, struct field field, const char *currency)
{
    if (currency[0] == '\0')
        return decoder_missing(decoder, field, "an ISO 4217 code");
    if (currency_exponent(currency) < 0)
        return decoder_fault(decoder, REASON(UNKNOWN_CURRENCY), field, currency,
                             "an ISO 4217 code in upper case");
    return STATUS_OK;
}

enum status decoder_amount(struct decoder *decoder, struct field field,
                           const Redress__V1__Money *amount, int64_t *minor, char currency[4])
{
    if (amount == NULL)
        return decoder_missing(decoder, field, "an amount of money");
    struct field currency_field = FIELD(arena_printf(decoder->arena, "%s.currency", field.name));
    struct field minor_field = FIELD(arena_printf(decoder->arena, "%s.minor", field.name));
    enum status status = decoder_currency(decoder, currency_field, amount->currency);
    if (status == STATUS_OK)
        status = decoder_range(decoder, minor_field, amount->minor, 1, INT64_MAX);
    if (status != STATUS_OK)
        return status;
    *minor = amount->minor;
    memcpy(currency, amount->currency, 4);
    return STATUS_OK;
}
