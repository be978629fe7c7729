/* Loading. Keys of a call are (n, merchant_id, order_id), where n is the order's place in the
 * batch; each row that comes back begins with it. */

#include "intake_needs.h"
#include "intake_rows.h"
#include "intake_store.h"

#include <string.h>

/* A row for each payment of the order and one for each of its refunds, or one without. */
static const struct statement LOAD_ORDERS = {
    "intake_load_orders",
    "SELECT k.n, o.order_key, o.received_at, o.placed_at, o.fingerprint, o.shipping_minor,"
    "       o.shipping_tax_minor, o.total_minor, o.cancelled_at, o.shipping_tax_rate_ppm,"
    "       o.line_count, o.waiting, o.channel, o.currency, o.market, o.customer_token,"
    "       c.orders, c.refunds, c.refunds_last_year, c.refunded_minor, x.*"
    "  FROM (SELECT unnest($1::bigint[]) AS n, unnest($2::text[]) AS merchant_id,"
    "               unnest($3::text[]) AS order_id, unnest($4::boolean[]) AS payments,"
    "               unnest($5::boolean[]) AS refunds, unnest($6::boolean[]) AS customer,"
    "               unnest($7::boolean[]) AS if_waiting, unnest($8::integer[]) AS day,"
    "               unnest($9::text[]) AS token) k"
    "  JOIN customer_order o ON (o.merchant_id, o.order_id) = (k.merchant_id, k.order_id)"
    "  LEFT JOIN LATERAL ("
    "       SELECT sum(d.orders) AS orders, sum(d.refunds) AS refunds,"
    "              sum(d.refunds) FILTER (WHERE d.day BETWEEN date '1970-01-01' + k.day - 365"
    "                                                     AND date '1970-01-01' + k.day)"
    "                  AS refunds_last_year,"
    "              sum(d.refunded_minor) FILTER (WHERE d.currency = o.currency)::bigint"
    "                  AS refunded_minor"
    "         FROM customer_day d"
    "        WHERE (d.merchant_id, d.token) ="
    "              (o.merchant_id, CASE WHEN k.token = '' THEN o.customer_token ELSE k.token END)"
    "          AND (k.customer OR (k.if_waiting AND o.waiting > 0))) c ON true"
    "  LEFT JOIN LATERAL ("
    "       SELECT p.payment_id, p.provider, p.provider_reference, p.provider_account, p.method,"
    "              p.minor, p.currency, p.captured_at,"
    "              NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,"
    "              NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,"
    "              NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL"
    "         FROM payment p WHERE p.order_key = o.order_key AND k.payments"
    "        UNION ALL"
    "       SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,"
    "              r.refund_key, r.version, r.round, r.seen_assessed, r.seen_routed,"
    "              r.seen_payouts, r.claim_minor, r.shipping_minor, r.shipping_tax_minor,"
    "              r.paid_minor, r.amount_minor, r.fingerprint, r.occurred_at, r.received_at,"
    "              r.updated_at, r.status, r.rejection, r.trigger, r.reason, r.wished_method,"
    "              r.requester_role, r.holds, r.appealed, r.cancel_asked, r.whole_order,"
    "              r.shipping, r.currency, r.amount_currency, r.refund_id, r.request_id,"
    "              r.requester_id, r.external_reference"
    "         FROM refund r WHERE r.order_key = o.order_key AND k.refunds) x ON true",
};

#define LINE_COLUMNS                                                                             \
    "l.line_id, l.line_no, l.sku, l.category, l.tags, l.units, l.gross_minor, l.discount_minor," \
    " l.tax_minor, l.tax_rate_ppm, l.shipped_at, l.delivered_at, l.shipped_units,"               \
    " l.delivered_units, l.cancelled_units"

#define CLAIM_COLUMNS \
    "c.refund_key, c.line_id, c.asked_no, c.asked_units, c.units::text, c.minor, c.tax_minor"

/* A row for each claim on the line, or one without. */
static const struct statement LOAD_LINES = {
    "intake_load_lines",
    "SELECT k.n, " CLAIM_COLUMNS ", " LINE_COLUMNS
    "  FROM (SELECT unnest($1::bigint[]) AS n, unnest($2::text[]) AS merchant_id,"
    "               unnest($3::text[]) AS order_id, unnest($4::text[]) AS line_id) k"
    "  JOIN customer_order o ON (o.merchant_id, o.order_id) = (k.merchant_id, k.order_id)"
    "  JOIN order_line l ON (l.order_key, l.line_id) = (o.order_key, k.line_id)"
    "  LEFT JOIN refund_line c ON (c.order_key, c.line_id) = (l.order_key, l.line_id)",
};

static const struct statement LOAD_ALL_LINES = {
    "intake_load_all_lines",
    "SELECT k.n, " LINE_COLUMNS
    "  FROM (SELECT unnest($1::bigint[]) AS n, unnest($2::text[]) AS merchant_id,"
    "               unnest($3::text[]) AS order_id, unnest($4::boolean[]) AS if_waiting) k"
    "  JOIN customer_order o ON (o.merchant_id, o.order_id) = (k.merchant_id, k.order_id)"
    "   AND (NOT k.if_waiting OR o.waiting > 0)"
    "  JOIN order_line l ON l.order_key = o.order_key",
};

static const struct statement LOAD_ALL_CLAIMS = {
    "intake_load_all_claims",
    "SELECT k.n, " CLAIM_COLUMNS
    "  FROM (SELECT unnest($1::bigint[]) AS n, unnest($2::text[]) AS merchant_id,"
    "               unnest($3::text[]) AS order_id, unnest($4::boolean[]) AS if_waiting) k"
    "  JOIN customer_order o ON (o.merchant_id, o.order_id) = (k.merchant_id, k.order_id)"
    "   AND (NOT k.if_waiting OR o.waiting > 0)"
    "  JOIN refund_line c ON c.order_key = o.order_key",
};

/* Of refunds that were paid less than they claim, or get units back. */
static const struct statement LOAD_CLAIMS_TO_LOWER = {
    "intake_load_claims_to_lower",
    "SELECT k.n, " CLAIM_COLUMNS
    "  FROM (SELECT unnest($1::bigint[]) AS n, unnest($2::text[]) AS merchant_id,"
    "               unnest($3::text[]) AS order_id, unnest($4::text[]) AS refund_id,"
    "               unnest($5::bigint[]) AS paid_minor) k"
    "  JOIN refund r ON r.refund_id = k.refund_id AND r.claim_minor <> k.paid_minor"
    "  JOIN refund_line c ON c.order_key = r.order_key AND c.refund_key = r.refund_key",
};

static const struct statement LOAD_EVIDENCE = {
    "intake_load_evidence",
    "SELECT k.n, e.refund_key, e.n, e.uri, e.sha256, e.media_type, e.bytes"
    "  FROM (SELECT unnest($1::bigint[]) AS n, unnest($2::text[]) AS merchant_id,"
    "               unnest($3::text[]) AS order_id, unnest($4::boolean[]) AS if_waiting) k"
    "  JOIN customer_order o ON (o.merchant_id, o.order_id) = (k.merchant_id, k.order_id)"
    "   AND (NOT k.if_waiting OR o.waiting > 0)"
    "  JOIN evidence e ON e.order_key = o.order_key"
    " ORDER BY e.order_key, e.refund_key, e.n",
};

static const struct statement LOAD_FOLLOW_UPS = {
    "intake_load_follow_ups",
    "SELECT k.n, f.refund_key, f.kind, f.follow_up_id, f.state, f.occurred_at,"
    "       f.actor_id, f.actor_role"
    "  FROM (SELECT unnest($1::bigint[]) AS n, unnest($2::text[]) AS merchant_id,"
    "               unnest($3::text[]) AS order_id, unnest($4::boolean[]) AS if_waiting) k"
    "  JOIN customer_order o ON (o.merchant_id, o.order_id) = (k.merchant_id, k.order_id)"
    "   AND (NOT k.if_waiting OR o.waiting > 0)"
    "  JOIN follow_up f ON f.order_key = o.order_key"
    " ORDER BY f.order_key, f.refund_key, f.n",
};

static const struct statement LOAD_PAYOUTS = {
    "intake_load_payouts",
    "SELECT k.n, p.refund_key, p.payout_id, p.succeeded, p.minor"
    "  FROM (SELECT unnest($1::bigint[]) AS n, unnest($2::text[]) AS merchant_id,"
    "               unnest($3::text[]) AS order_id, unnest($4::text[]) AS refund_id) k"
    "  JOIN refund r ON r.refund_id = k.refund_id"
    "  JOIN payout p ON (p.order_key, p.refund_key) = (r.order_key, r.refund_key)",
};

static const struct statement LOAD_MOVEMENTS = {
    "intake_load_movements",
    "SELECT k.n, m.kind, m.movement_id, m.fingerprint, m.occurred_at"
    "  FROM (SELECT unnest($1::bigint[]) AS n, unnest($2::text[]) AS merchant_id,"
    "               unnest($3::text[]) AS order_id, unnest($4::integer[]) AS kind,"
    "               unnest($5::text[]) AS movement_id) k"
    "  JOIN customer_order o ON (o.merchant_id, o.order_id) = (k.merchant_id, k.order_id)"
    "  JOIN movement m ON (m.order_key, m.kind, m.movement_id) ="
    "                     (o.order_key, k.kind::smallint, k.movement_id)",
};

static const struct statement LOAD_EARLY_MOVEMENTS = {
    "intake_load_early_movements",
    "SELECT k.n, m.kind, m.movement_id, m.fingerprint, m.occurred_at, l.line_id, l.units"
    "  FROM (SELECT unnest($1::bigint[]) AS n, unnest($2::text[]) AS merchant_id,"
    "               unnest($3::text[]) AS order_id) k"
    "  JOIN customer_order o ON (o.merchant_id, o.order_id) = (k.merchant_id, k.order_id)"
    "   AND o.placed_at IS NULL"
    "  JOIN movement m ON m.order_key = o.order_key AND m.early"
    "  LEFT JOIN movement_line l ON (l.order_key, l.kind, l.movement_id) ="
    "                               (m.order_key, m.kind, m.movement_id)"
    " ORDER BY m.order_key, m.kind, m.movement_id, l.n",
};

static const struct statement LOAD_ELSEWHERE = {
    "intake_load_elsewhere",
    "SELECT k.n, r.order_key"
    "  FROM (SELECT unnest($1::bigint[]) AS n, unnest($2::text[]) AS refund_id) k"
    "  JOIN refund r ON r.refund_id = k.refund_id",
};

/* The columns that most calls begin with. */
struct keys {
    struct column *n, *merchants, *orders;
};

static struct keys keys_create(struct unit *unit)
{
    return (struct keys){column_create(unit, COLUMN_INT8), column_create(unit, COLUMN_TEXT),
                         column_create(unit, COLUMN_TEXT)};
}

static void keys_add(struct keys *keys, const struct batch *batch, size_t n)
{
    column_int8(keys->n, (int64_t)n);
    column_text(keys->merchants, batch->orders[n].merchant_id);
    column_text(keys->orders, batch->orders[n].order_id);
}

/* NULL if there is nothing to ask for. */
static struct call *keys_call(struct unit *unit, const struct statement *statement,
                              struct keys *keys)
{
    if (column_count(keys->n) == 0)
        return NULL;
    struct call *call = unit_call(unit, statement);
    call_column(call, keys->n);
    call_column(call, keys->merchants);
    call_column(call, keys->orders);
    return call;
}

static struct call *load_where(struct batch *batch, struct unit *unit,
                               const struct order_needs *needs, unsigned mask,
                               const struct statement *statement)
{
    struct keys keys = keys_create(unit);
    for (size_t i = 0; i < batch->order_count; i++)
        if ((needs[i].mask & mask) != 0)
            keys_add(&keys, batch, i);
    return keys_call(unit, statement, &keys);
}

/* With a fourth column: only if something waits. */
static struct call *load_perhaps(struct batch *batch, struct unit *unit,
                                 const struct order_needs *needs, unsigned surely,
                                 const struct statement *statement)
{
    struct keys keys = keys_create(unit);
    struct column *if_waiting = column_create(unit, COLUMN_BOOL);
    for (size_t i = 0; i < batch->order_count; i++) {
        if ((needs[i].mask & (surely | NEED_IF_WAITING)) == 0)
            continue;
        keys_add(&keys, batch, i);
        column_bool(if_waiting, (needs[i].mask & surely) == 0);
    }
    struct call *call = keys_call(unit, statement, &keys);
    if (call != NULL)
        call_column(call, if_waiting);
    return call;
}

static void load_named_lines(struct batch *batch, struct unit *unit,
                             const struct order_needs *needs, struct loading *loading)
{
    struct keys keys = keys_create(unit);
    struct column *lines = column_create(unit, COLUMN_TEXT);
    for (size_t i = 0; i < batch->order_count; i++) {
        if ((needs[i].mask & NEED_ALL_LINES) != 0)
            continue;
        for (size_t k = 0; k < needs[i].line_count; k++) {
            keys_add(&keys, batch, i);
            column_text(lines, needs[i].lines[k]);
        }
    }
    loading->lines = keys_call(unit, &LOAD_LINES, &keys);
    if (loading->lines != NULL)
        call_column(loading->lines, lines);
}

static void load_orders(struct batch *batch, struct unit *unit, const struct order_needs *needs,
                        struct loading *loading)
{
    struct keys keys = keys_create(unit);
    struct column *payments = column_create(unit, COLUMN_BOOL);
    struct column *refunds = column_create(unit, COLUMN_BOOL);
    struct column *customer = column_create(unit, COLUMN_BOOL);
    struct column *if_waiting = column_create(unit, COLUMN_BOOL);
    struct column *days = column_create(unit, COLUMN_INT4);
    struct column *tokens = column_create(unit, COLUMN_TEXT);
    for (size_t i = 0; i < batch->order_count; i++) {
        keys_add(&keys, batch, i);
        column_bool(payments, (needs[i].mask & NEED_PAYMENTS) != 0);
        column_bool(refunds, (needs[i].mask & NEED_REFUNDS) != 0);
        column_bool(customer, (needs[i].mask & NEED_CUSTOMER) != 0);
        column_bool(if_waiting, (needs[i].mask & NEED_IF_WAITING) != 0);
        column_int4(days, needs[i].day);
        column_text(tokens, needs[i].token);
    }
    loading->orders = keys_call(unit, &LOAD_ORDERS, &keys);
    if (loading->orders == NULL)
        return;
    call_column(loading->orders, payments);
    call_column(loading->orders, refunds);
    call_column(loading->orders, customer);
    call_column(loading->orders, if_waiting);
    call_column(loading->orders, days);
    call_column(loading->orders, tokens);
}

static const struct input *input_of(const struct event *event, enum input_kind kind)
{
    const struct input *input =
        event->order != NULL && event->kind == EVENT_MESSAGE ? event->body : NULL;
    return input != NULL && input->kind == kind ? input : NULL;
}

static void load_payouts(struct batch *batch, struct unit *unit, struct loading *loading)
{
    struct keys lower = keys_create(unit), several = keys_create(unit);
    struct column *lower_refunds = column_create(unit, COLUMN_TEXT);
    struct column *lower_paid = column_create(unit, COLUMN_INT8);
    struct column *several_refunds = column_create(unit, COLUMN_TEXT);
    for (size_t i = 0; i < batch->event_count; i++) {
        const struct input *input = input_of(&batch->events[i], INPUT_OUTCOME);
        if (input == NULL || outcome_is_judgement(input->outcome.outcome))
            continue;
        size_t n = (size_t)(batch->events[i].order - batch->orders);
        keys_add(&lower, batch, n);
        column_text(lower_refunds, input->outcome.refund_id);
        column_int8(lower_paid, outcome_whole_claim(&input->outcome));
        if (input->outcome.payouts_total <= 1)
            continue;
        keys_add(&several, batch, n);
        column_text(several_refunds, input->outcome.refund_id);
    }
    loading->claims_to_lower = keys_call(unit, &LOAD_CLAIMS_TO_LOWER, &lower);
    if (loading->claims_to_lower != NULL) {
        call_column(loading->claims_to_lower, lower_refunds);
        call_column(loading->claims_to_lower, lower_paid);
    }
    loading->payouts = keys_call(unit, &LOAD_PAYOUTS, &several);
    if (loading->payouts != NULL)
        call_column(loading->payouts, several_refunds);
}

static void load_movements(struct batch *batch, struct unit *unit, struct loading *loading)
{
    struct keys keys = keys_create(unit);
    struct column *kinds = column_create(unit, COLUMN_INT4);
    struct column *ids = column_create(unit, COLUMN_TEXT);
    for (size_t i = 0; i < batch->event_count; i++) {
        const struct input *input = input_of(&batch->events[i], INPUT_MOVED);
        if (input == NULL)
            continue;
        keys_add(&keys, batch, (size_t)(batch->events[i].order - batch->orders));
        column_int4(kinds, (int32_t)input->moved.kind);
        column_text(ids, input->moved.movement_id);
    }
    loading->movements = keys_call(unit, &LOAD_MOVEMENTS, &keys);
    if (loading->movements == NULL)
        return;
    call_column(loading->movements, kinds);
    call_column(loading->movements, ids);
}

/* Refund ids belong to one order; n is the event's place in the batch. */
static void load_elsewhere(struct batch *batch, struct unit *unit, struct loading *loading)
{
    struct column *events = column_create(unit, COLUMN_INT8);
    struct column *refunds = column_create(unit, COLUMN_TEXT);
    for (size_t i = 0; i < batch->event_count; i++) {
        const struct input *asked = input_of(&batch->events[i], INPUT_ASKED);
        const struct input *followed_up = input_of(&batch->events[i], INPUT_FOLLOWED_UP);
        if (asked == NULL && followed_up == NULL)
            continue;
        column_int8(events, (int64_t)i);
        column_text(refunds,
                    asked != NULL ? asked->request.refund_id : followed_up->follow_up.refund_id);
    }
    if (column_count(events) == 0)
        return;
    loading->elsewhere = unit_call(unit, &LOAD_ELSEWHERE);
    call_column(loading->elsewhere, events);
    call_column(loading->elsewhere, refunds);
}

enum status intake_load(struct batch *batch, struct unit *unit)
{
    struct intake_batch *rows = arena_zalloc(batch->arena, sizeof *rows);
    struct loading *loading = arena_zalloc(batch->arena, sizeof *loading);
    struct order_needs *needs = batch_needs(batch);
    if (rows == NULL || loading == NULL || needs == NULL)
        return STATUS_EXHAUSTED;
    batch->rows = rows;
    rows->loading = loading;
    loading->needs = needs;
    load_orders(batch, unit, needs, loading);
    loading->early = load_where(batch, unit, needs, NEED_EARLY, &LOAD_EARLY_MOVEMENTS);
    loading->all_lines = load_perhaps(batch, unit, needs, NEED_ALL_LINES, &LOAD_ALL_LINES);
    loading->all_claims = load_perhaps(batch, unit, needs, NEED_ALL_LINES, &LOAD_ALL_CLAIMS);
    loading->evidence = load_perhaps(batch, unit, needs, NEED_FOLLOW_UPS, &LOAD_EVIDENCE);
    loading->follow_ups = load_perhaps(batch, unit, needs, NEED_FOLLOW_UPS, &LOAD_FOLLOW_UPS);
    load_named_lines(batch, unit, needs, loading);
    load_payouts(batch, unit, loading);
    load_movements(batch, unit, loading);
    load_elsewhere(batch, unit, loading);
    return STATUS_OK;
}
