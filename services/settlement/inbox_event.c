/* Between records, facts and events. */

#include "clock.h"
#include "envelope.h"
#include "identity.h"
#include "inbox_internal.h"
#include "message.h"
#include "seal.h"

#include <inttypes.h>
#include <string.h>

#define REASON(name) REDRESS__V1__DEAD_LETTER_REASON__DEAD_LETTER_REASON_##name

enum { HEADERS_MAX = 12, QUEUE_TRIES = 500, QUEUE_WAIT_MS = 10, LETTER_BYTES_MAX = 64 * 1024 };

struct inbox_item *inbox_item_add(struct inbox *inbox, struct inbox_items *items)
{
    struct inbox_item *item = arena_zalloc(inbox->arena, sizeof *item);
    if (item == NULL)
        return NULL;
    item->account = "";
    for (size_t i = 0; i < WEBHOOK_REFERENCES; i++)
        item->references[i] = "";
    if (items->last == NULL)
        items->first = item;
    else
        items->last->next = item;
    items->last = item;
    items->count++;
    return item;
}

/* From a fact to an event. */

static char *copy(struct inbox *inbox, const char *text)
{
    char *copied = (char *)arena_printf(inbox->arena, "%s", text);
    return copied == NULL ? (char *)"" : copied;
}

static Redress__V1__Money *money_of(struct inbox *inbox, const struct webhook_fact *fact)
{
    Redress__V1__Money *money = arena_alloc(inbox->arena, sizeof *money);
    if (money == NULL)
        return NULL;
    redress__v1__money__init(money);
    money->minor = fact->amount_minor;
    money->currency = copy(inbox, fact->currency);
    return money;
}

static void set_refund(struct inbox *inbox, const struct webhook_fact *fact,
                       Redress__V1__ProviderEvent *event)
{
    Redress__V1__ProviderRefund *refund = arena_alloc(inbox->arena, sizeof *refund);
    if (refund == NULL)
        return;
    redress__v1__provider_refund__init(refund);
    refund->payout_id = copy(inbox, fact->payout_id);
    refund->provider_refund_id = copy(inbox, fact->provider_refund_id);
    refund->status = (Redress__V1__ProviderRefundStatus)fact->status;
    refund->amount = money_of(inbox, fact);
    refund->failure_code = copy(inbox, fact->code);
    if (fact->created_us > 0)
        refund->created_at = message_timestamp(inbox->arena, fact->created_us);
    event->event_case = REDRESS__V1__PROVIDER_EVENT__EVENT_REFUND;
    event->refund = refund;
}

static void set_dispute(struct inbox *inbox, const struct webhook_fact *fact,
                        Redress__V1__ProviderEvent *event)
{
    Redress__V1__ProviderDispute *dispute = arena_alloc(inbox->arena, sizeof *dispute);
    if (dispute == NULL)
        return;
    redress__v1__provider_dispute__init(dispute);
    dispute->dispute_id = copy(inbox, fact->dispute_id);
    dispute->status = (Redress__V1__DisputeStatus)fact->state;
    dispute->amount = money_of(inbox, fact);
    dispute->reason = copy(inbox, fact->code);
    event->event_case = REDRESS__V1__PROVIDER_EVENT__EVENT_DISPUTE;
    event->dispute = dispute;
}

static enum status add_fact(struct inbox *inbox, const struct webhook *webhook,
                            const struct webhook_fact *fact, struct inbox_items *items)
{
    struct inbox_item *item = inbox_item_add(inbox, items);
    Redress__V1__ProviderEvent *event = arena_alloc(inbox->arena, sizeof *event);
    if (item == NULL || event == NULL)
        return STATUS_EXHAUSTED;
    redress__v1__provider_event__init(event);
    event->merchant_id = copy(inbox, fact->merchant_id);
    event->order_id = copy(inbox, fact->order_id);
    event->payment_id = copy(inbox, fact->payment_id);
    event->event_id = copy(inbox, fact->event_id);
    event->occurred_at = message_timestamp(
        inbox->arena, fact->occurred_us > 0 ? fact->occurred_us : webhook->received_us);
    event->provider = (Redress__V1__Provider)webhook->provider;
    event->provider_reference = fact->prefix ? (char *)"" : copy(inbox, fact->references[0]);
    event->source = REDRESS__V1__EVIDENCE_SOURCE__EVIDENCE_SOURCE_WEBHOOK;
    event->verified = fact->verified;
    if (fact->dispute)
        set_dispute(inbox, fact, event);
    else
        set_refund(inbox, fact, event);
    item->event = event;
    item->prefix = fact->prefix;
    for (size_t i = 0; i < WEBHOOK_REFERENCES; i++)
        item->references[i] = copy(inbox, fact->references[i]);
    item->account = copy(inbox, fact->account);
    item->received_us = webhook->received_us;
    item->expires_us = clock_wall_us() + inbox->settings.wait_ms * 1000;
    item->located = fact->order_id[0] != '\0';
    return arena_exhausted(inbox->arena) ? STATUS_EXHAUSTED : STATUS_OK;
}

/* Anybody could say that two payments are one: only who may vouch for them is believed. */
static enum status add_alias(struct inbox *inbox, const struct webhook *webhook,
                             const struct webhook_fact *fact, struct inbox_items *items)
{
    if (!fact->verified || fact->prefix || fact->references[0][0] == '\0' ||
        fact->references[1][0] == '\0')
        return STATUS_OK;
    struct inbox_alias *alias = arena_alloc(inbox->arena, sizeof *alias);
    if (alias == NULL)
        return STATUS_EXHAUSTED;
    *alias = (struct inbox_alias){.provider = webhook->provider,
                                  .account = copy(inbox, fact->account),
                                  .next = items->aliases};
    for (size_t i = 0; i < WEBHOOK_REFERENCES; i++)
        alias->names[i] = copy(inbox, fact->references[i]);
    items->aliases = alias;
    return arena_exhausted(inbox->arena) ? STATUS_EXHAUSTED : STATUS_OK;
}

static enum status take_fact(struct inbox *inbox, const struct webhook *webhook,
                             const struct webhook_fact *fact, struct inbox_items *items)
{
    enum status status = add_alias(inbox, webhook, fact, items);
    return status == STATUS_OK && !fact->names ? add_fact(inbox, webhook, fact, items) : status;
}

/* From a record to facts. */

static enum status refuse(Redress__V1__DeadLetterReason why, const char *says,
                          Redress__V1__DeadLetterReason *reason, const char **rule)
{
    *reason = why;
    *rule = says;
    return STATUS_UNPROCESSABLE;
}

static enum status open_webhook(struct inbox *inbox, const Redress__V1__ProviderNotification *from,
                                struct webhook *webhook)
{
    struct webhook_header *headers =
        arena_array(inbox->arena, from->n_headers + 1, sizeof *headers);
    if (headers == NULL)
        return STATUS_EXHAUSTED;
    for (size_t i = 0; i < from->n_headers; i++)
        headers[i] = (struct webhook_header){from->headers[i]->key, from->headers[i]->value};
    *webhook = (struct webhook){.provider = (int)from->provider,
                                .headers = headers,
                                .header_count = from->n_headers,
                                .body = (const char *)from->body.data,
                                .size = from->body.len};
    return message_time(from->received_at, &webhook->received_us);
}

enum status inbox_read(struct inbox *inbox, const struct record *record, struct inbox_items *items,
                       Redress__V1__DeadLetterReason *reason, const char **rule)
{
    struct error error = {0};
    struct webhook webhook;
    ProtobufCMessage *message = NULL;
    const struct topic_info *topic = topic_info(TOPIC_PROVIDER_INBOX);
    if (record->value == NULL || record->value_size > topic->bytes_max)
        return refuse(REASON(TOO_LARGE), "a notification of at most 64 KiB", reason, rule);
    enum status status = message_unpack(topic->message, record->value, record->value_size,
                                        inbox->arena, &message, &error);
    if (status == STATUS_UNPROCESSABLE)
        return refuse(REASON(MALFORMED), "a ProviderNotification", reason, rule);
    if (status == STATUS_OK)
        status = open_webhook(inbox, (const Redress__V1__ProviderNotification *)message, &webhook);
    if (status == STATUS_INVALID || (status == STATUS_OK && webhook.received_us <= 0))
        return refuse(REASON(FIELD_OUT_OF_RANGE), "received_at: a time", reason, rule);
    if (status != STATUS_OK)
        return status;
    switch (webhook_read(&webhook, &inbox->settings.webhook, inbox->facts)) {
    case WEBHOOK_READ:
        break;
    case WEBHOOK_IGNORED:
        return STATUS_OK;
    case WEBHOOK_UNSIGNED:
        return refuse(REASON(HEADER_INVALID), "redress-signature: of a person of finance", reason,
                      rule);
    case WEBHOOK_UNREADABLE:
        return refuse(REASON(MALFORMED), "body: as the provider documents it", reason, rule);
    }
    for (size_t i = 0; status == STATUS_OK && i < inbox->facts->count; i++)
        status = take_fact(inbox, &webhook, &inbox->facts->items[i], items);
    return status;
}

/* Sending. */

static struct header header_of(const char *name, const char *value)
{
    return (struct header){.name = name, .value = value, .size = strlen(value)};
}

static enum status send(struct inbox *inbox, const struct place *place, const char *key,
                        const void *value, size_t size, const struct header *headers, size_t count,
                        struct error *error)
{
    enum status status = STATUS_EXHAUSTED;
    for (int i = 0; status == STATUS_EXHAUSTED && i < QUEUE_TRIES; i++) {
        status = producer_send(inbox->producer, place, key, strlen(key), value, size, headers,
                               count, NULL, error);
        if (status == STATUS_EXHAUSTED &&
            producer_poll(inbox->producer, QUEUE_WAIT_MS, error) == STATUS_FATAL)
            return STATUS_FATAL;
    }
    return status == STATUS_EXHAUSTED ? STATUS_RETRY : status;
}

enum status inbox_publish(struct inbox *inbox, struct inbox_item *item, struct error *error)
{
    char time[CLOCK_TEXT_MAX], trace[TRACEPARENT_SIZE];
    uint8_t *bytes = NULL;
    size_t size = 0;
    Redress__V1__ProviderEvent *event = item->event;
    /* What is told twice is the same event, whenever it arrived. */
    int64_t occurred_us = item->received_us;
    if (message_time(event->occurred_at, &occurred_us) != STATUS_OK)
        occurred_us = item->received_us;
    if (seal_event(inbox->settings.keys, event, inbox->arena) != STATUS_OK ||
        message_pack(&event->base, inbox->arena, &bytes, &size) != STATUS_OK)
        return error_set(error, STATUS_RETRY, "no room for a provider event");
    const struct header headers[] = {
        header_of("ce_specversion", "1.0"),
        header_of("ce_id", event->event_id),
        header_of("ce_source", "redress/settlement/inbox"),
        header_of("ce_type", topic_info(TOPIC_PROVIDER_EVENTS)->ce_type),
        header_of("ce_time", clock_format(occurred_us, time)),
        header_of("content-type", "application/protobuf"),
        header_of("traceparent", envelope_trace(NULL, event->event_id, trace)),
    };
    const struct place place = {
        .topic = TOPIC_PROVIDER_EVENTS,
        .partition = topic_partition(event->order_id, strlen(event->order_id), inbox->shards)};
    return send(inbox, &place, event->order_id, bytes, size, headers,
                sizeof headers / sizeof *headers, error);
}

static void add(struct header *headers, size_t *count, const char *name, const char *value)
{
    headers[(*count)++] = header_of(name, value);
}

/* As the loop writes them (DeadLetterHeaders in proto). */
static enum status send_letter(struct inbox *inbox, const char *key, const void *value, size_t size,
                               Redress__V1__DeadLetterReason reason, const char *rule,
                               const struct record *record, struct error *error)
{
    struct header headers[HEADERS_MAX];
    size_t count = 0, kept = size > LETTER_BYTES_MAX ? LETTER_BYTES_MAX : size;
    char time[CLOCK_TEXT_MAX], sha256[IDENTITY_SHA256_HEX];
    int64_t at_us = record == NULL ? clock_wall_us() : record->timestamp_ms * 1000;
    const struct topic_info *topic = topic_info(TOPIC_PROVIDER_INBOX);
    add(headers, &count, "redress_worker", "settlement");
    add(headers, &count, "redress_topic", topic->name);
    if (record != NULL) {
        add(headers, &count, "redress_partition",
            arena_printf(inbox->arena, "%d", record->partition));
        add(headers, &count, "redress_offset",
            arena_printf(inbox->arena, "%" PRId64, record->offset));
    }
    add(headers, &count, "redress_timestamp", clock_format(at_us, time));
    add(headers, &count, "redress_reason",
        message_enum_name(&redress__v1__dead_letter_reason__descriptor, (int)reason));
    add(headers, &count, "redress_rule", rule);
    add(headers, &count, "redress_sha256", identity_sha256(value, size, sha256));
    add(headers, &count, "redress_bytes", arena_printf(inbox->arena, "%zu", size));
    add(headers, &count, "redress_truncated", kept < size ? "true" : "false");
    for (size_t i = 0; i < count; i++)
        if (headers[i].value == NULL)
            return STATUS_EXHAUSTED;
    const struct place place = {.topic = TOPIC_DEAD_LETTERS,
                                .partition = topic_partition(key, strlen(key), inbox->letters)};
    return send(inbox, &place, key, value, kept, headers, count, error);
}

enum status inbox_refuse(struct inbox *inbox, const struct record *record,
                         Redress__V1__DeadLetterReason reason, const char *rule,
                         struct error *error)
{
    char key[256] = "";
    if (record->key != NULL && record->key_size < sizeof key)
        memcpy(key, record->key, record->key_size);
    return send_letter(inbox, key, record->value == NULL ? "" : record->value, record->value_size,
                       reason, rule, record, error);
}

static enum status send_item(struct inbox *inbox, const struct inbox_item *item,
                             Redress__V1__DeadLetterReason reason, const char *rule,
                             struct error *error)
{
    uint8_t *bytes = NULL;
    size_t size = 0;
    if (message_pack(&item->event->base, inbox->arena, &bytes, &size) != STATUS_OK)
        return STATUS_EXHAUSTED;
    return send_letter(inbox, item->references[0], bytes, size, reason, rule, NULL, error);
}

enum status inbox_give_up(struct inbox *inbox, const struct inbox_item *item, struct error *error)
{
    return send_item(inbox, item, REASON(UNKNOWN_REFERENCE),
                     "the reference of a payment that was captured", error);
}

enum status inbox_reject(struct inbox *inbox, const struct inbox_item *item, struct error *error)
{
    return send_item(inbox, item, REASON(NOT_SIGNED),
                     "the account at the provider that the payment has", error);
}
