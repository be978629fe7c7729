#include "faults.h"

#include <stdlib.h>
#include <string.h>

enum { SPEC_MAX = 1024, TIME_MAX_MS = 86400000 };

static const char *const fault_names[] = {
#define X(name, text, help) text,
    FAULT_ROWS(X)
#undef X
};

static const char *const time_names[] = {
#define X(name, text, value, help) text,
    FAULT_TIME_ROWS(X)
#undef X
};

static const int64_t time_defaults[] = {
#define X(name, text, value, help) value,
    FAULT_TIME_ROWS(X)
#undef X
};

const char *fault_name(enum fault fault)
{
    return fault_names[fault];
}

/* "0.05" is 50000 parts per million; -1 if it is no rate. */
static int64_t parse_rate(const char *text)
{
    char *end;
    if (*text < '0' || *text > '9')
        return -1;
    long whole = strtol(text, &end, 10);
    int64_t parts = whole > 1 ? -1 : (int64_t)whole * FAULT_ALWAYS;
    if (parts >= 0 && *end == '.') {
        int64_t weight = FAULT_ALWAYS / 10;
        for (end++; *end >= '0' && *end <= '9' && weight > 0; end++, weight /= 10)
            parts += (*end - '0') * weight;
    }
    return *end == '\0' && parts <= FAULT_ALWAYS ? parts : -1;
}

static int64_t parse_time(const char *text)
{
    char *end;
    if (*text < '0' || *text > '9')
        return -1;
    long long value = strtoll(text, &end, 10);
    return *end == '\0' && value <= TIME_MAX_MS ? value : -1;
}

static enum status set(struct faults *faults, const char *name, const char *value,
                       struct error *error)
{
    for (int i = 0; i < FAULTS; i++) {
        if (strcmp(name, fault_names[i]) != 0)
            continue;
        int64_t rate = parse_rate(value);
        if (rate < 0)
            return error_set(error, STATUS_INVALID, "fault %s=%s: a rate from 0 to 1", name, value);
        faults->rate[i] = (uint32_t)rate;
        return STATUS_OK;
    }
    for (int i = 0; i < FAULT_TIMES; i++) {
        if (strcmp(name, time_names[i]) != 0)
            continue;
        int64_t time_ms = parse_time(value);
        if (time_ms < 0)
            return error_set(error, STATUS_INVALID, "fault %s=%s: milliseconds, at most %d", name,
                             value, TIME_MAX_MS);
        faults->time_ms[i] = time_ms;
        return STATUS_OK;
    }
    return error_set(error, STATUS_INVALID, "unknown fault %s: --help lists them", name);
}

enum status faults_parse(struct faults *faults, const char *spec, uint64_t seed,
                         struct error *error)
{
    struct faults parsed = {.seed = seed};
    char text[SPEC_MAX];
    memcpy(parsed.time_ms, time_defaults, sizeof parsed.time_ms);
    if (strlen(spec) >= sizeof text)
        return error_set(error, STATUS_INVALID, "the list of faults is too long");
    strcpy(text, spec);
    char *rest = text;
    for (char *name = strsep(&rest, ","); name != NULL; name = strsep(&rest, ",")) {
        if (*name == '\0')
            continue;
        char *value = strchr(name, '=');
        if (value == NULL)
            return error_set(error, STATUS_INVALID, "fault %s: give a value, as in %s=0.01", name,
                             name);
        *value++ = '\0';
        enum status status = set(&parsed, name, value, error);
        if (status != STATUS_OK)
            return status;
    }
    *faults = parsed;
    return STATUS_OK;
}

/* SplitMix64 (Steele, Lea, Flood 2014) over seed, fault and how often it was asked for. */
static uint64_t draw(const struct faults *faults, enum fault fault)
{
    uint64_t x = faults->seed + ((uint64_t)fault << 56) +
                 faults->asked[fault] * UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

bool faults_strike(struct faults *faults, enum fault fault)
{
    if (faults->rate[fault] == 0)
        return false;
    faults->asked[fault]++;
    if (draw(faults, fault) % FAULT_ALWAYS >= faults->rate[fault])
        return false;
    faults->hit[fault]++;
    return true;
}

uint64_t faults_number(struct faults *faults, enum fault fault, uint64_t below)
{
    return (draw(faults, fault) >> 20) % below;
}
