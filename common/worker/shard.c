/* Owning shards: claim on assignment and after every reconnect (one path), and release. */

#include "failpoint.h"
#include "log.h"
#include "metrics.h"
#include "worker_internal.h"

#include <stdlib.h>
#include <string.h>

/* A frozen owner may hold the rows; what it has not committed is lost to it either way. */
static const struct statement END_OLD_OWNERS = {
    "worker_end_old_owners",
    "SELECT pg_terminate_backend(a.pid)"
    " FROM shard s JOIN pg_stat_activity a ON a.pid = s.owner_backend"
    " WHERE s.shard = ANY($1::integer[]) AND a.pid <> pg_backend_pid()"
    "   AND a.usename = current_user AND a.datname = current_database()"
    "   AND a.backend_start <= s.owner_since",
};

static const struct statement ADD_SHARD = {
    "worker_add_shard",
    "INSERT INTO shard (shard, epoch, batch_seq, published_seq, next_key, clock_at)"
    " VALUES ($1::integer, 0, 0, 0, 1, clock_timestamp()) ON CONFLICT DO NOTHING",
};

static const struct statement ADD_PROGRESS = {
    "worker_add_progress",
    "INSERT INTO progress (shard, topic, next_offset, last_time, last_hash)"
    " SELECT $1::integer, t.topic, -1, -1, 0 FROM unnest($2::text[]) AS t(topic)"
    " ON CONFLICT DO NOTHING",
};

static const struct statement CLAIM_SHARD = {
    "worker_claim_shard",
    "UPDATE shard SET epoch = epoch + 1, owner = $2::text, owner_backend = pg_backend_pid(),"
    "                 owner_since = clock_timestamp(), blocked = NULL"
    " WHERE shard = $1::integer"
    " RETURNING epoch, batch_seq, published_seq, next_key, clock_at",
};

static const struct statement READ_PROGRESS = {
    "worker_read_progress",
    "SELECT topic, next_offset, last_time, last_hash FROM progress WHERE shard = $1::integer",
};

static const struct statement READ_OUTPUTS = {
    "worker_read_outputs",
    "SELECT o.batch_seq, o.records FROM output o JOIN shard s USING (shard)"
    " WHERE o.shard = $1::integer AND o.batch_seq > s.published_seq ORDER BY o.batch_seq",
};

static const struct statement RELEASE_SHARDS = {
    "worker_release_shards",
    "UPDATE shard SET owner = NULL, owner_backend = NULL, published_seq = g.published_seq"
    " FROM unnest($1::integer[], $2::bigint[], $3::bigint[]) AS g(shard, epoch, published_seq)"
    " WHERE shard.shard = g.shard AND shard.epoch = g.epoch",
};

static const struct statement READ_EPOCHS = {
    "worker_read_epochs",
    "SELECT shard, epoch FROM shard WHERE shard = ANY($1::integer[])",
};

static const struct statement BLOCK_SHARD = {
    "worker_block_shard",
    "UPDATE shard SET blocked = $3::text WHERE shard = $1::integer AND epoch = $2::bigint",
};

static void list_owned(struct worker *worker)
{
    worker->owned_count = 0;
    size_t blocked = 0;
    for (int32_t s = 0; s < worker->shard_count; s++) {
        if (worker->shards[s].state == SHARD_OWNED)
            worker->owned[worker->owned_count++] = s;
        blocked += worker->shards[s].state == SHARD_BLOCKED;
    }
    metric_set(METRIC_SHARDS, (int64_t)worker->owned_count);
    metric_set(METRIC_SHARDS_BLOCKED, (int64_t)blocked);
}

/* A shard is ours only whole: its number in every input. */
enum status worker_take_assignment(struct worker *worker)
{
    size_t count;
    const struct place *given = consumer_given(worker->consumer, &count);
    size_t inputs = worker->stage->input_count;
    int32_t torn = -1;
    for (int32_t s = 0; s < worker->shard_count; s++) {
        size_t found = 0;
        for (size_t i = 0; i < count; i++)
            found += given[i].partition == s;
        worker->shards[s].assigned = found == inputs;
        if (found != 0 && found != inputs)
            torn = s;
    }
    if (torn >= 0) {
        for (int32_t s = 0; s < worker->shard_count; s++)
            worker->shards[s].assigned = false;
        return error_set(&worker->error, STATUS_INVALID,
                         "shard %d was assigned in part: every instance of the group must "
                         "subscribe to the same topics",
                         torn);
    }
    return STATUS_OK;
}

struct claim {
    struct shard *shard;
    struct call *claimed, *progress, *outputs;
};

/* Shards that Kafka gave us and that are not ours yet, unless they are to wait. */
static size_t list_claimable(struct worker *worker, struct shard **shards)
{
    size_t count = 0;
    int64_t now_us = worker_now_us();
    for (int32_t s = 0; s < worker->shard_count; s++) {
        struct shard *shard = &worker->shards[s];
        if (shard->assigned && shard->state != SHARD_OWNED && shard->again_us <= now_us)
            shards[count++] = shard;
    }
    return count;
}

static struct column *numbers_of(struct unit *unit, struct shard *const *shards, size_t count)
{
    struct column *numbers = column_create(unit, COLUMN_INT4);
    for (size_t i = 0; i < count; i++)
        column_int4(numbers, shards[i]->number);
    return numbers;
}

static enum status end_old_owners(struct worker *worker, struct shard *const *shards, size_t count)
{
    struct unit *unit = database_begin(worker->database, worker->scratch);
    call_column(unit_call(unit, &END_OLD_OWNERS), numbers_of(unit, shards, count));
    database_send(unit);
    enum status status = database_wait(unit, &worker->error);
    database_end(unit);
    return status;
}

enum { CLAIM_CALLS = 6, CLAIMS_PER_UNIT = (DATABASE_UNIT_CALLS_MAX - 4) / (CLAIM_CALLS + 2) };

static void add_claim(struct worker *worker, struct unit *unit, struct claim *claim)
{
    int32_t number = claim->shard->number;
    struct call *call = unit_call(unit, &ADD_SHARD);
    call_int4(call, number);
    call = unit_call(unit, &ADD_PROGRESS);
    call_int4(call, number);
    struct column *topics = column_create(unit, COLUMN_TEXT);
    for (size_t i = 0; i < worker->stage->input_count; i++)
        column_text(topics, topic_info(worker->stage->inputs[i].topic)->name);
    call_column(call, topics);
    claim->claimed = unit_call(unit, &CLAIM_SHARD);
    call_int4(claim->claimed, number);
    call_text(claim->claimed, worker->instance);
    claim->progress = unit_call(unit, &READ_PROGRESS);
    call_int4(claim->progress, number);
    claim->outputs = unit_call(unit, &READ_OUTPUTS);
    call_int4(claim->outputs, number);
    if (worker->stage->claimed != NULL)
        worker->stage->claimed(worker->stage->context, unit, number);
}

static void take_progress(struct worker *worker, struct shard *shard, const struct call *progress)
{
    memset(shard->inputs, 0, sizeof shard->inputs);
    for (size_t row = 0; row < rows_count(progress); row++) {
        int index = worker_input(worker, topic_find(rows_text(progress, row, 0)));
        if (index < 0)
            continue;
        struct input *input = &shard->inputs[index];
        input->next = rows_int8(progress, row, 1);
        input->last_time = rows_int8(progress, row, 2);
        input->last_hash = rows_int8(progress, row, 3);
    }
}

static enum status publish_again(struct worker *worker, struct claim *claim)
{
    struct shard *shard = claim->shard;
    for (size_t row = 0; row < rows_count(claim->outputs); row++) {
        size_t size;
        const uint8_t *bytes = rows_bytes(claim->outputs, row, 1, &size);
        size_t count = 0, at = 0;
        struct ring_record record;
        enum status read;
        arena_reset(worker->ring_scratch);
        while (ring_next(bytes, size, &at, worker->ring_scratch, &record, &read))
            count++;
        metric_add(METRIC_OUTPUTS_AGAIN, (int64_t)count);
        enum status status =
            publish_bytes(worker, shard, rows_int8(claim->outputs, row, 0), bytes, size, count);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static enum status take_claim(struct worker *worker, struct claim *claim)
{
    struct shard *shard = claim->shard;
    if (rows_count(claim->claimed) != 1)
        return error_set(&worker->error, STATUS_FATAL, "shard %d has no row", shard->number);
    shard_forget_flights(shard);
    shard->epoch = rows_int8(claim->claimed, 0, 0);
    shard->batch_seq = rows_int8(claim->claimed, 0, 1);
    shard->published_saved = rows_int8(claim->claimed, 0, 2);
    shard->next_key = rows_int8(claim->claimed, 0, 3);
    shard->clock_us = rows_time(claim->claimed, 0, 4);
    shard->due_until_us = shard->goal_time_us = 0;
    shard->again_us = 0;
    take_progress(worker, shard, claim->progress);
    metric_add(METRIC_CLAIMS, 1);
    failpoint(CLAIMED);
    enum status status = publish_again(worker, claim);
    failpoint(REPEATED);
    return status;
}

static enum status claim_some(struct worker *worker, struct shard *const *shards, size_t count)
{
    struct claim claims[CLAIMS_PER_UNIT];
    arena_reset(worker->scratch);
    enum status status = end_old_owners(worker, shards, count);
    if (status != STATUS_OK)
        return status;
    struct unit *unit = database_begin(worker->database, worker->scratch);
    for (size_t i = 0; i < count; i++) {
        claims[i] = (struct claim){.shard = shards[i]};
        add_claim(worker, unit, &claims[i]);
    }
    database_send(unit);
    failpoint(CLAIMING);
    status = database_wait(unit, &worker->error);
    for (size_t i = 0; status == STATUS_OK && i < count; i++)
        status = take_claim(worker, &claims[i]);
    database_end(unit);
    return status;
}

static void lose_shard(struct worker *worker, struct shard *shard)
{
    int64_t jitter_ms = rand_r(&worker->random) % LOST_AGAIN_MS;
    shard_forget_flights(shard);
    shard->state = SHARD_LOST;
    shard->again_us = worker_now_us() + (LOST_AGAIN_MS + jitter_ms) * 1000;
    log_format(LOG_WARNING, "shard %d has another owner now", shard->number);
}

/* Kafka was asked after the claim. If that took long, somebody else may own a shard by now and be
 * further than the claim has seen, so nothing is wrong: STATUS_LOST. Else `found` holds. */
static enum status judge_places(struct worker *worker, struct shard *const *shards, size_t count,
                                enum status found)
{
    struct error error = {0};
    arena_reset(worker->scratch);
    struct unit *unit = database_begin(worker->database, worker->scratch);
    struct call *call = unit_call(unit, &READ_EPOCHS);
    call_column(call, numbers_of(unit, shards, count));
    database_send(unit);
    enum status status = database_wait(unit, &error);
    size_t lost = 0;
    for (size_t row = 0; status == STATUS_OK && row < rows_count(call); row++) {
        struct shard *shard = &worker->shards[rows_int4(call, row, 0)];
        if (rows_int8(call, row, 1) == shard->epoch)
            continue;
        lose_shard(worker, shard);
        lost++;
    }
    database_end(unit);
    if (status != STATUS_OK)
        return error_set(&worker->error, status, "%s", error.text);
    return lost > 0 ? STATUS_LOST : found;
}

enum status worker_claim(struct worker *worker)
{
    struct shard **shards = calloc((size_t)worker->shard_count, sizeof *shards);
    if (shards == NULL)
        return error_set(&worker->error, STATUS_RETRY, "no memory");
    size_t count = list_claimable(worker, shards);
    enum status status = STATUS_OK;
    for (size_t at = 0; status == STATUS_OK && at < count; at += CLAIMS_PER_UNIT)
        status = claim_some(worker, shards + at,
                            count - at < CLAIMS_PER_UNIT ? count - at : CLAIMS_PER_UNIT);
    if (status == STATUS_OK && count > 0)
        status = places_check(worker, shards, count);
    if (status == STATUS_FATAL)
        status = judge_places(worker, shards, count, status);
    if (status == STATUS_OK)
        status = places_begin(worker, shards, count);
    for (size_t i = 0; status == STATUS_OK && i < count; i++)
        shards[i]->state = SHARD_OWNED;
    free(shards);
    list_owned(worker);
    if (status == STATUS_OK && count > 0)
        log_format(LOG_INFO, "claimed %zu shards, owning %zu of %d", count, worker->owned_count,
                   worker->shard_count);
    return status;
}

enum status worker_reassign(struct worker *worker)
{
    size_t room = worker->owned_count * worker->stage->input_count;
    struct place *places = calloc(room + 1, sizeof *places);
    if (places == NULL)
        return error_set(&worker->error, STATUS_RETRY, "no memory");
    size_t n = 0;
    for (size_t o = 0; o < worker->owned_count; o++) {
        for (size_t i = 0; i < worker->stage->input_count; i++) {
            struct input *input = &worker->shards[worker->owned[o]].inputs[i];
            input->verify = input->next > 0 && input->last_time >= 0;
            input->taken = input->end = input->next;
            input->saving = NULL;
            places[n++] = (struct place){.topic = worker->stage->inputs[i].topic,
                                         .partition = worker->owned[o],
                                         .offset = input->next - (input->verify ? 1 : 0)};
        }
    }
    enum status status = consumer_assign(worker->consumer, places, n, &worker->error);
    free(places);
    worker->drained = false;
    return status;
}

void worker_drop_shards(struct worker *worker)
{
    for (int32_t s = 0; s < worker->shard_count; s++) {
        struct shard *shard = &worker->shards[s];
        shard->state = SHARD_ABSENT;
        shard->again_us = 0;
        shard_forget_flights(shard);
    }
    list_owned(worker);
}

/* Says that the shards are free, so that the next owner does not end our connection. */
void worker_release(struct worker *worker)
{
    if (worker->database == NULL || worker->owned_count == 0)
        return;
    arena_reset(worker->scratch);
    struct unit *unit = database_begin(worker->database, worker->scratch);
    struct column *shards = column_create(unit, COLUMN_INT4);
    struct column *epochs = column_create(unit, COLUMN_INT8);
    struct column *published = column_create(unit, COLUMN_INT8);
    for (size_t o = 0; o < worker->owned_count; o++) {
        const struct shard *shard = &worker->shards[worker->owned[o]];
        column_int4(shards, shard->number);
        column_int8(epochs, shard->epoch);
        column_int8(published, shard_published(shard));
    }
    struct call *call = unit_call(unit, &RELEASE_SHARDS);
    call_column(call, shards);
    call_column(call, epochs);
    call_column(call, published);
    database_send(unit);
    if (database_wait(unit, &worker->error) != STATUS_OK)
        log_write(LOG_WARNING, worker->error.text, NULL);
    failpoint(RELEASED);
    database_end(unit);
}

/* After a refused save: which of our shards has somebody else? */
enum status worker_find_lost(struct worker *worker)
{
    arena_reset(worker->scratch);
    struct unit *unit = database_begin(worker->database, worker->scratch);
    struct column *shards = column_create(unit, COLUMN_INT4);
    for (size_t o = 0; o < worker->owned_count; o++)
        column_int4(shards, worker->owned[o]);
    struct call *call = unit_call(unit, &READ_EPOCHS);
    call_column(call, shards);
    database_send(unit);
    enum status status = database_wait(unit, &worker->error);
    for (size_t row = 0; status == STATUS_OK && row < rows_count(call); row++) {
        struct shard *shard = &worker->shards[rows_int4(call, row, 0)];
        shard_forget_flights(shard);
        shard->state = SHARD_ABSENT;
        if (rows_int8(call, row, 1) != shard->epoch)
            lose_shard(worker, shard);
    }
    database_end(unit);
    list_owned(worker);
    return status;
}

void shard_block(struct worker *worker, struct shard *shard, const char *why)
{
    shard->state = SHARD_BLOCKED;
    shard->again_us = worker_now_us() + BLOCKED_AGAIN_MS * 1000;
    log_format(LOG_ERROR, "shard %d waits: %s", shard->number, why);
    arena_reset(worker->scratch);
    struct unit *unit = database_begin(worker->database, worker->scratch);
    struct call *call = unit_call(unit, &BLOCK_SHARD);
    call_int4(call, shard->number);
    call_int8(call, shard->epoch);
    call_text(call, why);
    database_send(unit);
    if (database_wait(unit, &worker->error) != STATUS_OK)
        log_write(LOG_WARNING, worker->error.text, NULL);
    database_end(unit);
    list_owned(worker);
}
