/* Transition: the one place where a payout changes state and a payment's row changes amounts; the
 * ledger, the deadlines and the published events follow from it. For the files that decide. */

#ifndef SETTLEMENT_TRANSITION_H
#define SETTLEMENT_TRANSITION_H

#include "settlement.h"

/* Adds a zeroed item to a list of `settling->effects`; NULL if the arena is full. */
#define EFFECT_ADD(settling, list, type)                              \
    ((type *)effect_add((settling), &(settling)->effects->list.first, \
                        &(settling)->effects->list.last, sizeof(type), offsetof(type, next)))
void *effect_add(struct settling *settling, void *first, void *last, size_t size, size_t next);

/* Sets the objection; returns STATUS_UNPROCESSABLE. */
enum status objection_set(struct settling *settling, enum objection_kind kind, const char *field,
                          const char *value, const char *rule);

/* Finding rows; NULL if there is none. */
struct payment *payment_find(const struct order_rows *rows, const char *payment_id);
struct payment *payment_find_by_reference(const struct order_rows *rows, const char *payment_id,
                                          const char *provider_reference);
struct refund *refund_find(const struct order_rows *rows, const char *refund_id);
struct payout *payout_find(const struct order_rows *rows, const char *payout_id);

/* The refund's row, made if there is none. NULL if the arena is full. */
struct refund *refund_take(struct settling *settling, const char *refund_id);
void row_touch(enum row_mark *mark);

/* Two captures of one payment of a provider: parts of it. */
bool payment_same(const struct payment *a, const struct payment *b);

/* True if the payment can bear `minor` more by everything that is known of it and, where the order
 * has parts of one payment of the provider, of all of them. */
bool payment_admits(const struct order_rows *rows, const struct payment *payment, int64_t minor,
                    const char *currency);

/* By how much the payment is over, 0 if it is not. */
int64_t payment_excess(const struct payment *payment);

/* Raises the alarm when the payment is over by more than before; lifts the mark when it is not. */
void payment_check(struct settling *settling, struct payment *payment, int64_t excess_before);

void ledger_book(struct settling *settling, enum movement movement, const struct payment *payment,
                 const struct payout *payout, int64_t amount_minor);

/* Moves a payout's money between the buckets of its payment (of its state, and `to`). */
void payout_move_bucket(struct settling *settling, struct payout *payout, enum bucket to);

/* Applies an event by the table. `reason` replaces the payout's if it moves. Publishes what is to
 * be published. ILLEGAL and STAY change nothing. Hand-over to the sender is done as far as there is
 * capacity. */
enum payout_verdict payout_apply(struct settling *settling, struct payout *payout,
                                 enum payout_event event, const char *reason);

/* AWAITING_* and its gates are open: reserves, refuses by the cap, or waits for the capture; then
 * sends if there is room. */
void payout_proceed(struct settling *settling, struct payout *payout);

/* RESERVED: to the sender if there is room, else later. */
void payout_try_send(struct settling *settling, struct payout *payout);

/* Counts at least `minor` for a payout whose money is in flight. */
void payout_hold(struct settling *settling, struct payout *payout, int64_t minor);

/* Publishes where the payout is (`payout` NULL: the refund) under `status`. */
void publication_add(struct settling *settling, struct refund *refund, struct payout *payout,
                     int status, const char *reason, enum notice notice);

void alarm_stalled(struct settling *settling, const struct payout *payout, const char *waiting_for,
                   int64_t since_us);

/* Sets, moves or clears (NOTHING) the one deadline of a payout. */
void payout_due(struct settling *settling, struct payout *payout, enum due_kind kind,
                int64_t due_us);

/* The provider has an adapter, and can be asked what became of the payout. */
bool payout_can_be_asked(const struct settling *settling, const struct payout *payout);

/* Asks the provider about the payout, if there is room; false if not. */
bool payout_look_up(struct settling *settling, struct payout *payout);

/* Paying again what came to nothing. */

/* The reason of a reserved payout that waits until its provider holds to it that the one it takes
 * the place of came to nothing. */
#define REASON_CONFIRMING "CONFIRMING"

/* It has been paid, or may still be. */
bool payout_committed(const struct payout *payout);

/* Its money is free: it came to nothing, as far as is known. */
bool payout_freed(const struct payout *payout);

/* `minor` more would be more of the payment than was approved of it at first: what approval
 * `version` takes the place of was paid, or came back to life. */
bool paid_before(const struct settling *settling, const struct refund *refund,
                 const char *payment_id, int64_t version, int64_t minor);

/* A payout of an earlier approval that was sent and came to nothing, of which the provider was not
 * heard again since this one was reserved; NULL: none that it can be asked about. */
struct payout *payout_unconfirmed(const struct settling *settling, const struct payout *payout);

/* A look-up that was asked for at `asked_us` found that it came to nothing. */
void payout_confirm_end(struct settling *settling, struct payout *payout, int64_t asked_us);

/* Looks again at what waits for such a look-up. */
void payouts_resume(struct settling *settling, const struct refund *refund);

/* What waits for the capture of a payment that is known now: refunds made elsewhere and disputes
 * begin to count. */
void foreign_refund_count(struct settling *settling, struct foreign_refund *foreign);
void dispute_count(struct settling *settling, struct dispute *dispute);

/* Books what the fee of the dispute has changed by. */
void dispute_fee_count(struct settling *settling, struct dispute *dispute);

/* The stop that covers the payout; NULL: none. */
const struct rules_stop *payout_stop(const struct settling *settling, const struct payout *payout);

/* An approval waits for goods: opens the gate at once if they were judged before. */
void goods_required(struct settling *settling, struct refund *refund);

/* Nothing waits for goods any more. */
void goods_forget(struct settling *settling, const struct refund *refund);

/* They did not come in time: what was accepted until now is paid, the rest returns to the claim. */
void goods_expired(struct settling *settling, struct refund *refund);

int64_t clamp_us(int64_t value, int64_t least, int64_t most);

/* STATUS_EXHAUSTED if the arena ran out on the way, else STATUS_OK. */
enum status settled(const struct settling *settling);

#endif
