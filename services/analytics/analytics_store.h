/* Store: SQL <-> the structs of analytics.h. */

#ifndef REDRESS_ANALYTICS_STORE_H
#define REDRESS_ANALYTICS_STORE_H

#include "analytics_rows.h"

/* Reads of the rows what is saved of them: asks, and takes the answers. */
void analytics_load(struct analytics_rows *rows, struct unit *unit);
void analytics_loaded(struct analytics_rows *rows);

/* Adds what has changed to the unit. */
void analytics_save_rows(struct analytics_rows *rows, struct unit *unit);
void analytics_save_totals(struct totals *totals, struct unit *unit);

#endif
