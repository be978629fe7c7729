/* Tables 57 and 58 of the standard: what +, -, *, / and ** make of which kinds. */

#include "feel_number.h"
#include "feel_run.h"
#include "feel_temporal.h"

#include <string.h>

static bool numbers(enum feel_op op, struct feel_number a, struct feel_number b,
                    struct feel_value *out)
{
    out->kind = FEEL_NUMBER;
    switch ((int)op) {
    case FEEL_OP_ADD:
        return feel_number_add(a, b, &out->number);
    case FEEL_OP_SUBTRACT:
        return feel_number_subtract(a, b, &out->number);
    case FEEL_OP_MULTIPLY:
        return feel_number_multiply(a, b, &out->number);
    case FEEL_OP_DIVIDE:
        return feel_number_divide(a, b, &out->number);
    default:
        return feel_number_power(a, b, &out->number);
    }
}

static struct feel_value concatenate(struct feel_run *run, struct feel_text a, struct feel_text b)
{
    if (a.size + b.size > run->string_max)
        return feel_note(run, NULL, "a string of more than %zu bytes", run->string_max);
    char *bytes = feel_alloc(run, a.size + b.size + 1, 1);
    if (bytes == NULL)
        return feel_null();
    if (a.size > 0)
        memcpy(bytes, a.bytes, a.size);
    if (b.size > 0)
        memcpy(bytes + a.size, b.bytes, b.size);
    return feel_string(bytes, a.size + b.size);
}

static bool is_moment(enum feel_kind kind)
{
    return kind == FEEL_DATE || kind == FEEL_TIME || kind == FEEL_DATE_TIME;
}

static bool moment_and_duration(bool subtract, const struct feel_value *moment,
                                const struct feel_value *duration, struct feel_value *out)
{
    int64_t months = duration->kind == FEEL_MONTHS ? duration->months : 0;
    if (duration->kind == FEEL_MONTHS)
        return (!subtract || !__builtin_sub_overflow(0, months, &months)) &&
               feel_moment_add_months(moment, months, out);
    struct feel_value days = *duration;
    if (duration->kind != FEEL_DAYS || (subtract && !feel_days_negate(duration->days, &days)))
        return false;
    return feel_moment_add_days(moment, days.days, out);
}

static bool add_durations(bool subtract, const struct feel_value *a, const struct feel_value *b,
                          struct feel_value *out)
{
    if (a->kind != b->kind)
        return false;
    if (a->kind == FEEL_MONTHS) {
        out->kind = FEEL_MONTHS;
        return subtract ? !__builtin_sub_overflow(a->months, b->months, &out->months)
                        : !__builtin_add_overflow(a->months, b->months, &out->months);
    }
    struct feel_value other = *b;
    return (!subtract || feel_days_negate(b->days, &other)) &&
           feel_days_add(a->days, other.days, out);
}

static bool is_duration(enum feel_kind kind)
{
    return kind == FEEL_DAYS || kind == FEEL_MONTHS;
}

static bool sum(bool subtract, const struct feel_value *a, const struct feel_value *b,
                struct feel_value *out)
{
    if (is_moment(a->kind) && is_duration(b->kind))
        return moment_and_duration(subtract, a, b, out);
    if (!subtract && is_duration(a->kind) && is_moment(b->kind))
        return moment_and_duration(false, b, a, out);
    if (is_duration(a->kind) && is_duration(b->kind))
        return add_durations(subtract, a, b, out);
    return subtract && is_moment(a->kind) && is_moment(b->kind) &&
           feel_moment_difference(a, b, out);
}

static bool scale_months(int64_t months, struct feel_number factor, bool divide,
                         struct feel_value *out)
{
    struct feel_number scaled;
    int64_t nanos;
    out->kind = FEEL_MONTHS;
    return (divide ? feel_number_divide(feel_number_of(months), factor, &scaled)
                   : feel_number_multiply(feel_number_of(months), factor, &scaled)) &&
           feel_number_split(scaled, &out->months, &nanos);
}

static bool scale(bool divide, const struct feel_value *a, const struct feel_value *b,
                  struct feel_value *out)
{
    if (!divide && a->kind == FEEL_NUMBER) {
        const struct feel_value *swap = a;
        a = b;
        b = swap;
    }
    if (b->kind == FEEL_NUMBER && a->kind == FEEL_DAYS)
        return feel_days_scale(a->days, b->number, divide, out);
    if (b->kind == FEEL_NUMBER && a->kind == FEEL_MONTHS)
        return scale_months(a->months, b->number, divide, out);
    if (!divide || a->kind != b->kind)
        return false;
    out->kind = FEEL_NUMBER;
    if (a->kind == FEEL_DAYS)
        return feel_days_divide(a->days, b->days, &out->number);
    return a->kind == FEEL_MONTHS &&
           feel_number_divide(feel_number_of(a->months), feel_number_of(b->months), &out->number);
}

struct feel_value feel_arithmetic(struct feel_run *run, const struct feel_node *node,
                                  const struct feel_value *left, const struct feel_value *right)
{
    struct feel_value out = {.kind = FEEL_NULL};
    bool made = false;
    if (left->kind == FEEL_NUMBER && right->kind == FEEL_NUMBER)
        made = numbers(node->op, left->number, right->number, &out);
    else if (node->op == FEEL_OP_ADD && left->kind == FEEL_STRING && right->kind == FEEL_STRING)
        return concatenate(run, left->text, right->text);
    else if (node->op == FEEL_OP_ADD || node->op == FEEL_OP_SUBTRACT)
        made = sum(node->op == FEEL_OP_SUBTRACT, left, right, &out);
    else if (node->op == FEEL_OP_MULTIPLY || node->op == FEEL_OP_DIVIDE)
        made = scale(node->op == FEEL_OP_DIVIDE, left, right, &out);
    if (made)
        return out;
    return feel_note(run, node, "cannot reckon with %s and %s here", feel_kind_name(left->kind),
                     feel_kind_name(right->kind));
}
