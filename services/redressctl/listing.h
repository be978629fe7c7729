/* Listing: the rows of a query for people (aligned columns) or programs (a JSON array). */

#ifndef REDRESSCTL_LISTING_H
#define REDRESSCTL_LISTING_H

#include "database.h"
#include "status.h"

#include <jansson.h>
#include <stdbool.h>

/* Runs `sql` (one SELECT, without a semicolon) and prints it on stdout. For people, "1230 EUR" in a
 * column named AMOUNT is minor units and is printed as 12.30 EUR. */
enum status listing_print(struct database *database, const char *sql, const char *const *params,
                          int param_count, bool json, struct error *error) CHECK_RESULT;

/* The rows as an array of objects; PostgreSQL makes numbers of numbers. A new reference. */
enum status listing_json(struct database *database, const char *sql, const char *const *params,
                         int param_count, json_t **rows, struct error *error) CHECK_RESULT;

#endif
