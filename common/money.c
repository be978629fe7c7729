#include "money.h"

#include "money_currencies.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

__extension__ typedef __int128 int128;
__extension__ typedef unsigned __int128 uint128;

enum {
    FEW_PARTS = 64, /* splits up to this size need little stack */
    EXPONENT_MAX = 4
};

struct currency {
    char code[4];
    int exponent;
};

static const struct currency currencies[] = {
#define X(code, exponent, name) {#code, exponent},
    MONEY_CURRENCY_ROWS(X)
#undef X
};

int currency_exponent(const char *currency)
{
    if (strnlen(currency, 4) != 3)
        return -1;
    size_t low = 0;
    size_t high = sizeof currencies / sizeof *currencies;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = memcmp(currency, currencies[middle].code, 3);
        if (order == 0)
            return currencies[middle].exponent;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return -1;
}

enum status money_make(int64_t minor, const char *currency, struct money *result)
{
    if (currency_exponent(currency) < 0)
        return STATUS_INVALID;
    result->minor = minor;
    memcpy(result->currency, currency, sizeof result->currency);
    return STATUS_OK;
}

static bool same_currency(const struct money *a, const struct money *b)
{
    return memcmp(a->currency, b->currency, sizeof a->currency) == 0;
}

enum status money_add(struct money a, struct money b, struct money *result)
{
    int64_t sum;
    if (!same_currency(&a, &b))
        return STATUS_CURRENCY_MISMATCH;
    if (__builtin_add_overflow(a.minor, b.minor, &sum))
        return STATUS_OVERFLOW;
    a.minor = sum;
    *result = a;
    return STATUS_OK;
}

enum status money_subtract(struct money a, struct money b, struct money *result)
{
    int64_t difference;
    if (!same_currency(&a, &b))
        return STATUS_CURRENCY_MISMATCH;
    if (__builtin_sub_overflow(a.minor, b.minor, &difference))
        return STATUS_OVERFLOW;
    a.minor = difference;
    *result = a;
    return STATUS_OK;
}

enum status money_compare(struct money a, struct money b, int *order)
{
    if (!same_currency(&a, &b))
        return STATUS_CURRENCY_MISMATCH;
    *order = (a.minor > b.minor) - (a.minor < b.minor);
    return STATUS_OK;
}

enum status minor_scale(int64_t minor, int64_t numerator, int64_t denominator, int64_t *result)
{
    if (denominator <= 0)
        return STATUS_INVALID;
    int128 product = (int128)minor * numerator;
    int128 quotient = product / denominator;
    int128 remainder = product % denominator;
    if (remainder < 0)
        remainder = -remainder;
    if (remainder * 2 >= denominator)
        quotient += product < 0 ? -1 : 1;
    if (quotient < INT64_MIN || quotient > INT64_MAX)
        return STATUS_OVERFLOW;
    *result = (int64_t)quotient;
    return STATUS_OK;
}

/* Fills in the floor of every share and its remainder; returns what is left to give, less than n.
 */
static uint64_t share_floors(uint64_t total, const int64_t *weights, size_t n, uint128 weight_sum,
                             uint64_t *floors, uint128 *remainders)
{
    uint64_t left = total;
    for (size_t i = 0; i < n; i++) {
        uint128 product = (uint128)total * (uint64_t)weights[i];
        floors[i] = (uint64_t)(product / weight_sum);
        remainders[i] = product % weight_sum;
        left -= floors[i];
    }
    return left;
}

/* The smallest t such that at most `left` remainders are above it. */
static uint128 remainder_threshold(const uint128 *remainders, size_t n, uint128 bound,
                                   uint64_t left)
{
    uint128 low = 0;
    uint128 high = bound;
    while (low < high) {
        uint128 middle = low + (high - low) / 2;
        uint64_t above = 0;
        for (size_t i = 0; i < n; i++)
            above += remainders[i] > middle;
        if (above <= left)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static void give_left(uint64_t left, const uint128 *remainders, size_t n, uint128 weight_sum,
                      uint64_t *floors)
{
    if (left == 0)
        return;
    uint128 threshold = remainder_threshold(remainders, n, weight_sum, left);
    for (size_t i = 0; i < n; i++) {
        if (remainders[i] > threshold) {
            floors[i]++;
            left--;
        }
    }
    for (size_t i = 0; i < n && left > 0; i++) {
        if (remainders[i] == threshold) {
            floors[i]++;
            left--;
        }
    }
}

static void allocate(int64_t total, const int64_t *weights, size_t n, uint128 weight_sum,
                     int64_t *parts, uint64_t *floors, uint128 *remainders)
{
    uint64_t size = total < 0 ? -(uint64_t)total : (uint64_t)total;
    uint64_t left = share_floors(size, weights, n, weight_sum, floors, remainders);
    give_left(left, remainders, n, weight_sum, floors);
    for (size_t i = 0; i < n; i++)
        parts[i] = (int64_t)(total < 0 ? -floors[i] : floors[i]);
}

__attribute__((noinline)) static void allocate_few(int64_t total, const int64_t *weights, size_t n,
                                                   uint128 weight_sum, int64_t *parts)
{
    uint64_t floors[FEW_PARTS];
    uint128 remainders[FEW_PARTS];
    allocate(total, weights, n, weight_sum, parts, floors, remainders);
}

__attribute__((noinline)) static void allocate_many(int64_t total, const int64_t *weights, size_t n,
                                                    uint128 weight_sum, int64_t *parts)
{
    uint64_t floors[MONEY_PARTS_MAX];
    uint128 remainders[MONEY_PARTS_MAX];
    allocate(total, weights, n, weight_sum, parts, floors, remainders);
}

enum status minor_allocate(int64_t total, const int64_t *weights, size_t n, int64_t *parts)
{
    if (n < 1 || n > MONEY_PARTS_MAX)
        return STATUS_INVALID;
    uint128 weight_sum = 0;
    for (size_t i = 0; i < n; i++) {
        if (weights[i] < 0)
            return STATUS_INVALID;
        weight_sum += (uint64_t)weights[i];
    }
    if (weight_sum == 0)
        return STATUS_INVALID;
    if (n <= FEW_PARTS)
        allocate_few(total, weights, n, weight_sum, parts);
    else
        allocate_many(total, weights, n, weight_sum, parts);
    return STATUS_OK;
}

enum status money_allocate(struct money total, const int64_t *weights, size_t n,
                           struct money *parts)
{
    int64_t minors[MONEY_PARTS_MAX];
    enum status status = minor_allocate(total.minor, weights, n, minors);
    for (size_t i = 0; status == STATUS_OK && i < n; i++) {
        parts[i] = total;
        parts[i].minor = minors[i];
    }
    return status;
}

int64_t minor_of_units(int64_t total, int64_t units, int64_t first, int64_t count)
{
    assert(total >= 0 && units > 0 && first >= 0 && count >= 0 && count <= units - first);
    int64_t larger_units = total % units - first;
    if (larger_units < 0)
        larger_units = 0;
    if (larger_units > count)
        larger_units = count;
    return total / units * count + larger_units;
}

static const uint64_t powers_of_ten[EXPONENT_MAX + 1] = {1, 10, 100, 1000, 10000};

char *money_format(struct money money, char *text)
{
    int exponent = currency_exponent(money.currency);
    uint64_t size = money.minor < 0 ? -(uint64_t)money.minor : (uint64_t)money.minor;
    char digits[MONEY_TEXT_MAX];
    char *begin = digits + sizeof digits - 1;
    *begin = '\0';
    for (int written = 0; size > 0 || written == 0 || written <= exponent; written++) {
        if (written == exponent && written > 0)
            *--begin = '.';
        *--begin = (char)('0' + size % 10);
        size /= 10;
    }
    if (money.minor < 0)
        *--begin = '-';
    (void)snprintf(text, MONEY_TEXT_MAX, "%s %.3s", begin, money.currency);
    return text;
}

/* Appends decimal digits to *minor; returns how many there were, or -1 if they do not fit. */
static int read_digits(const char **text, int most, int64_t *minor)
{
    int count = 0;
    for (; **text >= '0' && **text <= '9' && count < most; (*text)++, count++) {
        if (__builtin_mul_overflow(*minor, 10, minor) ||
            __builtin_add_overflow(*minor, '0' - **text, minor))
            return -1;
    }
    return count;
}

/* Works on the negative side, which holds one value more. */
static enum status read_amount(const char *text, int exponent, int64_t *negative)
{
    int fraction = 0;
    int whole = read_digits(&text, INT32_MAX, negative);
    if (whole > 0 && *text == '.') {
        text++;
        fraction = read_digits(&text, exponent, negative);
        if (fraction == 0)
            return STATUS_INVALID;
    }
    if (whole < 0 || fraction < 0)
        return STATUS_OVERFLOW;
    if (whole == 0 || *text != '\0')
        return STATUS_INVALID;
    int64_t power = (int64_t)powers_of_ten[exponent - fraction];
    return __builtin_mul_overflow(*negative, power, negative) ? STATUS_OVERFLOW : STATUS_OK;
}

enum status money_parse(const char *text, const char *currency, struct money *result)
{
    int exponent = currency_exponent(currency);
    if (exponent < 0)
        return STATUS_INVALID;
    bool minus = *text == '-';
    int64_t minor = 0;
    enum status status = read_amount(text + minus, exponent, &minor);
    if (status != STATUS_OK)
        return status;
    if (!minus && __builtin_sub_overflow(0, minor, &minor))
        return STATUS_OVERFLOW;
    return money_make(minor, currency, result);
}
