/* Publishing saved outputs, and knowing which batches Kafka has acknowledged. */

#include "failpoint.h"
#include "log.h"
#include "metrics.h"
#include "worker_internal.h"

#include <stdlib.h>
#include <string.h>

int64_t shard_published(const struct shard *shard)
{
    return shard->flight_count == 0 ? shard->batch_seq : shard->flights[0]->seq - 1;
}

static bool landed(const struct flight *flight)
{
    return flight->left == 0 && !flight->sending;
}

static void drop_landed(struct shard *shard)
{
    while (shard->flight_count > 0 && landed(shard->flights[0])) {
        free(shard->flights[0]);
        shard->flight_count--;
        memmove(shard->flights, shard->flights + 1, shard->flight_count * sizeof *shard->flights);
    }
}

/* The shard is not ours any more, or will be published again from its slots: what is still under
 * way reports to nobody. */
void shard_forget_flights(struct shard *shard)
{
    for (size_t i = 0; i < shard->flight_count; i++) {
        shard->flights[i]->shard = NULL;
        if (landed(shard->flights[i]))
            free(shard->flights[i]);
    }
    shard->flight_count = 0;
}

void publish_delivered(void *context, void *token, enum status status, const char *reason)
{
    struct worker *worker = context;
    struct flight *flight = token;
    if (status != STATUS_OK && !worker->stopping) {
        log_write(LOG_ERROR, "an output could not be published", "reason", reason, NULL);
        worker->fatal_delivery = true;
        return;
    }
    if (status != STATUS_OK)
        return;
    failpoint(ACKNOWLEDGED);
    flight->left--;
    if (flight->shard != NULL)
        drop_landed(flight->shard);
    else if (landed(flight))
        free(flight);
}

static enum status send_record(struct worker *worker, const struct ring_record *record,
                               struct flight *flight)
{
    const struct place place = {.topic = record->topic, .partition = record->partition};
    for (;;) {
        enum status status = producer_send(worker->producer, &place, record->key, record->key_size,
                                           record->value, record->value_size, record->headers,
                                           record->header_count, flight, &worker->error);
        if (status != STATUS_EXHAUSTED)
            return status;
        status = producer_poll(worker->producer, 10, &worker->error);
        if (status != STATUS_OK)
            return status;
        if (worker->fatal_delivery)
            return error_set(&worker->error, STATUS_FATAL, "an output could not be published");
    }
}

enum status publish_bytes(struct worker *worker, struct shard *shard, int64_t seq,
                          const uint8_t *bytes, size_t size, size_t count)
{
    struct flight *flight = calloc(1, sizeof *flight);
    if (flight == NULL || shard->flight_count >= WORKER_UNPUBLISHED_MAX) {
        free(flight);
        return error_set(&worker->error, STATUS_FATAL, "no room for an unpublished batch");
    }
    *flight = (struct flight){.shard = shard, .seq = seq, .left = count, .sending = true};
    shard->flights[shard->flight_count++] = flight;
    struct ring_record record;
    size_t at = 0, sent = 0;
    enum status read = STATUS_OK, status = STATUS_OK;
    arena_reset(worker->ring_scratch);
    producer_burst(worker->producer);
    while (status == STATUS_OK &&
           ring_next(bytes, size, &at, worker->ring_scratch, &record, &read)) {
        status = send_record(worker, &record, flight);
        sent++;
        failpoint(PUBLISHING);
        if (sent % 1024 == 0)
            arena_reset(worker->ring_scratch);
    }
    if (status == STATUS_OK && read != STATUS_OK)
        status = error_set(&worker->error, STATUS_FATAL,
                           "shard %d: outputs of batch %lld cannot be read back", shard->number,
                           (long long)seq);
    flight->left -= count - sent;
    flight->sending = false;
    failpoint(PUBLISHED);
    drop_landed(shard);
    return status;
}

/* A slot is used again only when what it holds is acknowledged; one save may be under way. */
bool worker_may_save(const struct worker *worker)
{
    int64_t ahead = worker->saving == NULL ? 1 : 2;
    for (size_t i = 0; i < worker->owned_count; i++) {
        const struct shard *shard = &worker->shards[worker->owned[i]];
        if (shard->flight_count > 0 &&
            shard->batch_seq + ahead - shard->flights[0]->seq >= WORKER_UNPUBLISHED_MAX)
            return false;
    }
    return true;
}

size_t worker_unpublished(const struct worker *worker)
{
    size_t count = 0;
    for (int32_t s = 0; s < worker->shard_count; s++)
        count += worker->shards[s].flight_count;
    return count;
}

/* Serves delivery reports until everything is acknowledged or the time is over. */
enum status worker_settle(struct worker *worker, int timeout_ms)
{
    int64_t until_us = worker_now_us() + (int64_t)timeout_ms * 1000;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && worker_unpublished(worker) > 0 && worker_now_us() < until_us)
        status = producer_poll(worker->producer, 20, &worker->error);
    return status;
}
