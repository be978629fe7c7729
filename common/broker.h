/* Broker: Kafka, as the workers need it. The only file that knows librdkafka.
 *
 * The consumer never decides where to read: it is assigned partitions with explicit offsets. Group
 * rebalances come out of consumer_poll like everything else, and wait until the owner has answered
 * with consumer_assign. The producer is idempotent (acks=all, no message time-out) and sends where
 * it is told: the partition is computed by the caller (topic_partition). */

#ifndef REDRESS_BROKER_H
#define REDRESS_BROKER_H

#include "config.h"
#include "status.h"
#include "topics.h"

#include <stdbool.h>
#include <stdint.h>

struct consumer;
struct producer;

enum {
    BROKER_HEADERS_MAX = 64,     /* of a record that we read; more is a dead letter */
    BROKER_PARTITIONS_MAX = 1024 /* of one topic */
};

struct place {
    enum topic topic;
    int32_t partition;
    int64_t offset;
};

/* A record as it came. Everything points into `handle` and lives until record_free. */
struct record {
    enum topic topic;
    int32_t partition;
    int64_t offset;
    int64_t timestamp_ms;
    const void *key;
    size_t key_size; /* key is NULL if there is none */
    const void *value;
    size_t value_size; /* value is NULL for a tombstone */
    void *handle;
};

/* Calls `take` for each header, in order, until it returns anything but STATUS_OK. Name and value
 * are gone when this returns: what is kept of them is copied. */
typedef enum status header_taker(void *context, const char *name, const void *value, size_t size);
enum status record_headers(const struct record *record, header_taker *take,
                           void *context) CHECK_RESULT;
void record_free(struct record *record);

enum polled {
    POLLED_NOTHING,
    POLLED_RECORD,
    POLLED_END,       /* place: everything below place.offset was handed out */
    POLLED_ASSIGNED,  /* consumer_given has the partitions; answer with consumer_assign */
    POLLED_REVOKED,   /* give up everything; answer with consumer_assign of nothing */
    POLLED_NO_OFFSET, /* place: the offset asked for is outside the log */
    POLLED_ERROR,     /* passing trouble, in `error` */
    POLLED_FATAL      /* in `error` */
};

struct subscription {
    const char *group;
    const enum topic *topics;
    size_t topic_count;
    int wake_fd;  /* an eventfd, written to when something waits to be polled; the caller's */
    bool patient; /* a record may take half a second, so that more come in one answer */
};

/* Joins the group and subscribes to the topics. */
enum status consumer_open(const struct config_worker *config,
                          const struct subscription *subscription, struct consumer **consumer,
                          struct error *error) CHECK_RESULT;

/* Without a group: reads what it is assigned. */
enum status reader_open(const struct config_worker *config, struct consumer **consumer,
                        struct error *error) CHECK_RESULT;

enum polled consumer_poll(struct consumer *consumer, int timeout_ms, struct record *record,
                          struct place *place, struct error *error);
const struct place *consumer_given(const struct consumer *consumer, size_t *count);

/* True if the group has given our partitions away already. */
bool consumer_expelled(const struct consumer *consumer);

/* Reads `places` from their offsets, and nothing else, from now on; drops what was fetched. */
enum status consumer_assign(struct consumer *consumer, const struct place *places, size_t count,
                            struct error *error) CHECK_RESULT;

/* Commits offsets to Kafka, for lag monitoring only: sent, not awaited. */
void consumer_commit(struct consumer *consumer, const struct place *places, size_t count);

/* Fills in the group's committed offsets; -1 where there is none. Blocks up to timeout_ms. */
enum status consumer_committed(struct consumer *consumer, struct place *places, size_t count,
                               int timeout_ms, struct error *error) CHECK_RESULT;

/* First offset in the log, and the one behind the last (of committed records). Blocks. */
enum status consumer_bounds(struct consumer *consumer, struct place *first, struct place *end,
                            size_t count, int timeout_ms, struct error *error) CHECK_RESULT;

/* The same for `end` alone, in one request. */
enum status consumer_ends(struct consumer *consumer, struct place *end, size_t count,
                          int timeout_ms, struct error *error) CHECK_RESULT;

/* Partition counts of every topic in the table, 0 where a topic does not exist. Blocks. */
enum status consumer_partitions(struct consumer *consumer, int32_t counts[TOPIC_COUNT],
                                int timeout_ms, struct error *error) CHECK_RESULT;

/* Lives as long as the consumer. NULL if it cannot be learned in time. */
const char *consumer_cluster(struct consumer *consumer, int timeout_ms);

/* Leaves the group. Every record must have been freed. */
void consumer_close(struct consumer *consumer);

struct header {
    const char *name;
    const void *value;
    size_t size;
};

/* Called from producer_poll for each record, once: STATUS_OK when it is acknowledged, else
 * STATUS_FATAL: it failed for good. */
typedef void delivery_taker(void *context, void *token, enum status status, const char *reason);

enum status producer_open(const struct config_worker *config, const char *client, int wake_fd,
                          delivery_taker *delivered, void *context, struct producer **producer,
                          struct error *error) CHECK_RESULT;

/* What is sent from here to the next call belongs together and shares requests (broker_lane.h). */
void producer_burst(struct producer *producer);

/* Copies everything. STATUS_EXHAUSTED: the queue is full, poll and try again. Sending and polling
 * are for one thread; what waits for an earlier request of its partition (broker_lane.h) leaves in
 * producer_poll. */
enum status producer_send(struct producer *producer, const struct place *place, const void *key,
                          size_t key_size, const void *value, size_t value_size,
                          const struct header *headers, size_t header_count, void *token,
                          struct error *error) CHECK_RESULT;

/* Serves delivery reports; STATUS_FATAL if the producer can go no further. */
enum status producer_poll(struct producer *producer, int timeout_ms,
                          struct error *error) CHECK_RESULT;

/* Learns the leaders of these topics now, so that the first record does not wait for it. */
enum status producer_warm(struct producer *producer, const enum topic *topics, size_t count,
                          int timeout_ms, struct error *error) CHECK_RESULT;
size_t producer_waiting(const struct producer *producer);

/* Drops what is not acknowledged. */
void producer_close(struct producer *producer);

/* Creates what is missing of the table, with its settings: `partitions` for the sharded topics.
 * STATUS_INVALID if a topic exists with another count. */
enum status topics_create(const struct config_worker *config, int32_t partitions,
                          int32_t replication, size_t *created, struct error *error) CHECK_RESULT;

#endif
