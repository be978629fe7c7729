/* Money: an amount in the minor units of one currency. Never a float.
 *
 * Amounts of different currencies never meet: every operation on two amounts returns
 * STATUS_CURRENCY_MISMATCH instead. Overflow is STATUS_OVERFLOW. On any failure the result is
 * untouched. Exponents are those of ISO 4217 (list one, active codes); a code that is not on the
 * list is no currency. */

#ifndef REDRESS_MONEY_H
#define REDRESS_MONEY_H

#include "status.h"

#include <stdbool.h>
#include <stdint.h>

struct money {
    int64_t minor;    /* 12.30 EUR is 1230, 1230 JPY is 1230, 1.234 KWD is 1234 */
    char currency[4]; /* ISO 4217, upper case, NUL-terminated */
};

enum {
    MONEY_PARTS_MAX = 10000,
    MONEY_TEXT_MAX = 32 /* bytes that money_format writes at most, NUL included */
};

/* Minor digits of an ISO 4217 code (0, 2, 3 or 4; money_currencies.h), or -1 if it is none. */
int currency_exponent(const char *currency);

/* STATUS_INVALID if `currency` is no ISO 4217 code. */
enum status money_make(int64_t minor, const char *currency, struct money *result) CHECK_RESULT;

enum status money_add(struct money a, struct money b, struct money *result) CHECK_RESULT;
enum status money_subtract(struct money a, struct money b, struct money *result) CHECK_RESULT;

/* -1, 0 or 1 into `order`. */
enum status money_compare(struct money a, struct money b, int *order) CHECK_RESULT;

/* amount * numerator / denominator in 128 bits, halves away from zero; denominator > 0. */
enum status minor_scale(int64_t minor, int64_t numerator, int64_t denominator,
                        int64_t *result) CHECK_RESULT;

/* Splits `total` over `weights` so that the parts add up to it exactly (largest remainder, ties to
 * the earlier part). `parts` has room for `n`, 1 <= n <= MONEY_PARTS_MAX; weights >= 0, not all 0;
 * total may be negative. STATUS_INVALID on anything else. */
enum status minor_allocate(int64_t total, const int64_t *weights, size_t n,
                           int64_t *parts) CHECK_RESULT;
enum status money_allocate(struct money total, const int64_t *weights, size_t n,
                           struct money *parts) CHECK_RESULT;

/* Worth of `count` units starting at unit `first` (0-based) of a line of `total` minor units over
 * `units`: the first (total mod units) units are worth floor(total / units) + 1, the others
 * floor(total / units). 0 <= first, count; first + count <= units; total >= 0, units > 0. */
int64_t minor_of_units(int64_t total, int64_t units, int64_t first, int64_t count);

/* "12.30 EUR", "1230 JPY", "-0.05 GBP" into `text` of MONEY_TEXT_MAX bytes; returns `text`. */
char *money_format(struct money money, char *text);

/* Reads "12.30", "12.3", "-12" with at most the currency's digits behind the point.
 * STATUS_INVALID otherwise, STATUS_OVERFLOW if it does not fit. */
enum status money_parse(const char *text, const char *currency, struct money *result) CHECK_RESULT;

#endif
