/* Captures, approvals and cancellations: where a payout begins. */

#include "settlement.h"

#include "identity.h"
#include "transition.h"

#include <string.h>

static bool same_capture(const struct payment *payment, const struct capture *capture)
{
    return payment->provider == capture->provider && payment->method == capture->method &&
           payment->captured_minor == capture->amount_minor &&
           strcmp(payment->currency, capture->currency) == 0 &&
           strcmp(payment->provider_reference, capture->provider_reference) == 0 &&
           strcmp(payment->provider_account, capture->provider_account) == 0;
}

static bool concerns(const struct payment *payment, const char *payment_id,
                     const char *provider_reference)
{
    if (payment_id[0] != '\0')
        return strcmp(payment_id, payment->payment_id) == 0;
    return strcmp(provider_reference, payment->provider_reference) == 0;
}

/* Refunds made elsewhere and disputes come before approvals that wait: they were there first. */
static void attach(struct settling *settling, struct payment *payment)
{
    struct order_rows *rows = settling->rows;
    for (struct foreign_refund *f = rows->foreign_refunds; f != NULL; f = f->next)
        if (f->payment == NULL && concerns(payment, f->payment_id, f->provider_reference)) {
            f->payment = payment;
            foreign_refund_count(settling, f);
        }
    for (struct dispute *d = rows->disputes; d != NULL; d = d->next)
        if (d->payment == NULL && concerns(payment, d->payment_id, d->provider_reference)) {
            d->payment = payment;
            dispute_count(settling, d);
        }
    for (struct payout *p = rows->payouts; p != NULL; p = p->next) {
        if (strcmp(p->payment_id, payment->payment_id) != 0)
            continue;
        p->payment = payment;
        if (p->state == PAYOUT_AWAITING_CAPTURE)
            payout_proceed(settling, p);
    }
}

enum status settle_capture(struct settling *settling, const struct capture *capture)
{
    struct order_rows *rows = settling->rows;
    struct payment *payment = payment_find(rows, capture->payment_id);
    if (payment != NULL && same_capture(payment, capture))
        return STATUS_DUPLICATE;
    if (payment != NULL)
        return objection_set(settling, OBJECTION_CONFLICT, "captured.payment_id",
                             capture->payment_id, "the same payment with the same content");
    if (capture->held_by != NULL)
        return objection_set(settling, OBJECTION_TAKEN, "captured.provider_reference",
                             capture->provider_reference,
                             arena_printf(settling->arena,
                                          "one order for a payment of the provider;"
                                          " order %s has it",
                                          capture->held_by));
    payment = arena_zalloc(settling->arena, sizeof *payment);
    if (payment == NULL)
        return STATUS_EXHAUSTED;
    *payment = (struct payment){.payment_id = capture->payment_id,
                                .provider_reference = capture->provider_reference,
                                .provider_account = capture->provider_account,
                                .provider = capture->provider,
                                .method = capture->method,
                                .currency = capture->currency,
                                .captured_minor = capture->amount_minor,
                                .captured_us = capture->occurred_us,
                                .cause = settling->cause,
                                .mark = ROW_NEW,
                                .next = rows->payments};
    for (const struct payment *p = rows->payments; p != NULL; p = p->next)
        payment->part = payment->part || payment_same(p, payment);
    rows->payments = payment;
    attach(settling, payment);
    return settled(settling);
}

/* Approvals. */

static bool shares_hold(const struct approval_event *approval)
{
    int64_t sum = 0;
    for (size_t i = 0; i < approval->share_count; i++) {
        if (approval->shares[i].minor <= 0 || approval->shares[i].minor > AMOUNT_MAX)
            return false;
        sum += approval->shares[i].minor;
        for (size_t j = 0; j < i; j++)
            if (strcmp(approval->shares[i].payment_id, approval->shares[j].payment_id) == 0)
                return false;
    }
    return approval->share_count > 0 && approval->share_count <= SHARES_MAX &&
           sum == approval->amount_minor;
}

static int64_t claimed(const struct approval_event *approval)
{
    int64_t sum = 0;
    for (size_t i = 0; i < approval->line_count; i++)
        sum += approval->lines[i].gross_minor;
    return sum;
}

/* What this refund has paid or may still pay, and how many payouts it has. */
static int64_t committed_to(const struct settling *settling, const struct refund *refund,
                            int32_t *count)
{
    int64_t sum = 0;
    *count = 0;
    for (const struct payout *p = settling->rows->payouts; p != NULL; p = p->next) {
        if (p->refund != refund)
            continue;
        ++*count;
        if (payout_committed(p))
            sum += p->amount_minor;
    }
    return sum;
}

/* Another way than back to the payment, which somebody must have chosen. */
static bool leaves_the_payment(const struct approval_event *approval)
{
    return approval->method == METHOD_BANK_TRANSFER || approval->method == METHOD_MANUAL;
}

/* Why the approval is not honoured; NULL: it is. */
static const char *refusal_of(const struct settling *settling, const struct refund *refund,
                              const struct approval_event *approval)
{
    int32_t count = 0;
    int64_t committed = committed_to(settling, refund, &count);
    if (!shares_hold(approval))
        return "APPROVAL_INVALID";
    if (settling->now_us > approval->expires_us)
        return "APPROVAL_EXPIRED";
    if (leaves_the_payment(approval) && !approval->by_people)
        return "PERSON_REQUIRED";
    if (approval->method == METHOD_BANK_TRANSFER && approval->payee[0] == '\0')
        return "PAYEE_NOT_VERIFIED";
    if (committed > 0 && committed + approval->amount_minor > claimed(approval))
        return "ALREADY_PAID";
    for (size_t i = 0; i < approval->share_count; i++)
        if (paid_before(settling, refund, approval->shares[i].payment_id, approval->version,
                        approval->shares[i].minor))
            return "ALREADY_PAID";
    if ((size_t)count + approval->share_count > PAYOUTS_MAX)
        return "TOO_MANY_PAYOUTS";
    return NULL;
}

static int provider_of(enum refund_method method)
{
    switch (method) {
    case METHOD_STORE_CREDIT:
        return PROVIDER_STORE_CREDIT;
    case METHOD_BANK_TRANSFER:
    case METHOD_MANUAL:
        return PROVIDER_MANUAL;
    case METHOD_UNSPECIFIED:
    case METHOD_ORIGINAL:
    case METHODS:
        break;
    }
    return PROVIDER_NONE; /* the payment's own, once that is known */
}

/* The gate was open before: what could not be paid then is approved anew, as it was cut then. */
static bool is_cut(const struct refund *refund, const struct approval_event *approval)
{
    for (size_t i = 0; i < refund->line_count && i < approval->line_count; i++)
        if (refund->lines[i].units < approval->lines[i].units)
            return true;
    return false;
}

/* Goods that were lost do not come any more: who approves after that knows it. */
static bool waits_for_goods(const struct refund *refund, const struct approval_event *approval)
{
    return approval->goods_required && refund->goods != GOODS_LOST && !is_cut(refund, approval);
}

static struct payout *payout_add(struct settling *settling, struct refund *refund,
                                 const struct approval_event *approval, const struct share *share,
                                 int32_t ordinal)
{
    struct payout *payout = arena_zalloc(settling->arena, sizeof *payout);
    char *id = arena_alloc(settling->arena, IDENTITY_MAX);
    if (payout == NULL || id == NULL)
        return NULL;
    *payout = (struct payout){
        .payout_id = identity_payout(settling->merchant_id, refund->refund_id, ordinal, id),
        .refund = refund,
        .payment_id = share->payment_id,
        .payment = payment_find(settling->rows, share->payment_id),
        .state =
            waits_for_goods(refund, approval) ? PAYOUT_AWAITING_GOODS : PAYOUT_AWAITING_CAPTURE,
        .ordinal = ordinal,
        .routed_version = approval->version,
        .provider = provider_of((enum refund_method)approval->method),
        .form = FORM_VERSION,
        .amount_minor = share->minor,
        .currency = approval->currency,
        .provider_refund_id = "",
        .payee = approval->payee,
        .reason = "",
        .reserved_us = settling->now_us,
        .updated_us = settling->now_us,
        .cause = settling->cause,
        .mark = ROW_NEW,
    };
    struct payout **end = &settling->rows->payouts;
    while (*end != NULL)
        end = &(*end)->next;
    *end = payout;
    return payout;
}

static void supersede(struct settling *settling, const struct refund *refund,
                      int64_t routed_version)
{
    for (struct payout *p = settling->rows->payouts; p != NULL; p = p->next)
        if (p->refund == refund && p->state == PAYOUT_FALLBACK_PENDING &&
            p->routed_version < routed_version)
            (void)payout_apply(settling, p, PAYOUT_EVENT_SUPERSEDED, "SUPERSEDED");
}

static enum status pay(struct settling *settling, struct refund *refund,
                       const struct approval_event *approval)
{
    int32_t count = 0;
    (void)committed_to(settling, refund, &count);
    if (!is_cut(refund, approval)) {
        refund->lines = approval->lines;
        refund->line_count = approval->line_count;
    }
    refund->reason = approval->reason;
    refund->customer = approval->customer;
    refund->market = approval->market;
    for (size_t i = 0; i < approval->share_count; i++)
        if (payout_add(settling, refund, approval, &approval->shares[i], ++count) == NULL)
            return STATUS_EXHAUSTED;
    if (waits_for_goods(refund, approval))
        goods_required(settling, refund);
    for (struct payout *p = settling->rows->payouts; p != NULL; p = p->next)
        if (p->refund == refund && p->routed_version == approval->version &&
            p->state == PAYOUT_AWAITING_CAPTURE)
            payout_proceed(settling, p);
    supersede(settling, refund, approval->version);
    return settled(settling);
}

/* Anybody may have written it: it must leave no trace in the refund, nor end its claim. */
static enum status report_forgery(struct settling *settling, const struct approval_event *approval)
{
    struct alarm *alarm = EFFECT_ADD(settling, alarms, struct alarm);
    if (alarm != NULL) {
        alarm->kind = ALARM_APPROVAL_REFUSED;
        alarm->approval = approval;
    }
    return settled(settling);
}

enum status settle_approval(struct settling *settling, const struct approval_event *approval)
{
    if (!approval->genuine)
        return report_forgery(settling, approval);
    struct refund *refund = refund_take(settling, approval->refund_id);
    if (refund == NULL)
        return STATUS_EXHAUSTED;
    if (approval->version <= refund->routed_version)
        return STATUS_DUPLICATE;
    refund->routed_version = approval->version;
    row_touch(&refund->mark);
    if (refund->cancelled)
        return settled(settling); /* void */
    const char *refusal = refusal_of(settling, refund, approval);
    if (refusal == NULL)
        return pay(settling, refund, approval);
    publication_add(settling, refund, NULL, payout_state_number(PAYOUT_REFUSED), refusal,
                    NOTICE_NONE);
    return settled(settling);
}

/* Declined: nobody chose another way for what could not be paid. */

enum status settle_decline(struct settling *settling, const struct decline_event *decline)
{
    const struct refund *refund = refund_find(settling->rows, decline->refund_id);
    bool moved = false;
    if (refund == NULL)
        return STATUS_DUPLICATE;
    for (struct payout *p = settling->rows->payouts; p != NULL; p = p->next)
        if (p->refund == refund && p->state == PAYOUT_FALLBACK_PENDING &&
            p->routed_version < decline->version)
            moved = payout_apply(settling, p, PAYOUT_EVENT_DECLINED, "DECLINED") == PAYOUT_MOVE;
    return moved ? settled(settling) : STATUS_DUPLICATE;
}

/* Cancellations. */

enum { CANCEL_TOO_LATE = 12 /* in redress.v1.PayoutStatus; no state of its own */ };

enum status settle_cancel(struct settling *settling, const struct cancel_event *cancel)
{
    struct refund *refund = refund_take(settling, cancel->refund_id);
    if (refund == NULL)
        return STATUS_EXHAUSTED;
    if (cancel->version <= refund->routed_version)
        return STATUS_DUPLICATE;
    refund->routed_version = cancel->version;
    row_touch(&refund->mark);
    struct payout *late = NULL;
    bool moved = false;
    for (struct payout *p = settling->rows->payouts; p != NULL; p = p->next) {
        if (p->refund != refund)
            continue;
        enum payout_verdict verdict = payout_apply(settling, p, PAYOUT_EVENT_CANCEL, "CANCELLED");
        moved = moved || verdict == PAYOUT_MOVE;
        if (verdict == PAYOUT_LATE && late == NULL)
            late = p;
    }
    refund->cancelled = late == NULL;
    goods_forget(settling, refund);
    if (late != NULL)
        publication_add(settling, refund, late, CANCEL_TOO_LATE, payout_state_name(late->state),
                        NOTICE_NONE);
    else if (!moved)
        publication_add(settling, refund, NULL, payout_state_number(PAYOUT_CANCELLED), "CANCELLED",
                        NOTICE_CANCELLED);
    return settled(settling);
}
