/* Disputes and refunds made elsewhere, as far as their amounts go: who says how much. */

#include "settlement_world.h"

#include <criterion/criterion.h>

static struct world world;
static struct payout *payout;

static void setup(void)
{
    world_start_captured(&world);
    payout = world_submitted(&world);
}

static void teardown(void)
{
    world_end(&world);
}

TestSuite(settlement_dispute, .init = setup, .fini = teardown);

/* A webhook that is about no payout of ours. */
static struct evidence word(enum evidence_kind kind, int64_t minor, const char *currency,
                            bool verified)
{
    struct evidence said = world_evidence(&world, payout, kind, SOURCE_WEBHOOK);
    said.payout_id = "";
    said.amount_minor = minor;
    said.currency = currency;
    said.verified = verified;
    return said;
}

static void dispute(enum dispute_state state, int64_t minor, const char *currency, bool verified)
{
    struct evidence said = word(EVIDENCE_DISPUTE, minor, currency, verified);
    said.dispute_id = "dp_1";
    said.dispute = state;
    cr_assert_eq(world_tell(&world, &said), STATUS_OK);
}

static void elsewhere(int64_t minor, const char *currency, bool verified)
{
    struct evidence said = word(EVIDENCE_REFUND, minor, currency, verified);
    said.provider_refund_id = "re_9";
    said.status = REFUND_STATUS_SUCCEEDED;
    cr_assert_eq(world_tell(&world, &said), STATUS_OK);
}

/* Who speaks first without a signature does not make the true one count for less. */
Test(settlement_dispute, a_first_word_of_too_little_does_not_stay)
{
    dispute(DISPUTE_OPEN, 1, "GBP", false);
    cr_expect_eq(payout->payment->disputed_minor, 1);
    dispute(DISPUTE_OPEN, 600, "GBP", true);
    cr_expect_eq(payout->payment->disputed_minor, 600);
    dispute(DISPUTE_INQUIRY, 900, "GBP", true);
    cr_expect_eq(payout->payment->disputed_minor, 600, "an inquiry takes nothing");
    dispute(DISPUTE_OPEN, 500, "GBP", true);
    cr_expect_eq(payout->payment->disputed_minor, 600, "it may be older");
    dispute(DISPUTE_WON, 600, "GBP", true);
    cr_expect_eq(payout->payment->disputed_minor, 0);
}

Test(settlement_dispute, nor_does_a_first_word_that_it_is_lost)
{
    dispute(DISPUTE_LOST, 1, "GBP", false);
    dispute(DISPUTE_OPEN, 600, "GBP", true);
    cr_expect_eq(payout->payment->disputed_minor, 600);
    cr_expect_eq(world.balances[ACCOUNT_CHARGEBACKS], 600);
    dispute(DISPUTE_LOST, 700, "GBP", true);
    cr_expect_eq(payout->payment->disputed_minor, 700);
    cr_expect_eq(world.balances[ACCOUNT_CHARGEBACKS], 700);
    dispute(DISPUTE_WON, 700, "GBP", true);
    cr_expect_eq(payout->payment->disputed_minor, 0);
    cr_expect_eq(world.balances[ACCOUNT_CHARGEBACKS], 0);
}

/* How much of the payment 0.60 USD are, nobody says. */
Test(settlement_dispute, an_amount_in_another_currency_takes_the_whole_payment)
{
    dispute(DISPUTE_OPEN, 60, "USD", true);
    cr_expect_eq(payout->payment->disputed_minor, 3402);
    dispute(DISPUTE_LOST, 60, "USD", false);
    cr_expect_eq(payout->payment->disputed_minor, 3402, "nobody's mere word lowers it");
    dispute(DISPUTE_WON, 60, "USD", true);
    cr_expect_eq(payout->payment->disputed_minor, 0);
    dispute(DISPUTE_WON, 60, "GBP", true);
    cr_expect_eq(payout->payment->disputed_minor, 0);
    elsewhere(0, "USD", false);
    cr_expect_eq(payout->payment->refunded_minor, 0);
    elsewhere(60, "GBP", true);
    cr_expect_eq(payout->payment->refunded_minor, 3402, "it was USD before");
}

Test(settlement_dispute, so_does_one_that_changes_its_currency)
{
    elsewhere(60, "GBP", true);
    cr_expect_eq(payout->payment->refunded_minor, 60);
    elsewhere(60, "USD", true);
    cr_expect_eq(payout->payment->refunded_minor, 3402);
}
