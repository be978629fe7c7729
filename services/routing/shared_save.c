/* Saving what all shards share: by conditions that hold whoever saved meanwhile, rows in key order.
 */

#include "columns.h"
#include "routing_internal.h"
#include "routing_stage.h"
#include "shared_store.h"

#include <string.h>

/* The condition is looked at with the row locked. */
static const struct statement ADD_DAYS = {
    .name = "add_person_days",
    .sql = "WITH given AS ("
           "    SELECT * FROM unnest($1::text[], $2::text[], $3::integer[], $4::text[],"
           "                         $5::bigint[], $6::bigint[])"
           "        AS g(merchant_id, person_id, day, currency, added, most)),"
           " taken AS ("
           "    INSERT INTO person_day AS p (merchant_id, person_id, day, currency, used_minor,"
           "                                 limit_minor)"
           "    SELECT merchant_id, person_id, day, currency, added, most FROM given"
           "     WHERE added <= most ORDER BY person_id, day, currency, merchant_id"
           "    ON CONFLICT (person_id, day, currency, merchant_id) DO UPDATE"
           "    SET used_minor = p.used_minor + excluded.used_minor,"
           "        limit_minor = excluded.limit_minor"
           "    WHERE p.used_minor <= excluded.limit_minor - excluded.used_minor"
           "    RETURNING 1)"
           " SELECT redress_require_room((SELECT count(*) FROM taken),"
           "                             (SELECT count(*) FROM given))"};

/* Rows of the shard's own. */
static const struct statement ADD_COUNTS = {
    .name = "add_automatic",
    .sql = "INSERT INTO automatic_total AS t (merchant_id, product, trip, hour, currency, shard,"
           "                                  count, minor)"
           " SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::text[],"
           "                      $6::integer[], $7::bigint[], $8::bigint[])"
           " ON CONFLICT (merchant_id, product, trip, hour, currency, shard) DO UPDATE"
           " SET count = t.count + excluded.count,"
           "     minor = least(t.minor::numeric + excluded.minor, 9223372036854775807)::bigint"};

static const struct statement REMOVE_COUNTS = {
    .name = "remove_automatic",
    .sql = "DELETE FROM automatic_total WHERE shard = ANY($1::integer[]) AND hour < $2::bigint"};

/* Refused if another shard has tripped it meanwhile. */
static const struct statement ADD_TRIPS = {
    .name = "add_trips",
    .sql = "WITH given AS ("
           "    SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[],"
           "                         $5::timestamptz[])"
           "        AS g(merchant_id, product, number, limit_name, tripped_at)),"
           " taken AS ("
           "    INSERT INTO automatic_trip (merchant_id, product, number, limit_name, tripped_at)"
           "    SELECT * FROM given ORDER BY merchant_id, product, number"
           "    ON CONFLICT DO NOTHING RETURNING 1)"
           " SELECT redress_require_room((SELECT count(*) FROM taken),"
           "                             (SELECT count(*) FROM given))"};

/* Refused if somebody else has lifted it meanwhile. */
static const struct statement LIFT_TRIPS = {
    .name = "lift_trips",
    .sql = "WITH given AS ("
           "    SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::timestamptz[],"
           "                         $5::text[], $6::text[])"
           "        AS g(merchant_id, product, number, lifted_at, lifted_by, lifted_decision)),"
           " locked AS ("
           "    SELECT a.merchant_id, a.product, a.number FROM automatic_trip a"
           "      JOIN given g ON (a.merchant_id, a.product, a.number)"
           "                    = (g.merchant_id, g.product, g.number)"
           "     WHERE a.lifted_at IS NULL"
           "     ORDER BY a.merchant_id, a.product, a.number FOR UPDATE OF a),"
           " taken AS ("
           "    UPDATE automatic_trip a SET lifted_at = g.lifted_at, lifted_by = g.lifted_by,"
           "                                lifted_decision = g.lifted_decision"
           "      FROM given g"
           "     WHERE (a.merchant_id, a.product, a.number) = (g.merchant_id, g.product, g.number)"
           "       AND EXISTS (SELECT 1 FROM locked l WHERE (l.merchant_id, l.product, l.number)"
           "                                              = (a.merchant_id, a.product, a.number))"
           "    RETURNING 1)"
           " SELECT redress_require_room((SELECT count(*) FROM taken),"
           "                             (SELECT count(*) FROM given))"};

static const struct statement ADD_PRECEDENTS = {
    .name = "add_precedents",
    .sql = "INSERT INTO precedent (case_id, merchant_id, refund_id, rule, reason, currency, band,"
           "       history, verdict, amount_minor, reasons, decided_by, decided_at)"
           " SELECT k.case_id, k.merchant_id, k.refund_id, k.rule, k.reason, k.currency, k.band,"
           "        k.history, k.verdict, k.amount_minor, string_to_array(k.reasons, chr(31)),"
           "        k.decided_by, k.decided_at"
           "   FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],"
           "               $7::integer[], $8::integer[], $9::integer[], $10::bigint[], $11::text[],"
           "               $12::text[], $13::timestamptz[])"
           "        AS k(case_id, merchant_id, refund_id, rule, reason, currency, band, history,"
           "             verdict, amount_minor, reasons, decided_by, decided_at)"
           " ON CONFLICT DO NOTHING"};

static const struct statement KEEP_PRECEDENTS = {
    .name = "keep_precedents",
    .sql = "INSERT INTO case_precedent (refund, ordinal, number, case_id)"
           " SELECT * FROM unnest($1::bigint[], $2::integer[], $3::integer[], $4::text[])"};

enum { KEPT_HOURS = 48 };

static void save_days(struct unit *unit, const struct person_days *days)
{
    struct columns added = {.unit = unit};
    for (const struct person_day *day = days->first; day != NULL; day = day->next) {
        if (day->added_minor == 0)
            continue;
        columns_row(&added);
        columns_text(&added, day->key.merchant_id);
        columns_text(&added, day->key.person_id);
        columns_int4(&added, day->key.day);
        columns_text(&added, day->key.currency);
        columns_int8(&added, day->added_minor);
        columns_int8(&added, day->limit_minor);
    }
    columns_call(&added, &ADD_DAYS);
}

/* Once an hour: what no limit looks at any more. */
static void remove_old_counts(struct batch *batch, struct unit *unit, int64_t hour)
{
    struct routing_context *own = batch->context;
    if (own->counts_tidied_hour == hour)
        return;
    own->counts_tidied_hour = hour;
    struct column *shards = column_create(unit, COLUMN_INT4);
    for (size_t i = 0; i < batch->shard_count; i++)
        column_int4(shards, batch->shards[i]);
    struct call *call = unit_call(unit, &REMOVE_COUNTS);
    call_column(call, shards);
    call_int8(call, hour - KEPT_HOURS);
}

static void save_counts(struct batch *batch, struct unit *unit, const struct auto_meters *meters)
{
    struct columns counts = {.unit = unit};
    int64_t hour = 0;
    for (const struct auto_meter *meter = meters->first; meter != NULL; meter = meter->next)
        for (const struct auto_added *added = meter->added; added != NULL; added = added->next) {
            columns_row(&counts);
            columns_text(&counts, meter->merchant_id);
            columns_text(&counts, meter->product);
            columns_int8(&counts, added->trip);
            columns_int8(&counts, added->hour);
            columns_text(&counts, added->currency);
            columns_int4(&counts, added->shard);
            columns_int8(&counts, added->count);
            columns_int8(&counts, added->minor);
            hour = added->hour;
        }
    columns_call(&counts, &ADD_COUNTS);
    if (hour != 0)
        remove_old_counts(batch, unit, hour);
}

static void save_trips(struct unit *unit, const struct auto_meters *meters)
{
    struct columns tripped = {.unit = unit};
    struct columns lifted = {.unit = unit};
    for (const struct auto_meter *meter = meters->first; meter != NULL; meter = meter->next) {
        if (meter->new_trip != 0) {
            columns_row(&tripped);
            columns_text(&tripped, meter->merchant_id);
            columns_text(&tripped, meter->product);
            columns_int8(&tripped, meter->new_trip);
            columns_text(&tripped, auto_limit_word(meter->new_limit));
            columns_time(&tripped, meter->tripped_us);
        }
        if (meter->lifted != 0) {
            columns_row(&lifted);
            columns_text(&lifted, meter->merchant_id);
            columns_text(&lifted, meter->product);
            columns_int8(&lifted, meter->lifted);
            columns_time(&lifted, meter->lifted_us);
            columns_text(&lifted, meter->lifted_by);
            columns_text(&lifted, meter->lifted_decision);
        }
    }
    columns_call(&tripped, &ADD_TRIPS);
    columns_call(&lifted, &LIFT_TRIPS);
}

/* With US between, which no word of a policy contains. */
static const char *join_reasons(struct arena *arena, const struct assessed *assessed)
{
    const char *joined = "";
    for (size_t i = 0; i < assessed->reason_count && i < PRECEDENT_REASONS_MAX; i++)
        joined = i == 0 ? assessed->reasons[0]
                        : arena_printf(arena, "%s\x1f%s", joined, assessed->reasons[i]);
    return joined == NULL ? "" : joined;
}

static void put_precedent(struct batch *batch, struct columns *columns, const char *merchant_id,
                          const struct routing_refund *refund, const struct routing_case *subject)
{
    struct fingerprint print = precedent_fingerprint(refund->assessed);
    columns_row(columns);
    columns_text(columns, subject->case_id);
    columns_text(columns, merchant_id);
    columns_text(columns, refund->refund_id);
    columns_text(columns, print.rule);
    columns_text(columns, print.reason);
    columns_text(columns, subject->currency);
    columns_int4(columns, print.band);
    columns_int4(columns, (int32_t)print.history);
    columns_int4(columns, (int32_t)subject->as_precedent);
    columns_int8(columns, subject->minor);
    columns_text(columns, join_reasons(batch->arena, refund->assessed));
    columns_text(columns, subject->decided_by);
    columns_time(columns, subject->updated_us);
}

static void save_precedents(struct batch *batch, struct unit *unit)
{
    struct columns decided = {.unit = unit};
    struct columns kept = {.unit = unit};
    for (size_t i = 0; i < batch->order_count; i++) {
        const struct routing_order *order = batch->orders[i].rows;
        for (const struct routing_refund *refund = order->refunds; refund != NULL;
             refund = refund->next)
            for (const struct routing_case *subject = refund->latest; subject != NULL;
                 subject = subject->older) {
                if (subject->as_precedent != 0 && refund->assessed != NULL)
                    put_precedent(batch, &decided, order->merchant_id, refund, subject);
                for (size_t n = 0; subject->precedents_new && n < subject->precedent_count; n++) {
                    columns_row(&kept);
                    columns_int8(&kept, refund->key);
                    columns_int4(&kept, subject->ordinal);
                    columns_int4(&kept, (int32_t)n + 1);
                    columns_text(&kept, subject->precedents[n].case_id);
                }
            }
    }
    columns_call(&decided, &ADD_PRECEDENTS);
    columns_call(&kept, &KEEP_PRECEDENTS);
}

void shared_save(struct batch *batch, struct unit *unit, struct shared_rows *rows)
{
    save_days(unit, &rows->shared.days);
    save_counts(batch, unit, &rows->shared.meters);
    save_trips(unit, &rows->shared.meters);
    save_precedents(batch, unit);
}
