#include "count.h"
#include "message.h"
#include "tests/unit/random_message.h"
#include "topics.h"
#include "worker/ring.h"

#include <stdlib.h>

enum { ARENA = 8 * 1024 * 1024, ROUNDS = 20 };

static void fail_if(bool bad)
{
    if (bad)
        abort();
}

/* Every message of every topic, filled in at random. */
int64_t count_unpack(void)
{
    struct random random = {.state = 1};
    struct arena *arena = arena_create(ARENA);
    int64_t count = 0;
    for (int round = 0; round < ROUNDS; round++)
        for (int topic = 0; topic < TOPIC_COUNT; topic++) {
            const ProtobufCMessageDescriptor *descriptor = topic_info((enum topic)topic)->message;
            uint8_t *bytes = NULL;
            size_t size = 0;
            ProtobufCMessage *back = NULL;
            struct error error;
            arena_reset(arena);
            const ProtobufCMessage *message = random_message(&random, descriptor, arena);
            fail_if(message_pack(message, arena, &bytes, &size) != STATUS_OK);
            fail_if(message_unpack(descriptor, bytes, size, arena, &back, &error) != STATUS_OK);
            count++;
        }
    arena_destroy(arena);
    return count;
}

/* Records as the workers keep and publish them: 700 bytes and eight headers. */
int64_t count_ring(void)
{
    enum { RECORDS = 400, VALUE = 700, HEADERS = 8 };
    static const uint8_t value[VALUE];
    struct ring_record record = {.topic = TOPIC_PAYOUTS,
                                 .key = "made-1-100",
                                 .key_size = 10,
                                 .value = value,
                                 .value_size = VALUE,
                                 .header_count = HEADERS};
    for (size_t i = 0; i < HEADERS; i++)
        record.headers[i] = (struct header){"ce_time", "2026-06-18T12:00:00.000000Z", 27};
    struct arena *arena = arena_create(ARENA);
    struct ring_buffer buffer;
    ring_start(&buffer, arena, ARENA / 2);
    for (int i = 0; i < RECORDS; i++)
        fail_if(ring_append(&buffer, &record) != STATUS_OK);
    size_t at = 0;
    enum status status = STATUS_OK;
    int64_t count = 0;
    while (ring_next(buffer.bytes, buffer.size, &at, arena, &record, &status))
        count++;
    fail_if(count != RECORDS || status != STATUS_OK);
    arena_destroy(arena);
    return count;
}
