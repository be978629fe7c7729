#include "services/routing/decision_machine.h"

#include <criterion/criterion.h>
#include <stdbool.h>
#include <string.h>

/* The whole machine as people agreed on it: a row per state, a column per event in the order of
 * DECISION_EVENT_ROWS. A cell is the next state's letter and the action's; "." is ignored.
 * States: N O W H A D E C. Actions: n NOTE, a APPROVE, o OPEN_CASE, b OPEN_ABOVE, r RENEW, e
 * EXTEND, c COUNT, d DECLINE, q ASK, w AWAIT, u ESCALATE, x EXPIRE, h HOLD, t TAKE, f FREE, p
 * PASS_ON, l ALARM. Columns: AUTOMATIC PERSON UNROUTABLE POLICY_DECLINES POLICY_ASKS APPEAL
 * APPEAL_AGAIN CANCEL FALLBACK ENOUGH COUNTED REFUSED ASKED TAKEN GIVEN_BACK NOTED CASE_DUE
 * ANSWER_DUE TAKEN_DUE. */
static const char *const agreed[] = {
    "N Aa Oo Hh Dn Ww Ob .  Cp .  .  .  .  .  .  .  .  .  .  . ",
    "O .  Or Hh Dd Wq Or .  Cp Oe Aa Oc Dd Wq Ot Of On Ou .  Of",
    "W Aa Or Hh Dd Ww Or .  Cp Oe .  .  .  .  .  .  .  .  Ex . ",
    "H Aa Or Hh Dd Ww Or .  Cp Oe .  .  .  .  .  .  .  .  .  . ",
    "A .  .  .  .  .  .  .  Cp Oo .  .  .  .  .  .  .  .  .  . ",
    "D Oo Oo Hh Dn Ww Ob Dd Cp Oo .  .  .  .  .  .  .  .  .  . ",
    "E Aa Oo Hh Dn Ww Ob .  Cp Oo .  .  .  .  .  .  .  .  .  . ",
    "C .  .  .  .  .  .  .  Cp Cl .  .  .  .  .  .  .  .  .  . ",
};

static const char state_letters[] = "NOWHADEC";
static const char action_letters[] = ".naobrecdqwuxhtfpl";

Test(routing_machine, every_state_and_event)
{
    cr_assert_eq(sizeof agreed / sizeof *agreed, STATE_COUNT);
    cr_assert_eq(strlen(state_letters), STATE_COUNT);
    cr_assert_eq(strlen(action_letters), ACTION_ALARM + 1);
    for (int state = 0; state < STATE_COUNT; state++) {
        cr_assert_eq(strlen(agreed[state]), 1 + 3 * HAPPENED_COUNT);
        cr_assert_eq(agreed[state][0], state_letters[state]);
        for (int event = 0; event < HAPPENED_COUNT; event++) {
            const char *cell = agreed[state] + 2 + 3 * event;
            struct decision_transition step =
                decision_step((enum decision_state)state, (enum decision_event)event);
            bool ignored = cell[0] == '.';
            cr_expect_eq(state_letters[step.next], ignored ? state_letters[state] : cell[0],
                         "%c x %d", state_letters[state], event);
            cr_expect_eq(action_letters[step.action], ignored ? '.' : cell[1], "%c x %d",
                         state_letters[state], event);
        }
    }
}

/* What does not happen has a reason. */
Test(routing_machine, every_unlisted_pair_is_refused_with_a_reason)
{
    for (int state = 0; state < STATE_COUNT; state++)
        for (int event = 0; event < HAPPENED_COUNT; event++) {
            struct decision_transition step =
                decision_step((enum decision_state)state, (enum decision_event)event);
            if (step.action != ACTION_IGNORE)
                continue;
            cr_expect_eq((int)step.next, state);
            cr_expect_neq(decision_refusal((enum decision_event)event)[0], '\0', "%d x %d", state,
                          event);
        }
}

/* Nothing expires, escalates or is asked into an approval. */
Test(routing_machine, only_policy_or_people_approve)
{
    for (int state = 0; state < STATE_COUNT; state++)
        for (int event = 0; event < HAPPENED_COUNT; event++) {
            struct decision_transition step =
                decision_step((enum decision_state)state, (enum decision_event)event);
            bool approves = step.action == ACTION_APPROVE;
            cr_expect_eq(approves, step.next == STATE_APPROVED && step.action != ACTION_IGNORE);
            if (approves)
                cr_expect(event == HAPPENED_AUTOMATIC || event == HAPPENED_ENOUGH);
        }
}

Test(routing_machine, names_both_ways)
{
    for (int state = 0; state < STATE_COUNT; state++)
        cr_expect_eq(decision_state_find(decision_state_name((enum decision_state)state)), state);
    cr_expect_eq(decision_state_find("open"), STATE_COUNT);
    cr_expect_eq(decision_state_find(""), STATE_COUNT);
}
