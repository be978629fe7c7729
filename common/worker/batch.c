/* A batch: its orders, outputs and deadlines, and deciding it. */

#include "clock.h"
#include "identity.h"
#include "log.h"
#include "message.h"
#include "metrics.h"
#include "worker_internal.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static uint32_t hash_text(uint32_t hash, const char *text)
{
    for (; *text != '\0'; text++)
        hash = (hash ^ (uint8_t)*text) * 16777619u; /* FNV-1a */
    return (hash ^ 0xff) * 16777619u;
}

static size_t buckets_for(size_t count)
{
    size_t buckets = 16;
    while (buckets < count * 2)
        buckets *= 2;
    return buckets;
}

struct shard_work *batch_shard(struct batch *batch, int32_t shard)
{
    return &batch->private->shards[shard];
}

static enum status start_shards(struct worker *worker, struct work *work)
{
    struct batch *batch = &work->batch;
    batch->private->shards =
        arena_array(work->arena, (size_t)worker->shard_count, sizeof(struct shard_work));
    if (batch->private->shards == NULL)
        return STATUS_EXHAUSTED;
    for (int32_t i = 0; i < worker->shard_count; i++) {
        ring_start(&batch->private->shards[i].outputs, work->arena, BATCH_OUTPUT_MAX);
        batch->private->shards[i].stop_at = SIZE_MAX;
    }
    return STATUS_OK;
}

/* An empty batch with room for its records and for deadlines: not cleared, as whoever adds an event
 * writes all of it and of its refusal. */
enum status batch_start(struct worker *worker, struct work *work)
{
    arena_reset(work->arena);
    work->private = (struct batch_private){.worker = worker};
    work->batch = (struct batch){.arena = work->arena,
                                 .context = worker->stage->context,
                                 .shards = worker->owned,
                                 .shard_count = worker->owned_count,
                                 .private = &work->private};
    size_t room = work->record_count + BATCH_DEADLINES_MAX;
    work->batch.events = arena_alloc(work->arena, room * sizeof(struct event));
    work->refusals = arena_alloc(work->arena, room * sizeof(struct refusal));
    work->load = work->save = NULL;
    work->deadline_count = 0;
    if (work->batch.events == NULL || work->refusals == NULL)
        return STATUS_EXHAUSTED;
    return start_shards(worker, work);
}

void work_clear(struct work *work)
{
    if (work->load != NULL)
        database_end(work->load);
    if (work->save != NULL)
        database_end(work->save);
    work->load = work->save = NULL;
    for (size_t i = 0; i < work->record_count; i++)
        record_free(&work->records[i]);
    work->record_count = 0;
}

/* Gives each event its order; equal (merchant, order) pairs share one. */
enum status work_group(struct work *work)
{
    struct batch *batch = &work->batch;
    size_t buckets = buckets_for(batch->event_count);
    uint32_t *heads = arena_array(work->arena, buckets, sizeof *heads);
    batch->orders = arena_array(work->arena, batch->event_count + 1, sizeof *batch->orders);
    if (heads == NULL || batch->orders == NULL)
        return STATUS_EXHAUSTED;
    for (size_t i = 0; i < batch->event_count; i++) {
        struct event *event = &batch->events[i];
        if (work->refusals[i].reason != 0)
            continue;
        size_t at = hash_text(hash_text(2166136261u, event->order_id), event->merchant_id);
        for (at &= buckets - 1;; at = (at + 1) & (buckets - 1)) {
            if (heads[at] == 0) {
                batch->orders[batch->order_count++] =
                    (struct batch_order){.merchant_id = event->merchant_id,
                                         .order_id = event->order_id,
                                         .shard = event->shard};
                heads[at] = (uint32_t)batch->order_count;
            }
            struct batch_order *order = &batch->orders[heads[at] - 1];
            if (strcmp(order->order_id, event->order_id) == 0 &&
                strcmp(order->merchant_id, event->merchant_id) == 0) {
                event->order = order;
                break;
            }
        }
    }
    return STATUS_OK;
}

void batch_order_columns(struct batch *batch, struct unit *unit, struct column **merchants,
                         struct column **orders)
{
    *merchants = column_create(unit, COLUMN_TEXT);
    *orders = column_create(unit, COLUMN_TEXT);
    for (size_t i = 0; i < batch->order_count; i++) {
        column_text(*merchants, batch->orders[i].merchant_id);
        column_text(*orders, batch->orders[i].order_id);
    }
}

int64_t batch_key(struct batch *batch, int32_t shard)
{
    struct shard_work *work = batch_shard(batch, shard);
    return ((int64_t)shard << 40) + work->next_key++;
}

/* Deadlines: the last word on (order, subject, kind) counts. */

static size_t change_bucket(const struct batch_private *private,
                            const struct deadline_change *change)
{
    uintptr_t order = (uintptr_t)change->order / sizeof *change->order;
    uint32_t hash =
        hash_text((uint32_t)order * 2654435761u + (uint32_t)change->kind, change->subject);
    return hash & (private->bucket_count - 1);
}

static enum status grow_changes(struct batch *batch)
{
    struct batch_private *private = batch->private;
    size_t capacity = private->change_capacity == 0 ? 256 : private->change_capacity * 2;
    struct deadline_change *changes = arena_array(batch->arena, capacity, sizeof *changes);
    private->bucket_count = capacity * 2;
    private->change_buckets = arena_array(batch->arena, private->bucket_count, sizeof(uint32_t));
    if (changes == NULL || private->change_buckets == NULL)
        return STATUS_EXHAUSTED;
    for (size_t i = 0; i < private->change_count; i++) {
        changes[i] = private->changes[i];
        size_t at = change_bucket(private, &changes[i]);
        changes[i].next = private->change_buckets[at];
        private->change_buckets[at] = (uint32_t)i + 1;
    }
    private->changes = changes;
    private->change_capacity = capacity;
    return STATUS_OK;
}

/* What the batch has said about that deadline so far; NULL: nothing. */
static struct deadline_change *find_change(const struct batch_private *private,
                                           const struct deadline_change *wanted)
{
    if (private->change_count == 0)
        return NULL;
    size_t at = change_bucket(private, wanted);
    for (uint32_t i = private->change_buckets[at]; i != 0; i = private->changes[i - 1].next) {
        struct deadline_change *known = &private->changes[i - 1];
        if (known->order == wanted->order && known->kind == wanted->kind &&
            strcmp(known->subject, wanted->subject) == 0)
            return known;
    }
    return NULL;
}

static enum status change_deadline(struct batch *batch, const struct deadline_change *wanted)
{
    struct batch_private *private = batch->private;
    struct deadline_change *known = find_change(private, wanted);
    if (known != NULL) {
        known->set = wanted->set;
        known->due_us = wanted->due_us;
        return STATUS_OK;
    }
    if (private->change_count == private->change_capacity) {
        enum status status = grow_changes(batch);
        if (status != STATUS_OK)
            return status;
    }
    size_t at = change_bucket(private, wanted);
    struct deadline_change *added = &private->changes[private->change_count++];
    *added = *wanted;
    added->subject = arena_strdup(batch->arena, wanted->subject);
    added->next = private->change_buckets[at];
    private->change_buckets[at] = (uint32_t) private->change_count;
    return added->subject == NULL ? STATUS_EXHAUSTED : STATUS_OK;
}

enum status batch_deadline(struct batch *batch, const struct event *event, const char *subject,
                           int32_t kind, int64_t due_us)
{
    return change_deadline(batch, &(struct deadline_change){.order = event->order,
                                                            .subject = subject,
                                                            .kind = kind,
                                                            .set = true,
                                                            .due_us = due_us});
}

enum status batch_deadline_clear(struct batch *batch, const struct event *event,
                                 const char *subject, int32_t kind)
{
    return change_deadline(
        batch, &(struct deadline_change){.order = event->order, .subject = subject, .kind = kind});
}

/* Outputs. */

static void add_header(struct ring_record *record, const char *name, const char *value)
{
    if (value == NULL)
        return;
    assert(record->header_count < RING_HEADERS_MAX);
    record->headers[record->header_count++] =
        (struct header){.name = name, .value = value, .size = strlen(value)};
}

enum status batch_output(struct batch *batch, const struct event *event,
                         const struct output *output)
{
    struct worker *worker = batch->private->worker;
    const struct topic_info *topic = topic_info(output->topic);
    char id[IDENTITY_EVENT_MAX], trace[TRACEPARENT_SIZE], time[CLOCK_TEXT_MAX], source[64];
    char version[24];
    const char *ce_id = output->ce_id;
    if (ce_id == NULL)
        ce_id = identity_event(worker->stage->name, output->refund_id, output->version, id);
    (void)snprintf(source, sizeof source, "redress/%s", worker->stage->name);
    (void)snprintf(version, sizeof version, "%" PRId64, output->version);
    struct ring_record record = {
        .topic = output->topic, .key = output->key, .key_size = strlen(output->key)};
    record.partition =
        topic_partition(record.key, record.key_size,
                        topic->kind == TOPIC_KIND_SHARDED ? worker->shard_count
                                                          : worker->partitions[output->topic]);
    add_header(&record, "ce_specversion", "1.0");
    add_header(&record, "ce_id", ce_id);
    add_header(&record, "ce_source", source);
    add_header(&record, "ce_type", topic->ce_type);
    add_header(&record, "ce_time", clock_format(event->now_us, time));
    add_header(&record, "content-type", "application/protobuf");
    add_header(&record, "traceparent",
               envelope_trace(event->envelope.traceparent,
                              event->envelope.id != NULL ? event->envelope.id : ce_id, trace));
    add_header(&record, "ce_causationid", event->envelope.id);
    add_header(&record, "ce_refundid", output->refund_id);
    add_header(&record, "ce_version", output->version > 0 ? version : NULL);
    add_header(&record, "ce_status", output->status);
    uint8_t *bytes;
    enum status status = message_pack(output->message, batch->arena, &bytes, &record.value_size);
    if (status != STATUS_OK)
        return status;
    record.value = bytes;
    if (record.value_size > topic->bytes_max) {
        log_format(LOG_ERROR, "output %s is %zu bytes, %s allows %zu", ce_id, record.value_size,
                   topic->name, topic->bytes_max);
        return STATUS_FATAL;
    }
    char seal[STAGE_SEAL_TEXT];
    if (topic->internal && worker->stage_keys != NULL)
        add_header(&record, "redress_seal",
                   stage_seal(worker->stage_keys, output->topic, ce_id, record.value,
                              record.value_size, seal));
    batch->private->outputs++;
    return ring_append(&batch_shard(batch, event->shard)->outputs, &record);
}

/* Deciding. */

static void block(struct work *work, size_t index, const char *why)
{
    const struct event *event = &work->batch.events[index];
    const struct refusal *refusal = &work->refusals[index];
    struct shard_work *shard = batch_shard(&work->batch, event->shard);
    shard->stop_at = refusal->record == NULL ? 0 : (size_t)(refusal->record - work->records);
    shard->why = arena_printf(work->arena, "%s at %s[%d] offset %" PRId64 ": %s %s %s", why,
                              topic_info(event->topic)->name, event->shard,
                              refusal->record == NULL ? -1 : refusal->record->offset,
                              refusal->field == NULL ? "" : refusal->field,
                              refusal->value == NULL ? "" : refusal->value,
                              refusal->rule == NULL ? "" : refusal->rule);
    if (shard->why == NULL)
        shard->why = why;
}

static enum status take_refused(struct work *work, size_t index)
{
    struct event *event = &work->batch.events[index];
    if (event->kind == EVENT_MESSAGE &&
        (!topic_info(event->topic)->internal ||
         work->refusals[index].reason ==
             REDRESS__V1__DEAD_LETTER_REASON__DEAD_LETTER_REASON_NOT_SEALED)) {
        metric_add(METRIC_DEAD_LETTERS, 1);
        return dead_letter_write(&work->batch, event, &work->refusals[index]);
    }
    block(work, index, "UNPROCESSABLE");
    return STATUS_OK;
}

/* It was due when it was read. What was decided before it in this batch has cleared it, or set it
 * anew. */
static bool deadline_is_gone(const struct batch *batch, const struct event *event)
{
    return find_change(batch->private, &(struct deadline_change){.order = event->order,
                                                                 .subject = event->subject,
                                                                 .kind = event->deadline_kind}) !=
           NULL;
}

static enum status decide_one(struct worker *worker, struct work *work, size_t index)
{
    struct batch *batch = &work->batch;
    struct event *event = &batch->events[index];
    struct shard *shard = &worker->shards[event->shard];
    event->now_us = shard->clock_us;
    event->epoch = shard->epoch;
    if (work->refusals[index].reason != 0)
        return take_refused(work, index);
    if (event->kind == EVENT_DEADLINE) {
        if (deadline_is_gone(batch, event))
            return STATUS_OK;
        enum status status =
            batch_deadline_clear(batch, event, event->subject, event->deadline_kind);
        if (status != STATUS_OK)
            return status;
        metric_add(METRIC_DEADLINES, 1);
    }
    enum status status = worker->stage->decide(batch, event);
    switch (status) {
    case STATUS_DUPLICATE:
        metric_add(METRIC_EVENTS_DUPLICATE, 1);
        return STATUS_OK;
    case STATUS_UNPROCESSABLE:
        return take_refused(work, index);
    case STATUS_GAP:
        block(work, index, "GAP");
        return STATUS_OK;
    case STATUS_OK:
    case STATUS_EXHAUSTED:
        return status;
    case STATUS_INVALID:
    case STATUS_OVERFLOW:
    case STATUS_CURRENCY_MISMATCH:
    case STATUS_NOT_FOUND:
    case STATUS_RETRY:
    case STATUS_LOST:
    case STATUS_AGAIN:
    case STATUS_FATAL:
        break;
    }
    return error_set(
        &worker->error, STATUS_FATAL, "deciding %s %s: %s", topic_info(event->topic)->name,
        event->envelope.id == NULL ? "deadline" : event->envelope.id, status_text(status));
}

enum status work_decide(struct worker *worker, struct work *work)
{
    struct batch *batch = &work->batch;
    for (int32_t i = 0; i < worker->shard_count; i++)
        batch->private->shards[i].next_key = worker->shards[i].next_key;
    for (size_t i = 0; i < batch->event_count; i++) {
        if (batch_shard(batch, batch->events[i].shard)->why != NULL)
            continue;
        enum status status = decide_one(worker, work, i);
        if (status != STATUS_OK)
            return status;
    }
    return arena_exhausted(work->arena) ? STATUS_EXHAUSTED : STATUS_OK;
}
