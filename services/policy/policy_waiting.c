/* What waits: events of refunds.validated.v1 that nothing could be said about yet, as they came. */

#include "policy_codec.h"
#include "policy_store.h"

#include <string.h>

/* At most so many bytes of them in one batch; the others are looked at in the next ones. */
#define WAITING_BYTES_MAX "2097152"

static const struct statement LOAD_WAITING = {
    .name = "load_waiting",
    .sql = "SELECT n, refund_id, validated_version, since, reason, ce_id, traceparent, value"
           "  FROM (SELECT k.n, r.refund_id, w.*, sum(octet_length(w.value))"
           "               OVER (ORDER BY k.n, w.refund, w.validated_version) AS bytes"
           "          FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[])"
           "               AS k(n, merchant_id, order_id, refund_id)"
           "          JOIN refund r ON (r.merchant_id, r.order_id, r.refund_id)"
           "                         = (k.merchant_id, k.order_id, k.refund_id)"
           "          JOIN waiting w ON w.refund = r.key) AS due"
           " WHERE bytes - octet_length(value) < " WAITING_BYTES_MAX
           " ORDER BY n, refund, validated_version"};

static const struct statement INSERT_WAITING = {
    .name = "insert_waiting",
    .sql = "INSERT INTO waiting (refund, validated_version, since, reason, ce_id, traceparent,"
           "                     value)"
           " SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::timestamptz[], $4::text[],"
           "                      $5::text[], $6::text[], $7::bytea[])"};

/* By key whatever the statistics say, as in common/worker/save.c: the table is empty most of the
 * time, and is planned for so. */
static const struct statement DELETE_WAITING = {
    .name = "delete_waiting",
    .sql = "DELETE FROM waiting WHERE ctid = ANY (ARRAY("
           "    SELECT w.ctid"
           "      FROM unnest($1::bigint[], $2::bigint[]) AS k(refund, validated_version)"
           "     CROSS JOIN LATERAL (SELECT ctid FROM waiting w"
           "                          WHERE (w.refund, w.validated_version)"
           "                              = (k.refund, k.validated_version)"
           "                         OFFSET 0) w))"};

void policy_waiting_load(struct batch *batch, struct unit *unit)
{
    struct policy_rows *rows = batch->rows;
    struct columns refunds = {.unit = unit};
    for (size_t i = 0; i < batch->event_count; i++) {
        const struct event *event = &batch->events[i];
        if (event->order != NULL && event->kind == EVENT_DEADLINE)
            policy_put_refund(&refunds, batch, event, event->subject);
    }
    rows->waiting = columns_call(&refunds, &LOAD_WAITING);
}

/* The event as if it came now. One that cannot be read any more goes on waiting. */
static enum status revive(struct batch *batch, const struct call *call, size_t row,
                          const struct batch_order *order, struct policy_kept *kept)
{
    struct error error = {""};
    size_t size = 0;
    kept->event = (struct event){
        .kind = EVENT_MESSAGE,
        .topic = TOPIC_VALIDATED,
        .shard = order->shard,
        .merchant_id = order->merchant_id,
        .order_id = order->order_id,
        .order = (struct batch_order *)(uintptr_t)order,
        .envelope = {.id = rows_text(call, row, 5), .traceparent = rows_text(call, row, 6)},
        .value = rows_bytes(call, row, 7, &size)};
    kept->event.value_size = size;
    enum status status = policy_decode_kept(batch, &kept->event, &error);
    if (status != STATUS_INVALID)
        return status;
    kept->event.body = NULL;
    kept->reason = arena_printf(batch->arena, "a version that can read it: %s", error.text);
    return kept->reason == NULL ? STATUS_EXHAUSTED : STATUS_OK;
}

enum status policy_waiting_loaded(struct batch *batch)
{
    const struct policy_rows *rows = batch->rows;
    size_t count = rows->waiting == NULL ? 0 : rows_count(rows->waiting);
    struct policy_refund *last = NULL;
    struct policy_kept **end = NULL;
    for (size_t i = 0; i < count; i++) {
        struct batch_order *order = &batch->orders[rows_int8(rows->waiting, i, 0)];
        const struct event about = {.order = order, .shard = order->shard};
        struct policy_refund *refund =
            policy_refund_of(batch, &about, rows_text(rows->waiting, i, 1));
        struct policy_kept *kept = arena_zalloc(batch->arena, sizeof *kept);
        if (refund == NULL || kept == NULL)
            return STATUS_EXHAUSTED;
        *kept = (struct policy_kept){.refund = refund,
                                     .validated_version = rows_int8(rows->waiting, i, 2),
                                     .since_us = rows_time(rows->waiting, i, 3),
                                     .reason = rows_text(rows->waiting, i, 4)};
        enum status status = revive(batch, rows->waiting, i, order, kept);
        if (status != STATUS_OK)
            return status;
        end = refund == last ? end : &refund->kept;
        *end = kept;
        end = &kept->next;
        last = refund;
    }
    return STATUS_OK;
}

static void put_key(struct columns *columns, const struct policy_kept *kept)
{
    columns_row(columns);
    columns_int8(columns, kept->refund->key);
    columns_int8(columns, kept->validated_version);
}

void policy_waiting_save(struct batch *batch, struct unit *unit)
{
    const struct policy_rows *rows = batch->rows;
    struct columns added = {.unit = unit};
    struct columns done = {.unit = unit};
    for (const struct policy_kept *kept = rows->added; kept != NULL; kept = kept->next) {
        const struct envelope *envelope = &kept->event.envelope;
        put_key(&added, kept);
        columns_time(&added, kept->since_us);
        columns_text(&added, kept->reason);
        columns_text(&added, envelope->id == NULL ? "" : envelope->id);
        columns_text(&added, envelope->traceparent == NULL ? "" : envelope->traceparent);
        columns_bytes(&added, kept->event.value, kept->event.value_size);
    }
    for (const struct policy_kept *kept = rows->done; kept != NULL; kept = kept->next)
        put_key(&done, kept);
    columns_call(&added, &INSERT_WAITING);
    columns_call(&done, &DELETE_WAITING);
}
