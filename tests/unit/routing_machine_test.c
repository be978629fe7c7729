#include "services/routing/decision_machine.h"

#include <criterion/criterion.h>
#include <stdbool.h>
#include <string.h>

/* The whole machine as people agreed on it: a row per state, a column per event in the order of
 * DECISION_EVENT_ROWS. A cell is the next state's letter and the action's; "." is ignored.
 * States: N O W A D E C. Actions: n NOTE, a APPROVE, o OPEN_CASE, b OPEN_ABOVE, r RENEW, e EXTEND,
 * c COUNT, d DECLINE, q ASK, w AWAIT, u ESCALATE, x EXPIRE, p PASS_ON, l ALARM. */
static const char *const agreed[] = {
    "N Aa Oo Dn Ww Ob .  Cp .  .  .  .  .  .  . ", "O .  Or Dd Wq Or .  Cp Oe Aa Oc Dd Wq Ou . ",
    "W Aa Or Dd Ww Or .  Cp Oe .  .  .  .  .  Ex", "A .  .  .  .  .  .  Cp Oo .  .  .  .  .  . ",
    "D Oo Oo Dn Ww Ob Dd Cp Oo .  .  .  .  .  . ", "E Aa Oo Dn Ww Ob .  Cp Oo .  .  .  .  .  . ",
    "C .  .  .  .  .  .  Cp Cl .  .  .  .  .  . ",
};

static const char state_letters[] = "NOWADEC";
static const char action_letters[] = ".naobrecdqwuxpl";

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
