#include "settlement_world.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define SECOND_US INT64_C(1000000)

static bool stripe_only(int provider)
{
    return provider == PROVIDER_STRIPE;
}

void world_start(struct world *world)
{
    *world = (struct world){
        .arena = arena_create((size_t)512 * 1024 * 1024),
        .limits = {.send_window_us = 10 * SECOND_US,
                   .call_timeout_us = 20 * SECOND_US,
                   .provider_delay_us = 10 * SECOND_US,
                   .key_life_us = 23 * 3600 * SECOND_US,
                   .capture_wait_us = 3600 * SECOND_US,
                   .goods_wait_us = 30 * 86400 * SECOND_US,
                   .poll_first_us = 60 * SECOND_US,
                   .last_look_us = 86400 * SECOND_US,
                   .alarm_every_us = 86400 * SECOND_US,
                   .fallbacks_max = 2,
                   .attempts_max = 3},
        .has_adapter = stripe_only,
        .capacity = {[PROVIDER_STRIPE] = 1000, [PROVIDER_ADYEN] = 1000, [PROVIDER_PAYPAL] = 1000},
        .now_us = INT64_C(1291888800) * SECOND_US, /* 2010-12-09T10:00:00Z, a Thursday */
        .epoch = 7,
    };
    cr_assert_not_null(world->arena);
}

void world_end(struct world *world)
{
    arena_destroy(world->arena);
}

void world_pass(struct world *world, int64_t us)
{
    world->now_us += us;
}

/* `rules` is the one stop that there is, or NULL; it is about refunds. */
static const struct rules_stop *stopped(const void *rules, const char *merchant_id,
                                        int32_t provider, const char *customer_token,
                                        const char *refund_id)
{
    const struct rules_stop *stop = rules;
    cr_assert_str_eq(merchant_id, "shop");
    cr_assert(provider > PROVIDER_NONE && provider < PROVIDERS);
    cr_assert_str_eq(customer_token, "17850");
    return stop != NULL && strcmp(stop->refund_id, refund_id) == 0 ? stop : NULL;
}

static struct settling begin(struct world *world)
{
    world->effects = (struct effects){0};
    world->events++;
    return (struct settling){
        .arena = world->arena,
        .merchant_id = "shop",
        .order_id = "536365",
        .rows = &world->rows,
        .limits = &world->limits,
        .has_adapter = world->has_adapter,
        .stopped = stopped,
        .rules = world->stop,
        .capacity = world->capacity,
        .now_us = world->now_us,
        .epoch = world->epoch,
        .cause = arena_printf(world->arena, "event/%d", world->events),
        .occurred_us = world->now_us,
        .effects = &world->effects,
    };
}

static void check_payment(const struct world *world, const struct payment *payment)
{
    int64_t in_flight = 0, refunded = 0, disputed = 0;
    for (const struct payout *p = world->rows.payouts; p != NULL; p = p->next) {
        if (p->payment != payment)
            continue;
        in_flight += payout_bucket(p->state) == BUCKET_IN_FLIGHT ? p->held_minor : 0;
        refunded += payout_bucket(p->state) == BUCKET_REFUNDED ? p->held_minor : 0;
        cr_assert(payout_bucket(p->state) != BUCKET_NONE || p->held_minor == 0);
    }
    for (const struct foreign_refund *f = world->rows.foreign_refunds; f != NULL; f = f->next)
        refunded += f->payment == payment ? f->counted_minor : 0;
    for (const struct dispute *d = world->rows.disputes; d != NULL; d = d->next)
        disputed += d->payment == payment ? d->counted_minor : 0;
    cr_assert_eq(payment->in_flight_minor, in_flight);
    cr_assert_eq(payment->refunded_minor, refunded);
    cr_assert_eq(payment->disputed_minor, disputed);
    cr_assert_eq(payment->over, in_flight + refunded + disputed > payment->captured_minor);
}

/* What must hold after every event: the row of each payment is the sum of what happened to it, the
 * ledger sums to zero, and its accounts are those sums. */
static void check_books(struct world *world)
{
    int64_t in_flight = 0, refunded = 0, disputed = 0, sum = 0;
    for (const struct transfer_row *t = world->effects.transfers.first; t != NULL; t = t->next) {
        cr_assert_gt(t->amount_minor, 0);
        if (t->movement == MOVEMENT_FEE || t->movement == MOVEMENT_FEE_RETURNED) {
            world->fees += t->movement == MOVEMENT_FEE ? t->amount_minor : -t->amount_minor;
            continue;
        }
        world->balances[movement_debited(t->movement)] += t->amount_minor;
        world->balances[movement_credited(t->movement)] -= t->amount_minor;
    }
    for (const struct payment *p = world->rows.payments; p != NULL; p = p->next) {
        check_payment(world, p);
        in_flight += p->in_flight_minor;
        refunded += p->refunded_minor;
        disputed += p->disputed_minor;
    }
    for (size_t i = 0; i < ACCOUNTS; i++)
        sum += world->balances[i];
    cr_assert_eq(sum, 0);
    cr_assert_eq(world->balances[ACCOUNT_PAYABLE], -in_flight);
    cr_assert_eq(world->balances[ACCOUNT_REFUNDS], in_flight + refunded);
    cr_assert_eq(world->balances[ACCOUNT_CLEARING] + world->balances[ACCOUNT_STORE_CREDIT] +
                     world->balances[ACCOUNT_BANK],
                 -refunded - disputed);
    cr_assert_eq(world->balances[ACCOUNT_DISPUTED] + world->balances[ACCOUNT_CHARGEBACKS],
                 disputed);
}

/* Versions count up by one, and what a publication says is complete. */
static void check_publications(const struct world *world)
{
    for (const struct publication *p = world->effects.publications.first; p != NULL; p = p->next) {
        int64_t sum = 0;
        for (size_t i = 0; i < p->note_count; i++) {
            cr_assert_geq(p->note[i].net_minor, 0);
            cr_assert_geq(p->note[i].tax_minor, 0);
            sum += p->note[i].net_minor + p->note[i].tax_minor;
        }
        cr_assert(p->note_count == 0 || sum == p->amount_minor);
        cr_assert_leq(p->ended, p->total);
        if (p->next != NULL && p->next->refund == p->refund)
            cr_assert_eq(p->next->version, p->version + 1);
    }
}

static enum status end(struct world *world, struct settling *settling, enum status status)
{
    world->objection = settling->objection;
    check_books(world);
    check_publications(world);
    return status;
}

enum status world_capture_as(struct world *world, const struct capture *capture)
{
    struct settling settling = begin(world);
    return end(world, &settling, settle_capture(&settling, capture));
}

enum status world_capture_by(struct world *world, const char *payment_id, int64_t minor,
                             const char *currency, int provider)
{
    const struct capture capture = {
        .payment_id = payment_id,
        .provider_reference = arena_printf(world->arena, "pi_%s", payment_id),
        .provider_account = "",
        .provider = provider,
        .method = 1,
        .amount_minor = minor,
        .currency = currency,
        .occurred_us = world->now_us,
    };
    return world_capture_as(world, &capture);
}

enum status world_capture(struct world *world, const char *payment_id, int64_t minor,
                          const char *currency)
{
    return world_capture_by(world, payment_id, minor, currency, PROVIDER_STRIPE);
}

struct approval_event world_approval(struct world *world, const char *refund_id, int64_t version,
                                     const struct share *shares, size_t share_count)
{
    int64_t sum = 0;
    for (size_t i = 0; i < share_count; i++)
        sum += shares[i].minor;
    struct note_line *line = arena_zalloc(world->arena, sizeof *line);
    struct share *copies = arena_memdup(world->arena, shares, share_count * sizeof *shares);
    *line = (struct note_line){"1", 2, sum, sum / 6, 200000};
    return (struct approval_event){.refund_id = refund_id,
                                   .version = version,
                                   .genuine = true,
                                   .refusal = "MAC",
                                   .key_id = "k1",
                                   .by_people = true,
                                   .payee = "",
                                   .customer = "17850",
                                   .market = "GB",
                                   .expires_us = world->now_us + SECOND_US,
                                   .shares = copies,
                                   .share_count = share_count,
                                   .amount_minor = sum,
                                   .currency = "GBP",
                                   .method = METHOD_ORIGINAL,
                                   .reason = 1,
                                   .lines = line,
                                   .line_count = 1,
                                   .occurred_us = world->now_us};
}

enum status world_apply_approval(struct world *world, const struct approval_event *approval)
{
    struct settling settling = begin(world);
    return end(world, &settling, settle_approval(&settling, approval));
}

enum status world_approve(struct world *world, const char *refund_id, int64_t version,
                          const struct share *shares, size_t share_count)
{
    struct approval_event approval = world_approval(world, refund_id, version, shares, share_count);
    return world_apply_approval(world, &approval);
}

enum status world_approve_one(struct world *world, const char *refund_id, int64_t version,
                              const char *payment_id, int64_t minor)
{
    const struct share share = {payment_id, minor};
    return world_approve(world, refund_id, version, &share, 1);
}

enum status world_cancel(struct world *world, const char *refund_id, int64_t version)
{
    struct settling settling = begin(world);
    const struct cancel_event cancel = {refund_id, version, world->now_us};
    return end(world, &settling, settle_cancel(&settling, &cancel));
}

enum status world_decline(struct world *world, const char *refund_id, int64_t version)
{
    struct settling settling = begin(world);
    const struct decline_event decline = {refund_id, version};
    return end(world, &settling, settle_decline(&settling, &decline));
}

enum status world_due(struct world *world, enum due_kind kind, const char *subject)
{
    struct settling settling = begin(world);
    return end(world, &settling, settle_due(&settling, kind, subject));
}

enum status world_goods(struct world *world, const char *event_id, const char *refund_id,
                        enum goods_kind kind, const char *line_id, int64_t units, int64_t accepted)
{
    struct settling settling = begin(world);
    const struct goods_count count = {line_id, units, accepted, world->condition};
    const struct goods_notice notice = {.event_id = event_id,
                                        .refund_id = refund_id,
                                        .kind = kind,
                                        .lines = &count,
                                        .line_count = line_id == NULL ? 0 : 1,
                                        .occurred_us = world->now_us};
    return end(world, &settling, settle_goods(&settling, &notice));
}

struct evidence world_evidence(struct world *world, const struct payout *payout,
                               enum evidence_kind kind, enum evidence_source source)
{
    return (struct evidence){
        .event_id = arena_printf(world->arena, "evidence/%d", world->events),
        .kind = kind,
        .source = source,
        .verified = true,
        .provider = PROVIDER_STRIPE,
        .epoch = world->epoch,
        .occurred_us = source == SOURCE_ANSWER ? payout->submitted_us : world->now_us,
        .payment_id = payout->payment_id,
        .provider_reference = "",
        .payout_id = payout->payout_id,
        .provider_refund_id = kind == EVIDENCE_REFUND ? "re_1" : "",
        .amount_minor = payout->amount_minor,
        .currency = payout->currency,
        .code = "",
        .dispute_id = "",
        .fee_currency = "",
    };
}

enum status world_tell(struct world *world, const struct evidence *evidence)
{
    struct settling settling = begin(world);
    struct evidence *copy = arena_memdup(world->arena, evidence, sizeof *evidence);
    return end(world, &settling, settle_evidence(&settling, copy));
}

enum status world_refund(struct world *world, const struct payout *payout,
                         enum refund_status status, enum evidence_source source)
{
    struct evidence evidence = world_evidence(world, payout, EVIDENCE_REFUND, source);
    evidence.status = status;
    return world_tell(world, &evidence);
}

enum status world_call_failed(struct world *world, const struct payout *payout,
                              enum call_failure failure, const char *code, int32_t http_status)
{
    struct evidence evidence = world_evidence(world, payout, EVIDENCE_CALL_FAILED, SOURCE_ANSWER);
    evidence.failure = failure;
    evidence.code = code;
    evidence.http_status = http_status;
    return world_tell(world, &evidence);
}

enum status world_not_found(struct world *world, const struct payout *payout)
{
    struct evidence evidence = world_evidence(world, payout, EVIDENCE_NOT_FOUND, SOURCE_LOOK_UP);
    return world_tell(world, &evidence);
}

void world_confirm_absent(struct world *world, const struct payout *payout)
{
    const struct settlement_limits *limits = &world->limits;
    world_pass(world, limits->send_window_us + limits->call_timeout_us + limits->provider_delay_us);
    cr_assert_eq(world_not_found(world, payout), STATUS_OK);
}

struct payout *world_payout(const struct world *world, size_t n)
{
    struct payout *payout = world->rows.payouts;
    for (; payout != NULL && n > 0; n--)
        payout = payout->next;
    return payout;
}

void world_start_captured(struct world *world)
{
    world_start(world);
    cr_assert_eq(world_capture(world, "pay_1", 3402, "GBP"), STATUS_OK);
}

struct payout *world_submitted(struct world *world)
{
    cr_assert_eq(world_approve_one(world, "rf_1", 1, "pay_1", 510), STATUS_OK);
    struct payout *payout = world_payout(world, 0);
    cr_assert_eq(payout->state, PAYOUT_SUBMITTED);
    return payout;
}

const struct publication *world_publication(const struct world *world, size_t n)
{
    const struct publication *publication = world->effects.publications.first;
    for (; publication != NULL && n > 0; n--)
        publication = publication->next;
    return publication;
}

size_t world_publications(const struct world *world)
{
    size_t count = 0;
    while (world_publication(world, count) != NULL)
        count++;
    return count;
}

const struct alarm *world_alarm(const struct world *world, size_t n)
{
    const struct alarm *alarm = world->effects.alarms.first;
    for (; alarm != NULL && n > 0; n--)
        alarm = alarm->next;
    return alarm;
}

const struct task *world_task(const struct world *world, size_t n)
{
    const struct task *task = world->effects.tasks.first;
    for (; task != NULL && n > 0; n--)
        task = task->next;
    return task;
}

void world_force(struct world *world, struct payout *payout, enum payout_state state)
{
    struct payment *payment = payout->payment;
    enum bucket from = payout_bucket(payout->state), to = payout_bucket(state);
    int64_t minor = from == BUCKET_NONE ? payout->amount_minor : payout->held_minor;
    if (from == BUCKET_IN_FLIGHT) {
        payment->in_flight_minor -= minor;
        world->balances[ACCOUNT_PAYABLE] += minor;
        world->balances[ACCOUNT_REFUNDS] -= minor;
    }
    cr_assert_neq((int)from, (int)BUCKET_REFUNDED);
    payout->held_minor = to == BUCKET_NONE ? 0 : minor;
    if (to != BUCKET_NONE)
        world->balances[ACCOUNT_REFUNDS] += minor;
    if (to == BUCKET_IN_FLIGHT) {
        payment->in_flight_minor += minor;
        world->balances[ACCOUNT_PAYABLE] -= minor;
    }
    if (to == BUCKET_REFUNDED) {
        payment->refunded_minor += minor;
        world->balances[ACCOUNT_CLEARING] -= minor;
    }
    payout->state = state;
    payout->due = payout_due_kind(state);
}
