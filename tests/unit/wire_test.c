#include "wire.h"

#include "random_message.h"
#include "redress/v1/control.pb-c.h"
#include "redress/v1/order.pb-c.h"
#include "redress/v1/types.pb-c.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define BYTES(text) text, sizeof text - 1

Test(wire, text_is_utf_8_without_nul)
{
    static const struct row {
        const char *text;
        size_t size;
        bool valid;
    } rows[] = {
        {BYTES(""), true},
        {BYTES("plain ascii, longer than eight bytes"), true},
        {BYTES("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 tail"), true},
        {BYTES("\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf"), true},
        {BYTES("\0"), false},
        {BYTES("abc\0def"), false},
        {BYTES("12345678\0"), false},
        {BYTES("1234567\0"), false},
        {BYTES("\x80"), false},
        {BYTES("\xc0\x80"), false},         /* overlong NUL */
        {BYTES("\xc1\xbf"), false},         /* overlong */
        {BYTES("\xe0\x9f\xbf"), false},     /* overlong */
        {BYTES("\xf0\x8f\xbf\xbf"), false}, /* overlong */
        {BYTES("\xed\xa0\x80"), false},     /* surrogate */
        {BYTES("\xed\xbf\xbf"), false},     /* surrogate */
        {BYTES("\xf4\x90\x80\x80"), false}, /* above U+10FFFF */
        {BYTES("\xf5\x80\x80\x80"), false},
        {BYTES("\xff"), false},
        {BYTES("abc\xc3"), false},         /* cut short */
        {BYTES("abcdefg\xe2\x82"), false}, /* cut short */
        {BYTES("\xf0\x9f\x98"), false},    /* cut short */
        {BYTES("\xc3("), false},
        {BYTES("\xe2(\xa1"), false},
        {BYTES("\xe2\x82("), false},
        {BYTES("\xf0\x9f\x98("), false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_eq(wire_text_valid(rows[i].text, rows[i].size), rows[i].valid, "row %zu", i);
}

/* One code point at a time, by the definition of UTF-8. */
static bool text_valid_slowly(const unsigned char *text, size_t size)
{
    for (size_t i = 0; i < size;) {
        size_t more = text[i] < 0x80 ? 0 : text[i] < 0xe0 ? 1 : text[i] < 0xf0 ? 2 : 3;
        if (text[i] == 0 || (text[i] & 0xc0) == 0x80 || text[i] > 0xf7 || i + more >= size)
            return false;
        uint32_t point = more == 0 ? text[i] : text[i] & (0x3fu >> more);
        for (size_t j = 1; j <= more; j++) {
            if ((text[i + j] & 0xc0) != 0x80)
                return false;
            point = point << 6 | (text[i + j] & 0x3f);
        }
        static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
        if (point < least[more] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
            return false;
        i += more + 1;
    }
    return true;
}

Test(wire, text_check_agrees_with_the_definition)
{
    struct random random = {.state = 17};
    static const unsigned char usual[] = {'a',  0x80, 0xbf, 0xc3, 0xa9, 0xe2, 0x82, 0xed, 0x9f,
                                          0xa0, 0xf0, 0xf4, 0x8f, 0x90, 0xe0, 0xc0, 0xff, 0};
    for (int round = 0; round < 300000; round++) {
        unsigned char text[24];
        size_t size = random_below(&random, sizeof text + 1);
        for (size_t i = 0; i < size; i++)
            text[i] = random_below(&random, 3) > 0
                          ? 'x'
                          : usual[random_below(&random, sizeof usual - (size_t)(round % 2))];
        cr_assert_eq(wire_text_valid(text, size), text_valid_slowly(text, size));
    }
}

struct scan_row {
    const ProtobufCMessageDescriptor *descriptor;
    const char *bytes;
    size_t size;
    const char *error; /* NULL: fine */
};

#define ORDER &redress__v1__order_event__descriptor
#define MONEY &redress__v1__money__descriptor
#define NOTICE &redress__v1__notice__descriptor

static const struct scan_row scan_rows[] = {
    {MONEY, BYTES(""), NULL},
    {MONEY, BYTES("\x08\x01\x12\x03\x45\x55\x52"), NULL},
    {MONEY, BYTES("\x12\x03\x45\x55\x52\x08\x01"), NULL},
    {MONEY, BYTES("\x08\x01\x08\x02"), NULL},
    {MONEY, BYTES("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), NULL},
    {MONEY,
     BYTES("\xf8\x01\x05\xfa\x01\x02zz\xf9\x01"
           "12345678\xfd\x01"
           "1234"),
     NULL}, /* 31 */
    {NOTICE, BYTES("\x32\x02\x01\x02"), NULL},
    {NOTICE, BYTES("\x30\x01\x30\x02"), NULL}, /* packed may come unpacked */
    {MONEY, BYTES("\x08"), "minor: the number is cut short or longer than 64 bits"},
    {MONEY, BYTES("\x08\x80"), "minor: the number is cut short or longer than 64 bits"},
    {MONEY, BYTES("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"),
     "minor: the number is cut short or longer than 64 bits"},
    {MONEY, BYTES("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
     "minor: the number is cut short or longer than 64 bits"},
    {MONEY, BYTES("\x0a\x01x"), "minor: the wire type is not that of the field"},
    {MONEY, BYTES("\x10\x01"), "currency: the wire type is not that of the field"},
    {MONEY, BYTES("\x12\x04\x45\x55\x52"),
     "currency: the length is more than the bytes that follow"},
    {MONEY, BYTES("\x12\xff\xff\xff\xff\x0f"),
     "currency: the length is more than the bytes that follow"},
    {MONEY, BYTES("\x12\x80\x80\x80\x80\x80\x01"),
     "currency: the length is more than the bytes that follow"},
    {MONEY, BYTES("\x12\x03\x45\x00\x52"), "currency: a text must be UTF-8 without NUL"},
    {MONEY, BYTES("\x12\x03\x45\xff\x52"), "currency: a text must be UTF-8 without NUL"},
    {MONEY, BYTES("\x0b\x0c"), "minor: groups and reserved wire types are not allowed"},
    {MONEY, BYTES("\x1b\x1c"), "Money: groups and reserved wire types are not allowed"},
    {MONEY, BYTES("\x0e"), "minor: groups and reserved wire types are not allowed"},
    {MONEY, BYTES("\x00\x01"), "Money: a field number is cut short or out of range"},
    {MONEY, BYTES("\x80\x80\x80\x80\x10"), "Money: a field number is cut short or out of range"},
    {MONEY, BYTES("\x88\x80\x80\x80\x80\x00"),
     "Money: a field number is cut short or out of range"},
    {MONEY, BYTES("\x80"), "Money: a field number is cut short or out of range"},
    {NOTICE, BYTES("\x32\x02\x01\x80"),
     "business_days[0]: the number is cut short or longer than 64 bits"},
    {NOTICE,
     BYTES("\x22\x01"
           "a"
           "\x22\x01\xff"),
     "needed[1]: a text must be UTF-8 without NUL"},
    {ORDER, BYTES("\x22\x08\x22\x00\x22\x04\x12\x02\x41\xff"),
     "placed.lines[1].sku: a text must be UTF-8 without NUL"},
    {ORDER, BYTES("\x22\x02\x22\x05"),
     "placed.lines[0]: the length is more than the bytes that follow"},
    {ORDER, BYTES("\x22\x00\x22\x00"), "placed: a single message stands there twice"},
    {ORDER, BYTES("\x1a\x00\x1a\x00"), "occurred_at: a single message stands there twice"},
};

Test(wire, walks_the_wire_format)
{
    for (size_t i = 0; i < sizeof scan_rows / sizeof *scan_rows; i++) {
        const struct scan_row *row = &scan_rows[i];
        struct error error = {""};
        /* A copy of the exact size, so that the sanitizer sees a step too far. */
        void *copy = malloc(row->size + (row->size == 0));
        cr_assert_not_null(copy);
        memcpy(copy, row->bytes, row->size);
        enum status status = wire_scan(row->descriptor, copy, row->size, &error);
        free(copy);
        cr_expect_eq(status, row->error == NULL ? STATUS_OK : STATUS_UNPROCESSABLE, "row %zu", i);
        cr_expect_str_eq(error.text, row->error == NULL ? "" : row->error, "row %zu: %s", i,
                         error.text);
    }
    cr_expect_eq(wire_scan(MONEY, "\x08", 1, NULL), STATUS_UNPROCESSABLE, "an error may be NULL");
}

Test(wire, number_of_fields_is_bounded)
{
    size_t size = (WIRE_FIELDS_MAX + 1) * 2;
    char *bytes = malloc(size);
    struct error error = {""};
    cr_assert_not_null(bytes);
    for (size_t i = 0; i < size; i += 2)
        memcpy(bytes + i, "\x08\x01", 2);
    cr_expect_eq(wire_scan(MONEY, bytes, size - 2, &error), STATUS_OK);
    cr_expect_eq(wire_scan(MONEY, bytes, size, &error), STATUS_UNPROCESSABLE);
    cr_expect_str_eq(error.text, "Money: too many fields");
    free(bytes);
}

Test(wire, elements_of_packed_lists_count_as_fields)
{
    size_t count = WIRE_FIELDS_MAX;
    char *bytes = calloc(1, count + 4);
    struct error error = {""};
    cr_assert_not_null(bytes);
    bytes[0] = 0x32;
    bytes[1] = (char)(count & 127) | (char)128;
    bytes[2] = (char)(count >> 7 & 127) | (char)128;
    bytes[3] = (char)(count >> 14);
    cr_expect_eq(wire_scan(NOTICE, bytes, count + 4, &error), STATUS_UNPROCESSABLE);
    cr_expect_str_eq(error.text, "business_days[0]: too many fields");
    free(bytes);
}

/* The contract is not recursive, so that a message that is stands here. */
static const ProtobufCMessageDescriptor nested;
static const ProtobufCFieldDescriptor nested_fields[] = {
    {.name = "inner",
     .id = 1,
     .label = PROTOBUF_C_LABEL_NONE,
     .type = PROTOBUF_C_TYPE_MESSAGE,
     .descriptor = &nested},
};
static const ProtobufCIntRange nested_ranges[] = {{1, 0}, {0, 1}};
static const ProtobufCMessageDescriptor nested = {
    .magic = PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC,
    .name = "Nested",
    .short_name = "Nested",
    .n_fields = 1,
    .fields = nested_fields,
    .n_field_ranges = 1,
    .field_ranges = nested_ranges,
};

Test(wire, depth_is_bounded)
{
    for (size_t levels = 0; levels < 60; levels++) {
        char bytes[120] = {0};
        for (size_t i = 0; i < levels; i++) {
            bytes[2 * i] = 0x0a;
            bytes[2 * i + 1] = (char)(2 * (levels - i - 1));
        }
        struct error error = {""};
        bool fine = levels < WIRE_DEPTH_MAX;
        cr_expect_eq(wire_scan(&nested, bytes, levels * 2, &error),
                     fine ? STATUS_OK : STATUS_UNPROCESSABLE, "%zu levels", levels);
        cr_expect(fine || strstr(error.text, ": nested too deep") != NULL, "%s", error.text);
    }
}
