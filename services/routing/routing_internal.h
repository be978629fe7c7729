/* What the pure files of routing share among themselves. */

#ifndef REDRESS_ROUTING_INTERNAL_H
#define REDRESS_ROUTING_INTERNAL_H

#include "routing.h"

/* One event on its way through the machine; what did not cause it is NULL. */
struct turn {
    struct routing_step *step;
    const struct assessed *assessed;
    const struct failed_payout *payout;
    const struct decision *decision;
    const struct route *route; /* what the model said; NULL: not asked, or no valid model */
};

/* Lets `event` happen: the transition's action, then the next state and its deadlines. */
enum status turn_happen(struct turn *turn, enum decision_event event) CHECK_RESULT;

/* A case for what is in the turn: a new one, the open one with new facts, or the open one with
 * another failed payout. `above`: one level up from what amount and earlier cases ask for. */
enum status case_open(struct turn *turn, bool above) CHECK_RESULT;
enum status case_renew(struct turn *turn) CHECK_RESULT;
enum status case_extend(struct turn *turn) CHECK_RESULT;

/* Nobody works on it any more. */
void case_free(struct turn *turn, struct routing_case *subject);

/* Raises the version and notes the time; every change of a case goes through here. */
void case_touch(struct routing_case *subject, int64_t now_us);

/* Computes the subject hash after amount, currency, coverage or method changed. */
enum status case_hash(struct routing_case *subject, struct arena *arena) CHECK_RESULT;

/* Asks the model about what is in the turn, into turn->route. `person`: it will not be automatic.
 * STATUS_OK with turn->route NULL: there is no valid model, or it has no answer. */
enum status turn_route(struct turn *turn, bool person) CHECK_RESULT;

/* Sets a deadline, or clears it. */
void answer_due(struct routing_answer *answer, enum deadline_kind kind, int64_t due_us);
void answer_clear(struct routing_answer *answer, enum deadline_kind kind);

/* What would be approved without people: `*automatic` becomes false, and the route one for people,
 * if a limit of automatic approvals has tripped or trips by it; otherwise it is counted. */
enum status limit_automatic(struct turn *turn, bool *automatic) CHECK_RESULT;

/* In words, why a limit sends it to people. NULL: the arena is full. */
const char *limit_words(const struct turn *turn);

/* DAY_LIMIT if that much more is above what the holder may approve on the local day of the
 * decision; what was seen goes into the answer. `limit_day_use` then counts it. */
enum refusal_reason limit_day(struct routing_step *step, const struct people_act *act,
                              int64_t minor, const char *currency);
enum status limit_day_use(struct routing_step *step, int64_t minor) CHECK_RESULT;

/* An exception that a person has decided now becomes a precedent. */
void precedent_note(struct routing_case *subject, const struct decision *decision);

/* The fingerprint of a case about this assessment. */
struct fingerprint precedent_fingerprint(const struct assessed *assessed);

/* True if a key of the roster that may sign for this person made the signature. */
bool decision_genuine(const struct roster *roster, const struct roster_person *actor,
                      const struct decision *decision);

/* Whether a policy reviewer has advised on the case as it is now. */
bool case_reviewed(const struct routing_refund *refund);

/* Who verified last where a bank transfer of the latest case goes; NULL: nobody has. */
const struct kept_decision *payee_standing(const struct routing_refund *refund);

bool case_is_open(const struct routing_case *subject); /* OPEN or WAITING; NULL is not */

/* True if the payments, ignoring what else is approved of them, cover the amount. */
bool coverage_suffices(const struct coverage *coverage, size_t count, int64_t minor);

/* Splits `minor` over the payments in their order: first what no other approval of the order has of
 * each, then, if that is too little (an approval may have come to nothing), up to each as captured.
 * Needs coverage_suffices. Counts it as approved where the order has several payments, unless
 * `fallback`. The shares go into the answer. */
enum status split_approve(struct routing_step *step, const struct coverage *coverage, size_t count,
                          int64_t minor, bool fallback) CHECK_RESULT;

/* Gives back what a payout that came to nothing had of a payment. */
void split_release(struct routing_order *order, const char *payment_id, int64_t minor);

/* True if this kept decision is an approval that counts for the case as it is now. */
bool approval_stands(const struct kept_decision *kept, const struct routing_case *subject);

/* Who approves the case as it is now, and may still do so, into the answer. */
enum status approvers_list(struct routing_step *step) CHECK_RESULT;

#endif
