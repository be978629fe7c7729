/* Loading the rows of a batch's orders: one call per table, all in one round trip. */

#include "settlement_batch.h"

#include <string.h>

#define ORDER_KEYS \
    " FROM unnest($1::text[], $2::text[], $3::bigint[]) AS k(merchant_id, order_id, n)"
#define SAME_ORDER " ON (t.merchant_id, t.order_id) = (k.merchant_id, k.order_id)"

static const struct statement PAYMENT_LOAD = {
    "settlement_payment_load",
    "SELECT k.n, t.payment_id, t.provider, t.provider_reference, t.provider_account, t.method,"
    "       t.currency, t.captured_minor, t.refunded_minor, t.in_flight_minor, t.disputed_minor,"
    "       t.over, t.captured_at" ORDER_KEYS " JOIN payment t" SAME_ORDER,
};

static const struct statement REFUND_LOAD = {
    "settlement_refund_load",
    "SELECT k.n, t.refund_id, t.routed_version, t.version, t.cancelled, t.goods, t.reason,"
    "       t.lines, t.customer, t.market" ORDER_KEYS " JOIN refund t" SAME_ORDER,
};

static const struct statement PAYOUT_LOAD = {
    "settlement_payout_load",
    "SELECT k.n, t.payout_id, t.refund_id, t.payment_id, t.ordinal, t.routed_version, t.state,"
    "       t.provider, t.form, t.amount_minor, t.currency, t.held_minor, t.version,"
    "       t.provider_refund_id, t.reason, t.http_status, t.answer_stored, t.attempts,"
    "       t.reserved_at, t.first_submitted_at, t.submitted_at, t.expected_day, t.updated_at,"
    "       t.cause, t.payee, t.confirmed_at" ORDER_KEYS " JOIN payout t" SAME_ORDER,
};

static const struct statement FOREIGN_REFUND_LOAD = {
    "settlement_foreign_refund_load",
    "SELECT k.n, t.provider_refund_id, t.payment_id, t.provider_reference, t.status,"
    "       t.amount_minor, t.currency, t.counted_minor" ORDER_KEYS
    " JOIN foreign_refund t" SAME_ORDER,
};

static const struct statement DISPUTE_LOAD = {
    "settlement_dispute_load",
    "SELECT k.n, t.dispute_id, t.payment_id, t.provider_reference, t.state, t.amount_minor,"
    "       t.currency, t.counted_minor, t.fee_minor, t.fee_counted_minor, "
    "t.fee_currency" ORDER_KEYS " JOIN dispute t" SAME_ORDER,
};

static const struct statement GOODS_LINE_LOAD = {
    "settlement_goods_line_load",
    "SELECT k.n, t.refund_id, t.line_id, t.received_units, t.inspected_units, "
    "t.accepted_units, t.refused_condition" ORDER_KEYS " JOIN goods_line t" SAME_ORDER,
};

#define EVENT_KEYS                                                   \
    " FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[])" \
    "     AS k(merchant_id, order_id, event_id, n)"
#define SAME_EVENT \
    " ON (t.merchant_id, t.order_id, t.event_id) = (k.merchant_id, k.order_id, k.event_id)"

static const struct statement EVIDENCE_SEEN = {
    "settlement_evidence_seen",
    "SELECT k.n, t.event_id" EVENT_KEYS " JOIN evidence t" SAME_EVENT,
};

static const struct statement GOODS_SEEN = {
    "settlement_goods_seen",
    "SELECT k.n, t.event_id" EVENT_KEYS " JOIN goods_event t" SAME_EVENT,
};

/* Nothing that was sent may wait for its look-up longer than it must when the owner changes. */
static const struct statement LOOK_UPS_DUE = {
    "settlement_look_ups_due",
    "UPDATE deadline SET due_at = clock_timestamp()"
    " WHERE shard = $1::integer AND kind = $2::integer AND due_at > clock_timestamp()",
};

void settlement_claimed(void *context, struct unit *unit, int32_t shard)
{
    (void)context;
    struct call *call = unit_call(unit, &LOOK_UPS_DUE);
    call_int4(call, shard);
    call_int4(call, DUE_LOOK_UP);
}

/* Which rows of an order the batch may touch. */
enum need { NEED_ALWAYS = 1, NEED_FOREIGN = 2, NEED_GOODS = 4 };

/* Rare rows are asked for only where an event may touch them. */
static unsigned need_of(const struct event *event)
{
    if (event->kind == EVENT_DEADLINE)
        return event->deadline_kind == DUE_GOODS ? NEED_GOODS : 0;
    if (event->topic == TOPIC_GOODS)
        return NEED_GOODS;
    if (event->topic == TOPIC_ORDERS)
        return NEED_FOREIGN;
    if (event->topic == TOPIC_ROUTED) {
        const struct approval_event *approval = ((const struct routed *)event->body)->approval;
        return approval != NULL && approval->goods_required ? NEED_GOODS : 0;
    }
    const struct evidence *evidence = event->body;
    bool plain = evidence->kind == EVIDENCE_CALL_FAILED || evidence->kind == EVIDENCE_NOT_FOUND ||
                 (evidence->kind == EVIDENCE_REFUND && evidence->payout_id[0] != '\0' &&
                  evidence->source == SOURCE_ANSWER);
    return plain ? 0 : NEED_FOREIGN;
}

static struct call *load_table(struct batch *batch, struct unit *unit,
                               const struct statement *statement, const uint8_t *needs,
                               unsigned need)
{
    struct column *merchants = column_create(unit, COLUMN_TEXT);
    struct column *orders = column_create(unit, COLUMN_TEXT);
    struct column *numbers = column_create(unit, COLUMN_INT8);
    for (size_t i = 0; i < batch->order_count; i++) {
        if ((needs[i] & need) == 0)
            continue;
        column_text(merchants, batch->orders[i].merchant_id);
        column_text(orders, batch->orders[i].order_id);
        column_int8(numbers, (int64_t)i);
    }
    if (column_count(numbers) == 0)
        return NULL;
    struct call *call = unit_call(unit, statement);
    call_column(call, merchants);
    call_column(call, orders);
    call_column(call, numbers);
    return call;
}

static struct call *load_seen(struct batch *batch, struct unit *unit, enum topic topic,
                              const struct statement *statement)
{
    struct column *merchants = column_create(unit, COLUMN_TEXT);
    struct column *orders = column_create(unit, COLUMN_TEXT);
    struct column *events = column_create(unit, COLUMN_TEXT);
    struct column *numbers = column_create(unit, COLUMN_INT8);
    for (size_t i = 0; i < batch->event_count; i++) {
        const struct event *event = &batch->events[i];
        if (event->order == NULL || event->kind != EVENT_MESSAGE || event->topic != topic)
            continue;
        column_text(merchants, event->merchant_id);
        column_text(orders, event->order_id);
        column_text(events, topic == TOPIC_GOODS
                                ? ((const struct goods_notice *)event->body)->event_id
                                : ((const struct evidence *)event->body)->event_id);
        column_int8(numbers, event->order - batch->orders);
    }
    if (column_count(events) == 0)
        return NULL;
    struct call *call = unit_call(unit, statement);
    call_column(call, merchants);
    call_column(call, orders);
    call_column(call, events);
    call_column(call, numbers);
    return call;
}

enum status settlement_load(struct batch *batch, struct unit *unit)
{
    struct settlement_rows *rows = arena_zalloc(batch->arena, sizeof *rows);
    uint8_t *needs = arena_zalloc(batch->arena, batch->order_count + 1);
    if (rows == NULL || needs == NULL)
        return STATUS_EXHAUSTED;
    batch->rows = rows;
    rules_load(((const struct settlement *)batch->context)->rules, batch, unit);
    memset(needs, NEED_ALWAYS, batch->order_count);
    for (size_t i = 0; i < batch->event_count; i++)
        if (batch->events[i].order != NULL)
            needs[batch->events[i].order - batch->orders] |= (uint8_t)need_of(&batch->events[i]);
    rows->payments = load_table(batch, unit, &PAYMENT_LOAD, needs, NEED_ALWAYS);
    rows->refunds = load_table(batch, unit, &REFUND_LOAD, needs, NEED_ALWAYS);
    rows->payouts = load_table(batch, unit, &PAYOUT_LOAD, needs, NEED_ALWAYS);
    rows->foreign_refunds = load_table(batch, unit, &FOREIGN_REFUND_LOAD, needs, NEED_FOREIGN);
    rows->disputes = load_table(batch, unit, &DISPUTE_LOAD, needs, NEED_FOREIGN);
    rows->goods_lines = load_table(batch, unit, &GOODS_LINE_LOAD, needs, NEED_GOODS);
    rows->seen_evidence = load_seen(batch, unit, TOPIC_PROVIDER_EVENTS, &EVIDENCE_SEEN);
    rows->seen_goods = load_seen(batch, unit, TOPIC_GOODS, &GOODS_SEEN);
    rows->captured = settlement_references_load(batch, unit);
    rows->ledger_heads = settlement_ledger_load(batch, unit);
    return STATUS_OK;
}
