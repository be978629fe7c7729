/* Loading what all shards share. */

#include "shared_store.h"

#include "auto_limit_read.h"
#include "calendar.h"
#include "columns.h"
#include "routing_codec.h"
#include "routing_internal.h"
#include "routing_stage.h"
#include "routing_store.h"

#include <string.h>

static const struct statement LOAD_DAYS = {
    .name = "load_person_days",
    .sql = "SELECT d.merchant_id, d.person_id, d.day, d.currency, d.used_minor"
           "  FROM unnest($1::text[], $2::text[], $3::integer[]) AS k(merchant_id, person_id, day)"
           "  JOIN person_day d ON (d.merchant_id, d.person_id, d.day)"
           "                     = (k.merchant_id, k.person_id, k.day)"};

/* Of the last day, since the latest trip; a key without counts has one row. */
static const struct statement LOAD_METERS = {
    .name = "load_meters",
    .sql = "SELECT k.merchant_id, k.product, coalesce(l.trip, 0), t.currency, t.hour,"
           "       sum(t.count)::bigint,"
           "       least(sum(t.minor), 9223372036854775807)::bigint"
           "  FROM unnest($1::text[], $2::text[]) AS k(merchant_id, product)"
           "  LEFT JOIN LATERAL (SELECT a.number AS trip FROM automatic_trip a"
           "                      WHERE (a.merchant_id, a.product) = (k.merchant_id, k.product)"
           "                      ORDER BY a.number DESC LIMIT 1) l ON true"
           "  LEFT JOIN automatic_total t"
           "         ON (t.merchant_id, t.product, t.trip)"
           "          = (k.merchant_id, k.product, coalesce(l.trip, 0))"
           "        AND t.hour > floor(extract(epoch FROM now()) / 3600)::bigint - 25"
           " GROUP BY 1, 2, 3, 4, 5"};

static const struct statement LOAD_TRIPS = {
    .name = "load_trips",
    .sql = "SELECT merchant_id, product, number, limit_name FROM automatic_trip"
           " WHERE lifted_at IS NULL AND merchant_id = ANY($1::text[])"};

/* The nearest: the same fingerprint, the latest first; then the latest 100 of the same rule by how
 * much else differs. */
static const struct statement LOAD_PRECEDENTS = {
    .name = "load_precedents",
    .sql = "SELECT k.n, p.case_id, p.verdict, p.decided_at, p.amount_minor, p.currency, p.reasons"
           "  FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],"
           "              $7::integer[], $8::integer[])"
           "       AS k(n, merchant_id, refund_id, rule, reason, currency, band, history)"
           "  CROSS JOIN LATERAL ("
           "       SELECT * FROM ("
           "           (SELECT e.*, 0 AS far FROM precedent e"
           "             WHERE (e.merchant_id, e.currency, e.rule, e.reason, e.band, e.history)"
           "                 = (k.merchant_id, k.currency, k.rule, k.reason, k.band, k.history)"
           "               AND e.refund_id <> k.refund_id"
           "             ORDER BY e.decided_at DESC LIMIT 5)"
           "           UNION ALL"
           "           (SELECT r.*, 3 * (r.reason <> k.reason)::integer + least(abs(r.band - "
           "k.band), 6)"
           "                        + (r.history <> k.history)::integer AS far"
           "              FROM (SELECT * FROM precedent o"
           "                     WHERE (o.merchant_id, o.currency, o.rule)"
           "                         = (k.merchant_id, k.currency, k.rule)"
           "                       AND o.refund_id <> k.refund_id"
           "                     ORDER BY o.decided_at DESC LIMIT 100) r"
           "             WHERE (r.reason, r.band, r.history) <> (k.reason, k.band, k.history))) a"
           "        ORDER BY far, decided_at DESC, case_id LIMIT 5) p"
           " ORDER BY k.n, p.far, p.decided_at DESC, p.case_id"};

static const struct statement LOAD_KEPT = {
    .name = "load_kept_precedents",
    .sql = "SELECT k.n, p.case_id, p.verdict, p.decided_at, p.amount_minor, p.currency, p.reasons,"
           "       r.refund_id, c.number"
           "  FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[])"
           "       AS k(n, merchant_id, order_id, refund_id)"
           "  JOIN refund r ON (r.merchant_id, r.order_id, r.refund_id)"
           "                 = (k.merchant_id, k.order_id, k.refund_id)"
           "  JOIN case_precedent c ON (c.refund, c.ordinal) = (r.key, r.case_count)"
           "  JOIN precedent p ON p.case_id = c.case_id"
           " ORDER BY k.n, r.key, c.number"};

static bool is_input(const struct event *event, enum routing_input_kind kind)
{
    return event->order != NULL && event->kind == EVENT_MESSAGE &&
           ((const struct routing_input *)event->body)->kind == kind;
}

static void ask_day(struct columns *days, const char *roster_of, const struct decision *decision,
                    int32_t day)
{
    columns_row(days);
    columns_text(days, roster_of);
    columns_text(days,
                 decision->on_behalf_of[0] == '\0' ? decision->actor_id : decision->on_behalf_of);
    columns_int4(days, day);
}

/* Days of whoever's authority an approval of the batch uses: neither the zone is known yet, nor
 * whether the roster is the merchant's own. */
static void ask_days(struct batch *batch, struct unit *unit, struct shared_rows *rows)
{
    struct columns days = {.unit = unit};
    for (size_t i = 0; i < batch->event_count; i++) {
        const struct event *event = &batch->events[i];
        if (!is_input(event, INPUT_DECISION))
            continue;
        const struct decision *decision = &((const struct routing_input *)event->body)->decision;
        if (verdict_nature(decision->verdict) != VERDICT_APPROVES)
            continue;
        int32_t day = calendar_day(NULL, decision->occurred_us);
        for (int32_t n = day - PERSON_DAYS_AROUND; n <= day + PERSON_DAYS_AROUND; n++) {
            ask_day(&days, "", decision, n);
            ask_day(&days, event->merchant_id, decision, n);
        }
    }
    rows->days = columns_call(&days, &LOAD_DAYS);
}

/* What may be approved without people, or may lift what stops that. */
static bool touches_limits(const struct event *event)
{
    if (event->order == NULL)
        return false;
    if (event->kind == EVENT_DEADLINE)
        return event->deadline_kind == DEADLINE_MODEL;
    const struct routing_input *input = event->body;
    return (input->kind == INPUT_ASSESSED && input->assessed.status == ASSESSED_COMPLIANT) ||
           (input->kind == INPUT_DECISION && input->decision.verdict == VERDICT_LIFT);
}

/* Each meter that the batch may count by, once. */
static enum status list_meters(struct batch *batch, struct shared_rows *rows)
{
    const struct routing_context *own = batch->context;
    struct auto_meters *meters = &rows->shared.meters;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < batch->event_count && status == STATUS_OK; i++) {
        struct event *event = &batch->events[i];
        if (!touches_limits(event))
            continue;
        status = auto_meter_loaded(meters, event->merchant_id, "", 0, AUTO_LIMIT_NONE);
        if (!rows->products_asked || !is_input(event, INPUT_ASSESSED) || status != STATUS_OK)
            continue;
        struct routing_input *input = event->body;
        struct routing_found *found = &input->found;
        status =
            auto_products_read(batch->arena, own->scratch, input->assessed.body,
                               input->assessed.body_size, &found->products, &found->product_count);
        for (size_t n = 0; n < found->product_count && status == STATUS_OK; n++)
            status = auto_meter_loaded(meters, event->merchant_id, found->products[n].product, 0,
                                       AUTO_LIMIT_NONE);
    }
    return status;
}

static void ask_meters(struct unit *unit, struct shared_rows *rows)
{
    struct columns meters = {.unit = unit};
    for (const struct auto_meter *meter = rows->shared.meters.first; meter != NULL;
         meter = meter->next) {
        columns_row(&meters);
        columns_text(&meters, meter->merchant_id);
        columns_text(&meters, meter->product);
    }
    rows->meters = columns_call(&meters, &LOAD_METERS);
}

static void ask_trips(struct batch *batch, struct unit *unit, struct shared_rows *rows)
{
    struct columns merchants = {.unit = unit};
    const char *last = NULL;
    for (size_t i = 0; i < batch->event_count; i++) {
        const struct event *event = &batch->events[i];
        if (!touches_limits(event) || (last != NULL && strcmp(last, event->merchant_id) == 0))
            continue;
        last = event->merchant_id;
        columns_row(&merchants);
        columns_text(&merchants, last);
    }
    rows->trips = columns_call(&merchants, &LOAD_TRIPS);
}

static void ask_precedents(struct batch *batch, struct unit *unit, struct shared_rows *rows)
{
    struct columns prints = {.unit = unit};
    for (size_t i = 0; i < batch->event_count; i++) {
        const struct event *event = &batch->events[i];
        if (!is_input(event, INPUT_ASSESSED))
            continue;
        const struct routing_input *input = event->body;
        if (input->assessed.status == ASSESSED_COMPLIANT ||
            input->assessed.status == ASSESSED_CANCEL_REQUESTED)
            continue;
        struct fingerprint print = precedent_fingerprint(&input->assessed);
        columns_row(&prints);
        columns_int8(&prints, (int64_t)i);
        columns_text(&prints, event->merchant_id);
        columns_text(&prints, input->refund_id);
        columns_text(&prints, print.rule);
        columns_text(&prints, print.reason);
        columns_text(&prints, print.currency);
        columns_int4(&prints, print.band);
        columns_int4(&prints, (int32_t)print.history);
    }
    rows->precedents = columns_call(&prints, &LOAD_PRECEDENTS);
}

/* Of the cases that the batch may publish again. */
static void ask_kept(struct batch *batch, struct unit *unit, struct shared_rows *rows)
{
    struct columns kept = {.unit = unit};
    for (size_t i = 0; i < batch->event_count; i++) {
        const struct event *event = &batch->events[i];
        const struct routing_input *input = event->body;
        if (event->order == NULL ||
            (is_input(event, INPUT_ASSESSED) && input->assessed.version == 1))
            continue;
        columns_row(&kept);
        columns_int8(&kept, event->order - batch->orders);
        columns_text(&kept, event->merchant_id);
        columns_text(&kept, event->order_id);
        columns_text(&kept, event->kind == EVENT_DEADLINE ? event->subject : input->refund_id);
    }
    rows->kept = columns_call(&kept, &LOAD_KEPT);
}

enum status shared_load(struct batch *batch, struct unit *unit, struct shared_rows *rows)
{
    const struct routing_context *own = batch->context;
    person_days_start(&rows->shared.days, batch->arena);
    auto_meters_start(&rows->shared.meters, batch->arena);
    rows->products_asked = own->products_matter;
    rows->limits_asked = own->limits_matter;
    enum status status = rows->limits_asked ? list_meters(batch, rows) : STATUS_OK;
    if (status != STATUS_OK)
        return status;
    ask_days(batch, unit, rows);
    ask_meters(unit, rows);
    ask_trips(batch, unit, rows);
    ask_precedents(batch, unit, rows);
    ask_kept(batch, unit, rows);
    return STATUS_OK;
}

static enum status read_days(struct shared_rows *rows)
{
    enum status status = STATUS_OK;
    const struct call *call = rows->days;
    for (size_t row = 0; call != NULL && row < rows_count(call) && status == STATUS_OK; row++) {
        const struct person_day_key key = {.merchant_id = rows_text(call, row, 0),
                                           .person_id = rows_text(call, row, 1),
                                           .day = rows_int4(call, row, 2),
                                           .currency = rows_text(call, row, 3)};
        status = person_days_loaded(&rows->shared.days, &key, rows_int8(call, row, 4));
    }
    return status;
}

static enum status read_meters(struct shared_rows *rows)
{
    enum status status = STATUS_OK;
    const struct call *call = rows->meters;
    for (size_t row = 0; call != NULL && row < rows_count(call) && status == STATUS_OK; row++) {
        const char *merchant_id = rows_text(call, row, 0), *product = rows_text(call, row, 1);
        const struct auto_sum sum = {.currency = rows_text(call, row, 3),
                                     .hour = rows_int8(call, row, 4),
                                     .count = rows_int8(call, row, 5),
                                     .minor = rows_int8(call, row, 6)};
        status = auto_meter_loaded(&rows->shared.meters, merchant_id, product,
                                   rows_int8(call, row, 2), AUTO_LIMIT_NONE);
        if (status == STATUS_OK && !rows_null(call, row, 3))
            status = auto_sum_loaded(&rows->shared.meters, merchant_id, product, &sum);
    }
    return status;
}

/* A limit whose name is not known stops all the same. */
static enum status read_trips(struct shared_rows *rows)
{
    enum status status = STATUS_OK;
    const struct call *call = rows->trips;
    for (size_t row = 0; call != NULL && row < rows_count(call) && status == STATUS_OK; row++) {
        enum auto_limit limit = auto_limit_find(rows_text(call, row, 3));
        status = auto_meter_loaded(&rows->shared.meters, rows_text(call, row, 0),
                                   rows_text(call, row, 1), rows_int8(call, row, 2),
                                   limit == AUTO_LIMIT_NONE ? AUTO_COUNT_DAY : limit);
    }
    return status;
}

static bool read_precedent(struct arena *arena, const struct call *call, size_t row,
                           struct precedent *precedent)
{
    const char **reasons = arena_array(arena, PRECEDENT_REASONS_MAX, sizeof *reasons);
    if (reasons == NULL)
        return false;
    size_t count = rows_text_array(call, row, 6, arena, reasons, PRECEDENT_REASONS_MAX);
    *precedent = (struct precedent){
        .case_id = rows_text(call, row, 1),
        .verdict = rows_int4(call, row, 2),
        .decided_us = rows_time(call, row, 3),
        .minor = rows_int8(call, row, 4),
        .currency = rows_text(call, row, 5),
        .reasons = reasons,
        .reason_count = count < PRECEDENT_REASONS_MAX ? count : PRECEDENT_REASONS_MAX};
    return true;
}

/* Adds one more to a list of at most PRECEDENTS_MAX, which is made when there is a first. */
static enum status add_precedent(struct arena *arena, const struct call *call, size_t row,
                                 const struct precedent **list, size_t *count)
{
    struct precedent *items =
        *count == 0 ? arena_array(arena, PRECEDENTS_MAX, sizeof *items) : (struct precedent *)*list;
    if (*count == PRECEDENTS_MAX)
        return STATUS_OK;
    if (items == NULL || !read_precedent(arena, call, row, &items[*count]))
        return STATUS_EXHAUSTED;
    *list = items;
    (*count)++;
    return STATUS_OK;
}

static enum status read_precedents(struct batch *batch, const struct call *call)
{
    enum status status = STATUS_OK;
    for (size_t row = 0; call != NULL && row < rows_count(call) && status == STATUS_OK; row++) {
        struct routing_input *input = batch->events[rows_int8(call, row, 0)].body;
        status = add_precedent(batch->arena, call, row, &input->found.precedents,
                               &input->found.precedent_count);
    }
    return status;
}

/* Several events of a refund bring the same rows several times: numbers tell. */
static enum status read_kept(struct batch *batch, const struct call *call)
{
    enum status status = STATUS_OK;
    for (size_t row = 0; call != NULL && row < rows_count(call) && status == STATUS_OK; row++) {
        const struct routing_order *order = batch->orders[rows_int8(call, row, 0)].rows;
        const struct routing_refund *refund = routing_refund_find(order, rows_text(call, row, 7));
        struct routing_case *subject = refund == NULL ? NULL : refund->latest;
        if (subject != NULL && rows_int4(call, row, 8) == (int32_t)subject->precedent_count + 1)
            status = add_precedent(batch->arena, call, row, &subject->precedents,
                                   &subject->precedent_count);
    }
    return status;
}

/* Whether everything was asked for that is needed to count by what holds now. */
static enum status check_asked(struct batch *batch, const struct shared_rows *rows)
{
    struct routing_context *own = batch->context;
    bool limits = false, products = auto_products_tripped(&rows->shared.meters);
    for (size_t i = 0; i < batch->event_count; i++) {
        const struct event *event = &batch->events[i];
        if (!touches_limits(event))
            continue;
        const struct auto_limits *known = ((const struct routing_input *)event->body)->rules.limits;
        limits = limits || known != NULL;
        products = products || (known != NULL && auto_scope_limits(&known->product));
    }
    own->limits_matter = own->limits_matter || limits || products;
    own->products_matter = own->products_matter || products;
    bool missed = (own->limits_matter && (limits || products) && !rows->limits_asked) ||
                  (products && !rows->products_asked);
    return missed ? STATUS_AGAIN : STATUS_OK;
}

enum status shared_loaded(struct batch *batch, struct shared_rows *rows)
{
    enum status status = read_days(rows);
    if (status == STATUS_OK)
        status = read_meters(rows);
    if (status == STATUS_OK)
        status = read_trips(rows);
    if (status == STATUS_OK)
        status = check_asked(batch, rows);
    if (status == STATUS_OK)
        status = read_precedents(batch, rows->precedents);
    return status == STATUS_OK ? read_kept(batch, rows->kept) : status;
}
