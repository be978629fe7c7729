#include "decision_machine.h"

#include <assert.h>
#include <string.h>

static const struct decision_transition transitions[STATE_COUNT][HAPPENED_COUNT] = {
#define T(state, event, next_state, what) \
    [STATE_##state][HAPPENED_##event] = {.next = STATE_##next_state, .action = ACTION_##what},
    DECISION_TRANSITION_ROWS(T)
#undef T
};

static const char *const state_names[] = {
#define X(name, help) [STATE_##name] = #name,
    DECISION_STATE_ROWS(X)
#undef X
};

struct decision_transition decision_step(enum decision_state state, enum decision_event event)
{
    assert(state < STATE_COUNT && event < HAPPENED_COUNT);
    struct decision_transition step = transitions[state][event];
    if (step.action == ACTION_IGNORE)
        step.next = state;
    return step;
}

const char *decision_refusal(enum decision_event event)
{
    static const char *const reasons[] = {
#define X(name, help, otherwise) [HAPPENED_##name] = otherwise,
        DECISION_EVENT_ROWS(X)
#undef X
    };
    assert(event < HAPPENED_COUNT);
    return reasons[event];
}

const char *decision_state_name(enum decision_state state)
{
    assert(state < STATE_COUNT);
    return state_names[state];
}

enum decision_state decision_state_find(const char *name)
{
    for (int i = 0; i < STATE_COUNT; i++)
        if (strcmp(state_names[i], name) == 0)
            return (enum decision_state)i;
    return STATE_COUNT;
}
