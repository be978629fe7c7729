/* Outcomes: what later stages made of a refund, and what that does to its claim. */

#include "intake_claim.h"
#include "intake_decide.h"

#include <string.h>

static const struct {
    enum later_stage stage;
    enum refund_status becomes;
    enum claim_end claim;
} OUTCOMES[] = {
#define X(stage, theirs, ours, claim) {LATER_##stage, REFUND_##ours, CLAIM_##claim},
    OUTCOME_ROWS(X)
#undef X
};

static bool is_open(const struct refund *refund)
{
    return refund->status == REFUND_OPEN || refund->status == REFUND_NEEDS_INFO;
}

/* Policy or routing. One that answers an earlier round, or comes after the end, changes nothing;
 * nor does policy's decline of an appeal, which goes to people. Declining what could not be paid
 * frees nothing by itself: settlement ends the payouts, and the claim with them. An appeal before
 * that would lose its claim again. */
static enum status judged(const struct intake *intake, struct order *order, struct refund *refund,
                          const struct input *input)
{
    const struct outcome_seen *seen = &input->outcome;
    bool stale = seen->round != 0 && seen->round < refund->round;
    bool to_people = seen->outcome == OUTCOME_ASSESSED_DECLINED && seen->appeal;
    bool ends = OUTCOMES[seen->outcome].claim == CLAIM_RELEASED;
    bool for_settlement = seen->failed_payout || refund->seen[LATER_PAYOUTS] > 0;
    if (stale || to_people || !is_open(refund) || (ends && for_settlement))
        return STATUS_OK;
    if (ends)
        refund->holds = false;
    enum status status =
        refund_move(intake, order, refund, OUTCOMES[seen->outcome].becomes, input->now_us);
    return status != STATUS_OK ? status
                               : intake_follow_ups_settle(intake, order, refund, input->now_us);
}

static struct payout_known *payout_find(struct refund *refund, const char *payout_id)
{
    struct payout_known *payout = refund->payouts;
    while (payout != NULL && strcmp(payout->payout_id, payout_id) != 0)
        payout = payout->next;
    return payout;
}

/* Where there are several payouts, each one's end is kept, as one may fail after it succeeded. */
static enum status remember_payout(const struct intake *intake, struct refund *refund,
                                   const struct outcome_seen *seen, bool succeeded, bool *before)
{
    struct payout_known *payout = payout_find(refund, seen->payout_id);
    if (payout == NULL) {
        payout = arena_zalloc(intake->arena, sizeof *payout);
        if (payout == NULL)
            return STATUS_EXHAUSTED;
        payout->payout_id = seen->payout_id;
        payout->is_new = true;
        payout->next = refund->payouts;
        refund->payouts = payout;
    }
    *before = payout->succeeded;
    payout->succeeded = succeeded;
    payout->minor = seen->minor;
    payout->changed = true;
    return STATUS_OK;
}

static enum status count_paid(const struct intake *intake, struct order *order,
                              struct refund *refund, const struct input *input, int64_t minor)
{
    struct customer_addition addition = {.token = order->customer_token,
                                         .day_of_us = input->now_us,
                                         .currency = refund->currency,
                                         .refunded_minor = minor};
    refund->paid_minor += minor;
    if (order->customer != NULL)
        order->customer->refunded_minor += minor;
    if (order->customer_token[0] == '\0')
        return STATUS_OK;
    return intake->port->add(intake->port->self, order, &addition);
}

static enum status count_payout(const struct intake *intake, struct order *order,
                                struct refund *refund, const struct input *input)
{
    const struct outcome_seen *seen = &input->outcome;
    bool succeeded = seen->outcome == OUTCOME_PAYOUTS_SUCCEEDED;
    bool before = refund->paid_minor > 0;
    if (seen->payouts_total > 1) {
        enum status status = remember_payout(intake, refund, seen, succeeded, &before);
        if (status != STATUS_OK)
            return status;
    }
    if (succeeded == before)
        return STATUS_OK;
    return count_paid(intake, order, refund, input, succeeded ? seen->minor : -seen->minor);
}

/* All payouts have ended: the claim is used up as far as money was paid, and otherwise ends. What
 * was claimed and not paid is free again; units stay with whoever was paid for them. */
static enum status end_payouts(const struct intake *intake, struct order *order,
                               struct refund *refund, const struct input *input)
{
    bool paid = refund->paid_minor > 0;
    refund->holds = paid;
    if (paid) {
        enum status status = claim_lower(intake->arena, refund, refund->paid_minor);
        if (status != STATUS_OK)
            return status;
    }
    return refund_move(intake, order, refund,
                       paid ? REFUND_PAID : OUTCOMES[input->outcome.outcome].becomes,
                       input->now_us);
}

static enum status paid_out(const struct intake *intake, struct order *order, struct refund *refund,
                            const struct input *input)
{
    const struct outcome_seen *seen = &input->outcome;
    for (size_t i = 0; i < seen->returned_count; i++)
        claim_return_units(refund, seen->returned[i].line_id, seen->returned[i].units);
    enum status status = count_payout(intake, order, refund, input);
    if (status == STATUS_OK && seen->outcome == OUTCOME_PAYOUTS_FALLBACK_PENDING &&
        refund->status == REFUND_PAID)
        return refund_move(intake, order, refund, REFUND_OPEN, input->now_us);
    if (status != STATUS_OK || seen->payouts_ended < seen->payouts_total)
        return status;
    return end_payouts(intake, order, refund, input);
}

enum status intake_outcome(const struct intake *intake, struct order *order,
                           const struct input *input)
{
    const struct outcome_seen *seen = &input->outcome;
    const struct intake_port *port = intake->port;
    struct refund *refund = order_refund_find(order, seen->refund_id);
    if (refund == NULL)
        return port->refuse(port->self, REFUSE_UNKNOWN_REFERENCE, "refund_id", seen->refund_id,
                            "a refund that intake has validated");
    enum later_stage stage = OUTCOMES[seen->outcome].stage;
    if (seen->version <= refund->seen[stage])
        return STATUS_DUPLICATE;
    refund->seen[stage] = seen->version;
    refund->changed = true;
    if (stage == LATER_PAYOUTS)
        return paid_out(intake, order, refund, input);
    return judged(intake, order, refund, input);
}
