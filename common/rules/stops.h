/* Stops: those that hold now, found by what they cover. In memory, bounded, pure. */

#ifndef REDRESS_RULES_STOPS_H
#define REDRESS_RULES_STOPS_H

#include "rules_view.h"
#include "status.h"

#include <stddef.h>

struct stops;

/* Holds at most `limit` stops. NULL: no memory. */
struct stops *stops_create(size_t limit);
void stops_destroy(struct stops *stops);

/* Takes a version of a stop's id: what was known of the id is forgotten, and kept is a copy of this
 * one if it stops. STATUS_EXHAUSTED beyond the limit or without memory; the old one is gone then.
 */
enum status stops_take(struct stops *stops, const struct rules_stop *stop,
                       bool stopped) CHECK_RESULT;

/* The first stop that covers this: of the refund, of the customer, of anything wider. NULL: none.
 */
const struct rules_stop *stops_find(const struct stops *stops, const char *merchant_id,
                                    int32_t provider, const char *customer_token,
                                    const char *refund_id);
size_t stops_count(const struct stops *stops);

#endif
