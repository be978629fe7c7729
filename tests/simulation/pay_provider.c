/* The provider: one effect per key while it knows the key, and every way of not saying so. */

#include "pay.h"
#include "services/settlement/provider_facts.h"

#include <string.h>

#define DAY_US (24 * 3600 * PAY_SECOND_US)

enum { SLOW_PER_1000 = 120, LOOK_UP_LAG_MS = 8000 };

bool pay_effect_alive(const struct pay_effect *effect)
{
    return effect->status != REFUND_STATUS_FAILED && effect->status != REFUND_STATUS_CANCELLED;
}

static bool holds(const struct pay_dispute *dispute)
{
    return dispute->state == DISPUTE_OPEN || dispute->state == DISPUTE_LOST;
}

int64_t pay_provider_left(int order, int payment)
{
    int64_t left = PAY_CAPTURED;
    for (size_t i = 0; i < pay.effect_count; i++) {
        const struct pay_effect *e = &pay.effects[i];
        if (e->order == order && e->payment == payment && pay_effect_alive(e))
            left -= e->amount_minor;
    }
    for (size_t i = 0; i < pay.dispute_count; i++) {
        const struct pay_dispute *d = &pay.disputes[i];
        if (d->order == order && d->payment == payment && holds(d))
            left -= d->amount_minor;
    }
    return left;
}

/* Webhooks. */

static void tell(int order, const struct evidence *said)
{
    if (pay.word_count == PAY_WORDS_MAX) {
        sim_violate("simulation: too many webhooks");
        return;
    }
    pay.words[pay.word_count++] =
        (struct pay_word){.order = order, .evidence = arena_memdup(pay.arena, said, sizeof *said)};
}

static struct evidence word(int order, int payment, enum evidence_kind kind)
{
    bool by_reference = sim_chance(300);
    return (struct evidence){
        .event_id = pay_name("wh"),
        .kind = kind,
        .source = SOURCE_WEBHOOK,
        .verified = true,
        .provider = pay.providers[order][payment],
        .occurred_us = sim_run.now_us,
        .payment_id = by_reference ? "" : pay_payment_id(order, payment),
        .provider_reference = pay_reference(order, payment),
        .payout_id = "",
        .provider_refund_id = "",
        .currency = "GBP",
        .code = "",
        .dispute_id = "",
        .fee_currency = "",
    };
}

void pay_effect_move(struct pay_effect *effect, enum refund_status status, const char *code)
{
    struct evidence said = word(effect->order, effect->payment, EVIDENCE_REFUND);
    effect->status = status;
    effect->code = code;
    said.payout_id = effect->payout_id;
    said.provider_refund_id = effect->id;
    said.status = status;
    said.amount_minor = effect->amount_minor;
    said.code = code;
    sim_say("provider: refund %s of %s is %d %s", effect->id, effect->payout_id, (int)status, code);
    if (effect->provider != PROVIDER_ADYEN || status != REFUND_STATUS_PENDING)
        tell(effect->order, &said); /* Adyen tells ends only */
}

struct pay_effect *pay_effect_add(const struct pay_effect *effect)
{
    if (pay.effect_count == PAY_EFFECTS_MAX) {
        sim_violate("simulation: too many refunds");
        return &pay.effects[0];
    }
    struct pay_effect *added = &pay.effects[pay.effect_count++];
    *added = *effect;
    added->id = pay_name("re");
    added->visible_us = sim_run.now_us + (int64_t)sim_random(LOOK_UP_LAG_MS) * 1000;
    pay_effect_move(added, effect->status, "");
    pay_audit_effect(added);
    return added;
}

void pay_dispute_move(struct pay_dispute *dispute, enum dispute_state state)
{
    struct evidence said = word(dispute->order, dispute->payment, EVIDENCE_DISPUTE);
    dispute->state = state;
    said.dispute_id = dispute->id;
    said.dispute = state;
    said.amount_minor = dispute->amount_minor;
    sim_say("provider: dispute %s is %d", dispute->id, (int)state);
    tell(dispute->order, &said);
}

/* Any of them, in any order, some again. */
static bool deliver_word(void)
{
    if (pay.word_count == 0)
        return false;
    size_t at = (size_t)sim_random(pay.word_count);
    const struct pay_word said = pay.words[at];
    if (!pay.calm && said.held_until_us > sim_run.now_us)
        return false;
    if (pay.calm || !sim_chance(150))
        pay.words[at] = pay.words[--pay.word_count];
    sim_say("webhook %s", said.evidence->event_id);
    pay_append(PAY_PROVIDER_EVENTS,
               pay_event(PAY_EVIDENCE, said.order, said.evidence, sizeof *said.evidence));
    return true;
}

/* Keys. */

static const struct pay_key *find_key(const struct pay_arrival *arrival)
{
    int64_t life_us = provider_facts(arrival->provider)->key_life_us;
    if (arrival->key[0] == '\0')
        return NULL; /* every request is a new one */
    for (size_t i = 0; i < pay.key_count; i++)
        if (pay.keys[i].provider == arrival->provider &&
            strcmp(pay.keys[i].key, arrival->key) == 0 &&
            sim_run.now_us - pay.keys[i].since_us < life_us)
            return &pay.keys[i];
    return NULL;
}

static void remember(const struct pay_arrival *arrival, int http_status, const char *body)
{
    if (pay.key_count == PAY_KEYS_MAX) {
        sim_violate("simulation: too many keys");
        return;
    }
    pay.keys[pay.key_count++] = (struct pay_key){.key = arrival->key,
                                                 .provider = arrival->provider,
                                                 .http_status = http_status,
                                                 .since_us = sim_run.now_us,
                                                 .body = body};
}

/* Requests. */

static void answer(const struct pay_arrival *arrival, int http_status, const char *body)
{
    bool lost = !pay.calm && sim_chance(120);
    sim_say("provider: call %lld is answered %d%s", (long long)arrival->number, http_status,
            lost ? ", and the answer is lost" : "");
    pay_answer_call(arrival, http_status, lost ? NULL : body);
}

static void refuse(const struct pay_arrival *arrival, int http_status, const char *code)
{
    const char *body = pay_say_error(arrival->provider, code);
    if (http_status != 429 && http_status != 503)
        remember(arrival, http_status, body);
    answer(arrival, http_status, body);
}

static struct pay_effect *make(const struct pay_arrival *arrival)
{
    bool adyen = arrival->provider == PROVIDER_ADYEN;
    uint64_t dice = sim_random(10);
    return pay_effect_add(&(struct pay_effect){.order = arrival->order,
                                               .payment = arrival->payment,
                                               .provider = arrival->provider,
                                               .payout_id = arrival->payout_id,
                                               .amount_minor = arrival->amount_minor,
                                               .status = adyen || dice < 2 ? REFUND_STATUS_PENDING
                                                         : dice < 3 ? REFUND_STATUS_REQUIRES_ACTION
                                                                    : REFUND_STATUS_SUCCEEDED,
                                               .code = ""});
}

static const char *declined(int provider)
{
    static const char *const codes[] = {"declined", "expired_or_canceled_card",
                                        "insufficient_funds"};
    return provider == PROVIDER_ADYEN ? "905" : codes[sim_random(3)];
}

/* The key is new here. A 500 is remembered where the provider documents it, done or not. */
static void execute(const struct pay_arrival *arrival)
{
    bool stores_500 = provider_facts(arrival->provider)->stores_500;
    uint64_t dice = pay.calm ? 1000 : sim_random(1000);
    if (dice < 40) {
        refuse(arrival, 429, "rate_limit");
    } else if (dice < 70) {
        refuse(arrival, 503, "unavailable");
    } else if (pay_provider_left(arrival->order, arrival->payment) < arrival->amount_minor) {
        refuse(arrival, arrival->provider == PROVIDER_ADYEN ? 422 : 400,
               arrival->provider == PROVIDER_ADYEN ? "171" : "charge_already_refunded");
    } else if (dice < 110) {
        refuse(arrival, arrival->provider == PROVIDER_ADYEN ? 422 : 402,
               declined(arrival->provider));
    } else if (dice < 160) {
        const char *body = pay_say_error(arrival->provider, "internal");
        struct pay_effect *effect = dice < 140 ? make(arrival) : NULL;
        if (stores_500)
            remember(arrival, 500, body);
        else if (effect != NULL)
            remember(arrival, 200, pay_say_refund(effect));
        answer(arrival, 500, body);
    } else {
        const char *body = pay_say_refund(make(arrival));
        remember(arrival, 200, body);
        answer(arrival, 200, body);
    }
}

static void process(const struct pay_arrival *arrival)
{
    const struct pay_key *key = arrival->post ? find_key(arrival) : NULL;
    if (!pay.calm && sim_chance(40))
        pay_answer_call(arrival, 0, NULL); /* it never arrived */
    else if (!arrival->post && !pay.calm && sim_chance(60))
        answer(arrival, sim_chance(500) ? 500 : 429, pay_say_error(arrival->provider, "internal"));
    else if (!arrival->post)
        answer(arrival, 200, pay_say_list(arrival->order, arrival->payment));
    else if (key != NULL && !pay.calm && sim_chance(50))
        answer(arrival, 409, pay_say_error(arrival->provider, "704")); /* in progress */
    else if (key != NULL)
        answer(arrival, key->http_status, key->body);
    else
        execute(arrival);
}

void pay_provider_arrives(const struct pay_arrival *arrival)
{
    if (pay.arrival_count == PAY_ARRIVALS_MAX) {
        sim_violate("simulation: too many calls");
        return;
    }
    struct pay_arrival *added = &pay.arrivals[pay.arrival_count++];
    *added = *arrival;
    if (!pay.calm && sim_chance(SLOW_PER_1000))
        added->held_until_us = sim_run.now_us + (int64_t)sim_random(600) * PAY_SECOND_US;
}

static bool take_arrival(void)
{
    size_t from = pay.arrival_count == 0 ? 0 : (size_t)sim_random(pay.arrival_count);
    for (size_t i = 0; i < pay.arrival_count; i++) {
        size_t at = (from + i) % pay.arrival_count;
        const struct pay_arrival arrival = pay.arrivals[at];
        if (arrival.held_until_us > sim_run.now_us)
            continue;
        pay.arrivals[at] = pay.arrivals[--pay.arrival_count];
        if (sim_run.now_us - arrival.sent_us <= PAY_STRAGGLER_US)
            process(&arrival);
        return true;
    }
    return false;
}

/* What is pending goes on. */
static bool progress(void)
{
    size_t from = pay.effect_count == 0 ? 0 : (size_t)sim_random(pay.effect_count);
    for (size_t i = 0; i < pay.effect_count; i++) {
        struct pay_effect *effect = &pay.effects[(from + i) % pay.effect_count];
        bool acts = effect->status == REFUND_STATUS_REQUIRES_ACTION;
        if (effect->status != REFUND_STATUS_PENDING && !acts)
            continue;
        uint64_t dice = sim_random(100);
        if (dice < 10)
            pay_effect_move(effect, REFUND_STATUS_FAILED,
                            dice < 5 ? "expired_or_canceled_card" : "declined");
        else if (dice < 15)
            pay_effect_move(effect, REFUND_STATUS_CANCELLED, "");
        else
            pay_effect_move(effect, acts ? REFUND_STATUS_PENDING : REFUND_STATUS_SUCCEEDED, "");
        return true;
    }
    return false;
}

bool pay_provider_step(void)
{
    uint64_t dice = sim_random(100);
    if (dice < 50 && take_arrival())
        return true;
    if (dice < 85 && deliver_word())
        return true;
    if ((pay.calm || dice > 92) && progress())
        return true;
    return take_arrival() || deliver_word();
}
