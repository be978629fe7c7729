/* Loading and saving a batch: the loop's own statements around those of the stage. */

#include "failpoint.h"
#include "identity.h"
#include "metrics.h"
#include "worker_internal.h"

#include <string.h>

static const struct statement READ_CLOCK = {
    "worker_read_clock",
    "SELECT clock_timestamp()",
};

static const struct statement MOVE_SHARDS = {
    "worker_move_shards",
    "WITH given AS ("
    "    SELECT * FROM unnest($1::integer[], $2::bigint[], $3::bigint[], $4::bigint[], "
    "$5::bigint[],"
    "                         $6::timestamptz[])"
    "        AS g(shard, epoch, batch_seq, published_seq, next_key, clock_at)),"
    " moved AS ("
    "    UPDATE shard s SET batch_seq = g.batch_seq + 1, published_seq = g.published_seq,"
    "                       next_key = g.next_key, clock_at = g.clock_at"
    "    FROM given g"
    "    WHERE s.shard = g.shard AND s.epoch = g.epoch AND s.batch_seq = g.batch_seq"
    "    RETURNING 1)"
    " SELECT redress_require((SELECT count(*) FROM moved), (SELECT count(*) FROM given))",
};

static const struct statement MOVE_PROGRESS = {
    "worker_move_progress",
    "UPDATE progress p SET next_offset = g.next_offset, last_time = g.last_time,"
    "                      last_hash = g.last_hash"
    " FROM unnest($1::integer[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[])"
    "     AS g(shard, topic, next_offset, last_time, last_hash)"
    " WHERE p.shard = g.shard AND p.topic = g.topic",
};

static const struct statement KEEP_OUTPUTS = {
    "worker_keep_outputs",
    "INSERT INTO output (shard, slot, batch_seq, records)"
    " SELECT g.shard, g.slot::smallint, g.batch_seq, g.records"
    " FROM unnest($1::integer[], $2::integer[], $3::bigint[], $4::bytea[])"
    "     AS g(shard, slot, batch_seq, records)"
    " ON CONFLICT (shard, slot) DO UPDATE"
    " SET batch_seq = excluded.batch_seq, records = excluded.records",
};

/* Each row is looked up by its key whatever the statistics say (OFFSET 0 keeps it so): with a plain
 * join, a plan made while the table was empty reads all of it for every row to be cleared. */
static const struct statement CLEAR_DEADLINES = {
    "worker_clear_deadlines",
    "DELETE FROM deadline WHERE ctid = ANY (ARRAY("
    "    SELECT d.ctid"
    "    FROM unnest($1::text[], $2::text[], $3::text[], $4::integer[])"
    "        AS g(merchant_id, order_id, subject, kind)"
    "    CROSS JOIN LATERAL (SELECT ctid FROM deadline d"
    "                        WHERE (d.merchant_id, d.order_id, d.subject, d.kind)"
    "                            = (g.merchant_id, g.order_id, g.subject, g.kind)"
    "                        OFFSET 0) d))",
};

static const struct statement SET_DEADLINES = {
    "worker_set_deadlines",
    "INSERT INTO deadline (merchant_id, order_id, subject, kind, shard, due_at)"
    " SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::integer[], $5::integer[],"
    "                      $6::timestamptz[])"
    " ON CONFLICT (merchant_id, order_id, subject, kind) DO UPDATE SET due_at = excluded.due_at",
};

void work_send_load(struct worker *worker, struct work *work)
{
    work->load = database_begin(worker->database, work->arena);
    work->clock = unit_call(work->load, &READ_CLOCK);
    work->sent_us = worker_now_us();
    enum status status = STATUS_OK;
    if (work->batch.order_count > 0)
        status = worker->stage->load(&work->batch, work->load);
    if (status != STATUS_OK)
        database_fail(work->load, status, "building the load");
    database_send(work->load);
}

enum status work_finish_load(struct worker *worker, struct work *work)
{
    enum status status = database_wait(work->load, &worker->error);
    if (status != STATUS_OK)
        return status;
    int64_t now_us = rows_time(work->clock, 0, 0);
    for (int32_t i = 0; i < worker->shard_count; i++)
        if (worker->shards[i].clock_us < now_us)
            worker->shards[i].clock_us = now_us;
    for (size_t i = 0; i < work->batch.event_count; i++)
        work->batch.events[i].now_us = worker->shards[work->batch.events[i].shard].clock_us;
    metric_add(METRIC_LOAD_MICROSECONDS, worker_now_us() - work->sent_us);
    return work->batch.order_count > 0 ? worker->stage->loaded(&work->batch) : STATUS_OK;
}

static struct input *input_of(struct worker *worker, const struct record *record)
{
    return &worker->shards[record->partition].inputs[worker_input(worker, record->topic)];
}

/* The last record that is applied of each input says how far it was read. */
static void note_last(struct worker *worker, struct work *work)
{
    for (size_t i = 0; i < work->record_count; i++) {
        const struct record *record = &work->records[i];
        if (i < batch_shard(&work->batch, record->partition)->stop_at)
            input_of(worker, record)->saving = record;
    }
}

static void move_input(struct input *input)
{
    input->next = input->saving->offset + 1;
    input->last_time = input->saving->timestamp_ms;
    input->last_hash = input->saving_hash;
    input->saving = NULL;
    input->uncommitted = true;
}

/* Nothing in the batch mattered: progress is kept in memory until the next save. */
void work_skip(struct worker *worker, struct work *work)
{
    note_last(worker, work);
    for (size_t i = 0; i < work->record_count; i++) {
        struct input *input = input_of(worker, &work->records[i]);
        if (input->saving == NULL)
            continue;
        input->saving_hash = record_hash(input->saving);
        move_input(input);
        input->dirty = true;
    }
}

int64_t record_hash(const struct record *record)
{
    uint64_t key = (uint64_t)identity_fingerprint(record->key, record->key_size);
    uint64_t value = (uint64_t)identity_fingerprint(record->value, record->value_size);
    return (int64_t)(key * 31 + value);
}

static void add_progress(struct worker *worker, struct unit *unit, struct work *work)
{
    struct column *shards = column_create(unit, COLUMN_INT4);
    struct column *topics = column_create(unit, COLUMN_TEXT);
    struct column *offsets = column_create(unit, COLUMN_INT8);
    struct column *times = column_create(unit, COLUMN_INT8);
    struct column *hashes = column_create(unit, COLUMN_INT8);
    for (int32_t s = 0; s < worker->shard_count; s++) {
        for (size_t i = 0; batch_shard(&work->batch, s)->touched && i < worker->stage->input_count;
             i++) {
            struct input *input = &worker->shards[s].inputs[i];
            if (!input->dirty && input->saving == NULL)
                continue;
            const struct record *last = input->saving;
            if (last != NULL)
                input->saving_hash = record_hash(last);
            column_int4(shards, s);
            column_text(topics, topic_info(worker->stage->inputs[i].topic)->name);
            column_int8(offsets, last == NULL ? input->next : last->offset + 1);
            column_int8(times, last == NULL ? input->last_time : last->timestamp_ms);
            column_int8(hashes, last == NULL ? input->last_hash : input->saving_hash);
        }
    }
    if (column_count(shards) == 0)
        return;
    struct call *call = unit_call(unit, &MOVE_PROGRESS);
    call_column(call, shards);
    call_column(call, topics);
    call_column(call, offsets);
    call_column(call, times);
    call_column(call, hashes);
}

static void move_shards(struct worker *worker, struct unit *unit, struct work *work,
                        struct call *call)
{
    struct column *shards = column_create(unit, COLUMN_INT4);
    struct column *epochs = column_create(unit, COLUMN_INT8);
    struct column *seqs = column_create(unit, COLUMN_INT8);
    struct column *published = column_create(unit, COLUMN_INT8);
    struct column *keys = column_create(unit, COLUMN_INT8);
    struct column *clocks = column_create(unit, COLUMN_TIME);
    for (int32_t s = 0; s < worker->shard_count; s++) {
        struct shard *shard = &worker->shards[s];
        struct shard_work *mine = batch_shard(&work->batch, s);
        if (!mine->touched)
            continue;
        mine->published = shard_published(shard);
        /* Nothing is under way and nothing comes with this batch: it needs no publishing either. */
        if (mine->published == shard->batch_seq && mine->outputs.count == 0)
            mine->published++;
        column_int4(shards, s);
        column_int8(epochs, shard->epoch);
        column_int8(seqs, shard->batch_seq);
        column_int8(published, mine->published);
        column_int8(keys, mine->next_key);
        column_time(clocks, shard->clock_us);
    }
    call_column(call, shards);
    call_column(call, epochs);
    call_column(call, seqs);
    call_column(call, published);
    call_column(call, keys);
    call_column(call, clocks);
}

static void add_outputs(struct worker *worker, struct unit *unit, struct work *work)
{
    if (work->private.outputs_kept == 0)
        return;
    struct call *call = unit_call(unit, &KEEP_OUTPUTS);
    struct column *shards = column_create(unit, COLUMN_INT4);
    struct column *slots = column_create(unit, COLUMN_INT4);
    struct column *seqs = column_create(unit, COLUMN_INT8);
    struct column *records = column_create(unit, COLUMN_BYTES);
    for (int32_t s = 0; s < worker->shard_count; s++) {
        const struct ring_buffer *outputs = &batch_shard(&work->batch, s)->outputs;
        if (outputs->count == 0)
            continue;
        int64_t seq = worker->shards[s].batch_seq + 1;
        column_int4(shards, s);
        column_int4(slots, (int32_t)(seq % WORKER_UNPUBLISHED_MAX));
        column_int8(seqs, seq);
        column_bytes(records, outputs->bytes, outputs->size);
    }
    call_column(call, shards);
    call_column(call, slots);
    call_column(call, seqs);
    call_column(call, records);
}

static void add_deadlines(struct unit *unit, struct work *work, bool set)
{
    const struct batch_private *private = &work->private;
    struct column *merchants = NULL, *orders = NULL, *subjects = NULL;
    struct column *kinds = NULL, *shards = NULL, *dues = NULL;
    for (size_t i = 0; i < private->change_count; i++) {
        const struct deadline_change *change = &private->changes[i];
        if (change->set != set)
            continue;
        if (merchants == NULL) {
            merchants = column_create(unit, COLUMN_TEXT);
            orders = column_create(unit, COLUMN_TEXT);
            subjects = column_create(unit, COLUMN_TEXT);
            kinds = column_create(unit, COLUMN_INT4);
            shards = column_create(unit, COLUMN_INT4);
            dues = column_create(unit, COLUMN_TIME);
        }
        column_text(merchants, change->order->merchant_id);
        column_text(orders, change->order->order_id);
        column_text(subjects, change->subject);
        column_int4(kinds, change->kind);
        column_int4(shards, change->order->shard);
        column_time(dues, change->due_us);
    }
    if (merchants == NULL)
        return;
    struct call *call = unit_call(unit, set ? &SET_DEADLINES : &CLEAR_DEADLINES);
    call_column(call, merchants);
    call_column(call, orders);
    call_column(call, subjects);
    call_column(call, kinds);
    if (set) {
        call_column(call, shards);
        call_column(call, dues);
    }
}

/* A shard takes part when it was read, decided or has something to tidy up. */
static void mark_touched(struct worker *worker, struct work *work)
{
    work->private.outputs_kept = 0;
    for (size_t i = 0; i < work->batch.event_count; i++)
        batch_shard(&work->batch, work->batch.events[i].shard)->touched = true;
    for (int32_t s = 0; s < worker->shard_count; s++) {
        struct shard *shard = &worker->shards[s];
        struct shard_work *mine = batch_shard(&work->batch, s);
        if (shard->state != SHARD_OWNED)
            continue;
        if (shard_published(shard) > shard->published_saved)
            mine->touched = true;
        for (size_t i = 0; i < worker->stage->input_count; i++)
            if (shard->inputs[i].dirty || shard->inputs[i].saving != NULL)
                mine->touched = true;
        if (mine->next_key < shard->next_key)
            mine->next_key = shard->next_key;
        if (mine->outputs.count > 0)
            work->private.outputs_kept++;
    }
}

enum status work_send_save(struct worker *worker, struct work *work)
{
    note_last(worker, work);
    mark_touched(worker, work);
    work->save = database_begin(worker->database, work->arena);
    work->sent_us = worker_now_us();
    /* First in the transaction, filled in last: the stage's save may still take keys. */
    struct call *shards = unit_call(work->save, &MOVE_SHARDS);
    add_progress(worker, work->save, work);
    enum status status = STATUS_OK;
    if (work->batch.order_count > 0)
        status = worker->stage->save(&work->batch, work->save);
    add_deadlines(work->save, work, false);
    add_deadlines(work->save, work, true);
    add_outputs(worker, work->save, work);
    move_shards(worker, work->save, work, shards);
    if (status == STATUS_OK && arena_exhausted(work->arena))
        status = STATUS_EXHAUSTED;
    if (status == STATUS_OK)
        database_send(work->save);
    return status;
}

static enum status publish(struct worker *worker, struct work *work)
{
    for (int32_t s = 0; s < worker->shard_count; s++) {
        struct shard *shard = &worker->shards[s];
        struct shard_work *mine = batch_shard(&work->batch, s);
        if (!mine->touched)
            continue;
        shard->batch_seq++;
        shard->next_key = mine->next_key;
        if (shard->published_saved < mine->published)
            failpoint(PROGRESS);
        shard->published_saved = mine->published;
        for (size_t i = 0; i < worker->stage->input_count; i++) {
            shard->inputs[i].dirty = false;
            if (shard->inputs[i].saving != NULL)
                move_input(&shard->inputs[i]);
        }
        if (mine->outputs.count == 0)
            continue;
        enum status status = publish_bytes(worker, shard, shard->batch_seq, mine->outputs.bytes,
                                           mine->outputs.size, mine->outputs.count);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

enum status work_finish_save(struct worker *worker, struct work *work)
{
    enum status status = database_wait(work->save, &worker->error);
    if (status != STATUS_OK)
        return status;
    failpoint(SAVED);
    metric_add(METRIC_SAVE_MICROSECONDS, worker_now_us() - work->sent_us);
    metric_add(METRIC_BATCHES, 1);
    metric_add(METRIC_OUTPUTS, (int64_t)work->private.outputs);
    status = publish(worker, work);
    if (status == STATUS_OK && worker->stage->committed != NULL && work->batch.order_count > 0)
        worker->stage->committed(&work->batch);
    return status;
}
