#include "intake_rows.h"

#include "intake_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct order *rows_order(struct batch *batch, const struct call *call, size_t row)
{
    return batch->orders[rows_int8(call, row, 0)].rows;
}

size_t rows_found(const struct call *call)
{
    return call == NULL ? 0 : rows_count(call);
}

struct refund *rows_refund(const struct order *order, int64_t refund_key)
{
    struct refund *refund = order->refunds;
    while (refund != NULL && refund->refund_key != refund_key)
        refund = refund->next;
    return refund;
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

static void read_asking(const struct call *call, size_t row, struct asking *asking)
{
    asking->has_amount = !rows_null(call, row, 38);
    asking->amount_minor = rows_int8(call, row, 38);
    asking->fingerprint = rows_int8(call, row, 39);
    asking->occurred_at_us = rows_time(call, row, 40);
    asking->trigger = rows_int4(call, row, 45);
    asking->reason = rows_int4(call, row, 46);
    asking->wished_method = rows_int4(call, row, 47);
    asking->requester_role = rows_int4(call, row, 48);
    asking->whole_order = rows_bool(call, row, 52);
    asking->shipping = rows_bool(call, row, 53);
    copy_currency(asking->amount_currency, rows_text(call, row, 55));
    asking->request_id = rows_text(call, row, 57);
    asking->requester_id = rows_text(call, row, 58);
    asking->external_reference = rows_text(call, row, 59);
}

static enum status read_refund(struct batch *batch, const struct call *call, size_t row,
                               struct order *order)
{
    struct refund *refund = arena_zalloc(batch->arena, sizeof *refund);
    if (refund == NULL)
        return STATUS_EXHAUSTED;
    refund->refund_key = rows_int8(call, row, 28);
    refund->version = rows_int8(call, row, 29);
    refund->round = rows_int8(call, row, 30);
    for (int stage = 0; stage < LATER_COUNT; stage++)
        refund->seen[stage] = rows_int8(call, row, 31 + stage);
    refund->claim_minor = rows_int8(call, row, 34);
    refund->shipping_minor = rows_int8(call, row, 35);
    refund->shipping_tax_minor = rows_int8(call, row, 36);
    refund->paid_minor = rows_int8(call, row, 37);
    read_asking(call, row, &refund->asking);
    refund->received_at_us = rows_time(call, row, 41);
    refund->updated_at_us = rows_time(call, row, 42);
    refund->status = (enum refund_status)rows_int4(call, row, 43);
    refund->rejection = (enum rejection_reason)rows_int4(call, row, 44);
    refund->holds = rows_bool(call, row, 49);
    refund->appealed = rows_bool(call, row, 50);
    refund->cancel_asked = rows_bool(call, row, 51);
    copy_currency(refund->currency, rows_text(call, row, 54));
    refund->refund_id = rows_text(call, row, 56);
    order_add_refund(order, refund);
    return STATUS_OK;
}

static enum status read_orders(struct batch *batch, const struct loading *loading)
{
    const struct call *call = loading->orders;
    enum status status = make_orders(batch);
    for (size_t i = 0; i < rows_found(call) && status == STATUS_OK; i++) {
        struct order *order = rows_order(batch, call, i);
        if (order->order_key == 0) {
            read_order(call, i, order);
            status =
                read_customer(batch, call, i, loading->needs[rows_int8(call, i, 0)].mask, order);
        }
        if (status == STATUS_OK && !rows_null(call, i, 20))
            status = read_payment(batch, call, i, order);
        if (status == STATUS_OK && !rows_null(call, i, 28))
            status = read_refund(batch, call, i, order);
    }
    return status;
}

static enum status read_evidence(struct batch *batch, const struct call *call)
{
    struct evidence *last = NULL;
    const struct refund *of = NULL;
    for (size_t i = 0; i < rows_found(call); i++) {
        struct refund *refund = rows_refund(rows_order(batch, call, i), rows_int8(call, i, 1));
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
    for (size_t i = 0; i < rows_found(call); i++) {
        struct refund *refund = rows_refund(rows_order(batch, call, i), rows_int8(call, i, 1));
        struct follow_up_known *known = arena_zalloc(batch->arena, sizeof *known);
        if (known == NULL)
            return STATUS_EXHAUSTED;
        if (refund == NULL)
            return STATUS_FATAL;
        known->kind = (enum follow_up_kind)rows_int4(call, i, 2);
        known->follow_up_id = rows_text(call, i, 3);
        known->state = (enum follow_up_state)rows_int4(call, i, 4);
        known->occurred_at_us = rows_time(call, i, 5);
        known->actor_id = rows_text(call, i, 6);
        known->actor_role = rows_int4(call, i, 7);
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
    for (size_t i = 0; i < rows_found(call); i++) {
        struct refund *refund = rows_refund(rows_order(batch, call, i), rows_int8(call, i, 1));
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
    struct order *order = rows_order(batch, call, row);
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
    for (size_t i = 0, next; i < rows_found(call); i = next) {
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
    for (size_t i = 0; i < rows_found(loading->movements) && status == STATUS_OK; i++)
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
    for (size_t i = 0; i < rows_found(call); i++) {
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
        status = rows_read_lines(batch, loading);
    if (status == STATUS_OK)
        status = rows_read_claims(batch, loading);
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
