#include "message.h"
#include "message_carry.h"
#include "redress/v1/routed.pb-c.h"

#include <criterion/criterion.h>
#include <string.h>

static struct arena *arena;

static void set_up(void)
{
    arena = arena_create(4 * 1024 * 1024);
}

static void tear_down(void)
{
    arena_destroy(arena);
}

TestSuite(message_carry, .init = set_up, .fini = tear_down);

static void packed(const char *json, uint8_t **bytes, size_t *size)
{
    ProtobufCMessage *message = NULL;
    struct error error = {""};
    cr_assert_eq(message_from_json_text(&redress__v1__refund_assessed__descriptor, json,
                                        strlen(json), arena, &message, &error),
                 STATUS_OK, "%s", error.text);
    cr_assert_eq(message_pack(message, arena, bytes, size), STATUS_OK);
}

static const ProtobufCMessage *again(const ProtobufCMessage *message)
{
    uint8_t *bytes = NULL;
    size_t size = 0;
    ProtobufCMessage *read = NULL;
    cr_assert_eq(message_pack(message, arena, &bytes, &size), STATUS_OK);
    cr_assert_eq(message_unpack(message->descriptor, bytes, size, arena, &read, NULL), STATUS_OK);
    return read;
}

Test(message_carry, sub_messages_go_on_as_they_came)
{
    static const uint32_t fields[] = {8, 9, 10};
    uint8_t *bytes = NULL;
    size_t size = 0;
    packed("{\"merchantId\":\"m\",\"version\":300,\"request\":{\"requestId\":\"r\"},"
           "\"claim\":{\"minor\":70,\"currency\":\"GBP\"},\"reasons\":[\"A\"]}",
           &bytes, &size);
    ProtobufCMessageUnknownField carried[3];
    Redress__V1__RefundAssessed message = REDRESS__V1__REFUND_ASSESSED__INIT;
    message.order_id = (char *)"o";
    message.base.n_unknown_fields = message_carry(bytes, size, fields, 3, carried, 3);
    message.base.unknown_fields = carried;
    cr_assert_eq(message.base.n_unknown_fields, 2, "there are no facts");
    const Redress__V1__RefundAssessed *read =
        (const Redress__V1__RefundAssessed *)again(&message.base);
    cr_expect_str_eq(read->order_id, "o");
    cr_expect_str_eq(read->merchant_id, "", "not asked for");
    cr_expect_str_eq(read->request->request_id, "r");
    cr_expect_eq(read->claim->minor, 70);
    cr_expect_null(read->facts);
    cr_expect_eq(read->n_reasons, 0);
}

Test(message_carry, what_is_cut_short_is_left_out)
{
    static const uint32_t fields[] = {8, 9, 10};
    uint8_t *bytes = NULL;
    size_t size = 0;
    packed("{\"request\":{\"requestId\":\"r\"},\"claim\":{\"minor\":70,\"currency\":\"GBP\"}}",
           &bytes, &size);
    ProtobufCMessageUnknownField carried[3];
    cr_expect_eq(message_carry(bytes, size, fields, 3, carried, 3), 2);
    cr_expect_eq(message_carry(bytes, size - 1, fields, 3, carried, 3), 1);
    cr_expect_eq(message_carry(bytes, 0, fields, 3, carried, 3), 0);
    cr_expect_eq(message_carry(bytes, size, fields, 0, carried, 3), 0);
}

/* Lengths of one, two and three bytes. */
Test(message_carry, whole_messages_of_any_length)
{
    static const size_t sizes[] = {0, 1, 100, 127, 128, 16383, 16384, 200000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        arena_reset(arena);
        Redress__V1__RefundAssessed inner = REDRESS__V1__REFUND_ASSESSED__INIT;
        char *text = arena_alloc(arena, sizes[i] + 1);
        memset(text, 'x', sizes[i]);
        text[sizes[i]] = '\0';
        inner.order_id = text;
        uint8_t *bytes = NULL;
        size_t size = 0;
        cr_assert_eq(message_pack(&inner.base, arena, &bytes, &size), STATUS_OK);
        Redress__V1__RefundRouted outer = REDRESS__V1__REFUND_ROUTED__INIT;
        ProtobufCMessageUnknownField embedded;
        cr_assert(message_embed(arena, 14, bytes, size, &embedded));
        outer.base.n_unknown_fields = 1;
        outer.base.unknown_fields = &embedded;
        const Redress__V1__RefundRouted *read =
            (const Redress__V1__RefundRouted *)again(&outer.base);
        cr_assert_not_null(read->assessed);
        cr_expect_str_eq(read->assessed->order_id, text);
    }
}

Test(message_carry, a_full_arena_is_reported)
{
    struct arena *small = arena_create(ARENA_FIRST_BLOCK);
    uint8_t *bytes = arena_zalloc(arena, 2 * ARENA_FIRST_BLOCK);
    ProtobufCMessageUnknownField embedded;
    cr_expect_not(message_embed(small, 14, bytes, 2 * ARENA_FIRST_BLOCK, &embedded));
    arena_destroy(small);
}
