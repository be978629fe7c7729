/* The program around the loop: configuration, connections, checks, signals. */

#include "clock.h"
#include "log.h"
#include "metrics.h"
#include "worker_internal.h"

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

extern char **environ;

enum { EXIT_FATAL = 1, EXIT_CONFIGURATION = 2 };

/* A worker stays under 64 MiB: memory that the threads of librdkafka and of the loop hand to each
 * other is kept in few pools, and large blocks go back to the system. */
enum { MALLOC_ARENAS = 2, MALLOC_TRIM_BYTES = 1024 * 1024, MALLOC_MMAP_BYTES = 256 * 1024 };

static void print_help(const struct stage *stage, const char *summary,
                       const struct config_table *tables, size_t count)
{
    printf(
        "%s: %s\n\nUsage: %s [--check | --help]\n\n"
        "Runs until SIGTERM or SIGINT. --check connects to Kafka and PostgreSQL, says what is\n"
        "wrong, and exits with 0 if nothing is. Exit codes: 0 stopped in order, 1 a guarantee is\n"
        "at risk (see the log), 2 configuration.\n\nReads:",
        stage->name, summary, stage->name);
    for (size_t i = 0; i < stage->input_count; i++)
        printf(" %s", topic_info(stage->inputs[i].topic)->name);
    printf("\n\nEnvironment:\n");
    config_print(stdout, tables, count);
}

/* A setting of the server that would break a promise. */
static enum status check_setting(struct database *database, const char *name, struct error *error)
{
    char sql[64];
    (void)snprintf(sql, sizeof sql, "SHOW %s", name);
    struct table *table = NULL;
    enum status status = database_query(database, sql, NULL, 0, &table, error);
    if (status == STATUS_OK && strcmp(table_value(table, 0, 0), "off") == 0)
        status =
            error_set(error, STATUS_FATAL,
                      "PostgreSQL runs with %s=off: a crash would lose refunds; set it on", name);
    table_free(table);
    return status;
}

static char *list_topics(const struct stage *stage, struct arena *arena)
{
    char *list = arena_strdup(arena, "");
    for (size_t i = 0; list != NULL && i < stage->input_count; i++)
        list = arena_printf(arena, "%s%s%s", list, i == 0 ? "" : ",",
                            topic_info(stage->inputs[i].topic)->name);
    return list;
}

/* Offsets belong to one cluster, one partition count and one list of topics. */
static enum status check_cluster(struct worker *worker, struct database *database)
{
    arena_reset(worker->scratch);
    const char *topics = list_topics(worker->stage, worker->scratch);
    const char *cluster = consumer_cluster(worker->consumer, WORKER_WAIT_MS);
    if (cluster == NULL || topics == NULL)
        return error_set(&worker->error, STATUS_RETRY, "Kafka does not say its cluster id");
    char shards[16];
    (void)snprintf(shards, sizeof shards, "%d", worker->shard_count);
    const char *values[] = {cluster, shards, topics};
    struct table *table = NULL;
    enum status status =
        database_query(database,
                       "INSERT INTO cluster (kafka_id, shards, topics) VALUES ($1, $2::integer, $3)"
                       " ON CONFLICT (singleton) DO UPDATE SET topics = excluded.topics"
                       " WHERE NOT EXISTS (SELECT 1 FROM shard WHERE owner IS NOT NULL)",
                       values, 3, &table, &worker->error);
    table_free(table);
    table = NULL;
    if (status == STATUS_OK)
        status = database_query(database, "SELECT kafka_id, shards, topics FROM cluster", NULL, 0,
                                &table, &worker->error);
    if (status != STATUS_OK)
        return status;
    if (strcmp(table_value(table, 0, 0), cluster) != 0)
        status = error_set(&worker->error, STATUS_FATAL,
                           "this database belongs to Kafka cluster %s, not %s",
                           table_value(table, 0, 0), cluster);
    else if (strcmp(table_value(table, 0, 1), shards) != 0)
        status = error_set(&worker->error, STATUS_FATAL,
                           "this database knows %s shards, the topics have %s partitions: "
                           "partitions are changed by the documented procedure only",
                           table_value(table, 0, 1), shards);
    else if (strcmp(table_value(table, 0, 2), topics) != 0)
        status = error_set(&worker->error, STATUS_FATAL,
                           "this program reads %s, the running instances %s: stop them all first",
                           topics, table_value(table, 0, 2));
    table_free(table);
    return status;
}

enum status worker_connect(struct worker *worker)
{
    static const char *const settings[] = {"fsync", "full_page_writes", "synchronous_commit"};
    const struct migration_list *lists[] = {&migrations_worker, worker->stage->migrations,
                                            worker->stage->shared};
    size_t list_count = worker->stage->shared == NULL ? 2 : 3;
    struct database *database = NULL;
    enum status status = database_open(&worker->database_settings, &database, &worker->error);
    for (size_t i = 0; status == STATUS_OK && i < sizeof settings / sizeof *settings; i++)
        status = check_setting(database, settings[i], &worker->error);
    if (status == STATUS_OK)
        status = migrations_check(database, lists, list_count, &worker->error);
    if (status == STATUS_OK)
        status = check_cluster(worker, database);
    if (status == STATUS_OK)
        worker->database = database;
    else
        database_close(database);
    return status == STATUS_INVALID ? STATUS_FATAL : status;
}

/* All sharded inputs must have one partition count: that is the number of shards. */
static enum status count_shards(struct worker *worker)
{
    enum status status =
        consumer_partitions(worker->consumer, worker->partitions, WORKER_WAIT_MS, &worker->error);
    if (status != STATUS_OK)
        return status;
    int32_t shards = worker->partitions[worker->stage->inputs[0].topic];
    for (size_t t = 0; t < TOPIC_COUNT; t++) {
        const struct topic_info *topic = topic_info((enum topic)t);
        if (worker->partitions[t] == 0)
            return error_set(&worker->error, STATUS_RETRY,
                             "topic %s does not exist yet: run redressctl topics create",
                             topic->name);
        if (topic->kind == TOPIC_KIND_SHARDED && worker->partitions[t] != shards)
            return error_set(&worker->error, STATUS_FATAL,
                             "topic %s has %d partitions, not %d as the others", topic->name,
                             worker->partitions[t], shards);
    }
    if (shards > WORKER_SHARDS_MAX)
        return error_set(&worker->error, STATUS_FATAL, "%d partitions: at most %d", shards,
                         WORKER_SHARDS_MAX);
    worker->shard_count = shards;
    return STATUS_OK;
}

static enum status allocate(struct worker *worker)
{
    size_t most = (size_t)worker->config.batch_max;
    worker->shards = calloc((size_t)worker->shard_count, sizeof *worker->shards);
    worker->pending = calloc(most * 2, sizeof *worker->pending);
    worker->limit = most;
    bool good = worker->shards != NULL && worker->pending != NULL;
    for (size_t i = 0; i < 2; i++) {
        worker->works[i].arena = arena_create(BATCH_ARENA_MAX);
        worker->works[i].records = calloc(most, sizeof(struct record));
        good = good && worker->works[i].arena != NULL && worker->works[i].records != NULL;
    }
    for (int32_t s = 0; good && s < worker->shard_count; s++)
        worker->shards[s].number = s;
    return good ? STATUS_OK : error_set(&worker->error, STATUS_FATAL, "no memory");
}

static void free_all(struct worker *worker)
{
    for (size_t i = 0; i < 2; i++) {
        arena_destroy(worker->works[i].arena);
        free(worker->works[i].records);
    }
    for (int32_t s = 0; s < worker->shard_count; s++)
        shard_forget_flights(&worker->shards[s]);
    free(worker->shards);
    free(worker->pending);
    arena_destroy(worker->scratch);
    arena_destroy(worker->ring_scratch);
    approval_keys_destroy(worker->stage_keys);
}

static void wait_signal(struct worker *worker, int timeout_ms)
{
    struct timespec limit = {.tv_sec = timeout_ms / 1000,
                             .tv_nsec = (long)(timeout_ms % 1000) * 1000000};
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    if (sigtimedwait(&set, NULL, &limit) > 0)
        worker->stopping = true;
}

/* Tries until it works, is refused for good, or we are told to stop. */
static enum status try_until(struct worker *worker, enum status (*attempt)(struct worker *worker),
                             bool once)
{
    int wait_ms = 100;
    for (;;) {
        enum status status = attempt(worker);
        if (status != STATUS_RETRY || once)
            return status;
        health_alive();
        health_ready(false, worker->error.text);
        log_write(LOG_WARNING, worker->error.text, NULL);
        wait_signal(worker, wait_ms);
        if (worker->stopping)
            return STATUS_RETRY;
        wait_ms = wait_ms * 2 > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : wait_ms * 2;
    }
}

static enum status open_broker(struct worker *worker)
{
    char group[96];
    enum topic topics[WORKER_INPUTS_MAX];
    for (size_t i = 0; i < worker->stage->input_count; i++)
        topics[i] = worker->stage->inputs[i].topic;
    (void)snprintf(group, sizeof group, "redress-%s", worker->stage->name);
    const struct subscription subscription = {.group = group,
                                              .topics = topics,
                                              .topic_count = worker->stage->input_count,
                                              .wake_fd = worker->wake_fd,
                                              .patient = worker->stage->patient};
    enum status status =
        consumer_open(&worker->config, &subscription, &worker->consumer, &worker->error);
    if (status == STATUS_OK)
        status = producer_open(&worker->config, group, worker->wake_fd, publish_delivered, worker,
                               &worker->producer, &worker->error);
    return status;
}

static enum status warm(struct worker *worker)
{
    enum topic topics[TOPIC_COUNT];
    size_t count = 0;
    for (size_t t = 0; t < TOPIC_COUNT; t++)
        if (topic_info((enum topic)t)->internal)
            topics[count++] = (enum topic)t;
    return producer_warm(worker->producer, topics, count, WORKER_WAIT_MS, &worker->error);
}

static enum status start(struct worker *worker, bool once)
{
    enum status status = open_broker(worker);
    if (status == STATUS_OK)
        status = try_until(worker, count_shards, once);
    if (status == STATUS_OK)
        status = try_until(worker, warm, once);
    if (status == STATUS_OK)
        status = try_until(worker, worker_connect, once);
    if (status == STATUS_OK)
        status = allocate(worker);
    if (status == STATUS_OK && worker->stage->start != NULL)
        status = worker->stage->start(worker->stage->context, &worker->config, &worker->error);
    return status;
}

/* Closing may wait for a broker that is gone; what matters is saved and released by then. */
static volatile sig_atomic_t exit_code;

static void close_in_time(int signal_number)
{
    (void)signal_number;
    _exit(exit_code);
}

static int run(struct worker *worker, bool check)
{
    enum status status = start(worker, check);
    if (status == STATUS_OK && !check) {
        health_ready(true, "");
        log_format(LOG_INFO, "started as %s, %d shards", worker->instance, worker->shard_count);
        status = worker_loop(worker);
    }
    health_ready(false, "stopping");
    bool orderly = status == STATUS_OK || (status == STATUS_RETRY && worker->stopping);
    if (!orderly)
        log_write(LOG_ERROR, worker->error.text, "status", status_name(status), NULL);
    exit_code = orderly ? EXIT_SUCCESS : EXIT_FATAL;
    (void)signal(SIGALRM, close_in_time);
    (void)alarm(CLOSE_S);
    if (worker->stage->stop != NULL && worker->shards != NULL)
        worker->stage->stop(worker->stage->context);
    worker->stopping = true;
    database_close(worker->database);
    consumer_close(worker->consumer);
    producer_close(worker->producer);
    metrics_stop();
    free_all(worker);
    log_write(LOG_INFO, "stopped", NULL);
    return exit_code;
}

static enum log_level level_of(const char *name)
{
    static const char *const names[] = {
#define X(id, text) text,
        LOG_LEVEL_ROWS(X)
#undef X
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], name) == 0)
            return (enum log_level)i;
    return LOG_INFO;
}

/* Who reads what the others say must be able to tell whether they said it. */
static enum status read_keys(struct worker *worker)
{
    const struct stage *stage = worker->stage;
    struct error why = {0};
    enum status status = signature_keys_read(worker->config.goods_keys, &worker->goods_keys, &why);
    if (status != STATUS_OK)
        return error_set(&worker->error, status, "REDRESS_GOODS_KEYS: %s", why.text);
    if (worker->config.stage_keys[0] != '\0') {
        status = approval_keys_read(worker->config.stage_keys, &worker->stage_keys, &why);
        return status == STATUS_OK
                   ? status
                   : error_set(&worker->error, status, "REDRESS_STAGE_KEYS: %s", why.text);
    }
    for (size_t i = 0; i < stage->input_count; i++)
        if (topic_info(stage->inputs[i].topic)->internal)
            return error_set(&worker->error, STATUS_INVALID,
                             "REDRESS_STAGE_KEYS must be set: what stands on %s is believed only "
                             "under a seal",
                             topic_info(stage->inputs[i].topic)->name);
    return STATUS_OK;
}

static enum status prepare(struct worker *worker, const struct stage *stage)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    char host[64] = "";
    (void)gethostname(host, sizeof host - 1);
    (void)snprintf(worker->instance, sizeof worker->instance, "%s@%.60s:%d", stage->name, host,
                   (int)getpid());
    worker->stage = stage;
    worker->random = (unsigned)getpid() ^ (unsigned)clock_wall_us();
    worker->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    worker->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    worker->scratch = arena_create(BATCH_ARENA_MAX);
    worker->ring_scratch = arena_create(BATCH_ARENA_MAX);
    if (worker->wake_fd < 0 || worker->signal_fd < 0 || worker->scratch == NULL ||
        worker->ring_scratch == NULL)
        return error_set(&worker->error, STATUS_FATAL, "no memory or file descriptors");
    worker->database_settings =
        database_settings_of(&worker->config, worker->stage->name, worker->instance);
    enum status status = read_keys(worker);
    if (status != STATUS_OK)
        return status;
    return metrics_serve(stage->name, worker->config.health_address,
                         worker->config.health_port_file, &worker->error);
}

int worker_main(int argc, char **argv, const struct stage *stage, const char *summary,
                const struct config_table *own)
{
    static struct worker worker;
    struct config_table tables[2] = {{config_worker_rows, config_worker_row_count, &worker.config}};
    size_t table_count = 1;
    if (own != NULL)
        tables[table_count++] = *own;
    (void)mallopt(M_ARENA_MAX, MALLOC_ARENAS);
    (void)mallopt(M_TRIM_THRESHOLD, MALLOC_TRIM_BYTES);
    (void)mallopt(M_MMAP_THRESHOLD, MALLOC_MMAP_BYTES);
    bool check = argc == 2 && strcmp(argv[1], "--check") == 0;
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        print_help(stage, summary, tables, table_count);
        return EXIT_SUCCESS;
    }
    if (argc > 1 && !check) {
        fprintf(stderr, "%s: unknown argument %s; see %s --help\n", stage->name, argv[1],
                stage->name);
        return EXIT_CONFIGURATION;
    }
    struct error error = {0};
    if (config_read(tables, table_count, environ, &error) != STATUS_OK) {
        fprintf(stderr, "%s: %s\n", stage->name, error.text);
        return EXIT_CONFIGURATION;
    }
    log_start(stage->name, level_of(worker.config.log_level));
    if (prepare(&worker, stage) != STATUS_OK) {
        fprintf(stderr, "%s: %s\n", stage->name, worker.error.text);
        return EXIT_CONFIGURATION;
    }
    return run(&worker, check);
}
