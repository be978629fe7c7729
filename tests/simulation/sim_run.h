/* A run along a seed, whatever the world: a seed and the number of a step give what happens there,
 * so that a run can be repeated, and shortened step by step while it still fails. */

#ifndef REDRESS_SIM_RUN_H
#define REDRESS_SIM_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim_run {
    uint64_t seed, random;
    int64_t step, now_us;
    bool trace;
    char violation[512]; /* "" while every promise holds */
};

extern struct sim_run sim_run;

uint64_t sim_mix(uint64_t x);
uint64_t sim_random(uint64_t below);
bool sim_chance(unsigned per_thousand);
void sim_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A promise is broken: keeps the first that is. */
void sim_violate(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The chances of this step follow from its number and the seed alone. */
void sim_begin_step(int64_t step);

/* A moment passes, now and then up to a minute: as things happen in worlds where batches, calls and
 * people are steps. */
void sim_pass_time(void);

/* A world that a seed can be played in. */
struct sim_world {
    const char *option;    /* "--payouts"; "" for the one that is played if none is asked for */
    const char *text;      /* what it plays, for --help */
    bool (*prepare)(void); /* once; false: no memory */
    void (*begin)(void);
    void (*step)(void);
    void (*rest)(int64_t steps); /* the faults end: everything comes to rest, and is checked */
    void (*end)(void);
    void (*add)(void);    /* what happened in this run to the totals */
    void (*report)(void); /* prints the totals */
};

extern const struct sim_world loop_world;    /* sim_world.c */
extern const struct sim_world payouts_world; /* pay_world.c */
extern const struct sim_world claims_world;  /* claims_world.c */
extern const struct sim_world cases_world;   /* cases_world.c */

/* The program: plays the worlds as the command line says. Its exit code. */
int sim_program(const struct sim_world *worlds, size_t count, int argc, char **argv);

#endif
