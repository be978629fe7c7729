/* A desk: batches are taken, decided, saved and published. */

#include "desk.h"

#include <string.h>

struct desk desk;

int desk_shard_of(int order)
{
    return order % DESK_SHARDS;
}

const char *desk_order_id(int order)
{
    static const char *const IDS[DESK_ORDERS] = {"o_0", "o_1", "o_2", "o_3"};
    return IDS[order];
}

#define REFUNDS_OF(o)                                                                       \
    {                                                                                       \
        "rf_" o "_0", "rf_" o "_1", "rf_" o "_2", "rf_" o "_3", "rf_" o "_4", "rf_" o "_5", \
            "rf_" o "_6", "rf_" o "_7"                                                      \
    }

const char *desk_refund_id(int order, int refund)
{
    static const char *const IDS[DESK_ORDERS][DESK_REFUNDS] = {REFUNDS_OF("0"), REFUNDS_OF("1"),
                                                               REFUNDS_OF("2"), REFUNDS_OF("3")};
    return IDS[order][refund];
}

int desk_last_digit(const char *id)
{
    return id[strlen(id) - 1] - '0';
}

const char *desk_name(const char *prefix)
{
    return arena_printf(desk.arena, "%s_%lld", prefix, (long long)++desk.names);
}

uint64_t desk_bytes(uint64_t bytes, const void *more, size_t size)
{
    const unsigned char *at = more;
    for (uint64_t word = 0; size > 0; size -= size < sizeof word ? size : sizeof word) {
        word = 0;
        memcpy(&word, at, size < sizeof word ? size : sizeof word);
        bytes = (bytes ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        bytes ^= bytes >> 29;
        at += sizeof word;
    }
    return bytes;
}

void desk_append(int topic, int order, const void *body, size_t size)
{
    struct desk_log *log = &desk.logs[desk_shard_of(order)][topic];
    const struct desk_event event = {
        .topic = topic, .order = order, .body = arena_memdup(desk.arena, body, size)};
    if (log->count == DESK_LOG_MAX)
        sim_violate("simulation: a log is full");
    else
        log->events[log->count++] = arena_memdup(desk.arena, &event, sizeof event);
}

int64_t desk_database_us(void)
{
    return sim_run.now_us + desk.skew_us;
}

/* Deciding. */

void desk_say(struct desk_batch *batch, const struct desk_output *output)
{
    struct desk_output *said = arena_memdup(desk.arena, output, sizeof *output);
    said->seq = batch->seq + 1;
    said->next = NULL;
    *batch->last = said;
    batch->last = &said->next;
}

static struct desk_change *find_change(struct desk_batch *batch, int order, int refund, int kind)
{
    for (size_t i = 0; i < batch->change_count; i++) {
        struct desk_change *change = &batch->changes[i];
        if (change->order == order && change->refund == refund && change->kind == kind)
            return change;
    }
    return NULL;
}

void desk_due(struct desk_batch *batch, int order, int refund, int kind, int64_t due_us)
{
    struct desk_change *change = find_change(batch, order, refund, kind);
    if (due_us != 0 && due_us <= batch->now_us)
        sim_violate("early: a deadline of kind %d is set that has passed", kind);
    if (change == NULL)
        change = &batch->changes[batch->change_count++];
    if (batch->change_count > DESK_CHANGES_MAX - 1)
        sim_violate("simulation: a batch changes too many deadlines");
    *change = (struct desk_change){order, refund, kind, due_us};
}

static size_t take_records(struct desk_batch *batch)
{
    size_t wanted = 1 + (size_t)sim_random(DESK_RECORDS_MAX), left = 0;
    int topics = desk.work->topics, from = (int)sim_random((uint64_t)topics);
    for (int i = 0; i < topics; i++) {
        int topic = (from + i) % topics;
        const struct desk_log *log = &desk.logs[batch->shard][topic];
        size_t most = desk.calm ? wanted : (size_t)sim_random(wanted + 1);
        bool readable = log->late_until_us <= sim_run.now_us;
        while (readable && batch->next[topic] < log->count && batch->count < wanted && most > 0) {
            batch->events[batch->count++] = log->events[batch->next[topic]++];
            most--;
        }
        left += log->count - batch->next[topic];
    }
    return left;
}

static bool was_due(const struct desk_batch *batch, int order, int refund, int kind)
{
    int64_t due_us = desk.due_us[order][refund][kind];
    return desk_shard_of(order) == batch->shard && due_us != 0 && due_us <= batch->now_us;
}

/* Behind the records, as the loop does it. */
static void take_due(struct desk_batch *batch)
{
    for (int order = 0; order < DESK_ORDERS; order++)
        for (int refund = 0; refund < DESK_REFUNDS; refund++)
            for (int kind = 1; kind < DESK_KINDS_MAX; kind++) {
                if (!was_due(batch, order, refund, kind) || batch->count == DESK_EVENTS_MAX)
                    continue;
                const struct desk_event event = {.topic = DESK_DUE,
                                                 .order = order,
                                                 .refund = refund,
                                                 .kind = kind,
                                                 .due_us = desk.due_us[order][refund][kind]};
                batch->events[batch->count++] = arena_memdup(desk.arena, &event, sizeof event);
            }
}

static void decide_one(struct desk_batch *batch, size_t i)
{
    const struct desk_event *event = batch->events[i];
    batch->gone[i] = event->topic == DESK_DUE &&
                     find_change(batch, event->order, event->refund, event->kind) != NULL;
    if (batch->gone[i])
        return;
    if (event->topic == DESK_DUE)
        desk_due(batch, event->order, event->refund, event->kind, 0);
    enum status status = desk.work->decide(batch, event);
    batch->statuses[i] = status;
    if (status == STATUS_EXHAUSTED)
        sim_violate("simulation: a run needs more memory");
    if (status == STATUS_GAP)
        sim_violate("stalled: a shard waits for a version that will never come");
}

static void decide(struct desk_batch *batch)
{
    memset(batch->rows, 0, sizeof batch->rows);
    batch->shared = NULL;
    batch->first = NULL;
    batch->last = &batch->first;
    batch->change_count = 0;
    batch->next_key = desk.shards[batch->shard].next_key;
    desk.work->load(batch);
    for (size_t i = 0; i < batch->count; i++)
        decide_one(batch, i);
}

static bool start_batch(struct desk_instance *instance, int shard)
{
    struct desk_batch *batch = &instance->batch;
    batch->shard = shard;
    batch->epoch = instance->shards[shard].epoch;
    batch->seq = instance->shards[shard].seq;
    batch->now_us = desk.shards[shard].clock_us;
    if (batch->now_us < desk_database_us())
        batch->now_us = desk_database_us();
    batch->count = 0;
    memcpy(batch->next, desk.shards[shard].next, sizeof batch->next);
    if (take_records(batch) == 0)
        take_due(batch);
    if (batch->count == 0)
        return false;
    batch->open = true;
    decide(batch);
    sim_say("    decided %zu events of shard %d", batch->count, shard);
    return true;
}

static uint64_t bytes_of(const struct desk_batch *batch)
{
    uint64_t bytes = desk_bytes(0, batch->changes, batch->change_count * sizeof *batch->changes);
    for (const struct desk_output *output = batch->first; output != NULL; output = output->next)
        bytes = desk_bytes(bytes, &output->bytes, sizeof output->bytes);
    return bytes;
}

bool desk_again(int number)
{
    struct desk_batch *batch = &desk.instances[number].batch;
    if (!batch->open || desk.shards[batch->shard].epoch != batch->epoch)
        return false;
    uint64_t before = bytes_of(batch);
    const void *shared = batch->shared;
    decide(batch);
    if (shared == NULL && bytes_of(batch) != before)
        sim_violate("same: the same events of the same rows are decided in another way");
    return true;
}

/* Saving. */

static void save_changes(const struct desk_batch *batch)
{
    for (size_t i = 0; i < batch->change_count; i++) {
        const struct desk_change *change = &batch->changes[i];
        desk.due_us[change->order][change->refund][change->kind] = change->due_us;
    }
}

static void save_outputs(struct desk_shard *shard, const struct desk_batch *batch)
{
    for (const struct desk_output *output = batch->first; output != NULL; output = output->next) {
        if (output->version == 0)
            continue;
        int64_t *version = &desk.saved_version[output->order][output->refund];
        if (output->version != *version + 1)
            sim_violate("versions: %s comes to version %lld after %lld",
                        desk_refund_id(output->order, output->refund), (long long)output->version,
                        (long long)*version);
        *version = output->version;
    }
    if (batch->first == NULL)
        return;
    *shard->last = batch->first;
    shard->last = batch->last;
}

/* False: another has the shard by now. */
static bool save(struct desk_instance *instance)
{
    struct desk_batch *batch = &instance->batch;
    struct desk_shard *shard = &desk.shards[batch->shard];
    if (shard->epoch != batch->epoch || shard->seq != batch->seq)
        return false;
    if (!desk.work->save(batch)) {
        desk.refused++;
        decide(batch);
        return true;
    }
    shard->seq++;
    shard->clock_us = batch->now_us;
    shard->next_key = batch->next_key;
    shard->published = instance->shards[batch->shard].at;
    memcpy(shard->next, batch->next, sizeof shard->next);
    save_changes(batch);
    save_outputs(shard, batch);
    instance->shards[batch->shard].seq++;
    batch->open = false;
    desk.batches++;
    for (int order = 0; order < DESK_ORDERS; order++)
        if (batch->rows[order] != NULL)
            desk.work->saved(order);
    return true;
}

static bool save_step(int number)
{
    struct desk_instance *instance = &desk.instances[number];
    struct desk_batch *batch = &instance->batch;
    if (save(instance)) {
        sim_say("    instance %d %s", number, batch->open ? "has to decide again" : "saved");
        return true;
    }
    sim_say("instance %d has lost shard %d", number, batch->shard);
    batch->open = false;
    if (instance->shards[batch->shard].epoch == batch->epoch)
        instance->shards[batch->shard].owned = false;
    return true;
}

/* Publishing. */

static void append_output(const struct desk_output *output)
{
    int64_t *version = &desk.said_version[output->order][output->refund];
    if (output->version == 0 || output->version <= *version)
        return;
    if (output->version != *version + 1)
        sim_violate("versions: %s is said in version %lld after %lld",
                    desk_refund_id(output->order, output->refund), (long long)output->version,
                    (long long)*version);
    *version = output->version;
    desk.work->said(output);
}

/* Only its own batches: what others saved later is theirs to say. */
static bool publish(struct desk_instance *instance, int shard)
{
    int64_t seq = instance->shards[shard].seq;
    struct desk_output **at = instance->shards[shard].at;
    if (at == NULL || *at == NULL || (*at)->seq > seq)
        return false;
    seq = (*at)->seq;
    for (; *at != NULL && (*at)->seq == seq; at = &(*at)->next)
        append_output(*at);
    instance->shards[shard].at = at;
    return true;
}

void desk_claim(int number, int instance)
{
    struct desk_shard *shard = &desk.shards[number];
    struct desk_instance *one = &desk.instances[instance];
    shard->epoch++;
    if (one->batch.open && one->batch.shard == number)
        one->batch.open = false;
    desk.owner[number] = instance;
    one->shards[number].owned = true;
    one->shards[number].epoch = shard->epoch;
    one->shards[number].seq = shard->seq;
    one->shards[number].at = shard->published;
    sim_say("instance %d claims shard %d, epoch %lld", instance, number, (long long)shard->epoch);
}

bool desk_instance_step(int number)
{
    struct desk_instance *instance = &desk.instances[number];
    if (!instance->alive || instance->frozen_until_us > sim_run.now_us)
        return false;
    int from = (int)sim_random(DESK_SHARDS);
    if (sim_chance(600))
        for (int i = 0; i < DESK_SHARDS; i++)
            if (publish(instance, (from + i) % DESK_SHARDS))
                return true;
    if (instance->batch.open)
        return save_step(number);
    for (int i = 0; i < DESK_SHARDS; i++) {
        int shard = (from + i) % DESK_SHARDS;
        if (instance->shards[shard].owned && start_batch(instance, shard))
            return true;
    }
    return publish(instance, from) || publish(instance, (from + 1) % DESK_SHARDS);
}
