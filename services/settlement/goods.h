/* Goods: what became of the goods of a refund that waits for them, and the only table of it. */

#ifndef SETTLEMENT_GOODS_H
#define SETTLEMENT_GOODS_H

/* X(state, number in redress.v1.GoodsStatus) */
#define GOODS_STATE_ROWS(X)  \
    X(NOT_REQUIRED, 1)       \
    X(AWAITING, 2)           \
    X(IN_TRANSIT, 3)         \
    X(PARTIALLY_RECEIVED, 4) \
    X(RECEIVED, 5)           \
    X(INSPECTED, 6)          \
    X(LOST, 7)               \
    X(EXPIRED, 8)

enum goods_state {
#define X(state, number) GOODS_##state,
    GOODS_STATE_ROWS(X)
#undef X
        GOODS_STATES
};

/* X(event, what happened) */
#define GOODS_EVENT_ROWS(X)                     \
    X(REQUIRED, "an approval waits for them")   \
    X(SHIPPED, "they are on their way")         \
    X(RECEIVED_PART, "some units arrived")      \
    X(RECEIVED_ALL, "every unit arrived")       \
    X(INSPECTED_PART, "some units were judged") \
    X(INSPECTED_ALL, "every unit was judged")   \
    X(LOST, "the carrier lost them")            \
    X(EXPIRED, "they did not come in time")

enum goods_event {
#define X(event, text) GOODS_EVENT_##event,
    GOODS_EVENT_ROWS(X)
#undef X
        GOODS_EVENTS
};

/* ILLEGAL: it is refused and reported. OPEN: the payout may go on, capped at the accepted units.
 * SHUT: it ends without money. STUCK: a person must look. */
enum goods_verdict { GOODS_ILLEGAL, GOODS_STAY, GOODS_MOVE, GOODS_OPEN, GOODS_SHUT, GOODS_STUCK };

struct goods_step {
    enum goods_verdict verdict;
    enum goods_state next; /* unless ILLEGAL or STAY */
};

struct goods_step goods_step(enum goods_state state, enum goods_event event);

const char *goods_state_name(enum goods_state state);
int goods_state_number(enum goods_state state);
enum goods_state goods_state_of(int number); /* GOODS_STATES if there is none */

#endif
