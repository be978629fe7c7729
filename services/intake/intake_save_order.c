/* Saving the order book. */

#include "intake_save.h"

#include <string.h>

#define ORDER_COLUMNS                                                                        \
    "unnest($1::bigint[]) AS order_key, unnest($2::text[]) AS merchant_id,"                  \
    "unnest($3::text[]) AS order_id, unnest($4::timestamptz[]) AS received_at,"              \
    "unnest($5::timestamptz[]) AS placed_at, unnest($6::bigint[]) AS fingerprint,"           \
    "unnest($7::bigint[]) AS shipping_minor, unnest($8::bigint[]) AS shipping_tax_minor,"    \
    "unnest($9::bigint[]) AS total_minor, unnest($10::timestamptz[]) AS cancelled_at,"       \
    "unnest($11::integer[]) AS shipping_tax_rate_ppm, unnest($12::integer[]) AS line_count," \
    "unnest($13::integer[]) AS waiting, unnest($14::integer[]) AS channel,"                  \
    "unnest($15::text[]) AS currency, unnest($16::text[]) AS market,"                        \
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

struct order_saving *order_saving_create(struct arena *arena, struct unit *unit)
{
    struct order_saving *saving = arena_zalloc(arena, sizeof *saving);
    if (saving == NULL)
        return NULL;
    saving->arena = arena;
    saving->orders.unit = unit;
    saving->placed_orders.unit = unit;
    saving->changed_orders.unit = unit;
    saving->lines.unit = unit;
    saving->moved_lines.unit = unit;
    saving->payments.unit = unit;
    saving->movements.unit = unit;
    saving->movement_lines.unit = unit;
    return saving;
}

static void put_order(struct columns *out, const struct order *order)
{
    columns_row(out);
    columns_int8(out, order->order_key);
    columns_text(out, order->merchant_id);
    columns_text(out, order->order_id);
    columns_time_if(out, order->received_at_us);
    columns_time_if(out, order->placed_at_us);
    columns_int8(out, order->fingerprint);
    columns_int8(out, order->shipping_minor);
    columns_int8(out, order->shipping_tax_minor);
    columns_int8(out, order->total_minor);
    columns_time_if(out, order->cancelled_at_us);
    columns_int4(out, order->shipping_tax_rate_ppm);
    columns_int4(out, order->line_count);
    columns_int4(out, order->waiting);
    columns_int4(out, order->channel);
    columns_text(out, order->currency);
    columns_text(out, order->market);
    columns_text(out, order->customer_token);
}

static void save_order_row(struct order_saving *saving, const struct order *order)
{
    if (order->is_new) {
        put_order(&saving->orders, order);
    } else if (order->placed_now) {
        put_order(&saving->placed_orders, order);
    } else if (order->changed) {
        struct columns *out = &saving->changed_orders;
        columns_row(out);
        columns_int8(out, order->order_key);
        columns_int4(out, order->waiting);
        columns_time_if(out, order->cancelled_at_us);
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

static enum status save_new_line(struct order_saving *saving, const struct order *order,
                                 const struct order_line *line)
{
    struct columns *out = &saving->lines;
    const char *tags;
    enum status status = join_tags(saving->arena, line, &tags);
    columns_row(out);
    columns_int8(out, order->order_key);
    columns_int4(out, line->line_no);
    columns_text(out, line->line_id);
    columns_text(out, line->sku);
    columns_text(out, line->title);
    columns_text(out, line->category);
    columns_int8(out, line->units);
    columns_int8(out, line->gross_minor);
    columns_int8(out, line->discount_minor);
    columns_int8(out, line->tax_minor);
    columns_int4(out, line->tax_rate_ppm);
    columns_time_if(out, line->shipped_at_us);
    columns_time_if(out, line->delivered_at_us);
    columns_int8(out, line->shipped_units);
    columns_int8(out, line->delivered_units);
    columns_int8(out, line->cancelled_units);
    columns_text(out, tags);
    return status;
}

static void save_moved_line(struct order_saving *saving, const struct order *order,
                            const struct order_line *line)
{
    struct columns *out = &saving->moved_lines;
    columns_row(out);
    columns_int8(out, order->order_key);
    columns_text(out, line->line_id);
    columns_time_if(out, line->shipped_at_us);
    columns_time_if(out, line->delivered_at_us);
    columns_int8(out, line->shipped_units);
    columns_int8(out, line->delivered_units);
    columns_int8(out, line->cancelled_units);
}

static enum status save_lines(struct order_saving *saving, const struct order *order)
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

static void save_payments(struct order_saving *saving, const struct order *order)
{
    struct columns *out = &saving->payments;
    for (const struct payment *payment = order->payments; payment != NULL;
         payment = payment->next) {
        if (!payment->is_new)
            continue;
        columns_row(out);
        columns_int8(out, order->order_key);
        columns_text(out, payment->payment_id);
        columns_int8(out, payment->minor);
        columns_time_if(out, payment->captured_at_us);
        columns_int4(out, payment->provider);
        columns_int4(out, payment->method);
        columns_text(out, payment->currency);
        columns_text(out, payment->provider_reference);
        columns_text(out, payment->provider_account);
    }
}

static void save_movement_lines(struct order_saving *saving, const struct order *order,
                                const struct movement *movement)
{
    struct columns *out = &saving->movement_lines;
    for (size_t i = 0; i < movement->line_count; i++) {
        columns_row(out);
        columns_int8(out, order->order_key);
        columns_int4(out, (int32_t)movement->kind);
        columns_text(out, movement->movement_id);
        columns_int4(out, (int32_t)i + 1);
        columns_text(out, movement->lines[i].line_id);
        columns_int8(out, movement->lines[i].units);
    }
}

static void save_movements(struct order_saving *saving, const struct order *order)
{
    struct columns *out = &saving->movements;
    for (const struct movement *movement = order->movements; movement != NULL;
         movement = movement->next) {
        if (!movement->is_new)
            continue;
        columns_row(out);
        columns_int8(out, order->order_key);
        columns_int4(out, (int32_t)movement->kind);
        columns_text(out, movement->movement_id);
        columns_int8(out, movement->fingerprint);
        columns_time_if(out, movement->occurred_at_us);
        columns_bool(out, movement->early);
        if (movement->early)
            save_movement_lines(saving, order, movement);
    }
}

enum status order_saving_add(struct order_saving *saving, const struct order *order)
{
    save_order_row(saving, order);
    save_payments(saving, order);
    save_movements(saving, order);
    return save_lines(saving, order);
}

void order_saving_call(struct order_saving *saving)
{
    columns_call(&saving->orders, &INSERT_ORDERS);
    columns_call(&saving->placed_orders, &PLACE_ORDERS);
    columns_call(&saving->changed_orders, &CHANGE_ORDERS);
    columns_call(&saving->lines, &INSERT_LINES);
    columns_call(&saving->moved_lines, &MOVE_LINES);
    columns_call(&saving->payments, &INSERT_PAYMENTS);
    columns_call(&saving->movements, &INSERT_MOVEMENTS);
    columns_call(&saving->movement_lines, &INSERT_MOVEMENT_LINES);
}
