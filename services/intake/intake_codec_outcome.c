/* refunds.assessed.v1, refunds.routed.v1 and refunds.payouts.v1 -> inputs. */

#include "intake_fields.h"

#include <string.h>

/* Their status -> ours. X(stage, theirs, ours, claim) of OUTCOME_ROWS, by name of the stage. */
struct outcome_name {
    enum later_stage stage;
    const char *ce_status;
    enum outcome outcome;
};

static const struct outcome_name NAMES[] = {
#define X(stage, theirs, ours, claim) {LATER_##stage, #theirs, OUTCOME_##stage##_##theirs},
    OUTCOME_ROWS(X)
#undef X
};

static const struct outcome_name *find_name(enum later_stage stage, const char *ce_status)
{
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
        if (NAMES[i].stage == stage && strcmp(NAMES[i].ce_status, ce_status) == 0)
            return &NAMES[i];
    return NULL;
}

bool intake_wants_assessed(const char *ce_status)
{
    return find_name(LATER_ASSESSED, ce_status) != NULL;
}

bool intake_wants_routed(const char *ce_status)
{
    return find_name(LATER_ROUTED, ce_status) != NULL;
}

bool intake_wants_payout(const char *ce_status)
{
    return find_name(LATER_PAYOUTS, ce_status) != NULL;
}

/* The value's name without the prefix that all values of the enum have. */
static const struct outcome_name *find_value(enum later_stage stage,
                                             const ProtobufCEnumDescriptor *descriptor, int value)
{
    const ProtobufCEnumValue *known = protobuf_c_enum_descriptor_get_value(descriptor, value);
    const ProtobufCEnumValue *zero = protobuf_c_enum_descriptor_get_value(descriptor, 0);
    if (known == NULL || zero == NULL)
        return NULL;
    size_t prefix = strlen(zero->name) - strlen("UNSPECIFIED");
    return find_name(stage, known->name + prefix);
}

struct heading {
    const char *merchant_id, *order_id, *refund_id;
    int64_t version;
    const Google__Protobuf__Timestamp *decided_at;
};

static enum status decode_heading(struct decoder *decoder, const struct heading *heading,
                                  const struct outcome_name *name, struct input *input)
{
    enum status status = decoder_id(decoder, FIELD("merchant_id"), heading->merchant_id);
    if (status == STATUS_OK)
        status = decoder_id(decoder, FIELD("order_id"), heading->order_id);
    input->kind = INPUT_NOTHING;
    if (status != STATUS_OK || name == NULL)
        return status;
    status = decoder_id(decoder, FIELD("refund_id"), heading->refund_id);
    if (status == STATUS_OK)
        status = decoder_range(decoder, FIELD("version"), heading->version, 1, INT64_MAX);
    if (status == STATUS_OK && heading->decided_at != NULL)
        status =
            decoder_time(decoder, FIELD("decided_at"), heading->decided_at, &input->occurred_at_us);
    if (status != STATUS_OK)
        return status;
    input->kind = INPUT_OUTCOME;
    input->outcome = (struct outcome_seen){.outcome = name->outcome,
                                           .refund_id = heading->refund_id,
                                           .version = heading->version,
                                           .payout_id = ""};
    return STATUS_OK;
}

enum status intake_decode_assessed(struct decoder *decoder,
                                   const Redress__V1__RefundAssessed *event, struct input *input)
{
    const struct heading heading = {event->merchant_id, event->order_id, event->refund_id,
                                    event->version, event->decided_at};
    enum status status = decode_heading(
        decoder, &heading,
        find_value(LATER_ASSESSED, &redress__v1__assessment_status__descriptor, (int)event->status),
        input);
    if (status != STATUS_OK || input->kind != INPUT_OUTCOME)
        return status;
    input->outcome.round = event->validated_version;
    input->outcome.appeal = event->appeal;
    return STATUS_OK;
}

enum status intake_decode_routed(struct decoder *decoder, const Redress__V1__RefundRouted *event,
                                 struct input *input)
{
    const struct heading heading = {event->merchant_id, event->order_id, event->refund_id,
                                    event->version, event->decided_at};
    enum status status = decode_heading(
        decoder, &heading,
        find_value(LATER_ROUTED, &redress__v1__routing_status__descriptor, (int)event->status),
        input);
    if (status != STATUS_OK || input->kind != INPUT_OUTCOME)
        return status;
    if (event->assessed != NULL)
        input->outcome.round = event->assessed->validated_version;
    input->outcome.failed_payout = event->case_ != NULL && event->case_->failed_payout;
    return STATUS_OK;
}

static enum status decode_returned(struct decoder *decoder, const Redress__V1__RefundPayout *event,
                                   struct outcome_seen *seen)
{
    struct line_units *lines = arena_array(decoder->arena, event->n_released + 1, sizeof *lines);
    if (lines == NULL)
        return STATUS_EXHAUSTED;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < event->n_released && status == STATUS_OK; i++) {
        lines[i] = (struct line_units){event->released[i]->line_id, event->released[i]->units};
        status = decoder_range(decoder, FIELD_OF("released", i, "units"), lines[i].units, 0,
                               INTAKE_UNITS_MAX);
    }
    seen->returned = lines;
    seen->returned_count = event->n_released;
    return status;
}

enum status intake_decode_payout(struct decoder *decoder, const Redress__V1__RefundPayout *event,
                                 struct input *input)
{
    const struct heading heading = {event->merchant_id, event->order_id, event->refund_id,
                                    event->version, event->decided_at};
    enum status status = decode_heading(
        decoder, &heading,
        find_value(LATER_PAYOUTS, &redress__v1__payout_status__descriptor, (int)event->status),
        input);
    if (status != STATUS_OK || input->kind != INPUT_OUTCOME)
        return status;
    struct outcome_seen *seen = &input->outcome;
    seen->payout_id = event->payout_id;
    seen->payouts_total = event->payouts_total;
    seen->payouts_ended = event->payouts_ended;
    if (event->amount != NULL) {
        status = decoder_range(decoder, FIELD("amount.minor"), event->amount->minor, 0,
                               INTAKE_PAYOUT_MAX);
        seen->minor = event->amount->minor;
    }
    return status == STATUS_OK ? decode_returned(decoder, event, seen) : status;
}
