#include "topics.h"

#include "redress/v1/control.pb-c.h"
#include "redress/v1/dead_letter.pb-c.h"
#include "redress/v1/decision.pb-c.h"
#include "redress/v1/goods.pb-c.h"
#include "redress/v1/insight.pb-c.h"
#include "redress/v1/order.pb-c.h"
#include "redress/v1/payout.pb-c.h"
#include "redress/v1/provider.pb-c.h"
#include "redress/v1/routed.pb-c.h"
#include "redress/v1/rules.pb-c.h"
#include "redress/v1/statement.pb-c.h"

#include <assert.h>
#include <string.h>

static const struct topic_info topics[] = {
#define X(id, topic_name, message_name, type, topic_kind, partition_count, size, days, \
          is_compacted, is_internal)                                                   \
    {.name = topic_name,                                                               \
     .name_size = sizeof topic_name - 1,                                               \
     .message = &redress__v1__##message_name##__descriptor,                            \
     .ce_type = type,                                                                  \
     .kind = TOPIC_KIND_##topic_kind,                                                  \
     .partitions = partition_count,                                                    \
     .bytes_max = size,                                                                \
     .retention_days = days,                                                           \
     .compacted = is_compacted,                                                        \
     .internal = is_internal},
    TOPIC_ROWS(X)
#undef X
};

const struct topic_info *topic_info(enum topic topic)
{
    assert(topic < TOPIC_COUNT);
    return &topics[topic];
}

enum topic topic_find(const char *name)
{
    size_t size = strlen(name);
    for (size_t i = 0; i < TOPIC_COUNT; i++)
        if (topics[i].name_size == size && memcmp(topics[i].name, name, size) == 0)
            return (enum topic)i;
    return TOPIC_COUNT;
}

/* As org.apache.kafka.common.utils.Utils.murmur2 defines it: seed 0x9747b28c, m 0x5bd1e995, r 24.
 */
uint32_t topic_murmur2(const void *key, size_t size)
{
    const uint32_t m = 0x5bd1e995u;
    const unsigned char *bytes = key;
    uint32_t hash = 0x9747b28cu ^ (uint32_t)size;
    size_t i = 0;
    for (; i + 4 <= size; i += 4) {
        uint32_t k = (uint32_t)bytes[i] | (uint32_t)bytes[i + 1] << 8 |
                     (uint32_t)bytes[i + 2] << 16 | (uint32_t)bytes[i + 3] << 24;
        k *= m;
        k ^= k >> 24;
        k *= m;
        hash = hash * m ^ k;
    }
    if (size - i >= 3)
        hash ^= (uint32_t)bytes[i + 2] << 16;
    if (size - i >= 2)
        hash ^= (uint32_t)bytes[i + 1] << 8;
    if (size - i >= 1) {
        hash ^= (uint32_t)bytes[i];
        hash *= m;
    }
    hash ^= hash >> 13;
    hash *= m;
    hash ^= hash >> 15;
    return hash;
}

int32_t topic_partition(const void *key, size_t size, int32_t partitions)
{
    return (int32_t)((topic_murmur2(key, size) & 0x7fffffffu) % (uint32_t)partitions);
}
