/* Taking what has queued up in Kafka since the last batch. */

#include "log.h"
#include "metrics.h"
#include "worker_internal.h"

#include <inttypes.h>
#include <string.h>

int worker_input(const struct worker *worker, enum topic topic)
{
    for (size_t i = 0; i < worker->stage->input_count; i++)
        if (worker->stage->inputs[i].topic == topic)
            return (int)i;
    return -1;
}

/* The first record after an assignment must be the last one that was applied before it. */
static enum status verify(struct worker *worker, struct input *input, const struct record *record)
{
    input->verify = false;
    if (record->offset != input->next - 1)
        return STATUS_NOT_FOUND;
    if (record->timestamp_ms == input->last_time && record_hash(record) == input->last_hash)
        return STATUS_DUPLICATE;
    return error_set(&worker->error, STATUS_FATAL,
                     "%s[%d]: the record at offset %" PRId64 " is not the one that was applied: "
                     "this is another log than before",
                     topic_info(record->topic)->name, record->partition, record->offset);
}

/* STATUS_OK: the record is new and ours; STATUS_DUPLICATE: it is not wanted. */
static enum status accept(struct worker *worker, const struct record *record)
{
    int index = worker_input(worker, record->topic);
    if (index < 0 || record->partition >= worker->shard_count)
        return STATUS_DUPLICATE;
    struct shard *shard = &worker->shards[record->partition];
    struct input *input = &shard->inputs[index];
    if (shard->state != SHARD_OWNED)
        return STATUS_DUPLICATE;
    if (input->verify) {
        enum status status = verify(worker, input, record);
        if (status != STATUS_NOT_FOUND)
            return status;
    }
    if (record->offset < input->taken)
        return STATUS_DUPLICATE;
    input->taken = record->offset + 1;
    if (input->end < input->taken)
        input->end = input->taken;
    return STATUS_OK;
}

static void note_end(struct worker *worker, const struct place *place)
{
    int index = worker_input(worker, place->topic);
    if (index < 0 || place->partition >= worker->shard_count)
        return;
    struct shard *shard = &worker->shards[place->partition];
    struct input *input = &shard->inputs[index];
    if (shard->state == SHARD_OWNED && input->end < place->offset)
        input->end = place->offset;
}

static void take_pending(struct worker *worker, struct work *work, size_t *bytes)
{
    size_t count = 0;
    while (count < worker->pending_count && work->record_count < worker->limit &&
           *bytes < BATCH_BYTES_MAX) {
        work->records[work->record_count++] = worker->pending[count];
        *bytes += worker->pending[count++].value_size;
    }
    worker->pending_count -= count;
    memmove(worker->pending, worker->pending + count,
            worker->pending_count * sizeof *worker->pending);
}

/* Everything that does not carry a record. True: stop taking. */
static bool take_signal(struct worker *worker, enum polled polled, const struct place *place,
                        const struct error *error, enum status *status)
{
    switch (polled) {
    case POLLED_ASSIGNED:
        worker->rebalance_assign = true;
        return true;
    case POLLED_REVOKED:
        worker->rebalance_revoke = true;
        return true;
    case POLLED_END:
        note_end(worker, place);
        return false;
    case POLLED_NO_OFFSET:
        *status = worker_offset_missing(worker, place);
        return true;
    case POLLED_ERROR:
        log_write(LOG_WARNING, error->text, NULL);
        return false;
    case POLLED_FATAL:
        *status = error_set(&worker->error, STATUS_FATAL, "%.500s", error->text);
        return true;
    case POLLED_NOTHING:
    case POLLED_RECORD:
        break;
    }
    return true;
}

enum status worker_take(struct worker *worker, struct work *work)
{
    size_t bytes = 0;
    enum status status = STATUS_OK;
    work->record_count = 0;
    take_pending(worker, work, &bytes);
    if (worker->pending_count > 0)
        return STATUS_OK;
    worker->drained = false;
    while (work->record_count < worker->limit && bytes < BATCH_BYTES_MAX) {
        struct record *record = &work->records[work->record_count];
        struct place place;
        struct error error = {0};
        enum polled polled = consumer_poll(worker->consumer, 0, record, &place, &error);
        if (polled == POLLED_NOTHING) {
            worker->drained = true;
            return STATUS_OK;
        }
        if (polled != POLLED_RECORD) {
            if (take_signal(worker, polled, &place, &error, &status))
                return status;
            continue;
        }
        status = accept(worker, record);
        if (status == STATUS_OK) {
            bytes += record->value_size;
            work->record_count++;
            metric_add(METRIC_EVENTS, 1);
            continue;
        }
        record_free(record);
        if (status != STATUS_DUPLICATE)
            return status;
    }
    return STATUS_OK;
}

/* Forgets everything that is in memory and not saved; Kafka gives it again. */
void worker_discard(struct worker *worker)
{
    for (size_t i = 0; i < worker->pending_count; i++)
        record_free(&worker->pending[i]);
    worker->pending_count = 0;
    for (size_t i = 0; i < sizeof worker->works / sizeof *worker->works; i++)
        work_clear(&worker->works[i]);
    worker->saving = NULL;
    for (int32_t s = 0; s < worker->shard_count; s++)
        for (size_t i = 0; i < worker->stage->input_count; i++)
            worker->shards[s].inputs[i].saving = NULL;
}
