#include "policy_store.h"

#include "policy_codec.h"

#include <string.h>

static const struct statement LOAD_REFUNDS = {
    .name = "load_refunds",
    .sql = "SELECT k.n, r.key, r.refund_id, r.seen, r.version"
           "  FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[])"
           "       AS k(n, merchant_id, order_id, refund_id)"
           "  JOIN refund r ON (r.merchant_id, r.order_id, r.refund_id)"
           "                 = (k.merchant_id, k.order_id, k.refund_id)"};

static const struct statement INSERT_REFUNDS = {
    .name = "insert_refunds",
    .sql = "INSERT INTO refund (key, merchant_id, order_id, refund_id, seen, version)"
           " SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::bigint[],"
           "                      $6::bigint[])"};

static const struct statement UPDATE_REFUNDS = {
    .name = "update_refunds",
    .sql = "UPDATE refund r SET seen = k.seen, version = k.version"
           "  FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[])"
           "       AS k(merchant_id, order_id, refund_id, seen, version)"
           " WHERE (r.merchant_id, r.order_id, r.refund_id)"
           "     = (k.merchant_id, k.order_id, k.refund_id)"};

static const struct statement INSERT_ASSESSMENTS = {
    .name = "insert_assessments",
    .sql = "INSERT INTO assessment (refund, version, validated_version, status, reasons, hits,"
           "                        model, decided_at)"
           " SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[],"
           "                      $6::text[], $7::bigint[], $8::timestamptz[])"};

static const struct statement INSERT_MODEL = {
    .name = "insert_model",
    .sql = "INSERT INTO model (fingerprint, model_id, version, sha256, body)"
           " VALUES ($1::bigint, $2::text, $3::bigint, $4::text, $5::text)"
           " ON CONFLICT (fingerprint) DO NOTHING"};

static size_t order_number(const struct batch *batch, const struct batch_order *order)
{
    return (size_t)(order - batch->orders);
}

enum status policy_load(struct batch *batch, struct unit *unit)
{
    struct policy_rows *rows = arena_zalloc(batch->arena, sizeof *rows);
    if (rows == NULL)
        return STATUS_EXHAUSTED;
    rows->last = &rows->first;
    batch->rows = rows;
    struct column *numbers = column_create(unit, COLUMN_INT8);
    struct column *merchants = column_create(unit, COLUMN_TEXT);
    struct column *orders = column_create(unit, COLUMN_TEXT);
    struct column *refunds = column_create(unit, COLUMN_TEXT);
    for (size_t i = 0; i < batch->event_count; i++) {
        const struct event *event = &batch->events[i];
        if (event->order == NULL || event->kind != EVENT_MESSAGE)
            continue;
        const struct policy_input *input = event->body;
        column_int8(numbers, (int64_t)order_number(batch, event->order));
        column_text(merchants, event->merchant_id);
        column_text(orders, event->order_id);
        column_text(refunds, input->refund_id);
    }
    rows->refunds = unit_call(unit, &LOAD_REFUNDS);
    call_column(rows->refunds, numbers);
    call_column(rows->refunds, merchants);
    call_column(rows->refunds, orders);
    call_column(rows->refunds, refunds);
    return STATUS_OK;
}

static struct policy_refund *refund_find(const struct batch_order *order, const char *refund_id)
{
    for (struct policy_refund *refund = order->rows; refund != NULL; refund = refund->next)
        if (strcmp(refund->refund_id, refund_id) == 0)
            return refund;
    return NULL;
}

static struct policy_refund *refund_add(struct arena *arena, struct batch_order *order,
                                        const char *refund_id)
{
    struct policy_refund *refund = arena_zalloc(arena, sizeof *refund);
    if (refund == NULL)
        return NULL;
    refund->refund_id = refund_id;
    refund->next = order->rows;
    order->rows = refund;
    return refund;
}

/* A refund that several events name comes several times. */
enum status policy_loaded(struct batch *batch)
{
    const struct policy_rows *rows = batch->rows;
    for (size_t i = 0; i < rows_count(rows->refunds); i++) {
        struct batch_order *order = &batch->orders[rows_int8(rows->refunds, i, 0)];
        const char *refund_id = rows_text(rows->refunds, i, 2);
        if (refund_find(order, refund_id) != NULL)
            continue;
        struct policy_refund *refund = refund_add(batch->arena, order, refund_id);
        if (refund == NULL)
            return STATUS_EXHAUSTED;
        refund->key = rows_int8(rows->refunds, i, 1);
        refund->seen = rows_int8(rows->refunds, i, 3);
        refund->version = rows_int8(rows->refunds, i, 4);
        refund->stored = true;
    }
    return STATUS_OK;
}

struct policy_refund *policy_refund_of(struct batch *batch, const struct event *event,
                                       const char *refund_id)
{
    struct policy_refund *refund = refund_find(event->order, refund_id);
    if (refund != NULL)
        return refund;
    refund = refund_add(batch->arena, event->order, refund_id);
    if (refund != NULL)
        refund->key = batch_key(batch, event->shard);
    return refund;
}

static void save_new(struct batch *batch, struct unit *unit)
{
    struct column *keys = column_create(unit, COLUMN_INT8);
    struct column *merchants = column_create(unit, COLUMN_TEXT);
    struct column *orders = column_create(unit, COLUMN_TEXT);
    struct column *refunds = column_create(unit, COLUMN_TEXT);
    struct column *seen = column_create(unit, COLUMN_INT8);
    struct column *versions = column_create(unit, COLUMN_INT8);
    for (size_t i = 0; i < batch->order_count; i++)
        for (const struct policy_refund *refund = batch->orders[i].rows; refund != NULL;
             refund = refund->next) {
            if (refund->stored || !refund->changed)
                continue;
            column_int8(keys, refund->key);
            column_text(merchants, batch->orders[i].merchant_id);
            column_text(orders, batch->orders[i].order_id);
            column_text(refunds, refund->refund_id);
            column_int8(seen, refund->seen);
            column_int8(versions, refund->version);
        }
    if (column_count(keys) == 0)
        return;
    struct call *call = unit_call(unit, &INSERT_REFUNDS);
    call_column(call, keys);
    call_column(call, merchants);
    call_column(call, orders);
    call_column(call, refunds);
    call_column(call, seen);
    call_column(call, versions);
}

static void save_changed(struct batch *batch, struct unit *unit)
{
    struct column *merchants = column_create(unit, COLUMN_TEXT);
    struct column *orders = column_create(unit, COLUMN_TEXT);
    struct column *refunds = column_create(unit, COLUMN_TEXT);
    struct column *seen = column_create(unit, COLUMN_INT8);
    struct column *versions = column_create(unit, COLUMN_INT8);
    for (size_t i = 0; i < batch->order_count; i++)
        for (const struct policy_refund *refund = batch->orders[i].rows; refund != NULL;
             refund = refund->next) {
            if (!refund->stored || !refund->changed)
                continue;
            column_text(merchants, batch->orders[i].merchant_id);
            column_text(orders, batch->orders[i].order_id);
            column_text(refunds, refund->refund_id);
            column_int8(seen, refund->seen);
            column_int8(versions, refund->version);
        }
    if (column_count(seen) == 0)
        return;
    struct call *call = unit_call(unit, &UPDATE_REFUNDS);
    call_column(call, merchants);
    call_column(call, orders);
    call_column(call, refunds);
    call_column(call, seen);
    call_column(call, versions);
}

static const char *reasons_text(struct arena *arena, const struct assessment *assessment)
{
    if (assessment == NULL || assessment->reason_count == 0)
        return "";
    const char *text = policy_reason_name(assessment->reasons[0]);
    for (size_t i = 1; i < assessment->reason_count && text != NULL; i++)
        text = arena_printf(arena, "%s %s", text, policy_reason_name(assessment->reasons[i]));
    return text;
}

/* "w1 w2 w1"; rule ids are two characters. */
static const char *hits_text(struct arena *arena, const struct assessment *assessment)
{
    if (assessment == NULL)
        return "";
    if (assessment->hit_count == 1)
        return policy_rule_info(assessment->hits[0].rule)->id;
    char *text = arena_alloc(arena, assessment->hit_count * 3 + 1);
    for (size_t i = 0; i < assessment->hit_count && text != NULL; i++) {
        memcpy(text + i * 3, policy_rule_info(assessment->hits[i].rule)->id, 2);
        text[i * 3 + 2] = i + 1 < assessment->hit_count ? ' ' : '\0';
    }
    return text;
}

static int64_t fingerprint_of(const struct policy *policy)
{
    uint64_t value = 0;
    for (int i = 0; i < 16; i++) {
        char digit = policy->model_sha256[i];
        value = value << 4 | (uint64_t)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
    }
    return (int64_t)value;
}

static void save_assessments(struct batch *batch, struct unit *unit)
{
    const struct policy_rows *rows = batch->rows;
    if (rows->first == NULL)
        return;
    int64_t model = fingerprint_of(rows->first->policy);
    struct column *refunds = column_create(unit, COLUMN_INT8);
    struct column *versions = column_create(unit, COLUMN_INT8);
    struct column *validated = column_create(unit, COLUMN_INT8);
    struct column *statuses = column_create(unit, COLUMN_TEXT);
    struct column *reasons = column_create(unit, COLUMN_TEXT);
    struct column *hits = column_create(unit, COLUMN_TEXT);
    struct column *models = column_create(unit, COLUMN_INT8);
    struct column *times = column_create(unit, COLUMN_TIME);
    for (const struct policy_record *record = rows->first; record != NULL; record = record->next) {
        column_int8(refunds, record->refund->key);
        column_int8(versions, record->version);
        column_int8(validated, record->validated_version);
        column_text(statuses, policy_status(record->assessment));
        column_text(reasons, reasons_text(batch->arena, record->assessment));
        column_text(hits, hits_text(batch->arena, record->assessment));
        column_int8(models, record->assessment == NULL ? 0 : model);
        column_time(times, record->decided_us);
    }
    struct call *call = unit_call(unit, &INSERT_ASSESSMENTS);
    call_column(call, refunds);
    call_column(call, versions);
    call_column(call, validated);
    call_column(call, statuses);
    call_column(call, reasons);
    call_column(call, hits);
    call_column(call, models);
    call_column(call, times);
}

enum status policy_save(struct batch *batch, struct unit *unit)
{
    save_new(batch, unit);
    save_changed(batch, unit);
    save_assessments(batch, unit);
    return arena_exhausted(batch->arena) ? STATUS_EXHAUSTED : STATUS_OK;
}

void policy_store_model(struct unit *unit, const struct policy *policy, const char *text)
{
    struct call *call = unit_call(unit, &INSERT_MODEL);
    call_int8(call, fingerprint_of(policy));
    call_text(call, policy->model_id);
    call_int8(call, policy->model_version);
    call_text(call, policy->model_sha256);
    call_text(call, text);
}
