/* Arrival: how long a refund takes to reach the customer, by how they paid. */

#ifndef SETTLEMENT_ARRIVAL_H
#define SETTLEMENT_ARRIVAL_H

#include <stdint.h>

struct arrival {
    int fewest_days; /* business days, Monday to Friday */
    int most_days;
};

/* `method` is a redress.v1.PaymentMethod; an unknown one gets the longest. */
struct arrival arrival_of(int method);

/* The last day by which it should have arrived, in days since 1970, if sent at `time_us`. */
int64_t arrival_day(int method, int64_t time_us);

#endif
