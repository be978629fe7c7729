/* The world of the worker loop: steps and faults. */

#include "sim.h"
#include "sim_fault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FROZEN_STEPS = 120, DOWN_STEPS = 60, REFUSALS = 3, CALM_STEPS = 60000 };

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

struct sim sim;

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

/* Faults. */

static struct sim_instance *some_instance(void)
{
    struct sim_instance *instance = &sim.instances[sim_random(SIM_INSTANCES)];
    return instance->alive && !instance->over ? instance : NULL;
}

static bool fail_killed(void)
{
    struct sim_instance *one = some_instance();
    if (one == NULL)
        return false;
    sim_end_instance(one, sim_chance(500));
    sim_rebalance(false);
    return true;
}

static bool fail_frozen(void)
{
    struct sim_instance *one = some_instance();
    if (one == NULL)
        return false;
    one->frozen_until = sim_run.step + 1 + (int64_t)sim_random(FROZEN_STEPS);
    if (sim_chance(700))
        sim_rebalance(false);
    return true;
}

static bool fail_connection_broken(void)
{
    struct sim_instance *one = some_instance();
    if (one == NULL || one->connection < 0)
        return false;
    if (sim_chance(500))
        sim.connections[one->connection].unit_count = 0;
    sim_disconnect(one->connection);
    return true;
}

static bool fail_database_down(void)
{
    sim.database_down_until = sim_run.step + 1 + (int64_t)sim_random(DOWN_STEPS);
    for (size_t i = 0; i < sim.connection_count; i++) {
        sim.connections[i].state = CONNECTION_BROKEN;
        sim.connections[i].unit_count = 0;
    }
    return true;
}

static bool fail_rebalanced(void)
{
    sim_rebalance(false);
    return true;
}

static bool fail_torn(void)
{
    sim_rebalance(true);
    return true;
}

static bool fail_stopped(void)
{
    struct sim_instance *one = some_instance();
    if (one == NULL)
        return false;
    one->stop_wanted = true;
    return true;
}

/* Nothing of the producer's comes after it, as enable.gapless.guarantee has it. */
static bool fail_delivery_failed(void)
{
    struct sim_instance *one = some_instance();
    if (one == NULL || one->wire->count == 0)
        return false;
    one->reports[one->report_first + one->report_count++] =
        (struct sim_report){one->wire->tokens[one->wire->first], false};
    one->wire->failed = true;
    one->wire->count = 0;
    return true;
}

static bool fail_no_room(void)
{
    sim.no_room = 1 + (int)sim_random(REFUSALS);
    return true;
}

static bool fail_asked_too_little(void)
{
    sim.asked_too_little = true;
    return true;
}

static const struct sim_fault fault_table[] = {FAULT_ROWS(SIM_FAULT_ROW)};
static struct sim_faults faults = SIM_FAULTS(fault_table);

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
            sim_end_instance(instance, true);
            sim_rebalance(false);
        }
        if (!instance->alive && instance->start_at <= sim_run.step) {
            sim_start_instance(instance);
            sim_rebalance(false);
        }
        if (instance->alive && instance->expelled && instance->frozen_until <= sim_run.step &&
            !instance->assign_due)
            sim_rebalance(false); /* it wakes up and joins again */
    }
}

static void let_instance_go_on(void)
{
    size_t from = (size_t)sim_random(SIM_INSTANCES);
    for (size_t n = 0; n < SIM_INSTANCES; n++) {
        struct sim_instance *instance = &sim.instances[(from + n) % SIM_INSTANCES];
        if (!sim_can_go_on(instance))
            continue;
        instance->budget = (int)sim_random(6);
        sim_go_on(instance);
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
    sim_run.now_us += (int64_t)sim_random(sim_chance(20) ? 200000 : 4000);
    supervise();
    if (!sim.calm && sim_fail(&faults))
        return;
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
    for (int64_t i = 0; i < CALM_STEPS && sim_run.violation[0] == '\0' && !at_rest(); i++) {
        sim_begin_step(steps + i);
        step();
    }
    if (sim_run.violation[0] == '\0')
        sim_check_rest();
}

static void begin(void)
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
    sim_faults_begin(&faults);
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

static void end(void)
{
    for (int i = 0; i < SIM_INSTANCES; i++)
        if (sim.instances[i].alive)
            sim_end_instance(&sim.instances[i], false);
}

static struct {
    int64_t transactions, appended, repeated;
} totals;

static void add(void)
{
    totals.transactions += sim.transactions;
    totals.appended += sim.appended;
    totals.repeated += sim.repeated;
    sim_faults_add(&faults);
}

static void report(void)
{
    printf("transactions %lld, records published %lld, again %lld", (long long)totals.transactions,
           (long long)totals.appended, (long long)totals.repeated);
    sim_faults_print(&faults);
}

static bool prepare(void)
{
    sim.memory = malloc(SIM_MEMORY);
    return sim.memory != NULL && sim_prepare_instances();
}

const struct sim_world loop_world = {
    .option = "",
    .text = "the worker loop, with broker and database played",
    .prepare = prepare,
    .begin = begin,
    .step = step,
    .rest = come_to_rest,
    .end = end,
    .add = add,
    .report = report,
};
