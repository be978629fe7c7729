#include "policy.h"
int policy_replay(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return 1;
}
