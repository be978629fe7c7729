/* Payout: one transfer of money back to one payment, and the only table of what may become of it.
 *
 * A payout is never sent twice under two keys: from SUBMITTED on it is left only by learning what
 * the provider did. Each state says where its money stands in the payment's row (its bucket), so
 * that moving between states is moving between buckets, and the ledger follows. */

#ifndef SETTLEMENT_PAYOUT_H
#define SETTLEMENT_PAYOUT_H

#include <stdbool.h>
#include <stdint.h>

/* Where the money of a payout is counted in its payment's row. */
enum bucket { BUCKET_NONE, BUCKET_IN_FLIGHT, BUCKET_REFUNDED };

/* X(kind, number, what is due). The number is that of the deadline's row; its subject is a payout
 * id. */
#define DUE_ROWS(X)                                                       \
    X(NOTHING, 0, "nothing")                                              \
    X(SUBMIT, 1, "a reserved payout waits for the sender")                \
    X(LOOK_UP, 2, "a sent payout has no answer")                          \
    X(POLL, 3, "the provider works on it, or a person must look")         \
    X(CAPTURE, 4, "an approval waits for the capture of its payment")     \
    X(GOODS, 5, "goods have not come back; the subject is the refund id") \
    X(LEDGER, 6, "the head of the shard's ledger is published; about no payout")

enum due_kind {
#define X(kind, number, text) DUE_##kind = number,
    DUE_ROWS(X)
#undef X
};

/* X(state, number in redress.v1.PayoutStatus, bucket, ended, what is due while it lasts).
 * AWAITING_CAPTURE is ours alone: the payment's capture has not been reported yet; it is not
 * published. */
#define PAYOUT_STATE_ROWS(X)                       \
    X(AWAITING_CAPTURE, 100, NONE, false, CAPTURE) \
    X(AWAITING_GOODS, 11, NONE, false, NOTHING)    \
    X(RESERVED, 1, IN_FLIGHT, false, SUBMIT)       \
    X(SUBMITTED, 2, IN_FLIGHT, false, LOOK_UP)     \
    X(PENDING, 3, IN_FLIGHT, false, POLL)          \
    X(REQUIRES_ACTION, 4, IN_FLIGHT, false, POLL)  \
    X(SUCCEEDED, 5, REFUNDED, true, NOTHING)       \
    X(FAILED, 6, NONE, true, NOTHING)              \
    X(CANCELLED, 7, NONE, true, NOTHING)           \
    X(UNKNOWN, 8, IN_FLIGHT, false, LOOK_UP)       \
    X(MANUAL, 9, IN_FLIGHT, false, POLL)           \
    X(FALLBACK_PENDING, 10, NONE, false, POLL)     \
    X(REFUSED, 13, NONE, true, NOTHING)

enum payout_state {
#define X(state, number, bucket, ended, due) PAYOUT_##state,
    PAYOUT_STATE_ROWS(X)
#undef X
        PAYOUT_STATES
};

/* X(event, what happened) */
#define PAYOUT_EVENT_ROWS(X)                                                                   \
    X(CAPTURED, "its payment is known and the cap admits it")                                  \
    X(CAPTURE_MISSING, "the goods are here, its payment is not known yet")                     \
    X(CAP_EXCEEDED, "it would break the cap, or its payment is not of this order's currency")  \
    X(GOODS_DECLINED, "no unit was accepted, or no goods came in time")                        \
    X(GOODS_LOST, "the goods were lost on their way back")                                     \
    X(NO_ADAPTER, "nobody but a person can execute it")                                        \
    X(OVERTAKEN, "what it takes the place of was paid after all")                              \
    X(SEND, "the sender has room for it")                                                      \
    X(CANCEL, "the requester takes the refund back")                                           \
    X(SUPERSEDED, "a fresh approval takes its place")                                          \
    X(DECLINED, "people approve no other way to pay it")                                       \
    X(PENDING, "the provider works on it")                                                     \
    X(ACTION, "the provider waits for the customer")                                           \
    X(SUCCEEDED, "the provider paid it")                                                       \
    X(FAILED, "the provider did not pay it, or got it back; confirmed")                        \
    X(DIVERTED, "as FAILED, and only another method can work")                                 \
    X(VOIDED, "the provider cancelled it; confirmed")                                          \
    X(UNCONFIRMED, "somebody says what would free money, and nobody vouches for it")           \
    X(MISMATCH, "the provider paid another amount than asked")                                 \
    X(REAPPEARED, "a look-up found it alive after it had failed")                              \
    X(CALL_REFUSED, "the call was refused for good")                                           \
    X(CALL_BLOCKED, "the call was refused in a way that people must look at")                  \
    X(CALL_NOT_SENT, "nothing was sent, or the provider says that it did nothing")             \
    X(CALL_LOST, "the call may have been done")                                                \
    X(ABSENT, "no look-up finds it by now, or none can, and the key still lives")              \
    X(ABSENT_FOR_GOOD, "a late enough look-up did not find it, and the key is of no more use") \
    X(ABSENT_EARLY, "a look-up did not find it, too early to be believed")                     \
    X(LOOK_UP_DUE, "it is time to ask the provider")                                           \
    X(GIVE_UP, "nothing was learned within the life of the key")

enum payout_event {
#define X(event, text) PAYOUT_EVENT_##event,
    PAYOUT_EVENT_ROWS(X)
#undef X
        PAYOUT_EVENTS
};

/* What an event leads to. ILLEGAL: it is refused and reported. STAY: it changes nothing. LATE: it
 * changes nothing, and a cancellation is too late. */
enum payout_verdict { PAYOUT_ILLEGAL, PAYOUT_MOVE, PAYOUT_STAY, PAYOUT_LATE };

struct payout_step {
    enum payout_verdict verdict;
    enum payout_state next; /* of MOVE */
    bool look_up;           /* the provider is to be asked */
    bool send;              /* to be handed to the sender, with the same key */
};

struct payout_step payout_step(enum payout_state state, enum payout_event event);

const char *payout_state_name(enum payout_state state);
const char *payout_event_name(enum payout_event event);

/* The number in redress.v1.PayoutStatus and in the tables; PAYOUT_STATES if there is none. */
int payout_state_number(enum payout_state state);
enum payout_state payout_state_of(int number);

enum bucket payout_bucket(enum payout_state state);
bool payout_ended(enum payout_state state);
enum due_kind payout_due_kind(enum payout_state state);

#endif
