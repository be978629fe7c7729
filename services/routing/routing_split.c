/* How an approved amount is spread over the payments of an order. */

#include "routing_internal.h"

#include <assert.h>
#include <string.h>

bool coverage_suffices(const struct coverage *coverage, size_t count, int64_t minor)
{
    int64_t left = minor;
    for (size_t i = 0; i < count && left > 0; i++)
        left -= coverage[i].minor < left ? coverage[i].minor : left;
    return left <= 0;
}

static struct approved_payment *payment_find(struct routing_order *order, const char *payment_id)
{
    for (struct approved_payment *payment = order->payments; payment != NULL;
         payment = payment->next)
        if (strcmp(payment->payment_id, payment_id) == 0)
            return payment;
    return NULL;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* What no other approval has of it. */
static int64_t unapproved(struct routing_order *order, const struct coverage *payment)
{
    const struct approved_payment *known = payment_find(order, payment->payment_id);
    if (known == NULL)
        return payment->minor;
    return known->minor < payment->minor ? payment->minor - known->minor : 0;
}

static enum status payment_count_approved(struct routing_step *step, const char *payment_id,
                                          int64_t minor)
{
    struct approved_payment *payment = payment_find(step->order, payment_id);
    if (payment == NULL) {
        payment = arena_zalloc(step->arena, sizeof *payment);
        if (payment == NULL)
            return STATUS_EXHAUSTED;
        payment->payment_id = payment_id;
        payment->next = step->order->payments;
        step->order->payments = payment;
    }
    /* Bounded by what was captured, up to twice over: it cannot overflow in any real order. */
    if (__builtin_add_overflow(payment->minor, minor, &payment->minor))
        payment->minor = INT64_MAX;
    payment->changed = true;
    return STATUS_OK;
}

enum status split_approve(struct routing_step *step, const struct coverage *coverage, size_t count,
                          int64_t minor, bool fallback)
{
    assert(coverage_suffices(coverage, count, minor));
    int64_t *taken = arena_array(step->arena, count, sizeof *taken);
    struct approval_share *shares = arena_array(step->arena, count, sizeof *shares);
    if (count > 0 && (taken == NULL || shares == NULL))
        return STATUS_EXHAUSTED;
    int64_t left = minor;
    for (size_t i = 0; i < count; i++) {
        taken[i] =
            least(left, fallback ? coverage[i].minor : unapproved(step->order, &coverage[i]));
        left -= taken[i];
    }
    for (size_t i = 0; i < count && left > 0; i++) {
        int64_t more = least(left, coverage[i].minor - taken[i]);
        taken[i] += more;
        left -= more;
    }
    size_t share_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (taken[i] <= 0)
            continue;
        shares[share_count++] = (struct approval_share){coverage[i].payment_id, taken[i]};
        if (count > 1 && !fallback &&
            payment_count_approved(step, coverage[i].payment_id, taken[i]) != STATUS_OK)
            return STATUS_EXHAUSTED;
    }
    step->answer->shares = shares;
    step->answer->share_count = share_count;
    return STATUS_OK;
}

void split_release(struct routing_order *order, const char *payment_id, int64_t minor)
{
    struct approved_payment *payment = payment_find(order, payment_id);
    if (payment == NULL || minor <= 0)
        return;
    payment->minor = payment->minor > minor ? payment->minor - minor : 0;
    payment->changed = true;
}
