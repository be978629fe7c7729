#include "broker_lane.h"

#include "clock.h"

#include <stdlib.h>
#include <string.h>

enum { HELD_BYTES_MAX = 8 * 1024 * 1024 /* keys and values in all lanes, beside librdkafka's */ };

struct producer {
    rd_kafka_t *handle;
    rd_kafka_queue_t *queue;
    rd_kafka_topic_t *topics[TOPIC_COUNT]; /* NULL until something is sent there */
    struct lane *lanes[TOPIC_COUNT];       /* by partition */
    int32_t lane_counts[TOPIC_COUNT];
    size_t held, held_bytes;
    uint64_t burst; /* 0 before the first */
    bool full;      /* librdkafka's queue was, when a lane had more to hand over */
    bool closing;
    delivery_taker *delivered;
    void *context;
};

static const uint64_t wake_payload = 1;

/* Made at first use: librdkafka looks at every partition of every topic that it knows, each time
 * that a record wakes it. */
static rd_kafka_topic_t *topic_of(struct producer *producer, enum topic topic)
{
    if (producer->topics[topic] == NULL) {
        rd_kafka_topic_conf_t *conf = rd_kafka_topic_conf_new();
        rd_kafka_topic_conf_set_opaque(conf, &producer->topics[topic]);
        producer->topics[topic] =
            rd_kafka_topic_new(producer->handle, topic_info(topic)->name, conf);
    }
    return producer->topics[topic];
}

static struct lane *lane_of(struct producer *producer, enum topic topic, int32_t partition)
{
    int32_t count = producer->lane_counts[topic];
    if (partition < count)
        return &producer->lanes[topic][partition];
    struct lane *grown = realloc(producer->lanes[topic], ((size_t)partition + 1) * sizeof *grown);
    if (grown == NULL)
        return NULL;
    memset(grown + count, 0, (size_t)(partition + 1 - count) * sizeof *grown);
    producer->lanes[topic] = grown;
    producer->lane_counts[topic] = partition + 1;
    return &grown[partition];
}

static rd_kafka_headers_t *copy_headers(const struct header *headers, size_t count)
{
    rd_kafka_headers_t *copy = rd_kafka_headers_new(count);
    for (size_t i = 0; i < count; i++)
        (void)rd_kafka_header_add(copy, headers[i].name, -1, headers[i].value,
                                  (ssize_t)headers[i].size);
    return copy;
}

/* Value and headers are librdkafka's after NO_ERROR (the value only if it is given away). */
static rd_kafka_resp_err_t hand_over(struct producer *producer, enum topic topic, int32_t partition,
                                     const struct held *record, bool give_away)
{
    const rd_kafka_vu_t parts[] = {
        {.vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = producer->topics[topic]},
        {.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = partition},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS,
         .u.i = give_away ? RD_KAFKA_MSG_F_FREE : RD_KAFKA_MSG_F_COPY},
        {.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {.ptr = record->key, .size = record->key_size}},
        {.vtype = RD_KAFKA_VTYPE_VALUE,
         .u.mem = {.ptr = record->value, .size = record->value_size}},
        {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = record->headers},
        {.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = record->token},
    };
    rd_kafka_error_t *refused =
        rd_kafka_produceva(producer->handle, parts, sizeof parts / sizeof *parts);
    if (refused == NULL)
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    rd_kafka_resp_err_t code = rd_kafka_error_code(refused);
    rd_kafka_error_destroy(refused);
    return code;
}

/* LANE_TOGETHER at least, as far as there are. Only a delivery report brings the next ones. */
static void hand_over_held(struct producer *producer, struct lane *lane, enum topic topic,
                           int32_t partition)
{
    lane->open_until_us = clock_monotonic_us() + LANE_OPEN_US;
    lane->burst = 0;
    size_t handed = 0;
    do {
        struct held *held = lane_take(lane);
        if (held == NULL)
            return;
        size_t size = held->key_size + held->value_size;
        rd_kafka_resp_err_t code = hand_over(producer, topic, partition, held, true);
        if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
            lane_put_back(lane, held);
            producer->full = true;
            return;
        }
        producer->held--;
        producer->held_bytes -= size;
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
            lane->in_flight++;
            held->value = NULL;
            held->headers = NULL;
        } else {
            producer->delivered(producer->context, held->token, STATUS_FATAL,
                                rd_kafka_err2str(code));
        }
        held_free(held);
    } while (++handed < LANE_TOGETHER || lane->in_flight == 0 ||
             clock_monotonic_us() < lane->open_until_us);
}

static void report(rd_kafka_t *handle, const rd_kafka_message_t *message, void *opaque)
{
    (void)handle;
    struct producer *producer = opaque;
    rd_kafka_topic_t **known = rd_kafka_topic_opaque(message->rkt);
    enum topic topic = (enum topic)(known - producer->topics);
    struct lane *lane = &producer->lanes[topic][message->partition];
    bool good = message->err == RD_KAFKA_RESP_ERR_NO_ERROR;
    lane->in_flight--;
    producer->delivered(producer->context, message->_private, good ? STATUS_OK : STATUS_FATAL,
                        good ? "" : rd_kafka_err2str(message->err));
    if (lane->in_flight == 0 && !producer->closing)
        hand_over_held(producer, lane, topic, message->partition);
}

/* What could not be handed over when its lane was free; no delivery report is to come for it. */
static void hand_over_rest(struct producer *producer)
{
    producer->full = false;
    for (size_t t = 0; t < TOPIC_COUNT; t++)
        for (int32_t p = 0; p < producer->lane_counts[t]; p++)
            if (producer->lanes[t][p].in_flight == 0)
                hand_over_held(producer, &producer->lanes[t][p], (enum topic)t, p);
}

enum status producer_open(const struct config_worker *config, const char *client, int wake_fd,
                          delivery_taker *delivered, void *context, struct producer **producer,
                          struct error *error)
{
    static const struct setting settings[] = {
        {"enable.idempotence", "true"},
        /* One that fails for good ends the producer, so that nothing behind it comes before it. */
        {"enable.gapless.guarantee", "true"},
        {"acks", "all"},
        {"message.timeout.ms", "0"},
        {"partitioner", "murmur2"},
        /* Any more is a millisecond and a half, as its clock goes. Lanes do what it would be for: a
         * burst is handed over before librdkafka's thread has woken up. */
        {"linger.ms", "0"},
        {"batch.size", "1000000"},
        {"message.max.bytes", "2097152"},
        {"queue.buffering.max.messages", "100000"},
        {"queue.buffering.max.kbytes", "8192"},
        {"allow.auto.create.topics", "false"},
    };
    struct producer *opened = calloc(1, sizeof *opened);
    rd_kafka_conf_t *conf =
        broker_configure(config, client, settings, sizeof settings / sizeof *settings, error);
    if (opened == NULL || conf == NULL) {
        free(opened);
        return STATUS_INVALID;
    }
    opened->delivered = delivered;
    opened->context = context;
    rd_kafka_conf_set_dr_msg_cb(conf, report);
    rd_kafka_conf_set_opaque(conf, opened);
    char text[BROKER_TEXT_MAX];
    opened->handle = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
    if (opened->handle == NULL) {
        rd_kafka_conf_destroy(conf);
        free(opened);
        return error_set(error, STATUS_INVALID, "Kafka producer: %.400s", text);
    }
    opened->queue = rd_kafka_queue_get_main(opened->handle);
    if (wake_fd >= 0)
        rd_kafka_queue_io_event_enable(opened->queue, wake_fd, &wake_payload, sizeof wake_payload);
    *producer = opened;
    return STATUS_OK;
}

/* Hands the record over, or holds it; the headers are taken over only with STATUS_OK. */
static enum status send_or_hold(struct producer *producer, struct lane *lane,
                                const struct place *place, const struct held *record,
                                struct error *error)
{
    if (!lane_open(lane, producer->burst, clock_monotonic_us())) {
        size_t size = record->key_size + record->value_size;
        if (producer->held_bytes + size > HELD_BYTES_MAX && producer->held > 0)
            return STATUS_EXHAUSTED;
        if (!lane_hold(lane, record->key, record->key_size, record->value, record->value_size,
                       record->headers, record->token))
            return STATUS_EXHAUSTED;
        producer->held++;
        producer->held_bytes += size;
        return STATUS_OK;
    }
    rd_kafka_resp_err_t code = hand_over(producer, place->topic, place->partition, record, false);
    if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL)
        return STATUS_EXHAUSTED;
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return error_set(error, STATUS_FATAL, "publishing to %s[%d]: %s",
                         topic_info(place->topic)->name, place->partition, rd_kafka_err2str(code));
    lane->in_flight++;
    return STATUS_OK;
}

void producer_burst(struct producer *producer)
{
    producer->burst++;
}

enum status producer_send(struct producer *producer, const struct place *place, const void *key,
                          size_t key_size, const void *value, size_t value_size,
                          const struct header *headers, size_t header_count, void *token,
                          struct error *error)
{
    rd_kafka_topic_t *topic = topic_of(producer, place->topic);
    struct lane *lane = lane_of(producer, place->topic, place->partition);
    if (topic == NULL || lane == NULL)
        return error_set(error, STATUS_FATAL, "publishing to %s: %s",
                         topic_info(place->topic)->name,
                         topic == NULL ? rd_kafka_err2str(rd_kafka_last_error()) : "no memory");
    const struct held record = {.headers = copy_headers(headers, header_count),
                                .token = token,
                                .key = (void *)(uintptr_t)key,
                                .key_size = key_size,
                                .value = (void *)(uintptr_t)value,
                                .value_size = value_size};
    enum status status = send_or_hold(producer, lane, place, &record, error);
    if (status != STATUS_OK)
        rd_kafka_headers_destroy(record.headers);
    return status;
}

enum status producer_poll(struct producer *producer, int timeout_ms, struct error *error)
{
    (void)rd_kafka_poll(producer->handle, timeout_ms);
    if (producer->full)
        hand_over_rest(producer);
    char text[BROKER_TEXT_MAX];
    if (rd_kafka_fatal_error(producer->handle, text, sizeof text) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return error_set(error, STATUS_FATAL, "Kafka producer: %.400s", text);
    return STATUS_OK;
}

enum status producer_warm(struct producer *producer, const enum topic *topics, size_t count,
                          int timeout_ms, struct error *error)
{
    for (size_t i = 0; i < count; i++) {
        const struct rd_kafka_metadata *metadata = NULL;
        rd_kafka_topic_t *topic = topic_of(producer, topics[i]);
        rd_kafka_resp_err_t code =
            topic == NULL ? rd_kafka_last_error()
                          : rd_kafka_metadata(producer->handle, 0, topic, &metadata, timeout_ms);
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
            return error_set(error, STATUS_RETRY, "looking up %s: %s", topic_info(topics[i])->name,
                             rd_kafka_err2str(code));
        rd_kafka_metadata_destroy(metadata);
    }
    return STATUS_OK;
}

size_t producer_waiting(const struct producer *producer)
{
    return (size_t)rd_kafka_outq_len(producer->handle) + producer->held;
}

static void free_lanes(struct producer *producer)
{
    for (size_t t = 0; t < TOPIC_COUNT; t++) {
        for (int32_t p = 0; p < producer->lane_counts[t]; p++)
            for (struct held *held; (held = lane_take(&producer->lanes[t][p])) != NULL;)
                held_free(held);
        free(producer->lanes[t]);
    }
}

void producer_close(struct producer *producer)
{
    if (producer == NULL)
        return;
    producer->closing = true;
    rd_kafka_queue_io_event_enable(producer->queue, -1, NULL, 0);
    rd_kafka_queue_destroy(producer->queue);
    (void)rd_kafka_purge(producer->handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT |
                                               RD_KAFKA_PURGE_F_NON_BLOCKING);
    for (size_t i = 0; i < TOPIC_COUNT; i++)
        if (producer->topics[i] != NULL)
            rd_kafka_topic_destroy(producer->topics[i]);
    rd_kafka_destroy(producer->handle);
    free_lanes(producer);
    free(producer);
}
