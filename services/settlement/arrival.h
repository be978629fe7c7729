/* Arrival: how long a refund takes to reach the customer, by how it travels and where to. */

#ifndef SETTLEMENT_ARRIVAL_H
#define SETTLEMENT_ARRIVAL_H

#include <stdint.h>

struct arrival {
    int fewest_days; /* business days, Monday to Friday */
    int most_days;
};

/* `method` is a redress.v1.PaymentMethod; an unknown one gets the longest. `market` is the
 * customer's country as an ISO 3166 code; one without a row of its own, or "", gets the method's
 * default. */
struct arrival arrival_of(int method, const char *market);

/* The last day by which it should have arrived, in days since 1970, if sent at `time_us`. */
int64_t arrival_day(int method, const char *market, int64_t time_us);

#endif
