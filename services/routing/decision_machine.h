/* Decision machine: one table of state x event. What is not in it does not happen: people's
 * decisions are then refused (CASE_NOT_OPEN), everything else is noted and has no effect; each pair
 * that is left out has its reason in decision_refusal. */

#ifndef REDRESS_ROUTING_DECISION_MACHINE_H
#define REDRESS_ROUTING_DECISION_MACHINE_H

/* X(name, what it means) */
#define DECISION_STATE_ROWS(X)                                     \
    X(NEW, "nothing was assessed yet")                             \
    X(OPEN, "a case waits for people")                             \
    X(WAITING, "policy or a person asked for more information")    \
    X(HELD, "there is no valid authority model; it waits for one") \
    X(APPROVED, "settlement may pay")                              \
    X(DECLINED, "by policy or a person")                           \
    X(EXPIRED, "nobody answered in time")                          \
    X(CANCELLED, "taken back by the requester; settlement decides whether in time")

/* X(name, what happened, why it has no effect in a state that does not list it) */
#define DECISION_EVENT_ROWS(X)                                                                   \
    X(AUTOMATIC, "assessed: within the rules and limits, and no person ever had it",             \
      "decided before: nothing is approved twice")                                               \
    X(PERSON, "assessed: a person must look", "decided before: nothing is approved twice")       \
    X(UNROUTABLE, "assessed, and no valid authority model says who decides",                     \
      "decided before: nothing is approved twice")                                               \
    X(POLICY_DECLINES, "assessed: declined", "what is approved or taken back stays so")          \
    X(POLICY_ASKS, "assessed: more information is needed",                                       \
      "what is approved or taken back stays so")                                                 \
    X(APPEAL, "the first appeal, whatever policy says",                                          \
      "only what was not approved and not taken back can be appealed")                           \
    X(APPEAL_AGAIN, "another appeal after the first was declined", "an appeal is possible once") \
    X(CANCEL, "the requester takes it back", "")                                                 \
    X(FALLBACK, "the payout failed for good; another method needs approval",                     \
      "nothing was approved yet")                                                                \
    X(ENOUGH, "the last approval needed", "the case is not open")                                \
    X(COUNTED, "an approval of which more are needed, or advice", "the case is not open")        \
    X(REFUSED, "a person declines", "the case is not open")                                      \
    X(ASKED, "a person asks for more information", "the case is not open")                       \
    X(TAKEN, "a person takes the case to work on it", "the case is not open")                    \
    X(GIVEN_BACK, "who took it gives it back", "the case is not open")                           \
    X(NOTED, "a comment, or another note that decides nothing", "the case is not open")          \
    X(CASE_DUE, "nobody decided in time", "no case waits for people any more")                   \
    X(ANSWER_DUE, "nobody answered in time", "nobody waits for an answer any more")              \
    X(TAKEN_DUE, "who took the case has not decided in time", "nobody works on a case any more")

/* X(name, what is done) */
#define DECISION_ACTION_ROWS(X)                                                 \
    X(IGNORE, "nothing")                                                        \
    X(NOTE, "the state is kept, nothing is said")                               \
    X(APPROVE, "publish APPROVED with a signed split")                          \
    X(OPEN_CASE, "open a case; publish PENDING_APPROVAL")                       \
    X(OPEN_ABOVE, "open a case one level up, for other people")                 \
    X(RENEW, "put the new facts into the open case; approvals so far are void") \
    X(EXTEND, "put another failed payout into the open case")                   \
    X(COUNT, "raise the case's version; publish PENDING_APPROVAL")              \
    X(DECLINE, "close the case; publish DECLINED")                              \
    X(ASK, "wait for an answer; publish NEEDS_INFO")                            \
    X(AWAIT, "wait for an answer that policy asked for")                        \
    X(ESCALATE, "one level up, ESCALATED; after the last level an alarm a day") \
    X(EXPIRE, "close; publish EXPIRED")                                         \
    X(HOLD, "look again for a model later; alarm at once and once a day")       \
    X(TAKE, "nobody else decides until it is given back or the time is over")   \
    X(FREE, "everybody may decide again")                                       \
    X(PASS_ON, "close the case; publish CANCEL_REQUESTED")                      \
    X(ALARM, "tell the operators that it waits")

/* T(state, event, next state, action) */
#define DECISION_TRANSITION_ROWS(T)                \
    T(NEW, AUTOMATIC, APPROVED, APPROVE)           \
    T(NEW, PERSON, OPEN, OPEN_CASE)                \
    T(NEW, UNROUTABLE, HELD, HOLD)                 \
    T(NEW, POLICY_DECLINES, DECLINED, NOTE)        \
    T(NEW, POLICY_ASKS, WAITING, AWAIT)            \
    T(NEW, APPEAL, OPEN, OPEN_ABOVE)               \
    T(NEW, CANCEL, CANCELLED, PASS_ON)             \
    T(OPEN, PERSON, OPEN, RENEW)                   \
    T(OPEN, UNROUTABLE, HELD, HOLD)                \
    T(OPEN, POLICY_DECLINES, DECLINED, DECLINE)    \
    T(OPEN, POLICY_ASKS, WAITING, ASK)             \
    T(OPEN, APPEAL, OPEN, RENEW)                   \
    T(OPEN, CANCEL, CANCELLED, PASS_ON)            \
    T(OPEN, FALLBACK, OPEN, EXTEND)                \
    T(OPEN, ENOUGH, APPROVED, APPROVE)             \
    T(OPEN, COUNTED, OPEN, COUNT)                  \
    T(OPEN, REFUSED, DECLINED, DECLINE)            \
    T(OPEN, ASKED, WAITING, ASK)                   \
    T(OPEN, TAKEN, OPEN, TAKE)                     \
    T(OPEN, GIVEN_BACK, OPEN, FREE)                \
    T(OPEN, NOTED, OPEN, NOTE)                     \
    T(OPEN, CASE_DUE, OPEN, ESCALATE)              \
    T(OPEN, TAKEN_DUE, OPEN, FREE)                 \
    T(WAITING, AUTOMATIC, APPROVED, APPROVE)       \
    T(WAITING, PERSON, OPEN, RENEW)                \
    T(WAITING, UNROUTABLE, HELD, HOLD)             \
    T(WAITING, POLICY_DECLINES, DECLINED, DECLINE) \
    T(WAITING, POLICY_ASKS, WAITING, AWAIT)        \
    T(WAITING, APPEAL, OPEN, RENEW)                \
    T(WAITING, CANCEL, CANCELLED, PASS_ON)         \
    T(WAITING, FALLBACK, OPEN, EXTEND)             \
    T(WAITING, ANSWER_DUE, EXPIRED, EXPIRE)        \
    T(HELD, AUTOMATIC, APPROVED, APPROVE)          \
    T(HELD, PERSON, OPEN, RENEW)                   \
    T(HELD, UNROUTABLE, HELD, HOLD)                \
    T(HELD, POLICY_DECLINES, DECLINED, DECLINE)    \
    T(HELD, POLICY_ASKS, WAITING, AWAIT)           \
    T(HELD, APPEAL, OPEN, RENEW)                   \
    T(HELD, CANCEL, CANCELLED, PASS_ON)            \
    T(HELD, FALLBACK, OPEN, EXTEND)                \
    T(APPROVED, CANCEL, CANCELLED, PASS_ON)        \
    T(APPROVED, FALLBACK, OPEN, OPEN_CASE)         \
    T(DECLINED, AUTOMATIC, OPEN, OPEN_CASE)        \
    T(DECLINED, PERSON, OPEN, OPEN_CASE)           \
    T(DECLINED, UNROUTABLE, HELD, HOLD)            \
    T(DECLINED, POLICY_DECLINES, DECLINED, NOTE)   \
    T(DECLINED, POLICY_ASKS, WAITING, AWAIT)       \
    T(DECLINED, APPEAL, OPEN, OPEN_ABOVE)          \
    T(DECLINED, APPEAL_AGAIN, DECLINED, DECLINE)   \
    T(DECLINED, CANCEL, CANCELLED, PASS_ON)        \
    T(DECLINED, FALLBACK, OPEN, OPEN_CASE)         \
    T(EXPIRED, AUTOMATIC, APPROVED, APPROVE)       \
    T(EXPIRED, PERSON, OPEN, OPEN_CASE)            \
    T(EXPIRED, UNROUTABLE, HELD, HOLD)             \
    T(EXPIRED, POLICY_DECLINES, DECLINED, NOTE)    \
    T(EXPIRED, POLICY_ASKS, WAITING, AWAIT)        \
    T(EXPIRED, APPEAL, OPEN, OPEN_ABOVE)           \
    T(EXPIRED, CANCEL, CANCELLED, PASS_ON)         \
    T(EXPIRED, FALLBACK, OPEN, OPEN_CASE)          \
    T(CANCELLED, CANCEL, CANCELLED, PASS_ON)       \
    T(CANCELLED, FALLBACK, CANCELLED, ALARM)

enum decision_state {
#define X(name, help) STATE_##name,
    DECISION_STATE_ROWS(X)
#undef X
        STATE_COUNT
};

enum decision_event {
#define X(name, help, otherwise) HAPPENED_##name,
    DECISION_EVENT_ROWS(X)
#undef X
        HAPPENED_COUNT
};

enum decision_action {
#define X(name, help) ACTION_##name,
    DECISION_ACTION_ROWS(X)
#undef X
};

struct decision_transition {
    enum decision_state next;
    enum decision_action action; /* IGNORE: the pair is not in the table; next = the same state */
};

struct decision_transition decision_step(enum decision_state state, enum decision_event event);

/* Why an event has no effect in a state that does not list it; "" if every state does. */
const char *decision_refusal(enum decision_event event);

const char *decision_state_name(enum decision_state state);

/* STATE_COUNT if there is no such name. */
enum decision_state decision_state_find(const char *name);

#endif
