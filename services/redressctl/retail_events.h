/* Retail events: a retail book as events of the merchant `online-retail`. Pure but for the sink.
 *
 * Each order: placed, delivered and captured (one card payment of all kept lines), all at the time
 * of its first kept row, as the data has no other times. Captured comes last, as an order can be
 * refunded from then on: its delivery is known by then. Each return: one request for units. */

#ifndef REDRESSCTL_RETAIL_EVENTS_H
#define REDRESSCTL_RETAIL_EVENTS_H

#include "retail.h"
#include "sink.h"

#define RETAIL_MERCHANT "online-retail"
#define RETAIL_CURRENCY "GBP"

enum status retail_send_orders(const struct retail_book *book, struct sink *sink,
                               struct error *error) CHECK_RESULT;
enum status retail_send_requests(const struct retail_book *book, struct sink *sink,
                                 struct error *error) CHECK_RESULT;

/* What was read and left out, on refunds.control.v1. `now_us` is when. */
enum status retail_send_summary(const struct retail_book *book, int64_t now_us, struct sink *sink,
                                struct error *error) CHECK_RESULT;

#endif
