/* The promises of the loop, held against the world. */

#include "sim.h"

#include "worker/ring.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t uncounted_below(int input, int32_t shard, int64_t offset)
{
    size_t count = 0;
    for (int64_t i = 0; i < offset; i++)
        count += sim.inputs[input][shard].records[i].poison ||
                 sim.inputs[input][shard].records[i].skipped;
    return count;
}

static void check_counts(int32_t shard)
{
    int64_t counted[SIM_INPUTS] = {0};
    for (int i = 0; i < SIM_ORDERS; i++) {
        if (sim_shard_of(i) != shard)
            continue;
        counted[0] += sim.tallies[i].requests;
        counted[1] += sim.tallies[i].answers;
    }
    for (int input = 0; input < SIM_INPUTS; input++) {
        int64_t next = sim.shards[shard].inputs[input].next;
        int64_t wanted = next <= 0 ? 0 : next - (int64_t)uncounted_below(input, shard, next);
        if (counted[input] != wanted)
            sim_violate("effect: shard %d has read %lld events of input %d and counted %lld", shard,
                        (long long)wanted, input, (long long)counted[input]);
    }
}

static void check_deadlines(int32_t shard)
{
    bool waiting[SIM_ORDERS][SIM_REQUESTS_MAX] = {{false}};
    for (size_t i = 0; i < sim.deadline_count; i++)
        waiting[sim.deadlines[i].order][sim.deadlines[i].request] = true;
    for (int i = 0; i < SIM_ORDERS; i++) {
        for (int r = 0; sim_shard_of(i) == shard && r < sim.request_count[i]; r++) {
            const struct sim_request *known = &sim.requests[i][r];
            if (waiting[i][r] != (known->applied && !known->rung && !known->answered))
                sim_violate("deadline: %s/%d %s one", sim_order_ids[i], r,
                            waiting[i][r] ? "still has" : "lacks");
        }
    }
}

static int order_of(const struct sim_bytes *key)
{
    return sim_order(key->data, key->size);
}

static const struct sim_bytes *header_of(const struct sim_record *record, const char *name)
{
    for (size_t i = 0; i < record->header_count; i++)
        if (strcmp(record->headers[i].name, name) == 0)
            return &record->headers[i].value;
    return NULL;
}

static int64_t number_of(const struct sim_bytes *text)
{
    char digits[24] = "";
    if (text != NULL && text->size < sizeof digits)
        memcpy(digits, text->data, text->size);
    return strtoll(digits, NULL, 10);
}

static uint64_t hash(uint64_t seed, const struct sim_bytes *bytes)
{
    for (size_t i = 0; i < bytes->size; i++)
        seed = (seed ^ ((const uint8_t *)bytes->data)[i]) * UINT64_C(1099511628211);
    return seed * 31 + bytes->size;
}

static uint64_t hash_record(const struct sim_record *record)
{
    uint64_t sum = hash(hash(UINT64_C(1469598103934665603), &record->key), &record->value);
    for (size_t i = 0; i < record->header_count; i++)
        sum = hash(sum, &record->headers[i].value);
    return sum;
}

static bool *letter_of(const struct sim_bytes *topic, int64_t shard, int64_t offset)
{
    char name[64] = "";
    if (topic->size < sizeof name)
        memcpy(name, topic->data, topic->size);
    int input = topic_find(name) == sim_stage.inputs[0].topic ? 0 : 1;
    return &sim.letters[input][shard][offset];
}

/* A record has come into a log. */
void sim_check_output(const struct sim_record *record)
{
    if (record->topic == TOPIC_DEAD_LETTERS) {
        *letter_of(header_of(record, "redress_topic"),
                   number_of(header_of(record, "redress_partition")),
                   number_of(header_of(record, "redress_offset"))) = true;
        return;
    }
    int order = order_of(&record->key);
    int64_t version = number_of(header_of(record, "ce_version"));
    uint64_t sum = hash_record(record);
    if (version > SIM_VERSIONS_MAX || version < 1) {
        sim_violate("version %lld of %s", (long long)version, sim_order_ids[order]);
    } else if (version <= sim.seen[order]) {
        sim.repeated++;
        if (sim.hashes[order][version] != sum)
            sim_violate("same bytes: version %lld of %s comes again with others",
                        (long long)version, sim_order_ids[order]);
    } else if (version != sim.seen[order] + 1) {
        sim_violate("order: version %lld of %s comes after %lld", (long long)version,
                    sim_order_ids[order], (long long)sim.seen[order]);
    } else {
        sim.seen[order] = version;
        sim.hashes[order][version] = sum;
    }
}

/* Everything that the slot holds must be in the log. */
void sim_check_slot(int32_t shard, const struct sim_slot *slot, const char *why)
{
    static struct arena *arena;
    if (arena == NULL)
        arena = arena_create(1 << 20);
    arena_reset(arena);
    struct ring_record record;
    size_t at = 0;
    enum status status = STATUS_OK;
    while (slot->bytes.size > 0 &&
           ring_next(slot->bytes.data, slot->bytes.size, &at, arena, &record, &status)) {
        struct sim_bytes key = {record.key, record.key_size};
        bool there = false;
        for (size_t i = 0; i < record.header_count && !there; i++) {
            struct sim_bytes value = {record.headers[i].value, record.headers[i].size};
            if (record.topic != TOPIC_DEAD_LETTERS &&
                strcmp(record.headers[i].name, "ce_version") == 0)
                there = number_of(&value) <= sim.seen[order_of(&key)];
        }
        if (!there && record.topic != TOPIC_DEAD_LETTERS)
            sim_violate("kept: an output of batch %lld of shard %d is not in the log, and %s",
                        (long long)slot->seq, shard, why);
    }
}

void sim_check_transaction(int32_t number)
{
    const struct sim_shard *shard = &sim.shards[number];
    check_counts(number);
    check_deadlines(number);
    for (size_t i = 0; i < WORKER_UNPUBLISHED_MAX; i++)
        if (shard->slots[i].seq != 0 && shard->slots[i].seq <= shard->published)
            sim_check_slot(number, &shard->slots[i], "counts as published");
}

/* The world has come to rest: nothing is left undone. */
void sim_check_rest(void)
{
    for (int32_t s = 0; s < SIM_SHARDS; s++)
        for (int input = 0; input < SIM_INPUTS; input++) {
            const struct sim_log *log = &sim.inputs[input][s];
            if (sim.shards[s].inputs[input].next < (int64_t)log->count && log->count > 0)
                sim_violate("lost: shard %d stopped at offset %lld of %zu of input %d", s,
                            (long long)sim.shards[s].inputs[input].next, log->count, input);
            for (size_t i = 0; i < log->count; i++)
                if (log->records[i].poison && !sim.letters[input][s][i])
                    sim_violate("lost: no dead letter for offset %zu of shard %d", i, s);
        }
    for (int i = 0; i < SIM_ORDERS; i++)
        if (sim.seen[i] != sim.tallies[i].version)
            sim_violate("lost: %s has %lld versions, the log %lld", sim_order_ids[i],
                        (long long)sim.tallies[i].version, (long long)sim.seen[i]);
    if (sim.deadline_count > 0)
        sim_violate("lost: %zu deadlines never rang", sim.deadline_count);
}
