#include "store.h"

#include "database.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct store {
    pthread_mutex_t mutex;
    struct database_settings settings;
    struct database *database;
    const char *kinds;
    char program[96];
};

static const struct statement START = {
    .name = "rules_start",
    .sql = "UPDATE rules_progress SET kinds = $1::text, next_offset = -1, last_time = -1"
           " WHERE kinds <> $1::text"};

static const struct statement PLACE = {
    .name = "rules_place", .sql = "SELECT next_offset, last_time, last_hash FROM rules_progress"};

static const struct statement FACTS = {
    .name = "rules_facts",
    .sql = "SELECT p.next_offset, now(), p.kinds <> $5::text,"
           "       EXISTS (SELECT FROM rule_set WHERE log_offset = $1::bigint),"
           "       EXISTS (SELECT FROM rule_set WHERE id = $2::text AND version = $3::bigint"
           "                  AND sha256 = $4::text AND revision IS NOT NULL),"
           "       coalesce(l.version, 0), l.kind, l.merchant_id,"
           "       (SELECT count(*) FROM rule_set WHERE revision IS NOT NULL AND kind <> 'stop'),"
           "       (SELECT count(*) FROM rule_stop WHERE stopped),"
           "       (SELECT count(*) FROM rule_stop"
           "         WHERE stopped AND refund_id = '' AND customer_token = ''),"
           "       s.id, s.merchant_id, s.provider, s.customer_token, s.refund_id"
           "  FROM rules_progress p"
           "  LEFT JOIN LATERAL (SELECT version, kind, merchant_id FROM rule_set"
           "                      WHERE id = $2::text AND revision IS NOT NULL"
           "                      ORDER BY version DESC LIMIT 1) l ON true"
           "  LEFT JOIN rule_stop s ON s.id = $2::text"};

static const struct statement WRITE = {
    .name = "rules_write",
    .sql = "WITH moved AS ("
           "  UPDATE rules_progress"
           "     SET next_offset = $2::bigint, last_time = $3::bigint, last_hash = $4::bigint,"
           "         revision = revision + CASE WHEN $17::text IS NULL THEN 1 ELSE 0 END"
           "   WHERE next_offset <= $1::bigint AND kinds = $21::text RETURNING revision)"
           " INSERT INTO rule_set (log_offset, id, version, kind, merchant_id, judged_by,"
           "     published_at, valid_from, author, signers, correction, sha256, content_sha256,"
           "     reason, revision, body, checked_at, verdict)"
           " SELECT $1::bigint, $5::text, $6::bigint, $7::text, $8::text, $9::integer,"
           "        $10::timestamptz, $11::timestamptz, $12::text, $13::text, $14::text,"
           "        $15::text, $16::text, $17::text,"
           "        CASE WHEN $17::text IS NULL THEN moved.revision END,"
           "        CASE WHEN $17::text IS NULL THEN $18::bytea END, $19::timestamptz, $20::bytea"
           "   FROM moved"
           " RETURNING coalesce(revision, 0)"};

/* The guard keeps an instance that came second from putting an older version back. */
static const struct statement WRITE_STOP = {
    .name = "rules_write_stop",
    .sql = "INSERT INTO rule_stop"
           " SELECT r.id, r.version, $2::boolean, $3::text, $4::integer, $5::text, $6::text,"
           "        $7::text, r.author, r.checked_at, r.revision"
           "   FROM rule_set r WHERE r.log_offset = $1::bigint AND r.revision IS NOT NULL"
           " ON CONFLICT (id) DO UPDATE"
           "    SET version = excluded.version, stopped = excluded.stopped,"
           "        reason = excluded.reason, author = excluded.author, since = excluded.since,"
           "        revision = excluded.revision"
           "  WHERE rule_stop.version < excluded.version"};

static const struct statement MOVE = {
    .name = "rules_move",
    .sql = "UPDATE rules_progress"
           "   SET next_offset = $1::bigint, last_time = $2::bigint, last_hash = $3::bigint"
           " WHERE next_offset < $1::bigint AND kinds = $4::text"};

static const struct statement UNTOLD = {
    .name = "rules_untold",
    .sql = "SELECT log_offset, verdict FROM rule_set"
           " WHERE NOT told AND checked_at <= now() - $1::bigint * interval '1 ms'"
           " ORDER BY log_offset LIMIT $2::bigint"};

static const struct statement TOLD = {
    .name = "rules_told",
    .sql = "UPDATE rule_set SET told = true WHERE log_offset = ANY($1::bigint[])"};

static const struct statement BODY = {
    .name = "rules_body", .sql = "SELECT body FROM rule_set WHERE revision = $1::bigint"};

struct store *store_create(const struct config_worker *config, const char *name, const char *kinds)
{
    struct store *store = calloc(1, sizeof *store);
    if (store == NULL)
        return NULL;
    (void)snprintf(store->program, sizeof store->program, "%s rules", name);
    store->kinds = kinds;
    store->settings = database_settings_of(config, name, store->program);
    (void)pthread_mutex_init(&store->mutex, NULL);
    return store;
}

void store_destroy(struct store *store)
{
    if (store == NULL)
        return;
    database_close(store->database);
    (void)pthread_mutex_destroy(&store->mutex);
    free(store);
}

/* Locks, and connects if that is needed. NULL: away; nothing is locked then. */
static struct unit *begin(struct store *store, struct arena *arena, struct error *error)
{
    (void)pthread_mutex_lock(&store->mutex);
    if (store->database == NULL &&
        database_open(&store->settings, &store->database, error) != STATUS_OK) {
        store->database = NULL;
        (void)pthread_mutex_unlock(&store->mutex);
        return NULL;
    }
    return database_begin(store->database, arena);
}

static enum status run(struct unit *unit, struct error *error)
{
    database_send(unit);
    return database_wait(unit, error);
}

/* Unlocks; a connection that failed is given up. */
static enum status end(struct store *store, struct unit *unit, enum status status)
{
    database_end(unit);
    if (status == STATUS_RETRY) {
        database_close(store->database);
        store->database = NULL;
    }
    (void)pthread_mutex_unlock(&store->mutex);
    return status;
}

enum status store_start(struct store *store, struct store_place *place, struct error *error)
{
    struct arena *arena = arena_create(ARENA_FIRST_BLOCK);
    if (arena == NULL)
        return error_set(error, STATUS_RETRY, "no memory");
    struct unit *unit = begin(store, arena, error);
    if (unit == NULL) {
        arena_destroy(arena);
        return STATUS_RETRY;
    }
    call_text(unit_call(unit, &START), store->kinds);
    struct call *call = unit_call(unit, &PLACE);
    enum status status = run(unit, error);
    if (status == STATUS_OK && rows_count(call) == 1)
        *place = (struct store_place){.next = rows_int8(call, 0, 0),
                                      .last_time = rows_int8(call, 0, 1),
                                      .last_hash = rows_int8(call, 0, 2)};
    status = end(store, unit, status);
    arena_destroy(arena);
    return status;
}

static const char *text_at(const struct call *call, int column, struct arena *arena)
{
    const char *text = rows_text(call, 0, column);
    return text == NULL ? "" : arena_strdup(arena, text);
}

static enum rules_kind kind_named(const char *name)
{
    for (enum rules_kind kind = 0; kind < RULES_KINDS; kind++)
        if (strcmp(rules_kind_name(kind), name) == 0)
            return kind;
    return RULES_KINDS;
}

static void take_stop(const struct call *call, struct arena *arena, struct store_facts *facts)
{
    enum { STOP_ID = 11 };
    redress__v1__stop__init(&facts->stop);
    if (rows_null(call, 0, STOP_ID))
        return;
    facts->stop.merchant_id = arena_strdup(arena, rows_text(call, 0, STOP_ID + 1));
    facts->stop.provider = (Redress__V1__Provider)rows_int4(call, 0, STOP_ID + 2);
    facts->stop.customer_token = arena_strdup(arena, rows_text(call, 0, STOP_ID + 3));
    facts->stop.refund_id = arena_strdup(arena, rows_text(call, 0, STOP_ID + 4));
    facts->known.stop = &facts->stop;
}

static void take_facts(const struct call *call, struct arena *arena, struct store_facts *facts)
{
    *facts = (struct store_facts){.next = rows_int8(call, 0, 0),
                                  .now_us = rows_time(call, 0, 1),
                                  .others = rows_bool(call, 0, 2),
                                  .judged = rows_bool(call, 0, 3),
                                  .same = rows_bool(call, 0, 4),
                                  .known = {.latest = rows_int8(call, 0, 5),
                                            .kind = kind_named(text_at(call, 6, arena)),
                                            .merchant_id = text_at(call, 7, arena),
                                            .sets = (size_t)rows_int8(call, 0, 8),
                                            .stops = (size_t)rows_int8(call, 0, 9),
                                            .wide_stops = (size_t)rows_int8(call, 0, 10)}};
    take_stop(call, arena, facts);
}

enum status store_facts(struct store *store, int64_t offset, const char *id, int64_t version,
                        const char *sha256, struct arena *arena, struct store_facts *facts,
                        struct error *error)
{
    struct unit *unit = begin(store, arena, error);
    if (unit == NULL)
        return STATUS_RETRY;
    struct call *call = unit_call(unit, &FACTS);
    call_int8(call, offset);
    call_text(call, id);
    call_int8(call, version);
    call_text(call, sha256);
    call_text(call, store->kinds);
    enum status status = run(unit, error);
    if (status == STATUS_OK)
        take_facts(call, arena, facts);
    return end(store, unit, status);
}

static void add_row(struct unit *unit, struct call *call, const struct store_row *row,
                    const char *kinds)
{
    (void)unit;
    call_int8(call, row->offset);
    call_int8(call, row->place.next);
    call_int8(call, row->place.last_time);
    call_int8(call, row->place.last_hash);
    call_text(call, row->id);
    call_int8(call, row->version);
    call_text(call, rules_kind_name(row->kind));
    call_text(call, row->merchant_id);
    call_int4(call, row->judged_by);
    call_time(call, row->published_us);
    call_time(call, row->valid_from_us);
    call_text(call, row->author);
    call_text(call, row->signers);
    call_text(call, row->correction);
    call_text(call, row->sha256);
    call_text(call, row->content_sha256);
    call_text(call, row->reason);
    call_bytes(call, row->reason == NULL ? row->body : "",
               row->reason == NULL ? row->body_size : 0);
    call_time(call, row->checked_us);
    call_bytes(call, row->verdict, row->verdict_size);
    call_text(call, kinds);
}

static void add_stop(struct unit *unit, const struct store_row *row)
{
    struct call *call = unit_call(unit, &WRITE_STOP);
    call_int8(call, row->offset);
    call_bool(call, row->stop->stopped);
    call_text(call, row->stop->merchant_id);
    call_int4(call, (int32_t)row->stop->provider);
    call_text(call, row->stop->customer_token);
    call_text(call, row->stop->refund_id);
    call_text(call, row->stop->reason);
}

enum status store_write(struct store *store, const struct store_row *row, struct arena *arena,
                        int64_t *revision, struct error *error)
{
    struct unit *unit = begin(store, arena, error);
    if (unit == NULL)
        return STATUS_RETRY;
    struct call *call = unit_call(unit, &WRITE);
    add_row(unit, call, row, store->kinds);
    if (row->stop != NULL)
        add_stop(unit, row);
    enum status status = run(unit, error);
    if (status == STATUS_OK)
        *revision = rows_count(call) == 0 ? -1 : rows_int8(call, 0, 0);
    return end(store, unit, status);
}

enum status store_move(struct store *store, const struct store_place *place, struct arena *arena,
                       struct error *error)
{
    struct unit *unit = begin(store, arena, error);
    if (unit == NULL)
        return STATUS_RETRY;
    struct call *call = unit_call(unit, &MOVE);
    call_int8(call, place->next);
    call_int8(call, place->last_time);
    call_int8(call, place->last_hash);
    call_text(call, store->kinds);
    return end(store, unit, run(unit, error));
}

enum status store_untold(struct store *store, int64_t age_ms, struct arena *arena,
                         struct store_untold untold[STORE_UNTOLD_MAX], size_t *count,
                         struct error *error)
{
    *count = 0;
    struct unit *unit = begin(store, arena, error);
    if (unit == NULL)
        return STATUS_RETRY;
    struct call *call = unit_call(unit, &UNTOLD);
    call_int8(call, age_ms);
    call_int8(call, STORE_UNTOLD_MAX);
    enum status status = run(unit, error);
    for (size_t row = 0; status == STATUS_OK && row < rows_count(call); row++) {
        size_t size;
        const void *bytes = rows_bytes(call, row, 1, &size);
        untold[row] = (struct store_untold){.offset = rows_int8(call, row, 0),
                                            .verdict = arena_memdup(arena, bytes, size),
                                            .size = size};
        if (untold[row].verdict == NULL)
            status = error_set(error, STATUS_EXHAUSTED, "no memory for verdicts");
        else
            (*count)++;
    }
    return end(store, unit, status);
}

enum status store_told(struct store *store, const struct store_untold *told, size_t count,
                       struct arena *arena, struct error *error)
{
    struct unit *unit = begin(store, arena, error);
    if (unit == NULL)
        return STATUS_RETRY;
    struct column *offsets = column_create(unit, COLUMN_INT8);
    for (size_t i = 0; i < count; i++)
        column_int8(offsets, told[i].offset);
    call_column(unit_call(unit, &TOLD), offsets);
    return end(store, unit, run(unit, error));
}

enum status store_body(struct store *store, int64_t revision, struct arena *arena,
                       const void **body, size_t *size, struct error *error)
{
    struct unit *unit = begin(store, arena, error);
    if (unit == NULL)
        return STATUS_RETRY;
    struct call *call = unit_call(unit, &BODY);
    call_int8(call, revision);
    enum status status = run(unit, error);
    if (status == STATUS_OK && rows_count(call) != 1)
        status = error_set(error, STATUS_FATAL, "rules: revision %lld is gone from the database",
                           (long long)revision);
    if (status == STATUS_OK) {
        const void *bytes = rows_bytes(call, 0, 0, size);
        *body = arena_memdup(arena, bytes, *size);
        if (*body == NULL)
            status = error_set(error, STATUS_FATAL, "no memory for a rule set");
    }
    return end(store, unit, status);
}
