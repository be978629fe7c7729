#include "feel_temporal.h"

#include <stdio.h>
#include <string.h>

#include "feel_number.h"

__extension__ typedef __int128 wide; /* nanoseconds of any duration fit */

struct reader {
    const char *at;
    const char *end;
};

static bool next_is(struct reader *in, char c)
{
    if (in->at == in->end || *in->at != c)
        return false;
    in->at++;
    return true;
}

static bool is_digit(const struct reader *in)
{
    return in->at < in->end && *in->at >= '0' && *in->at <= '9';
}

/* Exactly `count` digits. */
static bool read_fixed(struct reader *in, int count, unsigned *out)
{
    *out = 0;
    for (int i = 0; i < count; i++) {
        if (!is_digit(in))
            return false;
        *out = *out * 10 + (unsigned)(*in->at++ - '0');
    }
    return true;
}

/* Four to nine digits; more than four without a leading zero; there is no year 0000. */
static bool read_year(struct reader *in, int32_t *year)
{
    bool negative = next_is(in, '-');
    const char *start = in->at;
    int64_t value = 0;
    while (is_digit(in) && in->at - start < 10)
        value = value * 10 + (*in->at++ - '0');
    ptrdiff_t digits = in->at - start;
    if (digits < 4 || digits > 9 || (digits > 4 && *start == '0') || value == 0)
        return false;
    *year = (int32_t)(negative ? -value : value);
    return true;
}

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

static bool read_date(struct reader *in, struct feel_value *out)
{
    int32_t year;
    unsigned month, day;
    return read_year(in, &year) && next_is(in, '-') && read_fixed(in, 2, &month) &&
           next_is(in, '-') && read_fixed(in, 2, &day) && feel_date_of(year, month, day, out);
}

bool feel_date_read(struct feel_text text, struct feel_value *out)
{
    struct reader in = {text.bytes, text.bytes + text.size};
    return read_date(&in, out) && in.at == in.end;
}

static bool read_fraction(struct reader *in, uint32_t *nanos)
{
    uint32_t value = 0, unit = 100000000;
    if (!next_is(in, '.'))
        return true;
    if (!is_digit(in))
        return false;
    for (; is_digit(in); in->at++, unit /= 10)
        value += (uint32_t)(*in->at - '0') * unit;
    *nanos = value;
    return true;
}

static bool read_offset(struct reader *in, int32_t *offset_s)
{
    bool negative = *in->at++ == '-';
    unsigned hour, minute, second = 0;
    if (!read_fixed(in, 2, &hour) || !next_is(in, ':') || !read_fixed(in, 2, &minute))
        return false;
    if (next_is(in, ':') && !read_fixed(in, 2, &second))
        return false;
    int32_t total = (int32_t)(hour * 3600 + minute * 60 + second);
    *offset_s = negative ? -total : total;
    return minute < 60 && second < 60 && total <= FEEL_OFFSET_MAX_S;
}

static bool read_zone(struct reader *in, struct feel_zones *zones, struct feel_moment *moment)
{
    if (in->at == in->end)
        return true;
    if (*in->at == '@') {
        struct feel_text name = {in->at + 1, (size_t)(in->end - in->at - 1)};
        in->at = in->end;
        moment->zone_kind = FEEL_ZONE_NAMED;
        moment->zone = feel_zone_find(zones, name);
        return moment->zone != NULL;
    }
    moment->zone_kind = FEEL_ZONE_OFFSET;
    if (next_is(in, 'Z') || next_is(in, 'z'))
        return true;
    return (*in->at == '+' || *in->at == '-') && read_offset(in, &moment->offset_s);
}

/* XML Schema writes the end of a day as 24:00:00 too: the midnight that follows. */
static bool read_clock(struct reader *in, struct feel_moment *moment, bool *next_day)
{
    unsigned hour, minute, second;
    if (!read_fixed(in, 2, &hour) || !next_is(in, ':') || !read_fixed(in, 2, &minute) ||
        !next_is(in, ':') || !read_fixed(in, 2, &second) || !read_fraction(in, &moment->nanos))
        return false;
    *next_day = hour == 24 && minute == 0 && second == 0 && moment->nanos == 0;
    if ((hour > 23 && !*next_day) || minute > 59 || second > 59)
        return false;
    moment->hour = (*next_day ? 0 : hour) & 31;
    moment->minute = minute & 63;
    moment->second = second & 63;
    return true;
}

bool feel_time_read(struct feel_text text, struct feel_zones *zones, struct feel_value *out)
{
    struct reader in = {text.bytes, text.bytes + text.size};
    struct feel_value value = {.kind = FEEL_TIME, .moment = {0}};
    bool next_day;
    if (!read_clock(&in, &value.moment, &next_day) || !read_zone(&in, zones, &value.moment) ||
        in.at != in.end)
        return false;
    *out = value;
    return true;
}

/* A value of the same kind and zone that shows those local seconds. */
static bool at_local(const struct feel_value *like, int64_t local_s, uint32_t nanos,
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

bool feel_date_time_read(struct feel_text text, struct feel_zones *zones, struct feel_value *out)
{
    struct reader in = {text.bytes, text.bytes + text.size};
    struct feel_value value;
    bool next_day;
    if (!read_date(&in, &value))
        return false;
    value.kind = FEEL_DATE_TIME;
    if (in.at == in.end) {
        *out = value;
        return true;
    }
    if (!next_is(&in, 'T') || !read_clock(&in, &value.moment, &next_day) ||
        !read_zone(&in, zones, &value.moment) || in.at != in.end)
        return false;
    if (next_day)
        return at_local(&value, feel_moment_local_s(&value) + FEEL_DAY_S, 0, out);
    *out = value;
    return true;
}

/* One `12D` of a duration; false when the next part is another. */
static bool read_part(struct reader *in, char unit, int64_t scale, int64_t *total, bool *any)
{
    struct reader saved = *in;
    int64_t value = 0;
    if (!is_digit(in))
        return true;
    for (; is_digit(in); in->at++)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, *in->at - '0', &value))
            return false;
    if (!next_is(in, unit)) {
        *in = saved;
        return true;
    }
    *any = true;
    return !__builtin_mul_overflow(value, scale, &value) &&
           !__builtin_add_overflow(*total, value, total);
}

static bool read_seconds(struct reader *in, int64_t *seconds, uint32_t *nanos, bool *any)
{
    struct reader saved = *in;
    int64_t value = 0;
    if (!is_digit(in))
        return true;
    for (; is_digit(in); in->at++)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, *in->at - '0', &value))
            return false;
    uint32_t unit = 100000000, fraction = 0;
    if (next_is(in, '.'))
        for (; is_digit(in); in->at++, unit /= 10)
            fraction += (uint32_t)(*in->at - '0') * unit;
    if (!next_is(in, 'S')) {
        *in = saved;
        return true;
    }
    *any = true;
    *nanos = fraction;
    return !__builtin_add_overflow(*seconds, value, seconds);
}

static bool read_days(struct reader *in, bool negative, struct feel_value *out)
{
    int64_t seconds = 0;
    uint32_t nanos = 0;
    bool any = false, any_time = false;
    if (!read_part(in, 'D', FEEL_DAY_S, &seconds, &any))
        return false;
    if (next_is(in, 'T')) {
        if (!read_part(in, 'H', 3600, &seconds, &any_time) ||
            !read_part(in, 'M', 60, &seconds, &any_time) ||
            !read_seconds(in, &seconds, &nanos, &any_time) || !any_time)
            return false;
        any = true;
    }
    if (!any || in->at != in->end)
        return false;
    return negative ? feel_days_of(-seconds, -(int64_t)nanos, out)
                    : feel_days_of(seconds, nanos, out);
}

bool feel_duration_read(struct feel_text text, struct feel_value *out)
{
    struct reader in = {text.bytes, text.bytes + text.size};
    bool negative = next_is(&in, '-');
    int64_t months = 0;
    bool any = false;
    if (!next_is(&in, 'P') || !read_part(&in, 'Y', 12, &months, &any) ||
        !read_part(&in, 'M', 1, &months, &any))
        return false;
    if (!any)
        return read_days(&in, negative, out);
    *out = (struct feel_value){.kind = FEEL_MONTHS, .months = negative ? -months : months};
    return in.at == in.end;
}

bool feel_temporal_read(struct feel_text text, struct feel_zones *zones, struct feel_value *out)
{
    return feel_date_read(text, out) || feel_date_time_read(text, zones, out) ||
           feel_time_read(text, zones, out) || feel_duration_read(text, out);
}

/* Appends what fits; every caller has FEEL_TEMPORAL_TEXT_MAX bytes. */
struct writer {
    char *out;
    size_t room;
    size_t size;
};

__attribute__((format(printf, 2, 3))) static void put(struct writer *w, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int size = vsnprintf(w->out + w->size, w->room - w->size, format, args);
    va_end(args);
    if (size > 0)
        w->size += (size_t)size < w->room - w->size ? (size_t)size : w->room - w->size - 1;
}

static void put_fraction(struct writer *w, uint32_t nanos)
{
    char digits[16];
    if (nanos == 0)
        return;
    (void)snprintf(digits, sizeof digits, ".%09u", nanos);
    size_t size = strlen(digits);
    while (digits[size - 1] == '0')
        digits[--size] = '\0';
    put(w, "%s", digits);
}

static void put_date(struct writer *w, const struct feel_moment *moment)
{
    int32_t year = moment->year;
    put(w, "%s%04d-%02u-%02u", year < 0 ? "-" : "", year < 0 ? -year : year, moment->month,
        moment->day);
}

static void put_zone(struct writer *w, const struct feel_moment *moment)
{
    if (moment->zone_kind == FEEL_ZONE_NAMED) {
        struct feel_text name = feel_zone_name(moment->zone);
        put(w, "@%.*s", (int)name.size, name.bytes);
    } else if (moment->zone_kind == FEEL_ZONE_OFFSET) {
        int32_t offset = moment->offset_s < 0 ? -moment->offset_s : moment->offset_s;
        if (offset == 0) {
            put(w, "Z");
            return;
        }
        put(w, "%c%02d:%02d", moment->offset_s < 0 ? '-' : '+', offset / 3600, offset / 60 % 60);
        if (offset % 60 != 0)
            put(w, ":%02d", offset % 60);
    }
}

static void put_time(struct writer *w, const struct feel_moment *moment)
{
    put(w, "%02u:%02u:%02u", moment->hour, moment->minute, moment->second);
    put_fraction(w, moment->nanos);
    put_zone(w, moment);
}

static void put_months(struct writer *w, int64_t months)
{
    uint64_t left = months < 0 ? (uint64_t)0 - (uint64_t)months : (uint64_t)months;
    put(w, "%sP", months < 0 ? "-" : "");
    if (left / 12 > 0)
        put(w, "%lluY", (unsigned long long)(left / 12));
    if (left % 12 > 0 || left == 0)
        put(w, "%lluM", (unsigned long long)(left % 12));
}

static void put_days(struct writer *w, struct feel_days days)
{
    bool negative = days.seconds < 0;
    uint64_t seconds = (uint64_t)days.seconds;
    uint32_t nanos = (uint32_t)days.nanos;
    if (negative) {
        seconds = (uint64_t)0 - seconds;
        if (nanos > 0) {
            seconds--;
            nanos = FEEL_SECOND_NS - nanos;
        }
    }
    put(w, "%sP", negative ? "-" : "");
    if (seconds / FEEL_DAY_S > 0)
        put(w, "%lluD", (unsigned long long)(seconds / FEEL_DAY_S));
    uint64_t rest = seconds % FEEL_DAY_S;
    if (rest == 0 && nanos == 0 && seconds > 0)
        return;
    put(w, "T");
    if (rest / 3600 > 0)
        put(w, "%lluH", (unsigned long long)(rest / 3600));
    if (rest / 60 % 60 > 0)
        put(w, "%lluM", (unsigned long long)(rest / 60 % 60));
    if (rest % 60 > 0 || nanos > 0 || rest == 0) {
        put(w, "%llu", (unsigned long long)(rest % 60));
        put_fraction(w, nanos);
        put(w, "S");
    }
}

size_t feel_temporal_write(const struct feel_value *value, char *out, size_t room)
{
    struct writer w = {out, room, 0};
    out[0] = '\0';
    if (value->kind == FEEL_DATE || value->kind == FEEL_DATE_TIME)
        put_date(&w, &value->moment);
    if (value->kind == FEEL_DATE_TIME)
        put(&w, "T");
    if (value->kind == FEEL_TIME || value->kind == FEEL_DATE_TIME)
        put_time(&w, &value->moment);
    if (value->kind == FEEL_MONTHS)
        put_months(&w, value->months);
    if (value->kind == FEEL_DAYS)
        put_days(&w, value->days);
    return w.size;
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

bool feel_moment_offset(const struct feel_value *value, int32_t *offset_s)
{
    const struct feel_moment *moment = &value->moment;
    if (moment->zone_kind == FEEL_ZONE_OFFSET) {
        *offset_s = moment->offset_s;
        return true;
    }
    if (moment->zone_kind == FEEL_ZONE_LOCAL || value->kind != FEEL_DATE_TIME)
        return false;
    *offset_s = feel_zone_offset_local(moment->zone, feel_moment_local_s(value));
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
    if (a.kind != b.kind || local_a != local_b)
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
        bool fits = at_local(moment, seconds, 0, out);
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
    return at_local(moment, local_s, nanos, out);
}

bool feel_moment_add_months(const struct feel_value *moment, int64_t months,
                            struct feel_value *out)
{
    int64_t count;
    if (moment->kind == FEEL_TIME ||
        __builtin_add_overflow((int64_t)moment->moment.year * 12 + moment->moment.month - 1,
                               months, &count))
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
    (void)at_local(&value, seconds, (uint32_t)(us - seconds * 1000000) * 1000, &value);
    return value;
}
