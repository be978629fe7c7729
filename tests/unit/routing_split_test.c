#include "routing_fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct fixture fx;

static void set_up(void)
{
    fixture_start(&fx);
}

static void tear_down(void)
{
    fixture_stop(&fx);
}

TestSuite(routing_split, .init = set_up, .fini = tear_down);

static const struct coverage THREE[] = {{"a", 1000}, {"b", 500}, {"c", 200}};

/* Another refund of the same order, assessed at `minor` over the payments given. "a:1000 b:10". */
static const char *split_of(const struct coverage *payments, size_t count, int64_t minor)
{
    static char text[256];
    fx.refund = (struct routing_refund){
        .refund_id = "rf_x", .requester = "", .appealed_by = "", .answered_by = ""};
    struct assessed assessed = fixture_assessed(&fx, minor);
    assessed.payments = payments;
    assessed.payment_count = count;
    cr_assert_eq(fixture_assess(&fx, &assessed), STATUS_OK);
    cr_assert_eq(fx.answer.status, ROUTED_APPROVED);
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < fx.answer.share_count; i++)
        used +=
            (size_t)snprintf(text + used, sizeof text - used, "%s%s:%lld", i > 0 ? " " : "",
                             fx.answer.shares[i].payment_id, (long long)fx.answer.shares[i].minor);
    return text;
}

Test(routing_split, in_the_order_of_capture)
{
    static const struct {
        int64_t minor;
        const char *expected;
    } cases[] = {
        {0, ""},
        {1, "a:1"},
        {999, "a:999"},
        {1000, "a:1000"},
        {1001, "a:1000 b:1"},
        {1500, "a:1000 b:500"},
        {1501, "a:1000 b:500 c:1"},
        {1700, "a:1000 b:500 c:200"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tear_down();
        set_up();
        cr_expect_str_eq(split_of(THREE, 3, cases[i].minor), cases[i].expected);
    }
}

Test(routing_split, other_refunds_of_the_order_are_counted)
{
    cr_expect_str_eq(split_of(THREE, 3, 600), "a:600");
    cr_expect_str_eq(split_of(THREE, 3, 600), "a:400 b:200");
    cr_expect_str_eq(split_of(THREE, 3, 400), "b:300 c:100");
    split_of(THREE, 3, 100);
    cr_expect_str_eq(split_of(THREE, 3, 1200), "a:1000 b:200",
                     "an approval that came to nothing must not keep money back");
}

Test(routing_split, what_came_to_nothing_is_given_back)
{
    cr_expect_str_eq(split_of(THREE, 3, 1000), "a:1000");
    struct failed_payout refused = {
        .version = 1, .payment_id = "a", .minor = 1000, .currency = "GBP"};
    cr_assert_eq(fixture_pay(&fx, &refused), STATUS_OK);
    cr_expect_eq(fx.answer.status, ROUTED_NOTHING);
    cr_expect_eq(fx.refund.state, STATE_APPROVED);
    cr_expect_str_eq(split_of(THREE, 3, 1000), "a:1000");
    refused = (struct failed_payout){.version = 1, .payment_id = "a", .minor = 5000};
    cr_assert_eq(fixture_pay(&fx, &refused), STATUS_OK, "more than was approved");
    refused = (struct failed_payout){.version = 2, .payment_id = "", .minor = 0};
    cr_assert_eq(fixture_pay(&fx, &refused), STATUS_OK, "a refund that ended without a payout");
    cr_expect_str_eq(split_of(THREE, 3, 1001), "a:1000 b:1");
}

static uint64_t next_number(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *seed >> 33;
}

/* Shares always add up to the amount and never exceed a payment; while the refunds of an order add
 * up to no more than was captured, neither do the shares of all of them. */
Test(routing_split, properties)
{
    uint64_t seed = 11;
    static const char *const names[] = {"a", "b", "c", "d"};
    for (int round = 0; round < 500; round++) {
        tear_down();
        set_up();
        struct coverage payments[4];
        int64_t taken[4] = {0}, left = 0;
        size_t count = 2 + next_number(&seed) % 3;
        for (size_t i = 0; i < count; i++) {
            payments[i] = (struct coverage){names[i], (int64_t)(next_number(&seed) % 5000)};
            left += payments[i].minor;
        }
        while (left > 0) {
            int64_t minor = 1 + (int64_t)(next_number(&seed) % (uint64_t)left);
            left -= minor;
            split_of(payments, count, minor);
            int64_t sum = 0;
            for (size_t i = 0; i < fx.answer.share_count; i++) {
                size_t at = (size_t)(fx.answer.shares[i].payment_id[0] - 'a');
                taken[at] += fx.answer.shares[i].minor;
                sum += fx.answer.shares[i].minor;
                cr_assert_gt(fx.answer.shares[i].minor, 0);
                cr_assert_leq(taken[at], payments[at].minor);
            }
            cr_assert_eq(sum, minor);
        }
    }
}
