/* The database: what was saved stays. Rows are copied to be decided on, and only those that were
 * marked are saved, as the statements of the service do it. */

#include "pay.h"
#include "services/settlement/transition.h"

#include <string.h>

static bool same_goods(const struct goods_line *a, const struct goods_line *b)
{
    return strcmp(a->refund_id, b->refund_id) == 0 && strcmp(a->line_id, b->line_id) == 0;
}

#define SAME_BY(type, id)                                               \
    static bool same_##type(const struct type *a, const struct type *b) \
    {                                                                   \
        return strcmp(a->id, b->id) == 0;                               \
    }
SAME_BY(payment, payment_id)
SAME_BY(refund, refund_id)
SAME_BY(payout, payout_id)
SAME_BY(foreign_refund, provider_refund_id)
SAME_BY(dispute, dispute_id)

/* Each kind of row: a copy of a list with every row clean, and the way back. */
#define ROWS_OF(type, same)                                                                   \
    static struct type *copy_##type(const struct type *from)                                  \
    {                                                                                         \
        struct type *first = NULL, **end = &first;                                            \
        for (; from != NULL; from = from->next) {                                             \
            *end = arena_memdup(pay.arena, from, sizeof *from);                               \
            (*end)->mark = ROW_CLEAN;                                                         \
            (*end)->next = NULL;                                                              \
            end = &(*end)->next;                                                              \
        }                                                                                     \
        return first;                                                                         \
    }                                                                                         \
    static void save_##type(struct type **saved, const struct type *from)                     \
    {                                                                                         \
        for (; from != NULL; from = from->next) {                                             \
            struct type **at = saved;                                                         \
            while (*at != NULL && !same(*at, from))                                           \
                at = &(*at)->next;                                                            \
            if (from->mark == ROW_CLEAN)                                                      \
                continue;                                                                     \
            if ((from->mark == ROW_NEW) != (*at == NULL))                                     \
                sim_violate("rows: a " #type " is %s",                                        \
                            *at == NULL ? "changed and not there" : "new and there already"); \
            struct type *next = *at == NULL ? NULL : (*at)->next;                             \
            *at = arena_memdup(pay.arena, from, sizeof *from);                                \
            (*at)->next = next;                                                               \
        }                                                                                     \
    }
ROWS_OF(payment, same_payment)
ROWS_OF(refund, same_refund)
ROWS_OF(payout, same_payout)
ROWS_OF(foreign_refund, same_foreign_refund)
ROWS_OF(dispute, same_dispute)
ROWS_OF(goods_line, same_goods)

struct order_rows *pay_load(int order)
{
    const struct order_rows *from = &pay.rows[order];
    struct order_rows *rows = arena_memdup(pay.arena, from, sizeof *from);
    rows->payments = copy_payment(from->payments);
    rows->refunds = copy_refund(from->refunds);
    rows->payouts = copy_payout(from->payouts);
    rows->foreign_refunds = copy_foreign_refund(from->foreign_refunds);
    rows->disputes = copy_dispute(from->disputes);
    rows->goods_lines = copy_goods_line(from->goods_lines);
    for (struct payout *p = rows->payouts; p != NULL; p = p->next) {
        p->refund = refund_find(rows, p->refund->refund_id);
        p->payment = payment_find(rows, p->payment_id);
        p->due = payout_due_kind(p->state);
    }
    for (struct foreign_refund *f = rows->foreign_refunds; f != NULL; f = f->next)
        f->payment = payment_find_by_reference(rows, f->payment_id, f->provider_reference);
    for (struct dispute *d = rows->disputes; d != NULL; d = d->next)
        d->payment = payment_find_by_reference(rows, d->payment_id, d->provider_reference);
    return rows;
}

/* Events that no state tells. An id that is there already breaks the table's key. */
static void save_seen(struct seen **saved, const char *event_id)
{
    for (const struct seen *s = *saved; s != NULL; s = s->next)
        if (strcmp(s->event_id, event_id) == 0)
            sim_violate("rows: the event %s is kept twice", event_id);
    struct seen *seen = arena_zalloc(pay.arena, sizeof *seen);
    *seen = (struct seen){.event_id = event_id, .next = *saved};
    *saved = seen;
}

static void save_rows(int order, const struct order_rows *from)
{
    struct order_rows *rows = &pay.rows[order];
    save_payment(&rows->payments, from->payments);
    save_refund(&rows->refunds, from->refunds);
    save_payout(&rows->payouts, from->payouts);
    save_foreign_refund(&rows->foreign_refunds, from->foreign_refunds);
    save_dispute(&rows->disputes, from->disputes);
    save_goods_line(&rows->goods_lines, from->goods_lines);
    for (const struct seen *s = from->seen_goods; s != NULL && s->fresh; s = s->next)
        save_seen(&rows->seen_goods, s->event_id);
}

/* Deadlines. */

static size_t find_due(const struct pay_shard *shard, int order, enum due_kind kind,
                       const char *subject)
{
    size_t i = 0;
    while (i < shard->due_count && (shard->dues[i].order != order || shard->dues[i].kind != kind ||
                                    strcmp(shard->dues[i].subject, subject) != 0))
        i++;
    return i;
}

static void clear_due(struct pay_shard *shard, int order, enum due_kind kind, const char *subject)
{
    size_t at = find_due(shard, order, kind, subject);
    if (at < shard->due_count)
        shard->dues[at] = shard->dues[--shard->due_count];
}

static void change_due(struct pay_shard *shard, int order, const struct due_change *change)
{
    size_t at = find_due(shard, order, change->kind, change->subject);
    if (!change->set) {
        clear_due(shard, order, change->kind, change->subject);
        return;
    }
    if (at == PAY_DUES_MAX) {
        sim_violate("simulation: too many deadlines");
        return;
    }
    if (at == shard->due_count)
        shard->due_count++;
    shard->dues[at] = (struct pay_due){order, change->kind, change->subject, change->due_us};
}

const struct pay_due *pay_due_now(int shard, int64_t now_us, size_t nth)
{
    const struct pay_shard *saved = &pay.shards[shard];
    for (size_t i = 0; i < saved->due_count; i++)
        if (saved->dues[i].due_us <= now_us && nth-- == 0)
            return &saved->dues[i];
    return NULL;
}

/* Transactions. */

static void save_outcome(struct pay_shard *shard, const struct pay_outcome *outcome)
{
    const struct effects *effects = &outcome->effects;
    int order = outcome->event->order;
    if (outcome->event->kind == PAY_DUE)
        clear_due(shard, order, outcome->event->due, outcome->event->subject);
    for (const struct due_change *c = effects->due_changes.first; c != NULL; c = c->next)
        change_due(shard, order, c);
    for (const struct evidence_row *e = effects->evidence.first; e != NULL; e = e->next)
        save_seen(&pay.rows[order].seen_evidence, e->evidence->event_id);
}

bool pay_save(const struct pay_batch *batch)
{
    struct pay_shard *shard = &pay.shards[batch->shard];
    if (shard->epoch != batch->epoch || shard->seq != batch->seq)
        return false;
    shard->seq++;
    shard->clock_us = batch->now_us;
    memcpy(shard->next, batch->next, sizeof shard->next);
    for (int order = 0; order < PAY_ORDERS; order++)
        if (batch->rows[order] != NULL)
            save_rows(order, batch->rows[order]);
    for (size_t i = 0; i < batch->count; i++) {
        save_outcome(shard, &batch->outcomes[i]);
        pay_audit_event(&batch->outcomes[i], batch->now_us);
    }
    pay_audit_saved(batch);
    return true;
}

/* What was sent without an answer is looked up at once by whoever claims the shard. */
void pay_claim(int number, int instance)
{
    struct pay_shard *shard = &pay.shards[number];
    shard->epoch++;
    for (size_t i = 0; i < shard->due_count; i++)
        if (shard->dues[i].kind == DUE_LOOK_UP && shard->dues[i].due_us > pay_database_us())
            shard->dues[i].due_us = pay_database_us();
    pay.owner[number] = instance;
    pay.instances[instance].shards[number].owned = true;
    pay.instances[instance].shards[number].epoch = shard->epoch;
    pay.instances[instance].shards[number].seq = shard->seq;
    sim_say("instance %d claims shard %d, epoch %lld", instance, number, (long long)shard->epoch);
}
