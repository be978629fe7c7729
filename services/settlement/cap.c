/* The cap: what a payment was captured for, what of it is given back, on its way, or disputed. The
 * ledger is written here and nowhere else. */

#include "transition.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

/* Amounts are bounded, their number is not: past the range of the type, over is over. */
static int64_t add(int64_t a, int64_t b)
{
    int64_t sum = 0;
    return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

static int64_t payment_used(const struct payment *payment)
{
    return add(add(payment->refunded_minor, payment->in_flight_minor), payment->disputed_minor);
}

bool payment_same(const struct payment *a, const struct payment *b)
{
    return a->provider == b->provider && a->provider_reference[0] != '\0' &&
           strcmp(a->provider_reference, b->provider_reference) == 0;
}

/* What was said of a payment as a whole counts against one of its parts, so that the others may
 * still look free. */
bool payment_admits(const struct order_rows *rows, const struct payment *payment, int64_t minor,
                    const char *currency)
{
    int64_t used = payment_used(payment), captured = payment->captured_minor;
    if (strcmp(payment->currency, currency) != 0 || add(used, minor) > captured)
        return false;
    for (const struct payment *part = rows->payments; part != NULL; part = part->next) {
        if (part == payment || !payment_same(part, payment))
            continue;
        used = add(used, payment_used(part));
        captured = add(captured, part->captured_minor);
    }
    return add(used, minor) <= captured;
}

int64_t payment_excess(const struct payment *payment)
{
    int64_t used = payment_used(payment);
    return used > payment->captured_minor ? used - payment->captured_minor : 0;
}

void payment_check(struct settling *settling, struct payment *payment, int64_t excess_before)
{
    int64_t excess = payment_excess(payment);
    payment->over = excess > 0;
    row_touch(&payment->mark);
    if (excess <= excess_before)
        return;
    struct alarm *alarm = EFFECT_ADD(settling, alarms, struct alarm);
    if (alarm != NULL) {
        alarm->kind = ALARM_OVER;
        alarm->payment = payment;
        alarm->excess_minor = excess;
    }
}

void ledger_book(struct settling *settling, enum movement movement, const struct payment *payment,
                 const struct payout *payout, int64_t amount_minor)
{
    if (amount_minor == 0)
        return;
    struct transfer_row *transfer = EFFECT_ADD(settling, transfers, struct transfer_row);
    if (transfer != NULL) {
        transfer->movement = movement;
        transfer->payment = payment;
        transfer->payout = payout;
        transfer->amount_minor = amount_minor;
        transfer->currency = payment->currency;
    }
}

/* The account that the money of a payout left from. */
static enum movement paid(const struct payout *payout)
{
    return payout->provider == PROVIDER_STORE_CREDIT ? MOVEMENT_CREDITED
           : payout->provider == PROVIDER_MANUAL     ? MOVEMENT_PAID_BY_HAND
                                                     : MOVEMENT_PAID;
}

static enum movement returned(const struct payout *payout)
{
    return payout->provider == PROVIDER_STORE_CREDIT ? MOVEMENT_CREDIT_REVOKED
           : payout->provider == PROVIDER_MANUAL     ? MOVEMENT_RETURNED_BY_HAND
                                                     : MOVEMENT_RETURNED;
}

static void take_in_flight(struct settling *settling, struct payout *payout, int64_t minor)
{
    payout->held_minor += minor;
    payout->payment->in_flight_minor = add(payout->payment->in_flight_minor, minor);
    ledger_book(settling, MOVEMENT_RESERVED, payout->payment, payout, minor);
}

static void give_back(struct settling *settling, struct payout *payout, int64_t minor)
{
    payout->held_minor -= minor;
    payout->payment->in_flight_minor -= minor;
    ledger_book(settling, MOVEMENT_RELEASED, payout->payment, payout, minor);
}

/* From any bucket into IN_FLIGHT, and from there into any other. */
void payout_move_bucket(struct settling *settling, struct payout *payout, enum bucket to)
{
    enum bucket from = payout_bucket(payout->state);
    struct payment *payment = payout->payment;
    if (from == to)
        return;
    assert(payment != NULL);
    int64_t excess = payment_excess(payment);
    if (from == BUCKET_NONE)
        take_in_flight(settling, payout, payout->amount_minor);
    if (from == BUCKET_REFUNDED) {
        payment->refunded_minor -= payout->held_minor;
        payment->in_flight_minor = add(payment->in_flight_minor, payout->held_minor);
        ledger_book(settling, returned(payout), payment, payout, payout->held_minor);
    }
    if (to == BUCKET_NONE)
        give_back(settling, payout, payout->held_minor);
    if (to == BUCKET_REFUNDED) {
        give_back(settling, payout, payout->held_minor - payout->amount_minor);
        payment->in_flight_minor -= payout->held_minor;
        payment->refunded_minor = add(payment->refunded_minor, payout->held_minor);
        ledger_book(settling, paid(payout), payment, payout, payout->held_minor);
    }
    payment_check(settling, payment, excess);
}

void payout_hold(struct settling *settling, struct payout *payout, int64_t minor)
{
    assert(payout_bucket(payout->state) == BUCKET_IN_FLIGHT);
    if (minor <= payout->held_minor)
        return;
    int64_t excess = payment_excess(payout->payment);
    take_in_flight(settling, payout, minor - payout->held_minor);
    row_touch(&payout->mark);
    payment_check(settling, payout->payment, excess);
}

static void count_foreign(struct settling *settling, struct payment *payment, int64_t *counted,
                          int64_t now_counts, int64_t *column, enum movement more,
                          enum movement less)
{
    int64_t change = now_counts - *counted, excess = payment_excess(payment);
    if (change == 0)
        return;
    *counted = now_counts;
    *column = add(*column, change);
    ledger_book(settling, change > 0 ? more : less, payment, NULL, change > 0 ? change : -change);
    payment_check(settling, payment, excess);
}

/* What an amount takes of the payment. How much that is in another currency nobody says: all of
 * it, so that nothing more is paid. */
static int64_t in_currency_of(const struct payment *payment, int64_t minor, const char *currency)
{
    return minor == 0 || strcmp(payment->currency, currency) == 0 ? minor : payment->captured_minor;
}

void foreign_refund_count(struct settling *settling, struct foreign_refund *foreign)
{
    if (foreign->payment == NULL)
        return;
    bool counts =
        foreign->status != REFUND_STATUS_FAILED && foreign->status != REFUND_STATUS_CANCELLED;
    count_foreign(
        settling, foreign->payment, &foreign->counted_minor,
        counts ? in_currency_of(foreign->payment, foreign->amount_minor, foreign->currency) : 0,
        &foreign->payment->refunded_minor, MOVEMENT_PAID_ELSEWHERE, MOVEMENT_RETURNED_ELSEWHERE);
    row_touch(&foreign->mark);
}

void dispute_fee_count(struct settling *settling, struct dispute *dispute)
{
    int64_t change = dispute->fee_minor - dispute->fee_counted_minor;
    if (dispute->payment == NULL || change == 0)
        return;
    struct transfer_row *transfer = EFFECT_ADD(settling, transfers, struct transfer_row);
    if (transfer == NULL)
        return;
    transfer->movement = change > 0 ? MOVEMENT_FEE : MOVEMENT_FEE_RETURNED;
    transfer->payment = dispute->payment;
    transfer->amount_minor = change > 0 ? change : -change;
    transfer->currency = dispute->fee_currency;
    dispute->fee_counted_minor = dispute->fee_minor;
    row_touch(&dispute->mark);
}

void dispute_count(struct settling *settling, struct dispute *dispute)
{
    if (dispute->payment == NULL)
        return;
    dispute_fee_count(settling, dispute);
    count_foreign(settling, dispute->payment, &dispute->counted_minor,
                  dispute_counted(dispute->state)
                      ? in_currency_of(dispute->payment, dispute->amount_minor, dispute->currency)
                      : 0,
                  &dispute->payment->disputed_minor, MOVEMENT_DISPUTE_OPENED,
                  MOVEMENT_DISPUTE_CLOSED);
    if (dispute->state == DISPUTE_LOST)
        ledger_book(settling, MOVEMENT_DISPUTE_LOST, dispute->payment, NULL,
                    dispute->counted_minor);
    row_touch(&dispute->mark);
}
