/* What the world is told: events about payouts, and alarms. */

#include "transition.h"

#include <stddef.h>

static int64_t refund_next_version(const struct settling *settling, const struct refund *refund)
{
    int64_t version = refund->version;
    for (const struct payout *p = settling->rows->payouts; p != NULL; p = p->next)
        if (p->refund == refund && p->version > version)
            version = p->version;
    return version + 1;
}

/* A payout that ended before anything was sent has no place on a credit note. */
static bool on_note(const struct payout *payout)
{
    return (payout->state != PAYOUT_CANCELLED && payout->state != PAYOUT_REFUSED) ||
           payout->first_submitted_us != 0;
}

static void add_credit_note(struct settling *settling, const struct payout *payout,
                            struct publication *publication)
{
    int64_t approved = 0, offset = 0;
    for (const struct payout *p = settling->rows->payouts; p != NULL; p = p->next) {
        if (p->refund != payout->refund || p->routed_version != payout->routed_version ||
            !on_note(p))
            continue;
        approved += p->amount_minor;
        offset += p->ordinal < payout->ordinal ? p->amount_minor : 0;
    }
    struct credit_line *note = NULL;
    if (credit_note(payout->refund->lines, payout->refund->line_count, approved, offset,
                    payout->amount_minor, settling->arena, &note,
                    &publication->note_count) == STATUS_OK)
        publication->note = note;
}

static void count_payouts(const struct settling *settling, struct publication *publication)
{
    for (const struct payout *p = settling->rows->payouts; p != NULL; p = p->next) {
        if (p->refund != publication->refund)
            continue;
        publication->total++;
        publication->ended += payout_ended(p->state);
    }
}

static bool is_providers_word(const struct payout *payout)
{
    return payout->first_submitted_us != 0 &&
           (payout->state == PAYOUT_FAILED || payout->state == PAYOUT_FALLBACK_PENDING ||
            payout->state == PAYOUT_UNKNOWN);
}

int payout_method(const struct payout *payout)
{
    enum { BANK_TRANSFER = 3, STORE_CREDIT = 6 }; /* in redress.v1.PaymentMethod */
    if (payout->provider == PROVIDER_STORE_CREDIT)
        return STORE_CREDIT;
    if (payout->provider == PROVIDER_MANUAL)
        return BANK_TRANSFER;
    return payout->payment == NULL ? 0 : payout->payment->method;
}

void publication_add(struct settling *settling, struct refund *refund, struct payout *payout,
                     int status, const char *reason, enum notice notice)
{
    struct publication *publication = EFFECT_ADD(settling, publications, struct publication);
    if (publication == NULL)
        return;
    publication->refund = refund;
    publication->payout = payout;
    publication->version = refund_next_version(settling, refund);
    publication->status = status;
    publication->reason = reason;
    publication->notice = notice;
    publication->goods = refund->goods;
    publication->released = settling->released;
    publication->released_count = settling->released_count;
    publication->occurred_us = settling->occurred_us;
    settling->released_count = 0;
    count_payouts(settling, publication);
    if (payout == NULL) {
        refund->version = publication->version;
        row_touch(&refund->mark);
        return;
    }
    publication->payment = payout->payment;
    publication->amount_minor = payout->amount_minor;
    publication->currency = payout->currency;
    publication->provider_refund_id = payout->provider_refund_id;
    publication->http_status = payout->http_status;
    publication->code = is_providers_word(payout) ? reason : "";
    publication->expected_day = payout->expected_day;
    payout->version = publication->version;
    row_touch(&payout->mark);
    if (status == payout_state_number(PAYOUT_SUCCEEDED))
        add_credit_note(settling, payout, publication);
}

void alarm_stalled(struct settling *settling, const struct payout *payout, const char *waiting_for,
                   int64_t since_us)
{
    struct alarm *alarm = EFFECT_ADD(settling, alarms, struct alarm);
    if (alarm != NULL) {
        alarm->kind = ALARM_STALLED;
        alarm->payout = payout;
        alarm->waiting_for = waiting_for;
        alarm->since_us = since_us;
    }
}
