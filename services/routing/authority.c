#include "authority.h"

#include "money.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct rule_words {
    const char *id;
    const char *says;
};

static const struct rule_words rules[] = {
#define X(name, rule_id, words) [AUTHORITY_RULE_##name] = {.id = rule_id, .says = words},
    AUTHORITY_RULE_ROWS(X)
#undef X
};

enum { RULE_COUNT = sizeof rules / sizeof *rules };

const char *authority_rule_id(enum authority_rule rule)
{
    assert((size_t)rule < RULE_COUNT);
    return rules[rule].id;
}

/* Digits up to `end`, which is stepped over; false if there is anything else or it does not fit. */
static bool read_minor(const char **text, char end, int64_t *minor)
{
    int64_t value = 0;
    const char *digit = *text;
    for (; *digit >= '0' && *digit <= '9'; digit++)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, *digit - '0', &value))
            return false;
    if (digit == *text || *digit != end)
        return false;
    *text = digit + (end == '\0' ? 0 : 1);
    *minor = value;
    return true;
}

/* One "GBP=25000/250000/1000000". */
static bool read_limit(const char *entry, struct authority_limit *limit)
{
    if (strlen(entry) < 5 || entry[3] != '=')
        return false;
    memcpy(limit->currency, entry, 3);
    limit->currency[3] = '\0';
    const char *rest = entry + 4;
    return currency_exponent(limit->currency) >= 0 && read_minor(&rest, '/', &limit->automatic) &&
           read_minor(&rest, '/', &limit->level_1) && read_minor(&rest, '\0', &limit->level_2) &&
           limit->automatic <= limit->level_1 && limit->level_1 <= limit->level_2;
}

static const struct authority_limit *limit_find(const struct authority *authority,
                                                const char *currency)
{
    for (size_t i = 0; i < authority->limit_count; i++)
        if (strcmp(authority->limits[i].currency, currency) == 0)
            return &authority->limits[i];
    return NULL;
}

static enum status add_limit(struct authority *authority, const char *entry, struct error *error)
{
    if (authority->limit_count == AUTHORITY_CURRENCIES_MAX)
        return error_set(error, STATUS_INVALID, "authority limits: at most %d currencies",
                         AUTHORITY_CURRENCIES_MAX);
    struct authority_limit limit;
    if (!read_limit(entry, &limit))
        return error_set(
            error, STATUS_INVALID,
            "authority limit '%s': a currency, =, and three ascending amounts in minor "
            "units with / between, such as GBP=25000/250000/1000000",
            entry);
    if (limit_find(authority, limit.currency) != NULL)
        return error_set(error, STATUS_INVALID, "authority limits: %s stands twice",
                         limit.currency);
    authority->limits[authority->limit_count++] = limit;
    return STATUS_OK;
}

static int limit_order(const void *left, const void *right)
{
    const struct authority_limit *a = left;
    const struct authority_limit *b = right;
    return strcmp(a->currency, b->currency);
}

/* The rules and limits in words, so that the same limits have the same hash in any order. */
static const char *authority_text(const struct authority *authority, struct arena *arena)
{
    const char *text =
        arena_printf(arena, "%s %" PRId64 "\n", authority->model_id, authority->model_version);
    for (size_t i = 0; i < RULE_COUNT && text != NULL; i++)
        text = arena_printf(arena, "%s%s %s\n", text, rules[i].id, rules[i].says);
    for (size_t i = 0; i < authority->limit_count && text != NULL; i++)
        text = arena_printf(arena, "%s%s %" PRId64 " %" PRId64 " %" PRId64 "\n", text,
                            authority->limits[i].currency, authority->limits[i].automatic,
                            authority->limits[i].level_1, authority->limits[i].level_2);
    return text;
}

static enum status read_entries(char *entries, struct authority *authority, struct error *error)
{
    char *rest = entries;
    for (char *entry = strsep(&rest, ","); entry != NULL; entry = strsep(&rest, ",")) {
        enum status status = add_limit(authority, entry, error);
        if (status != STATUS_OK)
            return status;
    }
    qsort(authority->limits, authority->limit_count, sizeof *authority->limits, limit_order);
    return STATUS_OK;
}

enum status authority_read(const char *text, struct authority *authority, struct error *error)
{
    *authority = (struct authority){.model_id = "built-in", .model_version = 1};
    struct arena *arena = arena_create(4 * ARENA_FIRST_BLOCK);
    char *entries = arena == NULL ? NULL : arena_strdup(arena, text);
    if (entries == NULL) {
        arena_destroy(arena);
        return error_set(error, STATUS_EXHAUSTED, "no memory for the authority limits");
    }
    enum status status = read_entries(entries, authority, error);
    const char *words = status == STATUS_OK ? authority_text(authority, arena) : NULL;
    if (words != NULL)
        identity_sha256(words, strlen(words), authority->model_sha256);
    else if (status == STATUS_OK)
        status = error_set(error, STATUS_EXHAUSTED, "no memory for the authority limits");
    arena_destroy(arena);
    return status;
}

struct authority_route authority_route(const struct authority *authority, int64_t minor,
                                       const char *currency, bool exception)
{
    const struct authority_limit *limit = limit_find(authority, currency);
    if (limit == NULL)
        return (struct authority_route){AUTHORITY_LEVEL_2, AUTHORITY_RULE_NO_LIMITS, NULL};
    if (minor <= limit->automatic && !exception)
        return (struct authority_route){AUTHORITY_AUTO, AUTHORITY_RULE_AUTOMATIC, limit};
    if (minor <= limit->level_1)
        return (struct authority_route){AUTHORITY_LEVEL_1, AUTHORITY_RULE_LEVEL_1, limit};
    if (minor <= limit->level_2)
        return (struct authority_route){AUTHORITY_LEVEL_2, AUTHORITY_RULE_LEVEL_2, limit};
    return (struct authority_route){AUTHORITY_LEVEL_2_TWO_APPROVERS, AUTHORITY_RULE_TWO_APPROVERS,
                                    limit};
}

enum authority_level authority_of_case(int32_t level, int32_t approvers)
{
    if (level >= AUTHORITY_CASE_LEVEL_MAX)
        return AUTHORITY_FINANCE_CONTROLLER;
    if (level == 2)
        return approvers >= 2 ? AUTHORITY_LEVEL_2_TWO_APPROVERS : AUTHORITY_LEVEL_2;
    return level == 1 ? AUTHORITY_LEVEL_1 : AUTHORITY_AUTO;
}

void authority_case(enum authority_level authority, int32_t *level, int32_t *approvers)
{
    static const struct {
        int32_t level, approvers;
    } cases[] = {
#define X(name, number, case_level, case_approvers) \
    [AUTHORITY_##name] = {case_level, case_approvers},
        AUTHORITY_ROWS(X)
#undef X
    };
    *level = cases[authority].level;
    *approvers = cases[authority].approvers;
}
