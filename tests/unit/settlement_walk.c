#include "settlement_walk.h"

#include <criterion/criterion.h>
#include <string.h>

enum { PAYMENTS_MAX = 8 };

#define SECOND_US INT64_C(1000000)

static bool every_provider(int provider)
{
    return provider != PROVIDER_MANUAL;
}

static int64_t below(struct settlement_walk *walk, int64_t limit)
{
    return source_below(walk->source, limit);
}

static int64_t amount(struct settlement_walk *walk, int64_t usual)
{
    return walk->wild ? source_amount(walk->source, AMOUNT_MAX) : below(walk, usual) + 1;
}

static const char *currency(struct settlement_walk *walk)
{
    static const char *const others[] = {"GBP", "JPY", "EUR"};
    return walk->wild && below(walk, 8) == 0 ? others[below(walk, 3)] : "GBP";
}

static const char *pick_id(struct settlement_walk *walk, const char *prefix, int64_t count)
{
    return arena_printf(walk->world->arena, "%s_%lld", prefix, (long long)below(walk, count));
}

static struct payout *pick_payout(struct settlement_walk *walk)
{
    size_t count = 0;
    while (world_payout(walk->world, count) != NULL)
        count++;
    return count == 0 ? NULL : world_payout(walk->world, (size_t)below(walk, (int64_t)count));
}

static enum status capture(struct settlement_walk *walk)
{
    const char *payment_id = pick_id(walk, "pay", 2);
    if (!walk->wild)
        return world_capture(walk->world, payment_id, 1000, "GBP");
    int provider = (int)below(walk, PROVIDERS - 1) + 1;
    return world_capture_by(walk->world, payment_id, amount(walk, 1000), currency(walk), provider);
}

static const struct refund *find_refund(const struct settlement_walk *walk, const char *refund_id)
{
    const struct refund *refund = walk->world->rows.refunds;
    while (refund != NULL && strcmp(refund->refund_id, refund_id) != 0)
        refund = refund->next;
    return refund;
}

/* Only a genuine approval in time, newer than all before it, of a refund that was not taken back.
 */
static bool may_reserve(const struct settlement_walk *walk, const struct approval_event *event)
{
    const struct refund *refund = find_refund(walk, event->refund_id);
    return event->genuine && event->expires_us > walk->world->now_us &&
           (refund == NULL || (!refund->cancelled && event->version > refund->routed_version));
}

static enum status approve(struct settlement_walk *walk)
{
    struct share shares[2];
    size_t count = (size_t)below(walk, 2) + 1;
    for (size_t i = 0; i < count; i++)
        shares[i] =
            (struct share){arena_printf(walk->world->arena, "pay_%zu", i), amount(walk, 600)};
    struct approval_event event =
        world_approval(walk->world, pick_id(walk, "rf", 4), below(walk, 6) + 1, shares, count);
    event.genuine = below(walk, 8) > 0;
    event.goods_required = below(walk, 4) == 0;
    event.method = below(walk, 6) == 0 ? METHOD_BANK_TRANSFER : METHOD_ORIGINAL;
    event.payee = below(walk, 4) == 0 ? "" : "account-7";
    if (walk->wild) {
        event.currency = currency(walk);
        event.by_people = below(walk, 4) > 0;
        event.method = (int)below(walk, METHODS - 1) + 1;
        event.amount_minor -= below(walk, 6) == 0 && event.amount_minor > 1;
        event.expires_us -= below(walk, 6) == 0 ? 2 * SECOND_US : 0;
    }
    walk->may_book = may_reserve(walk, &event);
    return world_apply_approval(walk->world, &event);
}

static void say_wildly(struct settlement_walk *walk, struct evidence *said)
{
    said->currency = currency(walk);
    said->provider = (int)below(walk, PROVIDERS - 1) + 1;
    said->fee_minor = below(walk, 4) == 0 ? amount(walk, 100) : 0;
    said->fee_currency = said->fee_minor > 0 ? currency(walk) : "";
    if (below(walk, 3) == 0)
        said->amount_minor = amount(walk, 900);
    if (below(walk, 8) == 0)
        said->payment_id = "";
}

static enum status say(struct settlement_walk *walk)
{
    static const char *const codes[] = {"", "declined", "expired_or_canceled_card",
                                        "charge_already_refunded"};
    struct world *world = walk->world;
    const struct payout *payout = pick_payout(walk);
    if (payout == NULL)
        return STATUS_OK;
    struct evidence said = world_evidence(world, payout, (enum evidence_kind)below(walk, 4),
                                          (enum evidence_source)(below(walk, 3) + 1));
    said.status = (enum refund_status)(below(walk, 5) + 1);
    said.failure = (enum call_failure)(below(walk, 3) + 1);
    said.dispute = (enum dispute_state)(below(walk, 4) + 1);
    said.dispute_id = pick_id(walk, "dp", 3);
    said.code = codes[below(walk, 4)];
    said.verified = below(walk, 4) > 0;
    said.epoch = world->epoch - (below(walk, 6) == 0);
    said.http_status = below(walk, 3) == 0 ? 500 : 0;
    said.occurred_us -= below(walk, 5) == 0 ? 50 * SECOND_US : 0;
    if (below(walk, 6) == 0)
        said.amount_minor = below(walk, 900) + 1;
    if (walk->wild)
        say_wildly(walk, &said);
    if (said.kind == EVIDENCE_DISPUTE || below(walk, 8) == 0)
        said.payout_id = said.kind == EVIDENCE_CALL_FAILED ? said.payout_id : "";
    if (said.kind == EVIDENCE_REFUND && below(walk, 3) == 0)
        said.provider_refund_id = pick_id(walk, "re", 5);
    walk->may_free = said.verified;
    return world_tell(world, &said);
}

static enum status expire(struct settlement_walk *walk)
{
    const struct payout *payout = pick_payout(walk);
    if (payout == NULL)
        return STATUS_OK;
    if (below(walk, 5) == 0)
        return world_due(walk->world, DUE_GOODS, payout->refund->refund_id);
    if (payout->due == DUE_NOTHING)
        return STATUS_OK;
    return world_due(walk->world, payout->due, payout->payout_id);
}

static enum status bring_goods(struct settlement_walk *walk)
{
    const char *event_id = pick_id(walk, "g", 40), *refund_id = pick_id(walk, "rf", 4);
    enum goods_kind kind = (enum goods_kind)below(walk, 4);
    int64_t units = walk->wild ? source_amount(walk->source, UNITS_MAX) : below(walk, 2) + 1;
    return world_goods(walk->world, event_id, refund_id, kind, "1", units,
                       walk->wild ? below(walk, units + 1) : 1);
}

static enum status take_back(struct settlement_walk *walk)
{
    if (below(walk, 3) > 0)
        return STATUS_OK;
    const char *refund_id = pick_id(walk, "rf", 4);
    int64_t version = below(walk, 6) + 1;
    return walk->wild && below(walk, 2) == 0 ? world_decline(walk->world, refund_id, version)
                                             : world_cancel(walk->world, refund_id, version);
}

/* `outside`: what was said is a fact, whatever it does to the cap. */
static enum status move(struct settlement_walk *walk, bool *outside)
{
    int64_t what = below(walk, 9);
    *outside = what == 0 || what > 5;
    switch (what) {
    case 0:
        return capture(walk);
    case 1:
    case 2:
        return approve(walk);
    case 3:
        return take_back(walk);
    case 4:
        return bring_goods(walk);
    case 5:
        return expire(walk);
    default:
        return say(walk);
    }
}

/* A payment's own payouts never go above what it was captured for, whatever was said before. */
static void check_started(const struct settlement_walk *walk, const bool *over_before, bool outside)
{
    const struct effects *effects = &walk->world->effects;
    size_t i = 0;
    for (const struct payment *p = walk->world->rows.payments; p != NULL; p = p->next, i++) {
        cr_assert(outside || !p->over || over_before[i]);
        for (const struct task *t = effects->tasks.first; t != NULL; t = t->next)
            if (t->kind == TASK_SEND && t->payout->payment == p)
                cr_assert(!p->over && !over_before[i]);
    }
}

/* One key is in flight once: two sends of a payout are two attempts, and the second only after a
 * look-up that counts, or after nothing was sent. */
static void check_sends(const struct settlement_walk *walk)
{
    for (const struct task *t = walk->world->effects.tasks.first; t != NULL; t = t->next) {
        if (t->kind != TASK_SEND)
            continue;
        cr_assert_eq(t->payout->state, PAYOUT_SUBMITTED);
        cr_assert_eq(t->asked_us, t->payout->submitted_us);
        for (const struct task *other = t->next; other != NULL; other = other->next)
            cr_assert(other->kind != TASK_SEND || other->payout != t->payout);
    }
}

static void prepare(struct settlement_walk *walk)
{
    struct world *world = walk->world;
    world->capacity[PROVIDER_STRIPE] = (size_t)below(walk, 4);
    world_pass(world, below(walk, 60) * SECOND_US);
    if (!walk->wild)
        return;
    static struct rules_stop stop = {.id = "stop", .reason = "", .merchant_id = ""};
    world->has_adapter = every_provider;
    world_pass(world, below(walk, 8) == 0 ? below(walk, 40) * 86400 * SECOND_US : 0);
    stop.refund_id = pick_id(walk, "rf", 4);
    world->stop = below(walk, 8) == 0 ? &stop : NULL;
}

static int64_t held(const struct payment *payment)
{
    return payment->refunded_minor + payment->in_flight_minor + payment->disputed_minor;
}

/* What each payment was before the step. */
struct before {
    const struct payment *first;
    bool over[PAYMENTS_MAX];
    int64_t held[PAYMENTS_MAX];
};

static struct before before_step(const struct settlement_walk *walk)
{
    struct before before = {.first = walk->world->rows.payments};
    size_t at = 0;
    for (const struct payment *p = before.first; p != NULL && at < PAYMENTS_MAX; p = p->next) {
        before.over[at] = p->over;
        before.held[at++] = held(p);
    }
    return before;
}

/* Nothing moves, or nothing is freed, on the word of somebody who may not say it. */
static void check_vouched(const struct settlement_walk *walk, const struct before *before)
{
    size_t at = 0;
    cr_assert(walk->may_book || walk->world->effects.transfers.first == NULL);
    for (const struct payment *p = before->first; p != NULL && at < PAYMENTS_MAX; p = p->next)
        cr_assert(walk->may_free || held(p) >= before->held[at++]);
}

void settlement_step(struct settlement_walk *walk)
{
    const struct before before = before_step(walk);
    bool outside = false;
    prepare(walk);
    walk->world->effects = (struct effects){0};
    walk->may_book = walk->may_free = true;
    enum status status = move(walk, &outside);
    cr_assert(status == STATUS_OK || status == STATUS_DUPLICATE || status == STATUS_UNPROCESSABLE);
    if (status != STATUS_OK)
        cr_assert_null(walk->world->effects.publications.first);
    if (before.first == walk->world->rows.payments) {
        check_started(walk, before.over, outside);
        check_vouched(walk, &before);
    }
    check_sends(walk);
}
