/* Creating the topics of the table, with the settings that their guarantees need. */

#include "broker_internal.h"

#include <stdio.h>
#include <string.h>

enum {
    ADMIN_TIMEOUT_MS = 30000,
    DURABLE_REPLICATION = 3,
    /* Kafka's max.message.bytes bounds a whole batch of records: it must leave room for what a
     * producer puts into one (ours and librdkafka's default: 1,000,000). Single values are checked
     * by whoever reads them. */
    BATCH_ROOM = 1048576
};

static rd_kafka_NewTopic_t *describe(enum topic topic, int32_t partitions, int32_t replication)
{
    const struct topic_info *info = topic_info(topic);
    char text[BROKER_TEXT_MAX], bytes[24], retention[32];
    size_t most = info->bytes_max > BATCH_ROOM ? info->bytes_max : BATCH_ROOM;
    (void)snprintf(bytes, sizeof bytes, "%zu", most + TOPIC_RECORD_OVERHEAD);
    (void)snprintf(retention, sizeof retention, "%lld",
                   info->retention_days == 0 ? -1LL : (long long)info->retention_days * 86400000);
    rd_kafka_NewTopic_t *wanted = rd_kafka_NewTopic_new(
        info->name, info->kind == TOPIC_KIND_SHARDED ? partitions : info->partitions, replication,
        text, sizeof text);
    if (wanted == NULL)
        return NULL;
    (void)rd_kafka_NewTopic_set_config(wanted, "max.message.bytes", bytes);
    (void)rd_kafka_NewTopic_set_config(wanted, "retention.ms", retention);
    (void)rd_kafka_NewTopic_set_config(wanted, "cleanup.policy",
                                       info->compacted ? "compact" : "delete");
    (void)rd_kafka_NewTopic_set_config(wanted, "unclean.leader.election.enable", "false");
    if (replication >= DURABLE_REPLICATION)
        (void)rd_kafka_NewTopic_set_config(wanted, "min.insync.replicas", "2");
    return wanted;
}

/* Which topics are missing; STATUS_INVALID where one has another partition count. */
static enum status find_missing(const int32_t counts[TOPIC_COUNT], int32_t partitions,
                                enum topic *missing, size_t *missing_count, struct error *error)
{
    *missing_count = 0;
    for (size_t i = 0; i < TOPIC_COUNT; i++) {
        const struct topic_info *info = topic_info((enum topic)i);
        int32_t wanted = info->kind == TOPIC_KIND_SHARDED ? partitions : info->partitions;
        if (counts[i] == 0)
            missing[(*missing_count)++] = (enum topic)i;
        else if (counts[i] != wanted)
            return error_set(error, STATUS_INVALID,
                             "topic %s has %d partitions, not %d: partitions are changed by the "
                             "documented procedure only",
                             info->name, counts[i], wanted);
    }
    return STATUS_OK;
}

static enum status take_verdicts(rd_kafka_event_t *event, size_t *created, struct error *error)
{
    if (event == NULL)
        return error_set(error, STATUS_RETRY, "creating topics: no answer from Kafka");
    if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return error_set(error, STATUS_RETRY, "creating topics: %s",
                         rd_kafka_event_error_string(event));
    size_t count;
    const rd_kafka_topic_result_t **results =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
    for (size_t i = 0; i < count; i++) {
        rd_kafka_resp_err_t code = rd_kafka_topic_result_error(results[i]);
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
            (*created)++;
        else if (code != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
            return error_set(error, STATUS_RETRY, "creating %s: %s",
                             rd_kafka_topic_result_name(results[i]), rd_kafka_err2str(code));
    }
    return STATUS_OK;
}

static enum status create(rd_kafka_t *handle, const enum topic *missing, size_t count,
                          int32_t partitions, int32_t replication, size_t *created,
                          struct error *error)
{
    rd_kafka_NewTopic_t *wanted[TOPIC_COUNT];
    for (size_t i = 0; i < count; i++)
        wanted[i] = describe(missing[i], partitions, replication);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(handle);
    rd_kafka_CreateTopics(handle, wanted, count, NULL, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, ADMIN_TIMEOUT_MS);
    enum status status = take_verdicts(event, created, error);
    if (event != NULL)
        rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(queue);
    rd_kafka_NewTopic_destroy_array(wanted, count);
    return status;
}

enum status topics_create(const struct config_worker *config, int32_t partitions,
                          int32_t replication, size_t *created, struct error *error)
{
    *created = 0;
    if (partitions < 1 || partitions > BROKER_PARTITIONS_MAX)
        return error_set(error, STATUS_INVALID, "partitions: %d: 1 to %d", partitions,
                         BROKER_PARTITIONS_MAX);
    struct consumer *reader = NULL;
    enum status status = reader_open(config, &reader, error);
    int32_t counts[TOPIC_COUNT];
    if (status == STATUS_OK)
        status = consumer_partitions(reader, counts, ADMIN_TIMEOUT_MS, error);
    consumer_close(reader);
    enum topic missing[TOPIC_COUNT];
    size_t missing_count = 0;
    if (status == STATUS_OK)
        status = find_missing(counts, partitions, missing, &missing_count, error);
    if (status != STATUS_OK || missing_count == 0)
        return status;
    rd_kafka_conf_t *conf = broker_configure(config, "redress-topics", NULL, 0, error);
    if (conf == NULL)
        return STATUS_INVALID;
    char text[BROKER_TEXT_MAX];
    rd_kafka_t *handle = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
    if (handle == NULL) {
        rd_kafka_conf_destroy(conf);
        return error_set(error, STATUS_INVALID, "Kafka: %.400s", text);
    }
    status = create(handle, missing, missing_count, partitions, replication, created, error);
    rd_kafka_destroy(handle);
    return status;
}
