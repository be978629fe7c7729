/* Report: what happened and what waits, as JSON, and how people read it. */

#ifndef REDRESSCTL_REPORT_H
#define REDRESSCTL_REPORT_H

#include <jansson.h>

/* Prints the report for people. `totals` is what --json prints; `details` has a list of rows for
 * each part beside it: waiting, reconciliation, reasons, products, rules, approvers, mismatches. */
void report_print(const json_t *totals, const json_t *details, const char *merchant);

#endif
