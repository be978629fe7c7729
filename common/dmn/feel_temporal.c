#include "feel_temporal.h"

#include "feel_number.h"

__extension__ typedef __int128 wide; /* nanoseconds of any duration fit */

bool feel_date_of(int64_t year, int64_t month, int64_t day, struct feel_value *out)
{
    if (year < -FEEL_YEAR_MAX || year > FEEL_YEAR_MAX || month < 1 || month > 12 || day < 1 ||
        day > feel_month_length(year, (unsigned)month))
        return false;
    *out = (struct feel_value){.kind = FEEL_DATE,
                               .moment = {.year = (int32_t)year,
                                          .month = (unsigned)month & 15,
                                          .day = (unsigned)day & 31}};
    return true;
}

bool feel_moment_at_local(const struct feel_value *like, int64_t local_s, uint32_t nanos,
                          struct feel_value *out)
{
    int64_t days = feel_floor_divide(local_s, FEEL_DAY_S);
    int64_t second = local_s - days * FEEL_DAY_S;
    struct feel_value value = *like;
    value.moment.hour = (unsigned)(second / 3600) & 31;
    value.moment.minute = (unsigned)(second / 60 % 60) & 63;
    value.moment.second = (unsigned)(second % 60) & 63;
    value.moment.nanos = nanos;
    if (like->kind != FEEL_TIME) {
        int64_t year;
        unsigned month, day;
        feel_civil_from_days(days, &year, &month, &day);
        if (year < -FEEL_YEAR_MAX || year > FEEL_YEAR_MAX)
            return false;
        value.moment.year = (int32_t)year;
        value.moment.month = month & 15;
        value.moment.day = day & 31;
    }
    *out = value;
    return true;
}

struct feel_value feel_date_midnight(const struct feel_value *date)
{
    struct feel_value midnight = *date;
    midnight.kind = FEEL_DATE_TIME;
    midnight.moment.zone_kind = FEEL_ZONE_OFFSET;
    return midnight;
}

int64_t feel_moment_local_s(const struct feel_value *value)
{
    const struct feel_moment *moment = &value->moment;
    int64_t clock = moment->hour * 3600 + moment->minute * 60 + moment->second;
    if (value->kind == FEEL_TIME)
        return clock;
    return feel_days_from_civil(moment->year, moment->month, moment->day) * FEEL_DAY_S + clock;
}

/* A time of day has no date by which its zone would tell the offset: that of 2024-01-01 stands, so
 * that it is the same whenever it is asked. */
enum { TIME_OF_DAY_S = 1704067200 };

bool feel_moment_offset(const struct feel_value *value, int32_t *offset_s)
{
    const struct feel_moment *moment = &value->moment;
    if (moment->zone_kind == FEEL_ZONE_OFFSET) {
        *offset_s = moment->offset_s;
        return true;
    }
    if (moment->zone_kind == FEEL_ZONE_LOCAL)
        return false;
    *offset_s = value->kind == FEEL_DATE_TIME
                    ? feel_zone_offset_local(moment->zone, feel_moment_local_s(value))
                    : feel_zone_offset_at(moment->zone, TIME_OF_DAY_S);
    return true;
}

int64_t feel_moment_utc_s(const struct feel_value *value)
{
    int32_t offset_s = 0;
    (void)feel_moment_offset(value, &offset_s);
    return feel_moment_local_s(value) - offset_s;
}

/* Seconds to compare two by: where one has no zone it is taken to be in the other's (10.3.2.3.6,
 * value of a time or date and time). Fractions of a second do not count there. */
static void comparable(const struct feel_value *left, const struct feel_value *right,
                       int64_t *left_s, int64_t *right_s)
{
    int32_t left_offset, right_offset;
    bool has_left = feel_moment_offset(left, &left_offset);
    bool has_right = feel_moment_offset(right, &right_offset);
    bool both = has_left && has_right;
    *left_s = feel_moment_local_s(left) - (both ? left_offset : 0);
    *right_s = feel_moment_local_s(right) - (both ? right_offset : 0);
}

int feel_moment_order(const struct feel_value *left, const struct feel_value *right)
{
    int64_t left_s, right_s;
    comparable(left, right, &left_s, &right_s);
    return left_s < right_s ? -1 : left_s > right_s;
}

bool feel_moment_equal(const struct feel_value *left, const struct feel_value *right)
{
    return feel_moment_order(left, right) == 0;
}

bool feel_moment_identical(const struct feel_value *left, const struct feel_value *right)
{
    const struct feel_moment *a = &left->moment, *b = &right->moment;
    if (left->kind != right->kind || a->year != b->year || a->month != b->month ||
        a->day != b->day || feel_moment_local_s(left) != feel_moment_local_s(right))
        return false;
    if (a->zone_kind != b->zone_kind)
        return false;
    if (a->zone_kind == FEEL_ZONE_NAMED)
        return feel_text_is(feel_zone_name(a->zone), feel_zone_name(b->zone));
    return a->zone_kind == FEEL_ZONE_LOCAL || a->offset_s == b->offset_s;
}

static wide total(struct feel_days days)
{
    return (wide)days.seconds * FEEL_SECOND_NS + days.nanos;
}

static bool from_total(wide nanos, struct feel_value *out)
{
    wide seconds = nanos / FEEL_SECOND_NS;
    wide rest = nanos % FEEL_SECOND_NS;
    if (rest < 0) {
        seconds--;
        rest += FEEL_SECOND_NS;
    }
    if (seconds > INT64_MAX || seconds < -INT64_MAX)
        return false;
    *out = (struct feel_value){.kind = FEEL_DAYS,
                               .days = {.seconds = (int64_t)seconds, .nanos = (int32_t)rest}};
    return true;
}

bool feel_days_of(int64_t seconds, int64_t nanos, struct feel_value *out)
{
    return from_total((wide)seconds * FEEL_SECOND_NS + nanos, out);
}

bool feel_days_add(struct feel_days a, struct feel_days b, struct feel_value *out)
{
    return from_total(total(a) + total(b), out);
}

bool feel_days_negate(struct feel_days a, struct feel_value *out)
{
    return from_total(-total(a), out);
}

static bool days_number(struct feel_days days, struct feel_number *out)
{
    struct feel_number fraction;
    return feel_number_divide(feel_number_of(days.nanos), feel_number_of(FEEL_SECOND_NS),
                              &fraction) &&
           feel_number_add(feel_number_of(days.seconds), fraction, out);
}

bool feel_days_scale(struct feel_days a, struct feel_number factor, bool divide,
                     struct feel_value *out)
{
    struct feel_number seconds, scaled;
    int64_t whole, nanos;
    if (!days_number(a, &seconds))
        return false;
    if (!(divide ? feel_number_divide(seconds, factor, &scaled)
                 : feel_number_multiply(seconds, factor, &scaled)))
        return false;
    return feel_number_split(scaled, &whole, &nanos) && feel_days_of(whole, nanos, out);
}

bool feel_days_divide(struct feel_days a, struct feel_days b, struct feel_number *out)
{
    struct feel_number x, y;
    return days_number(a, &x) && days_number(b, &y) && feel_number_divide(x, y, out);
}

bool feel_moment_difference(const struct feel_value *left, const struct feel_value *right,
                            struct feel_value *out)
{
    struct feel_value a = left->kind == FEEL_DATE ? feel_date_midnight(left) : *left;
    struct feel_value b = right->kind == FEEL_DATE ? feel_date_midnight(right) : *right;
    bool local_a = a.moment.zone_kind == FEEL_ZONE_LOCAL;
    bool local_b = b.moment.zone_kind == FEEL_ZONE_LOCAL;
    if (a.kind != b.kind || (a.kind == FEEL_DATE_TIME && local_a != local_b))
        return false;
    return feel_days_of(feel_moment_utc_s(&a) - feel_moment_utc_s(&b),
                        (int64_t)a.moment.nanos - b.moment.nanos, out);
}

/* Reckons in UTC, so that an hour is an hour over a change of the clocks. */
bool feel_moment_add_days(const struct feel_value *moment, struct feel_days days,
                          struct feel_value *out)
{
    int64_t seconds;
    uint32_t nanos = moment->moment.nanos + (uint32_t)days.nanos;
    int64_t carry = nanos >= FEEL_SECOND_NS;
    if (__builtin_add_overflow(feel_moment_utc_s(moment), days.seconds, &seconds) ||
        __builtin_add_overflow(seconds, carry, &seconds))
        return false;
    if (carry)
        nanos -= FEEL_SECOND_NS;
    if (moment->kind == FEEL_DATE) {
        bool fits = feel_moment_at_local(moment, seconds, 0, out);
        if (fits)
            out->moment.hour = 0, out->moment.minute = 0, out->moment.second = 0;
        return fits;
    }
    enum { FAR_S = 1000000000 }; /* years of 86,400 s times 366: beyond any year that exists */
    if (seconds / 86400 / 366 > FAR_S || seconds / 86400 / 366 < -FAR_S)
        return false;
    int32_t offset_s = 0;
    if (moment->moment.zone_kind == FEEL_ZONE_NAMED && moment->kind == FEEL_DATE_TIME)
        offset_s = feel_zone_offset_at(moment->moment.zone, seconds);
    else
        (void)feel_moment_offset(moment, &offset_s);
    int64_t local_s = seconds + offset_s;
    if (moment->kind == FEEL_TIME)
        local_s -= feel_floor_divide(local_s, FEEL_DAY_S) * FEEL_DAY_S;
    return feel_moment_at_local(moment, local_s, nanos, out);
}

bool feel_moment_add_months(const struct feel_value *moment, int64_t months, struct feel_value *out)
{
    int64_t count;
    if (moment->kind == FEEL_TIME ||
        __builtin_add_overflow((int64_t)moment->moment.year * 12 + moment->moment.month - 1, months,
                               &count))
        return false;
    int64_t year = feel_floor_divide(count, 12);
    unsigned month = (unsigned)(count - year * 12) + 1;
    if (year < -FEEL_YEAR_MAX || year > FEEL_YEAR_MAX)
        return false;
    unsigned length = feel_month_length(year, month);
    struct feel_value value = *moment;
    value.moment.year = (int32_t)year;
    value.moment.month = month & 15;
    if (value.moment.day > length)
        value.moment.day = length & 31;
    *out = value;
    return true;
}

int64_t feel_months_between(const struct feel_value *from, const struct feel_value *to)
{
    const struct feel_moment *a = &from->moment, *b = &to->moment;
    int64_t months = ((int64_t)b->year - a->year) * 12 + (int64_t)b->month - (int64_t)a->month;
    if (months > 0 && b->day < a->day)
        months--;
    if (months < 0 && b->day > a->day)
        months++;
    return months;
}

struct feel_value feel_moment_from_us(int64_t us)
{
    struct feel_value value = {.kind = FEEL_DATE_TIME, .moment = {.zone_kind = FEEL_ZONE_OFFSET}};
    int64_t seconds = feel_floor_divide(us, 1000000);
    (void)feel_moment_at_local(&value, seconds, (uint32_t)(us - seconds * 1000000) * 1000, &value);
    return value;
}
