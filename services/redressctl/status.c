/* redressctl status: what each worker does, how far it is behind, what waits and since when. */

#include "broker.h"
#include "command.h"
#include "listing.h"
#include "options.h"
#include "session.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum { LOOK_TIMEOUT_MS = 10000 };

/* A worker counts as ready when it is connected, every shard has an owner and none is blocked. */
static const char shards_sql[] =
    "SELECT count(*) AS shards, count(owner) AS owned,"
    "       coalesce(sum(batch_seq - published_seq), 0) AS unpublished,"
    "       coalesce(json_agg(json_build_object('shard', shard, 'reason', blocked))"
    "                FILTER (WHERE blocked IS NOT NULL), '[]') AS blocked,"
    "       (SELECT count(*) FROM pg_stat_activity"
    "         WHERE datname = current_database() AND usename = current_database())"
    "         AS connections,"
    "       (SELECT json_build_object('count', count(*), 'oldest', min(due_at))"
    "          FROM view.deadline) AS deadlines"
    "  FROM view.shard";

static const char progress_sql[] = "SELECT topic, shard, next_offset FROM view.progress";

/* What waits in a worker. X(worker, what, from where, since which column) */
#define WAITING_ROWS(X)                                                                           \
    X("intake", "parked", "view.refund WHERE status = 'PARKED'", "received_at")                   \
    X("intake", "needs information", "view.refund WHERE status = 'NEEDS_INFO'", "updated_at")     \
    X("intake", "open refunds", "view.refund WHERE status = 'OPEN'", "received_at")               \
    X("policy", "without a policy that judges them", "view.waiting", "since")                     \
    X("routing", "cases to decide", "view.approval_case WHERE status = 'OPEN'", "opened_at")      \
    X("routing", "refunds without an authority model", "view.held_refund", "held_since")          \
    X("routing", "cases that wait for an answer", "view.approval_case WHERE status = 'WAITING'",  \
      "updated_at")                                                                               \
    X("settlement", "payouts under way",                                                          \
      "view.payout WHERE status IN ('RESERVED', 'SUBMITTED', 'PENDING')", "reserved_at")          \
    X("settlement", "payouts that need somebody",                                                 \
      "view.payout WHERE status IN ('REQUIRES_ACTION', 'UNKNOWN', 'MANUAL', 'FALLBACK_PENDING')", \
      "reserved_at")                                                                              \
    X("settlement", "payouts that wait for goods", "view.payout WHERE status = 'AWAITING_GOODS'", \
      "reserved_at")

struct waiting_row {
    const char *worker;
    const char *what;
    const char *sql;
};

static const struct waiting_row waiting_rows[] = {
#define X(worker, what, from, since) \
    {worker, what, "SELECT count(*) AS count, min(" since ") AS oldest FROM " from},
    WAITING_ROWS(X)
#undef X
};

struct topic_span {
    int64_t first[BROKER_PARTITIONS_MAX];
    int64_t end[BROKER_PARTITIONS_MAX];
    int32_t partitions;
};

struct statuses {
    const struct session *session;
    struct consumer *reader;
    int32_t partitions[TOPIC_COUNT];
};

static enum status span_of(struct statuses *statuses, enum topic topic, struct topic_span *span,
                           struct error *error)
{
    struct place first[BROKER_PARTITIONS_MAX], end[BROKER_PARTITIONS_MAX];
    span->partitions = statuses->partitions[topic];
    if (span->partitions == 0)
        return STATUS_OK;
    for (int32_t i = 0; i < span->partitions; i++)
        first[i] = end[i] = (struct place){.topic = topic, .partition = i};
    enum status status = consumer_bounds(statuses->reader, first, end, (size_t)span->partitions,
                                         LOOK_TIMEOUT_MS, error);
    for (int32_t i = 0; i < span->partitions && status == STATUS_OK; i++) {
        span->first[i] = first[i].offset;
        span->end[i] = end[i].offset;
    }
    return status;
}

/* Where the worker reads next in a partition; the beginning if it has read nothing of it. */
static int64_t next_offset(const json_t *progress, const char *topic, int32_t shard, int64_t first)
{
    size_t i;
    json_t *row;
    json_array_foreach(progress, i, row)
    {
        if (json_integer_value(json_object_get(row, "shard")) == shard &&
            strcmp(json_string_value(json_object_get(row, "topic")), topic) == 0)
            return json_integer_value(json_object_get(row, "next_offset")) > first
                       ? json_integer_value(json_object_get(row, "next_offset"))
                       : first;
    }
    return first;
}

static bool reads(const json_t *progress, const char *topic)
{
    size_t i;
    json_t *row;
    json_array_foreach(progress, i, row)
    {
        if (strcmp(json_string_value(json_object_get(row, "topic")), topic) == 0)
            return true;
    }
    return false;
}

/* Events of the topics that the worker has read from which it has not handled. */
static enum status lag_of(struct statuses *statuses, const json_t *progress, int64_t *lag,
                          struct error *error)
{
    struct topic_span span;
    *lag = 0;
    for (enum topic topic = 0; topic < TOPIC_COUNT; topic++) {
        const char *name = topic_info(topic)->name;
        if (!reads(progress, name))
            continue;
        enum status status = span_of(statuses, topic, &span, error);
        if (status != STATUS_OK)
            return status;
        for (int32_t i = 0; i < span.partitions; i++)
            *lag += span.end[i] - next_offset(progress, name, i, span.first[i]);
    }
    return STATUS_OK;
}

static enum status add_waiting(struct database *database, const char *worker, json_t *json,
                               struct error *error)
{
    json_t *list = json_array();
    json_object_set_new(json, "waiting", list);
    for (size_t i = 0; i < sizeof waiting_rows / sizeof *waiting_rows; i++) {
        json_t *rows;
        if (strcmp(waiting_rows[i].worker, worker) != 0)
            continue;
        enum status status = listing_json(database, waiting_rows[i].sql, NULL, 0, &rows, error);
        if (status != STATUS_OK)
            return status;
        json_t *row = json_array_get(rows, 0);
        json_object_set_new(row, "what", json_string(waiting_rows[i].what));
        json_array_append(list, row);
        json_decref(rows);
    }
    return STATUS_OK;
}

static void set_ready(json_t *json)
{
    json_int_t shards = json_integer_value(json_object_get(json, "shards"));
    bool ready = shards > 0 && shards == json_integer_value(json_object_get(json, "owned")) &&
                 json_array_size(json_object_get(json, "blocked")) == 0 &&
                 json_integer_value(json_object_get(json, "connections")) > 0;
    json_object_set_new(json, "ready", json_boolean(ready));
}

static enum status read_worker(struct statuses *statuses, struct database *database,
                               const char *worker, json_t *json, struct error *error)
{
    json_t *rows, *progress;
    int64_t lag = 0;
    enum status status = listing_json(database, shards_sql, NULL, 0, &rows, error);
    if (status != STATUS_OK)
        return status;
    json_object_update(json, json_array_get(rows, 0));
    json_decref(rows);
    set_ready(json);
    status = listing_json(database, progress_sql, NULL, 0, &progress, error);
    if (status != STATUS_OK)
        return status;
    status = lag_of(statuses, progress, &lag, error);
    json_decref(progress);
    json_object_set_new(json, "lag", json_integer(lag));
    return status == STATUS_OK ? add_waiting(database, worker, json, error) : status;
}

/* A worker whose database cannot be read is shown as such; the others still are. */
static json_t *worker_json(struct statuses *statuses, const char *worker)
{
    struct database *database;
    struct error error = {0};
    json_t *json = json_pack("{s:s, s:b}", "worker", worker, "ready", 0);
    enum status status = session_database(statuses->session, worker, &database, &error);
    if (status == STATUS_OK) {
        status = read_worker(statuses, database, worker, json, &error);
        database_close(database);
    }
    if (status != STATUS_OK) {
        json_object_set_new(json, "ready", json_false());
        json_object_set_new(json, "error", json_string(error.text));
    }
    return json;
}

static void print_waiting(const json_t *waiting)
{
    json_int_t count = json_integer_value(json_object_get(waiting, "count"));
    if (count > 0)
        printf("    %" JSON_INTEGER_FORMAT " %s, the oldest since %s\n", count,
               json_string_value(json_object_get(waiting, "what")),
               json_string_value(json_object_get(waiting, "oldest")));
}

static void print_worker(const json_t *json)
{
    static const char *const counts[] = {"lag", "unpublished"};
    size_t i;
    json_t *each;
    const json_t *error = json_object_get(json, "error");
    printf("%-12s %-9s", json_string_value(json_object_get(json, "worker")),
           json_is_true(json_object_get(json, "ready")) ? "ready" : "NOT READY");
    if (error != NULL)
        printf("  %s", json_string_value(error));
    else {
        printf("  %" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT " shards owned",
               json_integer_value(json_object_get(json, "owned")),
               json_integer_value(json_object_get(json, "shards")));
        for (i = 0; i < sizeof counts / sizeof *counts; i++)
            printf(", %s %" JSON_INTEGER_FORMAT, counts[i],
                   json_integer_value(json_object_get(json, counts[i])));
    }
    putchar('\n');
    json_array_foreach(json_object_get(json, "blocked"), i, each)
    {
        printf("    shard %" JSON_INTEGER_FORMAT " waits for an operator: %s\n",
               json_integer_value(json_object_get(each, "shard")),
               json_string_value(json_object_get(each, "reason")));
    }
    json_array_foreach(json_object_get(json, "waiting"), i, each)
    {
        print_waiting(each);
    }
}

static void print_plain(const json_t *json)
{
    size_t i;
    json_t *worker;
    json_array_foreach(json_object_get(json, "workers"), i, worker)
    {
        print_worker(worker);
    }
    printf("dead letters %" JSON_INTEGER_FORMAT "\n",
           json_integer_value(json_object_get(json, "dead_letters")));
}

static enum status read_all(struct statuses *statuses, json_t *json, struct error *error)
{
    static const char *const workers[] = {
#define X(worker) #worker,
        SESSION_WORKERS(X)
#undef X
    };
    struct topic_span letters = {.partitions = 0};
    int64_t count = 0;
    enum status status =
        consumer_partitions(statuses->reader, statuses->partitions, LOOK_TIMEOUT_MS, error);
    if (status == STATUS_OK)
        status = span_of(statuses, TOPIC_DEAD_LETTERS, &letters, error);
    if (status != STATUS_OK)
        return status;
    for (int32_t i = 0; i < letters.partitions; i++)
        count += letters.end[i] - letters.first[i];
    json_t *list = json_array();
    for (size_t i = 0; i < sizeof workers / sizeof *workers; i++)
        json_array_append_new(list, worker_json(statuses, workers[i]));
    json_object_set_new(json, "workers", list);
    json_object_set_new(json, "dead_letters", json_integer(count));
    return STATUS_OK;
}

static enum status show(const struct session *session, bool as_json, struct error *error)
{
    struct statuses statuses = {.session = session};
    enum status status = reader_open(&session->config, &statuses.reader, error);
    if (status != STATUS_OK)
        return status;
    json_t *json = json_object();
    status = read_all(&statuses, json, error);
    if (status == STATUS_OK && as_json) {
        command_print(json);
    } else if (status == STATUS_OK) {
        print_plain(json);
    }
    json_decref(json);
    consumer_close(statuses.reader);
    return status;
}

int command_status(int argc, char **argv)
{
    static const struct usage usage = {
        .arguments = "",
        .text = "Shows each worker: ready (connected, every shard owned, none blocked), how many "
                "events it\n"
                "is behind, batches saved and not yet published, and what waits since when.",
    };
    bool json = false;
    const struct option_row rows[] = {
        {"json", OPTION_FLAG, NULL, "print JSON", &json, 0, 0},
    };
    struct command_line line;
    struct error error = {0};
    if (!command_read(&usage, rows, sizeof rows / sizeof *rows, argc, argv, &line))
        return line.code;
    return command_end(argv[0], show(&line.session, json, &error), &error);
}
