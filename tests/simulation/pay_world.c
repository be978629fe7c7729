/* The world of payouts: steps and faults. */

#include "pay.h"
#include "sim_fault.h"

#include <stdio.h>
#include <string.h>

#define HOUR_US (3600 * PAY_SECOND_US)

enum { ARENA_MAX = 512 * 1024 * 1024, CALM_STEPS = 40000, FROZEN_MOST_S = 900 };

/* X(what it is, how often of a thousand steps) */
#define FAULT_ROWS(X)  \
    X(killed, 5)       \
    X(frozen, 6)       \
    X(taken_over, 6)   \
    X(time_jumped, 4)  \
    X(clock_skewed, 4) \
    X(failed_late, 6)  \
    X(paid_by_hand, 5) \
    X(charged_back, 6) \
    X(forged, 10)      \
    X(stops_changed, 5)

struct pay pay;

const struct settlement_limits pay_limits = {
    .send_window_us = 10 * PAY_SECOND_US,
    .call_timeout_us = 20 * PAY_SECOND_US,
    .provider_delay_us = 10 * PAY_SECOND_US,
    .key_life_us = 0,
    .capture_wait_us = HOUR_US,
    .goods_wait_us = 30 * 24 * HOUR_US,
    .poll_first_us = 60 * PAY_SECOND_US,
    .last_look_us = 600 * PAY_SECOND_US,
    .alarm_every_us = 24 * HOUR_US,
    .fallbacks_max = 2,
    .attempts_max = 5,
};

/* Names and places. */

int pay_shard_of(int order)
{
    return order % PAY_SHARDS;
}

const char *pay_order_id(int order)
{
    static const char *const ids[PAY_ORDERS] = {"0", "1", "2", "3"};
    return ids[order];
}

static const char *const PAYMENTS[PAY_ORDERS][PAY_PAYMENTS] = {
    {"pay_0_0", "pay_0_1"}, {"pay_1_0", "pay_1_1"}, {"pay_2_0", "pay_2_1"}, {"pay_3_0", "pay_3_1"}};
static const char *const REFERENCES[PAY_ORDERS][PAY_PAYMENTS] = {
    {"pi_0_0", "pi_0_1"}, {"pi_1_0", "pi_1_1"}, {"pi_2_0", "pi_2_1"}, {"pi_3_0", "pi_3_1"}};

const char *pay_payment_id(int order, int payment)
{
    return PAYMENTS[order][payment];
}

const char *pay_reference(int order, int payment)
{
    return REFERENCES[order][payment];
}

int pay_last_digit(const char *id)
{
    return id[strlen(id) - 1] - '0';
}

const char *pay_name(const char *prefix)
{
    return arena_printf(pay.arena, "%s_%lld", prefix, (long long)++pay.names);
}

const struct pay_event *pay_event(enum pay_event_kind kind, int order, const void *body,
                                  size_t size)
{
    const struct pay_event event = {
        .kind = kind, .order = order, .body = arena_memdup(pay.arena, body, size)};
    return arena_memdup(pay.arena, &event, sizeof event);
}

void pay_append(enum pay_topic topic, const struct pay_event *event)
{
    struct pay_log *log = &pay.logs[pay_shard_of(event->order)][topic];
    if (log->count == PAY_LOG_MAX)
        sim_violate("simulation: a log is full");
    else
        log->events[log->count++] = event;
}

int64_t pay_database_us(void)
{
    return sim_run.now_us + pay.skew_us;
}

/* Faults. True: it happened. */

static bool fail_killed(void)
{
    int number = (int)sim_random(PAY_INSTANCES);
    if (!pay.instances[number].alive)
        return false;
    memset(&pay.instances[number], 0, sizeof pay.instances[number]);
    return true;
}

static void take_away(int shard)
{
    if (sim_chance(700))
        pay.owner[shard] = -1;
}

static bool fail_frozen(void)
{
    int number = (int)sim_random(PAY_INSTANCES);
    pay.instances[number].frozen_until_us =
        sim_run.now_us + (int64_t)sim_random(FROZEN_MOST_S) * PAY_SECOND_US;
    for (int shard = 0; shard < PAY_SHARDS; shard++)
        if (pay.owner[shard] == number)
            take_away(shard);
    return pay.instances[number].alive;
}

static bool fail_taken_over(void)
{
    pay.owner[sim_random(PAY_SHARDS)] = -1;
    return true;
}

/* Not past what is under way: it would be older than anything can be (PAY_STRAGGLER_US). */
static bool fail_time_jumped(void)
{
    bool under_way = pay.arrival_count > 0;
    for (int i = 0; i < PAY_INSTANCES; i++) {
        const struct pay_instance *one = &pay.instances[i];
        for (size_t c = 0; c < PAY_CALLS_MAX; c++)
            under_way = under_way || one->calls[c].state == CALL_ADMITTED;
    }
    if (under_way)
        sim_run.now_us += 60 * PAY_SECOND_US;
    else
        sim_run.now_us += (sim_chance(200) ? 7 * 24 * HOUR_US : 0) +
                          (int64_t)sim_random(26 * 60) * 60 * PAY_SECOND_US;
    return true;
}

static bool fail_clock_skewed(void)
{
    pay.skew_us = (int64_t)sim_random(2 * PAY_SKEW_US) - PAY_SKEW_US;
    return true;
}

static bool fail_failed_late(void)
{
    if (pay.effect_count == 0)
        return false;
    struct pay_effect *effect = &pay.effects[sim_random(pay.effect_count)];
    if (effect->status != REFUND_STATUS_SUCCEEDED)
        return false;
    pay_effect_move(effect, REFUND_STATUS_FAILED,
                    sim_chance(500) ? "lost_or_stolen_card" : "declined");
    return true;
}

static bool fail_paid_by_hand(void)
{
    int order = (int)sim_random(PAY_ORDERS), payment = (int)sim_random(PAY_PAYMENTS);
    int64_t minor = 1 + (int64_t)sim_random(600);
    if (pay_provider_left(order, payment) < minor)
        return false;
    (void)pay_effect_add(&(struct pay_effect){.order = order,
                                              .payment = payment,
                                              .provider = pay.providers[order][payment],
                                              .payout_id = "",
                                              .amount_minor = minor,
                                              .status = REFUND_STATUS_SUCCEEDED,
                                              .code = ""});
    return true;
}

static bool move_dispute(struct pay_dispute *dispute)
{
    if (dispute->state == DISPUTE_WON)
        return false;
    bool won = sim_chance(500) || dispute->state == DISPUTE_LOST;
    bool opens = dispute->state == DISPUTE_INQUIRY && sim_chance(500);
    pay_dispute_move(dispute, opens ? DISPUTE_OPEN : won ? DISPUTE_WON : DISPUTE_LOST);
    return true;
}

static bool fail_charged_back(void)
{
    if (pay.dispute_count > 0 && sim_chance(600))
        return move_dispute(&pay.disputes[sim_random(pay.dispute_count)]);
    if (pay.dispute_count == PAY_DISPUTES_MAX)
        return false;
    struct pay_dispute *dispute = &pay.disputes[pay.dispute_count++];
    *dispute = (struct pay_dispute){.order = (int)sim_random(PAY_ORDERS),
                                    .payment = (int)sim_random(PAY_PAYMENTS),
                                    .id = pay_name("dp"),
                                    .amount_minor = 1 + (int64_t)sim_random(PAY_CAPTURED)};
    pay_dispute_move(dispute, sim_chance(300) ? DISPUTE_INQUIRY : DISPUTE_OPEN);
    return true;
}

static bool fail_forged(void)
{
    return pay_forge();
}

/* What waits for a stop is looked at again when the stops change. */
static bool fail_stops_changed(void)
{
    static struct rules_stop stop = {.id = "stop", .reason = "", .merchant_id = ""};
    int order = (int)sim_random(PAY_ORDERS);
    stop.refund_id = pay.refunds[order][sim_random(PAY_REFUNDS)].refund_id;
    pay.stop = pay.stop == NULL && !pay.calm ? &stop : NULL;
    for (int s = 0; s < PAY_SHARDS; s++)
        for (size_t i = 0; i < pay.shards[s].due_count; i++)
            if (pay.shards[s].dues[i].kind == DUE_SUBMIT)
                pay.shards[s].dues[i].due_us = 0;
    return true;
}

static const struct sim_fault fault_table[] = {FAULT_ROWS(SIM_FAULT_ROW)};
static struct sim_faults faults = SIM_FAULTS(fault_table);

/* Steps. */

static bool can_claim(int number)
{
    return pay.instances[number].alive && pay.instances[number].frozen_until_us <= sim_run.now_us;
}

/* The dead start again, and shards that nobody has are given to somebody. */
static void supervise(void)
{
    for (int i = 0; i < PAY_INSTANCES; i++)
        if (!pay.instances[i].alive && (pay.calm || sim_chance(100)))
            pay.instances[i].alive = true;
    for (int shard = 0; shard < PAY_SHARDS; shard++) {
        int owner = pay.owner[shard], next = (int)sim_random(PAY_INSTANCES);
        bool kept = owner >= 0 && pay.instances[owner].shards[shard].owned;
        if (!kept && can_claim(next) && (pay.calm || sim_chance(200)))
            pay_claim(shard, next);
    }
}

static bool act(void)
{
    uint64_t dice = sim_random(100);
    if (dice < 55 && pay_instance_step((int)sim_random(PAY_INSTANCES)))
        return true;
    if (dice < 86 && pay_provider_step())
        return true;
    if (!pay.calm && dice >= 86)
        pay_people_step();
    return dice >= 86 && !pay.calm;
}

static void step(void)
{
    sim_pass_time();
    supervise();
    if (!sim_fail(&faults))
        (void)act();
}

/* Coming to rest. */

static bool read_and_said(void)
{
    for (int s = 0; s < PAY_SHARDS; s++)
        for (int t = 0; t < PAY_TOPICS; t++)
            if (pay.shards[s].next[t] < pay.logs[s][t].count)
                return false;
    for (int i = 0; i < PAY_INSTANCES; i++) {
        const struct pay_instance *instance = &pay.instances[i];
        if (instance->batch.open || instance->batch.saved || instance->job_count > 0)
            return false;
        for (size_t c = 0; c < PAY_CALLS_MAX; c++)
            if (instance->calls[c].state != CALL_FREE)
                return false;
    }
    return pay.arrival_count == 0 && pay.word_count == 0;
}

static bool provider_done(void)
{
    for (size_t i = 0; i < pay.effect_count; i++)
        if (pay.effects[i].status == REFUND_STATUS_PENDING ||
            pay.effects[i].status == REFUND_STATUS_REQUIRES_ACTION)
            return false;
    return true;
}

/* Nothing is left to do but to wait: until the first deadline. */
static void wait_for_deadline(void)
{
    int64_t first_us = INT64_MAX;
    for (int s = 0; s < PAY_SHARDS; s++)
        for (size_t i = 0; i < pay.shards[s].due_count; i++)
            if (pay.shards[s].dues[i].due_us < first_us)
                first_us = pay.shards[s].dues[i].due_us;
    if (first_us != INT64_MAX && first_us > sim_run.now_us)
        sim_run.now_us = first_us;
}

static void rest(int64_t steps)
{
    pay.calm = true;
    sim_run.now_us += PAY_SKEW_US + pay.skew_us; /* the database's clock does not go back */
    pay.skew_us = 0;
    for (int i = 0; i < PAY_INSTANCES; i++)
        pay.instances[i].frozen_until_us = 0;
    sim_begin_step(steps);
    (void)fail_stops_changed();
    pay_tell_captures();
    for (int64_t i = 0; i < CALM_STEPS && sim_run.violation[0] == '\0'; i++) {
        sim_begin_step(steps + i);
        sim_pass_time();
        supervise();
        if (act() || !read_and_said())
            continue;
        if (provider_done() && pay_audit_quiet())
            break;
        wait_for_deadline();
    }
    if (sim_run.violation[0] == '\0')
        pay_audit_rest();
}

static void begin(void)
{
    struct arena *arena = pay.arena;
    arena_reset(arena);
    memset(&pay, 0, sizeof pay);
    pay.arena = arena;
    sim_faults_begin(&faults);
    pay_audit_begin();
    sim_begin_step(-1);
    for (int s = 0; s < PAY_SHARDS; s++)
        pay.owner[s] = -1;
    for (int order = 0; order < PAY_ORDERS; order++) {
        for (int p = 0; p < PAY_PAYMENTS; p++)
            pay.providers[order][p] = sim_chance(700) ? PROVIDER_STRIPE : PROVIDER_ADYEN;
        for (int r = 0; r < PAY_REFUNDS; r++)
            pay.refunds[order][r].refund_id = arena_printf(arena, "rf_%d_%d", order, r);
    }
}

static void end(void)
{
}

static struct {
    int64_t refunds, payouts, effects, batches, calls;
} totals;

static void add(void)
{
    for (int order = 0; order < PAY_ORDERS; order++) {
        for (int r = 0; r < PAY_REFUNDS; r++)
            totals.refunds += pay.refunds[order][r].version > 0;
        for (const struct payout *p = pay.rows[order].payouts; p != NULL; p = p->next)
            totals.payouts++;
    }
    totals.effects += (int64_t)pay.effect_count;
    totals.calls += pay.calls;
    for (int s = 0; s < PAY_SHARDS; s++)
        totals.batches += pay.shards[s].seq;
    sim_faults_add(&faults);
}

static void report(void)
{
    printf("refunds %lld, payouts %lld, calls %lld, refunds at the provider %lld, batches %lld",
           (long long)totals.refunds, (long long)totals.payouts, (long long)totals.calls,
           (long long)totals.effects, (long long)totals.batches);
    sim_faults_print(&faults);
}

static bool prepare(void)
{
    pay.arena = arena_create(ARENA_MAX);
    return pay.arena != NULL;
}

const struct sim_world payouts_world = {
    .option = "--payouts",
    .text = "settlement's decisions and its sender, with database, provider and people played",
    .prepare = prepare,
    .begin = begin,
    .step = step,
    .rest = rest,
    .end = end,
    .add = add,
    .report = report,
};
