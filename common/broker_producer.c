#include "broker_internal.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct producer {
    rd_kafka_t *handle;
    rd_kafka_queue_t *queue;
    _Atomic(rd_kafka_topic_t *) topics[TOPIC_COUNT]; /* NULL until something is sent there */
    delivery_taker *delivered;
    void *context;
};

static const uint64_t wake_payload = 1;

static void report(rd_kafka_t *handle, const rd_kafka_message_t *message, void *opaque)
{
    (void)handle;
    struct producer *producer = opaque;
    bool good = message->err == RD_KAFKA_RESP_ERR_NO_ERROR;
    producer->delivered(producer->context, message->_private, good ? STATUS_OK : STATUS_FATAL,
                        good ? "" : rd_kafka_err2str(message->err));
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
        {"linger.ms", "0"},
        {"batch.size", "1000000"},
        {"message.max.bytes", "2097152"},
        {"queue.buffering.max.messages", "100000"},
        {"queue.buffering.max.kbytes", "16384"},
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

/* Made at first use: librdkafka looks at every partition of every topic that it knows, each time
 * that a record wakes it. */
static rd_kafka_topic_t *topic_of(struct producer *producer, enum topic topic)
{
    rd_kafka_topic_t *known = atomic_load(&producer->topics[topic]);
    if (known != NULL)
        return known;
    rd_kafka_topic_t *made = rd_kafka_topic_new(producer->handle, topic_info(topic)->name, NULL);
    if (made == NULL || atomic_compare_exchange_strong(&producer->topics[topic], &known, made))
        return made;
    rd_kafka_topic_destroy(made);
    return known;
}

static rd_kafka_headers_t *copy_headers(const struct header *headers, size_t count)
{
    rd_kafka_headers_t *copy = rd_kafka_headers_new(count);
    for (size_t i = 0; i < count; i++)
        (void)rd_kafka_header_add(copy, headers[i].name, -1, headers[i].value,
                                  (ssize_t)headers[i].size);
    return copy;
}

enum status producer_send(struct producer *producer, const struct place *place, const void *key,
                          size_t key_size, const void *value, size_t value_size,
                          const struct header *headers, size_t header_count, void *token,
                          struct error *error)
{
    rd_kafka_topic_t *topic = topic_of(producer, place->topic);
    if (topic == NULL)
        return error_set(error, STATUS_FATAL, "publishing to %s: %s",
                         topic_info(place->topic)->name, rd_kafka_err2str(rd_kafka_last_error()));
    rd_kafka_headers_t *copy = copy_headers(headers, header_count);
    const rd_kafka_vu_t parts[] = {
        {.vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = topic},
        {.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = place->partition},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
        {.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {.ptr = (void *)(uintptr_t)key, .size = key_size}},
        {.vtype = RD_KAFKA_VTYPE_VALUE,
         .u.mem = {.ptr = (void *)(uintptr_t)value, .size = value_size}},
        {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = copy},
        {.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = token},
    };
    rd_kafka_error_t *refused =
        rd_kafka_produceva(producer->handle, parts, sizeof parts / sizeof *parts);
    if (refused == NULL)
        return STATUS_OK;
    rd_kafka_resp_err_t code = rd_kafka_error_code(refused);
    rd_kafka_error_destroy(refused);
    rd_kafka_headers_destroy(copy);
    if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL)
        return STATUS_EXHAUSTED;
    return error_set(error, STATUS_FATAL, "publishing to %s[%d]: %s",
                     topic_info(place->topic)->name, place->partition, rd_kafka_err2str(code));
}

enum status producer_poll(struct producer *producer, int timeout_ms, struct error *error)
{
    (void)rd_kafka_poll(producer->handle, timeout_ms);
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
    return (size_t)rd_kafka_outq_len(producer->handle);
}

void producer_close(struct producer *producer)
{
    if (producer == NULL)
        return;
    rd_kafka_queue_io_event_enable(producer->queue, -1, NULL, 0);
    rd_kafka_queue_destroy(producer->queue);
    (void)rd_kafka_purge(producer->handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT |
                                               RD_KAFKA_PURGE_F_NON_BLOCKING);
    for (size_t i = 0; i < TOPIC_COUNT; i++)
        if (producer->topics[i] != NULL)
            rd_kafka_topic_destroy(producer->topics[i]);
    rd_kafka_destroy(producer->handle);
    free(producer);
}
