/* Saving: only what decide marked as new or changed. */

#include "routing_store.h"

#include "columns.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct statement INSERT_REFUNDS = {
    .name = "insert_refunds",
    .sql = "INSERT INTO refund (key, merchant_id, order_id, refund_id, state, version,"
           "                    assessed_seen, payout_seen, appealed, requester, case_count, body,"
           "                    declined, held_since, appealed_by,"
           "                    answered_by)"
           " SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[],"
           "                      $6::bigint[], $7::bigint[], $8::bigint[], $9::boolean[],"
           "                      $10::text[], $11::integer[], $12::bytea[], $13::boolean[],"
           "                      $14::timestamptz[], $15::text[], $16::text[])"};

/* body NULL keeps the one there is. */
static const struct statement UPDATE_REFUNDS = {
    .name = "update_refunds",
    .sql = "UPDATE refund r SET state = k.state, version = k.version,"
           "       assessed_seen = k.assessed_seen, payout_seen = k.payout_seen,"
           "       appealed = k.appealed, requester = k.requester, case_count = k.case_count,"
           "       body = coalesce(k.body, r.body), declined = k.declined,"
           "       held_since = k.held_since, appealed_by = k.appealed_by,"
           "       answered_by = k.answered_by"
           "  FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[],"
           "              $6::bigint[], $7::bigint[], $8::bigint[], $9::boolean[], $10::text[],"
           "              $11::integer[], $12::bytea[], $13::boolean[], $14::timestamptz[],"
           "              $15::text[], $16::text[])"
           "       AS k(key, merchant_id, order_id, refund_id, state, version, assessed_seen,"
           "            payout_seen, appealed, requester, case_count, body, declined, held_since,"
           "            appealed_by, answered_by)"
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
           "       payee, day, day_used_minor, day_limit_minor, counting)"
           " SELECT * FROM unnest($1::bigint[], $2::integer[], $3::text[], $4::integer[],"
           "       $5::bigint[], $6::bigint[], $7::text[], $8::integer[], $9::integer[],"
           "       $10::text[], $11::bigint[], $12::integer[], $13::text[], $14::timestamptz[],"
           "       $15::timestamptz[], $16::text[], $17::integer[], $18::text[], $19::bytea[],"
           "       $20::text[], $21::integer[], $22::bigint[], $23::bigint[], $24::text[])"};

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

static void put_refund(struct columns *columns, const struct routing_order *order,
                       const struct routing_refund *refund)
{
    columns_row(columns);
    columns_int8(columns, refund->key);
    columns_text(columns, order->merchant_id);
    columns_text(columns, order->order_id);
    columns_text(columns, refund->refund_id);
    columns_text(columns, decision_state_name(refund->state));
    columns_int8(columns, refund->version);
    columns_int8(columns, refund->assessed_seen);
    columns_int8(columns, refund->payout_seen);
    columns_bool(columns, refund->appealed);
    columns_text(columns, refund->requester);
    columns_int4(columns, refund->case_count);
    columns_bytes(columns, refund->keep_body ? refund->assessed->body : NULL,
                  refund->keep_body ? refund->assessed->body_size : 0);
    columns_bool(columns, refund->declined);
    columns_time_if(columns, refund->held_us);
    columns_text(columns, refund->appealed_by);
    columns_text(columns, refund->answered_by);
}

static void save_refunds(struct batch *batch, struct unit *unit)
{
    struct columns added = {.unit = unit};
    struct columns changed = {.unit = unit};
    for (size_t i = 0; i < batch->order_count; i++) {
        const struct routing_order *order = batch->orders[i].rows;
        for (const struct routing_refund *refund = order->refunds; refund != NULL;
             refund = refund->next)
            if (refund->changed)
                put_refund(refund->stored ? &changed : &added, order, refund);
    }
    columns_call(&added, &INSERT_REFUNDS);
    columns_call(&changed, &UPDATE_REFUNDS);
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

static void put_lists(struct arena *arena, struct columns *columns,
                      const struct routing_case *subject)
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
    columns_text(columns, join(arena, texts, count));
    columns_text(columns, join(arena, amounts, count));
    columns_text(columns, join(arena, subject->why, subject->why_count));
}

static void put_case(struct arena *arena, struct columns *columns,
                     const struct routing_order *order, const struct routing_refund *refund,
                     const struct routing_case *subject)
{
    columns_row(columns);
    columns_int8(columns, refund->key);
    columns_int4(columns, subject->ordinal);
    columns_text(columns, subject->case_id);
    columns_text(columns, order->merchant_id);
    columns_text(columns, order->order_id);
    columns_text(columns, refund->refund_id);
    columns_text(columns, refund->requester);
    columns_int8(columns, subject->version);
    columns_int8(columns, subject->renewed_version);
    columns_text(columns, case_status_name(subject->status));
    columns_text(columns, subject->queue);
    columns_int4(columns, subject->level);
    columns_int4(columns, subject->approvers);
    columns_bool(columns, subject->appeal);
    columns_bool(columns, subject->fallback);
    columns_int8(columns, subject->minor);
    columns_text(columns, subject->currency);
    columns_int4(columns, subject->method);
    put_lists(arena, columns, subject);
    columns_text(columns, subject->subject_hash);
    columns_time(columns, subject->opened_us);
    columns_time(columns, subject->due_us);
    columns_time(columns, subject->updated_us);
    columns_int8(columns, subject->deadline_us);
    columns_bool(columns, subject->exception);
    columns_text(columns, subject->taken_by);
    columns_time_if(columns, subject->taken_until_us);
    columns_text(columns, join(arena, subject->missing, subject->missing_count));
}

static void save_cases(struct batch *batch, struct unit *unit)
{
    struct columns added = {.unit = unit};
    struct columns changed = {.unit = unit};
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
    columns_call(&added, &INSERT_CASES);
    columns_call(&changed, &UPDATE_CASES);
}

/* NULL where no limit of a day was looked at. */
static void put_day(struct columns *columns, const struct person_day_seen *seen)
{
    columns_int4_if(columns, seen->looked, seen->day);
    columns_int8_if(columns, seen->looked, seen->used_minor);
    columns_int8_if(columns, seen->looked, seen->limit_minor);
}

static void put_decision(struct columns *columns, const struct routing_refund *refund,
                         const struct kept_decision *kept)
{
    columns_row(columns);
    columns_int8(columns, refund->key);
    columns_int4(columns, kept->number);
    columns_text(columns, kept->decision_id);
    columns_int4(columns, kept->ordinal);
    columns_int8(columns, kept->case_version);
    columns_int8(columns, kept->result_version);
    columns_text(columns, kept->actor_id);
    columns_int4(columns, (int32_t)kept->role);
    columns_int4(columns, (int32_t)kept->verdict);
    columns_text(columns, refusal_reason_name(kept->refusal));
    columns_int8(columns, kept->minor);
    columns_int4(columns, kept->method);
    columns_text(columns, kept->note);
    columns_time(columns, kept->occurred_us);
    columns_time(columns, kept->decided_us);
    columns_text(columns, kept->on_behalf_of);
    columns_int4(columns, (int32_t)kept->recommended);
    columns_text(columns, kept->key_id);
    columns_bytes(columns, kept->signature, kept->signature_size);
    columns_text(columns, kept->payee);
    put_day(columns, &kept->day);
    columns_text(columns, kept->counting);
}

static void save_decisions(struct batch *batch, struct unit *unit)
{
    struct columns added = {.unit = unit};
    for (size_t i = 0; i < batch->order_count; i++) {
        const struct routing_order *order = batch->orders[i].rows;
        for (const struct routing_refund *refund = order->refunds; refund != NULL;
             refund = refund->next)
            for (const struct kept_decision *kept = refund->decisions; kept != NULL;
                 kept = kept->next)
                if (!kept->stored)
                    put_decision(&added, refund, kept);
    }
    columns_call(&added, &INSERT_DECISIONS);
}

static void save_payments(struct batch *batch, struct unit *unit)
{
    struct columns added = {.unit = unit};
    struct columns changed = {.unit = unit};
    for (size_t i = 0; i < batch->order_count; i++) {
        const struct routing_order *order = batch->orders[i].rows;
        for (const struct approved_payment *payment = order->payments; payment != NULL;
             payment = payment->next) {
            if (!payment->changed)
                continue;
            struct columns *columns = payment->stored ? &changed : &added;
            columns_row(columns);
            columns_text(columns, order->merchant_id);
            columns_text(columns, order->order_id);
            columns_text(columns, payment->payment_id);
            columns_int8(columns, payment->minor);
        }
    }
    columns_call(&added, &INSERT_PAYMENTS);
    columns_call(&changed, &UPDATE_PAYMENTS);
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
