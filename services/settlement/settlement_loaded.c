/* From the rows that were loaded to the structs of the core. Texts stay where PostgreSQL's answer
 * is, which lives as long as the batch. */

#include "sender.h"
#include "settlement_batch.h"

#include <string.h>

#define LOADED_ROWS(X)                 \
    X(payments, payment)               \
    X(refunds, refund)                 \
    X(payouts, payout)                 \
    X(foreign_refunds, foreign_refund) \
    X(disputes, dispute)               \
    X(goods_lines, goods_line)

static struct order_rows *order_of(struct settlement_rows *rows, const struct call *call,
                                   size_t row)
{
    return &rows->orders[rows_int8(call, row, 0)];
}

static void read_payment(const struct call *call, size_t row, struct order_rows *order,
                         struct payment *payment)
{
    *payment = (struct payment){
        .payment_id = rows_text(call, row, 1),
        .provider = rows_int4(call, row, 2),
        .provider_reference = rows_text(call, row, 3),
        .provider_account = rows_text(call, row, 4),
        .method = rows_int4(call, row, 5),
        .currency = rows_text(call, row, 6),
        .captured_minor = rows_int8(call, row, 7),
        .refunded_minor = rows_int8(call, row, 8),
        .in_flight_minor = rows_int8(call, row, 9),
        .disputed_minor = rows_int8(call, row, 10),
        .over = rows_bool(call, row, 11),
        .captured_us = rows_time(call, row, 12),
        .next = order->payments,
    };
    order->payments = payment;
}

static struct payment *payment_of(const struct order_rows *order, const char *payment_id,
                                  const char *reference)
{
    struct payment *payment = order->payments;
    while (payment != NULL &&
           (payment_id[0] != '\0' ? strcmp(payment->payment_id, payment_id) != 0
                                  : strcmp(payment->provider_reference, reference) != 0))
        payment = payment->next;
    return payment;
}

/* Its lines follow: see read_lines. */
static void read_refund(const struct call *call, size_t row, struct order_rows *order,
                        struct refund *refund)
{
    *refund = (struct refund){
        .refund_id = rows_text(call, row, 1),
        .routed_version = rows_int8(call, row, 2),
        .version = rows_int8(call, row, 3),
        .cancelled = rows_bool(call, row, 4),
        .goods = goods_state_of(rows_int4(call, row, 5)),
        .reason = rows_int4(call, row, 6),
        .customer = rows_text(call, row, 8),
        .market = rows_text(call, row, 9),
        .next = order->refunds,
    };
    order->refunds = refund;
}

static struct refund *refund_of(const struct order_rows *order, const char *refund_id)
{
    struct refund *refund = order->refunds;
    while (refund != NULL && strcmp(refund->refund_id, refund_id) != 0)
        refund = refund->next;
    return refund;
}

static void read_payout(const struct call *call, size_t row, struct order_rows *order,
                        struct payout *payout)
{
    *payout = (struct payout){
        .payout_id = rows_text(call, row, 1),
        .refund = refund_of(order, rows_text(call, row, 2)),
        .payment_id = rows_text(call, row, 3),
        .payment = payment_of(order, rows_text(call, row, 3), ""),
        .ordinal = rows_int4(call, row, 4),
        .routed_version = rows_int8(call, row, 5),
        .state = payout_state_of(rows_int4(call, row, 6)),
        .provider = rows_int4(call, row, 7),
        .form = rows_int4(call, row, 8),
        .amount_minor = rows_int8(call, row, 9),
        .currency = rows_text(call, row, 10),
        .held_minor = rows_int8(call, row, 11),
        .version = rows_int8(call, row, 12),
        .provider_refund_id = rows_text(call, row, 13),
        .reason = rows_text(call, row, 14),
        .http_status = rows_int4(call, row, 15),
        .answer_stored = rows_bool(call, row, 16),
        .attempts = rows_int4(call, row, 17),
        .reserved_us = rows_time(call, row, 18),
        .first_submitted_us = rows_time(call, row, 19),
        .submitted_us = rows_time(call, row, 20),
        .expected_day = rows_int8(call, row, 21),
        .updated_us = rows_time(call, row, 22),
        .cause = rows_text(call, row, 23),
        .payee = rows_text(call, row, 24),
        .confirmed_us = rows_time(call, row, 25),
    };
    payout->due = payout_due_kind(payout->state);
    struct payout **at = &order->payouts; /* in order of ordinal: notes and shares depend on it */
    while (*at != NULL && (*at)->ordinal <= payout->ordinal)
        at = &(*at)->next;
    payout->next = *at;
    *at = payout;
}

static void read_foreign_refund(const struct call *call, size_t row, struct order_rows *order,
                                struct foreign_refund *foreign)
{
    *foreign = (struct foreign_refund){
        .provider_refund_id = rows_text(call, row, 1),
        .payment_id = rows_text(call, row, 2),
        .provider_reference = rows_text(call, row, 3),
        .status = rows_int4(call, row, 4),
        .amount_minor = rows_int8(call, row, 5),
        .currency = rows_text(call, row, 6),
        .counted_minor = rows_int8(call, row, 7),
        .next = order->foreign_refunds,
    };
    foreign->payment = payment_of(order, foreign->payment_id, foreign->provider_reference);
    order->foreign_refunds = foreign;
}

static void read_dispute(const struct call *call, size_t row, struct order_rows *order,
                         struct dispute *dispute)
{
    *dispute = (struct dispute){
        .dispute_id = rows_text(call, row, 1),
        .payment_id = rows_text(call, row, 2),
        .provider_reference = rows_text(call, row, 3),
        .state = dispute_state_of(rows_int4(call, row, 4)),
        .amount_minor = rows_int8(call, row, 5),
        .currency = rows_text(call, row, 6),
        .counted_minor = rows_int8(call, row, 7),
        .fee_minor = rows_int8(call, row, 8),
        .fee_counted_minor = rows_int8(call, row, 9),
        .fee_currency = rows_text(call, row, 10),
        .next = order->disputes,
    };
    dispute->payment = payment_of(order, dispute->payment_id, dispute->provider_reference);
    order->disputes = dispute;
}

static void read_goods_line(const struct call *call, size_t row, struct order_rows *order,
                            struct goods_line *line)
{
    *line = (struct goods_line){
        .refund_id = rows_text(call, row, 1),
        .line_id = rows_text(call, row, 2),
        .received_units = rows_int8(call, row, 3),
        .inspected_units = rows_int8(call, row, 4),
        .accepted_units = rows_int8(call, row, 5),
        .refused_condition = rows_int4(call, row, 6),
        .next = order->goods_lines,
    };
    order->goods_lines = line;
}

#define X(table, type)                                                                 \
    static enum status read_##table(struct batch *batch, struct settlement_rows *rows) \
    {                                                                                  \
        const struct call *call = rows->table;                                         \
        size_t count = call == NULL ? 0 : rows_count(call);                            \
        struct type *items = arena_array(batch->arena, count + 1, sizeof *items);      \
        if (items == NULL)                                                             \
            return STATUS_EXHAUSTED;                                                   \
        for (size_t row = 0; row < count; row++)                                       \
            read_##type(call, row, order_of(rows, call, row), &items[row]);            \
        return STATUS_OK;                                                              \
    }
LOADED_ROWS(X)
#undef X

static enum status read_seen(struct batch *batch, struct settlement_rows *rows,
                             const struct call *call, bool goods)
{
    for (size_t row = 0; call != NULL && row < rows_count(call); row++) {
        struct order_rows *order = order_of(rows, call, row);
        struct seen **list = goods ? &order->seen_goods : &order->seen_evidence;
        struct seen *seen = arena_alloc(batch->arena, sizeof *seen);
        if (seen == NULL)
            return STATUS_EXHAUSTED;
        *seen = (struct seen){.event_id = rows_text(call, row, 1), .next = *list};
        *list = seen;
    }
    return STATUS_OK;
}

/* The lines of the refunds, which come as bytes. Bytes of our own that cannot be read are fatal. */
static enum status read_lines(struct batch *batch, struct settlement_rows *rows)
{
    const struct call *call = rows->refunds;
    for (size_t row = 0; call != NULL && row < rows_count(call); row++) {
        struct refund *refund = refund_of(order_of(rows, call, row), rows_text(call, row, 1));
        size_t size = 0;
        const void *bytes = rows_bytes(call, row, 7, &size);
        enum status status =
            note_lines_unpack(bytes, size, batch->arena, &refund->lines, &refund->line_count);
        if (status != STATUS_OK)
            return status == STATUS_INVALID ? STATUS_FATAL : status;
    }
    return STATUS_OK;
}

/* States of rows that a newer program wrote. */
static enum status check_states(const struct settlement_rows *rows, size_t order_count)
{
    for (size_t i = 0; i < order_count; i++) {
        for (const struct refund *r = rows->orders[i].refunds; r != NULL; r = r->next)
            if (r->goods == GOODS_STATES)
                return STATUS_FATAL;
        for (const struct payout *p = rows->orders[i].payouts; p != NULL; p = p->next)
            if (p->state == PAYOUT_STATES || p->refund == NULL)
                return STATUS_FATAL;
        for (const struct dispute *d = rows->orders[i].disputes; d != NULL; d = d->next)
            if (d->state == DISPUTE_STATES)
                return STATUS_FATAL;
    }
    return STATUS_OK;
}

enum status settlement_loaded(struct batch *batch)
{
    const struct settlement *settlement = batch->context;
    struct settlement_rows *rows = batch->rows;
    rows->orders = arena_array(batch->arena, batch->order_count + 1, sizeof *rows->orders);
    if (rows->orders == NULL)
        return STATUS_EXHAUSTED;
    for (size_t i = 0; i < batch->order_count; i++)
        batch->orders[i].rows = &rows->orders[i];
    enum status status = rules_loaded(settlement->rules, batch);
#define X(table, type)       \
    if (status == STATUS_OK) \
        status = read_##table(batch, rows);
    LOADED_ROWS(X)
#undef X
    if (status == STATUS_OK)
        status = read_lines(batch, rows);
    if (status == STATUS_OK)
        status = read_seen(batch, rows, rows->seen_evidence, false);
    if (status == STATUS_OK)
        status = read_seen(batch, rows, rows->seen_goods, true);
    if (status == STATUS_OK)
        status = check_states(rows, batch->order_count);
    if (status == STATUS_OK)
        status = settlement_references_loaded(batch, rows);
    if (status == STATUS_OK)
        status = settlement_ledger_loaded(batch, rows);
    if (settlement->sender != NULL)
        sender_capacity(settlement->sender, rows->capacity);
    return status;
}
