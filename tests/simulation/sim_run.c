#include "sim_run.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { STEPS_MAX = 100000, FAILURES_MAX = 3 };

struct sim_run sim_run;

/* Chance. */

uint64_t sim_mix(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

uint64_t sim_random(uint64_t below)
{
    sim_run.random = sim_mix(sim_run.random);
    return sim_run.random % below;
}

bool sim_chance(unsigned per_thousand)
{
    return sim_random(1000) < per_thousand;
}

void sim_pass_time(void)
{
    static const int64_t SECOND_US = 1000000;
    uint64_t dice = sim_random(1000);
    int64_t most_us = dice < 900 ? SECOND_US / 5 : dice < 985 ? 5 * SECOND_US : 60 * SECOND_US;
    sim_run.now_us += (int64_t)sim_random((uint64_t)most_us);
}

void sim_begin_step(int64_t step)
{
    sim_run.step = step;
    sim_run.random = sim_mix(sim_run.seed * UINT64_C(0x2545f4914f6cdd1d) + (uint64_t)step);
}

/* What is said. */

void sim_say(const char *format, ...)
{
    if (!sim_run.trace)
        return;
    va_list arguments;
    va_start(arguments, format);
    printf("%6lld %9lld us  ", (long long)sim_run.step, (long long)sim_run.now_us);
    (void)vprintf(format, arguments);
    printf("\n");
    va_end(arguments);
}

void sim_violate(const char *format, ...)
{
    if (sim_run.violation[0] != '\0')
        return;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(sim_run.violation, sizeof sim_run.violation, format, arguments);
    va_end(arguments);
}

/* Runs. */

/* True if every promise held. `masked` steps do nothing; NULL: none are. */
static bool run(const struct sim_world *world, uint64_t seed, int64_t steps, const bool *masked,
                bool trace)
{
    sim_run =
        (struct sim_run){.seed = sim_mix(seed), .trace = trace, .now_us = INT64_C(1000000000)};
    world->begin();
    int64_t step = 0;
    for (; step < steps && sim_run.violation[0] == '\0'; step++) {
        sim_begin_step(step);
        if (masked == NULL || !masked[step])
            world->step();
    }
    if (sim_run.violation[0] == '\0')
        world->rest(steps);
    world->end();
    sim_run.step = step;
    return sim_run.violation[0] == '\0';
}

/* Promises are named by the first word of what is said when they are broken. */
static bool breaks(const char *promise)
{
    return strncmp(sim_run.violation, promise, strcspn(promise, ":") + 1) == 0;
}

/* Leaves out steps, in ever smaller pieces, as long as the run still breaks the same promise. */
static size_t shorten(const struct sim_world *world, uint64_t seed, int64_t steps, bool *masked)
{
    size_t left = (size_t)steps;
    char promise[sizeof sim_run.violation];
    memcpy(promise, sim_run.violation, sizeof promise);
    for (int64_t piece = steps / 2; piece >= 1; piece /= 2) {
        for (int64_t from = 0; from < steps; from += piece) {
            bool before[STEPS_MAX];
            memcpy(before, masked, sizeof before);
            int64_t to = from + piece < steps ? from + piece : steps;
            for (int64_t i = from; i < to; i++)
                masked[i] = true;
            if (run(world, seed, steps, masked, false) || !breaks(promise))
                memcpy(masked, before, sizeof before);
        }
    }
    for (int64_t i = 0; i < steps; i++)
        left -= masked[i];
    return left;
}

static void explain(const struct sim_world *world, uint64_t seed, int64_t steps)
{
    static bool masked[STEPS_MAX];
    memset(masked, 0, sizeof masked);
    size_t left = shorten(world, seed, steps, masked);
    (void)run(world, seed, steps, masked, true);
    printf("seed %llu, shortened from %lld to %zu steps: %s\n", (unsigned long long)seed,
           (long long)steps, left, sim_run.violation);
}

static int many(const struct sim_world *world, uint64_t first, int64_t seeds, int64_t steps)
{
    int64_t passed = 0, failed = 0;
    for (int64_t i = 0; i < seeds && failed < FAILURES_MAX; i++) {
        uint64_t seed = first + (uint64_t)i;
        bool good = run(world, seed, steps, NULL, false);
        world->add();
        passed += good;
        failed += !good;
        if (!good)
            explain(world, seed, sim_run.step < steps ? sim_run.step : steps);
    }
    printf("%lld seeds of %lld steps in %.1f CPU seconds; ", (long long)(passed + failed),
           (long long)steps, (double)clock() / CLOCKS_PER_SEC);
    world->report();
    printf("\n%lld passed, %lld failed\n", (long long)passed, (long long)failed);
    return failed > 0 || passed == 0;
}

static int one(const struct sim_world *world, uint64_t seed, int64_t steps)
{
    bool good = run(world, seed, steps, NULL, true);
    printf("seed %llu: %s\n", (unsigned long long)seed,
           good ? "every promise held" : sim_run.violation);
    return !good;
}

/* The command line. */

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

static int usage(FILE *to, const struct sim_world *worlds, size_t count)
{
    fprintf(to,
            "simulate: runs what handles money in a world that fails along a seed\n\n"
            "Usage: simulate [WORLD] [--seeds N] [--first SEED] [--steps N]\n"
            "       simulate [WORLD] --trace SEED [--steps N]     what happens, step by step\n\n"
            "Worlds:\n");
    for (size_t i = 0; i < count; i++)
        fprintf(to, "  %-12s %s\n", worlds[i].option[0] == '\0' ? "(none)" : worlds[i].option,
                worlds[i].text);
    fprintf(to, "\nA seed that breaks a promise is shortened to the steps that it needs, and they\n"
                "are printed. Exit code 0 if every seed passed, 1 if not, 2 for wrong usage.\n");
    return to == stdout ? 0 : 2;
}

static const struct sim_world *world_of(const struct sim_world *worlds, size_t count,
                                        const char *option)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(worlds[i].option, option) == 0)
            return &worlds[i];
    return NULL;
}

int sim_program(const struct sim_world *worlds, size_t count, int argc, char **argv)
{
    const struct sim_world *world = world_of(worlds, count, "");
    int64_t seeds = 1000, first = 1, steps = 1000, traced = -1;
    for (int i = 1; i < argc; i++) {
        bool more = i + 1 < argc;
        if (strcmp(argv[i], "--seeds") == 0 && more)
            seeds = number(argv[++i], 1, INT64_MAX, "--seeds");
        else if (strcmp(argv[i], "--first") == 0 && more)
            first = number(argv[++i], 0, INT64_MAX, "--first");
        else if (strcmp(argv[i], "--steps") == 0 && more)
            steps = number(argv[++i], 1, STEPS_MAX, "--steps");
        else if (strcmp(argv[i], "--trace") == 0 && more)
            traced = number(argv[++i], 0, INT64_MAX, "--trace");
        else if (world_of(worlds, count, argv[i]) != NULL)
            world = world_of(worlds, count, argv[i]);
        else
            return usage(strcmp(argv[i], "--help") == 0 ? stdout : stderr, worlds, count);
    }
    if (!world->prepare()) {
        fprintf(stderr, "simulate: no memory\n");
        return 2;
    }
    return traced < 0 ? many(world, (uint64_t)first, seeds, steps)
                      : one(world, (uint64_t)traced, steps);
}
