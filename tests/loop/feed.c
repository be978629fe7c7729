/* Feed: gives the tally its requests, and reads back what it said.
 *
 *   feed topics [PARTITIONS]          creates the topics (6 partitions)
 *   feed publish FIRST COUNT ORDERS   publishes requests FIRST.. over ORDERS orders, waits for acks
 *   feed poison                       publishes what can never be applied; prints how many
 *   feed dead-letters                 prints how many there are
 *   feed ends                         prints the end of each partition of refunds.validated.v1
 *   feed check [OFFSET...]            reads refunds.validated.v1 from its beginning, or from one
 *                                     offset for each partition, to its end; prints one line:
 *                                     orders, requests, rings (sums of the last word on each
 * order), events, repeated, and what is wrong: gaps, disorder, differing (the same ce_id with other
 * bytes) */

#include "broker.h"
#include "clock.h"
#include "identity.h"
#include "message.h"
#include "redress/v1/request.pb-c.h"
#include "redress/v1/validated.pb-c.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

extern char **environ;

enum { PARTITIONS = 6, PARTITIONS_MAX = 64, WAIT_MS = 60000, ARENA_LIMIT = 1 << 20 };

static struct error error;
static int32_t partitions; /* of each topic keyed by order */

static void must(enum status status)
{
    if (status == STATUS_OK)
        return;
    fprintf(stderr, "feed: %s: %s\n", status_name(status), error.text);
    exit(1);
}

static void delivered(void *context, void *token, enum status status, const char *reason)
{
    (void)token;
    if (status != STATUS_OK)
        fprintf(stderr, "feed: %s\n", reason);
    *(int64_t *)context += status != STATUS_OK;
}

static void send_bytes(struct producer *producer, const char *key, int32_t partition,
                       const char *id, const char *type, const void *value, size_t size)
{
    struct header headers[5] = {{"ce_specversion", "1.0", 3},
                                {"ce_id", id, strlen(id)},
                                {"ce_source", "feed", 4},
                                {"ce_type", type, type == NULL ? 0 : strlen(type)}};
    struct place place = {.topic = TOPIC_REQUESTS, .partition = partition};
    enum status status;
    while ((status = producer_send(producer, &place, key, key == NULL ? 0 : strlen(key), value,
                                   size, headers, type == NULL ? 3 : 4, NULL, &error)) ==
           STATUS_EXHAUSTED)
        must(producer_poll(producer, 10, &error));
    must(status);
}

static void flush(struct producer *producer)
{
    while (producer_waiting(producer) > 0)
        must(producer_poll(producer, 20, &error));
}

static void publish(struct producer *producer, int64_t first, int64_t count, int64_t orders)
{
    struct arena *arena = arena_create(ARENA_LIMIT);
    for (int64_t i = first; i < first + count; i++) {
        char order[32], id[32];
        arena_reset(arena);
        (void)snprintf(order, sizeof order, "order-%" PRId64, i * 7919 % orders);
        (void)snprintf(id, sizeof id, "request-%" PRId64, i);
        Redress__V1__RefundRequest request = REDRESS__V1__REFUND_REQUEST__INIT;
        request.merchant_id = (char *)(uintptr_t) "shop";
        request.order_id = order;
        request.request_id = id;
        uint8_t *bytes;
        size_t size;
        must(message_pack(&request.base, arena, &bytes, &size));
        send_bytes(producer, order, topic_partition(order, strlen(order), partitions), id,
                   "redress.v1.RefundRequest", bytes, size);
        if (i % 256 == 0)
            must(producer_poll(producer, 0, &error));
    }
    flush(producer);
    arena_destroy(arena);
}

/* One of each kind that the loop itself refuses. */
static int poison(struct producer *producer)
{
    static const char type[] = "redress.v1.RefundRequest";
    static const char text[] = "\x0a\x04shop\x12\x05other\x1a\x01r";
    int32_t right = topic_partition("order-1", 7, partitions);
    char *large = calloc(1, 100000);
    send_bytes(producer, NULL, 0, "p1", type, text, sizeof text - 1);
    send_bytes(producer, "order-1", (right + 1) % partitions, "p2", type, text, sizeof text - 1);
    send_bytes(producer, "order-1", right, "p3", type, text, sizeof text - 1);
    send_bytes(producer, "order-1", right, "p4", NULL, text, sizeof text - 1);
    send_bytes(producer, "order-1", right, "p5", "redress.v1.Other", text, sizeof text - 1);
    send_bytes(producer, "order-1", right, "p6", type, "\xff\xff\xff\xff", 4);
    send_bytes(producer, "order-1", right, "p7", type, "\x0a\x02\xff\xfe", 4);
    send_bytes(producer, "order-1", right, "p8", type, "\x0a\x03s\0p", 5);
    send_bytes(producer, "order-1", right, "p9", type, large, 100000);
    flush(producer);
    free(large);
    return 9;
}

struct said {
    char key[80];
    int64_t version, requests, rings;
    UT_hash_handle hh;
};

struct seen {
    char id[IDENTITY_EVENT_MAX];
    int64_t fingerprint;
    UT_hash_handle hh;
};

struct check {
    struct said *said;
    struct seen *seen;
    int64_t events, repeated, gaps, disorder, differing;
    char id[IDENTITY_EVENT_MAX];
};

static enum status find_id(void *context, const char *name, const void *value, size_t size)
{
    struct check *check = context;
    if (strcmp(name, "ce_id") == 0)
        (void)snprintf(check->id, sizeof check->id, "%.*s", (int)size, (const char *)value);
    return STATUS_OK;
}

/* True if the event was seen before. */
static bool seen_before(struct check *check, const struct record *record)
{
    struct seen *seen;
    int64_t fingerprint = identity_fingerprint(record->value, record->value_size);
    must(record_headers(record, find_id, check));
    HASH_FIND_STR(check->seen, check->id, seen);
    if (seen != NULL) {
        check->repeated++;
        check->differing += seen->fingerprint != fingerprint;
        return true;
    }
    seen = calloc(1, sizeof *seen);
    memcpy(seen->id, check->id, sizeof seen->id);
    seen->fingerprint = fingerprint;
    HASH_ADD_STR(check->seen, id, seen);
    return false;
}

static void take(struct check *check, const struct record *record, struct arena *arena)
{
    check->events++;
    if (seen_before(check, record))
        return;
    ProtobufCMessage *message;
    must(message_unpack(&redress__v1__refund_validated__descriptor, record->value,
                        record->value_size, arena, &message, &error));
    const Redress__V1__RefundValidated *event = (const Redress__V1__RefundValidated *)message;
    struct said *said;
    HASH_FIND_STR(check->said, event->order_id, said);
    if (said == NULL) {
        said = calloc(1, sizeof *said);
        (void)snprintf(said->key, sizeof said->key, "%s", event->order_id);
        HASH_ADD_STR(check->said, key, said);
    }
    check->gaps += event->version > said->version + 1;
    check->disorder += event->version <= said->version;
    said->version = event->version;
    said->requests = event->claim == NULL ? 0 : event->claim->minor;
    said->rings = event->rejection == NULL ? 0 : event->rejection->asked;
}

/* Waits for topics that have just been made. */
static struct consumer *open_reader(const struct config_worker *config)
{
    struct consumer *reader;
    int32_t counts[TOPIC_COUNT];
    int64_t until_us = clock_monotonic_us() + WAIT_MS * INT64_C(1000);
    must(reader_open(config, &reader, &error));
    do {
        must(consumer_partitions(reader, counts, WAIT_MS, &error));
        partitions = counts[TOPIC_VALIDATED];
    } while (partitions == 0 && clock_monotonic_us() < until_us);
    if (partitions < 1 || partitions > PARTITIONS_MAX)
        must(error_set(&error, STATUS_INVALID, "%d partitions, not 1 to %d", partitions,
                       PARTITIONS_MAX));
    return reader;
}

static void print_ends(struct consumer *reader)
{
    struct place places[PARTITIONS_MAX];
    for (int32_t p = 0; p < partitions; p++)
        places[p] = (struct place){.topic = TOPIC_VALIDATED, .partition = p};
    must(consumer_ends(reader, places, (size_t)partitions, WAIT_MS, &error));
    for (int32_t p = 0; p < partitions; p++)
        printf("%" PRId64 "%c", places[p].offset, p == partitions - 1 ? '\n' : ' ');
}

static void read_all(struct consumer *reader, struct check *check, char **offsets)
{
    struct place places[PARTITIONS_MAX];
    for (int32_t p = 0; p < partitions; p++)
        places[p] = (struct place){.topic = TOPIC_VALIDATED,
                                   .partition = p,
                                   .offset = offsets == NULL ? 0 : strtoll(offsets[p], NULL, 10)};
    must(consumer_assign(reader, places, (size_t)partitions, &error));
    struct arena *arena = arena_create(ARENA_LIMIT);
    for (int ended = 0; ended < partitions;) {
        struct record record;
        struct place place;
        enum polled polled = consumer_poll(reader, WAIT_MS, &record, &place, &error);
        if (polled == POLLED_END)
            ended++;
        else if (polled != POLLED_RECORD)
            must(STATUS_RETRY);
        if (polled != POLLED_RECORD)
            continue;
        arena_reset(arena);
        take(check, &record, arena);
        record_free(&record);
    }
    arena_destroy(arena);
}

static void print_check(struct check *check)
{
    int64_t orders = 0, requests = 0, rings = 0;
    struct said *said, *next;
    struct seen *seen, *following;
    HASH_ITER (hh, check->said, said, next) {
        orders++;
        requests += said->requests;
        rings += said->rings;
        HASH_DEL(check->said, said);
        free(said);
    }
    HASH_ITER (hh, check->seen, seen, following) {
        HASH_DEL(check->seen, seen);
        free(seen);
    }
    printf("orders=%" PRId64 " requests=%" PRId64 " rings=%" PRId64 " events=%" PRId64
           " repeated=%" PRId64 " gaps=%" PRId64 " disorder=%" PRId64 " differing=%" PRId64 "\n",
           orders, requests, rings, check->events, check->repeated, check->gaps, check->disorder,
           check->differing);
}

static int produce(const struct config_worker *config, int argc, char **argv)
{
    int64_t failed = 0;
    struct producer *producer;
    must(producer_open(config, "feed", -1, delivered, &failed, &producer, &error));
    if (argc == 5)
        publish(producer, strtoll(argv[2], NULL, 10), strtoll(argv[3], NULL, 10),
                strtoll(argv[4], NULL, 10));
    else
        printf("%d\n", poison(producer));
    producer_close(producer);
    return failed == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct config_worker config;
    const struct config_table table = {config_worker_rows, config_worker_row_count, &config};
    must(config_read(&table, 1, environ, &error));
    const char *command = argc > 1 ? argv[1] : "";
    size_t created;
    if (strcmp(command, "topics") == 0 && argc <= 3) {
        partitions = argc == 3 ? (int32_t)strtol(argv[2], NULL, 10) : PARTITIONS;
        must(topics_create(&config, partitions, 1, &created, &error));
    } else if ((strcmp(command, "publish") == 0 && argc == 5) || strcmp(command, "poison") == 0) {
        consumer_close(open_reader(&config));
        return produce(&config, argc, argv);
    } else if (strcmp(command, "ends") == 0) {
        struct consumer *reader = open_reader(&config);
        print_ends(reader);
        consumer_close(reader);
    } else if (strcmp(command, "check") == 0) {
        struct check check = {0};
        struct consumer *reader = open_reader(&config);
        if (argc != 2 && argc != 2 + partitions)
            must(error_set(&error, STATUS_INVALID, "check takes %d offsets or none", partitions));
        read_all(reader, &check, argc == 2 ? NULL : argv + 2);
        consumer_close(reader);
        print_check(&check);
    } else if (strcmp(command, "dead-letters") == 0) {
        struct consumer *reader;
        struct place first = {.topic = TOPIC_DEAD_LETTERS}, end = first;
        must(reader_open(&config, &reader, &error));
        must(consumer_bounds(reader, &first, &end, 1, WAIT_MS, &error));
        consumer_close(reader);
        printf("%" PRId64 "\n", end.offset);
    } else {
        fprintf(
            stderr,
            "usage: feed topics [PARTITIONS] | publish FIRST COUNT ORDERS | poison | dead-letters"
            " | ends | check [OFFSET...]\n");
        return 2;
    }
    return 0;
}
