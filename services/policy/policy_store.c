#include "policy_store.h"

#include "policy_codec.h"
#include "policy_stage.h"

#include "identity.h"

#include <inttypes.h>
#include <string.h>

static const struct statement LOAD_REFUNDS = {
    .name = "load_refunds",
    .sql = "SELECT k.n, r.key, r.refund_id, r.seen, r.version, r.waiting"
           "  FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[])"
           "       AS k(n, merchant_id, order_id, refund_id)"
           "  JOIN refund r ON (r.merchant_id, r.order_id, r.refund_id)"
           "                 = (k.merchant_id, k.order_id, k.refund_id)"};

static const struct statement INSERT_REFUNDS = {
    .name = "insert_refunds",
    .sql = "INSERT INTO refund (key, merchant_id, order_id, refund_id, seen, version, waiting)"
           " SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::bigint[],"
           "                      $6::bigint[], $7::bigint[])"};

static const struct statement UPDATE_REFUNDS = {
    .name = "update_refunds",
    .sql = "UPDATE refund r SET seen = k.seen, version = k.version, waiting = k.waiting"
           "  FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[],"
           "              $6::bigint[])"
           "       AS k(merchant_id, order_id, refund_id, seen, version, waiting)"
           " WHERE (r.merchant_id, r.order_id, r.refund_id)"
           "     = (k.merchant_id, k.order_id, k.refund_id)"};

static const struct statement INSERT_ASSESSMENTS = {
    .name = "insert_assessments",
    .sql = "INSERT INTO assessment (refund, version, validated_version, status, reasons, hits,"
           "                        model, decided_at)"
           " SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[],"
           "                      $6::text[], $7::bigint[], $8::timestamptz[])"};

static const struct statement INSERT_MODELS = {
    .name = "insert_models",
    .sql = "INSERT INTO model (fingerprint, model_id, version, sha256)"
           " SELECT DISTINCT ON (k.fingerprint) k.*"
           "   FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::text[])"
           "        AS k(fingerprint, model_id, version, sha256)"
           " ON CONFLICT (fingerprint) DO NOTHING"};

void policy_put_refund(struct columns *columns, const struct batch *batch,
                       const struct event *event, const char *refund_id)
{
    columns_row(columns);
    columns_int8(columns, event->order - batch->orders);
    columns_text(columns, event->merchant_id);
    columns_text(columns, event->order_id);
    columns_text(columns, refund_id);
}

enum status policy_load(struct batch *batch, struct unit *unit)
{
    const struct policy_context *own = batch->context;
    struct policy_rows *rows = arena_zalloc(batch->arena, sizeof *rows);
    if (rows == NULL)
        return STATUS_EXHAUSTED;
    rows->last = &rows->first;
    rows->added_last = &rows->added;
    rows->done_last = &rows->done;
    batch->rows = rows;
    struct columns refunds = {.unit = unit};
    for (size_t i = 0; i < batch->event_count; i++) {
        const struct event *event = &batch->events[i];
        if (event->order == NULL)
            continue;
        const struct policy_input *input = event->body;
        policy_put_refund(&refunds, batch, event,
                          event->kind == EVENT_MESSAGE ? input->refund_id : event->subject);
    }
    rows->refunds = columns_call(&refunds, &LOAD_REFUNDS);
    policy_waiting_load(batch, unit);
    rules_load(own->rules, batch, unit);
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
static enum status take_refunds(struct batch *batch)
{
    const struct policy_rows *rows = batch->rows;
    size_t count = rows->refunds == NULL ? 0 : rows_count(rows->refunds);
    for (size_t i = 0; i < count; i++) {
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
        refund->waiting = rows_int8(rows->refunds, i, 5);
        refund->stored = true;
    }
    return STATUS_OK;
}

/* The policy by which an event is judged. */
static enum status find_policy(struct batch *batch, const struct event *event)
{
    struct policy_context *own = batch->context;
    struct policy_input *input = event->body;
    struct error error = {""};
    if (input == NULL || policy_step(input->status) != POLICY_STEP_ASSESS)
        return STATUS_OK;
    return rules_model(own->rules, event->merchant_id, RULES_POLICY, input->facts.placed_us,
                       input->facts.requested_us, &input->set, &error);
}

static enum status find_policies(struct batch *batch)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < batch->event_count && status == STATUS_OK; i++)
        if (batch->events[i].kind == EVENT_MESSAGE && batch->events[i].order != NULL)
            status = find_policy(batch, &batch->events[i]);
    for (size_t i = 0; i < batch->order_count; i++)
        for (const struct policy_refund *refund = batch->orders[i].rows; refund != NULL;
             refund = refund->next)
            for (const struct policy_kept *kept = refund->kept; kept != NULL && status == STATUS_OK;
                 kept = kept->next)
                status = find_policy(batch, &kept->event);
    return status;
}

enum status policy_loaded(struct batch *batch)
{
    const struct policy_context *own = batch->context;
    enum status status = rules_loaded(own->rules, batch);
    if (status == STATUS_OK)
        status = take_refunds(batch);
    if (status == STATUS_OK)
        status = policy_waiting_loaded(batch);
    return status == STATUS_OK ? find_policies(batch) : status;
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

static void put_refund(struct columns *columns, const struct batch_order *order,
                       const struct policy_refund *refund)
{
    columns_row(columns);
    if (!refund->stored)
        columns_int8(columns, refund->key);
    columns_text(columns, order->merchant_id);
    columns_text(columns, order->order_id);
    columns_text(columns, refund->refund_id);
    columns_int8(columns, refund->seen);
    columns_int8(columns, refund->version);
    columns_int8(columns, refund->waiting);
}

static void save_refunds(struct batch *batch, struct unit *unit)
{
    struct columns added = {.unit = unit};
    struct columns changed = {.unit = unit};
    for (size_t i = 0; i < batch->order_count; i++)
        for (const struct policy_refund *refund = batch->orders[i].rows; refund != NULL;
             refund = refund->next)
            if (refund->changed)
                put_refund(refund->stored ? &changed : &added, &batch->orders[i], refund);
    columns_call(&added, &INSERT_REFUNDS);
    columns_call(&changed, &UPDATE_REFUNDS);
}

static const char *reasons_text(struct arena *arena, const struct assessment *assessment)
{
    if (assessment == NULL || assessment->reason_count == 0)
        return "";
    const char *text = assessment->reasons[0];
    for (size_t i = 1; i < assessment->reason_count && text != NULL; i++)
        text = arena_printf(arena, "%s %s", text, assessment->reasons[i]);
    return text;
}

int64_t policy_fingerprint(const struct rules_set *set)
{
    char text[512];
    int size = snprintf(text, sizeof text, "%s %" PRId64 " %s", set->id, set->version, set->sha256);
    int64_t fingerprint =
        identity_fingerprint(text, (size_t)size < sizeof text ? (size_t)size : sizeof text - 1);
    return fingerprint == 0 ? 1 : fingerprint;
}

/* Models that may not be in their table yet. */
static void save_models(struct batch *batch, struct unit *unit)
{
    const struct policy_rows *rows = batch->rows;
    struct columns models = {.unit = unit};
    int64_t last = 0;
    for (const struct policy_record *record = rows->first; record != NULL; record = record->next) {
        if (record->set == NULL || record->model == last ||
            policy_model_known(batch->context, record->model))
            continue;
        last = record->model;
        columns_row(&models);
        columns_int8(&models, record->model);
        columns_text(&models, record->set->id);
        columns_int8(&models, record->set->version);
        columns_text(&models, record->set->sha256);
    }
    columns_call(&models, &INSERT_MODELS);
}

static void save_assessments(struct batch *batch, struct unit *unit)
{
    const struct policy_rows *rows = batch->rows;
    struct columns out = {.unit = unit};
    for (const struct policy_record *record = rows->first; record != NULL; record = record->next) {
        columns_row(&out);
        columns_int8(&out, record->refund->key);
        columns_int8(&out, record->version);
        columns_int8(&out, record->validated_version);
        columns_text(&out, policy_status(record->assessment));
        columns_text(&out, reasons_text(batch->arena, record->assessment));
        columns_text(&out, record->assessment == NULL
                               ? ""
                               : assessment_hits_text(record->assessment, batch->arena));
        columns_int8(&out, record->model);
        columns_time(&out, record->decided_us);
    }
    columns_call(&out, &INSERT_ASSESSMENTS);
}

enum status policy_save(struct batch *batch, struct unit *unit)
{
    save_refunds(batch, unit);
    save_models(batch, unit);
    save_assessments(batch, unit);
    policy_waiting_save(batch, unit);
    return arena_exhausted(batch->arena) ? STATUS_EXHAUSTED : STATUS_OK;
}
