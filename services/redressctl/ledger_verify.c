#include "ledger_verify.h"

#include "arena.h"
#include "ledger_chain.h"
#include "listing.h"
#include "message.h"
#include "redress/v1/control.pb-c.h"
#include "replay.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    VERIFY_ARENA_MAX = 1024 * 1024, /* one control event */
    VERIFY_PAGE = 5000,             /* lines read at once */
    VERIFY_SHARDS_MAX = 4096,
    HASH_SIZE = 32
};

/* A head as it was published. */
struct published {
    int32_t shard;
    int64_t entries;
    uint8_t hash[HASH_SIZE];
};

struct verifying {
    struct database *database;
    struct arena *arena;
    struct published *heads; /* sorted by shard and entries once all are read */
    size_t count, capacity;
};

/* What is known of the shard at hand. */
struct chain {
    int32_t shard;
    int64_t lines;      /* recomputed so far */
    int64_t last_id;    /* of the last line */
    int64_t matched_id; /* of the line at the last published head that agreed */
    int64_t compared;   /* published heads that agreed */
    char head[LEDGER_HEAD_MAX];
    char fault[320]; /* "": none */
};

/* What the database says of a shard, all of it at one instant: a batch writes its lines and the
 * head at once. */
struct stated {
    int64_t entries; /* in the chain */
    int64_t lines;   /* that there are */
    const char *head;
};

static enum status add_head(struct verifying *verifying, const Redress__V1__LedgerHead *told,
                            struct error *error)
{
    if (verifying->count == verifying->capacity) {
        size_t capacity = verifying->capacity == 0 ? 256 : verifying->capacity * 2;
        struct published *heads = realloc(verifying->heads, capacity * sizeof *verifying->heads);
        if (heads == NULL)
            return error_set(error, STATUS_EXHAUSTED, "no memory for the published heads");
        verifying->heads = heads;
        verifying->capacity = capacity;
    }
    struct published *head = &verifying->heads[verifying->count++];
    *head = (struct published){.shard = told->shard, .entries = told->entries};
    memcpy(head->hash, told->hash.data, HASH_SIZE);
    return STATUS_OK;
}

static enum status take_record(void *context, const struct record *record, struct error *error)
{
    struct verifying *verifying = context;
    struct error unreadable;
    ProtobufCMessage *message;
    arena_reset(verifying->arena);
    if (record->value == NULL ||
        message_unpack(topic_info(TOPIC_CONTROL)->message, record->value, record->value_size,
                       verifying->arena, &message, &unreadable) != STATUS_OK)
        return STATUS_OK;
    const Redress__V1__ControlEvent *event = (const Redress__V1__ControlEvent *)message;
    if (event->event_case != REDRESS__V1__CONTROL_EVENT__EVENT_LEDGER_HEAD ||
        event->ledger_head->hash.len != HASH_SIZE || strcmp(event->source, "settlement") != 0)
        return STATUS_OK;
    return add_head(verifying, event->ledger_head, error);
}

static int by_place(const void *a, const void *b)
{
    const struct published *one = a, *other = b;
    if (one->shard != other->shard)
        return one->shard < other->shard ? -1 : 1;
    return (one->entries > other->entries) - (one->entries < other->entries);
}

static int64_t number(const struct table *table, size_t row, int column)
{
    return strtoll(table_value(table, row, column), NULL, 10);
}

/* Compares what was published of the chain at its present length. */
static void compare(const struct verifying *verifying, struct chain *chain)
{
    uint8_t hash[HASH_SIZE];
    ledger_head_bytes(chain->head, hash);
    struct published key = {.shard = chain->shard, .entries = chain->lines};
    const struct published *found =
        bsearch(&key, verifying->heads, verifying->count, sizeof key, by_place);
    if (found == NULL)
        return;
    const struct published *end = verifying->heads + verifying->count;
    while (found > verifying->heads && by_place(found - 1, &key) == 0)
        found--;
    for (; found < end && by_place(found, &key) == 0; found++) {
        if (memcmp(found->hash, hash, HASH_SIZE) != 0) {
            (void)snprintf(chain->fault, sizeof chain->fault,
                           "the head published at line %" PRId64
                           " is another: a line above %" PRId64 " and up to %" PRId64
                           " was changed, removed or slipped in",
                           chain->lines, chain->matched_id, chain->last_id);
            return;
        }
        chain->compared++;
    }
    chain->matched_id = chain->last_id;
}

static void take_line(const struct verifying *verifying, struct chain *chain,
                      const struct table *table, size_t row)
{
    const struct ledger_line line = {
        .transfer_id = number(table, row, 0),
        .merchant_id = table_value(table, row, 1),
        .order_id = table_value(table, row, 2),
        .payment_id = table_value(table, row, 3),
        .payout_id = table_value(table, row, 4),
        .movement = number(table, row, 5),
        .amount_minor = number(table, row, 6),
        .currency = table_value(table, row, 7),
        .booked_us = number(table, row, 8),
        .cause = table_value(table, row, 9),
    };
    chain->last_id = line.transfer_id;
    chain->lines++;
    if (ledger_chain_add(chain->head, &line) != STATUS_OK)
        (void)snprintf(chain->fault, sizeof chain->fault, "line %" PRId64 " is too long",
                       line.transfer_id);
    else
        compare(verifying, chain);
}

/* Recomputes the first `entries` lines; those that come meanwhile are for the next time. */
static enum status recompute(const struct verifying *verifying, struct chain *chain,
                             int64_t entries, struct error *error)
{
    static const char sql[] =
        "SELECT transfer_id, merchant_id, order_id, payment_id, coalesce(payout_id, ''),"
        "       movement_number, amount_minor, currency, booked_us, cause"
        "  FROM view.ledger_line"
        " WHERE transfer_id > $1::bigint AND transfer_id < $2::bigint"
        " ORDER BY transfer_id LIMIT $3::bigint";
    char from[24], until[24], most[24];
    size_t rows = VERIFY_PAGE;
    chain->last_id = ((int64_t)chain->shard << 40) - 1;
    chain->matched_id = chain->last_id;
    (void)snprintf(until, sizeof until, "%" PRId64, ((int64_t)chain->shard + 1) << 40);
    while (rows == VERIFY_PAGE && chain->lines < entries && chain->fault[0] == '\0') {
        struct table *table;
        int64_t left = entries - chain->lines;
        const char *const params[] = {from, until, most};
        (void)snprintf(from, sizeof from, "%" PRId64, chain->last_id);
        (void)snprintf(most, sizeof most, "%" PRId64, left < VERIFY_PAGE ? left : VERIFY_PAGE);
        enum status status = database_query(verifying->database, sql, params, 3, &table, error);
        if (status != STATUS_OK)
            return status;
        rows = table_rows(table);
        for (size_t row = 0; row < rows && chain->fault[0] == '\0'; row++)
            take_line(verifying, chain, table, row);
        table_free(table);
    }
    return STATUS_OK;
}

/* The most lines that were published of the shard. */
static int64_t published_entries(const struct verifying *verifying, int32_t shard)
{
    int64_t most = 0;
    for (size_t i = 0; i < verifying->count; i++)
        if (verifying->heads[i].shard == shard && verifying->heads[i].entries > most)
            most = verifying->heads[i].entries;
    return most;
}

static void find_fault(const struct verifying *verifying, struct chain *chain,
                       const struct stated *stated)
{
    int64_t published = published_entries(verifying, chain->shard), entries = stated->entries;
    if (chain->fault[0] != '\0')
        return;
    if (published > entries)
        (void)snprintf(chain->fault, sizeof chain->fault,
                       "%" PRId64 " lines were published, the ledger has %" PRId64
                       ": lines were removed",
                       published, entries);
    else if (chain->lines < entries)
        (void)snprintf(chain->fault, sizeof chain->fault,
                       "%" PRId64 " lines stand in the ledger, %" PRId64
                       " were written: lines were removed",
                       chain->lines, entries);
    else if (stated->lines > entries)
        (void)snprintf(chain->fault, sizeof chain->fault,
                       "%" PRId64 " lines stand in the ledger, %" PRId64
                       " were written: lines above %" PRId64 " were slipped in",
                       stated->lines, entries, chain->last_id);
    else if (strcmp(chain->head, stated->head) != 0)
        (void)snprintf(chain->fault, sizeof chain->fault,
                       "the head of the database is another: a line above %" PRId64
                       " was changed, removed or slipped in",
                       chain->matched_id);
}

static enum status verify_shard(const struct verifying *verifying, int32_t shard,
                                const struct stated *stated, json_t *verdict, struct error *error)
{
    struct chain chain = {.shard = shard};
    ledger_chain_start(chain.head);
    enum status status = recompute(verifying, &chain, stated->entries, error);
    if (status != STATUS_OK)
        return status;
    find_fault(verifying, &chain, stated);
    json_t *json = json_pack("{s:i, s:I, s:I, s:o}", "shard", shard, "lines",
                             (json_int_t)chain.lines, "heads", (json_int_t)chain.compared, "fault",
                             chain.fault[0] == '\0' ? json_null() : json_string(chain.fault));
    json_array_append_new(json_object_get(verdict, "shards"), json);
    if (chain.fault[0] != '\0')
        json_object_set_new(verdict, "holds", json_false());
    json_object_set_new(
        verdict, "lines",
        json_integer(json_integer_value(json_object_get(verdict, "lines")) + chain.lines));
    json_object_set_new(
        verdict, "heads",
        json_integer(json_integer_value(json_object_get(verdict, "heads")) + chain.compared));
    return STATUS_OK;
}

static const char stated_sql[] =
    "SELECT shard, coalesce(h.entries, 0), coalesce(h.head, repeat('0', 64)), coalesce(l.lines, 0)"
    "  FROM view.ledger_head h"
    "  FULL JOIN (SELECT shard, count(*) AS lines FROM view.ledger_line GROUP BY shard) l"
    "       USING (shard)"
    " ORDER BY shard";

static void refuse_shard(int64_t shard, int64_t lines, json_t *verdict)
{
    json_array_append_new(json_object_get(verdict, "shards"),
                          json_pack("{s:I, s:I, s:i, s:s}", "shard", (json_int_t)shard, "lines",
                                    (json_int_t)lines, "heads", 0, "fault",
                                    "there is no such shard: all of it was slipped in"));
    json_object_set_new(verdict, "holds", json_false());
}

/* A shard whose lines and head are gone altogether was published, and is in no table. */
static enum status verify_shards(const struct verifying *verifying, json_t *verdict,
                                 struct error *error)
{
    bool seen[VERIFY_SHARDS_MAX] = {false};
    struct table *table;
    enum status status = database_query(verifying->database, stated_sql, NULL, 0, &table, error);
    if (status != STATUS_OK)
        return status;
    for (size_t row = 0; status == STATUS_OK && row < table_rows(table); row++) {
        int64_t shard = number(table, row, 0);
        if (shard < 0 || shard >= VERIFY_SHARDS_MAX) {
            refuse_shard(shard, number(table, row, 3), verdict);
            continue;
        }
        const struct stated stated = {.entries = number(table, row, 1),
                                      .lines = number(table, row, 3),
                                      .head = table_value(table, row, 2)};
        seen[shard] = true;
        status = verify_shard(verifying, (int32_t)shard, &stated, verdict, error);
    }
    table_free(table);
    for (size_t i = 0; status == STATUS_OK && i < verifying->count; i++) {
        int32_t shard = verifying->heads[i].shard;
        if (shard < 0 || shard >= VERIFY_SHARDS_MAX || seen[shard])
            continue;
        seen[shard] = true;
        status = verify_shard(verifying, shard, &(struct stated){.head = ""}, verdict, error);
    }
    return status;
}

static enum status add_sums(const struct verifying *verifying, json_t *verdict, struct error *error)
{
    json_t *sums, *row;
    size_t i;
    enum status status =
        listing_json(verifying->database,
                     "SELECT currency, sum(amount_minor)::bigint AS sum_minor FROM view.ledger"
                     " GROUP BY currency ORDER BY currency",
                     NULL, 0, &sums, error);
    if (status != STATUS_OK)
        return status;
    json_array_foreach(sums, i, row)
    {
        if (json_integer_value(json_object_get(row, "sum_minor")) != 0)
            json_object_set_new(verdict, "holds", json_false());
    }
    json_object_set_new(verdict, "sums", sums);
    return STATUS_OK;
}

/* Heads first: what they tell was in the database before they were published. */
static enum status read_heads(const struct session *session, struct verifying *verifying,
                              struct error *error)
{
    static const enum topic topics[] = {TOPIC_CONTROL};
    const struct replay replay = {.topics = topics, .topic_count = 1};
    enum status status = replay_run(session, &replay, take_record, verifying, error);
    if (status == STATUS_OK && verifying->count > 0)
        qsort(verifying->heads, verifying->count, sizeof *verifying->heads, by_place);
    return status;
}

enum status ledger_verify(const struct session *session, json_t **verdict, struct error *error)
{
    struct verifying verifying = {.arena = arena_create(VERIFY_ARENA_MAX)};
    *verdict = json_pack("{s:b, s:i, s:i, s:[]}", "holds", 1, "lines", 0, "heads", 0, "shards");
    enum status status = verifying.arena == NULL || *verdict == NULL
                             ? error_set(error, STATUS_EXHAUSTED, "no memory")
                             : read_heads(session, &verifying, error);
    if (status == STATUS_OK)
        status = session_database(session, "settlement", &verifying.database, error);
    if (status == STATUS_OK) {
        status = verify_shards(&verifying, *verdict, error);
        if (status == STATUS_OK)
            status = add_sums(&verifying, *verdict, error);
        database_close(verifying.database);
    }
    if (status != STATUS_OK) {
        json_decref(*verdict);
        *verdict = NULL;
    }
    free(verifying.heads);
    arena_destroy(verifying.arena);
    return status;
}
