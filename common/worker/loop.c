/* The loop itself: take, load, decide, save, publish, with the save of one batch overlapping the
 * taking and loading of the next; and what happens when something fails. */

#include "clock.h"
#include "failpoint.h"
#include "log.h"
#include "metrics.h"
#include "worker_internal.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int64_t worker_now_us(void)
{
    return clock_monotonic_us();
}

/* Sleeps until Kafka has something, a signal came, or the time is over. */
static void wait_for_work(struct worker *worker, int timeout_ms)
{
    struct pollfd fds[] = {{.fd = worker->wake_fd, .events = POLLIN},
                           {.fd = worker->signal_fd, .events = POLLIN}};
    int found = poll(fds, 2, timeout_ms);
    uint64_t count;
    if (found > 0 && (fds[0].revents & POLLIN) != 0)
        (void)!read(worker->wake_fd, &count, sizeof count);
    if (found > 0 && (fds[1].revents & POLLIN) != 0)
        worker->stopping = true;
}

static void note_signal(struct worker *worker)
{
    struct pollfd signal = {.fd = worker->signal_fd, .events = POLLIN};
    if (poll(&signal, 1, 0) > 0)
        worker->stopping = true;
}

/* How large the next batches may be, from one that was saved: less where it took more memory than
 * it should, else more, slowly, as a batch that hits the hard bound has been loaded in vain. */
static void adapt_limit(struct worker *worker, const struct work *work)
{
    size_t most = (size_t)worker->config.batch_max, used = arena_used(work->arena);
    size_t next = worker->limit + worker->limit / 8 + 1;
    if (used > BATCH_ARENA_AIM)
        next = work->batch.event_count * BATCH_ARENA_AIM / used + 1;
    worker->limit = next < most ? next : most;
}

static enum status finish_saving(struct worker *worker)
{
    struct work *work = worker->saving;
    if (work == NULL)
        return STATUS_OK;
    enum status status = work_finish_save(worker, work);
    if (status != STATUS_OK)
        return status;
    worker->saving = NULL;
    worker->again_count = 0;
    worker->records_only = worker->refusing = false;
    worker->active_us = worker_now_us();
    adapt_limit(worker, work);
    bool blocked = false;
    for (int32_t s = 0; s < worker->shard_count; s++)
        if (batch_shard(&work->batch, s)->why != NULL) {
            shard_block(worker, &worker->shards[s], batch_shard(&work->batch, s)->why);
            blocked = true;
        }
    work_clear(work);
    if (!blocked)
        return STATUS_OK;
    worker_discard(worker);
    return worker_reassign(worker);
}

/* The records of a batch of which nothing happened, in front of what is pending. Room is there: new
 * ones are taken only when nothing is. */
static void keep_records(struct worker *worker, struct work *work)
{
    memmove(worker->pending + work->record_count, worker->pending,
            worker->pending_count * sizeof *worker->pending);
    memcpy(worker->pending, work->records, work->record_count * sizeof *work->records);
    worker->pending_count += work->record_count;
    work->record_count = 0;
    for (int32_t s = 0; s < worker->shard_count; s++)
        for (size_t i = 0; i < worker->stage->input_count; i++)
            worker->shards[s].inputs[i].saving = NULL;
}

/* Makes the next try smaller: without deadlines, then of half the records, then without the one
 * record that does not fit by itself, which becomes a dead letter. */
static enum status shrink(struct worker *worker, const struct work *work)
{
    if (work->deadline_count > 0 && work->record_count > 0) {
        worker->records_only = true;
        return STATUS_OK;
    }
    const struct record *record = &work->records[0];
    if (work->record_count == 1 && !worker_is_too_large(worker, record)) {
        worker->refusing = true;
        worker->too_large = (struct place){record->topic, record->partition, record->offset};
    } else if (work->record_count <= 1 && worker->limit == 1) {
        return error_set(&worker->error, STATUS_FATAL, "a single event does not fit a batch");
    }
    worker->limit = work->record_count / 2 > 0 ? work->record_count / 2 : 1;
    return STATUS_OK;
}

/* A bound was hit: the same events again, in smaller batches. */
static enum status put_back(struct worker *worker, struct work *work)
{
    enum status status = shrink(worker, work);
    if (status != STATUS_OK)
        return status;
    keep_records(worker, work);
    work_clear(work);
    return STATUS_OK;
}

static struct work *free_work(struct worker *worker)
{
    return worker->saving == &worker->works[0] ? &worker->works[1] : &worker->works[0];
}

/* Nothing of a batch happened, as a save found that rows which shards share have changed since its
 * load, or a load that it did not ask for all that is needed. That batch, and the one taken behind
 * it, are loaded and decided again. Due deadlines among them are found again as rows. */
static enum status decide_again(struct worker *worker)
{
    struct work *first =
        worker->saving == &worker->works[0] ? &worker->works[0] : &worker->works[1];
    struct work *last = first == &worker->works[0] ? &worker->works[1] : &worker->works[0];
    metric_add(METRIC_BATCHES_AGAIN, 1);
    if (++worker->again_count > AGAIN_MAX)
        return error_set(&worker->error, STATUS_FATAL,
                         "a batch was refused %d times: decide does not see why", AGAIN_MAX);
    keep_records(worker, last);
    keep_records(worker, first);
    worker->saving = NULL;
    work_clear(first);
    work_clear(last);
    return STATUS_OK;
}

/* Before leaving shards: a batch that would have to be decided again is left to the next owner. */
static enum status finish_to_leave(struct worker *worker)
{
    enum status status = finish_saving(worker);
    return status == STATUS_AGAIN ? decide_again(worker) : status;
}

/* Everything between taking and the save being sent. */
static enum status run_batch(struct worker *worker, struct work *work)
{
    failpoint(TAKEN);
    work_send_load(worker, work);
    enum status status = finish_saving(worker);
    if (status != STATUS_OK || work->load == NULL)
        return status;
    status = work_finish_load(worker, work);
    failpoint(LOADED);
    int64_t from_us = worker_now_us();
    if (status == STATUS_OK)
        status = work_decide(worker, work);
    metric_add(METRIC_DECIDE_MICROSECONDS, worker_now_us() - from_us);
    failpoint(DECIDED);
    if (status == STATUS_OK)
        status = work_send_save(worker, work);
    failpoint(SAVING);
    if (status == STATUS_EXHAUSTED)
        return put_back(worker, work);
    if (status == STATUS_OK)
        worker->saving = work;
    return status;
}

static bool needs_tidying(const struct worker *worker)
{
    for (size_t o = 0; o < worker->owned_count; o++) {
        const struct shard *shard = &worker->shards[worker->owned[o]];
        if (shard_published(shard) > shard->published_saved)
            return true;
        for (size_t i = 0; i < worker->stage->input_count; i++)
            if (shard->inputs[i].dirty)
                return true;
    }
    return false;
}

/* An empty batch, to save what was published or skipped since the last one. */
static enum status tidy(struct worker *worker)
{
    struct work *work = free_work(worker);
    work->record_count = 0;
    enum status status = batch_start(worker, work);
    if (status == STATUS_OK)
        status = work_group(work);
    return status == STATUS_OK ? run_batch(worker, work) : status;
}

/* Adds the inputs of a shard that are ahead of what Kafka was told. */
static size_t add_uncommitted(const struct worker *worker, struct shard *shard,
                              struct place *places)
{
    size_t count = 0;
    for (size_t i = 0; i < worker->stage->input_count; i++) {
        struct input *input = &shard->inputs[i];
        /* Only what PostgreSQL has too: a commit ahead of it means lost commits. */
        if (!input->uncommitted || input->dirty)
            continue;
        input->uncommitted = false;
        places[count++] = (struct place){.topic = worker->stage->inputs[i].topic,
                                         .partition = shard->number,
                                         .offset = input->next};
    }
    return count;
}

/* One request for all shards: a request costs the broker more than the offsets in it. */
static void commit_offsets(struct worker *worker, bool now)
{
    int64_t now_us = worker_now_us();
    if (worker->owned_count == 0 || (!now && now_us - worker->commit_us < COMMIT_EVERY_MS * 1000))
        return;
    worker->commit_us = now_us;
    size_t count = 0, room = worker->owned_count * worker->stage->input_count;
    struct place *places = calloc(room, sizeof *places);
    if (places == NULL)
        return;
    for (size_t o = 0; o < worker->owned_count; o++)
        count += add_uncommitted(worker, &worker->shards[worker->owned[o]], places + count);
    failpoint(COMMITTING);
    consumer_commit(worker->consumer, places, count);
    failpoint(COMMITTED);
    free(places);
}

static void measure_lag(struct worker *worker)
{
    int64_t now_us = worker_now_us();
    if (now_us - worker->lag_us < LAG_EVERY_MS * 1000 || worker->owned_count == 0)
        return;
    worker->lag_us = now_us;
    size_t count = 0, room = worker->owned_count * worker->stage->input_count;
    struct place *ends = calloc(room, sizeof *ends);
    if (ends == NULL)
        return;
    for (size_t o = 0; o < worker->owned_count; o++)
        for (size_t i = 0; i < worker->stage->input_count; i++)
            ends[count++] = (struct place){.topic = worker->stage->inputs[i].topic,
                                           .partition = worker->owned[o]};
    int64_t lag = 0;
    if (consumer_ends(worker->consumer, ends, count, WORKER_WAIT_MS, &worker->error) == STATUS_OK) {
        for (size_t i = 0; i < count; i++) {
            const struct shard *shard = &worker->shards[ends[i].partition];
            lag += ends[i].offset - shard->inputs[worker_input(worker, ends[i].topic)].next;
        }
        metric_set(METRIC_LAG, lag);
    }
    free(ends);
}

static enum status idle(struct worker *worker)
{
    enum status status = finish_saving(worker);
    if (status != STATUS_OK || !worker->drained)
        return status;
    int64_t quiet_ms = (worker_now_us() - worker->active_us) / 1000;
    if (quiet_ms >= TIDY_AFTER_MS && needs_tidying(worker)) {
        worker->active_us = worker_now_us();
        return tidy(worker);
    }
    measure_lag(worker);
    wait_for_work(worker, (int)worker->config.deadline_scan_ms);
    return STATUS_OK;
}

/* One turn while we own something, or stand by. */
static enum status turn(struct worker *worker)
{
    if (!worker_may_save(worker)) {
        enum status status = finish_saving(worker);
        wait_for_work(worker, 5);
        return status;
    }
    struct work *work = free_work(worker);
    enum status status = worker_take(worker, work);
    if (status == STATUS_OK)
        status = batch_start(worker, work);
    if (status == STATUS_OK)
        status = work_form(worker, work);
    bool records_only = worker->records_only && work->record_count > 0;
    if (status == STATUS_OK && worker->pending_count == 0 && worker->owned_count > 0 &&
        !records_only) {
        status = deadline_scan(worker);
        if (status == STATUS_OK)
            status = deadline_take(worker, work);
    }
    if (status == STATUS_OK)
        status = work_group(work);
    if (status == STATUS_EXHAUSTED)
        return put_back(worker, work);
    if (status != STATUS_OK)
        return status;
    if (work->batch.event_count > 0)
        return run_batch(worker, work);
    status = finish_saving(worker);
    if (status == STATUS_OK && work->record_count > 0) {
        work_skip(worker, work);
        work_clear(work);
        return STATUS_OK;
    }
    return status == STATUS_OK ? idle(worker) : status;
}

/* Kafka takes our shards away: finish what is under way, say that they are free. */
static enum status revoked(struct worker *worker)
{
    worker->rebalance_revoke = false;
    failpoint(REVOKED);
    enum status status = finish_to_leave(worker);
    if (status == STATUS_OK)
        status = worker_settle(worker, 1000);
    if (status == STATUS_OK)
        worker_release(worker);
    worker_discard(worker);
    worker_drop_shards(worker);
    for (int32_t s = 0; s < worker->shard_count; s++)
        worker->shards[s].assigned = false;
    enum status unassigned = consumer_assign(worker->consumer, NULL, 0, &worker->error);
    return status == STATUS_FATAL ? status : unassigned;
}

static bool claim_is_due(const struct worker *worker)
{
    int64_t now_us = worker_now_us();
    for (int32_t s = 0; s < worker->shard_count; s++) {
        const struct shard *shard = &worker->shards[s];
        if (shard->assigned && shard->state != SHARD_OWNED && shard->again_us <= now_us)
            return true;
    }
    return false;
}

static enum status claim(struct worker *worker)
{
    enum status status = finish_saving(worker);
    if (status != STATUS_OK)
        return status;
    worker_discard(worker);
    status = worker_claim(worker);
    if (status == STATUS_OK)
        status = worker_reassign(worker);
    if (status == STATUS_OK)
        health_ready(true, ""); /* after a retry, too, which brings no new assignment */
    return status;
}

static enum status assigned(struct worker *worker)
{
    worker->rebalance_assign = false;
    enum status status = worker_take_assignment(worker);
    if (status != STATUS_OK) {
        log_write(LOG_ERROR, worker->error.text, NULL);
        health_ready(false, worker->error.text);
        worker->torn = true;
        return consumer_assign(worker->consumer, NULL, 0, &worker->error);
    }
    worker->torn = false;
    return claim_is_due(worker) ? STATUS_OK : worker_reassign(worker);
}

/* Polls on with nothing assigned, so that the group keeps us, until the time is over. */
static void back_off(struct worker *worker)
{
    worker->backoff_ms = worker->backoff_ms == 0 ? BACKOFF_FIRST_MS : worker->backoff_ms * 2;
    if (worker->backoff_ms > BACKOFF_MAX_MS)
        worker->backoff_ms = BACKOFF_MAX_MS;
    unsigned jitter_ms = (unsigned)rand_r(&worker->random) % (worker->backoff_ms / 2 + 1);
    int64_t until_us = worker_now_us() + (int64_t)(worker->backoff_ms + jitter_ms) * 1000;
    while (!worker->stopping && worker_now_us() < until_us) {
        health_alive();
        wait_for_work(worker, 20);
        (void)!worker_take(worker, &worker->works[0]);
        work_clear(&worker->works[0]);
        (void)!producer_poll(worker->producer, 0, &worker->error);
    }
}

/* The database or broker is down, or a commit's outcome is unknown: forget what is in memory, and
 * claim everything again as after an assignment. */
static enum status again_from_start(struct worker *worker)
{
    log_write(LOG_WARNING, worker->error.text, NULL);
    health_ready(false, worker->error.text);
    metric_add(METRIC_RETRIES, 1);
    worker_discard(worker);
    worker_drop_shards(worker);
    database_close(worker->database);
    worker->database = NULL;
    (void)!consumer_assign(worker->consumer, NULL, 0, &worker->error);
    for (;;) {
        back_off(worker);
        if (worker->stopping)
            return STATUS_OK;
        enum status status = worker_connect(worker);
        if (status != STATUS_RETRY)
            return status;
    }
}

static enum status recover(struct worker *worker, enum status status)
{
    if (status == STATUS_LOST) {
        metric_add(METRIC_BATCHES_LOST, 1);
        worker_discard(worker);
        if (consumer_expelled(worker->consumer)) {
            worker_drop_shards(worker);
            return consumer_assign(worker->consumer, NULL, 0, &worker->error);
        }
        status = worker_find_lost(worker);
        return status == STATUS_RETRY ? again_from_start(worker) : status;
    }
    if (status == STATUS_AGAIN)
        return decide_again(worker);
    if (status == STATUS_RETRY)
        return again_from_start(worker);
    return status;
}

/* Ready: every shard that Kafka gave us is worked on. Standing by without shards is ready, too. */
static void tell_health(struct worker *worker)
{
    const struct shard *waiting = NULL;
    for (int32_t s = 0; s < worker->shard_count; s++)
        if (worker->shards[s].assigned && worker->shards[s].state != SHARD_OWNED)
            waiting = &worker->shards[s];
    char reason[64] = "";
    if (waiting != NULL)
        (void)snprintf(reason, sizeof reason, "shard %d %s", waiting->number,
                       waiting->state == SHARD_BLOCKED ? "waits for an operator"
                                                       : "is being claimed");
    if (!worker->torn)
        health_ready(waiting == NULL, reason);
}

static enum status step(struct worker *worker)
{
    health_alive();
    note_signal(worker);
    enum status status = producer_poll(worker->producer, 0, &worker->error);
    if (status == STATUS_OK && worker->fatal_delivery)
        status = error_set(&worker->error, STATUS_FATAL, "an output could not be published");
    if (status != STATUS_OK)
        return status;
    if (worker->rebalance_revoke)
        return revoked(worker);
    if (worker->rebalance_assign)
        return assigned(worker);
    if (claim_is_due(worker))
        return claim(worker);
    status = turn(worker);
    if (status == STATUS_OK) {
        worker->backoff_ms = worker->owned_count > 0 ? 0 : worker->backoff_ms;
        commit_offsets(worker, false);
        tell_health(worker);
        metric_set(METRIC_UNPUBLISHED, (int64_t)worker_unpublished(worker));
    }
    return status;
}

static enum status stop(struct worker *worker)
{
    enum status status = worker->database == NULL ? STATUS_RETRY : finish_to_leave(worker);
    if (status == STATUS_OK)
        status = worker_settle(worker, 1000);
    if (status == STATUS_OK) {
        commit_offsets(worker, true);
        worker_release(worker);
    }
    worker_discard(worker);
    return status == STATUS_FATAL ? status : STATUS_OK;
}

enum status worker_loop(struct worker *worker)
{
    enum status status = STATUS_OK;
    while (status == STATUS_OK && !worker->stopping) {
        status = step(worker);
        if (status != STATUS_OK)
            status = recover(worker, status);
    }
    return status == STATUS_OK ? stop(worker) : status;
}
