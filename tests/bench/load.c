/* Load: gives the pipeline orders and refund requests, and measures when the payouts that they lead
 * to can be read. Topics and broker as for the workers (REDRESS_KAFKA_BROKERS).
 *
 *   load orders ORDERS
 *       publishes orders 0 .. ORDERS - 1
 *   load send ORDERS FIRST COUNT
 *       publishes requests FIRST .. and waits for nothing
 *   load burst ORDERS FIRST COUNT STATUS
 *       the same; ends when COUNT are RESERVED or SUCCEEDED
 *   load rate ORDERS FIRST COUNT STATUS N
 *       the same at N requests a second, whatever comes back: latencies count from when one was due
 *   load single ORDERS FIRST COUNT
 *       one request at a time, the next after SUCCEEDED
 *   load ends | sizes
 *       how many records each topic has; mean bytes of their values and headers
 *
 * Prints one line of JSON. ORDERS is the same in every call on the same stack. */

#include "broker.h"
#include "clock.h"
#include "envelope.h"
#include "load/bench_events.h"
#include "load/payouts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern char **environ;

enum {
    METADATA_MS = 30000,
    SILENT_S = 60,      /* no payout for this long: something is broken */
    SEND_AT_ONCE = 500, /* between two looks at the payouts */
    QUEUE_FULL_MS = 10,
    COUNT_MAX = 100000000,
    CHUNK_ORDERS = 1000,
    EVENT_HEADERS = 7,
    ARENA_LIMIT = INT32_MAX
};

static struct error error;

struct load {
    struct config_worker config;
    struct bench_shop shop;
    struct producer *producer;
    int64_t failed; /* records that Kafka did not take */
};

static void must(enum status status)
{
    if (status == STATUS_OK)
        return;
    fprintf(stderr, "load: %s: %s\n", status_name(status), error.text);
    exit(1);
}

static void delivered(void *context, void *token, enum status status, const char *reason)
{
    struct load *load = context;
    (void)token;
    if (status == STATUS_OK)
        return;
    fprintf(stderr, "load: %s\n", reason);
    load->failed++;
}

static void send_event(struct load *load, const struct bench_event *event, const char *time)
{
    char trace[TRACEPARENT_SIZE];
    const char *type = topic_info(event->topic)->ce_type;
    const struct header headers[EVENT_HEADERS] = {
        {"ce_specversion", "1.0", 3},
        {"ce_id", event->id, strlen(event->id)},
        {"ce_source", "bench", 5},
        {"ce_type", type, strlen(type)},
        {"ce_time", time, strlen(time)},
        {"content-type", "application/protobuf", 20},
        {"traceparent", envelope_trace(NULL, event->id, trace), TRACEPARENT_SIZE - 1},
    };
    const struct place place = {.topic = event->topic, .partition = event->partition};
    enum status status;
    while ((status = producer_send(load->producer, &place, event->key, strlen(event->key),
                                   event->value, event->value_size, headers, EVENT_HEADERS, NULL,
                                   &error)) == STATUS_EXHAUSTED)
        must(producer_poll(load->producer, QUEUE_FULL_MS, &error));
    must(status);
}

static void flush(struct load *load)
{
    while (producer_waiting(load->producer) > 0)
        must(producer_poll(load->producer, QUEUE_FULL_MS, &error));
    if (load->failed > 0)
        exit(1);
}

static struct arena *new_arena(void)
{
    struct arena *arena = arena_create(ARENA_LIMIT);
    if (arena == NULL)
        must(error_set(&error, STATUS_EXHAUSTED, "no memory"));
    return arena;
}

static void send_orders(struct load *load)
{
    struct arena *arena = new_arena();
    char time[CLOCK_TEXT_MAX];
    int64_t began_us = clock_monotonic_us();
    (void)clock_format(load->shop.now_us, time);
    for (int64_t n = 0; n < load->shop.orders; n++) {
        struct bench_event events[ORDER_EVENTS];
        if (n % CHUNK_ORDERS == 0)
            arena_reset(arena);
        must(bench_order(&load->shop, n, arena, events));
        for (size_t i = 0; i < ORDER_EVENTS; i++)
            send_event(load, &events[i], time);
        if (n % SEND_AT_ONCE == 0)
            must(producer_poll(load->producer, 0, &error));
    }
    flush(load);
    arena_destroy(arena);
    printf("{\"orders\": %" PRId64 ", \"events\": %" PRId64 ", \"took_us\": %" PRId64 "}\n",
           load->shop.orders, load->shop.orders * ORDER_EVENTS, clock_monotonic_us() - began_us);
}

/* Requests made beforehand, so that publishing them costs little. */
struct requests {
    struct arena *arena;
    struct bench_event *events;
    int64_t *due_us; /* when each was, or was to be, published; monotonic */
    int64_t first, count;
};

static void make_requests(const struct load *load, int64_t first, int64_t count,
                          struct requests *requests)
{
    *requests = (struct requests){.arena = new_arena(), .first = first, .count = count};
    requests->events = arena_array(requests->arena, (size_t)count, sizeof *requests->events);
    requests->due_us = arena_array(requests->arena, (size_t)count, sizeof *requests->due_us);
    if (requests->events == NULL || requests->due_us == NULL)
        must(error_set(&error, STATUS_EXHAUSTED, "no memory"));
    for (int64_t i = 0; i < count; i++)
        must(bench_request(&load->shop, first + i, requests->arena, &requests->events[i]));
}

static void take_payouts(struct payouts *payouts, int timeout_ms)
{
    must(payouts_take(payouts, timeout_ms, &error));
    if (clock_monotonic_us() - payouts->heard_us > SILENT_S * CLOCK_SECOND_US)
        must(error_set(&error, STATUS_RETRY,
                       "no payout for %d s: %" PRId64 " RESERVED, %" PRId64 " SUCCEEDED, %" PRId64
                       " other events for %" PRId64 " requests",
                       SILENT_S, payouts->marked[MARK_RESERVED], payouts->marked[MARK_SUCCEEDED],
                       payouts->other, payouts->count));
}

/* How many may be sent by now; all of them at rate 0. */
static int64_t allowed(const struct requests *requests, int64_t per_second, int64_t began_us)
{
    if (per_second == 0)
        return requests->count;
    int64_t due = (clock_monotonic_us() - began_us) * per_second / CLOCK_SECOND_US + 1;
    return due < requests->count ? due : requests->count;
}

/* Sends those that are due, SEND_AT_ONCE at most; returns how many were sent so far. */
static int64_t send_due(struct load *load, struct requests *requests, int64_t sent,
                        int64_t per_second, int64_t began_us)
{
    char time[CLOCK_TEXT_MAX];
    int64_t until = allowed(requests, per_second, began_us);
    if (until > sent + SEND_AT_ONCE)
        until = sent + SEND_AT_ONCE;
    if (until > sent)
        (void)clock_format(clock_wall_us(), time);
    for (; sent < until; sent++) {
        requests->due_us[sent] =
            per_second == 0 ? clock_monotonic_us() : began_us + sent * CLOCK_SECOND_US / per_second;
        send_event(load, &requests->events[sent], time);
    }
    must(producer_poll(load->producer, 0, &error));
    return sent;
}

static int compare(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

/* The value that `per_mille` of the sorted values do not exceed. */
static int64_t percentile(const int64_t *sorted, int64_t count, int64_t per_mille)
{
    int64_t at = (count * per_mille + 999) / 1000 - 1;
    return sorted[at < 0 ? 0 : at];
}

static int64_t per_second_of(int64_t count, int64_t us)
{
    return us <= 0 ? 0 : count * CLOCK_SECOND_US / us;
}

/* Rate from the first request to the last mark; steady: between the first and the last tenth. */
static void print_mark(const struct requests *requests, struct payouts *payouts,
                       enum payout_mark mark, int64_t began_us)
{
    int64_t *at_us = payouts->at_us[mark], count = 0;
    int64_t *latencies = calloc((size_t)payouts->count, sizeof *latencies);
    if (latencies == NULL)
        must(error_set(&error, STATUS_EXHAUSTED, "no memory"));
    for (int64_t i = 0; i < payouts->count; i++) {
        if (at_us[i] == 0)
            continue;
        latencies[count] = at_us[i] - requests->due_us[i];
        at_us[count++] = at_us[i];
    }
    printf(", \"%s\": {\"count\": %" PRId64, payout_mark_name(mark), count);
    if (count > 0) {
        qsort(latencies, (size_t)count, sizeof *latencies, compare);
        qsort(at_us, (size_t)count, sizeof *at_us, compare);
        int64_t tenth = count / 10;
        printf(", \"took_us\": %" PRId64 ", \"per_s\": %" PRId64 ", \"steady_per_s\": %" PRId64
               ", \"latency_us\": {\"p50\": %" PRId64 ", \"p90\": %" PRId64 ", \"p99\": %" PRId64
               ", \"p99.9\": %" PRId64 ", \"max\": %" PRId64 "}",
               at_us[count - 1] - began_us, per_second_of(count, at_us[count - 1] - began_us),
               per_second_of(count - 2 * tenth, at_us[count - 1 - tenth] - at_us[tenth]),
               percentile(latencies, count, 500), percentile(latencies, count, 900),
               percentile(latencies, count, 990), percentile(latencies, count, 999),
               latencies[count - 1]);
    }
    printf("}");
    free(latencies);
}

static void print_result(const struct requests *requests, struct payouts *payouts, int64_t began_us,
                         int64_t sent_us)
{
    printf("{\"requests\": %" PRId64 ", \"published_us\": %" PRId64, requests->count,
           sent_us - began_us);
    for (size_t m = 0; m < PAYOUT_MARK_COUNT; m++)
        print_mark(requests, payouts, (enum payout_mark)m, began_us);
    printf(", \"other_events\": %" PRId64 "}\n", payouts->other);
}

static void open_payouts(const struct load *load, const struct requests *requests,
                         struct payouts *payouts)
{
    must(payouts_open(&load->config, &load->shop, requests->first, requests->count, payouts,
                      &error));
    must(payouts_take(payouts, QUEUE_FULL_MS, &error));
}

static void close_all(struct load *load, struct requests *requests, struct payouts *payouts)
{
    flush(load);
    payouts_close(payouts);
    arena_destroy(requests->arena);
}

static void run_stream(struct load *load, int64_t first, int64_t count, enum payout_mark until,
                       int64_t per_second)
{
    struct requests requests;
    struct payouts payouts;
    make_requests(load, first, count, &requests);
    open_payouts(load, &requests, &payouts);
    int64_t began_us = clock_monotonic_us(), sent = 0, sent_us = began_us;
    while (payouts.marked[until] < count) {
        if (sent < count) {
            sent = send_due(load, &requests, sent, per_second, began_us);
            sent_us = clock_monotonic_us();
        }
        take_payouts(&payouts, sent < count && per_second == 0 ? 0 : 1);
        must(producer_poll(load->producer, 0, &error));
    }
    print_result(&requests, &payouts, began_us, sent_us);
    close_all(load, &requests, &payouts);
}

static void run_single(struct load *load, int64_t first, int64_t count)
{
    enum { WAIT_MS = 1000 };
    struct requests requests;
    struct payouts payouts;
    make_requests(load, first, count, &requests);
    open_payouts(load, &requests, &payouts);
    int64_t began_us = clock_monotonic_us();
    for (int64_t i = 0; i < count; i++) {
        (void)send_due(load,
                       &(struct requests){.events = requests.events + i,
                                          .due_us = requests.due_us + i,
                                          .count = 1},
                       0, 0, began_us);
        while (payouts.at_us[MARK_SUCCEEDED][i] == 0)
            take_payouts(&payouts, WAIT_MS);
    }
    print_result(&requests, &payouts, began_us, clock_monotonic_us());
    close_all(load, &requests, &payouts);
}

static void run_send(struct load *load, int64_t first, int64_t count)
{
    struct requests requests;
    make_requests(load, first, count, &requests);
    int64_t began_us = clock_monotonic_us();
    for (int64_t sent = 0; sent < count;)
        sent = send_due(load, &requests, sent, 0, began_us);
    flush(load);
    printf("{\"requests\": %" PRId64 ", \"published_us\": %" PRId64 "}\n", count,
           clock_monotonic_us() - began_us);
    arena_destroy(requests.arena);
}

static void print_ends(const struct load *load)
{
    struct consumer *reader;
    int32_t counts[TOPIC_COUNT];
    must(reader_open(&load->config, &reader, &error));
    must(consumer_partitions(reader, counts, METADATA_MS, &error));
    printf("{");
    for (size_t t = 0; t < TOPIC_COUNT; t++) {
        struct place places[PARTITIONS_SUPPORTED];
        int64_t records = 0;
        for (int32_t p = 0; p < counts[t]; p++)
            places[p] = (struct place){.topic = (enum topic)t, .partition = p};
        must(consumer_ends(reader, places, (size_t)counts[t], METADATA_MS, &error));
        for (int32_t p = 0; p < counts[t]; p++)
            records += places[p].offset;
        printf("%s\"%s\": %" PRId64, t == 0 ? "" : ", ", topic_info((enum topic)t)->name, records);
    }
    printf("}\n");
    consumer_close(reader);
}

struct sizes {
    int64_t records, value, headers;
};

static enum status add_header(void *context, const char *name, const void *value, size_t size)
{
    struct sizes *sizes = context;
    (void)value;
    sizes->headers += (int64_t)(strlen(name) + size);
    return STATUS_OK;
}

/* The last records of each partition of the topic. */
static struct sizes sample(struct consumer *reader, enum topic topic, int32_t partitions)
{
    enum { SAMPLED = 20 };
    struct place first[PARTITIONS_SUPPORTED], end[PARTITIONS_SUPPORTED];
    struct sizes sizes = {.records = 0};
    for (int32_t p = 0; p < partitions; p++)
        first[p] = end[p] = (struct place){.topic = topic, .partition = p};
    must(consumer_bounds(reader, first, end, (size_t)partitions, METADATA_MS, &error));
    for (int32_t p = 0; p < partitions; p++)
        if (first[p].offset < end[p].offset - SAMPLED)
            first[p].offset = end[p].offset - SAMPLED;
    must(consumer_assign(reader, first, (size_t)partitions, &error));
    for (int32_t ended = 0; ended < partitions;) {
        struct record record;
        struct place place;
        enum polled polled = consumer_poll(reader, METADATA_MS, &record, &place, &error);
        if (polled == POLLED_NOTHING || polled == POLLED_FATAL)
            must(STATUS_RETRY);
        ended += polled == POLLED_END;
        if (polled != POLLED_RECORD)
            continue;
        sizes.records++;
        sizes.value += (int64_t)record.value_size;
        must(record_headers(&record, add_header, &sizes));
        record_free(&record);
    }
    return sizes;
}

static void print_sizes(const struct load *load)
{
    struct consumer *reader;
    int32_t counts[TOPIC_COUNT];
    must(reader_open(&load->config, &reader, &error));
    must(consumer_partitions(reader, counts, METADATA_MS, &error));
    printf("{");
    for (size_t t = 0; t < TOPIC_COUNT; t++) {
        struct sizes sizes = sample(reader, (enum topic)t, counts[t]);
        int64_t records = sizes.records == 0 ? 1 : sizes.records;
        printf("%s\"%s\": {\"sampled\": %" PRId64 ", \"value\": %" PRId64 ", \"headers\": %" PRId64
               "}",
               t == 0 ? "" : ", ", topic_info((enum topic)t)->name, sizes.records,
               sizes.value / records, sizes.headers / records);
    }
    printf("}\n");
    consumer_close(reader);
}

static void learn_partitions(struct load *load)
{
    struct consumer *reader;
    int32_t counts[TOPIC_COUNT];
    must(reader_open(&load->config, &reader, &error));
    must(consumer_partitions(reader, counts, METADATA_MS, &error));
    consumer_close(reader);
    load->shop.partitions = counts[TOPIC_REQUESTS];
    if (counts[TOPIC_REQUESTS] < 1 || counts[TOPIC_REQUESTS] > PARTITIONS_SUPPORTED)
        must(error_set(&error, STATUS_INVALID, "%s has %d partitions, not 1 to %d",
                       topic_info(TOPIC_REQUESTS)->name, counts[TOPIC_REQUESTS],
                       PARTITIONS_SUPPORTED));
}

static int usage(void)
{
    fprintf(stderr, "usage: load orders ORDERS\n"
                    "       load burst ORDERS FIRST COUNT RESERVED|SUCCEEDED\n"
                    "       load rate ORDERS FIRST COUNT RESERVED|SUCCEEDED PER_SECOND\n"
                    "       load single|send ORDERS FIRST COUNT\n"
                    "       load ends | sizes\n");
    return 2;
}

static int64_t number(int argc, char **argv, int at)
{
    char *end;
    int64_t value = at < argc ? strtoll(argv[at], &end, 10) : 0;
    if (at >= argc || *end != '\0' || value < 0 || value > COUNT_MAX)
        exit(usage());
    return value;
}

static enum payout_mark mark_of(int argc, char **argv, int at)
{
    for (size_t m = 0; at < argc && m < PAYOUT_MARK_COUNT; m++)
        if (strcmp(argv[at], payout_mark_name((enum payout_mark)m)) == 0)
            return (enum payout_mark)m;
    exit(usage());
}

static void run(struct load *load, int argc, char **argv)
{
    const char *command = argv[1];
    load->shop.orders = number(argc, argv, 2);
    load->shop.now_us = clock_wall_us();
    if (load->shop.orders == 0 || load->shop.orders % REQUEST_STRIDE == 0)
        exit(usage());
    learn_partitions(load);
    must(producer_open(&load->config, "bench", -1, delivered, load, &load->producer, &error));
    must(producer_warm(load->producer, (enum topic[]){TOPIC_ORDERS, TOPIC_REQUESTS}, 2, METADATA_MS,
                       &error));
    if (strcmp(command, "orders") == 0) {
        send_orders(load);
    } else {
        int64_t first = number(argc, argv, 3), count = number(argc, argv, 4);
        if (count == 0 || first + count > load->shop.orders)
            exit(usage());
        if (strcmp(command, "send") == 0)
            run_send(load, first, count);
        else if (strcmp(command, "single") == 0)
            run_single(load, first, count);
        else if (strcmp(command, "burst") == 0)
            run_stream(load, first, count, mark_of(argc, argv, 5), 0);
        else if (strcmp(command, "rate") == 0)
            run_stream(load, first, count, mark_of(argc, argv, 5), number(argc, argv, 6));
        else
            exit(usage());
    }
    producer_close(load->producer);
}

int main(int argc, char **argv)
{
    struct load load = {.failed = 0};
    const struct config_table table = {config_worker_rows, config_worker_row_count, &load.config};
    must(config_read(&table, 1, environ, &error));
    if (argc == 2 && strcmp(argv[1], "ends") == 0)
        print_ends(&load);
    else if (argc == 2 && strcmp(argv[1], "sizes") == 0)
        print_sizes(&load);
    else if (argc > 2)
        run(&load, argc, argv);
    else
        return usage();
    return 0;
}
