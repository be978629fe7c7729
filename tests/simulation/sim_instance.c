/* Instances of the worker as coroutines, and what the loop would otherwise ask of the machine. */

#include "clock.h"
#include "log.h"
#include "metrics.h"
#include "sim.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { SIGNAL_FD = -2, BATCH_MAX = 8 };

/* What the loop would otherwise ask of the machine. */

int64_t __wrap_clock_monotonic_us(void);
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout_ms);

int64_t __wrap_clock_monotonic_us(void)
{
    return sim_run.now_us;
}

int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
    struct sim_instance *me = sim.current;
    if (timeout_ms > 0 && me->alive && !me->stop_wanted)
        sim_yield(WAIT_TIME, NULL, sim_run.now_us + timeout_ms * 1000);
    int found = 0;
    for (nfds_t i = 0; i < count; i++) {
        fds[i].revents = fds[i].fd == SIGNAL_FD && (me->stop_wanted || !me->alive) ? POLLIN : 0;
        found += fds[i].revents != 0;
    }
    return found;
}

void log_write(enum log_level level, const char *message, ...)
{
    if (sim_run.trace && level != LOG_DEBUG)
        sim_say("    instance %d: %s", sim.current->number, message);
}

void log_format(enum log_level level, const char *format, ...)
{
    if (!sim_run.trace || level == LOG_DEBUG)
        return;
    char line[256];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    sim_say("    instance %d: %s", sim.current->number, line);
}

void metric_add(enum metric metric, int64_t amount)
{
    (void)metric;
    (void)amount;
}

void metric_set(enum metric metric, int64_t value)
{
    (void)metric;
    (void)value;
}

void health_alive(void)
{
}

void health_ready(bool ready, const char *reason)
{
    (void)ready;
    (void)reason;
}
/* Instances. */

void sim_yield(enum sim_wait wait, const struct unit *unit, int64_t until_us)
{
    struct sim_instance *me = sim.current;
    me->wait = wait;
    me->unit = unit;
    me->until_us = until_us;
    (void)swapcontext(&me->context, &sim.scheduler);
    me->wait = WAIT_NOTHING;
}

bool sim_can_go_on(const struct sim_instance *instance)
{
    if (!instance->alive || instance->over || instance->frozen_until > sim_run.step)
        return false;
    return instance->wait == WAIT_NOTHING ||
           (instance->wait == WAIT_TIME && instance->until_us <= sim_run.now_us) ||
           (instance->wait == WAIT_UNIT &&
            database_ready((struct unit *)(uintptr_t)instance->unit));
}

void sim_go_on(struct sim_instance *instance)
{
    sim.current = instance;
    (void)swapcontext(&sim.scheduler, &instance->context);
}

static void run_instance(void)
{
    struct sim_instance *me = sim.current;
    struct worker *worker = &me->worker;
    me->result = worker_connect(worker);
    while (me->result == STATUS_RETRY && me->alive && !me->stop_wanted)
        me->result = worker_connect(worker);
    if (me->result == STATUS_OK)
        me->result = worker_loop(worker);
    me->over = true;
    for (;;)
        (void)swapcontext(&me->context, &sim.scheduler);
}

struct consumer {
    struct sim_instance *instance;
};

struct producer {
    struct sim_instance *instance;
};

void sim_start_instance(struct sim_instance *instance)
{
    static struct consumer consumers[SIM_INSTANCES];
    static struct producer producers[SIM_INSTANCES];
    struct worker *worker = &instance->worker;
    struct arena *scratch = worker->scratch, *ring = worker->ring_scratch;
    struct arena *arenas[2] = {worker->works[0].arena, worker->works[1].arena};
    int number = instance->number;
    char *stack = instance->stack;
    *instance = (struct sim_instance){
        .number = number, .alive = true, .started = true, .stack = stack, .connection = -1};
    consumers[number].instance = producers[number].instance = instance;
    *worker = (struct worker){.stage = &sim_stage,
                              .wake_fd = -1,
                              .signal_fd = SIGNAL_FD,
                              .consumer = &consumers[number],
                              .producer = &producers[number],
                              .shard_count = SIM_SHARDS,
                              .scratch = scratch,
                              .ring_scratch = ring,
                              .limit = BATCH_MAX,
                              .random = (unsigned)sim_mix(sim_run.seed + (uint64_t)sim_run.step)};
    worker->config.batch_max = BATCH_MAX;
    worker->config.deadline_scan_ms = 20;
    (void)snprintf(worker->instance, sizeof worker->instance, "sim%d", number);
    for (size_t t = 0; t < TOPIC_COUNT; t++)
        worker->partitions[t] = topic_info((enum topic)t)->kind == TOPIC_KIND_SHARDED
                                    ? SIM_SHARDS
                                    : topic_info((enum topic)t)->partitions;
    worker->shards = sim_alloc(SIM_SHARDS * sizeof *worker->shards);
    worker->pending = sim_alloc(BATCH_MAX * 2 * sizeof *worker->pending);
    for (int32_t s = 0; s < SIM_SHARDS; s++)
        worker->shards[s].number = s;
    for (size_t i = 0; i < 2; i++) {
        worker->works[i].arena = arenas[i];
        worker->works[i].records = sim_alloc(BATCH_MAX * sizeof(struct record));
        arena_reset(arenas[i]);
    }
    instance->wire = sim_wire_open(number);
    (void)getcontext(&instance->context);
    instance->context.uc_stack.ss_sp = stack;
    instance->context.uc_stack.ss_size = SIM_STACK;
    makecontext(&instance->context, run_instance, 0);
    sim_say("instance %d starts", number);
}

/* Batches that the loop keeps on the heap are freed by their last delivery report. */
static void free_flights(struct sim_instance *instance)
{
    struct worker *worker = &instance->worker;
    sim.current = instance;
    for (int32_t s = 0; s < SIM_SHARDS; s++)
        shard_forget_flights(&worker->shards[s]);
    for (size_t i = 0; i < instance->report_count; i++)
        publish_delivered(worker, instance->reports[instance->report_first + i].token, STATUS_OK,
                          "");
    instance->report_count = 0;
    for (size_t i = 0; i < instance->wire->count; i++)
        publish_delivered(worker, instance->wire->tokens[instance->wire->first + i], STATUS_OK, "");
}

/* The process is gone. What it had sent may still arrive, or not. */
void sim_end_instance(struct sim_instance *instance, bool sent_arrives)
{
    instance->alive = false;
    while (!instance->over)
        sim_go_on(instance); /* every call fails now, so the loop returns */
    free_flights(instance);
    struct sim_connection *connection =
        instance->connection < 0 ? NULL : &sim.connections[instance->connection];
    if (!sent_arrives) {
        instance->wire->count = 0;
        if (connection != NULL)
            connection->unit_count = 0;
    }
    instance->wire->instance = -1;
    instance->has_assignment = instance->revoke_due = instance->assign_due = false;
    instance->start_at = sim_run.step + 1 + (int64_t)sim_random(40);
}

bool sim_prepare_instances(void)
{
    bool good = true;
    for (int i = 0; i < SIM_INSTANCES; i++) {
        struct worker *worker = &sim.instances[i].worker;
        sim.instances[i].stack = malloc(SIM_STACK);
        worker->scratch = arena_create(BATCH_ARENA_MAX);
        worker->ring_scratch = arena_create(BATCH_ARENA_MAX);
        worker->works[0].arena = arena_create(BATCH_ARENA_MAX);
        worker->works[1].arena = arena_create(BATCH_ARENA_MAX);
        good = good && sim.instances[i].stack != NULL && worker->scratch != NULL &&
               worker->ring_scratch != NULL && worker->works[0].arena != NULL &&
               worker->works[1].arena != NULL;
    }
    return good;
}
