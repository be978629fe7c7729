/* Payouts: what settlement says against what the provider says. */

#include "analytics_internal.h"

#include "money.h"

#include <stdio.h>
#include <string.h>

/* Money that settlement expects the provider to pay, or to have paid. */
static int64_t expected_minor(const struct analytics_payout *payout)
{
    switch (payout->status) {
    case 0:
    case ANALYTICS_PAYOUT_AWAITING_GOODS:
    case ANALYTICS_PAYOUT_FAILED:
    case ANALYTICS_PAYOUT_CANCELLED:
    case ANALYTICS_PAYOUT_FALLBACK_PENDING:
    case ANALYTICS_PAYOUT_REFUSED:
        return 0;
    default:
        return payout->amount_minor;
    }
}

/* Saturates: what does not fit is more than expected either way. */
static int64_t actual_minor(const struct analytics_payout *payout)
{
    int64_t first = payout->failed ? 0 : payout->reported_minor;
    int64_t extra = payout->extra_failed ? 0 : payout->extra_minor;
    int64_t sum;
    return __builtin_add_overflow(first, extra, &sum) ? INT64_MAX : sum;
}

static bool came_back(const struct analytics_payout *payout)
{
    return payout->failed && payout->reported_minor > 0;
}

static enum comparison compare(const struct analytics_payout *payout)
{
    int64_t expected = expected_minor(payout), actual = actual_minor(payout);
    if (actual == 0) {
        if (came_back(payout))
            return expected > 0 ? COMPARISON_RETURNED : COMPARISON_GONE;
        return expected > 0 ? COMPARISON_OPEN : COMPARISON_NOTHING;
    }
    if (expected == 0)
        return COMPARISON_UNEXPECTED;
    if (actual > expected)
        return COMPARISON_MORE;
    bool same = strcmp(payout->currency, payout->reported_currency) == 0;
    return actual == expected && same ? COMPARISON_EQUAL : COMPARISON_LESS;
}

void analytics_count_payout(struct totals *totals, const struct analytics_payout *payout, int sign)
{
    bool ours = payout->status != 0;
    if (!ours && payout->provider_refund_id[0] == '\0')
        return;
    analytics_totals_add(
        totals,
        &(struct total_cell){
            .total = TOTAL_PAYOUTS,
            .texts = {payout->merchant_id, ours ? payout->currency : payout->reported_currency},
            .numbers = {payout->provider, payout->status, reconciliation_number(payout->state)},
            .sums = {1, ours ? payout->amount_minor : payout->reported_minor}},
        sign);
}

static const char *amount_words(struct arena *arena, int64_t minor, const char *currency)
{
    char text[MONEY_TEXT_MAX];
    struct money money;
    if (money_make(minor, currency, &money) != STATUS_OK)
        return "nothing";
    return arena_strdup(arena, money_format(money, text));
}

static void say(struct analytics_step *step, struct analytics_payout *payout, const char *ce_id)
{
    struct analytics_insight *insight = &step->answer->insight;
    bool named = payout->status != 0 || payout->refund_id[0] != '\0';
    const char *currency = payout->status != 0 ? payout->currency : payout->reported_currency;
    const char *actual_currency =
        payout->reported_currency[0] != '\0' ? payout->reported_currency : currency;
    step->answer->tell = true;
    *insight = (struct analytics_insight){.state = payout->state,
                                          .version = ++payout->insight_version,
                                          .expected_minor = expected_minor(payout),
                                          .actual_minor = actual_minor(payout),
                                          .currency = currency};
    insight->subject =
        arena_printf(step->arena, "%s:%s", named ? "payout" : "provider-refund", payout->id);
    insight->summary = arena_printf(
        step->arena, "%s: %s. Expected %s, paid %s%s%s.",
        insight->subject == NULL ? "" : insight->subject, reconciliation_words(payout->state),
        amount_words(step->arena, insight->expected_minor, currency),
        amount_words(step->arena, insight->actual_minor, actual_currency),
        payout->extra_refund_id[0] == '\0' ? "" : "; refunded twice, the second time as ",
        payout->extra_refund_id);
    if (payout->version > 0) {
        char id[IDENTITY_EVENT_MAX];
        insight->evidence[insight->evidence_count++] = arena_strdup(
            step->arena, identity_event("settlement", payout->refund_id, payout->version, id));
    }
    if (ce_id[0] != '\0')
        insight->evidence[insight->evidence_count++] = ce_id;
}

static void set_deadline(struct analytics_step *step, enum reconciliation from,
                         enum reconciliation to)
{
    struct analytics_answer *answer = step->answer;
    if (to == RECONCILIATION_EXPECTED || to == RECONCILIATION_UNCONFIRMED) {
        answer->due = DUE_SET;
        answer->due_us = step->now_us + (to == RECONCILIATION_EXPECTED ? step->limits->late_us
                                                                       : step->limits->confirm_us);
    } else if (from == RECONCILIATION_EXPECTED || from == RECONCILIATION_UNCONFIRMED) {
        answer->due = DUE_CLEARED;
    }
}

/* Moves the row on; the only place that changes the state. */
static void reconcile(struct analytics_step *step, struct analytics_payout *payout,
                      enum comparison comparison, const char *ce_id)
{
    enum reconciliation from = payout->state;
    enum reconciliation to = reconciliation_next(from, comparison);
    /* What was said to be wrong is also said to be right again. */
    if ((to == RECONCILIATION_NONE || to == RECONCILIATION_MATCHED) && payout->insight_version > 0)
        to = RECONCILIATION_RESOLVED;
    payout->changed = true;
    if (to == from)
        return;
    payout->state = to;
    set_deadline(step, from, to);
    if (reconciliation_told(to))
        say(step, payout, ce_id);
}

/* Kept only where somebody may have to look: what is told later needs it as evidence. */
static void keep_evidence(struct analytics_payout *payout, const char *ce_id)
{
    payout->evidence = payout->state == RECONCILIATION_MATCHED ? "" : ce_id;
}

static void take_payout(struct analytics_step *step, struct analytics_refund *refund,
                        struct analytics_payout *payout, const struct analytics_settled *settled)
{
    analytics_count_payout(step->totals, payout, -1);
    if (payout->status == ANALYTICS_PAYOUT_SUCCEEDED)
        refund->paid_minor -= payout->amount_minor;
    payout->refund_id = refund->refund_id;
    payout->provider = settled->provider;
    payout->status = settled->status;
    payout->amount_minor = settled->amount_minor;
    payout->version = settled->version;
    payout->currency = settled->currency;
    if (payout->status == ANALYTICS_PAYOUT_SUCCEEDED)
        refund->paid_minor += payout->amount_minor;
    reconcile(step, payout, compare(payout), payout->evidence);
    analytics_count_payout(step->totals, payout, 1);
}

enum status analytics_take_settled(struct analytics_step *step, struct analytics_refund *refund,
                                   struct analytics_payout *payout,
                                   const struct analytics_settled *settled)
{
    enum status status = analytics_version(refund, NUMBERED_PAYOUTS, settled->version);
    if (status != STATUS_OK)
        return status;
    analytics_count_refund(step->totals, refund, -1);
    refund->seen[NUMBERED_PAYOUTS] = settled->version;
    refund->changed = true;
    /* CANCEL_TOO_LATE tells of the cancellation; the payout stays as it was. */
    if (settled->status != ANALYTICS_PAYOUT_CANCEL_TOO_LATE) {
        refund->without_payout = payout == NULL ? settled->status : 0;
        if (payout != NULL)
            take_payout(step, refund, payout, settled);
    }
    analytics_count_refund(step->totals, refund, 1);
    return analytics_done(step);
}

static void take_first(struct analytics_payout *payout, const struct analytics_report *report)
{
    payout->provider_refund_id = report->provider_refund_id;
    if (payout->status == 0)
        payout->provider = report->provider;
    payout->failed |= report->failed;
    if (!report->paid)
        return;
    payout->reported_minor = report->minor;
    payout->reported_currency = report->currency;
}

static void take_extra(struct analytics_payout *payout, const struct analytics_report *report)
{
    payout->extra_refund_id = report->provider_refund_id;
    payout->extra_failed |= report->failed;
    if (!report->paid)
        return;
    payout->extra_minor = report->minor;
    if (payout->reported_currency[0] == '\0')
        payout->reported_currency = report->currency;
}

/* A provider tells the same thing many times, by answers, look-ups and webhooks, in any order:
 * what it said stays said, so that a report which says nothing new changes nothing. */
enum status analytics_take_report(struct analytics_step *step, struct analytics_payout *payout,
                                  const struct analytics_report *report)
{
    bool first = payout->provider_refund_id[0] == '\0' ||
                 strcmp(payout->provider_refund_id, report->provider_refund_id) == 0;
    bool extra = !first && (payout->extra_refund_id[0] == '\0' ||
                            strcmp(payout->extra_refund_id, report->provider_refund_id) == 0);
    struct analytics_payout before = *payout;
    analytics_count_payout(step->totals, payout, -1);
    if (first)
        take_first(payout, report);
    else if (extra)
        take_extra(payout, report);
    reconcile(step, payout, compare(payout), report->ce_id);
    keep_evidence(payout, report->ce_id);
    analytics_count_payout(step->totals, payout, 1);
    bool same = strcmp(before.provider_refund_id, payout->provider_refund_id) == 0 &&
                strcmp(before.extra_refund_id, payout->extra_refund_id) == 0 &&
                before.reported_minor == payout->reported_minor &&
                before.extra_minor == payout->extra_minor && before.failed == payout->failed &&
                before.extra_failed == payout->extra_failed && before.state == payout->state;
    if (same)
        *payout = before;
    return same ? STATUS_DUPLICATE : analytics_done(step);
}

enum status analytics_take_due(struct analytics_step *step, struct analytics_payout *payout)
{
    enum comparison due = COMPARISON_OVERDUE;
    if (payout->state != RECONCILIATION_EXPECTED && payout->state != RECONCILIATION_UNCONFIRMED)
        return STATUS_OK;
    if (payout->state == RECONCILIATION_UNCONFIRMED)
        due = payout->status == 0 ? COMPARISON_UNKNOWN : COMPARISON_WITHDRAWN;
    analytics_count_payout(step->totals, payout, -1);
    reconcile(step, payout, due, payout->evidence);
    analytics_count_payout(step->totals, payout, 1);
    return analytics_done(step);
}
