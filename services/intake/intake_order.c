/* The order book: orders, payments, and what was shipped, delivered and cancelled. */

#include "intake_decide.h"

#include <stdlib.h>
#include <string.h>

static int compare_line_ids(const void *a, const void *b)
{
    const struct order_line *const *x = a, *const *y = b;
    return strcmp((*x)->line_id, (*y)->line_id);
}

enum status order_lines_sort(struct order_line *lines, size_t count, struct order_line **by_id,
                             const char **twice)
{
    for (size_t i = 0; i < count; i++)
        by_id[i] = &lines[i];
    if (count > 1)
        qsort(by_id, count, sizeof *by_id, compare_line_ids);
    for (size_t i = 1; i < count; i++) {
        if (strcmp(by_id[i - 1]->line_id, by_id[i]->line_id) == 0) {
            *twice = by_id[i]->line_id;
            return STATUS_INVALID;
        }
    }
    return STATUS_OK;
}

struct order_line *order_line_find(const struct order *order, const char *line_id)
{
    size_t low = 0, high = order->lines_loaded;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int difference = strcmp(line_id, order->lines_by_id[middle]->line_id);
        if (difference == 0)
            return order->lines_by_id[middle];
        if (difference < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

struct refund *order_refund_find(const struct order *order, const char *refund_id)
{
    struct refund *refund = order->refunds;
    while (refund != NULL && strcmp(refund->refund_id, refund_id) != 0)
        refund = refund->next;
    return refund;
}

void order_add_refund(struct order *order, struct refund *refund)
{
    struct refund **at = &order->refunds;
    while (*at != NULL && (*at)->refund_key < refund->refund_key)
        at = &(*at)->next;
    refund->next = *at;
    *at = refund;
}

/* Captured at the same instant: by payment id, so that the order never depends on arrival. */
static bool captured_before(const struct payment *a, const struct payment *b)
{
    if (a->captured_at_us != b->captured_at_us)
        return a->captured_at_us < b->captured_at_us;
    return strcmp(a->payment_id, b->payment_id) < 0;
}

void order_add_payment(struct order *order, struct payment *payment)
{
    struct payment **at = &order->payments;
    while (*at != NULL && captured_before(*at, payment))
        at = &(*at)->next;
    payment->next = *at;
    *at = payment;
}

bool order_usable(const struct order *order)
{
    if (!order->placed)
        return false;
    for (const struct payment *payment = order->payments; payment != NULL; payment = payment->next)
        if (strcmp(payment->currency, order->currency) == 0)
            return true;
    return false;
}

void order_ensure(const struct intake *intake, struct order *order, int64_t now_us)
{
    if (order->order_key != 0)
        return;
    order->order_key = intake->port->key(intake->port->self, order);
    order->is_new = true;
    order->received_at_us = now_us;
    order->customer_token = order->market = "";
}

static void advance(int64_t *at_us, int64_t *units, const struct order_line *line,
                    const struct movement *movement, int64_t moved)
{
    if (*at_us < movement->occurred_at_us)
        *at_us = movement->occurred_at_us;
    *units = moved > line->units - *units ? line->units : *units + moved;
}

static void apply_line(struct order_line *line, const struct movement *movement, int64_t units)
{
    int64_t ignored_us = 0;
    switch (movement->kind) {
    case MOVEMENT_SHIPPED:
        advance(&line->shipped_at_us, &line->shipped_units, line, movement, units);
        break;
    case MOVEMENT_DELIVERED:
        advance(&line->delivered_at_us, &line->delivered_units, line, movement, units);
        break;
    case MOVEMENT_CANCELLED:
        advance(&ignored_us, &line->cancelled_units, line, movement, units);
        break;
    }
    line->changed = true;
}

/* Lines that are not on the order are left out: only a movement that came before the order can
 * still name one here. */
static void apply_movement(struct order *order, const struct movement *movement)
{
    for (size_t i = 0; i < movement->line_count; i++) {
        struct order_line *line = order_line_find(order, movement->lines[i].line_id);
        if (line != NULL)
            apply_line(line, movement, movement->lines[i].units);
    }
    bool whole = movement->kind == MOVEMENT_CANCELLED && movement->line_count == 0;
    if (whole && order->cancelled_at_us < movement->occurred_at_us) {
        order->cancelled_at_us = movement->occurred_at_us;
        order->changed = true;
    }
}

static void place(struct order *order, const struct input *input)
{
    const struct placed *placed = &input->placed;
    order->placed = order->placed_now = order->changed = true;
    order->placed_at_us = input->occurred_at_us;
    order->fingerprint = placed->fingerprint;
    order->customer_token = placed->customer_token;
    order->market = placed->market;
    memcpy(order->currency, placed->currency, 3);
    order->channel = placed->channel;
    order->lines = placed->lines;
    order->lines_by_id = placed->by_id;
    order->lines_loaded = placed->line_count;
    order->line_count = (int32_t)placed->line_count;
    order->shipping_minor = placed->shipping_minor;
    order->shipping_tax_minor = placed->shipping_tax_minor;
    order->shipping_tax_rate_ppm = placed->shipping_tax_rate_ppm;
    order->total_minor = placed->total_minor;
    for (const struct movement *early = order->movements; early != NULL; early = early->next)
        if (early->early)
            apply_movement(order, early);
}

enum status intake_placed(const struct intake *intake, struct order *order,
                          const struct input *input)
{
    const struct intake_port *port = intake->port;
    if (order->placed && order->fingerprint == input->placed.fingerprint)
        return STATUS_DUPLICATE;
    if (order->placed)
        return port->refuse(port->self, REFUSE_CONFLICT, "placed", order->order_id,
                            "an order is placed once, with one content");
    order_ensure(intake, order, input->now_us);
    place(order, input);
    if (order->customer != NULL)
        order->customer->orders++;
    if (order->customer_token[0] != '\0') {
        struct customer_addition addition = {.token = order->customer_token,
                                             .day_of_us = input->occurred_at_us,
                                             .currency = order->currency,
                                             .orders = 1};
        enum status status = port->add(port->self, order, &addition);
        if (status != STATUS_OK)
            return status;
    }
    return intake_settle(intake, order, input->now_us);
}

static bool capture_fits(const struct order *order, int64_t minor)
{
    int64_t sum = minor;
    for (const struct payment *payment = order->payments; payment != NULL; payment = payment->next)
        if (__builtin_add_overflow(sum, payment->minor, &sum))
            return false;
    return true;
}

enum status intake_captured(const struct intake *intake, struct order *order,
                            const struct input *input)
{
    const struct intake_port *port = intake->port;
    for (const struct payment *known = order->payments; known != NULL; known = known->next)
        if (strcmp(known->payment_id, input->captured.payment_id) == 0)
            return STATUS_DUPLICATE;
    if (order->placed && strcmp(order->currency, input->captured.currency) != 0)
        return port->refuse(port->self, REFUSE_OUT_OF_RANGE, "captured.amount.currency",
                            input->captured.currency, "the currency of the order");
    if (!capture_fits(order, input->captured.minor))
        return port->refuse(port->self, REFUSE_OUT_OF_RANGE, "captured.amount.minor",
                            input->captured.payment_id,
                            "all payments of an order together stay below 2^63");
    struct payment *payment = arena_memdup(intake->arena, &input->captured, sizeof *payment);
    if (payment == NULL)
        return STATUS_EXHAUSTED;
    order_ensure(intake, order, input->now_us);
    payment->is_new = true;
    order_add_payment(order, payment);
    return intake_settle(intake, order, input->now_us);
}

static const struct movement *find_movement(const struct order *order,
                                            const struct movement *wanted)
{
    for (const struct movement *known = order->movements; known != NULL; known = known->next)
        if (known->kind == wanted->kind && strcmp(known->movement_id, wanted->movement_id) == 0)
            return known;
    return NULL;
}

static enum status check_moved_lines(const struct intake *intake, const struct order *order,
                                     const struct movement *moved)
{
    const struct intake_port *port = intake->port;
    for (size_t i = 0; i < moved->line_count; i++) {
        const struct order_line *line = order_line_find(order, moved->lines[i].line_id);
        if (line == NULL)
            return port->refuse(port->self, REFUSE_UNKNOWN_REFERENCE, "lines.line_id",
                                moved->lines[i].line_id, "a line of the order");
        if (moved->lines[i].units > line->units)
            return port->refuse(port->self, REFUSE_OUT_OF_RANGE, "lines.units",
                                moved->lines[i].line_id, "at most the units that were bought");
    }
    return STATUS_OK;
}

enum status intake_moved(const struct intake *intake, struct order *order,
                         const struct input *input)
{
    const struct intake_port *port = intake->port;
    const struct movement *known = find_movement(order, &input->moved);
    if (known != NULL && known->fingerprint == input->moved.fingerprint)
        return STATUS_DUPLICATE;
    if (known != NULL)
        return port->refuse(port->self, REFUSE_CONFLICT, "id", input->moved.movement_id,
                            "one id has one content");
    if (order->placed) {
        enum status status = check_moved_lines(intake, order, &input->moved);
        if (status != STATUS_OK)
            return status;
    }
    struct movement *movement = arena_memdup(intake->arena, &input->moved, sizeof *movement);
    if (movement == NULL)
        return STATUS_EXHAUSTED;
    order_ensure(intake, order, input->now_us);
    movement->is_new = true;
    movement->early = !order->placed;
    movement->next = order->movements;
    order->movements = movement;
    if (order->placed)
        apply_movement(order, movement);
    return STATUS_OK;
}
