/* Records as they stand on a topic: the first byte chooses the topic (choice.h), the others are the
 * value. The scan and the unpacking must agree; what they accept must pack, unpack and pack again
 * to the same bytes, come through JSON unharmed, and be read or refused by each worker. */

#include "common/message.h"
#include "common/message_carry.h"
#include "common/topics.h"
#include "common/wire.h"

#include "choice.h"
#include "decoders/decoders.h"
#include "fuzz.h"
#include "services/settlement/skim.h"

#include <criterion/criterion.h>

enum { ARENA_BYTES = 16 * 1024 * 1024 };

struct packed {
    uint8_t *bytes;
    size_t size;
};

static struct arena *arena;

static struct packed pack(const ProtobufCMessage *message)
{
    struct packed packed = {0};
    cr_assert_eq(message_pack(message, arena, &packed.bytes, &packed.size), STATUS_OK);
    return packed;
}

static void check_same(struct packed one, struct packed other)
{
    cr_assert_eq(one.size, other.size);
    cr_assert(one.size == 0 || memcmp(one.bytes, other.bytes, one.size) == 0);
}

/* Unknown fields are let through, and lost in JSON. Values that JSON cannot say (enums that are not
 * listed, times out of bounds) may be refused on the way back. */
static void through_json(const ProtobufCMessage *message)
{
    ProtobufCMessage *again;
    json_t *json = message_to_json(message);
    cr_assert_not_null(json);
    if (message_from_json(message->descriptor, json, arena, &again, NULL) == STATUS_OK) {
        json_t *same = message_to_json(again);
        cr_assert(json_equal(json, same));
        json_decref(same);
    }
    json_decref(json);
}

static void exercise(const struct topic_info *topic, const ProtobufCMessage *message)
{
    struct error error = {0};
    ProtobufCMessage *again;
    struct packed packed = pack(message);
    enum status status =
        message_unpack(topic->message, packed.bytes, packed.size, arena, &again, &error);
    if (status == STATUS_EXHAUSTED)
        return;
    cr_assert_eq(status, STATUS_OK);
    check_same(pack(again), packed);
    through_json(again);
}

static void carry(const uint8_t *bytes, size_t size)
{
    static const uint32_t fields[] = {6, 7, 8, 9};
    ProtobufCMessageUnknownField carried[4];
    unsigned count = message_carry(bytes, size, fields, 4, carried, 4);
    for (unsigned i = 0; i < count; i++)
        cr_assert(carried[i].data >= bytes && carried[i].data + carried[i].len <= bytes + size);
}

static void decode(enum topic topic, const uint8_t *bytes, size_t size)
{
    static decoder *const decoders[] = {decode_intake, decode_policy, decode_routing,
                                        decode_settlement, decode_analytics};
    for (size_t i = 0; i < sizeof decoders / sizeof *decoders; i++) {
        arena_reset(arena);
        decoders[i](topic, bytes, size, arena);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct error error = {0}, why = {0};
    ProtobufCMessage *message;
    if (size == 0)
        return 0;
    if (arena == NULL)
        arena = arena_create(ARENA_BYTES);
    arena_reset(arena);
    enum topic id = (enum topic)choice(bytes[0], TOPIC_COUNT);
    const struct topic_info *topic = topic_info(id);
    bytes++, size--;
    enum status scanned = wire_scan(topic->message, bytes, size, &error);
    enum status status = message_unpack(topic->message, bytes, size, arena, &message, &why);
    cr_assert(scanned == STATUS_OK || scanned == STATUS_UNPROCESSABLE);
    cr_assert(status == scanned || status == STATUS_EXHAUSTED);
    (void)skim_lacks_field(bytes, size, 7);
    if (status == STATUS_OK) {
        exercise(topic, message);
        carry(bytes, size);
    }
    decode(id, bytes, size);
    return 0;
}
