/* Numeric functions (10.3.4.5). */

#include "feel_builtin_rows.h"
#include "feel_number.h"
#include "feel_run.h"
#include "feel_temporal.h"

static struct feel_value result(struct feel_run *run, bool made, struct feel_number number)
{
    return made ? feel_number_value(number) : feel_note(run, NULL, "no such number");
}

static struct feel_value rounded(struct feel_run *run, const struct feel_value *a, bool scaled,
                                 enum feel_rounding rounding)
{
    int64_t scale = 0, nanos;
    struct feel_number out = feel_number_of(0);
    if (scaled && (!feel_number_split(a[1].number, &scale, &nanos) || scale < FEEL_SCALE_MIN ||
                   scale > FEEL_SCALE_MAX))
        return feel_note(run, NULL, "a scale outside of %d to %d", FEEL_SCALE_MIN, FEEL_SCALE_MAX);
    return result(run, feel_number_round(a[0].number, (int)scale, rounding, &out), out);
}

#define ROUNDING_ROWS(X)                         \
    X(feel_bi_decimal, FEEL_ROUND_HALF_EVEN)     \
    X(feel_bi_floor, FEEL_ROUND_FLOOR)           \
    X(feel_bi_ceiling, FEEL_ROUND_CEILING)       \
    X(feel_bi_round_up, FEEL_ROUND_UP)           \
    X(feel_bi_round_down, FEEL_ROUND_DOWN)       \
    X(feel_bi_round_half_up, FEEL_ROUND_HALF_UP) \
    X(feel_bi_round_half_down, FEEL_ROUND_HALF_DOWN)

#define X(name, rounding)                                                                  \
    struct feel_value name(struct feel_run *run, const struct feel_value *a, size_t given) \
    {                                                                                      \
        return rounded(run, a, given > 1, rounding);                                       \
    }
ROUNDING_ROWS(X)
#undef X

struct feel_value feel_bi_abs(struct feel_run *run, const struct feel_value *a, size_t given)
{
    (void)given;
    struct feel_value out = a[0];
    if (a->kind == FEEL_NUMBER)
        return feel_number_value(feel_number_abs(a->number));
    if (a->kind == FEEL_DAYS && (a->days.seconds >= 0 || feel_days_negate(a->days, &out)))
        return out;
    if (a->kind == FEEL_MONTHS &&
        (a->months >= 0 || !__builtin_sub_overflow(0, a->months, &out.months)))
        return out;
    return feel_note(run, NULL, "abs of a %s", feel_kind_name(a->kind));
}

struct feel_value feel_bi_modulo(struct feel_run *run, const struct feel_value *a, size_t given)
{
    (void)given;
    struct feel_number out = feel_number_of(0);
    return result(run, feel_number_modulo(a[0].number, a[1].number, &out), out);
}

struct feel_value feel_bi_sqrt(struct feel_run *run, const struct feel_value *a, size_t given)
{
    (void)given;
    struct feel_number out = feel_number_of(0);
    return result(run, feel_number_sqrt(a[0].number, &out), out);
}

struct feel_value feel_bi_log(struct feel_run *run, const struct feel_value *a, size_t given)
{
    (void)given;
    struct feel_number out = feel_number_of(0);
    return result(run, feel_number_log(a[0].number, &out), out);
}

struct feel_value feel_bi_exp(struct feel_run *run, const struct feel_value *a, size_t given)
{
    (void)given;
    struct feel_number out = feel_number_of(0);
    return result(run, feel_number_exp(a[0].number, &out), out);
}

/* What is no integer is neither odd nor even. */
static struct feel_value parity(struct feel_run *run, const struct feel_value *a, int64_t rest)
{
    struct feel_number out = feel_number_of(-1);
    if (!feel_number_is_integer(a->number))
        return feel_note(run, NULL, "odd and even need an integer");
    (void)feel_number_modulo(a->number, feel_number_of(2), &out);
    return feel_boolean(feel_number_compare(out, feel_number_of(rest)) == 0);
}

struct feel_value feel_bi_odd(struct feel_run *run, const struct feel_value *a, size_t given)
{
    (void)given;
    return parity(run, a, 1);
}

struct feel_value feel_bi_even(struct feel_run *run, const struct feel_value *a, size_t given)
{
    (void)given;
    return parity(run, a, 0);
}
