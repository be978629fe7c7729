/* The chain of the ledger: the documented bytes, and that every field of every line counts. */

#include "ledger_chain.h"

#include <criterion/criterion.h>
#include <string.h>

static struct ledger_line sample(void)
{
    return (struct ledger_line){.transfer_id = 7,
                                .merchant_id = "shop",
                                .order_id = "536365",
                                .payment_id = "pay_1",
                                .payout_id = "po_1",
                                .movement = 1,
                                .amount_minor = 510,
                                .currency = "GBP",
                                .booked_us = INT64_C(1291888800000001),
                                .cause = "routing/rf_1/1"};
}

/* printf '%064d\n7\nshop\n536365\npay_1\npo_1\n1\n510\nGBP\n1291888800000001\nrouting/rf_1/1\n' 0 |
 * sha256sum */
Test(ledger_chain, the_head_is_that_of_the_documented_bytes)
{
    char head[LEDGER_HEAD_MAX];
    struct ledger_line line = sample();
    ledger_chain_start(head);
    cr_assert_eq(ledger_chain_add(head, &line), STATUS_OK);
    cr_assert_str_eq(head, "a234c2766d53e7fe6abaa84ed6c2f6834ab57cfc376c4e6d05629a0bfa58fb5f");
}

Test(ledger_chain, every_field_counts)
{
    struct ledger_line lines[10];
    char plain[LEDGER_HEAD_MAX];
    struct ledger_line line = sample();
    for (size_t i = 0; i < 10; i++)
        lines[i] = sample();
    lines[0].transfer_id++;
    lines[1].merchant_id = "shop2";
    lines[2].order_id = "";
    lines[3].payment_id = "pay_2";
    lines[4].payout_id = NULL;
    lines[5].movement = 2;
    lines[6].amount_minor = 511;
    lines[7].currency = "EUR";
    lines[8].booked_us--;
    lines[9].cause = "routing/rf_1/2";
    ledger_chain_start(plain);
    cr_assert_eq(ledger_chain_add(plain, &line), STATUS_OK);
    for (size_t i = 0; i < 10; i++) {
        char other[LEDGER_HEAD_MAX];
        ledger_chain_start(other);
        cr_assert_eq(ledger_chain_add(other, &lines[i]), STATUS_OK);
        cr_assert_str_neq(other, plain, "field %zu", i);
    }
}

Test(ledger_chain, the_order_of_lines_counts)
{
    struct ledger_line first = sample(), second = sample();
    char one[LEDGER_HEAD_MAX], other[LEDGER_HEAD_MAX];
    second.transfer_id = 8;
    ledger_chain_start(one);
    ledger_chain_start(other);
    cr_assert_eq(ledger_chain_add(one, &first), STATUS_OK);
    cr_assert_eq(ledger_chain_add(one, &second), STATUS_OK);
    cr_assert_eq(ledger_chain_add(other, &second), STATUS_OK);
    cr_assert_eq(ledger_chain_add(other, &first), STATUS_OK);
    cr_assert_str_neq(one, other);
}

Test(ledger_chain, a_line_that_is_too_long_changes_nothing)
{
    static char endless[5000];
    char head[LEDGER_HEAD_MAX], before[LEDGER_HEAD_MAX];
    struct ledger_line line = sample();
    memset(endless, 'x', sizeof endless - 1);
    line.cause = endless;
    ledger_chain_start(head);
    ledger_chain_start(before);
    cr_assert_eq(ledger_chain_add(head, &line), STATUS_OVERFLOW);
    cr_assert_str_eq(head, before);
}
