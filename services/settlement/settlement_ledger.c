/* The chain over the ledger: extended as events are decided, saved with the batch, and its head
 * published some time after it has moved. A shard has one owner and its batches follow each other,
 * so its chain is a chain without locks; shards have chains of their own. */

#include "settlement_batch.h"

#include <string.h>

static const struct statement HEAD_LOAD = {
    "settlement_ledger_head_load",
    "SELECT shard, entries, head, told_entries, due FROM ledger_head"
    " WHERE shard = ANY($1::integer[])",
};

static const struct statement HEAD_SAVE = {
    "settlement_ledger_head_save",
    "INSERT INTO ledger_head (shard, entries, head, told_entries, due)"
    " SELECT * FROM unnest($1::integer[], $2::bigint[], $3::text[], $4::bigint[], $5::boolean[])"
    " ON CONFLICT (shard) DO UPDATE"
    " SET entries = excluded.entries, head = excluded.head,"
    "     told_entries = excluded.told_entries, due = excluded.due",
};

enum { TELL_AFTER_ENTRIES = 10000 }; /* lines at most between two heads */

struct call *settlement_ledger_load(struct batch *batch, struct unit *unit)
{
    struct column *shards = column_create(unit, COLUMN_INT4);
    bool wanted[WORKER_SHARDS_MAX] = {false};
    for (size_t i = 0; i < batch->order_count; i++)
        wanted[batch->orders[i].shard] = true;
    for (int32_t shard = 0; shard < WORKER_SHARDS_MAX; shard++)
        if (wanted[shard])
            column_int4(shards, shard);
    if (column_count(shards) == 0)
        return NULL;
    struct call *call = unit_call(unit, &HEAD_LOAD);
    call_column(call, shards);
    return call;
}

enum status settlement_ledger_loaded(struct batch *batch, struct settlement_rows *rows)
{
    const struct call *call = rows->ledger_heads;
    rows->heads = arena_array(batch->arena, WORKER_SHARDS_MAX, sizeof *rows->heads);
    if (rows->heads == NULL)
        return STATUS_EXHAUSTED;
    for (int32_t shard = 0; shard < WORKER_SHARDS_MAX; shard++)
        ledger_chain_start(rows->heads[shard].head);
    for (size_t row = 0; call != NULL && row < rows_count(call); row++) {
        struct ledger_head *head = &rows->heads[rows_int4(call, row, 0)];
        const char *text = rows_text(call, row, 2);
        if (strlen(text) != LEDGER_HEAD_MAX - 1)
            return STATUS_FATAL;
        head->entries = rows_int8(call, row, 1);
        memcpy(head->head, text, LEDGER_HEAD_MAX);
        head->told_entries = rows_int8(call, row, 3);
        head->due = rows_bool(call, row, 4);
    }
    return STATUS_OK;
}

static enum status extend(struct ledger_head *head, const struct event *event,
                          const struct transfer_row *transfer)
{
    const struct ledger_line line = {
        .transfer_id = transfer->key,
        .merchant_id = event->order->merchant_id,
        .order_id = event->order->order_id,
        .payment_id = transfer->payment->payment_id,
        .payout_id = transfer->payout == NULL ? "" : transfer->payout->payout_id,
        .movement = movement_number(transfer->movement),
        .amount_minor = transfer->amount_minor,
        .currency = transfer->currency,
        .booked_us = event->now_us,
        .cause = settlement_cause(event),
    };
    head->entries++;
    head->changed = true;
    return ledger_chain_add(head->head, &line) == STATUS_OK ? STATUS_OK : STATUS_FATAL;
}

static enum status tell(struct batch *batch, struct event *event, struct ledger_head *head)
{
    head->told_entries = head->entries;
    head->changed = true;
    return settlement_emit_head(batch, event, head);
}

/* The order is any of the shard's: the deadline is the shard's alone. */
static enum status set_due(struct batch *batch, const struct event *event, struct ledger_head *head)
{
    const struct settlement *settlement = batch->context;
    head->due = true;
    return batch_deadline(batch, event, "ledger", DUE_LEDGER,
                          event->now_us + settlement->ledger_every_us);
}

enum status settlement_ledger_keep(struct batch *batch, struct event *event,
                                   struct effects *effects)
{
    struct settlement_rows *rows = batch->rows;
    struct ledger_head *head = &rows->heads[event->shard];
    enum status status = STATUS_OK;
    if (effects->transfers.first == NULL)
        return STATUS_OK;
    for (struct transfer_row *t = effects->transfers.first; t != NULL; t = t->next) {
        /* Here, not in save: by then the shard's count of keys is in the transaction already. */
        t->key = batch_key(batch, event->shard);
        if (status == STATUS_OK)
            status = extend(head, event, t);
    }
    if (status == STATUS_OK && !head->due)
        status = set_due(batch, event, head);
    if (status == STATUS_OK && head->entries - head->told_entries >= TELL_AFTER_ENTRIES)
        status = tell(batch, event, head);
    return status;
}

enum status settlement_ledger_due(struct batch *batch, struct event *event)
{
    struct settlement_rows *rows = batch->rows;
    struct ledger_head *head = &rows->heads[event->shard];
    head->due = false;
    head->changed = true;
    return head->entries > head->told_entries ? tell(batch, event, head) : STATUS_OK;
}

void settlement_ledger_save(struct batch *batch, struct unit *unit)
{
    const struct settlement_rows *rows = batch->rows;
    struct column *shards = column_create(unit, COLUMN_INT4);
    struct column *entries = column_create(unit, COLUMN_INT8);
    struct column *heads = column_create(unit, COLUMN_TEXT);
    struct column *told = column_create(unit, COLUMN_INT8);
    struct column *due = column_create(unit, COLUMN_BOOL);
    for (int32_t shard = 0; shard < WORKER_SHARDS_MAX; shard++) {
        const struct ledger_head *head = &rows->heads[shard];
        if (!head->changed)
            continue;
        column_int4(shards, shard);
        column_int8(entries, head->entries);
        column_text(heads, head->head);
        column_int8(told, head->told_entries);
        column_bool(due, head->due);
    }
    if (column_count(shards) == 0)
        return;
    struct call *call = unit_call(unit, &HEAD_SAVE);
    call_column(call, shards);
    call_column(call, entries);
    call_column(call, heads);
    call_column(call, told);
    call_column(call, due);
}
