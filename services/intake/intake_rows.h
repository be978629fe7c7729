/* Rows: the calls of one load, and what is made of their answers (intake_rows.c). */

#ifndef REDRESS_INTAKE_ROWS_H
#define REDRESS_INTAKE_ROWS_H

#include "intake_needs.h"

/* Each NULL if there was nothing to ask for. */
struct loading {
    const struct order_needs *needs;
    struct call *orders, *lines, *all_lines, *all_claims, *claims_to_lower;
    struct call *evidence, *follow_ups, *payouts, *movements, *early, *elsewhere;
};

/* Makes the orders' rows of what was loaded. */
enum status rows_read(struct batch *batch, const struct loading *loading) CHECK_RESULT;

/* The parts of it that stand in intake_rows_claim.c. */
enum status rows_read_lines(struct batch *batch, const struct loading *loading) CHECK_RESULT;
enum status rows_read_claims(struct batch *batch, const struct loading *loading) CHECK_RESULT;

/* Rows of a call; 0 of none. */
size_t rows_found(const struct call *call);
/* The order that a row is about. */
struct order *rows_order(struct batch *batch, const struct call *call, size_t row);
struct refund *rows_refund(const struct order *order, int64_t refund_key);

/* "{[0,2),[4,6)}" -> two ranges in the arena. STATUS_INVALID if it is none such. */
enum status units_parse(struct arena *arena, const char *text, struct units **units,
                        size_t *count) CHECK_RESULT;
/* The other way. NULL: the arena is full. */
const char *units_print(struct arena *arena, const struct units *units, size_t count);

#endif
