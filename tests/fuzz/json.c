/* Events in canonical JSON, as `redressctl publish` takes them: the first byte chooses the topic
 * (choice.h), the others are the text. What is accepted must be a message that unpacks, and say the
 * same in JSON again; its key and id can be told. */

#include "common/message.h"
#include "common/topics.h"

#include "choice.h"
#include "fuzz.h"
#include "services/redressctl/event.h"

#include <criterion/criterion.h>

enum { ARENA_BYTES = 32 * 1024 * 1024 };

static struct arena *arena;

static void check_again(const struct topic_info *topic, const ProtobufCMessage *message,
                        const uint8_t *bytes, size_t size)
{
    struct error error = {0};
    ProtobufCMessage *again;
    uint8_t *packed = NULL;
    size_t packed_size = 0;
    json_t *json = message_to_json(message);
    cr_assert_not_null(json);
    enum status status = message_from_json(topic->message, json, arena, &again, &error);
    json_decref(json);
    if (status == STATUS_EXHAUSTED)
        return;
    cr_assert_eq(status, STATUS_OK);
    cr_assert_eq(message_pack(again, arena, &packed, &packed_size), STATUS_OK);
    cr_assert_eq(packed_size, size);
    cr_assert(size == 0 || memcmp(packed, bytes, size) == 0);
}

static void tell(enum topic id, const ProtobufCMessage *message, const uint8_t *bytes, size_t size)
{
    struct error error = {0};
    char key[EVENT_KEY_MAX], name[EVENT_ID_MAX];
    int64_t time_us;
    if (event_key(id, message, key, &error) == STATUS_OK)
        cr_assert(key[0] != '\0' && memchr(key, '\0', sizeof key) != NULL);
    (void)event_time(message, &time_us);
    cr_assert_not_null(memchr(event_id(id, bytes, size, name), '\0', sizeof name));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct error error = {0};
    ProtobufCMessage *message;
    uint8_t *packed = NULL;
    size_t packed_size = 0;
    if (size == 0)
        return 0;
    if (arena == NULL)
        arena = arena_create(ARENA_BYTES);
    arena_reset(arena);
    enum topic id = (enum topic)choice(bytes[0], TOPIC_COUNT);
    const struct topic_info *topic = topic_info(id);
    if (message_from_json_text(topic->message, (const char *)bytes + 1, size - 1, arena, &message,
                               &error) != STATUS_OK ||
        message_pack(message, arena, &packed, &packed_size) != STATUS_OK)
        return 0;
    enum status status =
        message_unpack(topic->message, packed, packed_size, arena, &message, &error);
    if (status == STATUS_EXHAUSTED)
        return 0;
    cr_assert_eq(status, STATUS_OK);
    check_again(topic, message, packed, packed_size);
    tell(id, message, packed, packed_size);
    return 0;
}
