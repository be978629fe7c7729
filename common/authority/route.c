#include "authority/route.h"

void route_for_people(struct route *route)
{
    if (!route->automatic)
        return;
    route->automatic = false;
    route->queue = "refunds";
    route->level = 1;
    route->approvers = 1;
}

enum authority_level authority_of_case(int32_t level, int32_t approvers)
{
    if (level >= ROUTE_LEVEL_MAX)
        return AUTHORITY_FINANCE_CONTROLLER;
    if (level == 2)
        return approvers >= 2 ? AUTHORITY_LEVEL_2_TWO_APPROVERS : AUTHORITY_LEVEL_2;
    return level == 1 ? AUTHORITY_LEVEL_1 : AUTHORITY_AUTO;
}
