#include "goods.h"

#include <stddef.h>

#define STAY                  \
    {                         \
        .verdict = GOODS_STAY \
    }
#define MOVE(state)                                  \
    {                                                \
        .verdict = GOODS_MOVE, .next = GOODS_##state \
    }
#define OPEN(state)                                  \
    {                                                \
        .verdict = GOODS_OPEN, .next = GOODS_##state \
    }
#define SHUT(state)                                  \
    {                                                \
        .verdict = GOODS_SHUT, .next = GOODS_##state \
    }
#define STUCK(state)                                  \
    {                                                 \
        .verdict = GOODS_STUCK, .next = GOODS_##state \
    }

/* The goods arrive or are judged while nothing of them had been received. */
#define ARRIVE                                               \
    [GOODS_EVENT_RECEIVED_PART] = MOVE(PARTIALLY_RECEIVED),  \
    [GOODS_EVENT_RECEIVED_ALL] = MOVE(RECEIVED),             \
    [GOODS_EVENT_INSPECTED_PART] = MOVE(PARTIALLY_RECEIVED), \
    [GOODS_EVENT_INSPECTED_ALL] = OPEN(INSPECTED)

/* EXPIRED pays for what was accepted until then: deciding that is the caller's, who knows units. */
static const struct goods_step STEPS[GOODS_STATES][GOODS_EVENTS] = {
    [GOODS_NOT_REQUIRED] =
        {
            [GOODS_EVENT_REQUIRED] = MOVE(AWAITING),
            [GOODS_EVENT_SHIPPED] = STAY,
            [GOODS_EVENT_RECEIVED_PART] = STAY,
            [GOODS_EVENT_RECEIVED_ALL] = STAY,
            [GOODS_EVENT_INSPECTED_PART] = STAY,
            [GOODS_EVENT_INSPECTED_ALL] = STAY,
            [GOODS_EVENT_LOST] = STAY,
            [GOODS_EVENT_EXPIRED] = STAY,
        },
    [GOODS_AWAITING] =
        {
            ARRIVE,
            [GOODS_EVENT_REQUIRED] = STAY,
            [GOODS_EVENT_SHIPPED] = MOVE(IN_TRANSIT),
            [GOODS_EVENT_LOST] = STUCK(LOST),
            [GOODS_EVENT_EXPIRED] = SHUT(EXPIRED),
        },
    [GOODS_IN_TRANSIT] =
        {
            ARRIVE,
            [GOODS_EVENT_REQUIRED] = STAY,
            [GOODS_EVENT_SHIPPED] = STAY,
            [GOODS_EVENT_LOST] = STUCK(LOST),
            [GOODS_EVENT_EXPIRED] = SHUT(EXPIRED),
        },
    [GOODS_PARTIALLY_RECEIVED] =
        {
            [GOODS_EVENT_REQUIRED] = STAY,
            [GOODS_EVENT_SHIPPED] = STAY,
            [GOODS_EVENT_RECEIVED_PART] = STAY,
            [GOODS_EVENT_RECEIVED_ALL] = MOVE(RECEIVED),
            [GOODS_EVENT_INSPECTED_PART] = STAY,
            [GOODS_EVENT_INSPECTED_ALL] = OPEN(INSPECTED),
            [GOODS_EVENT_LOST] = STAY,
            [GOODS_EVENT_EXPIRED] = SHUT(EXPIRED),
        },
    [GOODS_RECEIVED] =
        {
            [GOODS_EVENT_REQUIRED] = STAY,
            [GOODS_EVENT_SHIPPED] = STAY,
            [GOODS_EVENT_RECEIVED_PART] = STAY,
            [GOODS_EVENT_RECEIVED_ALL] = STAY,
            [GOODS_EVENT_INSPECTED_PART] = STAY,
            [GOODS_EVENT_INSPECTED_ALL] = OPEN(INSPECTED),
            [GOODS_EVENT_EXPIRED] = SHUT(EXPIRED),
        },
    [GOODS_INSPECTED] =
        {
            [GOODS_EVENT_REQUIRED] = STAY,
            [GOODS_EVENT_SHIPPED] = STAY,
            [GOODS_EVENT_RECEIVED_PART] = STAY,
            [GOODS_EVENT_RECEIVED_ALL] = STAY,
            [GOODS_EVENT_EXPIRED] = STAY,
        },
    [GOODS_LOST] =
        {
            ARRIVE,
            [GOODS_EVENT_REQUIRED] = STAY,
            [GOODS_EVENT_SHIPPED] = STAY,
            [GOODS_EVENT_LOST] = STAY,
            [GOODS_EVENT_EXPIRED] = STAY,
        },
    [GOODS_EXPIRED] =
        {
            [GOODS_EVENT_REQUIRED] = MOVE(AWAITING),
            [GOODS_EVENT_SHIPPED] = STAY,
            [GOODS_EVENT_LOST] = STAY,
            [GOODS_EVENT_EXPIRED] = STAY,
        },
};

struct goods_step goods_step(enum goods_state state, enum goods_event event)
{
    return STEPS[state][event];
}

const char *goods_state_name(enum goods_state state)
{
    static const char *const NAMES[] = {
#define X(name, number) #name,
        GOODS_STATE_ROWS(X)
#undef X
    };
    return NAMES[state];
}

static const int NUMBERS[] = {
#define X(name, number) number,
    GOODS_STATE_ROWS(X)
#undef X
};

int goods_state_number(enum goods_state state)
{
    return NUMBERS[state];
}

enum goods_state goods_state_of(int number)
{
    size_t state = 0;
    while (state < GOODS_STATES && NUMBERS[state] != number)
        state++;
    return (enum goods_state)state;
}
