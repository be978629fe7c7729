/* The breaker: closed, open, one try. */

#include "services/settlement/breaker.h"

#include <criterion/criterion.h>

static struct breaker breaker;

static bool fail(int64_t now_us)
{
    bool opened = false;
    for (int i = 0; i < BREAKER_FAILURES_MAX; i++)
        opened = breaker_failed(&breaker, now_us);
    return opened;
}

Test(settlement_breaker, opens_after_failures_in_a_row)
{
    for (int i = 1; i < BREAKER_FAILURES_MAX; i++)
        cr_assert_not(breaker_failed(&breaker, 1000));
    cr_assert_not(breaker_answered(&breaker));
    for (int i = 1; i < BREAKER_FAILURES_MAX; i++)
        cr_assert_not(breaker_failed(&breaker, 1000));
    cr_assert_eq(breaker_room(&breaker, 1000), SIZE_MAX);
    cr_assert(breaker_failed(&breaker, 1000));
    cr_assert_eq(breaker_room(&breaker, 1000), (size_t)0);
}

Test(settlement_breaker, one_call_tries_after_the_wait)
{
    cr_assert(fail(0));
    cr_assert_eq(breaker_room(&breaker, BREAKER_FIRST_US - 1), (size_t)0);
    cr_assert_eq(breaker_room(&breaker, BREAKER_FIRST_US), (size_t)1);
    breaker_started(&breaker);
    cr_assert_eq(breaker_room(&breaker, BREAKER_FIRST_US), (size_t)0);
    cr_assert(breaker_answered(&breaker));
    cr_assert_eq(breaker_room(&breaker, BREAKER_FIRST_US), SIZE_MAX);
}

Test(settlement_breaker, waits_twice_as_long_each_time_up_to_a_bound)
{
    int64_t now_us = 0, wait_us = BREAKER_FIRST_US;
    cr_assert(fail(now_us));
    for (int i = 0; i < 20; i++) {
        now_us += wait_us;
        cr_assert_eq(breaker_room(&breaker, now_us - 1), (size_t)0);
        cr_assert_eq(breaker_room(&breaker, now_us), (size_t)1);
        breaker_started(&breaker);
        cr_assert_not(breaker_failed(&breaker, now_us));
        wait_us = wait_us * 2 < BREAKER_MOST_US ? wait_us * 2 : BREAKER_MOST_US;
    }
}

Test(settlement_breaker, calls_that_were_under_way_say_nothing_new)
{
    cr_assert(fail(0));
    for (int i = 0; i < 100; i++)
        cr_assert_not(breaker_failed(&breaker, 10));
    cr_assert_eq(breaker_room(&breaker, BREAKER_FIRST_US), (size_t)1);
}
