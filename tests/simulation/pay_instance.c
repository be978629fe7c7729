/* An instance of settlement: takes a batch, decides, saves, hands over. */

#include "pay.h"

#include <string.h>

static bool has_adapter(int provider)
{
    return provider == PROVIDER_STRIPE || provider == PROVIDER_ADYEN ||
           provider == PROVIDER_STORE_CREDIT;
}

static const struct rules_stop *stopped(const void *rules, const char *merchant_id,
                                        int32_t provider, const char *customer_token,
                                        const char *refund_id)
{
    const struct rules_stop *stop = rules;
    (void)merchant_id;
    (void)provider;
    (void)customer_token;
    return stop != NULL && strcmp(stop->refund_id, refund_id) == 0 ? stop : NULL;
}

static const struct pay_event *due_event(const struct pay_due *due)
{
    struct pay_event *event = arena_zalloc(pay.arena, sizeof *event);
    *event = (struct pay_event){
        .kind = PAY_DUE, .order = due->order, .due = due->kind, .subject = due->subject};
    return event;
}

/* Deadlines are decided only where everything that came before them has been read. */
static size_t take(struct pay_batch *batch, const struct pay_event **events)
{
    size_t count = 0, wanted = 1 + (size_t)sim_random(PAY_BATCH_MAX);
    int from = (int)sim_random(PAY_TOPICS);
    memcpy(batch->next, pay.shards[batch->shard].next, sizeof batch->next);
    for (int i = 0; i < PAY_TOPICS; i++) {
        int topic = (from + i) % PAY_TOPICS;
        const struct pay_log *log = &pay.logs[batch->shard][topic];
        while (batch->next[topic] < log->count && count < wanted)
            events[count++] = log->events[batch->next[topic]++];
    }
    for (size_t i = 0; count == i && i < wanted; i++) {
        const struct pay_due *due = pay_due_now(batch->shard, batch->now_us, i);
        if (due == NULL)
            break;
        events[count++] = due_event(due);
    }
    return count;
}

static enum status settle(struct settling *settling, const struct pay_event *event)
{
    switch (event->kind) {
    case PAY_CAPTURE:
        return settle_capture(settling, event->body);
    case PAY_APPROVAL:
        return settle_approval(settling, event->body);
    case PAY_CANCEL:
        return settle_cancel(settling, event->body);
    case PAY_DECLINE:
        return settle_decline(settling, event->body);
    case PAY_GOODS_NOTICE:
        return settle_goods(settling, event->body);
    case PAY_EVIDENCE:
        return settle_evidence(settling, event->body);
    case PAY_DUE:
        break;
    }
    return settle_due(settling, event->due, event->subject);
}

static void decide(struct pay_batch *batch, const struct pay_event *event, size_t *capacity)
{
    struct pay_outcome *outcome = &batch->outcomes[batch->count++];
    *outcome = (struct pay_outcome){.event = event};
    if (batch->rows[event->order] == NULL)
        batch->rows[event->order] = pay_load(event->order);
    struct settling settling = {
        .arena = pay.arena,
        .merchant_id = "shop",
        .order_id = pay_order_id(event->order),
        .rows = batch->rows[event->order],
        .limits = &pay_limits,
        .has_adapter = has_adapter,
        .stopped = stopped,
        .rules = pay.stop,
        .capacity = capacity,
        .now_us = batch->now_us,
        .epoch = batch->epoch,
        .cause = "event",
        .occurred_us = batch->now_us,
        .effects = &outcome->effects,
    };
    enum status status = settle(&settling, event);
    if (status != STATUS_OK)
        outcome->effects = (struct effects){0};
    if (status == STATUS_EXHAUSTED)
        sim_violate("simulation: a run needs more memory");
    if (status == STATUS_UNPROCESSABLE)
        sim_say("        refused: %s %s: %s", settling.objection.field, settling.objection.value,
                settling.objection.rule);
}

static bool start_batch(struct pay_instance *instance, int shard)
{
    const struct pay_event *events[PAY_BATCH_MAX];
    struct pay_batch *batch = &instance->batch;
    int64_t now_us = pay_database_us();
    *batch = (struct pay_batch){.shard = shard,
                                .epoch = instance->shards[shard].epoch,
                                .seq = instance->shards[shard].seq,
                                .now_us = pay.shards[shard].clock_us};
    if (now_us > batch->now_us)
        batch->now_us = now_us;
    size_t count = take(batch, events), capacity[PROVIDERS];
    if (count == 0)
        return false;
    for (int i = 0; i < PROVIDERS; i++)
        capacity[i] = pay_sender_room(instance, i);
    for (size_t i = 0; i < count; i++)
        decide(batch, events[i], capacity);
    batch->open = true;
    sim_say("    decided %zu events of shard %d", count, shard);
    return true;
}

static void save(int number)
{
    struct pay_instance *instance = &pay.instances[number];
    struct pay_batch *batch = &instance->batch;
    batch->open = false;
    batch->saved = pay_save(batch);
    if (batch->saved) {
        instance->shards[batch->shard].seq++;
        sim_say("    instance %d saved", number);
        return;
    }
    sim_say("instance %d has lost shard %d", number, batch->shard);
    if (instance->shards[batch->shard].epoch == batch->epoch)
        instance->shards[batch->shard].owned = false;
}

bool pay_instance_step(int number)
{
    struct pay_instance *instance = &pay.instances[number];
    if (!instance->alive || instance->frozen_until_us > sim_run.now_us)
        return false;
    if (instance->batch.open) {
        save(number);
        return true;
    }
    if (instance->batch.saved) {
        instance->batch.saved = false;
        pay_sender_push(instance, &instance->batch);
        return true;
    }
    if (sim_chance(500) && pay_sender_step(number))
        return true;
    int from = (int)sim_random(PAY_SHARDS);
    for (int i = 0; i < PAY_SHARDS; i++) {
        int shard = (from + i) % PAY_SHARDS;
        if (instance->shards[shard].owned && start_batch(instance, shard))
            return true;
    }
    return pay_sender_step(number);
}
