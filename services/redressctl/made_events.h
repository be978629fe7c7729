/* Made events: an order of the made shop as events. Pure but for the sink, whose arena is reset. */

#ifndef REDRESSCTL_MADE_EVENTS_H
#define REDRESSCTL_MADE_EVENTS_H

#include "made_shop.h"
#include "sink.h"

/* Captured once or twice (or never), delivered once or twice (or never), and placed. In this order,
 * which a shop's systems may well have: requests wait for the order, and once it is there all of it
 * is, so that no outcome hangs on which of two topics was read faster. */
enum status made_send_order(const struct made_shop *shop, int64_t n, const struct made_order *order,
                            struct sink *sink, struct error *error) CHECK_RESULT;

/* The requests proper, or the follow-ups to them (answer, appeal, cancellation). */
enum status made_send_requests(const struct made_shop *shop, int64_t n,
                               const struct made_order *order, bool follow_ups, struct sink *sink,
                               struct error *error) CHECK_RESULT;

#endif
