/* After the commit: what was decided to be sent goes to the sender. What it cannot take stays
 * SUBMITTED, and the look-up that is due for it finds that nothing was sent. */

#include "sender.h"
#include "settlement_batch.h"

#include <string.h>

enum { PUSH_MAX = 64 };

static void copy(char *to, size_t size, const char *from)
{
    (void)strncpy(to, from, size - 1);
    to[size - 1] = '\0';
}

static void fill(struct job *job, const struct event *event, const struct task *task)
{
    const struct payout *payout = task->payout;
    const struct payment *payment = payout->payment;
    memset(job, 0, sizeof *job);
    job->kind = task->kind;
    job->shard = event->shard;
    job->epoch = event->epoch;
    job->asked_us = task->asked_us;
    job->provider = payout->provider;
    copy(job->merchant_id, sizeof job->merchant_id, event->order->merchant_id);
    copy(job->order_id, sizeof job->order_id, event->order->order_id);
    copy(job->payment_id, sizeof job->payment_id, payment->payment_id);
    if (event->envelope.traceparent != NULL)
        copy(job->traceparent, sizeof job->traceparent, event->envelope.traceparent);
    copy(job->payout.payout_id, sizeof job->payout.payout_id, payout->payout_id);
    copy(job->payout.refund_id, sizeof job->payout.refund_id, payout->refund->refund_id);
    copy(job->payout.reference, sizeof job->payout.reference, payment->provider_reference);
    copy(job->payout.account, sizeof job->payout.account, payment->provider_account);
    copy(job->payout.provider_refund_id, sizeof job->payout.provider_refund_id,
         payout->provider_refund_id);
    copy(job->payout.currency, sizeof job->payout.currency, payout->currency);
    job->payout.amount_minor = payout->amount_minor;
    copy(job->customer, sizeof job->customer, payout->refund->customer);
    job->payout.reason = payout->refund->reason;
    job->payout.form = payout->form;
}

void settlement_committed(struct batch *batch)
{
    struct settlement *settlement = batch->context;
    const struct settlement_rows *rows = batch->rows;
    static struct job jobs[PUSH_MAX]; /* one loop per process */
    size_t count = 0;
    settlement->stops_revision = rules_revision(settlement->rules);
    if (settlement->sender == NULL)
        return;
    for (const struct outcome *o = rows->outcomes; o != NULL; o = o->next)
        for (const struct task *task = o->effects.tasks.first; task != NULL; task = task->next) {
            fill(&jobs[count++], o->event, task);
            if (count == PUSH_MAX) {
                (void)sender_push(settlement->sender, jobs, count);
                count = 0;
            }
        }
    (void)sender_push(settlement->sender, jobs, count);
}
