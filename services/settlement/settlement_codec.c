/* From protobuf to the structs of the core: what settlement is told. An event is unpacked into
 * memory that the next one uses again; what the core needs of it is copied. */

#include "message.h"
#include "redress/v1/goods.pb-c.h"
#include "redress/v1/order.pb-c.h"
#include "redress/v1/provider.pb-c.h"
#include "redress/v1/routed.pb-c.h"
#include "seal.h"
#include "settlement_batch.h"
#include "settlement_fields.h"
#include "skim.h"

#include <string.h>

enum { REFERENCE_MAX = 256, CODE_MAX = 128 };

_Static_assert((int)PROVIDER_STRIPE == REDRESS__V1__PROVIDER__PROVIDER_STRIPE, "provider");
_Static_assert((int)PROVIDER_MAGENTO == REDRESS__V1__PROVIDER__PROVIDER_MAGENTO, "provider");
_Static_assert((int)METHOD_MANUAL == REDRESS__V1__REFUND_METHOD__REFUND_METHOD_MANUAL, "method");
_Static_assert((int)REFUND_STATUS_CANCELLED ==
                   REDRESS__V1__PROVIDER_REFUND_STATUS__PROVIDER_REFUND_STATUS_CANCELLED,
               "status");
_Static_assert((int)CALL_FAILURE_UNKNOWN == REDRESS__V1__CALL_FAILURE__CALL_FAILURE_UNKNOWN,
               "failure");
_Static_assert((int)DISPUTE_LOST == REDRESS__V1__DISPUTE_STATUS__DISPUTE_STATUS_LOST, "dispute");
_Static_assert((int)CONDITION_WRONG_ITEM ==
                   REDRESS__V1__GOODS_CONDITION__GOODS_CONDITION_WRONG_ITEM,
               "condition");
_Static_assert((int)SOURCE_WEBHOOK == REDRESS__V1__EVIDENCE_SOURCE__EVIDENCE_SOURCE_WEBHOOK,
               "source");

/* Captures: the one kind of order event that matters here. The others are recognised without
 * unpacking them. */
static enum status decode_order(struct check *check)
{
    enum { CAPTURED_FIELD = 5 };
    const struct event *event = check->event;
    if (skim_lacks_field(event->value, event->value_size, CAPTURED_FIELD))
        return STATUS_NOT_FOUND;
    ProtobufCMessage *unpacked = NULL;
    enum status status = field_unpack(check, &unpacked);
    if (status != STATUS_OK)
        return status;
    const Redress__V1__OrderEvent *order = (const Redress__V1__OrderEvent *)unpacked;
    if (order->event_case != REDRESS__V1__ORDER_EVENT__EVENT_CAPTURED)
        return STATUS_NOT_FOUND;
    struct capture *capture = NEW(check, struct capture);
    if (capture == NULL)
        return STATUS_EXHAUSTED;
    const Redress__V1__PaymentCaptured *captured = order->captured;
    field_order(check, order->merchant_id, order->order_id);
    capture->occurred_us = field_time(check, "occurred_at", order->occurred_at);
    capture->payment_id = field_id(check, "captured.payment_id", captured->payment_id);
    capture->provider = field_enum(check, "captured.provider", &redress__v1__provider__descriptor,
                                   (int)captured->provider);
    capture->method = field_enum(check, "captured.method", &redress__v1__payment_method__descriptor,
                                 (int)captured->method);
    capture->provider_reference = field_text(check, "captured.provider_reference",
                                             captured->provider_reference, 0, REFERENCE_MAX);
    capture->provider_account =
        field_text(check, "captured.provider_account", captured->provider_account, 0, ID_MAX);
    field_money(check, "captured.amount", captured->amount, 1, &capture->amount_minor,
                &capture->currency);
    return field_finish(check, capture);
}

/* Approvals and cancellations, from our own routing. */

static struct approval_model model_of(const Redress__V1__ModelReference *model)
{
    if (model == NULL)
        return (struct approval_model){.present = false};
    return (struct approval_model){
        .present = true, .id = model->id, .version = model->version, .sha256 = model->sha256};
}

/* NULL: the MAC holds. */
static const char *forgery_of(struct check *check, const Redress__V1__RefundRouted *routed)
{
    const struct settlement *settlement = check->batch->context;
    const Redress__V1__Approval *approval = routed->approval;
    struct approval_share *shares =
        arena_array(check->batch->arena, approval->n_split + 1, sizeof *shares);
    if (shares == NULL)
        return "INCOMPLETE";
    for (size_t i = 0; i < approval->n_split; i++) {
        const Redress__V1__PaymentShare *share = approval->split[i];
        if (share->amount == NULL || approval->amount == NULL ||
            strcmp(share->amount->currency, approval->amount->currency) != 0)
            return "INCOMPLETE";
        shares[i] = (struct approval_share){share->payment_id, share->amount->minor};
    }
    struct approval signed_over = {
        .merchant_id = routed->merchant_id,
        .order_id = routed->order_id,
        .refund_id = routed->refund_id,
        .version = routed->version,
        .case_version = approval->case_version,
        .shares = shares,
        .share_count = approval->n_split,
        .currency = approval->amount == NULL ? "" : approval->amount->currency,
        .method = (int32_t)approval->method,
        .goods_required = routed->assessed != NULL && routed->assessed->goods_required,
        .approvers = (const char *const *)approval->approvers,
        .approver_count = approval->n_approvers,
        .policy = model_of(routed->assessed == NULL ? NULL : routed->assessed->model),
        .authority = model_of(routed->model),
        .payee = approval->payee == NULL ? "" : approval->payee->reference,
        .payee_verified_by = approval->payee == NULL ? "" : approval->payee->verified_by,
    };
    if (message_time(approval->expires_at, &signed_over.expires_at_us) != STATUS_OK ||
        (approval->payee != NULL && message_time(approval->payee->verified_at,
                                                 &signed_over.payee_verified_at_us) != STATUS_OK))
        return "INCOMPLETE";
    enum status status = approval_verify(settlement->keys, approval->key_id, &signed_over,
                                         approval->mac.data, approval->mac.len);
    return status == STATUS_OK ? NULL : status == STATUS_NOT_FOUND ? "UNKNOWN_KEY" : "MAC";
}

static bool approves(const Redress__V1__Approval *approval, const char *person)
{
    for (size_t i = 0; i < approval->n_approvers; i++)
        if (strcmp(approval->approvers[i], person) == 0)
            return true;
    return false;
}

/* An account that nobody verified, or only somebody who approves, is none. */
static const char *payee_of(struct check *check, const Redress__V1__Approval *approval)
{
    const Redress__V1__Payee *payee = approval->payee;
    if (payee == NULL || payee->verified_by[0] == '\0' || approves(approval, payee->verified_by))
        return "";
    return field_text(check, "approval.payee.reference", payee->reference, 0, ID_MAX);
}

static void read_customer(struct check *check, const Redress__V1__Facts *facts,
                          struct approval_event *approval)
{
    const char *token = facts->customer == NULL ? "" : facts->customer->token;
    approval->customer = field_text(check, "assessed.facts.customer.token", token, 0, ID_MAX);
    approval->market = field_text(check, "assessed.facts.market", facts->market, 0, ID_MAX);
}

static void read_shares(struct check *check, const Redress__V1__Approval *from,
                        struct approval_event *approval)
{
    struct share *shares = arena_array(check->batch->arena, from->n_split + 1, sizeof *shares);
    if (shares == NULL)
        return;
    for (size_t i = 0; i < from->n_split; i++)
        shares[i] = (struct share){field_copy(check, from->split[i]->payment_id),
                                   from->split[i]->amount->minor};
    approval->shares = shares;
    approval->share_count = from->n_split;
}

static void read_lines(struct check *check, const Redress__V1__Facts *facts,
                       struct approval_event *approval)
{
    if (facts->n_lines + 1 > NOTE_LINES_MAX) {
        field_refuse(check, REASON(FIELD_OUT_OF_RANGE), "assessed.facts.lines",
                     field_number_text(check, (int64_t)facts->n_lines), "at most 1000");
        return;
    }
    struct note_line *lines = arena_array(check->batch->arena, facts->n_lines + 1, sizeof *lines);
    if (lines == NULL)
        return;
    for (size_t i = 0; i < facts->n_lines; i++) {
        const Redress__V1__LineFacts *line = facts->lines[i];
        lines[i] = (struct note_line){
            .line_id = field_id(check, "assessed.facts.lines.line_id", line->line_id),
            .units = field_range(check, "assessed.facts.lines.units", line->units, 0, UNITS_MAX),
            .gross_minor = field_range(check, "assessed.facts.lines.refundable_minor",
                                       line->refundable_minor, 0, AMOUNT_MAX),
            .tax_minor = field_range(check, "assessed.facts.lines.tax_minor", line->tax_minor, 0,
                                     line->refundable_minor),
            .tax_rate_ppm = line->tax_rate_ppm};
    }
    approval->line_count = facts->n_lines;
    if (facts->shipping != NULL)
        lines[approval->line_count++] = (struct note_line){
            .line_id = "",
            .gross_minor = field_range(check, "assessed.facts.shipping.refundable_minor",
                                       facts->shipping->refundable_minor, 0, AMOUNT_MAX),
            .tax_minor =
                field_range(check, "assessed.facts.shipping.tax_minor", facts->shipping->tax_minor,
                            0, facts->shipping->refundable_minor),
            .tax_rate_ppm = facts->shipping->tax_rate_ppm};
    approval->lines = lines;
}

static const struct approval_event *read_approval(struct check *check,
                                                  const Redress__V1__RefundRouted *routed)
{
    struct approval_event *approval = NEW(check, struct approval_event);
    const Redress__V1__Approval *from = routed->approval;
    if (approval == NULL)
        return NULL;
    approval->refund_id = field_copy(check, routed->refund_id);
    approval->version = routed->version;
    approval->occurred_us = field_time(check, "occurred_at", routed->occurred_at);
    approval->refusal = "INCOMPLETE";
    approval->key_id = from == NULL ? "" : field_copy(check, from->key_id);
    if (from == NULL || from->amount == NULL || routed->assessed == NULL ||
        routed->assessed->facts == NULL)
        return approval;
    approval->refusal = forgery_of(check, routed);
    if (approval->refusal != NULL)
        return approval; /* reported by the core */
    approval->genuine = true;
    approval->by_people = from->n_approvers > 0;
    approval->payee = payee_of(check, from);
    read_customer(check, routed->assessed->facts, approval);
    approval->expires_us = field_time(check, "approval.expires_at", from->expires_at);
    approval->amount_minor = from->amount->minor;
    approval->currency = field_copy(check, from->amount->currency);
    approval->method = (int)from->method;
    const Redress__V1__RefundRequest *request = routed->assessed->request;
    approval->reason = request == NULL ? 0 : (int)request->reason;
    /* A refund that returned goods have set off waits for no others. */
    approval->goods_required =
        routed->assessed->goods_required &&
        (request == NULL || request->trigger != REDRESS__V1__TRIGGER__TRIGGER_RETURN_RECEIPT);
    read_shares(check, from, approval);
    read_lines(check, routed->assessed->facts, approval);
    return approval;
}

bool settlement_wants_routed(const struct envelope *envelope)
{
    static const char *const wanted[] = {"APPROVED", "CANCEL_REQUESTED", "DECLINED", "EXPIRED"};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        if (strcmp(envelope->status, wanted[i]) == 0)
            return true;
    return false;
}

static enum status decode_routed(struct check *check)
{
    ProtobufCMessage *unpacked = NULL;
    enum status status = field_unpack(check, &unpacked);
    if (status != STATUS_OK)
        return status;
    const Redress__V1__RefundRouted *from = (const Redress__V1__RefundRouted *)unpacked;
    struct routed *routed = NEW(check, struct routed);
    if (routed == NULL)
        return STATUS_EXHAUSTED;
    field_order(check, from->merchant_id, from->order_id);
    (void)field_id(check, "refund_id", from->refund_id);
    (void)field_range(check, "version", from->version, 1, INT64_MAX);
    if (from->status == REDRESS__V1__ROUTING_STATUS__ROUTING_STATUS_APPROVED) {
        routed->approval = read_approval(check, from);
    } else if (from->status == REDRESS__V1__ROUTING_STATUS__ROUTING_STATUS_CANCEL_REQUESTED) {
        struct cancel_event *cancel = NEW(check, struct cancel_event);
        if (cancel == NULL)
            return STATUS_EXHAUSTED;
        *cancel = (struct cancel_event){.refund_id = field_copy(check, from->refund_id),
                                        .version = from->version};
        cancel->occurred_us = field_time(check, "occurred_at", from->occurred_at);
        routed->cancel = cancel;
    } else if (from->status == REDRESS__V1__ROUTING_STATUS__ROUTING_STATUS_DECLINED ||
               from->status == REDRESS__V1__ROUTING_STATUS__ROUTING_STATUS_EXPIRED) {
        struct decline_event *decline = NEW(check, struct decline_event);
        if (decline == NULL)
            return STATUS_EXHAUSTED;
        *decline = (struct decline_event){.refund_id = field_copy(check, from->refund_id),
                                          .version = from->version};
        routed->decline = decline;
    } else {
        return STATUS_NOT_FOUND;
    }
    return field_finish(check, routed);
}

/* Evidence. */

static void read_refund(struct check *check, const Redress__V1__ProviderRefund *from,
                        struct evidence *evidence)
{
    evidence->kind = EVIDENCE_REFUND;
    evidence->payout_id = field_text(check, "refund.payout_id", from->payout_id, 0, ID_MAX);
    evidence->provider_refund_id =
        field_id(check, "refund.provider_refund_id", from->provider_refund_id);
    evidence->status = (enum refund_status)field_enum(
        check, "refund.status", &redress__v1__provider_refund_status__descriptor,
        (int)from->status);
    evidence->code = field_text(check, "refund.failure_code", from->failure_code, 0, CODE_MAX);
    field_money(check, "refund.amount", from->amount, 0, &evidence->amount_minor,
                &evidence->currency);
}

static void read_call_failed(struct check *check, const Redress__V1__ProviderCallFailed *from,
                             struct evidence *evidence)
{
    evidence->kind = EVIDENCE_CALL_FAILED;
    evidence->payout_id = field_id(check, "call_failed.payout_id", from->payout_id);
    evidence->failure = (enum call_failure)field_enum(
        check, "call_failed.failure", &redress__v1__call_failure__descriptor, (int)from->failure);
    evidence->http_status =
        (int32_t)field_range(check, "call_failed.http_status", from->http_status, 0, 999);
    evidence->code = field_text(check, "call_failed.code", from->code, 0, CODE_MAX);
}

static void read_dispute(struct check *check, const Redress__V1__ProviderDispute *from,
                         struct evidence *evidence)
{
    evidence->kind = EVIDENCE_DISPUTE;
    evidence->dispute_id = field_id(check, "dispute.dispute_id", from->dispute_id);
    evidence->dispute = (enum dispute_state)field_enum(
        check, "dispute.status", &redress__v1__dispute_status__descriptor, (int)from->status);
    evidence->code = field_text(check, "dispute.reason", from->reason, 0, CODE_MAX);
    field_money(check, "dispute.amount", from->amount, 0, &evidence->amount_minor,
                &evidence->currency);
    if (from->fee != NULL)
        field_money(check, "dispute.fee", from->fee, 0, &evidence->fee_minor,
                    &evidence->fee_currency);
}

static void read_kind(struct check *check, const Redress__V1__ProviderEvent *from,
                      struct evidence *evidence)
{
    switch (from->event_case) {
    case REDRESS__V1__PROVIDER_EVENT__EVENT_REFUND:
        read_refund(check, from->refund, evidence);
        return;
    case REDRESS__V1__PROVIDER_EVENT__EVENT_CALL_FAILED:
        read_call_failed(check, from->call_failed, evidence);
        return;
    case REDRESS__V1__PROVIDER_EVENT__EVENT_NOT_FOUND:
        evidence->kind = EVIDENCE_NOT_FOUND;
        evidence->payout_id = field_id(check, "not_found.payout_id", from->not_found->payout_id);
        return;
    case REDRESS__V1__PROVIDER_EVENT__EVENT_DISPUTE:
        read_dispute(check, from->dispute, evidence);
        return;
    case REDRESS__V1__PROVIDER_EVENT__EVENT__NOT_SET:
    case _REDRESS__V1__PROVIDER_EVENT__EVENT__CASE_IS_INT_SIZE:
        break;
    }
    field_refuse(check, REASON(FIELD_MISSING), "event", "", "exactly one kind");
}

static enum status decode_evidence(struct check *check)
{
    ProtobufCMessage *unpacked = NULL;
    enum status status = field_unpack(check, &unpacked);
    if (status != STATUS_OK)
        return status;
    const Redress__V1__ProviderEvent *from = (const Redress__V1__ProviderEvent *)unpacked;
    struct evidence *evidence = NEW(check, struct evidence);
    if (evidence == NULL)
        return STATUS_EXHAUSTED;
    *evidence = (struct evidence){.payout_id = "",
                                  .provider_refund_id = "",
                                  .currency = "",
                                  .code = "",
                                  .dispute_id = "",
                                  .fee_currency = ""};
    field_order(check, from->merchant_id, from->order_id);
    evidence->event_id = field_text(check, "event_id", from->event_id, 1, REFERENCE_MAX);
    evidence->occurred_us = field_time(check, "occurred_at", from->occurred_at);
    evidence->provider =
        field_enum(check, "provider", &redress__v1__provider__descriptor, (int)from->provider);
    evidence->source = (enum evidence_source)field_enum(
        check, "source", &redress__v1__evidence_source__descriptor, (int)from->source);
    const struct settlement *settlement = check->batch->context;
    evidence->verified = from->verified && seal_holds(settlement->keys, check->event->value,
                                                      check->event->value_size);
    evidence->epoch = from->epoch;
    evidence->payment_id = field_text(check, "payment_id", from->payment_id, 0, ID_MAX);
    evidence->provider_reference =
        field_text(check, "provider_reference", from->provider_reference, 0, REFERENCE_MAX);
    read_kind(check, from, evidence);
    return field_finish(check, evidence);
}

/* Goods. */

static void read_goods_lines(struct check *check, const char *field, size_t count,
                             Redress__V1__GoodsLine *const *from, struct goods_notice *notice)
{
    bool inspected = notice->kind == GOODS_KIND_INSPECTED;
    if (count == 0 || count > GOODS_LINES_MAX)
        field_refuse(check, REASON(FIELD_OUT_OF_RANGE), field,
                     field_number_text(check, (int64_t)count), "1 to 1000 lines");
    struct goods_count *lines = arena_array(check->batch->arena, count + 1, sizeof *lines);
    if (lines == NULL)
        return;
    for (size_t i = 0; check->status == STATUS_OK && i < count; i++) {
        lines[i] = (struct goods_count){.condition = 0};
        const char *at = arena_printf(check->batch->arena, "%s[%zu]", field, i);
        lines[i].line_id = field_id(check, at, from[i]->line_id);
        lines[i].units = field_range(check, at, from[i]->units, 0, UNITS_MAX);
        lines[i].accepted_units =
            inspected ? field_range(check, at, from[i]->accepted_units, 0, from[i]->units) : 0;
        if (from[i]->condition != REDRESS__V1__GOODS_CONDITION__GOODS_CONDITION_UNSPECIFIED)
            lines[i].condition = field_enum(check, at, &redress__v1__goods_condition__descriptor,
                                            (int)from[i]->condition);
        if (lines[i].condition == CONDITION_WRONG_ITEM && lines[i].accepted_units > 0)
            field_refuse(check, REASON(FIELD_OUT_OF_RANGE), at,
                         field_number_text(check, lines[i].accepted_units),
                         "no unit of a wrong item is accepted");
    }
    notice->lines = lines;
    notice->line_count = count;
}

static enum status decode_goods(struct check *check)
{
    ProtobufCMessage *unpacked = NULL;
    enum status status = field_unpack(check, &unpacked);
    if (status != STATUS_OK)
        return status;
    const Redress__V1__GoodsEvent *from = (const Redress__V1__GoodsEvent *)unpacked;
    struct goods_notice *notice = NEW(check, struct goods_notice);
    if (notice == NULL)
        return STATUS_EXHAUSTED;
    field_order(check, from->merchant_id, from->order_id);
    notice->event_id = field_id(check, "event_id", from->event_id);
    notice->refund_id = field_text(check, "refund_id", from->refund_id, 0, ID_MAX);
    notice->occurred_us = field_time(check, "occurred_at", from->occurred_at);
    switch (from->event_case) {
    case REDRESS__V1__GOODS_EVENT__EVENT_IN_TRANSIT:
        notice->kind = GOODS_KIND_SHIPPED;
        break;
    case REDRESS__V1__GOODS_EVENT__EVENT_RECEIVED:
        notice->kind = GOODS_KIND_RECEIVED;
        read_goods_lines(check, "received.lines", from->received->n_lines, from->received->lines,
                         notice);
        break;
    case REDRESS__V1__GOODS_EVENT__EVENT_INSPECTED:
        notice->kind = GOODS_KIND_INSPECTED;
        read_goods_lines(check, "inspected.lines", from->inspected->n_lines, from->inspected->lines,
                         notice);
        break;
    case REDRESS__V1__GOODS_EVENT__EVENT_LOST:
        notice->kind = GOODS_KIND_LOST;
        break;
    case REDRESS__V1__GOODS_EVENT__EVENT__NOT_SET:
    case _REDRESS__V1__GOODS_EVENT__EVENT__CASE_IS_INT_SIZE:
        field_refuse(check, REASON(FIELD_MISSING), "event", "", "exactly one kind");
    }
    return field_finish(check, notice);
}

enum status settlement_decode(struct batch *batch, struct event *event)
{
    struct check check = {.batch = batch, .event = event, .status = STATUS_OK};
    if (event->topic == TOPIC_ORDERS)
        return decode_order(&check);
    if (event->topic == TOPIC_ROUTED)
        return decode_routed(&check);
    if (event->topic == TOPIC_GOODS)
        return decode_goods(&check);
    return decode_evidence(&check);
}
