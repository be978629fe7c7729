/* What people do: customers ask and take back, approvers approve and decline, goods come, captures
 * are reported, and somebody writes what is not true. */

#include "pay.h"

#include <string.h>

static struct approval_event approval(int order, struct pay_refund *refund)
{
    return (struct approval_event){.refund_id = refund->refund_id,
                                   .version = ++refund->version,
                                   .genuine = true,
                                   .refusal = "MAC",
                                   .key_id = "k1",
                                   .by_people = true,
                                   .payee = "",
                                   .customer = arena_printf(pay.arena, "c_%d", order),
                                   .market = "GB",
                                   .expires_us = pay_database_us() + 3600 * PAY_SECOND_US,
                                   .currency = "GBP",
                                   .method = METHOD_ORIGINAL,
                                   .reason = 1,
                                   .occurred_us = sim_run.now_us};
}

static void set_shares(struct approval_event *event, const struct share *shares, size_t count,
                       int64_t claimed_minor)
{
    struct note_line *line = arena_zalloc(pay.arena, sizeof *line);
    *line = (struct note_line){"1", 2, claimed_minor, claimed_minor / 6, 200000};
    event->shares = arena_memdup(pay.arena, shares, count * sizeof *shares);
    event->share_count = count;
    event->lines = line;
    event->line_count = 1;
    for (size_t i = 0; i < count; i++)
        event->amount_minor += shares[i].minor;
}

static void set_method(struct approval_event *event)
{
    uint64_t dice = sim_random(20);
    event->method = dice == 0   ? METHOD_STORE_CREDIT
                    : dice == 1 ? METHOD_BANK_TRANSFER
                                : METHOD_ORIGINAL;
    event->payee = dice == 1 ? "account-7" : "";
}

static void say(int order, struct pay_refund *refund, enum pay_event_kind kind, const void *body,
                size_t size)
{
    const struct pay_event *event = pay_event(kind, order, body, size);
    refund->last = event;
    pay_append(PAY_ROUTED, event);
}

static void ask(int order, struct pay_refund *refund)
{
    size_t count = 1 + (size_t)sim_random(2), first = (size_t)sim_random(2);
    struct share shares[2];
    for (size_t i = 0; i < count; i++)
        shares[i] = (struct share){pay_payment_id(order, (int)((first + i) % PAY_PAYMENTS)),
                                   1 + (int64_t)sim_random(500)};
    refund->claimed_minor = shares[0].minor + (count == 2 ? shares[1].minor : 0);
    struct approval_event event = approval(order, refund);
    set_shares(&event, shares, count, refund->claimed_minor);
    set_method(&event);
    event.goods_required = sim_chance(150);
    if (sim_chance(40))
        event.expires_us = 0;
    sim_say("order %d: %lld of %s are approved%s", order, (long long)event.amount_minor,
            refund->refund_id, event.goods_required ? ", for goods" : "");
    say(order, refund, PAY_APPROVAL, &event, sizeof event);
}

static void take_back(int order, struct pay_refund *refund)
{
    const struct cancel_event event = {refund->refund_id, ++refund->version, sim_run.now_us};
    sim_say("order %d: %s is taken back", order, refund->refund_id);
    say(order, refund, PAY_CANCEL, &event, sizeof event);
}

/* How to pay what could not be paid: approved anew, as one share, or not at all. */
static void decide_again(int order, struct pay_refund *refund, int64_t minor)
{
    if (sim_chance(300)) {
        const struct decline_event event = {refund->refund_id, ++refund->version};
        sim_say("order %d: no other way to pay %s", order, refund->refund_id);
        say(order, refund, PAY_DECLINE, &event, sizeof event);
        return;
    }
    struct approval_event event = approval(order, refund);
    const struct share share = {pay_payment_id(order, (int)sim_random(PAY_PAYMENTS)), minor};
    set_shares(&event, &share, 1, refund->claimed_minor);
    set_method(&event);
    sim_say("order %d: %lld of %s are approved again", order, (long long)minor, refund->refund_id);
    say(order, refund, PAY_APPROVAL, &event, sizeof event);
}

static void bring_goods(int order, const struct pay_refund *refund)
{
    const struct goods_count count = {.line_id = "1",
                                      .units = 1 + (int64_t)sim_random(2),
                                      .accepted_units = (int64_t)sim_random(2)};
    const struct goods_notice notice = {.event_id = pay_name("g"),
                                        .refund_id = refund->refund_id,
                                        .kind = (enum goods_kind)sim_random(4),
                                        .lines = arena_memdup(pay.arena, &count, sizeof count),
                                        .line_count = 1,
                                        .occurred_us = sim_run.now_us};
    const struct pay_event *event = pay_event(PAY_GOODS_NOTICE, order, &notice, sizeof notice);
    sim_say("order %d: goods of %s: %d", order, refund->refund_id, (int)notice.kind);
    pay_append(PAY_GOODS, event);
    if (sim_chance(200))
        pay_append(PAY_GOODS, event);
}

static void tell_capture(int order, int payment)
{
    const struct capture capture = {.payment_id = pay_payment_id(order, payment),
                                    .provider_reference = pay_reference(order, payment),
                                    .provider_account = "",
                                    .provider = pay.providers[order][payment],
                                    .method = 1,
                                    .amount_minor = PAY_CAPTURED,
                                    .currency = "GBP",
                                    .occurred_us = sim_run.now_us};
    pay.captured[order][payment] = true;
    sim_say("order %d: payment %d is captured", order, payment);
    pay_append(PAY_CAPTURES, pay_event(PAY_CAPTURE, order, &capture, sizeof capture));
}

void pay_tell_captures(void)
{
    for (int order = 0; order < PAY_ORDERS; order++)
        for (int payment = 0; payment < PAY_PAYMENTS; payment++)
            if (!pay.captured[order][payment])
                tell_capture(order, payment);
}

/* A refund that was sent and is not any more: its money could be freed too early. */
static bool lose_patience(int order)
{
    if (sim_chance(400))
        return false;
    for (const struct payout *p = pay.rows[order].payouts; p != NULL; p = p->next)
        if (p->state == PAYOUT_RESERVED && p->submitted_us > 0) {
            take_back(order, &pay.refunds[order][pay_last_digit(p->refund->refund_id)]);
            return true;
        }
    return false;
}

void pay_people_step(void)
{
    int order = (int)sim_random(PAY_ORDERS), payment = (int)sim_random(PAY_PAYMENTS);
    int number = (int)sim_random(PAY_REFUNDS);
    struct pay_refund *refund = &pay.refunds[order][number];
    int64_t fallback_minor = pay_audit_fallback(order, number);
    uint64_t dice = sim_random(100);
    for (int i = 0; i < PAY_ORDERS; i++)
        if (lose_patience((order + i) % PAY_ORDERS))
            return;
    if (!pay.captured[order][payment] || dice < 3)
        tell_capture(order, payment);
    else if (fallback_minor > 0)
        decide_again(order, refund, fallback_minor);
    else if (refund->version == 0)
        ask(order, refund);
    else if (dice < 15)
        take_back(order, refund);
    else if (dice < 25)
        decide_again(order, refund, 1 + (int64_t)sim_random((uint64_t)refund->claimed_minor));
    else if (dice < 40)
        pay_append(PAY_ROUTED, refund->last);
    else if (dice < 80)
        bring_goods(order, refund);
}

/* Forgers. Everybody can write to a topic; nobody vouches for what they say. */

static void forge_approval(int order, const struct pay_refund *refund)
{
    const struct share share = {pay_payment_id(order, 0), 1 + (int64_t)sim_random(900)};
    struct pay_refund other = *refund;
    struct approval_event event = approval(order, &other);
    set_shares(&event, &share, 1, share.minor);
    event.genuine = false;
    pay_append(PAY_ROUTED, pay_event(PAY_APPROVAL, order, &event, sizeof event));
}

static bool forge_ending(int order)
{
    const char *payout_id = pay_audit_payout(order, sim_random(64));
    if (payout_id == NULL)
        return false;
    struct evidence said = {
        .event_id = pay_name("forged"),
        .kind = (enum evidence_kind)sim_random(3),
        .source = sim_chance(500) ? SOURCE_WEBHOOK : SOURCE_LOOK_UP,
        .provider = PROVIDER_STRIPE,
        .epoch = pay.shards[pay_shard_of(order)].epoch,
        .occurred_us = pay_database_us() + 3600 * PAY_SECOND_US,
        .payment_id = pay_payment_id(order, 0),
        .provider_reference = "",
        .payout_id = payout_id,
        .provider_refund_id = "",
        .status = sim_chance(500) ? REFUND_STATUS_FAILED : REFUND_STATUS_CANCELLED,
        .failure = sim_chance(500) ? CALL_FAILURE_REFUSED : CALL_FAILURE_NOT_SENT,
        .amount_minor = 1,
        .currency = "GBP",
        .code = "declined",
        .dispute_id = "",
        .fee_currency = "",
    };
    for (const struct payout *p = pay.rows[order].payouts; p != NULL; p = p->next)
        if (strcmp(p->payout_id, payout_id) == 0) {
            said.occurred_us = p->submitted_us;
            said.provider_refund_id = p->provider_refund_id;
        }
    if (said.kind == EVIDENCE_REFUND && said.provider_refund_id[0] == '\0')
        said.kind = EVIDENCE_NOT_FOUND;
    sim_say("somebody says that %s ended: %d", payout_id, (int)said.kind);
    pay_append(PAY_PROVIDER_EVENTS, pay_event(PAY_EVIDENCE, order, &said, sizeof said));
    return true;
}

bool pay_forge(void)
{
    int order = (int)sim_random(PAY_ORDERS);
    const struct pay_refund *refund = &pay.refunds[order][sim_random(PAY_REFUNDS)];
    if (sim_chance(700))
        return forge_ending(order);
    sim_say("somebody forges an approval of %s", refund->refund_id);
    forge_approval(order, refund);
    return true;
}
