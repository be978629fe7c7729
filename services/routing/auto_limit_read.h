/* Reads what the automatic limit needs of events. */

#ifndef REDRESS_ROUTING_AUTO_LIMIT_READ_H
#define REDRESS_ROUTING_AUTO_LIMIT_READ_H

#include "auto_limit.h"

#include "redress/v1/rules.pb-c.h"

/* STATUS_INVALID names the field and the rule: no negative numbers, known currencies, each once, at
 * most AUTO_CURRENCIES_MAX. */
enum status auto_limits_read(const Redress__V1__AuthorityLimits *message,
                             struct auto_limits *limits, struct error *error) CHECK_RESULT;

/* The products of an assessment and what of the refund each is, in `arena`: the first
 * AUTO_PRODUCTS_MAX, each once. Unpacked in `scratch`, which is reset. None where nothing is known.
 * STATUS_EXHAUSTED: an arena is full. */
enum status auto_products_read(struct arena *arena, struct arena *scratch, const void *body,
                               size_t size, const struct auto_product **products,
                               size_t *count) CHECK_RESULT;

#endif
