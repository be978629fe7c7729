/* Deadlines: rows with a due time. One is decided only after its shard has read every input up to
 * where it ended after the due time, so that an outage expires nothing whose answer is waiting. */

#include "metrics.h"
#include "worker_internal.h"

#include <stdlib.h>
#include <string.h>

/* now() and not clock_timestamp(), which is volatile and so can bound no index scan. */
static const struct statement FIND_DUE_SHARDS = {
    "worker_find_due_shards",
    "SELECT s.shard, clock_timestamp() FROM unnest($1::integer[]) AS s(shard)"
    " WHERE EXISTS (SELECT 1 FROM deadline d"
    "               WHERE d.shard = s.shard AND d.due_at <= now())",
};

static const struct statement READ_DUE = {
    "worker_read_due",
    "SELECT d.shard, d.kind, d.merchant_id, d.order_id, d.subject, d.due_at"
    " FROM unnest($1::integer[], $2::timestamptz[]) AS s(shard, until)"
    " CROSS JOIN LATERAL (SELECT * FROM deadline d"
    "                     WHERE d.shard = s.shard AND d.due_at <= s.until"
    "                     ORDER BY d.due_at LIMIT $3::bigint) d"
    " LIMIT $3::bigint",
};

/* Where each input of the shards with something due ends now. */
static enum status take_goals(struct worker *worker, const struct call *due)
{
    size_t inputs = worker->stage->input_count, count = 0;
    struct place *ends = calloc(rows_count(due) * inputs, sizeof *ends);
    if (ends == NULL)
        return error_set(&worker->error, STATUS_RETRY, "no memory");
    for (size_t row = 0; row < rows_count(due); row++)
        for (size_t i = 0; i < inputs; i++)
            ends[count++] = (struct place){.topic = worker->stage->inputs[i].topic,
                                           .partition = rows_int4(due, row, 0)};
    enum status status =
        consumer_ends(worker->consumer, ends, count, WORKER_WAIT_MS, &worker->error);
    for (size_t row = 0; status == STATUS_OK && row < rows_count(due); row++) {
        struct shard *shard = &worker->shards[rows_int4(due, row, 0)];
        shard->goal_time_us = rows_time(due, row, 1);
        for (size_t i = 0; i < inputs; i++)
            shard->goals[i] = ends[row * inputs + i].offset;
    }
    free(ends);
    return status;
}

/* Looks for shards with something due, at most every deadline_scan_ms. A shard that is on its way
 * to an earlier goal keeps that. */
enum status deadline_scan(struct worker *worker)
{
    int64_t now_us = worker_now_us();
    if (now_us - worker->scan_us < worker->config.deadline_scan_ms * 1000)
        return STATUS_OK;
    worker->scan_us = now_us;
    arena_reset(worker->scratch);
    struct unit *unit = database_begin(worker->database, worker->scratch);
    struct column *shards = column_create(unit, COLUMN_INT4);
    for (size_t o = 0; o < worker->owned_count; o++) {
        const struct shard *shard = &worker->shards[worker->owned[o]];
        if (shard->goal_time_us == 0)
            column_int4(shards, shard->number);
    }
    struct call *due = unit_call(unit, &FIND_DUE_SHARDS);
    call_column(due, shards);
    database_send(unit);
    enum status status = database_wait(unit, &worker->error);
    if (status == STATUS_OK && rows_count(due) > 0)
        status = take_goals(worker, due);
    database_end(unit);
    return status;
}

/* Every input was read to its goal, and none of it waits in memory to be saved. */
static bool caught_up(const struct worker *worker, const struct shard *shard)
{
    if (shard->goal_time_us == 0)
        return false;
    for (size_t i = 0; i < worker->stage->input_count; i++)
        if (shard->inputs[i].end < shard->goals[i])
            return false;
    return true;
}

/* A goal that was reached holds for all that was due by then: it is kept while there may be more.
 */
static void finish_goals(struct worker *worker, bool more)
{
    for (size_t o = 0; o < worker->owned_count; o++) {
        struct shard *shard = &worker->shards[worker->owned[o]];
        if (more && shard->due_until_us != 0)
            shard->goal_time_us = shard->due_until_us;
        shard->due_until_us = 0;
    }
}

static enum status add_due(struct work *work, const struct call *due)
{
    struct batch *batch = &work->batch;
    for (size_t row = 0; row < rows_count(due); row++) {
        struct event *event = &batch->events[batch->event_count];
        *event = (struct event){
            .kind = EVENT_DEADLINE,
            .shard = rows_int4(due, row, 0),
            .deadline_kind = rows_int4(due, row, 1),
            .merchant_id = arena_strdup(work->arena, rows_text(due, row, 2)),
            .order_id = arena_strdup(work->arena, rows_text(due, row, 3)),
            .subject = arena_strdup(work->arena, rows_text(due, row, 4)),
            .due_us = rows_time(due, row, 5),
        };
        work->refusals[batch->event_count] = (struct refusal){0};
        if (event->merchant_id == NULL || event->order_id == NULL || event->subject == NULL)
            return STATUS_EXHAUSTED;
        batch->event_count++;
        work->deadline_count++;
    }
    return STATUS_OK;
}

/* Adds what is due in the shards that have caught up, behind the records of the batch: those are
 * decided first. Read behind the save that is under way, so that it sees its outcome. */
enum status deadline_take(struct worker *worker, struct work *work)
{
    struct unit *unit = NULL;
    struct column *shards = NULL, *until = NULL;
    for (size_t o = 0; o < worker->owned_count; o++) {
        struct shard *shard = &worker->shards[worker->owned[o]];
        if (!caught_up(worker, shard))
            continue;
        if (unit == NULL) {
            arena_reset(worker->scratch);
            unit = database_begin(worker->database, worker->scratch);
            shards = column_create(unit, COLUMN_INT4);
            until = column_create(unit, COLUMN_TIME);
        }
        column_int4(shards, shard->number);
        column_time(until, shard->goal_time_us);
        shard->due_until_us = shard->goal_time_us;
        shard->goal_time_us = 0;
    }
    if (unit == NULL)
        return STATUS_OK;
    struct call *due = unit_call(unit, &READ_DUE);
    call_column(due, shards);
    call_column(due, until);
    size_t most = worker->limit < BATCH_DEADLINES_MAX ? worker->limit : BATCH_DEADLINES_MAX;
    call_int8(due, (int64_t)most);
    database_send(unit);
    enum status status = database_wait(unit, &worker->error);
    if (status == STATUS_OK)
        status = add_due(work, due);
    finish_goals(worker, status == STATUS_OK && rows_count(due) >= most);
    database_end(unit);
    return status;
}
