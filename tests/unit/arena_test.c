#include "arena.h"

#include "random_message.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

Test(arena, gives_aligned_memory_that_does_not_overlap)
{
    struct arena *arena = arena_create(8 * 1024 * 1024);
    struct random random = {.state = 3};
    enum { PIECES = 2000 };
    static unsigned char *pieces[PIECES];
    static size_t sizes[PIECES];
    cr_assert_not_null(arena);
    for (size_t i = 0; i < PIECES; i++) {
        sizes[i] = random_below(&random, 3000);
        pieces[i] = arena_alloc(arena, sizes[i]);
        cr_assert_not_null(pieces[i]);
        cr_assert_eq((uintptr_t)pieces[i] % ARENA_ALIGNMENT, 0);
        memset(pieces[i], (int)(i & 255), sizes[i]);
    }
    for (size_t i = 0; i < PIECES; i++)
        for (size_t j = 0; j < sizes[i]; j++)
            cr_assert_eq(pieces[i][j], i & 255);
    cr_expect_not(arena_exhausted(arena));
    arena_destroy(arena);
}

Test(arena, stops_at_its_limit_and_remembers_until_reset)
{
    struct arena *arena = arena_create(256 * 1024);
    size_t given = 0;
    while (arena_alloc(arena, 1024) != NULL)
        given += 1024;
    cr_expect_gt(given, 128 * 1024);
    cr_expect_leq(given, 256 * 1024);
    cr_expect(arena_exhausted(arena));
    arena_reset(arena);
    cr_expect_not(arena_exhausted(arena));
    cr_expect_eq(arena_used(arena), 0);
    cr_expect_not_null(arena_alloc(arena, 1024));
    arena_destroy(arena);
}

Test(arena, refuses_what_does_not_fit)
{
    struct arena *arena = arena_create(0);
    cr_expect_null(arena_alloc(arena, SIZE_MAX));
    cr_expect(arena_exhausted(arena));
    arena_reset(arena);
    cr_expect_null(arena_array(arena, SIZE_MAX / 2, 4));
    cr_expect(arena_exhausted(arena));
    arena_reset(arena);
    cr_expect_null(arena_alloc(arena, ARENA_FIRST_BLOCK + 1));
    arena_reset(arena);
    cr_expect_not_null(arena_alloc(arena, ARENA_FIRST_BLOCK));
    cr_expect_null(arena_alloc(arena, 1));
    arena_destroy(arena);
    arena_destroy(NULL);
}

Test(arena, one_large_piece_gets_a_block_of_its_own)
{
    struct arena *arena = arena_create(32 * 1024 * 1024);
    unsigned char *large = arena_zalloc(arena, 20 * 1024 * 1024);
    cr_assert_not_null(large);
    cr_expect_eq(large[20 * 1024 * 1024 - 1], 0);
    cr_expect_not_null(arena_alloc(arena, 16));
    arena_destroy(arena);
}

Test(arena, room_is_what_the_next_piece_is_taken_from)
{
    struct arena *arena = arena_create(0);
    size_t size = 0;
    char *room = arena_room(arena, &size);
    cr_expect_eq(size, ARENA_FIRST_BLOCK);
    memset(room, 'x', size);
    cr_expect_eq(arena_used(arena), 0);
    cr_expect_eq(arena_alloc(arena, 20), room);
    cr_expect_eq((char *)arena_room(arena, &size), room + 32);
    cr_expect_eq(size, ARENA_FIRST_BLOCK - 32);
    arena_destroy(arena);
}

Test(arena, grown_bytes_keep_what_was_in_them)
{
    struct arena *arena = arena_create(1024 * 1024);
    size_t capacity = 0;
    uint8_t *bytes = NULL;
    for (size_t size = 0; size < 100000; size++) {
        uint8_t *grown = arena_grow(arena, bytes, size, &capacity, size + 1);
        cr_assert_not_null(grown);
        bytes = grown;
        bytes[size] = (uint8_t)(size * 7);
    }
    for (size_t i = 0; i < 100000; i++)
        cr_assert_eq(bytes[i], (uint8_t)(i * 7), "byte %zu", i);
    arena_destroy(arena);
}

Test(arena, outgrown_bytes_serve_the_next)
{
    struct arena *arena = arena_create(1024 * 1024);
    size_t first_capacity = 0, second_capacity = 0;
    uint8_t *first = arena_grow(arena, NULL, 0, &first_capacity, 100);
    const uint8_t *grown = arena_grow(arena, first, 100, &first_capacity, 1000);
    size_t used = arena_used(arena);
    const uint8_t *second = arena_grow(arena, NULL, 0, &second_capacity, 200);
    cr_assert_neq(grown, first);
    cr_assert_eq(second, first);
    cr_assert_eq(arena_used(arena), used);
    arena_reset(arena);
    size_t fresh_capacity = 0;
    cr_assert_not_null(arena_grow(arena, NULL, 0, &fresh_capacity, 100));
    cr_assert_gt(arena_used(arena), 0, "what was outgrown before the reset is forgotten");
    arena_destroy(arena);
}

Test(arena, bytes_that_cannot_grow_stay_as_they_are)
{
    struct arena *arena = arena_create(ARENA_FIRST_BLOCK);
    size_t capacity = 0;
    uint8_t *bytes = arena_grow(arena, NULL, 0, &capacity, 1000);
    size_t before = capacity;
    cr_assert_null(arena_grow(arena, bytes, 1000, &capacity, ARENA_FIRST_BLOCK));
    cr_assert_null(arena_grow(arena, bytes, 1000, &capacity, SIZE_MAX));
    cr_assert_eq(capacity, before);
    cr_assert(arena_exhausted(arena));
    arena_destroy(arena);
}

Test(arena, copies_texts_and_bytes)
{
    struct arena *arena = arena_create(0);
    cr_expect_str_eq(arena_strdup(arena, "refund"), "refund");
    cr_expect_str_eq(arena_strndup(arena, "refund", 2), "re");
    cr_expect_str_eq(arena_printf(arena, "%s/%d", "shard", 3), "shard/3");
    cr_expect_null(arena_strdup(arena, NULL));
    cr_expect_null(arena_strndup(arena, NULL, 3));
    cr_expect_eq(memcmp(arena_memdup(arena, "a\0b", 3), "a\0b", 3), 0);
    cr_expect_not_null(arena_memdup(arena, NULL, 0));
    int64_t *numbers = arena_array(arena, 3, sizeof *numbers);
    cr_expect_eq(numbers[0] | numbers[1] | numbers[2], 0);
    arena_destroy(arena);
}
