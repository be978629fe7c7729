#include "intake_world.h"

Test(intake_request, claims_units_and_answers)
{
    struct world *world = world_create();
    world_sell(world);
    cr_assert_eq(world_ask(world, "a", "1", 2), STATUS_OK);
    const struct world_answer *answer = world_last(world);
    cr_expect_eq(answer->status, ANSWER_VALIDATED);
    cr_expect_eq(answer->version, 1);
    cr_expect_eq(answer->claim_minor, 256 + 255);
    cr_expect(answer->first);
    const struct refund *refund = world_refund(world, "a");
    cr_expect_eq(refund->status, REFUND_OPEN);
    cr_expect(refund->holds);
    cr_expect_eq(world_due(world, refund, DEADLINE_STALL), world->now_us + WORLD_STALL_US);
    cr_expect_eq(world->customer_orders, 1);
    cr_expect_eq(world->customer_refunds, 1);
    world_destroy(world);
}

Test(intake_request, every_rejection_of_units)
{
    static const struct {
        const char *line_id;
        int64_t units;
        enum rejection_reason reason;
        int64_t left;
        const char *holder;
    } CASES[] = {
        {"9", 1, REJECTION_LINE_NOT_ON_ORDER, 0, ""},
        {"1", 7, REJECTION_UNITS_EXCEED_PURCHASE, 1, ""},
        {"1", 2, REJECTION_UNITS_ALREADY_CLAIMED, 1, "first"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct world *world = world_create();
        world_sell(world);
        cr_assert_eq(world_ask(world, "first", "1", 5), STATUS_OK);
        cr_assert_eq(world_ask(world, "a", CASES[i].line_id, CASES[i].units), STATUS_OK);
        const struct world_answer *answer = world_last(world);
        cr_expect_eq(answer->status, ANSWER_REJECTED);
        cr_expect_eq(answer->rejection.reason, CASES[i].reason, "case %zu", i);
        cr_expect_str_eq(answer->rejection.line_id, CASES[i].line_id);
        cr_expect_eq(answer->rejection.asked, CASES[i].units);
        cr_expect_eq(answer->rejection.left, CASES[i].left);
        cr_expect_str_eq(answer->rejection.refund_id, CASES[i].holder);
        cr_expect_eq(world_refund(world, "a")->status, REFUND_REJECTED);
        cr_expect_not(world_refund(world, "a")->holds);
        world_destroy(world);
    }
}

Test(intake_request, every_rejection_of_amounts)
{
    static const struct {
        int64_t minor;
        const char *currency;
        enum rejection_reason reason;
        int64_t left;
    } CASES[] = {
        {2909, "GBP", REJECTION_AMOUNT_EXCEEDS_PAID, 2908},
        {INT64_MAX, "GBP", REJECTION_AMOUNT_EXCEEDS_PAID, 2908},
        {100, "EUR", REJECTION_CURRENCY_MISMATCH, 0},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct world *world = world_create();
        world_sell(world);
        struct input input = world_request_amount("a", CASES[i].minor, CASES[i].currency);
        cr_assert_eq(world_decide(world, input), STATUS_OK);
        cr_assert_eq(world_last(world)->status, ANSWER_REJECTED);
        cr_expect_eq(world_last(world)->rejection.reason, CASES[i].reason, "case %zu", i);
        cr_expect_eq(world_last(world)->rejection.left, CASES[i].left);
        world_destroy(world);
    }
}

Test(intake_request, an_amount_is_spread_over_the_lines_by_what_is_left)
{
    struct world *world = world_create();
    world_sell(world);
    cr_assert_eq(world_decide(world, world_request_amount("a", 1000, "GBP")), STATUS_OK);
    const struct claim *claim = world_refund(world, "a")->claims;
    cr_expect_eq(world_last(world)->claim_minor, 1000);
    cr_expect_eq(claim->minor, 526); /* 1000 * 1531 / 2908 = 526.5: the larger remainder wins */
    cr_expect_eq(claim->next_of_refund->minor, 474);
    cr_expect_eq(claim->range_count, 0);
    /* All that is left of line 1 is 1005, although its units are worth 1531. */
    cr_assert_eq(world_ask(world, "b", "1", 6), STATUS_OK);
    cr_expect_eq(world_last(world)->claim_minor, 1005);
    cr_expect_eq(world_refund(world, "b")->claims->tax_minor + claim->tax_minor, 255);
    cr_assert_eq(world_decide(world, world_request_amount("c", 904, "GBP")), STATUS_OK);
    world_expect_rejected(world, AMOUNT_EXCEEDS_PAID);
    world_destroy(world);
}

Test(intake_request, an_amount_for_units_is_at_most_their_worth)
{
    struct world *world = world_create();
    world_sell(world);
    struct input input = world_request_units(world, "a", "1", 1);
    input.request.asking.has_amount = true;
    input.request.asking.amount_minor = 257;
    memcpy(input.request.asking.amount_currency, "GBP", 4);
    cr_assert_eq(world_decide(world, input), STATUS_OK);
    world_expect_rejected(world, AMOUNT_EXCEEDS_PAID);
    input.request.refund_id = input.request.asking.request_id = "b";
    input.request.asking.amount_minor = 200;
    cr_assert_eq(world_decide(world, input), STATUS_OK);
    cr_expect_eq(world_last(world)->claim_minor, 200);
    world_destroy(world);
}

Test(intake_request, the_whole_order_is_what_is_left_with_shipping)
{
    struct world *world = world_create();
    world_sell(world);
    cr_assert_eq(world_ask(world, "a", "1", 6), STATUS_OK);
    struct input input = world_request("b");
    input.request.asking.whole_order = true;
    cr_assert_eq(world_decide(world, input), STATUS_OK);
    cr_expect_eq(world_last(world)->claim_minor, 1377 + 495);
    input.request.refund_id = input.request.asking.request_id = "c";
    cr_assert_eq(world_decide(world, input), STATUS_OK);
    world_expect_rejected(world, UNITS_ALREADY_CLAIMED);
    cr_expect_str_eq(world_last(world)->rejection.refund_id, "a");
    world_destroy(world);
}

Test(intake_request, shipping_is_claimed_once)
{
    struct world *world = world_create();
    world_sell(world);
    struct input input = world_request("a");
    input.request.asking.shipping = true;
    cr_assert_eq(world_decide(world, input), STATUS_OK);
    cr_expect_eq(world_last(world)->claim_minor, 495);
    input.request.refund_id = input.request.asking.request_id = "b";
    cr_assert_eq(world_decide(world, input), STATUS_OK);
    world_expect_rejected(world, AMOUNT_EXCEEDS_PAID);
    cr_expect_str_eq(world_last(world)->rejection.refund_id, "a");
    world_destroy(world);
}

Test(intake_request, the_same_request_id_is_a_duplicate)
{
    struct world *world = world_create();
    world_sell(world);
    cr_assert_eq(world_ask(world, "a", "1", 2), STATUS_OK);
    cr_expect_eq(world_ask(world, "a", "1", 2), STATUS_DUPLICATE);
    cr_expect_eq(world_ask(world, "a", "2", 1), STATUS_DUPLICATE);
    cr_expect_eq(world->answer_count, 1);
    world_destroy(world);
}

Test(intake_request, a_request_id_of_another_order_is_refused)
{
    struct world *world = world_create();
    world_sell(world);
    struct input input = world_request_units(world, "a", "1", 1);
    input.request.elsewhere = true;
    cr_expect_eq(world_decide(world, input), STATUS_UNPROCESSABLE);
    cr_expect_eq(world->refused, REFUSE_CONFLICT);
    cr_expect_eq(world->answer_count, 0);
    world_destroy(world);
}

Test(intake_request, same_reference_and_content_is_a_duplicate_that_names_the_first)
{
    struct world *world = world_create();
    world_sell(world);
    struct input input = world_request_units(world, "a", "1", 1);
    input.request.asking.external_reference = "zendesk:1";
    input.request.asking.fingerprint = 5;
    cr_assert_eq(world_decide(world, input), STATUS_OK);
    input.request.refund_id = input.request.asking.request_id = "b";
    cr_assert_eq(world_decide(world, input), STATUS_OK);
    world_expect_rejected(world, DUPLICATE_REQUEST);
    cr_expect_str_eq(world_last(world)->rejection.refund_id, "a");
    input.request.refund_id = input.request.asking.request_id = "c";
    input.request.asking.fingerprint = 6; /* other content: a new request */
    cr_assert_eq(world_decide(world, input), STATUS_OK);
    cr_expect_eq(world_last(world)->status, ANSWER_VALIDATED);
    world_destroy(world);
}

Test(intake_request, waits_for_order_and_payment_and_is_settled_in_order_of_arrival)
{
    struct world *world = world_create();
    struct order_line line = world_line("1", 3, 300, 0);
    cr_assert_eq(world_ask(world, "a", "1", 2), STATUS_OK);
    cr_assert_eq(world_ask(world, "b", "1", 2), STATUS_OK);
    cr_assert_eq(world_ask(world, "c", "1", 1), STATUS_OK);
    const struct refund *first = world_refund(world, "a");
    cr_expect_eq(first->status, REFUND_PARKED);
    cr_expect_neq(world_due(world, first, DEADLINE_PARK), 0);
    cr_expect_eq(world->order.waiting, 3);
    cr_assert_eq(world_place(world, &line, 1, 0), STATUS_OK);
    cr_expect_eq(world->answer_count, 0, "not captured yet");
    cr_assert_eq(world_capture(world, "pay", 300, "GBP"), STATUS_OK);
    cr_assert_eq(world->answer_count, 3);
    cr_expect_eq(world->answers[0].status, ANSWER_VALIDATED);
    cr_expect_eq(world->answers[1].status, ANSWER_REJECTED);
    cr_expect_eq(world->answers[1].rejection.reason, REJECTION_UNITS_ALREADY_CLAIMED);
    cr_expect_eq(world->answers[2].status, ANSWER_VALIDATED);
    cr_expect_eq(world_due(world, first, DEADLINE_PARK), 0);
    cr_expect_eq(world->order.waiting, 0);
    world_destroy(world);
}

Test(intake_request, is_rejected_when_the_wait_is_over)
{
    struct world *world = world_create();
    struct order_line line = world_line("1", 3, 300, 0);
    cr_assert_eq(world_ask(world, "a", "1", 2), STATUS_OK);
    cr_assert_eq(world_pass_due(world, "a", DEADLINE_PARK), STATUS_OK);
    world_expect_rejected(world, ORIGINAL_TRANSACTION_NOT_FOUND);
    cr_assert_eq(world_ask(world, "b", "1", 2), STATUS_OK);
    cr_assert_eq(world_place(world, &line, 1, 0), STATUS_OK);
    cr_assert_eq(world_pass_due(world, "b", DEADLINE_PARK), STATUS_OK);
    world_expect_rejected(world, PAYMENT_NOT_CAPTURED);
    cr_expect_eq(world->order.waiting, 0);
    /* The rejection stands when the payment comes after all. */
    cr_assert_eq(world_capture(world, "pay", 300, "GBP"), STATUS_OK);
    cr_expect_eq(world->answer_count, 2);
    world_destroy(world);
}

Test(intake_request, too_large_an_answer_is_a_rejection_and_frees_the_claim)
{
    struct world *world = world_create();
    world_sell(world);
    world->too_large = 2; /* the answer, and the full rejection */
    cr_assert_eq(world_ask(world, "a", "1", 6), STATUS_OK);
    world_expect_rejected(world, TOO_LARGE);
    cr_expect(world_last(world)->sparse);
    cr_expect_eq(world_last(world)->version, 1);
    cr_assert_eq(world_ask(world, "b", "1", 6), STATUS_OK);
    cr_expect_eq(world_last(world)->status, ANSWER_VALIDATED);
    world_destroy(world);
}

Test(intake_request, every_reason_has_words)
{
#define X(name, code, words) \
    cr_expect_str_not_empty(intake_rejection_words(REJECTION_##name), #name);
    REJECTION_ROWS(X)
#undef X
}
