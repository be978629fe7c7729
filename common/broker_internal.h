/* Shared by the files of broker_*.c; nobody else includes it. */

#ifndef REDRESS_BROKER_INTERNAL_H
#define REDRESS_BROKER_INTERNAL_H

#include "broker.h"

#include <librdkafka/rdkafka.h>

struct setting {
    const char *name;
    const char *value;
};

enum { BROKER_TEXT_MAX = 512 /* bytes of a message of librdkafka */ };

/* Brokers, security and logging, then `settings`. NULL and an error if one is refused. */
rd_kafka_conf_t *broker_configure(const struct config_worker *config, const char *client,
                                  const struct setting *settings, size_t count,
                                  struct error *error);

/* A list of topic, partition and offset; the caller destroys it. */
rd_kafka_topic_partition_list_t *broker_list(const struct place *places, size_t count);

#endif
