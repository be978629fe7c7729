#include "sender_event.h"

#include "clock.h"
#include "message.h"
#include "redress/v1/provider.pb-c.h"
#include "seal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { EVENT_ID_MAX = 128, HEADERS = 8, QUEUE_TRIES = 500, QUEUE_WAIT_MS = 10 };

/* Every message that an event may need. */
struct parts {
    Redress__V1__ProviderEvent event;
    Redress__V1__ProviderRefund refund;
    Redress__V1__ProviderCallFailed failed;
    Redress__V1__ProviderRefundNotFound not_found;
    Redress__V1__Money amount;
    char event_id[EVENT_ID_MAX];
};

static void set_refund(struct parts *parts, const struct job *job, const struct finding *finding,
                       struct arena *arena)
{
    Redress__V1__ProviderRefund *refund = &parts->refund;
    redress__v1__provider_refund__init(refund);
    redress__v1__money__init(&parts->amount);
    parts->amount.minor = finding->amount_minor;
    parts->amount.currency = (char *)finding->currency;
    refund->refund_id = (char *)job->payout.refund_id;
    refund->payout_id = (char *)job->payout.payout_id;
    refund->provider_refund_id = (char *)finding->provider_refund_id;
    refund->status = (Redress__V1__ProviderRefundStatus)finding->status;
    refund->amount = &parts->amount;
    refund->failure_code = (char *)finding->code;
    if (finding->created_us > 0)
        refund->created_at = message_timestamp(arena, finding->created_us);
    parts->event.event_case = REDRESS__V1__PROVIDER_EVENT__EVENT_REFUND;
    parts->event.refund = refund;
}

static void set_failed(struct parts *parts, const struct job *job, const struct finding *finding)
{
    Redress__V1__ProviderCallFailed *failed = &parts->failed;
    redress__v1__provider_call_failed__init(failed);
    failed->refund_id = (char *)job->payout.refund_id;
    failed->payout_id = (char *)job->payout.payout_id;
    failed->failure = (Redress__V1__CallFailure)finding->failure;
    failed->http_status = finding->http_status;
    failed->code = (char *)finding->code;
    failed->message = (char *)finding->message;
    parts->event.event_case = REDRESS__V1__PROVIDER_EVENT__EVENT_CALL_FAILED;
    parts->event.call_failed = failed;
}

static void set_not_found(struct parts *parts, const struct job *job)
{
    redress__v1__provider_refund_not_found__init(&parts->not_found);
    parts->not_found.refund_id = (char *)job->payout.refund_id;
    parts->not_found.payout_id = (char *)job->payout.payout_id;
    parts->event.event_case = REDRESS__V1__PROVIDER_EVENT__EVENT_NOT_FOUND;
    parts->event.not_found = &parts->not_found;
}

/* The event is named after what it answers, so that the same answer twice is one event. */
static void set_event(struct parts *parts, const struct job *job, struct arena *arena)
{
    Redress__V1__ProviderEvent *event = &parts->event;
    redress__v1__provider_event__init(event);
    (void)snprintf(parts->event_id, sizeof parts->event_id, "%.64s/%s/%" PRId64,
                   job->payout.payout_id, job->kind == TASK_SEND ? "answer" : "look-up",
                   job->asked_us);
    event->merchant_id = (char *)job->merchant_id;
    event->order_id = (char *)job->order_id;
    event->event_id = parts->event_id;
    event->occurred_at = message_timestamp(arena, job->asked_us);
    event->provider = (Redress__V1__Provider)job->provider;
    event->payment_id = (char *)job->payment_id;
    event->provider_reference = (char *)job->payout.reference;
    event->source = job->kind == TASK_SEND ? REDRESS__V1__EVIDENCE_SOURCE__EVIDENCE_SOURCE_ANSWER
                                           : REDRESS__V1__EVIDENCE_SOURCE__EVIDENCE_SOURCE_LOOK_UP;
    event->verified = true;
    event->epoch = job->epoch;
}

static struct header header_of(const char *name, const char *value)
{
    return (struct header){.name = name, .value = value, .size = strlen(value)};
}

/* A full queue is waited for a few seconds; after that the due look-up tells the same. */
static enum status send(struct producer *producer, const struct job *job, const uint8_t *bytes,
                        size_t size, const char *event_id, struct error *error)
{
    char time[CLOCK_TEXT_MAX], trace[TRACEPARENT_SIZE];
    const struct topic_info *topic = topic_info(TOPIC_PROVIDER_EVENTS);
    const struct header headers[] = {
        header_of("ce_specversion", "1.0"),
        header_of("ce_id", event_id),
        header_of("ce_source", "redress/settlement/sender"),
        header_of("ce_type", topic->ce_type),
        header_of("ce_time", clock_format(clock_wall_us(), time)),
        header_of("content-type", "application/protobuf"),
        header_of(
            "traceparent",
            envelope_trace(job->traceparent[0] == '\0' ? NULL : job->traceparent, event_id, trace)),
    };
    /* Topics keyed by order are partitioned alike: the shard is the partition. */
    const struct place place = {.topic = TOPIC_PROVIDER_EVENTS, .partition = job->shard};
    enum status status = STATUS_EXHAUSTED;
    for (int i = 0; status == STATUS_EXHAUSTED && i < QUEUE_TRIES; i++) {
        status = producer_send(producer, &place, job->order_id, strlen(job->order_id), bytes, size,
                               headers, sizeof headers / sizeof *headers, NULL, error);
        if (status == STATUS_EXHAUSTED &&
            producer_poll(producer, QUEUE_WAIT_MS, error) == STATUS_FATAL)
            return STATUS_FATAL;
    }
    return status == STATUS_EXHAUSTED ? STATUS_OK : status;
}

enum status sender_event_send(struct producer *producer, const struct approval_keys *keys,
                              const struct job *job, const struct finding *finding,
                              struct arena *arena, struct error *error)
{
    struct parts parts;
    uint8_t *bytes = NULL;
    size_t size = 0;
    arena_reset(arena);
    set_event(&parts, job, arena);
    if (finding->kind == FINDING_REFUND)
        set_refund(&parts, job, finding, arena);
    else if (finding->kind == FINDING_CALL_FAILED)
        set_failed(&parts, job, finding);
    else if (finding->kind == FINDING_NOT_FOUND)
        set_not_found(&parts, job);
    else
        return STATUS_OK;
    enum status status = seal_event(keys, &parts.event, arena);
    if (status == STATUS_OK)
        status = message_pack(&parts.event.base, arena, &bytes, &size);
    return status == STATUS_OK ? send(producer, job, bytes, size, parts.event_id, error)
                               : error_set(error, STATUS_FATAL, "no room for a provider event");
}
