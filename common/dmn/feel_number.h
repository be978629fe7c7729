/* FEEL numbers: IEEE 754 decimal128, 34 digits, ties to even (DMN 1.5, 10.3.2.3.1).
 *
 * This is the only file that knows the decimal library. Operations answer false instead of a NaN
 * or an infinity and then leave the result untouched; the caller makes that null. */

#ifndef REDRESS_DMN_FEEL_NUMBER_H
#define REDRESS_DMN_FEEL_NUMBER_H

#include "feel_value.h"

enum {
    FEEL_NUMBER_TEXT_MAX = 6200,   /* bytes of the longest plain notation, with its NUL */
    FEEL_NUMBER_LITERAL_MAX = 512, /* characters of a number that is read */
    FEEL_SCALE_MIN = -6111,
    FEEL_SCALE_MAX = 6176
};

enum feel_rounding {
    FEEL_ROUND_HALF_EVEN,
    FEEL_ROUND_FLOOR,
    FEEL_ROUND_CEILING,
    FEEL_ROUND_UP,   /* away from zero */
    FEEL_ROUND_DOWN, /* towards zero */
    FEEL_ROUND_HALF_UP,
    FEEL_ROUND_HALF_DOWN
};

struct feel_number feel_number_of(int64_t value);

/* Reads `[-+]digits[.digits][e[-+]digits]`, the whole text. */
bool feel_number_read(const char *bytes, size_t size, struct feel_number *out);

/* Plain notation without an exponent, NUL-terminated; the length without the NUL. `room` at least
 * FEEL_NUMBER_TEXT_MAX. */
size_t feel_number_write(struct feel_number number, char *out, size_t room);

/* The value as an integer; false when it has a fraction or does not fit. */
bool feel_number_integer(struct feel_number number, int64_t *out);
bool feel_number_is_integer(struct feel_number number);

/* Towards zero and the nanoseconds below; false when the integer part does not fit. */
bool feel_number_split(struct feel_number number, int64_t *whole, int64_t *nanos);

bool feel_number_add(struct feel_number a, struct feel_number b, struct feel_number *out);
bool feel_number_subtract(struct feel_number a, struct feel_number b, struct feel_number *out);
bool feel_number_multiply(struct feel_number a, struct feel_number b, struct feel_number *out);
bool feel_number_divide(struct feel_number a, struct feel_number b, struct feel_number *out);
bool feel_number_power(struct feel_number a, struct feel_number b, struct feel_number *out);
bool feel_number_modulo(struct feel_number a, struct feel_number b, struct feel_number *out);
bool feel_number_sqrt(struct feel_number a, struct feel_number *out);
bool feel_number_exp(struct feel_number a, struct feel_number *out);
bool feel_number_log(struct feel_number a, struct feel_number *out);

/* Keeps `scale` digits behind the point (before it when negative). */
bool feel_number_round(struct feel_number a, int scale, enum feel_rounding rounding,
                       struct feel_number *out);

struct feel_number feel_number_negate(struct feel_number a);
struct feel_number feel_number_abs(struct feel_number a);
int feel_number_sign(struct feel_number a);
int feel_number_compare(struct feel_number a, struct feel_number b);

#endif
