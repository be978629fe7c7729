/* A desk: steps, faults, and coming to rest. */

#include "desk.h"
#include "sim_fault.h"

#include <stdio.h>
#include <string.h>

enum { ARENA_MAX = 512 * 1024 * 1024, CALM_STEPS = 40000, FROZEN_MOST_S = 60, AGAIN_MOST = 6 };

#define SKEW_US (10 * 60 * DESK_SECOND_US)

/* X(what it is, how often of a thousand steps) */
#define FAULT_ROWS(X)   \
    X(killed, 6)        \
    X(frozen, 6)        \
    X(taken_over, 6)    \
    X(repeated, 25)     \
    X(late, 8)          \
    X(decided_again, 8) \
    X(time_jumped, 8)   \
    X(clock_skewed, 4)

/* Faults. True: it happened. */

static bool fail_killed(void)
{
    int number = (int)sim_random(DESK_INSTANCES);
    if (!desk.instances[number].alive)
        return false;
    memset(&desk.instances[number], 0, sizeof desk.instances[number]);
    return true;
}

static bool fail_frozen(void)
{
    int number = (int)sim_random(DESK_INSTANCES);
    desk.instances[number].frozen_until_us =
        sim_run.now_us + (int64_t)sim_random(FROZEN_MOST_S) * DESK_SECOND_US;
    for (int shard = 0; shard < DESK_SHARDS; shard++)
        if (desk.owner[shard] == number && sim_chance(700))
            desk.owner[shard] = -1;
    return desk.instances[number].alive;
}

static bool fail_taken_over(void)
{
    desk.owner[sim_random(DESK_SHARDS)] = -1;
    return true;
}

/* Whoever wrote it was not told that it arrived: the last few come once more, in order. */
static bool fail_repeated(void)
{
    struct desk_log *log =
        &desk.logs[sim_random(DESK_SHARDS)][sim_random((uint64_t)desk.work->topics)];
    size_t count = 1 + (size_t)sim_random(AGAIN_MOST), end = log->count;
    if (end == 0 || end + count > DESK_LOG_MAX)
        return false;
    for (size_t i = count < end ? end - count : 0; i < end; i++)
        log->events[log->count++] = log->events[i];
    return true;
}

static bool fail_late(void)
{
    desk.logs[sim_random(DESK_SHARDS)][sim_random((uint64_t)desk.work->topics)].late_until_us =
        sim_run.now_us + (int64_t)sim_random(60) * DESK_SECOND_US;
    return true;
}

static bool fail_decided_again(void)
{
    return desk_again((int)sim_random(DESK_INSTANCES));
}

static bool fail_time_jumped(void)
{
    sim_run.now_us += (sim_chance(200) ? 7 * DESK_DAY_US : 0) +
                      (int64_t)sim_random(26 * 60) * 60 * DESK_SECOND_US;
    return true;
}

static bool fail_clock_skewed(void)
{
    desk.skew_us = (int64_t)sim_random(2 * SKEW_US) - SKEW_US;
    return true;
}

static const struct sim_fault fault_table[] = {FAULT_ROWS(SIM_FAULT_ROW)};
static struct sim_faults faults = SIM_FAULTS(fault_table);

/* Steps. */

static bool awake(int number)
{
    return desk.instances[number].alive && desk.instances[number].frozen_until_us <= sim_run.now_us;
}

/* The dead start again, and shards that nobody has are given to somebody. */
static void supervise(void)
{
    for (int i = 0; i < DESK_INSTANCES; i++)
        if (!desk.instances[i].alive && (desk.calm || sim_chance(100)))
            desk.instances[i].alive = true;
    for (int shard = 0; shard < DESK_SHARDS; shard++) {
        int owner = desk.owner[shard], next = (int)sim_random(DESK_INSTANCES);
        bool kept = owner >= 0 && desk.instances[owner].shards[shard].owned;
        if (!kept && awake(next) && (desk.calm || sim_chance(200)))
            desk_claim(shard, next);
    }
}

static bool act(void)
{
    int first = (int)sim_random(DESK_INSTANCES);
    if (sim_chance(desk.calm ? 900 : 650))
        return desk_instance_step(first) || (desk.calm && desk_instance_step(1 - first));
    return desk.work->act();
}

void desk_step(void)
{
    sim_pass_time();
    supervise();
    if (!sim_fail(&faults))
        (void)act();
}

/* Coming to rest. */

static bool read_and_said(void)
{
    for (int s = 0; s < DESK_SHARDS; s++) {
        for (int t = 0; t < desk.work->topics; t++)
            if (desk.shards[s].next[t] < desk.logs[s][t].count)
                return false;
        const struct desk_instance *owner = &desk.instances[desk.owner[s]];
        if (owner->batch.open || *owner->shards[s].at != NULL)
            return false;
    }
    return true;
}

/* Nothing is left to do but to wait: until the first deadline. False: there is none. */
static bool wait_for_deadline(void)
{
    const int64_t *due_us = &desk.due_us[0][0][0];
    int64_t first_us = INT64_MAX;
    for (size_t i = 0; i < sizeof desk.due_us / sizeof *due_us; i++)
        if (due_us[i] != 0 && due_us[i] < first_us)
            first_us = due_us[i];
    if (first_us != INT64_MAX && first_us > sim_run.now_us)
        sim_run.now_us = first_us;
    return first_us != INT64_MAX;
}

static void calm_down(void)
{
    desk.calm = true;
    sim_run.now_us += 2 * SKEW_US; /* the database's clock does not go back */
    desk.skew_us = 0;
    for (int i = 0; i < DESK_INSTANCES; i++)
        desk.instances[i].frozen_until_us = 0;
    for (int s = 0; s < DESK_SHARDS; s++)
        for (int t = 0; t < desk.work->topics; t++)
            desk.logs[s][t].late_until_us = 0;
}

void desk_rest(int64_t steps)
{
    int64_t i = 0;
    calm_down();
    for (; i < CALM_STEPS && sim_run.violation[0] == '\0'; i++) {
        sim_begin_step(steps + i);
        sim_pass_time();
        supervise();
        if (act() || desk.owner[0] < 0 || desk.owner[1] < 0 || !read_and_said())
            continue;
        if (!desk.work->act() && (desk.work->quiet() || !wait_for_deadline()))
            break;
    }
    if (i == CALM_STEPS)
        sim_violate("stalled: it never comes to rest");
    if (sim_run.violation[0] == '\0')
        desk.work->rest();
}

bool desk_prepare(void)
{
    if (desk.arena == NULL)
        desk.arena = arena_create(ARENA_MAX);
    return desk.arena != NULL;
}

void desk_begin(const struct desk_work *work)
{
    struct arena *arena = desk.arena;
    arena_reset(arena);
    memset(&desk, 0, sizeof desk);
    sim_faults_begin(&faults);
    desk.arena = arena;
    desk.work = work;
    for (int s = 0; s < DESK_SHARDS; s++) {
        desk.owner[s] = -1;
        desk.shards[s].last = desk.shards[s].published = &desk.shards[s].first;
    }
    sim_begin_step(-1);
}

static struct {
    int64_t batches, refused;
} totals;

void desk_add(void)
{
    totals.batches += desk.batches;
    totals.refused += desk.refused;
    sim_faults_add(&faults);
}

void desk_report(void)
{
    printf("batches %lld, refused and decided again %lld", (long long)totals.batches,
           (long long)totals.refused);
    sim_faults_print(&faults);
}
