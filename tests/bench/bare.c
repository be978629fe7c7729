/* Bare: the least that a stage could cost. Consumes, decodes, encodes, inserts rows in one
 * transaction, publishes, sees every acknowledgement and sends the offset commit, a batch at a
 * time. No shards, no compare-and-set, no kept outputs, no deadlines, no overlap: nothing is
 * guaranteed.
 *
 *   bare fill [OPTION]...   puts the events in place
 *   bare run [OPTION]...    handles them; prints one line of JSON
 *
 *   --events N        how many (100000)             --batch N         events per transaction (2000)
 *   --value-in N      bytes of an event (200)       --value-out N     bytes of an output (200)
 *   --header-bytes N  of an output (250)            --outputs N       per 1,000 events (1000)
 *   --rows N          per 1,000 events (1000)       --row-bytes N     content of a row (100)
 *
 * In from refunds.provider-inbox.v1, out to refunds.insights.v1, which nobody else may use at the
 * time; rows into table bare_row of the database that REDRESS_DATABASE_* names. */

#include "broker.h"
#include "clock.h"
#include "database.h"
#include "message.h"
#include "redress/v1/request.pb-c.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

extern char **environ;

enum {
    PARTITIONS = 6,
    WAIT_MS = 30000,
    POLL_MS = 100,
    OPTION_MAX = 10000000,
    CONTENT_MAX = 60000,
    KEYS = 5000,
    ARENA_LIMIT = 1 << 28
};

/* X(field, option, default) */
#define OPTION_ROWS(X)                   \
    X(events, "events", 100000)          \
    X(batch, "batch", 2000)              \
    X(value_in, "value-in", 200)         \
    X(value_out, "value-out", 200)       \
    X(header_bytes, "header-bytes", 250) \
    X(outputs, "outputs", 1000)          \
    X(rows, "rows", 1000)                \
    X(row_bytes, "row-bytes", 100)

struct options {
#define X(field, option, fallback) int64_t field;
    OPTION_ROWS(X)
#undef X
};

struct bare {
    struct config_worker config;
    struct options options;
    struct consumer *consumer;
    struct producer *producer;
    struct database *database;
    struct arena *arena;
    struct record *records; /* of the batch */
    size_t count;
    Redress__V1__RefundRequest **messages;
    int64_t handled, outputs, rows, batches;
    int64_t unacknowledged, failed;
    char padding[CONTENT_MAX + 1];
};

static const struct statement INSERT_ROWS = {
    "insert_rows", "INSERT INTO bare_row (id, amount, content)"
                   " SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bytea[])"};

static struct error error;

static void must(enum status status)
{
    if (status == STATUS_OK)
        return;
    fprintf(stderr, "bare: %s: %s\n", status_name(status), error.text);
    exit(1);
}

static void delivered(void *context, void *token, enum status status, const char *reason)
{
    struct bare *bare = context;
    (void)token;
    bare->unacknowledged--;
    if (status == STATUS_OK)
        return;
    fprintf(stderr, "bare: %s\n", reason);
    bare->failed++;
}

static void send_record(struct bare *bare, const struct place *place, const char *key,
                        const void *value, size_t size, const struct header *headers, size_t count)
{
    enum status status;
    while ((status = producer_send(bare->producer, place, key, strlen(key), value, size, headers,
                                   count, NULL, &error)) == STATUS_EXHAUSTED)
        must(producer_poll(bare->producer, POLL_MS, &error));
    must(status);
    bare->unacknowledged++;
}

static void acknowledge_all(struct bare *bare)
{
    while (bare->unacknowledged > 0)
        must(producer_poll(bare->producer, POLL_MS, &error));
    if (bare->failed > 0)
        exit(1);
}

/* A request whose note makes it `size` bytes. */
static void pack_sized(struct bare *bare, const Redress__V1__RefundRequest *like, int64_t size,
                       uint8_t **bytes, size_t *packed)
{
    Redress__V1__RefundRequest message = *like;
    message.note = NULL;
    enum { NOTE_OVERHEAD = 3 };
    int64_t without = (int64_t)protobuf_c_message_get_packed_size(&message.base) + NOTE_OVERHEAD;
    int64_t note = size > without ? size - without : 0;
    if (note > CONTENT_MAX)
        note = CONTENT_MAX;
    message.note = bare->padding + (CONTENT_MAX - note);
    must(message_pack(&message.base, bare->arena, bytes, packed));
}

static void fill_one(struct bare *bare, int64_t n)
{
    Redress__V1__RefundRequest request = REDRESS__V1__REFUND_REQUEST__INIT;
    Redress__V1__RequestedLine line = REDRESS__V1__REQUESTED_LINE__INIT;
    Redress__V1__RequestedLine *lines[] = {&line};
    uint8_t *bytes;
    size_t size;
    line.line_id = arena_strdup(bare->arena, "1");
    line.units = 1;
    request.merchant_id = arena_strdup(bare->arena, "bench");
    request.order_id = arena_printf(bare->arena, "bench-%" PRId64, n % KEYS);
    request.request_id = arena_printf(bare->arena, "r-%" PRId64, n);
    request.occurred_at = message_timestamp(bare->arena, clock_wall_us());
    request.lines = lines;
    request.n_lines = 1;
    pack_sized(bare, &request, bare->options.value_in, &bytes, &size);
    const struct header headers[] = {{"ce_type", "redress.v1.RefundRequest", 24}};
    const struct place place = {.topic = TOPIC_PROVIDER_INBOX,
                                .partition = (int32_t)(n % PARTITIONS)};
    send_record(bare, &place, request.order_id, bytes, size, headers, 1);
}

static void fill(struct bare *bare)
{
    for (int64_t n = 0; n < bare->options.events; n++) {
        if (n % bare->options.batch == 0)
            arena_reset(bare->arena);
        fill_one(bare, n);
        must(producer_poll(bare->producer, 0, &error));
    }
    acknowledge_all(bare);
    printf("{\"events\": %" PRId64 "}\n", bare->options.events);
}

/* The last `events` records of the topic, as they were filled in. */
static void assign(struct bare *bare)
{
    struct place first[PARTITIONS], end[PARTITIONS];
    for (int32_t p = 0; p < PARTITIONS; p++)
        first[p] = end[p] = (struct place){.topic = TOPIC_PROVIDER_INBOX, .partition = p};
    must(consumer_bounds(bare->consumer, first, end, PARTITIONS, WAIT_MS, &error));
    for (int32_t p = 0; p < PARTITIONS; p++)
        end[p].offset -= (bare->options.events + PARTITIONS - 1 - p) / PARTITIONS;
    for (;;) {
        struct record record;
        struct place place;
        enum polled polled = consumer_poll(bare->consumer, WAIT_MS, &record, &place, &error);
        if (polled == POLLED_ASSIGNED)
            break;
        if (polled != POLLED_ERROR)
            must(error_set(&error, STATUS_RETRY, "joining the group gave %d", (int)polled));
    }
    must(consumer_assign(bare->consumer, end, PARTITIONS, &error));
}

static void start(struct bare *bare)
{
    char group[64];
    struct database_settings settings = database_settings_of(&bare->config, "bare", "bare");
    const enum topic topic = TOPIC_PROVIDER_INBOX;
    settings.timeout_ms = WAIT_MS;
    (void)snprintf(group, sizeof group, "bare-%d", (int)getpid());
    must(database_open(&settings, &bare->database, &error));
    must(database_execute(bare->database,
                          "DROP TABLE IF EXISTS bare_row;"
                          "CREATE TABLE bare_row (id bigint PRIMARY KEY, amount bigint NOT NULL,"
                          " content bytea NOT NULL)",
                          &error));
    const struct subscription subscription = {.group = group,
                                              .topics = &topic,
                                              .topic_count = 1,
                                              .wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    must(consumer_open(&bare->config, &subscription, &bare->consumer, &error));
    assign(bare);
}

static void take_batch(struct bare *bare)
{
    bare->count = 0;
    while (bare->count < (size_t)bare->options.batch) {
        struct place place;
        int timeout_ms = bare->count == 0 ? POLL_MS : 0;
        enum polled polled =
            consumer_poll(bare->consumer, timeout_ms, &bare->records[bare->count], &place, &error);
        if (polled == POLLED_FATAL || polled == POLLED_NO_OFFSET)
            must(STATUS_FATAL);
        if (polled == POLLED_NOTHING)
            break;
        if (polled == POLLED_RECORD)
            bare->count++;
    }
}

static void decode(struct bare *bare)
{
    arena_reset(bare->arena);
    for (size_t i = 0; i < bare->count; i++) {
        ProtobufCMessage *message;
        must(message_unpack(&redress__v1__refund_request__descriptor, bare->records[i].value,
                            bare->records[i].value_size, bare->arena, &message, &error));
        bare->messages[i] = (Redress__V1__RefundRequest *)message;
    }
}

/* `per_mille` of `handled` so far, as a whole number: how many there are to be by then. */
static int64_t share(int64_t handled, int64_t per_mille)
{
    return handled * per_mille / 1000;
}

static void save(struct bare *bare)
{
    struct unit *unit = database_begin(bare->database, bare->arena);
    struct call *call = unit_call(unit, &INSERT_ROWS);
    struct column *ids = column_create(unit, COLUMN_INT8);
    struct column *amounts = column_create(unit, COLUMN_INT8);
    struct column *contents = column_create(unit, COLUMN_BYTES);
    int64_t until = share(bare->handled + (int64_t)bare->count, bare->options.rows);
    for (; bare->rows < until; bare->rows++) {
        column_int8(ids, bare->rows);
        column_int8(amounts, bare->rows * 100);
        column_bytes(contents, bare->padding, (size_t)bare->options.row_bytes);
    }
    call_column(call, ids);
    call_column(call, amounts);
    call_column(call, contents);
    database_send(unit);
    must(database_wait(unit, &error));
    database_end(unit);
}

static void publish(struct bare *bare)
{
    const struct header headers[] = {
        {"ce_type", "redress.v1.RefundRequest", 24},
        {"padding", bare->padding, (size_t)bare->options.header_bytes},
    };
    int64_t until = share(bare->handled + (int64_t)bare->count, bare->options.outputs);
    for (size_t i = 0; bare->outputs < until; bare->outputs++, i = (i + 1) % bare->count) {
        uint8_t *bytes;
        size_t size;
        const struct place place = {.topic = TOPIC_INSIGHTS,
                                    .partition = bare->records[i].partition};
        pack_sized(bare, bare->messages[i], bare->options.value_out, &bytes, &size);
        send_record(bare, &place, bare->messages[i]->order_id, bytes, size, headers, 2);
    }
    acknowledge_all(bare);
}

static void commit(struct bare *bare)
{
    struct place places[PARTITIONS];
    size_t count = 0;
    int64_t next[PARTITIONS] = {0};
    for (size_t i = 0; i < bare->count; i++)
        next[bare->records[i].partition] = bare->records[i].offset + 1;
    for (int32_t p = 0; p < PARTITIONS; p++)
        if (next[p] > 0)
            places[count++] =
                (struct place){.topic = TOPIC_PROVIDER_INBOX, .partition = p, .offset = next[p]};
    consumer_commit(bare->consumer, places, count);
}

static void handle_batch(struct bare *bare)
{
    take_batch(bare);
    if (bare->count == 0)
        return;
    decode(bare);
    save(bare);
    publish(bare);
    commit(bare);
    bare->handled += (int64_t)bare->count;
    bare->batches++;
    for (size_t i = 0; i < bare->count; i++)
        record_free(&bare->records[i]);
}

static void run(struct bare *bare)
{
    struct rusage used;
    start(bare);
    int64_t began_us = clock_monotonic_us(), until_us = began_us + WAIT_MS * INT64_C(1000);
    while (bare->handled < bare->options.events) {
        int64_t before = bare->handled;
        handle_batch(bare);
        if (bare->handled > before)
            until_us = clock_monotonic_us() + WAIT_MS * INT64_C(1000);
        else if (clock_monotonic_us() > until_us)
            must(error_set(&error, STATUS_RETRY, "only %" PRId64 " events are there",
                           bare->handled));
    }
    int64_t took_us = clock_monotonic_us() - began_us;
    (void)getrusage(RUSAGE_SELF, &used);
    int64_t cpu_us = (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * CLOCK_SECOND_US +
                     used.ru_utime.tv_usec + used.ru_stime.tv_usec;
    printf("{\"events\": %" PRId64 ", \"outputs\": %" PRId64 ", \"rows\": %" PRId64
           ", \"batches\": %" PRId64 ", \"took_us\": %" PRId64 ", \"per_s\": %" PRId64
           ", \"cpu_us\": %" PRId64 ", \"backend\": %d}\n",
           bare->handled, bare->outputs, bare->rows, bare->batches, took_us,
           bare->handled * CLOCK_SECOND_US / took_us, cpu_us,
           (int)database_backend(bare->database));
    consumer_close(bare->consumer);
    database_close(bare->database);
}

static bool read_options(int argc, char **argv, struct options *options)
{
    static const struct option names[] = {
#define X(field, option, fallback) {option, required_argument, NULL, 0},
        OPTION_ROWS(X)
#undef X
            {NULL, 0, NULL, 0}};
    int64_t *const fields[] = {
#define X(field, option, fallback) &options->field,
        OPTION_ROWS(X)
#undef X
    };
    *options = (struct options){
#define X(field, option, fallback) .field = fallback,
        OPTION_ROWS(X)
#undef X
    };
    for (int at, given; (given = getopt_long(argc, argv, "", names, &at)) != -1;) {
        char *end;
        if (given != 0)
            return false;
        *fields[at] = strtoll(optarg, &end, 10);
        if (*end != '\0' || *fields[at] < 0 || *fields[at] > OPTION_MAX)
            return false;
    }
    return optind == argc - 1 && options->events > 0 && options->batch > 0 &&
           options->row_bytes <= CONTENT_MAX && options->header_bytes <= CONTENT_MAX;
}

int main(int argc, char **argv)
{
    static struct bare bare;
    const struct config_table table = {config_worker_rows, config_worker_row_count, &bare.config};
    bool good = read_options(argc, argv, &bare.options);
    const char *command = good ? argv[optind] : "";
    if (strcmp(command, "fill") != 0 && strcmp(command, "run") != 0) {
        fprintf(stderr, "usage: bare fill|run [--events N] [--batch N] [--value-in N] "
                        "[--value-out N]\n            [--header-bytes N] [--outputs N] [--rows N] "
                        "[--row-bytes N]\n");
        return 2;
    }
    must(config_read(&table, 1, environ, &error));
    memset(bare.padding, 'x', CONTENT_MAX);
    bare.arena = arena_create(ARENA_LIMIT);
    bare.records = calloc((size_t)bare.options.batch, sizeof *bare.records);
    bare.messages = calloc((size_t)bare.options.batch, sizeof(Redress__V1__RefundRequest *));
    if (bare.arena == NULL || bare.records == NULL || bare.messages == NULL)
        must(error_set(&error, STATUS_EXHAUSTED, "no memory"));
    must(producer_open(&bare.config, "bare", -1, delivered, &bare, &bare.producer, &error));
    if (strcmp(command, "fill") == 0)
        fill(&bare);
    else
        run(&bare);
    producer_close(bare.producer);
    arena_destroy(bare.arena);
    free(bare.records);
    free(bare.messages);
    return 0;
}
