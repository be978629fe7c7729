/* Random orders with random events in random order. After each one the world checks that every
 * payment's row is the sum of what happened to it, that the ledger sums to zero and agrees, and
 * that versions have no gap; here is checked that nothing was started above the cap or sent
 * twice. */

#include "settlement_world.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 400, STEPS = 120 };

#define SECOND_US INT64_C(1000000)

static struct world world;
static unsigned seed;

static int64_t below(int64_t limit)
{
    return rand_r(&seed) % limit;
}

static const char *pick_id(const char *prefix, int64_t count)
{
    return arena_printf(world.arena, "%s_%lld", prefix, (long long)below(count));
}

static struct payout *pick_payout(void)
{
    size_t count = 0;
    while (world_payout(&world, count) != NULL)
        count++;
    return count == 0 ? NULL : world_payout(&world, (size_t)below((int64_t)count));
}

static enum status approve(void)
{
    struct share shares[2];
    size_t count = (size_t)below(2) + 1;
    for (size_t i = 0; i < count; i++)
        shares[i] = (struct share){arena_printf(world.arena, "pay_%zu", i), below(600) + 1};
    struct approval_event event =
        world_approval(&world, pick_id("rf", 4), below(6) + 1, shares, count);
    event.genuine = below(8) > 0;
    event.goods_required = below(4) == 0;
    event.method = below(6) == 0 ? METHOD_BANK_TRANSFER : METHOD_ORIGINAL;
    event.payee = below(4) == 0 ? "" : "account-7";
    return world_apply_approval(&world, &event);
}

static enum status say(void)
{
    static const char *const codes[] = {"", "declined", "expired_or_canceled_card",
                                        "charge_already_refunded"};
    const struct payout *payout = pick_payout();
    if (payout == NULL)
        return STATUS_OK;
    struct evidence said = world_evidence(&world, payout, (enum evidence_kind)below(4),
                                          (enum evidence_source)(below(3) + 1));
    said.status = (enum refund_status)(below(5) + 1);
    said.failure = (enum call_failure)(below(3) + 1);
    said.dispute = (enum dispute_state)(below(4) + 1);
    said.dispute_id = pick_id("dp", 3);
    said.code = codes[below(4)];
    said.verified = below(4) > 0;
    said.epoch = world.epoch - (below(6) == 0);
    said.http_status = below(3) == 0 ? 500 : 0;
    said.occurred_us -= below(5) == 0 ? 50 * SECOND_US : 0;
    if (below(6) == 0)
        said.amount_minor = below(900) + 1;
    if (said.kind == EVIDENCE_DISPUTE || below(8) == 0)
        said.payout_id = said.kind == EVIDENCE_CALL_FAILED ? said.payout_id : "";
    if (said.kind == EVIDENCE_REFUND && below(3) == 0)
        said.provider_refund_id = pick_id("re", 5);
    return world_tell(&world, &said);
}

static enum status expire(void)
{
    const struct payout *payout = pick_payout();
    if (payout == NULL)
        return STATUS_OK;
    if (below(5) == 0)
        return world_due(&world, DUE_GOODS, payout->refund->refund_id);
    if (payout->due == DUE_NOTHING)
        return STATUS_OK;
    return world_due(&world, payout->due, payout->payout_id);
}

static enum status step(void)
{
    switch (below(9)) {
    case 0:
        return world_capture(&world, pick_id("pay", 2), 1000, "GBP");
    case 1:
    case 2:
        return approve();
    case 3:
        return below(3) > 0 ? STATUS_OK : world_cancel(&world, pick_id("rf", 4), below(6) + 1);
    case 4:
        return world_goods(&world, pick_id("g", 40), pick_id("rf", 4), (enum goods_kind)below(4),
                           "1", below(2) + 1, 1);
    case 5:
        return expire();
    default:
        return say();
    }
}

/* A payment's own payouts never go above what it was captured for, whatever was said before. */
static void check_started(const bool *over_before)
{
    size_t i = 0;
    for (const struct payment *p = world.rows.payments; p != NULL; p = p->next, i++) {
        int64_t started = 0;
        for (const struct transfer_row *t = world.effects.transfers.first; t != NULL; t = t->next)
            started += t->payment == p && t->movement == MOVEMENT_RESERVED ? t->amount_minor : 0;
        for (const struct task *t = world.effects.tasks.first; t != NULL; t = t->next)
            if (t->kind == TASK_SEND && t->payout->payment == p)
                cr_assert(!p->over && !over_before[i]);
    }
}

/* One key is in flight once: two sends of a payout are two attempts, and the second only after a
 * look-up that counts, or after nothing was sent. */
static void check_sends(void)
{
    for (const struct task *t = world.effects.tasks.first; t != NULL; t = t->next) {
        if (t->kind != TASK_SEND)
            continue;
        cr_assert_eq(t->payout->state, PAYOUT_SUBMITTED);
        cr_assert_eq(t->asked_us, t->payout->submitted_us);
        for (const struct task *other = t->next; other != NULL; other = other->next)
            cr_assert(other->kind != TASK_SEND || other->payout != t->payout);
    }
}

static void note_states(bool *reached)
{
    for (const struct payout *p = world.rows.payouts; p != NULL; p = p->next)
        reached[p->state] = true;
}

Test(settlement_property, the_books_hold_whatever_happens, .timeout = 300)
{
    bool reached[PAYOUT_STATES] = {false};
    for (int round = 0; round < ROUNDS; round++) {
        seed = (unsigned)round;
        world_start(&world);
        for (int i = 0; i < STEPS; i++) {
            bool over[8] = {false};
            size_t at = 0;
            for (const struct payment *p = world.rows.payments; p != NULL && at < 8; p = p->next)
                over[at++] = p->over;
            const struct payment *first = world.rows.payments;
            world.capacity[PROVIDER_STRIPE] = (size_t)below(4);
            world_pass(&world, below(60) * SECOND_US);
            enum status status = step();
            cr_assert(status == STATUS_OK || status == STATUS_DUPLICATE ||
                      status == STATUS_UNPROCESSABLE);
            if (status != STATUS_OK)
                cr_assert_null(world.effects.publications.first);
            if (first == world.rows.payments)
                check_started(over);
            check_sends();
            note_states(reached);
        }
        world_end(&world);
    }
    for (int state = 0; state < PAYOUT_STATES; state++)
        cr_assert(reached[state], "%s was never reached",
                  payout_state_name((enum payout_state)state));
}

/* The order in which approvals and captures come does not change what is paid. */
Test(settlement_property, captures_and_approvals_commute)
{
    for (int round = 0; round < 200; round++) {
        int64_t paid[2] = {0, 0};
        for (int order = 0; order < 2; order++) {
            seed = (unsigned)round;
            world_start(&world);
            int64_t minor = below(900) + 1, other = below(900) + 1;
            if (order == 0)
                cr_assert_eq(world_capture(&world, "pay_1", 1000, "GBP"), STATUS_OK);
            cr_assert_eq(world_approve_one(&world, "rf_1", 1, "pay_1", minor), STATUS_OK);
            cr_assert_eq(world_approve_one(&world, "rf_2", 1, "pay_1", other), STATUS_OK);
            if (order == 1)
                cr_assert_eq(world_capture(&world, "pay_1", 1000, "GBP"), STATUS_OK);
            paid[order] = world.rows.payments->in_flight_minor;
            cr_assert_leq(paid[order], 1000);
            world_end(&world);
        }
        cr_assert_eq(paid[0], paid[1]);
    }
}
