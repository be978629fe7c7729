/* How the truth is learned where a provider cannot be asked: the same key and bytes again, while
 * the key lives; and what a provider's facts say. */

#include "services/settlement/provider.h"
#include "services/settlement/provider_facts.h"
#include "settlement_world.h"

#include <criterion/criterion.h>

#define SECOND_US INT64_C(1000000)

static struct world world;
static struct payout *payout;

static bool all(int provider)
{
    return provider != PROVIDER_MANUAL && provider != PROVIDER_NONE;
}

static void submit(int provider)
{
    cr_assert_eq(world_capture_by(&world, "pay_1", 1000, "GBP", provider), STATUS_OK);
    cr_assert_eq(world_approve_one(&world, "rf_1", 1, "pay_1", 510), STATUS_OK);
    payout = world_payout(&world, 0);
}

static void setup(void)
{
    world_start(&world);
    world.has_adapter = all;
    world.limits.key_life_us = 0;
    world.limits.attempts_max = 10;
}

static void teardown(void)
{
    world_end(&world);
}

TestSuite(settlement_resend, .init = setup, .fini = teardown);

static void due(void)
{
    cr_assert_eq(payout->due, DUE_LOOK_UP);
    cr_assert_eq(world_due(&world, DUE_LOOK_UP, payout->payout_id), STATUS_OK);
}

Test(settlement_resend, a_lost_answer_is_asked_for_with_the_same_key)
{
    submit(PROVIDER_ADYEN);
    int64_t first_us = payout->first_submitted_us;
    cr_assert_eq(world_call_failed(&world, payout, CALL_FAILURE_UNKNOWN, "no_answer", 0),
                 STATUS_OK);
    cr_assert_eq(payout->state, PAYOUT_UNKNOWN);
    due(); /* too early: a call may still be under way */
    cr_assert_null(world_task(&world, 0));
    world_pass(&world, 60 * SECOND_US);
    due();
    cr_assert_eq(payout->state, PAYOUT_SUBMITTED);
    cr_assert_eq(world_task(&world, 0)->kind, TASK_SEND);
    cr_assert_eq(payout->attempts, 2);
    cr_assert_eq(payout->first_submitted_us, first_us);
    cr_assert_eq(world_refund(&world, payout, REFUND_STATUS_PENDING, SOURCE_ANSWER), STATUS_OK);
    cr_assert_eq(payout->state, PAYOUT_PENDING);
}

Test(settlement_resend, a_crash_before_the_answer_is_like_a_lost_answer)
{
    submit(PROVIDER_PAYPAL);
    world.epoch++;
    due();
    cr_assert_null(world_task(&world, 0));
    world_pass(&world, 60 * SECOND_US);
    due();
    cr_assert_eq(world_task(&world, 0)->kind, TASK_SEND);
}

/* What is said of the second attempt is not said of the first. */
Test(settlement_resend, nothing_that_a_later_attempt_meets_frees_the_money)
{
    static const struct {
        enum call_failure failure;
        enum payout_state state;
    } rows[] = {
        {CALL_FAILURE_NOT_SENT, PAYOUT_UNKNOWN},
        {CALL_FAILURE_REFUSED, PAYOUT_MANUAL},
        {CALL_FAILURE_UNKNOWN, PAYOUT_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        teardown();
        setup();
        submit(PROVIDER_ADYEN);
        cr_assert_eq(world_call_failed(&world, payout, CALL_FAILURE_UNKNOWN, "no_answer", 0),
                     STATUS_OK);
        world_pass(&world, 60 * SECOND_US);
        due();
        cr_assert_eq(world_call_failed(&world, payout, rows[i].failure, "some_code", 422),
                     STATUS_OK);
        cr_assert_eq(payout->state, rows[i].state, "%zu: %s", i, payout_state_name(payout->state));
        cr_assert_eq(payout->payment->in_flight_minor, 510);
        if (rows[i].failure == CALL_FAILURE_NOT_SENT)
            cr_assert_eq(payout->attempts, 1);
    }
}

/* A first attempt that was refused at once is another matter. */
Test(settlement_resend, a_refusal_of_the_first_attempt_ends_it)
{
    submit(PROVIDER_PAYPAL);
    cr_assert_eq(world_call_failed(&world, payout, CALL_FAILURE_REFUSED, "SOMETHING_NEW", 422),
                 STATUS_OK);
    cr_assert_eq(payout->state, PAYOUT_FAILED);
}

Test(settlement_resend, past_the_life_of_the_key_people_look)
{
    submit(PROVIDER_ADYEN);
    cr_assert_eq(world_call_failed(&world, payout, CALL_FAILURE_UNKNOWN, "no_answer", 0),
                 STATUS_OK);
    world_pass(&world, 7 * 24 * PROVIDER_HOUR_US - PROVIDER_KEY_MARGIN_US);
    due();
    cr_assert_eq(payout->state, PAYOUT_MANUAL);
    cr_assert_str_eq(payout->reason, "UNRESOLVED");
    cr_assert_null(world_task(&world, 0));
}

Test(settlement_resend, attempts_are_bounded_and_rarer_each_time)
{
    submit(PROVIDER_PAYPAL);
    int64_t last_us = world.now_us, last_wait_us = 0;
    int sent = 1;
    for (int i = 0; i < 100 && payout->state != PAYOUT_MANUAL; i++) {
        if (payout->state == PAYOUT_SUBMITTED)
            cr_assert_eq(world_call_failed(&world, payout, CALL_FAILURE_UNKNOWN, "no_answer", 0),
                         STATUS_OK);
        world_pass(&world, 5 * SECOND_US);
        while (payout->state == PAYOUT_UNKNOWN) {
            due();
            if (payout->state == PAYOUT_UNKNOWN)
                world_pass(&world, 5 * SECOND_US);
        }
        if (payout->state == PAYOUT_SUBMITTED) {
            cr_assert_geq(world.now_us - last_us, last_wait_us);
            last_wait_us = world.now_us - last_us;
            last_us = world.now_us;
            sent++;
        }
    }
    cr_assert_eq(payout->state, PAYOUT_MANUAL);
    cr_assert_eq(sent, 10);
}

Test(settlement_resend, nothing_is_sent_again_above_the_cap)
{
    submit(PROVIDER_ADYEN);
    cr_assert_eq(world_call_failed(&world, payout, CALL_FAILURE_UNKNOWN, "no_answer", 0),
                 STATUS_OK);
    struct evidence elsewhere = world_evidence(&world, payout, EVIDENCE_REFUND, SOURCE_WEBHOOK);
    elsewhere.payout_id = "";
    elsewhere.provider_refund_id = "made-by-hand";
    elsewhere.status = REFUND_STATUS_SUCCEEDED;
    elsewhere.amount_minor = 1000;
    cr_assert_eq(world_tell(&world, &elsewhere), STATUS_OK);
    cr_assert(payout->payment->over);
    world_pass(&world, 60 * SECOND_US);
    due();
    cr_assert_eq(payout->state, PAYOUT_MANUAL);
    cr_assert_null(world_task(&world, 0));
}

Test(settlement_resend, without_room_it_is_due_again)
{
    submit(PROVIDER_ADYEN);
    cr_assert_eq(world_call_failed(&world, payout, CALL_FAILURE_UNKNOWN, "no_answer", 0),
                 STATUS_OK);
    world.capacity[PROVIDER_ADYEN] = 0;
    world_pass(&world, 60 * SECOND_US);
    due();
    cr_assert_eq(payout->state, PAYOUT_UNKNOWN);
    cr_assert_eq(payout->due, DUE_LOOK_UP);
    world.capacity[PROVIDER_ADYEN] = 1;
    world_pass(&world, 5 * SECOND_US);
    due();
    cr_assert_eq(payout->state, PAYOUT_SUBMITTED);
}

/* A provider that only tells: its word comes by webhook, and its silence is told. */
Test(settlement_resend, silence_about_a_pending_refund_is_told_after_a_day)
{
    submit(PROVIDER_ADYEN);
    cr_assert_eq(world_refund(&world, payout, REFUND_STATUS_PENDING, SOURCE_ANSWER), STATUS_OK);
    world_pass(&world, 60 * SECOND_US);
    cr_assert_eq(world_due(&world, DUE_POLL, payout->payout_id), STATUS_OK);
    cr_assert_null(world_alarm(&world, 0));
    cr_assert_null(world_task(&world, 0));
    world_pass(&world, 86400 * SECOND_US);
    cr_assert_eq(world_due(&world, DUE_POLL, payout->payout_id), STATUS_OK);
    cr_assert_not_null(world_alarm(&world, 0));
    cr_assert_eq(payout->due, DUE_POLL);
    cr_assert_eq(world_refund(&world, payout, REFUND_STATUS_SUCCEEDED, SOURCE_WEBHOOK), STATUS_OK);
    cr_assert_eq(payout->state, PAYOUT_SUCCEEDED);
}

Test(settlement_resend, paypal_is_asked_about_a_refund_that_it_named)
{
    submit(PROVIDER_PAYPAL);
    cr_assert_eq(world_refund(&world, payout, REFUND_STATUS_PENDING, SOURCE_ANSWER), STATUS_OK);
    world_pass(&world, 60 * SECOND_US);
    cr_assert_eq(world_due(&world, DUE_POLL, payout->payout_id), STATUS_OK);
    cr_assert_eq(world_task(&world, 0)->kind, TASK_LOOK_UP);
}

/* It cannot be asked, so that its verified word has to do. */
Test(settlement_resend, a_refund_that_lives_after_it_failed_goes_to_people)
{
    submit(PROVIDER_ADYEN);
    cr_assert_eq(world_refund(&world, payout, REFUND_STATUS_PENDING, SOURCE_ANSWER), STATUS_OK);
    cr_assert_eq(world_refund(&world, payout, REFUND_STATUS_FAILED, SOURCE_WEBHOOK), STATUS_OK);
    cr_assert_eq(payout->state, PAYOUT_FAILED);
    cr_assert_eq(world_refund(&world, payout, REFUND_STATUS_SUCCEEDED, SOURCE_WEBHOOK), STATUS_OK);
    cr_assert_eq(payout->state, PAYOUT_MANUAL);
    cr_assert_str_eq(payout->reason, "REAPPEARED");
}

/* Its answer is "received", whatever has become of the refund by then. */
Test(settlement_resend, an_answer_that_comes_after_the_end_changes_nothing)
{
    submit(PROVIDER_ADYEN);
    cr_assert_eq(world_refund(&world, payout, REFUND_STATUS_FAILED, SOURCE_WEBHOOK), STATUS_OK);
    cr_assert_eq(world_refund(&world, payout, REFUND_STATUS_PENDING, SOURCE_ANSWER), STATUS_OK);
    cr_assert_eq(payout->state, PAYOUT_FAILED);
    cr_assert_eq(payout->payment->in_flight_minor, 0);
}

Test(settlement_resend, an_answer_of_a_refund_that_nobody_knew_of_still_counts)
{
    submit(PROVIDER_ADYEN);
    cr_assert_eq(world_call_failed(&world, payout, CALL_FAILURE_NOT_SENT, "", 0), STATUS_OK);
    cr_assert_eq(world_cancel(&world, "rf_1", 2), STATUS_OK);
    cr_assert_eq(payout->state, PAYOUT_CANCELLED);
    cr_assert_eq(world_refund(&world, payout, REFUND_STATUS_PENDING, SOURCE_ANSWER), STATUS_OK);
    cr_assert_eq(payout->state, PAYOUT_MANUAL);
    cr_assert_eq(payout->payment->in_flight_minor, 510);
}

/* The first call may still arrive: a look-up that found nothing does not take it back. */
Test(settlement_resend, what_was_not_sent_again_frees_nothing_of_what_was_sent_before)
{
    submit(PROVIDER_STRIPE);
    cr_assert_eq(world_call_failed(&world, payout, CALL_FAILURE_UNKNOWN, "no_answer", 0),
                 STATUS_OK);
    world_pass(&world, 60 * SECOND_US);
    cr_assert_eq(world_not_found(&world, payout), STATUS_OK);
    cr_assert_eq(payout->attempts, 2);
    cr_assert_eq(world_call_failed(&world, payout, CALL_FAILURE_NOT_SENT, "rate_limit", 429),
                 STATUS_OK);
    cr_assert_eq(payout->state, PAYOUT_UNKNOWN);
    cr_assert_eq(payout->attempts, 1);
    cr_assert_eq(world_cancel(&world, "rf_1", 2), STATUS_OK);
    cr_assert_eq(payout->state, PAYOUT_UNKNOWN);
    cr_assert_eq(payout->payment->in_flight_minor, 510);
}

Test(settlement_resend, store_credit_needs_nobody)
{
    cr_assert_eq(world_capture_by(&world, "pay_1", 1000, "GBP", PROVIDER_ADYEN), STATUS_OK);
    const struct share share = {"pay_1", 510};
    struct approval_event approval = world_approval(&world, "rf_1", 1, &share, 1);
    approval.method = METHOD_STORE_CREDIT;
    cr_assert_eq(world_apply_approval(&world, &approval), STATUS_OK);
    payout = world_payout(&world, 0);
    cr_assert_eq(payout->state, PAYOUT_SUCCEEDED);
    cr_assert_eq(payout->payment->refunded_minor, 510);
    cr_assert_str_eq(payout->provider_refund_id, payout->payout_id);
    cr_assert_null(world_task(&world, 0));
}

/* An outage of one provider takes the room of no other. */
Test(settlement_resend, room_is_counted_per_provider)
{
    world.capacity[PROVIDER_ADYEN] = 0;
    cr_assert_eq(world_capture_by(&world, "pay_2", 1000, "GBP", PROVIDER_PAYPAL), STATUS_OK);
    submit(PROVIDER_ADYEN);
    cr_assert_eq(payout->state, PAYOUT_RESERVED);
    cr_assert_eq(world_approve_one(&world, "rf_2", 1, "pay_2", 510), STATUS_OK);
    cr_assert_eq(world_payout(&world, 1)->state, PAYOUT_SUBMITTED);
    cr_assert_eq(world.capacity[PROVIDER_PAYPAL], (size_t)999);
}

Test(settlement_resend, magento_is_asked_and_never_called_twice)
{
    submit(PROVIDER_MAGENTO);
    cr_assert_eq(payout->state, PAYOUT_RESERVED);
    world.capacity[PROVIDER_MAGENTO] = 10;
    cr_assert_eq(world_due(&world, DUE_SUBMIT, payout->payout_id), STATUS_OK);
    cr_assert_eq(world_call_failed(&world, payout, CALL_FAILURE_UNKNOWN, "no_answer", 0),
                 STATUS_OK);
    world_pass(&world, 60 * SECOND_US);
    due();
    cr_assert_eq(world_task(&world, 0)->kind, TASK_LOOK_UP);
    cr_assert_eq(world_not_found(&world, payout), STATUS_OK);
    cr_assert_eq(payout->state, PAYOUT_MANUAL);
    cr_assert_eq(payout->attempts, 1);
}

Test(settlement_resend, lives_of_keys_are_the_documented_ones_less_an_hour)
{
    cr_assert_eq(provider_key_life_us(PROVIDER_STRIPE, 0), 23 * PROVIDER_HOUR_US);
    cr_assert_eq(provider_key_life_us(PROVIDER_ADYEN, 0), (7 * 24 - 1) * PROVIDER_HOUR_US);
    cr_assert_eq(provider_key_life_us(PROVIDER_PAYPAL, 0), (45 * 24 - 1) * PROVIDER_HOUR_US);
    cr_assert_eq(provider_key_life_us(PROVIDER_PAYPAL, SECOND_US), SECOND_US);
    cr_assert_eq(provider_key_life_us(PROVIDER_MAGENTO, SECOND_US), 0);
    cr_assert_eq(provider_facts(99)->executor, EXECUTOR_NOBODY);
    cr_assert_eq(provider_facts(-1)->executor, EXECUTOR_NOBODY);
}

Test(settlement_resend, providers_are_used_once_they_have_a_secret)
{
    struct provider_account accounts[PROVIDERS] = {
        [PROVIDER_ADYEN] = {.secret = "k"}, [PROVIDER_PAYPAL] = {.secret = ""}};
    provider_enable(accounts);
    cr_assert(provider_exists(PROVIDER_ADYEN));
    cr_assert(provider_exists(PROVIDER_STORE_CREDIT));
    cr_assert_not(provider_exists(PROVIDER_PAYPAL));
    cr_assert_not(provider_exists(PROVIDER_STRIPE));
    cr_assert_not(provider_exists(PROVIDER_MANUAL));
    cr_assert_not(provider_exists(-1));
    cr_assert_not(provider_exists(PROVIDERS));
    for (int i = PROVIDER_STRIPE; i < PROVIDERS; i++)
        cr_assert_eq(provider_find(i) != NULL, provider_facts(i)->executor == EXECUTOR_CALL);
}

Test(settlement_resend, a_look_up_from_before_the_end_is_asked_again)
{
    submit(PROVIDER_STRIPE);
    cr_assert_eq(world_refund(&world, payout, REFUND_STATUS_PENDING, SOURCE_ANSWER), STATUS_OK);
    struct evidence seen = world_evidence(&world, payout, EVIDENCE_REFUND, SOURCE_LOOK_UP);
    seen.event_id = "look-up";
    seen.status = REFUND_STATUS_SUCCEEDED;
    world_pass(&world, SECOND_US);
    cr_assert_eq(world_refund(&world, payout, REFUND_STATUS_FAILED, SOURCE_WEBHOOK), STATUS_OK);
    cr_assert_eq(payout->state, PAYOUT_FAILED);
    cr_assert_eq(world_tell(&world, &seen), STATUS_OK);
    cr_assert_eq(payout->state, PAYOUT_FAILED);
    cr_assert_eq(world_task(&world, 0)->kind, TASK_LOOK_UP);
    cr_assert_eq(world_refund(&world, payout, REFUND_STATUS_SUCCEEDED, SOURCE_LOOK_UP), STATUS_OK);
    cr_assert_eq(payout->state, PAYOUT_MANUAL);
    cr_assert_str_eq(payout->reason, "REAPPEARED");
}
