/* Paying again: a fresh approval takes the place of payouts that came to nothing. It pays what they
 * did not, and not before the provider, asked once more, holds to it. */

#include "transition.h"

#include <string.h>

bool payout_committed(const struct payout *payout)
{
    return payout->state == PAYOUT_SUCCEEDED ||
           (!payout_ended(payout->state) && payout->state != PAYOUT_FALLBACK_PENDING);
}

bool payout_freed(const struct payout *payout)
{
    return payout_bucket(payout->state) == BUCKET_NONE &&
           payout->state != PAYOUT_AWAITING_CAPTURE && payout->state != PAYOUT_AWAITING_GOODS;
}

/* However much of the claim was never approved, or failed for good at another payment. */
bool paid_before(const struct settling *settling, const struct refund *refund,
                 const char *payment_id, int64_t version, int64_t minor)
{
    int64_t first_version = version, approved = 0, committed = 0;
    for (const struct payout *p = settling->rows->payouts; p != NULL; p = p->next)
        if (p->refund == refund && p->routed_version < first_version)
            first_version = p->routed_version;
    for (const struct payout *p = settling->rows->payouts; p != NULL; p = p->next) {
        if (p->refund != refund || p->routed_version >= version ||
            strcmp(p->payment_id, payment_id) != 0)
            continue;
        approved += p->routed_version == first_version ? p->amount_minor : 0;
        committed += payout_committed(p) ? p->amount_minor : 0;
    }
    return committed > 0 && committed + minor > approved;
}

struct payout *payout_unconfirmed(const struct settling *settling, const struct payout *payout)
{
    for (struct payout *p = settling->rows->payouts; p != NULL; p = p->next)
        if (p->refund == payout->refund && p->routed_version < payout->routed_version &&
            strcmp(p->payment_id, payout->payment_id) == 0 && payout_freed(p) &&
            p->first_submitted_us != 0 && p->confirmed_us < payout->reserved_us &&
            payout_can_be_asked(settling, p))
            return p;
    return NULL;
}

void payout_confirm_end(struct settling *settling, struct payout *payout, int64_t asked_us)
{
    if (!payout_freed(payout) || asked_us <= payout->confirmed_us)
        return;
    payout->confirmed_us = asked_us;
    row_touch(&payout->mark);
    payouts_resume(settling, payout->refund);
}

void payouts_resume(struct settling *settling, const struct refund *refund)
{
    for (struct payout *p = settling->rows->payouts; p != NULL; p = p->next)
        if (p->refund == refund && p->state == PAYOUT_RESERVED &&
            strcmp(p->reason, REASON_CONFIRMING) == 0)
            payout_try_send(settling, p);
}
