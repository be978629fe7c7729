#include "sim_fault.h"

#include "sim_run.h"

#include <stdio.h>
#include <string.h>

bool sim_fail(struct sim_faults *faults)
{
    unsigned dice = (unsigned)sim_random(1000);
    for (size_t i = 0; i < faults->count; i++) {
        const struct sim_fault *fault = &faults->table[i];
        if (dice < fault->often) {
            sim_say("%s", fault->name);
            faults->happened[i] += fault->fail();
            return true;
        }
        dice -= fault->often;
    }
    return false;
}

void sim_faults_begin(struct sim_faults *faults)
{
    memset(faults->happened, 0, sizeof faults->happened);
}

void sim_faults_add(struct sim_faults *faults)
{
    for (size_t i = 0; i < faults->count; i++)
        faults->totals[i] += faults->happened[i];
}

void sim_faults_print(const struct sim_faults *faults)
{
    printf("; faults:");
    for (size_t i = 0; i < faults->count; i++)
        printf(" %s %lld", faults->table[i].name, (long long)faults->totals[i]);
}
