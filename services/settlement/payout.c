#include "payout.h"

#include <stddef.h>

#define MOVE(state)                                    \
    {                                                  \
        .verdict = PAYOUT_MOVE, .next = PAYOUT_##state \
    }
#define STAY                   \
    {                          \
        .verdict = PAYOUT_STAY \
    }
#define LATE                   \
    {                          \
        .verdict = PAYOUT_LATE \
    }
#define ASK                                     \
    {                                           \
        .verdict = PAYOUT_STAY, .look_up = true \
    }
#define SEND_AGAIN                           \
    {                                        \
        .verdict = PAYOUT_STAY, .send = true \
    }

/* What the provider says against a payout that may be with it, and what it says for it. */
#define AGAINST                                                                             \
    [PAYOUT_EVENT_FAILED] = MOVE(FAILED), [PAYOUT_EVENT_DIVERTED] = MOVE(FALLBACK_PENDING), \
    [PAYOUT_EVENT_VOIDED] = MOVE(CANCELLED), [PAYOUT_EVENT_UNCONFIRMED] = ASK
#define FOR_IT                                                                             \
    [PAYOUT_EVENT_PENDING] = MOVE(PENDING), [PAYOUT_EVENT_ACTION] = MOVE(REQUIRES_ACTION), \
    [PAYOUT_EVENT_SUCCEEDED] = MOVE(SUCCEEDED)
#define ON_PROVIDER AGAINST, FOR_IT, [PAYOUT_EVENT_MISMATCH] = MOVE(MANUAL)

/* Late answers to calls and look-ups whose question is settled. */
#define CALLS_IGNORED                                                       \
    [PAYOUT_EVENT_CALL_REFUSED] = STAY, [PAYOUT_EVENT_CALL_BLOCKED] = STAY, \
    [PAYOUT_EVENT_CALL_NOT_SENT] = STAY, [PAYOUT_EVENT_CALL_LOST] = STAY,   \
    [PAYOUT_EVENT_ABSENT] = STAY, [PAYOUT_EVENT_ABSENT_FOR_GOOD] = STAY,    \
    [PAYOUT_EVENT_ABSENT_EARLY] = STAY

/* The money is free again. Evidence that it lives is looked into; when a look-up holds to it, a
 * person must look, as the money counts again. */
#define FREED                                                                                 \
    CALLS_IGNORED, [PAYOUT_EVENT_PENDING] = ASK, [PAYOUT_EVENT_ACTION] = ASK,                 \
                   [PAYOUT_EVENT_SUCCEEDED] = ASK, [PAYOUT_EVENT_FAILED] = STAY,              \
                   [PAYOUT_EVENT_DIVERTED] = STAY, [PAYOUT_EVENT_VOIDED] = STAY,              \
                   [PAYOUT_EVENT_UNCONFIRMED] = STAY, [PAYOUT_EVENT_MISMATCH] = MOVE(MANUAL), \
                   [PAYOUT_EVENT_REAPPEARED] = MOVE(MANUAL), [PAYOUT_EVENT_LOOK_UP_DUE] = ASK

static const struct payout_step STEPS[PAYOUT_STATES][PAYOUT_EVENTS] = {
    [PAYOUT_AWAITING_CAPTURE] =
        {
            [PAYOUT_EVENT_CAPTURED] = MOVE(RESERVED),
            [PAYOUT_EVENT_CAPTURE_MISSING] = STAY,
            [PAYOUT_EVENT_CAP_EXCEEDED] = MOVE(REFUSED),
            [PAYOUT_EVENT_CANCEL] = MOVE(CANCELLED),
        },
    [PAYOUT_AWAITING_GOODS] =
        {
            [PAYOUT_EVENT_CAPTURED] = MOVE(RESERVED),
            [PAYOUT_EVENT_CAPTURE_MISSING] = MOVE(AWAITING_CAPTURE),
            [PAYOUT_EVENT_CAP_EXCEEDED] = MOVE(REFUSED),
            [PAYOUT_EVENT_GOODS_DECLINED] = MOVE(CANCELLED),
            [PAYOUT_EVENT_GOODS_LOST] = MOVE(FALLBACK_PENDING),
            [PAYOUT_EVENT_CANCEL] = MOVE(CANCELLED),
        },
    [PAYOUT_RESERVED] =
        {
            ON_PROVIDER,
            CALLS_IGNORED,
            [PAYOUT_EVENT_CAP_EXCEEDED] = MOVE(REFUSED),
            [PAYOUT_EVENT_NO_ADAPTER] = MOVE(MANUAL),
            [PAYOUT_EVENT_OVERTAKEN] = MOVE(REFUSED),
            [PAYOUT_EVENT_SEND] = {.verdict = PAYOUT_MOVE, .next = PAYOUT_SUBMITTED, .send = true},
            [PAYOUT_EVENT_CANCEL] = MOVE(CANCELLED),
            [PAYOUT_EVENT_LOOK_UP_DUE] = STAY,
        },
    [PAYOUT_SUBMITTED] =
        {
            ON_PROVIDER,
            [PAYOUT_EVENT_CANCEL] = LATE,
            [PAYOUT_EVENT_CALL_REFUSED] = MOVE(FAILED),
            [PAYOUT_EVENT_CALL_BLOCKED] = MOVE(MANUAL),
            [PAYOUT_EVENT_CALL_NOT_SENT] = MOVE(RESERVED),
            [PAYOUT_EVENT_CALL_LOST] = MOVE(UNKNOWN),
            [PAYOUT_EVENT_ABSENT] = SEND_AGAIN,
            [PAYOUT_EVENT_ABSENT_FOR_GOOD] = MOVE(MANUAL),
            [PAYOUT_EVENT_ABSENT_EARLY] = STAY,
            [PAYOUT_EVENT_LOOK_UP_DUE] = ASK,
            [PAYOUT_EVENT_GIVE_UP] = MOVE(MANUAL),
        },
    [PAYOUT_UNKNOWN] =
        {
            ON_PROVIDER,
            [PAYOUT_EVENT_CANCEL] = LATE,
            [PAYOUT_EVENT_CALL_REFUSED] = STAY,
            [PAYOUT_EVENT_CALL_BLOCKED] = STAY,
            [PAYOUT_EVENT_CALL_NOT_SENT] = STAY,
            [PAYOUT_EVENT_CALL_LOST] = STAY,
            [PAYOUT_EVENT_ABSENT] = {.verdict = PAYOUT_MOVE,
                                     .next = PAYOUT_SUBMITTED,
                                     .send = true},
            [PAYOUT_EVENT_ABSENT_FOR_GOOD] = MOVE(MANUAL),
            [PAYOUT_EVENT_ABSENT_EARLY] = STAY,
            [PAYOUT_EVENT_LOOK_UP_DUE] = ASK,
            [PAYOUT_EVENT_GIVE_UP] = MOVE(MANUAL),
        },
    [PAYOUT_PENDING] =
        {
            AGAINST,
            CALLS_IGNORED,
            [PAYOUT_EVENT_PENDING] = STAY,
            [PAYOUT_EVENT_ACTION] = MOVE(REQUIRES_ACTION),
            [PAYOUT_EVENT_SUCCEEDED] = MOVE(SUCCEEDED),
            [PAYOUT_EVENT_MISMATCH] = MOVE(MANUAL),
            [PAYOUT_EVENT_CANCEL] = LATE,
            [PAYOUT_EVENT_LOOK_UP_DUE] = ASK,
        },
    [PAYOUT_REQUIRES_ACTION] =
        {
            AGAINST,
            CALLS_IGNORED,
            [PAYOUT_EVENT_PENDING] = MOVE(PENDING),
            [PAYOUT_EVENT_ACTION] = STAY,
            [PAYOUT_EVENT_SUCCEEDED] = MOVE(SUCCEEDED),
            [PAYOUT_EVENT_MISMATCH] = MOVE(MANUAL),
            [PAYOUT_EVENT_CANCEL] = LATE,
            [PAYOUT_EVENT_LOOK_UP_DUE] = ASK,
        },
    [PAYOUT_MANUAL] =
        {
            AGAINST,
            FOR_IT,
            CALLS_IGNORED,
            [PAYOUT_EVENT_MISMATCH] = STAY,
            [PAYOUT_EVENT_CANCEL] = LATE,
            [PAYOUT_EVENT_LOOK_UP_DUE] = ASK,
        },
    [PAYOUT_SUCCEEDED] =
        {
            AGAINST,
            CALLS_IGNORED,
            [PAYOUT_EVENT_MISMATCH] = MOVE(MANUAL),
            [PAYOUT_EVENT_PENDING] = STAY,
            [PAYOUT_EVENT_ACTION] = STAY,
            [PAYOUT_EVENT_SUCCEEDED] = STAY,
            [PAYOUT_EVENT_CANCEL] = LATE,
            [PAYOUT_EVENT_LOOK_UP_DUE] = STAY,
        },
    [PAYOUT_FAILED] = {FREED, [PAYOUT_EVENT_CANCEL] = STAY},
    [PAYOUT_CANCELLED] = {FREED, [PAYOUT_EVENT_CANCEL] = STAY},
    [PAYOUT_REFUSED] = {FREED, [PAYOUT_EVENT_CANCEL] = STAY},
    [PAYOUT_FALLBACK_PENDING] =
        {
            FREED,
            [PAYOUT_EVENT_CANCEL] = MOVE(CANCELLED),
            [PAYOUT_EVENT_SUPERSEDED] = MOVE(FAILED),
            [PAYOUT_EVENT_DECLINED] = MOVE(FAILED),
        },
};

struct payout_step payout_step(enum payout_state state, enum payout_event event)
{
    return STEPS[state][event];
}

const char *payout_state_name(enum payout_state state)
{
    static const char *const NAMES[] = {
#define X(name, number, bucket, ended, due) #name,
        PAYOUT_STATE_ROWS(X)
#undef X
    };
    return NAMES[state];
}

const char *payout_event_name(enum payout_event event)
{
    static const char *const NAMES[] = {
#define X(name, text) #name,
        PAYOUT_EVENT_ROWS(X)
#undef X
    };
    return NAMES[event];
}

static const struct {
    int number;
    enum bucket bucket;
    bool ended;
    enum due_kind due;
} STATES[] = {
#define X(name, number, bucket, ended, due) {number, BUCKET_##bucket, ended, DUE_##due},
    PAYOUT_STATE_ROWS(X)
#undef X
};

int payout_state_number(enum payout_state state)
{
    return STATES[state].number;
}

enum payout_state payout_state_of(int number)
{
    size_t state = 0;
    while (state < PAYOUT_STATES && STATES[state].number != number)
        state++;
    return (enum payout_state)state;
}

enum bucket payout_bucket(enum payout_state state)
{
    return STATES[state].bucket;
}

bool payout_ended(enum payout_state state)
{
    return STATES[state].ended;
}

enum due_kind payout_due_kind(enum payout_state state)
{
    return STATES[state].due;
}
