#include "message.h"

#include "random_message.h"
#include "redress/v1/control.pb-c.h"
#include "redress/v1/goods.pb-c.h"
#include "redress/v1/provider.pb-c.h"
#include "redress/v1/rules.pb-c.h"
#include "redress/v1/types.pb-c.h"
#include "topics.h"
#include "wire.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_BYTES = 16 * 1024 * 1024, SMALL_ARENA_BYTES = 64 * 1024 };

static struct arena *arena;

static void set_up(void)
{
    arena = arena_create(ARENA_BYTES);
    cr_assert_not_null(arena);
}

static void tear_down(void)
{
    arena_destroy(arena);
}

TestSuite(message, .init = set_up, .fini = tear_down);

static const ProtobufCMessageDescriptor *descriptor_of(size_t topic)
{
    return topic_info((enum topic)topic)->message;
}

static void pack(const ProtobufCMessage *message, uint8_t **bytes, size_t *size)
{
    cr_assert_eq(message_pack(message, arena, bytes, size), STATUS_OK);
}

static void expect_same_bytes(const ProtobufCMessage *a, const ProtobufCMessage *b)
{
    uint8_t *a_bytes, *b_bytes;
    size_t a_size, b_size;
    pack(a, &a_bytes, &a_size);
    pack(b, &b_bytes, &b_size);
    cr_assert_eq(a_size, b_size, "%s", a->descriptor->name);
    cr_assert_eq(memcmp(a_bytes, b_bytes, a_size), 0, "%s", a->descriptor->name);
}

Test(message, every_type_comes_back_from_its_bytes)
{
    struct random random = {.state = 1};
    for (int round = 0; round < 1500; round++) {
        struct error error = {""};
        const ProtobufCMessageDescriptor *descriptor = descriptor_of((size_t)round % TOPIC_COUNT);
        ProtobufCMessage *message = random_message(&random, descriptor, arena);
        ProtobufCMessage *again = NULL;
        uint8_t *bytes;
        size_t size;
        pack(message, &bytes, &size);
        cr_assert_eq(message_unpack(descriptor, bytes, size, arena, &again, &error), STATUS_OK,
                     "%s", error.text);
        expect_same_bytes(message, again);
        arena_reset(arena);
    }
}

static void *allocate(void *from, size_t size)
{
    return arena_alloc(from, size);
}

static void leave(void *from, void *pointer)
{
    (void)from;
    (void)pointer;
}

/* protobuf-c is the reference for what is well-formed. */
static ProtobufCMessage *unpack_by_library(const ProtobufCMessageDescriptor *descriptor,
                                           const uint8_t *bytes, size_t size)
{
    ProtobufCAllocator allocator = {allocate, leave, arena};
    return protobuf_c_message_unpack(descriptor, &allocator, size, bytes);
}

Test(message, bytes_are_those_of_protobuf_c)
{
    struct random random = {.state = 3};
    for (int round = 0; round < 1500; round++) {
        const ProtobufCMessageDescriptor *descriptor = descriptor_of((size_t)round % TOPIC_COUNT);
        ProtobufCMessage *message = random_message(&random, descriptor, arena);
        uint8_t *bytes;
        size_t size;
        pack(message, &bytes, &size);
        cr_assert_eq(size, protobuf_c_message_get_packed_size(message), "%s", descriptor->name);
        uint8_t *wanted = arena_alloc(arena, size);
        cr_assert_not_null(wanted);
        (void)protobuf_c_message_pack(message, wanted);
        cr_assert_eq(memcmp(bytes, wanted, size), 0, "%s", descriptor->name);
        cr_assert_not_null(unpack_by_library(descriptor, bytes, size));
        arena_reset(arena);
    }
}

/* Whatever room the block has left: none, too little, just enough. */
Test(message, packs_at_the_end_of_a_block)
{
    struct random random = {.state = 8};
    struct arena *small = arena_create((size_t)2 * SMALL_ARENA_BYTES);
    for (int round = 0; round < 1500; round++) {
        const ProtobufCMessageDescriptor *descriptor = descriptor_of((size_t)round % TOPIC_COUNT);
        ProtobufCMessage *message = random_message(&random, descriptor, arena);
        uint8_t *bytes, *wanted;
        size_t size, wanted_size;
        pack(message, &wanted, &wanted_size);
        arena_reset(small);
        size_t taken = SMALL_ARENA_BYTES - random_below(&random, 2 * wanted_size + 32);
        cr_assert_not_null(arena_alloc(small, taken));
        cr_assert_eq(message_pack(message, small, &bytes, &size), STATUS_OK);
        cr_assert_eq(size, wanted_size);
        cr_assert_eq(memcmp(bytes, wanted, size), 0);
        arena_reset(arena);
    }
    arena_destroy(small);
}

Test(message, packing_into_a_full_arena_is_said_so)
{
    struct arena *small = arena_create(SMALL_ARENA_BYTES);
    Redress__V1__Money money = REDRESS__V1__MONEY__INIT;
    uint8_t *bytes;
    size_t size;
    money.minor = 1;
    cr_assert_not_null(arena_alloc(small, SMALL_ARENA_BYTES));
    cr_expect_eq(message_pack(&money.base, small, &bytes, &size), STATUS_EXHAUSTED);
    arena_destroy(small);
}

Test(message, lists_of_any_length_come_back)
{
    for (size_t count = 0; count < 70; count++) {
        Redress__V1__Notice notice = REDRESS__V1__NOTICE__INIT;
        Redress__V1__Notice *again = NULL;
        struct error error = {""};
        char *needed[70];
        int32_t days[70];
        for (size_t i = 0; i < count; i++) {
            needed[i] = arena_printf(arena, "photo %zu", i);
            days[i] = (int32_t)i * 1000003 - 7;
        }
        notice.n_needed = notice.n_business_days = count;
        notice.needed = needed;
        notice.business_days = days;
        uint8_t *bytes;
        size_t size;
        pack(&notice.base, &bytes, &size);
        cr_assert_eq(message_unpack(&redress__v1__notice__descriptor, bytes, size, arena,
                                    (ProtobufCMessage **)&again, &error),
                     STATUS_OK, "%s", error.text);
        cr_assert_eq(again->n_needed, count);
        cr_assert_eq(again->n_business_days, count);
        for (size_t i = 0; i < count; i++) {
            cr_assert_str_eq(again->needed[i], needed[i]);
            cr_assert_eq(again->business_days[i], days[i]);
        }
    }
}

Test(message, the_last_member_of_a_oneof_wins)
{
    /* in_transit {carrier "x"}, then lost {} */
    static const uint8_t bytes[] = {0x3a, 0x03, 0x0a, 0x01, 'x', 0x52, 0x00};
    Redress__V1__GoodsEvent *event = NULL;
    struct error error = {""};
    cr_assert_eq(message_unpack(&redress__v1__goods_event__descriptor, bytes, sizeof bytes, arena,
                                (ProtobufCMessage **)&event, &error),
                 STATUS_OK, "%s", error.text);
    cr_assert_eq(event->event_case, REDRESS__V1__GOODS_EVENT__EVENT_LOST);
    cr_expect_str_eq(event->lost->carrier, "");
}

Test(message, every_type_comes_back_from_its_json)
{
    struct random random = {.state = 2};
    for (int round = 0; round < 1500; round++) {
        struct error error = {""};
        const ProtobufCMessageDescriptor *descriptor = descriptor_of((size_t)round % TOPIC_COUNT);
        ProtobufCMessage *message = random_message(&random, descriptor, arena);
        ProtobufCMessage *again = NULL;
        json_t *json = message_to_json(message);
        cr_assert_not_null(json);
        char *text = json_dumps(json, JSON_COMPACT);
        cr_assert_not_null(text);
        cr_assert_eq(message_from_json_text(descriptor, text, strlen(text), arena, &again, &error),
                     STATUS_OK, "%s in %s", error.text, text);
        expect_same_bytes(message, again);
        free(text);
        json_decref(json);
        arena_reset(arena);
    }
}

struct json_row {
    const ProtobufCMessageDescriptor *descriptor;
    const char *text;
    const char *printed; /* NULL: refused with `error` */
    const char *error;
};

#define MONEY &redress__v1__money__descriptor
#define NOTICE &redress__v1__notice__descriptor
#define GOODS &redress__v1__goods_event__descriptor
#define SUMMARY &redress__v1__import_summary__descriptor
#define SIGNATURE &redress__v1__signature__descriptor
#define LINE &redress__v1__goods_line__descriptor
#define PERSON &redress__v1__person__descriptor
#define RULE &redress__v1__rule_hit__descriptor

static const struct json_row json_rows[] = {
    {MONEY, "{}", "{}", NULL},
    {MONEY, "{\"minor\":\"1230\",\"currency\":\"EUR\"}",
     "{\"minor\":\"1230\",\"currency\":\"EUR\"}", NULL},
    {MONEY, "{\"minor\":-1230}", "{\"minor\":\"-1230\"}", NULL},
    {MONEY, "{\"minor\":\"0\",\"currency\":\"\"}", "{}", NULL},
    {MONEY, "{\"minor\":null}", "{}", NULL},
    {MONEY, "{\"minor\":\"9223372036854775807\"}", "{\"minor\":\"9223372036854775807\"}", NULL},
    {MONEY, "{\"minor\":-9223372036854775808}", "{\"minor\":\"-9223372036854775808\"}", NULL},
    {LINE, "{\"line_id\":\"1\",\"acceptedUnits\":2,\"condition\":\"USED\"}",
     "{\"lineId\":\"1\",\"acceptedUnits\":\"2\",\"condition\":\"GOODS_CONDITION_USED\"}", NULL},
    {LINE, "{\"condition\":3}", "{\"condition\":\"GOODS_CONDITION_USED\"}", NULL},
    {LINE, "{\"condition\":99}", "{\"condition\":99}", NULL},
    {NOTICE,
     "{\"needed\":[\"a\",\"\"],\"businessDays\":[5,10],\"until\":\"2010-12-01T09:26+01:00\"}",
     "{\"needed\":[\"a\",\"\"],\"businessDays\":[5,10],\"until\":\"2010-12-01T08:26:00Z\"}", NULL},
    {NOTICE, "{\"until\":\"2010-12-01T08:26:00.123456789Z\",\"needed\":[]}",
     "{\"until\":\"2010-12-01T08:26:00.123456789Z\"}", NULL},
    {RULE, "{\"hit\":true}", "{\"hit\":true}", NULL},
    {RULE, "{\"hit\":false}", "{}", NULL},
    {SUMMARY, "{\"skipped\":{\"PRICE\":641,\"QUANTITY\":\"0\"}}",
     "{\"skipped\":{\"PRICE\":\"641\",\"QUANTITY\":\"0\"}}", NULL},
    {SIGNATURE, "{\"signature\":\"AP9+\"}", "{\"signature\":\"AP9+\"}", NULL},
    {SIGNATURE, "{\"signature\":\"_w==\"}", "{\"signature\":\"/w==\"}", NULL},
    {SIGNATURE, "{\"signature\":\"_-8\"}", "{\"signature\":\"/+8=\"}", NULL},
    {SIGNATURE, "{\"signature\":\"\"}", "{}", NULL},
    {GOODS, "{\"lost\":{}}", "{\"lost\":{}}", NULL},
    {GOODS, "{\"received\":null,\"lost\":{\"carrier\":\"x\"}}", "{\"lost\":{\"carrier\":\"x\"}}",
     NULL},

    {MONEY, "[]", NULL, "(message): must be an object"},
    {MONEY, "{\"minors\":1}", NULL, "minors: there is no such field"},
    {MONEY, "{\"minor\":1.5}", NULL, "minor: must be a whole number of at most 64 bits"},
    {MONEY, "{\"minor\":1e3}", NULL, "minor: must be a whole number of at most 64 bits"},
    {MONEY, "{\"minor\":\"1.0\"}", NULL, "minor: must be a whole number of at most 64 bits"},
    {MONEY, "{\"minor\":\"\"}", NULL, "minor: must be a whole number of at most 64 bits"},
    {MONEY, "{\"minor\":\" 1\"}", NULL, "minor: must be a whole number of at most 64 bits"},
    {MONEY, "{\"minor\":\"9223372036854775808\"}", NULL,
     "minor: must be a whole number of at most 64 bits"},
    {MONEY, "{\"minor\":9223372036854775808}", NULL,
     "line 1, column 28: too big integer near "
     "'9223372036854775808'"},
    {MONEY, "{\"minor\":true}", NULL, "minor: must be a whole number of at most 64 bits"},
    {MONEY, "{\"currency\":7}", NULL, "currency: must be a text"},
    {MONEY, "{\"currency\":\"\\u0000\"}", NULL,
     "line 1, column 20: \\u0000 is not allowed without JSON_ALLOW_NUL near '\"\\u0000\"'"},
    {MONEY, "{\"minor\":1,\"minor\":2}", NULL,
     "line 1, column 18: duplicate object key near '\"minor\"'"},
    {MONEY, "{\"minor\":1", NULL, "line 1, column 10: '}' expected near end of file"},
    {LINE, "{\"lineId\":\"1\",\"line_id\":\"1\"}", NULL, "lineId: the field is given twice"},
    {LINE, "{\"condition\":\"WORN\"}", NULL, "condition: must be the name of a GoodsCondition"},
    {LINE, "{\"condition\":\"used\"}", NULL, "condition: must be the name of a GoodsCondition"},
    {LINE, "{\"condition\":2147483648}", NULL, "condition: must fit into 32 bits"},
    {NOTICE, "{\"businessDays\":[5,2147483648]}", NULL, "businessDays[1]: must fit into 32 bits"},
    {NOTICE, "{\"businessDays\":5}", NULL, "businessDays: must be a list"},
    {NOTICE, "{\"needed\":[null]}", NULL, "needed[0]: must be a text"},
    {NOTICE, "{\"until\":\"yesterday\"}", NULL, "until: must be a time as 2010-12-01T08:26:00Z"},
    {NOTICE, "{\"until\":17}", NULL, "until: must be a time as 2010-12-01T08:26:00Z"},
    {RULE, "{\"hit\":1}", NULL, "hit: must be true or false"},
    {SUMMARY, "{\"skipped\":[]}", NULL, "skipped: must be an object"},
    {SUMMARY, "{\"skipped\":{\"PRICE\":\"x\"}}", NULL,
     "skipped.PRICE: must be a whole number of at most 64 bits"},
    {SIGNATURE, "{\"signature\":\"A\"}", NULL, "signature: must be base64"},
    {SIGNATURE, "{\"signature\":\"AB==\"}", NULL, "signature: must be base64"},
    {SIGNATURE, "{\"signature\":\"A===\"}", NULL, "signature: must be base64"},
    {SIGNATURE, "{\"signature\":\"AA A\"}", NULL, "signature: must be base64"},
    {SIGNATURE, "{\"signature\":5}", NULL, "signature: must be base64"},
    {GOODS, "{\"lost\":{},\"received\":{}}", NULL,
     "received: another member of the same oneof is set"},
    {GOODS, "{\"received\":{\"lines\":[{},{\"units\":\"many\"}]}}", NULL,
     "received.lines[1].units: must be a whole number of at most 64 bits"},
    {PERSON, "{\"roles\":[\"APPROVER\",\"KING\"]}", NULL, "roles[1]: must be the name of a Role"},
};

static void expect_printed(const struct json_row *row, const ProtobufCMessage *message)
{
    json_t *json = message_to_json(message);
    char *printed = json_dumps(json, JSON_COMPACT);
    cr_assert_not_null(printed);
    cr_expect_str_eq(printed, row->printed);
    free(printed);
    json_decref(json);
}

Test(message, json_is_canonical_and_strict)
{
    for (size_t i = 0; i < sizeof json_rows / sizeof *json_rows; i++) {
        const struct json_row *row = &json_rows[i];
        ProtobufCMessage *message = NULL;
        struct error error = {""};
        enum status status = message_from_json_text(row->descriptor, row->text, strlen(row->text),
                                                    arena, &message, &error);
        if (row->printed == NULL) {
            cr_expect_eq(status, STATUS_INVALID, "%s", row->text);
            cr_expect_str_eq(error.text, row->error);
        } else {
            cr_assert_eq(status, STATUS_OK, "%s: %s", row->text, error.text);
            expect_printed(row, message);
        }
        arena_reset(arena);
    }
}

/* message_from_json may be given a value that was built, not read. */
Test(message, nul_inside_a_json_text_is_refused)
{
    struct error error;
    ProtobufCMessage *message;
    json_t *json = json_pack("{s:s%}", "currency", "E\0R", (size_t)3);
    cr_expect_eq(message_from_json(MONEY, json, arena, &message, &error), STATUS_INVALID);
    json_decref(json);
    json = json_pack("{s:s%}", "minor", "1\0x", (size_t)3);
    cr_expect_eq(message_from_json(MONEY, json, arena, &message, &error), STATUS_INVALID);
    json_decref(json);
}

Test(message, a_time_out_of_range_is_shown_as_it_is)
{
    Google__Protobuf__Timestamp time = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    time.seconds = INT64_MAX;
    json_t *json = message_to_json(&time.base);
    cr_expect_str_eq(json_string_value(json_object_get(json, "seconds")), "9223372036854775807");
    json_decref(json);
}

Test(message, a_full_arena_is_said_so)
{
    struct arena *small = arena_create(SMALL_ARENA_BYTES);
    struct random random = {.state = 9};
    struct error error = {""};
    ProtobufCMessage *message;
    while (arena_alloc(small, 64) != NULL)
        ;
    arena_reset(small);
    size_t held = SMALL_ARENA_BYTES - 512;
    for (int round = 0; round < 400; round++) {
        const ProtobufCMessageDescriptor *descriptor = descriptor_of((size_t)round % TOPIC_COUNT);
        uint8_t *bytes;
        size_t size;
        pack(random_message(&random, descriptor, arena), &bytes, &size);
        arena_reset(small);
        cr_assert_not_null(arena_alloc(small, held));
        enum status status = message_unpack(descriptor, bytes, size, small, &message, &error);
        cr_assert_eq(status, arena_exhausted(small) ? STATUS_EXHAUSTED : STATUS_OK, "%s",
                     status_name(status));
        arena_reset(arena);
    }
    arena_destroy(small);
}

static void mutate(struct random *random, uint8_t *bytes, size_t *size)
{
    for (uint64_t count = random_below(random, 4); count > 0 && *size > 0; count--) {
        size_t at = random_below(random, *size);
        switch (random_below(random, 5)) {
        case 0:
            bytes[at] ^= (uint8_t)(1u << random_below(random, 8));
            break;
        case 1:
            bytes[at] = (uint8_t)random_next(random);
            break;
        case 2: /* a length or tag that claims much */
            bytes[at] |= 0x80;
            break;
        case 3:
            *size = at;
            break;
        default: {
            size_t from = random_below(random, *size);
            size_t most = *size - (at > from ? at : from);
            memmove(bytes + at, bytes + from, random_below(random, most + 1));
        }
        }
    }
}

/* Whatever passes can be packed again, printed, and unpacked again. */
static void expect_handled(const ProtobufCMessageDescriptor *descriptor, const uint8_t *bytes,
                           size_t size, size_t *accepted)
{
    struct error error = {""};
    ProtobufCMessage *message = NULL;
    uint8_t *exact = malloc(size + (size == 0));
    cr_assert_not_null(exact);
    memcpy(exact, bytes, size);
    enum status status = message_unpack(descriptor, exact, size, arena, &message, &error);
    free(exact);
    cr_assert_eq(status, wire_scan(descriptor, bytes, size, NULL), "%s", error.text);
    if (status == STATUS_UNPROCESSABLE) {
        cr_assert_neq(error.text[0], '\0');
        return;
    }
    cr_assert_eq(status, STATUS_OK, "%s: %s", status_name(status), error.text);
    ProtobufCMessage *reference = unpack_by_library(descriptor, bytes, size);
    cr_assert_not_null(reference);
    expect_same_bytes(reference, message);
    uint8_t *again_bytes;
    size_t again_size;
    ProtobufCMessage *again;
    pack(message, &again_bytes, &again_size);
    cr_assert_eq(message_unpack(descriptor, again_bytes, again_size, arena, &again, &error),
                 STATUS_OK, "%s", error.text);
    expect_same_bytes(message, again);
    json_t *json = message_to_json(message);
    cr_assert_not_null(json);
    json_decref(json);
    (*accepted)++;
}

Test(message, hostile_bytes_never_crash)
{
    struct random random = {.state = 4};
    size_t accepted = 0;
    enum { ROUNDS = 30000 };
    for (int round = 0; round < ROUNDS; round++) {
        const ProtobufCMessageDescriptor *descriptor = descriptor_of((size_t)round % TOPIC_COUNT);
        uint8_t *bytes;
        size_t size;
        pack(random_message(&random, descriptor, arena), &bytes, &size);
        mutate(&random, bytes, &size);
        expect_handled(descriptor, bytes, size, &accepted);
        arena_reset(arena);
    }
    cr_expect_gt(accepted, ROUNDS / 10);
    cr_expect_lt(accepted, ROUNDS * 9 / 10);
}

Test(message, random_bytes_never_crash)
{
    struct random random = {.state = 6};
    size_t accepted = 0;
    for (int round = 0; round < 30000; round++) {
        uint8_t bytes[64];
        size_t size = random_below(&random, sizeof bytes + 1);
        for (size_t i = 0; i < size; i++)
            bytes[i] = (uint8_t)random_next(&random) & (round % 2 == 0 ? 0xff : 0x3f);
        expect_handled(descriptor_of((size_t)round % TOPIC_COUNT), bytes, size, &accepted);
        arena_reset(arena);
    }
}

/* Two bytes on the wire become a struct; the bound on fields keeps that in hand. */
Test(message, many_empty_messages_stay_within_the_arena)
{
    enum { COUNT = 100000 };
    uint8_t *bytes = malloc(COUNT * 2);
    struct error error = {""};
    ProtobufCMessage *message = NULL;
    cr_assert_not_null(bytes);
    for (size_t i = 0; i < COUNT; i++)
        memcpy(bytes + 2 * i, "\x0a\x00", 2);
    enum status status = message_unpack(&redress__v1__goods_received__descriptor, bytes,
                                        (size_t)COUNT * 2, arena, &message, &error);
    cr_assert_eq(status, STATUS_OK, "%s", error.text);
    cr_expect_eq(((Redress__V1__GoodsReceived *)message)->n_lines, COUNT);
    cr_expect_lt(arena_used(arena), ARENA_BYTES);
    free(bytes);
}

Test(message, unknown_fields_are_allowed_and_kept)
{
    static const uint8_t bytes[] = {0x08, 0x01, 0xf8, 0x01, 0x05, 0xfa, 0x01, 0x02, 'z', 'z'};
    struct error error = {""};
    ProtobufCMessage *message = NULL;
    cr_assert_eq(message_unpack(MONEY, bytes, sizeof bytes, arena, &message, &error), STATUS_OK);
    cr_expect_eq(((Redress__V1__Money *)message)->minor, 1);
    uint8_t *again;
    size_t size;
    pack(message, &again, &size);
    cr_expect_eq(size, sizeof bytes);
    cr_expect_eq(memcmp(again, bytes, sizeof bytes), 0);
}

Test(message, enum_names_lose_their_prefix)
{
    const ProtobufCEnumDescriptor *method = &redress__v1__payment_method__descriptor;
    cr_expect_str_eq(message_enum_name(method, 1), "CARD");
    cr_expect_str_eq(message_enum_name(method, 0), "UNSPECIFIED");
    cr_expect_str_eq(message_enum_name(method, 1000), "UNKNOWN");
    cr_expect_str_eq(message_enum_name(&redress__v1__role__descriptor, 3), "POLICY_REVIEWER");
    cr_expect(message_enum_known(method, 1));
    cr_expect_not(message_enum_known(method, 0));
    cr_expect_not(message_enum_known(method, -1));
    cr_expect_not(message_enum_known(method, 1000));
}

Test(message, times_are_microseconds_both_ways)
{
    static const int64_t times_us[] = {0,
                                       1,
                                       -1,
                                       -1000000,
                                       INT64_C(1291191960000001),
                                       INT64_C(-62135596800000000),
                                       INT64_C(253402300799999999)};
    int64_t time_us = 5;
    cr_expect_eq(message_time(NULL, &time_us), STATUS_OK);
    cr_expect_eq(time_us, 0);
    for (size_t i = 0; i < sizeof times_us / sizeof *times_us; i++) {
        Google__Protobuf__Timestamp *timestamp = message_timestamp(arena, times_us[i]);
        cr_assert_not_null(timestamp);
        cr_expect(timestamp->nanos >= 0 && timestamp->nanos < 1000000000);
        cr_assert_eq(message_time(timestamp, &time_us), STATUS_OK);
        cr_expect_eq(time_us, times_us[i]);
    }
}

Test(message, times_out_of_range_are_refused)
{
    static const struct row {
        int64_t seconds;
        int32_t nanos;
    } rows[] = {{INT64_C(-62135596801), 0},
                {INT64_C(253402300800), 0},
                {0, -1},
                {0, 1000000000},
                {INT64_MIN, 0},
                {INT64_MAX, INT32_MAX}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Google__Protobuf__Timestamp timestamp = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
        int64_t time_us = 5;
        timestamp.seconds = rows[i].seconds;
        timestamp.nanos = rows[i].nanos;
        cr_expect_eq(message_time(&timestamp, &time_us), STATUS_INVALID);
        cr_expect_eq(time_us, 5);
    }
}
