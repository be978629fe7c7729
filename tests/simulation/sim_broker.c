/* Kafka: logs, a consumer group whose members may believe what is no longer so, and producers whose
 * records arrive later, in order, or not at all. */

#include "sim.h"

#include <string.h>

enum { SLOW_US = 300000 }; /* an answer for which others have time to take over */

struct consumer {
    struct sim_instance *instance;
};

struct producer {
    struct sim_instance *instance;
};

static int input_of(enum topic topic)
{
    return topic == sim_stage.inputs[0].topic ? 0 : 1;
}

enum status record_headers(const struct record *record, header_taker *take, void *context)
{
    const struct sim_record *stored = record->handle;
    for (size_t i = 0; i < stored->header_count; i++) {
        enum status status = take(context, stored->headers[i].name, stored->headers[i].value.data,
                                  stored->headers[i].value.size);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

void record_free(struct record *record)
{
    (void)record;
}

static bool next_record(struct sim_instance *me, struct record *record)
{
    if (me->budget <= 0)
        return false;
    size_t from = (size_t)sim_random(SIM_INPUTS * SIM_SHARDS);
    for (size_t n = 0; n < SIM_INPUTS * SIM_SHARDS; n++) {
        size_t at = (from + n) % (SIM_INPUTS * SIM_SHARDS);
        size_t input = at / SIM_SHARDS, shard = at % SIM_SHARDS;
        struct sim_log *log = &sim.inputs[input][shard];
        int64_t *position = &me->position[input][shard];
        if (!me->reading[input][shard] || *position >= (int64_t)log->count)
            continue;
        struct sim_record *stored = &log->records[*position];
        *record = (struct record){.topic = sim_stage.inputs[input].topic,
                                  .partition = (int32_t)shard,
                                  .offset = (*position)++,
                                  .timestamp_ms = stored->at_us / 1000,
                                  .key = stored->key.data,
                                  .key_size = stored->key.size,
                                  .value = stored->value.data,
                                  .value_size = stored->value.size,
                                  .handle = stored};
        me->budget--;
        return true;
    }
    return false;
}

static bool next_end(struct sim_instance *me, struct place *place)
{
    for (size_t input = 0; input < SIM_INPUTS; input++)
        for (size_t shard = 0; shard < SIM_SHARDS; shard++) {
            int64_t position = me->position[input][shard];
            if (!me->reading[input][shard] || me->end_told[input][shard] == position ||
                position < (int64_t)sim.inputs[input][shard].count)
                continue;
            me->end_told[input][shard] = position;
            *place = (struct place){sim_stage.inputs[input].topic, (int32_t)shard, position};
            return true;
        }
    return false;
}

enum polled consumer_poll(struct consumer *consumer, int timeout_ms, struct record *record,
                          struct place *place, struct error *error)
{
    (void)timeout_ms;
    struct sim_instance *me = consumer->instance;
    if (!me->alive) {
        (void)!error_set(error, STATUS_FATAL, "killed");
        return POLLED_FATAL;
    }
    if (me->revoke_due) {
        me->revoke_due = false;
        me->has_assignment = false;
        return POLLED_REVOKED;
    }
    if (me->assign_due) {
        me->assign_due = false;
        me->expelled = false;
        me->has_assignment = true;
        me->given_count = me->next_given_count;
        memcpy(me->given, me->next_given, sizeof me->given);
        return POLLED_ASSIGNED;
    }
    if (next_record(me, record))
        return POLLED_RECORD;
    return me->budget > 0 && next_end(me, place) ? POLLED_END : POLLED_NOTHING;
}

const struct place *consumer_given(const struct consumer *consumer, size_t *count)
{
    *count = consumer->instance->given_count;
    return consumer->instance->given;
}

bool consumer_expelled(const struct consumer *consumer)
{
    return consumer->instance->expelled;
}

enum status consumer_assign(struct consumer *consumer, const struct place *places, size_t count,
                            struct error *error)
{
    struct sim_instance *me = consumer->instance;
    if (!me->alive)
        return error_set(error, STATUS_FATAL, "killed");
    memset(me->reading, 0, sizeof me->reading);
    for (size_t i = 0; i < count; i++) {
        int input = input_of(places[i].topic);
        me->reading[input][places[i].partition] = true;
        me->position[input][places[i].partition] = places[i].offset;
        me->end_told[input][places[i].partition] = -1;
        if (places[i].offset < 0)
            sim_violate("reading is to start at offset %lld", (long long)places[i].offset);
    }
    return STATUS_OK;
}

/* Kafka takes a commit only from the member that has the partition. */
void consumer_commit(struct consumer *consumer, const struct place *places, size_t count)
{
    struct sim_instance *me = consumer->instance;
    for (size_t i = 0; me->alive && i < count; i++) {
        int32_t shard = places[i].partition;
        int input = input_of(places[i].topic);
        if (sim.owner[shard] != me->number)
            continue;
        if (places[i].offset > sim.shards[shard].inputs[input].next)
            sim_violate("Kafka is told offset %lld of shard %d, PostgreSQL has %lld",
                        (long long)places[i].offset, shard,
                        (long long)sim.shards[shard].inputs[input].next);
        sim.committed[input][shard] = places[i].offset;
    }
}

/* A question to the broker: takes a moment, sometimes a long one, and may come to nothing. */
static enum status ask(struct sim_instance *me, struct error *error)
{
    sim_yield(WAIT_TIME, NULL, sim_run.now_us + (sim_chance(100) ? SLOW_US : 1000));
    if (!me->alive)
        return error_set(error, STATUS_FATAL, "killed");
    if (!sim.calm && sim_chance(10))
        return error_set(error, STATUS_RETRY, "the broker does not answer");
    return STATUS_OK;
}

enum status consumer_committed(struct consumer *consumer, struct place *places, size_t count,
                               int timeout_ms, struct error *error)
{
    (void)timeout_ms;
    enum status status = ask(consumer->instance, error);
    for (size_t i = 0; i < count; i++)
        places[i].offset = sim.committed[input_of(places[i].topic)][places[i].partition];
    return status;
}

enum status consumer_ends(struct consumer *consumer, struct place *end, size_t count,
                          int timeout_ms, struct error *error)
{
    (void)timeout_ms;
    enum status status = ask(consumer->instance, error);
    for (size_t i = 0; i < count; i++)
        end[i].offset = (int64_t)sim.inputs[input_of(end[i].topic)][end[i].partition].count;
    return status;
}

enum status consumer_bounds(struct consumer *consumer, struct place *first, struct place *end,
                            size_t count, int timeout_ms, struct error *error)
{
    for (size_t i = 0; i < count; i++)
        first[i].offset = 0;
    return consumer_ends(consumer, end, count, timeout_ms, error);
}

/* Producers. */

struct sim_wire *sim_wire_open(int instance)
{
    if (sim.wire_count == SIM_WIRES) {
        sim_violate("simulation: too many producers");
        return NULL;
    }
    struct sim_wire *wire = sim_alloc(sizeof *wire);
    wire->instance = instance;
    sim.wires[sim.wire_count++] = wire;
    return wire;
}

static struct sim_bytes copy(const void *bytes, size_t size)
{
    void *kept = sim_alloc(size + 1);
    if (size > 0)
        memcpy(kept, bytes, size);
    return (struct sim_bytes){kept, size};
}

void producer_burst(struct producer *producer)
{
    (void)producer;
}

enum status producer_send(struct producer *producer, const struct place *place, const void *key,
                          size_t key_size, const void *value, size_t value_size,
                          const struct header *headers, size_t header_count, void *token,
                          struct error *error)
{
    struct sim_instance *me = producer->instance;
    struct sim_wire *wire = me->wire;
    if (!me->alive || wire->failed)
        return error_set(error, STATUS_FATAL, me->alive ? "the producer has failed" : "killed");
    if (wire->first + wire->count == SIM_QUEUE_MAX) {
        sim_violate("simulation: too many records under way");
        return STATUS_FATAL;
    }
    struct sim_record *record = sim_alloc(sizeof *record);
    struct sim_header *kept = sim_alloc(header_count * sizeof *kept);
    for (size_t i = 0; i < header_count; i++)
        kept[i] =
            (struct sim_header){sim_text(headers[i].name), copy(headers[i].value, headers[i].size)};
    *record = (struct sim_record){.topic = place->topic,
                                  .partition = place->partition,
                                  .key = copy(key, key_size),
                                  .value = copy(value, value_size),
                                  .headers = kept,
                                  .header_count = header_count};
    wire->records[wire->first + wire->count] = record;
    wire->tokens[wire->first + wire->count++] = token;
    return STATUS_OK;
}

static void report(struct sim_instance *to, void *token, bool good)
{
    if (to->report_first + to->report_count == SIM_QUEUE_MAX) {
        memmove(to->reports, to->reports + to->report_first,
                to->report_count * sizeof *to->reports);
        to->report_first = 0;
    }
    to->reports[to->report_first + to->report_count++] = (struct sim_report){token, good};
}

void sim_append(struct sim_wire *wire)
{
    struct sim_record *record = wire->records[wire->first];
    void *token = wire->tokens[wire->first];
    wire->first++;
    wire->count--;
    record->at_us = sim_run.now_us;
    sim.appended++;
    sim_check_output(record);
    if (wire->instance >= 0)
        report(&sim.instances[wire->instance], token, true);
    if (wire->count == 0)
        wire->first = 0;
}

enum status producer_poll(struct producer *producer, int timeout_ms, struct error *error)
{
    struct sim_instance *me = producer->instance;
    if (timeout_ms > 0 && me->report_count == 0)
        sim_yield(WAIT_TIME, NULL, sim_run.now_us + timeout_ms * 1000);
    if (!me->alive)
        return error_set(error, STATUS_FATAL, "killed");
    while (me->report_count > 0) {
        struct sim_report report = me->reports[me->report_first++];
        me->report_count--;
        publish_delivered(&me->worker, report.token, report.good ? STATUS_OK : STATUS_FATAL, "");
    }
    me->report_first = 0;
    return STATUS_OK;
}

/* The group. Shards go whole to one member, unless `torn`: then one member lacks a partition. */
void sim_rebalance(bool torn)
{
    int members[SIM_INSTANCES], count = 0;
    for (int i = 0; i < SIM_INSTANCES; i++) {
        struct sim_instance *instance = &sim.instances[i];
        bool member = instance->alive && !instance->over && instance->frozen_until <= sim_run.step;
        if (member)
            members[count++] = i;
        else
            instance->expelled = instance->alive;
        instance->revoke_due =
            instance->alive && (instance->has_assignment || instance->assign_due);
        instance->assign_due = member;
        instance->next_given_count = 0;
    }
    size_t from = (size_t)sim_random(SIM_INSTANCES);
    for (int32_t shard = 0; shard < SIM_SHARDS; shard++) {
        sim.owner[shard] = count == 0 ? -1 : members[((size_t)shard + from) % (size_t)count];
        if (sim.owner[shard] < 0)
            continue;
        struct sim_instance *owner = &sim.instances[sim.owner[shard]];
        for (int input = 0; input < SIM_INPUTS; input++)
            if (!torn || shard != 0 || input != 0)
                owner->next_given[owner->next_given_count++] =
                    (struct place){.topic = sim_stage.inputs[input].topic, .partition = shard};
    }
}
