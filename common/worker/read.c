/* Records to events: what they say of themselves, whether it is genuine, and what the stage makes
 * of it. What can never be applied is refused, and read no further. */

#include "message.h"
#include "metrics.h"
#include "worker_internal.h"

#include <assert.h>
#include <string.h>

static struct refusal *refusal_of(struct batch *batch, const struct event *event)
{
    struct work *work = (struct work *)((char *)batch - offsetof(struct work, batch));
    return &work->refusals[event - batch->events];
}

static const char *copy_cut(struct arena *arena, const char *text)
{
    enum { CUT = 128 };
    return text == NULL ? NULL : arena_strndup(arena, text, strnlen(text, CUT));
}

enum status batch_refuse(struct batch *batch, struct event *event,
                         Redress__V1__DeadLetterReason reason, const char *field, const char *value,
                         const char *rule)
{
    struct refusal *refusal = refusal_of(batch, event);
    refusal->reason = reason;
    refusal->field = copy_cut(batch->arena, field);
    refusal->value = copy_cut(batch->arena, value);
    refusal->rule = copy_cut(batch->arena, rule);
    return STATUS_UNPROCESSABLE;
}

enum status batch_unpack(struct batch *batch, struct event *event, ProtobufCMessage **message)
{
    struct error error = {0};
    enum status status = message_unpack(topic_info(event->topic)->message, event->value,
                                        event->value_size, batch->arena, message, &error);
    if (status == STATUS_UNPROCESSABLE)
        return batch_refuse(batch, event,
                            REDRESS__V1__DEAD_LETTER_REASON__DEAD_LETTER_REASON_MALFORMED, "", NULL,
                            error.text);
    return status;
}

struct header_context {
    struct event *event;
    struct arena *arena;
    struct error error;
};

static enum status take_header(void *context, const char *name, const void *value, size_t size)
{
    struct header_context *headers = context;
    return envelope_take(&headers->event->envelope, name, value, size, headers->arena,
                         &headers->error);
}

static enum status read_headers(struct batch *batch, struct event *event,
                                const struct record *record)
{
    struct header_context headers = {.event = event, .arena = batch->arena};
    enum status status = record_headers(record, take_header, &headers);
    if (arena_exhausted(batch->arena))
        return STATUS_EXHAUSTED;
    if (status == STATUS_EXHAUSTED)
        (void)error_set(&headers.error, status, "headers: at most %d", BROKER_HEADERS_MAX);
    if (status != STATUS_OK)
        return batch_refuse(batch, event,
                            REDRESS__V1__DEAD_LETTER_REASON__DEAD_LETTER_REASON_HEADER_INVALID,
                            "headers", NULL, headers.error.text);
    return STATUS_OK;
}

static enum status check_envelope(struct batch *batch, struct event *event)
{
    struct error error = {0};
    const char *field = NULL;
    bool missing = false;
    if (envelope_check(&event->envelope, topic_info(event->topic)->ce_type, &field, &missing,
                       &error) == STATUS_OK)
        return STATUS_OK;
    return batch_refuse(batch, event,
                        missing ? REDRESS__V1__DEAD_LETTER_REASON__DEAD_LETTER_REASON_HEADER_MISSING
                        : strcmp(field, "ce_type") == 0
                            ? REDRESS__V1__DEAD_LETTER_REASON__DEAD_LETTER_REASON_UNKNOWN_TYPE
                            : REDRESS__V1__DEAD_LETTER_REASON__DEAD_LETTER_REASON_HEADER_INVALID,
                        field, strcmp(field, "ce_type") == 0 ? event->envelope.type : NULL,
                        error.text);
}

static enum status check_record(struct batch *batch, struct event *event,
                                const struct record *record, int32_t shard_count)
{
    if (record->value_size > topic_info(record->topic)->bytes_max)
        return batch_refuse(
            batch, event, REDRESS__V1__DEAD_LETTER_REASON__DEAD_LETTER_REASON_TOO_LARGE, "",
            arena_printf(batch->arena, "%zu bytes", record->value_size),
            arena_printf(batch->arena, "at most %zu bytes", topic_info(record->topic)->bytes_max));
    if (record->key == NULL || record->key_size == 0)
        return batch_refuse(batch, event,
                            REDRESS__V1__DEAD_LETTER_REASON__DEAD_LETTER_REASON_KEY_MISSING, "key",
                            NULL, "the order_id");
    if (topic_partition(record->key, record->key_size, shard_count) != record->partition)
        return batch_refuse(
            batch, event, REDRESS__V1__DEAD_LETTER_REASON__DEAD_LETTER_REASON_WRONG_PARTITION,
            "partition", arena_printf(batch->arena, "%d", record->partition),
            "murmur2(key) mod partitions: set partitioner=murmur2_random in the producer");
    return STATUS_OK;
}

static enum status check_key(struct batch *batch, struct event *event, const struct record *record)
{
    assert(event->merchant_id != NULL && event->order_id != NULL);
    if (strlen(event->order_id) == record->key_size &&
        memcmp(event->order_id, record->key, record->key_size) == 0)
        return STATUS_OK;
    return batch_refuse(batch, event,
                        REDRESS__V1__DEAD_LETTER_REASON__DEAD_LETTER_REASON_KEY_MISMATCH,
                        "order_id", event->order_id, "equal to the record's key");
}

/* Accepted goods are paid for: who says so must be known. */
static enum status check_signature(const struct worker *worker, struct batch *batch,
                                   struct event *event)
{
    const struct envelope *envelope = &event->envelope;
    if (signature_record_holds(&worker->goods_keys, envelope->id, event->value, event->value_size,
                               envelope->signature, batch->arena))
        return STATUS_OK;
    return batch_refuse(
        batch, event, REDRESS__V1__DEAD_LETTER_REASON__DEAD_LETTER_REASON_NOT_SIGNED,
        "redress_signature", envelope->signature, "signed with a key of REDRESS_GOODS_KEYS");
}

/* What we say to each other must be ours, before anything else about it matters. */
static enum status check_genuine(const struct worker *worker, struct batch *batch,
                                 struct event *event)
{
    const struct envelope *envelope = &event->envelope;
    if (event->topic == TOPIC_GOODS)
        return check_signature(worker, batch, event);
    if (!topic_info(event->topic)->internal ||
        stage_seal_holds(worker->stage_keys, event->topic, envelope->id, event->value,
                         event->value_size, envelope->seal))
        return STATUS_OK;
    return batch_refuse(batch, event,
                        REDRESS__V1__DEAD_LETTER_REASON__DEAD_LETTER_REASON_NOT_SEALED,
                        "redress_seal", envelope->seal, "written and sealed by one of our workers");
}

/* STATUS_NOT_FOUND: the stage does not want it. */
static enum status read_record(struct worker *worker, struct batch *batch, struct event *event,
                               const struct record *record)
{
    const struct stage_input *input = &worker->stage->inputs[worker_input(worker, event->topic)];
    enum status status = read_headers(batch, event, record);
    if (status == STATUS_OK && input->wanted != NULL && event->envelope.status != NULL &&
        !input->wanted(&event->envelope))
        return STATUS_NOT_FOUND;
    if (status != STATUS_EXHAUSTED && check_genuine(worker, batch, event) != STATUS_OK)
        return STATUS_UNPROCESSABLE;
    if (status == STATUS_OK)
        status = check_record(batch, event, record, worker->shard_count);
    if (status == STATUS_OK)
        status = check_envelope(batch, event);
    if (status == STATUS_OK)
        status = worker->stage->decode(batch, event);
    if (status == STATUS_OK)
        status = check_key(batch, event, record);
    return status;
}

bool worker_is_too_large(const struct worker *worker, const struct record *record)
{
    return worker->refusing && record->topic == worker->too_large.topic &&
           record->partition == worker->too_large.partition &&
           record->offset == worker->too_large.offset;
}

static enum status refuse_too_large(struct batch *batch, struct event *event)
{
    return batch_refuse(batch, event, REDRESS__V1__DEAD_LETTER_REASON__DEAD_LETTER_REASON_TOO_LARGE,
                        "", NULL, "what one batch can hold in memory");
}

enum status work_form(struct worker *worker, struct work *work)
{
    struct batch *batch = &work->batch;
    for (size_t i = 0; i < work->record_count; i++) {
        const struct record *record = &work->records[i];
        struct event *event = &batch->events[batch->event_count];
        struct refusal *refusal = &work->refusals[batch->event_count];
        *event = (struct event){.kind = EVENT_MESSAGE,
                                .topic = record->topic,
                                .shard = record->partition,
                                .value = record->value,
                                .value_size = record->value_size};
        *refusal = (struct refusal){.record = record};
        batch_shard(batch, record->partition)->touched = true;
        enum status status = worker_is_too_large(worker, record)
                                 ? refuse_too_large(batch, event)
                                 : read_record(worker, batch, event, record);
        if (status == STATUS_NOT_FOUND) {
            metric_add(METRIC_EVENTS_SKIPPED, 1);
            continue;
        }
        if (status != STATUS_OK && status != STATUS_UNPROCESSABLE)
            return status;
        batch->event_count++;
    }
    return arena_exhausted(work->arena) ? STATUS_EXHAUSTED : STATUS_OK;
}
