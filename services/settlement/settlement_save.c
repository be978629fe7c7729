/* Saving what a batch changed: one call per table and kind of change, as far as there is any. */

#include "settlement_batch.h"

#include "columns.h"
#include "provider_facts.h"

#include <string.h>

/* Refused if another shard has captured the same payment of a provider for another order meanwhile.
 */
static const struct statement PAYMENT_INSERT = {
    "settlement_payment_insert",
    "WITH given AS ("
    "    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::integer[], $5::text[],"
    "                         $6::text[], $7::integer[], $8::text[], $9::bigint[], $10::bigint[],"
    "                         $11::bigint[], $12::bigint[], $13::boolean[], $14::timestamptz[],"
    "                         $15::text[], $16::boolean[])"
    "        AS g(merchant_id, order_id, payment_id, provider, provider_reference,"
    "             provider_account, method, currency, captured_minor, refunded_minor,"
    "             in_flight_minor, disputed_minor, over, captured_at, cause, named)),"
    " taken AS ("
    "    INSERT INTO payment (merchant_id, order_id, payment_id, provider, provider_reference,"
    "                     provider_account, method, currency, captured_minor, refunded_minor,"
    "                     in_flight_minor, disputed_minor, over, captured_at, cause, part_of)"
    "    SELECT merchant_id, order_id, payment_id, provider, provider_reference, provider_account,"
    "           method, currency, captured_minor, refunded_minor, in_flight_minor, disputed_minor,"
    "           over, captured_at, cause, CASE WHEN named THEN"
    "           concat_ws(chr(31), merchant_id, order_id, payment_id) ELSE '' END"
    "      FROM given ORDER BY provider_reference COLLATE \"C\", provider"
    "    ON CONFLICT (provider_reference COLLATE \"C\", provider, part_of)"
    "     WHERE provider_reference <> '' DO NOTHING RETURNING 1)"
    " SELECT redress_require_room((SELECT count(*) FROM taken), (SELECT count(*) FROM given))",
};

static const struct statement PAYMENT_UPDATE = {
    "settlement_payment_update",
    "UPDATE payment t SET refunded_minor = g.refunded_minor, in_flight_minor = g.in_flight_minor,"
    "                     disputed_minor = g.disputed_minor, over = g.over"
    " FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[],"
    "             $7::boolean[])"
    "     AS g(merchant_id, order_id, payment_id, refunded_minor, in_flight_minor,"
    "          disputed_minor, over)"
    " WHERE (t.merchant_id, t.order_id, t.payment_id) = (g.merchant_id, g.order_id, g.payment_id)",
};

static const struct statement REFUND_INSERT = {
    "settlement_refund_insert",
    "INSERT INTO refund (merchant_id, order_id, refund_id, routed_version, version, cancelled,"
    "                    goods, reason, lines, customer, market)"
    " SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[],"
    "                      $6::boolean[], $7::integer[], $8::integer[], $9::bytea[],"
    "                      $10::text[], $11::text[])",
};

static const struct statement REFUND_UPDATE = {
    "settlement_refund_update",
    "UPDATE refund t SET routed_version = g.routed_version, version = g.version,"
    "                    cancelled = g.cancelled, goods = g.goods, reason = g.reason,"
    "                    lines = g.lines, customer = g.customer, market = g.market"
    " FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::boolean[],"
    "             $7::integer[], $8::integer[], $9::bytea[], $10::text[], $11::text[])"
    "     AS g(merchant_id, order_id, refund_id, routed_version, version, cancelled, goods,"
    "          reason, lines, customer, market)"
    " WHERE (t.merchant_id, t.order_id, t.refund_id) = (g.merchant_id, g.order_id, g.refund_id)",
};

static const struct statement PAYOUT_INSERT = {
    "settlement_payout_insert",
    "INSERT INTO payout (merchant_id, order_id, payout_id, state, provider, amount_minor,"
    "                    held_minor, version, provider_refund_id, reason, http_status,"
    "                    answer_stored, attempts, reserved_at, first_submitted_at, submitted_at,"
    "                    expected_day, updated_at, cause, confirmed_at, refund_id, payment_id,"
    "                    ordinal, routed_version, form, currency, payee)"
    " SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::integer[], $5::integer[],"
    "                      $6::bigint[], $7::bigint[], $8::bigint[], $9::text[], $10::text[],"
    "                      $11::integer[], $12::boolean[], $13::integer[], $14::timestamptz[],"
    "                      $15::timestamptz[], $16::timestamptz[], $17::bigint[],"
    "                      $18::timestamptz[], $19::text[], $20::timestamptz[], $21::text[],"
    "                      $22::text[], $23::integer[], $24::bigint[], $25::integer[],"
    "                      $26::text[], $27::text[])",
};

static const struct statement PAYOUT_UPDATE = {
    "settlement_payout_update",
    "UPDATE payout t SET state = g.state, provider = g.provider, amount_minor = g.amount_minor,"
    "                    held_minor = g.held_minor, version = g.version,"
    "                    provider_refund_id = g.provider_refund_id, reason = g.reason,"
    "                    http_status = g.http_status, answer_stored = g.answer_stored,"
    "                    attempts = g.attempts, reserved_at = g.reserved_at,"
    "                    first_submitted_at = g.first_submitted_at,"
    "                    submitted_at = g.submitted_at, expected_day = g.expected_day,"
    "                    updated_at = g.updated_at, cause = g.cause,"
    "                    confirmed_at = g.confirmed_at"
    " FROM unnest($1::text[], $2::text[], $3::text[], $4::integer[], $5::integer[], $6::bigint[],"
    "             $7::bigint[], $8::bigint[], $9::text[], $10::text[], $11::integer[],"
    "             $12::boolean[], $13::integer[], $14::timestamptz[], $15::timestamptz[],"
    "             $16::timestamptz[], $17::bigint[], $18::timestamptz[], $19::text[],"
    "             $20::timestamptz[])"
    "     AS g(merchant_id, order_id, payout_id, state, provider, amount_minor, held_minor,"
    "          version, provider_refund_id, reason, http_status, answer_stored, attempts,"
    "          reserved_at, first_submitted_at, submitted_at, expected_day, updated_at, cause,"
    "          confirmed_at)"
    " WHERE (t.merchant_id, t.order_id, t.payout_id) = (g.merchant_id, g.order_id, g.payout_id)",
};

static const struct statement TRANSFER_INSERT = {
    "settlement_transfer_insert",
    "INSERT INTO transfer (transfer_id, merchant_id, order_id, payment_id, payout_id, movement,"
    "                      amount_minor, currency, booked_at, cause)"
    " SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[],"
    "                      $6::integer[], $7::bigint[], $8::text[], $9::timestamptz[],"
    "                      $10::text[])",
};

static const struct statement EVIDENCE_INSERT = {
    "settlement_evidence_insert",
    "INSERT INTO evidence (merchant_id, order_id, event_id, kind, source, verified, provider,"
    "                      epoch, occurred_at, payment_id, provider_reference, payout_id,"
    "                      provider_refund_id, status, amount_minor, currency, code,"
    "                      http_status, dispute_id, applied_at)"
    " SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::integer[], $5::integer[],"
    "                      $6::boolean[], $7::integer[], $8::bigint[], $9::timestamptz[],"
    "                      $10::text[], $11::text[], $12::text[], $13::text[], $14::integer[],"
    "                      $15::bigint[], $16::text[], $17::text[], $18::integer[], $19::text[],"
    "                      $20::timestamptz[])",
};

static const struct statement FOREIGN_REFUND_SAVE = {
    "settlement_foreign_refund_save",
    "INSERT INTO foreign_refund (merchant_id, order_id, provider_refund_id, payment_id,"
    "                            provider_reference, status, amount_minor, currency,"
    "                            counted_minor)"
    " SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[],"
    "                      $6::integer[], $7::bigint[], $8::text[], $9::bigint[])"
    " ON CONFLICT (merchant_id, order_id, provider_refund_id) DO UPDATE"
    " SET status = excluded.status, amount_minor = excluded.amount_minor,"
    "     counted_minor = excluded.counted_minor",
};

static const struct statement DISPUTE_SAVE = {
    "settlement_dispute_save",
    "INSERT INTO dispute (merchant_id, order_id, dispute_id, payment_id, provider_reference,"
    "                     state, amount_minor, currency, counted_minor, fee_minor,"
    "                     fee_counted_minor, fee_currency)"
    " SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[],"
    "                      $6::integer[], $7::bigint[], $8::text[], $9::bigint[], $10::bigint[],"
    "                      $11::bigint[], $12::text[])"
    " ON CONFLICT (merchant_id, order_id, dispute_id) DO UPDATE"
    " SET state = excluded.state, amount_minor = excluded.amount_minor,"
    "     counted_minor = excluded.counted_minor, fee_minor = excluded.fee_minor,"
    "     fee_counted_minor = excluded.fee_counted_minor, fee_currency = excluded.fee_currency",
};

static const struct statement GOODS_LINE_SAVE = {
    "settlement_goods_line_save",
    "INSERT INTO goods_line (merchant_id, order_id, refund_id, line_id, received_units,"
    "                        inspected_units, accepted_units, refused_condition)"
    " SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[],"
    "                      $6::bigint[], $7::bigint[], $8::integer[])"
    " ON CONFLICT (merchant_id, order_id, refund_id, line_id) DO UPDATE"
    " SET received_units = excluded.received_units, inspected_units = excluded.inspected_units,"
    "     accepted_units = excluded.accepted_units,"
    "     refused_condition = excluded.refused_condition",
};

static const struct statement GOODS_EVENT_INSERT = {
    "settlement_goods_event_insert",
    "INSERT INTO goods_event (merchant_id, order_id, event_id)"
    " SELECT * FROM unnest($1::text[], $2::text[], $3::text[])",
};

/* What waits for a stop is looked at again as soon as the stops have changed. */
static const struct statement STOPS_CHANGED = {
    "settlement_stops_changed",
    "UPDATE deadline SET due_at = clock_timestamp()"
    " WHERE shard = ANY($1::integer[]) AND kind = $2::integer AND due_at > clock_timestamp()",
};

static void wake_stopped(struct batch *batch, struct unit *unit)
{
    const struct settlement *settlement = batch->context;
    if (rules_revision(settlement->rules) == settlement->stops_revision)
        return;
    struct column *shards = column_create(unit, COLUMN_INT4);
    for (size_t i = 0; i < batch->shard_count; i++)
        column_int4(shards, batch->shards[i]);
    struct call *call = unit_call(unit, &STOPS_CHANGED);
    call_column(call, shards);
    call_int4(call, DUE_SUBMIT);
}

static void row_of_order(struct columns *out, const struct batch_order *order)
{
    columns_row(out);
    columns_text(out, order->merchant_id);
    columns_text(out, order->order_id);
}

static void put_payments(struct columns *insert, struct columns *update,
                         const struct batch_order *order, const struct payment *payment)
{
    for (; payment != NULL; payment = payment->next) {
        if (payment->mark == ROW_CLEAN)
            continue;
        struct columns *out = payment->mark == ROW_NEW ? insert : update;
        row_of_order(out, order);
        columns_text(out, payment->payment_id);
        if (payment->mark == ROW_NEW) {
            columns_int4(out, payment->provider);
            columns_text(out, payment->provider_reference);
            columns_text(out, payment->provider_account);
            columns_int4(out, payment->method);
            columns_text(out, payment->currency);
            columns_int8(out, payment->captured_minor);
        }
        columns_int8(out, payment->refunded_minor);
        columns_int8(out, payment->in_flight_minor);
        columns_int8(out, payment->disputed_minor);
        columns_bool(out, payment->over);
        if (payment->mark != ROW_NEW)
            continue;
        columns_time(out, payment->captured_us);
        columns_text(out, payment->cause);
        columns_bool(out,
                     payment->part || provider_facts(payment->provider)->executor != EXECUTOR_CALL);
    }
}

static enum status put_refunds(struct columns *insert, struct columns *update,
                               const struct batch_order *order, const struct refund *refund,
                               struct arena *arena)
{
    for (; refund != NULL; refund = refund->next) {
        if (refund->mark == ROW_CLEAN)
            continue;
        struct columns *out = refund->mark == ROW_NEW ? insert : update;
        const void *bytes = NULL;
        size_t size = 0;
        enum status status =
            note_lines_pack(refund->lines, refund->line_count, arena, &bytes, &size);
        if (status != STATUS_OK)
            return status;
        row_of_order(out, order);
        columns_text(out, refund->refund_id);
        columns_int8(out, refund->routed_version);
        columns_int8(out, refund->version);
        columns_bool(out, refund->cancelled);
        columns_int4(out, goods_state_number(refund->goods));
        columns_int4(out, refund->reason);
        columns_bytes(out, bytes, size);
        columns_text(out, refund->customer);
        columns_text(out, refund->market);
    }
    return STATUS_OK;
}

static void put_payouts(struct columns *insert, struct columns *update,
                        const struct batch_order *order, const struct payout *payout)
{
    for (; payout != NULL; payout = payout->next) {
        if (payout->mark == ROW_CLEAN)
            continue;
        struct columns *out = payout->mark == ROW_NEW ? insert : update;
        row_of_order(out, order);
        columns_text(out, payout->payout_id);
        columns_int4(out, payout_state_number(payout->state));
        columns_int4(out, payout->provider);
        columns_int8(out, payout->amount_minor);
        columns_int8(out, payout->held_minor);
        columns_int8(out, payout->version);
        columns_text(out, payout->provider_refund_id);
        columns_text(out, payout->reason);
        columns_int4(out, payout->http_status);
        columns_bool(out, payout->answer_stored);
        columns_int4(out, payout->attempts);
        columns_time_if(out, payout->reserved_us);
        columns_time_if(out, payout->first_submitted_us);
        columns_time_if(out, payout->submitted_us);
        columns_int8_if(out, payout->expected_day != 0, payout->expected_day);
        columns_time_if(out, payout->updated_us);
        columns_text(out, payout->cause);
        columns_time_if(out, payout->confirmed_us);
        if (payout->mark != ROW_NEW)
            continue;
        columns_text(out, payout->refund->refund_id);
        columns_text(out, payout->payment_id);
        columns_int4(out, payout->ordinal);
        columns_int8(out, payout->routed_version);
        columns_int4(out, payout->form);
        columns_text(out, payout->currency);
        columns_text(out, payout->payee);
    }
}

static void put_foreign_refunds(struct columns *out, const struct batch_order *order,
                                const struct foreign_refund *foreign)
{
    for (; foreign != NULL; foreign = foreign->next) {
        if (foreign->mark == ROW_CLEAN)
            continue;
        row_of_order(out, order);
        columns_text(out, foreign->provider_refund_id);
        columns_text(out, foreign->payment_id);
        columns_text(out, foreign->provider_reference);
        columns_int4(out, foreign->status);
        columns_int8(out, foreign->amount_minor);
        columns_text(out, foreign->currency);
        columns_int8(out, foreign->counted_minor);
    }
}

static void put_disputes(struct columns *out, const struct batch_order *order,
                         const struct dispute *dispute)
{
    for (; dispute != NULL; dispute = dispute->next) {
        if (dispute->mark == ROW_CLEAN)
            continue;
        row_of_order(out, order);
        columns_text(out, dispute->dispute_id);
        columns_text(out, dispute->payment_id);
        columns_text(out, dispute->provider_reference);
        columns_int4(out, (int)dispute->state);
        columns_int8(out, dispute->amount_minor);
        columns_text(out, dispute->currency);
        columns_int8(out, dispute->counted_minor);
        columns_int8(out, dispute->fee_minor);
        columns_int8(out, dispute->fee_counted_minor);
        columns_text(out, dispute->fee_currency);
    }
}

static void put_goods(struct columns *lines, struct columns *events,
                      const struct batch_order *order, const struct order_rows *rows)
{
    for (const struct goods_line *line = rows->goods_lines; line != NULL; line = line->next) {
        if (line->mark == ROW_CLEAN)
            continue;
        row_of_order(lines, order);
        columns_text(lines, line->refund_id);
        columns_text(lines, line->line_id);
        columns_int8(lines, line->received_units);
        columns_int8(lines, line->inspected_units);
        columns_int8(lines, line->accepted_units);
        columns_int4(lines, line->refused_condition);
    }
    for (const struct seen *seen = rows->seen_goods; seen != NULL; seen = seen->next) {
        if (!seen->fresh)
            continue;
        row_of_order(events, order);
        columns_text(events, seen->event_id);
    }
}

const char *settlement_cause(const struct event *event)
{
    return event->envelope.id == NULL ? "" : event->envelope.id;
}

static void put_transfers(struct columns *out, const struct outcome *outcome)
{
    const struct event *event = outcome->event;
    for (const struct transfer_row *t = outcome->effects.transfers.first; t != NULL; t = t->next) {
        columns_row(out);
        columns_int8(out, t->key);
        columns_text(out, event->order->merchant_id);
        columns_text(out, event->order->order_id);
        columns_text(out, t->payment->payment_id);
        columns_text(out, t->payout == NULL ? NULL : t->payout->payout_id);
        columns_int4(out, movement_number(t->movement));
        columns_int8(out, t->amount_minor);
        columns_text(out, t->currency);
        columns_time(out, event->now_us);
        columns_text(out, settlement_cause(event));
    }
}

/* ProviderRefundStatus, CallFailure or DisputeStatus, by kind. */
static int status_number(const struct evidence *evidence)
{
    switch (evidence->kind) {
    case EVIDENCE_REFUND:
        return (int)evidence->status;
    case EVIDENCE_CALL_FAILED:
        return (int)evidence->failure;
    case EVIDENCE_DISPUTE:
        return (int)evidence->dispute;
    case EVIDENCE_NOT_FOUND:
        break;
    }
    return 0;
}

static void put_evidence(struct columns *out, const struct outcome *outcome)
{
    const struct event *event = outcome->event;
    for (const struct evidence_row *row = outcome->effects.evidence.first; row != NULL;
         row = row->next) {
        const struct evidence *evidence = row->evidence;
        row_of_order(out, event->order);
        columns_text(out, evidence->event_id);
        columns_int4(out, (int)evidence->kind);
        columns_int4(out, (int)evidence->source);
        columns_bool(out, evidence->verified);
        columns_int4(out, evidence->provider);
        columns_int8(out, evidence->epoch);
        columns_time(out, evidence->occurred_us);
        columns_text(out, evidence->payment_id);
        columns_text(out, evidence->provider_reference);
        columns_text(out, evidence->payout_id);
        columns_text(out, evidence->provider_refund_id);
        columns_int4(out, status_number(evidence));
        columns_int8(out, evidence->amount_minor);
        columns_text(out, evidence->currency);
        columns_text(out, evidence->code);
        columns_int4(out, evidence->http_status);
        columns_text(out, evidence->dispute_id);
        columns_time(out, event->now_us);
    }
}

/* X(rows, statement), in the order in which they are sent */
#define SAVE_ROWS(X)                        \
    X(payment_insert, PAYMENT_INSERT)       \
    X(payment_update, PAYMENT_UPDATE)       \
    X(refund_insert, REFUND_INSERT)         \
    X(refund_update, REFUND_UPDATE)         \
    X(payout_insert, PAYOUT_INSERT)         \
    X(payout_update, PAYOUT_UPDATE)         \
    X(foreign_refunds, FOREIGN_REFUND_SAVE) \
    X(disputes, DISPUTE_SAVE)               \
    X(goods_lines, GOODS_LINE_SAVE)         \
    X(goods_events, GOODS_EVENT_INSERT)     \
    X(transfers, TRANSFER_INSERT)           \
    X(evidence, EVIDENCE_INSERT)

enum status settlement_save(struct batch *batch, struct unit *unit)
{
    const struct settlement_rows *rows = batch->rows;
#define X(name, statement) struct columns name = {.unit = unit};
    SAVE_ROWS(X)
#undef X
    for (size_t i = 0; i < batch->order_count; i++) {
        const struct batch_order *order = &batch->orders[i];
        const struct order_rows *changed = order->rows;
        put_payments(&payment_insert, &payment_update, order, changed->payments);
        put_payouts(&payout_insert, &payout_update, order, changed->payouts);
        put_foreign_refunds(&foreign_refunds, order, changed->foreign_refunds);
        put_disputes(&disputes, order, changed->disputes);
        put_goods(&goods_lines, &goods_events, order, changed);
        enum status status =
            put_refunds(&refund_insert, &refund_update, order, changed->refunds, batch->arena);
        if (status != STATUS_OK)
            return status;
    }
    for (const struct outcome *o = rows->outcomes; o != NULL; o = o->next) {
        put_transfers(&transfers, o);
        put_evidence(&evidence, o);
    }
#define X(name, statement) columns_call(&name, &statement);
    SAVE_ROWS(X)
#undef X
    settlement_ledger_save(batch, unit);
    wake_stopped(batch, unit);
    return STATUS_OK;
}
