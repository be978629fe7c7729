/* The lexical forms: XML Schema's, plus `@Zone/Name`. */

#include "feel_temporal.h"

#include <stdio.h>
#include <string.h>

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
        return feel_moment_at_local(&value, feel_moment_local_s(&value) + FEEL_DAY_S, 0, out);
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
