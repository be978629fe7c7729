/* Stands in for Criterion where the worlds of the unit tests are driven by a fuzzer: a check that
 * fails says where, and aborts. */

#ifndef REDRESS_FUZZ_CHECKS_H
#define REDRESS_FUZZ_CHECKS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline void fuzz_failed(const char *file, int line, const char *check)
{
    (void)fprintf(stderr, "%s:%d: %s does not hold\n", file, line, check);
    abort();
}

#define FUZZ_CHECK(condition, text) ((condition) ? (void)0 : fuzz_failed(__FILE__, __LINE__, text))

#define FUZZ_ONE(a, ...) FUZZ_CHECK(a, #a)
#define FUZZ_NOT(a, ...) FUZZ_CHECK(!(a), "not " #a)
#define FUZZ_NULL(a, ...) FUZZ_CHECK((a) == NULL, #a " == NULL")
#define FUZZ_NOT_NULL(a, ...) FUZZ_CHECK((a) != NULL, #a " != NULL")
#define FUZZ_EQ(a, b, ...) FUZZ_CHECK((a) == (b), #a " == " #b)
#define FUZZ_NEQ(a, b, ...) FUZZ_CHECK((a) != (b), #a " != " #b)
#define FUZZ_LT(a, b, ...) FUZZ_CHECK((a) < (b), #a " < " #b)
#define FUZZ_LEQ(a, b, ...) FUZZ_CHECK((a) <= (b), #a " <= " #b)
#define FUZZ_GT(a, b, ...) FUZZ_CHECK((a) > (b), #a " > " #b)
#define FUZZ_GEQ(a, b, ...) FUZZ_CHECK((a) >= (b), #a " >= " #b)
#define FUZZ_STR_EQ(a, b, ...) FUZZ_CHECK(strcmp(a, b) == 0, #a " is " #b)
#define FUZZ_STR_NEQ(a, b, ...) FUZZ_CHECK(strcmp(a, b) != 0, #a " is not " #b)
#define FUZZ_ARR_EQ(a, b, size, ...) FUZZ_CHECK(memcmp(a, b, size) == 0, #a " are the bytes of " #b)

/* The message behind the check is left out. */
#define cr_assert(...) FUZZ_ONE(__VA_ARGS__, 0)
#define cr_assert_not(...) FUZZ_NOT(__VA_ARGS__, 0)
#define cr_assert_null(...) FUZZ_NULL(__VA_ARGS__, 0)
#define cr_assert_not_null(...) FUZZ_NOT_NULL(__VA_ARGS__, 0)
#define cr_assert_eq(...) FUZZ_EQ(__VA_ARGS__, 0)
#define cr_assert_neq(...) FUZZ_NEQ(__VA_ARGS__, 0)
#define cr_assert_lt(...) FUZZ_LT(__VA_ARGS__, 0)
#define cr_assert_leq(...) FUZZ_LEQ(__VA_ARGS__, 0)
#define cr_assert_gt(...) FUZZ_GT(__VA_ARGS__, 0)
#define cr_assert_geq(...) FUZZ_GEQ(__VA_ARGS__, 0)
#define cr_assert_str_eq(...) FUZZ_STR_EQ(__VA_ARGS__, 0)
#define cr_assert_str_neq(...) FUZZ_STR_NEQ(__VA_ARGS__, 0)
#define cr_assert_arr_eq(...) FUZZ_ARR_EQ(__VA_ARGS__, 0)
#define cr_assert_fail(...) fuzz_failed(__FILE__, __LINE__, "this is not reached, and it")
#define cr_expect_eq cr_assert_eq
#define cr_expect_str_eq cr_assert_str_eq

#endif
