/* Loading. What is new in a batch is mostly first assessments of refunds with one payment: for
 * those only the refund itself is looked for. */

#include "routing_store.h"

#include "columns.h"

#include "routing_codec.h"
#include "routing_needs.h"
#include "routing_rules.h"
#include "routing_stage.h"

#include <string.h>

static const struct statement LOAD_REFUNDS = {
    .name = "load_refunds",
    .sql = "SELECT k.n, r.key, r.refund_id, r.state, r.version, r.assessed_seen, r.payout_seen,"
           "       r.appealed, r.requester, r.case_count, r.body,"
           "       c.version, c.renewed_version, c.status, c.queue, c.level, c.approvers_needed,"
           "       c.appeal, c.fallback, c.amount_minor, c.currency, c.method, c.payment_ids,"
           "       c.payment_minor, c.why, c.subject_hash, c.opened_at, c.due_at, c.updated_at,"
           "       r.declined, r.held_since, c.deadline_us, c.exception, c.taken_by, c.taken_until,"
           "       c.missing, r.appealed_by, r.answered_by"
           "  FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[])"
           "       AS k(n, merchant_id, order_id, refund_id)"
           "  JOIN refund r ON (r.merchant_id, r.order_id, r.refund_id)"
           "                 = (k.merchant_id, k.order_id, k.refund_id)"
           "  LEFT JOIN approval_case c ON (c.refund, c.ordinal) = (r.key, r.case_count)"};

enum refund_column {
    COLUMN_N,
    COLUMN_KEY,
    COLUMN_REFUND_ID,
    COLUMN_STATE,
    COLUMN_VERSION,
    COLUMN_ASSESSED_SEEN,
    COLUMN_PAYOUT_SEEN,
    COLUMN_APPEALED,
    COLUMN_REQUESTER,
    COLUMN_CASE_COUNT,
    COLUMN_BODY,
    COLUMN_CASE_VERSION,
    COLUMN_RENEWED_VERSION,
    COLUMN_STATUS,
    COLUMN_QUEUE,
    COLUMN_LEVEL,
    COLUMN_APPROVERS,
    COLUMN_APPEAL,
    COLUMN_FALLBACK,
    COLUMN_MINOR,
    COLUMN_CURRENCY,
    COLUMN_METHOD,
    COLUMN_PAYMENT_IDS,
    COLUMN_PAYMENT_MINOR,
    COLUMN_WHY,
    COLUMN_SUBJECT_HASH,
    COLUMN_OPENED,
    COLUMN_DUE,
    COLUMN_UPDATED,
    COLUMN_DECLINED,
    COLUMN_HELD,
    COLUMN_DEADLINE,
    COLUMN_EXCEPTION,
    COLUMN_TAKEN_BY,
    COLUMN_TAKEN_UNTIL,
    COLUMN_MISSING,
    COLUMN_APPEALED_BY,
    COLUMN_ANSWERED_BY
};

static const struct statement LOAD_DECISIONS = {
    .name = "load_decisions",
    .sql = "SELECT k.n, r.refund_id, d.number, d.decision_id, d.ordinal, d.case_version,"
           "       d.result_version, d.actor_id, d.actor_role, d.verdict, d.refusal,"
           "       d.amount_minor, d.method, d.occurred_at, d.decided_at, d.on_behalf_of, "
           "d.recommended, d.payee"
           "  FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[])"
           "       AS k(n, merchant_id, order_id, refund_id)"
           "  JOIN refund r ON (r.merchant_id, r.order_id, r.refund_id)"
           "                 = (k.merchant_id, k.order_id, k.refund_id)"
           "  JOIN decision d ON d.refund = r.key"
           " ORDER BY d.refund, d.number"};

static const struct statement LOAD_PAYMENTS = {
    .name = "load_payments",
    .sql = "SELECT k.n, p.payment_id, p.minor"
           "  FROM unnest($1::bigint[], $2::text[], $3::text[]) AS k(n, merchant_id, order_id)"
           "  JOIN approved_payment p ON (p.merchant_id, p.order_id)"
           "                           = (k.merchant_id, k.order_id)"};

/* The row that names an order in a load, and a refund of it unless refund_id is NULL. */
static void put_key(struct columns *columns, const struct batch *batch, const struct event *event,
                    const char *refund_id)
{
    columns_row(columns);
    columns_int8(columns, event->order - batch->orders);
    columns_text(columns, event->merchant_id);
    columns_text(columns, event->order_id);
    if (refund_id != NULL)
        columns_text(columns, refund_id);
}

static const char *refund_of(const struct event *event)
{
    return event->kind == EVENT_DEADLINE ? event->subject
                                         : ((const struct routing_input *)event->body)->refund_id;
}

/* NULL if it is none. */
static const struct assessed *assessed_of(const struct event *event)
{
    const struct routing_input *input = event->kind == EVENT_DEADLINE ? NULL : event->body;
    return input != NULL && input->kind == INPUT_ASSESSED ? &input->assessed : NULL;
}

static int due_of(const struct event *event)
{
    return event->kind == EVENT_DEADLINE ? event->deadline_kind : 0;
}

enum status routing_load(struct batch *batch, struct unit *unit)
{
    struct routing_rows *rows = arena_zalloc(batch->arena, sizeof *rows);
    if (rows == NULL)
        return STATUS_EXHAUSTED;
    batch->rows = rows;
    rules_load(((const struct routing_context *)batch->context)->rules, batch, unit);
    struct columns refunds = {.unit = unit};
    struct columns decisions = {.unit = unit};
    struct columns payments = {.unit = unit};
    for (size_t i = 0; i < batch->event_count; i++) {
        const struct event *event = &batch->events[i];
        if (event->order == NULL)
            continue;
        put_key(&refunds, batch, event, refund_of(event));
        if (routing_needs_decisions(assessed_of(event)))
            put_key(&decisions, batch, event, refund_of(event));
        if (routing_needs_payments(assessed_of(event), due_of(event)))
            put_key(&payments, batch, event, NULL);
    }
    rows->refunds = columns_call(&refunds, &LOAD_REFUNDS);
    rows->decisions = columns_call(&decisions, &LOAD_DECISIONS);
    rows->payments = columns_call(&payments, &LOAD_PAYMENTS);
    return shared_load(batch, unit, &rows->shared);
}

struct routing_refund *routing_refund_find(const struct routing_order *order, const char *refund_id)
{
    for (struct routing_refund *refund = order->refunds; refund != NULL; refund = refund->next)
        if (strcmp(refund->refund_id, refund_id) == 0)
            return refund;
    return NULL;
}

static struct routing_refund *refund_link(struct arena *arena, struct routing_order *order,
                                          const char *refund_id)
{
    struct routing_refund *refund = arena_zalloc(arena, sizeof *refund);
    if (refund == NULL)
        return NULL;
    refund->refund_id = refund_id;
    refund->requester = refund->appealed_by = refund->answered_by = "";
    refund->next = order->refunds;
    order->refunds = refund;
    return refund;
}

struct routing_refund *routing_refund_add(struct batch *batch, const struct event *event,
                                          const char *refund_id)
{
    struct routing_refund *refund = refund_link(batch->arena, event->order->rows, refund_id);
    if (refund != NULL)
        refund->key = batch_key(batch, event->shard);
    return refund;
}

static bool read_coverage(struct arena *arena, const struct call *call, size_t row,
                          struct routing_case *subject)
{
    const char *ids[ROUTING_PAYMENTS_MAX];
    int64_t minor[ROUTING_PAYMENTS_MAX];
    size_t count = rows_text_array(call, row, COLUMN_PAYMENT_IDS, arena, ids, ROUTING_PAYMENTS_MAX);
    size_t amounts = rows_int8_array(call, row, COLUMN_PAYMENT_MINOR, minor, ROUTING_PAYMENTS_MAX);
    struct coverage *coverage = arena_array(arena, count + 1, sizeof *coverage);
    if (coverage == NULL)
        return false;
    for (size_t i = 0; i < count && i < amounts && i < ROUTING_PAYMENTS_MAX; i++)
        coverage[subject->coverage_count++] = (struct coverage){ids[i], minor[i]};
    subject->coverage = coverage;
    return true;
}

static enum case_status case_status_find(const char *name)
{
    for (int status = CASE_OPEN; status < CASE_EXPIRED; status++)
        if (strcmp(case_status_name((enum case_status)status), name) == 0)
            return (enum case_status)status;
    return CASE_EXPIRED;
}

static struct routing_case *read_case(struct arena *arena, const struct call *call, size_t row,
                                      const struct routing_order *order,
                                      const struct routing_refund *refund)
{
    struct routing_case *subject = arena_zalloc(arena, sizeof *subject);
    if (subject == NULL)
        return NULL;
    subject->ordinal = refund->case_count;
    identity_case(order->merchant_id, refund->refund_id, subject->ordinal, subject->case_id);
    subject->version = rows_int8(call, row, COLUMN_CASE_VERSION);
    subject->renewed_version = rows_int8(call, row, COLUMN_RENEWED_VERSION);
    subject->status = case_status_find(rows_text(call, row, COLUMN_STATUS));
    subject->queue = rows_text(call, row, COLUMN_QUEUE);
    subject->level = rows_int4(call, row, COLUMN_LEVEL);
    subject->approvers = rows_int4(call, row, COLUMN_APPROVERS);
    subject->appeal = rows_bool(call, row, COLUMN_APPEAL);
    subject->fallback = rows_bool(call, row, COLUMN_FALLBACK);
    subject->minor = rows_int8(call, row, COLUMN_MINOR);
    subject->currency = rows_text(call, row, COLUMN_CURRENCY);
    subject->method = rows_int4(call, row, COLUMN_METHOD);
    size_t why = rows_text_array(call, row, COLUMN_WHY, arena, subject->why, ROUTING_WHY_MAX);
    subject->why_count = why < ROUTING_WHY_MAX ? why : ROUTING_WHY_MAX;
    const char *hash = rows_text(call, row, COLUMN_SUBJECT_HASH);
    memcpy(subject->subject_hash, hash, strnlen(hash, sizeof subject->subject_hash - 1));
    subject->opened_us = rows_time(call, row, COLUMN_OPENED);
    subject->due_us = rows_time(call, row, COLUMN_DUE);
    subject->updated_us = rows_time(call, row, COLUMN_UPDATED);
    subject->deadline_us = rows_int8(call, row, COLUMN_DEADLINE);
    subject->exception = rows_bool(call, row, COLUMN_EXCEPTION);
    subject->taken_by = rows_text(call, row, COLUMN_TAKEN_BY);
    if (!rows_null(call, row, COLUMN_TAKEN_UNTIL))
        subject->taken_until_us = rows_time(call, row, COLUMN_TAKEN_UNTIL);
    size_t missing =
        rows_text_array(call, row, COLUMN_MISSING, arena, subject->missing, ROUTING_MISSING_MAX);
    subject->missing_count = missing < ROUTING_MISSING_MAX ? missing : ROUTING_MISSING_MAX;
    subject->stored = true;
    return read_coverage(arena, call, row, subject) ? subject : NULL;
}

static enum status read_refund(struct batch *batch, const struct call *call, size_t row,
                               struct routing_order *order)
{
    const struct routing_context *own = batch->context;
    struct arena *arena = batch->arena;
    const char *refund_id = rows_text(call, row, COLUMN_REFUND_ID);
    if (routing_refund_find(order, refund_id) != NULL)
        return STATUS_OK;
    struct routing_refund *refund = refund_link(arena, order, refund_id);
    if (refund == NULL)
        return STATUS_EXHAUSTED;
    refund->key = rows_int8(call, row, COLUMN_KEY);
    refund->state = decision_state_find(rows_text(call, row, COLUMN_STATE));
    refund->version = rows_int8(call, row, COLUMN_VERSION);
    refund->assessed_seen = rows_int8(call, row, COLUMN_ASSESSED_SEEN);
    refund->payout_seen = rows_int8(call, row, COLUMN_PAYOUT_SEEN);
    refund->appealed = rows_bool(call, row, COLUMN_APPEALED);
    refund->requester = rows_text(call, row, COLUMN_REQUESTER);
    refund->appealed_by = rows_text(call, row, COLUMN_APPEALED_BY);
    refund->answered_by = rows_text(call, row, COLUMN_ANSWERED_BY);
    refund->case_count = rows_int4(call, row, COLUMN_CASE_COUNT);
    refund->declined = rows_bool(call, row, COLUMN_DECLINED);
    if (!rows_null(call, row, COLUMN_HELD))
        refund->held_us = rows_time(call, row, COLUMN_HELD);
    refund->stored = true;
    if (refund->state == STATE_COUNT)
        return STATUS_FATAL;
    if (!rows_null(call, row, COLUMN_BODY)) {
        size_t size = 0;
        const void *body = rows_bytes(call, row, COLUMN_BODY, &size);
        refund->assessed = routing_read_body(arena, own->scratch, body, size);
        if (refund->assessed == NULL)
            return arena_exhausted(arena) ? STATUS_EXHAUSTED : STATUS_FATAL;
    }
    if (refund->case_count > 0 && !rows_null(call, row, COLUMN_CASE_VERSION))
        refund->latest = read_case(arena, call, row, order, refund);
    return refund->case_count > 0 && refund->latest == NULL ? STATUS_EXHAUSTED : STATUS_OK;
}

static enum refusal_reason refusal_find(const char *name)
{
    for (int reason = REFUSAL_NONE; reason < REFUSAL_TOO_MANY; reason++)
        if (strcmp(refusal_reason_name((enum refusal_reason)reason), name) == 0)
            return (enum refusal_reason)reason;
    return REFUSAL_TOO_MANY;
}

/* They come in order; a refund that several events name comes several times. */
static enum status read_decision(struct arena *arena, const struct call *call, size_t row,
                                 const struct routing_order *order)
{
    struct routing_refund *refund = routing_refund_find(order, rows_text(call, row, 1));
    if (refund == NULL)
        return STATUS_OK;
    int32_t number = rows_int4(call, row, 2);
    struct kept_decision **last = &refund->decisions;
    for (; *last != NULL; last = &(*last)->next)
        if ((*last)->number == number)
            return STATUS_OK;
    struct kept_decision *kept = arena_alloc(arena, sizeof *kept);
    if (kept == NULL)
        return STATUS_EXHAUSTED;
    *kept = (struct kept_decision){.number = number,
                                   .decision_id = rows_text(call, row, 3),
                                   .ordinal = rows_int4(call, row, 4),
                                   .case_version = rows_int8(call, row, 5),
                                   .result_version = rows_int8(call, row, 6),
                                   .actor_id = rows_text(call, row, 7),
                                   .role = (enum person_role)rows_int4(call, row, 8),
                                   .verdict = (enum verdict)rows_int4(call, row, 9),
                                   .refusal = refusal_find(rows_text(call, row, 10)),
                                   .minor = rows_int8(call, row, 11),
                                   .method = rows_int4(call, row, 12),
                                   .occurred_us = rows_time(call, row, 13),
                                   .decided_us = rows_time(call, row, 14),
                                   .on_behalf_of = rows_text(call, row, 15),
                                   .recommended = (enum verdict)rows_int4(call, row, 16),
                                   .payee = rows_text(call, row, 17),
                                   .stored = true};
    *last = kept;
    return STATUS_OK;
}

static enum status read_payment(struct arena *arena, const struct call *call, size_t row,
                                struct routing_order *order)
{
    const char *payment_id = rows_text(call, row, 1);
    for (const struct approved_payment *known = order->payments; known != NULL; known = known->next)
        if (strcmp(known->payment_id, payment_id) == 0)
            return STATUS_OK;
    struct approved_payment *payment = arena_zalloc(arena, sizeof *payment);
    if (payment == NULL)
        return STATUS_EXHAUSTED;
    payment->payment_id = payment_id;
    payment->minor = rows_int8(call, row, 2);
    payment->stored = true;
    payment->next = order->payments;
    order->payments = payment;
    return STATUS_OK;
}

static enum status start_orders(struct batch *batch)
{
    for (size_t i = 0; i < batch->order_count; i++) {
        struct routing_order *order = arena_zalloc(batch->arena, sizeof *order);
        if (order == NULL)
            return STATUS_EXHAUSTED;
        order->merchant_id = batch->orders[i].merchant_id;
        order->order_id = batch->orders[i].order_id;
        batch->orders[i].rows = order;
    }
    return STATUS_OK;
}

static struct routing_order *order_of(struct batch *batch, const struct call *call, size_t row)
{
    return batch->orders[rows_int8(call, row, 0)].rows;
}

enum status routing_loaded(struct batch *batch)
{
    struct routing_rows *rows = batch->rows;
    struct arena *arena = batch->arena;
    enum status status = routing_rules_loaded(batch);
    if (status == STATUS_OK)
        status = start_orders(batch);
    for (size_t i = 0;
         status == STATUS_OK && rows->refunds != NULL && i < rows_count(rows->refunds); i++)
        status = read_refund(batch, rows->refunds, i, order_of(batch, rows->refunds, i));
    for (size_t i = 0;
         status == STATUS_OK && rows->decisions != NULL && i < rows_count(rows->decisions); i++)
        status = read_decision(arena, rows->decisions, i, order_of(batch, rows->decisions, i));
    for (size_t i = 0;
         status == STATUS_OK && rows->payments != NULL && i < rows_count(rows->payments); i++)
        status = read_payment(arena, rows->payments, i, order_of(batch, rows->payments, i));
    return status == STATUS_OK ? shared_loaded(batch, &rows->shared) : status;
}
