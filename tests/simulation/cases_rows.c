/* The database: only the refunds that a batch names are loaded, and only what was marked is saved,
 * as the statements of the service do it. */

#include "cases.h"
#include "services/routing/routing_needs.h"

#include <string.h>

struct routing_refund *cases_refund(const struct routing_order *order, int number, int refund)
{
    struct routing_refund *row = order->refunds;
    while (row != NULL && strcmp(row->refund_id, desk_refund_id(number, refund)) != 0)
        row = row->next;
    return row;
}

/* What is wanted. */

struct wanted {
    bool refunds[DESK_REFUNDS], decisions[DESK_REFUNDS], payments;
};

static struct wanted want(const struct desk_batch *batch, int order)
{
    struct wanted wanted = {.payments = false};
    for (size_t i = 0; i < batch->count; i++) {
        const struct desk_event *event = batch->events[i];
        const struct cases_input *input = event->body;
        if (event->order != order)
            continue;
        bool assessed = input != NULL && input->kind == CASES_ASSESSED;
        int refund = input == NULL ? event->refund : input->refund;
        int due = input == NULL ? event->kind : 0;
        wanted.refunds[refund] = true;
        wanted.decisions[refund] |= routing_needs_decisions(assessed ? &input->assessed : NULL);
        wanted.payments |= routing_needs_payments(assessed ? &input->assessed : NULL, due);
    }
    return wanted;
}

/* Loading. */

static struct kept_decision *load_decisions(const struct kept_decision *from)
{
    struct kept_decision *first = NULL, **end = &first;
    for (; from != NULL; from = from->next) {
        *end = arena_memdup(desk.arena, from, sizeof *from);
        (*end)->stored = true;
        (*end)->next = NULL;
        end = &(*end)->next;
    }
    return first;
}

static void load_refund(struct routing_order *order, const struct routing_refund *saved,
                        bool decisions)
{
    struct routing_refund *refund = arena_memdup(desk.arena, saved, sizeof *saved);
    refund->stored = true;
    refund->changed = refund->keep_body = false;
    refund->decisions = decisions ? load_decisions(saved->decisions) : NULL;
    if (saved->latest != NULL) {
        refund->latest = arena_memdup(desk.arena, saved->latest, sizeof *saved->latest);
        refund->latest->stored = true;
        refund->latest->changed = refund->latest->precedents_new = false;
        refund->latest->as_precedent = 0;
        refund->latest->older = NULL;
    }
    refund->next = order->refunds;
    order->refunds = refund;
}

static void load_payments(struct routing_order *order, const struct approved_payment *from)
{
    for (; from != NULL; from = from->next) {
        struct approved_payment *payment = arena_memdup(desk.arena, from, sizeof *from);
        payment->stored = true;
        payment->changed = false;
        payment->next = order->payments;
        order->payments = payment;
    }
}

struct routing_order *cases_load_order(const struct desk_batch *batch, int number)
{
    const struct routing_order *saved = &cases.saved[number];
    struct routing_order *order = arena_memdup(desk.arena, saved, sizeof *saved);
    struct wanted wanted = want(batch, number);
    order->refunds = NULL;
    order->payments = NULL;
    for (int i = 0; i < DESK_REFUNDS; i++) {
        const struct routing_refund *refund = cases_refund(saved, number, i);
        if (wanted.refunds[i] && refund != NULL)
            load_refund(order, refund, wanted.decisions[i]);
    }
    if (wanted.payments)
        load_payments(order, saved->payments);
    return order;
}

/* Saving. */

static void check_there(const char *what, bool stored, bool there)
{
    if (stored != there)
        sim_violate("rows: a %s is %s", what,
                    there ? "new and there already" : "changed and not there");
}

static void save_case(struct routing_refund *row, const struct routing_case *from)
{
    struct routing_case *known = row->latest;
    while (known != NULL && known->ordinal != from->ordinal)
        known = known->older;
    check_there("case", from->stored, known != NULL);
    if (known == NULL) {
        known = arena_memdup(desk.arena, from, sizeof *from);
        known->older = row->latest;
        row->latest = known;
        return;
    }
    struct routing_case before = *known;
    *known = *from;
    known->older = before.older;
    known->opened_us = before.opened_us;
}

static void save_cases(struct routing_refund *row, const struct routing_case *latest)
{
    const struct routing_case *batch[DESK_EVENTS_MAX + 1];
    size_t count = 0;
    for (; latest != NULL; latest = latest->older)
        if (latest->changed)
            batch[count++] = latest;
    while (count > 0)
        save_case(row, batch[--count]);
}

static void save_decisions(struct routing_refund *row, const struct kept_decision *from)
{
    for (; from != NULL; from = from->next) {
        if (from->stored)
            continue;
        struct kept_decision **at = &row->decisions;
        while (*at != NULL && (*at)->number != from->number)
            at = &(*at)->next;
        check_there("decision", false, *at != NULL);
        *at = arena_memdup(desk.arena, from, sizeof *from);
        (*at)->next = NULL;
    }
}

static void save_refund(int number, const struct routing_refund *from)
{
    struct routing_order *order = &cases.saved[number];
    struct routing_refund *row = cases_refund(order, number, desk_last_digit(from->refund_id));
    if (from->changed) {
        check_there("refund", from->stored, row != NULL);
        struct routing_refund before = {.refund_id = from->refund_id, .next = order->refunds};
        if (row == NULL) {
            row = arena_alloc(desk.arena, sizeof *row);
            order->refunds = row;
        } else {
            before = *row;
        }
        *row = *from;
        row->next = before.next;
        row->latest = before.latest;
        row->decisions = before.decisions;
        row->assessed = from->keep_body ? from->assessed : before.assessed;
    }
    if (row == NULL) {
        check_there("case", true, from->latest == NULL && from->decisions == NULL);
        return;
    }
    save_cases(row, from->latest);
    save_decisions(row, from->decisions);
}

static void save_payment(struct routing_order *order, const struct approved_payment *from)
{
    struct approved_payment *known = order->payments;
    while (known != NULL && strcmp(known->payment_id, from->payment_id) != 0)
        known = known->next;
    check_there("payment", from->stored, known != NULL);
    if (known == NULL) {
        known = arena_memdup(desk.arena, from, sizeof *from);
        known->next = order->payments;
        order->payments = known;
    }
    known->minor = from->minor;
}

void cases_save_order(int number, const struct routing_order *from)
{
    for (const struct routing_refund *refund = from->refunds; refund != NULL; refund = refund->next)
        save_refund(number, refund);
    for (const struct approved_payment *p = from->payments; p != NULL; p = p->next)
        if (p->changed)
            save_payment(&cases.saved[number], p);
}
