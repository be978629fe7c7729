#include "message.h"

#include "clock.h"

/* Of google/protobuf/timestamp.proto: years 0001 to 9999. */
#define TIMESTAMP_SECONDS_MIN INT64_C(-62135596800)
#define TIMESTAMP_SECONDS_MAX INT64_C(253402300799)
#define TIMESTAMP_NANOS_MAX 999999999

static bool is_upper(char letter)
{
    return letter >= 'A' && letter <= 'Z';
}

/* Bytes of "PAYMENT_METHOD_" in the names of the enum PaymentMethod; 0 if `name` is not named so.
 */
static size_t prefix_size(const ProtobufCEnumDescriptor *descriptor, const char *name)
{
    size_t size = 0;
    for (const char *word = descriptor->short_name; *word != '\0'; word++) {
        if (is_upper(*word) && size > 0 && name[size++] != '_')
            return 0;
        char wanted = *word >= 'a' && *word <= 'z' ? (char)(*word - 'a' + 'A') : *word;
        if (name[size++] != wanted)
            return 0;
    }
    return name[size] == '_' ? size + 1 : 0;
}

const char *message_enum_name(const ProtobufCEnumDescriptor *descriptor, int value)
{
    const ProtobufCEnumValue *found = protobuf_c_enum_descriptor_get_value(descriptor, value);
    return found == NULL ? "UNKNOWN" : found->name + prefix_size(descriptor, found->name);
}

bool message_enum_known(const ProtobufCEnumDescriptor *descriptor, int value)
{
    return value != 0 && protobuf_c_enum_descriptor_get_value(descriptor, value) != NULL;
}

enum status message_time(const Google__Protobuf__Timestamp *timestamp, int64_t *time_us)
{
    if (timestamp == NULL) {
        *time_us = 0;
        return STATUS_OK;
    }
    if (timestamp->seconds < TIMESTAMP_SECONDS_MIN || timestamp->seconds > TIMESTAMP_SECONDS_MAX ||
        timestamp->nanos < 0 || timestamp->nanos > TIMESTAMP_NANOS_MAX)
        return STATUS_INVALID;
    *time_us = timestamp->seconds * CLOCK_SECOND_US + timestamp->nanos / 1000;
    return STATUS_OK;
}

Google__Protobuf__Timestamp *message_timestamp(struct arena *arena, int64_t time_us)
{
    Google__Protobuf__Timestamp *timestamp = arena_alloc(arena, sizeof *timestamp);
    if (timestamp == NULL)
        return NULL;
    google__protobuf__timestamp__init(timestamp);
    timestamp->seconds = time_us / CLOCK_SECOND_US;
    int64_t rest_us = time_us % CLOCK_SECOND_US;
    if (rest_us < 0) {
        timestamp->seconds--;
        rest_us += CLOCK_SECOND_US;
    }
    timestamp->nanos = (int32_t)(rest_us * 1000);
    return timestamp;
}
