/* The loop's side: what is in force, kept up to date by each batch's load. */

#include "rules.h"

#include "cache.h"
#include "check.h"
#include "database.h"
#include "log.h"
#include "message.h"
#include "metrics.h"
#include "reader.h"
#include "signature.h"
#include "stops.h"
#include "store.h"
#include "timeline.h"
#include "topics.h"
#include "worker/worker.h"

#include <stdlib.h>
#include <string.h>

enum { CATCH_UP_MS = 10000, KINDS_TEXT_MAX = 128 };

struct rules {
    struct rules_handler handlers[RULES_KINDS];
    bool handled[RULES_KINDS];
    bool any_handler, any_stops;
    char kinds[KINDS_TEXT_MAX];
    struct config_worker worker;
    struct signature_keys keys;
    struct store *store;
    struct cache *cache;
    struct timeline *timeline;
    struct stops *stops;
    struct reader *reader;
    int64_t revision;
    const struct call *sets_call, *stops_call; /* of the batch between load and loaded */
};

/* The first condition is looked at once: as long as nothing is new, no table is read. */
static const struct statement NEW_SETS = {
    .name = "rules_new_sets",
    .sql = "SELECT revision, kind, id, version, merchant_id, judged_by, valid_from, content_sha256"
           "  FROM rule_set"
           " WHERE (SELECT revision FROM rules_progress) > $1::bigint"
           "   AND revision > $1::bigint AND kind <> 'stop'"
           " ORDER BY revision"};

static const struct statement NEW_STOPS = {
    .name = "rules_new_stops",
    .sql = "SELECT revision, id, version, stopped, merchant_id, provider, customer_token,"
           "       refund_id, reason"
           "  FROM rule_stop"
           " WHERE (SELECT revision FROM rules_progress) > $1::bigint AND revision > $1::bigint"
           " ORDER BY revision"};

/* What is looked for, as the database notes it. */
static void name_kinds(struct rules *rules, const struct rules_settings *settings)
{
    for (size_t i = 0; i < settings->handler_count; i++) {
        const struct rules_handler *handler = &settings->handlers[i];
        rules->handlers[handler->kind] = *handler;
        rules->handled[handler->kind] = true;
    }
    for (enum rules_kind kind = 0; kind < RULES_KINDS; kind++)
        if (rules->handled[kind] || (kind == RULES_STOP && settings->stops)) {
            (void)strcat(rules->kinds, rules_kind_name(kind));
            (void)strcat(rules->kinds, " ");
        }
    if (settings->unknown)
        (void)strcat(rules->kinds, "unknown ");
    rules->any_handler = settings->handler_count > 0;
    rules->any_stops = settings->stops;
}

static enum status start_reader(struct rules *rules, const struct rules_settings *settings,
                                struct error *error)
{
    struct reader_settings reading = {
        .worker = &rules->worker,
        .name = settings->name,
        .keys = &rules->keys,
        .stops = settings->stops,
        .unknown = settings->unknown,
        .store = rules->store,
        .cache = rules->cache,
    };
    for (enum rules_kind kind = 0; kind < RULES_KINDS; kind++)
        reading.handlers[kind] = rules->handled[kind] ? &rules->handlers[kind] : NULL;
    enum status status = reader_start(&reading, &rules->reader, error);
    if (status == STATUS_OK && !reader_await(rules->reader, CATCH_UP_MS))
        log_write(LOG_WARNING, "the rules are not read to the end yet; going on", NULL);
    return status;
}

enum status rules_open(const struct rules_settings *settings, struct rules **rules,
                       struct error *error)
{
    struct rules *opened = calloc(1, sizeof *opened);
    if (opened == NULL)
        return error_set(error, STATUS_FATAL, "no memory for rules");
    struct error why = {0};
    enum status status = signature_keys_read(settings->keys, &opened->keys, &why);
    if (status != STATUS_OK)
        status = error_set(error, status, "REDRESS_RULES_KEYS: %.400s", why.text);
    opened->worker = *settings->worker;
    name_kinds(opened, settings);
    opened->store = store_create(&opened->worker, settings->name, opened->kinds);
    opened->cache = cache_create(RULES_CACHE_MAX);
    opened->timeline = timeline_create(RULES_SETS_MAX);
    opened->stops = stops_create(RULES_STOPS_MAX);
    if (status == STATUS_OK && (opened->store == NULL || opened->cache == NULL ||
                                opened->timeline == NULL || opened->stops == NULL))
        status = error_set(error, STATUS_FATAL, "no memory for rules");
    if (status == STATUS_OK)
        status = start_reader(opened, settings, error);
    if (status == STATUS_OK)
        *rules = opened;
    else
        rules_close(opened);
    return status;
}

void rules_close(struct rules *rules)
{
    if (rules == NULL)
        return;
    reader_stop(rules->reader);
    cache_destroy(rules->cache);
    store_destroy(rules->store);
    timeline_destroy(rules->timeline);
    stops_destroy(rules->stops);
    free(rules);
}

void rules_load(struct rules *rules, struct batch *batch, struct unit *unit)
{
    (void)batch;
    struct call *sets = NULL, *stops = NULL;
    if (rules->any_handler) {
        sets = unit_call(unit, &NEW_SETS);
        call_int8(sets, rules->revision);
    }
    if (rules->any_stops) {
        stops = unit_call(unit, &NEW_STOPS);
        call_int8(stops, rules->revision);
    }
    rules->sets_call = sets;
    rules->stops_call = stops;
}

static enum rules_kind kind_named(const char *name)
{
    for (enum rules_kind kind = 0; kind < RULES_KINDS; kind++)
        if (strcmp(rules_kind_name(kind), name) == 0)
            return kind;
    return RULES_KINDS;
}

static enum status take_set(struct rules *rules, const struct call *call, size_t row)
{
    const struct rules_set set = {
        .revision = rows_int8(call, row, 0),
        .kind = kind_named(rows_text(call, row, 1)),
        .id = rows_text(call, row, 2),
        .version = rows_int8(call, row, 3),
        .merchant_id = rows_text(call, row, 4),
        .judged_by = rows_int4(call, row, 5) == RULES_JUDGED_BY_PURCHASE ? RULES_JUDGED_BY_PURCHASE
                                                                         : RULES_JUDGED_BY_REQUEST,
        .valid_from_us = rows_time(call, row, 6),
        .sha256 = rows_text(call, row, 7),
    };
    if (set.kind == RULES_KINDS || !rules->handled[set.kind])
        return STATUS_OK;
    return timeline_add(rules->timeline, &set);
}

static enum status take_stop(struct rules *rules, const struct call *call, size_t row)
{
    const struct rules_stop stop = {
        .revision = rows_int8(call, row, 0),
        .id = rows_text(call, row, 1),
        .version = rows_int8(call, row, 2),
        .merchant_id = rows_text(call, row, 4),
        .provider = rows_int4(call, row, 5),
        .customer_token = rows_text(call, row, 6),
        .refund_id = rows_text(call, row, 7),
        .reason = rows_text(call, row, 8),
    };
    return stops_take(rules->stops, &stop, rows_bool(call, row, 3));
}

static enum status take_all(struct rules *rules, const struct call *call,
                            enum status (*take)(struct rules *rules, const struct call *call,
                                                size_t row),
                            int64_t *revision)
{
    enum status status = STATUS_OK;
    size_t count = call == NULL ? 0 : rows_count(call);
    for (size_t row = 0; status == STATUS_OK && row < count; row++) {
        status = take(rules, call, row);
        if (rows_int8(call, row, 0) > *revision)
            *revision = rows_int8(call, row, 0);
    }
    return status;
}

enum status rules_loaded(struct rules *rules, struct batch *batch)
{
    (void)batch;
    int64_t revision = rules->revision;
    cache_turn(rules->cache);
    if (reader_failed(rules->reader))
        return STATUS_FATAL;
    enum status status = take_all(rules, rules->sets_call, take_set, &revision);
    if (status == STATUS_OK)
        status = take_all(rules, rules->stops_call, take_stop, &revision);
    rules->sets_call = rules->stops_call = NULL;
    if (status != STATUS_OK) {
        log_write(LOG_ERROR, "there is no room for the rules", NULL);
        return STATUS_FATAL;
    }
    rules->revision = revision;
    metric_set(METRIC_RULES_REVISION, revision);
    return STATUS_OK;
}

int64_t rules_revision(const struct rules *rules)
{
    return rules->revision;
}

static enum status make(const struct rules *rules, const struct rules_set *set, const void *body,
                        size_t size, struct arena *arena, struct rules_made *made,
                        struct error *error)
{
    const struct rules_handler *handler = &rules->handlers[set->kind];
    struct error why = {0};
    ProtobufCMessage *message;
    enum status status =
        message_unpack(topic_info(TOPIC_RULES)->message, body, size, arena, &message, &why);
    if (status == STATUS_OK)
        status = handler->make(handler->context, (const Redress__V1__RuleSet *)message, made, &why);
    if (status == STATUS_OK)
        return STATUS_OK;
    bool faulty = status == STATUS_INVALID || status == STATUS_UNPROCESSABLE;
    return error_set(error, faulty ? STATUS_INVALID : STATUS_FATAL,
                     "%s %s/%lld was accepted, and cannot be read now: %.300s",
                     rules_kind_name(set->kind), set->id, (long long)set->version, why.text);
}

/* Said once by each process; another version takes over as always. */
static enum status note_fault(struct rules_set *set, const struct error *why, struct error *error)
{
    set->fault = strdup(why->text);
    if (set->fault == NULL)
        return error_set(error, STATUS_FATAL, "no memory for a rule set");
    log_write(LOG_ERROR, set->fault, NULL);
    return STATUS_OK;
}

/* Fetches and makes what is not kept. */
static enum status fetch(struct rules *rules, struct rules_set *set, struct error *error)
{
    const struct rules_handler *handler = &rules->handlers[set->kind];
    struct arena *arena = arena_create(2 * CHECK_UNPACKED_MAX);
    struct rules_made made = {0};
    struct error why = {0};
    const void *body;
    size_t size;
    if (arena == NULL)
        return error_set(error, STATUS_FATAL, "no memory for a rule set");
    enum status status = store_body(rules->store, set->revision, arena, &body, &size, error);
    if (status == STATUS_OK)
        status = make(rules, set, body, size, arena, &made, &why);
    if (status == STATUS_INVALID)
        status = note_fault(set, &why, error);
    else if (status == STATUS_FATAL)
        (void)error_set(error, status, "%s", why.text);
    if (status == STATUS_OK && set->fault == NULL) {
        set->made =
            cache_bring(rules->cache, set->revision, made.made, made.bytes, handler->release, true);
        if (set->made == NULL)
            status = error_set(error, STATUS_EXHAUSTED, "the batch needs too many rule sets");
    }
    arena_destroy(arena);
    return status;
}

static enum status provide(struct rules *rules, struct rules_set *found,
                           const struct rules_set **set, struct error *error)
{
    *set = NULL;
    if (found == NULL)
        return STATUS_OK;
    found->made = cache_use(rules->cache, found->revision);
    enum status status =
        found->made == NULL && found->fault == NULL ? fetch(rules, found, error) : STATUS_OK;
    if (status == STATUS_OK)
        *set = found;
    return status;
}

enum status rules_model(struct rules *rules, const char *merchant_id, enum rules_kind kind,
                        int64_t purchased_us, int64_t requested_us, const struct rules_set **set,
                        struct error *error)
{
    return provide(rules,
                   timeline_model(rules->timeline, merchant_id, kind, purchased_us, requested_us),
                   set, error);
}

enum status rules_at(struct rules *rules, const char *merchant_id, enum rules_kind kind,
                     int64_t at_us, const struct rules_set **set, struct error *error)
{
    return provide(rules, timeline_find(rules->timeline, merchant_id, kind, at_us), set, error);
}

const struct rules_stop *rules_stopped(const struct rules *rules, const char *merchant_id,
                                       int32_t provider, const char *customer_token,
                                       const char *refund_id)
{
    return stops_find(rules->stops, merchant_id, provider, customer_token, refund_id);
}
