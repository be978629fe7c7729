/* Every state x every event of the payout, goods and dispute machines. */

#include "services/settlement/dispute.h"
#include "services/settlement/goods.h"
#include "services/settlement/payout.h"

#include <criterion/criterion.h>
#include <string.h>

/* What each cell says, by hand: ! illegal, . stays, L stays and a cancellation is too late, ? stays
 * and asks the provider, > stays and is sent again; else the next state's letter. */
#define LETTERS(X)           \
    X('c', AWAITING_CAPTURE) \
    X('g', AWAITING_GOODS)   \
    X('R', RESERVED)         \
    X('S', SUBMITTED)        \
    X('P', PENDING)          \
    X('A', REQUIRES_ACTION)  \
    X('$', SUCCEEDED)        \
    X('F', FAILED)           \
    X('C', CANCELLED)        \
    X('U', UNKNOWN)          \
    X('M', MANUAL)           \
    X('B', FALLBACK_PENDING) \
    X('X', REFUSED)

/* Columns: CAPTURED CAPTURE_MISSING CAP_EXCEEDED GOODS_DECLINED GOODS_LOST NO_ADAPTER OVERTAKEN
 * SEND CANCEL SUPERSEDED DECLINED | PENDING ACTION SUCCEEDED FAILED DIVERTED VOIDED UNCONFIRMED
 * MISMATCH REAPPEARED | CALL_REFUSED CALL_BLOCKED CALL_NOT_SENT CALL_LOST | ABSENT ABSENT_FOR_GOOD
 * ABSENT_EARLY | LOOK_UP_DUE GIVE_UP */
static const struct {
    enum payout_state state;
    const char *cells;
} PAYOUT_CELLS[] = {
    {PAYOUT_AWAITING_CAPTURE, "R.X!!!!!C!! !!!!!!!!! !!!! !!! !!"},
    {PAYOUT_AWAITING_GOODS, "RcXCB!!!C!! !!!!!!!!! !!!! !!! !!"},
    {PAYOUT_RESERVED, "!!X!!MXSC!! PA$FBC?M! .... ... .!"},
    {PAYOUT_SUBMITTED, "!!!!!!!!L!! PA$FBC?M! FMRU >M. ?M"},
    {PAYOUT_PENDING, "!!!!!!!!L!! .A$FBC?M! .... ... ?!"},
    {PAYOUT_REQUIRES_ACTION, "!!!!!!!!L!! P.$FBC?M! .... ... ?!"},
    {PAYOUT_SUCCEEDED, "!!!!!!!!L!! ...FBC?M! .... ... .!"},
    {PAYOUT_FAILED, "!!!!!!!!.!! ???....MM .... ... ?!"},
    {PAYOUT_CANCELLED, "!!!!!!!!.!! ???....MM .... ... ?!"},
    {PAYOUT_UNKNOWN, "!!!!!!!!L!! PA$FBC?M! .... SM. ?M"},
    {PAYOUT_MANUAL, "!!!!!!!!L!! PA$FBC?.! .... ... ?!"},
    {PAYOUT_FALLBACK_PENDING, "!!!!!!!!CFF ???....MM .... ... ?!"},
    {PAYOUT_REFUSED, "!!!!!!!!.!! ???....MM .... ... ?!"},
};

static char letter_of(struct payout_step step)
{
    static const char letters[] = {
#define X(letter, state) [PAYOUT_##state] = letter,
        LETTERS(X)
#undef X
    };
    switch (step.verdict) {
    case PAYOUT_ILLEGAL:
        return '!';
    case PAYOUT_LATE:
        return 'L';
    case PAYOUT_STAY:
        return step.send ? '>' : step.look_up ? '?' : '.';
    case PAYOUT_MOVE:
        break;
    }
    return letters[step.next];
}

Test(settlement_machine, every_payout_cell_is_as_written)
{
    cr_assert_eq(sizeof PAYOUT_CELLS / sizeof *PAYOUT_CELLS, (size_t)PAYOUT_STATES);
    for (size_t s = 0; s < PAYOUT_STATES; s++) {
        const char *cell = PAYOUT_CELLS[s].cells;
        for (int event = 0; event < PAYOUT_EVENTS; event++, cell++) {
            cell += *cell == ' ';
            struct payout_step step = payout_step(PAYOUT_CELLS[s].state, (enum payout_event)event);
            cr_expect_eq(letter_of(step), *cell, "%s + %s: %c, expected %c",
                         payout_state_name(PAYOUT_CELLS[s].state),
                         payout_event_name((enum payout_event)event), letter_of(step), *cell);
        }
        cr_assert_eq(*cell, '\0');
    }
}

Test(settlement_machine, only_what_is_sent_hands_over)
{
    for (int state = 0; state < PAYOUT_STATES; state++)
        for (int event = 0; event < PAYOUT_EVENTS; event++) {
            struct payout_step step =
                payout_step((enum payout_state)state, (enum payout_event)event);
            if (step.send)
                cr_expect(step.verdict == PAYOUT_STAY ? state == PAYOUT_SUBMITTED
                                                      : step.next == PAYOUT_SUBMITTED);
            if (step.verdict == PAYOUT_MOVE && step.next == PAYOUT_SUBMITTED)
                cr_expect(step.send);
        }
}

/* Money that may be with the provider is freed by nothing but the provider's word. */
Test(settlement_machine, no_call_or_look_up_frees_money_that_may_be_paid)
{
    static const enum payout_event learned[] = {PAYOUT_EVENT_FAILED, PAYOUT_EVENT_DIVERTED,
                                                PAYOUT_EVENT_VOIDED, PAYOUT_EVENT_CALL_REFUSED};
    static const enum payout_state with_provider[] = {PAYOUT_SUBMITTED,       PAYOUT_PENDING,
                                                      PAYOUT_REQUIRES_ACTION, PAYOUT_UNKNOWN,
                                                      PAYOUT_MANUAL,          PAYOUT_SUCCEEDED};
    for (size_t s = 0; s < sizeof with_provider / sizeof *with_provider; s++)
        for (int event = 0; event < PAYOUT_EVENTS; event++) {
            struct payout_step step = payout_step(with_provider[s], (enum payout_event)event);
            bool frees = step.verdict == PAYOUT_MOVE && payout_bucket(step.next) == BUCKET_NONE;
            bool word = false;
            for (size_t i = 0; i < sizeof learned / sizeof *learned; i++)
                word = word || learned[i] == (enum payout_event)event;
            cr_expect(!frees || word, "%s + %s", payout_state_name(with_provider[s]),
                      payout_event_name((enum payout_event)event));
        }
}

Test(settlement_machine, numbers_lead_back_to_states)
{
    for (int state = 0; state < PAYOUT_STATES; state++)
        cr_expect_eq((int)payout_state_of(payout_state_number((enum payout_state)state)), state);
    for (int state = 0; state < GOODS_STATES; state++)
        cr_expect_eq((int)goods_state_of(goods_state_number((enum goods_state)state)), state);
    cr_expect_eq((int)payout_state_of(0), (int)PAYOUT_STATES);
    cr_expect_eq((int)goods_state_of(0), (int)GOODS_STATES);
    cr_expect_eq((int)dispute_state_of(5), (int)DISPUTE_STATES);
    cr_expect_eq((int)dispute_state_of(-1), (int)DISPUTE_STATES);
}

/* Columns: REQUIRED SHIPPED RECEIVED_PART RECEIVED_ALL INSPECTED_PART INSPECTED_ALL LOST EXPIRED.
 * Letters: verdict (! . > o(pen) x(shut) s(tuck)) and the next state's digit in redress.v1. */
static const struct {
    enum goods_state state;
    const char *cells;
} GOODS_CELLS[] = {
    {GOODS_NOT_REQUIRED, ">2 .. .. .. .. .. .. .."},
    {GOODS_AWAITING, ".. >3 >4 >5 >4 o6 s7 x8"},
    {GOODS_IN_TRANSIT, ".. .. >4 >5 >4 o6 s7 x8"},
    {GOODS_PARTIALLY_RECEIVED, ".. .. .. >5 .. o6 .. x8"},
    {GOODS_RECEIVED, ".. .. .. .. .. o6 !! x8"},
    {GOODS_INSPECTED, ".. .. .. .. !! !! !! .."},
    {GOODS_LOST, ".. .. >4 >5 >4 o6 .. .."},
    {GOODS_EXPIRED, ">2 .. !! !! !! !! .. .."},
};

Test(settlement_machine, every_goods_cell_is_as_written)
{
    static const char verdicts[] = {
        [GOODS_ILLEGAL] = '!', [GOODS_STAY] = '.', [GOODS_MOVE] = '>',
        [GOODS_OPEN] = 'o',    [GOODS_SHUT] = 'x', [GOODS_STUCK] = 's',
    };
    cr_assert_eq(sizeof GOODS_CELLS / sizeof *GOODS_CELLS, (size_t)GOODS_STATES);
    for (size_t s = 0; s < GOODS_STATES; s++)
        for (int event = 0; event < GOODS_EVENTS; event++) {
            const char *cell = GOODS_CELLS[s].cells + 3 * event;
            struct goods_step step = goods_step(GOODS_CELLS[s].state, (enum goods_event)event);
            cr_expect_eq(verdicts[step.verdict], cell[0], "%s + %d",
                         goods_state_name(GOODS_CELLS[s].state), event);
            if (cell[0] != '!' && cell[0] != '.')
                cr_expect_eq(goods_state_number(step.next), cell[1] - '0');
        }
}

Test(settlement_machine, every_dispute_cell_is_as_written)
{
    /* Columns: INQUIRY OPEN WON LOST. */
    static const char *const cells[DISPUTE_STATES] = {
        [DISPUTE_NONE] = ">>>>", [DISPUTE_INQUIRY] = ".>>>", [DISPUTE_OPEN] = "..>>",
        [DISPUTE_WON] = "...!",  [DISPUTE_LOST] = "..>.",
    };
    static const char verdicts[] = {
        [DISPUTE_ILLEGAL] = '!', [DISPUTE_STAY] = '.', [DISPUTE_MOVE] = '>'};
    for (int state = 0; state < DISPUTE_STATES; state++)
        for (int word = DISPUTE_INQUIRY; word <= DISPUTE_LOST; word++)
            cr_expect_eq(
                verdicts[dispute_step((enum dispute_state)state, (enum dispute_state)word)],
                cells[state][word - 1], "%s + %s", dispute_state_name((enum dispute_state)state),
                dispute_state_name((enum dispute_state)word));
}
