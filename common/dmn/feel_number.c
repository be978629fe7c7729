#include "feel_number.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* By value, rounding and flags as arguments: the variant in libbidgcc000. */
#define DECIMAL_CALL_BY_REFERENCE 0
#define DECIMAL_GLOBAL_ROUNDING 0
#define DECIMAL_GLOBAL_EXCEPTION_FLAGS 0
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wstrict-prototypes"
#pragma GCC diagnostic ignored "-Wpedantic"
#include <bid_conf.h>
#include <bid_functions.h>
#pragma GCC diagnostic pop

/* Rounding modes by the library's numbers. */
enum { NEAREST_EVEN = 0, DOWNWARD = 1, UPWARD = 2, TO_ZERO = 3, NEAREST_AWAY = 4 };

#define EXPONENT_ZERO 0x3040000000000000u
#define SIGN_BIT 0x8000000000000000u

static BID_UINT128 to_bid(struct feel_number number)
{
    BID_UINT128 bid;
    memcpy(&bid, &number, sizeof bid);
    return bid;
}

static struct feel_number from_bid(BID_UINT128 bid)
{
    struct feel_number number;
    memcpy(&number, &bid, sizeof number);
    return number;
}

/* The one way out of a calculation: NaN and infinities stop here, minus zero becomes zero. */
static bool finish(BID_UINT128 bid, struct feel_number *out)
{
    if (!bid128_isFinite(bid))
        return false;
    if (bid128_isZero(bid))
        bid = bid128_abs(bid);
    *out = from_bid(bid);
    return true;
}

struct feel_number feel_number_of(int64_t value)
{
    uint64_t magnitude = value < 0 ? (uint64_t)0 - (uint64_t)value : (uint64_t)value;
    return (struct feel_number){{magnitude, EXPONENT_ZERO | (value < 0 ? SIGN_BIT : 0)}};
}

static size_t skip_digits(const char *bytes, size_t size, size_t at)
{
    while (at < size && bytes[at] >= '0' && bytes[at] <= '9')
        at++;
    return at;
}

static bool well_formed(const char *bytes, size_t size)
{
    size_t at = size > 0 && (bytes[0] == '-' || bytes[0] == '+') ? 1 : 0;
    size_t whole = skip_digits(bytes, size, at) - at;
    at += whole;
    size_t fraction = 0;
    if (at < size && bytes[at] == '.') {
        fraction = skip_digits(bytes, size, at + 1) - (at + 1);
        if (fraction == 0)
            return false;
        at += 1 + fraction;
    }
    if (whole + fraction == 0)
        return false;
    if (at < size && (bytes[at] == 'e' || bytes[at] == 'E')) {
        at++;
        if (at < size && (bytes[at] == '-' || bytes[at] == '+'))
            at++;
        size_t end = skip_digits(bytes, size, at);
        if (end == at || end - at > 6)
            return false;
        at = end;
    }
    return at == size;
}

bool feel_number_read(const char *bytes, size_t size, struct feel_number *out)
{
    char text[FEEL_NUMBER_LITERAL_MAX + 1];
    if (size > FEEL_NUMBER_LITERAL_MAX || !well_formed(bytes, size))
        return false;
    memcpy(text, bytes, size);
    text[size] = '\0';
    _IDEC_flags flags = 0;
    return finish(bid128_from_string(text, NEAREST_EVEN, &flags), out);
}

/* The library writes "+123E-2": sign, digits, exponent. */
static size_t place_digits(char *out, const char *digits, size_t count, long exponent)
{
    size_t at = 0;
    if (exponent >= 0) {
        memcpy(out, digits, count);
        at = count;
        if (!(count == 1 && digits[0] == '0'))
            for (long i = 0; i < exponent; i++)
                out[at++] = '0';
        return at;
    }
    size_t fraction = (size_t)-exponent;
    if (count <= fraction) {
        out[at++] = '0';
        out[at++] = '.';
        for (size_t i = count; i < fraction; i++)
            out[at++] = '0';
        memcpy(out + at, digits, count);
        return at + count;
    }
    memcpy(out, digits, count - fraction);
    at = count - fraction;
    out[at++] = '.';
    memcpy(out + at, digits + count - fraction, fraction);
    return at + fraction;
}

size_t feel_number_write(struct feel_number number, char *out, size_t room)
{
    char raw[64];
    _IDEC_flags flags = 0;
    if (room < FEEL_NUMBER_TEXT_MAX)
        return 0;
    bid128_to_string(raw, to_bid(number), &flags);
    char *mark = strchr(raw, 'E');
    long exponent = mark == NULL ? 0 : strtol(mark + 1, NULL, 10);
    const char *digits = raw + 1;
    size_t count = (size_t)(mark == NULL ? strlen(digits) : (size_t)(mark - digits));
    size_t sign = raw[0] == '-' ? 1 : 0;
    if (sign)
        out[0] = '-';
    size_t size = sign + place_digits(out + sign, digits, count, exponent);
    out[size] = '\0';
    return size;
}

/* Small integers without an exponent are most of what there is. */
static bool small_integer(struct feel_number number, int64_t *out)
{
    if ((number.words[1] & ~SIGN_BIT) != EXPONENT_ZERO || number.words[0] > INT64_MAX)
        return false;
    int64_t magnitude = (int64_t)number.words[0];
    *out = number.words[1] & SIGN_BIT ? -magnitude : magnitude;
    return true;
}

bool feel_number_integer(struct feel_number number, int64_t *out)
{
    if (small_integer(number, out))
        return true;
    _IDEC_flags flags = 0;
    int64_t value = bid128_to_int64_xint(to_bid(number), &flags);
    if (flags != 0)
        return false;
    *out = value;
    return true;
}

bool feel_number_is_integer(struct feel_number number)
{
    int64_t small;
    if (small_integer(number, &small))
        return true;
    _IDEC_flags flags = 0;
    BID_UINT128 whole = bid128_round_integral_zero(to_bid(number), &flags);
    return bid128_quiet_equal(whole, to_bid(number), &flags);
}

bool feel_number_split(struct feel_number number, int64_t *whole, int64_t *nanos)
{
    struct feel_number integer, rest;
    if (!feel_number_round(number, 0, FEEL_ROUND_DOWN, &integer) ||
        !feel_number_integer(integer, whole) || !feel_number_subtract(number, integer, &rest) ||
        !feel_number_multiply(rest, feel_number_of(1000000000), &rest) ||
        !feel_number_round(rest, 0, FEEL_ROUND_DOWN, &rest))
        return false;
    return feel_number_integer(rest, nanos);
}

/* Sums and products of small integers need no library, and give the same bits. */
bool feel_number_add(struct feel_number a, struct feel_number b, struct feel_number *out)
{
    int64_t x, y, sum;
    if (small_integer(a, &x) && small_integer(b, &y) && !__builtin_add_overflow(x, y, &sum) &&
        sum != INT64_MIN) {
        *out = feel_number_of(sum);
        return true;
    }
    _IDEC_flags flags = 0;
    return finish(bid128_add(to_bid(a), to_bid(b), NEAREST_EVEN, &flags), out);
}

bool feel_number_subtract(struct feel_number a, struct feel_number b, struct feel_number *out)
{
    return feel_number_add(a, feel_number_negate(b), out);
}

bool feel_number_multiply(struct feel_number a, struct feel_number b, struct feel_number *out)
{
    int64_t x, y, product;
    if (small_integer(a, &x) && small_integer(b, &y) && !__builtin_mul_overflow(x, y, &product) &&
        product != INT64_MIN) {
        *out = feel_number_of(product);
        return true;
    }
    _IDEC_flags flags = 0;
    return finish(bid128_mul(to_bid(a), to_bid(b), NEAREST_EVEN, &flags), out);
}

bool feel_number_divide(struct feel_number a, struct feel_number b, struct feel_number *out)
{
    _IDEC_flags flags = 0;
    return finish(bid128_div(to_bid(a), to_bid(b), NEAREST_EVEN, &flags), out);
}

/* By squaring for integer exponents: exact wherever the result fits 34 digits. */
static bool integer_power(BID_UINT128 base, int64_t exponent, BID_UINT128 *out)
{
    _IDEC_flags flags = 0;
    BID_UINT128 one = to_bid(feel_number_of(1));
    BID_UINT128 result = one;
    uint64_t left = exponent < 0 ? (uint64_t)-exponent : (uint64_t)exponent;
    for (; left > 0; left >>= 1) {
        if (left & 1)
            result = bid128_mul(result, base, NEAREST_EVEN, &flags);
        base = bid128_mul(base, base, NEAREST_EVEN, &flags);
    }
    *out = exponent < 0 ? bid128_div(one, result, NEAREST_EVEN, &flags) : result;
    return true;
}

bool feel_number_power(struct feel_number a, struct feel_number b, struct feel_number *out)
{
    enum { EXPONENT_MAX = 999999999 };
    int64_t exponent;
    BID_UINT128 result;
    _IDEC_flags flags = 0;
    if (feel_number_integer(b, &exponent) && exponent >= -EXPONENT_MAX && exponent <= EXPONENT_MAX)
        (void)integer_power(to_bid(a), exponent, &result);
    else
        result = bid128_pow(to_bid(a), to_bid(b), NEAREST_EVEN, &flags);
    return finish(result, out);
}

/* a - b * floor(a / b): the sign follows the divisor. The remainder itself is exact. */
bool feel_number_modulo(struct feel_number a, struct feel_number b, struct feel_number *out)
{
    _IDEC_flags flags = 0;
    struct feel_number rest;
    if (feel_number_sign(b) == 0 || !finish(bid128_fmod(to_bid(a), to_bid(b), &flags), &rest))
        return false;
    if (feel_number_sign(rest) != 0 && feel_number_sign(rest) != feel_number_sign(b))
        return feel_number_add(rest, b, out);
    *out = rest;
    return true;
}

bool feel_number_sqrt(struct feel_number a, struct feel_number *out)
{
    _IDEC_flags flags = 0;
    return finish(bid128_sqrt(to_bid(a), NEAREST_EVEN, &flags), out);
}

bool feel_number_exp(struct feel_number a, struct feel_number *out)
{
    _IDEC_flags flags = 0;
    return finish(bid128_exp(to_bid(a), NEAREST_EVEN, &flags), out);
}

bool feel_number_log(struct feel_number a, struct feel_number *out)
{
    _IDEC_flags flags = 0;
    if (feel_number_sign(a) <= 0)
        return false;
    return finish(bid128_log(to_bid(a), NEAREST_EVEN, &flags), out);
}

static unsigned library_mode(enum feel_rounding rounding, bool negative)
{
    switch (rounding) {
    case FEEL_ROUND_FLOOR:
        return DOWNWARD;
    case FEEL_ROUND_CEILING:
        return UPWARD;
    case FEEL_ROUND_UP:
        return negative ? DOWNWARD : UPWARD;
    case FEEL_ROUND_DOWN:
        return TO_ZERO;
    case FEEL_ROUND_HALF_UP:
        return NEAREST_AWAY;
    case FEEL_ROUND_HALF_EVEN:
    case FEEL_ROUND_HALF_DOWN:
        break;
    }
    return NEAREST_EVEN;
}

/* 10 to the power of -scale, whose only use is to carry its exponent. */
static BID_UINT128 quantum(int scale)
{
    uint64_t exponent = (uint64_t)(6176 - scale);
    return to_bid((struct feel_number){{1, exponent << 49}});
}

/* Half down: towards zero unless what was cut exceeds half a unit. */
static BID_UINT128 round_half_down(BID_UINT128 value, int scale)
{
    _IDEC_flags flags = 0;
    BID_UINT128 cut = bid128_quantize(value, quantum(scale), TO_ZERO, &flags);
    BID_UINT128 rest = bid128_abs(bid128_sub(value, cut, NEAREST_EVEN, &flags));
    BID_UINT128 twice = bid128_add(rest, rest, NEAREST_EVEN, &flags);
    if (bid128_quiet_greater(twice, quantum(scale), &flags))
        return bid128_quantize(value, quantum(scale), NEAREST_AWAY, &flags);
    return cut;
}

/* A value with fewer digits behind the point than asked for stays as it is where the zeros that
 * would be appended do not fit 34 digits. */
bool feel_number_round(struct feel_number a, int scale, enum feel_rounding rounding,
                       struct feel_number *out)
{
    if (scale < FEEL_SCALE_MIN || scale > FEEL_SCALE_MAX)
        return false;
    _IDEC_flags flags = 0;
    BID_UINT128 value = to_bid(a);
    unsigned mode = library_mode(rounding, feel_number_sign(a) < 0);
    BID_UINT128 result = rounding == FEEL_ROUND_HALF_DOWN
                             ? round_half_down(value, scale)
                             : bid128_quantize(value, quantum(scale), mode, &flags);
    if (bid128_isNaN(result)) {
        *out = a;
        return true;
    }
    if (scale < 0) /* 1E+2 becomes 100: whole numbers carry no exponent where they fit */
    {
        BID_UINT128 plain = bid128_quantize(result, quantum(0), NEAREST_EVEN, &flags);
        if (!bid128_isNaN(plain))
            result = plain;
    }
    return finish(result, out);
}

struct feel_number feel_number_negate(struct feel_number a)
{
    if (feel_number_sign(a) == 0)
        return a;
    a.words[1] ^= SIGN_BIT;
    return a;
}

struct feel_number feel_number_abs(struct feel_number a)
{
    a.words[1] &= ~SIGN_BIT;
    return a;
}

int feel_number_sign(struct feel_number a)
{
    if (bid128_isZero(to_bid(a)))
        return 0;
    return a.words[1] & SIGN_BIT ? -1 : 1;
}

int feel_number_compare(struct feel_number a, struct feel_number b)
{
    int64_t x, y;
    if (small_integer(a, &x) && small_integer(b, &y))
        return x < y ? -1 : x > y;
    _IDEC_flags flags = 0;
    if (bid128_quiet_less(to_bid(a), to_bid(b), &flags))
        return -1;
    return bid128_quiet_equal(to_bid(a), to_bid(b), &flags) ? 0 : 1;
}
