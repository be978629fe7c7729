#include "feel_zone.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "feel_calendar.h"

/* When the clocks change every year: `Mmonth.week.day/time` of a POSIX TZ string. */
struct change {
    int month;
    int week; /* 5: the last one */
    int day;  /* 0: Sunday */
    int64_t time_s;
};

struct feel_zone {
    struct feel_zone *next;
    struct feel_text name;
    const int64_t *at_s;     /* UTC seconds of each transition, rising */
    const int32_t *offset_s; /* from then on */
    size_t count;
    int32_t first_offset_s; /* before the first transition */
    bool has_rule;          /* the rest applies after the last transition */
    bool has_summer;
    int32_t standard_s;
    int32_t summer_s;
    struct change to_summer;
    struct change to_standard;
};

static bool name_is_safe(struct feel_text name)
{
    if (name.size == 0 || name.size > FEEL_ZONE_NAME_MAX || name.bytes[0] == '/')
        return false;
    for (size_t i = 0; i < name.size; i++) {
        char c = name.bytes[i];
        bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        bool other = (c >= '0' && c <= '9') || c == '/' || c == '_' || c == '-' || c == '+';
        if (!letter && !other)
            return false;
    }
    return true;
}

static int64_t big_endian(const unsigned char *bytes, size_t size)
{
    uint64_t value = bytes[0] & 0x80 ? UINT64_MAX : 0;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | bytes[i];
    return (int64_t)value;
}

static bool read_file(struct feel_text name, unsigned char *bytes, size_t *size)
{
    char path[sizeof FEEL_ZONE_DIRECTORY + FEEL_ZONE_NAME_MAX + 2] = FEEL_ZONE_DIRECTORY "/";
    memcpy(path + sizeof FEEL_ZONE_DIRECTORY, name.bytes, name.size);
    path[sizeof FEEL_ZONE_DIRECTORY + name.size] = '\0';
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    size_t at = 0;
    ssize_t got = 1;
    while (at < FEEL_ZONE_FILE_MAX && got > 0) {
        got = read(fd, bytes + at, FEEL_ZONE_FILE_MAX - at);
        if (got > 0)
            at += (size_t)got;
    }
    (void)close(fd);
    *size = at;
    return got >= 0 && at < FEEL_ZONE_FILE_MAX;
}

/* The counts of a TZif header, in file order. */
enum { ISUTC, ISSTD, LEAP, TRANSITIONS, TYPES, CHARS, COUNTS };

static bool read_header(const unsigned char *bytes, size_t size, size_t counts[COUNTS])
{
    if (size < 44 || memcmp(bytes, "TZif", 4) != 0)
        return false;
    for (size_t i = 0; i < COUNTS; i++) {
        int64_t count = big_endian(bytes + 20 + 4 * i, 4);
        if (count < 0 || count > FEEL_ZONE_FILE_MAX)
            return false;
        counts[i] = (size_t)count;
    }
    return counts[TYPES] > 0;
}

static size_t body_size(const size_t counts[COUNTS], size_t time_size)
{
    return counts[TRANSITIONS] * (time_size + 1) + counts[TYPES] * 6 + counts[CHARS] +
           counts[LEAP] * (time_size + 4) + counts[ISSTD] + counts[ISUTC];
}

static const char *skip_abbreviation(const char *at)
{
    if (*at == '<') {
        while (*at != '\0' && *at != '>')
            at++;
        return *at == '>' ? at + 1 : at;
    }
    while ((*at >= 'A' && *at <= 'Z') || (*at >= 'a' && *at <= 'z'))
        at++;
    return at;
}

static const char *read_small(const char *at, int *out)
{
    *out = 0;
    while (*at >= '0' && *at <= '9' && *out < 100000)
        *out = *out * 10 + (*at++ - '0');
    return at;
}

/* `[-+]hh[:mm[:ss]]` in seconds. */
static const char *read_clock(const char *at, int64_t *out)
{
    int64_t sign = 1;
    if (*at == '-' || *at == '+')
        sign = *at++ == '-' ? -1 : 1;
    int part;
    int64_t total = 0, unit = 3600;
    for (int i = 0; i < 3; i++, unit /= 60) {
        at = read_small(at, &part);
        total += part * unit;
        if (*at != ':')
            break;
        at++;
    }
    *out = sign * total;
    return at;
}

static const char *read_change(const char *at, struct change *change)
{
    if (at == NULL || at[0] != ',' || at[1] != 'M')
        return NULL;
    at = read_small(at + 2, &change->month);
    if (*at++ != '.')
        return NULL;
    at = read_small(at, &change->week);
    if (*at++ != '.')
        return NULL;
    at = read_small(at, &change->day);
    change->time_s = 7200;
    if (*at == '/')
        at = read_clock(at + 1, &change->time_s);
    bool fits = change->month >= 1 && change->month <= 12 && change->week >= 1 &&
                change->week <= 5 && change->day >= 0 && change->day <= 6;
    return fits ? at : NULL;
}

/* The footer, such as `CET-1CEST,M3.5.0,M10.5.0/3`. Rules by day of the year are not in use by
 * any zone and leave the last transition in force. */
static void read_rule(struct feel_zone *zone, const char *text)
{
    int64_t west;
    const char *at = skip_abbreviation(text);
    if (at == text)
        return;
    at = read_clock(at, &west);
    zone->standard_s = (int32_t)-west;
    zone->has_rule = true;
    if (*at == '\0')
        return;
    at = skip_abbreviation(at);
    zone->summer_s = zone->standard_s + 3600;
    if (*at != ',' && *at != '\0') {
        at = read_clock(at, &west);
        zone->summer_s = (int32_t)-west;
    }
    at = read_change(at, &zone->to_summer);
    at = read_change(at, &zone->to_standard);
    zone->has_summer = at != NULL;
    zone->has_rule = at != NULL;
}

static bool read_body(struct arena *arena, struct feel_zone *zone, const unsigned char *bytes,
                      const size_t counts[COUNTS])
{
    size_t n = counts[TRANSITIONS];
    const unsigned char *types = bytes + 8 * n, *infos = types + n;
    int64_t *at_s = arena_array(arena, n + 1, sizeof *at_s);
    int32_t *offset_s = arena_array(arena, n + 1, sizeof *offset_s);
    if (at_s == NULL || offset_s == NULL)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (types[i] >= counts[TYPES])
            return false;
        at_s[i] = big_endian(bytes + 8 * i, 8);
        offset_s[i] = (int32_t)big_endian(infos + 6 * types[i], 4);
    }
    zone->at_s = at_s;
    zone->offset_s = offset_s;
    zone->count = n;
    zone->first_offset_s = (int32_t)big_endian(infos, 4);
    return true;
}

static bool parse(struct arena *arena, struct feel_zone *zone, const unsigned char *bytes,
                  size_t size)
{
    size_t counts[COUNTS];
    if (!read_header(bytes, size, counts) || bytes[4] < '2')
        return false;
    size_t skip = 44 + body_size(counts, 4);
    if (skip >= size || !read_header(bytes + skip, size - skip, counts))
        return false;
    const unsigned char *body = bytes + skip + 44;
    size_t left = size - skip - 44;
    if (size - skip < 44 || body_size(counts, 8) > left || !read_body(arena, zone, body, counts))
        return false;
    char rule[128] = "";
    const unsigned char *footer = body + body_size(counts, 8);
    size_t rest = left - body_size(counts, 8);
    for (size_t i = 1; i < rest && i < sizeof rule && footer[i] != '\n'; i++)
        rule[i - 1] = (char)footer[i];
    read_rule(zone, rule);
    return true;
}

static const struct feel_zone *known(const struct feel_zones *zones, struct feel_text name)
{
    for (; zones != NULL; zones = zones->parent)
        for (const struct feel_zone *zone = zones->first; zone != NULL; zone = zone->next)
            if (feel_text_is(zone->name, name))
                return zone;
    return NULL;
}

const struct feel_zone *feel_zone_find(struct feel_zones *zones, struct feel_text name)
{
    const struct feel_zone *found = known(zones, name);
    if (found != NULL || !name_is_safe(name) || zones->count >= FEEL_ZONE_COUNT_MAX)
        return found;
    struct feel_zone *zone = arena_zalloc(zones->arena, sizeof *zone);
    char *copy = arena_strndup(zones->arena, name.bytes, name.size);
    unsigned char *bytes = arena_alloc(zones->arena, FEEL_ZONE_FILE_MAX);
    size_t size;
    zones->count++;
    if (zone == NULL || copy == NULL || bytes == NULL || !read_file(name, bytes, &size) ||
        !parse(zones->arena, zone, bytes, size))
        return NULL;
    zone->name = (struct feel_text){copy, name.size};
    zone->next = zones->first;
    zones->first = zone;
    return zone;
}

struct feel_text feel_zone_name(const struct feel_zone *zone)
{
    return zone->name;
}

/* Local seconds of the change in that year. */
static int64_t change_at(const struct change *change, int64_t year)
{
    int64_t first = feel_days_from_civil(year, (unsigned)change->month, 1);
    int64_t weekday = ((first + 4) % 7 + 7) % 7; /* 1970-01-01 was a Thursday */
    int64_t day = first + (change->day - weekday + 7) % 7 + 7 * (change->week - 1);
    int64_t length = feel_month_length(year, (unsigned)change->month);
    while (day >= first + length)
        day -= 7;
    return day * 86400 + change->time_s;
}

static int32_t rule_offset(const struct feel_zone *zone, int64_t utc_s)
{
    if (!zone->has_summer)
        return zone->standard_s;
    int64_t year;
    unsigned month, day;
    feel_civil_from_days(feel_floor_divide(utc_s + zone->standard_s, 86400), &year, &month, &day);
    int64_t start = change_at(&zone->to_summer, year) - zone->standard_s;
    int64_t end = change_at(&zone->to_standard, year) - zone->summer_s;
    bool summer = start < end ? utc_s >= start && utc_s < end : utc_s >= start || utc_s < end;
    return summer ? zone->summer_s : zone->standard_s;
}

int32_t feel_zone_offset_at(const struct feel_zone *zone, int64_t utc_s)
{
    if (zone->count == 0)
        return zone->has_rule ? rule_offset(zone, utc_s) : zone->first_offset_s;
    if (utc_s < zone->at_s[0])
        return zone->first_offset_s;
    if (zone->has_rule && utc_s >= zone->at_s[zone->count - 1])
        return rule_offset(zone, utc_s);
    size_t low = 0, high = zone->count; /* at_s[low] <= utc_s < at_s[high] */
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (zone->at_s[middle] <= utc_s)
            low = middle;
        else
            high = middle;
    }
    return zone->offset_s[low];
}

int32_t feel_zone_offset_local(const struct feel_zone *zone, int64_t local_s)
{
    int32_t before = feel_zone_offset_at(zone, local_s - 86400);
    int32_t at = feel_zone_offset_at(zone, local_s - before);
    if (at == before || feel_zone_offset_at(zone, local_s - at) != at)
        return before;
    return at;
}
