/* count CASE: does the work of the case once and prints how many events that were. */

#include "count.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct count_case {
    const char *name;
    int64_t (*run)(void);
};

static const struct count_case cases[] = {
    {"intake", count_intake}, {"routing", count_routing}, {"settlement", count_settlement},
    {"codec", count_unpack},  {"ring", count_ring},
};

int main(int argc, char **argv)
{
    for (size_t i = 0; argc == 2 && i < sizeof cases / sizeof *cases; i++)
        if (strcmp(argv[1], cases[i].name) == 0)
            return printf("%" PRId64 "\n", cases[i].run()) < 0;
    (void)fprintf(stderr, "usage: count intake|routing|settlement|codec|ring\n");
    return 2;
}
