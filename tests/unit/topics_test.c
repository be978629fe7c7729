#include "topics.h"

#include <criterion/criterion.h>
#include <string.h>

/* Vectors of org.apache.kafka.common.utils.UtilsTest.testMurmur2. */
Test(topics, murmur2_is_that_of_the_java_client)
{
    static const struct row {
        const char *key;
        int32_t hash;
    } rows[] = {
        {"21", -973932308},
        {"foobar", -790332482},
        {"a-little-bit-long-string", -985981536},
        {"a-little-bit-longer-string", -1486304829},
        {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
        {"abc", 479470107},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_eq((int32_t)topic_murmur2(rows[i].key, strlen(rows[i].key)), rows[i].hash, "%s",
                     rows[i].key);
}

Test(topics, partition_is_the_positive_hash_modulo_the_count)
{
    cr_expect_eq(topic_partition("abc", 3, 6), 479470107 % 6);
    cr_expect_eq(topic_partition("21", 2, 6), (int32_t)((uint32_t)-973932308 & 0x7fffffff) % 6);
    /* Those that proto/README.md tells producers to check with. */
    static const char *const keys[] = {"order-10", "order-7", "order-4",
                                       "order-2",  "order-1", "order-8"};
    for (int32_t i = 0; i < 6; i++)
        cr_expect_eq(topic_partition(keys[i], strlen(keys[i]), 6), i, "%s", keys[i]);
    cr_expect_eq(topic_partition("", 0, 1), 0);
    for (unsigned char byte = 0; byte < 255; byte++) {
        int32_t partition = topic_partition(&byte, 1, 7);
        cr_expect(partition >= 0 && partition < 7);
    }
}

Test(topics, are_found_by_name)
{
    for (size_t i = 0; i < TOPIC_COUNT; i++) {
        const struct topic_info *info = topic_info((enum topic)i);
        cr_expect_eq(topic_find(info->name), (enum topic)i, "%s", info->name);
        cr_expect_not_null(info->message);
        cr_expect_str_eq(info->message->name, info->ce_type);
        cr_expect(info->kind == TOPIC_KIND_SHARDED || info->partitions > 0, "%s", info->name);
        cr_expect_geq(info->bytes_max, 65536);
    }
    cr_expect_eq(topic_find("refunds.nonsense.v1"), TOPIC_COUNT);
    cr_expect_eq(topic_find(""), TOPIC_COUNT);
}
