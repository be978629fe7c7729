#include "broker_internal.h"

#include "log.h"

#include <stdio.h>
#include <string.h>

enum { SYSLOG_WARNING = 4 /* librdkafka uses the levels of syslog(3) */ };

/* librdkafka calls the guarantee that nothing overtakes a failed record experimental at each start;
 * it is chosen on purpose (broker_producer.c), and nobody who reads the log can do anything. */
static bool known_remark(const char *facility, const char *text)
{
    return strcmp(facility, "CONFWARN") == 0 && strstr(text, "enable.gapless.guarantee") != NULL;
}

static void take_log(const rd_kafka_t *handle, int level, const char *facility, const char *text)
{
    (void)handle;
    bool warns = level <= SYSLOG_WARNING && !known_remark(facility, text);
    enum log_level ours = warns ? LOG_WARNING : LOG_DEBUG;
    log_write(ours, text, "kafka_facility", facility, NULL);
}

static void take_error(rd_kafka_t *handle, int code, const char *reason, void *opaque)
{
    (void)handle;
    (void)opaque;
    log_write(LOG_WARNING, reason, "kafka_error", rd_kafka_err2name((rd_kafka_resp_err_t)code),
              NULL);
}

static bool set_one(rd_kafka_conf_t *conf, const char *name, const char *value, struct error *error)
{
    char text[BROKER_TEXT_MAX];
    if (rd_kafka_conf_set(conf, name, value, text, sizeof text) == RD_KAFKA_CONF_OK)
        return true;
    (void)error_set(error, STATUS_INVALID, "Kafka setting %s: %.400s", name, text);
    return false;
}

static bool set_security(rd_kafka_conf_t *conf, const struct config_worker *config,
                         struct error *error)
{
    const struct setting settings[] = {
        {"security.protocol", config->kafka_security},
        {"sasl.mechanisms", config->kafka_sasl_mechanism},
        {"sasl.username", config->kafka_username},
        {"sasl.password", config->kafka_password},
        {"ssl.ca.location", config->kafka_ca_file},
    };
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        if (settings[i].value != NULL && *settings[i].value != '\0' &&
            !set_one(conf, settings[i].name, settings[i].value, error))
            return false;
    return true;
}

rd_kafka_conf_t *broker_configure(const struct config_worker *config, const char *client,
                                  const struct setting *settings, size_t count, struct error *error)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    bool good = set_one(conf, "bootstrap.servers", config->kafka_brokers, error) &&
                set_one(conf, "client.id", client, error) &&
                set_one(conf, "socket.keepalive.enable", "true", error) &&
                set_one(conf, "socket.nagle.disable", "true", error) &&
                set_one(conf, "reconnect.backoff.ms", "50", error) &&
                set_one(conf, "reconnect.backoff.max.ms", "1000", error) &&
                set_security(conf, config, error);
    for (size_t i = 0; good && i < count; i++)
        good = set_one(conf, settings[i].name, settings[i].value, error);
    if (!good) {
        rd_kafka_conf_destroy(conf);
        return NULL;
    }
    rd_kafka_conf_set_log_cb(conf, take_log);
    rd_kafka_conf_set_error_cb(conf, take_error);
    return conf;
}

rd_kafka_topic_partition_list_t *broker_list(const struct place *places, size_t count)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
    for (size_t i = 0; i < count; i++)
        rd_kafka_topic_partition_list_add(list, topic_info(places[i].topic)->name,
                                          places[i].partition)
            ->offset = places[i].offset;
    return list;
}
