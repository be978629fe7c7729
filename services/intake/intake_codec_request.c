/* refunds.requests.v1, and goods that came without a request -> inputs. */

#include "intake_fields.h"

#include "identity.h"

#include <stdlib.h>
#include <string.h>

enum {
    URI_MAX = 2048,
    MEDIA_TYPE_MAX = 127,
    SHA256_DIGITS = 64,
    GOODS_LINES_MAX = 1000,
    GOODS_ID_DIGITS = 32
};

static enum status decode_note(struct decoder *decoder, const char *name, const char *note)
{
    size_t characters = 0;
    for (const char *at = note; *at != '\0'; at++)
        characters += ((unsigned char)*at & 0xc0) != 0x80;
    if (characters > INTAKE_NOTE_CHARACTERS_MAX)
        return decoder_invalid(decoder, FIELD(name),
                               arena_printf(decoder->arena, "%zu characters", characters),
                               "at most 2,000 characters");
    return STATUS_OK;
}

static enum status decode_file(struct decoder *decoder, const Redress__V1__Evidence *message,
                               size_t at)
{
    if (message->uri[0] == '\0')
        return decoder_missing(decoder, FIELD_OF("evidence", at, "uri"), "1 to 2,048 bytes");
    enum status status =
        decoder_word(decoder, FIELD_OF("evidence", at, "uri"), message->uri, URI_MAX);
    size_t digits = strspn(message->sha256, "0123456789abcdef");
    if (status == STATUS_OK &&
        (message->sha256[digits] != '\0' || (digits != 0 && digits != SHA256_DIGITS)))
        status = decoder_invalid(decoder, FIELD_OF("evidence", at, "sha256"), message->sha256,
                                 "64 lower-case hexadecimal digits, or empty");
    if (status == STATUS_OK)
        status = decoder_word(decoder, FIELD_OF("evidence", at, "media_type"), message->media_type,
                              MEDIA_TYPE_MAX);
    if (status == STATUS_OK)
        status =
            decoder_range(decoder, FIELD_OF("evidence", at, "bytes"), message->bytes, 0, INT64_MAX);
    return status;
}

static enum status decode_evidence(struct decoder *decoder, Redress__V1__Evidence **messages,
                                   size_t count, struct evidence **first)
{
    enum status status = decoder_size(decoder, FIELD("evidence"), count, 0, INTAKE_EVIDENCE_MAX);
    struct evidence **end = first;
    *end = NULL;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        status = decode_file(decoder, messages[i], i);
        struct evidence *file = arena_alloc(decoder->arena, sizeof *file);
        if (status == STATUS_OK && file == NULL)
            status = STATUS_EXHAUSTED;
        if (status != STATUS_OK)
            return status;
        *file = (struct evidence){.uri = messages[i]->uri,
                                  .sha256 = messages[i]->sha256,
                                  .media_type = messages[i]->media_type,
                                  .bytes = messages[i]->bytes,
                                  .is_new = true};
        *end = file;
        end = &file->next;
    }
    return status;
}

static const char *make_refund_id(struct decoder *decoder, const char *merchant_id,
                                  const char *request_id)
{
    char id[IDENTITY_MAX];
    return arena_strdup(decoder->arena, identity_refund(merchant_id, request_id, id));
}

static int compare_asked(const void *a, const void *b)
{
    const struct line_asked *x = a, *y = b;
    return strcmp(x->line_id, y->line_id);
}

/* Same lines, units, amount and the rest of what is asked give the same number. */
static enum status fingerprint(struct decoder *decoder, struct request *request)
{
    struct asking *asking = &request->asking;
    struct line_asked *sorted =
        arena_memdup(decoder->arena, request->lines, (request->line_count + 1) * sizeof *sorted);
    const char *text =
        arena_printf(decoder->arena, "%d %d %lld %s", asking->whole_order, asking->shipping,
                     (long long)asking->amount_minor, asking->amount_currency);
    if (sorted == NULL || text == NULL)
        return STATUS_EXHAUSTED;
    if (request->line_count > 1)
        qsort(sorted, request->line_count, sizeof *sorted, compare_asked);
    uint64_t sum = (uint64_t)identity_fingerprint(text, strlen(text));
    for (size_t i = 0; i < request->line_count; i++) {
        text =
            arena_printf(decoder->arena, "%lld %s", (long long)sorted[i].units, sorted[i].line_id);
        if (text == NULL)
            return STATUS_EXHAUSTED;
        sum =
            sum * UINT64_C(0x9e3779b97f4a7c15) + (uint64_t)identity_fingerprint(text, strlen(text));
    }
    asking->fingerprint = (int64_t)sum;
    return STATUS_OK;
}

static enum status check_distinct(struct decoder *decoder, const struct line_asked *lines,
                                  size_t count)
{
    if (count < 2)
        return STATUS_OK;
    struct line_asked *sorted = arena_memdup(decoder->arena, lines, count * sizeof *sorted);
    if (sorted == NULL)
        return STATUS_EXHAUSTED;
    qsort(sorted, count, sizeof *sorted, compare_asked);
    for (size_t i = 1; i < count; i++)
        if (strcmp(sorted[i - 1].line_id, sorted[i].line_id) == 0)
            return decoder_invalid(decoder, FIELD("lines"), sorted[i].line_id, "distinct line ids");
    return STATUS_OK;
}

static enum status decode_lines(struct decoder *decoder, const Redress__V1__RefundRequest *event,
                                struct request *request)
{
    enum status status =
        decoder_size(decoder, FIELD("lines"), event->n_lines, 0, INTAKE_LINES_ASKED_MAX);
    struct line_asked *lines = arena_array(decoder->arena, event->n_lines + 1, sizeof *lines);
    if (status == STATUS_OK && lines == NULL)
        status = STATUS_EXHAUSTED;
    for (size_t i = 0; i < event->n_lines && status == STATUS_OK; i++) {
        lines[i] = (struct line_asked){event->lines[i]->line_id, event->lines[i]->units};
        status = decoder_id(decoder, FIELD_OF("lines", i, "line_id"), lines[i].line_id);
        if (status == STATUS_OK)
            status = decoder_range(decoder, FIELD_OF("lines", i, "units"), lines[i].units,
                                   event->amount == NULL ? 1 : 0, INTAKE_UNITS_MAX);
    }
    request->lines = lines;
    request->line_count = event->n_lines;
    return status == STATUS_OK ? check_distinct(decoder, lines, event->n_lines) : status;
}

static enum status decode_what(struct decoder *decoder, const Redress__V1__RefundRequest *event,
                               struct request *request)
{
    struct asking *asking = &request->asking;
    enum status status = decode_lines(decoder, event, request);
    if (status == STATUS_OK && event->whole_order && (event->n_lines > 0 || event->amount != NULL))
        status = decoder_invalid(decoder, FIELD("whole_order"), "true",
                                 "neither lines nor an amount beside it");
    if (status == STATUS_OK && event->amount != NULL) {
        asking->has_amount = true;
        status = decoder_amount(decoder, FIELD("amount"), event->amount, &asking->amount_minor,
                                asking->amount_currency);
    }
    asking->whole_order = event->whole_order;
    asking->shipping = event->shipping;
    if (status == STATUS_OK && event->n_lines == 0 && event->amount == NULL &&
        !event->whole_order && !event->shipping)
        status = decoder_missing(decoder, FIELD("lines"),
                                 "lines, an amount, the whole order or shipping");
    return status;
}

static enum status decode_actor(struct decoder *decoder, const Redress__V1__Actor *actor,
                                const char *name, const char **id, int32_t *role)
{
    *id = "";
    if (actor == NULL)
        return STATUS_OK;
    *id = actor->id;
    *role = (int32_t)actor->role;
    enum status status = decoder_id(decoder, FIELD(name), actor->id);
    return status != STATUS_OK ? status
                               : decoder_enum(decoder, FIELD(name), &redress__v1__role__descriptor,
                                              (int)actor->role, false);
}

static enum status decode_how(struct decoder *decoder, const Redress__V1__RefundRequest *event,
                              struct request *request)
{
    struct asking *asking = &request->asking;
    enum status status = decoder_enum(decoder, FIELD("trigger"), &redress__v1__trigger__descriptor,
                                      (int)event->trigger, true);
    if (status == STATUS_OK &&
        event->trigger == REDRESS__V1__TRIGGER__TRIGGER_RETURN_RECEIPT) /* it waits for no goods */
        status = decoder_invalid(decoder, FIELD("trigger"), "TRIGGER_RETURN_RECEIPT",
                                 "only what goods that came back, signed, set off");
    if (status == STATUS_OK)
        status = decoder_enum(decoder, FIELD("reason"), &redress__v1__reason_code__descriptor,
                              (int)event->reason, true);
    if (status == STATUS_OK)
        status =
            decoder_enum(decoder, FIELD("wished_method"), &redress__v1__refund_method__descriptor,
                         (int)event->wished_method, false);
    if (status == STATUS_OK)
        status = decoder_word(decoder, FIELD("external_reference"), event->external_reference,
                              INTAKE_ID_MAX);
    asking->trigger = (int32_t)event->trigger;
    asking->reason = (int32_t)event->reason;
    asking->wished_method = (int32_t)event->wished_method;
    asking->external_reference = event->external_reference;
    return status == STATUS_OK ? decode_actor(decoder, event->requester, "requester",
                                              &asking->requester_id, &asking->requester_role)
                               : status;
}

static enum status decode_asked(struct decoder *decoder, const Redress__V1__RefundRequest *event,
                                struct input *input)
{
    struct request *request = &input->request;
    input->kind = INPUT_ASKED;
    *request = (struct request){.note = event->note, .customer_token = event->customer_token};
    request->asking.request_id = event->request_id;
    request->asking.occurred_at_us = input->occurred_at_us;
    enum status status = decode_how(decoder, event, request);
    if (status == STATUS_OK)
        status = decode_what(decoder, event, request);
    if (status == STATUS_OK)
        status = decode_note(decoder, "note", event->note);
    if (status == STATUS_OK)
        status = decode_evidence(decoder, event->evidence, event->n_evidence, &request->evidence);
    if (status == STATUS_OK && event->external_reference[0] != '\0')
        status = fingerprint(decoder, request);
    if (status != STATUS_OK)
        return status;
    request->refund_id = make_refund_id(decoder, event->merchant_id, event->request_id);
    return request->refund_id == NULL ? STATUS_EXHAUSTED : STATUS_OK;
}

static enum status decode_follow_up(struct decoder *decoder,
                                    const Redress__V1__RefundRequest *event,
                                    enum follow_up_kind kind, const char *id, const char *note,
                                    Redress__V1__Evidence **evidence, size_t evidence_count,
                                    struct input *input)
{
    struct follow_up *follow_up = &input->follow_up;
    input->kind = INPUT_FOLLOWED_UP;
    *follow_up = (struct follow_up){.kind = kind,
                                    .request_id = event->request_id,
                                    .id = id,
                                    .note = note,
                                    .customer_token = event->customer_token};
    if (event->n_lines > 0 || event->amount != NULL || event->whole_order || event->shipping)
        return decoder_invalid(decoder, FIELD("lines"), event->request_id,
                               "a follow-up repeats nothing of what was asked");
    enum status status = decoder_id(decoder, FIELD("follow_up_id"), id);
    if (status == STATUS_OK)
        status = decode_note(decoder, "note", note);
    if (status == STATUS_OK)
        status = decode_evidence(decoder, evidence, evidence_count, &follow_up->evidence);
    if (status == STATUS_OK)
        status = decode_actor(decoder, event->requester, "requester", &follow_up->actor_id,
                              &follow_up->actor_role);
    if (status != STATUS_OK)
        return status;
    follow_up->refund_id = make_refund_id(decoder, event->merchant_id, event->request_id);
    return follow_up->refund_id == NULL ? STATUS_EXHAUSTED : STATUS_OK;
}

enum status intake_decode_request(struct decoder *decoder, const Redress__V1__RefundRequest *event,
                                  struct input *input)
{
    enum status status = decoder_id(decoder, FIELD("merchant_id"), event->merchant_id);
    if (status == STATUS_OK)
        status = decoder_id(decoder, FIELD("order_id"), event->order_id);
    if (status == STATUS_OK)
        status = decoder_id(decoder, FIELD("request_id"), event->request_id);
    if (status == STATUS_OK)
        status =
            decoder_time(decoder, FIELD("occurred_at"), event->occurred_at, &input->occurred_at_us);
    if (status == STATUS_OK)
        status =
            decoder_word(decoder, FIELD("customer_token"), event->customer_token, INTAKE_ID_MAX);
    if (status != STATUS_OK)
        return status;
    int kinds = (event->answer != NULL) + (event->appeal != NULL) + (event->cancellation != NULL);
    if (kinds > 1)
        return decoder_invalid(decoder, FIELD("answer"), event->request_id,
                               "one of answer, appeal and cancellation");
    if (event->answer != NULL)
        return decode_follow_up(decoder, event, FOLLOW_UP_ANSWER, event->answer->answer_id,
                                event->answer->note, event->answer->evidence,
                                event->answer->n_evidence, input);
    if (event->appeal != NULL)
        return decode_follow_up(decoder, event, FOLLOW_UP_APPEAL, event->appeal->appeal_id,
                                event->appeal->note, event->appeal->evidence,
                                event->appeal->n_evidence, input);
    if (event->cancellation != NULL)
        return decode_follow_up(decoder, event, FOLLOW_UP_CANCELLATION,
                                event->cancellation->cancellation_id, event->cancellation->note,
                                NULL, 0, input);
    return decode_asked(decoder, event, input);
}

/* One line may come back in several conditions: its accepted units are added up. */
static enum status add_accepted(struct decoder *decoder, const Redress__V1__GoodsLine *message,
                                size_t at, struct line_asked *lines, size_t *count)
{
    enum status status =
        decoder_id(decoder, FIELD_OF("inspected.lines", at, "line_id"), message->line_id);
    if (status == STATUS_OK)
        status = decoder_range(decoder, FIELD_OF("inspected.lines", at, "units"), message->units, 0,
                               INTAKE_UNITS_MAX);
    if (status == STATUS_OK)
        status = decoder_range(decoder, FIELD_OF("inspected.lines", at, "accepted_units"),
                               message->accepted_units, 0, message->units);
    if (status == STATUS_OK &&
        message->condition == REDRESS__V1__GOODS_CONDITION__GOODS_CONDITION_WRONG_ITEM)
        status = decoder_range(decoder, FIELD_OF("inspected.lines", at, "accepted_units"),
                               message->accepted_units, 0, 0);
    if (status != STATUS_OK || message->accepted_units == 0)
        return status;
    size_t i = 0;
    while (i < *count && strcmp(lines[i].line_id, message->line_id) != 0)
        i++;
    if (i == *count)
        lines[(*count)++] = (struct line_asked){.line_id = message->line_id};
    lines[i].units += message->accepted_units;
    return decoder_range(decoder, FIELD_OF("inspected.lines", at, "accepted_units"), lines[i].units,
                         0, INTAKE_UNITS_MAX);
}

/* An event id is unique per order, a request id per merchant. */
static const char *goods_request_id(struct decoder *decoder, const Redress__V1__GoodsEvent *event)
{
    char hex[IDENTITY_SHA256_HEX];
    const char *text = arena_printf(decoder->arena, "%zu %s%s", strlen(event->order_id),
                                    event->order_id, event->event_id);
    if (text == NULL)
        return NULL;
    (void)identity_sha256(text, strlen(text), hex);
    return arena_printf(decoder->arena, "goods-%.*s", GOODS_ID_DIGITS, hex);
}

static enum status make_goods_request(struct decoder *decoder, const Redress__V1__GoodsEvent *event,
                                      const struct line_asked *lines, size_t count,
                                      struct input *input)
{
    struct request *request = &input->request;
    input->kind = INPUT_ASKED;
    *request =
        (struct request){.lines = lines, .line_count = count, .note = "", .customer_token = ""};
    request->asking = (struct asking){.request_id = goods_request_id(decoder, event),
                                      .occurred_at_us = input->occurred_at_us,
                                      .trigger = REDRESS__V1__TRIGGER__TRIGGER_RETURN_RECEIPT,
                                      .reason = REDRESS__V1__REASON_CODE__REASON_CODE_OTHER,
                                      .external_reference = event->event_id};
    enum status status = decode_actor(decoder, event->actor, "actor", &request->asking.requester_id,
                                      &request->asking.requester_role);
    if (status == STATUS_OK && request->asking.request_id == NULL)
        status = STATUS_EXHAUSTED;
    if (status == STATUS_OK)
        status = fingerprint(decoder, request);
    if (status != STATUS_OK)
        return status;
    request->refund_id = make_refund_id(decoder, event->merchant_id, request->asking.request_id);
    return request->refund_id == NULL ? STATUS_EXHAUSTED : STATUS_OK;
}

enum status intake_decode_goods(struct decoder *decoder, const Redress__V1__GoodsEvent *event,
                                struct input *input)
{
    enum status status = decoder_id(decoder, FIELD("merchant_id"), event->merchant_id);
    if (status == STATUS_OK)
        status = decoder_id(decoder, FIELD("order_id"), event->order_id);
    input->kind = INPUT_NOTHING;
    if (status != STATUS_OK || event->refund_id[0] != '\0' ||
        event->event_case != REDRESS__V1__GOODS_EVENT__EVENT_INSPECTED)
        return status;
    const Redress__V1__GoodsInspected *inspected = event->inspected;
    status = decoder_id(decoder, FIELD("event_id"), event->event_id);
    if (status == STATUS_OK)
        status =
            decoder_time(decoder, FIELD("occurred_at"), event->occurred_at, &input->occurred_at_us);
    if (status == STATUS_OK)
        status =
            decoder_size(decoder, FIELD("inspected.lines"), inspected->n_lines, 1, GOODS_LINES_MAX);
    if (status != STATUS_OK)
        return status;
    size_t count = 0;
    struct line_asked *lines = arena_array(decoder->arena, inspected->n_lines + 1, sizeof *lines);
    if (lines == NULL)
        return STATUS_EXHAUSTED;
    for (size_t i = 0; i < inspected->n_lines && status == STATUS_OK; i++)
        status = add_accepted(decoder, inspected->lines[i], i, lines, &count);
    if (status != STATUS_OK || count == 0)
        return status;
    return make_goods_request(decoder, event, lines, count, input);
}
