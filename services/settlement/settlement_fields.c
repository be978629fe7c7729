#include "settlement_fields.h"

#include "message.h"
#include "money.h"

#include <inttypes.h>
#include <string.h>

void field_refuse(struct check *check, Redress__V1__DeadLetterReason reason, const char *field,
                  const char *value, const char *rule)
{
    if (check->status == STATUS_OK)
        check->status = batch_refuse(check->batch, check->event, reason, field, value, rule);
}

static bool is_text(const char *text, size_t most)
{
    size_t length = strlen(text);
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return false;
    return length <= most;
}

const char *field_copy(struct check *check, const char *text)
{
    return text[0] == '\0' ? "" : arena_strdup(check->batch->arena, text);
}

const char *field_text(struct check *check, const char *field, const char *text, size_t least,
                       size_t most)
{
    if (text[0] == '\0' && least > 0)
        field_refuse(check, REASON(FIELD_MISSING), field, "", "1 byte or more");
    else if (!is_text(text, most))
        field_refuse(check, REASON(FIELD_OUT_OF_RANGE), field, text,
                     "few enough bytes, without control characters");
    return field_copy(check, text);
}

const char *field_id(struct check *check, const char *field, const char *text)
{
    return field_text(check, field, text, 1, ID_MAX);
}

const char *field_number_text(struct check *check, int64_t value)
{
    return arena_printf(check->batch->arena, "%" PRId64, value);
}

int64_t field_range(struct check *check, const char *field, int64_t value, int64_t least,
                    int64_t most)
{
    if (value < least || value > most)
        field_refuse(check, REASON(FIELD_OUT_OF_RANGE), field, field_number_text(check, value),
                     arena_printf(check->batch->arena, "%" PRId64 " to %" PRId64, least, most));
    return value;
}

int field_enum(struct check *check, const char *field, const ProtobufCEnumDescriptor *descriptor,
               int value)
{
    if (value == 0)
        field_refuse(check, REASON(FIELD_MISSING), field, "0", "one of the enum's values");
    else if (!message_enum_known(descriptor, value))
        field_refuse(check, REASON(UNKNOWN_ENUM), field, field_number_text(check, value),
                     "one of the enum's values");
    return value;
}

void field_money(struct check *check, const char *field, const Redress__V1__Money *money,
                 int64_t least, int64_t *minor, const char **currency)
{
    if (money == NULL) {
        field_refuse(check, REASON(FIELD_MISSING), field, "", "an amount");
        return;
    }
    *minor = field_range(check, arena_printf(check->batch->arena, "%s.minor", field), money->minor,
                         least, AMOUNT_MAX);
    *currency = field_copy(check, money->currency);
    if (currency_exponent(money->currency) < 0)
        field_refuse(check, REASON(UNKNOWN_CURRENCY),
                     arena_printf(check->batch->arena, "%s.currency", field), money->currency,
                     "an ISO 4217 code");
}

int64_t field_time(struct check *check, const char *field,
                   const Google__Protobuf__Timestamp *timestamp)
{
    int64_t time_us = 0;
    if (message_time(timestamp, &time_us) != STATUS_OK)
        field_refuse(check, REASON(FIELD_OUT_OF_RANGE), field, "", "years 0001 to 9999");
    return time_us;
}

void field_order(struct check *check, const char *merchant_id, const char *order_id)
{
    check->event->merchant_id = field_id(check, "merchant_id", merchant_id);
    check->event->order_id = field_id(check, "order_id", order_id);
}

enum status field_finish(struct check *check, const void *body)
{
    if (arena_exhausted(check->batch->arena))
        return STATUS_EXHAUSTED;
    check->event->body = (void *)body;
    return check->status;
}

enum status field_unpack(struct check *check, ProtobufCMessage **message)
{
    const struct settlement *settlement = check->batch->context;
    const struct event *event = check->event;
    struct error error = {0};
    arena_reset(settlement->scratch);
    enum status status = message_unpack(topic_info(event->topic)->message, event->value,
                                        event->value_size, settlement->scratch, message, &error);
    if (status == STATUS_UNPROCESSABLE)
        field_refuse(check, REASON(MALFORMED), "", NULL, error.text);
    else if (status != STATUS_OK)
        field_refuse(check, REASON(TOO_LARGE), "", NULL, "what can be unpacked in memory");
    return status == STATUS_OK ? STATUS_OK : check->status;
}
