#include "analytics_fields.h"

#include "clock.h"
#include "message.h"
#include "money.h"

#include <inttypes.h>
#include <string.h>

#define REASON(name) REDRESS__V1__DEAD_LETTER_REASON__DEAD_LETTER_REASON_##name

enum status analytics_refuse(struct analytics_decoder *decoder,
                             Redress__V1__DeadLetterReason reason, struct analytics_field field,
                             const char *value, const char *rule)
{
    decoder->fault = (struct analytics_fault){.reason = reason, .value = value, .rule = rule};
    decoder->fault.path = field.list == NULL ? field.name
                                             : arena_printf(decoder->arena, "%s[%zu].%s",
                                                            field.list, field.index, field.name);
    return arena_exhausted(decoder->arena) ? STATUS_EXHAUSTED : STATUS_UNPROCESSABLE;
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

enum status analytics_check_id(struct analytics_decoder *decoder, struct analytics_field field,
                               const char *text)
{
    if (text[0] == '\0')
        return analytics_refuse(decoder, REASON(FIELD_MISSING), field, "", "1 to 128 bytes");
    if (strlen(text) > ANALYTICS_ID_MAX)
        return analytics_refuse(decoder, REASON(FIELD_OUT_OF_RANGE), field, text, "1 to 128 bytes");
    if (has_control(text))
        return analytics_refuse(decoder, REASON(FIELD_OUT_OF_RANGE), field, text,
                                "no control characters");
    return STATUS_OK;
}

enum status analytics_check_range(struct analytics_decoder *decoder, struct analytics_field field,
                                  int64_t value, int64_t least, int64_t most)
{
    if (value >= least && value <= most)
        return STATUS_OK;
    return analytics_refuse(decoder, REASON(FIELD_OUT_OF_RANGE), field,
                            arena_printf(decoder->arena, "%" PRId64, value),
                            arena_printf(decoder->arena, "%" PRId64 " to %" PRId64, least, most));
}

enum status analytics_check_enum(struct analytics_decoder *decoder, struct analytics_field field,
                                 const ProtobufCEnumDescriptor *descriptor, int value)
{
    if (message_enum_known(descriptor, value))
        return STATUS_OK;
    if (value == 0)
        return analytics_refuse(decoder, REASON(FIELD_MISSING), field, "",
                                "a value other than UNSPECIFIED");
    return analytics_refuse(decoder, REASON(UNKNOWN_ENUM), field,
                            arena_printf(decoder->arena, "%d", value), descriptor->name);
}

enum status analytics_check_currency(struct analytics_decoder *decoder,
                                     struct analytics_field field, const char *currency)
{
    if (currency[0] == '\0')
        return analytics_refuse(decoder, REASON(FIELD_MISSING), field, "", "an ISO 4217 code");
    if (currency_exponent(currency) < 0)
        return analytics_refuse(decoder, REASON(UNKNOWN_CURRENCY), field, currency,
                                "an ISO 4217 code in upper case");
    return STATUS_OK;
}

enum status analytics_check_amount(struct analytics_decoder *decoder, struct analytics_field field,
                                   const Redress__V1__Money *amount, int64_t least)
{
    if (amount == NULL)
        return analytics_refuse(decoder, REASON(FIELD_MISSING), field, "", "an amount of money");
    enum status status = analytics_check_currency(decoder, field, amount->currency);
    return status != STATUS_OK
               ? status
               : analytics_check_range(decoder, field, amount->minor, least, INT64_MAX);
}

enum status analytics_check_day(struct analytics_decoder *decoder, struct analytics_field field,
                                const Google__Protobuf__Timestamp *time, int32_t *day)
{
    int64_t time_us;
    if (time == NULL)
        return analytics_refuse(decoder, REASON(FIELD_MISSING), field, "", "a point in time");
    if (message_time(time, &time_us) != STATUS_OK || time_us <= 0)
        return analytics_refuse(decoder, REASON(FIELD_OUT_OF_RANGE), field,
                                arena_printf(decoder->arena, "%" PRId64 " s", time->seconds),
                                "after 1970-01-01T00:00:00Z, before the year 10000");
    *day = (int32_t)(time_us / CLOCK_DAY_US);
    return STATUS_OK;
}
