/* The promises, by books of its own: nothing here is computed by the service's code. It hears the
 * events that were saved, what was published and booked with them, and sees the provider. */

#include "pay.h"

#include <string.h>

enum {
    OWN_MAX = 512,
    VERSIONS_MAX = 256, /* of what routing says of one refund */
    FOREIGN_MAX = 256,
    FAILED = 6, /* numbers in redress.v1.PayoutStatus */
    CANCELLED = 7,
    FALLBACK_PENDING = 10,
    CANCEL_TOO_LATE = 12,
    REFUSED = 13
};

/* One of our payouts. */
struct own {
    const char *payout_id;
    int order, payment, refund, provider;
    int64_t amount_minor;
    int status;  /* published last */
    bool sent;   /* saved as sent, before the first byte */
    bool ended;  /* the provider said so, and that was read */
    bool unsent; /* a call is known to have done nothing; until the next */
    int effects;
};

/* A refund by hand or a dispute that was read. */
struct outside {
    const char *id;
    int order, payment;
    int64_t amount_minor;
    int rank; /* of what was said; what is said after it changes nothing */
    bool counts;
};

/* Of one refund. */
struct said {
    int64_t published; /* version */
    int64_t routed;    /* likewise */
    bool cancelled;
    size_t shares[VERSIONS_MAX]; /* of approvals that count: payouts that they may still make */
};

struct balance {
    int64_t owed_minor, out_minor, clearing_minor;
};

static struct {
    struct own own[OWN_MAX];
    size_t own_count;
    struct outside outside[FOREIGN_MAX];
    size_t outside_count;
    bool captured[PAY_ORDERS][PAY_PAYMENTS];
    struct said said[PAY_ORDERS][PAY_REFUNDS];
    struct balance balances[PAY_ORDERS][PAY_PAYMENTS];
} books;

void pay_audit_begin(void)
{
    memset(&books, 0, sizeof books);
}

static struct own *find_own(const char *payout_id)
{
    for (size_t i = 0; i < books.own_count; i++)
        if (strcmp(books.own[i].payout_id, payout_id) == 0)
            return &books.own[i];
    return NULL;
}

static struct own *take_own(int order, const struct payout *payout)
{
    struct own *own = find_own(payout->payout_id);
    if (own != NULL)
        return own;
    if (books.own_count == OWN_MAX) {
        sim_violate("simulation: too many payouts");
        return &books.own[0];
    }
    own = &books.own[books.own_count++];
    *own = (struct own){.payout_id = payout->payout_id,
                        .order = order,
                        .payment = pay_last_digit(payout->payment_id),
                        .refund = pay_last_digit(payout->refund->refund_id)};
    size_t *shares = &books.said[order][own->refund].shares[payout->routed_version];
    if (*shares == 0)
        sim_violate("approved: %s is made by no approval that counts", own->payout_id);
    else
        --*shares;
    return own;
}

int64_t pay_audit_fallback(int order, int refund)
{
    int64_t sum = 0;
    for (size_t i = 0; i < books.own_count; i++) {
        const struct own *own = &books.own[i];
        if (own->order == order && own->refund == refund && own->status == FALLBACK_PENDING)
            sum += own->amount_minor;
    }
    return sum;
}

const char *pay_audit_payout(int order, uint64_t nth)
{
    for (size_t i = 0; i < books.own_count; i++) {
        const struct own *own = &books.own[(i + nth) % books.own_count];
        if (own->order == order && own->sent)
            return own->payout_id;
    }
    return NULL;
}

/* Facts that were read. */

static void hear_outside(int order, const struct evidence *said, const char *id, int rank,
                         bool counts)
{
    size_t at = 0;
    while (at < books.outside_count && strcmp(books.outside[at].id, id) != 0)
        at++;
    if (at == FOREIGN_MAX) {
        sim_violate("simulation: too many refunds by hand");
        return;
    }
    books.outside_count += at == books.outside_count;
    struct outside *outside = &books.outside[at];
    if (outside->id != NULL && rank < outside->rank)
        return;
    const char *payment = said->payment_id[0] != '\0' ? said->payment_id : said->provider_reference;
    *outside =
        (struct outside){id, order, pay_last_digit(payment), said->amount_minor, rank, counts};
}

static void hear_own(struct own *own, const struct evidence *said)
{
    if (own == NULL)
        return;
    bool ends = said->status == REFUND_STATUS_FAILED || said->status == REFUND_STATUS_CANCELLED;
    if (said->kind == EVIDENCE_REFUND) {
        own->ended = own->ended || ends;
        own->unsent = false;
    }
    if (said->kind == EVIDENCE_CALL_FAILED && said->failure != CALL_FAILURE_UNKNOWN)
        own->unsent = true;
}

/* What nobody vouches for is no fact. */
static void hear(int order, const struct evidence *said)
{
    static const int ranks[DISPUTE_STATES] = {
        [DISPUTE_INQUIRY] = 1, [DISPUTE_OPEN] = 2, [DISPUTE_LOST] = 3, [DISPUTE_WON] = 4};
    bool ends = said->status == REFUND_STATUS_FAILED || said->status == REFUND_STATUS_CANCELLED;
    if (!said->verified)
        return;
    if (said->kind == EVIDENCE_DISPUTE)
        hear_outside(order, said, said->dispute_id, ranks[said->dispute],
                     said->dispute == DISPUTE_OPEN || said->dispute == DISPUTE_LOST);
    else if (said->kind == EVIDENCE_REFUND && said->payout_id[0] == '\0')
        hear_outside(order, said, said->provider_refund_id, ends, !ends);
    else
        hear_own(find_own(said->payout_id), said);
}

/* What was decided. */

static int64_t used_minor(int order, int payment)
{
    int64_t sum = 0;
    for (size_t i = 0; i < books.own_count; i++) {
        const struct own *own = &books.own[i];
        if (own->order == order && own->payment == payment && own->sent && !own->ended &&
            !own->unsent)
            sum += own->amount_minor;
    }
    for (size_t i = 0; i < books.outside_count; i++) {
        const struct outside *o = &books.outside[i];
        if (o->order == order && o->payment == payment && o->counts)
            sum += o->amount_minor;
    }
    return sum;
}

static void check_sent(int order, const struct task *task)
{
    struct own *own = take_own(order, task->payout);
    if (task->kind != TASK_SEND)
        return;
    own->amount_minor = task->payout->amount_minor;
    own->provider = task->payout->provider;
    own->sent = true;
    own->unsent = false;
    int64_t used = used_minor(order, own->payment);
    if (!books.captured[order][own->payment])
        sim_violate("cap: %s is sent before its payment is captured", own->payout_id);
    if (used > PAY_CAPTURED)
        sim_violate("cap: %s is sent with %lld of %d used", own->payout_id, (long long)used,
                    PAY_CAPTURED);
}

static void read_publication(int order, const struct publication *p)
{
    int64_t *version = &books.said[order][pay_last_digit(p->refund->refund_id)].published;
    if (p->version != *version + 1)
        sim_violate("versions: %lld of %s comes after %lld", (long long)p->version,
                    p->refund->refund_id, (long long)*version);
    *version = p->version;
    if (p->payout == NULL || p->status == CANCEL_TOO_LATE)
        return;
    struct own *own = take_own(order, p->payout);
    own->status = p->status;
    own->amount_minor = p->amount_minor;
    sim_say("        told: %s is %d %s", own->payout_id, p->status, p->reason);
}

/* What each movement does to what is owed, to what went out, and to what the provider took. */
static void book(int order, const struct transfer_row *t)
{
    static const struct {
        int owed, out, clearing;
    } signs[MOVEMENTS] = {
        [MOVEMENT_RESERVED] = {1, 0, 0},       [MOVEMENT_RELEASED] = {-1, 0, 0},
        [MOVEMENT_PAID] = {-1, 1, 1},          [MOVEMENT_RETURNED] = {1, -1, -1},
        [MOVEMENT_CREDITED] = {-1, 1, 0},      [MOVEMENT_CREDIT_REVOKED] = {1, -1, 0},
        [MOVEMENT_PAID_BY_HAND] = {-1, 1, 0},  [MOVEMENT_RETURNED_BY_HAND] = {1, -1, 0},
        [MOVEMENT_PAID_ELSEWHERE] = {0, 1, 1}, [MOVEMENT_RETURNED_ELSEWHERE] = {0, -1, -1},
        [MOVEMENT_DISPUTE_OPENED] = {0, 1, 1}, [MOVEMENT_DISPUTE_CLOSED] = {0, -1, -1},
    };
    struct balance *balance = &books.balances[order][pay_last_digit(t->payment->payment_id)];
    if (t->amount_minor <= 0 || strcmp(t->currency, "GBP") != 0)
        sim_violate("ledger: a movement of %lld %s", (long long)t->amount_minor, t->currency);
    balance->owed_minor += signs[t->movement].owed * t->amount_minor;
    balance->out_minor += signs[t->movement].out * t->amount_minor;
    balance->clearing_minor += signs[t->movement].clearing * t->amount_minor;
}

/* Approvals count once, in their order, if they are genuine and in time, and until the refund is
 * taken back. */
static void hear_approval(int order, const struct approval_event *approval, int64_t now_us)
{
    struct said *said = &books.said[order][pay_last_digit(approval->refund_id)];
    if (!approval->genuine || approval->version <= said->routed)
        return;
    said->routed = approval->version;
    if (!said->cancelled && now_us <= approval->expires_us)
        said->shares[approval->version] = approval->share_count;
}

static void hear_cancel(int order, const struct cancel_event *cancel, const struct effects *effects)
{
    struct said *said = &books.said[order][pay_last_digit(cancel->refund_id)];
    if (cancel->version <= said->routed)
        return;
    said->routed = cancel->version;
    said->cancelled = true;
    for (const struct publication *p = effects->publications.first; p != NULL; p = p->next)
        said->cancelled = said->cancelled && p->status != CANCEL_TOO_LATE;
}

void pay_audit_event(const struct pay_outcome *outcome, int64_t now_us)
{
    const struct pay_event *event = outcome->event;
    const struct effects *effects = &outcome->effects;
    if (event->kind == PAY_EVIDENCE)
        hear(event->order, event->body);
    if (event->kind == PAY_APPROVAL)
        hear_approval(event->order, event->body, now_us);
    if (event->kind == PAY_CANCEL)
        hear_cancel(event->order, event->body, effects);
    if (event->kind == PAY_CAPTURE)
        books.captured[event->order]
                      [pay_last_digit(((const struct capture *)event->body)->payment_id)] = true;
    for (const struct publication *p = effects->publications.first; p != NULL; p = p->next)
        read_publication(event->order, p);
    for (const struct transfer_row *t = effects->transfers.first; t != NULL; t = t->next)
        book(event->order, t);
    for (const struct task *t = effects->tasks.first; t != NULL; t = t->next)
        check_sent(event->order, t);
}

/* What was saved. */

static bool has_due(int order, enum due_kind kind, const char *subject)
{
    const struct pay_shard *shard = &pay.shards[pay_shard_of(order)];
    for (size_t i = 0; i < shard->due_count; i++)
        if (shard->dues[i].kind == kind && shard->dues[i].order == order &&
            strcmp(shard->dues[i].subject, subject) == 0)
            return true;
    return false;
}

static void check_waiting(int order, const struct payout *p)
{
    static const enum due_kind waits[PAYOUT_STATES] = {[PAYOUT_AWAITING_CAPTURE] = DUE_CAPTURE,
                                                       [PAYOUT_AWAITING_GOODS] = DUE_GOODS,
                                                       [PAYOUT_RESERVED] = DUE_SUBMIT,
                                                       [PAYOUT_SUBMITTED] = DUE_LOOK_UP,
                                                       [PAYOUT_PENDING] = DUE_POLL,
                                                       [PAYOUT_REQUIRES_ACTION] = DUE_POLL,
                                                       [PAYOUT_UNKNOWN] = DUE_LOOK_UP,
                                                       [PAYOUT_MANUAL] = DUE_POLL,
                                                       [PAYOUT_FALLBACK_PENDING] = DUE_POLL};
    enum due_kind kind = waits[p->state];
    const char *subject = kind == DUE_GOODS ? p->refund->refund_id : p->payout_id;
    if (kind != DUE_NOTHING && !has_due(order, kind, subject))
        sim_violate("stalled: %s waits as %s without a deadline", p->payout_id,
                    payout_state_name(p->state));
}

static void check_payment(int order, const struct payment *p)
{
    const struct balance *balance = &books.balances[order][pay_last_digit(p->payment_id)];
    if (p->in_flight_minor != balance->owed_minor ||
        p->refunded_minor + p->disputed_minor != balance->out_minor)
        sim_violate("ledger: %s has %lld in flight and %lld + %lld out, the ledger %lld and %lld",
                    p->payment_id, (long long)p->in_flight_minor, (long long)p->refunded_minor,
                    (long long)p->disputed_minor, (long long)balance->owed_minor,
                    (long long)balance->out_minor);
}

void pay_audit_saved(const struct pay_batch *batch)
{
    for (int order = 0; order < PAY_ORDERS; order++) {
        if (batch->rows[order] == NULL)
            continue;
        for (const struct payout *p = pay.rows[order].payouts; p != NULL; p = p->next)
            check_waiting(order, p);
        for (const struct payment *p = pay.rows[order].payments; p != NULL; p = p->next)
            check_payment(order, p);
    }
}

/* What the provider did. */

static int64_t paid_minor(int order, int refund)
{
    int64_t sum = 0;
    for (size_t i = 0; i < pay.effect_count; i++) {
        const struct pay_effect *effect = &pay.effects[i];
        const struct own *own = effect->payout_id[0] == '\0' ? NULL : find_own(effect->payout_id);
        if (own != NULL && own->order == order && own->refund == refund && pay_effect_alive(effect))
            sum += effect->amount_minor;
    }
    return sum;
}

static bool is_free(int status)
{
    return status == FAILED || status == CANCELLED || status == REFUSED ||
           status == FALLBACK_PENDING;
}

void pay_audit_effect(const struct pay_effect *effect)
{
    if (effect->payout_id[0] == '\0')
        return;
    struct own *own = find_own(effect->payout_id);
    if (own == NULL || !own->sent) {
        sim_violate("sent: %s is paid and was not saved as sent", effect->payout_id);
        return;
    }
    int64_t claimed = pay.refunds[own->order][own->refund].claimed_minor;
    int64_t paid = paid_minor(own->order, own->refund);
    if (++own->effects > 1)
        sim_violate("once: %s is paid %d times", own->payout_id, own->effects);
    if (effect->amount_minor != own->amount_minor)
        sim_violate("once: %s is paid %lld and not %lld", own->payout_id,
                    (long long)effect->amount_minor, (long long)own->amount_minor);
    if (paid > claimed)
        sim_violate("once: refund %d of order %d is paid %lld of %lld", own->refund, own->order,
                    (long long)paid, (long long)claimed);
    if (is_free(own->status))
        sim_violate("freed: %s is paid after its money was freed (%d)", own->payout_id,
                    own->status);
}

/* At rest. */

static bool waits_for_people(enum payout_state state)
{
    return state == PAYOUT_MANUAL || state == PAYOUT_FALLBACK_PENDING;
}

static bool is_terminal(enum payout_state state)
{
    return state == PAYOUT_SUCCEEDED || state == PAYOUT_FAILED || state == PAYOUT_CANCELLED ||
           state == PAYOUT_REFUSED;
}

bool pay_audit_quiet(void)
{
    for (int order = 0; order < PAY_ORDERS; order++)
        for (const struct payout *p = pay.rows[order].payouts; p != NULL; p = p->next)
            if (is_terminal(p->state) ? has_due(order, DUE_POLL, p->payout_id)
                                      : !waits_for_people(p->state))
                return false;
    return true;
}

static int64_t alive_minor(const char *payout_id)
{
    int64_t sum = 0;
    for (size_t i = 0; i < pay.effect_count; i++)
        if (strcmp(pay.effects[i].payout_id, payout_id) == 0 && pay_effect_alive(&pay.effects[i]))
            sum += pay.effects[i].amount_minor;
    return sum;
}

/* A payout is what the provider says it is. */
static void check_payout(const struct payout *p)
{
    bool called = p->provider == PROVIDER_STRIPE || p->provider == PROVIDER_ADYEN;
    int64_t alive = alive_minor(p->payout_id);
    if (!is_terminal(p->state) && !waits_for_people(p->state))
        sim_violate("stalled: %s ends as %s", p->payout_id, payout_state_name(p->state));
    if (is_terminal(p->state) && called &&
        alive != (p->state == PAYOUT_SUCCEEDED ? p->amount_minor : 0))
        sim_violate("truth: %s is %s and the provider has paid %lld", p->payout_id,
                    payout_state_name(p->state), (long long)alive);
}

/* What the provider took for what we know to be paid, for refunds by hand and for disputes. */
static int64_t provider_minor(int order, int payment)
{
    int64_t sum = 0;
    for (size_t i = 0; i < pay.effect_count; i++) {
        const struct pay_effect *e = &pay.effects[i];
        if (e->order == order && e->payment == payment && e->payout_id[0] == '\0' &&
            pay_effect_alive(e))
            sum += e->amount_minor;
    }
    for (const struct payout *p = pay.rows[order].payouts; p != NULL; p = p->next)
        if (pay_last_digit(p->payment_id) == payment && p->state == PAYOUT_SUCCEEDED)
            sum += alive_minor(p->payout_id);
    for (size_t i = 0; i < pay.dispute_count; i++) {
        const struct pay_dispute *d = &pay.disputes[i];
        if (d->order == order && d->payment == payment &&
            (d->state == DISPUTE_OPEN || d->state == DISPUTE_LOST))
            sum += d->amount_minor;
    }
    return sum;
}

void pay_audit_rest(void)
{
    for (int order = 0; order < PAY_ORDERS; order++) {
        for (const struct payout *p = pay.rows[order].payouts; p != NULL; p = p->next)
            check_payout(p);
        for (int payment = 0; payment < PAY_PAYMENTS; payment++) {
            int64_t booked = books.balances[order][payment].clearing_minor;
            int64_t taken = provider_minor(order, payment);
            if (booked != taken)
                sim_violate("ledger: %lld booked for payment %d of order %d, the provider took "
                            "%lld",
                            (long long)booked, payment, order, (long long)taken);
        }
    }
}
