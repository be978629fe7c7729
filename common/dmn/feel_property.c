/* What may follow a dot (10.3.2.15, tables 61 and 65). */

#include "feel_number.h"
#include "feel_run.h"
#include "feel_temporal.h"

enum property_of {
    OF_DATE = 1 << FEEL_DATE,
    OF_TIME = 1 << FEEL_TIME,
    OF_BOTH = 1 << FEEL_DATE_TIME,
    OF_DAYS = 1 << FEEL_DAYS,
    OF_MONTHS = 1 << FEEL_MONTHS
};

static int64_t weekday(const struct feel_moment *moment)
{
    int64_t days = feel_days_from_civil(moment->year, moment->month, moment->day);
    return ((days + 3) % 7 + 7) % 7 + 1;
}

static int64_t seconds_towards_zero(struct feel_days days)
{
    return days.seconds < 0 && days.nanos > 0 ? days.seconds + 1 : days.seconds;
}

/* X(name, kinds, value) */
#define NUMBER_PROPERTIES(X)                                       \
    X("year", OF_DATE | OF_BOTH, v->moment.year)                   \
    X("month", OF_DATE | OF_BOTH, v->moment.month)                 \
    X("day", OF_DATE | OF_BOTH, v->moment.day)                     \
    X("weekday", OF_DATE | OF_BOTH, weekday(&v->moment))           \
    X("hour", OF_TIME | OF_BOTH, v->moment.hour)                   \
    X("minute", OF_TIME | OF_BOTH, v->moment.minute)               \
    X("years", OF_MONTHS, v->months / 12)                          \
    X("months", OF_MONTHS, v->months % 12)                         \
    X("days", OF_DAYS, seconds_towards_zero(v->days) / 86400)      \
    X("hours", OF_DAYS, seconds_towards_zero(v->days) / 3600 % 24) \
    X("minutes", OF_DAYS, seconds_towards_zero(v->days) / 60 % 60)

static bool number_property(const struct feel_value *v, struct feel_text name, int64_t *out)
{
#define X(text, kinds, value)                                                              \
    if ((1u << v->kind & (unsigned)(kinds)) != 0 && feel_text_is(name, feel_text(text))) { \
        *out = (value);                                                                    \
        return true;                                                                       \
    }
    NUMBER_PROPERTIES(X)
#undef X
    return false;
}

/* Seconds have a fraction: whole ones and nanoseconds. */
static struct feel_value decimal_seconds(int64_t whole, int64_t nanos)
{
    struct feel_number seconds = feel_number_of(whole), fraction;
    if (nanos != 0 &&
        feel_number_divide(feel_number_of(nanos), feel_number_of(FEEL_SECOND_NS), &fraction))
        (void)feel_number_add(seconds, fraction, &seconds);
    return feel_number_value(seconds);
}

static bool second_property(const struct feel_value *value, struct feel_text name,
                            struct feel_value *out)
{
    bool clock = value->kind == FEEL_TIME || value->kind == FEEL_DATE_TIME;
    if (clock && feel_text_is(name, feel_text("second"))) {
        *out = decimal_seconds(value->moment.second, value->moment.nanos);
        return true;
    }
    if (value->kind != FEEL_DAYS || !feel_text_is(name, feel_text("seconds")))
        return false;
    bool negative = value->days.seconds < 0 && value->days.nanos > 0;
    int64_t nanos = negative ? value->days.nanos - FEEL_SECOND_NS : value->days.nanos;
    *out = decimal_seconds(seconds_towards_zero(value->days) % 60, nanos);
    return true;
}

static bool zone_property(const struct feel_value *value, struct feel_text name,
                          struct feel_value *out)
{
    int32_t offset_s;
    if (value->kind != FEEL_TIME && value->kind != FEEL_DATE_TIME)
        return false;
    *out = feel_null();
    if (feel_text_is(name, feel_text("time offset"))) {
        if (feel_moment_offset(value, &offset_s))
            (void)feel_days_of(offset_s, 0, out);
        return true;
    }
    if (!feel_text_is(name, feel_text("timezone")))
        return false;
    if (value->moment.zone_kind == FEEL_ZONE_NAMED) {
        struct feel_text zone = feel_zone_name(value->moment.zone);
        *out = feel_string(zone.bytes, zone.size);
    }
    return true;
}

static bool range_property(const struct feel_value *value, struct feel_text name,
                           struct feel_value *out)
{
    if (value->kind != FEEL_RANGE)
        return false;
    const struct feel_range *range = value->range;
    if (feel_text_is(name, feel_text("start")))
        *out = range->low;
    else if (feel_text_is(name, feel_text("end")))
        *out = range->form == FEEL_EQUAL ? range->low : range->high;
    else if (feel_text_is(name, feel_text("start included")))
        *out = feel_boolean(range->low_closed);
    else if (feel_text_is(name, feel_text("end included")))
        *out = feel_boolean(range->high_closed);
    else
        return false;
    return true;
}

static struct feel_value list_property(struct feel_run *run, const struct feel_node *node,
                                       const struct feel_value *value, struct feel_text name)
{
    struct feel_builder out = {.list = {.kind = FEEL_LIST, .depth = 1}};
    for (size_t i = 0; i < value->list.count; i++) {
        if (!feel_charge(run, 1))
            return feel_null();
        struct feel_value item = feel_property(run, node, &value->list.items[i], name);
        if (!feel_build(run, &out, &item))
            return feel_null();
    }
    return out.list;
}

struct feel_value feel_property(struct feel_run *run, const struct feel_node *node,
                                const struct feel_value *value, struct feel_text name)
{
    int64_t number;
    struct feel_value out;
    if (value->kind == FEEL_NULL)
        return feel_null();
    if (value->kind == FEEL_CONTEXT) {
        const struct feel_value *entry = feel_entry(value, name);
        return entry != NULL ? *entry
                             : feel_note(run, node, "the context has no entry %.*s", (int)name.size,
                                         name.bytes);
    }
    if (value->kind == FEEL_LIST)
        return list_property(run, node, value, name);
    if (number_property(value, name, &number))
        return feel_number_value(feel_number_of(number));
    if (second_property(value, name, &out) || zone_property(value, name, &out) ||
        range_property(value, name, &out))
        return out;
    return feel_note(run, node, "a %s has no property %.*s", feel_kind_name(value->kind),
                     (int)name.size, name.bytes);
}
