/* The world: steps, faults, instances; and the program. */

#include "clock.h"
#include "log.h"
#include "metrics.h"
#include "sim.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    SIGNAL_FD = -2,
    BATCH_MAX = 8,
    FROZEN_STEPS = 120,
    DOWN_STEPS = 60,
    REFUSALS = 3,
    CALM_STEPS = 60000,
    STEPS_MAX = 100000
};

/* X(what it is, how often of a thousand steps) */
#define FAULT_ROWS(X)       \
    X(killed, 6)            \
    X(frozen, 5)            \
    X(connection_broken, 6) \
    X(database_down, 2)     \
    X(rebalanced, 6)        \
    X(torn, 2)              \
    X(stopped, 3)           \
    X(delivery_failed, 1)   \
    X(no_room, 6)           \
    X(asked_too_little, 3)

enum fault {
#define X(name, often) FAULT_##name,
    FAULT_ROWS(X)
#undef X
        FAULT_COUNT
};

static const char *const fault_names[] = {
#define X(name, often) #name,
    FAULT_ROWS(X)
#undef X
};

static const unsigned fault_often[] = {
#define X(name, often) often,
    FAULT_ROWS(X)
#undef X
};

struct sim sim;

/* Small things. */

void *sim_alloc(size_t size)
{
    size = (size + 15) & ~(size_t)15;
    if (sim.used + size > SIM_MEMORY) {
        fprintf(stderr, "simulate: a run needs more than %d bytes\n", SIM_MEMORY);
        exit(2);
    }
    void *memory = sim.memory + sim.used;
    sim.used += size;
    memset(memory, 0, size);
    return memory;
}

const char *sim_text(const char *text)
{
    if (text == NULL)
        return NULL;
    size_t size = strlen(text) + 1;
    return memcpy(sim_alloc(size), text, size);
}

static uint64_t mix(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

uint64_t sim_random(uint64_t below)
{
    sim.random = mix(sim.random);
    return sim.random % below;
}

bool sim_chance(unsigned per_thousand)
{
    return sim_random(1000) < per_thousand;
}

void sim_say(const char *format, ...)
{
    if (!sim.trace)
        return;
    va_list arguments;
    va_start(arguments, format);
    printf("%6lld %9lld us  ", (long long)sim.step, (long long)sim.now_us);
    (void)vprintf(format, arguments);
    printf("\n");
    va_end(arguments);
}

/* What the loop would otherwise ask of the machine. */

int64_t __wrap_clock_monotonic_us(void);
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout_ms);

int64_t __wrap_clock_monotonic_us(void)
{
    return sim.now_us;
}

int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
    struct sim_instance *me = sim.current;
    if (timeout_ms > 0 && me->alive && !me->stop_wanted)
        sim_yield(WAIT_TIME, NULL, sim.now_us + timeout_ms * 1000);
    int found = 0;
    for (nfds_t i = 0; i < count; i++) {
        fds[i].revents = fds[i].fd == SIGNAL_FD && (me->stop_wanted || !me->alive) ? POLLIN : 0;
        found += fds[i].revents != 0;
    }
    return found;
}

void log_write(enum log_level level, const char *message, ...)
{
    if (sim.trace && level != LOG_DEBUG)
        sim_say("    instance %d: %s", sim.current->number, message);
}

void log_format(enum log_level level, const char *format, ...)
{
    if (!sim.trace || level == LOG_DEBUG)
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

static bool can_go_on(const struct sim_instance *instance)
{
    if (!instance->alive || instance->over || instance->frozen_until > sim.step)
        return false;
    return instance->wait == WAIT_NOTHING ||
           (instance->wait == WAIT_TIME && instance->until_us <= sim.now_us) ||
           (instance->wait == WAIT_UNIT &&
            database_ready((struct unit *)(uintptr_t)instance->unit));
}

static void go_on(struct sim_instance *instance)
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

static void start_instance(struct sim_instance *instance)
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
                              .random = (unsigned)mix(sim.seed + (uint64_t)sim.step)};
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
static void end_instance(struct sim_instance *instance, bool sent_arrives)
{
    instance->alive = false;
    while (!instance->over)
        go_on(instance); /* every call fails now, so the loop returns */
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
    instance->start_at = sim.step + 1 + (int64_t)sim_random(40);
}

/* Faults. */

static struct sim_instance *some_instance(void)
{
    struct sim_instance *instance = &sim.instances[sim_random(SIM_INSTANCES)];
    return instance->alive && !instance->over ? instance : NULL;
}

static void fail(enum fault fault)
{
    struct sim_instance *one = some_instance();
    sim_say("%s (%d)", fault_names[fault], one == NULL ? -1 : one->number);
    bool happened = one != NULL;
    switch (fault) {
    case FAULT_killed:
        if (one != NULL) {
            end_instance(one, sim_chance(500));
            sim_rebalance(false);
        }
        break;
    case FAULT_frozen:
        if (one != NULL) {
            one->frozen_until = sim.step + 1 + (int64_t)sim_random(FROZEN_STEPS);
            if (sim_chance(700))
                sim_rebalance(false);
        }
        break;
    case FAULT_connection_broken:
        if (one != NULL && one->connection >= 0) {
            if (sim_chance(500))
                sim.connections[one->connection].unit_count = 0;
            sim_disconnect(one->connection);
        }
        break;
    case FAULT_database_down:
        sim.database_down_until = sim.step + 1 + (int64_t)sim_random(DOWN_STEPS);
        for (size_t i = 0; i < sim.connection_count; i++) {
            sim.connections[i].state = CONNECTION_BROKEN;
            sim.connections[i].unit_count = 0;
        }
        happened = true;
        break;
    case FAULT_rebalanced:
        sim_rebalance(false);
        happened = true;
        break;
    case FAULT_torn:
        sim_rebalance(true);
        happened = true;
        break;
    case FAULT_stopped:
        if (one != NULL)
            one->stop_wanted = true;
        break;
    case FAULT_delivery_failed:
        happened = one != NULL && one->wire->count > 0;
        if (happened) {
            one->reports[one->report_first + one->report_count++] =
                (struct sim_report){one->wire->tokens[one->wire->first], false};
            one->wire->failed = true; /* as enable.gapless.guarantee has it */
            one->wire->count = 0;
        }
        break;
    case FAULT_no_room:
        sim.no_room = 1 + (int)sim_random(REFUSALS);
        happened = true;
        break;
    case FAULT_asked_too_little:
        sim.asked_too_little = true;
        happened = true;
        break;
    case FAULT_COUNT:
        break;
    }
    sim.faults[fault] += happened;
}

/* Steps. */

/* One that is over: stopped in order, or fatally. Its supervisor starts it again. */
static void supervise(void)
{
    for (int i = 0; i < SIM_INSTANCES; i++) {
        struct sim_instance *instance = &sim.instances[i];
        if (instance->alive && instance->over) {
            sim_say("instance %d ends with %s: %s", i, status_name(instance->result),
                    instance->worker.error.text);
            /* Nothing here puts a guarantee at risk but a record that fails for good. */
            if (instance->result == STATUS_FATAL && !instance->wire->failed)
                sim_violate("instance %d gives up: %s", i, instance->worker.error.text);
            end_instance(instance, true);
            sim_rebalance(false);
        }
        if (!instance->alive && instance->start_at <= sim.step) {
            start_instance(instance);
            sim_rebalance(false);
        }
        if (instance->alive && instance->expelled && instance->frozen_until <= sim.step &&
            !instance->assign_due)
            sim_rebalance(false); /* it wakes up and joins again */
    }
}

static void let_instance_go_on(void)
{
    size_t from = (size_t)sim_random(SIM_INSTANCES);
    for (size_t n = 0; n < SIM_INSTANCES; n++) {
        struct sim_instance *instance = &sim.instances[(from + n) % SIM_INSTANCES];
        if (!can_go_on(instance))
            continue;
        instance->budget = (int)sim_random(6);
        go_on(instance);
        return;
    }
}

static void let_database_work(void)
{
    size_t from = (size_t)sim_random(sim.connection_count + 1);
    for (size_t n = 0; n < sim.connection_count; n++) {
        struct sim_connection *connection = &sim.connections[(from + n) % sim.connection_count];
        if (connection->unit_count == 0)
            continue;
        sim_carry_out(connection);
        return;
    }
}

static void let_broker_append(void)
{
    size_t from = (size_t)sim_random(sim.wire_count + 1);
    for (size_t n = 0; n < sim.wire_count; n++) {
        struct sim_wire *wire = sim.wires[(from + n) % sim.wire_count];
        for (uint64_t some = 1 + sim_random(3); some > 0 && wire->count > 0; some--) {
            sim_append(wire);
            if (some == 1 || wire->count == 0)
                return;
        }
    }
}

static void step(void)
{
    sim.random = mix(sim.seed * UINT64_C(0x2545f4914f6cdd1d) + (uint64_t)sim.step);
    sim.now_us += (int64_t)sim_random(sim_chance(20) ? 200000 : 4000);
    supervise();
    unsigned dice = (unsigned)sim_random(1000);
    for (int fault = 0; !sim.calm && fault < FAULT_COUNT; fault++) {
        if (dice < fault_often[fault]) {
            fail((enum fault)fault);
            return;
        }
        dice -= fault_often[fault];
    }
    unsigned kind = (unsigned)sim_random(100);
    if (kind < 45)
        let_instance_go_on();
    else if (kind < 72)
        let_database_work();
    else if (kind < 88)
        let_broker_append();
    else if (!sim.calm)
        sim_publish();
}

static bool at_rest(void)
{
    for (int32_t s = 0; s < SIM_SHARDS; s++) {
        if (sim.shards[s].published < sim.shards[s].seq)
            return false;
        for (int input = 0; input < SIM_INPUTS; input++)
            if (sim.shards[s].inputs[input].next < (int64_t)sim.inputs[input][s].count)
                return false;
    }
    return sim.deadline_count == 0;
}

static void come_to_rest(int64_t steps)
{
    sim.calm = true;
    sim.database_down_until = 0;
    for (int i = 0; i < SIM_INSTANCES; i++)
        sim.instances[i].frozen_until = 0;
    sim_rebalance(false);
    for (int64_t i = 0; i < CALM_STEPS && sim.violation[0] == '\0' && !at_rest(); i++) {
        sim.step = steps + i;
        step();
    }
    if (sim.violation[0] == '\0')
        sim_check_rest();
}

static void begin(uint64_t seed, bool trace)
{
    struct sim_instance *instances = sim.instances;
    char *memory = sim.memory;
    struct worker kept[SIM_INSTANCES];
    char *stacks[SIM_INSTANCES];
    for (int i = 0; i < SIM_INSTANCES; i++) {
        kept[i] = instances[i].worker;
        stacks[i] = instances[i].stack;
    }
    memset(&sim, 0, offsetof(struct sim, inputs));
    for (int s = 0; s < SIM_SHARDS; s++)
        for (int i = 0; i < SIM_INPUTS; i++)
            sim.inputs[i][s].count = 0;
    sim.memory = memory;
    sim.seed = mix(seed);
    sim.trace = trace;
    sim.now_us = INT64_C(1000000000);
    for (int s = 0; s < SIM_SHARDS; s++) {
        sim.shards[s].owner = sim.owner[s] = -1;
        for (int i = 0; i < SIM_INPUTS; i++)
            sim.committed[i][s] = -1;
    }
    for (int i = 0; i < SIM_INSTANCES; i++) {
        sim.instances[i].number = i;
        sim.instances[i].stack = stacks[i];
        sim.instances[i].worker = kept[i];
    }
}

/* True if every promise held. `masked` steps do nothing; NULL: none are. */
static bool run(uint64_t seed, int64_t steps, const bool *masked, bool trace)
{
    begin(seed, trace);
    for (sim.step = 0; sim.step < steps && sim.violation[0] == '\0'; sim.step++)
        if (masked == NULL || !masked[sim.step])
            step();
    int64_t done = sim.step;
    if (sim.violation[0] == '\0')
        come_to_rest(steps);
    for (int i = 0; i < SIM_INSTANCES; i++)
        if (sim.instances[i].alive)
            end_instance(&sim.instances[i], false);
    sim.step = done;
    return sim.violation[0] == '\0';
}

/* Leaves out steps, in ever smaller pieces, as long as the run still fails. */
static size_t shorten(uint64_t seed, int64_t steps, bool *masked)
{
    size_t left = (size_t)steps;
    for (int64_t piece = steps / 2; piece >= 1; piece /= 2) {
        for (int64_t from = 0; from < steps; from += piece) {
            bool before[STEPS_MAX];
            memcpy(before, masked, sizeof before);
            int64_t to = from + piece < steps ? from + piece : steps;
            for (int64_t i = from; i < to; i++)
                masked[i] = true;
            if (run(seed, steps, masked, false))
                memcpy(masked, before, sizeof before);
        }
    }
    for (int64_t i = 0; i < steps; i++)
        left -= masked[i];
    return left;
}

static void explain(uint64_t seed, int64_t steps)
{
    static bool masked[STEPS_MAX];
    memset(masked, 0, sizeof masked);
    size_t left = shorten(seed, steps, masked);
    (void)run(seed, steps, masked, true);
    printf("seed %llu, shortened from %lld to %zu steps: %s\n", (unsigned long long)seed,
           (long long)steps, left, sim.violation);
}

/* The program. */

static void prepare(void)
{
    sim.memory = malloc(SIM_MEMORY);
    bool good = sim.memory != NULL;
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
    if (!good) {
        fprintf(stderr, "simulate: no memory\n");
        exit(2);
    }
}

static double cpu_seconds(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

struct totals {
    int64_t passed, failed, transactions, appended, repeated, faults[FAULT_COUNT];
};

static void add_totals(struct totals *totals, bool good)
{
    totals->passed += good;
    totals->failed += !good;
    totals->transactions += sim.transactions;
    totals->appended += sim.appended;
    totals->repeated += sim.repeated;
    for (int i = 0; i < FAULT_COUNT; i++)
        totals->faults[i] += sim.faults[i];
}

static int many(uint64_t first, int64_t seeds, int64_t steps)
{
    struct totals totals = {0};
    for (int64_t i = 0; i < seeds && totals.failed < 3; i++) {
        uint64_t seed = first + (uint64_t)i;
        bool good = run(seed, steps, NULL, false);
        add_totals(&totals, good);
        if (!good)
            explain(seed, sim.step < steps ? sim.step + 1 : steps);
    }
    printf(
        "%lld seeds of %lld steps in %.1f CPU seconds; transactions %lld, records published %lld, "
        "again %lld; faults:",
        (long long)(totals.passed + totals.failed), (long long)steps, cpu_seconds(),
        (long long)totals.transactions, (long long)totals.appended, (long long)totals.repeated);
    for (int i = 0; i < FAULT_COUNT; i++)
        printf(" %s %lld", fault_names[i], (long long)totals.faults[i]);
    printf("\n%lld passed, %lld failed\n", (long long)totals.passed, (long long)totals.failed);
    return totals.failed > 0 || totals.passed == 0;
}

static int64_t number(const char *text, int64_t least, int64_t most, const char *name)
{
    char *end;
    long long value = strtoll(text, &end, 10);
    if (*text == '\0' || *end != '\0' || value < least || value > most) {
        fprintf(stderr, "simulate: %s is %s: a number from %lld to %lld\n", name, text,
                (long long)least, (long long)most);
        exit(2);
    }
    return value;
}

int main(int argc, char **argv)
{
    int64_t seeds = 1000, first = 1, steps = 1000, one = -1;
    for (int i = 1; i < argc; i++) {
        bool more = i + 1 < argc;
        if (strcmp(argv[i], "--seeds") == 0 && more) {
            seeds = number(argv[++i], 1, INT64_MAX, "--seeds");
        } else if (strcmp(argv[i], "--first") == 0 && more) {
            first = number(argv[++i], 0, INT64_MAX, "--first");
        } else if (strcmp(argv[i], "--steps") == 0 && more) {
            steps = number(argv[++i], 1, STEPS_MAX, "--steps");
        } else if (strcmp(argv[i], "--trace") == 0 && more) {
            one = number(argv[++i], 0, INT64_MAX, "--trace");
        } else {
            bool help = strcmp(argv[i], "--help") == 0;
            fprintf(
                help ? stdout : stderr,
                "simulate: runs the worker loop in a world that fails along a seed\n\n"
                "Usage: simulate [--seeds N] [--first SEED] [--steps N]\n"
                "       simulate --trace SEED [--steps N]     what happens, step by step\n\n"
                "A seed that breaks a promise is shortened to the steps that it needs, and they\n"
                "are printed. Exit code 0 if every seed passed, 1 if not, 2 for wrong usage.\n");
            return help ? 0 : 2;
        }
    }
    prepare();
    if (one < 0)
        return many((uint64_t)first, seeds, steps);
    bool good = run((uint64_t)one, steps, NULL, true);
    printf("seed %lld: %s\n", (long long)one, good ? "every promise held" : sim.violation);
    return !good;
}
