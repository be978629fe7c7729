#include "broker_internal.h"

#include "log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COMMITTED_OFFSET_NONE = -1 };

struct consumer {
    rd_kafka_t *handle;
    rd_kafka_queue_t *queue;
    char *cluster;
    enum polled pending; /* a rebalance that waits to be told */
    struct place *given; /* of the last assignment by the group */
    size_t given_count, given_capacity;
    bool closing;
};

enum { READER_SESSION_MS = 10000 };

static const uint64_t wake_payload = 1;

/* Our topics only: a name that is not in the table was never subscribed to. */
static void keep_given(struct consumer *consumer, const rd_kafka_topic_partition_list_t *list)
{
    consumer->given_count = 0;
    size_t count = (size_t)list->cnt;
    if (count > consumer->given_capacity) {
        struct place *grown = realloc(consumer->given, count * sizeof *grown);
        if (grown == NULL)
            return;
        consumer->given = grown;
        consumer->given_capacity = count;
    }
    for (size_t i = 0; i < count; i++) {
        enum topic topic = topic_find(list->elems[i].topic);
        if (topic != TOPIC_COUNT)
            consumer->given[consumer->given_count++] =
                (struct place){.topic = topic, .partition = list->elems[i].partition};
    }
}

/* Only notes what happened: the owner answers with consumer_assign when it is ready. */
static void rebalanced(rd_kafka_t *handle, rd_kafka_resp_err_t error,
                       rd_kafka_topic_partition_list_t *list, void *opaque)
{
    struct consumer *consumer = opaque;
    if (consumer->closing)
        (void)rd_kafka_assign(handle, NULL);
    else if (error == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        keep_given(consumer, list);
        consumer->pending = POLLED_ASSIGNED;
    } else {
        consumer->given_count = 0;
        consumer->pending = POLLED_REVOKED;
    }
}

static enum status subscribe(struct consumer *consumer, const enum topic *topics, size_t count,
                             struct error *error)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
    for (size_t i = 0; i < count; i++)
        rd_kafka_topic_partition_list_add(list, topic_info(topics[i])->name, RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t code = rd_kafka_subscribe(consumer->handle, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return error_set(error, STATUS_RETRY, "subscribing: %s", rd_kafka_err2str(code));
    return STATUS_OK;
}

static enum status open_handle(rd_kafka_conf_t *conf, struct consumer *consumer,
                               struct error *error)
{
    char text[BROKER_TEXT_MAX];
    consumer->handle = rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, sizeof text);
    if (consumer->handle == NULL) {
        rd_kafka_conf_destroy(conf);
        return error_set(error, STATUS_INVALID, "Kafka consumer: %.400s", text);
    }
    (void)rd_kafka_poll_set_consumer(consumer->handle);
    consumer->queue = rd_kafka_queue_get_consumer(consumer->handle);
    return STATUS_OK;
}

static enum status open_consumer(const struct config_worker *config, const char *group,
                                 int64_t session_timeout_ms, bool patient,
                                 struct consumer **consumer, struct error *error)
{
    char session_ms[24], heartbeat_ms[24];
    (void)snprintf(session_ms, sizeof session_ms, "%" PRId64, session_timeout_ms);
    (void)snprintf(heartbeat_ms, sizeof heartbeat_ms, "%" PRId64, session_timeout_ms / 4);
    const struct setting settings[] = {
        {"group.id", group},
        {"partition.assignment.strategy", "range"},
        {"session.timeout.ms", session_ms},
        {"heartbeat.interval.ms", heartbeat_ms},
        {"max.poll.interval.ms", "60000"},
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"auto.offset.reset", "error"},
        {"enable.partition.eof", "true"},
        {"isolation.level", "read_committed"},
        {"allow.auto.create.topics", "false"},
        {"check.crcs", "true"},
        /* Nothing is asked for while a batch waits to be taken, or each record that comes meanwhile
         * would cost an answer of its own; a lone record never waits for it. */
        {"queued.min.messages", "50"},
        {"fetch.queue.backoff.ms", "5"},
        /* A partition that is asked for a moment later than others may miss a question, and then
         * waits as long as they have nothing. */
        {"fetch.wait.max.ms", patient ? "500" : "200"},
        {"fetch.min.bytes", patient ? "262144" : "1"},
        {"fetch.error.backoff.ms", "100"},
        {"fetch.message.max.bytes", "1048576"},
        {"fetch.max.bytes", "2097152"},
        {"receive.message.max.bytes", "8388608"},
        {"queued.max.messages.kbytes", "2048"},
    };
    struct consumer *opened = calloc(1, sizeof *opened);
    rd_kafka_conf_t *conf =
        broker_configure(config, group, settings, sizeof settings / sizeof *settings, error);
    if (opened == NULL || conf == NULL) {
        free(opened);
        return STATUS_INVALID;
    }
    rd_kafka_conf_set_rebalance_cb(conf, rebalanced);
    rd_kafka_conf_set_opaque(conf, opened);
    opened->pending = POLLED_NOTHING;
    enum status status = open_handle(conf, opened, error);
    if (status != STATUS_OK) {
        free(opened);
        return status;
    }
    *consumer = opened;
    return STATUS_OK;
}

enum status consumer_open(const struct config_worker *config,
                          const struct subscription *subscription, struct consumer **consumer,
                          struct error *error)
{
    struct consumer *opened = NULL;
    enum status status = open_consumer(config, subscription->group, config->session_timeout_ms,
                                       subscription->patient, &opened, error);
    if (status != STATUS_OK)
        return status;
    rd_kafka_queue_io_event_enable(opened->queue, subscription->wake_fd, &wake_payload,
                                   sizeof wake_payload);
    status = subscribe(opened, subscription->topics, subscription->topic_count, error);
    if (status != STATUS_OK)
        consumer_close(opened);
    else
        *consumer = opened;
    return status;
}

enum status reader_open(const struct config_worker *config, struct consumer **consumer,
                        struct error *error)
{
    return open_consumer(config, "redress-reader", READER_SESSION_MS, false, consumer, error);
}

void record_free(struct record *record)
{
    if (record->handle != NULL)
        rd_kafka_message_destroy(record->handle);
    record->handle = NULL;
}

static enum status take_headers(const rd_kafka_headers_t *headers, header_taker *take,
                                void *context)
{
    const char *name;
    const void *value;
    size_t size;
    for (size_t i = 0;
         rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
         i++) {
        if (i >= BROKER_HEADERS_MAX)
            return STATUS_EXHAUSTED;
        enum status status = take(context, name, value, size);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

/* librdkafka makes its list anew for each reading, an allocation for every header: given back at
 * once, the next record's come from the same memory, and a batch of records holds none. */
enum status record_headers(const struct record *record, header_taker *take, void *context)
{
    rd_kafka_headers_t *headers = NULL;
    if (rd_kafka_message_detach_headers(record->handle, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return STATUS_OK;
    enum status status = take_headers(headers, take, context);
    rd_kafka_headers_destroy(headers);
    return status;
}

static enum polled take_trouble(struct consumer *consumer, const rd_kafka_message_t *message,
                                struct place *place, struct error *error)
{
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
        return POLLED_END;
    (void)error_set(error, STATUS_RETRY, "Kafka: %s: %.300s", rd_kafka_err2name(message->err),
                    rd_kafka_message_errstr(message));
    if (message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
        message->err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE)
        return place->topic == TOPIC_COUNT ? POLLED_ERROR : POLLED_NO_OFFSET;
    char text[BROKER_TEXT_MAX];
    if (rd_kafka_fatal_error(consumer->handle, text, sizeof text) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        (void)error_set(error, STATUS_FATAL, "Kafka consumer: %.400s", text);
        return POLLED_FATAL;
    }
    return POLLED_ERROR;
}

static enum polled take_message(struct consumer *consumer, rd_kafka_message_t *message,
                                struct record *record, struct place *place, struct error *error)
{
    const char *name = message->rkt == NULL ? "" : rd_kafka_topic_name(message->rkt);
    *place = (struct place){
        .topic = topic_find(name), .partition = message->partition, .offset = message->offset};
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        enum polled trouble = take_trouble(consumer, message, place, error);
        rd_kafka_message_destroy(message);
        return trouble;
    }
    rd_kafka_timestamp_type_t kind;
    *record = (struct record){.topic = place->topic,
                              .partition = message->partition,
                              .offset = message->offset,
                              .timestamp_ms = rd_kafka_message_timestamp(message, &kind),
                              .key = message->key,
                              .key_size = message->key_len,
                              .value = message->payload,
                              .value_size = message->len,
                              .handle = message};
    return POLLED_RECORD;
}

static enum polled take_pending(struct consumer *consumer)
{
    enum polled pending = consumer->pending;
    consumer->pending = POLLED_NOTHING;
    return pending;
}

enum polled consumer_poll(struct consumer *consumer, int timeout_ms, struct record *record,
                          struct place *place, struct error *error)
{
    if (consumer->pending != POLLED_NOTHING)
        return take_pending(consumer);
    rd_kafka_message_t *message = rd_kafka_consumer_poll(consumer->handle, timeout_ms);
    if (consumer->pending != POLLED_NOTHING) {
        /* What came with it belongs to an assignment that is over, and will be read again. */
        if (message != NULL)
            rd_kafka_message_destroy(message);
        return take_pending(consumer);
    }
    if (message == NULL)
        return POLLED_NOTHING;
    return take_message(consumer, message, record, place, error);
}

const struct place *consumer_given(const struct consumer *consumer, size_t *count)
{
    *count = consumer->given_count;
    return consumer->given;
}

bool consumer_expelled(const struct consumer *consumer)
{
    return rd_kafka_assignment_lost(consumer->handle) != 0 || consumer->pending == POLLED_REVOKED;
}

enum status consumer_assign(struct consumer *consumer, const struct place *places, size_t count,
                            struct error *error)
{
    rd_kafka_topic_partition_list_t *list = count == 0 ? NULL : broker_list(places, count);
    rd_kafka_resp_err_t code = rd_kafka_assign(consumer->handle, list);
    if (list != NULL)
        rd_kafka_topic_partition_list_destroy(list);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return STATUS_OK;
    return error_set(error, STATUS_RETRY, "assigning %zu partitions: %s", count,
                     rd_kafka_err2str(code));
}

void consumer_commit(struct consumer *consumer, const struct place *places, size_t count)
{
    if (count == 0)
        return;
    rd_kafka_topic_partition_list_t *list = broker_list(places, count);
    (void)rd_kafka_commit(consumer->handle, list, 1);
    rd_kafka_topic_partition_list_destroy(list);
}

enum status consumer_committed(struct consumer *consumer, struct place *places, size_t count,
                               int timeout_ms, struct error *error)
{
    rd_kafka_topic_partition_list_t *list = broker_list(places, count);
    rd_kafka_resp_err_t code = rd_kafka_committed(consumer->handle, list, timeout_ms);
    for (size_t i = 0; code == RD_KAFKA_RESP_ERR_NO_ERROR && i < count; i++) {
        code = list->elems[i].err;
        int64_t offset = list->elems[i].offset;
        places[i].offset = offset < 0 ? COMMITTED_OFFSET_NONE : offset;
    }
    rd_kafka_topic_partition_list_destroy(list);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return error_set(error, STATUS_RETRY, "reading committed offsets: %s",
                         rd_kafka_err2str(code));
    return STATUS_OK;
}

enum status consumer_bounds(struct consumer *consumer, struct place *first, struct place *end,
                            size_t count, int timeout_ms, struct error *error)
{
    for (size_t i = 0; i < count; i++) {
        rd_kafka_resp_err_t code = rd_kafka_query_watermark_offsets(
            consumer->handle, topic_info(first[i].topic)->name, first[i].partition,
            &first[i].offset, &end[i].offset, timeout_ms);
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
            return error_set(error, STATUS_RETRY, "bounds of %s[%d]: %s",
                             topic_info(first[i].topic)->name, first[i].partition,
                             rd_kafka_err2str(code));
    }
    return STATUS_OK;
}

/* The answer's places may come in any order. */
static void take_ends(const rd_kafka_ListOffsets_result_t *result, struct place *end, size_t count,
                      rd_kafka_resp_err_t *code)
{
    size_t found;
    const rd_kafka_ListOffsetsResultInfo_t **infos =
        rd_kafka_ListOffsets_result_infos(result, &found);
    for (size_t i = 0; i < found; i++) {
        const rd_kafka_topic_partition_t *at =
            rd_kafka_ListOffsetsResultInfo_topic_partition(infos[i]);
        if (at->err != RD_KAFKA_RESP_ERR_NO_ERROR)
            *code = at->err;
        else if (at->offset < 0) /* while the leader is away librdkafka may answer without one */
            *code = RD_KAFKA_RESP_ERR__PARTIAL;
        for (size_t p = 0; p < count; p++)
            if (end[p].partition == at->partition &&
                strcmp(topic_info(end[p].topic)->name, at->topic) == 0)
                end[p].offset = at->offset;
    }
    if (found < count && *code == RD_KAFKA_RESP_ERR_NO_ERROR)
        *code = RD_KAFKA_RESP_ERR__PARTIAL;
}

static rd_kafka_AdminOptions_t *ends_options(rd_kafka_t *handle, int timeout_ms)
{
    char text[BROKER_TEXT_MAX];
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(handle, RD_KAFKA_ADMIN_OP_LISTOFFSETS);
    (void)rd_kafka_AdminOptions_set_request_timeout(options, timeout_ms, text, sizeof text);
    rd_kafka_error_t *refused =
        rd_kafka_AdminOptions_set_isolation_level(options, RD_KAFKA_ISOLATION_LEVEL_READ_COMMITTED);
    if (refused != NULL)
        rd_kafka_error_destroy(refused);
    return options;
}

enum status consumer_ends(struct consumer *consumer, struct place *end, size_t count,
                          int timeout_ms, struct error *error)
{
    if (count == 0)
        return STATUS_OK;
    for (size_t i = 0; i < count; i++)
        end[i].offset = RD_KAFKA_OFFSET_SPEC_LATEST;
    rd_kafka_topic_partition_list_t *list = broker_list(end, count);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(consumer->handle);
    rd_kafka_AdminOptions_t *options = ends_options(consumer->handle, timeout_ms);
    rd_kafka_ListOffsets(consumer->handle, list, options, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, timeout_ms);
    rd_kafka_resp_err_t code =
        event == NULL ? RD_KAFKA_RESP_ERR__TIMED_OUT : rd_kafka_event_error(event);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        take_ends(rd_kafka_event_ListOffsets_result(event), end, count, &code);
    if (event != NULL)
        rd_kafka_event_destroy(event);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_queue_destroy(queue);
    rd_kafka_topic_partition_list_destroy(list);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return error_set(error, STATUS_RETRY, "reading the ends of the inputs: %s",
                         rd_kafka_err2str(code));
    return STATUS_OK;
}

enum status consumer_partitions(struct consumer *consumer, int32_t counts[TOPIC_COUNT],
                                int timeout_ms, struct error *error)
{
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t code = rd_kafka_metadata(consumer->handle, 1, NULL, &metadata, timeout_ms);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return error_set(error, STATUS_RETRY, "reading Kafka's topics: %s", rd_kafka_err2str(code));
    memset(counts, 0, TOPIC_COUNT * sizeof *counts);
    for (int i = 0; i < metadata->topic_cnt; i++) {
        enum topic topic = topic_find(metadata->topics[i].topic);
        if (topic != TOPIC_COUNT)
            counts[topic] = metadata->topics[i].partition_cnt;
    }
    rd_kafka_metadata_destroy(metadata);
    return STATUS_OK;
}

const char *consumer_cluster(struct consumer *consumer, int timeout_ms)
{
    if (consumer->cluster == NULL)
        consumer->cluster = rd_kafka_clusterid(consumer->handle, timeout_ms);
    return consumer->cluster;
}

void consumer_close(struct consumer *consumer)
{
    if (consumer == NULL)
        return;
    rd_kafka_queue_io_event_enable(consumer->queue, -1, NULL, 0);
    rd_kafka_queue_destroy(consumer->queue);
    consumer->closing = true;
    (void)rd_kafka_assign(consumer->handle, NULL);
    (void)rd_kafka_consumer_close(consumer->handle);
    if (consumer->cluster != NULL)
        rd_kafka_mem_free(consumer->handle, consumer->cluster);
    rd_kafka_destroy(consumer->handle);
    free(consumer->given);
    free(consumer);
}
