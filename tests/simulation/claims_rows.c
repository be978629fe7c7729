/* The database: only what an event asks for is loaded, and only what was marked is saved, column by
 * column as the statements of the service do it. */

#include "claims.h"
#include "services/intake/intake_needs.h"

#include <string.h>

struct wanted {
    unsigned mask;
    bool named[CLAIMS_LINES];
    bool lowered[DESK_REFUNDS]; /* claims of refunds that were paid less */
    bool several[DESK_REFUNDS]; /* payouts */
    bool waiting;               /* something waits for the order */
};

struct refund *claims_refund(int order, int refund)
{
    return order_refund_find(&claims.saved[order], desk_refund_id(order, refund));
}

/* What is wanted. */

static void want_lines(struct wanted *wanted, const struct input *input)
{
    for (size_t i = 0; input->kind == INPUT_ASKED && i < input->request.line_count; i++)
        wanted->named[desk_last_digit(input->request.lines[i].line_id)] = true;
    for (size_t i = 0; input->kind == INPUT_MOVED && i < input->moved.line_count; i++)
        wanted->named[desk_last_digit(input->moved.lines[i].line_id)] = true;
}

static void want_payout(struct wanted *wanted, int order, const struct input *input)
{
    const struct outcome_seen *seen = &input->outcome;
    if (input->kind != INPUT_OUTCOME || outcome_is_judgement(seen->outcome))
        return;
    int number = desk_last_digit(seen->refund_id);
    const struct refund *refund = claims_refund(order, number);
    wanted->lowered[number] |= refund != NULL && refund->claim_minor != outcome_whole_claim(seen);
    wanted->several[number] |= seen->payouts_total > 1;
}

static struct wanted want(const struct desk_batch *batch, int order)
{
    struct wanted wanted = {.waiting = claims.saved[order].waiting > 0};
    for (size_t i = 0; i < batch->count; i++) {
        const struct desk_event *event = batch->events[i];
        if (event->order != order)
            continue;
        const struct input *input = event->topic == DESK_DUE ? NULL : event->body;
        wanted.mask |= input_needs(input, (enum deadline_kind)event->kind);
        if (input == NULL)
            continue;
        want_lines(&wanted, input);
        want_payout(&wanted, order, input);
    }
    return wanted;
}

static bool wants_all(const struct wanted *wanted, unsigned need)
{
    return (wanted->mask & need) != 0 || ((wanted->mask & NEED_IF_WAITING) != 0 && wanted->waiting);
}

/* Loading. */

static bool wants_line(const struct wanted *wanted, const char *line_id)
{
    return wants_all(wanted, NEED_ALL_LINES) || wanted->named[desk_last_digit(line_id)];
}

static void load_lines(struct order *order, const struct order *saved, const struct wanted *wanted)
{
    const char *twice;
    order->lines = arena_array(desk.arena, saved->lines_loaded + 1, sizeof *order->lines);
    order->lines_by_id =
        arena_array(desk.arena, saved->lines_loaded + 1, sizeof *order->lines_by_id);
    order->lines_loaded = 0;
    for (size_t i = 0; i < saved->lines_loaded; i++) {
        if (!wants_line(wanted, saved->lines[i].line_id))
            continue;
        struct order_line *line = &order->lines[order->lines_loaded++];
        *line = saved->lines[i];
        line->claims = NULL;
        line->changed = false;
    }
    if (order_lines_sort(order->lines, order->lines_loaded, order->lines_by_id, &twice) !=
        STATUS_OK)
        sim_violate("rows: a line is there twice");
}

/* A line that is asked for by name brings its claims, once it is there. */
static bool wants_claim(const struct wanted *wanted, const struct order *order,
                        const struct claim *claim)
{
    return wants_all(wanted, NEED_ALL_LINES) ||
           wanted->lowered[desk_last_digit(claim->refund->refund_id)] ||
           order_line_find(order, claim->line_id) != NULL;
}

static void load_claims(struct order *order, struct refund *refund, const struct refund *saved,
                        const struct wanted *wanted)
{
    for (const struct claim *from = saved->claims; from != NULL; from = from->next_of_refund) {
        if (!wants_claim(wanted, order, from))
            continue;
        struct claim *claim = arena_memdup(desk.arena, from, sizeof *from);
        claim->refund = NULL;
        claim->line = NULL;
        claim->next_of_line = claim->next_of_refund = NULL;
        claim->is_new = claim->changed = false;
        if (claim->range_count > 0)
            claim->units =
                arena_memdup(desk.arena, from->units, from->range_count * sizeof *from->units);
        claim_link(claim, refund, order_line_find(order, claim->line_id));
    }
}

/* A copy of a list with every row clean. */
#define COPY_OF(type)                                            \
    static struct type *copy_##type(const struct type *from)     \
    {                                                            \
        struct type *first = NULL, **end = &first;               \
        for (; from != NULL; from = from->next) {                \
            *end = arena_memdup(desk.arena, from, sizeof *from); \
            (*end)->is_new = false;                              \
            (*end)->next = NULL;                                 \
            end = &(*end)->next;                                 \
        }                                                        \
        return first;                                            \
    }
COPY_OF(payment)
COPY_OF(follow_up_known)
COPY_OF(payout_known)

static void load_refund(struct order *order, const struct refund *saved,
                        const struct wanted *wanted)
{
    struct refund *refund = arena_memdup(desk.arena, saved, sizeof *saved);
    refund->is_new = refund->changed = refund->asked_now = false;
    refund->claims = NULL;
    refund->claims_end = NULL;
    refund->notes = NULL;
    refund->follow_ups = NULL;
    refund->payouts = NULL;
    refund->customer_token = "";
    if (wants_all(wanted, NEED_FOLLOW_UPS))
        refund->follow_ups = copy_follow_up_known(saved->follow_ups);
    for (struct follow_up_known *f = refund->follow_ups; f != NULL; f = f->next)
        f->changed = false;
    if (wanted->several[desk_last_digit(saved->refund_id)])
        refund->payouts = copy_payout_known(saved->payouts);
    for (struct payout_known *p = refund->payouts; p != NULL; p = p->next)
        p->changed = false;
    order_add_refund(order, refund);
    load_claims(order, refund, saved, wanted);
}

static bool wants_movement(const struct desk_batch *batch, int order, const struct order *saved,
                           const struct movement *movement, const struct wanted *wanted)
{
    if ((wanted->mask & NEED_EARLY) != 0 && movement->early && !saved->placed)
        return true;
    for (size_t i = 0; i < batch->count; i++) {
        const struct input *input = batch->events[i]->body;
        if (batch->events[i]->order == order && input != NULL && input->kind == INPUT_MOVED &&
            input->moved.kind == movement->kind &&
            strcmp(input->moved.movement_id, movement->movement_id) == 0)
            return true;
    }
    return false;
}

static void load_movements(const struct desk_batch *batch, int number, struct order *order,
                           const struct wanted *wanted)
{
    const struct order *saved = &claims.saved[number];
    order->movements = NULL;
    for (const struct movement *from = saved->movements; from != NULL; from = from->next) {
        if (!wants_movement(batch, number, saved, from, wanted))
            continue;
        struct movement *movement = arena_memdup(desk.arena, from, sizeof *from);
        movement->is_new = false;
        movement->next = order->movements;
        order->movements = movement;
    }
}

struct order *claims_load_order(const struct desk_batch *batch, int number)
{
    const struct order *saved = &claims.saved[number];
    struct wanted wanted = want(batch, number);
    struct order *order = arena_memdup(desk.arena, saved, sizeof *saved);
    order->is_new = order->changed = order->placed_now = false;
    order->refunds = NULL;
    load_lines(order, saved, &wanted);
    order->payments = (wanted.mask & NEED_PAYMENTS) != 0 ? copy_payment(saved->payments) : NULL;
    load_movements(batch, number, order, &wanted);
    for (const struct refund *refund = saved->refunds;
         refund != NULL && (wanted.mask & NEED_REFUNDS) != 0; refund = refund->next)
        load_refund(order, refund, &wanted);
    return order;
}

/* Saving. */

static void save_order_row(struct order *saved, const struct order *from)
{
    struct order before = *saved;
    if (from->is_new || from->placed_now) {
        *saved = *from;
        saved->lines = before.lines;
        saved->lines_by_id = before.lines_by_id;
        saved->lines_loaded = before.lines_loaded;
        saved->payments = before.payments;
        saved->movements = before.movements;
        saved->refunds = before.refunds;
        if (!from->is_new)
            saved->received_at_us = before.received_at_us;
    } else if (from->changed) {
        saved->waiting = from->waiting;
        saved->cancelled_at_us = from->cancelled_at_us;
    }
}

static void move_line(struct order *saved, const struct order_line *from)
{
    struct order_line *line = order_line_find(saved, from->line_id);
    if (line == NULL) {
        sim_violate("rows: a line is changed and not there");
        return;
    }
    line->shipped_at_us = from->shipped_at_us;
    line->delivered_at_us = from->delivered_at_us;
    line->shipped_units = from->shipped_units;
    line->delivered_units = from->delivered_units;
    line->cancelled_units = from->cancelled_units;
}

static void save_lines(struct order *saved, const struct order *from)
{
    const char *twice;
    if (from->placed_now) {
        size_t count = from->lines_loaded;
        saved->lines = arena_memdup(desk.arena, from->lines, count * sizeof *from->lines);
        saved->lines_by_id = arena_array(desk.arena, count, sizeof *saved->lines_by_id);
        saved->lines_loaded = count;
        for (size_t i = 0; i < count; i++)
            saved->lines[i].claims = NULL;
        if (order_lines_sort(saved->lines, count, saved->lines_by_id, &twice) != STATUS_OK)
            sim_violate("rows: an order is placed with a line twice");
        for (struct refund *refund = saved->refunds; refund != NULL; refund = refund->next)
            for (struct claim *c = refund->claims; c != NULL; c = c->next_of_refund)
                claim_link(c, refund, order_line_find(saved, c->line_id));
        return;
    }
    for (size_t i = 0; i < from->lines_loaded; i++)
        if (from->lines[i].changed)
            move_line(saved, &from->lines[i]);
}

static void save_claim(struct order *saved, struct refund *refund, const struct refund *from,
                       const struct claim *claim)
{
    if (claim->is_new ? from->status == REFUND_REJECTED : !claim->changed)
        return;
    struct claim *row = refund->claims;
    while (row != NULL && strcmp(row->line_id, claim->line_id) != 0)
        row = row->next_of_refund;
    if ((row == NULL) != claim->is_new)
        sim_violate("rows: a claim is %s",
                    row == NULL ? "changed and not there" : "new and there already");
    if (row == NULL) {
        row = arena_memdup(desk.arena, claim, sizeof *claim);
        row->refund = NULL;
        row->line = NULL;
        row->next_of_line = row->next_of_refund = NULL;
        claim_link(row, refund, order_line_find(saved, claim->line_id));
    }
    row->minor = claim->minor;
    row->tax_minor = claim->tax_minor;
    row->units = claim->units;
    row->range_count = claim->range_count;
}

static void save_follow_ups(struct refund *refund, const struct refund *from)
{
    for (const struct follow_up_known *f = from->follow_ups; f != NULL; f = f->next) {
        struct follow_up_known **at = &refund->follow_ups;
        while (*at != NULL &&
               ((*at)->kind != f->kind || strcmp((*at)->follow_up_id, f->follow_up_id) != 0))
            at = &(*at)->next;
        if (f->is_new && *at != NULL)
            sim_violate("rows: a follow-up is new and there already");
        if (f->is_new) {
            *at = arena_memdup(desk.arena, f, sizeof *f);
            (*at)->next = NULL;
        } else if (f->changed && *at != NULL) {
            (*at)->state = f->state;
        }
    }
}

static void save_payouts(struct refund *refund, const struct refund *from)
{
    for (const struct payout_known *p = from->payouts; p != NULL; p = p->next) {
        struct payout_known *row = refund->payouts;
        while (row != NULL && strcmp(row->payout_id, p->payout_id) != 0)
            row = row->next;
        if (!p->changed)
            continue;
        if (row == NULL) {
            row = arena_memdup(desk.arena, p, sizeof *p);
            row->next = refund->payouts;
            refund->payouts = row;
        }
        row->succeeded = p->succeeded;
        row->minor = p->minor;
    }
}

/* The columns that change. */
static void change_refund(struct refund *saved, const struct refund *from)
{
    saved->version = from->version;
    saved->round = from->round;
    memcpy(saved->seen, from->seen, sizeof saved->seen);
    saved->claim_minor = from->claim_minor;
    saved->shipping_minor = from->shipping_minor;
    saved->shipping_tax_minor = from->shipping_tax_minor;
    saved->paid_minor = from->paid_minor;
    saved->updated_at_us = from->updated_at_us;
    saved->status = from->status;
    saved->rejection = from->rejection;
    saved->holds = from->holds;
    saved->appealed = from->appealed;
    saved->cancel_asked = from->cancel_asked;
    memcpy(saved->currency, from->currency, sizeof saved->currency);
    if (from->asked_now)
        saved->asking = from->asking;
}

static void save_refund(struct order *saved, const struct refund *from)
{
    struct refund *row = order_refund_find(saved, from->refund_id);
    if (!from->is_new && !from->changed)
        return;
    if ((row == NULL) != from->is_new) {
        sim_violate("rows: %s is %s", from->refund_id,
                    row == NULL ? "changed and not there" : "new and there already");
        return;
    }
    if (row == NULL) {
        row = arena_memdup(desk.arena, from, sizeof *from);
        row->claims = NULL;
        row->claims_end = NULL;
        row->follow_ups = NULL;
        row->payouts = NULL;
        order_add_refund(saved, row);
    }
    change_refund(row, from);
    for (const struct claim *claim = from->claims; claim != NULL; claim = claim->next_of_refund)
        save_claim(saved, row, from, claim);
    save_follow_ups(row, from);
    save_payouts(row, from);
}

void claims_save_order(struct order *saved, const struct order *from)
{
    save_order_row(saved, from);
    save_lines(saved, from);
    for (const struct payment *payment = from->payments; payment != NULL; payment = payment->next)
        if (payment->is_new)
            order_add_payment(saved, arena_memdup(desk.arena, payment, sizeof *payment));
    for (const struct movement *m = from->movements; m != NULL; m = m->next) {
        if (!m->is_new)
            continue;
        struct movement *row = arena_memdup(desk.arena, m, sizeof *m);
        row->next = saved->movements;
        saved->movements = row;
    }
    for (const struct refund *refund = from->refunds; refund != NULL; refund = refund->next)
        save_refund(saved, refund);
}
