/* References: which order has a payment of a provider. A payment has one order, as its cap has one
 * place. Known are the orders in the database, under every name of the payment that its provider
 * told, and those of captures earlier in the batch; the index of the table has the last word
 * (settlement_save.c). */

#include "columns.h"
#include "provider_facts.h"
#include "settlement_batch.h"

#include <string.h>

/* One of these for each capture of a payment that a provider keeps. */
struct reference {
    int provider;
    const char *text;
    const char *merchant_id, *order_id; /* of the order that has it; NULL: none */
    struct reference *next;
};

static const struct statement REFERENCE_LOAD = {
    "settlement_reference_load",
    "SELECT k.n, t.merchant_id, t.order_id"
    " FROM unnest($1::bigint[], $2::integer[], $3::text[], $4::text[])"
    "   AS k(n, provider, account, reference)"
    " CROSS JOIN LATERAL"
    " (SELECT k.reference AS name UNION ALL SELECT other FROM payment_name m"
    "   WHERE m.provider = k.provider AND m.account = k.account AND m.name = k.reference) a"
    " CROSS JOIN LATERAL"
    " (SELECT merchant_id, order_id FROM payment"
    "   WHERE provider_reference <> '' AND provider_reference COLLATE \"C\" = a.name"
    "     AND provider = k.provider AND part_of = '') t",
};

/* NULL: not a capture, or of no payment that a provider keeps. */
static const struct capture *capture_of(const struct event *event)
{
    if (event->kind != EVENT_MESSAGE || event->topic != TOPIC_ORDERS || event->order == NULL)
        return NULL;
    const struct capture *capture = event->body;
    return provider_facts(capture->provider)->executor == EXECUTOR_CALL &&
                   capture->provider_reference[0] != '\0'
               ? capture
               : NULL;
}

struct call *settlement_references_load(struct batch *batch, struct unit *unit)
{
    struct columns columns = {.unit = unit};
    for (size_t i = 0; i < batch->event_count; i++) {
        const struct capture *capture = capture_of(&batch->events[i]);
        if (capture == NULL)
            continue;
        columns_row(&columns);
        columns_int8(&columns, (int64_t)i);
        columns_int4(&columns, capture->provider);
        columns_text(&columns, capture->provider_account);
        columns_text(&columns, capture->provider_reference);
    }
    return columns_call(&columns, &REFERENCE_LOAD);
}

/* FNV-1a. */
static size_t bucket_of(const struct settlement_rows *rows, const char *text)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (; *text != '\0'; text++)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
    return (size_t)(hash & (rows->reference_buckets - 1));
}

static struct reference *find(const struct settlement_rows *rows, const struct capture *capture)
{
    struct reference *at = rows->references[bucket_of(rows, capture->provider_reference)];
    while (at != NULL && (at->provider != capture->provider ||
                          strcmp(at->text, capture->provider_reference) != 0))
        at = at->next;
    return at;
}

static bool add(struct arena *arena, struct settlement_rows *rows, const struct capture *capture)
{
    if (find(rows, capture) != NULL)
        return true;
    struct reference *added = arena_zalloc(arena, sizeof *added);
    if (added == NULL)
        return false;
    struct reference **bucket = &rows->references[bucket_of(rows, capture->provider_reference)];
    *added = (struct reference){
        .provider = capture->provider, .text = capture->provider_reference, .next = *bucket};
    *bucket = added;
    return true;
}

enum status settlement_references_loaded(struct batch *batch, struct settlement_rows *rows)
{
    const struct call *call = rows->captured;
    if (call == NULL)
        return STATUS_OK;
    for (rows->reference_buckets = 1; rows->reference_buckets < batch->event_count;)
        rows->reference_buckets *= 2;
    rows->references =
        arena_zalloc(batch->arena, rows->reference_buckets * sizeof *rows->references);
    if (rows->references == NULL)
        return STATUS_EXHAUSTED;
    for (size_t i = 0; i < batch->event_count; i++) {
        const struct capture *capture = capture_of(&batch->events[i]);
        if (capture != NULL && !add(batch->arena, rows, capture))
            return STATUS_EXHAUSTED;
    }
    for (size_t row = 0; row < rows_count(call); row++) {
        struct reference *known = find(rows, batch->events[rows_int8(call, row, 0)].body);
        known->merchant_id = rows_text(call, row, 1);
        known->order_id = rows_text(call, row, 2);
    }
    return STATUS_OK;
}

const char *settlement_reference_holder(const struct settlement_rows *rows,
                                        const struct event *event)
{
    const struct capture *capture = capture_of(event);
    const struct reference *known = capture == NULL ? NULL : find(rows, capture);
    if (known == NULL || known->order_id == NULL ||
        (strcmp(known->merchant_id, event->merchant_id) == 0 &&
         strcmp(known->order_id, event->order_id) == 0))
        return NULL;
    return known->order_id;
}

void settlement_reference_take(const struct settlement_rows *rows, const struct event *event)
{
    const struct capture *capture = capture_of(event);
    struct reference *known = capture == NULL ? NULL : find(rows, capture);
    if (known == NULL)
        return;
    known->merchant_id = event->merchant_id;
    known->order_id = event->order_id;
}
