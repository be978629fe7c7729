/* The parts of intake_decide, one noun per file. Each returns what intake_decide returns. */

#ifndef REDRESS_INTAKE_DECIDE_H
#define REDRESS_INTAKE_DECIDE_H

#include "intake.h"

/* intake_order.c: the order book. */
enum status intake_placed(const struct intake *intake, struct order *order,
                          const struct input *input) CHECK_RESULT;
enum status intake_captured(const struct intake *intake, struct order *order,
                            const struct input *input) CHECK_RESULT;
enum status intake_moved(const struct intake *intake, struct order *order,
                         const struct input *input) CHECK_RESULT;
/* Gives the order a row if it has none. */
void order_ensure(const struct intake *intake, struct order *order, int64_t now_us);

/* intake_request.c: requests, from asking to claim or rejection. */
enum status intake_asked(const struct intake *intake, struct order *order,
                         const struct input *input) CHECK_RESULT;
/* Every parked request of an order that became usable, in order of arrival. */
enum status intake_settle(const struct intake *intake, struct order *order,
                          int64_t now_us) CHECK_RESULT;
enum status intake_park_due(const struct intake *intake, struct order *order, struct refund *refund,
                            int64_t now_us) CHECK_RESULT;
/* A row for a refund that is not known yet. NULL: the arena is full. */
struct refund *refund_create(const struct intake *intake, struct order *order,
                             const char *refund_id, const char *customer_token, int64_t now_us);
enum status refund_note(const struct intake *intake, struct refund *refund, const char *source,
                        const char *text) CHECK_RESULT;
void refund_add_evidence(struct refund *refund, struct evidence *evidence);

/* intake_answer.c: what intake publishes about a refund. */

/* The only place where a refund's state changes; sets and clears the deadlines of the states. */
enum status refund_move(const struct intake *intake, struct order *order, struct refund *refund,
                        enum refund_status to, int64_t now_us) CHECK_RESULT;

/* The claim is held: VALIDATED, and the alarm for refunds that never end is set. STATUS_OVERFLOW:
 * the answer would be too large, and nothing was changed but the claim. */
enum status refund_open(const struct intake *intake, struct order *order, struct refund *refund,
                        int64_t occurred_at_us, const struct follow_up_known *appeal,
                        int64_t now_us) CHECK_RESULT;
/* The refund ends as REJECTED and holds nothing. */
enum status refund_reject(const struct intake *intake, struct order *order, struct refund *refund,
                          const struct rejection *rejection, int64_t occurred_at_us,
                          const struct follow_up_known *appeal, int64_t now_us) CHECK_RESULT;
/* REJECTED is said about a follow-up; the refund itself stays as it is. */
enum status follow_up_reject(const struct intake *intake, struct order *order,
                             struct refund *refund, enum rejection_reason reason,
                             int64_t occurred_at_us, const struct follow_up_known *appeal,
                             int64_t now_us) CHECK_RESULT;
enum status refund_cancel(const struct intake *intake, struct order *order, struct refund *refund,
                          int64_t occurred_at_us, int64_t now_us) CHECK_RESULT;

/* intake_follow_up.c: answers, appeals and cancellations. */
enum status intake_followed_up(const struct intake *intake, struct order *order,
                               const struct input *input) CHECK_RESULT;
/* The refund changed: what waits for that is applied. */
enum status intake_follow_ups_settle(const struct intake *intake, struct order *order,
                                     struct refund *refund, int64_t now_us) CHECK_RESULT;
enum status intake_follow_up_due(const struct intake *intake, struct order *order,
                                 struct refund *refund, int64_t now_us) CHECK_RESULT;

/* intake_outcome.c: what later stages made of a refund. */
enum status intake_outcome(const struct intake *intake, struct order *order,
                           const struct input *input) CHECK_RESULT;

#endif
