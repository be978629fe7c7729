#include "intake_rows.h"

#include "intake_store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RANGE_TEXT_MAX = 48 /* bytes of "[n,n)," at most */ };

static struct order *order_at(struct batch *batch, const struct call *call, size_t row)
{
    return batch->orders[rows_int8(call, row, 0)].rows;
}

static size_t count_of(const struct call *call)
{
    return call == NULL ? 0 : rows_count(call);
}

static void copy_currency(char currency[4], const char *text)
{
    (void)snprintf(currency, 4, "%s", text);
}

static enum status make_orders(struct batch *batch)
{
    for (size_t i = 0; i < batch->order_count; i++) {
        struct order *order = arena_zalloc(batch->arena, sizeof *order);
        if (order == NULL)
            return STATUS_EXHAUSTED;
        order->merchant_id = batch->orders[i].merchant_id;
        order->order_id = batch->orders[i].order_id;
        order->shard = batch->orders[i].shard;
        order->customer_token = order->market = "";
        batch->orders[i].rows = order;
    }
    return STATUS_OK;
}

static void read_order(const struct call *call, size_t row, struct order *order)
{
    order->order_key = rows_int8(call, row, 1);
    order->received_at_us = rows_time(call, row, 2);
    order->placed = !rows_null(call, row, 3);
    order->placed_at_us = rows_time(call, row, 3);
    order->fingerprint = rows_int8(call, row, 4);
    order->shipping_minor = rows_int8(call, row, 5);
    order->shipping_tax_minor = rows_int8(call, row, 6);
    order->total_minor = rows_int8(call, row, 7);
    order->cancelled_at_us = rows_time(call, row, 8);
    order->shipping_tax_rate_ppm = rows_int4(call, row, 9);
    order->line_count = rows_int4(call, row, 10);
    order->waiting = rows_int4(call, row, 11);
    order->channel = rows_int4(call, row, 12);
    copy_currency(order->currency, rows_text(call, row, 13));
    order->market = rows_text(call, row, 14);
    order->customer_token = rows_text(call, row, 15);
}

/* A customer of whom nothing is known yet counts from 0. */
static enum status read_customer(struct batch *batch, const struct call *call, size_t row,
                                 unsigned mask, struct order *order)
{
    if ((mask & NEED_CUSTOMER) == 0 && ((mask & NEED_IF_WAITING) == 0 || order->waiting == 0))
        return STATUS_OK;
    order->customer = arena_alloc(batch->arena, sizeof *order->customer);
    if (order->customer == NULL)
        return STATUS_EXHAUSTED;
    *order->customer = (struct customer){.orders = rows_int8(call, row, 16),
                                         .refunds = rows_int8(call, row, 17),
                                         .refunds_last_year = rows_int8(call, row, 18),
                                         .refunded_minor = rows_int8(call, row, 19)};
    return STATUS_OK;
}

static enum status read_payment(struct batch *batch, const struct call *call, size_t row,
                                struct order *order)
{
    struct payment *payment = arena_zalloc(batch->arena, sizeof *payment);
    if (payment == NULL)
        return STATUS_EXHAUSTED;
    payment->payment_id = rows_text(call, row, 20);
    payment->provider = rows_int4(call, row, 21);
    payment->provider_reference = rows_text(call, row, 22);
    payment->provider_account = rows_text(call, row, 23);
    payment->method = rows_int4(call, row, 24);
    payment->minor = rows_int8(call, row, 25);
    copy_currency(payment->currency, rows_text(call, row, 26));
    payment->captured_at_us = rows_time(call, row, 27);
    order_add_payment(order, payment);
    return STATUS_OK;
}

/* A row for each payment of the order, or one without. */
static enum status read_orders(struct batch *batch, const struct loading *loading)
{
    const struct call *call = loading->orders;
    enum status status = make_orders(batch);
    for (size_t i = 0; i < count_of(call) && status == STATUS_OK; i++) {
        struct order *order = order_at(batch, call, i);
        if (order->order_key == 0) {
            read_order(call, i, order);
            status = read_customer(batch, call, i, loading->needs[rows_int8(call, i, 0)].mask,
                                   order);
        }
        if (status == STATUS_OK && !rows_null(call, i, 20))
            status = read_payment(batch, call, i, order);
    }
    return status;
}

static void read_asking(const struct call *call, size_t row, struct asking *asking)
{
    asking->has_amount = !rows_null(call, row, 11);
    asking->amount_minor = rows_int8(call, row, 11);
    asking->fingerprint = rows_int8(call, row, 12);
    asking->occurred_at_us = rows_time(call, row, 13);
    asking->trigger = rows_int4(call, row, 18);
    asking->reason = rows_int4(call, row, 19);
    asking->wished_method = rows_int4(call, row, 20);
    asking->requester_role = rows_int4(call, row, 21);
    asking->whole_order = rows_bool(call, row, 25);
    asking->shipping = rows_bool(call, row, 26);
    copy_currency(asking->amount_currency, rows_text(call, row, 28));
    asking->request_id = rows_text(call, row, 30);
    asking->requester_id = rows_text(call, row, 31);
    asking->external_reference = rows_text(call, row, 32);
}

static enum status read_refunds(struct batch *batch, const struct call *call)
{
    for (size_t i = 0; i < count_of(call); i++) {
        struct refund *refund = arena_zalloc(batch->arena, sizeof *refund);
        if (refund == NULL)
            return STATUS_EXHAUSTED;
        refund->refund_key = rows_int8(call, i, 1);
        refund->version = rows_int8(call, i, 2);
        refund->round = rows_int8(call, i, 3);
        for (int stage = 0; stage < LATER_COUNT; stage++)
            refund->seen[stage] = rows_int8(call, i, 4 + stage);
        refund->claim_minor = rows_int8(call, i, 7);
        refund->shipping_minor = rows_int8(call, i, 8);
        refund->shipping_tax_minor = rows_int8(call, i, 9);
        refund->paid_minor = rows_int8(call, i, 10);
        read_asking(call, i, &refund->asking);
        refund->received_at_us = rows_time(call, i, 14);
        refund->updated_at_us = rows_time(call, i, 15);
        refund->status = (enum refund_status)rows_int4(call, i, 16);
        refund->rejection = (enum rejection_reason)rows_int4(call, i, 17);
        refund->holds = rows_bool(call, i, 22);
        refund->appealed = rows_bool(call, i, 23);
        refund->cancel_asked = rows_bool(call, i, 24);
        copy_currency(refund->currency, rows_text(call, i, 27));
        refund->refund_id = rows_text(call, i, 29);
        order_add_refund(order_at(batch, call, i), refund);
    }
    return STATUS_OK;
}

/* Lines come from two calls: those named, which have their claims in front, and all. */

enum { LINE_COLUMN = 1, NAMED_LINE_COLUMN = 8 };

static enum status read_tags(struct batch *batch, const struct call *call, size_t row, int column,
                             struct order_line *line)
{
    if (rows_null(call, row, column))
        return STATUS_OK;
    const char **tags = arena_array(batch->arena, INTAKE_TAGS_MAX, sizeof *tags);
    if (tags == NULL)
        return STATUS_EXHAUSTED;
    line->tags = tags;
    line->tag_count = rows_text_array(call, row, column, batch->arena, tags, INTAKE_TAGS_MAX);
    return STATUS_OK;
}

static enum status read_line(struct batch *batch, const struct call *call, size_t row, int at,
                             struct order_line *line)
{
    *line = (struct order_line){.line_id = rows_text(call, row, at),
                                .line_no = rows_int4(call, row, at + 1),
                                .sku = rows_text(call, row, at + 2),
                                .title = "",
                                .category = rows_text(call, row, at + 3),
                                .units = rows_int8(call, row, at + 5),
                                .gross_minor = rows_int8(call, row, at + 6),
                                .discount_minor = rows_int8(call, row, at + 7),
                                .tax_minor = rows_int8(call, row, at + 8),
                                .tax_rate_ppm = rows_int4(call, row, at + 9),
                                .shipped_at_us = rows_time(call, row, at + 10),
                                .delivered_at_us = rows_time(call, row, at + 11),
                                .shipped_units = rows_int8(call, row, at + 12),
                                .delivered_units = rows_int8(call, row, at + 13),
                                .cancelled_units = rows_int8(call, row, at + 14)};
    return read_tags(batch, call, row, at + 4, line);
}

static void count_lines(struct batch *batch, const struct call *call)
{
    for (size_t i = 0; i < count_of(call); i++)
        order_at(batch, call, i)->lines_loaded++;
}

static enum status fill_lines(struct batch *batch, const struct call *call, int at)
{
    for (size_t i = 0; i < count_of(call); i++) {
        struct order *order = order_at(batch, call, i);
        enum status status = read_line(batch, call, i, at, &order->lines[order->lines_loaded++]);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static int compare_line_no(const void *a, const void *b)
{
    const struct order_line *x = a, *y = b;
    return (x->line_no > y->line_no) - (x->line_no < y->line_no);
}

/* In the order's own order; a line that came several times counts once. */
static enum status settle_lines(struct order *order)
{
    const char *twice;
    if (order->lines_loaded > 1)
        qsort(order->lines, order->lines_loaded, sizeof *order->lines, compare_line_no);
    size_t kept = 0;
    for (size_t i = 0; i < order->lines_loaded; i++)
        if (kept == 0 || order->lines[kept - 1].line_no != order->lines[i].line_no)
            order->lines[kept++] = order->lines[i];
    order->lines_loaded = kept;
    return order_lines_sort(order->lines, kept, order->lines_by_id, &twice) == STATUS_OK
               ? STATUS_OK
               : STATUS_FATAL;
}

static enum status read_lines(struct batch *batch, const struct loading *loading)
{
    count_lines(batch, loading->lines);
    count_lines(batch, loading->all_lines);
    for (size_t i = 0; i < batch->order_count; i++) {
        struct order *order = batch->orders[i].rows;
        if (order->lines_loaded == 0)
            continue;
        order->lines = arena_array(batch->arena, order->lines_loaded, sizeof *order->lines);
        order->lines_by_id =
            arena_array(batch->arena, order->lines_loaded, sizeof *order->lines_by_id);
        if (order->lines == NULL || order->lines_by_id == NULL)
            return STATUS_EXHAUSTED;
        order->lines_loaded = 0;
    }
    enum status status = fill_lines(batch, loading->lines, NAMED_LINE_COLUMN);
    if (status == STATUS_OK)
        status = fill_lines(batch, loading->all_lines, LINE_COLUMN);
    for (size_t i = 0; i < batch->order_count && status == STATUS_OK; i++)
        status = settle_lines(batch->orders[i].rows);
    return status;
}

enum status units_parse(struct arena *arena, const char *text, struct units **units, size_t *count)
{
    size_t ranges = 0;
    for (const char *at = text; *at != '\0'; at++)
        ranges += *at == '[';
    *count = 0;
    *units = arena_array(arena, ranges + 1, sizeof **units);
    if (*units == NULL)
        return STATUS_EXHAUSTED;
    const char *at = text + (*text == '{');
    while (*at == '[') {
        char *end;
        long long first = strtoll(at + 1, &end, 10);
        if (*end != ',')
            return STATUS_INVALID;
        long long past = strtoll(end + 1, &end, 10);
        if (*end != ')' || first < 0 || past <= first)
            return STATUS_INVALID;
        (*units)[(*count)++] = (struct units){first, past - first};
        at = end + 1 + (end[1] == ',');
    }
    return *text == '{' && strcmp(at, "}") == 0 ? STATUS_OK : STATUS_INVALID;
}

const char *units_print(struct arena *arena, const struct units *units, size_t count)
{
    size_t room = count * RANGE_TEXT_MAX + 3, used = 1;
    char *text = arena_alloc(arena, room);
    if (text == NULL)
        return NULL;
    text[0] = '{';
    for (size_t i = 0; i < count; i++)
        used += (size_t)snprintf(text + used, room - used, "%s[%" PRId64 ",%" PRId64 ")",
                                 i == 0 ? "" : ",", units[i].first,
                                 units[i].first + units[i].count);
    memcpy(text + used, "}", 2);
    return text;
}

/* Claims come from three calls, which may overlap. */

struct claim_row {
    struct order *order;
    struct refund *refund;
    struct claim *claim;
    int32_t line_no;
};

static struct refund *refund_by_key(const struct order *order, int64_t refund_key)
{
    struct refund *refund = order->refunds;
    while (refund != NULL && refund->refund_key != refund_key)
        refund = refund->next;
    return refund;
}

static enum status read_claim(struct batch *batch, const struct call *call, size_t row,
                              struct claim_row *into)
{
    struct claim *claim = arena_zalloc(batch->arena, sizeof *claim);
    if (claim == NULL)
        return STATUS_EXHAUSTED;
    into->order = order_at(batch, call, row);
    into->refund = refund_by_key(into->order, rows_int8(call, row, 1));
    into->claim = claim;
    if (into->refund == NULL)
        return STATUS_FATAL; /* a line of a refund that does not exist */
    claim->line_id = rows_text(call, row, 2);
    claim->asked_no = rows_int4(call, row, 3);
    claim->asked_units = rows_int8(call, row, 4);
    claim->minor = rows_int8(call, row, 6);
    claim->tax_minor = rows_int8(call, row, 7);
    const struct order_line *line = order_line_find(into->order, claim->line_id);
    into->line_no = line == NULL ? 0 : line->line_no;
    enum status status =
        units_parse(batch->arena, rows_text(call, row, 5), &claim->units, &claim->range_count);
    return status == STATUS_INVALID ? STATUS_FATAL : status;
}

static int compare_int64(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

/* By refund, in the order of the request, then of the order. */
static int compare_claims(const void *a, const void *b)
{
    const struct claim_row *x = a, *y = b;
    int order = compare_int64(x->refund->refund_key, y->refund->refund_key);
    if (order == 0)
        order = compare_int64(x->claim->asked_no, y->claim->asked_no);
    if (order == 0)
        order = compare_int64(x->line_no, y->line_no);
    return order != 0 ? order : strcmp(x->claim->line_id, y->claim->line_id);
}

static enum status read_claims(struct batch *batch, const struct loading *loading)
{
    struct call *const calls[] = {loading->lines, loading->all_claims, loading->claims_to_lower};
    size_t total = 0, count = 0;
    for (size_t c = 0; c < sizeof calls / sizeof *calls; c++)
        total += count_of(calls[c]);
    if (total == 0)
        return STATUS_OK;
    struct claim_row *rows = arena_array(batch->arena, total, sizeof *rows);
    if (rows == NULL)
        return STATUS_EXHAUSTED;
    for (size_t c = 0; c < sizeof calls / sizeof *calls; c++) {
        for (size_t i = 0; i < count_of(calls[c]); i++) {
            if (rows_null(calls[c], i, 1))
                continue; /* a line that nobody claims */
            enum status status = read_claim(batch, calls[c], i, &rows[count++]);
            if (status != STATUS_OK)
                return status;
        }
    }
    qsort(rows, count, sizeof *rows, compare_claims);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || compare_claims(&rows[i - 1], &rows[i]) != 0)
            claim_link(rows[i].claim, rows[i].refund,
                       order_line_find(rows[i].order, rows[i].claim->line_id));
    return STATUS_OK;
}

static enum status read_evidence(struct batch *batch, const struct call *call)
{
    struct evidence *last = NULL;
    const struct refund *of = NULL;
    for (size_t i = 0; i < count_of(call); i++) {
        struct refund *refund = refund_by_key(order_at(batch, call, i), rows_int8(call, i, 1));
        struct evidence *file = arena_zalloc(batch->arena, sizeof *file);
        if (file == NULL)
            return STATUS_EXHAUSTED;
        if (refund == NULL)
            return STATUS_FATAL;
        file->uri = rows_text(call, i, 3);
        file->sha256 = rows_text(call, i, 4);
        file->media_type = rows_text(call, i, 5);
        file->bytes = rows_int8(call, i, 6);
        if (refund == of)
            last->next = file;
        else
            refund->evidence = file;
        last = file;
        of = refund;
    }
    return STATUS_OK;
}

static enum status read_follow_ups(struct batch *batch, const struct call *call)
{
    struct follow_up_known *last = NULL;
    const struct refund *of = NULL;
    for (size_t i = 0; i < count_of(call); i++) {
        struct refund *refund = refund_by_key(order_at(batch, call, i), rows_int8(call, i, 1));
        struct follow_up_known *known = arena_zalloc(batch->arena, sizeof *known);
        if (known == NULL)
            return STATUS_EXHAUSTED;
        if (refund == NULL)
            return STATUS_FATAL;
        known->kind = (enum follow_up_kind)rows_int4(call, i, 2);
        known->follow_up_id = rows_text(call, i, 3);
        known->state = (enum follow_up_state)rows_int4(call, i, 4);
        known->occurred_at_us = rows_time(call, i, 5);
        if (refund == of)
            last->next = known;
        else
            refund->follow_ups = known;
        last = known;
        of = refund;
    }
    return STATUS_OK;
}

static enum status read_payouts(struct batch *batch, const struct call *call)
{
    for (size_t i = 0; i < count_of(call); i++) {
        struct refund *refund = refund_by_key(order_at(batch, call, i), rows_int8(call, i, 1));
        struct payout_known *payout = arena_zalloc(batch->arena, sizeof *payout);
        if (payout == NULL)
            return STATUS_EXHAUSTED;
        if (refund == NULL)
            return STATUS_FATAL;
        payout->payout_id = rows_text(call, i, 2);
        payout->succeeded = rows_bool(call, i, 3);
        payout->minor = rows_int8(call, i, 4);
        payout->next = refund->payouts;
        refund->payouts = payout;
    }
    return STATUS_OK;
}

static struct movement *read_movement(struct batch *batch, const struct call *call, size_t row)
{
    struct order *order = order_at(batch, call, row);
    struct movement *movement = arena_zalloc(batch->arena, sizeof *movement);
    if (movement == NULL)
        return NULL;
    movement->kind = (enum movement_kind)rows_int4(call, row, 1);
    movement->movement_id = rows_text(call, row, 2);
    movement->fingerprint = rows_int8(call, row, 3);
    movement->occurred_at_us = rows_time(call, row, 4);
    movement->next = order->movements;
    order->movements = movement;
    return movement;
}

static bool same_movement(const struct call *call, size_t a, size_t b)
{
    return rows_int8(call, a, 0) == rows_int8(call, b, 0) &&
           rows_int4(call, a, 1) == rows_int4(call, b, 1) &&
           strcmp(rows_text(call, a, 2), rows_text(call, b, 2)) == 0;
}

/* One row per line; a cancellation of the whole order has one without a line. */
static enum status read_early(struct batch *batch, const struct call *call)
{
    for (size_t i = 0, next; i < count_of(call); i = next) {
        struct movement *movement = read_movement(batch, call, i);
        next = i + 1;
        while (next < rows_count(call) && same_movement(call, i, next))
            next++;
        struct line_units *lines = arena_array(batch->arena, next - i, sizeof *lines);
        if (movement == NULL || lines == NULL)
            return STATUS_EXHAUSTED;
        movement->early = true;
        movement->lines = lines;
        for (size_t row = i; row < next; row++)
            if (!rows_null(call, row, 5))
                lines[movement->line_count++] =
                    (struct line_units){rows_text(call, row, 5), rows_int8(call, row, 6)};
    }
    return STATUS_OK;
}

static enum status read_movements(struct batch *batch, const struct loading *loading)
{
    enum status status = read_early(batch, loading->early);
    for (size_t i = 0; i < count_of(loading->movements) && status == STATUS_OK; i++)
        if (read_movement(batch, loading->movements, i) == NULL)
            status = STATUS_EXHAUSTED;
    return status;
}

/* A request id is used for one order only. */

static void mark_elsewhere(struct event *event)
{
    struct input *input = event->body;
    if (input->kind == INPUT_ASKED)
        input->request.elsewhere = true;
    else
        input->follow_up.elsewhere = true;
}

static const char *refund_id_of(const struct event *event)
{
    const struct input *input = event->body;
    return input->kind == INPUT_ASKED ? input->request.refund_id : input->follow_up.refund_id;
}

static int compare_events(const void *a, const void *b)
{
    const struct event *const *x = a, *const *y = b;
    int order = strcmp(refund_id_of(*x), refund_id_of(*y));
    return order != 0 ? order : (*x > *y) - (*x < *y);
}

/* The same id for two orders in one batch: the first event has it. */
static enum status find_clashes(struct batch *batch)
{
    size_t count = 0;
    struct event **asked = arena_array(batch->arena, batch->event_count + 1, sizeof *asked);
    if (asked == NULL)
        return STATUS_EXHAUSTED;
    for (size_t i = 0; i < batch->event_count; i++) {
        struct event *event = &batch->events[i];
        const struct input *input =
            event->order != NULL && event->kind == EVENT_MESSAGE ? event->body : NULL;
        if (input != NULL && (input->kind == INPUT_ASKED || input->kind == INPUT_FOLLOWED_UP))
            asked[count++] = event;
    }
    if (count > 1)
        qsort(asked, count, sizeof *asked, compare_events);
    for (size_t i = 1, first = 0; i < count; i++) {
        if (strcmp(refund_id_of(asked[first]), refund_id_of(asked[i])) != 0)
            first = i;
        else if (asked[i]->order != asked[first]->order)
            mark_elsewhere(asked[i]);
    }
    return STATUS_OK;
}

static enum status read_elsewhere(struct batch *batch, const struct call *call)
{
    for (size_t i = 0; i < count_of(call); i++) {
        struct event *event = &batch->events[rows_int8(call, i, 0)];
        const struct order *order = event->order->rows;
        if (order->order_key != rows_int8(call, i, 1))
            mark_elsewhere(event);
    }
    return find_clashes(batch);
}

enum status rows_read(struct batch *batch, const struct loading *loading)
{
    enum status status = read_orders(batch, loading);
    if (status == STATUS_OK)
        status = read_refunds(batch, loading->refunds);
    if (status == STATUS_OK)
        status = read_lines(batch, loading);
    if (status == STATUS_OK)
        status = read_claims(batch, loading);
    if (status == STATUS_OK)
        status = read_evidence(batch, loading->evidence);
    if (status == STATUS_OK)
        status = read_follow_ups(batch, loading->follow_ups);
    if (status == STATUS_OK)
        status = read_payouts(batch, loading->payouts);
    if (status == STATUS_OK)
        status = read_movements(batch, loading);
    return status == STATUS_OK ? read_elsewhere(batch, loading->elsewhere) : status;
}

enum status intake_loaded(struct batch *batch)
{
    struct intake_batch *rows = batch->rows;
    return rows_read(batch, rows->loading);
}
