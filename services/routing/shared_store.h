/* Store of what all shards share: SQL <-> the structs of person_day.h, auto_limit.h and
 * precedent.h.
 */

#ifndef REDRESS_ROUTING_SHARED_STORE_H
#define REDRESS_ROUTING_SHARED_STORE_H

#include "routing.h"
#include "worker/worker.h"

/* Of one batch; part of its struct routing_rows. */
struct shared_rows {
    struct call *days, *meters, *trips, *precedents, *kept; /* NULL: nothing had to be asked */
    bool limits_asked, products_asked;
    struct routing_shared shared;
};

/* In load. */
enum status shared_load(struct batch *batch, struct unit *unit,
                        struct shared_rows *rows) CHECK_RESULT;

/* In loaded, after the rules and the refunds. STATUS_AGAIN: limits hold now that were not counted
 * by what was loaded; the next load will ask for it. */
enum status shared_loaded(struct batch *batch, struct shared_rows *rows) CHECK_RESULT;

/* In save. */
void shared_save(struct batch *batch, struct unit *unit, struct shared_rows *rows);

#endif
