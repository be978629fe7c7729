/* Saving: only what decide marked as new or changed. */

#include "routing_store.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct statement INSERT_REFUNDS = {
    .name = "insert_refunds",
    .sql = "INSERT INTO refund (key, merchant_id, order_id, refund_id, state, version,"
           "                    assessed_seen, payout_seen, appealed, requester, case_count, body,"
           "                    declined, held_since)"
           " SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[],"
           "                      $6::bigint[], $7::bigint[], $8::bigint[], $9::boolean[],"
           "                      $10::text[], $11::integer[], $12::bytea[], $13::boolean[],"
           "                      $14::timestamptz[])"};

/* body NULL keeps the one there is. */
static const struct statement UPDATE_REFUNDS = {
    .name = "update_refunds",
    .sql = "UPDATE refund r SET state = k.state, version = k.version,"
           "       assessed_seen = k.assessed_seen, payout_seen = k.payout_seen,"
           "       appealed = k.appealed, requester = k.requester, case_count = k.case_count,"
           "       body = coalesce(k.body, r.body), declined = k.declined,"
           "       held_since = k.held_since"
           "  FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[],"
           "              $6::bigint[], $7::bigint[], $8::bigint[], $9::boolean[], $10::text[],"
           "              $11::integer[], $12::bytea[], $13::boolean[], $14::timestamptz[])"
           "       AS k(key, merchant_id, order_id, refund_id, state, version, assessed_seen,"
           "            payout_seen, appealed, requester, case_count, body, declined, held_since)"
           " WHERE (r.merchant_id, r.order_id, r.refund_id)"
           "     = (k.merchant_id, k.order_id, k.refund_id)"};

/* Lists inside a row come as one text with US (0x1f) between, which no identifier contains. */
#define CASE_KEYS                                                                              \
    "unnest($1::bigint[], $2::integer[], $3::text[], $4::text[], $5::text[], $6::text[],"      \
    "       $7::text[], $8::bigint[], $9::bigint[], $10::text[], $11::text[], $12::integer[]," \
    "       $13::integer[], $14::boolean[], $15::boolean[], $16::bigint[], $17::text[],"       \
    "       $18::integer[], $19::text[], $20::text[], $21::text[], $22::text[],"               \
    "       $23::timestamptz[], $24::timestamptz[], $25::timestamptz[], $26::bigint[],"        \
    "       $27::boolean[], $28::text[], $29::timestamptz[], $30::text[])"                     \
    " AS k(refund, ordinal, case_id, merchant_id, order_id, refund_id, requester, version,"    \
    "      renewed_version, status, queue, level, approvers_needed, appeal, fallback,"         \
    "      amount_minor, currency, method, payment_ids, payment_minor, why, subject_hash,"     \
    "      opened_at, due_at, updated_at, deadline_us, exception, taken_by, taken_until,"      \
    "      missing)"

static const struct statement INSERT_CASES = {
    .name = "insert_cases",
    .sql = "INSERT INTO approval_case (refund, ordinal, case_id, merchant_id, order_id, refund_id,"
           "       requester, version, renewed_version, status, queue, level, approvers_needed,"
           "       appeal, fallback, amount_minor, currency, method, payment_ids, payment_minor,"
           "       why, subject_hash, opened_at, due_at, updated_at, deadline_us, exception,"
           "       taken_by, taken_until, missing)"
           " SELECT k.refund, k.ordinal, k.case_id, k.merchant_id, k.order_id, k.refund_id,"
           "       k.requester, k.version, k.renewed_version, k.status, k.queue, k.level,"
           "       k.approvers_needed, k.appeal, k.fallback, k.amount_minor, k.currency, k.method,"
           "       string_to_array(k.payment_ids, chr(31)),"
           "       string_to_array(k.payment_minor, chr(31))::bigint[],"
           "       string_to_array(k.why, chr(31)), k.subject_hash, k.opened_at, k.due_at,"
           "       k.updated_at, k.deadline_us, k.exception, k.taken_by, k.taken_until,"
           "       string_to_array(k.missing, chr(31))"
           "  FROM " CASE_KEYS};

static const struct statement UPDATE_CASES = {
    .name = "update_cases",
    .sql = "UPDATE approval_case c SET version = k.version, renewed_version = k.renewed_version,"
           "       status = k.status, queue = k.queue, level = k.level,"
           "       approvers_needed = k.approvers_needed, appeal = k.appeal,"
           "       fallback = k.fallback, amount_minor = k.amount_minor, currency = k.currency,"
           "       method = k.method, payment_ids = string_to_array(k.payment_ids, chr(31)),"
           "       payment_minor = string_to_array(k.payment_minor, chr(31))::bigint[],"
           "       why = string_to_array(k.why, chr(31)), subject_hash = k.subject_hash,"
           "       due_at = k.due_at, updated_at = k.updated_at, deadline_us = k.deadline_us,"
           "       exception = k.exception, taken_by = k.taken_by, taken_until = k.taken_until,"
           "       missing = string_to_array(k.missing, chr(31))"
           "  FROM " CASE_KEYS " WHERE (c.refund, c.ordinal) = (k.refund, k.ordinal)"};

static const struct statement INSERT_DECISIONS = {
    .name = "insert_decisions",
    .sql = "INSERT INTO decision (refund, number, decision_id, ordinal, case_version,"
           "       result_version, actor_id, actor_role, verdict, refusal, amount_minor, method,"
           "       note, occurred_at, decided_at, on_behalf_of, recommended, key_id, signature,"
           "       payee, day, day_used_minor, day_limit_minor)"
           " SELECT * FROM unnest($1::bigint[], $2::integer[], $3::text[], $4::integer[],"
           "       $5::bigint[], $6::bigint[], $7::text[], $8::integer[], $9::integer[],"
           "       $10::text[], $11::bigint[], $12::integer[], $13::text[], $14::timestamptz[],"
           "       $15::timestamptz[], $16::text[], $17::integer[], $18::text[], $19::bytea[],"
           "       $20::text[], $21::integer[], $22::bigint[], $23::bigint[])"};

static const struct statement INSERT_PAYMENTS = {
    .name = "insert_payments",
    .sql = "INSERT INTO approved_payment (merchant_id, order_id, payment_id, minor)"
           " SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[])"};

static const struct statement UPDATE_PAYMENTS = {
    .name = "update_payments",
    .sql = "UPDATE approved_payment p SET minor = k.minor"
           "  FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[])"
           "       AS k(merchant_id, order_id, payment_id, minor)"
           " WHERE (p.merchant_id, p.order_id, p.payment_id)"
           "     = (k.merchant_id, k.order_id, k.payment_id)"};

enum { TABLE_COLUMNS_MAX = 30 };

/* Columns of one statement, in the order of its parameters. */
struct table_columns {
    struct column *items[TABLE_COLUMNS_MAX];
    size_t count;
};

static struct table_columns columns_create(struct unit *unit, const enum column_type *types,
                                           size_t count)
{
    struct table_columns columns = {.count = count};
    for (size_t i = 0; i < count; i++)
        columns.items[i] = column_create(unit, types[i]);
    return columns;
}

static void columns_call(struct unit *unit, const struct statement *statement,
                         const struct table_columns *columns)
{
    if (column_count(columns->items[0]) == 0)
        return;
    struct call *call = unit_call(unit, statement);
    for (size_t i = 0; i < columns->count; i++)
        call_column(call, columns->items[i]);
}

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

/* NULL for 0. */
static void put_time(struct column *column, int64_t time_us)
{
    if (time_us == 0)
        column_null(column);
    else
        column_time(column, time_us);
}

static void put_refund(struct table_columns *columns, const struct routing_order *order,
                       const struct routing_refund *refund)
{
    struct column **column = columns->items;
    column_int8(*column++, refund->key);
    column_text(*column++, order->merchant_id);
    column_text(*column++, order->order_id);
    column_text(*column++, refund->refund_id);
    column_text(*column++, decision_state_name(refund->state));
    column_int8(*column++, refund->version);
    column_int8(*column++, refund->assessed_seen);
    column_int8(*column++, refund->payout_seen);
    column_bool(*column++, refund->appealed);
    column_text(*column++, refund->requester);
    column_int4(*column++, refund->case_count);
    if (refund->keep_body)
        column_bytes(*column++, refund->assessed->body, refund->assessed->body_size);
    else
        column_null(*column++);
    column_bool(*column++, refund->declined);
    put_time(*column, refund->held_us);
}

static void save_refunds(struct batch *batch, struct unit *unit)
{
    static const enum column_type types[] = {
        COLUMN_INT8, COLUMN_TEXT, COLUMN_TEXT, COLUMN_TEXT, COLUMN_TEXT,  COLUMN_INT8, COLUMN_INT8,
        COLUMN_INT8, COLUMN_BOOL, COLUMN_TEXT, COLUMN_INT4, COLUMN_BYTES, COLUMN_BOOL, COLUMN_TIME};
    struct table_columns added = columns_create(unit, types, COUNT_OF(types));
    struct table_columns changed = columns_create(unit, types, COUNT_OF(types));
    for (size_t i = 0; i < batch->order_count; i++) {
        const struct routing_order *order = batch->orders[i].rows;
        for (const struct routing_refund *refund = order->refunds; refund != NULL;
             refund = refund->next)
            if (refund->changed)
                put_refund(refund->stored ? &changed : &added, order, refund);
    }
    columns_call(unit, &INSERT_REFUNDS, &added);
    columns_call(unit, &UPDATE_REFUNDS, &changed);
}

enum { MINOR_DIGITS_MAX = 21 };

/* "a<US>b<US>c"; NULL: the arena is full. */
static const char *join(struct arena *arena, const char *const *texts, size_t count)
{
    size_t size = 1;
    for (size_t i = 0; i < count; i++)
        size += strlen(texts[i]) + 1;
    char *joined = arena_alloc(arena, size);
    if (joined == NULL)
        return NULL;
    char *end = joined;
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            *end++ = '\x1f';
        end = stpcpy(end, texts[i]);
    }
    *end = '\0';
    return joined;
}

static void put_lists(struct arena *arena, const struct routing_case *subject, struct column *ids,
                      struct column *minor, struct column *why)
{
    size_t count = subject->coverage_count;
    const char **texts = arena_array(arena, count + 1, sizeof *texts);
    const char **amounts = arena_array(arena, count + 1, sizeof *amounts);
    char *digits = arena_array(arena, count + 1, MINOR_DIGITS_MAX);
    if (texts == NULL || amounts == NULL || digits == NULL)
        return;
    for (size_t i = 0; i < count; i++) {
        texts[i] = subject->coverage[i].payment_id;
        amounts[i] = digits + i * MINOR_DIGITS_MAX;
        (void)snprintf(digits + i * MINOR_DIGITS_MAX, MINOR_DIGITS_MAX, "%" PRId64,
                       subject->coverage[i].minor);
    }
    column_text(ids, join(arena, texts, count));
    column_text(minor, join(arena, amounts, count));
    column_text(why, join(arena, subject->why, subject->why_count));
}

static void put_case(struct arena *arena, struct table_columns *columns,
                     const struct routing_order *order, const struct routing_refund *refund,
                     const struct routing_case *subject)
{
    struct column **column = columns->items;
    column_int8(*column++, refund->key);
    column_int4(*column++, subject->ordinal);
    column_text(*column++, subject->case_id);
    column_text(*column++, order->merchant_id);
    column_text(*column++, order->order_id);
    column_text(*column++, refund->refund_id);
    column_text(*column++, refund->requester);
    column_int8(*column++, subject->version);
    column_int8(*column++, subject->renewed_version);
    column_text(*column++, case_status_name(subject->status));
    column_text(*column++, subject->queue);
    column_int4(*column++, subject->level);
    column_int4(*column++, subject->approvers);
    column_bool(*column++, subject->appeal);
    column_bool(*column++, subject->fallback);
    column_int8(*column++, subject->minor);
    column_text(*column++, subject->currency);
    column_int4(*column++, subject->method);
    put_lists(arena, subject, column[0], column[1], column[2]);
    column += 3;
    column_text(*column++, subject->subject_hash);
    column_time(*column++, subject->opened_us);
    column_time(*column++, subject->due_us);
    column_time(*column++, subject->updated_us);
    column_int8(*column++, subject->deadline_us);
    column_bool(*column++, subject->exception);
    column_text(*column++, subject->taken_by);
    put_time(*column++, subject->taken_until_us);
    column_text(*column, join(arena, subject->missing, subject->missing_count));
}

static void save_cases(struct batch *batch, struct unit *unit)
{
    static const enum column_type types[] = {
        COLUMN_INT8, COLUMN_INT4, COLUMN_TEXT, COLUMN_TEXT, COLUMN_TEXT, COLUMN_TEXT,
        COLUMN_TEXT, COLUMN_INT8, COLUMN_INT8, COLUMN_TEXT, COLUMN_TEXT, COLUMN_INT4,
        COLUMN_INT4, COLUMN_BOOL, COLUMN_BOOL, COLUMN_INT8, COLUMN_TEXT, COLUMN_INT4,
        COLUMN_TEXT, COLUMN_TEXT, COLUMN_TEXT, COLUMN_TEXT, COLUMN_TIME, COLUMN_TIME,
        COLUMN_TIME, COLUMN_INT8, COLUMN_BOOL, COLUMN_TEXT, COLUMN_TIME, COLUMN_TEXT};
    struct table_columns added = columns_create(unit, types, COUNT_OF(types));
    struct table_columns changed = columns_create(unit, types, COUNT_OF(types));
    for (size_t i = 0; i < batch->order_count; i++) {
        const struct routing_order *order = batch->orders[i].rows;
        for (const struct routing_refund *refund = order->refunds; refund != NULL;
             refund = refund->next)
            for (const struct routing_case *subject = refund->latest; subject != NULL;
                 subject = subject->older)
                if (subject->changed)
                    put_case(batch->arena, subject->stored ? &changed : &added, order, refund,
                             subject);
    }
    columns_call(unit, &INSERT_CASES, &added);
    columns_call(unit, &UPDATE_CASES, &changed);
}

/* NULL where no limit of a day was looked at. */
static void put_day(struct column **column, const struct person_day_seen *seen)
{
    if (!seen->looked) {
        for (int i = 0; i < 3; i++)
            column_null(column[i]);
        return;
    }
    column_int4(column[0], seen->day);
    column_int8(column[1], seen->used_minor);
    column_int8(column[2], seen->limit_minor);
}

static void put_decision(struct table_columns *columns, const struct routing_refund *refund,
                         const struct kept_decision *kept)
{
    struct column **column = columns->items;
    column_int8(*column++, refund->key);
    column_int4(*column++, kept->number);
    column_text(*column++, kept->decision_id);
    column_int4(*column++, kept->ordinal);
    column_int8(*column++, kept->case_version);
    column_int8(*column++, kept->result_version);
    column_text(*column++, kept->actor_id);
    column_int4(*column++, (int32_t)kept->role);
    column_int4(*column++, (int32_t)kept->verdict);
    column_text(*column++, refusal_reason_name(kept->refusal));
    column_int8(*column++, kept->minor);
    column_int4(*column++, kept->method);
    column_text(*column++, kept->note);
    column_time(*column++, kept->occurred_us);
    column_time(*column++, kept->decided_us);
    column_text(*column++, kept->on_behalf_of);
    column_int4(*column++, (int32_t)kept->recommended);
    column_text(*column++, kept->key_id);
    column_bytes(*column++, kept->signature, kept->signature_size);
    column_text(*column++, kept->payee);
    put_day(column, &kept->day);
}

static void save_decisions(struct batch *batch, struct unit *unit)
{
    static const enum column_type types[] = {
        COLUMN_INT8,  COLUMN_INT4, COLUMN_TEXT, COLUMN_INT4, COLUMN_INT8, COLUMN_INT8,
        COLUMN_TEXT,  COLUMN_INT4, COLUMN_INT4, COLUMN_TEXT, COLUMN_INT8, COLUMN_INT4,
        COLUMN_TEXT,  COLUMN_TIME, COLUMN_TIME, COLUMN_TEXT, COLUMN_INT4, COLUMN_TEXT,
        COLUMN_BYTES, COLUMN_TEXT, COLUMN_INT4, COLUMN_INT8, COLUMN_INT8};
    struct table_columns added = columns_create(unit, types, COUNT_OF(types));
    for (size_t i = 0; i < batch->order_count; i++) {
        const struct routing_order *order = batch->orders[i].rows;
        for (const struct routing_refund *refund = order->refunds; refund != NULL;
             refund = refund->next)
            for (const struct kept_decision *kept = refund->decisions; kept != NULL;
                 kept = kept->next)
                if (!kept->stored)
                    put_decision(&added, refund, kept);
    }
    columns_call(unit, &INSERT_DECISIONS, &added);
}

static void save_payments(struct batch *batch, struct unit *unit)
{
    static const enum column_type types[] = {COLUMN_TEXT, COLUMN_TEXT, COLUMN_TEXT, COLUMN_INT8};
    struct table_columns added = columns_create(unit, types, COUNT_OF(types));
    struct table_columns changed = columns_create(unit, types, COUNT_OF(types));
    for (size_t i = 0; i < batch->order_count; i++) {
        const struct routing_order *order = batch->orders[i].rows;
        for (const struct approved_payment *payment = order->payments; payment != NULL;
             payment = payment->next) {
            if (!payment->changed)
                continue;
            struct column **column = payment->stored ? changed.items : added.items;
            column_text(column[0], order->merchant_id);
            column_text(column[1], order->order_id);
            column_text(column[2], payment->payment_id);
            column_int8(column[3], payment->minor);
        }
    }
    columns_call(unit, &INSERT_PAYMENTS, &added);
    columns_call(unit, &UPDATE_PAYMENTS, &changed);
}

enum status routing_save(struct batch *batch, struct unit *unit)
{
    save_refunds(batch, unit);
    save_cases(batch, unit);
    save_decisions(batch, unit);
    save_payments(batch, unit);
    shared_save(batch, unit, &((struct routing_rows *)batch->rows)->shared);
    return arena_exhausted(batch->arena) ? STATUS_EXHAUSTED : STATUS_OK;
}
