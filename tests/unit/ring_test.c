#include "worker/ring.h"

#include <criterion/criterion.h>
#include <string.h>

enum { LIMIT = 1 << 20 };

static struct arena *arena;

static void setup(void)
{
    arena = arena_create(8 * LIMIT);
}

static void teardown(void)
{
    arena_destroy(arena);
}

TestSuite(ring, .init = setup, .fini = teardown);

static struct ring_record sample(size_t i, uint8_t *value)
{
    memset(value, (int)i, 300);
    return (struct ring_record){.topic = (enum topic)(i % TOPIC_COUNT),
                                .partition = (int32_t)i,
                                .key = i % 3 == 0 ? NULL : "order-1",
                                .key_size = i % 3 == 0 ? 0 : 7,
                                .value = value,
                                .value_size = i * 17 % 300,
                                .headers = {{"ce_id", "a/b/1", 5}, {"empty", "", 0}},
                                .header_count = i % 3};
}

static void check_same(const struct ring_record *read, const struct ring_record *wrote)
{
    cr_assert_eq(read->topic, wrote->topic);
    cr_assert_eq(read->partition, wrote->partition);
    cr_assert_eq(read->key == NULL, wrote->key == NULL);
    cr_assert_eq(read->key_size, wrote->key_size);
    cr_assert(read->key == NULL || memcmp(read->key, wrote->key, wrote->key_size) == 0);
    cr_assert_eq(read->value_size, wrote->value_size);
    cr_assert_eq(memcmp(read->value, wrote->value, wrote->value_size), 0);
    cr_assert_eq(read->header_count, wrote->header_count);
    for (size_t i = 0; i < wrote->header_count; i++) {
        cr_assert_str_eq(read->headers[i].name, wrote->headers[i].name);
        cr_assert_eq(read->headers[i].size, wrote->headers[i].size);
        cr_assert_eq(
            memcmp(read->headers[i].value, wrote->headers[i].value, wrote->headers[i].size), 0);
    }
}

Test(ring, reads_back_what_was_written)
{
    enum { RECORDS = 500 };
    struct ring_buffer buffer;
    uint8_t value[300];
    ring_start(&buffer, arena, LIMIT);
    for (size_t i = 0; i < RECORDS; i++) {
        struct ring_record record = sample(i, value);
        cr_assert_eq(ring_append(&buffer, &record), STATUS_OK);
    }
    cr_assert_eq(buffer.count, RECORDS);
    size_t at = 0, count = 0;
    enum status status;
    struct ring_record record;
    while (ring_next(buffer.bytes, buffer.size, &at, arena, &record, &status)) {
        struct ring_record wanted = sample(count++, value);
        check_same(&record, &wanted);
    }
    cr_assert_eq(status, STATUS_OK);
    cr_assert_eq(count, RECORDS);
    cr_assert_eq(at, buffer.size);
}

Test(ring, refuses_what_does_not_fit_and_stays_as_it_was)
{
    struct ring_buffer buffer;
    uint8_t value[300];
    ring_start(&buffer, arena, 400);
    struct ring_record record = sample(16, value);
    cr_assert_eq(ring_append(&buffer, &record), STATUS_OK);
    size_t size = buffer.size;
    cr_assert_eq(ring_append(&buffer, &record), STATUS_EXHAUSTED);
    cr_assert_eq(buffer.size, size);
    cr_assert_eq(buffer.count, 1);
    struct ring_record many = sample(0, value);
    many.header_count = RING_HEADERS_MAX + 1;
    cr_assert_eq(ring_append(&buffer, &many), STATUS_EXHAUSTED);
}

/* Whatever the bytes are, reading ends and says whether they were ours. */
Test(ring, cut_and_changed_bytes_are_noticed_or_harmless)
{
    struct ring_buffer buffer;
    uint8_t value[300];
    ring_start(&buffer, arena, LIMIT);
    for (size_t i = 0; i < 4; i++) {
        struct ring_record record = sample(i, value);
        cr_assert_eq(ring_append(&buffer, &record), STATUS_OK);
    }
    struct ring_record record;
    enum status status;
    for (size_t cut = 0; cut < buffer.size; cut++) {
        size_t at = 0, count = 0;
        while (ring_next(buffer.bytes, cut, &at, arena, &record, &status))
            count++;
        cr_assert(count < 4);
        cr_assert(status == STATUS_INVALID || at == cut);
    }
    for (size_t i = 0; i < buffer.size * 8; i++) {
        buffer.bytes[i / 8] ^= (uint8_t)(1u << i % 8);
        size_t at = 0, count = 0;
        while (ring_next(buffer.bytes, buffer.size, &at, arena, &record, &status))
            cr_assert(++count <= buffer.size);
        buffer.bytes[i / 8] ^= (uint8_t)(1u << i % 8);
    }
}
