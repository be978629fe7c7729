#include "sim_run.h"

int main(int argc, char **argv)
{
    const struct sim_world worlds[] = {loop_world, claims_world, cases_world, payouts_world};
    return sim_program(worlds, sizeof worlds / sizeof *worlds, argc, argv);
}
