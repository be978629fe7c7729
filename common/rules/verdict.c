#include "verdict.h"

#include "clock.h"
#include "message.h"
#include "redress/v1/control.pb-c.h"
#include "topics.h"
#include "worker/ring.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { VERDICT_MAX = 16 * 1024, NAME_MAX_BYTES = 128 };

/* protobuf-c's texts are not const, and nothing writes to them. */
static char *text(const char *given)
{
    return (char *)(uintptr_t)given;
}

static enum status pack(const struct store_row *row, const char *worker, const char *subject,
                        struct arena *arena, uint8_t **bytes, size_t *size)
{
    Redress__V1__RuleVerdict rule = REDRESS__V1__RULE_VERDICT__INIT;
    rule.id = text(row->id);
    rule.version = row->version;
    rule.accepted = row->reason == NULL;
    rule.reason = text(row->reason == NULL ? "" : row->reason);
    rule.kind = text(rules_kind_name(row->kind));
    rule.sha256 = text(row->sha256);
    rule.author = text(row->author == NULL ? "" : row->author);
    if (row->stop != NULL) {
        rule.stopped = row->stop->stopped;
        rule.why = row->stop->reason;
    }
    Redress__V1__ControlEvent event = REDRESS__V1__CONTROL_EVENT__INIT;
    event.source = text(worker);
    event.subject = text(subject);
    event.merchant_id = text(row->merchant_id);
    event.occurred_at = message_timestamp(arena, row->checked_us);
    event.event_case = REDRESS__V1__CONTROL_EVENT__EVENT_RULE;
    event.rule = &rule;
    return message_pack(&event.base, arena, bytes, size);
}

static void add(struct ring_record *record, const char *name, const char *value)
{
    if (value != NULL)
        record->headers[record->header_count++] =
            (struct header){.name = name, .value = value, .size = strlen(value)};
}

enum status verdict_make(struct store_row *row, const char *worker, int32_t partitions,
                         const struct envelope *cause, struct arena *arena)
{
    const struct topic_info *topic = topic_info(TOPIC_CONTROL);
    char id[NAME_MAX_BYTES], source[NAME_MAX_BYTES], time[CLOCK_TEXT_MAX];
    char trace[TRACEPARENT_SIZE], subject[RULES_ID_MAX + 64];
    (void)snprintf(id, sizeof id, "%.60s/rules/%" PRId64, worker, row->offset);
    (void)snprintf(source, sizeof source, "redress/%.60s", worker);
    (void)snprintf(subject, sizeof subject, "rules:%.150s/%" PRId64, row->id, row->version);
    struct ring_record record = {
        .topic = TOPIC_CONTROL, .key = subject, .key_size = strlen(subject)};
    record.partition = topic_partition(record.key, record.key_size, partitions);
    add(&record, "ce_specversion", "1.0");
    add(&record, "ce_id", id);
    add(&record, "ce_source", source);
    add(&record, "ce_type", topic->ce_type);
    add(&record, "ce_time", clock_format(row->checked_us, time));
    add(&record, "content-type", "application/protobuf");
    add(&record, "traceparent",
        envelope_trace(cause->traceparent, cause->id != NULL ? cause->id : id, trace));
    add(&record, "ce_causationid", cause->id);
    add(&record, "ce_status", row->reason == NULL ? "ACCEPTED" : "REFUSED");
    uint8_t *bytes;
    enum status status = pack(row, worker, subject, arena, &bytes, &record.value_size);
    if (status != STATUS_OK)
        return status;
    record.value = bytes;
    struct ring_buffer buffer;
    ring_start(&buffer, arena, VERDICT_MAX);
    status = ring_append(&buffer, &record);
    row->verdict = buffer.bytes;
    row->verdict_size = buffer.size;
    return status;
}
