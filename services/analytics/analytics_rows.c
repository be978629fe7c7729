#include "analytics_rows.h"

#include <string.h>

static uint32_t hash_name(const void *owner, const char *name)
{
    uint32_t hash = 2166136261u ^ (uint32_t)((uintptr_t)owner >> 4) * 2654435761u;
    for (; *name != '\0'; name++)
        hash = (hash ^ (uint8_t)*name) * 16777619u; /* FNV-1a */
    return hash;
}

static enum status index_start(struct analytics_index *index, struct arena *arena, size_t most)
{
    index->bucket_count = 16;
    while (index->bucket_count < most * 2)
        index->bucket_count *= 2;
    index->owners = arena_array(arena, most + 1, sizeof *index->owners);
    index->names = arena_array(arena, most + 1, sizeof *index->names);
    index->buckets = arena_array(arena, index->bucket_count, sizeof *index->buckets);
    return arena_exhausted(arena) ? STATUS_EXHAUSTED : STATUS_OK;
}

/* Position of the name; `*added` if it is new. There is room for one per event. */
static size_t index_take(struct analytics_index *index, const void *owner, const char *name,
                         bool *added)
{
    size_t at = hash_name(owner, name) & (index->bucket_count - 1);
    while (index->buckets[at] != 0) {
        size_t known = index->buckets[at] - 1;
        if (index->owners[known] == owner && strcmp(index->names[known], name) == 0) {
            *added = false;
            return known;
        }
        at = (at + 1) & (index->bucket_count - 1);
    }
    index->owners[index->count] = owner;
    index->names[index->count] = name;
    index->buckets[at] = (uint32_t)index->count + 1;
    *added = true;
    return index->count++;
}

static void take_fact(struct analytics_rows *rows, const struct batch_order *order,
                      struct analytics_event *body)
{
    bool added;
    size_t at = index_take(&rows->fact_index, order, body->fact, &added);
    if (added)
        rows->facts[at] = (struct analytics_fact){
            .merchant_id = order->merchant_id, .order_id = order->order_id, .fact = body->fact};
    body->fact_row = &rows->facts[at];
}

static void take_refund(struct analytics_rows *rows, const struct batch_order *order,
                        struct analytics_event *body)
{
    bool added;
    size_t at = index_take(&rows->refund_index, NULL, body->refund_id, &added);
    if (added)
        rows->refunds[at] = (struct analytics_refund){.refund_id = body->refund_id,
                                                      .merchant_id = order->merchant_id,
                                                      .order_id = order->order_id,
                                                      .currency = "",
                                                      .rejection = "",
                                                      .detail = ""};
    body->refund = &rows->refunds[at];
}

/* Payout ids come from outside, too: one that names another order's payout is another row. */
static void take_payout(struct analytics_rows *rows, const struct batch_order *order,
                        struct analytics_event *body)
{
    bool added;
    size_t at = index_take(&rows->payout_index, order, body->payout_id, &added);
    if (added)
        rows->payouts[at] = (struct analytics_payout){.id = body->payout_id,
                                                      .merchant_id = order->merchant_id,
                                                      .order_id = order->order_id,
                                                      .refund_id = "",
                                                      .currency = "",
                                                      .reported_currency = "",
                                                      .provider_refund_id = "",
                                                      .extra_refund_id = "",
                                                      .evidence = ""};
    body->payout = &rows->payouts[at];
}

/* A deadline is an event about the payout that is its subject. */
static struct analytics_event *body_of(struct batch *batch, struct event *event)
{
    if (event->kind == EVENT_MESSAGE || event->body != NULL)
        return event->body;
    struct analytics_event *body = arena_zalloc(batch->arena, sizeof *body);
    if (body == NULL)
        return NULL;
    body->kind = ANALYTICS_EVENT_DUE;
    body->merchant_id = event->merchant_id;
    body->order_id = event->order_id;
    body->payout_id = event->subject;
    event->body = body;
    return body;
}

enum status analytics_rows_collect(struct batch *batch, struct analytics_rows **result)
{
    size_t most = batch->event_count;
    struct analytics_rows *rows = arena_zalloc(batch->arena, sizeof *rows);
    if (rows == NULL)
        return STATUS_EXHAUSTED;
    analytics_totals_start(&rows->totals, batch->arena);
    rows->facts = arena_array(batch->arena, most + 1, sizeof *rows->facts);
    rows->refunds = arena_array(batch->arena, most + 1, sizeof *rows->refunds);
    rows->payouts = arena_array(batch->arena, most + 1, sizeof *rows->payouts);
    if (index_start(&rows->fact_index, batch->arena, most) != STATUS_OK ||
        index_start(&rows->refund_index, batch->arena, most) != STATUS_OK ||
        index_start(&rows->payout_index, batch->arena, most) != STATUS_OK)
        return STATUS_EXHAUSTED;
    for (size_t i = 0; i < batch->event_count; i++) {
        struct event *event = &batch->events[i];
        struct analytics_event *body = body_of(batch, event);
        if (body == NULL || event->order == NULL)
            continue;
        if (body->fact != NULL)
            take_fact(rows, event->order, body);
        if (body->refund_id != NULL)
            take_refund(rows, event->order, body);
        if (body->payout_id != NULL && body->payout_id[0] != '\0')
            take_payout(rows, event->order, body);
    }
    *result = rows;
    return arena_exhausted(batch->arena) ? STATUS_EXHAUSTED : STATUS_OK;
}
