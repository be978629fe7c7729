#include "event.h"

#include "google/protobuf/timestamp.pb-c.h"
#include "identity.h"
#include "message.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { EVENT_ID_HEX = 32 };

/* Of topics that are not keyed by order_id. X(topic, field, field of a number behind it or "") */
#define KEY_ROWS(X)                             \
    X(PROVIDER_INBOX, "provider_reference", "") \
    X(STATEMENTS, "statement_id", "")           \
    X(RULES, "id", "version")                   \
    X(INSIGHTS, "subject", "")                  \
    X(CONTROL, "subject", "")

struct key_rule {
    const char *text;
    const char *number;
};

static const struct key_rule key_rules[TOPIC_COUNT] = {
#define X(topic, text_field, number_field) [TOPIC_##topic] = {text_field, number_field},
    KEY_ROWS(X)
#undef X
};

static const void *field_of(const ProtobufCMessage *message, const char *name, ProtobufCType type)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(message->descriptor, name);
    if (field == NULL || field->type != type || field->label == PROTOBUF_C_LABEL_REPEATED)
        return NULL;
    return (const char *)message + field->offset;
}

enum status event_key(enum topic topic, const ProtobufCMessage *message, char *key,
                      struct error *error)
{
    static const struct key_rule by_order = {"order_id", ""};
    const struct key_rule *rule =
        topic_info(topic)->kind == TOPIC_KIND_SHARDED ? &by_order : &key_rules[topic];
    if (rule->text == NULL)
        return error_set(error, STATUS_INVALID, "%s takes no messages of its own",
                         topic_info(topic)->name);
    const char *const *text = field_of(message, rule->text, PROTOBUF_C_TYPE_STRING);
    if (text == NULL || *text == NULL || **text == '\0')
        return error_set(error, STATUS_INVALID, "%s is empty, and is the key", rule->text);
    const int64_t *number =
        rule->number[0] == '\0' ? NULL : field_of(message, rule->number, PROTOBUF_C_TYPE_INT64);
    int length = number == NULL ? snprintf(key, EVENT_KEY_MAX, "%s", *text)
                                : snprintf(key, EVENT_KEY_MAX, "%s/%" PRId64, *text, *number);
    if (length >= EVENT_KEY_MAX)
        return error_set(error, STATUS_INVALID, "%s has more than %d bytes, and is the key",
                         rule->text, EVENT_KEY_MAX - 1);
    return STATUS_OK;
}

bool event_time(const ProtobufCMessage *message, int64_t *time_us)
{
    static const char *const names[] = {"occurred_at", "published_at", "received_at", "until"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        Google__Protobuf__Timestamp *const *timestamp =
            field_of(message, names[i], PROTOBUF_C_TYPE_MESSAGE);
        if (timestamp != NULL && *timestamp != NULL)
            return message_time(*timestamp, time_us) == STATUS_OK;
    }
    return false;
}

char *event_id(enum topic topic, const void *bytes, size_t size, char *id)
{
    char whole[IDENTITY_SHA256_HEX];
    (void)snprintf(id, EVENT_ID_MAX, "%s/%.*s", topic_info(topic)->name, EVENT_ID_HEX,
                   identity_sha256(bytes, size, whole));
    return id;
}
