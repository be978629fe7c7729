/* orders.events.v1 -> inputs. */

#include "intake_fields.h"

#include "identity.h"
#include "message.h"

#include <string.h>

enum {
    TITLE_MAX = 512,
    CATEGORY_MAX = 64,
    TAG_MAX = 64,
    MARKET_MAX = 32,
    REFERENCE_MAX = 255,
    CANCELLATION_REASON_MAX = 512,
    RATE_MAX_PPM = 1000000
};

/* What makes two events the same: their content as we would write it ourselves. */
static enum status fingerprint(struct decoder *decoder, const Redress__V1__OrderEvent *event,
                               int64_t *result)
{
    uint8_t *bytes;
    size_t size;
    enum status status = message_pack(&event->base, decoder->arena, &bytes, &size);
    if (status == STATUS_OK)
        *result = identity_fingerprint(bytes, size);
    return status;
}

static enum status decode_tags(struct decoder *decoder, const Redress__V1__OrderLine *message,
                               size_t at)
{
    enum status status = decoder_size(decoder, FIELD_OF("placed.lines", at, "tags"),
                                      message->n_tags, 0, INTAKE_TAGS_MAX);
    for (size_t i = 0; i < message->n_tags && status == STATUS_OK; i++)
        status =
            decoder_word(decoder, FIELD_OF("placed.lines", at, "tags"), message->tags[i], TAG_MAX);
    return status;
}

static enum status decode_line_texts(struct decoder *decoder, const Redress__V1__OrderLine *message,
                                     size_t at)
{
    enum status status =
        decoder_id(decoder, FIELD_OF("placed.lines", at, "line_id"), message->line_id);
    if (status == STATUS_OK)
        status = decoder_id(decoder, FIELD_OF("placed.lines", at, "sku"), message->sku);
    if (status == STATUS_OK)
        status =
            decoder_text(decoder, FIELD_OF("placed.lines", at, "title"), message->title, TITLE_MAX);
    if (status == STATUS_OK)
        status = decoder_word(decoder, FIELD_OF("placed.lines", at, "category"), message->category,
                              CATEGORY_MAX);
    return status == STATUS_OK ? decode_tags(decoder, message, at) : status;
}

static enum status decode_line_numbers(struct decoder *decoder,
                                       const Redress__V1__OrderLine *message, size_t at)
{
    enum status status = decoder_range(decoder, FIELD_OF("placed.lines", at, "units"),
                                       message->units, 1, INTAKE_UNITS_MAX);
    if (status == STATUS_OK)
        status = decoder_range(decoder, FIELD_OF("placed.lines", at, "gross_minor"),
                               message->gross_minor, 0, INT64_MAX);
    if (status == STATUS_OK)
        status = decoder_range(decoder, FIELD_OF("placed.lines", at, "discount_minor"),
                               message->discount_minor, 0, message->gross_minor);
    if (status == STATUS_OK)
        status =
            decoder_range(decoder, FIELD_OF("placed.lines", at, "tax_minor"), message->tax_minor, 0,
                          message->gross_minor - message->discount_minor);
    if (status == STATUS_OK)
        status = decoder_range(decoder, FIELD_OF("placed.lines", at, "tax_rate_ppm"),
                               message->tax_rate_ppm, 0, RATE_MAX_PPM);
    return status;
}

static enum status decode_line(struct decoder *decoder, const Redress__V1__OrderLine *message,
                               size_t at, struct placed *placed)
{
    enum status status = decode_line_texts(decoder, message, at);
    if (status == STATUS_OK)
        status = decode_line_numbers(decoder, message, at);
    if (status != STATUS_OK)
        return status;
    placed->lines[at] = (struct order_line){.line_id = message->line_id,
                                            .line_no = (int32_t)at + 1,
                                            .sku = message->sku,
                                            .title = message->title,
                                            .category = message->category,
                                            .tags = (const char *const *)message->tags,
                                            .tag_count = message->n_tags,
                                            .units = message->units,
                                            .gross_minor = message->gross_minor,
                                            .discount_minor = message->discount_minor,
                                            .tax_minor = message->tax_minor,
                                            .tax_rate_ppm = message->tax_rate_ppm};
    if (__builtin_add_overflow(placed->total_minor, order_line_paid(&placed->lines[at]),
                               &placed->total_minor))
        return decoder_invalid(decoder, FIELD_OF("placed.lines", at, "gross_minor"),
                               message->line_id, "the whole order stays below 2^63");
    return STATUS_OK;
}

static enum status decode_lines(struct decoder *decoder, const Redress__V1__OrderPlaced *message,
                                struct placed *placed)
{
    enum status status =
        decoder_size(decoder, FIELD("placed.lines"), message->n_lines, 1, INTAKE_LINES_MAX);
    if (status != STATUS_OK)
        return status;
    placed->line_count = message->n_lines;
    placed->lines = arena_array(decoder->arena, message->n_lines, sizeof *placed->lines);
    placed->by_id = arena_array(decoder->arena, message->n_lines, sizeof *placed->by_id);
    if (placed->lines == NULL || placed->by_id == NULL)
        return STATUS_EXHAUSTED;
    for (size_t i = 0; i < message->n_lines && status == STATUS_OK; i++)
        status = decode_line(decoder, message->lines[i], i, placed);
    const char *twice;
    if (status == STATUS_OK &&
        order_lines_sort(placed->lines, placed->line_count, placed->by_id, &twice) != STATUS_OK)
        return decoder_invalid(decoder, FIELD("placed.lines"), twice, "distinct line ids");
    return status;
}

static enum status decode_shipping(struct decoder *decoder, const Redress__V1__OrderPlaced *message,
                                   struct placed *placed)
{
    enum status status = decoder_range(decoder, FIELD("placed.shipping_minor"),
                                       message->shipping_minor, 0, INT64_MAX);
    if (status == STATUS_OK)
        status = decoder_range(decoder, FIELD("placed.shipping_tax_minor"),
                               message->shipping_tax_minor, 0, message->shipping_minor);
    if (status == STATUS_OK)
        status = decoder_range(decoder, FIELD("placed.shipping_tax_rate_ppm"),
                               message->shipping_tax_rate_ppm, 0, RATE_MAX_PPM);
    if (status != STATUS_OK)
        return status;
    placed->shipping_minor = placed->total_minor = message->shipping_minor;
    placed->shipping_tax_minor = message->shipping_tax_minor;
    placed->shipping_tax_rate_ppm = message->shipping_tax_rate_ppm;
    return STATUS_OK;
}

static enum status decode_placed(struct decoder *decoder, const Redress__V1__OrderEvent *event,
                                 struct input *input)
{
    const Redress__V1__OrderPlaced *message = event->placed;
    struct placed *placed = &input->placed;
    input->kind = INPUT_PLACED;
    *placed = (struct placed){.customer_token = "", .market = ""};
    if (message->customer != NULL) {
        placed->customer_token = message->customer->token;
        placed->market = message->customer->market;
    }
    placed->currency = message->currency;
    placed->channel = (int32_t)message->channel;
    enum status status = decoder_word(decoder, FIELD("placed.customer.token"),
                                      placed->customer_token, INTAKE_ID_MAX);
    if (status == STATUS_OK)
        status = decoder_word(decoder, FIELD("placed.customer.market"), placed->market, MARKET_MAX);
    if (status == STATUS_OK)
        status = decoder_currency(decoder, FIELD("placed.currency"), message->currency);
    if (status == STATUS_OK)
        status = decoder_enum(decoder, FIELD("placed.channel"), &redress__v1__channel__descriptor,
                              (int)message->channel, false);
    if (status == STATUS_OK)
        status = decode_shipping(decoder, message, placed);
    if (status == STATUS_OK)
        status = decode_lines(decoder, message, placed);
    return status == STATUS_OK ? fingerprint(decoder, event, &placed->fingerprint) : status;
}

static enum status decode_captured(struct decoder *decoder, const Redress__V1__OrderEvent *event,
                                   struct input *input)
{
    const Redress__V1__PaymentCaptured *message = event->captured;
    input->kind = INPUT_CAPTURED;
    input->captured = (struct payment){.payment_id = message->payment_id,
                                       .provider = (int32_t)message->provider,
                                       .provider_reference = message->provider_reference,
                                       .provider_account = message->provider_account,
                                       .method = (int32_t)message->method,
                                       .captured_at_us = input->occurred_at_us};
    enum status status = decoder_id(decoder, FIELD("captured.payment_id"), message->payment_id);
    if (status == STATUS_OK)
        status = decoder_enum(decoder, FIELD("captured.provider"),
                              &redress__v1__provider__descriptor, (int)message->provider, true);
    if (status == STATUS_OK)
        status = decoder_word(decoder, FIELD("captured.provider_reference"),
                              message->provider_reference, REFERENCE_MAX);
    if (status == STATUS_OK)
        status = decoder_word(decoder, FIELD("captured.provider_account"),
                              message->provider_account, INTAKE_ID_MAX);
    if (status == STATUS_OK)
        status =
            decoder_enum(decoder, FIELD("captured.method"),
                         &redress__v1__payment_method__descriptor, (int)message->method, false);
    if (status == STATUS_OK)
        status = decoder_amount(decoder, FIELD("captured.amount"), message->amount,
                                &input->captured.minor, input->captured.currency);
    return status;
}

static enum status decode_moved(struct decoder *decoder, const Redress__V1__OrderEvent *event,
                                enum movement_kind kind, const char *id,
                                Redress__V1__LineUnits **lines, size_t count, struct input *input)
{
    struct movement *moved = &input->moved;
    input->kind = INPUT_MOVED;
    *moved =
        (struct movement){.kind = kind, .movement_id = id, .occurred_at_us = input->occurred_at_us};
    enum status status = decoder_word(decoder, FIELD("id"), id, INTAKE_ID_MAX);
    if (status == STATUS_OK)
        status = decoder_size(decoder, FIELD("lines"), count, kind == MOVEMENT_CANCELLED ? 0 : 1,
                              INTAKE_LINES_MAX);
    if (status != STATUS_OK)
        return status;
    struct line_units *units = arena_array(decoder->arena, count + 1, sizeof *units);
    if (units == NULL)
        return STATUS_EXHAUSTED;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        units[i] = (struct line_units){lines[i]->line_id, lines[i]->units};
        status = decoder_id(decoder, FIELD_OF("lines", i, "line_id"), lines[i]->line_id);
        if (status == STATUS_OK)
            status = decoder_range(decoder, FIELD_OF("lines", i, "units"), lines[i]->units, 1,
                                   INTAKE_UNITS_MAX);
    }
    moved->lines = units;
    moved->line_count = count;
    return status == STATUS_OK ? fingerprint(decoder, event, &moved->fingerprint) : status;
}

static enum status decode_cancelled(struct decoder *decoder, const Redress__V1__OrderEvent *event,
                                    struct input *input)
{
    const Redress__V1__OrderCancelled *message = event->cancelled;
    enum status status =
        decoder_text(decoder, FIELD("cancelled.reason"), message->reason, CANCELLATION_REASON_MAX);
    return status != STATUS_OK
               ? status
               : decode_moved(decoder, event, MOVEMENT_CANCELLED, message->cancellation_id,
                              message->lines, message->n_lines, input);
}

enum status intake_decode_order(struct decoder *decoder, const Redress__V1__OrderEvent *event,
                                struct input *input)
{
    enum status status = decoder_id(decoder, FIELD("merchant_id"), event->merchant_id);
    if (status == STATUS_OK)
        status = decoder_id(decoder, FIELD("order_id"), event->order_id);
    if (status == STATUS_OK)
        status =
            decoder_time(decoder, FIELD("occurred_at"), event->occurred_at, &input->occurred_at_us);
    if (status != STATUS_OK)
        return status;
    switch (event->event_case) {
    case REDRESS__V1__ORDER_EVENT__EVENT_PLACED:
        return decode_placed(decoder, event, input);
    case REDRESS__V1__ORDER_EVENT__EVENT_CAPTURED:
        return decode_captured(decoder, event, input);
    case REDRESS__V1__ORDER_EVENT__EVENT_SHIPPED:
        return decode_moved(decoder, event, MOVEMENT_SHIPPED, event->shipped->shipment_id,
                            event->shipped->lines, event->shipped->n_lines, input);
    case REDRESS__V1__ORDER_EVENT__EVENT_DELIVERED:
        return decode_moved(decoder, event, MOVEMENT_DELIVERED, event->delivered->delivery_id,
                            event->delivered->lines, event->delivered->n_lines, input);
    case REDRESS__V1__ORDER_EVENT__EVENT_CANCELLED:
        return decode_cancelled(decoder, event, input);
    case REDRESS__V1__ORDER_EVENT__EVENT__NOT_SET:
    case _REDRESS__V1__ORDER_EVENT__EVENT__CASE_IS_INT_SIZE:
        break;
    }
    return decoder_missing(decoder, FIELD("event"), "exactly one kind of event");
}
