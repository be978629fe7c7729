/* Saving: what decide made new or changed, one statement per table. */

#include "intake_rows.h"
#include "intake_store.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Orders. */

#define ORDER_COLUMNS                                                                              \
    "unnest($1::bigint[]) AS order_key, unnest($2::text[]) AS merchant_id,"                        \
    "unnest($3::text[]) AS order_id, unnest($4::timestamptz[]) AS received_at,"                    \
    "unnest($5::timestamptz[]) AS placed_at, unnest($6::bigint[]) AS fingerprint,"                 \
    "unnest($7::bigint[]) AS shipping_minor, unnest($8::bigint[]) AS shipping_tax_minor,"          \
    "unnest($9::bigint[]) AS total_minor, unnest($10::timestamptz[]) AS cancelled_at,"             \
    "unnest($11::integer[]) AS shipping_tax_rate_ppm, unnest($12::integer[]) AS line_count,"       \
    "unnest($13::integer[]) AS waiting, unnest($14::integer[]) AS channel,"                        \
    "unnest($15::text[]) AS currency, unnest($16::text[]) AS market,"                              \
    "unnest($17::text[]) AS customer_token"

static const struct statement INSERT_ORDERS = {
    "intake_insert_orders",
    "INSERT INTO customer_order (order_key, merchant_id, order_id, received_at, placed_at,"
    "    fingerprint, shipping_minor, shipping_tax_minor, total_minor, cancelled_at,"
    "    shipping_tax_rate_ppm, line_count, waiting, channel, currency, market, customer_token)"
    " SELECT " ORDER_COLUMNS,
};

/* An order that was only named before. */
static const struct statement PLACE_ORDERS = {
    "intake_place_orders",
    "UPDATE customer_order o SET placed_at = g.placed_at, fingerprint = g.fingerprint,"
    "    shipping_minor = g.shipping_minor, shipping_tax_minor = g.shipping_tax_minor,"
    "    total_minor = g.total_minor, cancelled_at = g.cancelled_at,"
    "    shipping_tax_rate_ppm = g.shipping_tax_rate_ppm, line_count = g.line_count,"
    "    waiting = g.waiting, channel = g.channel, currency = g.currency, market = g.market,"
    "    customer_token = g.customer_token"
    " FROM (SELECT " ORDER_COLUMNS ") g WHERE o.order_key = g.order_key",
};

static const struct statement CHANGE_ORDERS = {
    "intake_change_orders",
    "UPDATE customer_order o SET waiting = g.waiting, cancelled_at = g.cancelled_at"
    " FROM (SELECT unnest($1::bigint[]) AS order_key, unnest($2::integer[]) AS waiting,"
    "               unnest($3::timestamptz[]) AS cancelled_at) g"
    " WHERE o.order_key = g.order_key",
};

static const struct statement INSERT_LINES = {
    "intake_insert_lines",
    "INSERT INTO order_line (order_key, line_no, line_id, sku, title, category, units,"
    "    gross_minor, discount_minor, tax_minor, tax_rate_ppm, shipped_at, delivered_at,"
    "    shipped_units, delivered_units, cancelled_units, tags)"
    " SELECT g.order_key, g.line_no, g.line_id, g.sku, g.title, g.category, g.units,"
    "    g.gross_minor, g.discount_minor, g.tax_minor, g.tax_rate_ppm, g.shipped_at,"
    "    g.delivered_at, g.shipped_units, g.delivered_units, g.cancelled_units,"
    "    string_to_array(g.tags, chr(31))"
    " FROM (SELECT unnest($1::bigint[]) AS order_key, unnest($2::integer[]) AS line_no,"
    "               unnest($3::text[]) AS line_id, unnest($4::text[]) AS sku,"
    "               unnest($5::text[]) AS title, unnest($6::text[]) AS category,"
    "               unnest($7::bigint[]) AS units, unnest($8::bigint[]) AS gross_minor,"
    "               unnest($9::bigint[]) AS discount_minor, unnest($10::bigint[]) AS tax_minor,"
    "               unnest($11::integer[]) AS tax_rate_ppm,"
    "               unnest($12::timestamptz[]) AS shipped_at,"
    "               unnest($13::timestamptz[]) AS delivered_at,"
    "               unnest($14::bigint[]) AS shipped_units,"
    "               unnest($15::bigint[]) AS delivered_units,"
    "               unnest($16::bigint[]) AS cancelled_units, unnest($17::text[]) AS tags) g",
};

static const struct statement MOVE_LINES = {
    "intake_move_lines",
    "UPDATE order_line l SET shipped_at = g.shipped_at, delivered_at = g.delivered_at,"
    "    shipped_units = g.shipped_units, delivered_units = g.delivered_units,"
    "    cancelled_units = g.cancelled_units"
    " FROM (SELECT unnest($1::bigint[]) AS order_key, unnest($2::text[]) AS line_id,"
    "               unnest($3::timestamptz[]) AS shipped_at,"
    "               unnest($4::timestamptz[]) AS delivered_at,"
    "               unnest($5::bigint[]) AS shipped_units,"
    "               unnest($6::bigint[]) AS delivered_units,"
    "               unnest($7::bigint[]) AS cancelled_units) g"
    " WHERE (l.order_key, l.line_id) = (g.order_key, g.line_id)",
};

static const struct statement INSERT_PAYMENTS = {
    "intake_insert_payments",
    "INSERT INTO payment (order_key, payment_id, minor, captured_at, provider, method, currency,"
    "    provider_reference, provider_account)"
    " SELECT unnest($1::bigint[]), unnest($2::text[]), unnest($3::bigint[]),"
    "        unnest($4::timestamptz[]), unnest($5::integer[]), unnest($6::integer[]),"
    "        unnest($7::text[]), unnest($8::text[]), unnest($9::text[])",
};

static const struct statement INSERT_MOVEMENTS = {
    "intake_insert_movements",
    "INSERT INTO movement (order_key, kind, movement_id, fingerprint, occurred_at, early)"
    " SELECT unnest($1::bigint[]), unnest($2::integer[]), unnest($3::text[]),"
    "        unnest($4::bigint[]), unnest($5::timestamptz[]), unnest($6::boolean[])",
};

static const struct statement INSERT_MOVEMENT_LINES = {
    "intake_insert_movement_lines",
    "INSERT INTO movement_line (order_key, kind, movement_id, n, line_id, units)"
    " SELECT unnest($1::bigint[]), unnest($2::integer[]), unnest($3::text[]),"
    "        unnest($4::integer[]), unnest($5::text[]), unnest($6::bigint[])",
};

/* Refunds. */

static const struct statement INSERT_REFUNDS = {
    "intake_insert_refunds",
    "INSERT INTO refund (order_key, refund_key, version, round, seen_assessed, seen_routed,"
    "    seen_payouts, claim_minor, shipping_minor, shipping_tax_minor, paid_minor, updated_at,"
    "    status, rejection, holds, appealed, cancel_asked, currency, amount_minor, fingerprint,"
    "    occurred_at, trigger, reason, wished_method, requester_role, whole_order, shipping,"
    "    amount_currency, request_id, requester_id, external_reference, customer_token,"
    "    received_at, refund_id)"
    " SELECT unnest($1::bigint[]), unnest($2::bigint[]), unnest($3::bigint[]),"
    "        unnest($4::bigint[]), unnest($5::bigint[]), unnest($6::bigint[]),"
    "        unnest($7::bigint[]), unnest($8::bigint[]), unnest($9::bigint[]),"
    "        unnest($10::bigint[]), unnest($11::bigint[]), unnest($12::timestamptz[]),"
    "        unnest($13::integer[]), unnest($14::integer[]), unnest($15::boolean[]),"
    "        unnest($16::boolean[]), unnest($17::boolean[]), unnest($18::text[]),"
    "        unnest($19::bigint[]), unnest($20::bigint[]), unnest($21::timestamptz[]),"
    "        unnest($22::integer[]), unnest($23::integer[]), unnest($24::integer[]),"
    "        unnest($25::integer[]), unnest($26::boolean[]), unnest($27::boolean[]),"
    "        unnest($28::text[]), unnest($29::text[]), unnest($30::text[]), unnest($31::text[]),"
    "        unnest($32::text[]), unnest($33::timestamptz[]), unnest($34::text[])",
};

static const struct statement CHANGE_REFUNDS = {
    "intake_change_refunds",
    "UPDATE refund r SET version = g.version, round = g.round, seen_assessed = g.seen_assessed,"
    "    seen_routed = g.seen_routed, seen_payouts = g.seen_payouts, claim_minor = g.claim_minor,"
    "    shipping_minor = g.shipping_minor, shipping_tax_minor = g.shipping_tax_minor,"
    "    paid_minor = g.paid_minor, updated_at = g.updated_at, status = g.status,"
    "    rejection = g.rejection, holds = g.holds, appealed = g.appealed,"
    "    cancel_asked = g.cancel_asked, currency = g.currency"
    " FROM (SELECT unnest($1::bigint[]) AS order_key, unnest($2::bigint[]) AS refund_key,"
    "               unnest($3::bigint[]) AS version, unnest($4::bigint[]) AS round,"
    "               unnest($5::bigint[]) AS seen_assessed, unnest($6::bigint[]) AS seen_routed,"
    "               unnest($7::bigint[]) AS seen_payouts, unnest($8::bigint[]) AS claim_minor,"
    "               unnest($9::bigint[]) AS shipping_minor,"
    "               unnest($10::bigint[]) AS shipping_tax_minor,"
    "               unnest($11::bigint[]) AS paid_minor,"
    "               unnest($12::timestamptz[]) AS updated_at, unnest($13::integer[]) AS status,"
    "               unnest($14::integer[]) AS rejection, unnest($15::boolean[]) AS holds,"
    "               unnest($16::boolean[]) AS appealed, unnest($17::boolean[]) AS cancel_asked,"
    "               unnest($18::text[]) AS currency) g"
    " WHERE (r.order_key, r.refund_key) = (g.order_key, g.refund_key)",
};

/* The request of a row that only knew a refused follow-up. */
static const struct statement ASK_REFUNDS = {
    "intake_ask_refunds",
    "UPDATE refund r SET amount_minor = g.amount_minor, fingerprint = g.fingerprint,"
    "    occurred_at = g.occurred_at, trigger = g.trigger, reason = g.reason,"
    "    wished_method = g.wished_method, requester_role = g.requester_role,"
    "    whole_order = g.whole_order, shipping = g.shipping, amount_currency = g.amount_currency,"
    "    request_id = g.request_id, requester_id = g.requester_id,"
    "    external_reference = g.external_reference, customer_token = g.customer_token"
    " FROM (SELECT unnest($1::bigint[]) AS order_key, unnest($2::bigint[]) AS refund_key,"
    "               unnest($3::bigint[]) AS amount_minor, unnest($4::bigint[]) AS fingerprint,"
    "               unnest($5::timestamptz[]) AS occurred_at, unnest($6::integer[]) AS trigger,"
    "               unnest($7::integer[]) AS reason, unnest($8::integer[]) AS wished_method,"
    "               unnest($9::integer[]) AS requester_role,"
    "               unnest($10::boolean[]) AS whole_order, unnest($11::boolean[]) AS shipping,"
    "               unnest($12::text[]) AS amount_currency, unnest($13::text[]) AS request_id,"
    "               unnest($14::text[]) AS requester_id,"
    "               unnest($15::text[]) AS external_reference,"
    "               unnest($16::text[]) AS customer_token) g"
    " WHERE (r.order_key, r.refund_key) = (g.order_key, g.refund_key)",
};

static const struct statement INSERT_CLAIMS = {
    "intake_insert_claims",
    "INSERT INTO refund_line (order_key, refund_key, line_id, minor, tax_minor, units, asked_no,"
    "    asked_units)"
    " SELECT g.order_key, g.refund_key, g.line_id, g.minor, g.tax_minor,"
    "        g.units::int8multirange, g.asked_no, g.asked_units"
    " FROM (SELECT unnest($1::bigint[]) AS order_key, unnest($2::bigint[]) AS refund_key,"
    "               unnest($3::text[]) AS line_id, unnest($4::bigint[]) AS minor,"
    "               unnest($5::bigint[]) AS tax_minor, unnest($6::text[]) AS units,"
    "               unnest($7::integer[]) AS asked_no, unnest($8::bigint[]) AS asked_units) g",
};

static const struct statement CHANGE_CLAIMS = {
    "intake_change_claims",
    "UPDATE refund_line c SET minor = g.minor, tax_minor = g.tax_minor,"
    "    units = g.units::int8multirange"
    " FROM (SELECT unnest($1::bigint[]) AS order_key, unnest($2::bigint[]) AS refund_key,"
    "               unnest($3::text[]) AS line_id, unnest($4::bigint[]) AS minor,"
    "               unnest($5::bigint[]) AS tax_minor, unnest($6::text[]) AS units) g"
    " WHERE (c.order_key, c.line_id, c.refund_key) = (g.order_key, g.line_id, g.refund_key)",
};

static const struct statement INSERT_EVIDENCE = {
    "intake_insert_evidence",
    "INSERT INTO evidence (order_key, refund_key, n, uri, sha256, media_type, bytes)"
    " SELECT unnest($1::bigint[]), unnest($2::bigint[]), unnest($3::integer[]),"
    "        unnest($4::text[]), unnest($5::text[]), unnest($6::text[]), unnest($7::bigint[])",
};

static const struct statement INSERT_FOLLOW_UPS = {
    "intake_insert_follow_ups",
    "INSERT INTO follow_up (order_key, refund_key, kind, follow_up_id, state, n, occurred_at)"
    " SELECT unnest($1::bigint[]), unnest($2::bigint[]), unnest($3::integer[]),"
    "        unnest($4::text[]), unnest($5::integer[]), unnest($6::integer[]),"
    "        unnest($7::timestamptz[])",
};

static const struct statement CHANGE_FOLLOW_UPS = {
    "intake_change_follow_ups",
    "UPDATE follow_up f SET state = g.state"
    " FROM (SELECT unnest($1::bigint[]) AS order_key, unnest($2::bigint[]) AS refund_key,"
    "               unnest($3::integer[]) AS kind, unnest($4::text[]) AS follow_up_id,"
    "               unnest($5::integer[]) AS state) g"
    " WHERE (f.order_key, f.refund_key, f.kind, f.follow_up_id) ="
    "       (g.order_key, g.refund_key, g.kind::smallint, g.follow_up_id)",
};

static const struct statement KEEP_PAYOUTS = {
    "intake_keep_payouts",
    "INSERT INTO payout (order_key, refund_key, payout_id, succeeded, minor)"
    " SELECT unnest($1::bigint[]), unnest($2::bigint[]), unnest($3::text[]),"
    "        unnest($4::boolean[]), unnest($5::bigint[])"
    " ON CONFLICT (order_key, refund_key, payout_id) DO UPDATE"
    " SET succeeded = excluded.succeeded, minor = excluded.minor",
};

static const struct statement INSERT_NOTES = {
    "intake_insert_notes",
    "INSERT INTO customer_note (order_key, refund_key, received_at, source, note)"
    " SELECT unnest($1::bigint[]), unnest($2::bigint[]), unnest($3::timestamptz[]),"
    "        unnest($4::text[]), unnest($5::text[])",
};

/* Shared by the shards of all instances: in the order of the key, so that none waits in a ring. */
static const struct statement ADD_TO_CUSTOMERS = {
    "intake_add_to_customers",
    "INSERT INTO customer_day (merchant_id, token, day, currency, orders, refunds, refunded_minor)"
    " SELECT g.merchant_id, g.token, date '1970-01-01' + g.day, g.currency, g.orders, g.refunds,"
    "        g.refunded_minor"
    " FROM (SELECT unnest($1::text[]) AS merchant_id, unnest($2::text[]) AS token,"
    "               unnest($3::integer[]) AS day, unnest($4::text[]) AS currency,"
    "               unnest($5::integer[]) AS orders, unnest($6::integer[]) AS refunds,"
    "               unnest($7::bigint[]) AS refunded_minor) g"
    " ON CONFLICT (merchant_id, token, day, currency) DO UPDATE"
    " SET orders = customer_day.orders + excluded.orders,"
    "     refunds = customer_day.refunds + excluded.refunds,"
    "     refunded_minor = customer_day.refunded_minor + excluded.refunded_minor",
};

/* Columns. */

enum { COLUMNS_MAX = DATABASE_PARAMETERS_MAX };

/* A statement's columns, made on first use. `at` goes round them, one row after the other. */
struct rows_out {
    struct column *columns[COLUMNS_MAX];
    int count;
    int at;
};

struct saving {
    struct batch *batch;
    struct unit *unit;
    struct rows_out orders, placed_orders, changed_orders, lines, moved_lines, payments, movements,
        movement_lines, refunds, changed_refunds, asked_refunds, claims, changed_claims, evidence,
        follow_ups, changed_follow_ups, payouts, notes, customers;
};

static struct column *next_column(struct saving *saving, struct rows_out *out,
                                  enum column_type type)
{
    if (out->at == out->count) {
        assert(out->count < COLUMNS_MAX);
        out->columns[out->count++] = column_create(saving->unit, type);
    }
    return out->columns[out->at++];
}

static void row_start(struct rows_out *out)
{
    out->at = 0;
}

static void put_int8(struct saving *saving, struct rows_out *out, int64_t value)
{
    column_int8(next_column(saving, out, COLUMN_INT8), value);
}

static void put_int4(struct saving *saving, struct rows_out *out, int32_t value)
{
    column_int4(next_column(saving, out, COLUMN_INT4), value);
}

static void put_bool(struct saving *saving, struct rows_out *out, bool value)
{
    column_bool(next_column(saving, out, COLUMN_BOOL), value);
}

static void put_text(struct saving *saving, struct rows_out *out, const char *text)
{
    column_text(next_column(saving, out, COLUMN_TEXT), text);
}

/* 0 is NULL. */
static void put_time(struct saving *saving, struct rows_out *out, int64_t time_us)
{
    struct column *column = next_column(saving, out, COLUMN_TIME);
    if (time_us == 0)
        column_null(column);
    else
        column_time(column, time_us);
}

static void call_rows(struct saving *saving, const struct statement *statement,
                      struct rows_out *out)
{
    if (out->count == 0)
        return;
    struct call *call = unit_call(saving->unit, statement);
    for (int i = 0; i < out->count; i++)
        call_column(call, out->columns[i]);
}

/* Orders. */

static void put_order(struct saving *saving, struct rows_out *out, const struct order *order)
{
    row_start(out);
    put_int8(saving, out, order->order_key);
    put_text(saving, out, order->merchant_id);
    put_text(saving, out, order->order_id);
    put_time(saving, out, order->received_at_us);
    put_time(saving, out, order->placed_at_us);
    put_int8(saving, out, order->fingerprint);
    put_int8(saving, out, order->shipping_minor);
    put_int8(saving, out, order->shipping_tax_minor);
    put_int8(saving, out, order->total_minor);
    put_time(saving, out, order->cancelled_at_us);
    put_int4(saving, out, order->shipping_tax_rate_ppm);
    put_int4(saving, out, order->line_count);
    put_int4(saving, out, order->waiting);
    put_int4(saving, out, order->channel);
    put_text(saving, out, order->currency);
    put_text(saving, out, order->market);
    put_text(saving, out, order->customer_token);
}

static void save_order_row(struct saving *saving, const struct order *order)
{
    if (order->is_new) {
        put_order(saving, &saving->orders, order);
    } else if (order->placed_now) {
        put_order(saving, &saving->placed_orders, order);
    } else if (order->changed) {
        struct rows_out *out = &saving->changed_orders;
        row_start(out);
        put_int8(saving, out, order->order_key);
        put_int4(saving, out, order->waiting);
        put_time(saving, out, order->cancelled_at_us);
    }
}

/* Tags joined by a control character, which they cannot hold; NULL for none. */
static enum status join_tags(struct arena *arena, const struct order_line *line,
                             const char **result)
{
    size_t size = 1;
    *result = NULL;
    if (line->tag_count == 0)
        return STATUS_OK;
    for (size_t i = 0; i < line->tag_count; i++)
        size += strlen(line->tags[i]) + 1;
    char *text = arena_alloc(arena, size);
    if (text == NULL)
        return STATUS_EXHAUSTED;
    *result = text;
    for (size_t i = 0; i < line->tag_count; i++) {
        size_t length = strlen(line->tags[i]);
        memcpy(text, line->tags[i], length);
        text += length;
        *text++ = '\x1f';
    }
    text[-1] = '\0';
    return STATUS_OK;
}

static enum status save_new_line(struct saving *saving, const struct order *order,
                                 const struct order_line *line)
{
    struct rows_out *out = &saving->lines;
    const char *tags;
    enum status status = join_tags(saving->batch->arena, line, &tags);
    row_start(out);
    put_int8(saving, out, order->order_key);
    put_int4(saving, out, line->line_no);
    put_text(saving, out, line->line_id);
    put_text(saving, out, line->sku);
    put_text(saving, out, line->title);
    put_text(saving, out, line->category);
    put_int8(saving, out, line->units);
    put_int8(saving, out, line->gross_minor);
    put_int8(saving, out, line->discount_minor);
    put_int8(saving, out, line->tax_minor);
    put_int4(saving, out, line->tax_rate_ppm);
    put_time(saving, out, line->shipped_at_us);
    put_time(saving, out, line->delivered_at_us);
    put_int8(saving, out, line->shipped_units);
    put_int8(saving, out, line->delivered_units);
    put_int8(saving, out, line->cancelled_units);
    put_text(saving, out, tags);
    return status;
}

static void save_moved_line(struct saving *saving, const struct order *order,
                            const struct order_line *line)
{
    struct rows_out *out = &saving->moved_lines;
    row_start(out);
    put_int8(saving, out, order->order_key);
    put_text(saving, out, line->line_id);
    put_time(saving, out, line->shipped_at_us);
    put_time(saving, out, line->delivered_at_us);
    put_int8(saving, out, line->shipped_units);
    put_int8(saving, out, line->delivered_units);
    put_int8(saving, out, line->cancelled_units);
}

static enum status save_lines(struct saving *saving, const struct order *order)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < order->lines_loaded && status == STATUS_OK; i++) {
        if (order->placed_now)
            status = save_new_line(saving, order, &order->lines[i]);
        else if (order->lines[i].changed)
            save_moved_line(saving, order, &order->lines[i]);
    }
    return status;
}

static void save_payments(struct saving *saving, const struct order *order)
{
    struct rows_out *out = &saving->payments;
    for (const struct payment *payment = order->payments; payment != NULL;
         payment = payment->next) {
        if (!payment->is_new)
            continue;
        row_start(out);
        put_int8(saving, out, order->order_key);
        put_text(saving, out, payment->payment_id);
        put_int8(saving, out, payment->minor);
        put_time(saving, out, payment->captured_at_us);
        put_int4(saving, out, payment->provider);
        put_int4(saving, out, payment->method);
        put_text(saving, out, payment->currency);
        put_text(saving, out, payment->provider_reference);
        put_text(saving, out, payment->provider_account);
    }
}

static void save_movement_lines(struct saving *saving, const struct order *order,
                                const struct movement *movement)
{
    struct rows_out *out = &saving->movement_lines;
    for (size_t i = 0; i < movement->line_count; i++) {
        row_start(out);
        put_int8(saving, out, order->order_key);
        put_int4(saving, out, (int32_t)movement->kind);
        put_text(saving, out, movement->movement_id);
        put_int4(saving, out, (int32_t)i + 1);
        put_text(saving, out, movement->lines[i].line_id);
        put_int8(saving, out, movement->lines[i].units);
    }
}

static void save_movements(struct saving *saving, const struct order *order)
{
    struct rows_out *out = &saving->movements;
    for (const struct movement *movement = order->movements; movement != NULL;
         movement = movement->next) {
        if (!movement->is_new)
            continue;
        row_start(out);
        put_int8(saving, out, order->order_key);
        put_int4(saving, out, (int32_t)movement->kind);
        put_text(saving, out, movement->movement_id);
        put_int8(saving, out, movement->fingerprint);
        put_time(saving, out, movement->occurred_at_us);
        put_bool(saving, out, movement->early);
        if (movement->early)
            save_movement_lines(saving, order, movement);
    }
}

/* Refunds. */

static void put_refund_state(struct saving *saving, struct rows_out *out,
                             const struct order *order, const struct refund *refund)
{
    row_start(out);
    put_int8(saving, out, order->order_key);
    put_int8(saving, out, refund->refund_key);
    put_int8(saving, out, refund->version);
    put_int8(saving, out, refund->round);
    for (int stage = 0; stage < LATER_COUNT; stage++)
        put_int8(saving, out, refund->seen[stage]);
    put_int8(saving, out, refund->claim_minor);
    put_int8(saving, out, refund->shipping_minor);
    put_int8(saving, out, refund->shipping_tax_minor);
    put_int8(saving, out, refund->paid_minor);
    put_time(saving, out, refund->updated_at_us);
    put_int4(saving, out, (int32_t)refund->status);
    put_int4(saving, out, (int32_t)refund->rejection);
    put_bool(saving, out, refund->holds);
    put_bool(saving, out, refund->appealed);
    put_bool(saving, out, refund->cancel_asked);
    put_text(saving, out, refund->currency);
}

static void put_asking(struct saving *saving, struct rows_out *out, const struct refund *refund)
{
    const struct asking *asking = &refund->asking;
    struct column *amount = next_column(saving, out, COLUMN_INT8);
    if (asking->has_amount)
        column_int8(amount, asking->amount_minor);
    else
        column_null(amount);
    put_int8(saving, out, asking->fingerprint);
    put_time(saving, out, asking->occurred_at_us);
    put_int4(saving, out, asking->trigger);
    put_int4(saving, out, asking->reason);
    put_int4(saving, out, asking->wished_method);
    put_int4(saving, out, asking->requester_role);
    put_bool(saving, out, asking->whole_order);
    put_bool(saving, out, asking->shipping);
    put_text(saving, out, asking->amount_currency);
    put_text(saving, out, asking->request_id);
    put_text(saving, out, asking->requester_id);
    put_text(saving, out, asking->external_reference);
    put_text(saving, out, refund->customer_token);
}

static void save_refund_row(struct saving *saving, const struct order *order,
                            const struct refund *refund)
{
    if (refund->is_new) {
        struct rows_out *out = &saving->refunds;
        put_refund_state(saving, out, order, refund);
        put_asking(saving, out, refund);
        put_time(saving, out, refund->received_at_us);
        put_text(saving, out, refund->refund_id);
    } else if (refund->changed) {
        put_refund_state(saving, &saving->changed_refunds, order, refund);
    }
    if (!refund->is_new && refund->asked_now) {
        struct rows_out *out = &saving->asked_refunds;
        row_start(out);
        put_int8(saving, out, order->order_key);
        put_int8(saving, out, refund->refund_key);
        put_asking(saving, out, refund);
    }
}

/* What a request asked for in vain is in the event that rejects it, not here. */
static bool is_kept(const struct refund *refund, const struct claim *claim)
{
    return claim->is_new ? refund->status != REFUND_REJECTED : claim->changed;
}

static enum status save_claims(struct saving *saving, const struct order *order,
                               const struct refund *refund)
{
    for (const struct claim *claim = refund->claims; claim != NULL;
         claim = claim->next_of_refund) {
        if (!is_kept(refund, claim))
            continue;
        struct rows_out *out = claim->is_new ? &saving->claims : &saving->changed_claims;
        const char *units = units_print(saving->batch->arena, claim->units, claim->range_count);
        if (units == NULL)
            return STATUS_EXHAUSTED;
        row_start(out);
        put_int8(saving, out, order->order_key);
        put_int8(saving, out, refund->refund_key);
        put_text(saving, out, claim->line_id);
        put_int8(saving, out, claim->minor);
        put_int8(saving, out, claim->tax_minor);
        put_text(saving, out, units);
        if (!claim->is_new)
            continue;
        put_int4(saving, out, claim->asked_no);
        put_int8(saving, out, claim->asked_units);
    }
    return STATUS_OK;
}

static void save_evidence(struct saving *saving, const struct order *order,
                          const struct refund *refund)
{
    struct rows_out *out = &saving->evidence;
    int32_t n = 0;
    for (const struct evidence *file = refund->evidence; file != NULL; file = file->next) {
        n++;
        if (!file->is_new)
            continue;
        row_start(out);
        put_int8(saving, out, order->order_key);
        put_int8(saving, out, refund->refund_key);
        put_int4(saving, out, n);
        put_text(saving, out, file->uri);
        put_text(saving, out, file->sha256);
        put_text(saving, out, file->media_type);
        put_int8(saving, out, file->bytes);
    }
}

static void save_follow_ups(struct saving *saving, const struct order *order,
                            const struct refund *refund)
{
    int32_t n = 0;
    for (const struct follow_up_known *known = refund->follow_ups; known != NULL;
         known = known->next) {
        n++;
        if (!known->is_new && !known->changed)
            continue;
        struct rows_out *out = known->is_new ? &saving->follow_ups : &saving->changed_follow_ups;
        row_start(out);
        put_int8(saving, out, order->order_key);
        put_int8(saving, out, refund->refund_key);
        put_int4(saving, out, (int32_t)known->kind);
        put_text(saving, out, known->follow_up_id);
        put_int4(saving, out, (int32_t)known->state);
        if (!known->is_new)
            continue;
        put_int4(saving, out, n);
        put_time(saving, out, known->occurred_at_us);
    }
}

static void save_payouts(struct saving *saving, const struct order *order,
                         const struct refund *refund)
{
    struct rows_out *out = &saving->payouts;
    for (const struct payout_known *payout = refund->payouts; payout != NULL;
         payout = payout->next) {
        if (!payout->changed)
            continue;
        row_start(out);
        put_int8(saving, out, order->order_key);
        put_int8(saving, out, refund->refund_key);
        put_text(saving, out, payout->payout_id);
        put_bool(saving, out, payout->succeeded);
        put_int8(saving, out, payout->minor);
    }
}

static void save_notes(struct saving *saving, const struct order *order,
                       const struct refund *refund)
{
    struct rows_out *out = &saving->notes;
    for (const struct note *note = refund->notes; note != NULL; note = note->next) {
        row_start(out);
        put_int8(saving, out, order->order_key);
        put_int8(saving, out, refund->refund_key);
        put_time(saving, out, refund->updated_at_us);
        put_text(saving, out, note->source);
        put_text(saving, out, note->text);
    }
}

static enum status save_refund(struct saving *saving, const struct order *order,
                               const struct refund *refund)
{
    if (!refund->is_new && !refund->changed)
        return STATUS_OK;
    save_refund_row(saving, order, refund);
    save_evidence(saving, order, refund);
    save_follow_ups(saving, order, refund);
    save_payouts(saving, order, refund);
    save_notes(saving, order, refund);
    return save_claims(saving, order, refund);
}

/* Customers. */

static int compare_counts(const void *a, const void *b)
{
    const struct customer_counts *const *x = a, *const *y = b;
    int order = strcmp((*x)->merchant_id, (*y)->merchant_id);
    if (order == 0)
        order = strcmp((*x)->token, (*y)->token);
    if (order == 0)
        order = ((*x)->day > (*y)->day) - ((*x)->day < (*y)->day);
    return order != 0 ? order : strcmp((*x)->currency, (*y)->currency);
}

static void put_counts(struct saving *saving, const struct customer_counts *counts)
{
    struct rows_out *out = &saving->customers;
    row_start(out);
    put_text(saving, out, counts->merchant_id);
    put_text(saving, out, counts->token);
    put_int4(saving, out, counts->day);
    put_text(saving, out, counts->currency);
    put_int4(saving, out, (int32_t)counts->orders);
    put_int4(saving, out, (int32_t)counts->refunds);
    put_int8(saving, out, counts->refunded_minor);
}

static enum status save_customers(struct saving *saving, const struct intake_batch *rows)
{
    size_t count = 0;
    struct customer_counts **sorted =
        arena_array(saving->batch->arena, rows->count_total + 1, sizeof(struct customer_counts *));
    if (sorted == NULL)
        return STATUS_EXHAUSTED;
    for (struct customer_counts *counts = rows->counts; counts != NULL; counts = counts->next)
        sorted[count++] = counts;
    if (count > 1)
        qsort(sorted, count, sizeof(struct customer_counts *), compare_counts);
    for (size_t i = 0; i < count; i++) {
        if (i + 1 < count && compare_counts(&sorted[i], &sorted[i + 1]) == 0) {
            sorted[i + 1]->orders += sorted[i]->orders;
            sorted[i + 1]->refunds += sorted[i]->refunds;
            sorted[i + 1]->refunded_minor += sorted[i]->refunded_minor;
        } else {
            put_counts(saving, sorted[i]);
        }
    }
    return STATUS_OK;
}

static enum status save_order(struct saving *saving, const struct order *order)
{
    save_order_row(saving, order);
    save_payments(saving, order);
    save_movements(saving, order);
    enum status status = save_lines(saving, order);
    for (const struct refund *refund = order->refunds; refund != NULL && status == STATUS_OK;
         refund = refund->next)
        status = save_refund(saving, order, refund);
    return status;
}

enum status intake_save(struct batch *batch, struct unit *unit)
{
    struct saving *saving = arena_zalloc(batch->arena, sizeof *saving);
    if (saving == NULL)
        return STATUS_EXHAUSTED;
    saving->batch = batch;
    saving->unit = unit;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < batch->order_count && status == STATUS_OK; i++)
        status = save_order(saving, batch->orders[i].rows);
    if (status == STATUS_OK)
        status = save_customers(saving, batch->rows);
    if (status != STATUS_OK)
        return status;
    call_rows(saving, &INSERT_ORDERS, &saving->orders);
    call_rows(saving, &PLACE_ORDERS, &saving->placed_orders);
    call_rows(saving, &CHANGE_ORDERS, &saving->changed_orders);
    call_rows(saving, &INSERT_LINES, &saving->lines);
    call_rows(saving, &MOVE_LINES, &saving->moved_lines);
    call_rows(saving, &INSERT_PAYMENTS, &saving->payments);
    call_rows(saving, &INSERT_MOVEMENTS, &saving->movements);
    call_rows(saving, &INSERT_MOVEMENT_LINES, &saving->movement_lines);
    call_rows(saving, &INSERT_REFUNDS, &saving->refunds);
    call_rows(saving, &CHANGE_REFUNDS, &saving->changed_refunds);
    call_rows(saving, &ASK_REFUNDS, &saving->asked_refunds);
    call_rows(saving, &INSERT_CLAIMS, &saving->claims);
    call_rows(saving, &CHANGE_CLAIMS, &saving->changed_claims);
    call_rows(saving, &INSERT_EVIDENCE, &saving->evidence);
    call_rows(saving, &INSERT_FOLLOW_UPS, &saving->follow_ups);
    call_rows(saving, &CHANGE_FOLLOW_UPS, &saving->changed_follow_ups);
    call_rows(saving, &KEEP_PAYOUTS, &saving->payouts);
    call_rows(saving, &INSERT_NOTES, &saving->notes);
    call_rows(saving, &ADD_TO_CUSTOMERS, &saving->customers);
    return STATUS_OK;
}
