/* Needs: what an event may touch beside its refund and the refund's latest case, and so what is to
 * be loaded. Pure. */

#ifndef REDRESS_ROUTING_NEEDS_H
#define REDRESS_ROUTING_NEEDS_H

#include "routing.h"

/* What people have said about the refund. `assessed` NULL: it is no assessment. */
bool routing_needs_decisions(const struct assessed *assessed);

/* How much of the order's payments is approved. `due` is the kind of a deadline; 0: it is none. */
bool routing_needs_payments(const struct assessed *assessed, int due);

#endif
