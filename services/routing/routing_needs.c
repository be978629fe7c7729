#include "routing_needs.h"

#include <stddef.h>

/* Nobody can have decided about a refund before its first assessment. */
bool routing_needs_decisions(const struct assessed *assessed)
{
    return assessed == NULL || assessed->version > 1;
}

/* What was held for want of a model may be approved when that is looked for again. */
bool routing_needs_payments(const struct assessed *assessed, int due)
{
    if (due != 0)
        return due == DEADLINE_MODEL;
    return assessed == NULL || assessed->payment_count > 1;
}
