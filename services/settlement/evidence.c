/* Evidence: what providers say, in any order and number. */

#include "failure.h"
#include "provider_facts.h"
#include "transition.h"

#include <string.h>

static bool is_seen(const struct seen *seen, const char *event_id)
{
    for (; seen != NULL; seen = seen->next)
        if (strcmp(seen->event_id, event_id) == 0)
            return true;
    return false;
}

/* Kept as it came, and remembered for the rest of the batch. */
static void keep(struct settling *settling, const struct evidence *evidence)
{
    struct evidence_row *row = EFFECT_ADD(settling, evidence, struct evidence_row);
    struct seen *seen = arena_zalloc(settling->arena, sizeof *seen);
    if (row == NULL || seen == NULL)
        return;
    row->evidence = evidence;
    *seen = (struct seen){.event_id = evidence->event_id, .next = settling->rows->seen_evidence};
    settling->rows->seen_evidence = seen;
}

static int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* What is known of an amount, in the currency that was said first. Nobody's mere word lowers it;
 * and how much one in another currency is nobody says: all of the payment. */
static int64_t believed_minor(const struct evidence *evidence, int64_t known_minor,
                              const char *currency, const struct payment *payment)
{
    if (evidence->amount_minor > 0 && strcmp(evidence->currency, currency) != 0)
        return most(most(known_minor, evidence->amount_minor),
                    payment == NULL ? 0 : payment->captured_minor);
    return evidence->verified ? evidence->amount_minor : most(known_minor, evidence->amount_minor);
}

/* Refunds made elsewhere. */

static struct foreign_refund *foreign_find(const struct order_rows *rows, const char *id)
{
    for (struct foreign_refund *f = rows->foreign_refunds; f != NULL; f = f->next)
        if (strcmp(f->provider_refund_id, id) == 0)
            return f;
    return NULL;
}

static struct foreign_refund *foreign_add(struct settling *settling,
                                          const struct evidence *evidence)
{
    struct order_rows *rows = settling->rows;
    struct foreign_refund *foreign = arena_zalloc(settling->arena, sizeof *foreign);
    if (foreign == NULL)
        return NULL;
    *foreign = (struct foreign_refund){
        .provider_refund_id = evidence->provider_refund_id,
        .payment_id = evidence->payment_id,
        .provider_reference = evidence->provider_reference,
        .payment =
            payment_find_by_reference(rows, evidence->payment_id, evidence->provider_reference),
        .currency = evidence->currency,
        .mark = ROW_NEW,
        .next = rows->foreign_refunds,
    };
    rows->foreign_refunds = foreign;
    return foreign;
}

static bool has_ended(const struct foreign_refund *foreign)
{
    return foreign->status == REFUND_STATUS_FAILED || foreign->status == REFUND_STATUS_CANCELLED;
}

/* Recorded whatever it does to the cap. That one ended without money is believed only if somebody
 * vouches for it, and then it stays ended. */
static void record_foreign(struct settling *settling, const struct evidence *evidence)
{
    bool ends =
        evidence->status == REFUND_STATUS_FAILED || evidence->status == REFUND_STATUS_CANCELLED;
    struct foreign_refund *foreign = foreign_find(settling->rows, evidence->provider_refund_id);
    if ((ends && !evidence->verified) || (foreign != NULL && has_ended(foreign)))
        return;
    if (foreign == NULL)
        foreign = foreign_add(settling, evidence);
    if (foreign == NULL)
        return;
    foreign->status = evidence->status;
    foreign->amount_minor =
        believed_minor(evidence, foreign->amount_minor, foreign->currency, foreign->payment);
    row_touch(&foreign->mark);
    foreign_refund_count(settling, foreign);
}

/* Refunds made by us. */

static struct payout *ours(const struct settling *settling, const struct evidence *evidence)
{
    if (evidence->payout_id[0] != '\0')
        return payout_find(settling->rows, evidence->payout_id);
    for (struct payout *p = settling->rows->payouts; p != NULL; p = p->next)
        if (evidence->provider_refund_id[0] != '\0' &&
            strcmp(p->provider_refund_id, evidence->provider_refund_id) == 0)
            return p;
    return NULL;
}

/* Another method is asked for a few times; then it has failed, so that nothing goes round. */
static bool may_fall_back(const struct settling *settling, const struct payout *payout)
{
    int64_t before = 0;
    for (const struct payout *p = settling->rows->payouts; p != NULL; p = p->next)
        before += p->refund == payout->refund && p != payout &&
                  (p->state == PAYOUT_FALLBACK_PENDING || strcmp(p->reason, "SUPERSEDED") == 0);
    return before < settling->limits->fallbacks_max;
}

static enum payout_event failed_event(const struct settling *settling, const struct payout *payout,
                                      enum payout_event otherwise)
{
    return may_fall_back(settling, payout) ? PAYOUT_EVENT_DIVERTED : otherwise;
}

static enum payout_event ending_event(const struct settling *settling, const struct payout *payout,
                                      const struct evidence *evidence)
{
    if (!evidence->verified)
        return PAYOUT_EVENT_UNCONFIRMED;
    if (evidence->status == REFUND_STATUS_CANCELLED)
        return PAYOUT_EVENT_VOIDED;
    return failure_class(evidence->code) == FAILURE_DIVERT
               ? failed_event(settling, payout, PAYOUT_EVENT_FAILED)
               : PAYOUT_EVENT_FAILED;
}

/* A freed payout lives by the word of a look-up that was asked for since, or of a provider that
 * cannot be asked. An older look-up may have seen it before it ended. */
static bool reappeared(const struct payout *payout, const struct evidence *evidence)
{
    if (!payout_freed(payout) || !evidence->verified)
        return false;
    return provider_facts(payout->provider)->reach == LOOK_UP_NEVER ||
           (evidence->source == SOURCE_LOOK_UP && evidence->occurred_us >= payout->updated_us);
}

static enum payout_event refund_event(const struct settling *settling, const struct payout *payout,
                                      const struct evidence *evidence)
{
    if (evidence->status == REFUND_STATUS_FAILED || evidence->status == REFUND_STATUS_CANCELLED)
        return ending_event(settling, payout, evidence);
    if (evidence->amount_minor != payout->amount_minor ||
        strcmp(evidence->currency, payout->currency) != 0)
        return PAYOUT_EVENT_MISMATCH;
    /* The provider said more before: that counts until somebody vouches for less. */
    if (evidence->status == REFUND_STATUS_SUCCEEDED && !evidence->verified &&
        payout->held_minor > payout->amount_minor)
        return PAYOUT_EVENT_UNCONFIRMED;
    if (reappeared(payout, evidence))
        return PAYOUT_EVENT_REAPPEARED;
    return evidence->status == REFUND_STATUS_PENDING           ? PAYOUT_EVENT_PENDING
           : evidence->status == REFUND_STATUS_REQUIRES_ACTION ? PAYOUT_EVENT_ACTION
                                                               : PAYOUT_EVENT_SUCCEEDED;
}

static enum status illegal(struct settling *settling, const struct payout *payout,
                           enum payout_event event)
{
    return objection_set(settling, OBJECTION_TRANSITION, "payout_id", payout->payout_id,
                         arena_printf(settling->arena, "not %s in state %s",
                                      payout_event_name(event), payout_state_name(payout->state)));
}

/* A second refund at the provider under one payout: both count, and a person must look. */
static enum status second_refund(struct settling *settling, struct payout *payout,
                                 const struct evidence *evidence)
{
    if (payout_step(payout->state, PAYOUT_EVENT_MISMATCH).verdict == PAYOUT_ILLEGAL)
        return illegal(settling, payout, PAYOUT_EVENT_MISMATCH);
    record_foreign(settling, evidence);
    (void)payout_apply(settling, payout, PAYOUT_EVENT_MISMATCH, "SECOND_REFUND");
    return STATUS_OK;
}

/* Adyen answers no more than that it received the request, and the same to the same key: of a
 * refund that is known by then, whatever became of it, that is old news. */
static bool is_old_news(const struct payout *payout, const struct evidence *evidence)
{
    return evidence->source == SOURCE_ANSWER && evidence->status == REFUND_STATUS_PENDING &&
           payout->provider_refund_id[0] != '\0' &&
           provider_facts(payout->provider)->reach == LOOK_UP_NEVER;
}

static const char *reason_for(enum payout_event event, const struct evidence *evidence)
{
    if (event == PAYOUT_EVENT_MISMATCH)
        return "AMOUNT_DIFFERS";
    if (event == PAYOUT_EVENT_REAPPEARED)
        return "REAPPEARED";
    return evidence->code;
}

/* A refund of another payment, though it names a payout of this one: the metadata of a refund is
 * the word of whoever made it. */
static bool of_another_payment(const struct settling *settling, const struct payout *payout,
                               const struct evidence *evidence)
{
    const struct payment *about = payment_find_by_reference(settling->rows, evidence->payment_id,
                                                            evidence->provider_reference);
    return about != NULL && payout->payment != NULL && about != payout->payment &&
           !payment_same(about, payout->payment);
}

/* Somebody vouches that it came to nothing. */
static bool ends(enum payout_event event)
{
    return event == PAYOUT_EVENT_FAILED || event == PAYOUT_EVENT_DIVERTED ||
           event == PAYOUT_EVENT_VOIDED;
}

static enum status on_refund(struct settling *settling, const struct evidence *evidence)
{
    struct payout *payout = ours(settling, evidence);
    if (payout == NULL || of_another_payment(settling, payout, evidence)) {
        record_foreign(settling, evidence);
        return STATUS_OK;
    }
    if (payout->payment == NULL)
        return objection_set(settling, OBJECTION_TRANSITION, "payout_id", payout->payout_id,
                             "nothing before its payment is captured");
    if (payout->provider_refund_id[0] != '\0' &&
        strcmp(payout->provider_refund_id, evidence->provider_refund_id) != 0)
        return second_refund(settling, payout, evidence);
    if (is_old_news(payout, evidence))
        return STATUS_OK;
    enum payout_event event = refund_event(settling, payout, evidence);
    if (payout_step(payout->state, event).verdict == PAYOUT_ILLEGAL)
        return illegal(settling, payout, event);
    if (payout->provider_refund_id[0] == '\0' && event != PAYOUT_EVENT_UNCONFIRMED) {
        payout->provider_refund_id = evidence->provider_refund_id;
        row_touch(&payout->mark);
    }
    bool was_freed = payout_freed(payout);
    (void)payout_apply(settling, payout, event, reason_for(event, evidence));
    if (event == PAYOUT_EVENT_MISMATCH && payout->state == PAYOUT_MANUAL &&
        strcmp(evidence->currency, payout->currency) == 0)
        payout_hold(settling, payout, evidence->amount_minor);
    if (was_freed && !payout_freed(payout) && evidence->verified)
        payouts_resume(settling, payout->refund); /* what was to take its place is overtaken */
    if (evidence->source == SOURCE_LOOK_UP && ends(event))
        payout_confirm_end(settling, payout, evidence->occurred_us);
    return STATUS_OK;
}

/* Calls and look-ups. */

/* An earlier attempt of which nothing is known: what is said of a later one is not said of it. */
static bool earlier_is_open(const struct payout *payout)
{
    return payout->attempts > 1 && provider_facts(payout->provider)->reach != LOOK_UP_ANY;
}

static enum payout_event call_event(const struct settling *settling, const struct payout *payout,
                                    const struct evidence *evidence)
{
    if (!evidence->verified)
        return PAYOUT_EVENT_UNCONFIRMED;
    /* Earlier ones may still be on their way, look-up or not: their money must not be freed. */
    if (evidence->failure == CALL_FAILURE_NOT_SENT)
        return payout->attempts > 1 ? PAYOUT_EVENT_CALL_LOST : PAYOUT_EVENT_CALL_NOT_SENT;
    if (evidence->failure == CALL_FAILURE_UNKNOWN)
        return PAYOUT_EVENT_CALL_LOST;
    if (earlier_is_open(payout))
        return PAYOUT_EVENT_CALL_BLOCKED;
    switch (failure_class(evidence->code)) {
    case FAILURE_DIVERT:
        return failed_event(settling, payout, PAYOUT_EVENT_CALL_REFUSED);
    case FAILURE_BLOCK:
        return PAYOUT_EVENT_CALL_BLOCKED;
    case FAILURE_FINAL:
        break;
    }
    return PAYOUT_EVENT_CALL_REFUSED;
}

/* Nothing was sent: the attempt does not count, nor does the life of a key that was never used. */
static void forget_attempt(struct payout *payout)
{
    payout->attempts--;
    if (payout->attempts == 0)
        payout->first_submitted_us = 0;
}

static enum status on_call_failed(struct settling *settling, struct payout *payout,
                                  const struct evidence *evidence)
{
    if (evidence->occurred_us != payout->submitted_us)
        return STATUS_OK; /* an attempt that was given up since */
    enum payout_event event = call_event(settling, payout, evidence);
    if (payout_step(payout->state, event).verdict == PAYOUT_ILLEGAL)
        return illegal(settling, payout, event);
    /* Where 500 is stored under the key and replayed, 502 to 504 come from a gateway before it. */
    if (payout->state == PAYOUT_SUBMITTED) {
        payout->http_status = evidence->http_status;
        payout->answer_stored =
            evidence->http_status == 500 && provider_facts(payout->provider)->stores_500;
        row_touch(&payout->mark);
        if (evidence->verified && evidence->failure == CALL_FAILURE_NOT_SENT)
            forget_attempt(payout);
    }
    const char *reason = evidence->code[0] != '\0' ? evidence->code : "NO_ANSWER";
    (void)payout_apply(settling, payout, event, event == PAYOUT_EVENT_CALL_NOT_SENT ? "" : reason);
    return STATUS_OK;
}

static enum payout_event absence_event(const struct settling *settling, const struct payout *payout,
                                       const struct evidence *evidence)
{
    const struct settlement_limits *limits = settling->limits;
    if (!evidence->verified || evidence->source != SOURCE_LOOK_UP ||
        evidence->epoch != settling->epoch ||
        !look_up_counts(payout, limits, evidence->occurred_us))
        return PAYOUT_EVENT_ABSENT_EARLY;
    if (payout->answer_stored || payout->attempts >= limits->attempts_max ||
        settling->now_us >= payout->first_submitted_us +
                                provider_key_life_us(payout->provider, limits->key_life_us) ||
        (payout->payment != NULL && payout->payment->over))
        return PAYOUT_EVENT_ABSENT_FOR_GOOD;
    return PAYOUT_EVENT_ABSENT;
}

static enum status on_absence(struct settling *settling, struct payout *payout,
                              const struct evidence *evidence)
{
    enum payout_event event = absence_event(settling, payout, evidence);
    if (payout_step(payout->state, event).verdict == PAYOUT_ILLEGAL)
        return illegal(settling, payout, event);
    (void)payout_apply(settling, payout, event,
                       event == PAYOUT_EVENT_ABSENT_FOR_GOOD ? "NOT_FOUND" : "");
    if (event != PAYOUT_EVENT_ABSENT_EARLY)
        payout_confirm_end(settling, payout, evidence->occurred_us);
    return STATUS_OK;
}

/* Disputes. */

static struct dispute *dispute_take(struct settling *settling, const struct evidence *evidence)
{
    struct order_rows *rows = settling->rows;
    for (struct dispute *d = rows->disputes; d != NULL; d = d->next)
        if (strcmp(d->dispute_id, evidence->dispute_id) == 0)
            return d;
    struct dispute *dispute = arena_zalloc(settling->arena, sizeof *dispute);
    if (dispute == NULL)
        return NULL;
    *dispute = (struct dispute){
        .dispute_id = evidence->dispute_id,
        .payment_id = evidence->payment_id,
        .provider_reference = evidence->provider_reference,
        .payment =
            payment_find_by_reference(rows, evidence->payment_id, evidence->provider_reference),
        .currency = evidence->currency,
        .fee_currency = "",
        .mark = ROW_NEW,
        .next = rows->disputes,
    };
    rows->disputes = dispute;
    return dispute;
}

static void change_dispute(struct settling *settling, struct dispute *dispute,
                           enum dispute_state next, int64_t amount_minor)
{
    if (dispute->state == DISPUTE_LOST && dispute->payment != NULL)
        ledger_book(settling, MOVEMENT_DISPUTE_REGAINED, dispute->payment, NULL,
                    dispute->counted_minor);
    dispute->state = next;
    dispute->amount_minor = amount_minor;
    row_touch(&dispute->mark);
    dispute_count(settling, dispute);
}

/* The same again, of more: whoever was first to speak, maybe without a signature, said too little.
 */
static void raise_dispute(struct settling *settling, struct dispute *dispute,
                          const struct evidence *evidence)
{
    int64_t amount_minor =
        most(dispute->amount_minor,
             believed_minor(evidence, dispute->amount_minor, dispute->currency, dispute->payment));
    if (dispute_counted(dispute->state) && dispute_counted(evidence->dispute) &&
        amount_minor > dispute->amount_minor)
        change_dispute(settling, dispute, dispute->state, amount_minor);
}

static enum status on_dispute(struct settling *settling, const struct evidence *evidence)
{
    struct dispute *dispute = dispute_take(settling, evidence);
    if (dispute == NULL)
        return STATUS_EXHAUSTED;
    enum dispute_state before = dispute->state;
    enum dispute_verdict verdict = dispute_step(before, evidence->dispute);
    if (verdict == DISPUTE_ILLEGAL)
        return objection_set(
            settling, OBJECTION_TRANSITION, "dispute.status", dispute_state_name(evidence->dispute),
            arena_printf(settling->arena, "not in state %s", dispute_state_name(before)));
    if (evidence->fee_minor > 0 && evidence->verified) {
        dispute->fee_minor = evidence->fee_minor;
        dispute->fee_currency = evidence->fee_currency;
        dispute_fee_count(settling, dispute);
    }
    if (verdict == DISPUTE_STAY)
        raise_dispute(settling, dispute, evidence);
    else if (evidence->dispute != DISPUTE_WON || evidence->verified)
        change_dispute(
            settling, dispute, evidence->dispute,
            believed_minor(evidence, dispute->amount_minor, dispute->currency, dispute->payment));
    return STATUS_OK;
}

static enum status on_payout(struct settling *settling, const struct evidence *evidence)
{
    struct payout *payout = payout_find(settling->rows, evidence->payout_id);
    if (payout == NULL)
        return objection_set(settling, OBJECTION_REFERENCE, "payout_id", evidence->payout_id,
                             "a payout of this order");
    return evidence->kind == EVIDENCE_CALL_FAILED ? on_call_failed(settling, payout, evidence)
                                                  : on_absence(settling, payout, evidence);
}

enum status settle_evidence(struct settling *settling, const struct evidence *evidence)
{
    if (is_seen(settling->rows->seen_evidence, evidence->event_id))
        return STATUS_DUPLICATE;
    enum status status = evidence->kind == EVIDENCE_REFUND    ? on_refund(settling, evidence)
                         : evidence->kind == EVIDENCE_DISPUTE ? on_dispute(settling, evidence)
                                                              : on_payout(settling, evidence);
    if (status != STATUS_OK)
        return status;
    keep(settling, evidence);
    return settled(settling);
}
