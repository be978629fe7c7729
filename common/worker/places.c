/* Places in the log: that what PostgreSQL remembers and what Kafka holds belong together. */

#include "worker_internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Every (shard, input) as a list of places. */
static size_t list_places(struct worker *worker, struct shard *const *shards, size_t count,
                          struct place *places)
{
    size_t n = 0;
    for (size_t s = 0; s < count; s++)
        for (size_t i = 0; i < worker->stage->input_count; i++)
            places[n++] = (struct place){.topic = worker->stage->inputs[i].topic,
                                         .partition = shards[s]->number};
    return n;
}

static struct input *input_at(struct worker *worker, const struct place *place)
{
    return &worker->shards[place->partition].inputs[worker_input(worker, place->topic)];
}

/* Kafka must not know more than PostgreSQL, and PostgreSQL no more than there is in Kafka. */
static enum status check_place(struct worker *worker, const struct place *committed,
                               const struct place *end)
{
    const struct input *input = input_at(worker, end);
    const char *topic = topic_info(end->topic)->name;
    if (committed->offset > (input->next < 0 ? 0 : input->next))
        return error_set(&worker->error, STATUS_FATAL,
                         "%s[%d]: Kafka has offset %" PRId64 " as done, the database only %" PRId64
                         ": the database was restored to an earlier state and must not go on",
                         topic, end->partition, committed->offset, input->next);
    if (input->next > end->offset)
        return error_set(&worker->error, STATUS_FATAL,
                         "%s[%d] ends at %" PRId64 ", the database has applied up to %" PRId64
                         ": this is another log than before",
                         topic, end->partition, end->offset, input->next);
    return STATUS_OK;
}

enum status places_check(struct worker *worker, struct shard *const *shards, size_t count)
{
    size_t room = count * worker->stage->input_count;
    struct place *places = calloc(room * 2, sizeof *places);
    if (places == NULL)
        return error_set(&worker->error, STATUS_RETRY, "no memory");
    struct place *ends = places + room;
    size_t n = list_places(worker, shards, count, places);
    memcpy(ends, places, n * sizeof *ends);
    enum status status =
        consumer_committed(worker->consumer, places, n, WORKER_WAIT_MS, &worker->error);
    if (status == STATUS_OK)
        status = consumer_ends(worker->consumer, ends, n, WORKER_WAIT_MS, &worker->error);
    for (size_t i = 0; status == STATUS_OK && i < n; i++)
        status = check_place(worker, &places[i], &ends[i]);
    free(places);
    return status;
}

/* No row yet: from the beginning of the log, whatever that is by now. */
enum status places_begin(struct worker *worker, struct shard *const *shards, size_t count)
{
    for (size_t s = 0; s < count; s++) {
        struct shard *shard = shards[s];
        for (size_t i = 0; i < worker->stage->input_count; i++) {
            struct input *input = &shard->inputs[i];
            if (input->next >= 0)
                continue;
            struct place first = {.topic = worker->stage->inputs[i].topic,
                                  .partition = shard->number};
            struct place end = first;
            enum status status =
                consumer_bounds(worker->consumer, &first, &end, 1, WORKER_WAIT_MS, &worker->error);
            if (status != STATUS_OK)
                return status;
            input->next = first.offset;
            input->dirty = true;
        }
    }
    return STATUS_OK;
}

/* The record to verify was deleted by retention, which is fine as long as nothing that was not
 * applied is gone. */
enum status worker_offset_missing(struct worker *worker, const struct place *place)
{
    struct place first = *place, end = *place;
    enum status status =
        consumer_bounds(worker->consumer, &first, &end, 1, WORKER_WAIT_MS, &worker->error);
    if (status != STATUS_OK)
        return status;
    struct input *input = input_at(worker, place);
    if (first.offset > input->next || end.offset < input->next)
        return error_set(&worker->error, STATUS_FATAL,
                         "%s[%d]: offset %" PRId64 " is wanted, the log holds %" PRId64
                         " to %" PRId64 ": events that were not applied are gone",
                         topic_info(place->topic)->name, place->partition, input->next,
                         first.offset, end.offset);
    input->last_time = -1;
    worker_discard(worker);
    return worker_reassign(worker);
}
